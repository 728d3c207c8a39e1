"""Who is who and when: `who`, and `directory moves|absence|deputies`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from domain.messages import Text
from shell.acting import parse_day
from shell.app import CommandId, Json, app
from shell.directories import directory_app
from shell.errors import ShellError
from shell.output import OUT, day
from shell.session import Session, operator

COLUMNS = ("person", "post", "leaves", "until", "capacity")
_CAPACITIES = {"": "", "concurrent": "兼務 / concurrent", "acting": "事務取扱 / acting"}
Since = Annotated[str, typer.Option("--since", help="いつから(日付) / from when")]
Until = Annotated[str | None, typer.Option("--until", help="いつまで(日付) / until when")]


@app.command()
def who(
    post: Annotated[
        str | None, typer.Argument(metavar="POST", help="職か役割のID / id of a post, or a role (deputy_mayor)")
    ] = None,
    person: Annotated[str | None, typer.Option("--person", help="職員の経歴 / the posts of a person")] = None,
    on: Annotated[str | None, typer.Option("--on", help="いつの時点か(省けば今日) / as of which day")] = None,
    json_: Json = False,
) -> None:
    """その日にその職にあった者 / who held a post on a day. What is loaded ahead is not told before its day."""
    from domain.calendar import local_day

    session = Session()
    today = local_day(session.store.clock.now())
    moment = parse_day("--on", on) if on else today
    if moment > today:
        raise ShellError(
            f"--on: {moment}: 先の人事は発令日まで示しません / what is loaded ahead is confidential until its day",
            "→ 今日までの日付にしてください / name a day up to today",
        )
    if (post is None) == (person is None):
        raise ShellError(
            "POST: 職か --person のどちらかを指定してください / name a post, or a person with --person",
            "→ `./taskforce who deputy_mayor --on 2025-10-01`",
        )
    begins = session.store.facts().directory.begins
    if post is not None and begins is not None and moment < begins <= today:
        raise ShellError(
            f"--on: {moment}: 職員名簿は {begins} から始まり、それより前は分かりません / the directory begins on {begins}, "
            "and nothing is known of the days before it",
            f"→ {begins} 以後の日付にしてください / name a day from {begins} on",
        )
    rows = (
        _career(session, session.person(person, "--person"), today) if person else _holders(session, post or "", moment)
    )
    if not rows:
        OUT.emit(rows, lambda: OUT.say("その日に就いている職員はいません / nobody held it that day"))
        return
    OUT.emit(
        rows,
        lambda: OUT.table(
            "",
            ("職 / post", "職員 / person", "いつから / since", "いつまで / until"),
            (
                (
                    f"{r['title']} ({r['post']}) {_CAPACITIES[r['capacity']]}".strip(),
                    f"{r['person']} {r['name']}",
                    day(r["since"]),
                    day(r["until"]) or "-",
                )
                for r in rows
            ),
        ),
    )


def _holders(session: Session, given: str, on: date) -> list[dict[str, Any]]:
    directory = session.store.facts().directory.seen_on(on)
    posts = [p for p in directory.posts if given in (p.id, p.role)]
    if not posts:
        raise ShellError(
            f"POST: {given}: その職・役割はありません / no such post or role",
            "→ `./taskforce people` で確かめてください / see it",
        )
    among = {p.id for p in posts}
    found = [t for t in directory.tenures if t.post in among and t.covers(on)]
    return [_row(session, t, on) for t in found]


def _career(session: Session, person: str, today: date) -> list[dict[str, Any]]:
    tenures = [t for t in session.store.facts().directory.tenures if t.person == person and t.since <= today]
    return [_row(session, t, today) for t in sorted(tenures, key=lambda t: t.since)]


def _row(session: Session, tenure: Any, today: date) -> dict[str, Any]:
    from store import queries

    post = session.store.facts().directory.post(tenure.post)
    name = queries.all_people(session.store).get(tenure.person, {}).get("name", "")
    until = tenure.until if tenure.until is not None and tenure.until <= today else None
    return {
        "post": tenure.post,
        "title": post.title.ja if post else tenure.post,
        "person": tenure.person,
        "name": name,
        "capacity": tenure.capacity,
        "since": tenure.since,
        "until": until,
    }


@directory_app.command("moves")
def moves(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV: person,post,leaves,until,capacity")],
    on: Annotated[str, typer.Option("--on", help="発令日 / the day on which they take effect")],
    beside: Annotated[bool, typer.Option("--beside", help="今の者も残る(兼務・増員) / present holders stay")] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="発令前に取り消す(同じファイル) / take them back before their day")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="記録せず示す / show what would change")] = False,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """人事異動を取り込む(先の発令日でもよい) / load personnel moves, ahead of their day too"""
    from domain.calendar import local_day
    from domain.directory_changes import RecordMoves, decide
    from domain.directory_stream import STREAM

    if cancel and dry_run:
        raise ShellError(
            "--cancel: --dry-run とは併用できません / not with --dry-run", "→ どちらかにしてください / choose one"
        )
    session = Session(writing=not dry_run)
    if cancel:
        _cancel_moves(session, file, parse_day("--on", on), command_id)
        return
    command = RecordMoves.model_validate(
        {
            "command_id": command_id or f"moves:{uuid4()}",
            "stream": STREAM,
            "on": parse_day("--on", on),
            "moves": _moves(file),
            "beside": beside,
        }
    )
    if not dry_run:
        session.store.record(command, _registrar())
    directory = session.store.facts().directory
    (event,) = decide(directory, command) if dry_run else (None,)
    named = {(m.person, post) for m in command.moves for post in m.leaves}
    told = command.on <= local_day(session.store.clock.now())  # who holds a post on a day to come is confidential
    document = {
        "on": command.on,
        "taken": [{"person": m.person, "post": m.post} for m in command.moves],
        "left": [
            {"person": person, "post": post}
            for person, post in getattr(event, "left", ())
            if told or (person, post) in named
        ],
        "recorded": not dry_run,
    }
    OUT.emit(document, lambda: _print_moves(document))


def _cancel_moves(session: Session, file: Path, on: date, command_id: str | None) -> None:
    from domain.directory_loaded import CancelMoves
    from domain.directory_stream import STREAM

    pairs = tuple((str(row["person"]), str(row["post"])) for row in _moves(file))
    command = CancelMoves(command_id=command_id or f"cancel-moves:{uuid4()}", stream=STREAM, on=on, moves=pairs)
    _recorded(session, command, f"取消 / cancelled: {file.name} {day(on)}")


def _print_moves(document: dict[str, Any]) -> None:
    word = "取り込みました / loaded" if document["recorded"] else "こうなります / it would be"
    OUT.say(f"{word}: {day(document['on'])}")
    for m in document["left"]:
        OUT.say(f"  {m['person']} は {m['post']} を離れます / leaves")
    for m in document["taken"]:
        OUT.say(f"  {m['person']} → {m['post']}")


def _moves(file: Path) -> list[dict[str, Any]]:
    """The rows of a file; every mistake by line, field and value."""
    from definitions.faults import DocumentError, Fault, fault, placed
    from domain.days import day as day_of
    from imports.spreadsheets import read_csv

    rows, problems = [], list[Fault]()
    for line in read_csv(file, COLUMNS):
        place = f"line {line.number}"
        problems += placed(place, line.problems)
        row = dict(line.content)
        for column in ("person", "post"):
            if not row.get(column):
                problems.append(fault("空です。書いてください", "empty; fill it in", place=place, field=column))
        if "until" in row and (until := day_of(row["until"])) is None:
            ja, en = "日付ではありません。2027-03-31 のように書いてください", "not a date; write 2027-03-31"
            problems.append(fault(ja, en, place=place, field="until", value=row["until"]))
        elif "until" in row:
            row["until"] = until
        if (capacity := row.get("capacity", "")) not in _CAPACITIES:
            ja = "concurrent(兼務)か acting(事務取扱)と書いてください"
            problems.append(fault(ja, "write concurrent or acting", place=place, field="capacity", value=capacity))
        row["leaves"] = [p.strip() for p in str(row.get("leaves", "")).split(";") if p.strip()]
        rows.append(row)
    if not rows and not problems:
        problems.append(fault("行がありません。異動を1行ずつ書いてください", "no rows; write one move a line"))
    if problems:
        raise DocumentError(file, problems)
    return rows


@directory_app.command("reorganise")
def reorganise(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML: unit, to, units, new_posts, posts")],
    on: Annotated[str, typer.Option("--on", help="施行日 / the day on which it takes effect")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="記録せず示す / show what would change")] = False,
    json_: Json = False,
) -> None:
    """機構改革(課の統合・分割・改称)を取り込む / load a reorganisation, ahead of its day too"""
    from definitions.faults import DocumentError, fault
    from definitions.loader import read_document, validated
    from domain.directory_changes import ReorganiseUnit
    from domain.directory_stream import STREAM

    session = Session(writing=not dry_run)
    content = read_document(file)
    if not isinstance(content, dict):
        raise DocumentError(
            file, [fault("unit と to が要ります", "expected unit and to, and where new: units, new_posts, posts")]
        )
    fields = {**content, "command_id": f"reorganise:{uuid4()}", "stream": STREAM, "on": parse_day("--on", on)}
    command = validated(file, ReorganiseUnit, fields)
    from store.reorganising import effects, left_without_post

    if dry_run:
        lines = effects(session.store, command)
        document = {"effects": [line.model_dump() for line in lines], "recorded": False}
        OUT.emit(document, lambda: OUT.say(*(f"- {line.ja} / {line.en}" for line in lines)))
        return
    left = left_without_post(session.store, command)
    _recorded(session, command, f"{command.unit} → {command.to} {day(command.on)}", left)


@directory_app.command("absence")
def absence(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="職員ID / person id")],
    since: Since,
    until: Until = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="取り消す / take it back")] = False,
    json_: Json = False,
) -> None:
    """不在を記録する(代決の順位の者が決められる) / record an absence: the next in order may decide"""
    from domain.directory_changes import RecordAbsence
    from domain.directory_stream import STREAM

    session = Session(writing=True)
    first = parse_day("--since", since)
    command = RecordAbsence(
        command_id=f"absence:{uuid4()}",
        stream=STREAM,
        person=session.person(person, "PERSON"),
        since=first,
        until=parse_day("--until", until) if until else first,
        cancelled=cancel,
    )
    _recorded(session, command, f"{command.person} {day(command.since)} – {day(command.until)}")


@directory_app.command("deputies")
def deputies(
    post: Annotated[str, typer.Argument(metavar="POST", help="職のID / post id")],
    order: Annotated[list[str], typer.Argument(metavar="DEPUTY…", help="代決する職を順に / posts in their order")],
    since: Since,
    until: Until = None,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="段階に限る(何度でも) / only for these stages")
    ] = None,
    json_: Json = False,
) -> None:
    """代決の順位を定める / name the posts that stand for a post while it is absent, in their order"""
    from domain.directory_changes import NameDeputies
    from domain.directory_stream import STREAM

    session = Session(writing=True)
    command = NameDeputies(
        command_id=f"deputies:{uuid4()}",
        stream=STREAM,
        post=post,
        deputies=tuple(order),
        since=parse_day("--since", since),
        until=parse_day("--until", until) if until else None,
        scope=tuple(scope or ()),
    )
    _recorded(session, command, f"{post} ← {', '.join(order)}")


def _recorded(session: Session, command: Any, what: str, warnings: Sequence[Text] = ()) -> None:
    outcome = session.store.record(command, _registrar())
    lines = (f"- {w.ja} / {w.en}" for w in warnings)
    OUT.emit({"version": outcome.version}, lambda: OUT.say(f"記録しました / recorded: {what}", *lines))


def _registrar() -> Any:
    from domain.messages import Actor, Via

    return Actor(via=Via.SHELL, authenticated_by=f"shell:{operator()}")
