"""The floor of `record`: the same rows written by plain SQLAlchemy Core, in one transaction, with nothing read or decided.

Same engine settings (SQLite: WAL, full sync, `BEGIN IMMEDIATE`; PostgreSQL: read committed), same tables, triggers and
indexes, same number of rows with the same bytes, one statement a table and kind of change. It checks nothing: no duplicate, no
version, no rule, no authority; it computes no hash, opens and seals nothing, and it does not queue at SQLite's file lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import sqlalchemy as sa

from bench.walks import TABLES, Change
from store.engine import Database
from store.tables import events, log_head

_TABLES = {t.name: t for t in TABLES}
_HEAD = sa.update(log_head).values(position=log_head.c.position + sa.bindparam("n")).returning(log_head.c.position)


class Floor:
    """Writes changes. `late` takes the log's head after the other rows, else first, as whoever needs its positions does."""

    def __init__(self, database: Database, *, late: bool = False) -> None:
        self._database = database
        self._late = late

    def write(self, changes: Sequence[Change]) -> None:
        """All in one transaction."""
        with self._transaction() as connection:
            for change in changes:
                position = 0 if self._late else self._take(connection, change)
                self._rows(connection, change)
                if self._late:
                    position = self._take(connection, change)
                rows = [row | {"position": position + n} for n, row in enumerate(change.events)]
                connection.execute(_insert("events"), rows)

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        if not self._database.sqlite:
            with self._database.engine.begin() as connection:
                yield connection
            return
        with self._database.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    def _take(self, connection: sa.Connection, change: Change) -> int:
        """The position of the first event."""
        count = len(change.events)
        return int(connection.execute(_HEAD, {"n": count}).scalar_one()) - count + 1

    def _rows(self, connection: sa.Connection, change: Change) -> None:
        for table, key in change.deletes:
            connection.execute(_delete(table), _keyed(key))
        for table, rows in change.inserts:
            connection.execute(_insert(table), rows)
        for table, key, values in change.updates:
            connection.execute(_update(table, tuple(values)), {**_keyed(key), **values})


def _keyed(key: dict[str, Any]) -> dict[str, Any]:
    return {f"k_{name}": value for name, value in key.items()}


def _at(table: sa.Table) -> list[sa.ColumnElement[bool]]:
    return [c == sa.bindparam(f"k_{c.name}") for c in table.primary_key]


@cache
def _insert(table: str) -> sa.Insert:
    return sa.insert(_TABLES[table])


@cache
def _delete(table: str) -> sa.Delete:
    return sa.delete(_TABLES[table]).where(*_at(_TABLES[table]))


@cache
def _update(table: str, columns: tuple[str, ...]) -> sa.Update:
    model = _TABLES[table]
    return sa.update(model).where(*_at(model)).values({name: sa.bindparam(name) for name in columns})


assert events.name in _TABLES
