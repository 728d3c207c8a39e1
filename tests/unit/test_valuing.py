"""Benefits recorded with their source, costs from the budget's states, and the two weighed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.lifecycle.valuing import BenefitRecorded, BenefitWithdrawn, RecordBenefit, WithdrawBenefit, costs_of, value
from tests.fiscal import CITY, amount
from tests.given import Case, Outcome, person

DAY = date(2026, 6, 1)


def record(case: Case, key: str = "desk", *, by: str = "drafter", **more: Any) -> Outcome:
    fields: dict[str, Any] = {"key": key, "what": "hours", "title": "窓口", "per_year": "1000", "from_year": 2026}
    fields |= {"source": {"source": "業務量調査"}} | more
    return case.when(case.make(RecordBenefit, **fields), person(by))


def begun() -> Case:
    return Case(CITY).at("setup")


def costs(case: Case, day: date = DAY, years: int = 3) -> list[tuple[int, int, str]]:
    return [(x.fiscal_year, x.amount, x.from_) for x in costs_of(case.state, day, years)]


def test_hours_take_the_citys_wage_unless_another_is_stated() -> None:
    case = begun()
    record(case).then(BenefitRecorded)
    record(case, "post", wage=3000).done()
    assert [b.wage for b in case.state.benefits] == [2800, 3000]
    record(Case().at("setup")).refused("benefit-wage")


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"source": {"source": " "}}, "benefit-source"),
        ({"per_year": None}, "benefit-amount"),
        ({"per_year": "0"}, "benefit-amount"),
        ({"per_year": "1e999999999"}, "benefit-amount"),
        ({"what": "quality"}, "benefit-amount"),
        ({"to_year": 2025}, "benefit-years"),
        ({"by": "stranger"}, "not-concerned"),
    ],
)
def test_benefits_are_refused(more: dict[str, Any], rule: str) -> None:
    record(begun(), **more).refused(rule)


def test_a_benefit_recorded_in_error_is_withdrawn_and_stays_in_the_history() -> None:
    case = begun()
    record(case).done()
    record(case).refused("benefit-known")
    record(case, basis="measured", per_year="900").done()
    withdraw = case.make(WithdrawBenefit, key="desk", reason="二重計上")
    case.when(withdraw, person("office")).then(BenefitWithdrawn)
    case.when(case.make(WithdrawBenefit, key="desk", reason="x"), person("office")).refused("benefit-unknown")
    assert [(b.key, b.basis) for b in case.state.benefits] == [("desk", "measured")]
    assert sum(isinstance(r.event, BenefitRecorded) for r in case.log) == 2


def test_costs_come_from_the_furthest_state_and_say_which() -> None:
    case = begun()
    for state, yen in (("asked", 10), ("indicated", 8), ("appealed", 2), ("restored", 1)):
        amount(case, state, yen).done()
        expected = {"asked": (10, "asked"), "restored": (9, "indicated")}.get(state, (8, "indicated"))
        assert costs(case) == [(2026, *expected)]
    for state in ("voted", "allotted"):
        amount(case, state, 9).done()
    amount(case, "executed", 3).done()
    assert costs(case) == [(2026, 9, "allotted")]  # what is spent so far in a running year is not its cost
    assert costs(case, date(2027, 5, 31)) == [(2026, 9, "allotted")]
    assert costs(case, date(2027, 6, 1)) == [(2026, 3, "executed")]


def test_where_there_is_no_budget_yet_the_proposals_costs_stand_in() -> None:
    case = Case(CITY).at("proposal")
    options = case.form()["options"]
    case.submit(options=[{**options[0], "initial_cost": 500, "running_cost": 100}, options[1]]).done()
    case.pass_gate()
    year = case.state.budget_year
    assert year is None
    assert [(amount, from_) for _, amount, from_ in costs(case)] == [
        (600, "proposed"),
        (100, "proposed"),
        (100, "proposed"),
    ]
    case.submit().done()
    assert costs(case) == [(2027, 1000, "asked"), (2028, 100, "proposed"), (2029, 100, "proposed")]


def test_value_weighs_the_citys_years_at_the_citys_rate_unless_told_otherwise() -> None:
    case = Case(CITY).at("budgeting")
    case.submit().done()
    record(case, "post", what="yen", per_year="400", from_year=2027).done()
    found = value(case.state, CITY, DAY).appraisal
    assert found is not None and [y.fiscal_year for y in found.years] == [2027, 2028, 2029, 2030, 2031]
    assert (found.cost, found.benefit, found.balance, found.rate) == (1400, 2000, 600, Decimal("0.04"))
    # -600, then 300 a year
    assert found.payback_years == Decimal("3.0")
    other = value(case.state, CITY, DAY, rate=Decimal(0), years=2).appraisal
    assert other is not None and (other.benefit, other.npv, other.balance) == (800, -300, -300)


def test_benefits_without_any_known_cost_are_not_weighed() -> None:
    case = begun()
    record(case).done()
    found = value(case.state, CITY, DAY)
    assert found.appraisal is None and len(found.benefits) == 1


def test_people_and_words_stand_beside_the_balance() -> None:
    case = Case(CITY).at("budgeting")
    case.submit().done()
    record(case, "families", what="people", per_year="4000").done()
    record(case, "calm", what="quality", per_year=None).done()
    found = value(case.state, CITY, DAY).appraisal
    assert found is not None and found.benefit == 0 and found.payback_years is None
