"""Rows of the read models: what differs between two views of a stream is written, the rest is left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from domain.kinds import Row
from store.tables import READ_MODELS

Keyed = dict[str, dict[tuple[Any, ...], Row]]
"""Table -> primary key -> row."""


def keyed(rows: Mapping[str, list[Row]]) -> Keyed:
    """A view's rows by their primary keys."""
    return {t: {tuple(r[c.name] for c in READ_MODELS[t].primary_key): r for r in found} for t, found in rows.items()}


def write_rows(
    connection: sa.Connection, changes: Sequence[tuple[Keyed, Keyed]], entries: Mapping[str, list[Row]]
) -> None:
    """Turn the rows before into the rows after, stream by stream, and add `entries`. Deletes come before inserts."""
    inserts: dict[str, list[Row]] = {table: list(rows) for table, rows in entries.items()}
    for before, after in changes:
        for table, rows in after.items():
            known = before.get(table, {})
            _delete(connection, table, [key for key in known if key not in rows])
            for key, row in rows.items():
                if key not in known:
                    inserts.setdefault(table, []).append(row)
                elif row != known[key]:
                    changed = {c: v for c, v in row.items() if v != known[key].get(c)}
                    connection.execute(sa.update(READ_MODELS[table]).where(*_at(table, key)).values(**changed))
    for table, added in inserts.items():
        insert_rows(connection, table, added)


def insert_rows(connection: sa.Connection, table: str, rows: list[Row]) -> None:
    """Insert read-model rows; a table marked `upsert` takes the last of several rows with one key."""
    if not rows:
        return
    model = READ_MODELS[table]
    if not model.info.get("upsert"):
        connection.execute(sa.insert(model), rows)
        return
    make: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    for row in rows:
        statement = make(model).values(**row)
        rest = {c.name: statement.excluded[c.name] for c in model.c if not c.primary_key}
        connection.execute(
            statement.on_conflict_do_update(index_elements=[c.name for c in model.primary_key], set_=rest)
        )


def _delete(connection: sa.Connection, table: str, keys: list[tuple[Any, ...]]) -> None:
    if keys:
        names = [f"k_{c.name}" for c in READ_MODELS[table].primary_key]
        connection.execute(_deletion(table), [dict(zip(names, key, strict=True)) for key in keys])


@cache
def _deletion(table: str) -> sa.Delete:
    model = READ_MODELS[table]
    return sa.delete(model).where(*(c == sa.bindparam(f"k_{c.name}") for c in model.primary_key))


def _at(table: str, key: tuple[Any, ...]) -> list[sa.ColumnElement[bool]]:
    return [c == v for c, v in zip(READ_MODELS[table].primary_key, key, strict=True)]
