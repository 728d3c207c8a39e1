"""What ships fits together: the directory, the routes of Himeji's process, the strategy's ids, the examples of the README."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from definitions.loader import SHIPPED, load_definition, load_people, read_document
from domain.deliverables.base import Context
from domain.deliverables.registry import DELIVERABLES, broken_rules, parse
from domain.process import REOPENING, PostRef, Stage
from imports.starts import read_start_file
from settings import ROOT

DIRECTORY, NAMES = load_people()
PROCESS = load_definition()
STRATEGY: dict[str, Any] = read_document(SHIPPED / "strategy.yaml")
TODAY = date(2026, 11, 24)
SECTIONS = [u.id for u in DIRECTORY.units if u.kind in ("section", "office")]
UNITS: dict[str, str] = {str(name): unit for name, unit in PROCESS.units.items()}
STAGES = [*PROCESS.stages, *([PROCESS.wind_down] if PROCESS.wind_down else [])]
FORMS = sorted((ROOT / "examples" / "deliverables").glob("*.yaml"))


def asked(stage: Stage) -> list[PostRef]:
    """Every post that a stage may ask: its drafter, its route, and those to whom what is late is told."""
    route = [ref for step in stage.gate for ref in (*step.posts, *([step.escalate_to] if step.escalate_to else []))]
    return [stage.drafter, *route]


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("stage", STAGES, ids=lambda s: s.key)
def test_somebody_holds_every_post_that_a_section_needs(stage: Stage, section: str) -> None:
    for ref in asked(stage):
        unit = section if ref.unit in ("owner", "departments") else UNITS[ref.unit]
        post = DIRECTORY.post_for(ref.role, unit)
        assert post is not None, f"{ref.role} in {unit}"
        assert DIRECTORY.holders(post.id, TODAY), f"{post.id} is vacant"


def test_bureaus_can_chair_and_coordinate_and_every_post_is_held_once() -> None:
    for bureau in (u.id for u in DIRECTORY.units if u.kind == "bureau"):
        for role in ("bureau_director", "general_affairs"):
            assert any(p.unit == bureau and p.role == role for p in DIRECTORY.posts), f"{role} of {bureau}"
    assert [len(DIRECTORY.holders(p.id, TODAY)) for p in DIRECTORY.posts] == [1] * len(DIRECTORY.posts)
    assert sum(p.role == "deputy_mayor" for p in DIRECTORY.posts) == 2


def test_names_are_all_there_all_different_and_lead_nowhere() -> None:
    assert {n.person for n in NAMES} == {p.id for p in DIRECTORY.people}
    assert len({n.name for n in NAMES}) == len(NAMES)
    assert all((n.email or "").endswith("@example.jp") for n in NAMES)


def identified(node: Any) -> list[str]:
    """All ids of a document, at any depth."""
    if isinstance(node, list):
        return [i for item in node for i in identified(item)]
    if not isinstance(node, dict):
        return []
    own = [node["id"]] if "id" in node else []
    return own + [i for value in node.values() for i in identified(value)]


def test_the_strategy_has_all_its_parts_in_two_languages() -> None:
    sizes = {"purposes": 3, "tactics": 3, "basic_policies": 5, "viewpoints": 3, "principles": 3, "plans": 4}
    assert {part: len(STRATEGY[part]) for part in sizes} == sizes
    for part in ("plans", "purposes", "policies", "tactics", "basic_policies", "viewpoints", "principles", "means"):
        ids = [row["id"] for row in STRATEGY[part]]
        assert len(set(ids)) == len(ids)
        assert all(row["title"]["ja"] and row["title"]["en"] for row in STRATEGY[part])
    skills = [sum(tier["skills"].values()) for tier in STRATEGY["talent"]["tiers"]]
    assert sum(skills) == 35
    assert {p["purpose"] for p in STRATEGY["policies"]} == {p["id"] for p in STRATEGY["purposes"]}
    plans = {p["id"] for p in STRATEGY["plans"]}
    assert all(p.get("under", "plan-2030") in plans for p in STRATEGY["plans"])


def test_principles_name_rules_that_exist() -> None:
    rules = {rule.name for form in DELIVERABLES.values() for rule in form.rules}
    for principle in STRATEGY["principles"]:
        assert set(principle["checked_by"]) <= rules


@pytest.mark.parametrize("file", ["first.yaml", "smart-city.yaml"])
def test_start_files_are_valid_and_their_tags_are_the_strategys(file: str) -> None:
    known = set(identified(STRATEGY)) | {"smart-city"}
    starts = read_start_file(ROOT / "examples" / file, DIRECTORY, PROCESS.reference, {PROCESS.reference})
    assert starts
    for start in starts:
        tags = [t.split(":", 1)[-1] for t in start.tags if not t.startswith("years:")]
        assert set(tags) <= known, start.ref
        assert {*((start.setup or {}).get("serves") or ())} <= known
    if file == "smart-city.yaml":
        named = {t.split(":")[1] for s in starts for t in s.tags if t.startswith("field:")}
        assert named == {field["id"] for field in STRATEGY["smart_city"]["fields"]}


def test_there_is_an_example_for_every_stage() -> None:
    assert {f.stem for f in FORMS} == {*(s.key for s in STAGES), REOPENING}


@pytest.mark.parametrize("file", FORMS, ids=lambda f: f.stem)
def test_an_example_can_be_handed_in_as_it_is(file: Path) -> None:
    (first,) = read_start_file(ROOT / "examples" / "first.yaml", DIRECTORY, PROCESS.reference, {PROCESS.reference})
    stage = PROCESS.stage(file.stem)
    improvement = PROCESS.outcome("improvement")
    context = Context(
        today=TODAY,
        people=frozenset(p.id for p in DIRECTORY.people),
        units=frozenset(u.id for u in DIRECTORY.units),
        departments=tuple(d for d in (first.setup or {})["departments"] if d != first.section),
        outcomes=tuple(o.key for o in PROCESS.outcomes),
        back_to=improvement.stages if improvement else (),
    )
    form = parse(stage.deliverable, read_document(file))
    assert broken_rules(stage.deliverable, form, context) == []
