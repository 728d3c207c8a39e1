"""Sessions, rounds and instructions as the API lets read them, with the read rights of the pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from blobs.contract import checked
from blobs.registry import configured
from domain.bodies import BodyRules
from domain.calendar import JST
from domain.messages import Event, Recorded, Text, refuse
from domain.selection.kind import line as round_line
from domain.selection.round import SelectionRound
from domain.sessions import messages as sm
from domain.sessions.kind import line as session_line
from domain.sessions.session import Item, Session
from papers import packs
from papers.collecting import NothingToPrint
from store import bodies
from store.store import Store
from store.waiting import from_bodies
from web.api import body_models as m
from web.api.access import Caller, Reader
from web.api.models import EventTold, Page
from web.api.problems import documented, not_found
from web.api.reading import Cursor, Limit, cursor_of, place_of
from web.api.tags import tag
from web.governing import is_privy, rules_of
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
SessionId = Annotated[str, Path(max_length=100, description="Stream id of a session, such as council:2026-1")]
RoundId = Annotated[str, Path(max_length=100, description="Stream id of a round, such as selection:2026")]
BINARY: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


def session_of(store: Store, stream: str) -> tuple[Session, int]:
    """A session with its version. Raises `Failure` 404."""
    try:
        state, version = store.load(stream)
    except LookupError:
        raise not_found(stream) from None
    if not isinstance(state, Session) or state.rules is None:
        raise not_found(stream)
    return state, version


def round_of(store: Store, stream: str) -> tuple[SelectionRound, int]:
    """A round with its version. Raises `Failure` 404."""
    try:
        state, version = store.load(stream)
    except LookupError:
        raise not_found(stream) from None
    if not isinstance(state, SelectionRound) or state.rules is None:
        raise not_found(stream)
    return state, version


def paged(rows: Sequence[Any], limit: int, cursor: str | None, made: Callable[[Any], Any]) -> Page[Any]:
    """Short lists are cut here, and the cursor counts."""
    first = first_of(cursor)
    found = rows[first : first + limit]
    following = cursor_of(first + limit) if first + limit < len(rows) else None
    return Page(items=tuple(made(r) for r in found), next=following)


def first_of(cursor: str | None) -> int:
    """How many came on the pages before. Raises `Failure` 422."""
    place = place_of(cursor, _count)
    return place[0] if place else 0


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 31:
        raise ValueError
    return value


def _as(model: type[Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda row: model.model_validate({n: row[n] for n in model.model_fields if n in row})


# --- sessions --------------------------------------------------------------------------------------------------------


@router.get("/sessions", responses=documented(), tags=["sessions"])
def sessions(
    caller: Reader,
    body: Literal["council", "monitoring"] | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[m.SessionSummary]:
    """Sessions of the bodies, newest first."""
    return paged(bodies.all_sessions(caller.store, body), limit, cursor, _as(m.SessionSummary))


@router.get("/sessions/{session}", responses=documented(404, tagged=True), tags=["sessions"])
def session(caller: Reader, session: SessionId, response: Response) -> m.SessionSeen:
    """Agenda, conclusions, instructions and minutes. The ETag is the version, for If-Match."""
    state, version = session_of(caller.store, session)
    tag(response, version)
    recorded = caller.store.events(session)
    privy = is_privy(caller.store, caller.key.person, state)
    concluded = {r.event.item: r.event for r in recorded if isinstance(r.event, sm.ItemConcluded)}
    return m.SessionSeen(
        stream=session,
        version=version,
        title=state.title,
        body=state.body,
        held_on=state.held_on,
        place=state.place,
        circulation=state.circulation,
        phase=state.phase,
        members=state.members,
        present=state.present,
        presiding=state.presiding,
        guests=state.guests,
        quorum=state.quorum,
        items=tuple(_item(i, concluded.get(i.key), privy) for i in state.items.values()),
        instructions=_instructions(state, recorded),
        minutes=_minutes(state, recorded, privy),
    )


def _item(item: Item, concluded: sm.ItemConcluded | None, privy: bool) -> m.ItemSeen:
    if not item.public and not privy:
        return m.ItemSeen(key=item.key, public=False)
    votes = concluded.votes if concluded else item.votes
    names = ("key", "public", "category", "title", "lifecycle", "request", "selection", "follows", "conclusion")
    return m.ItemSeen(
        **{n: getattr(item, n) for n in names},
        reason=concluded.reason if concluded else "",
        conditions=tuple(c.text for c in item.conditions),
        dissent=concluded.dissent if concluded else "",
        votes=dict(Counter(votes.values())),
        recused=item.recused,
        papers=item.papers,
        exception=item.exception.message if item.exception is not None and not item.exception.settled else None,
    )


def _instructions(state: Session, recorded: list[Recorded]) -> tuple[m.InstructionSeen, ...]:
    asked = {r.event.instruction: r.event.text for r in recorded if isinstance(r.event, sm.InstructionIssued)}
    answers = {r.event.instruction: r.event.text for r in recorded if isinstance(r.event, sm.InstructionAnswered)}
    names = ("about", "lifecycle", "post", "due_at", "answered_at")
    return tuple(
        m.InstructionSeen(
            instruction=i.id,
            stream=state.stream,
            text=asked.get(i.id, ""),
            answer=answers.get(i.id, ""),
            **{n: getattr(i, n) for n in names},
        )
        for i in state.instructions.values()
    )


def _minutes(state: Session, recorded: list[Recorded], privy: bool) -> m.MinutesSeen | None:
    found = [r.event for r in recorded if isinstance(r.event, sm.MinutesDrafted)]
    if not found or not (privy or state.final):
        return None
    newest = found[-1]
    return m.MinutesSeen(
        version=newest.version,
        form=newest.form,
        text=newest.text,
        closed_part=newest.closed_part if privy else "",
        confirmed=state.confirmed,
        final=state.final == newest.version,
    )


@router.get("/sessions/{session}/waiting", responses=documented(404), tags=["sessions"])
def waiting(caller: Reader, session: SessionId) -> Page[m.MatterSeen]:
    """What waits to be put on the agenda."""
    state, _ = session_of(caller.store, session)
    found = bodies.matters(caller.store, state) if state.phase in ("convened", "sitting") else []
    return Page(items=tuple(_as(m.MatterSeen)(w.model_dump()) for w in found))


@router.get("/sessions/{session}/history", responses=documented(404), tags=["sessions"])
def session_history(caller: Reader, session: SessionId, limit: Limit = 50, cursor: Cursor = None) -> Page[EventTold]:
    """Every event, oldest first, without its free text; those of an item that the person may not read are left out."""
    state, _ = session_of(caller.store, session)
    hidden = set()
    if not is_privy(caller.store, caller.key.person, state):
        hidden = {i.key for i in state.items.values() if not i.public}
    recorded = caller.store.events(session, open_texts=False)
    shown = [r for r in recorded if getattr(r.event, "item", "") not in hidden]
    return paged(shown, limit, cursor, lambda r: _told(r, session_line(state, r.event)))


def _told(recorded: Recorded, line: Text) -> EventTold:
    event: Event = recorded.event
    return EventTold(
        position=recorded.position,
        version=recorded.version,
        type=event.type,
        occurred_at=recorded.occurred_at,
        person=recorded.actor.person,
        capacity=recorded.actor.capacity,
        via=recorded.actor.via.value,
        command_id=recorded.command_id,
        line=line,
        said="",
        body=event.model_dump(mode="json", exclude={"rules"}),
    )


@router.get(
    "/sessions/{session}/items/{item}/papers/{sha256}",
    responses={**documented(404), **BINARY},
    response_class=Response,
    tags=["sessions"],
)
def session_paper(
    caller: Reader,
    session: SessionId,
    item: Annotated[str, Path(max_length=100)],
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
) -> StreamingResponse:
    """The bytes of a paper, checked against their hash on the way."""
    state, _ = session_of(caller.store, session)
    found = state.items.get(item)
    readable = found is not None and (found.public or is_privy(caller.store, caller.key.person, state))
    one = next((p for p in found.papers if p.sha256 == sha256), None) if found is not None and readable else None
    files = configured(caller.site.settings)
    if one is None or not files.has(sha256):
        raise not_found(sha256)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(one.name)}",
        "Content-Length": str(one.size),
    }
    return StreamingResponse(checked(files, sha256), media_type="application/octet-stream", headers=headers)


@router.get(
    "/sessions/{session}/pack",
    responses={**documented(404, 409), **BINARY},
    response_class=Response,
    tags=["sessions"],
)
def pack(
    caller: Reader,
    session: SessionId,
    form: Literal["pdf", "html", "xlsx"] = "pdf",
    as_of: Annotated[
        date | None, Query(description="A day up to today, at whose end in Japan the pack is taken (default: now)")
    ] = None,
) -> Response:
    """The pack of a session. Items that are not public are in it for members and the secretariat."""
    state, _ = session_of(caller.store, session)
    whole = is_privy(caller.store, caller.key.person, state)
    try:
        made, when = packs.pack(caller.store, session, _position(caller, as_of), whole=whole)
    except NothingToPrint:
        raise not_found(f"{session} {as_of}") from None
    content = {
        "pdf": lambda: packs.as_pdf(made, when),
        "html": lambda: packs.as_html(made),
        "xlsx": lambda: packs.as_xlsx(made, when),
    }[form]()
    name = f"{session.replace(':', '-')}.{form}"
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type="application/octet-stream", headers=headers)


def _position(caller: Caller, as_of: date | None) -> int | None:
    """Raises `Refused` for a day to come."""
    if as_of is None:
        return None
    if as_of.year < 2000 or datetime.combine(as_of, time.min, JST) > caller.store.clock.now():
        raise refuse(
            "day-to-come",
            f"as_of: {as_of} はまだ来ていないか、古すぎます",
            f"as_of: {as_of} has not come yet, or is too long ago",
            remedy_ja="今日までの日付にしてください",
            remedy_en="name a day up to today",
        )
    return packs.position_at(caller.store, min(datetime.combine(as_of, time.max, JST), caller.store.clock.now()))


@router.get("/decisions", responses=documented(), tags=["sessions"])
def decisions(caller: Reader, limit: Limit = 50, cursor: Cursor = None) -> Page[m.DecisionSeen]:
    """The decision register: every conclusion that the person may read, newest session first."""
    store, person = caller.store, caller.key.person
    found = [r for r in bodies.register(store, limit=None, person=person) if r["conclusion"]]
    return paged(found, limit, cursor, _as(m.DecisionSeen))


@router.get("/instructions", responses=documented(), tags=["sessions"])
def instructions(caller: Reader, limit: Limit = 50, cursor: Cursor = None) -> Page[m.InstructionSeen]:
    """Instructions that nobody has answered yet, due first."""
    return paged(bodies.open_instructions(caller.store), limit, cursor, _as(m.InstructionSeen))


@router.get("/inbox/bodies", responses=documented(), tags=["me"])
def inbox_of_bodies(caller: Reader, limit: Limit = 50, cursor: Cursor = None) -> Page[m.WaitingOfBody]:
    """What sessions ask of the person: votes in circulations, minutes to confirm, instructions to answer."""
    found = from_bodies(caller.store, caller.key.person)
    return paged(found, limit, cursor, lambda w: _as(m.WaitingOfBody)(w.model_dump()))


@router.get("/rules", responses=documented(), tags=["sessions"])
def rules(caller: Reader) -> BodyRules:
    """The rules of the bodies under which sessions and rounds begin now."""
    return rules_of(caller.store)


# --- rounds ----------------------------------------------------------------------------------------------------------


@router.get("/rounds", responses=documented(), tags=["rounds"])
def rounds(caller: Reader, limit: Limit = 50, cursor: Cursor = None) -> Page[m.RoundSummary]:
    """Selection rounds, newest first."""
    return paged(bodies.all_rounds(caller.store), limit, cursor, _as(m.RoundSummary))


@router.get("/rounds/{selection}", responses=documented(404, tagged=True), tags=["rounds"])
def selection_round(caller: Reader, selection: RoundId, response: Response) -> m.RoundSeen:
    """Proposals with scores, ranks and what is laid before the body. The ETag is the version, for If-Match."""
    state, version = round_of(caller.store, selection)
    tag(response, version)
    places = {p.ref: p for p in (state.places if state.phase == "concluded" else state.ranking().places)}
    names = ("ref", "title", "section", "problem", "viewpoint", "departments", "status", "merged_into", "scores")
    proposals = tuple(
        m.ProposalSeen(
            **{n: getattr(p, n) for n in names},
            choice=p.choice.model_dump(mode="json") if p.choice is not None else None,
            place=places.get(p.ref),
            refused=p.refused,
        )
        for p in state.proposals.values()
    )
    of_round = ("title", "phase", "closes_at", "priority_fields", "policy", "policy_from", "session")
    fields = {n: getattr(state, n) for n in of_round}
    return m.RoundSeen(stream=selection, version=version, proposals=proposals, **fields)


@router.get("/rounds/{selection}/history", responses=documented(404), tags=["rounds"])
def round_history(caller: Reader, selection: RoundId, limit: Limit = 50, cursor: Cursor = None) -> Page[EventTold]:
    """Every event, oldest first, without its free text."""
    state, _ = round_of(caller.store, selection)
    recorded = caller.store.events(selection, open_texts=False)
    return paged(recorded, limit, cursor, lambda r: _told(r, round_line(state, r.event)))
