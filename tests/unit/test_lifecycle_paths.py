"""Whole ways through a lifecycle: to each result, round again, sent back, taken back, dropped."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from domain.calendar import local_day
from domain.lifecycle import commands as c
from domain.lifecycle import events as e
from domain.lifecycle.evolve import evolve
from domain.lifecycle.state import Lifecycle
from domain.lifecycle.view import notices
from tests.given import DRAFTER, PROCESS, STAGES, Case, person

WORKS = (*STAGES, "wind_down")
SENT_BACK = [(s.key, to) for s in PROCESS.stages for to in (s.key, *s.send_back_to)]


def at(work: str) -> Case:
    """Drafting of a stage, or of the wind-down after an abolition."""
    if work != "wind_down":
        return Case().at(work)
    case = Case().at("review")
    case.decide_outcome("abolition")
    return case


def circulating(work: str) -> Case:
    case = at(work)
    if case.state.repeats:
        case.measure()
    case.finish_tasks()
    case.submit().done()
    return case


def test_all_eleven_stages_in_their_order() -> None:
    case = Case().at("review")
    entered = [r.event.stage for r in case.log if isinstance(r.event, e.StageEntered)]
    assert entered == list(STAGES)
    assert case.state.versions == {f"{s}/1": 1 for s in STAGES[:-1]}


def test_starting_prefills_and_asks_the_drafter() -> None:
    case = Case().start(setup={"purpose": "下書き"}).then(e.LifecycleStarted, e.StageEntered, e.RequestOpened)
    (request,) = case.state.requests
    assert (request.post, request.kind, case.state.bureau) == ("child-drafter", "draft", "child-bureau")


def test_a_stage_is_handed_in_and_agreed_to_step_by_step() -> None:
    case = Case().at("setup")
    case.submit().then(e.DeliverableSubmitted, e.RequestClosed, e.RequestOpened)
    case.give("approve").then(e.RequestAnswered, e.RequestOpened)
    case.give("approve").then(e.RequestAnswered, e.RequestOpened)
    case.give("approve").then(e.RequestAnswered, e.GatePassed, e.StageEntered, e.RequestOpened)
    assert case.state.stage == "analysis"


def test_completion_closes() -> None:
    case = Case().at("review")
    case.decide_outcome("completion")
    assert (case.state.closed, case.state.closed_as, case.state.outcome) == (True, "completion", "completion")


def test_abolition_is_wound_down_then_closed() -> None:
    case = at("wind_down")
    assert (case.state.closed, case.state.work, case.state.outcome) == (False, "wind_down", "abolition")
    case.finish_tasks()
    case.submit().then(e.DeliverableSubmitted, e.RequestClosed, e.RequestOpened)
    case.pass_gate()
    assert case.state.closed_as == "abolition" and case.state.requests == ()


def test_continuation_goes_back_to_monitoring_with_a_review_a_year_later() -> None:
    case = Case().at("review")
    before, measured = case.state.review_date, case.state.measured
    assert before is not None
    case.now += timedelta(days=4 * 365)
    case.decide_outcome("continuation")
    after = case.state.review_date
    assert after is not None and after > local_day(case.now) and (after.month, after.day) == (before.month, before.day)
    assert (case.state.stage, case.state.round, case.state.measured) == ("monitoring", 1, measured)
    case.do_stage()
    assert case.state.versions["monitoring/1"] == 2


@pytest.mark.parametrize("last", [date(2028, 2, 29), date(2024, 2, 29)])
def test_a_review_on_29_february_comes_again_on_the_28th(last: date) -> None:
    case = Case().at("review")
    case.state = case.state.model_copy(update={"review_date": last})
    case.now = case.now.replace(year=2028, month=3, day=1)
    case.decide_outcome("continuation")
    assert case.state.review_date == date(2029, 2, 28)


@pytest.mark.parametrize("key", ["expansion", "improvement"])
def test_a_new_round_without_a_named_stage_takes_the_usual_one(key: str) -> None:
    case = Case().at("review")
    usual = PROCESS.outcome(key)
    assert usual is not None
    case.decide_outcome(key, **({"back_to": usual.stage} if key == "improvement" else {}))
    assert (case.state.stage, case.state.round, case.state.measured) == (usual.stage, 2, ())


@pytest.mark.parametrize("back_to", (PROCESS.outcome("improvement") or PROCESS.outcomes[0]).stages)
def test_improvement_goes_back_to_each_named_stage_and_round_again(back_to: str) -> None:
    case = Case().at("review")
    case.decide_outcome("improvement", back_to=back_to)
    assert (case.state.stage, case.state.round) == (back_to, 2)
    case.at("review")
    assert (case.state.round, case.state.versions[f"{back_to}/2"]) == (2, 1)
    case.decide_outcome("completion")
    assert case.state.closed


def test_an_improvement_behind_the_kpis_is_not_reviewed_at_once() -> None:
    case = Case().at("review")
    case.now += timedelta(days=4 * 365)  # the review date has come
    case.decide_outcome("improvement", back_to="implementation")
    case.at("monitoring")
    assert case.state.review_date is not None and case.state.review_date > local_day(case.now)


def test_the_council_may_name_another_stage_or_outcome_with_a_reason() -> None:
    case = Case().at("review")
    case.submit(recommendation="improvement", back_to="analysis").done()
    case.pass_gate(outcome="expansion", comment="効果が大きい")
    assert (case.state.outcome, case.state.stage) == ("expansion", "proposal")
    decided = next(r.event for r in case.log if isinstance(r.event, e.OutcomeDecided))
    assert decided.recommended == "improvement"


def test_the_way_back_of_another_recommendation_does_not_count() -> None:
    case = Case().at("review")
    case.submit(recommendation="improvement", back_to="kpi_setting").done()
    case.pass_gate(outcome="expansion", comment="広げる")
    assert case.state.stage == "proposal"


@pytest.mark.parametrize(("work", "to"), [*SENT_BACK, ("wind_down", "wind_down")])
def test_sent_back(work: str, to: str) -> None:
    case = circulating(work)
    round_, version = case.state.round, case.state.versions[f"{work}/1"]
    events = case.give("return", back_to=to, comment="根拠が足りない").done()
    assert isinstance(events[0], e.RequestAnswered) and events[0].comment == "根拠が足りない"
    (request,) = case.state.requests
    assert (case.state.work, case.state.round, request.kind, request.stage) == (to, round_, "draft", to)
    assert case.state.submission is None and case.state.given == ()
    if to == work:
        case.submit().done()
        assert case.state.versions[f"{work}/1"] == version + 1


@pytest.mark.parametrize("work", WORKS)
def test_taken_back_by_the_drafter(work: str) -> None:
    case = circulating(work)
    withdraw = case.make(c.WithdrawDraft, reason="誤記")
    asked = len(case.state.requests)
    case.when(withdraw).then(e.DraftWithdrawn, *[e.RequestClosed] * asked, e.RequestOpened)
    (request,) = case.state.requests
    assert (request.kind, case.state.work) == ("draft", work)
    case.submit().done()
    case.pass_gate()


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize("drafted", [False, True])
def test_dropped(work: str, drafted: bool) -> None:
    case = circulating(work) if drafted else at(work)
    case.when(case.make(c.DropLifecycle, reason="統合した"), person("chief")).done()
    assert (case.state.closed, case.state.closed_as, case.state.requests) == (True, "dropped", ())
    case.when(case.make(c.DropLifecycle, reason="もう一度"), person("chief")).refused("closed")


def test_those_who_concurred_hear_that_it_is_dropped() -> None:
    case = circulating("coordination")
    case.give("approve", case.state.requests[0]).done()
    told = [post for r in case.log for post in posts_told(case, r.version)]
    case.when(case.make(c.DropLifecycle, reason="やめる"), person("office")).done()
    dropped = next(r.version for r in case.log if isinstance(r.event, e.LifecycleDropped))
    assert posts_told(case, dropped) == ["health-chief", "school-chief"]
    assert told.count("school-chief") == 1


def posts_told(case: Case, version: int) -> list[str | None]:
    """The posts that hear of the event at `version`, as the store would ask."""
    state = Lifecycle(stream=case.state.stream)
    for recorded in case.log[:version]:
        state = evolve(state, recorded)
    return [n.post for n in notices(state, case.log[version - 1])]


def test_dropped_on_hold() -> None:
    case = Case().at("analysis")
    case.when(case.make(c.HoldLifecycle, reason="選挙")).done()
    case.when(case.make(c.DropLifecycle, reason="やめる")).done()
    assert case.state.closed and case.state.hold is None


@pytest.mark.parametrize("stage", PROCESS.stages, ids=lambda s: s.key)
def test_a_refusal_at_each_step_means_what_the_definition_says(stage: object) -> None:
    for index, step in enumerate(getattr(stage, "gate", ())):
        case = circulating(getattr(stage, "key", ""))
        while case.state.requests[0].step_index < index:
            case.approve_step()
        case.give("reject", comment="認められない").done()
        dropped = step.on_reject == "drop"
        assert case.state.closed == dropped
        if dropped:
            assert (case.state.closed_as, case.state.requests) == ("dropped", ())
        else:
            assert not case.state.in_circulation and case.state.work == getattr(stage, "key", "")


def test_monitoring_goes_on_period_by_period_until_a_person_opens_the_review() -> None:
    case = Case().at("monitoring")
    for period in range(1, 4):
        case.do_stage()
        assert (case.state.stage, case.state.versions["monitoring/1"]) == ("monitoring", period)
    opened = case.make(c.OpenReview, reason="一年たった")
    case.when(opened, person("office")).then(e.ReviewOpened, e.RequestClosed, e.StageEntered, e.RequestOpened)
    assert case.state.stage == "review"


def test_a_review_may_be_opened_over_a_report_in_circulation() -> None:
    case = circulating("monitoring")
    case.when(case.make(c.OpenReview, reason="急ぐ"), person("vice")).done()
    assert (case.state.stage, case.state.in_circulation, len(case.state.requests)) == ("review", False, 1)


def test_the_story_of_a_sent_back_matter_keeps_every_version() -> None:
    case = circulating("analysis")
    case.give("return", back_to="setup", comment="目的から").done()
    case.at("hypothesis")
    versions = [(r.event.stage, r.event.version) for r in case.log if isinstance(r.event, e.DeliverableSubmitted)]
    assert versions == [("setup", 1), ("analysis", 1), ("setup", 2), ("analysis", 2)]
    assert case.state.drafter == DRAFTER.person
