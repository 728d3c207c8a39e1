"""Reading about feeds. There are few, a handful a project: their states are loaded, no table is kept."""

from __future__ import annotations

import sqlalchemy as sa

from domain.feeds.kind import Feed
from store.queries import rows
from store.store import Store
from store.tables import streams


def all_feeds(store: Store) -> list[Feed]:
    """Every feed ever arranged: those whose last attempt brought nothing first, then by the next due date, ended ones last."""
    query = sa.select(streams.c.stream).where(streams.c.kind == "feed")
    found: list[Feed] = [store.load(r["stream"])[0] for r in rows(store, query)]
    return sorted(
        found,
        key=lambda f: (f.ended is not None, not f.failing, f.next_due.isoformat() if f.next_due else "", f.title),
    )
