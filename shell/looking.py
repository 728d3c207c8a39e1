"""`list`, `show`, `events`, `inbox`: seeing where everything stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import typer

from shell.app import As, Id, Json, app
from shell.errors import ShellError
from shell.offices import offices
from shell.output import OUT, minute, short, short_day
from shell.session import Session
from shell.telling import KINDS

if TYPE_CHECKING:
    from store.waiting import FromBody

_PAGE = 50
"""Rows shown to people at once; a document (`--json`) holds all, unless told otherwise."""
Limit = Annotated[
    int | None,
    typer.Option("--limit", help=f"何件まで(画面では {_PAGE}) / at most so many; {_PAGE} on screen", min=1),
]
Offset = Annotated[int, typer.Option("--offset", help="先頭の何件を飛ばすか / leave out the first so many", min=0)]
VIEWPOINTS = ("citizen_services", "community", "administrative_work")


def holders(session: Session, post: str) -> list[dict[str, Any]]:
    """Who holds a post today, with names."""
    return offices(session).holders(post)


def awaited(session: Session, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry a request and holder; a vacant post has no person."""
    found = []
    posts = offices(session)
    for r in requests:
        title, title_en = posts.title(r["post"])
        for who in posts.holders(r["post"]) or [{"person": None, "name": ""}]:
            found.append(
                {
                    "request": r["request"],
                    "kind": r["kind"],
                    "stage": r["stage"],
                    "role": r["post"],
                    "title": title,
                    "title_en": title_en,
                    "person": who["person"],
                    "name": who["name"],
                    "opened_at": r["opened_at"],
                    "due_at": r["due_at"],
                    "overdue": bool(r["overdue"]),
                }
            )
    return found


def _choice(option: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value is not None and value not in choices:
        raise ShellError(
            f"{option}: {value}: 使えない値です / unknown value", f"→ 次のいずれか / one of: {', '.join(choices)}"
        )


@app.command("list")
def list_(
    stage: Annotated[str | None, typer.Option("--stage", help="段階 / stage key")] = None,
    bureau: Annotated[str | None, typer.Option("--bureau", help="局の組織ID / unit id of the bureau")] = None,
    viewpoint: Annotated[str | None, typer.Option("--viewpoint", help="|".join(VIEWPOINTS))] = None,
    health: Annotated[str | None, typer.Option("--health", help="green|amber|red")] = None,
    awaiting: Annotated[
        str | None, typer.Option("--awaiting", help="この職・職員を待つもの / waiting for this post or person")
    ] = None,
    only_open: Annotated[bool, typer.Option("--open", help="開いているものだけ / open ones only")] = False,
    only_closed: Annotated[bool, typer.Option("--closed", help="終結したものだけ / closed ones only")] = False,
    limit: Limit = None,
    offset: Offset = 0,
    json_: Json = False,
) -> None:
    """ライフサイクルの一覧 / all lifecycles"""
    from store import queries

    _choice("--health", health, ("green", "amber", "red"))
    _choice("--viewpoint", viewpoint, VIEWPOINTS)
    session = Session()
    store = session.store
    if stage is not None:
        documents = [d["document"] for d in queries.published_definitions(store)]
        known = {s["key"] for d in documents for s in (*d["stages"], d.get("wind_down")) if s}
        _choice("--stage", stage, tuple(sorted(known)) or (stage,))
    if bureau is not None and store.facts().directory.unit(bureau) is None:
        units = [u.id for u in store.facts().directory.units if u.kind == "bureau"]
        raise ShellError(
            f"--bureau: {bureau}: 組織表にありません / no such unit", f"→ 局 / bureaus: {', '.join(units)}"
        )
    closed = True if only_closed else False if only_open else None
    posts = _posts_meant(session, awaiting)
    limit = _page(limit)
    chosen = Chosen(stage=stage, bureau=bureau, viewpoint=viewpoint, health=health, awaiting=posts, closed=closed)
    rows = queries.find_lifecycles(store, **chosen, limit=limit, offset=offset)
    by_stream: dict[str, list[dict[str, Any]]] = {}
    for r in queries.live_requests(store, [r["stream"] for r in rows]):
        by_stream.setdefault(r["stream"], []).append(r)
    found = [listed(session, row, by_stream.get(row["stream"], [])) for row in rows]
    total = offset + len(found)
    if limit is not None and (len(found) == limit or not found):
        total = queries.count_lifecycles(store, **chosen)
    OUT.emit(found, lambda: _print_list(found))
    _say_how_many(offset, len(found), total, "件 / lifecycles")


class Chosen(TypedDict):
    """The filters of `list`, as `find_lifecycles` takes them."""

    stage: str | None
    bureau: str | None
    viewpoint: str | None
    health: str | None
    awaiting: set[str] | None
    closed: bool | None


def _page(limit: int | None) -> int | None:
    return limit if limit is not None or OUT.json else _PAGE


def _say_how_many(offset: int, shown: int, total: int, what: str) -> None:
    """The total, and how to see more; in a document's company a remark, when it is not the whole."""
    if shown == total:
        OUT.say(f"{total:,} {what}")
        return
    part = f"{offset + 1:,}–{offset + shown:,}" if shown else "0"
    more = f" — 続き / more: --offset {offset + shown}" if shown and offset + shown < total else ""
    told = f"{part} / {total:,} {what}{more}"
    if OUT.json:
        OUT.note(told)
    else:
        OUT.say(told)


def _posts_meant(session: Session, awaiting: str | None) -> set[str] | None:
    """`--awaiting` takes a post id, a role, or a person (as `--as` does)."""
    if awaiting is None:
        return None
    from domain.calendar import local_day

    directory = session.store.facts().directory
    if directory.post(awaiting) is not None:
        return {awaiting}
    by_role = {p.id for p in directory.posts if p.role == awaiting}
    if by_role:
        return by_role
    return set(directory.posts_of(session.person(awaiting, "--awaiting"), local_day(session.store.clock.now())))


def listed(session: Session, row: dict[str, Any], requests: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": row["stream"],
        "ref": row["ref"],
        "title": row["title"],
        "stage": row["stage"],
        "phase": row["phase"],
        "round": row["round"],
        "outcome": row["outcome"],
        "closed": bool(row["closed"]),
        "closed_as": row["closed_as"],
        "held": bool(row["held"]),
        "health": row["health"],
        "version": row["version"],
        "bureau": row["bureau"],
        "section": row["section"],
        "viewpoint": row["viewpoint"],
        "definition": row["definition"],
        "next_due": row["next_due"],
        "awaiting": awaited(session, requests),
    }


def _print_list(found: list[dict[str, Any]]) -> None:
    def waits(row: dict[str, Any]) -> str:
        if row["closed"]:
            return f"終結 / closed: {row['closed_as']}"
        if row["held"]:
            return "保留 / on hold"
        return ", ".join(
            dict.fromkeys(
                f"{a['title']} {short_day(a['due_at'])}{' 超過' if a['overdue'] else ''}" for a in row["awaiting"]
            )
        )

    OUT.table(
        "",
        ("ID", "題名 / title", "段階 / stage", "期", "結果 / outcome", "状態", "待ち / awaiting"),
        (
            (short(r["id"]), r["title"], r["stage"], r["round"], r["outcome"] or "", r["health"], waits(r))
            for r in found
        ),
    )


@app.command()
def inbox(as_: As = None, limit: Limit = None, offset: Offset = 0, json_: Json = False) -> None:
    """自分(の職)に届いている依頼 / what waits for me"""
    from store import queries
    from store.waiting import from_bodies

    session = Session()
    person = session.person(as_)
    limit = _page(limit)
    rows = queries.inbox(session.store, person, limit, offset)
    total = offset + len(rows)
    if limit is not None and (len(rows) == limit or not rows):
        total = queries.count_inbox(session.store, person)
    found = [
        {
            "request": r["request"],
            "id": r["stream"],
            "ref": r["ref"],
            "title": r["title"],
            "kind": r["kind"],
            "stage": r["stage"],
            "round": r["round"],
            "step": r["step"],
            "role": r["post"],
            "subject": r["subject_ja"],
            "subject_en": r["subject_en"],
            "opened_at": r["opened_at"],
            "due_at": r["due_at"],
            "overdue": bool(r["overdue"]),
            "content_hash": r["content_hash"],
        }
        for r in rows
    ]
    asked = [_asked_by_body(b, person) for b in from_bodies(session.store, person)] if not offset else []
    OUT.emit([*found, *asked], lambda: _print_inbox(person, found, asked))
    if len(found) < total:
        _say_how_many(offset, len(found), total, "件 / requests")


def _asked_by_body(asked: FromBody, person: str) -> dict[str, Any]:
    """In the shape of a request, with the command that answers it."""
    body, _, number = asked.stream.partition(":")
    words = {
        "vote": f"vote {number} {asked.item} --ballot yes|no|abstain",
        "confirm": f"read {number}",
        "instruction": f"answer {short(asked.instruction)} --text TEXT",
        "decision": f"decide {number} {asked.item} --number NUMBER --on DAY --by {asked.post}",
    }
    return {
        "request": None,
        "id": asked.stream,
        "title": asked.title.ja,
        "kind": asked.kind,
        "item": asked.item,
        "instruction": asked.instruction,
        "role": asked.post,
        "subject": asked.subject.ja,
        "subject_en": asked.subject.en,
        "opened_at": asked.since,
        "due_at": asked.due_at,
        "overdue": asked.overdue,
        "command": f"./taskforce {body} {words[asked.kind]} --as {person}",
    }


def _print_asked(asked: list[dict[str, Any]]) -> None:
    OUT.table(
        "会議から / from the bodies",
        ("会議 / session", "何を / what", "種類", "期限 / due"),
        (
            (
                f"{a['title']} ({a['id'].partition(':')[2]})",
                a["subject"],
                KINDS.get(a["kind"], a["kind"]),
                (short_day(a["due_at"]) if a["due_at"] else "") + (" 超過 / overdue" if a["overdue"] else ""),
            )
            for a in asked
        ),
    )
    for command in dict.fromkeys(a["command"] for a in asked[:3]):
        OUT.say(f"  {command}")


def _print_inbox(person: str, found: list[dict[str, Any]], asked: list[dict[str, Any]]) -> None:
    if asked:
        _print_asked(asked)
        if not found:
            return
        OUT.say("")
    OUT.table(
        "",
        ("依頼 / request", "何を / what", "種類", "届いた日 / since", "期限 / due"),
        (
            (
                short(r["request"]),
                r["subject"],
                KINDS.get(r["kind"], r["kind"]),
                short_day(r["opened_at"]),
                short_day(r["due_at"]) + (" 超過 / overdue" if r["overdue"] else ""),
            )
            for r in found
        ),
    )
    if not found:
        OUT.say("待っている依頼はありません / nothing waits for you")
    for r in found[:1]:
        if r["kind"] != "draft":
            from shell.acting import way_to_answer

            OUT.say("", f"読む / read: ./taskforce show {short(r['id'])}")
            OUT.say(f"答える / answer: {way_to_answer(r['kind'], r['request'], person)}")
        else:
            OUT.say("", f"様式 / form: ./taskforce form {r['stage']} --for {short(r['id'])} > form.yaml")
            OUT.say(f"提出 / hand in: ./taskforce submit {short(r['id'])} form.yaml --as {person}")


@app.command()
def events(id: Id, json_: Json = False) -> None:
    """すべての事象 / every event"""
    session = Session()
    stream = session.lifecycle(id)
    recorded = session.store.events(stream)
    document = [
        {
            "version": r.version,
            "position": r.position,
            "type": r.event.type,
            "occurred_at": r.occurred_at,
            "actor": r.actor.model_dump(mode="json"),
            "command_id": r.command_id,
            "body": r.event.model_dump(mode="json"),
        }
        for r in recorded
    ]
    OUT.emit(
        document,
        lambda: OUT.table(
            "",
            ("版", "時刻 / time (JST)", "事象 / event", "だれ / who", "via"),
            (
                (r.version, minute(r.occurred_at), r.event.type, r.actor.person or "-", r.actor.via.value)
                for r in recorded
            ),
        ),
    )


@app.command()
def show(
    id: Id,
    stage: Annotated[
        str | None, typer.Option("--stage", help="この段階の成果物の全文 / the whole deliverable of a stage")
    ] = None,
    json_: Json = False,
) -> None:
    """一件の経過・待ち・成果物・予算・KPI・約束 / one lifecycle in full"""
    from shell.telling import print_show, show_document

    session = Session()
    stream = session.lifecycle(id)
    document = show_document(session, stream)
    if stage is not None:
        document["deliverables"] = [d for d in document["deliverables"] if d["stage"] == stage]
        if not document["deliverables"]:
            raise ShellError(
                f"--stage: {stage}: 成果物がまだありません / no deliverable yet",
                f"→ `./taskforce show {short(stream)}`",
            )
    OUT.emit(document, lambda: print_show(document, whole=stage is not None))
