"""Trends against published figures, and a portfolio against the trend of each KPI."""

from __future__ import annotations

import math
import random
from datetime import date
from decimal import Decimal as D

import pytest

from domain.kpis.aim import Aim
from domain.kpis.attainment import levels
from figures.portfolio import Subject, refresh
from figures.rolling import FIRST, RECENT, WIDEST, tried
from figures.trend import MIN_POINTS, drifted, fitted, predicted, summed, trend

NORRIS = (
    "0.1 0.2 338.8 337.4 118.1 118.2 888.0 884.6 9.2 10.1 228.1 226.5 668.5 666.3 998.5 996.3 449.1 448.6 778.9 777.0 "
    "559.2 558.2 0.3 0.4 0.1 0.6 778.1 775.5 668.8 666.9 339.3 338.0 448.9 447.5 10.8 11.6 557.7 556.0 228.3 228.1 "
    "998.0 995.8 888.8 887.6 119.6 120.2 0.3 0.3 0.6 0.3 557.6 556.8 339.3 339.1 888.0 887.2 998.5 999.0 778.9 779.0 "
    "10.2 11.1 117.6 118.3 228.9 229.2 668.4 669.1 449.2 448.9 0.2 0.5"
)
"""NIST StRD, linear regression, data set Norris (lower difficulty): y and x of 36 observations, public domain.
https://www.itl.nist.gov/div898/strd/lls/data/Norris.shtml"""

PROPELLANT = (
    "2158.70 15.50 1678.15 23.75 2316.00 8.00 2061.30 17.00 2207.50 5.50 1708.30 19.00 1784.70 24.00 2575.00 2.50 "
    "2357.90 7.50 2256.70 11.00 2165.20 13.00 2399.55 3.75 1779.80 25.00 2336.75 9.75 1765.30 22.00 2053.50 18.00 "
    "2414.40 6.00 2200.50 12.50 2654.20 2.00 1753.70 21.50"
)
"""Montgomery, Peck, Vining, "Introduction to Linear Regression Analysis", example 2.1: shear strength of 20 propellant bonds by
age in weeks."""


def pairs(text: str) -> tuple[list[float], list[float]]:
    numbers = [float(n) for n in text.split()]
    return numbers[1::2], numbers[0::2]


def test_a_line_has_the_certified_values_of_norris() -> None:
    line = fitted(*pairs(NORRIS))
    assert line.points == 36
    assert math.isclose(line.intercept, -0.262323073774029, rel_tol=1e-10)
    assert math.isclose(line.slope, 1.00211681802045, rel_tol=1e-12)
    assert math.isclose(line.deviation, 0.884796396144373, rel_tol=1e-10)
    assert math.isclose(line.determination, 0.999993745883712, rel_tol=1e-12)


def test_the_interval_is_that_of_the_textbook() -> None:
    """Example 2.7: a bond of ten weeks lies between 2048.32 and 2464.32 psi (95 %; the book rounds on its way)."""
    line = fitted(*pairs(PROPELLANT))
    assert (round(line.intercept, 2), round(line.slope, 2)) == (2627.82, -37.15)
    value, low, high = predicted(line, 10, 0.95)
    assert value == pytest.approx(2256.29, abs=0.005)
    assert low == pytest.approx(2048.32, abs=0.15)
    assert high == pytest.approx(2464.32, abs=0.15)


def test_the_interval_of_a_sum_is_that_of_the_mean_in_the_guidance() -> None:
    """US EPA, Unified Guidance (EPA 530/R-09-007, 2009), example 18-2: chrysene at two wells, logarithms; the upper 99 % limit for the
    mean of the next four is 3.85 (3.849427 by R's EnvStats). One-sided 99 % is the upper end of two-sided 98 %."""
    logs = [math.log(ppb) for ppb in (6.9, 27.3, 10.8, 8.9, 15.1, 7.2, 48.4, 7.8)]
    middle, low, high = summed(logs, 4, 0.98)
    assert middle / 4 == pytest.approx(2.5533006, abs=5e-8)
    assert high / 4 == pytest.approx(3.849427, abs=5e-7)
    assert middle - low == pytest.approx(high - middle)


def test_a_sum_to_come_holds_as_often_as_it_says() -> None:
    """The interval's own promise: 80 of 100 sums of six values lie within it (seeded; 3 standard errors of 4,000 trials)."""
    rng, held = random.Random(20260401), 0
    for _ in range(4000):
        values = [rng.gauss(50, 10) for _ in range(18)]
        _, low, high = summed(values[:12], 6, 0.8)
        held += low <= sum(values[12:]) <= high
    assert abs(held / 4000 - 0.8) < 0.019


def kpi(**more: object) -> Aim:
    given = {"key": "k", "title": "t", "unit": "点", "type": "mean", "direction": "up", "baseline": 10, "target": 60}
    return Aim.model_validate({**given, "baseline_on": "2024-12-31", "target_on": "2027-12-31"} | more)


def monthly(*values: float) -> dict[str, str]:
    return {f"{2025 + i // 12}-{i % 12 + 1:02}": str(v) for i, v in enumerate(values)}


def test_a_straight_way_is_forecast_to_its_end_without_doubt() -> None:
    found = trend(own := kpi(), levels(own, monthly(*range(10, 22))))
    assert found.forecast is not None and found.forecast.points == 12 and found.per_year is not None
    assert 11.5 < found.per_year < 12.5
    assert 44 < found.forecast.low <= found.forecast.value <= found.forecast.high < 46.5


def test_too_few_points_say_nothing_and_how_many_there_are() -> None:
    own = kpi()
    for count in range(MIN_POINTS):
        found = trend(own, levels(own, monthly(*range(count))))
        assert found.forecast is None and found.per_year is None
        assert found.silent is not None and f"{count} periods" in found.silent.en and f"{count}期" in found.silent.ja
        assert refresh([Subject(own, monthly(*range(count)))], date(2026, 1, 1))[0].silent == found.silent


def test_no_forecast_without_a_day_or_behind_it() -> None:
    for own in (kpi(target_on=None), kpi(target_on="2025-06-30")):
        found = trend(own, levels(own, monthly(*range(10))))
        assert found.forecast is None and found.silent is not None and found.per_year is not None


def test_a_share_is_never_forecast_above_all() -> None:
    own = kpi(type="ratio", unit="%", target=100)
    found = trend(own, levels(own, monthly(*range(50, 90, 4)))).forecast
    assert found is not None and found.value == found.high == 100


def test_a_total_is_forecast_by_what_the_periods_may_bring() -> None:
    own = kpi(type="count", unit="件", accumulates="cumulative", baseline=0, target=400, cadence="monthly")
    found = trend(own, levels(own, monthly(10, 12, 8, 11, 9, 10, 12, 8, 11, 9, 10, 10)))
    assert found.method == "sum" and found.forecast is not None
    assert found.forecast.value == pytest.approx(120 + 24 * 10)
    assert found.forecast.low < 360 < found.forecast.high


def test_many_at_once_are_the_same_as_one_by_one() -> None:
    rng = random.Random(7)
    subjects = []
    for n in range(60):
        own = kpi(
            type=rng.choice(("mean", "count")),
            target_on=rng.choice(("2027-12-31", None, "2025-03-31")),
            accumulates="point",
        )
        if own.type == "count":
            own = own.model_copy(update={"accumulates": "cumulative", "cadence": rng.choice(("monthly", None))})
        values = [round(10 + i * rng.uniform(-1, 2) + rng.gauss(0, 2), 2) for i in range(n % 24)]
        subjects.append(Subject(own, monthly(*values)))
    for subject, found in zip(subjects, refresh(subjects, date(2026, 12, 1)), strict=True):
        alone = trend(subject.aim, found.levels)
        assert found.silent == alone.silent
        assert (found.per_year is None) == (alone.per_year is None)
        if found.per_year is not None and alone.per_year is not None:
            assert found.per_year == pytest.approx(alone.per_year, rel=1e-9, abs=1e-9)
        assert (found.forecast is None) == (alone.forecast is None)
        if found.forecast is not None and alone.forecast is not None:
            assert found.forecast.points == alone.forecast.points
            for name in ("value", "low", "high"):
                assert getattr(found.forecast, name) == pytest.approx(getattr(alone.forecast, name), rel=1e-8)


def test_figures_use_the_value_that_holds_and_name_what_they_leave_out() -> None:
    own = kpi()
    found = refresh([Subject(own, {"2025-Q1": "35", "Q1": "99"})], date(2025, 4, 2))[0]
    assert found.attained == D("0.5") and list(found.left_out) == ["Q1"]


# --- the past of a row judges its forecast ---------------------------------------------------------------------------


def judged_slowly(xs: list[float], ys: list[float], level: float) -> tuple[bool, float]:
    """As `figures.rolling.tried` says, one forecast after another."""
    of_line, of_drift, ratios = [], [], []
    for known in range(max(FIRST, len(ys) - RECENT), len(ys)):
        line = fitted(xs[:known], ys[:known])
        for later in range(known, len(ys)):
            value, _, high = predicted(line, xs[later], level)
            of_line.append(abs(ys[later] - value))
            of_drift.append(abs(ys[later] - drifted(ys[:known], later - known + 1, level)[0]))
            ratios.append(of_line[-1] / (high - value))
    rank = min(math.ceil(level * (len(ratios) + 1) - 1e-9), len(ratios))
    return sum(of_line) <= sum(of_drift), min(max(sorted(ratios)[rank - 1], 1), WIDEST)


@pytest.mark.parametrize("count", [5, 9, 40])
def test_many_rows_are_judged_as_one_after_another(count: int) -> None:
    import numpy as np

    rng = random.Random(count)
    xs = [[738_000.0 + 91 * i for i in range(count)] for _ in range(20)]
    ys = [[rng.gauss(0, 1)] for _ in xs]
    for row, kept in zip(ys, np.linspace(0, 1, 20), strict=True):
        for _ in range(count - 1):
            row.append(kept * row[-1] + rng.gauss(0.3, 1))
    found = tried(np.array(xs), np.array(ys), 0.8)
    slowly = [judged_slowly(x, y, 0.8) for x, y in zip(xs, ys, strict=True)]
    assert list(found.line) == [line for line, _ in slowly]
    assert 0 < sum(found.line) < 20
    assert list(found.factor) == pytest.approx([factor for _, factor in slowly], rel=1e-6)


def test_a_row_that_levels_off_is_no_longer_a_line() -> None:
    """Up by ten a quarter for a year, then level: the line would go on to 108 in the year after."""
    own = kpi(target_on="2027-12-31", type="index", unit="", cadence="quarterly")
    values = {f"{2025 + i // 4}-Q{i % 4 + 1}": str(v) for i, v in enumerate((10, 20, 30, 40, 41, 40, 41, 40))}
    found = trend(own, levels(own, values))
    assert found.method == "drift" and found.forecast is not None and 40 < found.forecast.value < 60
    assert found.forecast.low < 40 < found.forecast.high
    alike = refresh([Subject(own, values)], date(2027, 1, 5))[0].forecast
    assert (
        alike is not None
        and alike.value == pytest.approx(found.forecast.value)
        and alike.low == pytest.approx(found.forecast.low)
    )


def rows(kind: str, number: int, length: int) -> list[list[float]]:
    """Made-up quarters: scattered about a line, wandering, or levelling off."""
    rng, found = random.Random(f"{kind} 20261127"), []
    for _ in range(number):
        slope, scatter = rng.gauss(0, 1), rng.uniform(0.5, 4)
        row, walked, turn = [], 0.0, rng.uniform(2, 8)
        for t in range(length):
            noise = rng.gauss(0, scatter)
            walked += slope + noise
            row.append(
                {"line": slope * t + noise, "walk": walked, "level": 20 * (1 - math.exp(-t / turn)) + noise / 2}[kind]
            )
        found.append(row)
    return found


@pytest.mark.parametrize("kind", ["line", "walk", "level"])
def test_the_interval_of_four_in_five_holds_about_as_many(kind: str) -> None:
    """Eight and twelve values known, the value a year later. Where the line is right the interval may be wider than it must; the line
    alone holds too few of what wanders or levels off."""
    own, held, alone, asked = kpi(type="index", unit="", target_on=None, cadence="quarterly"), 0, 0, 0
    for row in rows(kind, 150, 16):
        known = levels(own, {f"{2021 + i // 4}-Q{i % 4 + 1}": f"{v:.6f}" for i, v in enumerate(row)})
        xs = [x.period.end.toordinal() for x in known]
        for n in (8, 12):
            found = trend(own, known[:n], on=known[n + 3].period.end).forecast
            assert found is not None
            _, low, high = predicted(fitted(xs[:n], row[:n]), xs[n + 3])
            held += found.low <= row[n + 3] <= found.high
            alone += low <= row[n + 3] <= high
            asked += 1
    assert 0.7 <= held / asked <= 0.95
    assert kind == "line" or alone / asked < 0.6
