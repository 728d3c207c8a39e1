"""Moments stored in the state that may pass: reminders, due dates, escalations, the end of a hold, the review date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from domain.calendar import end_of_business
from domain.lifecycle import events as e
from domain.lifecycle.commands import DeadlinePassed, TimerKind
from domain.lifecycle.state import Lifecycle
from domain.messages import Event, refuse

Timer = tuple[datetime, TimerKind, str | None]


def pending(state: Lifecycle) -> Iterator[Timer]:
    """All moments still to pass. A hold stops all clocks, a question those the definition names."""
    if state.closed or state.started_at is None:
        return
    if state.hold is not None:
        if state.hold.until is not None and not state.hold.reminded:
            yield state.hold.until, "hold", None
        return
    for r in state.requests:
        if r.paused_at is not None:
            continue
        if r.remind_at is not None and not r.reminded and not r.overdue:
            yield r.remind_at, "remind", r.id
        if not r.overdue:
            yield r.due_at, "due", r.id
        if r.coordinator_at is not None and not r.coordinator_told:
            yield r.coordinator_at, "coordinator", r.id
        if r.escalate_at is not None and not r.escalated:
            yield r.escalate_at, "escalate", r.id
    for t in state.open_tasks:
        if t.remind_at is not None and not t.reminded and not t.overdue:
            yield t.remind_at, "task_remind", t.id
        if not t.overdue:
            yield t.due_at, "task_due", t.id
    for c in state.consultations:
        if not c.referred:
            yield c.due_at, "consult", c.id
    if state.aim is not None and not state.aim.handed_in:
        yield (state.aim.at.closes_at if state.aim.warned else state.aim.at.warn_at), "window", None
    if state.cut is not None and state.cut.return_at is not None and not state.cut.appealed:
        yield state.cut.return_at, "restoration", None
    if state.review_date is not None and state.repeats:
        yield end_of_business(state.review_date), "review", None


def next_due(state: Lifecycle) -> datetime | None:
    return min((moment for moment, _, _ in pending(state)), default=None)


def first_due(state: Lifecycle) -> datetime | None:
    """The earliest day by which people must act, passed or not: answers, drafts, tasks, questions, a consultation. None while nobody
    has to; on hold, its end. Reminders, windows and reviews that come by themselves are no such days."""
    if state.closed or state.started_at is None:
        return None
    if state.hold is not None:
        return state.hold.until
    asked = [r.due_at for r in state.requests if r.paused_at is None]
    asked += [q.due_at for q in state.questions] + [c.due_at for c in state.consultations]
    return min((*asked, *(t.due_at for t in state.open_tasks)), default=None)


def due_commands(state: Lifecycle, now: datetime) -> Sequence[DeadlinePassed]:
    """A command for every moment that has passed, earliest first; ids are deterministic, so doubles fall away."""
    passed = sorted((t for t in pending(state) if t[0] <= now), key=lambda t: (t[0], t[1], t[2] or ""))
    return [
        DeadlinePassed(
            command_id=f"deadline:{timer}:{request or ''}:{moment.isoformat()}",
            stream=state.stream,
            timer=timer,
            request=request,
            due_at=moment,
        )
        for moment, timer, request in passed
    ]


def require_passed(state: Lifecycle, command: DeadlinePassed, now: datetime) -> None:
    """Refuse a moment that is not pending any more (a person was first, or the clock is stopped) or not yet there."""
    if (command.due_at, command.timer, command.request) not in list(pending(state)):
        raise refuse(
            "deadline-moot",
            "この期限はもう待たれていません",
            "nothing waits for this deadline any more",
            remedy_ja="何もする必要はありません",
            remedy_en="nothing needs to be done",
        )
    if command.due_at > now:
        raise refuse(
            "deadline-early",
            "期限はまだ来ていません",
            "the deadline has not come yet",
            remedy_ja="期限まで待ちます",
            remedy_en="wait until it has come",
            retry_at=command.due_at,
        )


def pass_deadline(state: Lifecycle, command: DeadlinePassed, now: datetime) -> Sequence[Event]:
    """The event of a passed moment, see `require_passed`; what follows from the review date and from a consultation's end is
    decided in `decide`."""
    require_passed(state, command, now)
    if command.timer == "hold":
        return [e.HoldExpired(until=command.due_at)]
    request = state.request(command.request or "")
    assert request is not None
    if command.timer == "remind":
        return [e.ReminderSent(request=request.id, due_at=request.due_at)]
    if command.timer == "due":
        return [e.RequestOverdue(request=request.id, due_at=request.due_at)]
    if command.timer == "coordinator":
        return [e.CoordinatorInformed(request=request.id, to=request.coordinator or "", due_at=request.due_at)]
    return [e.RequestEscalated(request=request.id, to=request.escalate_to or "", due_at=request.due_at)]
