"""Running lifecycles under another version of their process: what stays, what is asked again, what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.facts import Facts
from domain.lifecycle import commands as c
from domain.lifecycle import events as e
from domain.lifecycle.amendments import ReopenLifecycle
from domain.lifecycle.migrating import DefinitionMigrated, MigrateDefinition, migration
from domain.lifecycle.timers import next_due
from domain.process import ProcessDefinition
from tests.given import FACTS, PROCESS, STAGES, Case, Outcome, person, stage_of, with_process

Change = Callable[[dict[str, Any]], None]


def version_two(change: Change = lambda _: None) -> Facts:
    """Facts under himeji@2, which differs from himeji@1 by `change`."""
    document = PROCESS.model_dump(mode="json")
    document["version"] = 2
    change(document)
    return FACTS.model_copy(update={"definition": ProcessDefinition.model_validate(document)})


def move(case: Case, facts: Facts, stage: str | None = None, who: str = "drafter") -> Outcome:
    case.facts = facts
    assert facts.definition
    command = case.make(MigrateDefinition, definition=facts.definition.reference, stage=stage, reason="改正")
    return case.when(command, person(who))


def at_second_step(stage: str = "setup") -> Case:
    case = Case().circulating(stage)
    case.approve_step()
    return case


def shorter(document: dict[str, Any]) -> None:
    for stage in document["stages"]:
        stage["due"] = {"working_days": 1}
        for step in stage["gate"]:
            step["due"] = {"working_days": 1}


def new_first_step(document: dict[str, Any]) -> None:
    gate = stage_of(document, "setup")["gate"]
    audit = {"key": "audit", "title": {"ja": "事務局", "en": "secretariat"}}
    gate.insert(0, {**gate[0], **audit, "posts": [{"role": "secretariat_director", "unit": "headquarters"}]})


def without_second_step(document: dict[str, Any]) -> None:
    del stage_of(document, "setup")["gate"][1]


def without_analysis(document: dict[str, Any]) -> None:
    document["stages"] = [s for s in document["stages"] if s["key"] != "analysis"]
    stage_of(document, "setup")["next"] = "hypothesis"
    for stage in document["stages"]:
        stage["send_back_to"] = [b for b in stage["send_back_to"] if b != "analysis"]
    for outcome in document["outcomes"]:
        outcome["stages"] = [s for s in outcome["stages"] if s != "analysis"]
        if outcome.get("stage") == "analysis":
            outcome["stage"] = "hypothesis"


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("circulating", [False, True])
def test_where_nothing_that_is_asked_changed_requests_are_kept(stage: str, circulating: bool) -> None:
    case = Case().circulating(stage) if circulating else Case().at(stage)
    before = case.state
    events = move(case, version_two(shorter)).done()
    assert [type(x) for x in events] == [DefinitionMigrated]
    assert case.state.definition == "himeji@2"
    assert [r.model_dump(exclude={"step_index"}) for r in case.state.requests] == [
        r.model_dump(exclude={"step_index"}) for r in before.requests
    ]
    assert next_due(case.state) == next_due(before)
    if circulating:
        case.pass_gate()
        assert case.state.requests[0].due_at <= case.facts.calendar.later(case.now, 1)


def test_a_new_step_before_is_asked_and_agreements_given_stand() -> None:
    case = at_second_step()
    given = case.state.given
    events = move(case, version_two(new_first_step)).done()
    assert [type(x) for x in events] == [DefinitionMigrated, e.RequestClosed, e.RequestOpened]
    assert [r.step for r in case.state.requests] == ["audit"]
    assert case.state.given == given
    asked = [x.step for x in case.pass_gate() if isinstance(x, e.RequestOpened)]
    assert "section_chief" not in asked, "who had agreed is not asked again"
    assert case.state.stage == "analysis"


def test_a_step_that_is_gone_gives_way_to_the_next() -> None:
    case = at_second_step()
    assert case.state.requests[0].step == "bureau_director"
    move(case, version_two(without_second_step)).done()
    assert [r.step for r in case.state.requests] == ["deputy_mayor"]
    case.pass_gate()
    assert case.state.stage == "analysis"


def test_a_step_that_asks_somebody_else_asks_them() -> None:
    def other(document: dict[str, Any]) -> None:
        stage_of(document, "setup")["gate"][0]["posts"] = [{"role": "mayor", "unit": "city"}]

    case = Case().circulating("setup")
    move(case, version_two(other)).done()
    assert [r.post for r in case.state.requests] == ["mayor"]


def test_one_more_post_is_asked_beside_those_who_are() -> None:
    def more(document: dict[str, Any]) -> None:
        stage_of(document, "setup")["gate"][0]["posts"].append({"role": "mayor", "unit": "city"})

    case = Case().circulating("setup")
    kept = case.state.requests[0].id
    events = move(case, version_two(more)).done()
    assert [type(x) for x in events] == [DefinitionMigrated, e.RequestOpened]
    assert {r.post for r in case.state.requests} == {"child-chief", "mayor"} and case.state.request(kept)
    case.approve_step()
    assert case.state.requests[0].step == "bureau_director"


def test_another_form_begins_with_the_draft() -> None:
    case = Case().circulating("analysis")
    facts = version_two(lambda d: stage_of(d, "analysis").update(deliverable="hypothesis"))
    events = move(case, facts).done()
    assert isinstance(events[0], DefinitionMigrated) and events[0].drafted_again
    assert [r.kind for r in case.state.requests] == ["draft"] and case.state.submission is None


def test_a_draft_is_asked_of_whom_the_new_version_names() -> None:
    case = Case().at("setup")
    facts = version_two(lambda d: stage_of(d, "setup").update(drafter={"role": "section_chief", "unit": "owner"}))
    move(case, facts).done()
    assert [(r.kind, r.post) for r in case.state.requests] == [("draft", "child-chief")]


def test_a_stage_that_is_gone_needs_a_place_to_go_on() -> None:
    case = Case().circulating("analysis")
    facts = version_two(without_analysis)
    move(case, facts).refused("migration-impossible")
    case_before = case.state
    move(case, facts, stage="hypothesis").refused("not-headquarters")
    move(case, facts, stage="coordination", who="chief").refused("not-headquarters")
    assert case.state == case_before
    move(case, facts, stage="hypothesis", who="office").done()
    assert case.state.entered_at == case.now
    assert (case.state.stage, case.state.work) == ("hypothesis", "hypothesis")
    case.submit().done()
    case.pass_gate()
    assert case.state.stage == "coordination"


def test_the_dry_run_says_what_the_command_does() -> None:
    places: list[Callable[[], Case]] = [
        lambda: Case().at("setup"),
        at_second_step,
        lambda: Case().circulating("analysis"),
    ]
    for change in (shorter, new_first_step, without_second_step, without_analysis):
        for make in places:
            case, facts = make(), version_two(change)
            told = migration(case.state, facts, case.now)
            outcome = move(case, facts)
            if told.effect == "impossible":
                outcome.refused("migration-impossible")
                continue
            events = outcome.done()
            assert [x for x in events if isinstance(x, e.RequestOpened)] == list(told.opened)
            assert {x.request for x in events if isinstance(x, e.RequestClosed)} == set(told.closed)
            assert case.state.requests, "open, and waits for nobody"


def test_a_closed_one_and_one_that_is_there_already_are_told_apart() -> None:
    case = Case().at("setup")
    assert migration(case.state, FACTS, case.now).effect == "same"
    case.when(case.make(c.DropLifecycle, reason="不要")).done()
    assert migration(case.state, version_two(), case.now).effect == "impossible"


def many(need: int | str) -> Change:
    """The first step of the set-up asks three posts."""

    def change(document: dict[str, Any]) -> None:
        roles = (("section_chief", "owner"), ("secretariat_director", "headquarters"), ("mayor", "city"))
        step = stage_of(document, "setup")["gate"][0]
        step.update(posts=[{"role": r, "unit": u} for r, u in roles], need=need)

    return change


def asked_of_many(need: int | str, *decisions: str) -> Case:
    case = Case(facts=with_process(many(need))).circulating("setup")
    for decision in decisions:
        case.give(decision).done()
    return case


def test_who_was_asked_beside_others_and_agreed_is_enough_once_alone() -> None:
    case = asked_of_many("all", "approve")
    move(case, version_two()).done()
    assert [r.step for r in case.state.requests] == ["bureau_director"]
    case.pass_gate()
    assert case.state.stage == "analysis"


def test_half_a_step_is_not_taken_for_a_whole_one_when_another_comes_before() -> None:
    def both(document: dict[str, Any]) -> None:
        many("all")(document)
        new_first_step(document)

    case = asked_of_many("all", "approve")
    told = move(case, version_two(both)).done()[0]
    assert isinstance(told, DefinitionMigrated) and told.again == ("section_chief",)
    case.approve_step()
    assert {r.post for r in case.state.requests} == {"child-chief", "office-director", "mayor"}


def test_more_agreements_than_an_earlier_step_had_are_asked_for_again() -> None:
    case = asked_of_many(1, "approve")
    assert case.state.requests[0].step == "bureau_director"
    move(case, version_two(many(2))).done()
    assert len(case.state.requests) == 3, "one person never counts twice"
    case.give("approve").done()
    assert case.state.requests[0].step == "section_chief"


def test_a_number_of_agreements_that_is_there_already_is_enough() -> None:
    case = asked_of_many("all", "approve")
    move(case, version_two(many(1))).done()
    assert case.state.requests[0].step == "bureau_director"


def test_a_refusal_that_was_bearable_does_not_freeze_what_needs_everybody() -> None:
    case = asked_of_many(2, "reject")
    told = move(case, version_two(many("all"))).done()[0]
    assert isinstance(told, DefinitionMigrated) and told.again == ("section_chief",)
    assert len(case.state.requests) == 3
    case.pass_gate()
    assert case.state.stage == "analysis"


def without_wind_down(document: dict[str, Any]) -> None:
    document["wind_down"] = None
    document["outcomes"] = [o for o in document["outcomes"] if o["then"] != "wind_down"]


def test_an_abolition_that_was_decided_is_not_undone_by_moving() -> None:
    case = Case().at("review")
    case.decide_outcome("abolition")
    assert case.state.work == "wind_down"
    move(case, version_two(), stage="proposal", who="mayor").refused("migration-impossible")
    move(case, version_two(without_wind_down), who="mayor").refused("migration-impossible")
    move(case, version_two(lambda d: d["wind_down"].update(key="tidying"))).done()
    assert (case.state.stage, case.state.work) == ("review", "tidying")
    case.finish_tasks()
    case.submit().done()
    case.pass_gate()
    assert case.state.closed_as == "abolition"


def test_moving_does_not_take_the_place_of_a_reopening_that_is_being_decided() -> None:
    case = dropped()
    case.when(case.make(ReopenLifecycle, stage="analysis", reason="やり直し")).done()
    move(case, version_two(), stage="analysis", who="office").refused("migration-impossible")
    move(case, version_two(without_analysis)).refused("migration-impossible")
    move(case, version_two(shorter)).done()
    case.pass_gate()
    assert (case.state.stage, case.state.closed, case.state.definition) == ("analysis", False, "himeji@2")


def test_the_answers_that_a_new_form_costs_are_told_before() -> None:
    case = at_second_step("analysis")
    facts = version_two(lambda d: stage_of(d, "analysis").update(deliverable="hypothesis"))
    words = [x.en for x in migration(case.state, facts, case.now).words]
    assert any("1 answer(s)" in x for x in words)


ROLES = {
    "child-chief": ("section_chief", "owner"),
    "child-director": ("bureau_director", "owner"),
    "office-director": ("secretariat_director", "headquarters"),
    "finance-director": ("finance_director", "finance"),
    "mayor": ("mayor", "city"),
}


@st.composite
def gates(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One to three steps of few keys, so that two gates have some in common; each asks up to three posts."""
    steps = []
    for key in draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True)):
        posts = draw(st.lists(st.sampled_from(list(ROLES)), min_size=1, max_size=3, unique=True))
        steps.append(
            {
                "key": key,
                "title": {"ja": key, "en": key},
                "posts": [{"role": ROLES[p][0], "unit": ROLES[p][1]} for p in posts],
                "need": draw(st.sampled_from(["all", *range(1, len(posts) + 1)])),
                "due": {"working_days": 5},
                "remind_before": {"working_days": 1},
            }
        )
    return steps


@given(old=gates(), new=gates(), order=st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=4))
@example(  # half a step, moved behind another
    old=[{"key": "a", "title": {"ja": "a", "en": "a"}, "due": {"working_days": 5}, "need": "all",
          "posts": [{"role": "mayor", "unit": "city"}, {"role": "section_chief", "unit": "owner"}]}],
    new=[{"key": k, "title": {"ja": k, "en": k}, "due": {"working_days": 5}, "need": "all",
          "posts": [{"role": "mayor", "unit": "city"}, {"role": "section_chief", "unit": "owner"}]} for k in "ba"],
    order=[(0, True)],
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_after_any_move_everybody_the_new_route_asks_has_agreed_or_will_be_asked(
    old: list[dict[str, Any]], new: list[dict[str, Any]], order: list[tuple[int, bool]]
) -> None:
    case = Case(facts=with_process(lambda d: stage_of(d, "setup").update(gate=old))).circulating("setup")
    for which, agrees in order:
        asked = case.state.requests
        if len(asked) == 1 and (not agrees or asked[0].step == old[-1]["key"]):
            continue
        command = case.answer("approve" if agrees else "return", asked[which % len(asked)])
        kept, log = case.state, list(case.log)
        case.when(command, case.holder(asked[which % len(asked)])).done()
        if not case.state.in_circulation or case.state.stage != "setup":
            case.state, case.log = kept, log
    whole = {g.step for g in case.state.given} - {r.step for r in case.state.requests}
    version = case.state.submission and case.state.submission.version
    facts = version_two(lambda d: stage_of(d, "setup").update(gate=new))
    told = migration(case.state, facts, case.now)
    if told.effect == "impossible":
        assert "withdraw" in told.words[0].en
        return
    move(case, facts).done()
    for _ in range(20):
        if case.state.stage != "setup":
            break
        assert case.state.requests and next_due(case.state) == min(
            x for r in case.state.requests for x in (r.remind_at, r.due_at) if x
        )
        assert all(new[r.step_index]["key"] == r.step for r in case.state.requests)
        case.give("approve").done()
    assert case.state.stage == "analysis" and case.state.versions["setup/1"] == version
    posts = {role: post for post, role in ROLES.items()}
    for step in new:
        wanted = {posts[p["role"], p["unit"]] for p in step["posts"]}
        agreed = {
            r.event.post
            for r in case.log
            if isinstance(r.event, e.RequestAnswered) and r.event.step == step["key"] and r.event.decision == "approve"
        }
        if step["need"] != "all":
            assert len(agreed) >= step["need"], step
        elif step["key"] not in whole:
            assert wanted <= agreed, step


def test_a_hold_goes_on_under_the_new_version() -> None:
    case = Case().circulating("setup")
    case.when(case.make(c.HoldLifecycle, reason="選挙")).done()
    move(case, version_two(new_first_step)).done()
    assert next_due(case.state) is None
    case.days(7)
    case.when(case.make(c.ResumeLifecycle)).done()
    case.pass_gate()
    assert case.state.stage == "analysis"


REFUSALS: list[tuple[str, Callable[[], Outcome]]] = [
    ("migration-impossible", lambda: move(Case().at("setup"), version_two(), stage="monitoring", who="mayor")),
    ("migration-impossible", lambda: move(Case().at("setup"), version_two(), stage="wind_down", who="mayor")),
    ("migration-impossible", lambda: move(Case().at("analysis"), version_two(without_analysis), stage="reopening")),
    ("migrated-already", lambda: move(Case().at("setup"), FACTS)),
    ("migration-impossible", lambda: move(Case().circulating("analysis"), version_two(without_analysis))),
    ("migration-impossible", lambda: move(Case().at("setup"), version_two(), stage="moon")),
    ("not-concerned", lambda: move(Case().at("setup"), version_two(), who="stranger")),
    ("closed", lambda: move(dropped(), version_two())),
]


def dropped() -> Case:
    case = Case().at("setup")
    case.when(case.make(c.DropLifecycle, reason="不要")).done()
    return case


@pytest.mark.parametrize(("rule", "attempt"), REFUSALS)
def test_refused(rule: str, attempt: Callable[[], Outcome]) -> None:
    outcome = attempt()
    before = outcome.case.state
    outcome.refused(rule)
    assert outcome.case.state == before
