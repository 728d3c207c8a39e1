"""The trend of a KPI, and what it says of its target date: with the interval that holds the value to come.

scipy is imported where it is used: a shell command that shows no trend does not wait for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Literal

from domain.kpis.aim import Aim
from domain.kpis.attainment import Level
from domain.kpis.health import Forecast
from domain.kpis.periods import MONTHS, Period
from domain.kpis.types import bounds
from domain.messages import Frozen, Text
from figures.rolling import damped, tried

LEVEL = 0.8
"""Probability with which the interval holds the value to come."""
MIN_POINTS = 5
"""Fewer periods than this say nothing: a line through four points leaves two degrees of freedom. Ours."""
YEAR = 365.25
"""Days of a year."""
NO_DATE = Text(ja="目標日がないため予測しない", en="no forecast: it has no target date")
MEASURED_UP = Text(ja="目標日までの値が揃っている", en="no forecast: it is measured up to its target date")


class Line(Frozen):
    """A least-squares line: y = intercept + slope · x. `deviation`: residual standard deviation with n − 2 degrees of freedom;
    `mean` and `spread`: x̄ and Σ(x − x̄)²; `determination`: R²."""

    slope: float
    intercept: float
    deviation: float
    determination: float
    points: int
    mean: float
    spread: float


class Trend(Frozen):
    """`per_year`: change a year. `silent`: why there is no forecast."""

    method: Literal["line", "drift", "sum"]
    points: int
    per_year: float | None = None
    forecast: Forecast | None = None
    silent: Text | None = None


def fitted(xs: Sequence[float], ys: Sequence[float]) -> Line:
    """Ordinary least squares by `scipy.stats.linregress`; ValueError for fewer than three points or one x only.

    Held against the certified values of NIST StRD "Norris" (tests).
    """
    import numpy as np
    from scipy import stats

    x, y = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
    if len(x) < 3 or np.ptp(x) == 0:
        raise ValueError("a line needs three points at two places")
    found = stats.linregress(x, y)
    rest = y - (found.intercept + found.slope * x)
    squares = float(rest @ rest)
    about = y - y.mean()
    total = float(about @ about)
    return Line(
        slope=float(found.slope),
        intercept=float(found.intercept),
        deviation=math.sqrt(squares / (len(x) - 2)),
        determination=1 - squares / total if total else 1.0,
        points=len(x),
        mean=float(x.mean()),
        spread=float(((x - x.mean()) ** 2).sum()),
    )


def predicted(line: Line, x: float, level: float = LEVEL) -> tuple[float, float, float]:
    """(value, low, high) of one new observation at `x`: ŷ ± t · s · √(1 + 1/n + (x − x̄)² / Sxx), t with n − 2 degrees of freedom.

    Source: Montgomery, Peck, Vining, "Introduction to Linear Regression Analysis", equation (2.45).
    """
    from scipy import stats

    value = line.intercept + line.slope * x
    t = float(stats.t.ppf((1 + level) / 2, line.points - 2))
    half = t * line.deviation * math.sqrt(1 + 1 / line.points + (x - line.mean) ** 2 / line.spread)
    return value, value - half, value + half


def drifted(values: Sequence[float], steps: int, level: float = LEVEL) -> tuple[float, float, float]:
    """(value, low, high) so many periods after the last: it and the mean step, damped, ± t · s · √(h (1 + h / m)) with s the deviation
    of the m steps so far and t with m − 1 degrees of freedom.

    Source: see `figures.rolling`; the interval is that of a drift which is not damped, m steps being one less than the values.
    """
    import numpy as np
    from scipy import stats

    each = np.diff(np.asarray(values, dtype=float))
    m = len(each)
    middle = float(values[-1] + each.mean() * damped(steps))
    t = float(stats.t.ppf((1 + level) / 2, m - 1))
    half = t * float(each.std(ddof=1)) * math.sqrt(steps * (1 + steps / m))
    return middle, middle - half, middle + half


def summed(values: Sequence[float], more: int, level: float = LEVEL) -> tuple[float, float, float]:
    """(sum, low, high) of `more` values to come, alike and independent of each other as those before: m·x̄ ± m·t·s·√(1/m + 1/n), t with
    n − 1 degrees of freedom.

    Source: Hahn, Meeker, "Statistical Intervals", chapter 4: the prediction interval for the mean of m future observations, times m;
    the same in US EPA, "Statistical Analysis of Groundwater Monitoring Data at RCRA Facilities, Unified Guidance" (2009), 18.2.2.
    """
    import numpy as np
    from scipy import stats

    x = np.asarray(values, dtype=float)
    n = len(x)
    t = float(stats.t.ppf((1 + level) / 2, n - 1))
    half = more * t * float(x.std(ddof=1)) * math.sqrt(1 / more + 1 / n)
    middle = more * float(x.mean())
    return middle, middle - half, middle + half


def trend(aim: Aim, levels: Sequence[Level], *, on: date | None = None, level: float = LEVEL) -> Trend:
    """The trend of the levels (`attainment.levels`), with a forecast to `on` (by default the target's day).

    A point KPI goes on as a line over the ends of its periods, or as a drift from its last value, whichever forecast its own past
    better (`figures.rolling`). A cumulative one is forecast by what the periods to come may bring: its
    totals lie on a line by their making, and their residuals would pretend to a certainty that is not there. Either way the
    periods are taken as alike; a season of the year shows as scatter.
    """
    n, day = len(levels), on or aim.target_on
    method: Literal["line", "drift", "sum"] = "sum" if aim.cumulative else "line"
    if n < MIN_POINTS:
        return Trend(method=method, points=n, silent=too_few(n))
    length = period_days(aim, [x.period for x in levels])
    xs, ys = [x.period.end.toordinal() for x in levels], [float(x.level) for x in levels]
    if method == "sum":
        per_year = sum(float(x.value) for x in levels) / n * YEAR / length
    else:
        line = fitted(xs, ys)
        per_year = line.slope * YEAR
    if day is None:
        return Trend(method=method, points=n, per_year=per_year, silent=NO_DATE)
    if day <= levels[-1].period.end:
        return Trend(method=method, points=n, per_year=per_year, silent=MEASURED_UP)
    more = max(round((day - levels[-1].period.end).days / length), 1)
    if method == "sum":
        total = float(levels[-1].level)
        middle, low, high = (total + v for v in summed([float(x.value) for x in levels], more, level))
    else:
        better, factor = _own_past(xs, ys, level)
        method = "line" if better else "drift"
        middle, low, high = predicted(line, day.toordinal(), level) if better else drifted(ys, more, level)
        if better:
            low, high = middle - factor * (middle - low), middle + factor * (high - middle)
    forecast = within(aim, Forecast(on=day, value=middle, low=low, high=high, level=level, points=n))
    return Trend(method=method, points=n, per_year=per_year, forecast=forecast)


def _own_past(xs: Sequence[float], ys: Sequence[float], level: float) -> tuple[bool, float]:
    """Whether the line did better than the drift, and what widens it."""
    import numpy as np

    found = tried(np.array([xs], dtype=float), np.array([ys], dtype=float), level)
    return bool(found.line[0]), float(found.factor[0])


def too_few(points: int) -> Text:
    return Text(
        ja=f"値が{points}期しかないため予測しない({MIN_POINTS}期から)",
        en=f"no forecast: it would rest on {points} periods, {MIN_POINTS} are needed",
    )


def period_days(aim: Aim, periods: Sequence[Period]) -> float:
    """Days of one period: by the cadence of the KPI, else the middle one of those measured."""
    if aim.cadence is not None:
        return MONTHS[aim.cadence] * YEAR / 12
    lengths = sorted((p.end - p.start).days + 1 for p in periods)
    return float(lengths[len(lengths) // 2])


def within(aim: Aim, forecast: Forecast) -> Forecast:
    """No share is above 100 % and no count below 0: the forecast ends where the KPI's range does."""
    least, most = bounds(aim.type, aim.unit, aim.lowest, aim.highest)
    if least is None and most is None:
        return forecast
    low = -math.inf if least is None else float(least)
    high = math.inf if most is None else float(most)
    cut = {name: min(max(getattr(forecast, name), low), high) for name in ("value", "low", "high")}
    return forecast.model_copy(update=cut)
