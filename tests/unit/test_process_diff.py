"""Two definitions compared in words: nothing that differs goes unsaid."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from definitions.loader import load_people
from domain.process import Outcome, ProcessDefinition, Stage, Step
from domain.process_diff import compare
from domain.process_posts import missing_posts
from tests.city import FACTS, PROCESS, stage_of

REF = {"role": "mayor", "unit": "city"}
CHANGES: dict[type, dict[str, Any]] = {
    ProcessDefinition: {
        "name": "other",
        "version": 9,
        "title": {"ja": "別", "en": "other"},
        "units": {"city": "city", "finance": "city", "headquarters": "city"},
        "question_due": {"working_days": 3},
        "max_rounds": 3,
        "wind_down_tasks": [
            {"key": "notice", "title": {"ja": "周知", "en": "notice"}, "owner": REF, "due": {"working_days": 3}}
        ],
        "merge_steps": True,
        "heads": ["section_chief"],
        "reopening": {},
        "wind_down": {"due": {"working_days": 99}},
    },
    Stage: {
        "title": {"ja": "別の題", "en": "other title"},
        "phase": "project",
        "deliverable": "review",
        "drafter": REF,
        "due": {"working_days": 77},
        "remind_before": {"seconds": 5},
        "gate": [],
        "next": "coordination",
        "send_back_to": ["hypothesis"],
        "repeats": True,
        "decides_outcome": None,
        "passes_when": ["budget_indicated"],
        "inform": [REF],
        "delegations": [{"ends_at": "section_chief", "field": "amounts.asked", "at_most": 1000}],
        "important": True,
        "outside_decision": True,
    },
    Step: {
        "title": {"ja": "別の題", "en": "other title"},
        "posts": [REF],
        "need": 1,
        "due": {"working_days": 66},
        "remind_before": {"working_days": 44},
        "escalate_after": {"working_days": 55},
        "escalate_to": REF,
        "drafter_may_decide": True,
        "on_reject": "drop",
        "question_stops_clock": True,
        "consult_within": {"working_days": 4},
        "superior": REF,
        "covers": ["purpose"],
        "absence": "wait",
        "coordinator_after": {"working_days": 2},
    },
    Outcome: {
        "title": {"ja": "別", "en": "other"},
        "then": "same_round",
        "stage": "monitoring",
        "stages": ["analysis"],
    },
}
ONLY_SAID_OF_PARTS = {"key", "stages", "outcomes"}


@pytest.mark.parametrize("model", list(CHANGES))
def test_every_field_is_tried(model: type[Any]) -> None:
    tried = set(CHANGES[model])
    assert set(model.model_fields) - tried <= ONLY_SAID_OF_PARTS


def changed(model: type[Any], field: str, value: Any) -> ProcessDefinition:
    """A copy that differs in one field; not validated, since a comparison is shown before anybody has mended the rest."""
    if model is ProcessDefinition:
        if field == "reopening":
            return PROCESS.model_copy(update={field: PROCESS.stage("reopening")})
        if field == "wind_down":
            assert PROCESS.wind_down
            return PROCESS.model_copy(update={field: parsed(PROCESS.wind_down, value)})
        whole: ProcessDefinition = parsed(PROCESS, {field: value})
        return whole
    if model is Outcome:
        first = parsed(PROCESS.outcomes[0], {field: value})
        return PROCESS.model_copy(update={"outcomes": (first, *PROCESS.outcomes[1:])})
    stage = PROCESS.stages[1]
    if model is Step:
        step = parsed(stage.gate[0], {field: value})
        stage = stage.model_copy(update={"gate": (step, *stage.gate[1:])})
    elif field == "gate":
        stage = stage.model_copy(update={"gate": stage.gate[1:]})
    elif field == "decides_outcome":
        stage = stage.model_copy(update={"decides_outcome": True})
    else:
        stage = parsed(stage, {field: value})
    return PROCESS.model_copy(update={"stages": (PROCESS.stages[0], stage, *PROCESS.stages[2:])})


def parsed(part: Any, changes: dict[str, Any]) -> Any:
    return type(part).model_validate(part.model_dump(mode="json") | changes)


@pytest.mark.parametrize(("model", "field"), [(m, f) for m, fields in CHANGES.items() for f in fields])
def test_every_change_is_told_in_both_languages(model: type[Any], field: str) -> None:
    lines = compare(PROCESS, changed(model, field, CHANGES[model][field]))
    assert len(lines) == 1, [str(x) for x in lines]
    assert lines[0].en.isascii() and lines[0].ja.strip() and not lines[0].ja.isascii()


def test_the_same_differs_in_nothing() -> None:
    assert compare(PROCESS, PROCESS) == ()


def test_new_gone_and_moved_steps_are_named() -> None:
    document = PROCESS.model_dump(mode="json")
    gate = stage_of(document, "setup")["gate"]
    gate.reverse()
    gate.append({**gate[0], "key": "audit", "title": {"ja": "監査", "en": "audit"}})
    told = [str(x) for x in compare(PROCESS, ProcessDefinition.model_validate(document))]
    assert len(told) == 2
    assert any("audit" in x and "is new" in x for x in told) and any("order" in x for x in told)


def test_a_part_under_another_key_is_renamed_not_gone() -> None:
    document = PROCESS.model_dump(mode="json")
    first = stage_of(document, "setup")
    first["key"], first["due"] = "foundation", {"working_days": 1}
    for stage in document["stages"]:
        stage["send_back_to"] = ["foundation" if b == "setup" else b for b in stage["send_back_to"]]
    told = [x.en for x in compare(PROCESS, ProcessDefinition.model_validate(document))]
    assert "stage 'setup' (setup and purpose) becomes 'foundation'" in told
    assert any(x.startswith("stage 'foundation': due") for x in told)
    assert not any("is gone" in x or "is new" in x or "order" in x for x in told)


def test_a_stage_that_moves_among_others_is_told_as_an_order() -> None:
    document = PROCESS.model_dump(mode="json")
    order = ["setup", "hypothesis", "analysis", "coordination"]
    for key, following in itertools.pairwise(order):
        stage_of(document, key)["next"] = following
    stage_of(document, "hypothesis")["send_back_to"] = []
    document["stages"][1], document["stages"][2] = document["stages"][2], document["stages"][1]
    told = [x.en for x in compare(PROCESS, ProcessDefinition.model_validate(document))]
    assert any("order setup -> analysis -> hypothesis" in x for x in told)


def test_posts_that_nobody_could_be_asked_in_are_named() -> None:
    assert missing_posts(PROCESS, load_people()[0]) == ()
    document = PROCESS.model_dump(mode="json")
    document["units"].pop("finance")
    setup = stage_of(document, "setup")
    setup["drafter"] = {"role": "clerk", "unit": "owner"}
    setup["gate"][0]["posts"] = [{"role": "sheriff", "unit": "city"}]
    told = [x.en for x in missing_posts(ProcessDefinition.model_validate(document), FACTS.directory)]
    assert any(x.startswith("stages.setup.drafter") and "'clerk'" in x for x in told)
    assert any("unit 'city' has no post with the role 'sheriff'" in x for x in told)
    assert any("units.finance is missing" in x for x in told)
