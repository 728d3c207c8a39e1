"""Snapshots and read models made again from the events. What was sent stays marked as sent."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from domain.kinds import Row
from store.replay import replay
from store.store import Store
from store.tables import READ_MODELS, streams
from store.transaction import insert_rows


def rebuild(store: Store, *, progress: Callable[[int], None] = lambda _: None) -> dict[str, int]:
    """Recreate every read model and snapshot in one transaction; readers see the old rows until it commits.

    Returns counts: events, streams, and rows by read model.
    """
    counts = {"events": 0, "streams": 0}
    with store.database.write() as connection:
        for table in READ_MODELS.values():
            connection.execute(sa.delete(table))
        pending: dict[str, list[Row]] = {}
        for replayed in replay(store, connection):
            counts["events"] += len(replayed.rows)
            counts["streams"] += 1
            for found in (replayed.entries, replayed.kind.view(replayed.state).rows):
                for table_name, added in found.items():
                    pending.setdefault(table_name, []).extend(added)
                    counts[table_name] = counts.get(table_name, 0) + len(added)
            connection.execute(
                sa.update(streams)
                .where(streams.c.stream == replayed.stream)
                .values(
                    state=replayed.state.model_dump_json(),
                    state_version=replayed.version,
                    fold_version=replayed.kind.fold_version,
                    next_due=replayed.kind.next_due(replayed.state),
                    closed=replayed.kind.closed(replayed.state),
                    process_version=replayed.kind.definition_of(replayed.state),
                )
            )
            if counts["streams"] % 200 == 0:
                _write(connection, pending)
                progress(counts["events"])
        _write(connection, pending)
    return counts


def _write(connection: sa.Connection, pending: dict[str, list[Row]]) -> None:
    for table, rows in pending.items():
        insert_rows(connection, table, rows)
    pending.clear()
