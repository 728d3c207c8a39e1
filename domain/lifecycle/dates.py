"""Due dates that people change: the timers move with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import Field

from domain.calendar import Span, end_of_business, local_day, wareki
from domain.facts import Facts
from domain.lifecycle.authority import definition, may_steer, require_running
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.events import Shift
from domain.lifecycle.state import Lifecycle, Request
from domain.messages import Actor, Command, Event, Personal, Recorded, Text, refuse
from domain.process import Stage, Step

Changes = dict[str, Any]


class ChangeDue(LifecycleCommand):
    """Give an open request another due date; its reminder and escalations are counted from it in working days, as at first."""

    type = "ChangeDue"
    request: str
    due: date
    reason: str = Field(min_length=1, max_length=4000)


class DueChanged(Event):
    type = "DueChanged"
    request: str
    post: str
    post_title: Text
    was: datetime
    shift: Shift
    reason: Personal


def _change(state: Lifecycle, command: ChangeDue, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_steer(actor, state, facts, now)
    request = state.request(command.request)
    if request is None:
        raise refuse(
            "request-not-open",
            "この依頼は開いていません",
            "this request is not open",
            remedy_ja="`./taskforce show` で今の状態を確認してください",
            remedy_en="see where it stands with `./taskforce show`",
        )
    require_running(state)
    if request.paused_at is not None:
        raise refuse(
            "clock-stands",
            "質問が開いているため、時計が止まっています",
            "its clock stands, since a question is open",
            remedy_ja="時計が動き出してから変えてください",
            remedy_en="change it once the clock runs again",
        )
    _within_calendar(command.due, facts)
    due = end_of_business(facts.calendar.working_day_from(command.due))
    if due <= now or due == request.due_at:
        raise refuse(
            "due-date",
            f"due: {command.due} は過ぎているか、今の期限と同じです",
            f"due: {command.due} has passed, or is the due date already",
            remedy_ja="これからの別の日にしてください",
            remedy_en="name another day to come",
        )
    shift = _shift(state, request, due, facts)
    return [
        DueChanged(
            request=request.id,
            post=request.post,
            post_title=request.post_title,
            was=request.due_at,
            shift=shift,
            reason=command.reason,
        )
    ]


def _within_calendar(day: date, facts: Facts) -> None:
    """Working days can be counted only as far as the calendar goes; a year is left for what follows the due date."""
    last = facts.calendar.last_day - timedelta(days=365)
    if day > last:
        raise refuse(
            "due-date",
            f"due: {day} はカレンダーの範囲外です({last} まで)",
            f"due: {day} lies beyond the calendar, which serves up to {last}",
            remedy_ja="それより前の日にしてください",
            remedy_en="name an earlier day",
        )


def _shift(state: Lifecycle, request: Request, due: datetime, facts: Facts) -> Shift:
    """The dates that follow from a due date, as when the request was opened; what it had none of it gets none of."""
    calendar, stage = facts.calendar, definition(facts).stage(state.work)
    asked: Stage | Step = stage if request.kind == "draft" else stage.gate[request.step_index]
    escalate_after = asked.escalate_after if isinstance(asked, Step) else None
    coordinator_after = asked.coordinator_after if isinstance(asked, Step) else None
    by = due - request.due_at
    return Shift(
        request=request.id,
        due_at=due,
        remind_at=_counted(request.remind_at, by, calendar.before, due, asked.remind_before),
        escalate_at=_counted(request.escalate_at, by, calendar.after, due, escalate_after),
        coordinator_at=_counted(request.coordinator_at, by, calendar.after, due, coordinator_after),
    )


def _counted(
    was: datetime | None,
    by: timedelta,
    count: Callable[[datetime, Span], datetime],
    due: datetime,
    span: Span | None,
) -> datetime | None:
    """Counted from the due date; where the definition (changed since) says nothing any more, moved by as much as it."""
    if was is None:
        return None
    return was + by if span is None else count(due, span)


def _changed(state: Lifecycle, event: DueChanged, recorded: Recorded) -> Changes:
    return {"requests": tuple(_with(r, event, recorded) if r.id == event.request else r for r in state.requests)}


def _with(request: Request, event: DueChanged, recorded: Recorded) -> Request:
    """What was told for the old date is told again for the new one."""
    shift = event.shift
    past = shift.remind_at is not None and shift.remind_at <= recorded.occurred_at
    return request.model_copy(
        update={
            "due_at": shift.due_at,
            "remind_at": shift.remind_at,
            "escalate_at": shift.escalate_at,
            "coordinator_at": shift.coordinator_at,
            "reminded": past,
            "overdue": False,
            "escalated": False,
            "coordinator_told": False,
        }
    )


def _told(_: Lifecycle, event: DueChanged) -> Text:
    was, due = local_day(event.was), local_day(event.shift.due_at)
    return Text(
        ja=f"{event.post_title.ja}の期限を {wareki(was)} から {wareki(due)} に変更",
        en=f"{event.post_title.en}: due {due} instead of {was}",
    )


COMMANDS: dict[str, type[Command]] = {ChangeDue.type: ChangeDue}
EVENTS: dict[str, type[Event]] = {DueChanged.type: DueChanged}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    ChangeDue: _change
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {DueChanged: _changed}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {DueChanged: _told}
