"""How times are measured and summed up. All moments are aware UTC; days are counted in Japan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from statistics import quantiles

from domain.calendar import DAY_ENDS, JST, Calendar
from domain.messages import Frozen

DAY_BEGINS = time(8, 30)
"""Offices open (JST); they close at `domain.calendar.DAY_ENDS`."""
_MINUTES = (DAY_ENDS.hour - DAY_BEGINS.hour) * 60 + DAY_ENDS.minute - DAY_BEGINS.minute


def working_days(calendar: Calendar, start: datetime, end: datetime) -> float:
    """Office time between two moments, in working days of 8:30 to 17:15; 0 when `end` is not later.

    Unlike `Calendar.working_days_between`, which counts whole days, parts add up to their whole: time waited and time worked
    can be told apart within a day.
    """
    if end <= start:
        return 0.0
    whole = calendar.working_days_between(start, end)
    return max(0.0, whole + _done(calendar, end) - _done(calendar, start))


def calendar_days(start: datetime, end: datetime) -> float:
    """Days of 24 hours."""
    return (end - start).total_seconds() / 86_400


def _done(calendar: Calendar, moment: datetime) -> float:
    """How much of a working day is still missing (as a negative number) at a moment; 0 on closed days, which have none."""
    local = moment.astimezone(JST)
    if not calendar.is_working(local.date()):
        return 0.0
    minutes = (local.hour - DAY_BEGINS.hour) * 60 + local.minute - DAY_BEGINS.minute + local.second / 60
    return min(max(minutes / _MINUTES, 0.0), 1.0) - 1.0


class Spread(Frozen):
    """Median, quartiles, and what four in five do not exceed (`p80`), of `n` values; by linear interpolation (Hyndman & Fan, "Sample
    Quantiles in Statistical Packages", The American Statistician 50 (1996) 361–365, definition 7, the default of R and pandas)."""

    n: int
    q1: float
    median: float
    q3: float
    p80: float
    total: float


def spread(values: Sequence[float]) -> Spread | None:
    """None of nothing."""
    if not values:
        return None
    if len(values) == 1:
        (only,) = values
        return Spread(n=1, q1=only, median=only, q3=only, p80=only, total=only)
    q1, q2, q3 = quantiles(values, n=4, method="inclusive")
    p80 = quantiles(values, n=5, method="inclusive")[3]
    return Spread(
        n=len(values),
        q1=round(q1, 3),
        median=round(q2, 3),
        q3=round(q3, 3),
        p80=round(p80, 3),
        total=round(sum(values), 3),
    )
