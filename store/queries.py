"""What shells and pages read. Rows are plain dicts with the columns of `store/tables.py`; moments are aware UTC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from domain.calendar import local_day
from domain.kinds import Row
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
    requests,
    stage_visits,
    streams,
)

MANY = 900
"""Values in one IN list: SQLite's default limit is 999 variables."""


class NotFound(LookupError):
    """No row, or several, for what was asked; `candidates` are those that come close."""

    def __init__(self, what: str, candidates: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.candidates = list(candidates)


def rows(store: Store, query: sa.Select[Any]) -> list[Row]:
    with store.database.read() as connection:
        return [dict(r) for r in connection.execute(query).mappings()]


def find_lifecycles(
    store: Store,
    *,
    stage: str | None = None,
    bureau: str | None = None,
    viewpoint: str | None = None,
    health: str | None = None,
    awaiting: str | None = None,
    closed: bool | None = None,
    limit: int | None = None,
) -> list[Row]:
    """Lifecycles, oldest first, with `version` of their stream. `awaiting` is a post id."""
    query = sa.select(lifecycles, streams.c.version).join(streams, streams.c.stream == lifecycles.c.stream)
    for column, value in (
        (lifecycles.c.stage, stage),
        (lifecycles.c.bureau, bureau),
        (lifecycles.c.viewpoint, viewpoint),
        (lifecycles.c.health, health),
        (lifecycles.c.closed, closed),
    ):
        if value is not None:
            query = query.where(column == value)
    if awaiting is not None:
        asked = sa.select(requests.c.stream).where(requests.c.post == awaiting)
        query = query.where(lifecycles.c.stream.in_(asked), lifecycles.c.held.is_(False))
    query = query.order_by(lifecycles.c.started_at, lifecycles.c.ref, lifecycles.c.stream)
    return rows(store, query.limit(limit) if limit else query)


def live_requests(store: Store, among: Sequence[str] | None = None) -> list[Row]:
    """Open requests (of some streams), by due date."""
    if among is not None and len(among) <= MANY:
        return rows(
            store,
            sa.select(requests).where(requests.c.stream.in_(among)).order_by(requests.c.due_at, requests.c.request),
        )
    found = rows(store, sa.select(requests).order_by(requests.c.due_at, requests.c.request))
    wanted = None if among is None else set(among)
    return [r for r in found if wanted is None or r["stream"] in wanted]


def inbox(store: Store, person: str) -> list[Row]:
    """What waits for a person today: open requests to the posts they hold, not on hold, by due date."""
    posts = store.facts().directory.posts_of(person, local_day(store.clock.now()))
    query = (
        sa.select(requests, lifecycles.c.title, lifecycles.c.ref, lifecycles.c.health)
        .join(lifecycles, lifecycles.c.stream == requests.c.stream)
        .where(requests.c.post.in_(posts), lifecycles.c.held.is_(False))
        .order_by(requests.c.due_at, requests.c.request)
    )
    return rows(store, query)


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
    """A request id from its unique beginning among those open; a full id is taken as it is. Raises `NotFound`."""
    if len(given) == 36:
        return given
    return _by_prefix(store, requests, "request", given)


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
    query = sa.select(key, table.c[column].label("shown")).where(table.c[column].startswith(given, autoescape=True))
    found = rows(store, query.limit(6))
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


def answers_of(store: Store, stream: str) -> list[Row]:
    return of_stream(store, answers, stream)


def measurements_of(store: Store, stream: str) -> list[Row]:
    return of_stream(store, measurements, stream)


def promises_of(store: Store, stream: str) -> list[Row]:
    return of_stream(store, promises, stream)


def outcomes_of(store: Store, stream: str) -> list[Row]:
    return of_stream(store, outcomes, stream)


def visits_of(store: Store, stream: str) -> list[Row]:
    return of_stream(store, stage_visits, stream)


def all_people(store: Store) -> dict[str, Row]:
    """Personal data by person id."""
    return {r["person"]: r for r in rows(store, sa.select(people))}


def published_definitions(store: Store) -> list[Row]:
    return rows(store, sa.select(definitions).order_by(definitions.c.name, definitions.c.version))


def latest_definition(store: Store, name: str) -> str | None:
    """Reference of the newest published version of a definition."""
    found = rows(
        store, sa.select(sa.func.max(definitions.c.version).label("version")).where(definitions.c.name == name)
    )
    return f"{name}@{found[0]['version']}" if found and found[0]["version"] else None


def notices_for(store: Store, person: str, limit: int = 50) -> list[Row]:
    """Notices in a person's in-app inbox, newest first: to the person, or to a post they hold today."""
    posts = store.facts().directory.posts_of(person, local_day(store.clock.now()))
    recipients = [f"person:{person}", *(f"post:{p}" for p in posts)]
    query = (
        sa.select(deliveries)
        .where(deliveries.c.channel == "inbox", deliveries.c.recipient.in_(recipients))
        .order_by(deliveries.c.created_at.desc(), deliveries.c.event_id)
    )
    return rows(store, query.limit(limit))


def refusals(store: Store, limit: int = 100) -> list[Row]:
    """Refused attempts, newest first."""
    return rows(store, sa.select(refused).order_by(refused.c.id.desc()).limit(limit))


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
