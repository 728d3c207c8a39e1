"""Answering a request of a gate: who may, on what, and what follows when the route is at its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import NAMESPACE_URL, uuid5

from domain.calendar import end_of_business, local_day
from domain.facts import Facts
from domain.lifecycle import events as e
from domain.lifecycle.authority import definition, post_held
from domain.lifecycle.checks import CHECKS
from domain.lifecycle.commands import AnswerRequest
from domain.lifecycle.dialogue import informed
from domain.lifecycle.reopening import LifecycleReopened, ReopeningRefused
from domain.lifecycle.routes import enter, next_step, open_draft
from domain.lifecycle.state import Lifecycle, Request, Submission
from domain.messages import Actor, Event, Refused, refuse
from domain.process import REOPENING, Outcome, ProcessDefinition, Stage, Step


def answer(state: Lifecycle, command: AnswerRequest, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    """Record a person's answer and what follows from it. Raises `Refused`."""
    request, submission = _open_request(state, command)
    person = post_held(actor, request, facts, now)
    process = definition(facts)
    stage = process.stage(state.work)
    step = stage.gate[request.step_index]
    _may_decide(state, command, person, step, submission)
    answered = e.RequestAnswered(
        request=request.id,
        stage=stage.key,
        round=state.round,
        step=step.key,
        step_title=step.title,
        post=request.post,
        decision=command.decision,
        conditions=command.conditions,
        back_to=command.back_to if command.decision == "return" else None,
        outcome=None,
        content_hash=submission.content_hash,
        comment=command.comment,
    )
    if command.decision in ("approve", "conditions"):
        return _agreed(state, command, answered, request, step, stage, process, facts, now)
    if command.decision == "reject" and state.reopening is not None and not _may_still_agree(state, request, step):
        return [
            answered,
            *_others(state, request, "rejected"),
            ReopeningRefused(withdrawn=False),
            e.LifecycleClosed(as_=state.reopening.closed_as),
        ]
    if command.decision == "reject" and step.on_reject == "drop" and not _may_still_agree(state, request, step):
        return [
            answered,
            e.LifecycleDropped(by_gate=True, reason=command.comment),
            *_others(state, request, "rejected"),
            e.LifecycleClosed(as_="dropped"),
        ]
    return [answered, *_refused_by_some(state, command, request, step, stage, process, facts, now)]


def _open_request(state: Lifecycle, command: AnswerRequest) -> tuple[Request, Submission]:
    request = state.request(command.request)
    if request is None:
        given = next((g for g in state.given if g.request == command.request), None)
        ja = f"すでに {given.person} が {given.decision} と答えています" if given else "この依頼はもう開いていません"
        en = (
            f"{given.person} has already answered it with {given.decision}"
            if given
            else "this request is not open any more"
        )
        raise refuse(
            "already-answered" if given else "request-not-open",
            ja,
            en,
            remedy_ja="`starter.py show` で今の状態を確認してください",
            remedy_en="see where it stands with `starter.py show`",
        )
    if state.hold is not None:
        raise refuse(
            "on-hold",
            "保留中です",
            "the lifecycle is on hold",
            remedy_ja="再開されるまで待ってください(`starter.py resume`)",
            remedy_en="wait until it is resumed (`starter.py resume`)",
        )
    if request.kind == "draft" or state.submission is None:
        raise refuse(
            "asks-for-a-draft",
            "この依頼は成果物の提出を求めるものです",
            "this request asks for a deliverable, not for a decision",
            remedy_ja=f"`starter.py form {state.work}` の様式を記入し `starter.py submit` で提出してください",
            remedy_en=f"fill in `starter.py form {state.work}` and hand it in with `starter.py submit`",
        )
    return request, state.submission


def _may_decide(state: Lifecycle, command: AnswerRequest, person: str, step: Step, submission: Submission) -> None:
    if command.seen is not None and command.seen != submission.content_hash:
        raise refuse(
            "stale-document",
            "読まれた文書より新しい版が回議されています",
            "a newer version than the one you read is in circulation",
            remedy_ja="新しい版を読んでから答えてください(`starter.py show`)",
            remedy_en="read the new version and answer again (`starter.py show`)",
        )
    if person == submission.person and not step.drafter_may_decide:
        raise refuse(
            "separation-of-duties",
            f"{person} は起案者なので、この段階では決定できません",
            f"{person} drafted this and cannot decide on it at this step",
            remedy_ja="同じ職の別の者が答えるか、別の者が起案し直してください",
            remedy_en="let another holder of the post answer, or let someone else draft it",
        )
    if command.decision == "conditions" and not command.conditions:
        raise refuse(
            "conditions-missing",
            "条件付き同意には条件が要ります",
            "an agreement with conditions names them",
            remedy_ja="--condition で条件を書いてください",
            remedy_en="name each with --condition",
        )
    if command.decision in ("return", "reject"):
        _no_outcome_yet(command)
    if command.decision in ("return", "reject") and not command.comment.strip():
        raise refuse(
            "reason-missing",
            "差戻し・否には理由が要ります",
            "sending back or refusing needs a reason",
            remedy_ja="--comment で理由を書いてください",
            remedy_en="give it with --comment",
        )


def _others(state: Lifecycle, request: Request, because: str) -> list[Event]:
    return [e.RequestClosed(request=r.id, because=because) for r in state.requests if r.id != request.id]


def _agreed(
    state: Lifecycle,
    command: AnswerRequest,
    answered: e.RequestAnswered,
    request: Request,
    step: Step,
    stage: Stage,
    process: ProcessDefinition,
    facts: Facts,
    now: datetime,
) -> list[Event]:
    promises: list[Event] = [
        e.PromiseMade(
            promise=str(uuid5(NAMESPACE_URL, f"promise:{request.id}/{i}")),
            stage=stage.key,
            round=state.round,
            text=condition.text,
            by=condition.by,
            due=condition.due,
        )
        for i, condition in enumerate(command.conditions)
    ]
    agreed = 1 + sum(g.step == step.key and g.decision in ("approve", "conditions") for g in state.given)
    waiting = [r for r in state.requests if r.id != request.id and r.step == step.key]
    if agreed < _needed(state, step, agreed + len(waiting)):
        _no_outcome_yet(command)
        return [answered, *promises]
    closed: list[Event] = [e.RequestClosed(request=r.id, because="quorum") for r in waiting]
    opened = next_step(state, stage, request.step_index, state.serial + 1, facts, now)
    if opened:
        _no_outcome_yet(command)
        return [answered, *promises, *closed, *opened]
    for name in stage.passes_when:
        CHECKS[name](state)
    promises += _pledges(state, stage)
    passed = e.GatePassed(
        stage=stage.key,
        title=stage.title,
        round=state.round,
        version=state.submission.version if state.submission else 0,
        content_hash=answered.content_hash,
    )
    promises += informed(state, stage, facts)
    if not stage.decides_outcome:
        _no_outcome_yet(command)
        return [answered, *promises, *closed, passed, *_onward(state, stage, process, facts, now)]
    outcome, back_to = _outcome(state, command, process)
    answered = answered.model_copy(update={"outcome": outcome.key})
    return [answered, *promises, *closed, passed, *_after_outcome(state, outcome, back_to, process, facts, now)]


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


def _needed(state: Lifecycle, step: Step, asked: int) -> int:
    refused = sum(g.step == step.key and g.decision in ("return", "reject") for g in state.given)
    return asked + refused if step.need == "all" else min(step.need, asked + refused)


def _may_still_agree(state: Lifecycle, request: Request, step: Step) -> bool:
    """Whether enough of the others asked by the step have agreed or may still agree, without this request."""
    agreed = sum(g.step == step.key and g.decision in ("approve", "conditions") for g in state.given)
    waiting = [r for r in state.requests if r.id != request.id and r.step == step.key]
    return step.need != "all" and agreed + len(waiting) >= step.need


def _refused_by_some(
    state: Lifecycle,
    command: AnswerRequest,
    request: Request,
    step: Step,
    stage: Stage,
    process: ProcessDefinition,
    facts: Facts,
    now: datetime,
) -> list[Event]:
    """A return or refusal: the gate is lost unless enough others may still agree."""
    to = command.back_to or stage.key
    if to != stage.key and to not in stage.send_back_to:
        raise refuse(
            "send-back-target",
            f"{stage.key} から {to} へは差し戻せません",
            f"{stage.key!r} cannot be sent back to {to!r}",
            remedy_ja="差戻し先: " + "、".join((stage.key, *stage.send_back_to)),
            remedy_en="send it back to one of: " + ", ".join((stage.key, *stage.send_back_to)),
        )
    if _may_still_agree(state, request, step):
        return []
    target = process.stage(to)
    come = state.review_date is not None and end_of_business(state.review_date) <= now
    events: list[Event] = [
        e.GateReturned(
            stage=stage.key,
            round=state.round,
            to=to,
            to_title=target.title,
            rejected=command.decision == "reject",
            # Otherwise the date that has come would open the review again at once.
            next_review=local_day(facts.calendar.after(now, target.due)) if target.repeats and come else None,
        ),
        *_others(state, request, "returned"),
    ]
    if to != stage.key:
        events.append(enter(target, state.round, "sent_back"))
    return [*events, open_draft(state, target, state.round, state.serial + 1, facts, now)]


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
        next_review=_next_review(state.review_date, local_day(now)) if come else None,
    )
    return [
        reopened,
        enter(target, state.round, "reopened"),
        open_draft(state, target, state.round, state.serial + 1, facts, now),
    ]


def _no_outcome_yet(command: AnswerRequest) -> None:
    if command.outcome is not None:
        raise refuse(
            "outcome-not-here",
            "結果を決めるのは再検討の最後の段階だけです",
            "only the last step of the review decides the outcome",
            remedy_ja="outcome を省いて答えてください",
            remedy_en="answer without an outcome",
        )


def _outcome(state: Lifecycle, command: AnswerRequest, process: ProcessDefinition) -> tuple[Outcome, str | None]:
    """The outcome named, else the one recommended; departing from the recommendation needs a reason."""
    key = command.outcome or state.recommendation or ""
    outcome = process.outcome(key)
    if outcome is None:
        raise refuse(
            "outcome-unknown",
            f"結果 {key} はこのプロセス定義にありません",
            f"this process has no outcome {key!r}",
            remedy_ja="次のいずれか: " + "、".join(o.key for o in process.outcomes),
            remedy_en="name one of: " + ", ".join(o.key for o in process.outcomes),
        )
    if key != state.recommendation and not command.comment.strip():
        raise refuse(
            "departure-needs-reason",
            f"提言({state.recommendation})と異なる決定には理由が要ります",
            f"departing from the recommendation ({state.recommendation}) needs a reason",
            remedy_ja="--comment で理由を書いてください",
            remedy_en="give it with --comment",
        )
    if not outcome.stages:
        return outcome, outcome.stage
    recommended = state.recommended_stage if key == state.recommendation else None
    back_to = command.back_to or recommended or outcome.stage
    if back_to not in outcome.stages:
        raise _bad_stage(back_to, outcome)
    return outcome, back_to


def _bad_stage(back_to: str | None, outcome: Outcome) -> Refused:
    return refuse(
        "outcome-stage",
        f"{outcome.title.ja}の戻り先 {back_to} は定義にありません",
        f"{outcome.key} cannot go back to {back_to!r}",
        remedy_ja="次のいずれか: " + "、".join(outcome.stages),
        remedy_en="name one of: " + ", ".join(outcome.stages),
    )


def _after_outcome(
    state: Lifecycle, outcome: Outcome, stage_key: str | None, process: ProcessDefinition, facts: Facts, now: datetime
) -> list[Event]:
    goes_on = outcome.then in ("new_round", "same_round")
    decided = e.OutcomeDecided(
        outcome=outcome.key,
        title=outcome.title,
        round=state.round,
        recommended=state.recommendation,
        then=outcome.then,
        stage=stage_key if goes_on else None,
        # A new round may go back behind the KPI setting, and a date that has come would open the next review at once.
        next_review=_next_review(state.review_date, local_day(now)) if goes_on else None,
    )
    if outcome.then == "close":
        return [decided, e.LifecycleClosed(as_=outcome.key)]
    if outcome.then == "wind_down":
        assert process.wind_down is not None
        started = e.WindDownStarted(work=process.wind_down.key, round=state.round)
        return [decided, started, open_draft(state, process.wind_down, state.round, state.serial + 1, facts, now)]
    target = process.stage(stage_key or "")
    round_ = state.round + (outcome.then == "new_round")
    return [
        decided,
        enter(target, round_, "outcome"),
        open_draft(state, target, round_, state.serial + 1, facts, now),
    ]


def _next_review(last: date | None, today: date) -> date:
    """A year after the last review date, and later than today; 29 February becomes 28 February."""
    day = last or today
    while day <= today:
        try:
            day = day.replace(year=day.year + 1)
        except ValueError:
            day = day.replace(year=day.year + 1, day=28)
    return day
