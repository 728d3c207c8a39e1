"""What the scripted people of one lifecycle go by, and the hours they keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Literal, NamedTuple

from domain.calendar import JST, Calendar, Span, local_day
from domain.messages import Actor, Via

MARK = "〔台本〕"
"""Stands before everything that the rehearsal made up, so that nobody takes it for data."""
_OPENS, _CLOSES = time(8, 30), time(17, 0)
_MINUTES = (*range(10, 210), *range(270, 510))
"""Minutes after opening at which people act: never at lunch."""
Outcome = Literal["expansion", "improvement", "abolition", "continuation", "completion"]


@dataclass(frozen=True)
class Script:
    """One task: how it starts, what its drafters hand in, and how its record says it ended.

    `deliverables` are contents by stage key, whole or in part: what is missing is filled in and marked. `outcome` None means
    that the record knows no decision: the lifecycle stays open. `fate` ends it before its review.
    """

    stream: str
    start: dict[str, Any]
    starts_on: date
    deliverables: dict[str, dict[str, Any]] = field(default_factory=dict)
    outcome: Outcome | None = None
    back_to: str | None = None
    finding: str = ""
    reasons: tuple[str, ...] = ()
    fate: Literal["reviewed", "withdrawn", "rejected"] = "reviewed"


class Intention(NamedTuple):
    """Something a scripted person means to do at a moment; `subject` says on what (a request, a KPI and period, …)."""

    at: datetime
    stream: str
    verb: str
    subject: str = ""


def scripted(person: str, post: str | None = None) -> Actor:
    """A scripted person, acting in a post."""
    return Actor(person=person, capacity=post, via=Via.REHEARSAL, authenticated_by="script")


def dice(*parts: object) -> Random:
    """Chance that depends on the seed and on what it is about, and never on the order in which things are asked."""
    return Random("/".join(map(str, parts)))


def on_day(calendar: Calendar, day: date, rng: Random) -> datetime:
    """A moment within office hours (never at lunch) of `day`, or of the next working day."""
    working = calendar.working_day_from(day)
    minutes = rng.choice(_MINUTES)
    return datetime.combine(working, _OPENS, JST) + timedelta(minutes=minutes, seconds=rng.randrange(60))


def later(calendar: Calendar, now: datetime, days: float, rng: Random) -> datetime:
    """A moment within office hours `days` working days after `now`; under one day: the same day, if it is long enough."""
    if days < 1:
        soon = now.astimezone(JST) + timedelta(minutes=rng.randrange(20, 150))
        if calendar.is_working(soon.date()) and _OPENS <= soon.time() <= _CLOSES and soon.hour != 12:
            return soon
        days = 1
    return on_day(calendar, local_day(calendar.after(now, Span(working_days=int(days)))), rng)


def meeting_day(calendar: Calendar, earliest: date, weeks: Sequence[int] = (1, 3)) -> date:
    """A body's next sitting: these Wednesdays of every month (the council's first and third), or the working day after."""
    day = earliest
    while True:
        if day.weekday() == 2 and (day.day + 6) // 7 in weeks:
            return calendar.working_day_from(day)
        day += timedelta(days=1)
