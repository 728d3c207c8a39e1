"""Snapshots and read models made again from the events. What was followed stays followed, what was sent stays sent."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from domain.kinds import Row
from store.projection import insert_rows
from store.replay import Replayed, keys_of, rare_collection, replay
from store.store import Store
from store.tables import READ_MODELS, parse_moment, streams
from store.transaction import stream_columns

_COMPUTED = (
    "version",
    "next_due",
    "closed",
    "state",
    "state_version",
    "fold_version",
    "process_version",
    "last_hash",
    "last_at",
    "title",
)
_UPDATE = (
    sa.update(streams)
    .where(streams.c.stream == sa.bindparam("s"))
    .values({name: sa.bindparam(name) for name in _COMPUTED})
)


def rebuild(store: Store, *, progress: Callable[[int], None] = lambda _: None) -> dict[str, int]:
    """Recreate every read model and snapshot in one transaction; readers see the old rows until it commits, writers wait.

    Returns counts: events, streams, and rows by read model. Raises `Unreadable` (and changes nothing) when an event
    cannot be understood. A stream whose row was lost is followed from its first event again.
    """
    counts = {"events": 0, "streams": 0}
    with rare_collection(), store.database.write() as connection:
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
            _write_streams(connection, chunk)
            for name, rows in pending.items():
                insert_rows(connection, name, rows)
            progress(counts["events"])
    return counts


def _write_streams(connection: sa.Connection, chunk: list[Replayed]) -> None:
    """Snapshots and what else follows from the events, for streams whose rows are there and for those whose are lost."""
    rows = [_columns(replayed) for replayed in chunk]
    if connection.execute(_UPDATE, rows).rowcount == len(rows):
        return
    for replayed, row in zip(chunk, rows, strict=True):
        if connection.execute(_UPDATE, row).rowcount == 0:
            assert replayed.kind is not None
            row["stream"] = row.pop("s")
            followed = 0 if replayed.kind.workflow else replayed.version
            rest = {"kind": replayed.kind.name, "followed": followed, "wake_after": None}
            connection.execute(sa.insert(streams), {**row, **rest})


def _columns(replayed: Replayed) -> Row:
    assert replayed.kind is not None
    last = replayed.rows[-1]
    moment = parse_moment(last["occurred_at"])
    row = stream_columns(replayed.kind, replayed.state, replayed.version, last["hash"], moment)
    return {**row, "s": replayed.stream}
