"""Notices owed, as rows written by `record`: taken, sent and marked by the channels; and how the channels are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.kinds import Row
from store.spreading import NOBODY, TO_PEOPLE, spread
from store.store import Store
from store.tables import channel_health, deliveries

_KEY = (deliveries.c.event_id, deliveries.c.recipient, deliveries.c.channel)
UNSETTLED = ("in_doubt", "failed")
"""States that wait for an operator: begun by a process that died, or refused for good."""


def take(store: Store, channel: str, limit: int = 500) -> list[Row]:
    """Mark notices that are due as being sent and return them, oldest first."""
    query = sa.select(deliveries).where(_due(store, channel))
    return _taken(store, query.order_by(deliveries.c.created_at, deliveries.c.event_id).limit(limit))


def take_message(store: Store, channel: str) -> list[Row]:
    """The notices of one message: the oldest, and with a digest all that the same recipient's next one holds."""
    if channel == TO_PEOPLE:
        _hand_on(store)
    with store.database.read() as connection:
        query = sa.select(deliveries).where(_due(store, channel))
        first = connection.execute(
            query.order_by(deliveries.c.created_at, deliveries.c.event_id).limit(1)
        ).one_or_none()
    if first is None:
        return []
    one = sa.select(deliveries).where(_due(store, channel), deliveries.c.recipient == first.recipient)
    if first.digest == "immediate":
        one = one.where(deliveries.c.event_id == first.event_id)
    else:
        one = one.where(deliveries.c.digest == first.digest)
    return _taken(store, one.order_by(deliveries.c.created_at, deliveries.c.event_id).limit(200))


def _hand_on(store: Store) -> None:
    """What is to be sent again to a post where nobody was there goes to whoever is there by now."""
    waiting = sa.select(deliveries).where(_due(store, TO_PEOPLE), deliveries.c.recipient.not_like("person:%"))
    with store.database.read() as connection:
        found = [dict(r) for r in connection.execute(waiting).mappings()]
    if not found:
        return
    with store.database.write() as connection:
        for row in found:
            if spread(store, connection, [row], [TO_PEOPLE]):
                _mark(connection, [row], {"state": "sent", "sent_at": store.clock.now(), "problem": None})
            else:
                _mark(connection, [row], {"state": "failed", "problem": NOBODY})


def _taken(store: Store, query: sa.Select[Any]) -> list[Row]:
    with store.database.write() as connection:
        if not store.database.sqlite:
            query = query.with_for_update(skip_locked=True)
        found = [dict(r) for r in connection.execute(query).mappings()]
        if found:
            _mark(connection, found, {"state": "sending", "attempts": deliveries.c.attempts + 1})
    return found


def _due(store: Store, channel: str) -> sa.ColumnElement[bool]:
    now = store.clock.now()
    early = sa.or_(deliveries.c.not_before.is_(None), deliveries.c.not_before <= now)
    return sa.and_(deliveries.c.channel == channel, deliveries.c.state == "pending", early)


def mark(
    store: Store, rows: Sequence[Row], state: str, sent_at: datetime | None = None, problem: str | None = None
) -> None:
    """Mark notices as `sent`, `pending` (to be tried again), `in_doubt`, or `failed` with what stands against it."""
    with store.database.write() as connection:
        _mark(connection, rows, {"state": state, "sent_at": sent_at, "problem": problem})


def delivered(store: Store, rows: Sequence[Row], onward: Sequence[str]) -> None:
    """Mark notices of the in-app inbox as sent, and owe their messages on the channels that lead out of it."""
    with store.database.write() as connection:
        if onward:
            spread(store, connection, rows, onward)
        _mark(connection, rows, {"state": "sent", "sent_at": store.clock.now(), "problem": None})


def left_behind(store: Store, channel: str) -> list[Row]:
    """Notices that a process had begun to send when it died."""
    with store.database.read() as connection:
        query = sa.select(deliveries).where(deliveries.c.channel == channel, deliveries.c.state == "sending")
        return [dict(r) for r in connection.execute(query).mappings()]


def waiting(store: Store) -> dict[str, int]:
    """How many notices wait to be sent now, by channel."""
    with store.database.read() as connection:
        query = (
            sa.select(deliveries.c.channel, sa.func.count())
            .where(deliveries.c.state == "pending")
            .where(sa.or_(deliveries.c.not_before.is_(None), deliveries.c.not_before <= store.clock.now()))
            .group_by(deliveries.c.channel)
        )
        return {row[0]: row[1] for row in connection.execute(query)}


def counted(store: Store) -> list[Row]:
    """How many notices stand in which state, by channel."""
    columns = (deliveries.c.channel, deliveries.c.state)
    with store.database.read() as connection:
        query = sa.select(*columns, sa.func.count().label("count")).group_by(*columns).order_by(*columns)
        return [dict(r) for r in connection.execute(query).mappings()]


def listed(store: Store, channel: str, state: str, limit: int, offset: int = 0) -> list[Row]:
    """Notices of a channel in a state, newest first."""
    query = sa.select(deliveries).where(deliveries.c.channel == channel, deliveries.c.state == state)
    query = query.order_by(deliveries.c.created_at.desc(), deliveries.c.event_id, deliveries.c.recipient)
    with store.database.read() as connection:
        return [dict(r) for r in connection.execute(query.limit(limit).offset(offset)).mappings()]


def unsettled(store: Store, channel: str | None = None, limit: int = 200) -> list[Row]:
    """Notices that wait for an operator, oldest first."""
    query = sa.select(deliveries).where(deliveries.c.state.in_(UNSETTLED))
    if channel is not None:
        query = query.where(deliveries.c.channel == channel)
    with store.database.read() as connection:
        query = query.order_by(deliveries.c.created_at, deliveries.c.event_id).limit(limit)
        return [dict(r) for r in connection.execute(query).mappings()]


def decide_on(store: Store, chosen: Sequence[Row], *, arrived: bool) -> None:
    """Notices that were unsettled had arrived after all, or are to be sent again."""
    if not chosen:
        return
    mark(store, chosen, "sent" if arrived else "pending", store.clock.now() if arrived else None)


def failing(store: Store, channel: str, problem: str) -> int:
    """Note that a channel could not send. Returns how many times in a row by now."""
    now = store.clock.now()
    with store.database.write() as connection:
        known = connection.execute(sa.select(channel_health).where(channel_health.c.channel == channel)).one_or_none()
        if known is None:
            row = {"channel": channel, "since": now, "last_at": now, "failures": 1, "problem": problem}
            connection.execute(sa.insert(channel_health), row)
            return 1
        update = sa.update(channel_health).where(channel_health.c.channel == channel)
        connection.execute(update.values(last_at=now, failures=known.failures + 1, problem=problem))
        return int(known.failures) + 1


def working(store: Store, channel: str) -> None:
    """The channel sends (again)."""
    with store.database.write() as connection:
        connection.execute(sa.delete(channel_health).where(channel_health.c.channel == channel))


def health(store: Store) -> list[Row]:
    """Channels that could not send the last time, with since when and why."""
    with store.database.read() as connection:
        query = sa.select(channel_health).order_by(channel_health.c.channel)
        return [dict(r) for r in connection.execute(query).mappings()]


def _mark(connection: sa.Connection, rows: Sequence[Row], values: dict[str, Any]) -> None:
    statement = (
        sa.update(deliveries)
        .where(*(c == sa.bindparam(f"k_{c.name}") for c in _KEY))
        .values({deliveries.c[k]: v for k, v in values.items()})
    )
    connection.execute(statement, [{f"k_{c.name}": r[c.name] for c in _KEY} for r in rows])
