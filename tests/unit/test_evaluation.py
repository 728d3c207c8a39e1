"""Evaluation: attainment, scores, the recommendation by stated rules, and reports drafted from what is on record."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.deliverables.registry import parse, require_complete
from domain.evaluation.recommending import RULES, recommend, recommended
from domain.evaluation.reports import Happening, Material, monitoring_draft, review_draft
from domain.evaluation.scoring import KpiScore, Standing, hypothesis_scores, kpi_scores
from domain.lifecycle import commands as c
from domain.lifecycle.decide import context
from domain.lifecycle.state import Kpi, Lifecycle
from domain.messages import Text
from domain.money.appraisal import Appraisal, appraise
from tests.given import KPI, PROCESS, VALID, Case, person

ALL = ("expansion", "improvement", "abolition", "continuation", "completion")


def score(kind: str, standing: Standing) -> KpiScore:
    return KpiScore(key=standing, title=standing, unit="件", kind=kind, baseline=None, target=None, standing=standing)


@pytest.mark.parametrize(
    ("outcomes", "costs", "rule", "outcome"),
    [
        ((), (), "too-little-measured", "continuation"),
        (("unmeasured",), ("attained",), "too-little-measured", "continuation"),
        (("attained", "unmeasured", "unmeasured"), (), "too-little-measured", "continuation"),
        (("worse",), ("attained",), "worse-than-baseline", "abolition"),
        (("worse", "part_way"), (), "worse-than-baseline", "abolition"),
        (("worse", "part_way", "part_way"), (), "part-way", "improvement"),
        (("worse", "attained"), (), "part-way", "improvement"),
        (("attained", "attained"), ("attained",), "attained-at-its-cost", "expansion"),
        (("attained",), ("unmeasured",), "attained-at-its-cost", "expansion"),
        (("attained",), ("part_way",), "attained-above-its-cost", "completion"),
        (("attained", "unmeasured"), (), "part-way", "improvement"),
    ],
)
def test_the_first_rule_that_holds_recommends(
    outcomes: tuple[Standing, ...], costs: tuple[Standing, ...], rule: str, outcome: str
) -> None:
    scores = [*(score("outcome", s) for s in outcomes), *(score("cost", s) for s in costs), score("output", "worse")]
    found = recommend(scores, ALL)
    assert (found.rule, found.outcome) == (rule, outcome)
    assert rule in found.reasons[0].ja and str(len(outcomes)) in found.reasons[1].en


def appraisal(balance: int) -> Appraisal:
    found = appraise({2026: 100}, {2026: Decimal(100 + balance)}, Decimal("0.04"))
    assert found is not None and found.balance == balance
    return found


@pytest.mark.parametrize(("balance", "rule"), [(0, "attained-at-its-cost"), (-1, "attained-above-its-cost")])
def test_what_costs_more_than_it_gives_is_not_expanded(balance: int, rule: str) -> None:
    found = recommend([score("outcome", "attained")], ALL, (), appraisal(balance))
    assert (found.rule, found.outcome == "expansion") == (rule, balance == 0)
    assert f"{balance:+}" in found.reasons[-1].ja
    nothing_given = appraise({2026: 100}, {}, Decimal("0.04"))
    assert recommend([score("outcome", "attained")], ALL, (), nothing_given).rule == "attained-at-its-cost"


@pytest.mark.parametrize(
    ("days", "value", "direction", "due", "rule"),
    [
        ((date(2025, 4, 1), date(2027, 3, 31)), "16", "up", 15, "on-its-way"),
        ((date(2025, 4, 1), date(2027, 3, 31)), "14", "up", 15, "part-way"),
        ((date(2025, 4, 1), date(2027, 3, 31)), "5", "down", 15, "attained-at-its-cost"),
        ((None, None), "19", "up", None, "part-way"),
    ],
)
def test_part_way_is_held_against_where_it_should_be_by_then(
    days: tuple[date | None, date | None], value: str, direction: Any, due: int | None, rule: str
) -> None:
    ends = (10, 20) if direction == "up" else (20, 10)
    kpi = Kpi(
        key="k", title="k", unit="件", owner="p", kind="outcome", baseline=ends[0], target=ends[1], direction=direction
    )
    kpi = kpi.model_copy(update={"baseline_on": days[0], "target_on": days[1]})
    state = Lifecycle(stream="s", kpis=(kpi,), values={"k": {"FY2025": value}})
    [found] = kpi_scores(state)
    assert found.due is None if due is None else round(found.due or 0) == due
    assert recommend([found], ALL).rule == rule


def test_every_rule_recommends_and_speaks_both_languages() -> None:
    assert len({r.key for r in RULES}) == len(RULES)
    assert all(r.then and r.title.ja.strip() and r.title.en.isascii() for r in RULES)


def test_a_process_without_an_outcome_gets_the_next_best_or_none() -> None:
    scores = [score("outcome", "attained")]
    assert recommend(scores, ("completion",)).outcome == "completion"
    assert recommend(scores, ("abolition",)).outcome == ""


def test_the_latest_period_of_the_round_counts() -> None:
    case = Case().at("monitoring")
    assert {k.standing for k in kpi_scores(case.state)} == {"unmeasured"}
    for period, value in (("2026-Q1", "21"), ("2025-Q4", "9")):
        command = case.make(c.RecordMeasurement, kpi="users", period=period, value=value)
        case.when(command, person("member")).done()
    users = next(k for k in kpi_scores(case.state) if k.key == "users")
    assert (users.period, users.value, users.attainment, users.standing) == (
        "2026-Q1",
        Decimal(21),
        Decimal("1.1"),
        "attained",
    )
    assert users.told == "t: 21件(2026-Q1、基準値 10、目標値 20、達成率 110%、達成)"


def test_hypotheses_are_scored_against_the_kpi_that_their_metric_names() -> None:
    kpis = [
        score("outcome", "attained").model_copy(update={"key": "wait", "title": "待ち時間(分)"}),
        score("outcome", "worse").model_copy(update={"key": "visits", "title": "来庁者数"}),
        score("outcome", "unmeasured").model_copy(update={"key": "calls", "title": "電話件数"}),
    ]
    forms = [
        {"then": n, "metric": m}
        for n, m in (("a", "待ち時間"), ("b", "VISITS"), ("c", "電話件数"), ("d", "苦情"), ("e", ""))
    ]
    found = [(h.then, h.kpi, h.verdict) for h in hypothesis_scores(forms, kpis)]
    assert found == [
        ("a", "wait", "supported"),
        ("b", "visits", "refuted"),
        ("c", "calls", "inconclusive"),
        ("d", "", "inconclusive"),
        ("e", "", "inconclusive"),
    ]


MATERIAL = Material(
    today=date(2028, 4, 10),
    forms={
        "hypothesis": {"hypotheses": [{"then": "待ち時間が減る", "metric": "users"}]},
        "implementation": {
            "milestones": [
                {"title": "公開", "due": "2027-06-01", "done": "2027-06-10"},
                {"title": "説明会", "due": "2028-03-01"},
                {"title": "総括", "due": "2028-12-01"},
            ]
        },
    },
    happened=(Happening(on=date(2028, 2, 1), told=Text(ja="再開", en="resumed")),),
    reports=({"period": "2025-Q1", "progress": "順調\n二行目", "spent": 500}, {"period": "2025-Q2", "spent": 700}),
    sources=({"source": "利用記録", "date": "2028-03-31"},),
)


def monitored(value: str = "12") -> Case:
    case = Case().at("monitoring")
    for kpi in ("users", "cost"):
        case.when(case.make(c.RecordMeasurement, kpi=kpi, period="2026-Q1", value=value), person("member")).done()
    return case


def test_a_monitoring_report_is_drafted_from_the_record_and_can_be_handed_in() -> None:
    case = monitored()
    draft = monitoring_draft(case.state, PROCESS, MATERIAL)
    assert draft["period"] == "2026-Q1"
    assert "・公開: 令和9年6月10日完了(予定 令和9年6月1日、遅れ)" in draft["progress"]
    assert "・説明会: 予定 令和10年3月1日、未完了(期限超過)" in draft["progress"]
    assert "・総括: 予定 令和10年12月1日、未完了" in draft["progress"] and "再開" in draft["progress"]
    assert "達成率 20%" in draft["value"] and "判断できない" in draft["value"]
    assert "執行額の計: 1,200円(2期)" in draft["cost"] and "内示額 800円" in draft["cost"]
    require_complete("monitoring", parse("monitoring", draft), context(case.state, PROCESS, case.facts, case.now))
    done = MATERIAL.model_copy(update={"reports": ({"period": "2026-Q1"},)})
    assert monitoring_draft(case.state, PROCESS, done)["period"] == "", (
        "a period that has been reported is not proposed again"
    )


def test_a_review_is_drafted_with_the_recommendation_and_its_reasons() -> None:
    case = monitored()
    case.at("review")
    draft = review_draft(case.state, PROCESS, MATERIAL)
    assert draft["recommendation"] == draft["system_recommendation"] == "improvement" and draft["back_to"] == "analysis"
    assert "part-way" in draft["reasons"][0] and draft["reasons"] == draft["system_reasons"]
    assert draft["report"].startswith("【取組状況】\n・2025-Q1: 順調\n") and "【仮説の検証】" in draft["report"]
    assert any("目標に届かなかった" in x for x in draft["learnt"])
    case.submit(**draft).done()
    case.pass_gate()
    assert (case.state.stage, case.state.round) == ("analysis", 2)
    assert case.state.lessons[0].learnt == tuple(draft["learnt"])


def test_without_anything_measured_the_draft_says_so_and_recommends_to_go_on() -> None:
    case = Case().at("monitoring")
    draft = review_draft(case.state, PROCESS, Material(today=date(2028, 4, 10)))
    assert draft["recommendation"] == "continuation" and "too-little-measured" in draft["reasons"][0]
    assert "測定なし" in draft["report"] and "【仮説の検証】\n記録なし" in draft["report"]


def test_departing_from_the_system_needs_a_reason_and_its_word_is_on_record_as_it_was() -> None:
    case = monitored()
    case.at("review")
    system = recommended(case.state, ALL).outcome
    assert system == "improvement"
    case.submit(recommendation="completion", system_recommendation=system).refused("review-override")
    said = case.submit(recommendation="abolition", system_recommendation="abolition").refused("review-override")
    assert said.problems[0].field == "system_recommendation" and "improvement" in said.problems[0].message.en
    case.submit(recommendation="completion", system_recommendation=system, override_reason="目的を達した").done()


def test_kpis_of_before_they_had_a_kind_count_as_outcomes() -> None:
    case = Case().at("kpi_setting")
    case.submit(kpis=[{**KPI, "key": "users", "kind": "outcome"}, {**KPI, "key": "cost", "kind": "cost"}]).done()
    assert [(k.kind, k.baseline, k.target) for k in case.state.kpis] == [
        ("outcome", Decimal(10), Decimal(20)),
        ("cost", Decimal(10), Decimal(20)),
    ]
    bare = case.state.model_copy(update={"kpis": tuple(k.model_copy(update={"kind": None}) for k in case.state.kpis)})
    assert {k.kind for k in kpi_scores(bare)} == {"outcome"}
    assert VALID["review"]["recommendation"] == "continuation"


def test_a_stopping_criterion_that_was_met_is_what_the_recommendation_rests_on() -> None:
    scores = [KpiScore(key="k", title="t", unit="件", kind="outcome", baseline=None, target=None, standing="attained")]
    words = Text(ja="基準に当たる", en="met")
    assert recommend(scores, ALL).outcome != "abolition"
    found = recommend(scores, ALL, [words])
    assert (found.outcome, found.rule) == ("abolition", "stopping-criterion-met") and words in found.reasons
    assert recommend(scores, ("improvement",), [words]).outcome == "improvement"
