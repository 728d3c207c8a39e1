"""Adopting what already runs: at every stage, with any part of its earlier record, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.calendar import end_of_business
from domain.lifecycle import adopting as ad
from domain.lifecycle import commands as c
from domain.lifecycle import events as e
from domain.lifecycle.kind import LifecycleKind
from domain.lifecycle.timers import next_due
from domain.messages import SYSTEM, Actor
from tests.given import FACTS, PROCESS, STAGES, START, VALID, Case, Outcome, person

SOURCE = c.Source(name="台帳", url="https://example.jp/ledger")
DUE = FACTS.calendar
KIND = LifecycleKind()


def history(**parts: Any) -> ad.History:
    return ad.History.model_validate({"source": SOURCE, **parts})


def decision(stage: str, **changes: Any) -> dict[str, Any]:
    return {"stage": stage, "decided_on": date(2025, 4, 1), "by": "デジタル戦略会議", "document": "第1号", **changes}


def handed_in(stage: str, **changes: Any) -> dict[str, Any]:
    form = PROCESS.stage(stage).deliverable
    return {"stage": stage, "content": {**VALID[form], **changes}, "finished_on": date(2025, 4, 1)}


def before(stage: str) -> list[str]:
    order = [*STAGES, "wind_down"]
    return order[: order.index(stage)]


def whole(stage: str) -> ad.History:
    """Everything that can be known of what came before a stage."""
    earlier = before(stage)
    kpis = "kpi_setting" in earlier
    return history(
        deliverables=[handed_in(s) for s in earlier],
        decisions=[decision(s) for s in earlier],
        budgets=[{"fiscal_year": 2027, "state": "voted", "amount": 700}] if "budgeting" in earlier else [],
        measurements=[{"kpi": k, "period": "2025-Q1", "value": 3} for k in ("users", "cost")] if kpis else [],
    )


def adopt(case: Case, stage: str, past: ad.History | None = None, actor: Actor = SYSTEM, **fields: Any) -> Outcome:
    told: dict[str, Any] = {"ref": "T-1", "title": "窓口", "section": "child-section", "definition": PROCESS.reference}
    told |= {"drafter": "p-drafter", "stage": stage, "history": past or history()}
    return case.when(case.make(ad.AdoptLifecycle, **(told | fields)), actor)


def supplement(case: Case, actor: Actor = SYSTEM, **parts: Any) -> Outcome:
    return case.when(case.make(ad.SupplementHistory, history=history(**parts)), actor)


def lacking(case: Case, weight: str | None = None) -> list[tuple[str, str]]:
    return [(g.stage, g.field) for g in ad.gaps(case.state, PROCESS) if weight in (None, g.weight)]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("known", [True, False], ids=["whole", "empty"])
def test_it_begins_at_any_stage_and_goes_on_from_there(stage: str, known: bool) -> None:
    case = Case()
    events = adopt(case, stage, whole(stage) if known else None).done()
    assert [type(x) for x in (events[0], *events[-2:])] == [ad.LifecycleAdopted, e.StageEntered, e.RequestOpened]
    state = case.state
    assert (state.stage, state.work, state.round, state.adopted, state.adopted_at) == (stage, stage, 1, SOURCE, stage)
    [request] = state.requests
    assert (request.kind, request.post) == ("draft", "child-drafter")
    assert request.due_at == DUE.after(START, PROCESS.stage(stage).due)
    if known:
        assert lacking(case) == []
        if state.repeats:
            case.measure("2026-Q1")
        case.do_stage()
        assert case.state.stage != stage or case.state.repeats


def test_everything_imported_says_so_and_where_from() -> None:
    events = adopt(Case(), "review", whole("review")).done()
    sources = [
        getattr(x, "source", None) for x in events if isinstance(x, ad.DeliverableImported | ad.DecisionImported)
    ]
    figures = [x.imported for x in events if isinstance(x, e.BudgetRecorded | e.MeasurementRecorded)]
    assert sources == [SOURCE] * 20 and figures == [SOURCE] * 3


def test_decisions_made_elsewhere_are_told_in_the_order_of_their_days() -> None:
    made = [decision("analysis", decided_on=date(2024, 9, 1)), decision("setup", decided_on=date(2024, 5, 1))]
    events = adopt(Case(), "proposal", history(decisions=made)).done()
    assert [x.stage for x in events if isinstance(x, ad.DecisionImported)] == ["setup", "analysis"]


def test_a_form_filled_in_part_names_what_it_leaves_open() -> None:
    case = Case()
    part = {"stage": "kpi_setting", "content": {"kpis": [{"key": "users", "title": "利用者"}]}}
    adopt(case, "monitoring", history(deliverables=[part])).done()
    assert {"kpis[0].unit", "kpis", "stopping_criteria", "review_date"} <= set(case.state.imported["kpi_setting/1"])
    assert ("kpi_setting", "fields") in lacking(case, "useful")
    assert ("kpi_setting", "review_date") in lacking(case, "needed")


def test_imported_kpis_are_measured_here() -> None:
    case = Case()
    adopt(case, "monitoring", whole("monitoring")).done()
    assert set(case.state.measured) == {"users", "cost"}
    again = case.make(c.RecordMeasurement, kpi="users", period="2025-Q1", value="9")
    case.when(again, person("member")).refused("measured-already")
    case.when(case.make(c.RecordMeasurement, kpi="users", period="2026-Q2", value="9"), person("member")).done()
    assert case.state.values["users"] == {"2025-Q1": "3", "2026-Q2": "9"}


@pytest.mark.parametrize("review", [date(2026, 9, 30), date(2025, 9, 30)], ids=["to come", "long past"])
def test_the_review_opens_on_its_imported_date(review: date) -> None:
    case = Case()
    adopt(case, "monitoring", history(deliverables=[handed_in("kpi_setting", review_date=review.isoformat())])).done()
    opened = [x for x in case.tick(max(START, end_of_business(review))) if isinstance(x, e.ReviewOpened)]
    assert [x.by for x in opened] == ["date"] and case.state.stage == "review"


def test_a_contract_may_follow_an_imported_vote() -> None:
    case = Case()
    adopt(case, "implementation", whole("implementation")).done()
    case.submit(contract=True).done()
    case = Case()
    without = whole("implementation").model_copy(update={"budgets": ()})
    adopt(case, "implementation", without).done()
    case.submit(contract=True).refused("implementation-contract")
    assert lacking(case, "needed") == [("budgeting", "budgets")]
    supplement(case, budgets=[{"fiscal_year": 2027, "state": "voted", "amount": 1}]).then(e.BudgetRecorded)
    assert lacking(case, "needed") == []
    case.submit(contract=True).done()


@pytest.mark.parametrize("closed_as", ["completion", "abolition", "dropped"])
def test_what_was_over_stays_over(closed_as: str) -> None:
    case = Case()
    last = [decision("review", outcome="completion")]
    events = adopt(case, "review", history(decisions=last), closed_as=closed_as).done()
    assert isinstance(events[-1], e.LifecycleClosed) and case.state.requests == ()
    assert (case.state.closed, case.state.closed_as, case.state.outcome) == (True, closed_as, "completion")
    assert KIND.closed(case.state) and next_due(case.state) is None and lacking(case, "needed") == []
    supplement(case, decisions=[decision("proposal")]).then(ad.DecisionImported)
    case.when(case.make(c.OpenReview, reason="x"), person("office")).refused("closed")


def test_a_wind_down_goes_on_to_its_end() -> None:
    case = Case()
    past = history(decisions=[decision("review", outcome="abolition")])
    adopt(case, "wind_down", past).done()
    assert (case.state.stage, case.state.work, case.state.outcome) == ("review", "wind_down", "abolition")
    case.do_stage()
    assert (case.state.closed, case.state.closed_as) == (True, "abolition")


def test_a_second_round_keeps_what_the_first_said() -> None:
    case = Case()
    past = history(
        deliverables=[handed_in("setup"), handed_in("kpi_setting")],
        decisions=[decision("review", outcome="improvement", round=1)],
        measurements=[{"kpi": "users", "period": "2025-Q1", "value": 3}],
    )
    adopt(case, "proposal", past, round=2).done()
    assert (case.state.round, case.state.outcome, len(case.state.kpis)) == (2, "improvement", 2)
    assert case.state.departments and case.state.measured == ("users",)
    case.do_stage()
    assert (case.state.stage, case.state.round) == ("budgeting", 2)


def test_departments_of_the_setup_are_asked_to_concur() -> None:
    case = Case()
    adopt(case, "coordination").done()
    assert ("setup", "departments") in lacking(case, "needed")
    supplement(case, deliverables=[handed_in("setup")]).done()
    assert ("setup", "departments") not in lacking(case)
    case.submit().done()
    assert {r.post for r in case.state.requests} == {"health-chief", "school-chief"}


def test_promises_of_an_earlier_coordination_still_bind() -> None:
    case = Case()
    promise = [{"text": "説明会を開く", "by": "health-section", "due": "2026-06-30"}]
    adopt(case, "proposal", history(deliverables=[handed_in("coordination", promises=promise)])).done()
    [made] = case.state.promises
    assert (made.text, made.by, made.due) == ("説明会を開く", "health-section", date(2026, 6, 30))


def test_a_supplement_fills_gaps_and_changes_nothing_else() -> None:
    case = Case()
    adopt(case, "budgeting").done()
    asked, lacked = case.state.requests, lacking(case)
    earlier = before("budgeting")
    supplement(
        case, person("chief"), deliverables=[handed_in(s) for s in earlier], decisions=[decision(s) for s in earlier]
    ).done()
    assert lacked and lacking(case) == [] and case.state.requests == asked


def test_a_later_version_of_the_record_is_a_version() -> None:
    case = Case()
    adopt(case, "analysis", history(deliverables=[{"stage": "setup", "content": {}}])).done()
    [imported] = supplement(case, deliverables=[handed_in("setup")]).done()
    assert isinstance(imported, ad.DeliverableImported) and imported.version == 2 and imported.incomplete == ()


def test_an_older_round_added_later_undoes_nothing() -> None:
    case = Case()
    past = history(
        deliverables=[{**handed_in("kpi_setting"), "round": 2}], decisions=[decision("review", outcome="improvement")]
    )
    adopt(case, "monitoring", past, round=2).done()
    older = {"stage": "kpi_setting", "round": 1, "content": {"kpis": [{"key": "old"}], "review_date": "2024-03-31"}}
    kpis, review = case.state.kpis, case.state.review_date
    supplement(
        case, deliverables=[older], decisions=[decision("review", outcome="expansion", decided_on=date(2023, 4, 1))]
    ).done()
    assert (case.state.kpis, case.state.review_date, case.state.outcome) == (kpis, review, "improvement")


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("decided-here", {"decisions": [decision("analysis")]}, {}),
    ("decided-here", {"decisions": [decision("proposal")]}, {}),
    ("decided-here", {"decisions": [decision("setup", round=2)]}, {}),
    ("decided-here", {"deliverables": [handed_in("proposal")]}, {}),
    ("stage-unknown", {"decisions": [decision("moon")]}, {}),
    ("stage-unknown", {"deliverables": [{"stage": "reopening", "content": {}}]}, {}),
    ("stage-unknown", {}, {"stage": "moon"}),
    ("stage-unknown", {}, {"stage": "reopening"}),
    ("outcome-unknown", {"decisions": [decision("setup", outcome="victory")]}, {}),
    ("not-past", {"decisions": [decision("setup", decided_on=START.date() + timedelta(days=1))]}, {}),
    ("not-past", {"deliverables": [{**handed_in("setup"), "finished_on": date(2099, 1, 1)}]}, {}),
    ("not-past", {}, {"started_on": date(2099, 1, 1)}),
    ("form-shape", {"deliverables": [{"stage": "setup", "content": {"weight": "huge"}}]}, {}),
    ("kpi-unknown", {"measurements": [{"kpi": "users", "period": "2025", "value": 1}]}, {}),
    ("value-not-a-number", {"measurements": [{"kpi": "users", "period": "2025", "value": "1e999999999"}]}, {}),
    ("budget-known", {"budgets": [{"fiscal_year": 2026, "state": "asked", "amount": n} for n in (1, 2)]}, {}),
    ("section-unknown", {}, {"section": "moon"}),
    ("person-unknown", {}, {"drafter": "p-nobody"}),
]


@pytest.mark.parametrize(("rule", "parts", "fields"), REFUSED)
def test_what_is_refused(rule: str, parts: dict[str, Any], fields: dict[str, Any]) -> None:
    case = Case()
    adopt(case, **{"stage": "analysis", "past": history(**parts), **fields}).refused(rule)
    assert case.state.started_at is None


def test_a_decision_dated_before_the_beginning_is_a_gap() -> None:
    past = history(decisions=[decision("setup", decided_on=date(2001, 4, 1))])
    for begun, told in ((date(2023, 4, 1), True), (date(2001, 4, 1), False), (None, False)):
        case = Case()
        adopt(case, "analysis", past, started_on=begun).done()
        assert (("setup", "decided_on") in lacking(case, "useful")) is told


def test_a_value_is_measured_once() -> None:
    value = {"kpi": "users", "period": "2025-Q1", "value": Decimal(1)}
    past = {"deliverables": [handed_in("kpi_setting")], "measurements": [value]}
    adopt(Case(), "monitoring", history(**{**past, "measurements": [value, value]})).refused("measured-already")
    case = Case()
    adopt(case, "monitoring", history(**past)).done()
    supplement(case, measurements=[value]).refused("measured-already")


def test_what_was_decided_here_is_not_imported() -> None:
    case = Case()
    adopt(case, "setup").done()
    case.do_stage()
    supplement(case, deliverables=[handed_in("setup")]).refused("decided-here")
    supplement(case, decisions=[decision("setup")]).refused("decided-here")


def test_only_what_was_adopted_is_supplemented_and_only_by_those_concerned() -> None:
    case = Case()
    case.start().done()
    supplement(case).refused("not-adopted")
    case = Case()
    adopt(case, "analysis").done()
    supplement(case, person("stranger"), decisions=[decision("setup")]).refused("not-concerned")
    adopt(case, "analysis").refused("already-started")
    adopt(Case(), "analysis", actor=person("robot")).refused("service-cannot-decide")


def test_what_began_here_lacks_nothing() -> None:
    assert lacking(Case().at("budgeting")) == []


# --- any part of any record ------------------------------------------------------------------------------------------

DAYS = st.dates(date(2020, 1, 1), date(2026, 4, 1))


def partly(stage: str) -> st.SearchStrategy[dict[str, Any]]:
    form = VALID[PROCESS.stage(stage).deliverable]
    kept = st.sets(st.sampled_from(sorted(form)))
    return kept.map(lambda keys: {"stage": stage, "content": {k: form[k] for k in keys}})


@st.composite
def partial(draw: st.DrawFn) -> tuple[str, ad.History]:
    stage = draw(st.sampled_from([*STAGES[1:], "wind_down"]))
    earlier = st.sampled_from(before(stage))
    deliverables = draw(st.lists(earlier.flatmap(partly), max_size=6))
    made = st.builds(lambda s, d: decision(s, decided_on=d), earlier, DAYS)
    years = st.tuples(st.integers(2020, 2027), st.sampled_from(["asked", "indicated", "voted", "allotted"]))
    budgets = [
        {"fiscal_year": y, "state": s, "amount": draw(st.integers(0, 10**9))}
        for y, s in draw(st.lists(years, unique=True, max_size=5))
    ]
    return stage, history(deliverables=deliverables, decisions=draw(st.lists(made, max_size=6)), budgets=budgets)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(partial(), st.sampled_from([None, "completion", "dropped"]))
def test_any_part_of_any_record_is_taken_and_shown(adopted: tuple[str, ad.History], closed_as: str | None) -> None:
    stage, past = adopted
    case = Case()
    adopt(case, stage, past, closed_as=closed_as).done()
    assert case.state.closed == (closed_as is not None) and len(case.state.requests) == (closed_as is None)
    for recorded in case.log:
        KIND.entries(case.state, recorded)
    KIND.view(case.state)
    KIND.react(case.state, case.log, case.facts)
    assert {place.split("/")[0] for place in case.state.versions} == {d.stage for d in past.deliverables}
    for gap in ad.gaps(case.state, PROCESS):
        assert gap.message.ja and gap.message.en
    case.tick(START + timedelta(days=100))
