"""The register of documents (起案簿): one row a document, with the days on which it was drafted, decided and put into effect.

Rows of decisions that were taken back are left out; a document without a number was drafted before there were numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from domain.kinds import Row
from store.queries import MANY, retracted, rows
from store.store import Store
from store.tables import lifecycles, register_entries

Place = tuple[str, int, str, int]
"""Where a document stands: register, serial, stream, version of its first entry; one without a number comes first."""
_E = register_entries.c
_KEY = (_E.stream, _E.stage, _E.round, _E.register, _E.serial)
_PLACE = (sa.func.coalesce(_E.register, ""), sa.func.coalesce(_E.serial, 0), _E.stream, sa.func.min(_E.version))


def documents(
    store: Store,
    fiscal_year: int | None = None,
    section: str | None = None,
    *,
    limit: int | None = None,
    offset: int = 0,
    after: Place | None = None,
) -> list[Row]:
    """Documents in the order of their numbers, each with its `place`; `after` is that of the last one seen."""
    query = sa.select(*_KEY, *(c.label(f"p{n}") for n, c in enumerate(_PLACE))).where(*_chosen(fiscal_year, section))
    query = query.group_by(*_KEY).order_by(*_PLACE)
    if after is not None:
        query = query.having(sa.tuple_(*_PLACE) > sa.tuple_(*(sa.literal(value) for value in after)))
    keys = rows(store, query.limit(limit).offset(offset) if limit is not None else query.offset(offset or None))
    entries = _entries(store, [k["stream"] for k in keys] if len(keys) <= MANY else None)
    known = _by_document(entries)
    return [{**known[_key(k)], "place": (k["p0"], k["p1"], k["p2"], k["p3"])} for k in keys]


def count_documents(store: Store, fiscal_year: int | None = None, section: str | None = None) -> int:
    """How many `documents` finds in all."""
    found = sa.select(*_KEY).where(*_chosen(fiscal_year, section)).group_by(*_KEY).subquery()
    with store.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(found)).scalar_one())


def _chosen(fiscal_year: int | None, section: str | None) -> list[sa.ColumnElement[bool]]:
    """A register is named YEAR/SECTION."""
    found = [_E.kind != "outside", ~retracted(register_entries)]
    if fiscal_year is not None and section is not None:
        found.append(_E.register == f"{fiscal_year}/{section}")
    elif fiscal_year is not None:
        found.append(_E.register.startswith(f"{fiscal_year}/", autoescape=True))
    elif section is not None:
        found.append(_E.register.endswith(f"/{section}", autoescape=True))
    return found


def _entries(store: Store, streams: list[str] | None) -> list[Row]:
    query = (
        sa.select(register_entries, lifecycles.c.title)
        .join(lifecycles, lifecycles.c.stream == _E.stream)
        .where(~retracted(register_entries))
        .order_by(_E.stream, _E.version)
    )
    return rows(store, query if streams is None else query.where(_E.stream.in_(streams)))


def _by_document(entries: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
    """A decision made elsewhere belongs to the document that it decided next."""
    found: dict[tuple[Any, ...], Row] = {}
    outside: dict[tuple[Any, ...], Row] = {}
    for row in entries:
        place = (row["stream"], row["stage"], row["round"])
        if row["kind"] == "outside":
            outside[place] = row
            continue
        document = found.setdefault(_key(row), _document(row))
        document[row["kind"]] = row["day"]
        if row["kind"] == "decided" and (made := outside.pop(place, None)) is not None:
            document |= {"decided": made["day"], "system": made["system"], "outside_number": made["number"]}
    return found


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[c.name] for c in _KEY)


def _document(row: Row) -> Row:
    year, _, section = (row["register"] or "").partition("/")
    return {
        "stream": row["stream"],
        "title": row["title"],
        "stage": row["stage"],
        "round": row["round"],
        "fiscal_year": int(year) if year else None,
        "section": section or None,
        "serial": row["serial"],
        "drafted": None,
        "decided": None,
        "enforced": None,
        "system": None,
        "outside_number": None,
    }
