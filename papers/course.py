"""The course of a document as pages and the API tell it: what each step was answered, by whom and as whom, and what came back before.

Read from the same circulations as the paper of the decision; nothing here that the history of the lifecycle does not say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from domain.facts import Facts
from domain.lifecycle.absence import next_in_order, stands_in
from domain.lifecycle.commands import Condition
from domain.lifecycle.deputising import fallen, handed_on, why_fallen
from domain.lifecycle.handing import RequestHandedOn
from domain.lifecycle.overview import Standing, Stop, route
from domain.lifecycle.state import Given, Lifecycle, Request
from domain.messages import Frozen, Text
from domain.written import said
from papers import words
from papers.circulations import Answer, Asked, Circulation, Told, circulations

_BESIDE = ("added", "superior")
_OVERRULED = Text(ja="否(上位者の裁定により進行)", en="refused, and overruled by the common superior")
_MERGED = Text(ja="前の回答と併合", en="merged with the earlier answer")


class Word(Frozen):
    """One answer. `decision` is approve, conditions, return, reject, merged or outside; `said_as` the same in words, with 代 where
    somebody answered in another's place. `stands`: false once it was taken back, or counts no more since the document went back."""

    request: str
    step: str
    step_title: Text
    post: str
    post_title: Text
    person: str | None
    acting_as: str | None
    acting_title: Text | None
    decision: str
    said_as: Text
    at: datetime
    comment: str
    conditions: tuple[Condition, ...]
    stands: bool
    retracted: bool
    stage: str
    round: int
    version: int
    """Stage, round and version of the document that it was given on."""


class Handing(Frozen):
    """A request that is handed on (代決の依頼) for now: by whom, to whom, in which post, and why."""

    by: str
    to: str
    to_title: Text
    at: datetime
    reason: str


class Waited(Frozen):
    """Somebody asked who has not answered. `people`: who can answer today, by person id."""

    request: str
    post: str
    post_title: Text
    people: tuple[str, ...]
    since: datetime
    due_at: datetime
    overdue: bool
    handed: Handing | None
    fell_back: Text | None = None
    """Why it is the post's own again, where it had been handed on and that holds no more."""


class StopTold(Stop):
    """One step of the route with what was answered there, oldest first, and who is still waited for."""

    answers: tuple[Word, ...] = ()
    waiting: tuple[Waited, ...] = ()


class Earlier(Frozen):
    """A version that went round before and did not pass. `result`: returned, rejected, withdrawn, …; `why` is the reason given."""

    stage: str
    round: int
    version: int
    drafter: str | None
    submitted_at: datetime
    remark: str
    result: str
    result_title: Text
    ended_at: datetime | None
    person: str | None
    post_title: Text | None
    """The post in which somebody sent it back."""
    why: str
    answers: tuple[Word, ...]


class Course(Frozen):
    """How the document in circulation goes round. `remark`: the drafter's word to those who decide; `earlier`: the newest first."""

    remark: str = ""
    stops: tuple[StopTold, ...] = ()
    earlier: tuple[Earlier, ...] = ()


def course(told: Sequence[Told], facts: Facts, day: date) -> Course:
    """The course of the document in circulation, from everything told of its lifecycle."""
    state, found = told[-1].state, circulations(told)
    stops = route(state, facts)
    if not stops or state.submission is None:
        return Course(earlier=came_back(told, facts))
    here = next((c for c in reversed(found) if c.document.content_hash == state.submission.content_hash), None)
    if here is None:
        return Course(stops=tuple(StopTold(**dict(s)) for s in stops))
    given = {g.request: g for g in state.given}
    given_before = [w for c in found if c is not here for w in _words(c, facts, given) if w.request in given]
    all_words = [*given_before, *_words(here, facts, given)]
    all_words += [_merged(g, state) for g in state.given if g.decision == "merged"]
    waiting = [_waited(r, told, facts, day) for r in state.requests if r.kind == "decide"]
    return Course(
        remark=said(here.document),
        stops=tuple(_told(stops, here, all_words, waiting, state)),
        earlier=_earlier(found, here, facts),
    )


def came_back(told: Sequence[Told], facts: Facts) -> tuple[Earlier, ...]:
    """Why a draft is asked for again, newest first: what went round last and did not pass, and the versions before it.

    Empty where nothing came back: the draft asked for is a first one, or the last document has passed."""
    found = circulations(told)
    if not found or found[-1].ended is None or found[-1].in_force or found[-1].imported:
        return ()
    last, ended = found[-1], found[-1].ended
    later = (
        t.recorded for t in told if t.recorded.version > ended.version and t.recorded.command_id != ended.command_id
    )
    if any(r.event.type == "StageEntered" for r in later):
        return ()
    return (_went_round(last, facts), *_earlier(found, last, facts))


def answers_in(told: Sequence[Told], facts: Facts, request: str) -> tuple[Word, ...]:
    """Every answer to one request, oldest first, whatever became of its document."""
    given = {g.request: g for g in told[-1].state.given}
    return tuple(w for c in circulations(told) for w in _words(c, facts, given) if w.request == request)


def _told(
    stops: Sequence[Stop],
    here: Circulation,
    found: Sequence[Word],
    waiting: Sequence[Waited],
    state: Lifecycle,
) -> Iterable[StopTold]:
    """The steps in their order; behind each what was asked beside it, answered or not."""
    beside: list[tuple[int, StopTold]] = [
        (int(getattr(a.recorded.event, "step_index", 0)), _extra(a, found, waiting, state))
        for a in here.asked
        if getattr(a.recorded.event, "extra", "") and (a.answers or a.closed is None)
    ]
    asked_at = {r.id: r.step for r in state.requests}
    for index, stop in enumerate(s for s in stops if s.step not in _BESIDE):
        yield StopTold(
            **dict(stop),
            answers=tuple(w for w in found if w.step == stop.step),
            waiting=tuple(w for w in waiting if asked_at[w.request] == stop.step),
        )
        yield from (told for at, told in beside if at == index)


def _extra(asked: Asked, found: Sequence[Word], waiting: Sequence[Waited], state: Lifecycle) -> StopTold:
    event: Any = asked.recorded.event
    answers = tuple(w for w in found if w.request == event.request)
    open_ = tuple(w for w in waiting if w.request == event.request)
    consulted = any(c.request == event.request for c in state.consultations)
    standing: Standing = "asked" if open_ else "objected" if consulted else "agreed"
    return StopTold(
        step=event.step,
        title=event.title,
        posts=(event.post_title,),
        standing=standing,
        people=tuple(dict.fromkeys(w.person for w in answers if w.person and w.stands)),
        answers=answers,
        waiting=open_,
    )


def _words(c: Circulation, facts: Facts, given: dict[str, Given]) -> list[Word]:
    """The answers of one circulation in the order of time; `given`: those that count now."""
    found = [_word(a, answer, c, facts, given) for a in c.asked for answer in a.answers]
    return sorted(found, key=lambda w: w.at)


def _word(asked: Asked, answer: Answer, c: Circulation, facts: Facts, given: dict[str, Given]) -> Word:
    request: Any = asked.recorded.event
    event: Any = answer.recorded.event
    counted = given.get(event.request)
    acting = event.acting_as
    return Word(
        request=event.request,
        step=event.step,
        step_title=event.step_title,
        post=event.post,
        post_title=request.post_title,
        person=event.presided or answer.recorded.actor.person,
        acting_as=acting,
        acting_title=_title(facts, acting) if acting else None,
        decision=event.decision,
        said_as=_OVERRULED if counted is not None and counted.decision == "overruled" else said_as(event),
        at=answer.recorded.occurred_at,
        comment=said(event),
        conditions=event.conditions,
        stands=answer.retraction is None and (counted is not None or c.ended is not None),
        retracted=answer.retraction is not None,
        stage=c.document.stage,
        round=c.document.round,
        version=c.document.version,
    )


def said_as(event: Any) -> Text:
    """The decision in words, with 「代」 when it was given in another's place."""
    word = words.DECISIONS.get(event.decision, Text(ja=event.decision, en=event.decision))
    stands = words.STANDS[getattr(event, "stands", "holder")]
    return Text(ja=f"{word.ja}({stands.ja})", en=f"{word.en} ({stands.en})") if stands.ja else word


def _merged(given: Given, state: Lifecycle) -> Word:
    return Word(
        request=given.request,
        step=given.step,
        step_title=_MERGED,
        post=given.post,
        post_title=Text(ja="", en=""),
        person=given.person,
        acting_as=None,
        acting_title=None,
        decision=given.decision,
        said_as=_MERGED,
        at=given.at,
        comment="",
        conditions=(),
        stands=True,
        retracted=False,
        stage=state.work,
        round=state.round,
        version=state.submission.version if state.submission is not None else 0,
    )


def _waited(request: Request, told: Sequence[Told], facts: Facts, day: date) -> Waited:
    state = told[-1].state
    return Waited(
        request=request.id,
        post=request.post,
        post_title=request.post_title,
        people=who_can(request, state, facts, day),
        since=request.opened_at,
        due_at=request.due_at,
        overdue=request.overdue,
        handed=_handing(request, told, facts, day),
        fell_back=fell_back(request, state, facts, day),
    )


def _handing(request: Request, told: Sequence[Told], facts: Facts, day: date) -> Handing | None:
    handed = handed_on(told[-1].state, request, facts, day)
    if handed is None:
        return None
    events = (t.recorded.event for t in reversed(told))
    reason = next((said(x) for x in events if isinstance(x, RequestHandedOn) and x.request == request.id), "")
    return Handing(by=handed.by, to=handed.to, to_title=_title(facts, handed.to_post), at=handed.at, reason=reason)


def fell_back(request: Request, state: Lifecycle, facts: Facts, day: date) -> Text | None:
    """Why a request that was handed on is the post's own again; None where it is handed on, or never was."""
    fell = fallen(state, request, facts, day)
    return why_fallen(fell, _title(facts, request.handed.to_post)) if fell is not None and request.handed else None


def who_can(request: Request, state: Lifecycle, facts: Facts, day: date) -> tuple[str, ...]:
    """Who can answer an open request today: whom it is handed on to, those who hold its post, or the next in order for them; nobody
    whom the rules keep from deciding it."""
    here = facts.directory
    if (handed := handed_on(state, request, facts, day)) is not None:
        return (handed.to,)
    holders = [p for p in here.holders(request.post, day) if _is_staff(p, facts)]
    if request.kind != "decide" or facts.definition is None:
        return tuple(holders)
    stage = facts.definition.stage(state.work)
    step = stage.gate[request.step_index]
    _, instead = next_in_order(state, request, step, stage, facts, day)
    if instead:
        deputies = dict.fromkeys(p for post in instead for p in here.holders(post, day))
        return tuple(p for p in deputies if stands_in(state, request.id, p, facts, day))
    barred = {*state.recused, *(() if step.drafter_may_decide else state.authors)}
    return tuple(p for p in holders if p not in barred)


def _is_staff(person: str, facts: Facts) -> bool:
    found = facts.directory.person(person)
    return found is not None and not found.service and not found.auditor


def _earlier(found: Sequence[Circulation], c: Circulation, facts: Facts) -> tuple[Earlier, ...]:
    """Versions of the same stage and round before this one, since the last that passed; the newest first."""
    before = [o for o in found[: found.index(c)] if o.key == c.key and not o.imported]
    passed = max((i for i, o in enumerate(before) if o.in_force), default=-1)
    return tuple(_went_round(o, facts) for o in reversed(before[passed + 1 :]))


def _went_round(c: Circulation, facts: Facts) -> Earlier:
    """How a circulation ended: the reason of a sending back is the comment of the answer that caused it."""
    ended = c.ended
    why, post = said(ended.event) if ended is not None else "", None
    caused = [
        answer
        for a in c.asked
        for answer in a.answers
        if ended is not None and answer.recorded.command_id == ended.command_id
    ]
    if caused:
        event: Any = caused[-1].recorded.event
        why = why or said(event)
        post = _title(facts, event.acting_as or event.post)
    return Earlier(
        stage=c.document.stage,
        round=c.document.round,
        version=c.document.version,
        drafter=c.submitted.actor.person,
        submitted_at=c.submitted.occurred_at,
        remark=said(c.document),
        result=c.result,
        result_title=words.RESULTS[c.result],
        ended_at=ended.occurred_at if ended is not None else None,
        person=ended.actor.person if ended is not None else None,
        post_title=post,
        why=why,
        answers=tuple(_words(c, facts, {})),
    )


def _title(facts: Facts, post: str) -> Text:
    found = facts.directory.post(post)
    return found.title if found is not None else Text(ja=post, en=post)
