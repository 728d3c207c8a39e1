"""The bodies in the browser: sessions with agenda, conclusions, minutes and pack; selection rounds with scores and ranks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from definitions.loader import load_bodies
from domain.bodies import BodyRules, require_secretariat
from domain.calendar import JST, fiscal_year, local_day
from domain.deliverables.registry import in_japanese
from domain.messages import Command, Refusal, Refused, Text
from domain.selection import messages as sm
from domain.selection.deciding import conflicts, departures
from domain.selection.kind import line as round_line
from domain.selection.round import SelectionRound
from domain.sessions import messages as m
from domain.sessions.kind import CATEGORIES, CONCLUSIONS
from domain.sessions.kind import line as session_line
from domain.sessions.kind import stream_of as session_of
from domain.sessions.privacy import ever_withheld, public_line, veiled, withheld
from domain.sessions.session import Session
from papers import packs
from papers.collecting import NothingToPrint
from store import bodies
from web.app import Visit, require_own_form, visit_of
from web.forms import boxes, by_field, nothing, typed
from web.pages import body_forms as forms

router = APIRouter()


@dataclass(frozen=True)
class Act:
    """What somebody does with a session or a round: the command, its form here, and how the form's content becomes fields."""

    command: type[Command]
    title: Text
    when: Callable[[Any], bool]
    form: Callable[[Visit, Any], type[BaseModel]]
    fields: Callable[[dict[str, Any], Any], dict[str, Any]] = lambda content, _: content
    of_item: bool = False
    """It is about one item (or proposal), named in the address."""


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


def _in(*phases: str) -> Callable[[Any], bool]:
    return lambda state: state.phase in phases


_BEFORE = ("convened", "sitting")


def _deliberating(state: Any) -> bool:
    return bool(state.deliberating)


_ROUND_OPEN = _in("calling", "scoring")
SESSION_ACTS: Mapping[str, Act] = {
    "item": Act(
        m.PutItem, _t("議題を載せる", "Put an item on it"), _in(*_BEFORE), lambda v, s: forms.ItemForm, forms.placed
    ),
    "attendance": Act(
        m.TakeAttendance,
        _t("出席をとる", "Take attendance"),
        lambda s: s.phase in _BEFORE and not s.circulation,
        forms.attendance,
        forms.present,
    ),
    "briefing": Act(
        m.RecordBriefing, _t("事前説明を記録する", "Record a briefing"), _in(*_BEFORE), lambda v, s: forms.BriefingForm
    ),
    "instruct": Act(
        m.GiveInstruction,
        _t("企画指示・状況確認を出す", "Give an instruction"),
        _in("sitting", "closed"),
        lambda v, s: forms.InstructionForm,
    ),
    "close": Act(m.CloseSession, _t("閉会する", "Close the session"), _deliberating, lambda v, s: forms.Nothing),
    "minutes": Act(
        m.WriteMinutes,
        _t("会議録を書く", "Write the minutes"),
        _in("sitting", "closed", "final"),
        lambda v, s: forms.MinutesForm,
    ),
    "confirm": Act(
        m.ConfirmMinutes,
        _t("会議録を確認する", "Confirm the minutes"),
        lambda s: s.phase == "closed" and s.minutes > 0,
        lambda v, s: forms.Nothing,
        lambda c, s: {"version": max(s.minutes, 1)},
    ),
    "finalise": Act(
        m.FinaliseMinutes,
        _t("会議録を確定する", "Make the minutes final"),
        lambda s: s.phase == "closed" and s.minutes > 0,
        lambda v, s: forms.Nothing,
    ),
    "cancel": Act(m.CancelSession, _t("取りやめる", "Cancel it"), _in(*_BEFORE), lambda v, s: forms.ReasonForm),
    "conclude": Act(
        m.ConcludeItem,
        _t("結論を入れる", "Enter the conclusion"),
        _deliberating,
        forms.conclusion,
        forms.concluded,
        True,
    ),
    "opinion": Act(
        m.ObtainOpinion,
        _t("意見聴取を記録する", "Record an opinion"),
        _in(*_BEFORE),
        lambda v, s: forms.OpinionForm,
        of_item=True,
    ),
    "recuse": Act(
        m.RecuseFromItem, _t("回避する", "Recuse"), _in(*_BEFORE), lambda v, s: forms.RecusalForm, of_item=True
    ),
    "vote": Act(
        m.CastVote,
        _t("投票する", "Vote"),
        lambda s: s.circulation and s.phase in _BEFORE,
        lambda v, s: forms.VoteForm,
        of_item=True,
    ),
    "remove": Act(
        m.TakeItemOff, _t("議題を取り下げる", "Take it off"), _in(*_BEFORE), lambda v, s: forms.ReasonForm, of_item=True
    ),
    "settle": Act(
        m.SettleException,
        _t("例外を処理する", "Settle the exception"),
        _in("closed", "final"),
        lambda v, s: forms.SettlingForm,
        of_item=True,
    ),
}
ROUND_ACTS: Mapping[str, Act] = {
    "propose": Act(
        sm.ProposeTask, _t("課題を提案する", "Propose a challenge"), _in("calling"), lambda v, s: forms.ProposalForm
    ),
    "close": Act(sm.CloseCall, _t("募集を締め切る", "Close the call"), _in("calling"), lambda v, s: forms.Nothing),
    "conclude": Act(
        sm.ConcludeSelection,
        _t("選定を確定する(議長)", "Conclude the selection (the chair)"),
        _in("scoring"),
        lambda v, s: forms.SelectionForm,
    ),
    "score": Act(sm.ScoreProposal, _t("採点する", "Score"), _in("scoring"), forms.scores, forms.scored, True),
    "choose": Act(
        sm.ProposeChoice,
        _t("案を作る", "Prepare the choice"),
        _in("scoring"),
        lambda v, s: forms.ChoiceForm,
        forms.chosen,
        True,
    ),
    "interview": Act(
        sm.RecordInterview,
        _t("ヒアリングを記録する", "Record an interview"),
        _ROUND_OPEN,
        lambda v, s: forms.InterviewForm,
        of_item=True,
    ),
    "merge": Act(
        sm.MergeProposals,
        _t("統合する", "Merge"),
        _ROUND_OPEN,
        lambda v, s: forms.MergeForm,
        of_item=True,
    ),
    "withdraw": Act(
        sm.WithdrawProposal,
        _t("取り下げる", "Withdraw"),
        _ROUND_OPEN,
        lambda v, s: forms.ReasonForm,
        of_item=True,
    ),
}


@dataclass(frozen=True)
class Place:
    """Where an act happens: what is acted on, under which address."""

    stream: str
    state: Any
    acts: Mapping[str, Act]
    back: str
    title: Text
    item_field: str


# --- sessions --------------------------------------------------------------------------------------------------------


@router.get("/sessions")
def sessions(request: Request, done: str = "") -> Response:
    visit = visit_of(request)
    rules = visit.store.rules() or load_bodies()
    return visit.page(
        "sessions.html",
        sessions=bodies.all_sessions(visit.store),
        rounds=bodies.all_rounds(visit.store),
        instructions=bodies.open_instructions(visit.store),
        post=visit.store.facts().directory.post,
        titles={b.key: b.title for b in rules.bodies},
        secretariat=_is_secretariat(visit, rules),
        done=done,
    )


def _is_secretariat(visit: Visit, rules: BodyRules) -> bool:
    store = visit.store
    try:
        require_secretariat(visit.person, rules, store.facts().directory, local_day(store.clock.now()))
    except Refused:
        return False
    return not store.clock.virtual


@router.get("/sessions/register")
def register(request: Request) -> Response:
    """The decision register."""
    visit = visit_of(request)
    return visit.page("register.html", found=bodies.register(visit.store, person=visit.person), conclusions=CONCLUSIONS)


@router.get("/sessions/convene")
def convening(request: Request) -> Response:
    return _convene_page(visit_of(request))


def _convene_page(
    visit: Visit, status: int = 200, given: Mapping[str, str] | None = None, refusal: Refusal | None = None
) -> Response:
    shown = boxes(forms.ConveningForm, typed(forms.ConveningForm, given or {}))
    return visit.page(
        "body_act.html",
        status,
        title=_t("会議を招集する", "Convene a session"),
        lead=None,
        back="/sessions",
        action="/sessions/convene",
        boxes=shown,
        command_id=(given or {}).get("command_id") or str(uuid4()),
        refusal=refusal,
        people=[],
        units=[],
        item="",
    )


@router.post("/sessions/convene")
async def convene(request: Request) -> Response:
    form = await request.form(max_files=0, max_fields=50)
    return await run_in_threadpool(_convened, request, {k: v for k, v in form.items() if isinstance(v, str)})


def _convened(request: Request, text: dict[str, str]) -> Response:
    visit = visit_of(request)
    require_own_form(request, visit.csrf, text.get("csrf", ""))
    given = typed(forms.ConveningForm, text)
    try:
        asked = forms.ConveningForm.model_validate({k: v for k, v in given.items() if not nothing(v)})
    except ValidationError:
        return _convene_page(visit, 422, text)
    year = fiscal_year(asked.held_on)
    number = bodies.next_number(visit.store, asked.body, year)
    stream = session_of(asked.body, year, number)
    fields = {**asked.model_dump(), "fiscal_year": year, "number": number, "stream": stream}
    try:
        visit.site.record(
            m.ConveneSession.model_validate({**fields, "command_id": text.get("command_id") or str(uuid4())}),
            visit.actor(),
        )
    except Refused as refused:
        return _convene_page(visit, 409, text, refused.refusal)
    return RedirectResponse(f"/sessions/{stream}?done=convened", 303)


def _session(visit: Visit, stream: str) -> Session:
    try:
        state, _ = visit.store.load(stream)
    except LookupError:
        raise HTTPException(404) from None
    if not isinstance(state, Session):
        raise HTTPException(404)
    return state


@router.get("/sessions/{stream}")
def session_page(request: Request, stream: str, done: str = "") -> Response:
    visit = visit_of(request)
    store, state = visit.store, _session(visit, stream)
    recorded = store.events(stream)
    happened = [(r, session_line(state, r.event)) for r in reversed(recorded)]
    minutes = [r for r in recorded if isinstance(r.event, m.MinutesDrafted)]
    if not bodies.sees(store, state, visit.person):
        # Of a non-public item others see that there is one, of the minutes the version that is final.
        ever, state = ever_withheld([r.event for r in recorded]), veiled(state)
        told = [(r, public_line(state, r.event, ever)) for r in reversed(recorded)]
        happened = [(r, text) for r, text in told if text is not None]
        recorded = [r for r in recorded if not withheld(r.event, ever)]
        minutes = [r for r in minutes if isinstance(r.event, m.MinutesDrafted) and r.event.version == state.final]
    waiting = bodies.matters(store, state) if state.phase in _BEFORE else []
    secretariat = _is_secretariat(visit, state.rules) if state.rules is not None else False
    return visit.page(
        "session.html",
        live=stream,
        state=state,
        waiting=waiting if secretariat else [],
        secretariat=secretariat,
        acts={k: a for k, a in SESSION_ACTS.items() if not a.of_item and a.when(state)},
        item_acts={k: a for k, a in SESSION_ACTS.items() if a.of_item and a.when(state)},
        categories=CATEGORIES,
        conclusions=CONCLUSIONS,
        reasons={r.event.item: r.event for r in recorded if isinstance(r.event, m.ItemConcluded)},
        opinions=[r.event for r in recorded if isinstance(r.event, m.OpinionObtained)],
        minutes=minutes[-1] if minutes else None,
        answers={r.event.instruction: r.event.text for r in recorded if isinstance(r.event, m.InstructionAnswered)},
        asked={r.event.instruction: r.event for r in recorded if isinstance(r.event, m.InstructionIssued)},
        happened=happened,
        done=done,
        command_id=str(uuid4()),
    )


@router.post("/sessions/{stream}/agenda")
def build(request: Request, stream: str, csrf: Annotated[str, Form()] = "") -> Response:
    """Everything that waits for the body comes on the agenda."""
    visit = visit_of(request)
    require_own_form(request, visit.csrf, csrf)
    for matter in bodies.matters(visit.store, _session(visit, stream)):
        visit.site.record(bodies.put(stream, matter), visit.actor())
    return RedirectResponse(f"/sessions/{stream}?done=agenda", 303)


@router.post("/sessions/{stream}/instructions/{instruction}")
def answer_instruction(
    request: Request,
    stream: str,
    instruction: str,
    csrf: Annotated[str, Form()] = "",
    command_id: Annotated[str, Form(max_length=100)] = "",
    text: Annotated[str, Form(max_length=8000)] = "",
) -> Response:
    visit = visit_of(request)
    require_own_form(request, visit.csrf, csrf)
    _session(visit, stream)
    if not text.strip():
        return RedirectResponse(f"/sessions/{stream}", 303)
    command = m.AnswerInstruction(
        command_id=command_id or str(uuid4()), stream=stream, instruction=instruction, text=text
    )
    visit.site.record(command, visit.actor())
    return RedirectResponse(f"/sessions/{stream}?done=answered", 303)


_MEDIA = {
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("/sessions/{stream}/pack.{form}")
def pack(request: Request, stream: str, form: str, at: str = "") -> Response:
    """The pack as a file; `at`: a day, at whose end in Japan it is taken."""
    visit = visit_of(request)
    whole = bodies.sees(visit.store, _session(visit, stream), visit.person)
    if form not in _MEDIA:
        raise HTTPException(404)
    position = None
    if at:
        try:
            day, now = date.fromisoformat(at), visit.store.clock.now()
        except ValueError:
            raise HTTPException(404) from None
        moment = now if day == local_day(now) else datetime.combine(day, time.max, JST)
    try:
        if at:
            position = packs.position_at(visit.store, moment)
        made, when = packs.pack(visit.store, stream, position, whole=whole)
    except NothingToPrint:
        raise HTTPException(404) from None
    content = {
        "pdf": lambda: packs.as_pdf(made, when),
        "html": lambda: packs.as_html(made),
        "xlsx": lambda: packs.as_xlsx(made, when),
    }[form]()
    name = f"{stream.replace(':', '-')}.{form}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, media_type=_MEDIA[form], headers=headers)


# --- rounds ----------------------------------------------------------------------------------------------------------


def _round(visit: Visit, stream: str) -> SelectionRound:
    try:
        state, _ = visit.store.load(stream)
    except LookupError:
        raise HTTPException(404) from None
    if not isinstance(state, SelectionRound):
        raise HTTPException(404)
    return state


@router.get("/selection/{stream}")
def round_page(request: Request, stream: str, done: str = "") -> Response:
    visit = visit_of(request)
    state = _round(visit, stream)
    ranking = None if state.phase == "concluded" else state.ranking()
    places = {p.ref: p for p in (ranking.places if ranking else state.places)}
    order = sorted(state.proposals.values(), key=lambda p: (places[p.ref].rank if p.ref in places else 9999, p.ref))
    recorded = visit.store.events(stream)
    return visit.page(
        "round.html",
        live=stream,
        state=state,
        order=order,
        places=places,
        close=ranking.close if ranking else (),
        over=conflicts(state) if ranking else [],
        off=departures(state) if ranking else [],
        acts={k: a for k, a in ROUND_ACTS.items() if not a.of_item and a.when(state)},
        item_acts={k: a for k, a in ROUND_ACTS.items() if a.of_item and a.when(state)},
        happened=[(r, round_line(state, r.event)) for r in reversed(recorded)],
        done=done,
    )


# --- acts ------------------------------------------------------------------------------------------------------------


def _place(visit: Visit, where: str, stream: str) -> Place:
    if where == "sessions":
        session = _session(visit, stream)
        return Place(stream, session, SESSION_ACTS, f"/sessions/{stream}", session.title, "item")
    found = _round(visit, stream)
    return Place(stream, found, ROUND_ACTS, f"/selection/{stream}", _t(found.title, found.title), "ref")


@router.get("/{where}/{stream}/do/{name}")
def act_page(request: Request, where: str, stream: str, name: str, item: str = "") -> Response:
    if where not in ("sessions", "selection"):
        raise HTTPException(404)
    visit = visit_of(request)
    return _shown(visit, _place(visit, where, stream), name, item)


def _shown(
    visit: Visit,
    place: Place,
    name: str,
    item: str,
    *,
    status: int = 200,
    given: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
    problems: Mapping[str, list[Text]] | None = None,
) -> Response:
    act = place.acts.get(name)
    known = place.state.items if place.item_field == "item" else place.state.proposals
    if act is None or (act.of_item and item not in known):
        raise HTTPException(404)
    form = act.form(visit, place.state)
    directory = visit.store.facts().directory
    return visit.page(
        "body_act.html",
        status,
        title=act.title,
        lead=_t(known[item].title, known[item].title) if act.of_item else place.title,
        back=place.back,
        action=f"{place.back}/do/{name}",
        boxes=boxes(form, typed(form, given or {}), problems, offers=forms.offers(visit, place.state)),
        command_id=(given or {}).get("command_id") or str(uuid4()),
        refusal=refusal,
        people=[(p.id, visit.site.renderer.name_of(p.id)) for p in directory.people if not p.service],
        units=[(u.id, u.name) for u in directory.units],
        item=item,
    )


@router.post("/{where}/{stream}/do/{name}")
async def do(request: Request, where: str, stream: str, name: str) -> Response:
    if where not in ("sessions", "selection"):
        raise HTTPException(404)
    form = await request.form(max_files=0, max_fields=500)
    text = {k: v for k, v in form.items() if isinstance(v, str)}
    return await run_in_threadpool(_done, request, where, stream, name, text)


def _done(request: Request, where: str, stream: str, name: str, text: dict[str, str]) -> Response:
    visit = visit_of(request)
    require_own_form(request, visit.csrf, text.get("csrf", ""))
    place, item = _place(visit, where, stream), text.get("item_key", "")
    act = place.acts.get(name)
    if act is None:
        raise HTTPException(404)
    if text.get("act", "").startswith("more:"):
        return _shown(visit, place, name, item, given=text)
    content = typed(act.form(visit, place.state), text)
    fields = act.fields(dict(content), place.state)
    fields = {k: v for k, v in fields.items() if not nothing(v) or v is False or v == {}}
    if act.of_item:
        fields[place.item_field] = item
    fields |= {"command_id": text.get("command_id") or str(uuid4()), "stream": stream}
    try:
        visit.site.record(act.command.model_validate(fields), visit.actor())
    except ValidationError as error:
        problems: dict[str, list[Text]] = {}
        for e in error.errors(include_url=False):
            said = Text(ja=in_japanese(e["type"], e.get("ctx") or {}, e["msg"]), en=e["msg"])
            problems.setdefault(".".join(str(p) for p in e["loc"]), []).append(said)
        return _shown(visit, place, name, item, status=422, given=text, problems=problems)
    except Refused as refused:
        kept = text | {"command_id": str(uuid4())}
        found = by_field(refused.refusal.problems)
        return _shown(visit, place, name, item, status=409, given=kept, refusal=refused.refusal, problems=found)
    return RedirectResponse(f"{place.back}?done={name}", 303)
