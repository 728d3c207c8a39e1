"""What stands of a route, and who is asked again, when the document was taken back, sent back or objected to on the way."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from domain.facts import Facts
from domain.lifecycle import absence, consultations, consulting, dialogue, migrating, registering
from domain.lifecycle import commands as c
from domain.lifecycle import events as e
from domain.lifecycle.moving import migration
from domain.lifecycle.overview import route as stops
from tests.given import DRAFTER, Case, Outcome, person, with_process
from tests.unit.test_routes import asked, concurring, facts_of, objecting, settle


def resumable(**stage: Any) -> Facts:
    """A route whose chief and departments cover parts of the document, so that their agreement may stand."""
    concurrence = {"covers": ["purpose"]} | stage.pop("concurrence", {})
    return facts_of(chief={"covers": ["purpose"]}, concurrence=concurrence, **stage)


def withdraw(case: Case) -> Case:
    case.when(case.make(c.WithdrawDraft, reason="直す"), DRAFTER).done()
    return case


def add(case: Case, post: str = "finance-chief") -> Case:
    case.when(case.make(consulting.AddConcurrence, post=post, reason="費用がかかる"), person("chief")).done()
    return case


def waiting(case: Case) -> set[str]:
    return {r.post for r in case.state.requests}


# --- taken back and handed in again ----------------------------------------------------------------------------------


@pytest.mark.parametrize("answers", [[], ["health-chief"]])
def test_who_had_not_answered_is_asked_about_the_next_version(answers: list[str]) -> None:
    case = concurring(resumable())
    for post in answers:
        case.give("approve", asked(case, post)).done()
    withdraw(case).submit(problem="窓口がとても混む").done()
    assert waiting(case) == {"health-chief", "school-chief"}, "the chief agreed, the departments had not all done so"


def test_who_sent_it_back_is_asked_about_the_next_version() -> None:
    case = concurring(resumable())
    case.give("approve", asked(case, "health-chief")).done()
    case.give("return", asked(case, "school-chief"), comment="人手が足りない").done()
    case.submit().done()
    assert waiting(case) == {"health-chief", "school-chief"}


def test_an_objection_does_not_vanish_when_the_document_is_taken_back() -> None:
    case = objecting(resumable())
    withdraw(case).submit().done()
    assert waiting(case) == {"health-chief", "school-chief"}


def test_a_step_that_was_complete_stands() -> None:
    case = concurring(resumable())
    for post in ("health-chief", "school-chief"):
        case.give("approve", asked(case, post)).done()
    withdraw(case).submit(problem="窓口がとても混む").done()
    assert waiting(case) == {"child-director"}


def test_a_department_that_joins_is_asked_though_the_others_agreed() -> None:
    case = concurring(resumable())
    for post in ("health-chief", "school-chief"):
        case.give("approve", asked(case, post)).done()
    more = ["child-section", "health-section", "school-section", "finance-section"]
    withdraw(case).submit(departments=more).done()
    assert "finance-chief" in waiting(case)


def test_a_number_that_one_department_alone_cannot_reach_is_reached_by_it() -> None:
    case = Case(facts=resumable(concurrence={"need": 2})).at("setup")
    alone = ["child-section", "health-section"]
    case.submit(departments=alone).done()
    case.give("approve").done()
    case.give("approve", asked(case, "health-chief")).done()
    assert waiting(case) == {"child-director"}
    assert [s.standing for s in stops(case.state, case.facts)] == ["agreed", "agreed", "asked"]
    withdraw(case).submit(departments=alone, problem="窓口がとても混む").done()
    assert waiting(case) == {"child-director"}


@pytest.mark.parametrize("answered", [None, "approve", "reject"])
def test_added_concurrence_is_asked_about_the_next_version(answered: str | None) -> None:
    case = add(concurring(resumable()))
    if answered:
        case.give(answered, asked(case, "finance-chief")).done()
    withdraw(case).submit().done()
    assert waiting(case) == {"health-chief", "school-chief", "finance-chief"}
    case.pass_gate()
    assert case.state.stage == "analysis"


def test_added_concurrence_alone_is_still_waited_for_when_all_else_stands() -> None:
    case = concurring(resumable(director={"covers": ["purpose"]}))
    for post in ("health-chief", "school-chief"):
        case.give("approve", asked(case, post)).done()
    add(case)
    case.give("approve", asked(case, "child-director")).then(e.RequestAnswered)
    withdraw(case).submit().done()
    assert waiting(case) == {"finance-chief"}
    case.give("approve").done()
    assert case.state.stage == "analysis"


def test_added_concurrence_is_asked_again_after_going_back_to_an_earlier_step() -> None:
    case = add(concurring())
    case.give("approve", asked(case, "finance-chief")).done()
    case.give("return", asked(case, "school-chief"), back_to="section_chief", comment="課長に確認").done()
    assert waiting(case) == {"child-chief", "finance-chief"}
    case.pass_gate()
    assert case.state.stage == "analysis"


# --- an added concurrence that objects -------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(itertools.permutations(["finance-chief", "health-chief", "school-chief"])))
@pytest.mark.parametrize("agreed", [True, False])
def test_an_objection_of_somebody_added_stands_whoever_answers_last(order: tuple[str, ...], agreed: bool) -> None:
    case = add(concurring())
    for post in order:
        case.give("reject" if post == "finance-chief" else "approve", asked(case, post)).done()
    assert [found.post for found in case.state.consultations] == ["finance-chief"] and case.state.requests == ()
    assert "objected" in [s.standing for s in stops(case.state, case.facts) if s.step == "added"]
    settle(case, agreed, person("finance-chief")).done()
    if not agreed:
        case.give("approve", asked(case, "deputy-mayor")).done()
    assert waiting(case) == {"child-director"}


# --- in consultation, the document is in circulation ------------------------------------------------------------------


def test_in_consultation_the_document_may_be_taken_back_asked_about_and_more_concurrence_added() -> None:
    withdraw(objecting())
    case = objecting()
    case.when(case.make(dialogue.AskQuestion, text="根拠は"), person("school")).then(dialogue.QuestionAsked)
    case = add(objecting())
    settle(case, True).then(consultations.ConsultationSettled)
    assert waiting(case) == {"finance-chief"}


def test_in_consultation_no_new_version_is_handed_in_over_the_objection() -> None:
    case = objecting()
    case.submit(purpose="別の目的です").refused("in-circulation")
    assert [found.post for found in case.state.consultations] == ["school-chief"]


def test_in_consultation_a_decision_made_elsewhere_may_be_entered() -> None:
    case = objecting(facts_of(outside_decision=True))
    assert case.state.submission is not None
    entered = case.make(
        registering.EnterOutsideDecision,
        system="文書管理",
        number="12",
        decided_on=case.now.date(),
        decided_by="child-director",
        seen=case.state.submission.content_hash,
    )
    case.when(entered, person("office")).done()
    assert case.state.stage == "analysis" and case.state.consultations == ()


def test_in_consultation_a_lifecycle_is_not_moved_and_nothing_is_lost() -> None:
    case = objecting()
    before = case.state
    case.facts = with_process(lambda document: document.update(version=2), case.facts)
    assert migration(case.state, case.facts, case.now).effect == "impossible"
    move = case.make(migrating.MigrateDefinition, definition="himeji@2", reason="新しい版")
    case.when(move, person("office")).refused("migration-impossible")
    assert case.state == before


def test_moving_to_a_draft_elsewhere_leaves_no_consultation_behind() -> None:
    case = objecting()
    assert case.facts.definition is not None

    def renamed(document: dict[str, Any]) -> None:
        document["version"] = 2
        for stage in document["stages"]:
            stage["key"] = stage["key"].replace("setup", "founding")
            stage["send_back_to"] = [key.replace("setup", "founding") for key in stage["send_back_to"]]

    case.facts = with_process(renamed, case.facts)
    move = case.make(migrating.MigrateDefinition, definition="himeji@2", stage="founding", reason="新しい版")
    case.when(move, person("office")).done()
    assert case.state.consultations == () and [r.kind for r in case.state.requests] == ["draft"]
    assert not any(isinstance(x, consultations.ConsultationSettled) for x in case.tick(case.now + timedelta(days=20)))


@pytest.mark.parametrize("settled", [True, False])
def test_a_hold_stops_the_clock_of_a_consultation(settled: bool) -> None:
    case = objecting()
    due = case.state.consultations[0].due_at
    case.when(case.make(c.HoldLifecycle, reason="選挙"), person("office")).done()
    case.days(60)
    case.when(case.make(c.ResumeLifecycle), person("office")).done()
    moved = case.state.consultations[0].due_at
    assert moved > case.now + timedelta(days=2) > due and case.tick(case.now + timedelta(hours=1)) == []
    if settled:
        settle(case, True).done()
        assert waiting(case) == {"child-director"}
    else:
        case.tick(moved)
        assert case.state.consultations[0].referred


# --- who may be asked to concur, and what may be a condition ----------------------------------------------------------


def test_concurrence_is_not_asked_of_a_post_that_only_the_drafter_holds() -> None:
    case = concurring()
    own = case.make(consulting.AddConcurrence, post="child-drafter", reason="念のため")
    case.when(own, DRAFTER).refused("nobody-could-concur")
    recused = case.make(absence.Recuse, person="p-finance-chief", reason="親族の会社")
    case.when(recused, person("office")).done()
    barred = case.make(consulting.AddConcurrence, post="finance-chief", reason="費用")
    case.when(barred, DRAFTER).refused("nobody-could-concur")


@pytest.mark.parametrize("by", [None, "p-member", "child-section", "child-director"])
def test_a_condition_is_met_by_somebody_there_is_on_a_day_to_come(by: str | None) -> None:
    case = concurring()
    request = asked(case, "health-chief")

    def given(**condition: Any) -> Outcome:
        return case.give("conditions", request, conditions=(c.Condition(text="毎月報告", **condition),))

    given(by="nobody-such").refused("condition-by")
    given(by=by, due="1999-01-01").refused("condition-due")
    given(by=by, due=case.now.date()).done()
    assert case.state.promises[0].by == by
