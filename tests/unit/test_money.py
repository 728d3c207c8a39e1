"""Formulas against published worked examples; rounding; what counts as money."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.deliverables.base import Evidence
from domain.money.appraisal import Appraisal, appraise, discount_factor, payback, present_value, yen
from domain.money.benefits import Benefit, money_by_year

SOURCE = Evidence(source="調査")


def decimals(*values: int) -> list[Decimal]:
    return [Decimal(v) for v in values]


@pytest.mark.parametrize(
    ("rate", "flows", "value", "places"),
    [
        # NumPy's reference, numpy.npv, after L. J. Gitman, Principles of Managerial Finance, Brief, 3rd ed. (2003), p. 346
        ("0.281", (-100, 39, 59, 55, 20), "-0.0084785916", 10),
        # numpy-financial's reference, npv: an investment of 40,000 at 8 %
        ("0.08", (-40_000, 5_000, 8_000, 12_000, 30_000), "3065.22267", 5),
    ],
)
def test_net_present_value_as_published(rate: str, flows: tuple[int, ...], value: str, places: int) -> None:
    found = present_value(Decimal(rate), decimals(*flows))
    assert round(found, places) == Decimal(value)


@pytest.mark.parametrize(
    ("years", "factor"),
    # single-payment present-worth factors at 4 %, as in any table of compound interest (e.g. D. G. Newnan, Engineering Economic
    # Analysis, appendix); the same that Japanese public works are discounted with
    [
        (0, "1"),
        (1, "0.9615"),
        (2, "0.9246"),
        (3, "0.8890"),
        (4, "0.8548"),
        (5, "0.8219"),
        (10, "0.6756"),
        (30, "0.3083"),
    ],
)
def test_discount_factors_at_four_percent(years: int, factor: str) -> None:
    assert round(discount_factor(Decimal("0.04"), years), 4) == Decimal(factor)


@pytest.mark.parametrize(
    ("outlay", "flows", "years"),
    [
        # J. Dahlquist, R. Knight, Principles of Finance (OpenStax 2022), section 16.1: an embroidery machine of 16,000: 4 years
        (16_000, (2_000, 4_000, 5_000, 5_000, 5_000), "4"),
        # J. J. Wild et al., Fundamental Accounting Principles, uneven cash flows (Beyer Company): 180,000; 3 + 10,000/125,000
        (180_000, (60_000, 40_000, 70_000, 125_000, 35_000), "3.08"),
        (100, (50, 49), None),
        (0, (5, 5), "0"),
        (0, (-10, 5, 10), "2.5"),
        # recovered after two years, lost again to a renewal in the third, recovered for good in the fourth
        (100, (50, 50, -20, 40), "3.5"),
        (100, (100, -1), None),
        (0, (-10, 0, 10), "3"),
    ],
)
def test_payback_as_published_and_at_its_edges(outlay: int, flows: tuple[int, ...], years: str | None) -> None:
    assert payback(Decimal(outlay), decimals(*flows)) == (None if years is None else Decimal(years))


def made(costs: dict[int, int], benefits: dict[int, Decimal]) -> Appraisal:
    found = appraise(costs, benefits, Decimal("0.04"))
    assert found is not None
    return found


def test_the_headline_is_balance_and_payback_and_the_detail_follows_from_the_same_flows() -> None:
    found = made({2027: 1_000_000, 2028: 100_000}, dict.fromkeys((2027, 2028, 2029), Decimal(600_000)))
    assert (found.cost, found.benefit, found.balance) == (1_100_000, 1_800_000, 700_000)
    # -400,000 after the first year, 500,000 of the second are left over: 1 + 400,000 / 500,000
    assert found.payback_years == Decimal("1.8")
    # -400,000 + 500,000/1.04 + 600,000/1.0816
    assert found.npv == 635_503
    assert [y.cumulative for y in found.years] == [-400_000, 100_000, 700_000]
    assert found.break_even == Decimal("0.61")


def test_benefits_over_costs_as_published() -> None:
    """L. Blank, A. Tarquin, Engineering Economy, slides on benefit/cost analysis: flood control for 1.4 million and 40,000 a year over
    ten years saves 175,000 a year and takes 25,000 from farmers; at 6 % its conventional B/C is 0.65."""
    years = range(2001, 2011)
    costs = {2000: 1_400_000, **dict.fromkeys(years, 40_000)}
    found = appraise(costs, dict.fromkeys(years, Decimal(175_000 - 25_000)), Decimal("0.06"))
    assert found is not None and found.ratio == Decimal("0.65")


def test_sensitivity_varies_one_assumption_at_a_time() -> None:
    found = made({2027: 1000}, {2028: Decimal(1100)})
    cases = {c.key: c for c in found.sensitivity}
    assert list(cases) == ["base", "benefit_down", "benefit_up", "cost_up", "cost_down", "rate_1", "rate_2"]
    assert [cases[k].balance for k in ("base", "benefit_down", "benefit_up", "cost_up", "cost_down")] == [
        100,
        -120,
        320,
        -100,
        300,
    ]
    assert cases["benefit_down"].payback_years is None
    assert (cases["base"].npv, cases["rate_1"].npv, cases["rate_2"].npv) == (58, 89, 78)


def test_yen_are_rounded_half_away_from_nought_and_only_at_the_end() -> None:
    assert [yen(Decimal(x)) for x in ("0.5", "1.5", "-0.5", "2.49")] == [1, 2, -1, 2]
    found = made({}, {2027: Decimal("0.4"), 2028: Decimal("0.4"), 2029: Decimal("0.4")})
    assert (found.benefit, [y.benefit for y in found.years]) == (1, [0, 0, 0])


def test_nothing_to_weigh_says_so_and_costs_alone_have_no_payback() -> None:
    assert appraise({}, {}, Decimal("0.04")) is None
    found = made({2027: 10}, {})
    assert (found.payback_years, found.ratio, found.break_even, found.balance) == (None, Decimal("0.00"), None, -10)


def benefit(key: str, kind: str, per_year: int | None, **more: object) -> Benefit:
    return Benefit.model_validate(
        {"key": key, "kind": kind, "title": key, "per_year": per_year, "from_year": 2027, "source": SOURCE, **more}
    )


def test_hours_count_at_their_wage_and_people_and_quality_are_no_money() -> None:
    given = [
        benefit("desk", "hours", 100, wage=2800),
        benefit("post", "yen", 50_000, to_year=2027),
        benefit("families", "people", 4000),
        benefit("calm", "quality", None),
    ]
    assert money_by_year(given, 2028) == {2027: Decimal(330_000), 2028: Decimal(280_000)}


def test_hours_at_their_wage_as_published() -> None:
    """The Standard Cost Model's population × frequency × time × wage: 20 × 52 × 6 h × 600 = 3,744,000 a year ("Cutting Documentation
    Costs with the Standard Cost Model", protagsystems.io)."""
    found = benefit("documents", "hours", 20 * 52 * 6, wage=600)
    assert found.yen_per_year == 3_744_000


def test_what_was_measured_takes_the_place_of_what_was_expected() -> None:
    given = [
        benefit("desk", "yen", 80, basis="measured", to_year=2027),
        benefit("desk", "yen", 100),
        benefit("post", "yen", 1),
    ]
    assert money_by_year(given, 2028) == {2027: Decimal(81), 2028: Decimal(101)}
