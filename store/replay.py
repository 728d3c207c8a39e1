"""The whole log folded anew in bounded memory: what `verify` compares with and `rebuild` writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from domain.kinds import Kind, Row
from store import codec
from store.keys import all_keys
from store.store import Store
from store.tables import events, streams


@dataclass
class Replayed:
    """One stream, folded from its first event."""

    stream: str
    kind: Kind[Any]
    state: Any
    rows: list[Row]
    """Its events as stored."""
    entries: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def version(self) -> int:
        return int(self.rows[-1]["version"])


def replay(store: Store, connection: sa.Connection, *, batch: int = 200) -> Iterator[Replayed]:
    """Every stream in the order of its id. Only `batch` streams' events are held at a time."""
    kinds = {r.stream: r.kind for r in connection.execute(sa.select(streams.c.stream, streams.c.kind))}
    names = sorted({*kinds, *connection.execute(sa.select(events.c.stream).distinct()).scalars()})
    keys = all_keys(connection)
    for start in range(0, len(names), batch):
        chunk = names[start : start + batch]
        query = sa.select(events).where(events.c.stream.in_(chunk)).order_by(events.c.stream, events.c.version)
        grouped: dict[str, list[Row]] = {}
        for row in connection.execute(query).mappings():
            grouped.setdefault(row["stream"], []).append(dict(row))
        for stream in chunk:
            found = grouped.get(stream, [])
            if found:
                yield _fold(store, stream, kinds.get(stream) or _guess(store, found[0]["type"]), found, keys)


def _fold(store: Store, stream: str, kind_name: str, found: list[Row], keys: dict[str, bytes]) -> Replayed:
    kind = store.kinds[kind_name]
    replayed = Replayed(stream, kind, kind.initial(stream), found)
    for row in found:
        recorded = codec.decode(row, kind.events, keys)
        replayed.state = kind.evolve(replayed.state, recorded)
        for table, added in kind.entries(replayed.state, recorded).rows.items():
            replayed.entries.setdefault(table, []).extend(added)
    return replayed


def _guess(store: Store, event_type: str) -> str:
    """The kind of a stream whose row is gone, by its first event."""
    return next(name for name, kind in store.kinds.items() if event_type in kind.events)
