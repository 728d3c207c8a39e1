"""Succession: what somebody has in their own name becomes another's, and nothing else."""

from __future__ import annotations

from domain.lifecycle import handover as h
from tests.given import Case, Outcome, person


def hand_over(case: Case, previous: str, successor: str, actor: str = "office") -> Outcome:
    command = case.make(h.HandOver, previous=f"p-{previous}", successor=f"p-{successor}", reason="異動")
    return case.when(command, person(actor))


def test_the_drafters_part_goes_to_the_successor_who_may_then_draft() -> None:
    case = Case().at("setup")
    assert h.duties_of(case.state, "p-drafter") == ("drafter",)
    case.submit(person("stranger")).refused("not-your-draft")
    hand_over(case, "drafter", "stranger").then(h.DutiesHandedOver)
    assert h.duties_of(case.state, "p-drafter") == () and h.duties_of(case.state, "p-stranger") == ("drafter",)
    case.submit(person("stranger")).done()


def test_kpis_and_seats_go_over_too_and_authors_stay() -> None:
    case = Case().at("implementation")
    assert {"member", "kpi:" + case.state.kpis[0].key} <= set(h.duties_of(case.state, "p-member"))
    case.submit().done()
    authors = case.state.authors
    hand_over(case, "member", "stranger").done()
    assert case.state.kpis[0].owner == "p-stranger" and "p-member" not in case.state.people
    assert case.state.authors == authors


def test_what_cannot_be_handed_over() -> None:
    case = Case().at("setup")
    hand_over(case, "drafter", "robot").refused("successor-unfit")
    hand_over(case, "drafter", "nobody").refused("successor-unfit")
    hand_over(case, "drafter", "drafter").refused("successor-unfit")
    hand_over(case, "school", "stranger").refused("nothing-to-hand-over")
    hand_over(case, "drafter", "member", "stranger").refused("not-concerned")
