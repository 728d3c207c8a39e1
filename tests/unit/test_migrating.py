"""Running lifecycles under another version of their process: what stays, what is asked again, what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain.facts import Facts
from domain.lifecycle import commands as c
from domain.lifecycle import events as e
from domain.lifecycle.migrating import DefinitionMigrated, MigrateDefinition, migration
from domain.lifecycle.timers import next_due
from domain.process import ProcessDefinition
from tests.given import FACTS, PROCESS, STAGES, Case, Outcome, person, stage_of

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
    move(case, facts, stage="hypothesis").done()
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
