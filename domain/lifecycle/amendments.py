"""Mistakes and what mends them: an answer taken back or corrected, a measurement corrected, closed work reopened, doubles merged.

Nothing is deleted: each is an event beside what it amends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import Field

from domain.deliverables.base import Evidence, digest
from domain.facts import Facts
from domain.kpis.stopping import number
from domain.lifecycle import events as e
from domain.lifecycle import sunset
from domain.lifecycle.answers import answer
from domain.lifecycle.authority import definition, known_person, may_measure, may_steer, require_running
from domain.lifecycle.commands import AnswerRequest, LifecycleCommand
from domain.lifecycle.measuring import require_value, stored_name
from domain.lifecycle.reopening import LifecycleReopened, ReopeningAsked, ReopeningRefused
from domain.lifecycle.routes import next_step
from domain.lifecycle.state import Before, Lifecycle, Reopening
from domain.messages import Actor, Command, Event, Personal, Recorded, Text, refuse
from domain.process import REOPENING

Changes = dict[str, Any]


# --- commands --------------------------------------------------------------------------------------------------------


class RetractAnswer(LifecycleCommand):
    """Take back one's own answer, as long as nobody has acted on it."""

    type = "RetractAnswer"
    request: str
    reason: str = Field(min_length=1, max_length=4000)


class CorrectAnswer(AnswerRequest):
    """Take back one's own answer and give another in its place, as long as nobody has acted on it."""

    type = "CorrectAnswer"
    reason: str = Field(min_length=1, max_length=4000)


class CorrectMeasurement(LifecycleCommand):
    """A measured value was wrong: the right one, and why. The wrong one stays on record."""

    type = "CorrectMeasurement"
    kpi: str
    period: str = Field(min_length=1, max_length=20)
    value: Decimal
    reason: str = Field(min_length=1, max_length=4000)
    source: Evidence | None = None


class ReopenLifecycle(LifecycleCommand):
    """Ask that a closed lifecycle go on, at `stage`; decided by the definition's gate for it."""

    type = "ReopenLifecycle"
    stage: str
    reason: str = Field(min_length=1, max_length=4000)


class MergeLifecycle(LifecycleCommand):
    """This lifecycle is the same as another: it ends with a reference to it."""

    type = "MergeLifecycle"
    into: str = Field(
        min_length=1, max_length=100, description="続ける課題のID / the lifecycle that goes on, by its id"
    )
    reason: str = Field(min_length=1, max_length=4000)


class NoteMerge(LifecycleCommand):
    """The other side of a merge (or of its reopening): what was merged into this one."""

    type = "NoteMerge"
    system_only = True
    other: str
    other_ref: str
    other_title: str
    separated: bool = False


# --- events ----------------------------------------------------------------------------------------------------------


class AnswerRetracted(Event):
    """A person took back their answer; everything that followed from it is undone. `corrected`: another follows at once."""

    type = "AnswerRetracted"
    request: str
    stage: str
    stage_title: Text
    round: int
    step: str
    step_title: Text
    post: str
    decision: str
    answered_at: int
    """Version of the answer's event in this stream."""
    corrected: bool
    reason: Personal


class MeasurementCorrected(Event):
    """`was` is the value that does not hold any more."""

    type = "MeasurementCorrected"
    kpi: str
    period: str
    value: Decimal
    was: Decimal
    round: int
    source: Evidence | None
    reason: Personal


class LifecycleMerged(Event):
    type = "LifecycleMerged"
    into: str
    into_title: str
    reason: Personal


class MergeNoted(Event):
    type = "MergeNoted"
    other: str
    other_ref: str
    other_title: str
    separated: bool


# --- rules -----------------------------------------------------------------------------------------------------------


def _retract(state: Lifecycle, command: RetractAnswer, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    before = own_answer(state, command.request, actor, facts)
    return _undone(state, before, command.reason, corrected=False)


def _correct(state: Lifecycle, command: CorrectAnswer, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    before = own_answer(state, command.request, actor, facts)
    restored = state.model_copy(update=restored_by(state, before))
    given = answer(restored, command, actor, facts, now)
    return [*_undone(state, before, command.reason, corrected=True), *given]


def own_answer(state: Lifecycle, request: str, actor: Actor, facts: Facts) -> Before:
    """The last answer, if it is this person's and nobody has acted on it since. Raises `Refused`."""
    person, before = known_person(actor, facts), state.before
    given = next((g for g in state.given if g.request == request), None)
    if state.request(request) is not None:
        raise refuse(
            "not-answered",
            "この依頼はまだ答えられていません",
            "this request has not been answered yet",
            remedy_ja="`./taskforce answer` で答えてください",
            remedy_en="answer it with `./taskforce answer`",
        )
    whose = before.person if before and before.request == request else given.person if given else None
    if whose is not None and whose != person:
        raise refuse(
            "not-your-answer",
            f"この回答は {whose} のものです",
            f"this answer was given by {whose}",
            remedy_ja="取り消し・訂正ができるのは答えた本人だけです",
            remedy_en="only the person who gave it can take it back or correct it",
        )
    if before is None or before.request != request:
        raise refuse(
            "answer-relied-on",
            "この回答の後に、ほかの人の回答か手続が進んでいます",
            "somebody has acted on this answer since",
            remedy_ja="起案者に引戻しを、または次の決裁者に差戻しを求めてください",
            remedy_en="ask the drafter to withdraw, or the next decider to send it back",
        )
    require_running(state)
    return before


def _undone(state: Lifecycle, before: Before, reason: str, *, corrected: bool) -> list[Event]:
    kept = {r.id for r in before.requests}
    closed: list[Event] = [
        e.RequestClosed(request=r.id, because="retracted", post=r.post) for r in state.requests if r.id not in kept
    ]
    retracted = AnswerRetracted(
        request=before.request,
        stage=before.work,
        stage_title=before.stage_title,
        round=before.round,
        step=before.step,
        step_title=before.step_title,
        post=before.post,
        decision=before.decision,
        answered_at=before.version,
        corrected=corrected,
        reason=reason,
    )
    return [*closed, retracted]


def _correct_measurement(
    state: Lifecycle, command: CorrectMeasurement, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    kpi = next((k for k in state.kpis if k.key == command.kpi), None)
    period = stored_name(state, command.kpi, command.period)
    was = state.values[command.kpi][period] if period is not None else None
    if was is None or period is None:
        known = "、".join(f"{k} {p}" for k, periods in state.values.items() for p in periods) or "-"
        raise refuse(
            "not-measured",
            f"KPI {command.kpi} の {command.period} の測定値はありません(あるもの: {known})",
            f"KPI {command.kpi!r} has no value for {command.period!r}; there are: {known}",
            remedy_ja="KPI と期間を確かめるか、`./taskforce measure` で新しく記録してください",
            remedy_en="check KPI and period, or record a new one with `./taskforce measure`",
        )
    may_measure(actor, state, kpi.owner if kpi else "", facts, now)
    require_value(kpi, command.value)
    if command.value == Decimal(was):
        raise refuse(
            "value-unchanged",
            f"value: {command.value} は記録されている値と同じです",
            f"value: {command.value} is the value on record",
            remedy_ja="訂正は不要です",
            remedy_en="there is nothing to correct",
        )
    return [
        MeasurementCorrected(
            kpi=command.kpi,
            period=period,
            value=command.value,
            was=Decimal(was),
            round=state.round,
            source=command.source,
            reason=command.reason,
        ),
        *sunset.after_value(state, command.kpi, period, command.value, facts, now),
    ]


def _reopen(state: Lifecycle, command: ReopenLifecycle, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    process = definition(facts)
    may_steer(actor, state, facts, now)
    if not state.closed:
        raise refuse(
            "not-closed",
            "このライフサイクルは終結していません",
            "this lifecycle is not closed",
            remedy_ja="再開の決定は要りません",
            remedy_en="it needs no reopening",
        )
    keys = [s.key for s in process.stages if not s.decides_outcome]
    if command.stage not in keys:
        raise refuse(
            "reopening-stage",
            f"stage: {command.stage} から再開することはできません",
            f"stage: it cannot be reopened at {command.stage!r}",
            remedy_ja="次のいずれか: " + "、".join(keys),
            remedy_en="name one of: " + ", ".join(keys),
        )
    work, target = process.stage(REOPENING), process.stage(command.stage)
    content = {"stage": command.stage, "closed_as": state.closed_as or "", "reason": command.reason}
    submitted = e.DeliverableSubmitted(
        stage=REOPENING,
        title=work.title,
        deliverable=REOPENING,
        round=state.round,
        version=state.versions.get(f"{REOPENING}/{state.round}", 0) + 1,
        content=content,
        content_hash=digest(content),
        comment="",
    )
    asked = ReopeningAsked(
        stage=command.stage, stage_title=target.title, closed_as=state.closed_as or "", work_title=work.title
    )
    fresh = state.model_copy(update={"given": ()})
    return [asked, submitted, *next_step(fresh, work, -1, state.serial + 1, facts, now)]


def _merge(state: Lifecycle, command: MergeLifecycle, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_steer(actor, state, facts, now)
    other = facts.others.get(command.into)
    if command.into == state.stream or other is None or other.kind != "lifecycle" or other.closed:
        raise refuse(
            "merge-target",
            f"into: {command.into} へは統合できません(自分自身か、存在しないか、終結しています)",
            f"into: {command.into!r} is this lifecycle itself, or does not exist, or is closed",
            remedy_ja="続けるほうのライフサイクルの ID を書いてください(`./taskforce list`)",
            remedy_en="name the lifecycle that goes on (`./taskforce list`)",
        )
    if command.into in state.absorbed:
        raise refuse(
            "merge-circle",
            f"into: {other.title} はこのライフサイクルに統合されています",
            f"into: {other.title!r} has been merged into this lifecycle",
            remedy_ja="先にその再開の決定を待ち、分離してから統合してください",
            remedy_en="wait until its reopening has been decided and it is separated again",
        )
    if other.undecided:
        raise refuse(
            "merge-undecided",
            f"into: {other.title} は再開の可否の決定を待っています",
            f"into: whether {other.title!r} goes on is being decided",
            remedy_ja="再開が決まってから統合してください",
            remedy_en="merge once its reopening has been decided",
        )
    return [
        LifecycleMerged(into=command.into, into_title=other.title, reason=command.reason),
        *(e.RequestClosed(request=r.id, because="merged", post=r.post) for r in state.requests),
        e.LifecycleClosed(as_="merged"),
    ]


def _note_merge(state: Lifecycle, command: NoteMerge, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    return [
        MergeNoted(
            other=command.other,
            other_ref=command.other_ref,
            other_title=command.other_title,
            separated=command.separated,
        )
    ]


# --- folds -----------------------------------------------------------------------------------------------------------

RESTORED: tuple[str, ...] = (
    "stage",
    "stage_title",
    "work",
    "repeats",
    "entered_at",
    "round",
    "requests",
    "given",
    "submission",
    "review_date",
    "measured",
    "values",
    "earlier",
    "outdated",
    "budgets",
    "claimed",
    "pledged",
    "recommendation",
    "recommended_stage",
    "questions",
    "outcome",
    "reopening",
    "merged_into",
    "consultations",
    "former",
    "authors",
    "numbers",
    "decided",
    "reached",
    "judged",
    "proposed",
    "lessons",
    "tasks",
)


def before_answer(state: Lifecycle, event: e.RequestAnswered, recorded: Recorded) -> Before:
    """What must be kept of `state` so that the answer can be taken back."""
    return Before(
        request=event.request,
        version=recorded.version,
        command_id=recorded.command_id,
        person=recorded.actor.person or "",
        post=event.post,
        step=event.step,
        step_title=event.step_title,
        decision=event.decision,
        promises=tuple(p.id for p in state.promises),
        readings=tuple(r.id for r in state.readings),
        **{name: getattr(state, name) for name in RESTORED},
    )


def restored_by(state: Lifecycle, before: Before) -> Changes:
    """The changes that undo an answer."""
    return {
        **{name: getattr(before, name) for name in RESTORED},
        "promises": tuple(p for p in state.promises if p.id in before.promises),
        "readings": tuple(r for r in state.readings if r.id in before.readings),
        "closed": False,
        "closed_as": None,
        "before": None,
    }


def _retracted(state: Lifecycle, event: AnswerRetracted, _: Recorded) -> Changes:
    return restored_by(state, state.before) if state.before is not None else {}


def _measurement_corrected(state: Lifecycle, event: MeasurementCorrected, _: Recorded) -> Changes:
    periods = {**state.values.get(event.kpi, {}), event.period: str(event.value)}
    return {"values": {**state.values, event.kpi: periods}, **sunset.corrected(state, event.kpi, event.period)}


def _reopening_asked(state: Lifecycle, event: ReopeningAsked, _: Recorded) -> Changes:
    return {
        "closed": False,
        "closed_as": None,
        "work": REOPENING,
        "repeats": False,
        "given": (),
        "submission": None,
        "reopening": Reopening(stage=event.stage, closed_as=event.closed_as, work=state.work),
    }


def _reopening_refused(state: Lifecycle, event: ReopeningRefused, _: Recorded) -> Changes:
    work = state.reopening.work if state.reopening else state.stage
    return {"reopening": None, "work": work, "given": (), "submission": None}


def _reopened(state: Lifecycle, event: LifecycleReopened, _: Recorded) -> Changes:
    review = {"review_date": event.next_review} if event.next_review else {}
    return {"reopening": None, "merged_into": None, "outcome": None, **review}


def _merged(state: Lifecycle, event: LifecycleMerged, _: Recorded) -> Changes:
    return {"merged_into": event.into}


def _merge_noted(state: Lifecycle, event: MergeNoted, _: Recorded) -> Changes:
    others = tuple(o for o in state.absorbed if o != event.other)
    return {"absorbed": others if event.separated else (*others, event.other)}


# --- what the rest of the lifecycle joins ----------------------------------------------------------------------------

COMMANDS: dict[str, type[Command]] = {
    k.type: k for k in (RetractAnswer, CorrectAnswer, CorrectMeasurement, ReopenLifecycle, MergeLifecycle, NoteMerge)
}
EVENTS: dict[str, type[Event]] = {
    k.type: k
    for k in (
        AnswerRetracted,
        MeasurementCorrected,
        ReopeningAsked,
        ReopeningRefused,
        LifecycleReopened,
        LifecycleMerged,
        MergeNoted,
    )
}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    RetractAnswer: _retract,
    CorrectAnswer: _correct,
    CorrectMeasurement: _correct_measurement,
    ReopenLifecycle: _reopen,
    MergeLifecycle: _merge,
    NoteMerge: _note_merge,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    AnswerRetracted: _retracted,
    MeasurementCorrected: _measurement_corrected,
    ReopeningAsked: _reopening_asked,
    ReopeningRefused: _reopening_refused,
    LifecycleReopened: _reopened,
    LifecycleMerged: _merged,
    MergeNoted: _merge_noted,
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    AnswerRetracted: lambda s, v: Text(
        ja=f"{v.step_title.ja}の回答を{'訂正' if v.corrected else '取消し'}",
        en=f"{v.step_title.en}: answer {'corrected' if v.corrected else 'taken back'} by who gave it",
    ),
    MeasurementCorrected: lambda s, v: Text(
        ja=f"測定の訂正 {s.kpi_title(v.kpi)} {v.period}: {s.measured_as(v.kpi, v.was)} → {s.measured_as(v.kpi, v.value)}",
        en=f"measurement corrected {s.kpi_title(v.kpi)} {v.period}: {number(v.was)} -> {number(v.value)}",
    ),
    ReopeningAsked: lambda s, v: Text(
        ja=f"再開の申請({v.stage_title.ja}から)", en=f"reopening asked for, at {v.stage_title.en}"
    ),
    ReopeningRefused: lambda s, v: Text(
        ja="再開の申請を取下げ" if v.withdrawn else "再開は認められず",
        en="request to reopen withdrawn" if v.withdrawn else "reopening refused",
    ),
    LifecycleReopened: lambda s, v: Text(ja=f"再開(第{v.round}期)", en=f"reopened (round {v.round})"),
    LifecycleMerged: lambda s, v: Text(ja=f"統合: {v.into_title} へ", en=f"merged into {v.into_title}"),
    MergeNoted: lambda s, v: Text(
        ja=f"{v.other_title}({v.other_ref}){'を再び分離' if v.separated else 'を統合'}",
        en=f"{v.other_title} ({v.other_ref}) {'separated again' if v.separated else 'merged into this'}",
    ),
}
