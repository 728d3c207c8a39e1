"""Figures of many KPIs at once: the sums of all trends are taken in one pass over flat arrays, the rules one KPI after another.

One KPI goes the same way as a thousand, so that a page and a board never differ; tests hold it against `figures.trend`. Only the
last values, by which rules judge, are made exact decimals here; `KpiFigure.levels` makes the others when they are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from domain.kpis.aim import Aim
from domain.kpis.attainment import Level, levels
from domain.kpis.health import WORSE_FOR, Forecast, Health, Standing, health
from domain.kpis.periods import Period, parse
from domain.kpis.types import bounds
from domain.messages import Text
from figures.rolling import damped, tried
from figures.trend import LEVEL, MEASURED_UP, MIN_POINTS, NO_DATE, YEAR, period_days, too_few


class Subject(NamedTuple):
    """A KPI with its values (period -> value that holds) and the stopping rules it meets, in words. `outdated`: values from before it
    was set anew, which no figure rests on."""

    aim: Aim
    values: Mapping[str, str]
    stops: Sequence[Text] = ()
    outdated: Mapping[str, str] = {}


@dataclass(frozen=True)
class KpiFigure:
    """What is known of a KPI on a day. `attained`: share of the way to the target; `on_the_way`: of what was due by the last
    measured period; `per_year`: the trend's change a year; `silent`: why there is no forecast; `left_out`: periods whose names
    cannot be read."""

    aim: Aim
    values: Mapping[str, str]
    attained: Decimal | None
    on_the_way: Decimal | None
    per_year: float | None
    forecast: Forecast | None
    silent: Text | None
    health: Health
    left_out: Sequence[str]
    outdated: Mapping[str, str]

    @cached_property
    def levels(self) -> list[Level]:
        """Where it stood at the end of each period, see `attainment.levels`."""
        return levels(self.aim, self.values)


class _Row(NamedTuple):
    """One KPI as the arrays take it: its values as text by the ends of their periods, and the last levels."""

    aim: Aim
    texts: Sequence[str]
    ends: Any
    tail: Sequence[Level]
    left_out: Sequence[str]
    length: float


def refresh(subjects: Sequence[Subject], today: date, level: float = LEVEL) -> list[KpiFigure]:
    """The figures of each KPI, in the order given. `today`: the day in Japan; `level`: probability of the forecast's interval."""
    rows = [_row(s) for s in subjects]
    figures = []
    for s, row, (per_year, forecast, silent) in zip(subjects, rows, _trends(rows, level), strict=True):
        standing = Standing(s.aim, row.tail, today, forecast, s.stops, s.outdated)
        figures.append(
            KpiFigure(
                aim=s.aim,
                values=s.values,
                attained=standing.attained,
                on_the_way=standing.on_the_way,
                per_year=per_year,
                forecast=forecast,
                silent=silent,
                health=health(standing),
                left_out=row.left_out,
                outdated=s.outdated,
            )
        )
    return figures


def _row(s: Subject) -> _Row:
    order, periods, ends, left_out = _ordered(tuple(s.values))
    if s.aim.cumulative:
        own = levels(s.aim, s.values)
        ends = np.array([x.period.end.toordinal() for x in own], dtype=float)
        length = period_days(s.aim, [x.period for x in own]) if own else 1.0
        return _Row(s.aim, [str(x.value) for x in own], ends, own[-WORSE_FOR:], left_out, length)
    given = list(s.values.values())
    texts = given if order is None else [given[i] for i in order]
    tail = []
    for period, text in zip(periods[-WORSE_FOR:], texts[-WORSE_FOR:], strict=True):
        value = Decimal(text)
        tail.append(Level(period, value, value))
    return _Row(s.aim, texts, ends, tail, left_out, period_days(s.aim, periods) if periods else 1.0)


@lru_cache(maxsize=4096)
def _ordered(names: tuple[str, ...]) -> tuple[tuple[int, ...] | None, tuple[Period, ...], Any, tuple[str, ...]]:
    """Of some names of periods: their order by their ends (None: as they stand), the periods, the days on which they end, and the
    names that are none. Projects that measure alike share it."""
    dated = [(p, i) for i, name in enumerate(names) if (p := parse(name)) is not None]
    dated.sort(key=lambda d: (d[0].end, d[0].start))
    order = tuple(i for _, i in dated)
    ends = np.array([p.end.toordinal() for p, _ in dated], dtype=float)
    left_out = tuple(name for name in names if parse(name) is None)
    return (None if order == tuple(range(len(names))) else order), tuple(p for p, _ in dated), ends, left_out


_Trend = tuple[float | None, Forecast | None, Text | None]


def _trends(rows: Sequence[_Row], level: float) -> list[_Trend]:
    """As `figures.trend.trend`, for all at once."""
    told: list[_Trend] = [(None, None, too_few(len(r.texts)) if len(r.texts) < MIN_POINTS else None) for r in rows]
    which = [i for i, r in enumerate(rows) if len(r.texts) >= MIN_POINTS]
    if not which:
        return told
    many = [rows[i] for i in which]
    cumulative = np.array([r.aim.cumulative for r in many])
    n = np.array([len(r.texts) for r in many])
    starts = np.concatenate(([0], np.cumsum(n)[:-1]))
    x = np.concatenate([r.ends for r in many])
    y = np.array(list(chain.from_iterable(r.texts for r in many)), dtype=float)
    slope, mean_x, mean_y, spread, deviation, scatter = _sums(x, y, n, starts)
    length = np.array([r.length for r in many])
    last = x[starts + n - 1]
    days = np.array([t.toordinal() if (t := r.aim.target_on) else np.nan for r in many])
    more = np.maximum(np.round((days - last) / length), 1)
    total = np.array([float(r.tail[-1].level) if r.aim.cumulative else 0.0 for r in many])
    line, factor = _own_pasts(x, y, np.where(cumulative, 0, n), starts, level)
    first, latest = y[starts], y[starts + n - 1]
    steps = _steps(y, n, starts, (latest - first) / (n - 1))
    ways = [cumulative, line]
    middle = np.select(
        ways,
        [total + more * mean_y, mean_y + slope * (days - mean_x)],
        latest + (latest - first) / (n - 1) * damped(more),
    )
    half = _quantile(level, np.where(cumulative, n - 1, n - 2)) * np.select(
        ways,
        [
            more * scatter * np.sqrt(1 / more + 1 / n),
            factor * deviation * np.sqrt(1 + 1 / n + (days - mean_x) ** 2 / spread),
        ],
        steps * np.sqrt(more * (1 + more / (n - 1))),
    )
    ranges = [bounds(r.aim.type, r.aim.unit, r.aim.lowest, r.aim.highest) for r in many]
    least = np.array([-math.inf if low is None else float(low) for low, _ in ranges])
    most = np.array([math.inf if high is None else float(high) for _, high in ranges])
    per_year = (np.where(cumulative, mean_y / length, slope) * YEAR).tolist()
    cut = [np.clip(a, least, most).tolist() for a in (middle, middle - half, middle + half)]
    ahead = (days > last).tolist()
    for at, (i, r, value, low, high) in enumerate(zip(which, many, *cut, strict=True)):
        day = r.aim.target_on
        if day is None or not ahead[at]:
            told[i] = (per_year[at], None, NO_DATE if day is None else MEASURED_UP)
        else:
            forecast = Forecast(on=day, value=value, low=low, high=high, level=level, points=len(r.texts))
            told[i] = (per_year[at], forecast, None)
    return told


def _own_pasts(x: Any, y: Any, n: Any, starts: Any, level: float) -> tuple[Any, Any]:
    """As `figures.rolling.tried`, for rows of any length (0: not asked), those of one length at once."""
    line, factor = np.ones(len(n), dtype=bool), np.ones(len(n))
    for count in np.unique(n[n > 0]):
        alike = np.flatnonzero(n == count)
        places = starts[alike, None] + np.arange(count)
        line[alike], factor[alike] = tried(x[places], y[places], level)
    return line, factor


def _steps(y: Any, n: Any, starts: Any, mean_step: Any) -> Any:
    """The deviation (n − 2) of the steps from value to value of each row."""
    each = np.diff(y, prepend=y[0]) - np.repeat(mean_step, n)
    each[starts] = 0
    return np.sqrt(np.add.reduceat(each * each, starts) / (n - 2))


def _sums(x: Any, y: Any, n: Any, starts: Any) -> tuple[Any, Any, Any, Any, Any, Any]:
    """Least squares of each row of flat arrays: slope, x̄, ȳ, Sxx, residual deviation (n − 2), deviation of y (n − 1). Sources of these and
    of the intervals: `figures.trend`.

    Taken about the means, since days since year 1 squared would eat the digits."""
    mean_x, mean_y = np.add.reduceat(x, starts) / n, np.add.reduceat(y, starts) / n
    about_x, about_y = x - np.repeat(mean_x, n), y - np.repeat(mean_y, n)
    spread = np.add.reduceat(about_x * about_x, starts)
    squares = np.add.reduceat(about_y * about_y, starts)
    slope = np.add.reduceat(about_x * about_y, starts) / spread
    rest = about_y - np.repeat(slope, n) * about_x
    deviation = np.sqrt(np.add.reduceat(rest * rest, starts) / (n - 2))
    return slope, mean_x, mean_y, spread, deviation, np.sqrt(squares / (n - 1))


def _quantile(level: float, degrees: Any) -> Any:
    """Student's t for a two-sided interval, by degrees of freedom."""
    from scipy import special

    return special.stdtrit(degrees, (1 + level) / 2)
