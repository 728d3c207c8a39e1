"""A budget through its states: order, days, amounts, and what follows when it is cut."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.lifecycle import commands as c
from domain.lifecycle import events as e
from domain.lifecycle.amounts import STATES
from domain.lifecycle.budgets import AmountReduced, embargoed_until
from domain.lifecycle.publishing import PublishLifecycle
from domain.lifecycle.timers import next_due
from domain.lifecycle.view import notices
from tests.fiscal import CITY, amount, on_day, voted
from tests.given import Case, person, with_process

BILL: dict[str, Any] = {"bill": "議案第12号"}
WAY = (
    ("asked", 1000),
    ("assessed_section", 600),
    ("assessed_bureau", 650),
    ("assessed_mayor", 700),
    ("indicated", 700),
    ("appealed", 200),
    ("restored", 100),
    ("billed", 800),
    ("voted", 800),
    ("allotted", 750),
    ("executed", 700),
)


def begun() -> Case:
    return Case(CITY).at("setup")


def whole_way() -> Case:
    case = begun()
    for state, yen in WAY:
        amount(case, state, yen, **(BILL if state == "billed" else {})).done()
    return case


def test_every_state_keeps_its_own_amount_and_day() -> None:
    case = whole_way()
    on_day(case, date(2027, 6, 1))
    amount(case, "settled", 700).then(e.BudgetRecorded)
    line = case.state.budgets[2026].lines["initial"]
    assert list(line.figures) == list(STATES)
    assert {s: f.amount for s, f in line.figures.items()} == {**dict(WAY), "settled": 700}
    assert line.figures["asked"].on == date(2026, 4, 1) and line.figures["settled"].on == date(2027, 6, 1)
    assert (line.bill, case.state.budgets[2026].voted) == ("議案第12号", 800)


def test_windows_of_a_year_stand_beside_each_other_and_the_year_is_their_sum() -> None:
    case = voted(begun(), 200)
    amount(case, "asked", 900, window="june").done()
    amount(case, "voted", 800, window="june").refused("budget-order")
    amount(case, "indicated", 800, window="june").done()
    on_day(case, date(2026, 6, 26))
    amount(case, "voted", 800, window="june").done()
    budget = case.state.budgets[2026]
    assert (budget.asked, budget.voted) == (1100, 1000)
    assert budget.lines["initial"].amount("voted") == 200 and budget.lines["june"].amount("voted") == 800


def test_what_was_recorded_before_there_were_windows_still_folds() -> None:
    case = begun()
    for state, yen in (("asked", 5), ("indicated", 4), ("voted", 3)):
        case.record(e.BudgetRecorded.model_validate({"fiscal_year": 2026, "state": state, "amount": yen}))
    assert case.state.budgets[2026].voted == 3
    amount(case, "allotted", 3).done()
    assert case.state.budgets[2026].lines["initial"].amount("allotted") == 3


def after(*states: str) -> Case:
    case = begun()
    for state, yen in WAY:
        if state in states:
            amount(case, state, yen, **(BILL if state == "billed" else {})).done()
    return case


@pytest.mark.parametrize(
    ("before", "state", "yen", "rule"),
    [
        (("asked",), "assessed_bureau", 1, "budget-order"),
        (("asked",), "appealed", 1, "budget-order"),
        (("asked", "assessed_section"), "indicated", 1, "budget-order"),
        (("asked", "indicated"), "assessed_section", 1, "budget-order"),
        (("asked", "indicated"), "restored", 1, "budget-order"),
        (("asked", "indicated", "appealed"), "voted", 1, "budget-order"),
        (("asked", "indicated", "appealed", "restored", "billed"), "appealed", 1, "budget-order"),
        (("asked", "indicated", "appealed", "restored", "voted"), "executed", 1, "budget-order"),
        (("asked", "indicated"), "appealed", 301, "budget-above-cut"),
        (("asked", "indicated", "appealed"), "restored", 201, "budget-above-cut"),
        (("asked", "indicated"), "billed", 701, "budget-above-indication"),
        (("asked", "indicated"), "voted", 701, "budget-above-indication"),
        (("asked", "indicated", "appealed", "restored", "voted"), "allotted", 801, "budget-above-vote"),
        (
            ("asked", "indicated", "appealed", "restored", "voted", "allotted"),
            "executed",
            751,
            "budget-above-allotment",
        ),
        (
            ("asked", "indicated", "appealed", "restored", "voted", "allotted", "executed"),
            "settled",
            1,
            "accounts-open",
        ),
        (("asked", "indicated"), "billed", 700, "bill-number"),
    ],
)
def test_order_and_limits(before: tuple[str, ...], state: str, yen: int, rule: str) -> None:
    amount(after(*before), state, yen).refused(rule)


def test_the_section_asks_for_restoration_and_executes_and_finance_does_the_rest() -> None:
    case = after("asked", "indicated")
    amount(case, "appealed", 200, by="mayor").refused("not-your-draft")
    amount(case, "appealed", 200, by="drafter").done()
    amount(case, "restored", 200, by="drafter").refused("not-finance")


def test_days_follow_each_other_and_do_not_lie_ahead() -> None:
    case = begun()
    amount(case, "asked", 1000, on=date(2026, 4, 2)).refused("budget-date")
    amount(case, "asked", 1000).done()
    amount(case, "indicated", 1000, on=date(2026, 3, 31)).refused("budget-date")
    amount(case, "indicated", 1000, window="july").refused("budget-window")


def test_a_year_is_amended_until_31_march_and_not_on_1_april() -> None:
    case = after("asked", "indicated")
    on_day(case, date(2027, 4, 1))
    amount(case, "voted", 700).refused("budget-year-over")
    amount(case, "voted", 700, on=date(2027, 3, 31)).done()


def test_a_budget_is_voted_when_the_assembly_sits_and_not_before() -> None:
    case = begun()
    for state in ("asked", "indicated"):
        amount(case, state, 800, window="june").done()
        amount(case, state, 500, window="supplementary").done()
    on_day(case, date(2026, 6, 4))
    refusal = amount(case, "voted", 800, window="june").refused("vote-before-session")
    assert "2026-06-05" in refusal.message.en and "令和8年6月5日" in refusal.message.ja
    assert "supplementary" in refusal.remedy.en and "fiscal.yaml" in refusal.remedy.en
    amount(case, "voted", 500, window="supplementary").done()  # an extraordinary session
    on_day(case, date(2026, 7, 3))
    amount(case, "voted", 800, window="june", on=date(2026, 6, 4)).refused("vote-before-session")
    amount(case, "voted", 800, window="june").done()  # the session was prolonged


def test_an_initial_budget_is_voted_in_the_february_before_its_year() -> None:
    case = begun()
    for state in ("asked", "indicated"):
        amount(case, state, 800, year=2027).done()
    on_day(case, date(2027, 2, 24))
    amount(case, "voted", 800, year=2027).refused("vote-before-session")
    on_day(case, date(2027, 2, 25))
    amount(case, "voted", 800, year=2027).done()


def test_execution_is_recorded_until_31_may_and_refused_on_1_june() -> None:
    case = after("asked", "indicated", "appealed", "restored", "voted", "allotted")
    amount(case, "executed", 1, on=date(2026, 3, 31)).refused("budget-date")
    on_day(case, date(2027, 5, 31))  # a Monday
    amount(case, "executed", 700).done()
    on_day(case, date(2027, 6, 1))
    refusal = amount(case, "executed", 710).refused("accounts-closed")
    assert "165" in refusal.remedy.ja
    amount(case, "settled", 700).done()


def test_nothing_is_spent_of_a_year_that_has_not_begun() -> None:
    case = begun()
    for state in ("asked", "indicated"):
        amount(case, state, 1000, year=2027).done()
    on_day(case, date(2027, 3, 24))
    for state in ("voted", "allotted"):
        amount(case, state, 1000, year=2027).done()
    amount(case, "executed", 1, year=2027).refused("budget-year-not-begun")


def test_a_closed_lifecycle_is_still_settled_but_asks_for_nothing() -> None:
    case = whole_way()
    case.when(case.make(c.DropLifecycle, reason="統合"), person("drafter")).done()
    amount(case, "asked", 1).refused("closed")
    on_day(case, date(2027, 6, 1))
    amount(case, "settled", 700).done()


def test_a_bill_is_under_embargo_until_it_is_public() -> None:
    case = after("asked", "indicated")
    amount(case, "billed", 700, **BILL, public_on=date(2026, 6, 5)).done()
    assert embargoed_until(case.state, date(2026, 6, 4)) == date(2026, 6, 5)
    assert embargoed_until(case.state, date(2026, 6, 5)) is None
    publish: dict[str, Any] = {"summary": "x", "since": date(2026, 6, 4), "parts": ("budget",)}
    case.when(case.make(PublishLifecycle, **publish), person("office")).refused("bill-embargo")
    case.when(case.make(PublishLifecycle, **{**publish, "since": date(2026, 6, 5)}), person("office")).done()
    amount(case, "voted", 700).done()
    assert embargoed_until(case.state, date(2026, 6, 4)) is None


# --- an amount that is cut --------------------------------------------------------------------------------------------


def asked_for(minimum: int | None = 800, *, fiscal: bool = True) -> Case:
    """Asked for 1,000 yen of FY2027; the small start needs `minimum`."""
    case = Case(CITY if fiscal else CITY.model_copy(update={"fiscal": None})).at("proposal")
    case.submit(small_start={"scope": "一課", "months": 3, "cost_cap": 1000, "minimum": minimum}).done()
    case.pass_gate()
    case.submit(amounts={"asked": 1000}, session="june").done()
    return case


def cut(case: Case, state: str, yen: int) -> list[str]:
    return [type(x).__name__ for x in amount(case, state, yen, year=2027).done()]


def test_a_cut_that_the_small_start_survives_is_noted_and_the_drafter_hears() -> None:
    case = asked_for()
    events = amount(case, "indicated", 800, year=2027).done()
    reduced = events[-1]
    assert isinstance(reduced, AmountReduced) and not reduced.below and case.state.stage == "budgeting"
    last = case.log[-1]
    assert [n.person for n in notices(case.state, last)] == ["p-drafter"]
    assert case.state.cut is None


def test_without_restoration_a_cut_below_the_small_start_goes_back_to_the_proposal_by_itself() -> None:
    case = asked_for()
    assert cut(case, "indicated", 799) == ["BudgetRecorded", "AmountReduced"]
    assert case.state.cut is not None and case.state.stage == "budgeting"
    until = case.state.cut.return_at
    assert until is not None and next_due(case.state) == until
    case.tick(until)
    assert (case.state.stage, case.state.work) == ("proposal", "proposal")
    assert next_due(case.state) != until and case.state.budgets[2027].indicated == 799
    assert [r.kind for r in case.state.requests] == ["draft"]


def test_the_return_waits_for_the_answer_to_restoration() -> None:
    case = asked_for()
    cut(case, "indicated", 700)
    amount(case, "appealed", 300, year=2027, by="drafter").done()
    case.days(60)
    assert case.state.stage == "budgeting" and case.state.cut is not None and case.state.cut.appealed
    assert "GateReturned" in cut(case, "restored", 99)
    assert case.state.stage == "proposal"


def test_what_is_restored_enough_goes_on() -> None:
    case = asked_for()
    cut(case, "indicated", 700)
    amount(case, "appealed", 300, year=2027).done()
    assert cut(case, "restored", 100) == ["BudgetRecorded", "AmountReduced"]
    assert case.state.cut is None
    case.pass_gate()
    assert case.state.stage == "pt_formation"


def test_the_gate_does_not_pass_on_less_than_the_small_start_needs() -> None:
    case = asked_for()
    cut(case, "indicated", 700)
    while case.state.requests[0].step != "finance":
        case.approve_step()
    case.give("approve").refused("budget-below-small-start")


def test_without_a_window_known_the_return_is_at_once_and_a_cut_by_the_assembly_is_too() -> None:
    case = asked_for(fiscal=False)
    assert "GateReturned" in cut(case, "indicated", 700)
    case = asked_for()
    cut(case, "indicated", 1000)
    case.pass_gate()
    on_day(case, date(2027, 6, 25))
    assert "GateReturned" in cut(case, "voted", 100)
    assert case.state.stage == "proposal"


def test_a_cut_while_on_hold_takes_effect_when_it_is_resumed() -> None:
    case = asked_for(fiscal=False)
    case.when(case.make(c.HoldLifecycle, reason="選挙"), person("drafter")).done()
    assert cut(case, "indicated", 700) == ["BudgetRecorded", "AmountReduced"]
    assert next_due(case.state) is None and case.state.stage == "budgeting"
    case.when(case.make(c.ResumeLifecycle), person("drafter")).done()
    case.tick()
    assert case.state.stage == "proposal"


@pytest.mark.parametrize("stage", ["monitoring", "review"])
def test_nothing_goes_back_once_it_is_being_carried_out(stage: str) -> None:
    case = asked_for()
    cut(case, "indicated", 1000)
    case.pass_gate()
    case.at(stage)
    on_day(case, date(2027, 6, 25))
    events = cut(case, "voted", 1)
    assert events == ["BudgetRecorded", "AmountReduced"] and case.state.stage == stage


def test_a_process_without_a_proposal_only_notes_the_cut() -> None:
    def unnamed(document: dict[str, object]) -> None:
        for stage in document["stages"]:  # type: ignore[attr-defined]
            if stage["deliverable"] == "proposal":
                stage["deliverable"] = "analysis"

    case = asked_for(fiscal=False)
    case.facts = with_process(unnamed, case.facts)
    assert cut(case, "indicated", 700) == ["BudgetRecorded", "AmountReduced"]


def test_another_years_amounts_and_a_proposal_without_minimum_move_nothing() -> None:
    case = asked_for()
    for state, yen in (("asked", 500), ("indicated", 1)):
        assert [type(x).__name__ for x in amount(case, state, yen, year=2028).done()] == ["BudgetRecorded"]
    case = asked_for(minimum=None)
    assert cut(case, "indicated", 1) == ["BudgetRecorded", "AmountReduced"]
    assert case.state.cut is None
