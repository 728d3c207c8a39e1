"""How a forecast would have done on the values that are known: from each earlier value on, the later ones are forecast and compared.

Rolling origin: Hyndman, Athanasopoulos, "Forecasting: Principles and Practice" (3rd ed., 2021), section 5.10. Two ways are tried.

- The least-squares line. Its interval (Montgomery, Peck, Vining, equation 2.45) takes the values as scattered about a line
  independently of each other; a KPI that wanders, bends or levels off breaks that, and then the interval is too narrow.
- The drift: the last value and the mean step so far, each further step counting 0.9 of the one before. The interval is that of
  a random walk with drift (the same, section 5.5, table 5.2). Damping: Gardner, McKenzie, "Forecasting Trends in Time Series",
  Management Science 31 (1985) 1237–1246.

The way that erred less is taken. The line's interval is widened by what its own errors came to: the least factor under which four in
five of them would have lain within, by the rank ⌈level (m + 1)⌉ of m as in split conformal prediction (Lei et al., Journal of the
American Statistical Association 113 (2018)). They are neither many nor independent, so this brings the share near to what is promised
and guarantees nothing.

numpy and scipy are imported where they are used.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

FIRST = 3
"""Values that the earliest forecast rests on: a line needs as many."""
RECENT = 12
"""So many last values are compared: what was long ago says little, and costs as much."""
DAMPING = 0.9
"""Of each step, against the one before. Chosen among 0.8, 0.9 and 1 on rehearsed and made-up rows (ADR 20)."""
WIDEST = 10.0
"""No factor is greater: where the first values lie on a line by chance, any error is infinitely many times its interval."""
_NOTHING = 1e-9
"""Of the greatest value: what differs by less is the same."""


class Tried(NamedTuple):
    """Of each row: whether the line erred less than the drift (or as much), and the factor that widens its interval."""

    line: Any
    factor: Any


def tried(x: Any, y: Any, level: float) -> Tried:
    """Rows of the same length, longer than `FIRST`: days in order, and their values."""
    import numpy as np
    from scipy import special

    count = y.shape[1]
    known = np.arange(max(FIRST, count - RECENT), count)  # so many values are known at each origin
    later = np.arange(count)[None, :] >= known[:, None]
    at, target = np.nonzero(later)
    n = known[at].astype(float)
    x, y = x - x[:, :1], y - y[:, :1]
    sums = [np.cumsum(a, axis=1)[:, known - 1][:, at] for a in (x, y, x * x, x * y, y * y)]
    mean_x, mean_y = sums[0] / n, sums[1] / n
    spread = sums[2] - n * mean_x**2
    together = sums[3] - n * mean_x * mean_y
    slope = np.divide(together, spread, out=np.zeros_like(spread), where=spread > 0)
    rest = np.maximum(sums[4] - n * mean_y**2 - slope * together, 0)
    away = x[:, target] - mean_x
    leverage = np.divide(away**2, spread, out=np.zeros_like(spread), where=spread > 0)
    half = special.stdtrit(n - 2, (1 + level) / 2) * np.sqrt(rest / (n - 2) * (1 + 1 / n + leverage))
    of_line = np.abs(y[:, target] - mean_y - slope * away)
    last = y[:, known - 1][:, at]
    of_drift = np.abs(y[:, target] - last - last / (n - 1) * damped(target - n + 1))
    least = _NOTHING * np.abs(y).max(axis=1, keepdims=True)
    ratio = np.where(of_line <= least, 0, of_line / np.maximum(half, least + np.finfo(float).tiny))
    rank = min(math.ceil(level * (ratio.shape[1] + 1) - 1e-9), ratio.shape[1])
    factor = np.clip(np.partition(ratio, rank - 1, axis=1)[:, rank - 1], 1, WIDEST)
    return Tried(of_line.mean(axis=1) <= of_drift.mean(axis=1) + least[:, 0], factor)


def damped(steps: Any) -> Any:
    """What so many steps come to, the first counting 0.9, each further one 0.9 of that before."""
    return DAMPING * (1 - DAMPING**steps) / (1 - DAMPING)
