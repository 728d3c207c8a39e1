"""The forecast put to the test: the last fiscal year is held out, and what was forecast without it stands beside what came.

At the first of April, for each lifecycle that was open then, and at each entry of a stage in the year that was held out, the entry of
the next stage is forecast from what was known on the first of April. Beside it two naive forecasts: that the stage takes what the
definition's due dates add up to, and that it takes the mean of all stages that were finished before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from statistics import mean, median
from typing import NamedTuple

from domain.calendar import JST, Calendar, fiscal_year, local_day
from domain.messages import Frozen
from domain.process import ProcessDefinition, Stage
from learning.forecast import HIGH, LOW, Held
from learning.history import Basis, History, ahead
from learning.ways import END, Way

YEAR = timedelta(days=365)


class Error(Frozen):
    """Working days between forecast and fact over the same cases: mean and median of the absolute differences, and the mean
    difference (positive: forecast too late)."""

    name: str
    mean: float
    median: float
    bias: float


class Backtest(Frozen):
    """`cases`: forecasts whose outcome came within the held-out year; the errors are theirs. `silent`: too few comparable cases.
    `unfinished`: forecasts of something that had not come by the end; they have no error, so that slow cases are missing from all
    three alike. `trained`: stages finished before `cut`.

    `held`: how often what came lay in the band, of `judged` forecasts: those that came, and of the unfinished ones those of which the
    band had an end that has passed, or none. `within` is their share, `promised` the one that the band promises. `width`: the mean
    working days from one end of a band to the other, of those with an end; `endless`: those without."""

    fiscal_year: int
    cut: date
    until: date
    lifecycles: int
    trained: int
    cases: int
    silent: int
    unfinished: int
    errors: tuple[Error, ...]
    held: int
    judged: int
    within: float | None
    promised: float
    width: float | None
    endless: int
    by_stage: dict[str, tuple[int, float, float]]
    """Stage -> cases, mean error of the forecast, mean error of the due dates."""
    by_basis: dict[str, tuple[int, int]]
    """What the forecast rested on -> how often its band held, of how many."""

    def error(self, name: str) -> Error:
        """Raises `StopIteration` where nothing could be compared."""
        return next(e for e in self.errors if e.name == name)


class Case(NamedTuple):
    """What could be asked of one lifecycle. `there`: when the next stage was entered, else None, and `seen` how far it was watched."""

    stage: str
    section: str
    again: bool
    entered: datetime
    asked: datetime
    there: datetime | None
    seen: datetime


class Tried(NamedTuple):
    """A forecast beside what came, in working days since the stage was entered: `fact` is None where it has not come; `inside` None
    where nobody can say yet."""

    stage: str
    basis: Basis
    gone: int
    low: int | None
    mid: int
    high: int | None
    fact: int | None
    inside: bool | None
    due: int


Definitions = Callable[[str], ProcessDefinition | None]


def backtest(ways: Sequence[Way], definition: Definitions, calendar: Calendar, until: datetime) -> Backtest:
    """Hold out the fiscal year in which the record ends. `definition` gives a published definition by its reference."""
    year = fiscal_year(local_day(until))
    cut = datetime.combine(date(year, 4, 1), clock_time(), JST).astimezone(UTC)
    before = _durations(ways, calendar, cut)
    overall = round(mean(before)) if before else 0
    all_tried, silent = tried(ways, definition, calendar, cut, until)
    came = [(t, t.fact) for t in all_tried if t.fact is not None]
    judged = [t for t in all_tried if t.inside is not None]
    widths = [t.high - t.low for t in judged if t.high is not None and t.low is not None]
    errors = {
        "forecast": [t.mid - fact for t, fact in came],
        "due_dates": [t.due - fact for t, fact in came],
        "overall_mean": [max(overall, t.gone) - fact for t, fact in came],
    }
    return Backtest(
        fiscal_year=year,
        cut=local_day(cut),
        until=local_day(until),
        lifecycles=len(ways),
        trained=len(before),
        cases=len(came),
        silent=silent,
        unfinished=len(all_tried) - len(came),
        errors=tuple(error(name, found) for name, found in errors.items()) if came else (),
        held=_held(judged),
        judged=len(judged),
        within=round(_held(judged) / len(judged), 3) if judged else None,
        promised=round(HIGH - LOW, 3),
        width=round(mean(widths), 1) if widths else None,
        endless=len(judged) - len(widths),
        by_stage={
            s: (
                len(own := [(t, fact) for t, fact in came if t.stage == s]),
                round(mean(abs(t.mid - fact) for t, fact in own), 1),
                round(mean(abs(t.due - fact) for t, fact in own), 1),
            )
            for s in dict.fromkeys(t.stage for t, _ in came)
        },
        by_basis={
            b: (_held(same := [t for t in judged if t.basis == b]), len(same))
            for b in dict.fromkeys(t.basis for t in judged)
        },
    )


def tried(
    ways: Sequence[Way], definition: Definitions, calendar: Calendar, cut: datetime, until: datetime
) -> tuple[list[Tried], int]:
    """Each forecast that could have been given from `cut` on by what was known then, and of how many nothing could be said."""
    history = History([w.until(cut) for w in ways], calendar, cut)
    found: list[Tried] = []
    silent = 0
    for way in ways:
        process = definition(way.definition)
        if process is None:
            continue
        for case in _cases(way, process, cut, until):
            forecast = _tried(history, process, case)
            if forecast is None:
                silent += 1
            else:
                found.append(forecast)
    return found, silent


def held(ways: Sequence[Way], definition: Definitions, calendar: Calendar, now: datetime) -> Held | None:
    """How the bands of the past year did, by what was known a year ago; None where nothing was known."""
    judged = [t for t in tried(ways, definition, calendar, now - YEAR, now)[0] if t.inside is not None]
    return Held(within=_held(judged), cases=len(judged)) if judged else None


def _held(judged: Iterable[Tried]) -> int:
    return sum(t.inside is True for t in judged)


def _tried(history: History, process: ProcessDefinition, case: Case) -> Tried | None:
    days, entered = history.calendar.working_days_between, case.entered
    gone = days(entered, case.asked)
    goal = (*ahead(process, case.stage), END)
    basis, curve, _ = history.comparable(process, case.stage, case.section, case.again, goal, gone)
    mid = curve.quantile(0.5, gone) if basis != "none" else None
    if mid is None:
        return None
    low, high = curve.band(LOW, HIGH, gone)
    fact = days(entered, case.there) if case.there is not None else None
    so_far = fact if fact is not None else days(entered, case.seen)
    inside: bool | None
    if high is not None and so_far > high:
        inside = False
    elif fact is not None or (high is None and (low is None or so_far >= low)):
        inside = low is None or so_far >= low
    else:
        inside = None
    due = max(due_days(process.stage(case.stage)), gone)
    return Tried(case.stage, basis, gone, low, mid, high, fact, inside, due)


def error(name: str, differences: Sequence[int]) -> Error:
    """Forecast less fact, summed up.

    Source: MAE, MdAE and ME of R. J. Hyndman, A. B. Koehler, "Another look at measures of forecast accuracy", International Journal of
    Forecasting 22 (2006) 679–688.
    """
    sizes = [abs(d) for d in differences]
    return Error(
        name=name, mean=round(mean(sizes), 2), median=round(median(sizes), 2), bias=round(mean(differences), 2)
    )


def _cases(way: Way, process: ProcessDefinition, cut: datetime, until: datetime) -> Iterable[Case]:
    """At the cut where it stood then, and each later entry of a stage. Nothing is forecast of a stage that lasts until its review
    date: the day is fixed."""
    keys = {s.key for s in process.stages}
    for i, (stage, entered) in enumerate(way.steps):
        if stage not in keys or (i == 0 and not way.whole):
            continue
        left = way.steps[i + 1][1] if i + 1 < len(way.steps) else way.over
        if (left is not None and left < cut) or process.stage(stage).repeats:
            continue
        goal = {*ahead(process, stage), END}
        there = next((at for name, at in way.steps[i + 1 :] if name in goal), None)
        seen = way.over or until
        yield Case(stage, way.section, way.again(i), entered, max(entered, cut), there, seen)


def _durations(ways: Iterable[Way], calendar: Calendar, cut: datetime) -> list[int]:
    """Working days of all visits that were over at the cut."""
    return [
        calendar.working_days_between(a, b)
        for way in ways
        for (stage, a), (_, b) in zip(way.steps, way.steps[1:], strict=False)
        if stage != END and b < cut
    ]


def due_days(stage: Stage) -> int:
    """What the definition allows for a stage, in working days: its draft and each step of its gate, one after another."""
    spans = (stage.due, *(s.due for s in stage.gate))
    return sum(s.working_days or round((s.seconds or 0) / 86_400) for s in spans)
