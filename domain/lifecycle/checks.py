"""Checks that a definition may put on the last agreement of a gate (`passes_when`). One function and one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from domain.lifecycle.amounts import window_of
from domain.lifecycle.state import Budget, Lifecycle
from domain.messages import refuse


def budget_indicated(state: Lifecycle) -> None:
    """予算化の関門は内示で通る: the amount indicated for the budget's year must be recorded."""
    year = state.budget_year
    claimed = state.claimed is not None and state.claimed.indicated is not None
    if not claimed and (year is None or state.budgets.get(year, Budget()).indicated is None):
        raise refuse(
            "budget-indicated",
            f"{year}年度の内示額がまだ記録されていません",
            f"the indicated amount (内示額) of FY{year} has not been recorded",
            remedy_ja="財政課が内示額を記録するまで待ってください(`./taskforce budget`)",
            remedy_en="wait until the finance section has recorded it (`./taskforce budget`)",
        )
    carries_small_start(state)


def carries_small_start(state: Lifecycle) -> None:
    """What was indicated (and restored) suffices for the small start of the proposal."""
    year = state.budget_year
    if state.floor is None or year is None:
        return
    line = state.budgets.get(year, Budget()).lines.get(window_of(state, year))
    given = (line.amount("indicated"), line.amount("restored")) if line is not None else (None, None)
    got = given[0] if given[0] is not None else state.claimed.indicated if state.claimed is not None else None
    if got is not None and got + (given[1] or 0) < state.floor:
        raise refuse(
            "budget-below-small-start",
            f"内示額 {got + (given[1] or 0):,} 円はスモールスタートに要る {state.floor:,} 円に届きません",
            f"{got + (given[1] or 0):,} yen indicated do not carry the small start, which needs {state.floor:,}",
            remedy_ja="復活を要求するか、解決策提案に差し戻してください",
            remedy_en="ask for restoration, or send it back to the proposal",
        )


def no_open_promises(state: Lifecycle) -> None:
    """Every condition and promise made so far has been kept."""
    open_ = [p for p in state.promises if p.fulfilled_at is None]
    if open_:
        raise refuse(
            "promises-open",
            "果たされていない約束があります: " + "、".join(p.text for p in open_),
            "promises are still open: " + "; ".join(p.text for p in open_),
            remedy_ja="約束を果たして `./taskforce promise` で記録してください",
            remedy_en="keep them and record it with `./taskforce promise`",
        )


def promises_for(state: Lifecycle, stage: str) -> None:
    """Conditions of earlier agreements that were to be met before this stage's gate."""
    open_ = [p for p in state.promises if p.fulfilled_at is None and p.before == stage]
    if open_:
        raise refuse(
            "promises-open",
            "この関門までに果たすべき条件が残っています: " + "、".join(p.text for p in open_),
            "conditions to be met before this gate are still open: " + "; ".join(p.text for p in open_),
            remedy_ja="条件を果たして `./taskforce promise` で記録してください",
            remedy_en="meet them and record it with `./taskforce promise`",
        )


CHECKS: Mapping[str, Callable[[Lifecycle], None]] = {
    "budget_indicated": budget_indicated,
    "no_open_promises": no_open_promises,
}
