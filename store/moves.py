"""Running lifecycles under another version of their process: which there are, and what moving each would change.

Nothing is recorded by looking; moving is `MigrateDefinition`, one command a lifecycle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from domain.lifecycle.migrating import migration
from domain.lifecycle.moving import Migration
from domain.lifecycle.state import Lifecycle
from domain.process import ProcessDefinition
from store.queries import rows
from store.store import Store
from store.tables import lifecycles

ALL = "all"
"""Lifecycles of every definition."""


@dataclass(frozen=True)
class Prospect:
    """One lifecycle as it is now, at `version` of its stream, and what moving it would change."""

    stream: str
    version: int
    state: Lifecycle
    found: Migration


def running(store: Store, source: str, beside: str = "", *, limit: int | None = None, offset: int = 0) -> list[str]:
    """Streams of open lifecycles under `source` (a definition's name, one version `name@2`, or `all`), oldest first.

    `beside`: a version whose lifecycles are left out, since they are there already.
    """
    place = (lifecycles.c.started_at, lifecycles.c.ref, lifecycles.c.stream)
    query = sa.select(lifecycles.c.stream).where(*_under(source, beside)).order_by(*place)
    found = rows(store, query.limit(limit).offset(offset) if limit is not None else query)
    return [str(r["stream"]) for r in found]


def counted(store: Store, source: str, beside: str = "") -> int:
    """How many `running` finds in all."""
    query = sa.select(sa.func.count()).select_from(lifecycles).where(*_under(source, beside))
    with store.database.read() as connection:
        return int(connection.execute(query).scalar_one())


def in_use(store: Store) -> dict[str, int]:
    """Versions that open lifecycles follow, each with their number."""
    query = (
        sa.select(lifecycles.c.definition, sa.func.count().label("number"))
        .where(lifecycles.c.closed.is_(False))
        .group_by(lifecycles.c.definition)
        .order_by(lifecycles.c.definition)
    )
    return {str(r["definition"]): int(r["number"]) for r in rows(store, query)}


def _under(source: str, beside: str) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [lifecycles.c.closed.is_(False)]
    if "@" in source:
        found.append(lifecycles.c.definition == source)
    elif source != ALL:
        found.append(lifecycles.c.definition.startswith(f"{source}@", autoescape=True))
    if beside:
        found.append(lifecycles.c.definition != beside)
    return found


def prospects(
    store: Store, document: ProcessDefinition, streams: Iterable[str], moves: Mapping[str, str]
) -> list[Prospect]:
    """What moving each to the document would change. `moves`: where a stage that is gone goes on."""
    now = store.clock.now()
    facts = store.facts().model_copy(update={"definition": document})
    found = []
    for stream in streams:
        state, version = store.load(stream)
        found.append(Prospect(stream, version, state, migration(state, facts, now, moves.get(state.work))))
    return found
