"""What follows from outcomes: `winddown` (tasks before an abolished project closes), `lineage` and `spread` (横展開)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import uuid4

import typer

from shell.acting import done, need_reason, parse_day
from shell.app import As, CommandId, Id, Json, app
from shell.errors import ShellError
from shell.output import OUT, day, short
from shell.session import Session

winddown = typer.Typer(
    name="winddown",
    help="廃止の整理: 作業を一つずつ終える / the tasks of a wind-down, one by one",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(winddown)
Where = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="ライフサイクルのID、または作業のID(その場合 TASK は不要) / lifecycle, or the task's own id (then without TASK)",
    ),
]
Task = Annotated[
    str | None, typer.Argument(metavar="[TASK]", help="作業 / task: notice, data, contracts, assets, lessons, …")
]
Reason = Annotated[str, typer.Option("--reason", help="理由 / reason")]


def _task(session: Session, where: str, task: str | None) -> tuple[str, str]:
    """(stream, task) from a lifecycle and a key, or from the id of a task as the inbox shows it."""
    if task is not None:
        return session.lifecycle(where), task
    full, stream = session.request(where)
    state, _ = session.store.load(stream)
    if not any(t.id == full for t in getattr(state, "tasks", ())):
        raise ShellError(
            f"TASK: {where}: 廃止の整理の作業ではありません / this is no task of a wind-down",
            "→ `./taskforce winddown show ID`",
        )
    return stream, full


@winddown.command("show")
def show(id: Id, json_: Json = False) -> None:
    """作業の一覧 / what the wind-down asks for"""
    from shell.telling import print_tasks

    session = Session()
    state, _ = session.store.load(session.lifecycle(id))
    tasks = [t.model_dump() for t in state.tasks]

    def told() -> None:
        if not tasks:
            OUT.say("廃止の整理の作業はありません / there is nothing to be wound down")
            return
        print_tasks(tasks)
        for t in state.open_tasks[:1]:
            OUT.say("", f"次は / next: ./taskforce winddown done {short(state.stream)} {t.key} --note TEXT --as PERSON")

    OUT.emit(tasks, told)


@winddown.command("done")
def finish(
    where: Where,
    task: Task = None,
    note: Annotated[str, typer.Option("--note", help="何をしたか / what was done")] = "",
    source: Annotated[str | None, typer.Option("--source", help="根拠資料 / evidence: its name")] = None,
    on: Annotated[str | None, typer.Option("--on", help="根拠資料の日付 / date of the evidence")] = None,
    sha256: Annotated[str | None, typer.Option("--sha256", help="根拠資料のSHA-256 / its sha256")] = None,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """作業の完了を記録する / a task is done"""
    from domain.lifecycle.winding import FinishWindDownTask

    if not note.strip():
        raise ShellError("--note: 空です / empty", "→ 何をしたかを書いてください / write what was done")
    evidence: dict[str, Any] | None = None
    if source is not None or sha256 is not None or on is not None:
        evidence = {"source": source or "", "date": parse_day("--on", on) if on else None, "sha256": sha256}
    session = Session(writing=True)
    person, (stream, named) = session.person(as_), _task(session, where, task)
    fields = {"command_id": command_id or str(uuid4()), "stream": stream, "task": named, "note": note}
    command = FinishWindDownTask.model_validate({**fields, "evidence": evidence})
    done(session, session.record(command, session.actor(person)))


@winddown.command("waive")
def waive(
    where: Where,
    reason: Reason,
    task: Task = None,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """作業が該当しないことを、理由とともに記録する / a task does not apply, and why"""
    from domain.lifecycle.winding import WaiveWindDownTask

    session = Session(writing=True)
    person, (stream, named) = session.person(as_), _task(session, where, task)
    command = WaiveWindDownTask(
        command_id=command_id or str(uuid4()), stream=stream, task=named, reason=need_reason(reason)
    )
    done(session, session.record(command, session.actor(person)))


@winddown.command("reopen")
def reopen(
    id: Id,
    task: Annotated[str, typer.Argument(metavar="TASK", help="作業 / task")],
    reason: Reason,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """誤って完了・該当なしとした作業を未了に戻す / a task was taken for done by mistake"""
    from domain.lifecycle.winding import ReopenWindDownTask

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    command = ReopenWindDownTask(
        command_id=command_id or str(uuid4()), stream=stream, task=task, reason=need_reason(reason)
    )
    done(session, session.record(command, session.actor(person)))


@winddown.command("assign")
def assign(
    where: Where,
    to: Annotated[str, typer.Option("--to", metavar="POST", help="移す先の職 / the post that owes it from now on")],
    reason: Reason,
    task: Task = None,
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """作業を別の職へ移す(担当が空席のときなど) / another post owes the task, e.g. since its owner's is vacant"""
    from domain.lifecycle.winding import ReassignWindDownTask

    session = Session(writing=True)
    person, (stream, named) = session.person(as_), _task(session, where, task)
    command = ReassignWindDownTask(
        command_id=command_id or str(uuid4()), stream=stream, task=named, post=to, reason=need_reason(reason)
    )
    done(session, session.record(command, session.actor(person)))


@app.command()
def spread(
    id: Id,
    section: Annotated[str, typer.Option("--section", help="横展開先の組織ID / unit id of the department")],
    reason: Reason,
    again: Annotated[
        bool, typer.Option("--again/--give-up", help="再試行するか、取りやめるか / try again, or give up")
    ],
    as_: As = None,
    command_id: CommandId = None,
    json_: Json = False,
) -> None:
    """横展開の例外(断られた開始)を処理する / settle a start in another department that was refused"""
    from domain.lifecycle.descent import SettleSpread

    session = Session(writing=True)
    person, stream = session.person(as_), session.lifecycle(id)
    command = SettleSpread(
        command_id=command_id or str(uuid4()), stream=stream, section=section, again=again, reason=need_reason(reason)
    )
    done(session, session.record(command, session.actor(person)))


@app.command()
def lineage(id: Id, json_: Json = False) -> None:
    """系譜: どの課題から来て、どこへ広がり、何に統合されたか / which lifecycle came from which"""
    from store.lineage import lineage as family

    session = Session()
    found = family(session.store, session.lifecycle(id))
    OUT.emit(found.model_dump(), lambda: _print_lineage(found))


def _print_lineage(found: Any) -> None:
    depth = 0
    for ancestor in reversed(found.ancestors):
        OUT.say(f"{'  ' * depth}{_named(ancestor.member)}")
        depth += 1
        OUT.say(f"{'  ' * depth}↳ 第{ancestor.round}期から / out of round {ancestor.round}: {ancestor.why or '-'}")
    OUT.say(f"{'  ' * depth}● {_named(found.member)}")
    for r in found.rounds:
        then = f" → {r.stage}" if r.stage else ""
        OUT.say(f"{'  ' * (depth + 1)}第{r.round}期 / round {r.round}: {r.outcome}{then} ({day(r.decided_at)})")
        for text in (*r.learnt, *((r.scope,) if r.scope else ()), *r.targets):
            OUT.say(f"{'  ' * (depth + 2)}・{text}")
    _print_descendants(found.descendants, depth + 1)
    for other in found.absorbed:
        OUT.say(f"{'  ' * (depth + 1)}← 統合 / absorbed: {_named(other)}")
    if found.merged_into:
        OUT.say(f"{'  ' * (depth + 1)}→ 統合先 / merged into: {_named(found.merged_into)}")
    if found.alone:
        OUT.say("系譜はありません / it came from none, and none came from it")


def _print_descendants(descendants: Any, depth: int) -> None:
    from store.lineage import STANDINGS

    for d in descendants:
        standing = STANDINGS[d.standing]
        name = _named(d.member) if d.member else f"{d.ref} ({d.section_name.ja})"
        OUT.say(f"{'  ' * depth}↳ 横展開(第{d.round}期) / carried to: {name} {standing.ja} / {standing.en}")
        if d.standing == "refused" and d.message is not None:
            OUT.say(
                f"{'  ' * (depth + 1)}{d.rule}: {d.message}",
                f"{'  ' * (depth + 1)}→ {d.remedy} → `./taskforce spread ID --section {d.section} --again --reason …`",
            )
        _print_descendants(d.descendants, depth + 1)


def _named(member: Any) -> str:
    where = f"終結 / closed: {member.closed_as}" if member.closed_as else f"{member.stage}, 第{member.round}期"
    return f"{short(member.id)} {member.ref} {member.title} [{member.section}; {where}]"
