"""What the API lets read: the same as the pages, page by page with cursors."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from blobs.contract import checked
from blobs.registry import configured
from domain.calendar import local_day
from domain.lifecycle.dialogue import is_said
from domain.lifecycle.overview import route
from domain.lifecycle.state import Lifecycle
from domain.messages import Frozen, Text, unstorable
from papers import files
from papers.circulations import Told, tell, timeline
from papers.collecting import NothingToPrint
from papers.course import course
from papers.veiling import told_to
from store import evidence, queries, search
from store import lineage as family
from store.comparing import compared
from store.hits import Kind
from store.register import documents as registered
from store.store import Store
from store.tables import events
from web.api import models as m
from web.api.access import Caller, Reader
from web.api.problems import Failure, documented, not_found
from web.api.tags import tag
from web.asking import choices, hand_on_to, is_asked
from web.governing import require_oversight
from web.rendering import saved
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
Limit = Annotated[int, Query(ge=1, le=200, description="At most so many items")]
Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the page before")]
Id = Annotated[str, Path(max_length=100, description="Stream id, its unique beginning, or the starter's own id")]
Number = Annotated[int, Path(ge=1, le=100_000)]
Filter = Annotated[str | None, Query(max_length=100)]
T = TypeVar("T")


def cursor_of(*place: Any) -> str:
    text = json.dumps([p.isoformat() if isinstance(p, datetime) else p for p in place])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str | None, *kinds: Callable[[Any], Any]) -> tuple[Any, ...] | None:
    """The place that a cursor stands for. Raises `Failure` 422 for one that was not ours."""
    if cursor is None:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
        if not isinstance(found, list) or len(found) != len(kinds):
            raise ValueError
        return tuple(kind(value) for kind, value in zip(kinds, found, strict=True))
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise Failure(
            422,
            "cursor-unknown",
            Text(ja="cursor が使えません", en="this cursor cannot be used"),
            Text(ja="前のページの next をそのまま渡してください", en="pass `next` of the page before as it is"),
        ) from None


def _moment(value: Any) -> datetime:
    found = datetime.fromisoformat(str(value))
    if found.tzinfo is None:
        raise ValueError
    return found.astimezone(UTC)


def word(value: Any) -> str:
    if not isinstance(value, str) or unstorable(value):
        raise ValueError
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 62:
        raise ValueError
    return value


PLACE = (_moment, word, word)
"""Of a lifecycle in the portfolio, oldest first."""


def place_of_row(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["started_at"], row["ref"], row["stream"]


def stream_of(store: Store, given: str) -> str:
    """Raises `Failure` 404."""
    try:
        return queries.resolve(store, word(given))
    except (queries.NotFound, ValueError):
        raise not_found(given) from None


def after_page(items: Sequence[T], limit: int, place: Callable[[T], tuple[Any, ...]]) -> str | None:
    """The cursor behind the page, when there was one more."""
    return cursor_of(*place(items[limit - 1])) if len(items) > limit else None


@router.get("/me", responses=documented(), tags=["me"])
def who_am_i(caller: Reader) -> m.WhoAmI:
    """The person for whom the key acts, and the posts that they hold today."""
    directory, key = caller.store.facts().directory, caller.key
    posts = directory.posts_of(key.person, local_day(caller.store.clock.now()))
    return m.WhoAmI(person=key.person, key=key.id, scopes=key.scopes, until=key.until, posts=tuple(posts))


@router.get("/inbox", responses=documented(), tags=["me"])
def inbox(caller: Reader, limit: Limit = 50, cursor: Cursor = None) -> m.Page[m.WaitingRequest]:
    """What waits for the person today, by due date."""
    after = place_of(cursor, word, word)
    found = [r for r in queries.inbox(caller.store, caller.key.person) if after is None or _due(r) > after]
    items = tuple(row_of(m.WaitingRequest, r) for r in found[:limit])
    return m.Page(items=items, next=after_page(found, limit, _due))


def _due(row: dict[str, Any]) -> tuple[str, str]:
    return row["due_at"].isoformat() if row["due_at"] else "~", row["request"]


@router.get("/notices", responses=documented(), tags=["me"])
def notices(caller: Reader, limit: Limit = 50) -> m.Page[m.NoticeSeen]:
    """The newest notices to the person and to the posts they hold."""
    found = queries.notices_for(caller.store, caller.key.person, limit)
    return m.Page(items=tuple(row_of(m.NoticeSeen, r) for r in found))


@router.get("/lifecycles", responses=documented(), tags=["lifecycles"])
def lifecycles(
    caller: Reader,
    stage: Filter = None,
    bureau: Filter = None,
    viewpoint: Filter = None,
    health: Filter = None,
    closed: bool | None = None,
    closed_as: Annotated[
        str | None, Query(max_length=100, description="How it ended: completion, abolition, …")
    ] = None,
    words: Filter = None,
    tag: Filter = None,
    post: Annotated[str | None, Query(max_length=100, description="Those that wait for this post")] = None,
    held: bool | None = None,
    overdue: bool | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> m.Page[m.LifecycleSummary]:
    """The portfolio, oldest first."""
    place = place_of(cursor, *PLACE)
    found = queries.find_lifecycles(
        caller.store,
        stage=stage,
        bureau=bureau,
        viewpoint=viewpoint,
        health=health,
        closed=closed,
        closed_as=closed_as,
        words=words,
        tag=tag,
        awaiting=post,
        held=held,
        overdue=overdue,
        limit=limit + 1,
        after=(place[0], place[1], place[2]) if place else None,
    )
    items = tuple(row_of(m.LifecycleSummary, r) for r in found[:limit])
    return m.Page(items=items, next=after_page(found, limit, place_of_row))


@router.get("/lifecycles/{id}", responses=documented(404, tagged=True), tags=["lifecycles"])
def lifecycle(caller: Reader, id: Id, response: Response) -> m.LifecycleDetail:
    """Where one lifecycle is. The ETag is its version, for If-Match."""
    stream = stream_of(caller.store, id)
    state, version = caller.store.load(stream)
    tag(response, version)
    return m.LifecycleDetail.of(state, version, route(state, caller.store.facts(state.definition)))


@router.get("/lifecycles/{id}/history", responses=documented(404), tags=["lifecycles"])
def history(caller: Reader, id: Id, limit: Limit = 50, cursor: Cursor = None) -> m.Page[m.EventTold]:
    """Every event, oldest first, told in both languages."""
    place, stream = place_of(cursor, _whole), stream_of(caller.store, id)
    recorded = caller.store.events(stream)
    told = [
        t
        for t in tell(caller.store.kinds["lifecycle"], stream, recorded)
        if place is None or t.recorded.version > place[0]
    ]
    items = tuple(_told(t) for t in told_to(caller.store, caller.actor, stream, told[:limit]))
    return m.Page(items=items, next=after_page(told, limit, lambda t: (t.recorded.version,)))


def _told(t: Told) -> m.EventTold:
    return m.EventTold(
        position=t.recorded.position,
        version=t.recorded.version,
        type=t.recorded.event.type,
        occurred_at=t.recorded.occurred_at,
        person=t.recorded.actor.person,
        capacity=t.recorded.actor.capacity,
        via=t.recorded.actor.via.value,
        command_id=t.recorded.command_id,
        line=t.line,
        said=t.said,
        body=t.recorded.event.model_dump(mode="json"),
    )


@router.get("/lifecycles/{id}/lineage", responses=documented(404), tags=["lifecycles"])
def lineage(caller: Reader, id: Id) -> family.Lineage:
    """Which lifecycle came from which: ancestors, what was carried to other departments, merges, and the rounds between."""
    return family.lineage(caller.store, stream_of(caller.store, id))


@router.get("/lifecycles/{id}/documents", responses=documented(404), tags=["lifecycles"])
def documents(caller: Reader, id: Id) -> m.Page[m.DocumentVersion]:
    """Every version of every document handed in, oldest first."""
    found = queries.deliverable_versions(caller.store, stream_of(caller.store, id))
    return m.Page(items=tuple(_document(r) for r in found))


@router.get("/lifecycles/{id}/documents/{stage}/{round}/{version}", responses=documented(404), tags=["lifecycles"])
def document(
    caller: Reader, id: Id, stage: Annotated[str, Path(max_length=100)], round: Number, version: Number
) -> m.DocumentVersion:
    """One version of a document. It never changes."""
    for row in queries.deliverable_versions(caller.store, stream_of(caller.store, id), stage):
        if (row["round"], row["version"]) == (round, version):
            return _document(row)
    raise not_found(f"{stage}/{round}/{version}")


@router.get(
    "/lifecycles/{id}/documents/{stage}/{round}/{version}/differences", responses=documented(404), tags=["lifecycles"]
)
def document_differences(
    caller: Reader,
    id: Id,
    stage: Annotated[str, Path(max_length=100)],
    round: Number,
    version: Number,
    against: Annotated[
        int | None, Query(ge=1, le=100_000, description="The version handed in before, if left out")
    ] = None,
    against_round: Annotated[int | None, Query(ge=1, le=100_000, description="Its round; else the same")] = None,
) -> m.DocumentDifferences:
    """What changed in a document, field by field, since an older version of it."""
    found = queries.deliverable_versions(caller.store, stream_of(caller.store, id), stage)
    places = [(r["round"], r["version"]) for r in found]
    if (round, version) not in places:
        raise not_found(f"{stage}/{round}/{version}")
    at = places.index((round, version))
    older: dict[str, Any] | None = found[at - 1] if at else None
    if against is not None or against_round is not None:
        other = (against_round or round, against or 1)
        if other not in places:
            raise not_found(f"{stage}/{other[0]}/{other[1]}")
        older = found[places.index(other)]
    return m.DocumentDifferences(
        stage=stage,
        old=row_of(m.VersionNamed, older) if older else None,
        new=row_of(m.VersionNamed, found[at]),
        differences=tuple(compared(caller.store, older, found[at])) if older else (),
        files_changed=older is not None and (older["attachments"] or []) != (found[at]["attachments"] or []),
    )


def _document(row: dict[str, Any]) -> m.DocumentVersion:
    return row_of(m.DocumentVersion, {**row, "attachments": row["attachments"] or ()})


@router.get("/lifecycles/{id}/answers", responses=documented(404), tags=["lifecycles"])
def answers(caller: Reader, id: Id) -> m.Page[m.AnswerGiven]:
    """Answers, oldest first; `retracted` when one does not stand any more."""
    found = queries.answers_of(caller.store, stream_of(caller.store, id))
    return m.Page(items=tuple(row_of(m.AnswerGiven, r) for r in found))


@router.get("/lifecycles/{id}/measurements", responses=documented(404), tags=["lifecycles"])
def measurements(caller: Reader, id: Id) -> m.Page[m.MeasuredValue]:
    """Measured values and their corrections, oldest first."""
    found = queries.measurements_of(caller.store, stream_of(caller.store, id))
    return m.Page(items=tuple(row_of(m.MeasuredValue, r) for r in found))


@router.get(
    "/lifecycles/{id}/files/{sha256}",
    responses={
        **documented(404),
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
    },
    response_class=Response,
    tags=["lifecycles"],
)
def file(caller: Reader, id: Id, sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> StreamingResponse:
    """The bytes of an evidence file, checked against their hash on the way."""
    stream = stream_of(caller.store, id)
    found = next((f for f in evidence.for_whom(caller.store, caller.actor, stream) if f["sha256"] == sha256), None)
    blobs = configured(caller.site.settings)
    if found is None or not blobs.has(sha256):
        raise not_found(sha256)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found['name'])}",
        "Content-Length": str(found["size"]),
    }
    return StreamingResponse(checked(blobs, sha256), media_type="application/octet-stream", headers=headers)


BINARY: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get(
    "/lifecycles/{id}/documents/{stage}/{round}/{version}/paper",
    responses={**documented(404), **BINARY},
    response_class=Response,
    tags=["lifecycles"],
)
def paper(
    caller: Reader, id: Id, stage: Annotated[str, Path(max_length=100)], round: Number, version: Number
) -> Response:
    """The decision document (決裁文書) of one version as PDF/A."""
    try:
        made, name = files.decision(caller.store, stream_of(caller.store, id), caller.actor, stage, round, version)
    except NothingToPrint:
        raise not_found(f"{stage}/{round}/{version}") from None
    return saved(made, name, "application/octet-stream")


@router.get(
    "/lifecycles/{id}/dossier",
    responses={**documented(404), **BINARY},
    response_class=Response,
    tags=["lifecycles"],
)
def dossier(caller: Reader, id: Id) -> Response:
    """The whole lifecycle as PDF/A."""
    made = files.dossier(caller.store, stream_of(caller.store, id), caller.actor)
    return saved(*made, "application/octet-stream")


@router.get(
    "/lifecycles/{id}/brief",
    responses={**documented(404), **BINARY},
    response_class=Response,
    tags=["lifecycles"],
)
def brief(caller: Reader, id: Id, question: Annotated[str, Query(max_length=2000)] = "") -> Response:
    """A brief for a question in the assembly as PDF/A; what it asks for comes first."""
    made = files.brief(caller.store, stream_of(caller.store, id), caller.actor, question)
    return saved(*made, "application/octet-stream")


@router.get("/requests/{request}", responses=documented(404), tags=["lifecycles"])
def request(caller: Reader, request: Annotated[str, Path(max_length=100)]) -> m.RequestSeen:
    """An open request with what is asked, and what was said about it; 404 once it is answered (see the answers of its lifecycle)."""
    store = caller.store
    stream = queries.request_stream(store, request)
    row = next((r for r in queries.live_requests(store, [stream]) if r["request"] == request), None) if stream else None
    if stream is None or row is None:
        raise not_found(request)
    state, _ = store.load(stream)
    asked = state.request(request)
    can = choices(store, state, asked)
    told = timeline(store, stream)
    its = course(told, store.facts(state.definition), local_day(store.clock.now()))
    return m.RequestSeen(
        **row_of(m.WaitingRequest, row).model_dump(),
        asked=is_asked(store, caller.key.person, state, asked) if asked is not None else row["post"] in _posts(caller),
        hand_on_to=tuple(
            m.Choosable(key=key, title=title) for key, title in hand_on_to(store, caller.key.person, state, asked)
        ),
        back_to=tuple(m.Choosable(key=key, title=title) for key, title in can["back_to"]),
        outcomes=tuple(m.Choosable(key=key, title=title) for key, title in can["outcomes"]),
        document=_in_circulation(store, state),
        remark=its.remark,
        route=its.stops,
        earlier=its.earlier,
        questions=state.questions,
        readings=state.readings,
        said=tuple(_told(t) for t in told if is_said(t.recorded.event)),
    )


def _posts(caller: Caller) -> list[str]:
    day = local_day(caller.store.clock.now())
    return caller.store.facts().directory.posts_of(caller.key.person, day)


def _in_circulation(store: Store, state: Lifecycle) -> m.VersionNamed | None:
    submitted = state.submission
    if submitted is None:
        return None
    found = queries.deliverable_versions(store, state.stream, submitted.stage)
    row = next((r for r in reversed(found) if r["content_hash"] == submitted.content_hash), None)
    return row_of(m.VersionNamed, row) if row is not None else None


@router.get("/events", responses=documented(), tags=["log"])
def log(caller: Reader, after: Annotated[int, Query(ge=0, lt=1 << 62)] = 0, limit: Limit = 100) -> m.Page[m.EventSeen]:
    """The whole log behind a position, in its order, without free text: to follow what happens, ask again with the last
    position seen."""
    e = events.c
    query = sa.select(e.position, e.event_id, e.stream, e.version, e.type, e.occurred_at)
    found = queries.rows(caller.store, query.where(e.position > after).order_by(e.position).limit(limit))
    return m.Page(items=tuple(row_of(m.EventSeen, r) for r in found))


@router.get("/search", responses=documented(), tags=["log"])
def find(
    caller: Reader,
    q: Annotated[str, Query(min_length=1, max_length=100)],
    kind: Annotated[Kind | None, Query(description="Hits of this kind alone, page by page")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> m.Page[search.Hit]:
    """Lifecycles, documents, what people wrote (as far as pages show it to the person of the key), numbers, sessions, proposals, units,
    posts and people that contain all words, in any width of letters: at most `limit` of each kind. `next` goes on with one `kind`."""
    place = place_of(cursor, _whole) if kind is not None else None
    skip = min(place[0], 1_000_000) if place else 0
    found = search.search(caller.store, q, limit + 1 if kind else limit, kind=kind, skip=skip, reader=caller.key.person)
    if kind is None:
        return m.Page(items=tuple(found))
    return m.Page(items=tuple(found[:limit]), next=cursor_of(skip + limit) if len(found) > limit else None)


@router.get("/register", responses=documented(), tags=["log"])
def register(
    caller: Reader,
    fiscal_year: Annotated[int | None, Query(ge=1950, le=2100)] = None,
    section: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> m.Page[m.RegisterLine]:
    """The register of documents (起案簿), in the order of the numbers."""
    place = place_of(cursor, word, _whole, word, _whole)
    after = (place[0], place[1], place[2], place[3]) if place else None
    found = registered(caller.store, fiscal_year, section, limit=limit + 1, after=after)
    items = tuple(row_of(m.RegisterLine, r) for r in found[:limit])
    return m.Page(items=items, next=after_page(found, limit, lambda r: r["place"]))


@router.get("/attempts", responses=documented(409), tags=["log"])
def attempts(caller: Reader, person: Filter = None, limit: Limit = 50) -> m.Page[m.Attempt]:
    """What was refused, newest first: for the secretariat and auditors."""
    require_oversight(caller.store, caller.key.person)
    found = queries.refusals(caller.store, limit, person)
    return m.Page(
        items=tuple(
            m.Attempt(
                at=r["at"],
                stream=r["stream"],
                what=r["command_type"],
                person=r["actor"]["person"],
                via=r["actor"]["via"],
                rule=r["rule"],
                message=r["message"],
                reason=Text(ja=r["message_ja"], en=r["message"]),
            )
            for r in found
        )
    )


R = TypeVar("R", bound=Frozen)


def row_of(model: type[R], row: dict[str, Any]) -> R:
    """A row of the read models as the API shows it."""
    found: R = model.model_validate({name: row[name] for name in model.model_fields})
    return found
