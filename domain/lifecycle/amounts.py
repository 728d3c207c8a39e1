"""Amounts of a budget in their states: names, order, and how one is entered. Used by every fold that learns of an amount."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import get_args

from domain.lifecycle.commands import BudgetState
from domain.lifecycle.state import Budget, BudgetLine, Figure, Lifecycle
from domain.messages import Frozen, Text

STATES: tuple[BudgetState, ...] = get_args(BudgetState)
NAMES: Mapping[str, Text] = {
    "asked": Text(ja="要求額", en="asked"),
    "assessed_section": Text(ja="財政課長査定額", en="assessed by the finance director"),
    "assessed_bureau": Text(ja="財政局長査定額", en="assessed by the finance bureau"),
    "assessed_mayor": Text(ja="市長査定額", en="assessed by the mayor"),
    "indicated": Text(ja="内示額", en="indicated"),
    "appealed": Text(ja="復活要求額", en="restoration asked for"),
    "restored": Text(ja="復活内示額", en="restored"),
    "billed": Text(ja="議案計上額", en="in the bill"),
    "voted": Text(ja="議決額", en="voted"),
    "allotted": Text(ja="配当額", en="allotted"),
    "executed": Text(ja="執行額", en="executed"),
    "settled": Text(ja="決算額", en="settled"),
}
ASSESSED = ("assessed_section", "assessed_bureau", "assessed_mayor")
BEFORE: Mapping[str, tuple[str, ...]] = {
    "asked": (),
    "assessed_section": ("asked",),
    "assessed_bureau": ("asked", "assessed_section"),
    "assessed_mayor": ("asked", "assessed_section", "assessed_bureau"),
    "indicated": ("asked",),
    "appealed": ("asked", "indicated"),
    "restored": ("asked", "indicated", "appealed"),
    "billed": ("asked", "indicated"),
    "voted": ("asked", "indicated"),
    "allotted": ("asked", "indicated", "voted"),
    "executed": ("asked", "indicated", "voted", "allotted"),
    "settled": ("asked", "indicated", "voted", "allotted", "executed"),
}
"""What must be on record before each. Assessments and restoration may be left out, but not half done (`budgets.py`)."""


def window_of(state: Lifecycle, year: int) -> str:
    """The window meant when none is named: the one asked for, else the year's only one, else the initial budget."""
    if state.budget_year == year and state.budget_window:
        return state.budget_window
    budget = state.budgets.get(year)
    keys = list(budget.lines) if budget else []
    return keys[0] if len(keys) == 1 else "initial"


def with_amount(
    budget: Budget,
    window: str,
    state: str,
    amount: int,
    on: date | None,
    *,
    bill: str = "",
    public_on: date | None = None,
) -> Budget:
    """The year's budget with one amount entered; the year's own figures are the sums over its windows."""
    line = budget.lines.get(window, BudgetLine())
    line = line.model_copy(
        update={
            "figures": {**line.figures, state: Figure(amount=amount, on=on)},
            "bill": bill or line.bill,
            "public_on": public_on or line.public_on,
        }
    )
    lines = {**budget.lines, window: line}
    total = sum(found for x in lines.values() if (found := x.amount(state)) is not None)
    return budget.model_copy(update={"lines": lines, state: total})


class Entered(Frozen):
    """One amount on record, in yen. `bill` where it is the assembly's."""

    fiscal_year: int
    window: str
    state: str
    name: Text
    amount: int
    on: date | None
    bill: str


def entered(budgets: Mapping[int, Budget]) -> Iterator[Entered]:
    """Every amount by year, window and state, in the order in which money goes through them."""
    for year, budget in sorted(budgets.items()):
        for window, line in budget.lines.items():
            for state in STATES:
                if (figure := line.figures.get(state)) is not None:
                    bill = line.bill if state in ("billed", "voted") else ""
                    yield Entered(
                        fiscal_year=year,
                        window=window,
                        state=state,
                        name=NAMES[state],
                        amount=figure.amount,
                        on=figure.on,
                        bill=bill,
                    )
