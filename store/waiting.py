"""What waits for a person from the bodies: votes in circulations, minutes to confirm, instructions to answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from domain.calendar import end_of_business, local_day
from domain.messages import Frozen, Text
from domain.sessions.session import Session
from store.queries import rows
from store.store import Store
from store.tables import instructions, sessions, streams

NEWEST = 60
"""Sessions that are looked at: what is older and not final yet waits for the secretariat, not for each member."""


class FromBody(Frozen):
    """One thing that a session asks of a person. `item` is that of a vote or a drafted decision, `instruction` that of an answer.

    `title` is the session's, `subject` what it is about; `post` the post asked, where it is one.
    """

    kind: Literal["vote", "confirm", "instruction", "decision"]
    stream: str
    title: Text
    subject: Text
    item: str = ""
    instruction: str = ""
    post: str = ""
    since: datetime | None = None
    due_at: datetime | None = None
    overdue: bool = False


def from_bodies(store: Store, person: str) -> list[FromBody]:
    """All of it, by due date; what has none comes last."""
    s = sessions.c
    circulating = sa.and_(s.phase.in_(("convened", "sitting")), s.circulation.is_(True))
    query = (
        sa.select(s.stream, streams.c.version)
        .join(streams, streams.c.stream == s.stream)
        .where(sa.or_(circulating, s.phase.in_(("closed", "final"))))
        .order_by(s.held_on.desc(), s.stream)
    )
    held = set(store.facts().directory.posts_of(person, local_day(store.clock.now())))
    found: list[FromBody] = []
    for row in rows(store, query.limit(NEWEST)):
        state = _state(store, row["stream"], row["version"])
        if state.phase in ("convened", "sitting"):
            found += _voting(store, state, person)
        else:
            found += [*_confirming(state, person), *_deciding(store, state, held)]
    found += _instructed(store, person)
    return sorted(found, key=lambda w: (w.due_at is None, w.due_at or w.since, w.stream, w.item, w.instruction))


_KNOWN: WeakKeyDictionary[Store, dict[str, tuple[int, Session]]] = WeakKeyDictionary()


def _state(store: Store, stream: str, version: int) -> Session:
    """A session as it is at a version; sessions that are over change rarely, and every inbox asks for them."""
    known = _KNOWN.setdefault(store, {})
    found = known.get(stream)
    if found is None or found[0] != version:
        state, at = store.load(stream)
        found = known[stream] = (at, state)
        while len(known) > 2 * NEWEST:
            known.pop(next(iter(known)), None)
    return found[1]


def _deciding(store: Store, state: Session, held: set[str]) -> Iterator[FromBody]:
    """Decisions (決裁) that the closing drafted, for whoever takes them on."""
    for key, drafted in state.decisions.items():
        if drafted.post in held and not drafted.number:
            title = state.items[key].title if key in state.items else key
            yield FromBody(
                kind="decision",
                stream=state.stream,
                title=state.title,
                subject=Text(ja=f"決裁の起案: {title}", en=f"decision drafted: {title}"),
                item=key,
                post=drafted.post,
                due_at=drafted.due_at,
                overdue=drafted.due_at < store.clock.now(),
            )


def _confirming(state: Session, person: str) -> list[FromBody]:
    if state.phase != "closed" or state.minutes == 0:
        return []
    if person not in state.present or person in state.confirmed:
        return []
    text = Text(ja=f"会議録(第{state.minutes}版)の確認", en=f"confirm the minutes, version {state.minutes}")
    return [
        FromBody(kind="confirm", stream=state.stream, title=state.title, subject=text, since=state.convened_at),
    ]


def _voting(store: Store, state: Session, person: str) -> Iterator[FromBody]:
    if person not in {s.person for s in state.members} or state.held_on is None:
        return
    due = end_of_business(state.held_on)
    for item in state.items.values():
        if item.conclusion is None and person not in item.votes and person not in item.recused:
            yield FromBody(
                kind="vote",
                stream=state.stream,
                title=state.title,
                subject=Text(ja=item.title, en=item.title),
                item=item.key,
                since=state.convened_at,
                due_at=due,
                overdue=due < store.clock.now(),
            )


def _instructed(store: Store, person: str) -> Iterator[FromBody]:
    directory, now = store.facts().directory, store.clock.now()
    held = set(directory.posts_of(person, local_day(now)))
    units = {p.unit for name in held if (p := directory.post(name)) is not None}
    asked = [p for p in directory.posts if p.id in held or p.unit in units]
    titles = {p.id: p.title for p in asked}
    i = instructions.c
    query = sa.select(instructions).where(i.answered_at.is_(None), i.post.in_(sorted(titles))).order_by(i.due_at)
    for row in rows(store, query):
        state: Session = store.load(row["stream"])[0]
        about = {"planning": ("企画指示", "planning instruction"), "status": ("状況確認", "status check")}[row["about"]]
        yield FromBody(
            kind="instruction",
            stream=row["stream"],
            title=state.title,
            subject=Text(
                ja=f"{about[0]}への回答({titles[row['post']].ja})",
                en=f"answer the {about[1]} to the {titles[row['post']].en}",
            ),
            instruction=row["instruction"],
            post=row["post"],
            due_at=row["due_at"],
            overdue=row["due_at"] < now,
        )
