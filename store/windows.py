"""Which lifecycles aim at which window of the budget."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from store.queries import rows
from store.store import Store
from store.tables import budget_windows, lifecycles


def aiming(store: Store) -> dict[tuple[int, str], int]:
    """(fiscal year, window) -> how many open lifecycles aim at it, handed in or not."""
    c = budget_windows.c
    query = sa.select(c.fiscal_year, c.window, sa.func.count().label("count")).group_by(c.fiscal_year, c.window)
    return {(r["fiscal_year"], r["window"]): r["count"] for r in rows(store, query)}


def board(store: Store, *, shown: int = 200) -> list[dict[str, Any]]:
    """Open lifecycles with the window each aims at, those that close first on top; held ones too, since windows do not wait."""
    c, of = budget_windows.c, lifecycles.c
    query = (
        sa.select(budget_windows, of.title, of.ref, of.stage, of.bureau, of.health, of.held)
        .join(lifecycles, of.stream == c.stream)
        .order_by(c.handed_in, c.closes_at, c.fiscal_year, of.ref, c.stream)
        .limit(shown)
    )
    return [dict(r) for r in rows(store, query)]
