"""Gates: departments in parallel, quorum, conditions and promises, budget and contract, decided on what was read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given as over
from hypothesis import settings
from hypothesis import strategies as st

from domain.lifecycle import commands as c
from domain.lifecycle import events as e
from domain.lifecycle.state import Lifecycle
from tests.given import VALID, Case, person, stage_of, with_process

THREE = ("health-section", "school-section", "finance-section")


def concurrence(need: int | str = "all", on_reject: str = "return") -> Case:
    """Three departments asked at once, of whom `need` must agree."""

    def change(document: dict[str, Any]) -> None:
        stage_of(document, "coordination")["gate"][0].update(need=need, on_reject=on_reject)

    case = Case()
    case.facts = with_process(change)
    case.at("setup").submit(departments=list(THREE)).done()
    case.pass_gate()
    case.at("coordination")
    case.submit(opinions=[{"department": d, "stance": "agrees"} for d in THREE]).done()
    assert len(case.state.requests) == 3
    return case


def comparable(state: Lifecycle) -> dict[str, Any]:
    """A state without what depends on the order of answers by right: their list itself."""
    content = state.model_dump(mode="json", exclude={"given", "before"})
    content["promises"] = sorted(content["promises"], key=lambda p: str(p["id"]))
    return content


def give_all(decisions: Sequence[str], order: Sequence[int], need: int | str) -> Case:
    """The three answer in an order; those whose answer is needed no more are refused and heard no further."""
    case = concurrence(need)
    requests = case.state.requests
    for i in order:
        fields: dict[str, Any] = {"conditions": (c.Condition(text=f"条件{i}"),)} if decisions[i] == "conditions" else {}
        command = case.answer(decisions[i], requests[i], **fields)
        outcome = case.when(command, case.holder(requests[i]))
        if outcome.refusal is not None:
            assert outcome.refusal.rule in ("request-not-open", "already-answered")
    return case


@settings(max_examples=40, deadline=None)
@over(st.lists(st.sampled_from(["approve", "conditions"]), min_size=3, max_size=3), st.permutations(range(3)))
def test_the_order_of_agreements_does_not_matter(decisions: list[str], order: list[int]) -> None:
    one, other = give_all(decisions, (0, 1, 2), "all"), give_all(decisions, order, "all")
    assert comparable(one.state) == comparable(other.state)
    assert one.state.requests[0].step == "bureau_director"


@settings(max_examples=60, deadline=None)
@over(
    st.lists(st.sampled_from(["approve", "return", "reject"]), min_size=3, max_size=3),
    st.permutations(range(3)),
    st.sampled_from([1, 2, 3, "all"]),
)
def test_the_order_of_any_answers_leads_to_the_same_place(decisions: list[str], order: list[int], need: Any) -> None:
    case = give_all(decisions, order, need)
    needed = 3 if need == "all" else need
    passed = decisions.count("approve") >= needed
    assert [r.step for r in case.state.requests] == ["bureau_director" if passed else "draft"]
    assert case.state.stage == "coordination"


@pytest.mark.parametrize("need", [1, 2])
def test_one_refusal_does_not_drop_a_matter_that_enough_others_may_carry(need: int) -> None:
    case = concurrence(need, on_reject="drop")
    case.give("reject", case.state.requests[0]).then(e.RequestAnswered)
    for _ in range(need):
        case.give("approve", case.state.requests[0]).done()
    assert case.state.requests[0].step == "bureau_director"


def test_a_refusal_too_many_drops_it() -> None:
    case = concurrence(2, on_reject="drop")
    case.give("reject", case.state.requests[0]).done()
    case.give("reject", case.state.requests[0]).done()
    assert case.state.closed_as == "dropped"


def test_a_quorum_larger_than_the_departments_asked_means_all_of_them() -> None:
    def change(document: dict[str, Any]) -> None:
        stage_of(document, "coordination")["gate"][0].update(need=9)

    case = Case(facts=with_process(change)).circulating("coordination")
    case.give("approve", case.state.requests[0]).then(e.RequestAnswered)
    case.give("approve", case.state.requests[0]).then(e.RequestAnswered, e.RequestOpened)


def test_a_quorum_closes_what_is_needed_no_more() -> None:
    case = concurrence(2)
    third = case.state.requests[2]
    case.give("approve", case.state.requests[0]).then(e.RequestAnswered)
    case.give("approve", case.state.requests[0]).then(e.RequestAnswered, e.RequestClosed, e.RequestOpened)
    case.when(case.answer("return", third), person("finance-chief")).refused("request-not-open")


def test_the_owner_is_not_asked_as_a_department() -> None:
    case = Case().circulating("coordination")
    assert [r.post for r in case.state.requests] == ["health-chief", "school-chief"]


def test_a_step_that_asks_departments_is_passed_over_when_there_is_none() -> None:
    case = Case().at("setup")
    case.submit(departments=["child-section"]).done()
    case.pass_gate()
    case.at("coordination").submit().done()
    assert case.state.requests[0].step == "bureau_director"


def test_an_answer_is_given_once() -> None:
    case = Case().circulating("coordination")
    request = case.state.requests[0]
    case.give("approve", request).done()
    case.when(case.answer("approve", request), case.holder(request)).refused("already-answered")
    assert len(case.state.given) == 1


def test_conditions_become_promises_and_promises_are_kept() -> None:
    case = Case().circulating("setup")
    conditions = (c.Condition(text="毎月報告", by="child-section"), c.Condition(text="費用の上限"))
    case.give("conditions", conditions=conditions).then(
        e.RequestAnswered, e.PromiseMade, e.PromiseMade, e.RequestOpened
    )
    first, second = case.state.promises
    assert (first.text, first.by, second.by, first.id != second.id) == ("毎月報告", "child-section", None, True)
    case.when(case.make(c.FulfilPromise, promise=first.id, note="済")).then(e.PromiseFulfilled)
    kept, still = case.state.promises
    assert kept.fulfilled_at == case.now and still.fulfilled_at is None


def test_promises_of_the_coordination_are_made_when_its_gate_passes() -> None:
    pledge: dict[str, Any] = {"text": "窓口の場所を貸す", "by": "health-section", "due": "2026-09-30"}
    case = Case().at("coordination")
    case.submit(promises=[pledge]).done()
    assert [p.text for p in case.state.promises] == []
    case.when(case.make(c.WithdrawDraft, reason="誤記")).done()
    case.submit(promises=[pledge, {**pledge, "text": "広報"}]).done()
    case.pass_gate()
    assert [(p.text, p.by, str(p.due)) for p in case.state.promises] == [
        ("窓口の場所を貸す", "health-section", "2026-09-30"),
        ("広報", "health-section", "2026-09-30"),
    ]
    assert case.state.pledged == () and len({p.id for p in case.state.promises}) == 2


def test_pledges_sent_back_are_not_made() -> None:
    case = Case().at("coordination")
    case.submit(promises=[{"text": "t", "by": "health-section", "due": "2026-09-30"}]).done()
    case.give("return", back_to="analysis", comment="やり直し").done()
    case.at("proposal")
    assert [p.text for p in case.state.promises] == []


def test_the_same_promise_in_the_next_round_is_another_promise() -> None:
    pledge: dict[str, Any] = {"text": "窓口", "by": "health-section", "due": "2026-09-30"}
    case = Case().at("coordination")
    case.submit(promises=[pledge]).done()
    case.pass_gate()
    case.at("review")
    case.decide_outcome("improvement", back_to="coordination")
    case.submit(promises=[pledge]).done()
    case.pass_gate()
    assert [p.round for p in case.state.promises] == [1, 2] and len({p.id for p in case.state.promises}) == 2


def test_what_was_read_must_be_what_is_decided_on() -> None:
    case = Case().circulating("analysis")
    assert case.state.submission is not None
    read = case.state.submission.content_hash
    case.when(case.make(c.WithdrawDraft, reason="誤記")).done()
    case.submit(current_state="紙とFAX").done()
    case.give("approve", seen=read).refused("stale-document")
    assert case.state.submission is not None
    case.give("approve", seen=case.state.submission.content_hash).done()


def test_the_answer_holds_the_hash_of_what_was_decided_on() -> None:
    case = Case().circulating("analysis")
    assert case.state.submission is not None
    answered = case.give("approve").done()[0]
    assert isinstance(answered, e.RequestAnswered) and answered.content_hash == case.state.submission.content_hash


@pytest.mark.parametrize("recorded", ["by finance", "in the form"])
def test_the_budget_gate_passes_with_the_indication(recorded: str) -> None:
    case = Case().at("budgeting")
    in_form = recorded == "in the form"
    case.submit(amounts={"asked": 1000, "indicated": 700} if in_form else {"asked": 1000}).done()
    case.approve_step()
    case.approve_step()
    if not in_form:
        case.give("approve").refused("budget-indicated")
        case.when(case.make(c.RecordBudget, fiscal_year=2027, state="indicated", amount=700), person("finance")).done()
    case.give("approve").done()
    budget = case.state.budgets[2027]
    assert (case.state.stage, budget.asked, budget.indicated, budget.voted) == ("pt_formation", 1000, 700, None)


def test_amounts_of_a_form_count_only_once_its_gate_has_passed() -> None:
    case = Case().circulating("budgeting")
    assert case.state.budgets[2027].indicated is None
    case.give("return", comment="積算").done()
    case.submit(amounts={"asked": 1000}).done()
    case.approve_step()
    case.approve_step()
    case.give("approve").refused("budget-indicated")


def test_amounts_of_a_form_sent_back_do_not_count_at_the_next_gate() -> None:
    case = Case().circulating("budgeting")
    case.give("return", back_to="proposal", comment="別の案").done()
    case.at("budgeting")
    assert case.state.budgets[2027].indicated is None and case.state.claimed is None


def test_an_allotment_claimed_against_another_vote_does_not_count() -> None:
    case = Case().at("budgeting")
    case.submit(amounts={"asked": 1000, "indicated": 1000, "voted": 1000, "allotted": 1000}).done()
    for state, amount in (("indicated", 9), ("voted", 8)):
        case.when(case.make(c.RecordBudget, fiscal_year=2027, state=state, amount=amount), person("finance")).done()
    case.pass_gate()
    budget = case.state.budgets[2027]
    assert (budget.asked, budget.indicated, budget.voted, budget.allotted) == (1000, 9, 8, None)


def test_a_contract_waits_for_the_vote() -> None:
    case = Case().at("implementation")
    case.submit(contract=True).refused("implementation-contract")
    case.when(case.make(c.RecordBudget, fiscal_year=2027, state="voted", amount=700), person("finance")).done()
    case.submit(contract=True).done()


def test_the_vote_of_another_year_does_not_do() -> None:
    case = Case().at("implementation")
    for state in ("asked", "indicated", "voted"):
        case.when(case.make(c.RecordBudget, fiscal_year=2028, state=state, amount=7), person("finance")).done()
    case.submit(contract=True).refused("implementation-contract")


def test_monitoring_asks_for_every_kpi() -> None:
    case = Case().at("monitoring")
    case.submit().refused("monitoring-measured")
    case.when(case.make(c.RecordMeasurement, kpi="users", period="Q1", value="3"), person("member")).done()
    assert [p.value for p in case.submit().refused("monitoring-measured").problems] == ["cost"]
    case.measure()
    case.submit().done()


def test_a_new_round_is_measured_anew() -> None:
    case = Case().at("review")
    case.decide_outcome("improvement", back_to="implementation")
    case.at("monitoring").submit().refused("monitoring-measured")


def test_the_form_that_was_handed_in_is_kept_whole() -> None:
    case = Case().circulating("proposal")
    submitted = [r.event for r in case.log if isinstance(r.event, e.DeliverableSubmitted)][-1]
    assert submitted.content["options"][1]["title"] == VALID["proposal"]["options"][1]["title"]
    assert submitted.content["chosen"] == "a"
