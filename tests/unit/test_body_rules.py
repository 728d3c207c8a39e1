"""The rules of the bodies are published, and by whom; nobody brings their own."""

from __future__ import annotations

from typing import Any

from domain.bodies_stream import STREAM, PublishRules, RulesKind, RulesPublished
from domain.messages import SYSTEM
from tests.bodies import OFFICE, Body, facts, rules
from tests.city import person


def published() -> Body:
    case = Body(RulesKind(), STREAM)
    case.do(PublishRules, SYSTEM, rules=rules())
    return case


def test_rules_are_published_once_and_the_newest_holds() -> None:
    case = published()
    assert not case.do(PublishRules, SYSTEM, rules=rules())
    case.refused("rules-version-taken", PublishRules, OFFICE, rules=rules(selects="monitoring"))
    (event,) = case.do(PublishRules, OFFICE, rules=rules(version=2, selects="monitoring"))
    assert isinstance(event, RulesPublished) and len(event.digest) == 64
    found = case.state.find()
    assert found is not None and found.selects == "monitoring"
    assert case.state.find("himeji-bodies@1") == rules() and case.state.find("himeji-bodies@3") is None


def test_only_the_secretariat_and_those_above_lay_them_down() -> None:
    case = published()
    theirs: dict[str, Any] = {"version": 2, "secretariat": "child-section"}
    for stranger in ("drafter", "director", "stranger"):
        case.refused("not-headquarters", PublishRules, person(stranger), rules=rules(**theirs))
    case.refused("unit-unknown", PublishRules, OFFICE, rules=rules(version=2, secretariat="nowhere"))
    case.do(PublishRules, person("mayor"), rules=rules(version=2))
    empty = Body(RulesKind(), STREAM)
    empty.refused("not-headquarters", PublishRules, OFFICE, rules=rules())
    Body(RulesKind(), "elsewhere").refused("rules-stream", PublishRules, SYSTEM, rules=rules())


def test_the_first_rules_of_a_city_are_laid_down_by_whoever_looks_after_the_processes() -> None:
    known = facts()
    units = [
        u.model_copy(update={"duties": ("processes",)}) if u.id == "child-section" else u for u in known.directory.units
    ]
    here = known.model_copy(update={"directory": known.directory.model_copy(update={"units": tuple(units)})})
    first = Body(RulesKind(), STREAM, here)
    first.refused("not-headquarters", PublishRules, OFFICE, rules=rules())
    first.do(PublishRules, person("chief"), rules=rules())
    first.refused("not-headquarters", PublishRules, person("chief"), rules=rules(version=2))
    without = here.directory.model_copy(update={"units": tuple(u for u in units if u.id != rules().secretariat)})
    first.facts = here.model_copy(update={"directory": without})
    first.do(PublishRules, person("chief"), rules=rules(version=2, secretariat="child-section"))


def test_a_state_survives_its_snapshot() -> None:
    case = published()
    case.do(PublishRules, OFFICE, rules=rules(version=2))
    again = case.kind.state_type.model_validate_json(case.state.model_dump_json())
    assert again == case.state and again.title == "himeji-bodies@2"
