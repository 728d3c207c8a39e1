"""What the API lets read: the same as the pages, page by page with cursors."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from blobs.contract import checked
from blobs.registry import configured
from domain.calendar import local_day
from domain.deliverables.registry import DELIVERABLES
from domain.lifecycle.overview import route
from domain.messages import Frozen, Text
from papers import files
from papers.circulations import tell
from papers.collecting import NothingToPrint
from store import lineage as family
from store import moves as moves_of
from store import queries, search
from store.store import Store
from store.tables import events
from web.api import models as m
from web.api.access import Reader
from web.api.problems import Failure, documented, not_found
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
    return found


def _word(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 62:
        raise ValueError
    return value


PLACE = (_moment, _word, _word)
"""Of a lifecycle in the portfolio, oldest first."""


def place_of_row(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["started_at"], row["ref"], row["stream"]


def stream_of(store: Store, given: str) -> str:
    """Raises `Failure` 404."""
    try:
        return queries.resolve(store, given)
    except queries.NotFound:
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
    after = place_of(cursor, _word, _word)
    found = [r for r in queries.inbox(caller.store, caller.key.person) if after is None or _due(r) > after]
    items = tuple(_row(m.WaitingRequest, r) for r in found[:limit])
    return m.Page(items=items, next=after_page(found, limit, _due))


def _due(row: dict[str, Any]) -> tuple[str, str]:
    return row["due_at"].isoformat() if row["due_at"] else "~", row["request"]


@router.get("/notices", responses=documented(), tags=["me"])
def notices(caller: Reader, limit: Limit = 50) -> m.Page[m.NoticeSeen]:
    """The newest notices to the person and to the posts they hold."""
    found = queries.notices_for(caller.store, caller.key.person, limit)
    return m.Page(items=tuple(_row(m.NoticeSeen, r) for r in found))


@router.get("/lifecycles", responses=documented(), tags=["lifecycles"])
def lifecycles(
    caller: Reader,
    stage: Filter = None,
    bureau: Filter = None,
    viewpoint: Filter = None,
    health: Filter = None,
    closed: bool | None = None,
    words: Filter = None,
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
        words=words,
        limit=limit + 1,
        after=(place[0], place[1], place[2]) if place else None,
    )
    items = tuple(_row(m.LifecycleSummary, r) for r in found[:limit])
    return m.Page(items=items, next=after_page(found, limit, place_of_row))


@router.get("/lifecycles/{id}", responses=documented(404), tags=["lifecycles"])
def lifecycle(caller: Reader, id: Id, response: Response) -> m.LifecycleDetail:
    """Where one lifecycle is. The ETag is its version, for If-Match."""
    stream = stream_of(caller.store, id)
    state, version = caller.store.load(stream)
    response.headers["ETag"] = f'"{version}"'
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
    items = tuple(
        m.EventTold(
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
        for t in told[:limit]
    )
    return m.Page(items=items, next=after_page(told, limit, lambda t: (t.recorded.version,)))


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


def _document(row: dict[str, Any]) -> m.DocumentVersion:
    return _row(m.DocumentVersion, {**row, "attachments": row["attachments"] or ()})


@router.get("/lifecycles/{id}/answers", responses=documented(404), tags=["lifecycles"])
def answers(caller: Reader, id: Id) -> m.Page[m.AnswerGiven]:
    """Answers, oldest first; `retracted` when one does not stand any more."""
    found = queries.answers_of(caller.store, stream_of(caller.store, id))
    return m.Page(items=tuple(_row(m.AnswerGiven, r) for r in found))


@router.get("/lifecycles/{id}/measurements", responses=documented(404), tags=["lifecycles"])
def measurements(caller: Reader, id: Id) -> m.Page[m.MeasuredValue]:
    """Measured values and their corrections, oldest first."""
    found = queries.measurements_of(caller.store, stream_of(caller.store, id))
    return m.Page(items=tuple(_row(m.MeasuredValue, r) for r in found))


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
    found = next((f for f in queries.attachments_of(caller.store, stream) if f["sha256"] == sha256), None)
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
        made, name = files.decision(caller.store, stream_of(caller.store, id), stage, round, version)
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
    return saved(*files.dossier(caller.store, stream_of(caller.store, id)), "application/octet-stream")


@router.get(
    "/lifecycles/{id}/brief",
    responses={**documented(404), **BINARY},
    response_class=Response,
    tags=["lifecycles"],
)
def brief(caller: Reader, id: Id, question: Annotated[str, Query(max_length=2000)] = "") -> Response:
    """A brief for a question in the assembly as PDF/A; what it asks for comes first."""
    return saved(*files.brief(caller.store, stream_of(caller.store, id), question), "application/octet-stream")


@router.get("/requests/{request}", responses=documented(404), tags=["lifecycles"])
def request(caller: Reader, request: Annotated[str, Path(max_length=100)]) -> m.WaitingRequest:
    """An open request; 404 once it is answered."""
    stream = queries.request_stream(caller.store, request)
    found = [r for r in queries.live_requests(caller.store, [stream]) if r["request"] == request] if stream else []
    if not found:
        raise not_found(request)
    return _row(m.WaitingRequest, found[0])


@router.get("/events", responses=documented(), tags=["log"])
def log(caller: Reader, after: Annotated[int, Query(ge=0, lt=1 << 62)] = 0, limit: Limit = 100) -> m.Page[m.EventSeen]:
    """The whole log behind a position, in its order, without free text: to follow what happens, ask again with the last
    position seen."""
    e = events.c
    query = sa.select(e.position, e.event_id, e.stream, e.version, e.type, e.occurred_at)
    found = queries.rows(caller.store, query.where(e.position > after).order_by(e.position).limit(limit))
    return m.Page(items=tuple(_row(m.EventSeen, r) for r in found))


@router.get("/search", responses=documented(), tags=["log"])
def find(
    caller: Reader, q: Annotated[str, Query(min_length=1, max_length=100)], limit: Limit = 20
) -> m.Page[search.Hit]:
    """Lifecycles, documents, numbers, units, posts and people that contain all words."""
    return m.Page(items=tuple(search.search(caller.store, q, limit)))


@router.get("/register", responses=documented(), tags=["log"])
def register(
    caller: Reader, fiscal_year: Annotated[int | None, Query(ge=1950, le=2100)] = None, section: Filter = None
) -> m.Page[m.RegisterLine]:
    """The register of documents (起案簿)."""
    found = queries.register_of(caller.store, fiscal_year, section)
    return m.Page(items=tuple(_row(m.RegisterLine, r) for r in found))


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
            )
            for r in found
        )
    )


@router.get("/directory", responses=documented(), tags=["definitions"])
def directory(caller: Reader) -> m.DirectorySeen:
    """Units and posts with who holds them today."""
    known, day = caller.store.facts().directory, local_day(caller.store.clock.now())
    return m.DirectorySeen(
        day=day,
        units=tuple(m.UnitSeen(id=u.id, name=u.name, kind=u.kind, parent=u.parent) for u in known.units),
        posts=tuple(
            m.PostSeen(id=p.id, title=p.title, role=p.role, unit=p.unit, holders=tuple(known.holders(p.id, day)))
            for p in known.posts
        ),
    )


@router.get("/definitions", responses=documented(), tags=["definitions"])
def definitions(caller: Reader) -> m.Page[m.DefinitionSeen]:
    """Every published version of every process definition."""
    found = queries.published_definitions(caller.store)
    return m.Page(items=tuple(_row(m.DefinitionSeen, r) for r in found))


@router.get("/definitions/{reference}/dry-run", responses=documented(404), tags=["definitions"])
def dry_run(
    caller: Reader,
    reference: Annotated[str, Path(max_length=100, description="A published version, such as himeji@2")],
    source: Annotated[
        str | None, Query(max_length=100, description="Lifecycles under this definition or version, or `all`")
    ] = None,
    stage: Annotated[
        list[str] | None, Query(max_length=50, description="OLD=NEW: where a stage that is gone goes on")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> m.Page[m.WouldMove]:
    """What moving running lifecycles to a version would change, each with its version for If-Match; nothing is recorded.
    They are moved one by one with `migrate-definition`."""
    found = caller.store.facts(reference).definition
    if found is None:
        raise not_found(reference)
    moves = dict(_move(given) for given in stage or ())
    place = place_of(cursor, _word)
    streams = sorted(moves_of.running(caller.store, source or found.name, reference))
    left = [s for s in streams if place is None or s > place[0]]
    items = tuple(m.WouldMove.of(p) for p in moves_of.prospects(caller.store, found, left[:limit], moves))
    return m.Page(items=items, next=after_page(left, limit, lambda s: (s,)))


def _move(given: str) -> tuple[str, str]:
    old, sign, new = given.partition("=")
    if not (old and sign and new):
        raise Failure(
            422,
            "request-shape",
            Text(ja="stage は 旧=新 の形です", en="stage has the form OLD=NEW"),
            Text(ja="stage=hypothesis=analysis のように送ってください", en="send it like stage=hypothesis=analysis"),
        )
    return old, new


@router.get("/forms/{key}", responses=documented(404), tags=["definitions"])
def form(caller: Reader, key: Annotated[str, Path(max_length=100)]) -> m.DeliverableForm:
    """The form of a deliverable as JSON schema, with the rules it must meet."""
    found = DELIVERABLES.get(key)
    if found is None:
        raise not_found(key)
    rules = tuple({"name": r.name, "ja": r.title.ja, "en": r.title.en} for r in found.rules)
    return m.DeliverableForm(key=key, title=found.title, form=found.form.model_json_schema(), rules=rules)


R = TypeVar("R", bound=Frozen)


def _row(model: type[R], row: dict[str, Any]) -> R:
    """A row of the read models as the API shows it."""
    found: R = model.model_validate({name: row[name] for name in model.model_fields})
    return found
