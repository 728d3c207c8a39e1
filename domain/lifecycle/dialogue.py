"""Talking without deciding: questions to the drafter, comments, and readers for information (供覧)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field

from domain.calendar import Span, local_day
from domain.facts import Facts
from domain.lifecycle.authority import definition, known_person, may_draft, may_steer, require_running
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.deputising import handed_on
from domain.lifecycle.events import (
    DraftWithdrawn,
    GatePassed,
    GateReturned,
    LifecycleClosed,
    Shift,
    StageEntered,
)
from domain.lifecycle.routes import resolve
from domain.lifecycle.state import Consultation, Lifecycle, Question, Reading, Request, WindDownTask
from domain.messages import Actor, Command, Event, Personal, Recorded, Refused, Text, refuse
from domain.process import Stage

Changes = dict[str, Any]
ANSWER_WITHIN = Span(working_days=2)


# --- commands --------------------------------------------------------------------------------------------------------


class AskQuestion(LifecycleCommand):
    """Ask the drafter about the document in circulation; anyone on its route may."""

    type = "AskQuestion"
    text: str = Field(min_length=1, max_length=4000)


class AnswerQuestion(LifecycleCommand):
    """The drafter's answer to a question."""

    type = "AnswerQuestion"
    question: str
    text: str = Field(min_length=1, max_length=4000)


class AddComment(LifecycleCommand):
    """A remark for everybody concerned; it asks and decides nothing."""

    type = "AddComment"
    text: str = Field(min_length=1, max_length=4000)


class ShareForInformation(LifecycleCommand):
    """供覧: show the document in circulation (or the last one) to a post that has nothing to decide."""

    type = "ShareForInformation"
    post: str
    note: str = Field(default="", max_length=4000)


class AcknowledgeReading(LifecycleCommand):
    """A reader for information has read it."""

    type = "AcknowledgeReading"
    reading: str


# --- events ----------------------------------------------------------------------------------------------------------


class QuestionAsked(Event):
    """`stops` are the open requests whose clocks stand until it is answered, because the definition says so."""

    type = "QuestionAsked"
    question: str
    stage: str
    round: int
    version: int
    asked_in: str
    asked_in_title: Text
    post: str
    post_title: Text
    drafter: str
    due_at: datetime
    stops: tuple[str, ...]
    text: Personal


class QuestionAnswered(Event):
    """`shifts` are the new moments of requests whose clocks stood."""

    type = "QuestionAnswered"
    question: str
    asked_by: str
    shifts: tuple[Shift, ...]
    text: Personal


class QuestionLapsed(Event):
    """Nobody answered it while its document went round; `asked_by` is told. It is said before the event that ends the circulation."""

    type = "QuestionLapsed"
    question: str
    asked_by: str


class CommentAdded(Event):
    type = "CommentAdded"
    stage: str
    round: int
    text: Personal


class InformationShared(Event):
    """`by_definition`: the process informs this post of what its gate has agreed to."""

    type = "InformationShared"
    reading: str
    post: str
    post_title: Text
    stage: str
    stage_title: Text
    round: int
    version: int
    content_hash: str
    by_definition: bool
    note: Personal
    later_viewing: bool = False
    """後閲: a deputy decided; whoever was absent sees it later."""


class ReadingAcknowledged(Event):
    type = "ReadingAcknowledged"
    reading: str
    post: str


# --- rules -----------------------------------------------------------------------------------------------------------


def _ask(state: Lifecycle, command: AskQuestion, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    person = known_person(actor, facts)
    submission = state.submission
    if not state.in_circulation or submission is None:
        raise refuse(
            "nothing-in-circulation",
            "回議中の成果物がないので、質問する相手がいません",
            "nothing is in circulation that a question could be about",
            remedy_ja="意見は `./taskforce comment` で書けます",
            remedy_en="leave a remark with `./taskforce comment`",
        )
    require_running(state)
    stage = definition(facts).stage(state.work)
    asked_in = _place_on_route(person, state, stage, facts, now)
    held = {*facts.directory.posts_of(person, local_day(now)), asked_in}
    mine = [r for r in state.requests if r.kind == "decide" and r.post in held]
    stops = {r.step for r in mine if stage.gate[r.step_index].question_stops_clock}
    post = resolve(stage.drafter, state, facts)[0]
    shown = facts.directory.post(asked_in)
    return [
        QuestionAsked(
            question=str(uuid5(NAMESPACE_URL, f"question:{state.stream}/{command.command_id}")),
            stage=stage.key,
            round=state.round,
            version=submission.version,
            asked_in=asked_in,
            asked_in_title=shown.title if shown else Text(ja=asked_in, en=asked_in),
            post=post.id,
            post_title=post.title,
            drafter=submission.person,
            due_at=facts.calendar.after(now, definition(facts).question_due or ANSWER_WITHIN),
            stops=tuple(r.id for r in state.requests if r.kind == "decide" and r.step in stops),
            text=command.text,
        )
    ]


def _place_on_route(person: str, state: Lifecycle, stage: Stage, facts: Facts, now: datetime) -> str:
    """The post in which a person stands on the route of the document, asked now first, then in the order of the steps; or the one whose
    request was handed on to them."""
    day = local_day(now)
    held = facts.directory.posts_of(person, day)
    asked = [r.post for r in state.requests if r.kind == "decide"]
    route = [*asked, *(g.post for g in state.given), *route_posts(state, stage, facts)]
    for post in route:
        if post in held:
            return post
    for request in state.requests:
        handed = handed_on(state, request, facts, day)
        if handed is not None and handed.to == person:
            return request.post
    raise refuse(
        "not-on-route",
        f"{person} はこの成果物の回議先ではありません",
        f"{person} is not on the route of this document",
        remedy_ja="意見は `./taskforce comment` で書けます",
        remedy_en="leave a remark with `./taskforce comment`",
    )


def route_posts(state: Lifecycle, stage: Stage, facts: Facts) -> list[str]:
    """Every post that the gate asks, in order; what cannot be resolved today is left out."""
    found: list[str] = []
    for step in stage.gate:
        for ref in step.posts:
            try:
                found += [p.id for p in resolve(ref, state, facts)]
            except Refused:
                continue
    return list(dict.fromkeys(found))


def _reply(state: Lifecycle, command: AnswerQuestion, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    question = next((q for q in state.questions if q.id == command.question), None)
    if question is None:
        raise refuse(
            "question-not-open",
            "この質問はもう開いていません",
            "this question is not open any more",
            remedy_ja="`./taskforce show` で今の状態を確認してください",
            remedy_en="see where it stands with `./taskforce show`",
        )
    if state.submission is None or actor.person != state.submission.person:
        may_draft(actor, state, facts, now)
    else:
        known_person(actor, facts)
    require_running(state)
    still = {stop for q in state.questions if q.id != question.id for stop in q.stops}
    # Requests answered since run again as well: their answer may be taken back.
    known = {r.id: r for r in (*(state.before.requests if state.before else ()), *state.requests)}
    shifts = [
        shifted(r, r.paused_at, now, facts)
        for r in known.values()
        if r.id in question.stops and r.id not in still and r.paused_at is not None
    ]
    return [QuestionAnswered(question=question.id, asked_by=question.asked_by, shifts=tuple(shifts), text=command.text)]


def with_lapsed(state: Lifecycle, events: Sequence[Event]) -> Sequence[Event]:
    """The events, with a word on each open question before the first of them that ends the circulation of its document."""
    ends = next((i for i, event in enumerate(events) if _ends_questions(event)), None)
    if ends is None or not state.questions:
        return events
    lapsed = [QuestionLapsed(question=q.id, asked_by=q.asked_by) for q in state.questions]
    return [*events[:ends], *lapsed, *events[ends:]]


def _ends_questions(event: Event) -> bool:
    """Whether nothing is in circulation any more behind it that a question could be about."""
    ending = isinstance(event, DraftWithdrawn | GatePassed | GateReturned | StageEntered | LifecycleClosed)
    return ending or bool(getattr(event, "drafted_again", False))


def shifted(request: Request | WindDownTask | Consultation, since: datetime, now: datetime, facts: Facts) -> Shift:
    """The moments of a request, task or consultation moved by the working days (or, within one day, the time) that its clock stood."""
    moved = mover(since, now, facts)
    return Shift(
        request=request.id,
        due_at=moved(request.due_at),
        remind_at=_moved_if_any(moved, request, "remind_at"),
        escalate_at=_moved_if_any(moved, request, "escalate_at"),
        coordinator_at=_moved_if_any(moved, request, "coordinator_at"),
    )


def _moved_if_any(
    moved: Callable[[datetime], datetime], of: Request | WindDownTask | Consultation, name: str
) -> datetime | None:
    moment = getattr(of, name, None)
    return moved(moment) if moment else None


def mover(since: datetime, now: datetime, facts: Facts) -> Callable[[datetime], datetime]:
    """Later by the working days between; a stop within one day moves a moment by its own length.

    A stop over a weekend alone cost no working day and moves nothing.
    """
    days = facts.calendar.working_days_between(since, now)
    within = now - since if local_day(since) == local_day(now) else None

    def moved(moment: datetime) -> datetime:
        if days:
            return facts.calendar.later(moment, days)
        return moment if within is None else moment + within

    return moved


def may_comment(actor: Actor, state: Lifecycle, facts: Facts, now: datetime) -> None:
    """Whoever answered, was sent it to read, stands on its route or steers the matter. Raises `Refused` for others."""
    person = known_person(actor, facts)
    if person not in {g.person for g in state.given} and not _reads(person, state, facts, now):
        may_share(actor, state, facts, now)


def may_share(actor: Actor, state: Lifecycle, facts: Facts, now: datetime) -> None:
    """Whoever stands on the route of the document or steers the matter. Raises `Refused` for others."""
    person = known_person(actor, facts)
    try:
        _place_on_route(person, state, definition(facts).stage(state.work), facts, now)
    except Refused:
        may_steer(actor, state, facts, now)


def _comment(state: Lifecycle, command: AddComment, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_comment(actor, state, facts, now)
    return [CommentAdded(stage=state.work, round=state.round, text=command.text)]


def _reads(person: str, state: Lifecycle, facts: Facts, now: datetime) -> bool:
    held = facts.directory.posts_of(person, local_day(now))
    return any(r.post in held for r in state.readings)


def _share(
    state: Lifecycle, command: ShareForInformation, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    may_share(actor, state, facts, now)
    stage = definition(facts).stage(state.work)
    post = facts.directory.post(command.post)
    if post is None:
        raise refuse(
            "post-unknown",
            f"post: 名簿にない職です: {command.post}",
            f"post: {command.post!r} is not a post of the directory",
            remedy_ja="`./taskforce people` で職の ID を確認してください",
            remedy_en="use a post id of the directory (`./taskforce people`)",
        )
    if state.submission is None:
        raise refuse(
            "nothing-to-read",
            "この段階ではまだ何も提出されていません",
            "nothing has been handed in at this stage yet",
            remedy_ja="提出されてから供覧してください",
            remedy_en="share it once it has been handed in",
        )
    if any(r.post == post.id and r.content_hash == state.submission.content_hash for r in state.readings):
        raise refuse(
            "shared-already",
            f"{post.title.ja} には既に供覧しています",
            f"{post.title.en} has it already",
            remedy_ja="何もする必要はありません",
            remedy_en="nothing needs to be done",
        )
    serial = f"{state.stream}/{command.command_id}"
    return [_shared(state, stage, post.id, post.title, serial, by_definition=False, note=command.note)]


def informed(state: Lifecycle, stage: Stage, facts: Facts) -> list[Event]:
    """供覧 by the definition, once a gate has agreed."""
    posts = {p.id: p for ref in stage.inform for p in resolve(ref, state, facts)}
    return [
        _shared(
            state,
            stage,
            post.id,
            post.title,
            f"{state.stream}/{stage.key}/{state.round}/{state.serial}/{post.id}",
            by_definition=True,
        )
        for post in posts.values()
    ]


def _shared(
    state: Lifecycle, stage: Stage, post: str, title: Text, serial: str, *, by_definition: bool, note: str = ""
) -> InformationShared:
    assert state.submission is not None
    return InformationShared(
        reading=str(uuid5(NAMESPACE_URL, f"reading:{serial}")),
        post=post,
        post_title=title,
        stage=stage.key,
        stage_title=stage.title,
        round=state.round,
        version=state.submission.version,
        content_hash=state.submission.content_hash,
        by_definition=by_definition,
        note=note,
    )


def _acknowledge(
    state: Lifecycle, command: AcknowledgeReading, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    person = known_person(actor, facts)
    reading = next((r for r in state.readings if r.id == command.reading), None)
    if reading is None:
        raise refuse(
            "reading-not-open",
            "この供覧はもう開いていません",
            "this is not waiting to be read any more",
            remedy_ja="何もする必要はありません",
            remedy_en="nothing needs to be done",
        )
    if reading.post not in facts.directory.posts_of(person, local_day(now)):
        raise refuse(
            "not-your-post",
            f"この供覧は {reading.post} 宛てです({person} はその職にありません)",
            f"this was sent to {reading.post}; {person} does not hold that post today",
            remedy_ja="その職にある者が確認してください",
            remedy_en="let a holder of the post acknowledge it",
        )
    return [ReadingAcknowledged(reading=reading.id, post=reading.post)]


# --- folds -----------------------------------------------------------------------------------------------------------


def _asked(state: Lifecycle, event: QuestionAsked, recorded: Recorded) -> Changes:
    question = Question(
        id=event.question,
        post=event.post,
        post_title=event.post_title,
        asked_by=recorded.actor.person or "",
        asked_in=event.asked_in,
        at=recorded.occurred_at,
        due_at=event.due_at,
        stops=event.stops,
    )
    requests = tuple(
        r.model_copy(update={"paused_at": recorded.occurred_at}) if r.id in event.stops and r.paused_at is None else r
        for r in state.requests
    )
    return {"questions": (*state.questions, question), "requests": requests}


def _replied(state: Lifecycle, event: QuestionAnswered, _: Recorded) -> Changes:
    return {
        "questions": tuple(q for q in state.questions if q.id != event.question),
        "requests": moved_requests(state.requests, event.shifts),
    }


def _lapsed(state: Lifecycle, event: QuestionLapsed, _: Recorded) -> Changes:
    return {"questions": tuple(q for q in state.questions if q.id != event.question)}


def moved_requests(requests: tuple[Request, ...], shifts: Iterable[Shift]) -> tuple[Request, ...]:
    """Requests with their new moments; their clocks run again."""
    by_request = {s.request: s for s in shifts}
    return tuple(
        r.model_copy(
            update={
                "due_at": s.due_at,
                "remind_at": s.remind_at,
                "escalate_at": s.escalate_at,
                "coordinator_at": s.coordinator_at,
                "paused_at": None,
            }
        )
        if (s := by_request.get(r.id))
        else r
        for r in requests
    )


def _was_shared(state: Lifecycle, event: InformationShared, recorded: Recorded) -> Changes:
    reading = Reading(
        id=event.reading,
        post=event.post,
        stage=event.stage,
        round=event.round,
        title=event.stage_title,
        content_hash=event.content_hash,
        at=recorded.occurred_at,
        later_viewing=event.later_viewing,
    )
    return {"readings": (*state.readings, reading)}


def _was_read(state: Lifecycle, event: ReadingAcknowledged, _: Recorded) -> Changes:
    return {"readings": tuple(r for r in state.readings if r.id != event.reading)}


def _nothing(state: Lifecycle, event: Event, _: Recorded) -> Changes:
    return {}


# --- what the rest of the lifecycle joins ----------------------------------------------------------------------------

COMMANDS: dict[str, type[Command]] = {
    k.type: k for k in (AskQuestion, AnswerQuestion, AddComment, ShareForInformation, AcknowledgeReading)
}
EVENTS: dict[str, type[Event]] = {
    k.type: k
    for k in (QuestionAsked, QuestionAnswered, QuestionLapsed, CommentAdded, InformationShared, ReadingAcknowledged)
}


def is_said(event: Event) -> bool:
    """Whether it belongs to what is said: a question, its answer or that there was none, a comment."""
    return isinstance(event, QuestionAsked | QuestionAnswered | QuestionLapsed | CommentAdded)


HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    AskQuestion: _ask,
    AnswerQuestion: _reply,
    AddComment: _comment,
    ShareForInformation: _share,
    AcknowledgeReading: _acknowledge,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    QuestionAsked: _asked,
    QuestionAnswered: _replied,
    QuestionLapsed: _lapsed,
    CommentAdded: _nothing,
    InformationShared: _was_shared,
    ReadingAcknowledged: _was_read,
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    QuestionAsked: lambda s, v: Text(
        ja=f"{v.asked_in_title.ja}から質問", en=f"question from {v.asked_in_title.en} to the drafter"
    ),
    QuestionAnswered: lambda s, v: Text(ja="質問に回答", en="question answered by the drafter"),
    QuestionLapsed: lambda s, v: Text(
        ja="質問に回答のないまま回議が終わった", en="the circulation ended before a question was answered"
    ),
    CommentAdded: lambda s, v: Text(ja="意見", en="comment"),
    InformationShared: lambda s, v: Text(
        ja=f"{v.post_title.ja}の{'後閲' if v.later_viewing else '供覧'}: {v.stage_title.ja}",
        en=f"{v.stage_title.en}: for {'later viewing by' if v.later_viewing else 'information to'} {v.post_title.en}",
    ),
    ReadingAcknowledged: lambda s, v: Text(ja="供覧を確認", en="read by whom it was sent to"),
}
