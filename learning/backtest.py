"""The forecast put to the test: the last fiscal year is held out, and what was forecast without it stands beside what came.

At the first of April, for each lifecycle that was open then, and at each entry of a stage in the year that was held out, the entry of
the next stage is forecast from what was known on the first of April. Beside it two naive forecasts: that the stage takes what the
definition's due dates add up to, and that it takes the mean of all stages that were finished before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from datetime import time as clock_time
from statistics import mean, median

from domain.calendar import JST, Calendar, fiscal_year, local_day
from domain.messages import Frozen
from domain.process import ProcessDefinition, Stage
from learning.forecast import HIGH, LOW, History, ahead
from learning.ways import END, Way


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
    three alike. `within`: share of `cases` inside the band that promises `promised`. `trained`: stages finished before `cut`."""

    fiscal_year: int
    cut: date
    until: date
    lifecycles: int
    trained: int
    cases: int
    silent: int
    unfinished: int
    errors: tuple[Error, ...]
    within: float | None
    promised: float
    by_stage: dict[str, tuple[int, float, float]]
    """Stage -> cases, mean error of the forecast, mean error of the due dates."""

    def error(self, name: str) -> Error:
        """Raises `StopIteration` where nothing could be compared."""
        return next(e for e in self.errors if e.name == name)


Case = tuple[str, str, datetime, datetime, datetime | None]
"""Stage, section, entered, moment of the forecast, when the next stage was entered (None: not yet)."""


def backtest(
    ways: Sequence[Way], definition: Callable[[str], ProcessDefinition | None], calendar: Calendar, until: datetime
) -> Backtest:
    """Hold out the fiscal year in which the record ends. `definition` gives a published definition by its reference."""
    year = fiscal_year(local_day(until))
    cut = datetime.combine(date(year, 4, 1), clock_time(), JST).astimezone(UTC)
    history = History([w.until(cut) for w in ways], calendar, cut)
    before = _durations(ways, calendar, cut)
    overall = round(mean(before)) if before else 0
    rows: list[tuple[str, int, int, int, bool]] = []
    silent = unfinished = 0
    for way in ways:
        process = definition(way.definition)
        if process is None:
            continue
        for stage, section, entered, asked, there in _cases(way, process, cut):
            gone = calendar.working_days_between(entered, asked)
            goal = (*ahead(process, stage), END)
            basis, curve, _ = history.comparable(stage, section, goal, gone)
            mid = curve.quantile(0.5, gone) if basis != "none" else None
            if mid is None:
                silent += 1
            elif there is None:
                unfinished += 1
            else:
                fact = calendar.working_days_between(entered, there)
                low, high = curve.quantile(LOW, gone), curve.quantile(HIGH, gone)
                inside = (low is None or low <= fact) and (high is None or fact <= high)
                due = max(due_days(process.stage(stage)), gone)
                rows.append((stage, mid - fact, due - fact, max(overall, gone) - fact, inside))
    errors = (
        (
            error("forecast", [r[1] for r in rows]),
            error("due_dates", [r[2] for r in rows]),
            error("overall_mean", [r[3] for r in rows]),
        )
        if rows
        else ()
    )
    return Backtest(
        fiscal_year=year,
        cut=local_day(cut),
        until=local_day(until),
        lifecycles=len(ways),
        trained=len(before),
        cases=len(rows),
        silent=silent,
        unfinished=unfinished,
        errors=errors,
        within=round(mean(r[4] for r in rows), 3) if rows else None,
        promised=round(HIGH - LOW, 3),
        by_stage={
            s: (
                len(own := [r for r in rows if r[0] == s]),
                round(mean(abs(r[1]) for r in own), 1),
                round(mean(abs(r[2]) for r in own), 1),
            )
            for s in dict.fromkeys(r[0] for r in rows)
        },
    )


def error(name: str, differences: Sequence[int]) -> Error:
    """Forecast less fact, summed up.

    Source: MAE, MdAE and ME of R. J. Hyndman, A. B. Koehler, "Another look at measures of forecast accuracy", International Journal of
    Forecasting 22 (2006) 679–688.
    """
    sizes = [abs(d) for d in differences]
    return Error(
        name=name, mean=round(mean(sizes), 2), median=round(median(sizes), 2), bias=round(mean(differences), 2)
    )


def _cases(way: Way, process: ProcessDefinition, cut: datetime) -> Iterable[Case]:
    """What could be asked of one lifecycle: at the cut where it stood then, and at each later entry of a stage. Nothing is forecast of a
    stage that lasts until its review date: the day is fixed."""
    keys = {s.key for s in process.stages}
    for i, (stage, entered) in enumerate(way.steps):
        if stage not in keys or (i == 0 and not way.whole):
            continue
        left = way.steps[i + 1][1] if i + 1 < len(way.steps) else way.over
        if (left is not None and left < cut) or process.stage(stage).repeats:
            continue
        goal = {*ahead(process, stage), END}
        there = next((at for name, at in way.steps[i + 1 :] if name in goal), None)
        yield stage, way.section, entered, max(entered, cut), there


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
