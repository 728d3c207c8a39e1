"""The rules: a command on a state, at a moment, on facts, gives events or is refused. May refuse; never looks outward."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from domain.attachments import document_hash
from domain.calendar import end_of_business, local_day
from domain.deliverables.base import Context
from domain.deliverables.registry import parse, require_complete
from domain.evaluation.recommending import recommended
from domain.facts import Facts
from domain.lifecycle import (
    absence,
    adopting,
    amendments,
    attaching,
    budgets,
    committing,
    concluding,
    consulting,
    dates,
    descent,
    dialogue,
    feeding,
    handing,
    handover,
    measuring,
    migrating,
    procuring,
    publishing,
    registering,
    sunset,
    valuing,
    winding,
    windows,
)
from domain.lifecycle import commands as c
from domain.lifecycle import events as e
from domain.lifecycle.answers import answer
from domain.lifecycle.authority import definition, known_person, may_draft, may_steer, may_withdraw, require_running
from domain.lifecycle.dialogue import mover, shifted
from domain.lifecycle.evolve import evolve
from domain.lifecycle.reopening import ReopeningRefused
from domain.lifecycle.reviewing import close_requests, review_events
from domain.lifecycle.routes import (
    added_again,
    delegated,
    enter,
    next_step,
    open_draft,
    parts_of,
    still_agreed,
    voided,
)
from domain.lifecycle.state import Lifecycle, Submission
from domain.lifecycle.timers import pass_deadline, require_passed
from domain.messages import Actor, Command, Event, Recorded, refuse
from domain.process import ProcessDefinition


def decide(state: Lifecycle, command: Command, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    """Events that follow from `command`, in order. Raises `Refused`. `now` is aware UTC."""
    if isinstance(command, c.StartLifecycle):
        return _start(state, command, actor, facts, now)
    if isinstance(command, adopting.AdoptLifecycle):
        return adopting.adopt(state, command, actor, facts, now)
    if state.started_at is None:
        raise refuse(
            "not-started",
            "このライフサイクルは始まっていません",
            "this lifecycle has not been started",
            remedy_ja="`./taskforce list` で ID を確認してください",
            remedy_en="check the id with `./taskforce list`",
        )
    if state.closed and not isinstance(command, _WHEN_CLOSED) and not _mends_the_end(state, command):
        raise refuse(
            "closed",
            f"このライフサイクルは終結しています({state.closed_as})",
            f"this lifecycle is closed ({state.closed_as})",
            remedy_ja="記録は `./taskforce show` で見られます。続けるには再開の決定を求めてください(`./taskforce reopen`)",
            remedy_en="its record is at `./taskforce show`; to go on, ask for its reopening (`./taskforce reopen`)",
        )
    events = dialogue.with_lapsed(state, _HANDLERS[type(command)](state, command, actor, facts, now))
    events = handing.with_handed(state, events, facts, now)
    if not state.reached:
        return events
    return [*events, *sunset.on_entering(events, partial(_after, state, events, actor, now), state.reached, facts, now)]


def _mends_the_end(state: Lifecycle, command: Command) -> bool:
    """Whether the answer that closed it may still be taken back: nobody has acted on it, or `before` would be gone."""
    return state.before is not None and isinstance(command, amendments.RetractAnswer | amendments.CorrectAnswer)


def _after(state: Lifecycle, events: Sequence[Event], actor: Actor, now: datetime) -> Lifecycle:
    """The state that the events make."""
    for event in events:
        state = evolve(
            state,
            Recorded(
                stream=state.stream, version=1, position=1, event=event, actor=actor, occurred_at=now, command_id="-"
            ),
        )
    return state


def _start(state: Lifecycle, command: c.StartLifecycle, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    if state.started_at is not None:
        raise refuse(
            "already-started",
            f"{command.ref} は既に始まっています",
            f"{command.ref} has already been started",
            remedy_ja="同じ課題は二度始まりません。別の課題なら別の ID を付けてください",
            remedy_en="the same task starts once; give another task another id",
        )
    if not actor.is_system:
        known_person(actor, facts)
    process = definition(facts)
    fields = adopting.task_fields(command, facts)
    if command.setup is not None:
        parse(process.stages[0].deliverable, command.setup)
    started = e.LifecycleStarted(**fields, source=command.source, setup=command.setup, origin=command.origin)
    first = process.stages[0]
    located = state.model_copy(update={"section": fields["section"]})
    return [
        started,
        enter(first, 1, "started"),
        open_draft(located, first, 1, 1, facts, now),
    ]


def context(state: Lifecycle, process: ProcessDefinition, facts: Facts, now: datetime) -> Context:
    """What the forms' rules may look at."""
    improvement = process.outcome("improvement")
    # Every form comes by here, and without benefits there is no balance that the recommendation could look at.
    weighed = valuing.value(state, facts, local_day(now)).appraisal if state.benefits else None
    return Context(
        today=local_day(now),
        people=frozenset(p.id for p in facts.directory.people),
        units=frozenset(u.id for u in facts.directory.units),
        departments=tuple(d for d in state.departments if d != state.section),
        round=state.round,
        voted=committing.contractable(state),
        committed=committing.spans(state),
        contracted=procuring.contracted(state),
        measured=frozenset(state.measured),
        kpis=tuple(k.key for k in state.kpis),
        hypotheses=len(state.hypotheses),
        outcomes=tuple(o.key for o in process.outcomes),
        back_to=improvement.stages if improvement else (),
        section=state.section,
        spread=descent.carried_to(state),
        came_through=frozenset(descent.came_through(state)),
        evaluated=recommended(state, tuple(o.key for o in process.outcomes), weighed).outcome,
    )


def _submit(
    state: Lifecycle, command: c.SubmitDeliverable, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    may_draft(actor, state, facts, now)
    require_running(state)
    process = definition(facts)
    if command.stage != state.work:
        raise refuse(
            "other-stage",
            f"いま求められているのは {state.work} の成果物です({command.stage} ではありません)",
            f"the deliverable asked for now is that of {state.work!r}, not of {command.stage!r}",
            remedy_ja=f"`./taskforce form {state.work}` の様式で提出してください",
            remedy_en=f"submit the form of `./taskforce form {state.work}`",
        )
    if state.in_circulation:
        raise refuse(
            "in-circulation",
            "成果物は回議中です",
            "the deliverable is in circulation",
            remedy_ja="改めるには、起案者が引き戻してください(`./taskforce withdraw`)",
            remedy_en="to change it, the drafter takes it back first (`./taskforce withdraw`)",
        )
    stage = process.stage(state.work)
    form = parse(stage.deliverable, command.content)
    require_complete(stage.deliverable, form, context(state, process, facts, now))
    content: dict[str, Any] = form.model_dump(mode="json")
    attachments = attaching.attached(state)
    parts = parts_of(stage, content, attachments)
    located = state
    if stage.deliverable == "setup":
        located = state.model_copy(update={"departments": tuple(content["departments"])})
    submitted = e.DeliverableSubmitted(
        stage=stage.key,
        title=stage.title,
        deliverable=stage.deliverable,
        round=state.round,
        version=state.versions.get(f"{stage.key}/{state.round}", 0) + 1,
        content=content,
        content_hash=document_hash(content, attachments),
        comment=command.comment,
        number=registering.number_of(state, facts, now),
        parts=parts or None,
        kept=still_agreed(located, stage, parts, facts, now, actor.person),
        ends_at=delegated(stage, content),
        attachments=attachments,
    )
    lost = voided(state, submitted.kept)
    told = [
        e.AgreementsVoided(
            stage=stage.key, title=stage.title, round=state.round, version=submitted.version, agreements=lost
        )
    ]
    closed = [e.RequestClosed(request=r.id, because="submitted") for r in state.requests if r.kind == "draft"]
    former = state.former.given if state.former is not None else ()
    after = located.model_copy(
        update={
            "given": tuple(g for g in former if g.step in submitted.kept),  # all else agreed to another version
            "submission": Submission(
                stage=stage.key,
                round=state.round,
                version=submitted.version,
                content_hash=submitted.content_hash,
                person=actor.person or "",
                at=now,
                ends_at=submitted.ends_at,
            ),
        }
    )
    opened: list[Event] = [*next_step(after, stage, -1, state.serial + 1, facts, now)]
    opened += added_again(after, stage, state.former.added if state.former else (), opened, facts, now)
    if not any(isinstance(event, e.RequestOpened) for event in opened):
        raise refuse(
            "route-empty",
            "回議先が一つもありません",
            "the route asks nobody",
            remedy_ja="プロセス定義の経路か関係部署を直してください",
            remedy_en="correct the route of the process definition, or the departments",
        )
    return [submitted, *(told if lost else []), *closed, *opened]


def _withdraw(state: Lifecycle, command: c.WithdrawDraft, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    if not state.in_circulation:
        may_draft(actor, state, facts, now)
        raise refuse(
            "nothing-in-circulation",
            "回議中の成果物はありません",
            "nothing is in circulation, so there is nothing to take back",
            remedy_ja="課題そのものを取り下げるなら廃案にしてください(`./taskforce withdraw --whole`)",
            remedy_en="to end the whole matter, drop it (`./taskforce withdraw --whole`)",
        )
    may_withdraw(actor, state, facts, now)
    stage = definition(facts).stage(state.work)
    withdrawn = e.DraftWithdrawn(stage=stage.key, round=state.round, reason=command.reason)
    if state.reopening is not None:
        return [withdrawn, *_stays_closed(state)]
    return [
        withdrawn,
        *close_requests(state, "withdrawn"),
        open_draft(state, stage, state.round, state.serial + 1, facts, now),
    ]


def _drop(state: Lifecycle, command: c.DropLifecycle, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_steer(actor, state, facts, now)
    if state.reopening is not None:
        return _stays_closed(state)
    return [
        e.LifecycleDropped(by_gate=False, reason=command.reason),
        *close_requests(state, "closed"),
        e.LifecycleClosed(as_="dropped"),
    ]


def _stays_closed(state: Lifecycle) -> list[Event]:
    """Whoever asked for the reopening does so no longer."""
    assert state.reopening is not None
    return [
        *close_requests(state, "withdrawn"),
        ReopeningRefused(withdrawn=True),
        e.LifecycleClosed(as_=state.reopening.closed_as),
    ]


def _hold(state: Lifecycle, command: c.HoldLifecycle, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_steer(actor, state, facts, now)
    require_running(state)
    until = end_of_business(command.until) if command.until else None
    if until is not None and until <= now:
        raise refuse(
            "hold-until-past",
            f"until: {command.until} は過ぎています",
            f"until: {command.until} has passed",
            remedy_ja="将来の日付にするか、until を省いてください",
            remedy_en="name a later day, or leave it out",
        )
    return [e.LifecycleHeld(until=until, reason=command.reason)]


def _resume(state: Lifecycle, command: c.ResumeLifecycle, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_steer(actor, state, facts, now)
    if state.hold is None:
        raise refuse(
            "not-held",
            "保留されていません",
            "the lifecycle is not on hold",
            remedy_ja="再開の必要はありません",
            remedy_en="there is nothing to resume",
        )
    since = state.hold.since
    waiting = {r.id: r for r in (*(state.before.requests if state.before else ()), *state.requests)}
    # A draft taken back during the hold waits only since then; a clock that stands for a question moves when it is answered.
    shifts = [shifted(r, max(since, r.opened_at), now, facts) for r in waiting.values() if r.paused_at is None]
    shifts += [shifted(t, max(since, t.opened_at), now, facts) for t in state.open_tasks]
    consulted = {x.id: x for x in (*(state.before.consultations if state.before else ()), *state.consultations)}
    shifts += [shifted(x, since, now, facts) for x in consulted.values()]
    review = end_of_business(state.review_date) if state.review_date else None
    next_review = local_day(mover(since, now, facts)(review)) if review and review > since else None
    return [e.LifecycleResumed(shifts=tuple(shifts), next_review=next_review, reason=command.reason)]


def _open_review(state: Lifecycle, command: c.OpenReview, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_steer(actor, state, facts, now)
    require_running(state)
    return review_events(state, "person", command.reason, facts, now)


def _fulfil(state: Lifecycle, command: c.FulfilPromise, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_steer(actor, state, facts, now)
    if not any(p.id == command.promise and p.fulfilled_at is None for p in state.promises):
        raise refuse(
            "promise-unknown",
            f"果たされていない約束 {command.promise} はありません",
            f"there is no open promise {command.promise!r}",
            remedy_ja="`./taskforce show` で約束の ID を確認してください",
            remedy_en="check the promise's id with `./taskforce show`",
        )
    return [e.PromiseFulfilled(promise=command.promise, note=command.note)]


def _deadline(
    state: Lifecycle, command: c.DeadlinePassed, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    if command.timer == "review":
        require_passed(state, command, now)
        return review_events(state, "date", "", facts, now)
    if command.timer == "window":
        require_passed(state, command, now)
        return windows.pass_moment(state, command.due_at, facts, now)
    if command.timer == "restoration":
        require_passed(state, command, now)
        return budgets.back_to_proposal(state, facts, now)
    if command.timer in ("task_remind", "task_due"):
        require_passed(state, command, now)
        return winding.passed(state, command)
    if command.timer == "consult":
        require_passed(state, command, now)
        found = next(c for c in state.consultations if c.id == command.request)
        return consulting.refer(state, found, "", facts, now, by_time=True)
    return pass_deadline(state, command, now)


def _answer(state: Lifecycle, command: c.AnswerRequest, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    return answer(state, command, actor, facts, now)


_WHEN_CLOSED = (
    amendments.ReopenLifecycle,
    amendments.NoteMerge,
    adopting.SupplementHistory,
    dialogue.AcknowledgeReading,
    registering.EnforceDecision,
    concluding.CarryConclusion,
    c.RecordBudget,
    publishing.PublishLifecycle,
    publishing.UnpublishLifecycle,
    descent.NoteSpreadRefusal,
    descent.SettleSpread,
)
"""What may still be asked of a closed lifecycle."""

_HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    c.SubmitDeliverable: _submit,
    c.AnswerRequest: _answer,
    c.WithdrawDraft: _withdraw,
    c.DropLifecycle: _drop,
    c.HoldLifecycle: _hold,
    c.ResumeLifecycle: _resume,
    c.RecordBudget: budgets.record,
    c.OpenReview: _open_review,
    c.FulfilPromise: _fulfil,
    c.DeadlinePassed: _deadline,
    **absence.HANDLERS,
    **adopting.HANDLERS,
    **amendments.HANDLERS,
    **attaching.HANDLERS,
    **committing.HANDLERS,
    **concluding.HANDLERS,
    **consulting.HANDLERS,
    **dates.HANDLERS,
    **descent.HANDLERS,
    **dialogue.HANDLERS,
    **feeding.HANDLERS,
    **handing.HANDLERS,
    **handover.HANDLERS,
    **measuring.HANDLERS,
    **migrating.HANDLERS,
    **procuring.HANDLERS,
    **publishing.HANDLERS,
    **registering.HANDLERS,
    **valuing.HANDLERS,
    **windows.HANDLERS,
    **winding.HANDLERS,
}
