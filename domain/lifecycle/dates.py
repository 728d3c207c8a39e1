"""Due dates that people change: the timers move with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import Field

from domain.calendar import end_of_business, local_day, wareki
from domain.facts import Facts
from domain.lifecycle.authority import may_steer
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.events import Shift
from domain.lifecycle.state import Lifecycle, Request
from domain.messages import Actor, Command, Event, Personal, Recorded, Text, refuse

Changes = dict[str, Any]


class ChangeDue(LifecycleCommand):
    """Give an open request another due date; its reminder and escalations move by as much."""

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
            remedy_ja="`starter.py show` で今の状態を確認してください",
            remedy_en="see where it stands with `starter.py show`",
        )
    if state.hold is not None or request.paused_at is not None:
        raise refuse(
            "clock-stands",
            "保留中か質問中で、時計が止まっています",
            "its clock stands: it is on hold, or a question is open",
            remedy_ja="時計が動き出してから変えてください",
            remedy_en="change it once the clock runs again",
        )
    due = end_of_business(facts.calendar.working_day_from(command.due))
    if due <= now or due == request.due_at:
        raise refuse(
            "due-date",
            f"due: {command.due} は過ぎているか、今の期限と同じです",
            f"due: {command.due} has passed, or is the due date already",
            remedy_ja="これからの別の日にしてください",
            remedy_en="name another day to come",
        )
    by = due - request.due_at
    shift = Shift(
        request=request.id,
        due_at=due,
        remind_at=_moved(request.remind_at, by),
        escalate_at=_moved(request.escalate_at, by),
        coordinator_at=_moved(request.coordinator_at, by),
    )
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


def _moved(moment: datetime | None, by: timedelta) -> datetime | None:
    return None if moment is None else moment + by


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
