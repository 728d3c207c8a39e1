"""Search in what people wrote. Whoever may read a text on its page finds it, nobody else: of a session its page and this ask the same
(`domain/written.py`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

import sqlalchemy as sa

from definitions.loader import load_bodies
from domain.kinds import Row
from domain.messages import Text
from domain.written import readable, title_of
from store import queries
from store.bodies import sees
from store.hits import Hit, contain, same, session_title
from store.spelling import excerpt, spellings
from store.store import Store
from store.tables import lifecycles, selections, sessions, written

TRIED = 10_000
"""Texts looked through at first, the newest: short, and a word that people use is among them."""
MOST = 20_000
"""Texts looked at for one answer, where most of what contains the words is not for the reader."""
AT_ONCE = 200
_PLACE = (written.c.at, written.c.stream, written.c.version, written.c.field)
_NEWEST = [c.desc() for c in _PLACE]


def found_texts(store: Store, words: list[str], limit: int, skip: int, reader: str | None) -> list[Hit]:
    """What people wrote, the newest first."""
    readers = _Readers(store, reader)
    shown: list[tuple[Row, str]] = []
    before = skip
    for looked, row in enumerate(_containing(store, words)):
        if len(shown) == limit or looked == MOST + skip:
            break
        place = readers.place(row)
        if place is not None and before:
            before -= 1
        elif place is not None:
            shown.append((row, place))
    titles = _titles(store, [row for row, _ in shown])
    return [
        Hit(
            kind="text",
            id=f"{r['stream']}/{r['version']}/{r['field']}",
            title=titles.get(r["stream"], same(r["stream"])),
            detail=title_of(r["type"], r["field"]),
            stream=r["stream"],
            version=r["version"],
            excerpt=excerpt(r["text"], words),
            by=r["person"],
            at=r["at"],
            leads=place,
        )
        for r, place in shown
    ]


class _Readers:
    """Where a text stands on the page of its stream, for one reader; a session is looked at once."""

    def __init__(self, store: Store, reader: str | None) -> None:
        self._store, self._reader = store, reader
        self._sessions: dict[str, dict[tuple[int, str], str]] = {}

    def place(self, row: Row) -> str | None:
        """The address of the text, None where the reader's page does not show it."""
        stream, version = row["stream"], row["version"]
        if row["kind"] == "lifecycle":
            return f"/lifecycles/{stream}?at={version}#e-{version}"
        if row["kind"] == "selection":
            return f"/selection/{stream}#{quote(row['about'])}"
        place = self._on_session(stream).get((version, row["field"]))
        return None if place is None else f"/sessions/{stream}#{quote(place)}"

    def _on_session(self, stream: str) -> dict[tuple[int, str], str]:
        if stream not in self._sessions:
            state, _ = self._store.load(stream)
            recorded = self._store.events(stream, open_texts=False)
            self._sessions[stream] = readable(state, recorded, sees(self._store, state, self._reader))
        return self._sessions[stream]


def _containing(store: Store, words: list[str]) -> Iterator[Row]:
    """Texts that hold all words, the newest first: among the newest by looking at each, behind them by the index."""
    everything = sa.select(written).order_by(*_NEWEST)
    newest = everything.limit(TRIED).subquery()
    order = [newest.c[c.name].desc() for c in _PLACE]
    first = sa.select(newest).where(*contain(newest.c.text, words)).order_by(*order).limit(AT_ONCE)
    yield from (found := queries.rows(store, first))
    behind = sa.select(*_PLACE).order_by(*_NEWEST).offset(TRIED - 1).limit(1)
    last = found[-1:] if len(found) == AT_ONCE else queries.rows(store, behind)
    wanted = [sa.or_(*(queries.contains(store, written.c.text, s) for s in spellings(word))) for word in words]
    while last:
        seen = [sa.bindparam(None, last[0][c.name], c.type) for c in _PLACE]
        query = everything.where(*wanted, sa.tuple_(*_PLACE) < sa.tuple_(*seen)).limit(AT_ONCE)
        found = queries.rows(store, query)
        yield from found
        last = found[-1:] if len(found) == AT_ONCE else []


def _titles(store: Store, found: Sequence[Row]) -> dict[str, Text]:
    named = {r["stream"] for r in found}
    titles = {
        r["stream"]: same(r["title"])
        for table in (lifecycles, selections)
        for r in queries.rows(store, sa.select(table.c.stream, table.c.title).where(table.c.stream.in_(named)))
    }
    if held := queries.rows(store, sa.select(sessions).where(sessions.c.stream.in_(named))):
        bodies = {b.key: b.title for b in (store.rules() or load_bodies()).bodies}
        titles |= {r["stream"]: session_title(bodies[r["body"]], r) for r in held}
    return titles
