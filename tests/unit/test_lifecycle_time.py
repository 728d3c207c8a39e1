"""Time: reminders, due dates, escalation, holds that stop the clock, the review date; and losing the race to a person."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain.calendar import Span, end_of_business, local_day
from domain.lifecycle import commands as c
from domain.lifecycle import events as e
from domain.lifecycle.react import react
from domain.lifecycle.timers import due_commands, first_due, next_due, pending
from domain.messages import SYSTEM
from tests.given import STAGES, START, Case, person, stage_of, with_process

CAL = Case().facts.calendar


def hold(case: Case, **fields: Any) -> Case:
    case.when(case.make(c.HoldLifecycle, reason="選挙", **fields)).done()
    return case


def resume(case: Case) -> Case:
    case.when(case.make(c.ResumeLifecycle)).done()
    return case


def days_of(case: Case) -> list[date]:
    return [local_day(m) for m, _, _ in sorted(pending(case.state), key=lambda t: t[0])]


def test_a_request_is_reminded_then_overdue_then_told_above_each_once() -> None:
    case = Case().circulating("setup")
    request = case.state.requests[0]
    seen = [type(x) for x in case.tick(START + timedelta(days=60))]
    assert seen == [e.ReminderSent, e.RequestOverdue, e.RequestEscalated]
    assert (case.state.health, next_due(case.state)) == ("red", None)
    assert local_day(request.due_at) == date(2026, 4, 8) and request.escalate_to == "office-director"
    assert first_due(case.state) == request.due_at, "what is overdue stays the next date, and a reminder never is"
    case.give("approve").done()
    assert case.state.health == "green"


def test_what_is_told_late_still_reads_as_a_sentence() -> None:
    case = Case().circulating("setup")
    case.tick(case.state.requests[0].due_at)
    case.give("approve").done()
    (announced,) = react(case.state, case.log, case.facts).effects
    assert "reminder to the post asked" in announced.summary.en and "お知らせ: 依頼先" in announced.summary.ja


def test_a_date_to_act_by_is_that_of_people_and_not_of_reminders_or_reviews() -> None:
    case = Case().at("monitoring")
    assert case.state.review_date is not None
    due = min(r.due_at for r in case.state.requests)
    assert first_due(case.state) == due and next_due(case.state) != due
    case = Case().circulating("setup")
    asked = case.state.requests[0]
    late = asked.model_copy(update={"paused_at": case.now})
    assert first_due(case.state.model_copy(update={"requests": (late,)})) is None, "its clock stands"
    assert first_due(case.state.model_copy(update={"closed": True})) is None


def test_silence_decides_nothing() -> None:
    case = Case().circulating("setup")
    before = case.state.requests[0].id
    case.tick(START + timedelta(days=400))
    assert [r.id for r in case.state.requests] == [before] and case.state.stage == "setup"


def test_a_draft_is_due_too() -> None:
    case = Case().at("setup")
    assert [type(x) for x in case.tick(START + timedelta(days=60))] == [e.ReminderSent, e.RequestOverdue]
    assert case.state.health == "amber"


def test_a_deadline_that_lost_the_race_changes_nothing() -> None:
    case = Case().circulating("setup")
    late = list(due_commands(case.state, START + timedelta(days=60)))
    case.now = START + timedelta(days=60)
    case.give("approve").done()
    for command in late:
        case.when(command, SYSTEM).refused("deadline-moot")


def test_a_deadline_passes_once() -> None:
    case = Case().circulating("setup")
    case.now = case.state.requests[0].due_at
    for command in due_commands(case.state, case.now):
        case.when(command, SYSTEM).done()
        case.when(command, SYSTEM).refused("deadline-moot")


def test_ids_of_deadlines_are_the_same_whoever_computes_them_and_differ_by_moment() -> None:
    case = Case().circulating("coordination")
    far = START + timedelta(days=900)
    ids = [x.command_id for x in due_commands(case.state, far)]
    assert ids == [x.command_id for x in due_commands(case.state, far)] and len(set(ids)) == len(ids)


@pytest.mark.parametrize("work", [*STAGES, "circulating"])
def test_a_hold_stops_every_clock_and_moves_every_date(work: str) -> None:
    case = Case().circulating("coordination") if work == "circulating" else Case().at(work)
    case.tick(case.now + timedelta(days=1))
    before = days_of(case)
    review = case.state.review_date
    hold(case)
    assert first_due(case.state) is None
    assert next_due(case.state) is None and case.tick(case.now + timedelta(days=28)) == []
    resume(case)
    assert days_of(case) == [local_day(CAL.later(end_of_business(d), 20)) for d in before]
    if review is not None:
        assert case.state.review_date == local_day(CAL.later(end_of_business(review), 20))
    assert case.state.hold is None


def test_a_hold_of_hours_moves_a_due_date_by_its_length() -> None:
    case = Case().at("analysis")
    due, review = case.state.requests[0].due_at, case.state.review_date
    hold(case).now += timedelta(hours=2)
    resume(case)
    assert case.state.requests[0].due_at - due == timedelta(hours=2) and case.state.review_date == review


def test_a_hold_over_a_weekend_costs_no_working_day() -> None:
    case = Case().at("analysis")
    due = case.state.requests[0].due_at
    case.now = START + timedelta(days=2, hours=9)  # Friday after work
    hold(case).now += timedelta(days=2)  # to Sunday evening
    resume(case)
    assert case.state.requests[0].due_at == due


def test_a_hold_of_ten_years_can_be_resumed() -> None:
    case = hold(Case().at("analysis"))
    due = case.state.requests[0].due_at
    case.now += timedelta(days=3660)
    resume(case)
    assert case.state.requests[0].due_at > case.now > due


def test_a_draft_taken_back_during_a_hold_waits_only_since_then() -> None:
    case = hold(Case().circulating("analysis"))
    case.now += timedelta(days=28)
    case.when(case.make(c.WithdrawDraft, reason="誤記")).done()
    due = case.state.requests[0].due_at
    case.now += timedelta(days=7)
    resume(case)
    assert case.state.requests[0].due_at == CAL.after(due, Span(working_days=5))


def test_what_was_overdue_before_a_hold_stays_so() -> None:
    case = Case().circulating("setup")
    case.tick(case.state.requests[0].due_at)
    case.now += timedelta(days=1)
    hold(case).now += timedelta(days=7)
    resume(case)
    (request,) = case.state.requests
    assert request.overdue and request.due_at < case.now
    assert [type(x) for x in case.tick(case.now + timedelta(days=30))] == [e.RequestEscalated]


def test_the_end_of_a_hold_is_told_once_and_resumes_nothing() -> None:
    case = hold(Case().at("analysis"), until=date(2026, 4, 30))
    assert [type(x) for x in case.tick(case.now + timedelta(days=90))] == [e.HoldExpired]
    assert case.state.hold is not None and next_due(case.state) is None
    hold(resume(case), until=date(2026, 8, 31))
    assert next_due(case.state) == end_of_business(date(2026, 8, 31))


def test_the_review_opens_by_its_date() -> None:
    case = Case().at("monitoring")
    assert case.state.review_date is not None
    events = case.tick(end_of_business(case.state.review_date))
    assert [x.by for x in events if isinstance(x, e.ReviewOpened)] == ["date"]
    assert (case.state.stage, len(case.state.requests)) == ("review", 1)


def test_no_review_by_date_outside_monitoring() -> None:
    case = Case().at("implementation")
    assert case.state.review_date is not None
    events = case.tick(end_of_business(case.state.review_date))
    assert not any(isinstance(x, e.ReviewOpened) for x in events)


def test_a_review_date_that_passes_on_hold_waits_for_the_end_of_the_hold() -> None:
    case = Case().at("monitoring")
    assert case.state.review_date is not None
    moment = end_of_business(case.state.review_date)
    case.now = moment - timedelta(days=1)
    in_flight = case.make(c.DeadlinePassed, timer="review", due_at=moment)
    hold(case).now = moment + timedelta(days=1)
    case.when(in_flight, SYSTEM).refused("deadline-moot")
    resume(case)
    assert case.state.review_date > local_day(moment)
    case.tick(end_of_business(case.state.review_date))
    assert case.state.stage == "review"


def test_a_review_opened_by_a_person_takes_the_date_away() -> None:
    case = Case().at("monitoring")
    assert case.state.review_date is not None
    moment = end_of_business(case.state.review_date)
    case.when(case.make(c.OpenReview, reason="早めに"), person("office")).done()
    case.now = moment
    command = case.make(c.DeadlinePassed, timer="review", due_at=moment)
    case.when(command, SYSTEM).refused("deadline-moot")


def test_a_review_sent_back_to_monitoring_is_not_opened_again_at_once() -> None:
    case = Case().at("monitoring")
    assert case.state.review_date is not None
    case.tick(end_of_business(case.state.review_date))
    opened = [r.command_id for r in case.log if isinstance(r.event, e.ReviewOpened)]
    case.submit().done()
    case.give("return", back_to="monitoring", comment="もう一期見る").done()
    assert case.state.stage == "monitoring" and case.state.review_date > local_day(case.now)
    case.do_stage()
    case.tick(end_of_business(case.state.review_date))
    again = [r.command_id for r in case.log if isinstance(r.event, e.ReviewOpened)]
    assert case.state.stage == "review" and len(set(again)) == 2 and again[:1] == opened


def test_a_review_sent_back_before_its_date_keeps_the_date() -> None:
    case = Case().at("review")
    before = case.state.review_date
    case.submit().done()
    case.give("return", back_to="monitoring", comment="もう一期見る").done()
    assert case.state.review_date == before


def test_spans_of_seconds_for_trials() -> None:
    def quick(document: dict[str, Any]) -> None:
        stage = stage_of(document, "setup")
        stage.update(due={"seconds": 2}, remind_before={"seconds": 1})
        stage["gate"][0].update(due={"seconds": 2}, remind_before=None, escalate_after={"seconds": 3})

    case = Case(facts=with_process(quick)).at("setup")
    assert [m - START for m, _, _ in pending(case.state)] == [timedelta(seconds=1), timedelta(seconds=2)]
    case.submit().done()
    assert [m - START for m, _, _ in pending(case.state)] == [timedelta(seconds=2), timedelta(seconds=5)]
