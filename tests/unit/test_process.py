"""Process definitions: the shipped one is whole, and a document that could not be followed is turned down with the place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from domain.process import ProcessDefinition
from domain.process_stream import unknown_names
from tests.given import PROCESS, STAGES, stage_of, with_process

Change = Callable[[dict[str, Any]], Any]


def step(document: dict[str, Any], stage: str) -> dict[str, Any]:
    found: dict[str, Any] = stage_of(document, stage)["gate"][0]
    return found


def outcome(document: dict[str, Any], key: str) -> dict[str, Any]:
    return next(o for o in document["outcomes"] if o["key"] == key)


def test_the_shipped_definition_has_eleven_stages_and_five_results() -> None:
    assert len(STAGES) == 11 and unknown_names(PROCESS) == []
    assert {o.key for o in PROCESS.outcomes} == {"expansion", "improvement", "abolition", "continuation", "completion"}
    assert [s.key for s in PROCESS.stages if s.repeats] == ["monitoring"]
    assert [s.key for s in PROCESS.stages if s.decides_outcome] == ["review"]


def test_reference_and_digest() -> None:
    again = ProcessDefinition.model_validate_json(PROCESS.model_dump_json())
    assert (again, again.digest, PROCESS.reference) == (PROCESS, PROCESS.digest, "himeji@1")
    changed = with_process(lambda d: stage_of(d, "setup").update(due={"working_days": 11})).definition
    assert changed is not None and changed.digest != PROCESS.digest


def test_unknown_stage_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        PROCESS.stage("moon")
    assert PROCESS.outcome("moon") is None


WRONG: list[tuple[str, Change, str]] = [
    ("two stages of one key", lambda d: stage_of(d, "analysis").update(key="setup"), "twice"),
    ("next is no stage", lambda d: stage_of(d, "setup").update(next="moon"), "stages.setup.next"),
    ("no next", lambda d: stage_of(d, "setup").update(next=None), "stages.setup.next"),
    ("sent back to a later stage", lambda d: stage_of(d, "setup").update(send_back_to=["review"]), "send_back_to"),
    ("two steps of one key", lambda d: stage_of(d, "setup")["gate"][1].update(key="section_chief"), "stages.setup.gate"),
    ("more agreements than people", lambda d: step(d, "setup").update(need=2), "need: 2 of 1"),
    ("no agreement at all", lambda d: step(d, "setup").update(need=0), "need: 0"),
    ("no department's agreement", lambda d: step(d, "coordination").update(need=0), "need: 0"),
    ("drafters in every department", lambda d: stage_of(d, "setup")["drafter"].update(unit="departments"), "drafter"),
    ("superiors in every department", lambda d: step(d, "setup")["escalate_to"].update(unit="departments"), "escalate_to"),
    ("nobody decides the outcome", lambda d: stage_of(d, "review").update(decides_outcome=False, next="setup"), "none decides"),
    ("outcome and next", lambda d: stage_of(d, "review").update(next="setup"), "stages.review"),
    ("outcome and repeats", lambda d: stage_of(d, "review").update(repeats=True), "stages.review"),
    ("a circle", lambda d: stage_of(d, "analysis").update(next="setup"), "never reached"),
    ("two outcomes of one key", lambda d: outcome(d, "expansion").update(key="completion"), "outcomes: a key"),
    ("outcome leads nowhere", lambda d: outcome(d, "continuation").update(stage="moon"), "outcomes.continuation"),
    ("outcome without its stage", lambda d: outcome(d, "continuation").update(stage=None), "outcomes.continuation.stage"),
    ("usual stage is not allowed", lambda d: outcome(d, "expansion").update(stage="setup"), "outcomes.expansion.stage"),
    ("no wind-down", lambda d: d.update(wind_down=None), "wind_down: missing"),
    ("wind-down with a stage's key", lambda d: d["wind_down"].update(key="setup"), "wind_down.key"),
    ("abolition undone", lambda d: d["wind_down"].update(send_back_to=["setup"]), "wind_down.send_back_to"),
    ("wind-down's steps", lambda d: d["wind_down"]["gate"][1].update(key="section_chief"), "stages.wind_down.gate"),
    ("a field nobody knows", lambda d: d.update(colour="red"), "colour"),
    ("no stages", lambda d: d.update(stages=[]), "stages"),
    ("no gate", lambda d: stage_of(d, "setup").update(gate=[]), "gate"),
    ("a name with blanks", lambda d: d.update(name="my process"), "name"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "change", "place"), WRONG, ids=[w for w, _, _ in WRONG])
def test_a_document_that_could_not_be_followed(what: str, change: Change, place: str) -> None:
    with pytest.raises(ValidationError) as caught:
        with_process(change)
    assert place in str(caught.value), what


def test_names_that_the_product_lacks_are_listed() -> None:
    changed = with_process(lambda d: stage_of(d, "setup").update(deliverable="x", passes_when=["y"])).definition
    assert changed is not None
    assert unknown_names(changed) == ["stages.setup.deliverable: 'x'", "stages.setup.passes_when: 'y'"]
