"""Process definitions as streams: publishing a version is an event, so that a lifecycle's pinned rules can never vanish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from domain.attachments import PART
from domain.deliverables.registry import DELIVERABLES
from domain.duties import require_duty
from domain.facts import Facts
from domain.kinds import Quiet, View
from domain.lifecycle.checks import CHECKS
from domain.messages import Actor, Command, Display, Event, Frozen, Plan, Recorded, refuse
from domain.process import ProcessDefinition, Stage


def stream_of(name: str) -> str:
    """Stream id of a definition by its name."""
    return f"definition:{name}"


class PublishDefinition(Command):
    """Make a version of a process definition available to new lifecycles."""

    type = "PublishDefinition"
    kind: ClassVar[str] = "definition"
    system_may = True
    definition: ProcessDefinition


class DefinitionPublished(Event):
    type = "DefinitionPublished"
    definition: ProcessDefinition
    digest: str


class DefinitionState(Frozen):
    stream: str
    name: str = ""
    digests: dict[int, str] = {}
    """sha256 of each published version."""


class DefinitionKind(Quiet[DefinitionState]):
    name = "definition"
    fold_version = 1
    workflow: str | None = None
    commands: Mapping[str, type[Command]] = {PublishDefinition.type: PublishDefinition}
    events: Mapping[str, type[Event]] = {DefinitionPublished.type: DefinitionPublished}
    state_type = DefinitionState

    def initial(self, stream: str) -> DefinitionState:
        return DefinitionState(stream=stream)

    def decide(
        self, state: DefinitionState, command: Command, actor: Actor, facts: Facts, now: datetime
    ) -> Sequence[Event]:
        assert isinstance(command, PublishDefinition)
        require_duty(actor, "processes", facts, now)
        document = command.definition
        if command.stream != stream_of(document.name):
            raise refuse(
                "definition-stream",
                f"定義 {document.name} は {stream_of(document.name)} に公開します",
                f"definition {document.name!r} belongs to the stream {stream_of(document.name)!r}",
                remedy_ja="stream を直してください",
                remedy_en="correct the stream",
            )
        if problems := unknown_names(document):
            raise refuse(
                "definition-names-unknown",
                "知られていない名前があります: " + "; ".join(problems),
                "unknown names: " + "; ".join(problems),
                remedy_ja="様式は " + ", ".join(DELIVERABLES) + "、検査は " + ", ".join(CHECKS),
                remedy_en="forms are " + ", ".join(DELIVERABLES) + "; checks are " + ", ".join(CHECKS),
            )
        published = state.digests.get(document.version)
        if published == document.digest:
            return []
        if published is not None or document.version <= max(state.digests, default=0):
            raise refuse(
                "definition-version-taken",
                f"{document.reference} は別の内容で公開済みか、より新しい版があります",
                f"{document.reference} has been published with other content, or a newer version exists",
                remedy_ja=f"version を {max(state.digests) + 1} にしてください",
                remedy_en=f"set version to {max(state.digests) + 1}",
            )
        return [DefinitionPublished(definition=document, digest=document.digest)]

    def evolve(self, state: DefinitionState, recorded: Recorded) -> DefinitionState:
        event = recorded.event
        assert isinstance(event, DefinitionPublished)
        digests = {**state.digests, event.definition.version: event.digest}
        return state.model_copy(update={"name": event.definition.name, "digests": digests})

    def entries(self, state: DefinitionState, recorded: Recorded) -> View:
        event = recorded.event
        assert isinstance(event, DefinitionPublished)
        row = {
            "name": event.definition.name,
            "version": event.definition.version,
            "document": event.definition.model_dump(mode="json"),
            "digest": event.digest,
            "published_at": recorded.occurred_at,
        }
        return View(rows={"definitions": [row]})

    def react(self, state: DefinitionState, fresh: Sequence[Recorded], facts: Facts) -> Plan:
        return Plan(
            to=fresh[-1].version if fresh else 0, display=Display(summary=state.name, details="", attributes={})
        )


def unknown_names(document: ProcessDefinition) -> list[str]:
    """Forms and checks that a definition names and the product does not have."""
    stages = document.all_stages
    forms = [f"stages.{s.key}.deliverable: {s.deliverable!r}" for s in stages if s.deliverable not in DELIVERABLES]
    checks = [f"stages.{s.key}.passes_when: {name!r}" for s in stages for name in s.passes_when if name not in CHECKS]
    return forms + checks + _unknown_fields(stages)


def _unknown_fields(stages: tuple[Stage, ...]) -> list[str]:
    """Fields of forms that a route names (`covers`, `delegations`) and the form does not have."""
    found = []
    for stage in stages:
        if stage.deliverable not in DELIVERABLES:
            continue
        known = set(DELIVERABLES[stage.deliverable].form.model_fields)
        for step in stage.gate:
            covered = [f for f in step.covers if f not in known and f != PART]
            found += [f"stages.{stage.key}.gate.{step.key}.covers: {f!r}" for f in covered]
        for d in stage.delegations:
            if d.field.partition(".")[0] not in known:
                found.append(f"stages.{stage.key}.delegations.field: {d.field!r}")
    return found
