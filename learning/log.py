"""The event log as learning reads it: one pass, in the order of each lifecycle, bodies as plain mappings and nothing opened."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from domain.messages import Recorded
from store import codec
from store.store import Store
from store.tables import events, parse_moment, streams

_AT_ONCE = 5_000
"""Rows that a cursor brings at a time: the log is never held whole."""


class Happening(NamedTuple):
    """One event of a lifecycle. `body` has the event's fields; sealed texts in it stay sealed. `via`: see `domain.messages.Via`."""

    stream: str
    version: int
    type: str
    body: Mapping[str, Any]
    at: datetime
    via: str


def happenings(store: Store, types: Collection[str], among: Collection[str] | None = None) -> Iterator[Happening]:
    """Events of these types of all lifecycles (or of those `among`, few), stream by stream in their order. Moments are aware UTC."""
    query = (
        sa.select(
            events.c.stream,
            events.c.version,
            events.c.type,
            events.c.schema_version,
            events.c.body,
            events.c.actor,
            sa.type_coerce(events.c.occurred_at, sa.Text),
        )
        .join(streams, streams.c.stream == events.c.stream)
        .where(streams.c.kind == "lifecycle", events.c.type.in_(sorted(types)))
        .order_by(events.c.stream, events.c.version)
    )
    if among is not None:
        query = query.where(events.c.stream.in_(sorted(among)))
    with store.database.read() as connection:
        found = connection.execution_options(yield_per=_AT_ONCE).execute(query)
        for stream, version, type_, schema, body, actor, at in found:
            fields = codec.upcast(type_, schema, json.loads(body))
            yield Happening(stream, version, type_, fields, parse_moment(at), json.loads(actor).get("via", ""))


def of_recorded(recorded: Iterable[Recorded]) -> Iterator[Happening]:
    """Events of a rehearsal in memory, in the order in which they come."""
    for r in recorded:
        yield Happening(r.stream, r.version, r.event.type, vars(r.event), r.occurred_at, r.actor.via.value)
