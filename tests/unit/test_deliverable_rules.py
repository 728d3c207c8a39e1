"""Every form has an example that breaks nothing, and every rule an example that breaks just that rule."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from domain.deliverables.base import Context, Evidence, blank, digest
from domain.deliverables.registry import DELIVERABLES, broken_rules, parse, require_complete
from domain.messages import Refused
from tests.given import KPI, SHA, STAGES, VALID, directory

CONTEXT = Context(
    today=date(2026, 4, 1),
    people=frozenset(p.id for p in directory().people),
    units=frozenset(u.id for u in directory().units),
    departments=("health-section", "school-section"),
    voted=frozenset({2026}),
    measured=frozenset({"users", "cost"}),
    kpis=("users", "cost"),
    outcomes=("expansion", "improvement", "abolition", "continuation", "completion"),
    back_to=("analysis", "proposal"),
)
OBJECTION = {"department": "health-section", "stance": "objects"}
SETTLED = {**OBJECTION, "objection": "resolved", "objection_note": "n"}
CONDITIONAL = {**OBJECTION, "stance": "agrees_with_conditions"}
SCHOOL = {"department": "school-section", "stance": "agrees"}
MEMBER = {"person": "p-member", "department": "child-section", "share": 20, "head_consents": True}
SUPPOSED = VALID["hypothesis"]["hypotheses"][0]
KPIS = VALID["kpis"]["kpis"]
TYPED = {**KPI, "key": "rate", "kind": "output", "type": "ratio", "unit": "%"}
BACKWARDS = {"baseline_on": "2027-04-01", "target_on": "2027-03-31"}
OFF_THE_WAY = {"target_on": "2029-03-31", "interim": [{"due": "2027-03-31", "value": "30"}]}
AGREED = VALID["coordination"]["opinions"]
OPTIONS = VALID["proposal"]["options"]

# form, rule, the change that breaks it, the field that is then named
BREAKS: list[tuple[str, str, dict[str, Any], str]] = [
    ("setup", "setup-purpose", {"purpose": " "}, "purpose"),
    ("setup", "setup-people", {"adviser": ""}, "adviser"),
    ("setup", "setup-people", {"departments": ["", ""]}, "departments"),
    ("setup", "setup-viewpoint", {"weight": None}, "weight"),
    ("setup", "setup-known", {"chair": "p-nobody"}, "chair"),
    ("setup", "setup-known", {"members": [{"person": "", "department": "child-section"}]}, "members[0].person"),
    ("setup", "setup-known", {"departments": ["moon"]}, "departments"),
    ("analysis", "analysis-state", {"root_causes": []}, "root_causes"),
    ("analysis", "analysis-state", {"root_causes": ["", "　"]}, "root_causes"),
    ("analysis", "analysis-size", {"size": {}}, "size"),
    ("analysis", "analysis-evidence", {"evidence": []}, "evidence"),
    ("analysis", "analysis-evidence", {"evidence": [{"source": "s", "date": "2026-01-01"}]}, "evidence[0].sha256"),
    (
        "analysis",
        "analysis-evidence",
        {"evidence": [{"source": " ", "date": "2026-01-01", "sha256": SHA}]},
        "evidence[0].source",
    ),
    ("hypothesis", "hypothesis-complete", {"hypotheses": []}, "hypotheses"),
    ("hypothesis", "hypothesis-complete", {"hypotheses": [{**SUPPOSED, "because": " "}]}, "hypotheses[0].because"),
    ("hypothesis", "hypothesis-supported", {"hypotheses": [{**SUPPOSED, "result": "refuted"}]}, "hypotheses"),
    ("coordination", "coordination-asked", {"opinions": [SCHOOL]}, "opinions"),
    ("coordination", "coordination-asked", {"opinions": [*AGREED, {"stance": "agrees"}]}, "opinions[2].department"),
    (
        "coordination",
        "coordination-reasons",
        {"opinions": [SETTLED, SCHOOL]},
        "opinions[0].reason",
    ),
    (
        "coordination",
        "coordination-reasons",
        {"opinions": [CONDITIONAL, SCHOOL]},
        "opinions[0].conditions",
    ),
    (
        "coordination",
        "coordination-objections",
        {"opinions": [{**OBJECTION, "reason": "r"}, SCHOOL]},
        "opinions[0].objection",
    ),
    ("coordination", "coordination-promises", {"promises": [{"text": "t", "by": "health-section"}]}, "promises[0].due"),
    (
        "coordination",
        "coordination-promises",
        {"promises": [{"text": "t", "by": "moon", "due": "2026-05-01"}]},
        "promises[0].by",
    ),
    ("proposal", "proposal-options", {"options": OPTIONS[:1], "no_analog_reason": "r"}, "options"),
    ("proposal", "proposal-options", {"options": [*OPTIONS, {**OPTIONS[0], "title": "別案"}]}, "options[2].key"),
    (
        "proposal",
        "proposal-options",
        {"options": [OPTIONS[0], {**OPTIONS[1], "initial_cost": None}]},
        "options[1].initial_cost",
    ),
    ("proposal", "proposal-analog", {"options": [OPTIONS[0], {**OPTIONS[1], "kind": "mixed"}]}, "options"),
    ("proposal", "proposal-chosen", {"chosen": "z"}, "chosen"),
    ("proposal", "proposal-chosen", {"chosen_reason": " "}, "chosen_reason"),
    (
        "proposal",
        "proposal-small-start",
        {"small_start": {"scope": " ", "months": 1, "cost_cap": 0}},
        "small_start.scope",
    ),
    ("proposal", "proposal-small-start", {"small_start": {"scope": "s", "months": 1}}, "small_start.cost_cap"),
    ("proposal", "proposal-divide", {"digital_divide": []}, "digital_divide"),
    ("budgeting", "budgeting-frame", {"window": None}, "window"),
    ("budgeting", "budgeting-lines", {"section": "moon"}, "section"),
    ("budgeting", "budgeting-lines", {"lines": [{"amount": 1000}]}, "lines[0].kind"),
    ("budgeting", "budgeting-asked", {"lines": [{"kind": "initial", "amount": 999}]}, "amounts.asked"),
    ("budgeting", "budgeting-funding", {"funding": [{"source": "国庫", "amount": 1}]}, "funding"),
    ("budgeting", "budgeting-amounts", {"amounts": {"asked": 1000, "voted": 900}}, "amounts.indicated"),
    (
        "budgeting",
        "budgeting-amounts",
        {"amounts": {"asked": 1000, "indicated": 1000, "voted": 900, "allotted": 901}},
        "amounts.allotted",
    ),
    ("team", "team-charter", {"charter": ""}, "charter"),
    ("team", "team-members", {"leader": "p-nobody"}, "leader"),
    ("team", "team-members", {"members": [{**MEMBER, "share": None}]}, "members[0].share"),
    ("team", "team-consent", {"members": [{**MEMBER, "head_consents": False}]}, "members[0].head_consents"),
    ("kpis", "kpi-complete", {"kpis": [*KPIS, {**KPI, "key": "cost", "kind": "output"}]}, "kpis[2].key"),
    (
        "kpis",
        "kpi-complete",
        {"kpis": [*KPIS, {**KPI, "key": "x", "kind": "output", "owner": "p-nobody"}]},
        "kpis[2].owner",
    ),
    ("kpis", "kpi-outcome-and-cost", {"kpis": VALID["kpis"]["kpis"][:1]}, "kpis"),
    (
        "kpis",
        "kpi-direction",
        {"kpis": [*KPIS, {**KPI, "key": "x", "kind": "output", "target": "9"}]},
        "kpis[2].target",
    ),
    ("kpis", "kpi-stopping", {"stopping_criteria": [" "]}, "stopping_criteria"),
    (
        "kpis",
        "kpi-figures",
        {"kpis": [*KPIS, {**KPI, "key": "x", "kind": "output", "target": "1e999999999"}]},
        "kpis[2].target",
    ),
    ("kpis", "kpi-range", {"kpis": [*KPIS, {**TYPED, "target": "120"}]}, "kpis[2].target"),
    ("kpis", "kpi-accumulates", {"kpis": [*KPIS, {**TYPED, "accumulates": "cumulative"}]}, "kpis[2].accumulates"),
    ("kpis", "kpi-dates", {"kpis": [*KPIS, {**TYPED, **BACKWARDS}]}, "kpis[2].target_on"),
    ("kpis", "kpi-interim", {"kpis": [*KPIS, {**TYPED, **OFF_THE_WAY}]}, "kpis[2].interim[0].value"),
    ("kpis", "kpi-stopping-rules", {"stopping": [{"kpi": "moon", "when": "below", "value": "1"}]}, "stopping[0].kpi"),
    ("kpis", "kpi-hypothesis", {"kpis": [*KPIS, {**TYPED, "type": None, "rests_on": 1}]}, "kpis[2].type"),
    ("kpis", "kpi-review-date", {"review_date": "2026-04-01"}, "review_date"),
    ("kpis", "kpi-review-date", {"review_date": None}, "review_date"),
    ("reopening", "reopening-reasoned", {"reason": " "}, "reason"),
    (
        "implementation",
        "implementation-contract-years",
        {"contract": True, "fiscal_year": 2026, "contract_until": 2027},
        "contract_until",
    ),
    (
        "proposal",
        "proposal-small-start",
        {"small_start": {"scope": "s", "months": 1, "cost_cap": 5, "minimum": 6}},
        "small_start.minimum",
    ),
    ("implementation", "implementation-plan", {"sites": []}, "sites"),
    ("implementation", "implementation-results", {"results": ""}, "results"),
    ("implementation", "implementation-milestones", {"milestones": [{"title": "公開"}]}, "milestones[0].due"),
    ("implementation", "implementation-milestones", {"incidents": [{"text": "停止"}]}, "incidents[0]"),
    ("implementation", "implementation-contract", {"contract": True}, "contract"),
    ("monitoring", "monitoring-evaluation", {"value": ""}, "value"),
    ("review", "review-report", {"report": " "}, "report"),
    ("review", "review-recommendation", {"recommendation": None}, "recommendation"),
    ("review", "review-recommendation", {"reasons": [" "]}, "reasons"),
    ("review", "review-expansion", {"recommendation": "completion", "scope": "全庁"}, "scope"),
    ("review", "review-expansion", {"recommendation": "expansion", "spread_to": ["moon"]}, "spread_to"),
    ("review", "review-override", {"system_recommendation": "abolition"}, "override_reason"),
    ("review", "review-back-to", {"recommendation": "improvement", "back_to": "setup"}, "back_to"),
    ("wind_down", "wind-down-complete", {"lessons": []}, "lessons"),
]


def names(key: str, content: dict[str, Any], context: Context = CONTEXT) -> set[str]:
    return {rule.name for rule, _ in broken_rules(key, parse(key, content), context)}


@pytest.mark.parametrize("key", DELIVERABLES)
def test_a_complete_form_breaks_no_rule(key: str) -> None:
    assert names(key, VALID[key]) == set()


@pytest.mark.parametrize(("key", "rule", "change", "field"), BREAKS)
def test_an_example_breaks_just_its_rule(key: str, rule: str, change: dict[str, Any], field: str) -> None:
    form = parse(key, {**VALID[key], **change})
    broken = broken_rules(key, form, CONTEXT)
    assert [r.name for r, _ in broken] == [rule]
    assert field in [p.field for p in broken[0][1]]
    with pytest.raises(Refused) as caught:
        require_complete(key, form, CONTEXT)
    refusal = caught.value.refusal
    assert refusal.rule == rule
    assert field in [p.field for p in refusal.problems]
    for text in (refusal.message, refusal.remedy, *(p.message for p in refusal.problems)):
        assert text.ja.strip() and text.en.strip()
    type(refusal).model_validate_json(refusal.model_dump_json())


def test_monitoring_needs_a_measurement_of_every_kpi() -> None:
    unmeasured = Context(**{**vars(CONTEXT), "measured": frozenset({"cost"})})
    assert names("monitoring", VALID["monitoring"], unmeasured) == {"monitoring-measured"}


def test_a_contract_may_follow_the_vote() -> None:
    voted = {**VALID["implementation"], "contract": True, "fiscal_year": 2026}
    assert names("implementation", voted) == set()


def test_what_is_being_procured_must_be_under_contract() -> None:
    made = {**VALID["implementation"], "contract": True, "fiscal_year": 2026}
    for contracted, broken in ((False, {"implementation-contract-made"}), (True, set()), (None, set())):
        assert names("implementation", made, Context(**{**vars(CONTEXT), "contracted": contracted})) == broken


@pytest.mark.parametrize(
    ("until", "broken"),
    [
        (None, set()),
        (2026, set()),
        (2028, set()),
        (2029, {"implementation-contract-years"}),
        (2025, {"implementation-contract-years"}),
    ],
)
def test_a_contract_beyond_the_year_rests_on_a_commitment(until: int | None, broken: set[str]) -> None:
    made = {**VALID["implementation"], "contract": True, "fiscal_year": 2026, "contract_until": until}
    assert names("implementation", made, Context(**{**vars(CONTEXT), "committed": ((2026, 2028),)})) == broken


def test_an_outcome_that_the_process_lacks_cannot_be_recommended() -> None:
    fewer = Context(**{**vars(CONTEXT), "outcomes": ("completion",)})
    assert names("review", VALID["review"], fewer) == {"review-recommendation"}


def test_every_rule_has_an_example() -> None:
    shown = {(key, rule) for key, rule, _, _ in BREAKS} | {
        ("monitoring", "monitoring-measured"),
        ("implementation", "implementation-contract-made"),
    }
    assert shown == {(key, rule.name) for key, d in DELIVERABLES.items() for rule in d.rules}


def test_rule_names_are_unique_and_titled_in_both_languages() -> None:
    rules = [rule for d in DELIVERABLES.values() for rule in d.rules]
    assert len({r.name for r in rules}) == len(rules)
    assert all(r.title.ja.strip() and r.title.en.strip() for r in rules)


def test_several_broken_rules_are_told_together() -> None:
    with pytest.raises(Refused) as caught:
        require_complete("proposal", parse("proposal", {}), CONTEXT)
    message = caught.value.refusal.message.en
    assert all(rule.name in message for rule in DELIVERABLES["proposal"].rules)


@pytest.mark.parametrize("key", DELIVERABLES)
def test_an_empty_form_is_a_form_that_is_incomplete(key: str) -> None:
    assert names(key, {}) != set()


@pytest.mark.parametrize(
    ("key", "content", "field"),
    [
        ("setup", {"weight": "enormous"}, "weight"),
        ("setup", {"unheard_of": 1}, "unheard_of"),
        ("analysis", {"size": {"hours_per_year": float("inf")}}, "size.hours_per_year"),
        ("analysis", {"size": {"hours_per_year": float("nan")}}, "size.hours_per_year"),
        ("analysis", {"size": {"yen_per_year": -1}}, "size.yen_per_year"),
        ("analysis", {"evidence": [{"sha256": "abc"}]}, "evidence.0.sha256"),
        ("kpis", {"kpis": [{"baseline": "NaN"}]}, "kpis.0.baseline"),
        ("kpis", {"review_date": "31 February"}, "review_date"),
        ("budgeting", {"fiscal_year": 27}, "fiscal_year"),
    ],
)
def test_a_wrong_shape_names_field_and_value(key: str, content: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(key, content)
    refusal = caught.value.refusal
    assert refusal.rule == "form-shape"
    assert field in [p.field for p in refusal.problems]
    assert all(p.value is not None and p.message.ja and p.message.en for p in refusal.problems)


@pytest.mark.parametrize("value", [None, "", " ", "　\n", (), ("",), (" ", "")])
def test_blank(value: Any) -> None:
    assert blank(value)


@pytest.mark.parametrize("value", [0, False, "a", ("", "a"), (Evidence(),)])
def test_not_blank(value: Any) -> None:
    assert not blank(value)


@pytest.mark.parametrize("key", DELIVERABLES)
def test_the_digest_survives_a_round_trip_and_sees_every_change(key: str) -> None:
    form = parse(key, VALID[key])
    dumped = form.model_dump(mode="json")
    again = parse(key, deepcopy(dumped)).model_dump(mode="json")
    assert digest(dumped) == digest(again)
    for field in dumped:
        assert digest({**dumped, field: "changed"}) != digest(dumped)


def test_every_stage_has_its_example() -> None:
    assert len(STAGES) == 11 and set(VALID) == set(DELIVERABLES)
