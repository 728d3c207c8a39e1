"""What shells and pages read. Rows are plain dicts with the columns of `store/tables.py`; moments are aware UTC."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from domain.calendar import local_day
from domain.kinds import Row, plain
from domain.lifecycle.absence import stands_in
from domain.lifecycle.events import LifecycleStarted
from domain.messages import Text
from store.spelling import spellings
from store.store import Store
from store.tables import (
    answers,
    definitions,
    deliverables,
    deliveries,
    events,
    lifecycles,
    log_head,
    measurements,
    outcomes,
    people,
    promises,
    refused,
    register_entries,
    requests,
    retractions,
    stage_visits,
    streams,
)

MANY = 900
"""Values in one IN list: SQLite's default limit is 999 variables."""
_BY_DUE = (requests.c.due_at.is_(None), requests.c.due_at, requests.c.request)
"""What is for information has no due date, and comes last."""
_LAST = "\U0010ffff"
"""Sorts behind every character."""


LONGEST_ID = 100
"""Characters of an own id; what is longer is none, and too long a pattern for SQLite to look for."""


class NotFound(LookupError):
    """No row, or several, for what was asked; `candidates` are those that come close."""

    def __init__(self, what: str, candidates: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.candidates = list(candidates)


def rows(store: Store, query: sa.Select[Any]) -> list[Row]:
    with store.database.read() as connection:
        return [dict(r) for r in connection.execute(query).mappings()]


class Chosen(TypedDict, total=False):
    """Which lifecycles; None or absent chooses all. `awaiting`: post ids, and those on hold wait for nobody. `words`: all of
    them in title or own id. `overdue`: with something overdue. `broken`: with a promise that is late. `closed_as`: how it ended."""

    stage: str | None
    bureau: str | None
    viewpoint: str | None
    health: str | None
    phase: str | None
    tag: str | None
    awaiting: str | Collection[str] | None
    closed: bool | None
    closed_as: str | None
    held: bool | None
    overdue: bool | None
    broken: bool | None
    words: str | None


def find_lifecycles(
    store: Store,
    *,
    limit: int | None = None,
    offset: int = 0,
    after: tuple[datetime, str, str] | None = None,
    **chosen: Unpack[Chosen],
) -> list[Row]:
    """Lifecycles, oldest first, with `version` of their stream.

    `after`: (started_at, ref, stream) of the last one seen, for reading on without an offset.
    """
    query = sa.select(lifecycles, streams.c.version).join(streams, streams.c.stream == lifecycles.c.stream)
    query = query.where(*_chosen(store, chosen))
    place = (lifecycles.c.started_at, lifecycles.c.ref, lifecycles.c.stream)
    if after is not None:
        seen = [sa.bindparam(None, value, column.type) for value, column in zip(after, place, strict=True)]
        query = query.where(sa.tuple_(*place) > sa.tuple_(*seen))
    query = query.order_by(*place)
    return rows(store, query.limit(limit).offset(offset) if limit is not None else query.offset(offset or None))


def count_lifecycles(store: Store, **chosen: Unpack[Chosen]) -> int:
    """How many there are in all."""
    query = sa.select(sa.func.count()).select_from(lifecycles)
    with store.database.read() as connection:
        return int(connection.execute(query.where(*_chosen(store, chosen))).scalar_one())


def _chosen(store: Store, chosen: Chosen) -> list[sa.ColumnElement[bool]]:
    same = {
        n: lifecycles.c[n] for n in ("stage", "bureau", "viewpoint", "health", "phase", "closed", "closed_as", "held")
    }
    found = [same[name] == value for name, value in chosen.items() if name in same and value is not None]
    if (overdue := chosen.get("overdue")) is not None:
        found.append(lifecycles.c.overdue > 0 if overdue else lifecycles.c.overdue == 0)
    if (broken := chosen.get("broken")) is not None:
        late = lifecycles.c.stream.in_(sa.select(promises.c.stream).where(*_late(store)))
        found.append(late if broken else ~late)
    if (tag := chosen.get("tag")) is not None:
        found.append(sa.cast(lifecycles.c.tags, sa.Text).contains(json.dumps(tag, ensure_ascii=False), autoescape=True))
    for word in (chosen.get("words") or "").split():
        found.append(_within(store, word))
    if (awaiting := chosen.get("awaiting")) is not None:
        posts = [awaiting] if isinstance(awaiting, str) else list(awaiting)
        asked = sa.select(requests.c.stream).where(requests.c.post.in_(posts))
        found += [lifecycles.c.stream.in_(asked), lifecycles.c.held.is_(False)]
    return found


def _within(store: Store, word: str) -> sa.ColumnElement[bool]:
    """A word within title or own id. PostgreSQL looks into its index of pairs of characters first (migration 0015)."""
    text = lifecycles.c.title + sa.literal_column("' '", sa.Text) + lifecycles.c.ref
    return sa.or_(*(contains(store, text, spelling) for spelling in spellings(word) or [word]))


def contains(store: Store, text: sa.ColumnElement[str], word: str) -> sa.ColumnElement[bool]:
    """A word within a text that PostgreSQL has an index of pairs of characters for."""
    found = holds(text, word)
    if store.database.sqlite or not word:
        return found
    starts = sa.func.taskforce_starts(text, type_=TSVECTOR)
    return sa.and_(starts.bool_op("@@")(sa.func.taskforce_sought(word, type_=TSQUERY)), found)


def holds(text: sa.ColumnElement[str], word: str) -> sa.ColumnElement[bool]:
    """A word within a text in large or small letters; where it has none, by the comparison that is quicker."""
    plain = word.lower() == word.upper()
    return text.contains(word, autoescape=True) if plain else text.icontains(word, autoescape=True)


def live_requests(store: Store, among: Sequence[str] | None = None) -> list[Row]:
    """Open requests (of some streams), by due date."""
    if among is not None and len(among) <= MANY:
        return rows(
            store,
            sa.select(requests).where(requests.c.stream.in_(among)).order_by(*_BY_DUE),
        )
    found = rows(store, sa.select(requests).order_by(*_BY_DUE))
    wanted = None if among is None else set(among)
    return [r for r in found if wanted is None or r["stream"] in wanted]


def inbox(store: Store, person: str, limit: int | None = None, offset: int = 0) -> list[Row]:
    """What waits for a person today: open requests to the posts they hold, not on hold, by due date."""
    query = (
        sa.select(requests, lifecycles.c.title, lifecycles.c.ref, lifecycles.c.health)
        .join(lifecycles, lifecycles.c.stream == requests.c.stream)
        .where(*_waits_for(store, person))
        .order_by(*_BY_DUE)
    )
    return rows(store, query.limit(limit).offset(offset) if limit is not None else query.offset(offset or None))


def count_inbox(store: Store, person: str) -> int:
    """How many requests `inbox` holds in all."""
    query = sa.select(sa.func.count()).select_from(requests.join(lifecycles, lifecycles.c.stream == requests.c.stream))
    with store.database.read() as connection:
        return int(connection.execute(query.where(*_waits_for(store, person))).scalar_one())


def _waits_for(store: Store, person: str) -> list[sa.ColumnElement[bool]]:
    posts = _posts_now(store, person)
    instead = stands_in_at(store, person, posts)
    asked = requests.c.post.in_(posts)
    either: list[sa.ColumnElement[bool]] = [asked]
    if instead:
        either.append(requests.c.request.in_(instead))
    if vacant := _vacant_beside(store, person):
        either.append(sa.and_(requests.c.kind == "task", requests.c.post.in_(vacant)))
    return [sa.or_(*either), lifecycles.c.held.is_(False)]


def _vacant_beside(store: Store, person: str) -> list[str]:
    """Posts of this person's own units that nobody holds today: their tasks of a wind-down are anybody's there."""
    directory, day = store.facts().directory, local_day(store.clock.now())
    units = directory.own_units_of(person, day)
    return [p.id for p in directory.posts if p.unit in units and not directory.holders(p.id, day)]


def stands_in_at(store: Store, person: str, posts: Sequence[str]) -> list[str]:
    """Open requests to other posts that it is this person's turn to decide: nobody there can, since the post is vacant, or who holds it is
    away, recused or the author, and the person is the next in order or holds the post that the step escalates to."""
    directory, day = store.facts().directory, local_day(store.clock.now())
    mine, r = directory.posts_of(person, day), requests.c
    below = sa.or_(r.escalate_to.in_(mine), r.post.in_(directory.may_stand_for(person, day)))
    query = sa.select(r.request, r.stream, r.post, r.barred).where(r.kind == "decide", below, r.post.not_in(posts))
    found: list[str] = []
    states: dict[str, Any] = {}
    for asked in rows(store, query):
        barred = set(asked["barred"].split())
        if directory.attended(asked["post"], day) and barred.isdisjoint(directory.holders(asked["post"], day)):
            continue
        stream = asked["stream"]
        state = states[stream] = states.get(stream) or store.load(stream)[0]
        if stands_in(state, asked["request"], person, store.facts(state.definition), day):
            found.append(str(asked["request"]))
    return found


def _posts_now(store: Store, person: str) -> list[str]:
    """The posts that a person holds today, and those of absent others for which they are the next in order (代決)."""
    directory, day = store.facts().directory, local_day(store.clock.now())
    return [*directory.posts_of(person, day), *directory.stands_in_for(person, day)]


def lifecycle(store: Store, stream: str) -> Row | None:
    found = rows(
        store,
        sa.select(lifecycles, streams.c.version, streams.c.followed)
        .join(streams, streams.c.stream == lifecycles.c.stream)
        .where(lifecycles.c.stream == stream),
    )
    return found[0] if found else None


def resolve(store: Store, given: str) -> str:
    """A stream id from an id, its unique beginning, or the starter's own id. Raises `NotFound`."""
    if len(given) > LONGEST_ID:
        raise NotFound(given[:LONGEST_ID])
    exact = rows(
        store, sa.select(lifecycles.c.stream).where(sa.or_(lifecycles.c.stream == given, lifecycles.c.ref == given))
    )
    if len(exact) == 1:
        return str(exact[0]["stream"])
    try:
        return _by_prefix(store, lifecycles, "stream", given)
    except NotFound as missing:
        if missing.candidates:
            raise
    return _by_prefix(store, lifecycles, "ref", given)


def resolve_request(store: Store, given: str) -> str:
    """A request id from its unique beginning, among those open first, then among those answered; a full id is taken as it is.

    Raises `NotFound`.
    """
    if len(given) == 36:
        return given
    try:
        return _by_prefix(store, requests, "request", given)
    except NotFound as missing:
        if missing.candidates or not given:
            raise
    query = sa.select(answers.c.request).where(answers.c.request.startswith(given, autoescape=True)).distinct()
    found = [str(r["request"]) for r in rows(store, query.limit(6))]
    if len(found) == 1:
        return found[0]
    raise NotFound(given, found)


def answered_stream(store: Store, request: str) -> str | None:
    """The stream of a request that was answered; None when it was not."""
    with store.database.read() as connection:
        return connection.execute(sa.select(answers.c.stream).where(answers.c.request == request)).scalar()


def request_stream(store: Store, request: str) -> str | None:
    """The stream that a request belongs to, open or answered; None when it is unknown."""
    with store.database.read() as connection:
        found = connection.execute(sa.select(requests.c.stream).where(requests.c.request == request)).scalar()
        if found is None:
            found = connection.execute(sa.select(answers.c.stream).where(answers.c.request == request)).scalar()
        if found is None:
            opened = sa.select(events.c.stream).where(
                events.c.type == "RequestOpened", events.c.body.contains(f'"request":"{request}"')
            )
            found = connection.execute(opened.limit(1)).scalar()
    return None if found is None else str(found)


def _by_prefix(store: Store, table: sa.Table, column: str, given: str) -> str:
    if not given:
        raise NotFound(given)
    key = next(iter(table.primary_key))
    query = sa.select(key, table.c[column].label("shown"))
    within = table.c[column].startswith(given, autoescape=True)
    found: list[Row] = []
    if store.database.sqlite:
        # SQLite looks through every row for a LIKE, and finds a range in the index; a range minds upper and lower case.
        between = sa.and_(table.c[column] >= given, table.c[column] < given + _LAST)
        found = rows(store, query.where(between).limit(6))
    found = found or rows(store, query.where(within).limit(6))
    if len(found) == 1:
        return str(found[0][key.name])
    raise NotFound(given, [str(r["shown"]) for r in found])


def of_stream(store: Store, table: sa.Table, stream: str) -> list[Row]:
    """A read model's rows of one stream, in the order of their key."""
    return rows(store, sa.select(table).where(table.c.stream == stream).order_by(*table.primary_key))


def deliverable_versions(store: Store, stream: str, stage: str | None = None) -> list[Row]:
    """Deliverables handed in, oldest first, with their content."""
    query = sa.select(deliverables).where(deliverables.c.stream == stream)
    if stage is not None:
        query = query.where(deliverables.c.stage == stage)
    return rows(store, query.order_by(deliverables.c.at, deliverables.c.round, deliverables.c.version))


def latest_deliverable(store: Store, stream: str, stage: str) -> Row | None:
    found = deliverable_versions(store, stream, stage)
    return found[-1] if found else None


def known_content(store: Store, stream: str, stage: str) -> Row | None:
    """What a new draft begins with: the version handed in last, or what the start said; None when nothing is known."""
    found = latest_deliverable(store, stream, stage)
    if found is not None:
        return dict(found["content"])
    first = store.events(stream)[0].event
    if isinstance(first, LifecycleStarted) and first.setup is not None and stage == "setup":
        return dict(first.setup)
    return None


def answers_of(store: Store, stream: str) -> list[Row]:
    """Answers, oldest first; `retracted` when it does not stand any more."""
    gone = retracted(answers)
    query = sa.select(answers, gone.label("retracted")).where(answers.c.stream == stream).order_by(answers.c.version)
    return rows(store, query)


def retracted(table: sa.Table) -> sa.ColumnElement[bool]:
    """Whether a row came with an answer that was taken back."""
    return sa.exists(
        sa.select(retractions.c.version).where(
            retractions.c.stream == table.c.stream,
            retractions.c.answered_at <= table.c.version,
            retractions.c.version > table.c.version,
        )
    )


def measurements_of(store: Store, stream: str) -> list[Row]:
    return of_stream(store, measurements, stream)


def promises_of(store: Store, stream: str) -> list[Row]:
    return of_stream(store, promises, stream)


def late_promises(store: Store, streams: Sequence[str]) -> dict[str, int]:
    """Lifecycle -> how many of its promises are late today; only those with any."""
    counted = sa.select(promises.c.stream, sa.func.count().label("late")).where(*_late(store))
    found = rows(store, counted.where(promises.c.stream.in_(streams)).group_by(promises.c.stream))
    return {r["stream"]: r["late"] for r in found}


def _late(store: Store) -> list[sa.ColumnElement[bool]]:
    return [promises.c.fulfilled_at.is_(None), promises.c.due < local_day(store.clock.now())]


def outcomes_of(store: Store, stream: str) -> list[Row]:
    """Outcomes that stand, oldest first."""
    query = sa.select(outcomes).where(outcomes.c.stream == stream, ~retracted(outcomes))
    return rows(store, query.order_by(outcomes.c.version))


def visits_of(store: Store, stream: str) -> list[Row]:
    """Stages entered, oldest first, without those that an answer taken back had led to."""
    query = sa.select(stage_visits).where(stage_visits.c.stream == stream, ~retracted(stage_visits))
    return rows(store, query.order_by(stage_visits.c.version))


def all_people(store: Store) -> dict[str, Row]:
    """Personal data by person id."""
    return {r["person"]: r for r in rows(store, sa.select(people))}


def person(store: Store, person: str) -> Row | None:
    """Name, address and language of one person."""
    found = rows(store, sa.select(people).where(people.c.person == person))
    return found[0] if found else None


def sealed_for(store: Store, person: str) -> int:
    """How many events hold text that the person's key seals."""
    key = json.dumps({"of": person}, separators=(",", ":"), ensure_ascii=False)[1:-1]
    query = sa.select(sa.func.count()).select_from(events).where(events.c.body.contains(key, autoescape=True))
    with store.database.read() as connection:
        return int(connection.execute(query).scalar_one())


def has_stream(store: Store, stream: str) -> bool:
    return bool(rows(store, sa.select(streams.c.stream).where(streams.c.stream == stream)))


def published_definitions(store: Store) -> list[Row]:
    return rows(store, sa.select(definitions).order_by(definitions.c.name, definitions.c.version))


def stage_titles(store: Store) -> dict[str, Text]:
    """Titles of the stages of all published definitions by key, in the order of the processes; the newest title of each."""
    found: dict[str, Text] = {}
    for row in published_definitions(store):
        document = row["document"]
        stages = (*document["stages"], document.get("wind_down"), document.get("reopening"))
        found |= {s["key"]: Text.model_validate(s["title"]) for s in stages if s}
    return found


def latest_definition(store: Store, name: str) -> str | None:
    """Reference of the newest published version of a definition."""
    found = rows(
        store, sa.select(sa.func.max(definitions.c.version).label("version")).where(definitions.c.name == name)
    )
    return f"{name}@{found[0]['version']}" if found and found[0]["version"] else None


def notices_for(store: Store, person: str, limit: int = 50) -> list[Row]:
    """Notices in a person's in-app inbox, newest first: to the person, or to a post they hold today."""
    posts = _posts_now(store, person)
    recipients = [f"person:{person}", *(f"post:{p}" for p in posts)]
    query = (
        sa.select(deliveries)
        .where(deliveries.c.channel == "inbox", deliveries.c.recipient.in_(recipients))
        .order_by(deliveries.c.created_at.desc(), deliveries.c.event_id)
    )
    return rows(store, query.limit(limit))


def refusals(store: Store, limit: int = 100, person: str | None = None) -> list[Row]:
    """Refused attempts, newest first: `actor` as a document, and only those of one person where named. `message` is the English
    reason, `message_ja` the Japanese, or the same where only one is known."""
    query = sa.select(refused).order_by(refused.c.id.desc()).limit(limit)
    if person is not None:
        query = query.where(refused.c.actor.contains(f'"person":"{person}"', autoescape=True))
    return [
        {**row, "actor": json.loads(row["actor"]), "message_ja": row["message_ja"] or row["message"]}
        for row in rows(store, query)
    ]


def outside_documents(store: Store) -> dict[tuple[str, str], str]:
    """Decisions made in other systems: (system, number), as they are compared (`plain`) -> the stream for which it was entered."""
    entries = register_entries.c
    query = sa.select(entries.stream, entries.system, entries.number).where(entries.kind == "outside")
    return {(plain(r["system"]), plain(r["number"])): r["stream"] for r in rows(store, query)}


def head_position(store: Store) -> int:
    with store.database.read() as connection:
        return int(connection.execute(sa.select(log_head.c.position)).scalar_one())


def figures(store: Store) -> dict[str, Any]:
    """Counts over the whole store."""
    with store.database.read() as connection:

        def count(query: sa.Select[Any]) -> int:
            return int(connection.execute(query).scalar_one())

        number = sa.func.count()
        return {
            "streams": count(sa.select(number).select_from(streams)),
            "events": count(sa.select(number).select_from(events)),
            "lifecycles": count(sa.select(number).select_from(lifecycles)),
            "open": count(sa.select(number).select_from(lifecycles).where(lifecycles.c.closed.is_(False))),
            "requests": count(sa.select(number).select_from(requests)),
            "answers": count(sa.select(number).select_from(answers)),
            "behind": count(sa.select(number).select_from(streams).where(streams.c.followed < streams.c.version)),
        }
