"""Stopping rules that a machine can read: when a value has been on the wrong side for long enough, and in which words.

A row of periods is one of measured periods: one that was not measured neither counts nor begins the row anew, so that silence
never saves a project. The rules and how they count are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Literal

from domain.kpis.aim import Aim
from domain.kpis.attainment import Level, is_worse, levels
from domain.messages import Frozen, Text

CONTRADICTED_AFTER = 2
"""Periods in a row that must be worse than the baseline before a supported hypothesis counts as contradicted, where the KPI
setting names no other number. Ours."""


class Criterion(Frozen):
    """Stop when `kpi` has been below (or above) `value` in so many periods in a row. A cumulative KPI is taken by its total."""

    kpi: str
    when: Literal["below", "above"]
    value: Decimal
    periods: int = 1

    @property
    def key(self) -> str:
        return f"{self.kpi} {self.when} {self.value} x{self.periods}"


class Row(Frozen):
    """The periods in a row by which a rule was met, the last value, and the rule in words."""

    periods: tuple[str, ...]
    value: Decimal
    words: Text


def number(value: Decimal) -> str:
    """A value as people write it: 1,200 or 12.5, no zeros behind, at most four decimals."""
    short = round(value, 4)
    text = f"{short:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def met(criterion: Criterion, aim: Aim, values: Mapping[str, str], judged: Collection[str] = ()) -> Row | None:
    """The last row of periods that meets a criterion, or None. `judged`: periods on which a review has decided already."""
    side = (lambda v: v < criterion.value) if criterion.when == "below" else (lambda v: v > criterion.value)
    row = _last_row(levels(aim, values), side, criterion.periods, judged)
    if not row:
        return None
    ja = "下回る" if criterion.when == "below" else "上回る"
    bound = number(criterion.value)
    return Row(
        periods=tuple(x.period.name for x in row),
        value=row[-1].level,
        words=Text(
            ja=f"中止の基準: {aim.title}が{len(row)}期続けて{bound}{aim.unit}を{ja}"
            f"({row[-1].period.name}: {number(row[-1].level)}、基準 {criterion.periods}期)",
            en=f"stopping criterion: {aim.key} {criterion.when} {bound} in {len(row)} periods in a row "
            f"({row[-1].period.name}: {number(row[-1].level)}; the rule asks for {criterion.periods})",
        ),
    )


def contradiction(
    aim: Aim, values: Mapping[str, str], after: int = CONTRADICTED_AFTER, judged: Collection[str] = ()
) -> Row | None:
    """The last row of periods in which a KPI is worse than its baseline, long enough to speak against the hypothesis it rests
    on; None where it rests on none or has no baseline."""
    if aim.rests_on is None or aim.baseline is None:
        return None
    baseline = aim.baseline
    row = _last_row(levels(aim, values), lambda v: is_worse(aim, v, baseline), after, judged)
    if not row:
        return None
    return Row(
        periods=tuple(x.period.name for x in row),
        value=row[-1].level,
        words=Text(
            ja=f"仮説{aim.rests_on}は支持されたが、{aim.title}は{len(row)}期続けて基準値{number(baseline)}{aim.unit}より悪い"
            f"({row[-1].period.name}: {number(row[-1].level)})",
            en=f"hypothesis {aim.rests_on} was supported, yet {aim.key} is worse than its baseline {number(baseline)} "
            f"in {len(row)} periods in a row ({row[-1].period.name}: {number(row[-1].level)})",
        ),
    )


def _last_row(
    found: Sequence[Level], side: Callable[[Decimal], bool], length: int, judged: Collection[str]
) -> list[Level]:
    """The last unbroken row of at least `length` periods on that side; empty when there is none."""
    best: list[Level] = []
    row: list[Level] = []
    for level in found:
        if level.period.name in judged:
            continue
        row = [*row, level] if side(level.level) else []
        if len(row) >= length:
            best = row
    return best
