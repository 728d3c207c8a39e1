"""The whole log folded anew in bounded memory: what `verify` compares with and `rebuild` writes."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from domain.kinds import Kind, Row
from store import codec
from store.errors import StoreError
from store.keys import all_keys
from store.store import Store
from store.tables import events, streams
from store.written import rows_of

STREAMS_AT_ONCE = 50

_STORED = [
    # Moments as stored text: the hash covers stored bytes.
    sa.type_coerce(c, sa.Text).label(c.name) if c.name in ("occurred_at", "recorded_at") else c
    for c in events.c
]

_COLUMNS = [c.name for c in events.c]


class Unreadable(StoreError):
    """An event that cannot be understood: changed by hand, or written by a newer program."""


@dataclass
class Replayed:
    """One stream with its events as stored; `fold` gives state and entries."""

    stream: str
    kind: Kind[Any] | None
    """None when nothing tells which rules the stream followed."""
    rows: list[Row]
    state: Any = None
    entries: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def version(self) -> int:
        return int(self.rows[-1]["version"])

    def fold(self, keys: codec.Keys) -> Kind[Any]:
        """Fold all events into `state` and gather their `entries`. Raises `Unreadable`, naming the event."""
        if self.kind is None:
            raise Unreadable(f"{self.stream}: 種類が分かりません / nothing tells its kind")
        self.state = self.kind.initial(self.stream)
        for row in self.rows:
            try:
                recorded = codec.decode(row, self.kind.events, keys)
                event = codec.without_personal_text(recorded.event)
                closed = recorded if event is recorded.event else recorded.model_copy(update={"event": event})
                self.state = self.kind.evolve(self.state, closed)
                for table, added in self.kind.entries(self.state, recorded).rows.items():
                    self.entries.setdefault(table, []).extend(added)
                if texts := rows_of(self.kind, recorded):
                    self.entries.setdefault("written", []).extend(texts)
            except (KeyError, ValueError, TypeError, AttributeError, AssertionError) as error:
                raise Unreadable(
                    f"{self.stream}/{row['version']}: 事象を読めません / the event cannot be read: "
                    f"{type(error).__name__}: {str(error)[:200]}"
                ) from error
        return self.kind

    def rows_now(self) -> dict[str, list[Row]]:
        """Every read-model row that the folded stream should have."""
        assert self.kind is not None
        found = {table: list(added) for table, added in self.entries.items()}
        for table, added in self.kind.view(self.state).rows.items():
            found.setdefault(table, []).extend(added)
        return found


def replay(store: Store, connection: sa.Connection) -> Iterator[list[Replayed]]:
    """Every stream in the order of its id, not folded yet; only the events of one list are held at a time."""
    last = ""
    while names := list(
        connection.execute(
            sa.select(events.c.stream)
            .where(events.c.stream > last)
            .distinct()
            .order_by(events.c.stream)
            .limit(STREAMS_AT_ONCE)
        ).scalars()
    ):
        last = names[-1]
        kinds = {
            r.stream: r.kind
            for r in connection.execute(sa.select(streams.c.stream, streams.c.kind).where(streams.c.stream.in_(names)))
        }
        query = sa.select(*_STORED).where(events.c.stream.in_(names)).order_by(events.c.stream, events.c.version)
        grouped: dict[str, list[Row]] = {name: [] for name in names}
        for found in connection.execute(query):
            row = dict(zip(_COLUMNS, found, strict=True))
            grouped[row["stream"]].append(row)
        yield [Replayed(name, _kind(store, kinds.get(name), rows), rows) for name, rows in grouped.items()]


@contextmanager
def rare_collection() -> Iterator[None]:
    """Python looks for cycles less often meanwhile: a fold makes many objects, hardly any cycles, and waits a fifth of its
    time for the search."""
    usual = gc.get_threshold()
    gc.set_threshold(50_000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def keys_of(connection: sa.Connection) -> codec.Keys:
    """All persons' keys, for the entries that show opened texts."""
    return codec.ciphers(all_keys(connection))


def _kind(store: Store, name: str | None, rows: list[Row]) -> Kind[Any] | None:
    """The kind of a stream; by its first event when its row is gone or names a kind that does not exist."""
    if name is not None and name in store.kinds:
        return store.kinds[name]
    return next((k for k in store.kinds.values() if rows[0]["type"] in k.events), None)
