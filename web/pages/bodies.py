"""The bodies in the browser: sessions with agenda, conclusions, minutes and pack; selection rounds with scores and ranks."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Any
from urllib.parse import quote
from uuid import uuid4

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from blobs.contract import checked
from blobs.registry import configured
from domain.attachments import TYPES, ending
from domain.calendar import JST
from domain.days import day as written_day
from domain.lifecycle.commands import stream_of as lifecycle_of
from domain.messages import Event, Recorded, Text, refuse
from domain.selection import messages as sm
from domain.selection.deciding import conflicts, departures
from domain.selection.kind import line as round_line
from domain.selection.round import SelectionRound
from domain.sessions import messages as m
from domain.sessions.kind import CATEGORIES, CONCLUSIONS
from domain.sessions.kind import line as session_line
from domain.sessions.privacy import ever_withheld, public_line, veiled, withheld
from domain.sessions.rhythm import stream_of as rhythm_of
from domain.sessions.session import Session
from papers import packs
from papers.collecting import NothingToPrint
from store import bodies, queries
from store.waiting import from_bodies
from web.app import Visit, visit_of
from web.governing import is_privy, is_secretariat, rules_of
from web.keeping import shown_again, writing
from web.pages.body_acts import ROUND_ACTS, SESSION_ACTS, offered, offered_on
from web.pages.charting import of_round
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
_BEFORE = ("convened", "sitting")
_ON_PAGE = 100
"""Decisions on a page of the register."""
_OPEN = ("convened", "sitting", "closed")
"""Phases of a session that somebody still works on: minutes are not final before they are confirmed."""


# --- sessions --------------------------------------------------------------------------------------------------------


@router.get("/sessions")
def sessions(request: Request, done: str = "") -> Response:
    visit = visit_of(request)
    rules = rules_of(visit.store)
    every = bodies.all_sessions(visit.store)
    over: dict[int, list[dict[str, Any]]] = {}
    for s in every:
        if s["phase"] not in _OPEN:
            over.setdefault(s["fiscal_year"], []).append(dict(s))
    return visit.page(
        "sessions.html",
        sessions=every,
        ahead=[s for s in reversed(every) if s["phase"] in _OPEN],
        over=dict(sorted(over.items(), reverse=True)),
        rounds=bodies.all_rounds(visit.store),
        instructions=bodies.open_instructions(visit.store),
        post=visit.store.facts().directory.post,
        titles={b.key: b.title for b in rules.bodies},
        rhythms=rhythms(visit),
        secretariat=is_secretariat(visit.store, visit.person, rules),
        done=done,
    )


def rhythms(visit: Visit) -> list[dict[str, Any]]:
    """Each body with the days of its rules, and the day on which it is convened next by itself (None: by hand only)."""
    found = []
    for body in rules_of(visit.store).bodies:
        stream = rhythm_of(body.key)
        state = visit.store.load(stream)[0] if queries.has_stream(visit.store, stream) else None
        days = [Text(ja=f"{int(d[:2])}月{int(d[3:])}日", en=d) for d in body.rhythm]
        next_on, missed = (state.next_on, state.missed) if state else (None, ())
        found.append({"body": body, "days": days, "next_on": next_on, "missed": missed})
    return found


@router.get("/sessions/register")
def register(request: Request, year: int = 0, page: int = 1) -> Response:
    """The decision register of a fiscal year (the newest, unless another is asked for), page by page; an item that is not public
    only for those who may read it."""
    visit = visit_of(request)
    years = bodies.years_of_register(visit.store)
    chosen = year if year in years else next(iter(years), 0)
    total = years.get(chosen, 0)
    last = max(-(-total // _ON_PAGE), 1)
    page = min(max(page, 1), last)
    found = bodies.register(visit.store, limit=_ON_PAGE, person=visit.person, year=chosen, offset=(page - 1) * _ON_PAGE)
    return visit.page(
        "register.html",
        found=found,
        conclusions=CONCLUSIONS,
        years=years,
        year=chosen,
        total=total,
        page=page,
        last=last,
    )


def session_of(visit: Visit, stream: str) -> Session:
    """Raises 404."""
    try:
        state, _ = visit.store.load(stream)
    except LookupError:
        raise HTTPException(404) from None
    if not isinstance(state, Session) or state.rules is None:
        raise HTTPException(404)
    return state


@router.get("/sessions/{stream}")
def session_page(request: Request, stream: str, done: str = "") -> Response:
    return shown(visit_of(request), stream, done=done)


def shown(
    visit: Visit, stream: str, *, done: str = "", status: int = 200, said: dict[str, str] | None = None
) -> Response:
    """The page of a session. `said`: instruction -> an answer that was typed and not recorded."""
    store, state = visit.store, session_of(visit, stream)
    recorded = store.events(stream)
    privy = is_privy(visit.store, visit.person, state)
    minutes = [r for r in recorded if isinstance(r.event, m.MinutesDrafted)]
    waiting = bodies.matters(store, state) if state.phase in _BEFORE else []
    secretariat = is_secretariat(visit.store, visit.person, state.rules)
    hidden = {i.key for i in state.items.values() if not i.public and not privy}
    happened = [(r, session_line(state, r.event)) for r in reversed(recorded)]
    if not privy:
        # Of a non-public item others see that there is one, of the minutes the version that is final.
        ever, state = ever_withheld([r.event for r in recorded]), veiled(state)
        told = [(r, public_line(state, r.event, ever)) for r in reversed(recorded)]
        happened = [(r, text) for r, text in told if text is not None]
        recorded = [r for r in recorded if not withheld(r.event, ever)]
        minutes = [r for r in minutes if isinstance(r.event, m.MinutesDrafted) and r.event.version == state.final]
    return visit.page(
        "session.html",
        status,
        live=stream,
        state=state,
        waiting=waiting if secretariat else [],
        secretariat=secretariat,
        privy=privy,
        hidden=hidden,
        acts=offered(visit, SESSION_ACTS, state),
        item_acts={key: offered_on(visit, SESSION_ACTS, state, key) for key in state.items},
        categories=CATEGORIES,
        conclusions=CONCLUSIONS,
        reasons={r.event.item: r.event for r in recorded if isinstance(r.event, m.ItemConcluded)},
        opinions=[r.event for r in recorded if isinstance(r.event, m.OpinionObtained)],
        briefings=[r.event for r in recorded if isinstance(r.event, m.ChairBriefed)],
        dissents=_dissents,
        minutes=minutes[-1] if minutes and (privy or state.final) else None,
        answers={r.event.instruction: r.event.text for r in recorded if isinstance(r.event, m.InstructionAnswered)},
        asked={r.event.instruction: r.event for r in recorded if isinstance(r.event, m.InstructionIssued)},
        answerable=_answerable(visit, state),
        happened=happened,
        files=configured(visit.site.settings),
        done=done,
        said=said or {},
        command_id=str(uuid4()),
    )


def _dissents(text: str) -> list[tuple[str, str]]:
    """(person, what they said), from the lines of a conclusion."""
    return [(p, said) for p, _, said in (line.partition(": ") for line in text.splitlines()) if said]


def _answerable(visit: Visit, state: Session) -> set[str]:
    """Instructions that the visitor is asked to answer."""
    if visit.store.clock.virtual:
        return set()
    return {w.instruction for w in from_bodies(visit.store, visit.person) if w.stream == state.stream and w.instruction}


@router.post("/sessions/{stream}/agenda")
def build(
    request: Request,
    stream: str,
    csrf: Annotated[str, Form()] = "",
    command_id: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Everything that waits for the body comes on the agenda."""
    visit = writing(request, {"csrf": csrf})
    if isinstance(visit, Response):
        return visit
    for matter in bodies.matters(visit.store, session_of(visit, stream)):
        visit.site.record(bodies.put(stream, matter), visit.actor())
    return RedirectResponse(f"/sessions/{stream}?done=agenda#agenda", 303)


@shown_again("/sessions/{stream}/agenda")
def _build_again(visit: Visit, parts: dict[str, str], kept: Any) -> Response:
    return RedirectResponse(f"/sessions/{parts['stream']}#agenda", 303)


@router.post("/sessions/{stream}/instructions/{instruction}")
def answer_instruction(
    request: Request,
    stream: str,
    instruction: str,
    csrf: Annotated[str, Form()] = "",
    command_id: Annotated[str, Form(max_length=100)] = "",
    text: Annotated[str, Form(max_length=8000)] = "",
) -> Response:
    visit = writing(request, {"csrf": csrf, "text": text})
    if isinstance(visit, Response):
        return visit
    session_of(visit, stream)
    if not text.strip():
        return RedirectResponse(f"/sessions/{stream}#i-{instruction}", 303)
    command = m.AnswerInstruction(
        command_id=command_id or str(uuid4()), stream=stream, instruction=instruction, text=text
    )
    visit.site.record(command, visit.actor())
    return RedirectResponse(f"/sessions/{stream}?done=answered#i-{instruction}", 303)


@shown_again("/sessions/{stream}/instructions/{instruction}")
def _instruction_again(visit: Visit, parts: dict[str, str], kept: Any) -> Response:
    return shown(visit, parts["stream"], said={parts["instruction"]: kept.get("text", "")})


_MEDIA = {
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("/sessions/{stream}/pack.{form}")
def pack(request: Request, stream: str, form: str, at: str = "") -> Response:
    """The pack as a file; `at`: a day, at whose end in Japan it is taken. Non-public items are for those who may read them."""
    visit = visit_of(request)
    state = session_of(visit, stream)
    if form not in _MEDIA:
        raise HTTPException(404)
    whole = is_privy(visit.store, visit.person, state)
    try:
        made, when = packs.pack(visit.store, stream, _position(visit, at) if at.strip() else None, whole=whole)
    except NothingToPrint:
        raise HTTPException(404) from None
    content = {
        "pdf": lambda: packs.as_pdf(made, when),
        "html": lambda: packs.as_html(made),
        "xlsx": lambda: packs.as_xlsx(made, when),
    }[form]()
    return _download(Response(content, media_type=_MEDIA[form]), f"{stream.replace(':', '-')}.{form}")


def _position(visit: Visit, at: str) -> int:
    """The last position of a day's end. Raises `Refused` for what is no day, or one to come."""
    day = written_day(at)
    if day is None:
        raise refuse(
            "not-a-day",
            f"日付として読めません: {at[:40]}",
            f"not a day: {at[:40]}",
            remedy_ja="令和8年6月25日 か 2026-06-25 のように書いてください",
            remedy_en="write it like 2026-06-25",
        )
    moment = datetime.combine(day, time.min, JST)
    if moment > visit.store.clock.now():
        raise refuse(
            "day-to-come",
            f"{at[:40]} はまだ来ていません",
            f"{at[:40]} has not come yet",
            remedy_ja="今日までの日付にしてください",
            remedy_en="name a day up to today",
        )
    return packs.position_at(visit.store, min(datetime.combine(day, time.max, JST), visit.store.clock.now()))


def _download(response: Response, name: str) -> Response:
    """A file that is saved, never shown within the page."""
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@router.get("/sessions/{stream}/items/{item}/papers/{sha256}")
def paper(request: Request, stream: str, item: str, sha256: str) -> Response:
    """A paper of an item, checked against its hash on the way. One of an item that is not public is for those who may read it."""
    visit = visit_of(request)
    state = session_of(visit, stream)
    found = state.items.get(item)
    if found is None or not (found.public or is_privy(visit.store, visit.person, state)):
        raise HTTPException(404)
    one = next((p for p in reversed(found.papers) if p.sha256 == sha256), None)
    files = configured(visit.site.settings)
    if one is None or not files.has(sha256):
        raise HTTPException(404)
    media = TYPES.get(ending(one.name), "application/octet-stream")
    response = StreamingResponse(checked(files, sha256), media_type=media)
    response.headers["Content-Length"] = str(one.size)
    return _download(response, one.name)


# --- rounds ----------------------------------------------------------------------------------------------------------


def round_of(visit: Visit, stream: str) -> SelectionRound:
    """Raises 404."""
    try:
        state, _ = visit.store.load(stream)
    except LookupError:
        raise HTTPException(404) from None
    if not isinstance(state, SelectionRound) or state.rules is None:
        raise HTTPException(404)
    return state


@router.get("/selection/{stream}")
def round_page(request: Request, stream: str, done: str = "") -> Response:
    visit = visit_of(request)
    state = round_of(visit, stream)
    ranking = None if state.phase == "concluded" else state.ranking()
    places = {p.ref: p for p in (ranking.places if ranking else state.places)}
    order = sorted(state.proposals.values(), key=lambda p: (places[p.ref].rank if p.ref in places else 9999, p.ref))
    recorded = visit.store.events(stream)
    unit = visit.store.facts().directory.unit
    return visit.page(
        "round.html",
        live=stream,
        state=state,
        order=order,
        started=_started(visit, state),
        places=places,
        close=ranking.close if ranking else (),
        over=conflicts(state) if ranking else [],
        off=departures(state) if ranking else [],
        acts=offered(visit, ROUND_ACTS, state),
        chart=of_round(visit, state),
        item_acts={ref: offered_on(visit, ROUND_ACTS, state, ref) for ref in state.proposals},
        section=lambda p: found.name if (found := unit(p.section)) else p.section_name,
        unit=unit,
        interviews=_of(recorded, sm.InterviewRecorded),
        merges={r.event.ref: r.event for r in recorded if isinstance(r.event, sm.ProposalsMerged)},
        comments=_of(recorded, sm.ProposalScored),
        choices={r.event.ref: r.event for r in recorded if isinstance(r.event, sm.ChoiceProposed)},
        happened=[(r, round_line(state, r.event)) for r in reversed(recorded)],
        done=done,
    )


def _started(visit: Visit, state: SelectionRound) -> dict[str, str]:
    """Proposal -> the lifecycle that it became, where that has begun; a merged one became that of what it was merged into."""
    whole = {p.ref: state.proposals.get(p.merged_into or "", p) for p in state.proposals.values()}
    streams = {ref: lifecycle_of(p.lifecycle_ref) for ref, p in whole.items() if p.starts}
    return {ref: stream for ref, stream in streams.items() if queries.has_stream(visit.store, stream)}


def _of(recorded: list[Recorded], kind: type[Event]) -> dict[str, list[Any]]:
    """Events of a kind by the proposal that they are about, oldest first."""
    found: dict[str, list[Any]] = {}
    for r in recorded:
        if isinstance(r.event, kind):
            found.setdefault(getattr(r.event, "ref", ""), []).append(r.event)
    return found
