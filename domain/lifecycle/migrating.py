"""Moving a running lifecycle to another version of its process, as a recorded command. What it changes: `moving.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from domain.calendar import local_day
from domain.facts import Facts
from domain.lifecycle.authority import definition, may_steer
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.events import RequestClosed
from domain.lifecycle.moving import Kept, Migration, migration
from domain.lifecycle.state import Lifecycle
from domain.messages import Actor, Command, Event, Personal, Recorded, Text, refuse
from domain.process import ProcessDefinition

__all__ = ["COMMANDS", "EVENTS", "DefinitionMigrated", "Kept", "MigrateDefinition", "Migration", "migration"]
Changes = dict[str, Any]


class MigrateDefinition(LifecycleCommand):
    """Go on under another published version. `stage` says where, when the present stage is not in it."""

    type = "MigrateDefinition"
    definition: str
    stage: str | None = None
    reason: str = Field(min_length=1, max_length=4000)


class DefinitionMigrated(Event):
    """From here on the new version holds; `work` is what is asked for under it."""

    type = "DefinitionMigrated"
    definition: str
    digest: str
    before: str
    stage: str
    stage_title: Text
    work: str
    repeats: bool
    kept: tuple[Kept, ...]
    again: tuple[str, ...] = ()
    """Steps whose answers do not meet the new version and count no more."""
    drafted_again: bool
    reason: Personal


def _may_place(person: str, process: ProcessDefinition, facts: Facts, now: datetime) -> None:
    """Where work goes on in place of a stage that is gone is for the headquarters or the city's top to say."""
    steering = {process.units.get("headquarters"), process.units.get("city")}
    held = facts.directory.posts_of(person, local_day(now))
    if not any((post := facts.directory.post(p)) and post.unit in steering for p in held):
        raise refuse(
            "not-headquarters",
            f"{person} は移り先の段階を決められません",
            f"{person} may not say at which stage it goes on",
            remedy_ja="デジタル化推進本部の事務局か市の首脳が行ってください",
            remedy_en="let the digital headquarters or the city's top do it",
        )


def _migrate(
    state: Lifecycle, command: MigrateDefinition, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    person = may_steer(actor, state, facts, now)
    new = definition(facts)
    found = migration(state, facts, now, command.stage)
    if found.effect in ("same", "impossible"):
        ja = found.words[0].ja if found.words else f"既に {new.reference} で進んでいます"
        en = found.words[0].en if found.words else f"it follows {new.reference} already"
        raise refuse(
            "migration-impossible" if found.words else "migrated-already",
            f"definition: {ja}",
            f"definition: {en}",
            remedy_ja="`./taskforce definition dry-run` で確かめてください",
            remedy_en="look at `./taskforce definition dry-run`",
        )
    if found.stage != state.stage:
        _may_place(person, new, facts, now)
    return [
        DefinitionMigrated(
            definition=new.reference,
            digest=new.digest,
            before=state.definition,
            stage=found.stage,
            stage_title=new.stage(found.stage).title,
            work=found.work,
            repeats=new.stage(found.work).repeats,
            kept=found.kept,
            again=found.again,
            drafted_again=found.drafted_again,
            reason=command.reason,
        ),
        *(RequestClosed(request=r.id, because="migrated", post=r.post) for r in state.requests if r.id in found.closed),
        *found.merged,
        *found.opened,
    ]


def _migrated(state: Lifecycle, event: DefinitionMigrated, recorded: Recorded) -> Changes:
    kept = {k.request: k for k in event.kept}
    requests = tuple(
        r.model_copy(update={"step_index": k.step_index, "title": k.title, "stage": event.work})
        if (k := kept.get(r.id))
        else r
        for r in state.requests
    )
    changes: Changes = {
        "definition": event.definition,
        "stage": event.stage,
        "stage_title": event.stage_title,
        "work": event.work,
        "repeats": event.repeats,
        "requests": requests,
        "given": tuple(g for g in state.given if g.step not in event.again),
    }
    if event.stage != state.stage:
        changes["entered_at"] = recorded.occurred_at
    if event.drafted_again:
        changes |= {
            "given": (),
            "submission": None,
            "claimed": None,
            "pledged": (),
            "questions": (),
            "consultations": (),
        }
    return changes


COMMANDS: dict[str, type[Command]] = {MigrateDefinition.type: MigrateDefinition}
EVENTS: dict[str, type[Event]] = {DefinitionMigrated.type: DefinitionMigrated}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    MigrateDefinition: _migrate,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {DefinitionMigrated: _migrated}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    DefinitionMigrated: lambda s, v: Text(
        ja=f"プロセス定義を {v.before} から {v.definition} へ", en=f"process moved from {v.before} to {v.definition}"
    ),
}
