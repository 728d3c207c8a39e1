"""What people do to a lifecycle: submit, answer, hold, resume, withdraw, review."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from shell.app import As, CommandId, Id, Json, app
from shell.errors import ShellError
from shell.output import OUT, short, short_day
from shell.session import Session

Reason = Annotated[str, typer.Option("--reason", help="理由 / reason")]
DECISIONS = ("approve", "conditions", "return", "reject")


def parse_day(field: str, text: str) -> date:
    """A day as people write it, in an option or an argument. Raises `Wrong`, which is told like every bad input."""
    from imports.batch import day_of

    return day_of(field, text)


def done(session: Session, outcome: Any) -> None:
    """Tell what was recorded and what happens next."""
    from store import queries

    row = queries.lifecycle(session.store, outcome.stream) or {}
    from shell.looking import awaited

    waiting = queries.live_requests(session.store, [outcome.stream])
    document = {
        "id": outcome.stream,
        "version": outcome.version,
        "events": list(outcome.events),
        "duplicate": outcome.duplicate,
        "stage": row.get("stage"),
        "round": row.get("round"),
        "closed": row.get("closed"),
        "awaiting": awaited(session, waiting),
    }
    OUT.emit(document, lambda: _told(session, outcome, row, waiting))


def _told(session: Session, outcome: Any, row: dict[str, Any], waiting: list[dict[str, Any]]) -> None:
    from shell.looking import holders

    OUT.say(
        ("既に記録済みです / recorded already" if outcome.duplicate else "記録しました / recorded")
        + f": {row.get('title', '')}"
    )
    if row.get("closed"):
        OUT.say(f"終結しました / closed ({row['closed_as']})")
    for r in waiting:
        people = holders(session, r["post"]) or [{"person": None, "name": "空席 / vacant"}]
        who = ", ".join(f"{p['person'] or '-'} {p['name']}".strip() for p in people)
        due = f"(期限 / due {short_day(r['due_at'])})" if r["due_at"] else ""
        OUT.say(f"次は / next: {r['subject_ja']} → {who}{due}")
        first = _able(session, r, [p["person"] for p in people])
        if r["kind"] == "draft":
            OUT.say(f"  ./taskforce form {row['work']} --for {short(outcome.stream)} > {row['work']}.yaml")
            OUT.say(f"  ./taskforce submit {short(outcome.stream)} {row['work']}.yaml --as {first}")
        else:
            OUT.say("  " + way_to_answer(r["kind"], r["request"], first))


def _able(session: Session, request: dict[str, Any], people: list[str | None]) -> str:
    """Who can deal with a request today: a holder who is there, else whoever stands in (代), else whoever holds the post."""
    from domain.calendar import local_day
    from domain.lifecycle.absence import stands_in

    directory, today = session.store.facts().directory, local_day(session.store.clock.now())
    barred = request["barred"].split()
    there = (p for p in people if p and p not in barred and not directory.is_absent(p, today))
    if (found := next(there, None)) is None and request["kind"] in ("draft", "decide"):
        found = next((p.id for p in directory.people if request["post"] in directory.stands_in_for(p.id, today)), None)
    if found is None and request["kind"] == "decide":
        state, _ = session.store.load(request["stream"])
        facts = session.store.facts(state.definition)
        turn = (p.id for p in directory.people if stands_in(state, request["request"], p.id, facts, today))
        found = next(turn, None)
    return found or people[0] or "PERSON"


def way_to_answer(kind: str, request: str, person: str) -> str:
    """The command by which somebody deals with what waits for them."""
    if kind == "question":
        return f"./taskforce reply {short(request)} --as {person} --text TEXT"
    if kind == "task":
        return f"./taskforce winddown done {short(request)} --as {person} --note TEXT"
    if kind == "read":
        return f"./taskforce read {short(request)} --as {person}"
    return f"./taskforce answer {short(request)} --as {person} --decision approve"


@app.command()
def submit(
    id: Id,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="記入した様式(YAML・JSON) / the filled form")],
    as_: As = None,
    stage: Annotated[
        str | None, typer.Option("--stage", help="段階(省けば今の段階) / stage; the current one by default")
    ] = None,
    comment: Annotated[str, typer.Option("--comment")] = "",
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """成果物を提出する(起案) / hand in the deliverable of a stage"""
    from domain.lifecycle.commands import SubmitDeliverable
    from imports.rows import read_content

    content = read_content(file)
    if not isinstance(content, dict):
        raise ShellError(
            f"{file}: 様式の項目を書いてください / expected the form's fields", "→ `./taskforce form STAGE`"
        )
    session = Session(writing=True)
    stream = session.lifecycle(id)
    person = session.person(as_)
    state, _ = session.store.load(stream)
    command = SubmitDeliverable(
        command_id=command_id or str(uuid4()),
        stream=stream,
        stage=stage or state.work or "-",
        content=_plain(content),
        comment=comment,
    )
    done(session, session.record(command, session.actor(person)))


def _plain(content: Any) -> Any:
    """YAML's dates as text, so that the same form has the same hash whatever its file format."""
    if isinstance(content, dict):
        return {str(k): _plain(v) for k, v in content.items()}
    if isinstance(content, list):
        return [_plain(v) for v in content]
    return content.isoformat() if isinstance(content, date | datetime) else content


@app.command()
def answer(
    request: Annotated[
        str, typer.Argument(metavar="REQUEST", help="依頼のID(先頭部分も可) / request id or its beginning")
    ],
    decision: Annotated[str, typer.Option("--decision", help="approve|conditions|return|reject")],
    as_: As = None,
    comment: Annotated[str, typer.Option("--comment", help="意見・理由 / comment, reason")] = "",
    condition: Annotated[
        list[str] | None, typer.Option("--condition", help="条件(何度でも) / a condition, repeatable")
    ] = None,
    back_to: Annotated[
        str | None, typer.Option("--back-to", help="差戻し先・改善の戻り先の段階 / stage to go back to")
    ] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="再検討の結果 / outcome of the review")] = None,
    seen: Annotated[
        str | None, typer.Option("--seen", help="読んだ文書のハッシュ / hash of the document that was read")
    ] = None,
    before: Annotated[
        str | None,
        typer.Option("--before", help="条件を果たすべき関門の段階 / stage whose gate waits for the conditions"),
    ] = None,
    in_absence: Annotated[
        str | None, typer.Option("--in-absence", help="代決の事情 / why a deputy may decide: instructed|urgent")
    ] = None,
    print_update: Annotated[
        bool,
        typer.Option("--print-update", help="記録せず、Temporal UI に貼る署名付き入力を出す / print a signed input"),
    ] = False,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """依頼に答える / answer a request"""
    from domain.calendar import local_day
    from domain.lifecycle.commands import AnswerRequest

    known_decision(decision)
    _known_absence(in_absence)
    session = Session(writing=True)
    person = session.person(as_)
    full, stream = session.request(request)
    _is_for_deciding(session, stream, full)
    command = AnswerRequest.model_validate(
        {
            "command_id": command_id or str(uuid4()),
            "stream": stream,
            "request": full,
            "decision": decision,
            "comment": comment,
            "conditions": [{"text": c, "before": before} for c in condition or ()],
            "back_to": back_to,
            "outcome": outcome,
            "seen": seen,
            "in_absence": in_absence,
        }
    )
    if print_update:
        _print_update(session, command, person)
        return
    state, _ = session.store.load(stream)
    asked = state.request(full)
    today = local_day(session.store.clock.now())
    held = session.store.facts().directory.posts_of(person, today)
    capacity = asked.post if asked is not None and asked.post in held else None
    done(session, session.record(command, session.actor(person, capacity)))


def _known_absence(in_absence: str | None) -> None:
    if in_absence not in (None, "instructed", "urgent"):
        raise ShellError(
            f"--in-absence: {in_absence}: 使えない値です / not a reason",
            "→ instructed(指示を受けた)か urgent(急施を要する) / one of: instructed, urgent",
        )


def known_decision(decision: str) -> None:
    if decision not in DECISIONS:
        raise ShellError(
            f"--decision: {decision}: 使えない値です / not a decision",
            f"→ 次のいずれか / one of: {', '.join(DECISIONS)}",
        )


def _is_for_deciding(session: Session, stream: str, request: str) -> None:
    """Questions and readings wait in the same inbox, and are dealt with by other commands."""
    state, _ = session.store.load(stream)
    if any(q.id == request for q in state.questions):
        raise ShellError(
            f"REQUEST: {short(request)}: これは質問です / this is a question",
            f"→ `./taskforce reply {short(request)} --text TEXT --as PERSON`",
        )
    if any(r.id == request for r in state.readings):
        raise ShellError(
            f"REQUEST: {short(request)}: これは供覧です / this is for information",
            f"→ `./taskforce read {short(request)} --as PERSON`",
        )


def _print_update(session: Session, command: Any, person: str) -> None:
    from workflows.contract import AnswerInput, ConditionInput
    from workflows.signing import load_or_create_key, sign

    given = AnswerInput(
        stream=command.stream,
        request=command.request,
        person=person,
        decision=command.decision,
        comment=command.comment,
        conditions=tuple(ConditionInput(text=c.text, before=c.before) for c in command.conditions),
        back_to=command.back_to,
        outcome=command.outcome,
        seen=command.seen,
        in_absence=command.in_absence,
        command_id=command.command_id,
        issued_at=datetime.now(UTC),
    )
    signed = sign(load_or_create_key(session.settings.key_file), given)
    sys.stdout.write(json.dumps(signed.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n")


def _steer(id: str, as_: str | None, command_id: str | None, build: Any) -> None:
    """A command that needs only the lifecycle and who asks."""
    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    done(session, session.record(build(command_id or str(uuid4()), stream), session.actor(person)))


def need_reason(text: str) -> str:
    if not text.strip():
        raise ShellError("--reason: 空です / empty", "→ 理由を書いてください / give a reason")
    return text


@app.command()
def hold(
    id: Id,
    reason: Reason,
    as_: As = None,
    until: Annotated[str | None, typer.Option("--until", help="いつまで(日付) / until when")] = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """保留する(時計が止まる) / put on hold; clocks stop"""
    from domain.lifecycle.commands import HoldLifecycle

    day = parse_day("--until", until) if until is not None else None
    _steer(
        id, as_, command_id, lambda c, s: HoldLifecycle(command_id=c, stream=s, reason=need_reason(reason), until=day)
    )


@app.command()
def resume(
    id: Id,
    as_: As = None,
    reason: Annotated[str, typer.Option("--reason")] = "",
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """保留を解く / resume"""
    from domain.lifecycle.commands import ResumeLifecycle

    _steer(id, as_, command_id, lambda c, s: ResumeLifecycle(command_id=c, stream=s, reason=reason))


@app.command()
def withdraw(
    id: Id,
    reason: Reason,
    as_: As = None,
    whole: Annotated[bool, typer.Option("--whole", help="課題そのものを廃案にする / drop the whole matter")] = False,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """回議中の起案を引き戻す(--whole で廃案) / take back what is in circulation"""
    from domain.lifecycle.commands import DropLifecycle, WithdrawDraft

    kind = DropLifecycle if whole else WithdrawDraft
    _steer(id, as_, command_id, lambda c, s: kind(command_id=c, stream=s, reason=need_reason(reason)))


@app.command()
def review(id: Id, reason: Reason, as_: As = None, command_id: CommandId = None, json_: Json = False) -> None:
    """取組方針の再検討を開く / open the review"""
    from domain.lifecycle.commands import OpenReview

    _steer(id, as_, command_id, lambda c, s: OpenReview(command_id=c, stream=s, reason=need_reason(reason)))
