"""Money over years, carry-overs and procurement: what may be contracted, on what, when."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.lifecycle import committing
from domain.lifecycle.committing import BudgetCarried, CarryOverBudget, CommitmentRecorded, RecordCommitment
from domain.lifecycle.procuring import (
    BeginProcurement,
    CancelProcurement,
    ProcurementAdvanced,
    ProcurementStarted,
    RecordProcurement,
    contracted,
)
from tests.fiscal import CITY, FISCAL, amount, on_day, voted
from tests.given import Case, Outcome, person


def begun() -> Case:
    return Case(CITY).at("setup")


def commit(case: Case, what: str = "debt_burden", *, by: str = "finance", **more: Any) -> Outcome:
    fields: dict[str, Any] = {"key": "k", "what": what, "title": "運用", "from_year": 2026, "to_year": 2028}
    if what != "long_term":
        fields |= {"limit": 3000, "bill": "議案第3号", "voted_on": date(2026, 4, 1)}
    return case.when(case.make(RecordCommitment, **(fields | more)), person(by))


def carry(case: Case, what: str = "approved", **more: Any) -> Outcome:
    fields = {"what": what, "from_year": 2026, "amount": 300} | more
    return case.when(case.make(CarryOverBudget, **fields), person("finance"))


def buy(case: Case, method: str = "proposal", price: int = 900, *, by: str = "drafter", **more: Any) -> Outcome:
    fields = {
        "key": "system",
        "title": "システム",
        "method": method,
        "fiscal_year": 2026,
        "expected_price": price,
    } | more
    return case.when(case.make(BeginProcurement, **fields), person(by))


def step(case: Case, name: str, *, by: str = "drafter", **more: Any) -> Outcome:
    return case.when(case.make(RecordProcurement, **({"key": "system", "step": name} | more)), person(by))


WON: dict[str, Any] = {"supplier": "姫路システム", "price": 850}


def selected(case: Case) -> Case:
    buy(case).done()
    for name in ("notice", "received"):
        step(case, name).done()
    step(case, "selected", **WON).done()
    return case


# --- what a contract may rest on --------------------------------------------------------------------------------------


def test_a_year_may_be_contracted_for_once_something_was_voted_for_it() -> None:
    case = begun()
    assert committing.contractable(case.state) == set()
    for state in ("asked", "indicated"):
        amount(case, state, 1000).done()
    assert committing.contractable(case.state) == set()
    amount(case, "voted", 0).done()  # a skeleton budget with nothing for this project
    assert committing.contractable(case.state) == set()
    on_day(case, date(2026, 6, 26))
    for state in ("asked", "indicated", "voted"):
        amount(case, state, 1000, window="june").done()
    assert committing.contractable(case.state) == {2026}


def test_a_skeleton_budget_without_this_project_lets_no_contract_pass_until_june() -> None:
    case = on_day(Case(CITY).at("implementation"), date(2027, 3, 25))
    for state in ("indicated", "voted"):
        amount(case, state, 0, year=2027).done()
    case.submit(contract=True).refused("implementation-contract")
    on_day(case, date(2027, 6, 25))
    for state in ("asked", "indicated", "voted"):
        amount(case, state, 1000, year=2027, window="june").done()
    case.submit(contract=True).done()


def test_a_contract_beyond_the_year_waits_for_a_commitment() -> None:
    case = on_day(Case(CITY).at("implementation"), date(2027, 3, 25))
    amount(case, "voted", 800, year=2027).done()
    case.submit(contract=True, contract_until=2029).refused("implementation-contract-years")
    commit(case, from_year=2027, to_year=2029, voted_on=date(2026, 4, 1)).then(CommitmentRecorded)
    case.submit(contract=True, contract_until=2030).refused("implementation-contract-years")
    case.submit(contract=True, contract_until=2029).done()


def test_a_long_term_contract_needs_a_by_law_and_its_first_years_budget_but_no_vote() -> None:
    case = begun()
    commit(case, "long_term").done()
    assert committing.spans(case.state) == () and committing.contractable(case.state) == set()
    voted(case)
    assert committing.spans(case.state) == ((2026, 2028),)
    bare = Case(CITY.model_copy(update={"fiscal": FISCAL.model_copy(update={"long_term_by_law": ""})})).at("setup")
    commit(bare, "long_term").refused("long-term-by-law")


@pytest.mark.parametrize(
    ("what", "more", "rule"),
    [
        ("debt_burden", {"limit": None}, "commitment-limit"),
        ("continuing", {"bill": ""}, "commitment-vote"),
        ("debt_burden", {"voted_on": None}, "commitment-vote"),
        ("debt_burden", {"voted_on": date(2026, 4, 2)}, "commitment-date"),
        ("continuing", {"to_year": 2026}, "commitment-years"),
        ("continuing", {"to_year": 2057}, "commitment-too-long"),
        ("debt_burden", {"to_year": 2100}, "commitment-too-long"),
        ("long_term", {"to_year": 2032}, "commitment-too-long"),
        ("debt_burden", {"by": "drafter"}, "not-finance"),
    ],
)
def test_commitments_are_refused(what: str, more: dict[str, Any], rule: str) -> None:
    commit(begun(), what, **more).refused(rule)


def test_how_long_a_commitment_runs_is_data_of_the_city() -> None:
    commit(
        begun(), "long_term", to_year=2031
    ).done()  # five years from October end in September of the sixth fiscal year
    commit(begun(), "continuing", to_year=2056).done()
    city = CITY.model_copy(update={"fiscal": FISCAL.model_copy(update={"long_term_years": 3, "commitment_years": 10})})
    refusal = commit(Case(city).at("setup"), "long_term", to_year=2030).refused("commitment-too-long")
    assert (
        "to_year: 2030" in refusal.message.en
        and "FY2029" in refusal.remedy.en
        and "long_term_years" in refusal.remedy.en
    )
    commit(Case(city).at("setup"), to_year=2037).refused("commitment-too-long")
    commit(Case(city).at("setup"), to_year=2036).done()


def test_a_commitment_is_recorded_once() -> None:
    case = begun()
    commit(case, "continuing").done()
    commit(case).refused("commitment-known")


# --- carrying over ----------------------------------------------------------------------------------------------------


def test_an_approved_carry_over_is_voted_by_31_march_and_pays_in_the_next_year() -> None:
    case = voted(begun())
    on_day(case, date(2027, 4, 5))
    carry(case, bill="議案第40号").refused("carry-vote")
    carry(case, on=date(2027, 3, 31)).refused("carry-vote")
    carry(case, on=date(2027, 3, 31), bill="議案第40号").then(BudgetCarried)
    assert committing.contractable(case.state) == {2026, 2027} and committing.spans(case.state) == ((2026, 2027),)
    amount(case, "executed", 301, year=2027).refused("budget-above-allotment")
    amount(case, "executed", 300, year=2027).done()


def test_no_more_is_carried_than_is_left_and_not_before_it_happened() -> None:
    case = voted(begun())
    amount(case, "allotted", 1000).done()
    amount(case, "executed", 800).done()
    carry(case, bill="b", amount=201).refused("carry-above-rest")
    carry(case, bill="b", on=date(2026, 4, 2)).refused("budget-date")
    carry(case, bill="b", amount=200).done()
    carry(case, bill="b", amount=1).refused("carry-above-rest")


def test_an_accident_needs_a_contract_within_the_year_and_a_reason_and_open_accounts() -> None:
    case = voted(begun())
    carry(case, "accident", reason="災害").refused("carry-accident")
    selected(case)
    step(case, "contract", **WON).done()
    on_day(case, date(2027, 5, 31))
    carry(case, "accident").refused("carry-accident")
    carry(case, "accident", reason="災害").done()
    on_day(case, date(2027, 6, 1))
    carry(case, "accident", reason="災害", amount=1).refused("accounts-closed")


def test_after_an_approved_carry_over_the_rest_may_still_meet_with_an_accident() -> None:
    case = voted(begun())
    selected(case)
    step(case, "contract", **WON).done()
    carry(case, bill="議案第40号", amount=400).done()
    on_day(case, date(2028, 4, 3))
    carry(case, "accident", from_year=2027, amount=400, reason="部材の供給停止").done()
    assert 2028 in committing.contractable(case.state)


# --- procurement ------------------------------------------------------------------------------------------------------


def test_a_proposal_contest_from_the_request_for_information_to_the_contract() -> None:
    case = voted(begun())
    buy(case).then(ProcurementStarted)
    step(case, "rfi").then(ProcurementAdvanced)
    for name in ("notice", "received"):
        step(case, name).done()
    step(case, "selected", **WON).done()
    assert contracted(case.state) is False
    step(case, "contract").done()
    found = case.state.procurements[0]
    assert contracted(case.state) and (found.supplier, found.price, found.needs_vote) == ("姫路システム", 850, False)
    step(case, "contract").refused("procurement-over")


def test_after_the_indication_it_may_be_prepared_but_nothing_means_a_contract_before_the_vote() -> None:
    case = begun()
    buy(case).done()
    step(case, "rfi").done()
    step(case, "notice").refused("procurement-before-indication")
    for state in ("asked", "indicated"):
        amount(case, state, 1000).done()
    for name in ("notice", "received"):
        step(case, name).done()
    step(case, "selected", **WON).done()
    step(case, "contract").refused("contract-before-vote")
    amount(case, "voted", 1000).done()
    step(case, "contract").done()


def test_no_contract_before_1_april_unless_a_debt_burden_was_voted() -> None:
    case = voted(on_day(begun(), date(2027, 3, 25)), year=2027)
    buy(case, fiscal_year=2027).done()
    on_day(case, date(2027, 3, 31))
    for name in ("notice", "received"):
        step(case, name).done()
    step(case, "selected", **WON).done()
    step(case, "contract").refused("contract-outside-year")
    commit(case, from_year=2026, to_year=2027, voted_on=date(2026, 12, 18)).done()
    step(case, "contract").done()


def test_no_contract_on_a_year_that_is_over() -> None:
    case = selected(voted(begun()))
    on_day(case, date(2027, 4, 1))
    step(case, "contract").refused("contract-outside-year")
    step(case, "contract", on=date(2027, 3, 31)).done()


def test_contracts_stay_within_what_was_voted_or_committed() -> None:
    case = voted(begun(), 800)
    selected(case)
    step(case, "contract").refused("contract-above-budget")
    commit(case, limit=50).done()
    step(case, "contract").done()
    buy(case, "negotiated", 60, key="more", reason="2号").done()
    step(case, "selected", key="more", supplier="x", price=1).done()
    step(case, "contract", key="more").refused("contract-above-budget")


@pytest.mark.parametrize(
    ("bought", "price", "vote"),
    [
        ("works", 150_000_000, True),
        ("works", 149_999_999, False),
        ("property", 20_000_000, True),
        ("service", 900_000_000, False),
    ],
)
def test_the_citys_amounts_say_which_contract_the_assembly_must_agree_to(bought: str, price: int, vote: bool) -> None:
    case = begun()
    buy(case, "open_bid", price, bought=bought).done()
    assert case.state.procurements[0].needs_vote is vote


def test_a_large_contract_goes_through_a_provisional_one_and_a_vote_with_its_bill() -> None:
    case = voted(begun(), 200_000_000)
    buy(case, "open_bid", 160_000_000, bought="works").done()
    for name in ("notice", "received"):
        step(case, name).done()
    step(case, "selected", supplier="x", price=155_000_000).done()
    step(case, "contract").refused("procurement-order")
    step(case, "provisional").done()
    step(case, "vote").refused("bill-number")
    step(case, "vote", bill="議案第50号").done()
    step(case, "contract").done()


def test_refusals_of_procurement() -> None:
    case = voted(begun())
    buy(case, by="mayor").refused("not-your-draft")
    buy(case, "negotiated").refused("negotiated-reason")
    buy(case).done()
    buy(case).refused("procurement-known")
    step(case, "notice", key="other").refused("procurement-unknown")
    step(case, "received").refused("procurement-order")
    step(case, "vote").refused("procurement-step")
    step(case, "notice", on=date(2026, 4, 2)).refused("procurement-date")
    step(case, "notice").done()
    step(case, "rfi").refused("procurement-order")
    step(case, "received").done()
    step(case, "selected").refused("procurement-supplier")
    step(case, "selected", supplier="x", price=901).refused("procurement-price")


def test_a_bid_above_the_expected_price_is_refused_by_the_law_and_a_proposal_by_the_city() -> None:
    for method, cited in (("designated_bid", True), ("proposal", False)):
        case = voted(begun())
        buy(case, method).done()
        for name in ("notice", "received"):
            step(case, name).done()
        refused = step(case, "selected", supplier="x", price=901).refused("procurement-price")
        assert ("地方自治法234条3項" in refused.message.ja, "234(3)" in refused.message.en) == (cited, cited)


def test_what_was_given_up_may_be_begun_again_and_counts_no_more() -> None:
    case = voted(begun())
    buy(case).done()
    case.when(case.make(CancelProcurement, key="system", reason="応募なし"), person("drafter")).done()
    assert contracted(case.state) is None
    step(case, "notice").refused("procurement-unknown")
    buy(case, key="again").done()


def test_implementation_with_a_contract_waits_for_the_procurement_that_was_begun() -> None:
    case = on_day(Case(CITY).at("implementation"), date(2027, 3, 25))
    amount(case, "voted", 800, year=2027).done()
    buy(case, fiscal_year=2027).done()
    case.submit(contract=True).refused("implementation-contract-made")
    case.submit(contract=False).done()
