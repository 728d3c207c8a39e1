"""Notices owed, as rows written by `record`: taken, sent and marked by the channels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.kinds import Row
from store.store import Store
from store.tables import deliveries

_KEY = (deliveries.c.event_id, deliveries.c.recipient, deliveries.c.channel)


def take(store: Store, channel: str, limit: int = 500) -> list[Row]:
    """Mark waiting notices as being sent and return them, oldest first."""
    waiting = sa.and_(deliveries.c.channel == channel, deliveries.c.state == "pending")
    with store.database.write() as connection:
        query = (
            sa.select(deliveries).where(waiting).order_by(deliveries.c.created_at, deliveries.c.event_id).limit(limit)
        )
        if not store.database.sqlite:
            query = query.with_for_update(skip_locked=True)
        found = [dict(r) for r in connection.execute(query).mappings()]
        if found:
            _mark(connection, found, {"state": "sending", "attempts": deliveries.c.attempts + 1})
    return found


def mark(store: Store, rows: Sequence[Row], state: str, sent_at: datetime | None = None) -> None:
    """Mark notices as `sent`, `pending` (to be tried again) or `in_doubt`."""
    with store.database.write() as connection:
        _mark(connection, rows, {"state": state, "sent_at": sent_at})


def left_behind(store: Store, channel: str) -> list[Row]:
    """Notices that a process had begun to send when it died."""
    with store.database.read() as connection:
        query = sa.select(deliveries).where(deliveries.c.channel == channel, deliveries.c.state == "sending")
        return [dict(r) for r in connection.execute(query).mappings()]


def waiting(store: Store) -> dict[str, int]:
    """How many notices wait, by channel."""
    with store.database.read() as connection:
        query = (
            sa.select(deliveries.c.channel, sa.func.count())
            .where(deliveries.c.state == "pending")
            .group_by(deliveries.c.channel)
        )
        return {row[0]: row[1] for row in connection.execute(query)}


def _mark(connection: sa.Connection, rows: Sequence[Row], values: dict[str, Any]) -> None:
    statement = (
        sa.update(deliveries)
        .where(*(c == sa.bindparam(f"k_{c.name}") for c in _KEY))
        .values({deliveries.c[k]: v for k, v in values.items()})
    )
    connection.execute(statement, [{f"k_{c.name}": r[c.name] for c in _KEY} for r in rows])
