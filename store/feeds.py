"""Reading about feeds. There are few, a handful a project: their states are loaded, no table is kept."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from domain.feeds.kind import Feed
from domain.feeds.messages import stream_of
from domain.messages import Text
from store.queries import rows
from store.store import Store
from store.tables import streams


def troubles(store: Store, lifecycle: str, kpis: Iterable[str]) -> dict[str, Text]:
    """KPI -> why the feed of this lifecycle brings no value, for those that are in trouble."""
    now, found = store.clock.now(), {}
    known = {r["stream"] for r in rows(store, sa.select(streams.c.stream).where(streams.c.kind == "feed"))}
    for kpi in kpis:
        if (stream := stream_of(lifecycle, kpi)) in known and (told := store.load(stream)[0].trouble(now)) is not None:
            found[kpi] = told
    return found


def all_feeds(store: Store) -> list[Feed]:
    """Every feed ever arranged: those whose last attempt brought nothing first, then by the next due date, ended ones last."""
    query = sa.select(streams.c.stream).where(streams.c.kind == "feed")
    found: list[Feed] = [store.load(r["stream"])[0] for r in rows(store, query)]
    return sorted(
        found,
        key=lambda f: (f.ended is not None, not f.failing, f.next_due.isoformat() if f.next_due else "", f.title),
    )
