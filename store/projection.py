"""Rows of the read models: what differs between two views of a stream is written, the rest is left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from domain.kinds import Row
from store.engine import insertion
from store.tables import READ_MODELS, person_keys

Keyed = dict[str, dict[tuple[Any, ...], Row]]
"""Table -> primary key -> row."""


def keyed(rows: Mapping[str, list[Row]]) -> Keyed:
    """A view's rows by their primary keys."""
    return {t: {tuple(r[c.name] for c in READ_MODELS[t].primary_key): r for r in found} for t, found in rows.items()}


def write_rows(
    connection: sa.Connection, changes: Sequence[tuple[Keyed, Keyed]], entries: Mapping[str, list[Row]]
) -> None:
    """Turn the rows before into the rows after and add `entries`: deletes, then updates, then inserts, each table's at once."""
    inserts: dict[str, list[Row]] = {table: list(rows) for table, rows in entries.items()}
    updates: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
    deletes: dict[str, list[Row]] = {}
    for before, after in changes:
        for table, rows in after.items():
            known = before.get(table, {})
            gone = [_at(table, key) for key in known if key not in rows]
            if gone:
                deletes.setdefault(table, []).extend(gone)
            for key, row in rows.items():
                if key not in known:
                    inserts.setdefault(table, []).append(row)
                elif row != known[key]:
                    changed = {c: v for c, v in row.items() if v != known[key].get(c)}
                    updates.setdefault((table, tuple(changed)), []).append(changed | _at(table, key))
    for table, keys in deletes.items():
        connection.execute(_deletion(table), keys)
    for (table, columns), changed_rows in updates.items():
        connection.execute(_update(table, columns), changed_rows)
    for table, added in inserts.items():
        insert_rows(connection, table, added)


def insert_rows(connection: sa.Connection, table: str, rows: list[Row]) -> None:
    """Insert read-model rows; a table marked `upsert` takes the last of several rows with one key."""
    if not rows:
        return
    model = READ_MODELS[table]
    if "sealed_by" in model.info:
        _insert_opened(connection, model, rows)
        return
    if not model.info.get("upsert"):
        connection.execute(_insertion(table), rows)
        return
    for row in rows:
        statement = insertion(connection, model).values(**row)
        rest = {c.name: statement.excluded[c.name] for c in model.c if not c.primary_key}
        connection.execute(
            statement.on_conflict_do_update(index_elements=[c.name for c in model.primary_key], set_=rest)
        )


def _insert_opened(connection: sa.Connection, model: sa.Table, rows: list[Row]) -> None:
    """Opened texts, as long as the key is there: whoever erases it meanwhile is waited for, and then there is nothing to open."""
    of = model.info["sealed_by"]
    if plain := [r for r in rows if not r[of]]:
        connection.execute(_insertion(model.name), plain)
    if opened := [r for r in rows if r[of]]:
        connection.execute(_insertion_by_key(model.name), opened)


# Statements are made once: SQLAlchemy takes longer to make one, and to see that it knows it, than a database to run it.


def _at(table: str, key: tuple[Any, ...]) -> Row:
    return {f"k_{c.name}": v for c, v in zip(READ_MODELS[table].primary_key, key, strict=True)}


def _place(table: str) -> list[sa.ColumnElement[bool]]:
    return [c == sa.bindparam(f"k_{c.name}") for c in READ_MODELS[table].primary_key]


@cache
def _insertion(table: str) -> sa.Insert:
    return sa.insert(READ_MODELS[table])


@cache
def _insertion_by_key(table: str) -> sa.Insert:
    model = READ_MODELS[table]
    given = {c.name: sa.bindparam(c.name, type_=c.type) for c in model.c}
    there = (person_keys.c.person == given[model.info["sealed_by"]], person_keys.c.key != "")
    values = [sa.cast(b, model.c[name].type).label(name) for name, b in given.items()]
    return sa.insert(model).from_select(
        list(given), sa.select(*values).where(*there).with_for_update(read=True, of=person_keys)
    )


@cache
def _deletion(table: str) -> sa.Delete:
    return sa.delete(READ_MODELS[table]).where(*_place(table))


@cache
def _update(table: str, columns: tuple[str, ...]) -> sa.Update:
    values: dict[str, Any] = {name: sa.bindparam(name) for name in columns}
    return sa.update(READ_MODELS[table]).where(*_place(table)).values(values)
