"""Attainment: how much of the way from baseline to target has been gone, and how much should have been by a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Literal, NamedTuple

from domain.kpis.aim import Aim, Interim
from domain.kpis.periods import Period, parse
from domain.kpis.types import TYPES


class Level(NamedTuple):
    """Where a KPI stands at the end of a period: the period's own `value`, and the `level` that is held against the target
    (for a cumulative KPI the baseline and all that came since). A tuple, since a portfolio has tens of thousands."""

    period: Period
    value: Decimal
    level: Decimal


def attainment(
    baseline: Decimal, target: Decimal, value: Decimal, direction: Literal["up", "down"] | None = "up"
) -> Decimal:
    """The share of the way from baseline to target that has been gone: (value − baseline) / (target − baseline).

    1 is the target, 0 the baseline, below 0 is worse than the baseline, above 1 more than was aimed at. The sign of
    target − baseline carries the direction, so that the formula holds for both; where target and baseline are equal (to
    keep a level) it is 1 for a value that is no worse, else 0.

    Source: the linear and the flat rule of MetaPulse, "Objective key result progress calculation"
    (help.metapulse.com/en/articles/4461543), here without its floor at 0: that a value fell behind its baseline is the point. In Japanese
    計算式② of 「数値目標の達成率の計算式」 (sabcd.thebase.in/blog/2021/05/28/145350).
    """
    way = target - baseline
    if way:
        return (value - baseline) / way
    return Decimal(int(value <= target if direction == "down" else value >= target))


def levels(aim: Aim, values: Mapping[str, str]) -> list[Level]:
    """The values by the end of their periods. A period whose name cannot be read has no day, and is left out.

    Cumulative: baseline (0 where none is set) + Σ of the values so far. Periods that end before `baseline_on` are part of
    the baseline already, and not counted again.
    """
    dated = [(p, Decimal(v)) for name, v in values.items() if (p := parse(name)) is not None]
    dated.sort(key=lambda d: (d[0].end, d[0].start))
    if not aim.cumulative:
        return [Level(p, v, v) for p, v in dated]
    total = aim.baseline or Decimal(0)
    found = []
    for period, value in dated:
        if aim.baseline_on is None or period.end > aim.baseline_on:
            total += value
            found.append(Level(period, value, total))
    return found


def undated(values: Mapping[str, str]) -> list[str]:
    """Names of periods that cannot be read as days: no figure rests on them."""
    return [name for name in values if parse(name) is None]


def interim_in_force(aim: Aim, day: date) -> Interim | None:
    """The last target on the way (the target itself among them) whose day has come; None before the first."""
    steps = [*aim.interim]
    if aim.target is not None and aim.target_on is not None:
        steps.append(Interim(due=aim.target_on, value=aim.target))
    return max((s for s in steps if s.due <= day), key=lambda s: s.due, default=None)


def expected(aim: Aim, day: date) -> Decimal | None:
    """The value that should have been reached by a day: on the straight lines from the baseline over the interim targets to
    the target, before `baseline_on` the baseline, after `target_on` the target. None where a value or a day is missing.

    Source: the even share by year (20 %, 40 %, … 100 % in a plan of five years) of 多摩市「まち・ひと・しごと創生総合戦略の評価方法(案)」
    (資料6, 2016), taken by days; interim targets of the city's own take its place between their days.
    """
    if aim.baseline is None or aim.target is None or aim.baseline_on is None or aim.target_on is None:
        return None
    way = [(aim.baseline_on, aim.baseline), *((i.due, i.value) for i in aim.interim), (aim.target_on, aim.target)]
    if day <= way[0][0]:
        return aim.baseline
    for (since, low), (until, high) in pairwise(way):
        if day <= until:
            share = Decimal((day - since).days) / Decimal(max((until - since).days, 1))
            return low + (high - low) * share
    return aim.target


def is_worse(aim: Aim, value: Decimal, than: Decimal) -> bool:
    """On the wrong side of a value, by the KPI's direction."""
    return value > than if aim.direction == "down" else value < than


def by_fiscal_year(aim: Aim, values: Mapping[str, str]) -> dict[int, Decimal]:
    """Fiscal year (by its first calendar year) -> the values of the periods that end in it, combined as the KPI's type says;
    hours that accumulate are added up. Empty for a KPI without a type."""
    if aim.type is None:
        return {}
    years: dict[int, list[Decimal]] = {}
    for level in levels(aim.model_copy(update={"accumulates": "point"}), values):
        years.setdefault(level.period.fiscal_year, []).append(level.value)
    combine = TYPES["count"].combine if aim.cumulative else TYPES[aim.type].combine
    return {year: combine(found) for year, found in years.items()}
