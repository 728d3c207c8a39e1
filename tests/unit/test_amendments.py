"""Mistakes and what mends them: answers taken back and corrected, values corrected, closed work reopened, doubles merged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.calendar import local_day
from domain.facts import Other
from domain.lifecycle import amendments as am
from domain.lifecycle import commands as c
from domain.lifecycle import dates, dialogue, registering
from domain.lifecycle import events as e
from domain.lifecycle.kind import LifecycleKind
from domain.lifecycle.reopening import LifecycleReopened, ReopeningAsked, ReopeningRefused
from domain.messages import Actor
from domain.process import REOPENING
from tests.given import FACTS, PROCESS, STREAM, Case, Outcome, person, stage_of, with_process

OTHER = "9b2e0000-0000-5000-8000-000000000000"


def retract(case: Case, actor: Actor, request: str | None = None) -> Outcome:
    assert request or case.state.before
    wanted = request or (case.state.before.request if case.state.before else "")
    return case.when(case.make(am.RetractAnswer, request=wanted, reason="押し間違い"), actor)


def correct(case: Case, actor: Actor, decision: str, **fields: object) -> Outcome:
    assert case.state.before
    command = case.make(
        am.CorrectAnswer, request=case.state.before.request, decision=decision, reason="押し間違い", **fields
    )
    return case.when(command, actor)


def answered(stage: str = "setup") -> Case:
    """The first of a route has agreed."""
    case = Case().circulating(stage)
    case.give("approve").done()
    return case


def last_answer(case: Case) -> Actor:
    assert case.state.before
    return Actor(person=case.state.before.person, via=person("x").via, authenticated_by="test")


def closed(outcome: str = "completion") -> Case:
    case = Case().at("review")
    case.decide_outcome(outcome)
    assert case.state.closed
    return case


def test_an_answer_taken_back_leaves_everything_as_it_was() -> None:
    case = Case().circulating("setup")
    before = case.state
    case.give("approve").done()
    retract(case, last_answer(case)).then(e.RequestClosed, am.AnswerRetracted)
    kept = {"serial", "before"}
    assert case.state.model_dump(exclude=kept) == before.model_dump(exclude=kept)
    case.give("approve").done()
    case.pass_gate()
    assert case.state.stage == "analysis"


@pytest.mark.parametrize("decision", ["approve", "conditions", "return"])
@pytest.mark.parametrize("stage", ["setup", "coordination", "budgeting", "monitoring"])
def test_an_answer_that_passed_or_lost_a_gate_can_be_taken_back(stage: str, decision: str) -> None:
    case = Case().circulating(stage)
    assert case.facts.definition
    last = case.facts.definition.stage(stage).gate[-1].key
    while not (case.state.requests[0].step == last and len(case.state.requests) == 1):
        case.give("approve", case.state.requests[0]).done()
    before = case.state
    conditions = (c.Condition(text="毎月報告"),) if decision == "conditions" else ()
    case.give(decision, conditions=conditions).done()
    assert not case.state.in_circulation
    retract(case, last_answer(case)).done()
    kept = {"serial", "before"}
    assert case.state.model_dump(exclude=kept) == before.model_dump(exclude=kept)


def test_an_outcome_that_goes_on_can_be_taken_back_until_the_next_draft() -> None:
    case = Case().at("review")
    case.decide_outcome("expansion")
    assert case.state.round == 2
    retract(case, last_answer(case)).done()
    assert (case.state.stage, case.state.round, case.state.outcome) == ("review", 1, None)
    assert case.state.measured, "what was measured in this round counts again"
    case.pass_gate(outcome="abolition", comment="別の結論")
    assert case.state.work == "wind_down"
    retract(case, last_answer(case)).done()
    assert (case.state.work, case.state.in_circulation) == ("review", True)


def test_a_corrected_answer_is_another_answer_at_once() -> None:
    case = Case().circulating("setup")
    case.give("approve").done()
    who = last_answer(case)
    events = correct(case, who, "return", comment="根拠が足りない").done()
    names = [type(x).__name__ for x in events]
    assert names == ["RequestClosed", "AnswerRetracted", "RequestAnswered", "GateReturned", "RequestOpened"]
    assert not case.state.in_circulation
    assert isinstance(events[1], am.AnswerRetracted) and events[1].corrected


def test_taking_back_waits_out_a_hold_and_keeps_the_moved_dates() -> None:
    case = answered()
    before = case.state.before
    assert before
    case.when(case.make(c.HoldLifecycle, reason="選挙")).done()
    retract(case, last_answer(case)).refused("on-hold")
    case.days(14)
    case.when(case.make(c.ResumeLifecycle)).done()
    retract(case, last_answer(case)).done()
    assert case.state.requests[0].due_at > before.requests[0].due_at


def dropped_by_the_gate() -> Case:
    """The last of the route refused, and that drops the matter."""

    def drops(document: dict[str, Any]) -> None:
        stage_of(document, "setup")["gate"][-1]["on_reject"] = "drop"

    case = Case(facts=with_process(drops)).circulating("setup")
    while len({r.step for r in case.state.requests} & {PROCESS.stage("setup").gate[-1].key}) == 0:
        case.give("approve").done()
    return case


def test_the_answer_that_closed_it_can_be_taken_back() -> None:
    case = dropped_by_the_gate()
    before = case.state
    case.give("reject", comment="押し間違い").done()
    assert case.state.closed and case.state.closed_as == "dropped"
    retract(case, last_answer(case)).done()
    kept = {"serial", "before"}
    assert case.state.model_dump(exclude=kept) == before.model_dump(exclude=kept)
    case.pass_gate()
    assert case.state.stage == "analysis"


def test_the_answer_that_closed_it_can_be_corrected() -> None:
    case = dropped_by_the_gate()
    case.give("reject", comment="押し間違い").done()
    correct(case, last_answer(case), "approve").done()
    assert (case.state.closed, case.state.stage) == (False, "analysis")
    ended = closed()
    assert ended.state.before and ended.state.before.decision == "approve"
    retract(ended, last_answer(ended)).done()
    assert not ended.state.closed and ended.state.work == "review"


def test_what_is_no_answer_leaves_the_answer_to_who_gave_it_and_stands_when_it_is_taken_back() -> None:
    case = Case().circulating("monitoring")
    kpi, first = case.state.kpis[0].key, next(iter(case.state.values[case.state.kpis[0].key]))
    case.give("approve").done()
    who = last_answer(case)
    case.measure("2019-Q1")
    wrong = case.make(am.CorrectMeasurement, kpi=kpi, period=first, value="13", reason="転記の誤り")
    case.when(wrong, person("member")).done()
    paid = case.make(c.RecordBudget, fiscal_year=2027, state="asked", amount=5_000_000)
    case.when(paid, person("finance")).done()
    retract(case, who).done()
    assert case.state.values[kpi] == {first: "13", "2019-Q1": "12"} and kpi in case.state.measured
    assert case.state.budgets[2027].asked == 5_000_000


def test_values_of_a_new_round_do_not_take_the_place_of_those_before_the_answer() -> None:
    case = Case().at("review")
    kpi = case.state.kpis[0].key
    before = case.state.values[kpi]
    case.decide_outcome("expansion")
    who = last_answer(case)
    period = next(iter(before))
    again = case.make(c.RecordMeasurement, kpi=kpi, period=period, value="99")
    case.when(again, person("member")).done()
    retract(case, who).done()
    assert case.state.values[kpi] == before


def test_a_question_asked_since_is_still_open_when_the_answer_is_taken_back() -> None:
    case = answered()
    who = last_answer(case)
    case.when(case.make(dialogue.AskQuestion, text="根拠は"), case.holder(case.state.requests[0])).done()
    (question,) = case.state.questions
    retract(case, who).done()
    assert case.state.questions == (question,)


def test_a_question_answered_since_leaves_no_clock_standing_when_the_answer_is_taken_back() -> None:
    def stops(document: dict[str, Any]) -> None:
        stage_of(document, "setup")["gate"][0]["question_stops_clock"] = True

    case = Case(facts=with_process(stops)).circulating("setup")
    due = case.state.requests[0].due_at
    case.when(case.make(dialogue.AskQuestion, text="根拠は"), case.holder()).done()
    case.days(7)
    case.give("approve").done()
    who = last_answer(case)
    told = case.make(dialogue.AnswerQuestion, question=case.state.questions[0].id, text="添付のとおり")
    case.when(told, person("drafter")).done()
    retract(case, who).done()
    (again,) = case.state.requests
    assert case.state.questions == () and again.paused_at is None and again.due_at > due


def test_a_due_date_moved_since_stays_moved_when_an_answer_beside_it_is_taken_back() -> None:
    case = Case().circulating("coordination")
    assert len(case.state.requests) > 1
    case.give("approve").done()
    who, other = last_answer(case), case.state.requests[0]
    moved = case.make(dates.ChangeDue, request=other.id, due=other.due_at.date() + timedelta(days=14), reason="日程")
    case.when(moved, person("office")).done()
    after = case.state.requests[0].due_at
    retract(case, who).done()
    assert next(r for r in case.state.requests if r.id == other.id).due_at == after > other.due_at


def test_an_answer_is_relied_on_once_its_condition_is_met_or_its_decision_in_effect() -> None:
    case = Case().circulating("setup")
    case.give("conditions", conditions=(c.Condition(text="毎月報告"),)).done()
    who, request = last_answer(case), case.state.before.request if case.state.before else ""
    case.when(case.make(c.FulfilPromise, promise=case.state.promises[0].id), person("office")).done()
    retract(case, who, request).refused("answer-relied-on")
    case = Case().circulating("setup")
    case.pass_gate()
    who, request = last_answer(case), case.state.before.request if case.state.before else ""
    on = local_day(case.now)
    case.when(case.make(registering.EnforceDecision, stage="setup", on=on), person("office")).done()
    retract(case, who, request).refused("answer-relied-on")


def test_the_effect_of_an_earlier_decision_blocks_nothing_and_stands() -> None:
    case = Case().circulating("analysis")
    case.give("approve").done()
    who = last_answer(case)
    on = local_day(case.now)
    case.when(case.make(registering.EnforceDecision, stage="setup", on=on), person("office")).done()
    retract(case, who).done()
    assert "setup/1" not in case.state.decided


def test_a_promise_made_with_the_answer_goes_with_it() -> None:
    case = Case().circulating("setup")
    case.give("conditions", conditions=(c.Condition(text="毎月報告"),)).done()
    assert len(case.state.promises) == 1
    retract(case, last_answer(case)).done()
    assert not list(case.state.promises)
    rows = LifecycleKind().view(case.state).rows
    assert rows["promises"] == []


def test_a_wrong_value_is_corrected_and_the_original_stays_on_record() -> None:
    case = Case().at("monitoring")
    case.measure("2025-Q1")
    kpi = case.state.kpis[0].key
    command = case.make(am.CorrectMeasurement, kpi=kpi, period="2025-Q1", value="21", reason="転記の誤り")
    case.when(command, person("member")).then(am.MeasurementCorrected)
    assert case.state.values[kpi]["2025-Q1"] == "21"
    event = case.log[-1].event
    assert isinstance(event, am.MeasurementCorrected) and (event.was, event.value) == (Decimal(12), Decimal(21))
    assert next(r.event.value for r in case.log if isinstance(r.event, e.MeasurementRecorded)) == Decimal(12)


def test_closed_work_goes_on_by_a_decision_of_those_who_ended_it() -> None:
    case = closed()
    case.when(case.make(am.ReopenLifecycle, stage="proposal", reason="需要が戻った")).then(
        ReopeningAsked, e.DeliverableSubmitted, e.RequestOpened
    )
    assert not case.state.closed and case.state.work == REOPENING
    assert [r.step for r in case.state.requests] == [PROCESS.stage("review").gate[0].key]
    events = case.pass_gate()
    assert [type(x).__name__ for x in events[-3:]] == ["LifecycleReopened", "StageEntered", "RequestOpened"]
    assert (case.state.stage, case.state.round, case.state.outcome) == ("proposal", 1, None)
    case.submit().done()
    case.pass_gate()
    assert case.state.stage == "budgeting"


def test_a_reopening_refused_leaves_it_closed_as_it_was() -> None:
    case = closed()
    case.when(case.make(am.ReopenLifecycle, stage="proposal", reason="需要")).done()
    events = case.give("reject").done()
    assert [type(x) for x in events if not isinstance(x, e.RequestClosed)] == [
        e.RequestAnswered,
        ReopeningRefused,
        e.LifecycleClosed,
    ]
    assert (case.state.closed, case.state.closed_as, case.state.reopening) == (True, "completion", None)


@pytest.mark.parametrize("way", [c.WithdrawDraft, c.DropLifecycle])
def test_who_asked_for_the_reopening_may_take_it_back(way: type[c.LifecycleCommand]) -> None:
    case = closed()
    case.when(case.make(am.ReopenLifecycle, stage="proposal", reason="需要")).done()
    case.when(case.make(way, reason="やめます")).done()
    assert (case.state.closed, case.state.closed_as) == (True, "completion")


def test_a_reopening_sent_back_is_drafted_again_with_another_stage() -> None:
    case = closed("completion")
    case.when(case.make(am.ReopenLifecycle, stage="proposal", reason="需要")).done()
    case.give("return").done()
    content = {"stage": "analysis", "closed_as": "completion", "reason": "一から"}
    case.when(case.make(c.SubmitDeliverable, stage=REOPENING, content=content)).done()
    case.pass_gate()
    assert case.state.stage == "analysis"


def test_reopened_at_monitoring_it_has_a_review_date_ahead() -> None:
    case = closed()
    case.days(3000)
    case.when(case.make(am.ReopenLifecycle, stage="monitoring", reason="続ける")).done()
    events = case.pass_gate()
    reopened = next(x for x in events if isinstance(x, LifecycleReopened))
    assert reopened.next_review and reopened.next_review > case.now.date()
    assert case.state.review_date == reopened.next_review


def test_a_definition_may_say_who_reopens() -> None:
    def change(document: dict[str, object]) -> None:
        gate = stage_of(document, "setup")["gate"][:1]
        document["reopening"] = {**stage_of(document, "setup"), "key": REOPENING, "next": None, "gate": gate}
        document["reopening"]["deliverable"] = REOPENING  # type: ignore[index]

    case = closed()
    case.facts = with_process(change)
    case.when(case.make(am.ReopenLifecycle, stage="proposal", reason="需要")).done()
    case.give("approve").done()
    assert case.state.stage == "proposal"


def merging(**others: Other) -> Case:
    case = Case(facts=FACTS.model_copy(update={"others": others})).at("analysis")
    return case


def test_two_that_are_the_same_are_merged_by_reference() -> None:
    case = merging(**{OTHER: Other(kind="lifecycle", title="同じ課題", closed=False)})
    case.when(case.make(am.MergeLifecycle, into=OTHER, reason="同じ課題")).then(
        am.LifecycleMerged, e.RequestClosed, e.LifecycleClosed
    )
    assert (case.state.closed_as, case.state.merged_into) == ("merged", OTHER)
    plan = LifecycleKind().react(case.state, case.log[-3:], case.facts)
    told = [x for x in plan.effects if x.command]
    assert len(told) == 1 and told[0].command and told[0].command["stream"] == OTHER
    case.when(case.make(am.ReopenLifecycle, stage="analysis", reason="別の課題だった")).done()
    case.pass_gate()
    assert case.state.merged_into is None and not case.state.closed
    plan = LifecycleKind().react(case.state, case.log[-3:], case.facts)
    assert [x.command["separated"] for x in plan.effects if x.command] == [True]


def test_the_other_side_knows_what_was_merged_into_it() -> None:
    case = Case().at("setup")
    note = case.make(am.NoteMerge, other=OTHER, other_ref="T-2", other_title="同じ課題")
    case.when(note, person("robot")).done()
    assert case.state.absorbed == (OTHER,)
    case.when(note.model_copy(update={"command_id": "n2", "separated": True}), person("robot")).done()
    assert not list(case.state.absorbed)


def measured_once() -> Case:
    case = Case().at("monitoring")
    case.measure("2025-Q1")
    return case


def corrected_value(value: str, period: str = "2025-Q1") -> Outcome:
    case = measured_once()
    command = case.make(am.CorrectMeasurement, kpi=case.state.kpis[0].key, period=period, value=value, reason="誤記")
    return case.when(command, person("member"))


def measured_twice() -> Outcome:
    case = measured_once()
    kpi = case.state.kpis[0].key
    return case.when(case.make(c.RecordMeasurement, kpi=kpi, period="2025-Q1", value="9"), person("member"))


def acted_on() -> Outcome:
    case = answered()
    first = case.state.before
    assert first
    case.give("approve").done()
    who = Actor(person=first.person, via=person("x").via, authenticated_by="test")
    return retract(case, who, first.request)


def merged(into: str, **others: Other) -> Outcome:
    case = merging(**others)
    return case.when(case.make(am.MergeLifecycle, into=into, reason="同じ"))


REFUSALS: list[tuple[str, Callable[[], Outcome]]] = [
    ("not-answered", lambda: retract(case := answered(), last_answer(case), case.state.requests[0].id)),
    ("not-your-answer", lambda: retract(answered(), person("stranger"))),
    ("answer-relied-on", acted_on),
    ("on-hold", lambda: held_back()),
    ("not-measured", lambda: corrected_value("3", "2029-Q1")),
    ("value-unchanged", lambda: corrected_value("12.0")),
    ("measured-already", measured_twice),
    ("not-closed", lambda: (case := Case().at("setup")).when(case.make(am.ReopenLifecycle, stage="setup", reason="r"))),
    ("reopening-stage", lambda: (case := closed()).when(case.make(am.ReopenLifecycle, stage="moon", reason="r"))),
    ("reopening-stage", lambda: (case := closed()).when(case.make(am.ReopenLifecycle, stage="review", reason="r"))),
    (
        "not-concerned",
        lambda: (case := closed()).when(case.make(am.ReopenLifecycle, stage="setup", reason="r"), person("stranger")),
    ),
    ("closed", lambda: dropped_since()),
    ("merge-target", lambda: merged(OTHER)),
    ("merge-target", lambda: merged(STREAM, **{STREAM: Other(kind="lifecycle", title="t", closed=False)})),
    ("merge-target", lambda: merged(OTHER, **{OTHER: Other(kind="lifecycle", title="t", closed=True)})),
    ("merge-target", lambda: merged(OTHER, **{OTHER: Other(kind="directory", title="t", closed=False)})),
    (
        "merge-undecided",
        lambda: merged(OTHER, **{OTHER: Other(kind="lifecycle", title="t", closed=False, undecided=True)}),
    ),
    ("merge-circle", lambda: merged_back()),
]


def merged_back() -> Outcome:
    case = merging(**{OTHER: Other(kind="lifecycle", title="t", closed=False)})
    case.when(case.make(am.NoteMerge, other=OTHER, other_ref="T-2", other_title="t"), person("robot")).done()
    return case.when(case.make(am.MergeLifecycle, into=OTHER, reason="同じ"))


def dropped_since() -> Outcome:
    case = answered()
    assert case.state.before
    who, request = last_answer(case), case.state.before.request
    case.when(case.make(c.DropLifecycle, reason="不要"), person("office")).done()
    return retract(case, who, request)


def held_back() -> Outcome:
    case = answered()
    case.when(case.make(c.HoldLifecycle, reason="選挙")).done()
    return retract(case, last_answer(case))


@pytest.mark.parametrize(("rule", "attempt"), REFUSALS)
def test_refused(rule: str, attempt: Callable[[], Outcome]) -> None:
    outcome = attempt()
    before = outcome.case.state
    outcome.refused(rule)
    assert outcome.case.state == before
