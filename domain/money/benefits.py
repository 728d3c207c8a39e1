"""What a project gives, year by year: hours at a stated wage, yen, people reached, and value that is told, not counted."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from domain.deliverables.base import Evidence
from domain.messages import Frozen

BenefitKind = Literal["hours", "yen", "people", "quality"]
Basis = Literal["expected", "measured"]


class Benefit(Frozen):
    """`per_year` hours, yen or people in each fiscal year from `from_year` to `to_year` (None: as far as one looks).

    Only hours and yen are money: people reached and qualitative value stand beside the balance, never in it.
    """

    key: str
    kind: BenefitKind
    title: str
    basis: Basis = "expected"
    per_year: Decimal | None = None
    wage: int | None = None
    from_year: int
    to_year: int | None = None
    source: Evidence

    @property
    def yen_per_year(self) -> Decimal | None:
        """Hours times the wage stated with them, or yen; None for what is no money.

        Source: time × wage of the International Standard Cost Model Manual (SCM Network, 2005).
        """
        if self.per_year is None or self.kind not in ("hours", "yen"):
            return None
        return self.per_year * (self.wage or 0) if self.kind == "hours" else self.per_year


def money_by_year(benefits: Iterable[Benefit], last: int) -> dict[int, Decimal]:
    """Fiscal year -> yen of all benefits together, up to and with `last`.

    A measured benefit takes the place of the expected one of the same key in the years it covers: what was measured counts.
    """
    found: dict[str, dict[int, Decimal]] = {}
    for benefit in sorted(benefits, key=lambda b: b.basis):  # expected before measured
        amount = benefit.yen_per_year
        if amount is None:
            continue
        ends = last if benefit.to_year is None else min(benefit.to_year, last)
        for year in range(benefit.from_year, ends + 1):
            found.setdefault(benefit.key, {})[year] = amount
    total: dict[int, Decimal] = {}
    for years in found.values():
        for year, amount in years.items():
            total[year] = total.get(year, Decimal(0)) + amount
    return total
