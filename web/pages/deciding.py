"""The decision page: exactly what is decided on, what changed, the route; and the answer, which never counts twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from domain.calendar import local_day
from domain.deliverables.differences import Difference, differences
from domain.lifecycle import dialogue
from domain.lifecycle.absence import Recuse
from domain.lifecycle.amendments import CorrectAnswer, RetractAnswer, own_answer, restored_by
from domain.lifecycle.commands import AnswerRequest, Condition
from domain.lifecycle.handing import HandOnRequest, TakeRequestBack
from domain.lifecycle.overview import STANDINGS
from domain.lifecycle.state import Lifecycle
from domain.messages import Command, Refusal, Refused, Text
from domain.misfits import said_of
from learning import hypotheses
from learning.asking import lessons_at
from papers import words
from papers.body import body, in_words, with_files
from papers.circulations import Told, timeline
from papers.course import answers_in, course, who_can
from papers.names import Names
from store import queries
from store.answering import AnswerDrafts, Opened
from store.comparing import form_of
from store.waiting import from_bodies
from web.app import Visit, visit_of
from web.asking import choices, hand_on_to, is_asked
from web.hints import listed
from web.keeping import shown_again, writing
from web.pages.talk import known_as
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
KEPT = ("decision", "comment", "condition", "outcome", "back_to", "command_id", "in_absence")
TYPED = tuple(name for name in KEPT if name != "command_id")
"""What a person writes into an answer."""
CORRECTING = (*KEPT, "reason")


@router.get("/requests/{request_id}")
def decision_page(request: Request, request_id: str, done: str = "") -> Response:
    visit = visit_of(request)
    return shown(visit, request_id, done=done)


@shown_again("/requests/{request_id}/{act}")
def _again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
    if (names := {"answer": KEPT, "correct": CORRECTING}.get(parts["act"])) is not None:
        return shown(visit, parts["request_id"], kept={name: kept.get(name, "") for name in names})
    said = {parts["act"]: kept.get("text", ""), "to": kept.get("to", "")}
    return shown(visit, parts["request_id"], said=said)


def _found(visit: Visit, request_id: str, attempt: str = "") -> tuple[str, Lifecycle]:
    """`attempt`: what was to be done there, which stays on record where there is no such request. Reading leaves no trace."""
    stream = queries.request_stream(visit.store, request_id)
    if stream is None:
        if attempt and not visit.store.clock.virtual:
            said = Text(ja=f"{request_id[:100]}: その依頼はありません", en=f"{request_id[:100]}: not found")
            visit.store.note_attempt(attempt, visit.actor(), "request-unknown", said)
        raise HTTPException(404)
    state, _ = visit.store.load(stream)
    return stream, state


def shown(
    visit: Visit,
    request_id: str,
    *,
    status: int = 200,
    refusal: Refusal | None = None,
    kept: dict[str, str] | None = None,
    said: Mapping[str, str] | None = None,
    done: str = "",
) -> Response:
    """The page of one request, with what was refused and what had been written. `said`: act (ask, reply …) -> its text."""
    stream, state = _found(visit, request_id)
    asked = state.request(request_id)
    if asked is None:
        question = next((q for q in state.questions if q.id == request_id), None)
        reading = next((r for r in state.readings if r.id == request_id), None)
        if any(t.id == request_id for t in state.open_tasks):
            return RedirectResponse(f"/lifecycles/{stream}#winddown", 303)
        if question is None and reading is None:
            return _answered(visit, state, request_id, status, refusal, kept, said)
    document = _document(visit, state)
    facts, told = visit.store.facts(state.definition), timeline(visit.store, stream)
    today = local_day(visit.store.clock.now())
    its = course(told, facts, today)
    mine = is_asked(visit.store, visit.person, state, asked)
    own = AnswerDrafts(visit.store, visit.person)
    draft = own.find(stream, request_id) if mine and kept is None else None
    if mine and asked is not None and asked.kind == "decide" and document and visit.token:
        Opened(visit.store).note(visit.token, request_id, document["content_hash"])
    more = {
        "state": state,
        "asked": asked,
        "question": next((q for q in state.questions if q.id == request_id), None),
        "reading": next((r for r in state.readings if r.id == request_id), None),
        "request_id": request_id,
        "document": document,
        "course": its,
        "own": [w for e in its.earlier for w in e.answers if w.person == visit.person],
        "known_as": known_as(visit),
        "standings": STANDINGS,
        "marks": [words.chosen("marks", m) or Text(ja=m, en=m) for m in state.marks],
        "put": _put(told, request_id),
        "talk": [t for t in told if dialogue.is_said(t.recorded.event)],
        "lessons": _lessons(visit, state),
        "refusal": refusal,
        "kept": dict.fromkeys(KEPT, "")
        | {"command_id": str(uuid4())}
        | (draft.content if draft else {})
        | (kept or {}),
        "draft": draft,
        "said": said or {},
        "done": done,
        "choices": choices(visit.store, state, asked),
        "mine": mine,
        "handed": next((w.handed for s in its.stops for w in s.waiting if w.request == request_id), None),
        "fell_back": next((w.fell_back for s in its.stops for w in s.waiting if w.request == request_id), None),
        "hand_on_to": hand_on_to(visit.store, visit.person, state, asked),
        "holds": asked is not None and asked.post in facts.directory.posts_of(visit.person, today),
    }
    return visit.page("decision.html", status, live=stream, **more)


def _put(told: Sequence[Told], request_id: str) -> Told | None:
    """What a question or something sent for information was put with: by whom, when, and its words."""
    for t in told:
        event = t.recorded.event
        if isinstance(event, dialogue.QuestionAsked) and event.question == request_id:
            return t
        if isinstance(event, dialogue.InformationShared) and event.reading == request_id:
            return t
    return None


def _answered(
    visit: Visit,
    state: Lifecycle,
    request_id: str,
    status: int,
    refusal: Refusal | None,
    kept: dict[str, str] | None,
    said: Mapping[str, str] | None,
) -> Response:
    """What was answered, who is next, and what waits for the reader; as long as it may be, taking it back or correcting it."""
    facts = visit.store.facts(state.definition)
    try:
        before = own_answer(state, request_id, visit.actor(), facts)
    except Refused:
        before = None
    asked_again = state.model_copy(update=restored_by(state, before)) if before is not None else state
    return visit.page(
        "answered.html",
        status if refusal is not None else 200,
        state=state,
        **_recorded_as(visit, state, request_id),
        next_asked=_next_asked(visit, state),
        next_item=next(iter(queries.inbox(visit.store, visit.person, limit=1)), None),
        bodies=bool(from_bodies(visit.store, visit.person)),
        known_as=known_as(visit),
        refusal=refusal,
        mine=before is not None,
        request_id=request_id,
        document=_document(visit, asked_again) if before is not None else None,
        choices=choices(visit.store, asked_again, asked_again.request(request_id)),
        said=said or {},
        command_id=str(uuid4()),
        kept=dict.fromkeys(CORRECTING, "") | {"command_id": str(uuid4())} | (kept or {}),
    )


def _recorded_as(visit: Visit, state: Lifecycle, request_id: str) -> dict[str, Any]:
    """The answer to a request that holds, those taken back, and the version of the document that it was given on."""
    facts = visit.store.facts(state.definition)
    found = answers_in(timeline(visit.store, state.stream), facts, request_id)
    holds = next((w for w in reversed(found) if not w.retracted), None)
    stages = facts.definition.all_stages if facts.definition else ()
    return {
        "answered": holds,
        "others": [w for w in found if w is not holds],
        "titles": {s.key: s.title for s in stages},
    }


def _next_asked(visit: Visit, state: Lifecycle) -> list[dict[str, Any]]:
    """Who is asked now, each with those who can answer today."""
    facts, day = visit.store.facts(state.definition), local_day(visit.store.clock.now())
    return [{"request": r, "people": who_can(r, state, facts, day)} for r in state.requests]


def _lessons(visit: Visit, state: Lifecycle) -> dict[str, Any] | None:
    """At a hypothesis: what became of earlier ones, in a line, with the latest few."""
    found = lessons_at(visit.store, state, fresh=False)
    if found is None:
        return None
    shown = [p for p in reversed(found.past) if p.attained is not None][:5]
    return {"words": hypotheses.in_words(found), "scripted": found.scripted, "past": shown}


def _document(visit: Visit, state: Lifecycle) -> dict[str, Any] | None:
    """The document in circulation as people read it, and what changed since the version before."""
    if state.submission is None:
        return None
    versions = [
        v
        for v in queries.deliverable_versions(visit.store, state.stream, state.submission.stage)
        if v["round"] == state.submission.round
    ]
    # A version that was handed in again unchanged has the same hash; the newest is the one in circulation.
    current = next((v for v in reversed(versions) if v["content_hash"] == state.submission.content_hash), None)
    if current is None:
        return None
    return read(visit, state, current, [v for v in versions if v["version"] < current["version"]])


def read(visit: Visit, state: Lifecycle, current: dict[str, Any], before: list[dict[str, Any]]) -> dict[str, Any]:
    """One version of a deliverable for a page: readable content, files, and the difference to the version before."""
    process = visit.store.facts(state.definition).definition
    stages: dict[str, Text] = {s.key: s.title for s in process.all_stages} if process else {}
    form = form_of(process, current["stage"])
    names = Names.of(visit.store)
    files = current["attachments"] or []
    changed = differences(form, before[-1]["content"], current["content"]) if before else []
    aims = dict(listed("serves"))
    called = known_as(visit)

    def named(text: str) -> str:
        return str(getattr(aims[text], visit.language)) if text in aims else called(text)

    return {
        **current,
        "body": with_files(body(form, current["content"], names, stages, visit.language, aims), ()),
        "files": files,
        "title": stages.get(current["stage"]),
        "changed": [_in_words(d, visit.language, named) for d in changed],
        "before": before[-1] if before else None,
        "files_changed": bool(before) and (before[-1]["attachments"] or []) != files,
    }


def _in_words(found: Difference, language: str, named: Callable[[str], str]) -> Difference:
    before, after = (in_words(found.field, v, language, named) for v in (found.before, found.after))
    return found.model_copy(update={"before": before, "after": after})


def _filled(
    command_id: Annotated[str, Form(max_length=100)] = "",
    decision: Annotated[str, Form(max_length=20)] = "",
    comment: Annotated[str, Form(max_length=10_000)] = "",
    condition: Annotated[str, Form(max_length=10_000)] = "",
    outcome: Annotated[str, Form(max_length=50)] = "",
    back_to: Annotated[str, Form(max_length=100)] = "",
    in_absence: Annotated[str, Form(max_length=20)] = "",
) -> dict[str, str]:
    """What an answer is made of, as it was typed."""
    return {
        "decision": decision,
        "comment": comment,
        "condition": condition,
        "outcome": outcome,
        "back_to": back_to,
        "command_id": command_id or str(uuid4()),
        "in_absence": in_absence,
    }


Filled = Annotated[dict[str, str], Depends(_filled)]


@router.post("/requests/{request_id}/answer")
def answer(
    request: Request,
    request_id: str,
    kept: Filled,
    csrf: Annotated[str, Form()] = "",
    seen: Annotated[str, Form(max_length=64)] = "",
    act: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    visit = writing(request, kept | {"csrf": csrf})
    if isinstance(visit, Response):
        return visit
    stream, state = _found(visit, request_id, AnswerRequest.type)
    if act == "later":
        if not is_asked(visit.store, visit.person, state, state.request(request_id)):
            return shown(visit, request_id, status=409, refusal=_NOT_ASKED, kept=kept)
        AnswerDrafts(visit.store, visit.person).save(stream, request_id, {name: kept[name] for name in TYPED})
        return RedirectResponse(f"/requests/{request_id}?done=saved", 303)
    return _given(visit, request_id, AnswerRequest, _fields(stream, request_id, kept, seen), kept)


@router.post("/requests/{request_id}/correct")
def correct(
    request: Request,
    request_id: str,
    kept: Filled,
    csrf: Annotated[str, Form()] = "",
    seen: Annotated[str, Form(max_length=64)] = "",
    reason: Annotated[str, Form(max_length=10_000)] = "",
) -> Response:
    """Another answer in the place of one's own."""
    kept = kept | {"reason": reason}
    visit = writing(request, kept | {"csrf": csrf})
    if isinstance(visit, Response):
        return visit
    stream, _ = _found(visit, request_id, CorrectAnswer.type)
    fields = _fields(stream, request_id, kept, seen) | {"reason": reason.strip().replace("\r\n", "\n")}
    return _given(visit, request_id, CorrectAnswer, fields, kept)


def _fields(stream: str, request_id: str, kept: Mapping[str, str], seen: str) -> dict[str, Any]:
    """An answer as it was filled in: what belongs to another decision than the chosen one is left out."""
    chosen = kept["decision"] or ("conditions" if kept["condition"].strip() else "")
    lines = tuple(line.strip() for line in kept["condition"].splitlines() if line.strip())
    return {
        "command_id": kept["command_id"],
        "stream": stream,
        "request": request_id,
        "decision": chosen,
        "comment": kept["comment"].replace("\r\n", "\n"),
        "conditions": [Condition(text=line) for line in lines] if chosen == "conditions" else (),
        "back_to": (kept["back_to"] or None) if chosen in ("return", "reject") else None,
        "outcome": (kept["outcome"] or None) if chosen in ("approve", "conditions") else None,
        "seen": seen or None,
        "in_absence": kept["in_absence"] or None,
    }


def _given(
    visit: Visit, request_id: str, kind: type[AnswerRequest], fields: Mapping[str, Any], kept: dict[str, str]
) -> Response:
    try:
        command = kind.model_validate(fields)
    except ValidationError as error:
        return shown(visit, request_id, status=422, refusal=_unfit(error), kept=kept)
    return _recorded(visit, request_id, command, kept)


def _recorded(visit: Visit, request_id: str, command: Command, kept: dict[str, str]) -> Response:
    try:
        visit.site.record(command, visit.actor())
    except Refused as refused:
        kept = kept | {"command_id": str(uuid4())}
        return shown(visit, request_id, status=409, refusal=refused.refusal, kept=kept)
    return RedirectResponse(f"/requests/{request_id}?done=1", 303)


_NOT_ASKED = Refusal(
    rule="not-asked",
    message=Text(
        ja="この依頼は今あなた宛てではありません。下書きは残しません",
        en="this is not asked of you now: no draft is kept",
    ),
    remedy=Text(ja="宛先の職の者が答えます", en="whoever is asked answers it"),
)
_FIELDS = {
    "comment": Text(ja="コメント", en="comment"),
    "conditions": Text(ja="条件", en="conditions"),
    "outcome": Text(ja="結果", en="outcome"),
    "back_to": Text(ja="戻り先", en="where it goes back to"),
    "in_absence": Text(ja="代決の理由", en="why in absence"),
    "reason": Text(ja="理由", en="reason"),
    "text": Text(ja="本文", en="text"),
}


def _unfit(error: ValidationError) -> Refusal:
    found = [(str(e["loc"][0]) if e["loc"] else "", said_of(e)) for e in error.errors(include_url=False)]
    missing = any(field == "decision" for field, _ in found)
    told = [(_FIELDS.get(field, Text(ja=field, en=field)), said) for field, said in found]
    return Refusal(
        rule="form-shape",
        message=Text(
            ja="どうするかを選んでください" if missing else "、".join(f"{name.ja}: {said.ja}" for name, said in told),
            en="choose what to do" if missing else "; ".join(f"{name.en}: {said.en}" for name, said in told),
        ),
        remedy=Text(ja="選び直してもう一度送ってください", en="correct it and send it again"),
    )


def _acts(visit: Visit, request_id: str, text: str, to: str) -> dict[str, tuple[type[Command], dict[str, str], str]]:
    """What else may be done on the page: the command, its fields, and where it leads."""
    here = f"/requests/{request_id}"
    return {
        "ask": (dialogue.AskQuestion, {"text": text}, f"{here}#talk"),
        "reply": (dialogue.AnswerQuestion, {"question": request_id, "text": text}, "/?done=1"),
        "read": (dialogue.AcknowledgeReading, {"reading": request_id}, "/?done=1"),
        "recuse": (Recuse, {"person": visit.person, "reason": text}, "/?done=1"),
        "hand-on": (HandOnRequest, {"request": request_id, "to": to, "reason": text}, f"{here}?done=handed"),
        "take-back": (TakeRequestBack, {"request": request_id, "reason": text}, here),
        "retract": (RetractAnswer, {"request": request_id, "reason": text}, here),
    }


@router.post("/requests/{request_id}/{act}")
def act_on(
    request: Request,
    request_id: str,
    act: str,
    csrf: Annotated[str, Form()] = "",
    text: Annotated[str, Form(max_length=10_000)] = "",
    to: Annotated[str, Form(max_length=100)] = "",
    command_id: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    visit = writing(request, {"text": text, "to": to, "csrf": csrf})
    if isinstance(visit, Response):
        return visit
    acts = _acts(visit, request_id, text.strip(), to)
    if act not in acts:
        raise HTTPException(404)
    kind, fields, next_ = acts[act]
    stream, _ = _found(visit, request_id, kind.type)
    try:
        command = kind.model_validate({"command_id": command_id or str(uuid4()), "stream": stream, **fields})
        visit.site.record(command, visit.actor())
    except ValidationError as error:
        return shown(visit, request_id, status=422, refusal=_unfit(error), said={act: text, "to": to})
    except Refused as refused:
        return shown(visit, request_id, status=409, refusal=refused.refusal, said={act: text, "to": to})
    return RedirectResponse(next_, 303)
