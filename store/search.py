"""Search over everything that pages show: lifecycles, texts of documents, what people wrote (`store/searching.py`),
numbers of the register, sessions with their items, rounds with their proposals, posts, units and people.

Words are found wherever they stand in a text, so that Japanese of two characters is found without a dictionary. On
PostgreSQL titles and documents have an index of pairs of characters (migration 0015), which is slow for a word that stands nearly
everywhere; so the first `TRIED` rows are looked through before the index is asked.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from definitions.loader import load_bodies
from domain.calendar import local_day, wareki
from domain.directory import Directory
from domain.kinds import Row
from domain.messages import Text
from store import queries
from store.hits import TRIED, Kind, contain, same, session_title
from store.hits import Hit as Hit
from store.searching import found_texts
from store.spelling import excerpt, plainly, spellings
from store.store import Store
from store.tables import (
    deliverables,
    lifecycles,
    people,
    proposals,
    register_entries,
    selections,
    session_items,
    sessions,
)

LONGEST = 100
"""Characters of a question that are looked for."""


def words_of(question: str) -> list[str]:
    """The words looked for; wide spaces part them as narrow ones do."""
    return question.replace("\x00", "")[:LONGEST].split()[:8]


def search(
    store: Store, question: str, limit: int = 20, *, kind: str | None = None, skip: int = 0, reader: str | None = None
) -> list[Hit]:
    """What contains all words of the question, lifecycles first; at most `limit` of each kind (or of one), behind the first `skip`.

    `reader`: the person who asks, who finds what is written on pages as they see them; without one, as everybody sees them."""
    words = words_of(question)
    if not words:
        return []
    return [
        hit for name, find in FINDERS.items() if kind in (None, name) for hit in find(store, words, limit, skip, reader)
    ]


def _lifecycles(store: Store, words: list[str], limit: int, skip: int, _: str | None) -> list[Hit]:
    c = lifecycles.c
    order = (c.started_at, c.ref, c.stream)
    oldest = sa.select(c.stream, c.title, c.ref, c.started_at).order_by(*order).limit(TRIED).subquery()
    text = oldest.c.title + " " + oldest.c.ref
    query = sa.select(oldest).where(*contain(text, words))
    query = query.order_by(oldest.c.started_at, oldest.c.ref, oldest.c.stream)
    found = queries.rows(store, query.limit(limit).offset(skip))
    if len(found) < limit:
        found = queries.find_lifecycles(store, words=" ".join(words), limit=limit, offset=skip)
    return [
        Hit(kind="lifecycle", id=r["stream"], title=same(r["title"]), detail=same(r["ref"]), stream=r["stream"])
        for r in found
    ]


def _documents(store: Store, words: list[str], limit: int, skip: int, _: str | None) -> list[Hit]:
    """Documents as handed in; the newest version of each that has all words."""
    d = deliverables.c
    escaped = [[json.dumps(s, ensure_ascii=False)[1:-1] for s in spellings(word)] for word in words]
    key = (d.stream, d.stage, d.round)
    first = sa.select(*key, d.version, d.content).order_by(*key, d.version).limit(TRIED).subquery()
    there = sa.cast(first.c.content, sa.Text)
    wanted = [sa.or_(*(queries.holds(there, s) for s in either)) for either in escaped]
    found = queries.rows(store, _newest(first, wanted, limit, skip))
    if len(found) < limit:
        text = sa.cast(d.content, sa.Text)
        wanted = [sa.or_(*(queries.contains(store, text, s) for s in either)) for either in escaped]
        found = queries.rows(store, _newest(deliverables, wanted, limit, skip))
    titles, contents = _titles(store, {r["stream"] for r in found}), _contents(store, found)
    return [
        Hit(
            kind="document",
            id=f"{r['stream']}/{r['stage']}/{r['round']}/{r['version']}",
            title=same(titles[r["stream"]]),
            detail=same(r["stage"]),
            stream=r["stream"],
            stage=r["stage"],
            round=r["round"],
            version=r["version"],
            excerpt=excerpt(contents.get((r["stream"], r["stage"], r["round"], r["version"])), words),
        )
        for r in found
    ]


def _newest(among: sa.FromClause, wanted: list[sa.ColumnElement[bool]], limit: int, skip: int) -> sa.Select[Any]:
    key = (among.c.stream, among.c.stage, among.c.round)
    version = sa.func.max(among.c.version).label("version")
    return sa.select(*key, version).where(*wanted).group_by(*key).order_by(*key).limit(limit).offset(skip)


def _contents(store: Store, found: list[Row]) -> dict[tuple[str, str, int, int], Any]:
    """What the documents found say, by their place."""
    d = deliverables.c
    here = [
        sa.and_(d.stream == r["stream"], d.stage == r["stage"], d.round == r["round"], d.version == r["version"])
        for r in found
    ]
    if not here:
        return {}
    query = sa.select(d.stream, d.stage, d.round, d.version, d.content).where(sa.or_(*here))
    return {(r["stream"], r["stage"], r["round"], r["version"]): r["content"] for r in queries.rows(store, query)}


def _titles(store: Store, streams: set[str]) -> dict[str, str]:
    query = sa.select(lifecycles.c.stream, lifecycles.c.title).where(lifecycles.c.stream.in_(sorted(streams)))
    return {r["stream"]: r["title"] for r in queries.rows(store, query)}


def _numbers(store: Store, words: list[str], limit: int, skip: int, _: str | None) -> list[Hit]:
    """Documents by their number: `2026/child-support/12` in our register, or a number of the city's own system."""
    if len(words) != 1:
        return []
    word, e = unicodedata.normalize("NFKC", words[0]), register_entries.c
    register, _, serial = word.rpartition("/")
    chosen: list[sa.ColumnElement[bool]] = [e.number.in_((word, words[0]))]
    if serial.isascii() and serial.isdigit() and len(serial) < 8:
        chosen.append(sa.and_(e.register == register, e.serial == int(serial)))
    query = (
        sa.select(e.stream, e.stage, e.round, e.register, e.serial, e.number, lifecycles.c.title)
        .join(lifecycles, lifecycles.c.stream == e.stream)
        .where(sa.or_(*chosen))
        .order_by(e.stream, e.stage, e.round)
        .limit(limit)
        .offset(skip)
    )
    found = {(r["stream"], r["stage"], r["round"]): r for r in queries.rows(store, query)}
    return [
        Hit(kind="number", id=word, title=same(r["title"]), detail=same(word), stream=r["stream"], stage=r["stage"])
        for r in found.values()
    ]


def _sessions(store: Store, words: list[str], limit: int, skip: int, _: str | None) -> list[Hit]:
    """Sessions by the name of their body, day and number."""
    found: list[Hit] = []
    bodies = {b.key: b.title for b in (store.rules() or load_bodies()).bodies}
    for r in queries.rows(store, sa.select(sessions).order_by(sessions.c.held_on.desc(), sessions.c.stream)):
        title = session_title(bodies[r["body"]], r)
        held = Text(ja=wareki(r["held_on"]), en=str(r["held_on"])) if r["held_on"] else same("")
        if _all_in(words, title.ja, title.en, r["stream"], held.ja, held.en):
            found.append(Hit(kind="session", id=r["stream"], title=title, detail=held, stream=r["stream"]))
        if len(found) == skip + limit:
            break
    return found[skip:]


def _items(store: Store, words: list[str], limit: int, skip: int, _: str | None) -> list[Hit]:
    """Items of agendas, only those that are public."""
    i = session_items.c
    query = sa.select(i.stream, i.item, i.title).where(i.public, *contain(i.title, words))
    return [
        Hit(
            kind="item",
            id=f"{r['stream']}#{r['item']}",
            title=same(r["title"]),
            detail=same(r["stream"]),
            stream=r["stream"],
        )
        for r in queries.rows(store, query.order_by(i.stream.desc(), i.place).limit(limit).offset(skip))
    ]


def _rounds(store: Store, words: list[str], limit: int, skip: int, _: str | None) -> list[Hit]:
    c = selections.c
    query = sa.select(c.stream, c.title).where(*contain(c.title, words)).order_by(c.stream.desc())
    return [
        Hit(kind="round", id=r["stream"], title=same(r["title"]), detail=same(r["stream"]))
        for r in queries.rows(store, query.limit(limit).offset(skip))
    ]


def _proposals(store: Store, words: list[str], limit: int, skip: int, _: str | None) -> list[Hit]:
    p = proposals.c
    query = sa.select(p.stream, p.ref, p.title).where(*contain(p.title, words)).order_by(p.stream.desc(), p.ref)
    return [
        Hit(kind="proposal", id=f"{r['stream']}#{r['ref']}", title=same(r["title"]), detail=same(r["ref"]))
        for r in queries.rows(store, query.limit(limit).offset(skip))
    ]


def _all_in(words: list[str], *texts: str) -> bool:
    return all(any(plainly(word) in plainly(text) for text in texts) for word in words)


def _directory(store: Store) -> Directory:
    """Without what is loaded ahead, which is confidential until its day."""
    return store.facts().directory.seen_on(local_day(store.clock.now()))


def _units(store: Store, words: list[str], limit: int, skip: int, _: str | None) -> list[Hit]:
    units = [u for u in _directory(store).units if _all_in(words, u.name.ja, u.name.en, u.id)]
    return [Hit(kind="unit", id=u.id, title=u.name, detail=same(u.id)) for u in units[skip : skip + limit]]


def _posts(store: Store, words: list[str], limit: int, skip: int, _: str | None) -> list[Hit]:
    posts = [p for p in _directory(store).posts if _all_in(words, p.title.ja, p.title.en, p.id)]
    return [Hit(kind="post", id=p.id, title=p.title, detail=same(p.unit)) for p in posts[skip : skip + limit]]


def _people(store: Store, words: list[str], limit: int, skip: int, _: str | None) -> list[Hit]:
    """People by name: those who hold a post today."""
    directory, today = store.facts().directory, local_day(store.clock.now())
    named = [sa.or_(*contain(people.c.name, [word]), *contain(people.c.name_en, [word])) for word in words]
    found: list[Hit] = []
    for row in queries.rows(store, sa.select(people).where(*named).order_by(people.c.person)):
        held = [p for post in directory.posts_of(row["person"], today) if (p := directory.post(post)) is not None]
        if held:
            title = Text(ja=row["name"], en=row["name_en"] or row["name"])
            detail = Text(ja="、".join(p.title.ja for p in held), en=", ".join(p.title.en for p in held))
            found.append(Hit(kind="person", id=row["person"], title=title, detail=detail))
    return found[skip : skip + limit]


Finder = Callable[[Store, list[str], int, int, str | None], list[Hit]]
FINDERS: Mapping[Kind, Finder] = {
    "lifecycle": _lifecycles,
    "document": _documents,
    "text": found_texts,
    "number": _numbers,
    "session": _sessions,
    "item": _items,
    "round": _rounds,
    "proposal": _proposals,
    "unit": _units,
    "post": _posts,
    "person": _people,
}
"""Every kind of what is found, in the order in which they are told."""
