"""Answering a request of a gate: who may, on what, in which capacity. What follows is in `passing` and `returning`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from domain.calendar import local_day, wareki
from domain.facts import Facts
from domain.lifecycle import events as e
from domain.lifecycle.absence import Standing, later_viewing, standing
from domain.lifecycle.authority import definition, require_running
from domain.lifecycle.commands import AnswerRequest, Condition
from domain.lifecycle.consulting import objected, overruled
from domain.lifecycle.outcomes import no_outcome_yet, require_round_left
from domain.lifecycle.passing import may_still_agree, others_closed, proceed
from domain.lifecycle.reopening import ReopeningRefused
from domain.lifecycle.returning import require_target, send_back
from domain.lifecycle.routes import AGREED
from domain.lifecycle.state import Given, Lifecycle, Request, Submission
from domain.messages import Actor, Event, lacking, refuse
from domain.process import ProcessDefinition, Stage, Step


def answer(state: Lifecycle, command: AnswerRequest, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    """Record a person's answer and what follows from it. Raises `Refused`."""
    request, _ = _open_request(state, command)
    stage = definition(facts).stage(state.work)
    stands = standing(state, command, actor, request, stage.gate[request.step_index], stage, facts, now)
    return answered_by(state, command, stands, facts, now)


def answered_by(
    state: Lifecycle, command: AnswerRequest, stands: Standing, facts: Facts, now: datetime
) -> Sequence[Event]:
    """The same, once it is known as whom: a person on their own, or a body under the one who presided. Raises `Refused`."""
    request, submission = _open_request(state, command)
    process = definition(facts)
    stage = process.stage(state.work)
    step = stage.gate[request.step_index]
    _may_decide(state, command, stands, step, submission)
    answered = e.RequestAnswered(
        request=request.id,
        stage=stage.key,
        round=state.round,
        step=request.step,
        step_title=request.title if request.extra else step.title,
        post=request.post,
        decision=command.decision,
        conditions=command.conditions,
        back_to=command.back_to if command.decision == "return" else None,
        outcome=None,
        content_hash=submission.content_hash,
        comment=command.comment,
        stands=stands.stands,
        acting_as=stands.acting_as,
        in_absence=command.in_absence if stands.acting_as else None,
        presided=stands.person if stands.stands == "body" else None,
    )
    seen = later_viewing(state, request, stands, submission)
    if command.decision in AGREED:
        return [*_agreed(state, command, answered, stands, request, stage, process, facts, now), *seen]
    return [answered, *seen, *_refused(state, command, request, step, stage, process, facts, now)]


def _agreed(
    state: Lifecycle,
    command: AnswerRequest,
    answered: e.RequestAnswered,
    stands: Standing,
    request: Request,
    stage: Stage,
    process: ProcessDefinition,
    facts: Facts,
    now: datetime,
) -> list[Event]:
    for condition in command.conditions:
        _can_be_met(condition, facts, now)
    promises: list[Event] = [
        e.PromiseMade(
            promise=str(uuid5(NAMESPACE_URL, f"promise:{request.id}/{i}")),
            stage=stage.key,
            round=state.round,
            text=condition.text,
            by=condition.by,
            due=condition.due,
            before=_known_stage(condition.before, process),
        )
        for i, condition in enumerate(command.conditions)
    ]
    given = Given(
        request=request.id,
        step=request.step,
        post=request.post,
        person=stands.person,
        decision=command.decision,
        at=now,
        stands=stands.stands,
    )
    after = state.model_copy(
        update={
            "given": (*state.given, given),
            "requests": tuple(r for r in state.requests if r.id != request.id),
        }
    )
    settled: list[Event] = []
    if request.about is not None:
        settled, after = overruled(after, request)
    onward = proceed(after, request.step_index, command, stage, process, facts, now)
    require_round_left(state, onward.outcome, process, stands.session)
    return [answered.model_copy(update={"outcome": onward.outcome}), *promises, *settled, *onward.events]


def _can_be_met(condition: Condition, facts: Facts, now: datetime) -> None:
    """A condition is met by somebody there is, on a day to come."""
    here, by, today = facts.directory, condition.by, local_day(now)
    if by is not None and here.person(by) is None and here.unit(by) is None and here.post(by) is None:
        raise refuse(
            "condition-by",
            f"by: {by} は名簿にありません(職員・組織・職のいずれでもありません)",
            f"by: {by!r} is no person, unit or post of the directory",
            remedy_ja="ID を確かめるか、by を省いてください(`./taskforce people`)",
            remedy_en="check the id (`./taskforce people`), or leave it out",
        )
    if condition.due is not None and condition.due < today:
        raise refuse(
            "condition-due",
            f"due: {wareki(condition.due)} は過ぎています",
            f"due: {condition.due} has passed",
            remedy_ja="今日以後の日付にするか、due を省いてください",
            remedy_en="name today or a later day, or leave it out",
        )


def _known_stage(key: str | None, process: ProcessDefinition) -> str | None:
    stages = [s.key for s in process.stages]
    if key is not None and key not in stages:
        raise refuse(
            "condition-stage",
            f"before: 段階 {key} はこのプロセス定義にありません",
            f"before: this process has no stage {key!r}",
            remedy_ja="次のいずれか: " + "、".join(stages),
            remedy_en="name one of: " + ", ".join(stages),
        )
    return key


def _refused(
    state: Lifecycle,
    command: AnswerRequest,
    request: Request,
    step: Step,
    stage: Stage,
    process: ProcessDefinition,
    facts: Facts,
    now: datetime,
) -> Sequence[Event]:
    """A return or a refusal: the gate is lost unless enough others may still agree, or the two consult each other first."""
    rejected = command.decision == "reject"
    if rejected and step.on_reject == "consult" and request.extra != "superior":
        return objected(state, request, step, stage, facts, now)
    require_target(command.back_to or stage.key, stage, request)
    if not request.extra and may_still_agree(state, request.id, step):
        return []
    if rejected and state.reopening is not None:
        return [
            *others_closed(state, request.id, "rejected"),
            ReopeningRefused(withdrawn=False),
            e.LifecycleClosed(as_=state.reopening.closed_as),
        ]
    if rejected and step.on_reject == "drop":
        return [
            e.LifecycleDropped(by_gate=True, reason=command.comment),
            *others_closed(state, request.id, "rejected"),
            e.LifecycleClosed(as_="dropped"),
        ]
    return send_back(state, command.back_to, rejected, request, stage, process, facts, now)


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
            remedy_ja="`./taskforce show` で今の状態を確認してください",
            remedy_en="see where it stands with `./taskforce show`",
        )
    require_running(state)
    if request.kind == "draft" or state.submission is None:
        raise refuse(
            "asks-for-a-draft",
            "この依頼は成果物の提出を求めるものです",
            "this request asks for a deliverable, not for a decision",
            remedy_ja=f"`./taskforce form {state.work}` の様式を記入し `./taskforce submit` で提出してください",
            remedy_en=f"fill in `./taskforce form {state.work}` and hand it in with `./taskforce submit`",
        )
    return request, state.submission


def _may_decide(state: Lifecycle, command: AnswerRequest, stands: Standing, step: Step, submission: Submission) -> None:
    person = stands.person
    if command.seen is not None and command.seen != submission.content_hash:
        raise refuse(
            "stale-document",
            "読まれた文書より新しい版が回議されています",
            "a newer version than the one you read is in circulation",
            remedy_ja="新しい版を読んでから答えてください(`./taskforce show`)",
            remedy_en="read the new version and answer again (`./taskforce show`)",
        )
    alone = stands.stands != "body"  # who presides over a body does not decide alone
    if alone and person in (submission.person, *state.authors) and not step.drafter_may_decide:
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
            problems=lacking("conditions"),
        )
    if command.decision in ("return", "reject"):
        no_outcome_yet(command)
    if command.decision in ("return", "reject") and not command.comment.strip():
        raise refuse(
            "reason-missing",
            "差戻し・否には理由が要ります",
            "sending back or refusing needs a reason",
            remedy_ja="--comment で理由を書いてください",
            remedy_en="give it with --comment",
            problems=lacking("comment"),
        )
