"""Stopping rules and contradicted evidence open the review by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from domain.evaluation.recommending import recommended
from domain.lifecycle import amendments as am
from domain.lifecycle import commands as c
from domain.lifecycle import events as e
from domain.lifecycle.measuring import TakeMeasurement
from domain.lifecycle.sunset import CriterionLifted, CriterionReached, CriterionRevised
from domain.lifecycle.view import notices
from domain.messages import SYSTEM, Event
from tests.given import KPI, PROCESS, Case, Outcome, person

USERS = {**KPI, "key": "users", "kind": "outcome", "type": "count"}
COST = {**KPI, "key": "cost", "kind": "cost"}
ALL = tuple(o.key for o in PROCESS.outcomes)
RULE = {"kpi": "users", "when": "below", "value": "8", "periods": 2}
OPENED = [CriterionReached, e.ReviewOpened, e.RequestClosed, e.StageEntered, e.RequestOpened]


def kpis_set(*, rule: dict[str, Any] | None = None, **users: Any) -> Case:
    """A lifecycle at implementation, its KPIs set with one stopping rule."""
    case = Case().at("kpi_setting")
    stopping = [rule] if rule else []
    case.submit(kpis=[{**USERS, **users}, COST], stopping=stopping).done()
    case.pass_gate()
    return case


def monitored(**given: Any) -> Case:
    case = kpis_set(rule=RULE, **given)
    case.at("monitoring")
    return case


def measured(case: Case, period: str, value: str, kpi: str = "users") -> Outcome:
    return case.when(case.make(c.RecordMeasurement, kpi=kpi, period=period, value=value), person("member"))


def corrected(case: Case, period: str, value: str) -> list[Event]:
    command = case.make(am.CorrectMeasurement, kpi="users", period=period, value=value, reason="転記の誤り")
    return case.when(command, person("member")).done()


def types(events: list[Event]) -> list[type[Event]]:
    return [type(x) for x in events]


def test_a_criterion_met_opens_the_review_in_the_same_record_and_says_which() -> None:
    case = monitored()
    measured(case, "2024-Q1", "7").then(e.MeasurementRecorded)
    events = measured(case, "2024-Q2", "6").done()
    assert types(events) == [e.MeasurementRecorded, *OPENED]
    reached, opened = events[1], events[2]
    assert isinstance(reached, CriterionReached) and isinstance(opened, e.ReviewOpened)
    assert (reached.basis, reached.periods, str(reached.value)) == ("stopping", ("2024-Q1", "2024-Q2"), "6")
    assert opened.by == "criterion" and opened.criteria == ("users below 8 x2",)
    assert opened.why and "users below 8 in 2 periods" in opened.why.en and "2期続けて8件を下回る" in opened.why.ja
    assert case.state.stage == "review"


@pytest.mark.parametrize(
    ("values", "opens"),
    [
        (("7", "9", "7"), False),
        (("8", "8"), False),
        (("9", "7", "6"), True),
    ],
)
def test_only_a_row_of_periods_meets_it(values: tuple[str, ...], opens: bool) -> None:
    case = monitored()
    for quarter, value in enumerate(values, 1):
        measured(case, f"2024-Q{quarter}", value).done()
    assert (case.state.stage == "review") is opens


def test_a_period_that_nobody_measured_does_not_begin_the_row_anew() -> None:
    case = monitored()
    measured(case, "2024-Q1", "7").done()
    measured(case, "2024-Q3", "7").done()
    assert case.state.stage == "review"


def test_values_may_come_in_any_order() -> None:
    case = monitored()
    measured(case, "2024-Q3", "9").done()
    measured(case, "2024-Q2", "7").done()
    measured(case, "2024-Q1", "7").done()
    assert case.state.stage == "review"


def test_a_correction_meets_a_criterion_too() -> None:
    case = monitored()
    measured(case, "2024-Q1", "7").done()
    measured(case, "2024-Q2", "70").done()
    assert types(corrected(case, "2024-Q2", "7")) == [am.MeasurementCorrected, *OPENED]


def test_above_is_a_limit_as_well() -> None:
    case = kpis_set(rule={"kpi": "users", "when": "above", "value": "100"}).at("monitoring")
    assert types(measured(case, "2024-Q1", "101").done()) == [e.MeasurementRecorded, *OPENED]


def test_before_monitoring_it_is_recorded_and_the_review_opens_on_entering() -> None:
    case = kpis_set(rule=RULE)
    measured(case, "2024-Q1", "7").then(e.MeasurementRecorded)
    measured(case, "2024-Q2", "6").then(e.MeasurementRecorded, CriterionReached)
    measured(case, "2024-Q3", "5").then(e.MeasurementRecorded)
    assert case.state.stage == "implementation"
    case.submit().done()
    events = case.pass_gate()
    opened = next(x for x in events if isinstance(x, e.ReviewOpened))
    assert opened.by == "criterion" and case.state.stage == "review"
    assert [r.kind for r in case.state.requests] == ["draft"]


def test_the_answer_that_entered_monitoring_can_be_taken_back_with_all_that_followed() -> None:
    case = kpis_set(rule={**RULE, "periods": 1})
    measured(case, "2024-Q1", "7").then(e.MeasurementRecorded, CriterionReached)
    case.submit().done()
    last = PROCESS.stage("implementation").gate[-1].key
    while case.state.requests[0].step != last:
        case.approve_step()
    request, actor = case.state.requests[0], case.holder()
    before = case.state
    case.when(case.answer("approve", request), actor).done()
    assert case.state.stage == "review" and case.state.reached[0].opened
    case.when(case.make(am.RetractAnswer, request=request.id, reason="早まった"), actor).done()
    assert (case.state.stage, case.state.requests, case.state.reached) == (
        "implementation",
        before.requests,
        before.reached,
    )
    case.when(case.answer("approve", request), actor).done()
    assert case.state.stage == "review"


def test_a_correction_before_monitoring_takes_the_criterion_back() -> None:
    case = kpis_set(rule=RULE)
    measured(case, "2024-Q1", "7").done()
    measured(case, "2024-Q2", "6").done()
    assert types(corrected(case, "2024-Q2", "60")) == [am.MeasurementCorrected, CriterionLifted]
    case.submit().done()
    case.pass_gate()
    assert case.state.stage == "monitoring"


def test_a_correction_after_the_review_opened_is_told_and_closes_nothing() -> None:
    case = monitored()
    measured(case, "2024-Q1", "7").done()
    measured(case, "2024-Q2", "6").done()
    assert types(measured(case, "2024-Q3", "5").done()) == [e.MeasurementRecorded] and not case.state.refuted
    assert recommended(case.state, ALL).rule == "stopping-criterion-met"
    assert types(corrected(case, "2024-Q2", "60")) == [am.MeasurementCorrected, CriterionRevised]
    assert case.state.stage == "review" and not case.state.closed
    [told] = case.state.refuted
    assert "2期続けて8件を下回る" in told.ja and "people decide" in told.en
    asked = case.log[-1]
    assert [n.post for n in notices(case.state, asked)] == [r.post for r in case.state.requests] != []
    found = recommended(case.state, ALL)
    assert found.rule != "stopping-criterion-met" and told in found.reasons
    assert types(corrected(case, "2024-Q2", "61")) == [am.MeasurementCorrected], "it is told once"
    again = corrected(case, "2024-Q2", "4")
    assert types(again) == [am.MeasurementCorrected, CriterionRevised] and not case.state.refuted
    assert recommended(case.state, ALL).rule == "stopping-criterion-met"


def test_on_hold_it_waits_for_the_end_of_the_hold() -> None:
    case = monitored()
    measured(case, "2024-Q1", "7").done()
    case.when(case.make(c.HoldLifecycle, reason="選挙")).done()
    measured(case, "2024-Q2", "6").then(e.MeasurementRecorded, CriterionReached)
    assert case.state.stage == "monitoring"
    events = case.when(case.make(c.ResumeLifecycle)).done()
    assert e.ReviewOpened in types(events) and case.state.stage == "review"


def continued(case: Case) -> None:
    """The review decides to go on as before."""
    case.decide_outcome("continuation")
    assert case.state.stage == "monitoring"


def test_what_a_review_decided_on_is_not_brought_up_again_but_new_periods_are() -> None:
    case = monitored()
    measured(case, "2024-Q1", "7").done()
    measured(case, "2024-Q2", "6").done()
    continued(case)
    measured(case, "2024-Q3", "5").then(e.MeasurementRecorded)
    assert case.state.stage == "monitoring"
    assert types(measured(case, "2024-Q4", "4").done()) == [e.MeasurementRecorded, *OPENED]


def test_a_corrected_value_is_judged_anew() -> None:
    case = monitored()
    measured(case, "2024-Q1", "7").done()
    measured(case, "2024-Q2", "6").done()
    continued(case)
    assert types(corrected(case, "2024-Q2", "3")) == [am.MeasurementCorrected]
    assert types(measured(case, "2024-Q3", "5").done()) == [e.MeasurementRecorded, *OPENED]


def test_a_review_sent_back_to_monitoring_is_not_opened_again_at_once() -> None:
    case = monitored()
    measured(case, "2024-Q1", "7").done()
    measured(case, "2024-Q2", "6").done()
    case.submit().done()
    case.give("return", back_to="monitoring").done()
    assert case.state.stage == "monitoring"
    measured(case, "2024-Q3", "5").then(e.MeasurementRecorded)


def test_a_new_round_begins_with_a_clean_slate() -> None:
    case = monitored()
    measured(case, "2024-Q1", "7").done()
    measured(case, "2024-Q2", "6").done()
    case.decide_outcome("improvement", back_to="implementation")
    assert case.state.round == 2 and not case.state.reached and not case.state.judged
    case.at("monitoring")
    measured(case, "2025-Q1", "7").then(e.MeasurementRecorded)


def test_the_last_version_of_the_kpi_setting_says_what_counts() -> None:
    case = Case().at("kpi_setting")
    case.submit(kpis=[USERS, COST], stopping=[RULE]).done()
    case.give("return").done()
    case.submit(kpis=[USERS, COST], stopping=[{**RULE, "value": "3"}]).done()
    case.pass_gate()
    case.at("monitoring")
    for quarter in (1, 2):
        measured(case, f"2024-Q{quarter}", "7").then(e.MeasurementRecorded)


@pytest.mark.parametrize(("result", "opens"), [("supported", True), ("refuted", False)])
def test_a_kpi_that_contradicts_a_supported_hypothesis_opens_the_review(result: str, opens: bool) -> None:
    case = Case().at("hypothesis")
    hypothesis = {**case.form()["hypotheses"][0], "result": "supported"}
    case.submit(hypotheses=[hypothesis, {**hypothesis, "result": result}]).done()
    case.pass_gate()
    case.at("kpi_setting")
    case.submit(kpis=[{**USERS, "rests_on": 2}, COST]).done()
    case.pass_gate()
    case.at("monitoring")
    measured(case, "2024-Q1", "9").then(e.MeasurementRecorded)  # the baseline is 10
    events = measured(case, "2024-Q2", "9").done()
    assert (case.state.stage == "review") is opens
    if opens:
        opened = next(x for x in events if isinstance(x, e.ReviewOpened))
        assert opened.by == "contradiction" and opened.why
        assert "hypothesis 2 was supported" in opened.why.en and "仮説2は支持されたが" in opened.why.ja


def test_after_how_many_periods_is_the_settings_choice() -> None:
    case = Case().at("kpi_setting")
    case.submit(kpis=[{**USERS, "rests_on": 1}, COST], contradicted_after=3).done()
    case.pass_gate()
    case.at("monitoring")
    for quarter, opens in ((1, False), (2, False), (3, True)):
        measured(case, f"2024-Q{quarter}", "9").done()
        assert (case.state.stage == "review") is opens


def test_silence_past_the_review_date_opens_the_review() -> None:
    case = monitored()
    measured(case, "2024-Q1", "12").done()
    assert case.state.review_date is not None
    events = case.tick(case.now.replace(year=case.state.review_date.year + 1))
    opened = next(x for x in events if isinstance(x, e.ReviewOpened))
    assert (opened.by, case.state.stage) == ("date", "review")


# --- what a value may be ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "value", "rule"),
    [
        ("2024-Q1", "-1", "value-out-of-range"),
        ("2024-Q1", "1.5", "value-out-of-range"),
        ("春", "1", "period-unknown"),
        ("2099-Q1", "1", "period-to-come"),
        ("令和90年度", "1", "period-to-come"),
    ],
)
def test_a_typed_kpi_takes_only_what_it_can_be(period: str, value: str, rule: str) -> None:
    measured(monitored(), period, value).refused(rule)


def test_a_correction_is_held_against_the_range_too() -> None:
    case = monitored()
    measured(case, "2024-Q1", "12").done()
    command = case.make(am.CorrectMeasurement, kpi="users", period="2024-Q1", value="-3", reason="誤記")
    case.when(command, person("member")).refused("value-out-of-range")


def test_a_period_by_another_name_is_the_same_period() -> None:
    case = monitored()
    measured(case, "令和8年度", "12").done()
    assert case.state.values["users"] == {"FY2026": "12"}
    measured(case, "FY2026", "12").refused("measured-already")
    corrected(case, "R8", "13")
    assert case.state.values["users"] == {"FY2026": "13"}


def test_what_adds_up_is_not_counted_twice() -> None:
    case = monitored(accumulates="cumulative", baseline="0")
    measured(case, "2024-04", "12").done()
    measured(case, "2024-Q2", "30").refused("period-overlaps")
    measured(case, "2024-05", "12").done()


def test_a_cumulative_kpi_stops_by_its_total() -> None:
    case = kpis_set(rule={"kpi": "users", "when": "above", "value": "20"}, accumulates="cumulative", baseline="0")
    case.at("monitoring")
    measured(case, "2024-04", "12").then(e.MeasurementRecorded)
    measured(case, "2024-05", "12").done()
    assert case.state.stage == "review"


def test_only_the_engine_takes_what_a_feed_fetched() -> None:
    case = monitored()
    source = {"source": "https://data.example/kpi", "sha256": "0" * 64}
    take = case.make(TakeMeasurement, kpi="users", period="2024-Q1", value="12", source=source)
    case.when(take, SYSTEM).then(e.MeasurementRecorded)
    assert TakeMeasurement.system_only


# --- the form --------------------------------------------------------------------------------------------------------


def refused_form(rule: str, *, stopping: list[dict[str, Any]] | None = None, **users: Any) -> str:
    case = Case().at("kpi_setting")
    refusal = case.submit(kpis=[{**USERS, **users}, COST], stopping=stopping or []).refused(rule)
    assert all(p.message.ja and p.message.en.isascii() for p in refusal.problems)
    return refusal.problems[0].field


INTERIM = {"baseline_on": "2026-03-31", "target_on": "2029-03-31"}


@pytest.mark.parametrize(
    ("rule", "field", "users"),
    [
        ("kpi-range", "kpis[0].target", {"type": "ratio", "unit": "%", "target": "120"}),
        ("kpi-range", "kpis[0].baseline", {"baseline": "1.5"}),
        ("kpi-range", "kpis[0].highest", {"lowest": "5", "highest": "1"}),
        ("kpi-accumulates", "kpis[0].accumulates", {"type": "ratio", "unit": "%", "accumulates": "cumulative"}),
        ("kpi-accumulates", "kpis[0].type", {"type": None, "accumulates": "cumulative"}),
        ("kpi-dates", "kpis[0].target_on", {"baseline_on": "2027-01-01", "target_on": "2027-01-01"}),
        ("kpi-dates", "kpis[0].target_on", {"interim": [{"due": "2027-01-01", "value": "12"}]}),
        ("kpi-dates", "kpis[0].interim[0].due", {**INTERIM, "interim": [{"due": "2026-03-31", "value": "12"}]}),
        ("kpi-dates", "kpis[0].interim[0].value", {**INTERIM, "interim": [{"due": "2027-03-31"}]}),
        (
            "kpi-dates",
            "kpis[0].interim[1].due",
            {**INTERIM, "interim": [{"due": "2028-03-31", "value": "12"}, {"due": "2027-03-31", "value": "14"}]},
        ),
        ("kpi-interim", "kpis[0].interim[0].value", {**INTERIM, "interim": [{"due": "2027-03-31", "value": "9"}]}),
        (
            "kpi-interim",
            "kpis[0].interim[1].value",
            {**INTERIM, "interim": [{"due": "2027-03-31", "value": "15"}, {"due": "2028-03-31", "value": "14"}]},
        ),
        ("kpi-hypothesis", "kpis[0].rests_on", {"rests_on": 9}),
        ("kpi-hypothesis", "kpis[0].type", {"type": None, "rests_on": 1}),
    ],
)
def test_the_form_names_what_is_wrong_with_a_kpi(rule: str, field: str, users: dict[str, Any]) -> None:
    assert refused_form(rule, **users) == field


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        ("stopping[0].kpi", {**RULE, "kpi": "other"}),
        ("stopping[0].kpi", {**RULE, "kpi": "cost"}),
        ("stopping[0].value", {"kpi": "users", "when": "below"}),
    ],
)
def test_a_stopping_rule_names_a_kpi_of_the_form_and_is_whole(field: str, rule: dict[str, Any]) -> None:
    assert refused_form("kpi-stopping-rules", stopping=[rule]) == field


def test_a_kpi_with_all_of_it_is_taken() -> None:
    steps = [{"due": "2027-03-31", "value": "12"}, {"due": "2028-03-31", "value": "15"}]
    case = kpis_set(rule=RULE, **INTERIM, interim=steps, rests_on=1, accumulates="point")
    users = case.state.kpis[0]
    assert [i.value for i in users.interim] == [12, 15] and users.rests_on == 1 and str(users.target_on) == "2029-03-31"
    assert case.state.kpis[1].type is None
