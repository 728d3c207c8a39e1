"""Snapshots and read models made again from the events. What was followed stays followed, what was sent stays sent."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from domain.kinds import Row
from store.projection import insert_rows
from store.replay import Replayed, keys_of, replay
from store.store import Store
from store.tables import READ_MODELS, parse_moment, streams
from store.transaction import stream_columns

_UPDATE = sa.update(streams).where(streams.c.stream == sa.bindparam("s"))


def rebuild(store: Store, *, progress: Callable[[int], None] = lambda _: None) -> dict[str, int]:
    """Recreate every read model and snapshot in one transaction; readers see the old rows until it commits, writers wait.

    Returns counts: events, streams, and rows by read model. Raises `Unreadable` (and changes nothing) when an event
    cannot be understood. A stream whose row was lost is followed from its first event again.
    """
    counts = {"events": 0, "streams": 0}
    with store.database.write() as connection:
        if not store.database.sqlite:
            # Every writer locks its stream's row first, so that none is half-way while this lock is held.
            connection.execute(sa.text("LOCK TABLE streams IN EXCLUSIVE MODE"))
        for table in READ_MODELS.values():
            connection.execute(sa.delete(table))
        keys = keys_of(connection)
        for chunk in replay(store, connection):
            pending: dict[str, list[Row]] = {}
            for replayed in chunk:
                counts["events"] += len(replayed.rows)
                counts["streams"] += 1
                replayed.fold(keys)
                for name, rows in replayed.rows_now().items():
                    pending.setdefault(name, []).extend(rows)
                    counts[name] = counts.get(name, 0) + len(rows)
                _write_stream(connection, replayed)
            for name, rows in pending.items():
                insert_rows(connection, name, rows)
            progress(counts["events"])
    return counts


def _write_stream(connection: sa.Connection, replayed: Replayed) -> None:
    assert replayed.kind is not None
    last = replayed.rows[-1]
    values = stream_columns(
        replayed.kind, replayed.state, replayed.version, last["hash"], parse_moment(last["occurred_at"])
    )
    if connection.execute(_UPDATE.values(**values), {"s": replayed.stream}).rowcount == 0:
        followed = 0 if replayed.kind.workflow else replayed.version
        rest = {"stream": replayed.stream, "kind": replayed.kind.name, "followed": followed, "wake_after": None}
        connection.execute(sa.insert(streams), {**values, **rest})
