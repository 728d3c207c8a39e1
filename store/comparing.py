"""What changed between two versions of a document, by the form that its stage asks for."""

from __future__ import annotations

from domain.deliverables.differences import Difference, differences
from domain.kinds import Row
from domain.process import ProcessDefinition
from store.store import Store


def form_of(process: ProcessDefinition | None, stage: str) -> str:
    """The form of a stage; the stage's own key where the process does not have it."""
    stages = process.all_stages if process is not None else ()
    return next((s.deliverable for s in stages if s.key == stage), stage)


def compared(store: Store, older: Row, newer: Row) -> list[Difference]:
    """Field by field; both are rows of `queries.deliverable_versions` of one lifecycle and stage."""
    process = store.facts(store.load(newer["stream"])[0].definition).definition
    return differences(form_of(process, newer["stage"]), older["content"], newer["content"])
