"""The lifecycle as a stream kind: one object that joins its rules for the store and the workflows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.facts import Facts
from domain.kinds import Quiet, View, plain
from domain.lifecycle import (
    absence,
    adopting,
    amendments,
    attaching,
    budgets,
    commands,
    committing,
    concluding,
    consulting,
    dates,
    descent,
    dialogue,
    events,
    feeding,
    handing,
    handover,
    measuring,
    migrating,
    procuring,
    publishing,
    registering,
    sunset,
    timers,
    valuing,
    view,
    winding,
    windows,
)
from domain.lifecycle.decide import decide
from domain.lifecycle.evolve import evolve
from domain.lifecycle.react import react
from domain.lifecycle.state import FOLD_VERSION, Lifecycle
from domain.messages import Actor, Command, Event, Notice, Plan, Recorded, Refusal


class LifecycleKind(Quiet[Lifecycle]):
    name = "lifecycle"
    fold_version = FOLD_VERSION
    workflow: str | None = "Lifecycle"
    commands: Mapping[str, type[Command]] = {
        **commands.COMMANDS,
        **absence.COMMANDS,
        **adopting.COMMANDS,
        **amendments.COMMANDS,
        **attaching.COMMANDS,
        **committing.COMMANDS,
        **concluding.COMMANDS,
        **consulting.COMMANDS,
        **dates.COMMANDS,
        **descent.COMMANDS,
        **dialogue.COMMANDS,
        **feeding.COMMANDS,
        **handing.COMMANDS,
        **handover.COMMANDS,
        **measuring.COMMANDS,
        **migrating.COMMANDS,
        **procuring.COMMANDS,
        **publishing.COMMANDS,
        **registering.COMMANDS,
        **valuing.COMMANDS,
        **windows.COMMANDS,
        **winding.COMMANDS,
    }
    events: Mapping[str, type[Event]] = {
        **events.EVENTS,
        **absence.EVENTS,
        **adopting.EVENTS,
        **amendments.EVENTS,
        **attaching.EVENTS,
        **budgets.EVENTS,
        **committing.EVENTS,
        **concluding.EVENTS,
        **consulting.EVENTS,
        **dates.EVENTS,
        **descent.EVENTS,
        **dialogue.EVENTS,
        **feeding.EVENTS,
        **handing.EVENTS,
        **handover.EVENTS,
        **migrating.EVENTS,
        **procuring.EVENTS,
        **publishing.EVENTS,
        **registering.EVENTS,
        **sunset.EVENTS,
        **valuing.EVENTS,
        **windows.EVENTS,
        **winding.EVENTS,
    }
    state_type = Lifecycle

    def initial(self, stream: str) -> Lifecycle:
        return Lifecycle(stream=stream)

    def needs(self, state: Lifecycle, command: Command) -> str | None:
        if isinstance(command, commands.StartLifecycle | adopting.AdoptLifecycle | migrating.MigrateDefinition):
            return command.definition
        return state.definition or None

    def refers(self, command: Command) -> tuple[str, ...]:
        return (command.into,) if isinstance(command, amendments.MergeLifecycle) else ()

    def draws(self, state: Lifecycle, command: Command, facts: Facts, now: datetime) -> str | None:
        return registering.register(state, command, facts, now)

    def claims(self, command: Command) -> tuple[str, str] | None:
        if not isinstance(command, registering.EnterOutsideDecision):
            return None
        return plain(command.system), plain(command.number)

    def decide(self, state: Lifecycle, command: Command, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
        return decide(state, command, actor, facts, now)

    def evolve(self, state: Lifecycle, recorded: Recorded) -> Lifecycle:
        return evolve(state, recorded)

    def next_due(self, state: Lifecycle) -> datetime | None:
        return timers.next_due(state)

    def closed(self, state: Lifecycle) -> bool:
        return state.closed

    def undecided(self, state: Lifecycle) -> bool:
        return state.reopening is not None

    def definition_of(self, state: Lifecycle) -> str | None:
        return state.definition or None

    def view(self, state: Lifecycle) -> View:
        return view.view(state)

    def entries(self, state: Lifecycle, recorded: Recorded) -> View:
        return view.entries(state, recorded)

    def notices(self, state: Lifecycle, recorded: Recorded) -> Sequence[Notice]:
        return view.notices(state, recorded)

    def due_commands(self, state: Lifecycle, now: datetime) -> Sequence[Command]:
        return timers.due_commands(state, now)

    def turned_down(self, stream: str, key: str, refusal: Refusal) -> Command | None:
        return descent.turned_down(stream, key, refusal)

    def react(self, state: Lifecycle, fresh: Sequence[Recorded], facts: Facts) -> Plan:
        return react(state, fresh, facts)
