"""What follows once somebody has agreed: the step goes on waiting, the next one is asked, or the gate is passed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from domain.calendar import end_of_business, local_day
from domain.facts import Facts
from domain.lifecycle import events as e
from domain.lifecycle.checks import CHECKS, promises_for
from domain.lifecycle.consultations import settled
from domain.lifecycle.dialogue import informed
from domain.lifecycle.outcomes import Decides, after_outcome, next_review, no_outcome_yet, outcome_named
from domain.lifecycle.reopening import LifecycleReopened
from domain.lifecycle.routes import AGREED, ends_here, enter, needed, next_step, open_draft
from domain.lifecycle.state import Lifecycle
from domain.lifecycle.winding import require_done
from domain.messages import Event, Frozen
from domain.process import REOPENING, ProcessDefinition, Stage, Step

_BESIDE = ("added", "superior")
"""Steps of requests beside the definition's own."""


class Onward(Frozen):
    """The events that follow, and the outcome when the gate decided one."""

    events: tuple[Event, ...] = ()
    outcome: str | None = None


def proceed(
    after: Lifecycle,
    index: int,
    command: Decides,
    stage: Stage,
    process: ProcessDefinition,
    facts: Facts,
    now: datetime,
) -> Onward:
    """What follows at the step `index`; `after` has the agreement already, and its request no longer."""
    step = stage.gate[index]
    if not is_complete(after, step):
        no_outcome_yet(command)
        return Onward()
    waiting = [r for r in after.requests if r.kind == "decide"]
    closed: list[Event] = [e.RequestClosed(request=r.id, because="quorum") for r in waiting]
    closed += [settled(c, "moot") for c in after.consultations]
    opened = [] if ends_here(after, step) else next_step(after, stage, index, after.serial + 1, facts, now)
    if any(isinstance(event, e.RequestOpened) for event in opened):
        no_outcome_yet(command)
        return Onward(events=(*closed, *opened))
    passed = pass_gate(after, command, stage, process, facts, now)
    return Onward(events=(*closed, *opened, *passed.events), outcome=passed.outcome)


def is_complete(after: Lifecycle, step: Step) -> bool:
    """Whether enough of those asked have agreed; whoever was added, and the superior, must have agreed in any case.

    An objection of somebody added has no quorum that could outvote it: it stands until it is withdrawn or overruled, whichever
    answer comes last.
    """
    waiting = [r for r in after.requests if r.kind == "decide"]
    if any(r.extra for r in waiting) or any(g.step in _BESIDE and g.decision not in AGREED for g in after.given):
        return False
    here = [g for g in after.given if g.step == step.key]
    agreed = sum(g.decision in AGREED for g in here)
    asked = len(here) + sum(r.step == step.key for r in waiting)
    return agreed >= needed(step, asked)


def may_still_agree(state: Lifecycle, request: str, step: Step) -> bool:
    """Whether enough of the others asked by the step have agreed or may still agree, without this request.

    Who objected and is in consultation may still agree; otherwise the order of an objection and a return would decide.
    """
    here = [g for g in state.given if g.step == step.key]
    agreed = sum(g.decision in AGREED for g in here)
    waiting = sum(r.id != request and r.step == step.key for r in state.requests)
    consulting = sum(c.request == g.request for c in state.consultations for g in here)
    return step.need != "all" and agreed + waiting + consulting >= step.need


def pass_gate(
    state: Lifecycle, command: Decides, stage: Stage, process: ProcessDefinition, facts: Facts, now: datetime
) -> Onward:
    """The gate's passing and what lies behind it. Refuses when a check of the definition, or a condition, stands against it."""
    for name in stage.passes_when:
        CHECKS[name](state)
    promises_for(state, stage.key)
    require_done(state, stage, process)
    submission = state.submission
    passed = e.GatePassed(
        stage=stage.key,
        title=stage.title,
        round=state.round,
        version=submission.version if submission else 0,
        content_hash=submission.content_hash if submission else "",
        number=state.numbers.get(f"{stage.key}/{state.round}"),
    )
    events: list[Event] = [*_pledges(state, stage), *informed(state, stage, facts), passed]
    if not stage.decides_outcome:
        no_outcome_yet(command)
        return Onward(events=(*events, *_onward(state, stage, process, facts, now)))
    outcome, back_to = outcome_named(state, command, process)
    return Onward(
        events=(*events, *after_outcome(state, outcome, back_to, process, facts, now)),
        outcome=outcome.key,
    )


def _pledges(state: Lifecycle, stage: Stage) -> list[Event]:
    """What departments promised in the document that has now been agreed to becomes a tracked promise."""
    version = state.submission.content_hash if state.submission else ""
    return [
        e.PromiseMade(
            promise=str(uuid5(NAMESPACE_URL, f"promise:{state.stream}/{stage.key}/{state.round}/{version}/{i}")),
            stage=stage.key,
            round=state.round,
            text=pledge.text,
            by=pledge.by,
            due=pledge.due,
        )
        for i, pledge in enumerate(state.pledged)
    ]


def _onward(state: Lifecycle, stage: Stage, process: ProcessDefinition, facts: Facts, now: datetime) -> list[Event]:
    """Behind a passed gate: the next period, the next stage, or the end of a wind-down."""
    if process.wind_down is not None and stage.key == process.wind_down.key:
        return [e.LifecycleClosed(as_="abolition")]
    if stage.key == REOPENING:
        return _reopened(state, process, facts, now)
    if stage.repeats:
        return [open_draft(state, stage, state.round, state.serial + 1, facts, now)]
    following = process.stage(stage.next or "")
    return [
        enter(following, state.round, "passed"),
        open_draft(state, following, state.round, state.serial + 1, facts, now),
    ]


def _reopened(state: Lifecycle, process: ProcessDefinition, facts: Facts, now: datetime) -> list[Event]:
    assert state.reopening is not None
    target = process.stage(state.reopening.stage)
    come = state.review_date is not None and end_of_business(state.review_date) <= now
    reopened = LifecycleReopened(
        stage=target.key,
        round=state.round,
        separated_from=state.merged_into,
        next_review=next_review(state.review_date, local_day(now)) if come else None,
    )
    return [
        reopened,
        enter(target, state.round, "reopened"),
        open_draft(state, target, state.round, state.serial + 1, facts, now),
    ]


def others_closed(state: Lifecycle, request: str | None, because: str) -> Sequence[Event]:
    """Nothing is asked any more of all but one."""
    return [e.RequestClosed(request=r.id, because=because) for r in state.requests if r.id != request]
