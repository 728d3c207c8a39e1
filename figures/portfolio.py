"""Figures of many KPIs at once: the sums of all trends are taken in one pass over flat arrays, the rules one KPI after another.

One KPI goes the same way as a thousand, so that a page and a board never differ; tests hold it against `figures.trend`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from domain.kpis.aim import Aim
from domain.kpis.attainment import Level, levels, undated
from domain.kpis.health import Forecast, Health, Standing, health
from domain.messages import Text
from figures.trend import LEVEL, MIN_POINTS, YEAR, period_days, too_few, within


class Subject(NamedTuple):
    """A KPI with its values (period -> value that holds) and the stopping rules it meets, in words."""

    aim: Aim
    values: Mapping[str, str]
    stops: Sequence[Text] = ()


class KpiFigure(NamedTuple):
    """What is known of a KPI on a day. `attained`: share of the way to the target; `on_the_way`: of what was due by the last
    measured period; `per_year`: the trend's change a year; `silent`: why there is no forecast; `left_out`: periods whose names
    cannot be read."""

    aim: Aim
    levels: Sequence[Level]
    attained: Decimal | None
    on_the_way: Decimal | None
    per_year: float | None
    forecast: Forecast | None
    silent: Text | None
    health: Health
    left_out: Sequence[str]


def refresh(subjects: Sequence[Subject], today: date, level: float = LEVEL) -> list[KpiFigure]:
    """The figures of each KPI, in the order given. `today`: the day in Japan; `level`: probability of the forecast's interval."""
    found = [levels(s.aim, s.values) for s in subjects]
    trends = _trends([s.aim for s in subjects], found, level)
    figures = []
    for s, own, (per_year, forecast, silent) in zip(subjects, found, trends, strict=True):
        standing = Standing(aim=s.aim, levels=own, today=today, forecast=forecast, stops=s.stops)
        figures.append(
            KpiFigure(
                aim=s.aim,
                levels=own,
                attained=standing.attained,
                on_the_way=standing.on_the_way,
                per_year=per_year,
                forecast=forecast,
                silent=silent,
                health=health(standing),
                left_out=undated(s.values) if len(own) != len(s.values) else (),
            )
        )
    return figures


_Trend = tuple[float | None, Forecast | None, Text | None]
_NO_DATE = Text(ja="目標日がないため予測しない", en="no forecast: it has no target date")
_REACHED = Text(ja="目標日までの値が揃っている", en="no forecast: it is measured up to its target date")


def _trends(aims: Sequence[Aim], found: Sequence[Sequence[Level]], level: float) -> list[_Trend]:
    """As `figures.trend.trend`, for all at once."""
    told: list[_Trend] = [(None, None, too_few(len(own))) for own in found]
    rows = [i for i, own in enumerate(found) if len(own) >= MIN_POINTS]
    if not rows:
        return told
    many = [found[i] for i in rows]
    cumulative = np.array([aims[i].cumulative for i in rows])
    n = np.array([len(own) for own in many])
    starts = np.concatenate(([0], np.cumsum(n)[:-1]))
    ends = [x.period.end.toordinal() for x in chain.from_iterable(many)]
    held = [float(x.value if c else x.level) for own, c in zip(many, cumulative, strict=True) for x in own]
    x, y = np.array(ends, dtype=float), np.array(held)
    slope, mean_x, mean_y, spread, deviation, scatter = _sums(x, y, n, starts)
    length = np.array([period_days(aims[i], found[i]) if aims[i].cumulative else 1.0 for i in rows])
    per_year = np.where(cumulative, mean_y / length, slope) * YEAR
    last = np.array([own[-1].period.end.toordinal() for own in many], dtype=float)
    days = np.array([t.toordinal() if (t := aims[i].target_on) else np.nan for i in rows])
    more = np.maximum(np.round((days - last) / length), 1)
    total = np.array([float(own[-1].level) for own in many])
    middle = np.where(cumulative, total + more * mean_y, mean_y + slope * (days - mean_x))
    t = _quantile(level, np.where(cumulative, n - 1, n - 2))
    half = t * np.where(
        cumulative,
        more * scatter * np.sqrt(1 / more + 1 / n),
        deviation * np.sqrt(1 + 1 / n + (days - mean_x) ** 2 / spread),
    )
    for at, i in enumerate(rows):
        day, change = aims[i].target_on, float(per_year[at])
        if day is None:
            told[i] = (change, None, _NO_DATE)
        elif day.toordinal() <= last[at]:
            told[i] = (change, None, _REACHED)
        else:
            value, around = float(middle[at]), float(half[at])
            told[i] = (change, within(aims[i], _forecast(day, value, around, level, int(n[at]))), None)
    return told


def _forecast(day: date, value: float, half: float, level: float, points: int) -> Forecast:
    return Forecast(on=day, value=value, low=value - half, high=value + half, level=level, points=points)


def _sums(x: Any, y: Any, n: Any, starts: Any) -> tuple[Any, Any, Any, Any, Any, Any]:
    """Least squares of each row of flat arrays: slope, x̄, ȳ, Sxx, residual deviation (n − 2), deviation of y (n − 1).

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
