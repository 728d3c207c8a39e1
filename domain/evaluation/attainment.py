"""How much of the way from baseline to target a value has gone. The one place where that is computed for evaluations."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal


def attainment(baseline: Decimal, target: Decimal, value: Decimal, direction: Literal["up", "down"]) -> Decimal:
    """The share of the way from `baseline` to `target`: (value - baseline) / (target - baseline).

    All in the KPI's own unit; the result has none: 0 at the baseline, 1 at the target, more beyond it, negative when worse than
    the baseline. Where baseline and target are the same (a level to be kept) it is 1 while the value is as good, and -1 once
    it is worse; `direction` (which way is better) matters for that case alone, since a target lies on the better side.
    The formula is that of linear interpolation; it is ours to choose, no official page prescribes one.
    """
    if target != baseline:
        return (value - baseline) / (target - baseline)
    kept = value >= target if direction == "up" else value <= target
    return Decimal(1) if kept else Decimal(-1)
