"""廃止の整理: what is to be done before an abolished lifecycle closes, task by task.

Each task has an owner, a due date that is told and never decides, and ends as done (with a note and evidence) or as not
applicable (with a reason). The gate of the wind-down does not pass while one is open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field

from domain.calendar import local_day, wareki
from domain.deliverables.base import Evidence
from domain.facts import Facts
from domain.lifecycle.authority import known_person, may_steer, require_running
from domain.lifecycle.commands import DeadlinePassed, LifecycleCommand
from domain.lifecycle.routes import resolve
from domain.lifecycle.state import Lifecycle, WindDownTask
from domain.messages import Actor, Command, Event, Personal, Recorded, Refused, Text, refuse
from domain.process import WIND_DOWN_TASKS, ProcessDefinition, Stage

Changes = dict[str, Any]


# --- commands --------------------------------------------------------------------------------------------------------


class FinishWindDownTask(LifecycleCommand):
    """A task of the wind-down is done. `task`: its id or its key (notice, data, contracts, assets, lessons, …)."""

    type = "FinishWindDownTask"
    task: str = Field(min_length=1, max_length=100)
    note: str = Field(min_length=1, max_length=4000)
    evidence: Evidence | None = None


class WaiveWindDownTask(LifecycleCommand):
    """A task of the wind-down does not apply here, and why."""

    type = "WaiveWindDownTask"
    task: str = Field(min_length=1, max_length=100)
    reason: str = Field(min_length=1, max_length=4000)


class ReopenWindDownTask(LifecycleCommand):
    """A task was taken for done, or for not applicable, by mistake: it is open again."""

    type = "ReopenWindDownTask"
    task: str = Field(min_length=1, max_length=100)
    reason: str = Field(min_length=1, max_length=4000)


class ReassignWindDownTask(LifecycleCommand):
    """Another post owes a task from now on: its owner's post is vacant, or the work lies elsewhere."""

    type = "ReassignWindDownTask"
    task: str = Field(min_length=1, max_length=100)
    post: str = Field(min_length=1, max_length=100)
    reason: str = Field(min_length=1, max_length=4000)


# --- events ----------------------------------------------------------------------------------------------------------


class WindDownTaskAssigned(Event):
    """A post owes a task. The dates were computed on the calendar named in the facts."""

    type = "WindDownTaskAssigned"
    task: str
    key: str
    title: Text
    post: str
    post_title: Text
    due_at: datetime
    remind_at: datetime | None


class WindDownTaskFinished(Event):
    type = "WindDownTaskFinished"
    task: str
    title: Text
    note: Personal
    evidence: Evidence | None


class WindDownTaskWaived(Event):
    type = "WindDownTaskWaived"
    task: str
    title: Text
    reason: Personal


class WindDownTaskReopened(Event):
    type = "WindDownTaskReopened"
    task: str
    title: Text
    reason: Personal


class WindDownTaskReassigned(Event):
    """Its dates stay."""

    type = "WindDownTaskReassigned"
    task: str
    title: Text
    post: str
    post_title: Text
    reason: Personal


class WindDownTaskReminded(Event):
    type = "WindDownTaskReminded"
    task: str
    title: Text
    due_at: datetime


class WindDownTaskOverdue(Event):
    """Late. It stays to be done: silence decides nothing."""

    type = "WindDownTaskOverdue"
    task: str
    title: Text
    due_at: datetime


# --- rules -----------------------------------------------------------------------------------------------------------


def assigned(state: Lifecycle, process: ProcessDefinition, facts: Facts, now: datetime) -> list[Event]:
    """The tasks of the definition (or `WIND_DOWN_TASKS`), each to its owner. Refuses an owner that the directory lacks."""
    stage = process.wind_down
    if stage is None:
        return []
    wanted = WIND_DOWN_TASKS if process.wind_down_tasks is None else process.wind_down_tasks
    found: list[Event] = []
    for task in wanted:
        post = resolve(task.owner or stage.drafter, state, facts)[0]
        due = facts.calendar.after(now, task.due or stage.due)
        before = task.remind_before or stage.remind_before
        found.append(
            WindDownTaskAssigned(
                task=str(uuid5(NAMESPACE_URL, f"winddown:{state.stream}/{state.serial}/{task.key}")),
                key=task.key,
                title=task.title,
                post=post.id,
                post_title=post.title,
                due_at=due,
                remind_at=facts.calendar.before(due, before) if before else None,
            )
        )
    return found


def require_done(state: Lifecycle, stage: Stage, process: ProcessDefinition) -> None:
    """The gate of the wind-down passes when every task is done or declared not applicable. Raises `Refused`."""
    if process.wind_down is None or stage.key != process.wind_down.key or not state.open_tasks:
        return
    raise refuse(
        "wind-down-open",
        "廃止の整理が終わっていません: " + "、".join(f"{t.title.ja}({t.post_title.ja})" for t in state.open_tasks),
        "the wind-down is not finished: "
        + ", ".join(f"{t.title.en} ({t.key}, {t.post_title.en})" for t in state.open_tasks),
        remedy_ja="一つずつ完了を記録するか、該当しない理由を記録してください"
        "(`./taskforce winddown done`、`./taskforce winddown waive`)",
        remedy_en="record each as done, or why it does not apply "
        "(`./taskforce winddown done`, `./taskforce winddown waive`)",
    )


def _finish(
    state: Lifecycle, command: FinishWindDownTask, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    task = _open(state, command.task)
    may_work(actor, state, task, facts, now)
    if not command.note.strip():
        raise _empty("note", "何をしたか", "what was done")
    return [WindDownTaskFinished(task=task.id, title=task.title, note=command.note, evidence=command.evidence)]


def _waive(state: Lifecycle, command: WaiveWindDownTask, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    task = _open(state, command.task)
    may_work(actor, state, task, facts, now)
    if not command.reason.strip():
        raise _empty("reason", "該当しない理由", "why it does not apply")
    return [WindDownTaskWaived(task=task.id, title=task.title, reason=command.reason)]


def _reopen(
    state: Lifecycle, command: ReopenWindDownTask, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    task = _named(state, command.task)
    may_work(actor, state, task, facts, now)
    if task.done_at is None:
        raise refuse(
            "task-open",
            f"task: {task.title.ja} はまだ終わっていません",
            f"task: {task.key!r} is open already",
            remedy_ja="戻す必要はありません",
            remedy_en="there is nothing to open again",
        )
    if state.in_circulation:
        raise refuse(
            "in-circulation",
            "廃止整理書が回議中です",
            "the wind-down is in circulation",
            remedy_ja="起案者が引き戻してから行ってください(`./taskforce withdraw`)",
            remedy_en="the drafter takes it back first (`./taskforce withdraw`)",
        )
    return [WindDownTaskReopened(task=task.id, title=task.title, reason=command.reason)]


def _reassign(
    state: Lifecycle, command: ReassignWindDownTask, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    task = _open(state, command.task)
    may_steer(actor, state, facts, now)
    if not command.reason.strip():
        raise _empty("reason", "なぜ移すか", "why it goes to another post")
    post = facts.directory.post(command.post)
    if post is None or not facts.directory.holders(post.id, local_day(now)):
        raise refuse(
            "task-owner",
            f"post: {command.post} という職はないか、空席です",
            f"post: there is no post {command.post!r}, or nobody holds it",
            remedy_ja="いま職員のいる職の ID を書いてください(`./taskforce people`)",
            remedy_en="name a post that somebody holds today (`./taskforce people`)",
        )
    if post.id == task.post:
        return []
    return [
        WindDownTaskReassigned(
            task=task.id, title=task.title, post=post.id, post_title=post.title, reason=command.reason
        )
    ]


def _empty(field: str, ja: str, en: str) -> Refused:
    return refuse(
        "text-missing",
        f"{field}: 空です",
        f"{field}: empty",
        remedy_ja=f"{ja}を書いてください",
        remedy_en=f"write {en}",
    )


def _named(state: Lifecycle, given: str) -> WindDownTask:
    found = next((t for t in state.tasks if given in (t.id, t.key)), None)
    if found is None or state.closed or state.reopening is not None:
        known = [] if state.closed or state.reopening is not None else [t.key for t in state.tasks]
        raise refuse(
            "task-unknown",
            f"task: 廃止の整理に {given} という作業はありません(あるもの: {'、'.join(known) or 'なし'})",
            f"task: the wind-down has no task {given!r}; there are: {', '.join(known) or 'none'}",
            remedy_ja="`./taskforce winddown show` で確認してください",
            remedy_en="see `./taskforce winddown show`",
        )
    return found


def _open(state: Lifecycle, given: str) -> WindDownTask:
    task = _named(state, given)
    if task.done_at is not None:
        raise refuse(
            "task-done",
            f"task: {task.title.ja} は{'該当なし' if task.not_applicable else '完了'}と記録されています",
            f"task: {task.key!r} is on record as {'not applicable' if task.not_applicable else 'done'}",
            remedy_ja="誤りなら `./taskforce winddown reopen` で戻してください",
            remedy_en="if that was a mistake, open it again with `./taskforce winddown reopen`",
        )
    require_running(state)
    return task


def may_work(actor: Actor, state: Lifecycle, task: WindDownTask, facts: Facts, now: datetime) -> None:
    """Whoever holds the owner's post, and those who steer the matter."""
    person = known_person(actor, facts)
    if person not in facts.directory.holders(task.post, local_day(now)):
        may_steer(actor, state, facts, now)


def passed(state: Lifecycle, command: DeadlinePassed) -> list[Event]:
    """The event of a task's moment that has passed (see `timers.require_passed`)."""
    task = next(t for t in state.tasks if t.id == command.request)
    kind = WindDownTaskReminded if command.timer == "task_remind" else WindDownTaskOverdue
    return [kind(task=task.id, title=task.title, due_at=task.due_at)]


# --- folds -----------------------------------------------------------------------------------------------------------


def _assigned(state: Lifecycle, event: WindDownTaskAssigned, recorded: Recorded) -> Changes:
    task = WindDownTask(
        id=event.task,
        key=event.key,
        title=event.title,
        post=event.post,
        post_title=event.post_title,
        opened_at=recorded.occurred_at,
        due_at=event.due_at,
        remind_at=event.remind_at,
    )
    return {"tasks": (*state.tasks, task)}


def _with(state: Lifecycle, task: str, **changes: Any) -> Changes:
    return {"tasks": tuple(t.model_copy(update=changes) if t.id == task else t for t in state.tasks)}


def _finished(state: Lifecycle, event: WindDownTaskFinished, recorded: Recorded) -> Changes:
    return _with(
        state, event.task, done_at=recorded.occurred_at, done_by=recorded.actor.person, evidence=event.evidence
    )


def _waived(state: Lifecycle, event: WindDownTaskWaived, recorded: Recorded) -> Changes:
    return _with(state, event.task, done_at=recorded.occurred_at, done_by=recorded.actor.person, not_applicable=True)


def _reopened(state: Lifecycle, event: WindDownTaskReopened, _: Recorded) -> Changes:
    return _with(state, event.task, done_at=None, done_by=None, evidence=None, not_applicable=False)


def _due(event: WindDownTaskAssigned | WindDownTaskReminded | WindDownTaskOverdue) -> tuple[str, str]:
    day = local_day(event.due_at)
    return wareki(day), day.isoformat()


def _line(ja: str, en: str) -> Callable[[Lifecycle, Any], Text]:
    def told(_: Lifecycle, event: Any) -> Text:
        due_ja, due_en = _due(event) if hasattr(event, "due_at") else ("", "")
        post = getattr(event, "post_title", Text(ja="", en=""))
        return Text(
            ja=ja.format(task=event.title.ja, due=due_ja, post=post.ja),
            en=en.format(task=event.title.en, due=due_en, post=post.en),
        )

    return told


# --- what the rest of the lifecycle joins ----------------------------------------------------------------------------

COMMANDS: dict[str, type[Command]] = {
    k.type: k for k in (FinishWindDownTask, WaiveWindDownTask, ReopenWindDownTask, ReassignWindDownTask)
}
EVENTS: dict[str, type[Event]] = {
    k.type: k
    for k in (
        WindDownTaskAssigned,
        WindDownTaskFinished,
        WindDownTaskWaived,
        WindDownTaskReopened,
        WindDownTaskReassigned,
        WindDownTaskReminded,
        WindDownTaskOverdue,
    )
}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    FinishWindDownTask: _finish,
    WaiveWindDownTask: _waive,
    ReopenWindDownTask: _reopen,
    ReassignWindDownTask: _reassign,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    WindDownTaskAssigned: _assigned,
    WindDownTaskFinished: _finished,
    WindDownTaskWaived: _waived,
    WindDownTaskReopened: _reopened,
    WindDownTaskReassigned: lambda s, v, _: _with(s, v.task, post=v.post, post_title=v.post_title),
    WindDownTaskReminded: lambda s, v, _: _with(s, v.task, reminded=True),
    WindDownTaskOverdue: lambda s, v, _: _with(s, v.task, overdue=True),
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    WindDownTaskAssigned: _line(
        "廃止の整理: {task}({post}、期限 {due})", "wind-down: {task}, asked of {post}, due {due}"
    ),
    WindDownTaskFinished: _line("廃止の整理: {task} 完了", "wind-down: {task} done"),
    WindDownTaskWaived: _line("廃止の整理: {task} 該当なし", "wind-down: {task} does not apply"),
    WindDownTaskReopened: _line("廃止の整理: {task} を未了に戻す", "wind-down: {task} open again"),
    WindDownTaskReassigned: _line("廃止の整理: {task} を{post}へ移す", "wind-down: {task} goes to {post}"),
    WindDownTaskReminded: _line("期限前のお知らせ: {task}(期限 {due})", "reminder of the wind-down: {task}, due {due}"),
    WindDownTaskOverdue: _line("期限超過: {task}(期限 {due})", "wind-down overdue: {task}, was due {due}"),
}
