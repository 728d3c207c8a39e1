"""What the conductor plays on: one port with two ledgers, in memory (rules alone) and on a store with its workflows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from domain.bodies_stream import STREAM as BODIES
from domain.calendar import Calendar
from domain.directory import Directory
from domain.directory_stream import STREAM as DIRECTORY
from domain.facts import Facts, Other
from domain.messages import SYSTEM, Actor, Command, Effect, Recorded, Refused
from domain.process import ProcessDefinition
from domain.process_stream import DefinitionPublished
from domain.registry import KINDS
from store.calendars import fiscal_calendar
from store.store import Store

Wake = Callable[[str, str, str], Awaitable[None]]
"""Wakes the workflow of a stream, by its kind, name and title."""
_LOOK_AGAIN, _WAKE_AGAIN, _GIVE_UP = (0.01, 0.1), 5.0, 60.0
"""Seconds between two looks at what has been followed (growing from the first to the second), without any progress until
streams are woken once more, and without any progress until the end of patience."""
_GROUP = 128
"""Streams waited for together: what the worker and the server hold in flight does not grow with the rehearsal."""


Carried = list[tuple[Command, Sequence[Recorded]]]
"""Commands that one stream gave to others, with the events that each led to."""


class Ledger(Protocol):
    """Records commands in virtual time. `settle` returns when everything that follows from `touched` has followed."""

    @property
    def now(self) -> datetime: ...

    def set_now(self, moment: datetime) -> None: ...

    def record(self, command: Command, actor: Actor) -> Sequence[Recorded]:
        """The events recorded, none when the command was known. Raises `Refused`."""
        ...

    def state(self, kind: str, stream: str) -> Any:
        """The state of a stream after its last event; the kind's initial state when it has none."""
        ...

    def facts(self, definition: str | None = None) -> Facts:
        """What decisions rest on now."""
        ...

    async def settle(self, touched: Sequence[str]) -> None: ...

    async def carry(self, kind: str, stream: str, fresh: Sequence[Recorded]) -> Carried:
        """Let what follows elsewhere from `fresh`, the stream's events since it was last followed, be recorded there."""
        ...


class MemoryLedger:
    """The same rules as the store's `record`, folded in memory. Facts carry the versions that the store would name.

    What people carry already (`facts.burdens`) it leaves at nothing: in a rehearsal every choice has its reason, which is what a
    burden beyond the rules asks for.

    `keep` False: events are handed on and forgotten (`events` stays empty), so that memory does not grow with the years.
    """

    def __init__(self, calendar: Calendar, start: datetime, *, keep: bool = True) -> None:
        self.events: list[Recorded] = []
        self._keep = keep
        self._position = 0
        self._calendar = calendar
        self._now = start
        self._states: dict[str, Any] = {}
        self._kinds: dict[str, str] = {}
        self._versions: dict[str, int] = {}
        self._known: dict[str, set[str]] = {}
        self._numbers: dict[str, int] = {}
        self._definitions: dict[str, ProcessDefinition] = {}
        self._facts: dict[str | None, Facts] = {}

    @property
    def now(self) -> datetime:
        return self._now

    def set_now(self, moment: datetime) -> None:
        self._now = max(self._now, moment)

    def begin_at(self, stream: str, state: Any, version: int) -> None:
        """Go on with a stream from a state that it has elsewhere."""
        self._states[stream], self._versions[stream] = state, version
        self._facts.clear()

    def know(self, definition: ProcessDefinition) -> None:
        """Take a process definition as published."""
        self._definitions[definition.reference] = definition
        self._facts.clear()

    def record(self, command: Command, actor: Actor) -> Sequence[Recorded]:
        known = self._known.setdefault(command.stream, set())
        if command.command_id in known:
            return ()
        kind = KINDS[command.kind]
        state = self.state(command.kind, command.stream)
        facts = self.facts(kind.needs(state, command))
        referred = kind.refers(command)
        if referred:
            facts = facts.model_copy(update={"others": self._others(referred)})
        if (asked := kind.governed(command)) is not None:
            facts = facts.model_copy(update={"rules": self.state("rules", BODIES).find(asked)})
        register = kind.draws(state, command, facts, self._now)
        if register is not None:
            facts = facts.model_copy(update={"number": self._numbers.get(register, 0) + 1})
        decided = kind.decide(state, command, actor, facts, self._now)
        if register is not None and facts.number is not None:
            self._numbers[register] = facts.number
        fresh: list[Recorded] = []
        version = self._versions.get(command.stream, 0)
        for event in decided:
            version += 1
            self._position += 1
            recorded = Recorded(
                stream=command.stream,
                version=version,
                position=self._position,
                event=event,
                actor=actor,
                occurred_at=self._now,
                command_id=command.command_id,
            )
            state = kind.evolve(state, recorded)
            fresh.append(recorded)
            if isinstance(event, DefinitionPublished):
                self._definitions[event.definition.reference] = event.definition
        self._states[command.stream] = state
        self._kinds[command.stream] = command.kind
        self._versions[command.stream] = version
        if self._keep:
            self.events += fresh
        known.add(command.command_id)
        if command.kind in ("directory", "definition"):
            self._facts.clear()
        return fresh

    def state(self, kind: str, stream: str) -> Any:
        return self._states.get(stream) or KINDS[kind].initial(stream)

    def facts(self, definition: str | None = None) -> Facts:
        if definition not in self._facts:
            held = self._states.get(DIRECTORY)
            self._facts[definition] = Facts(
                directory=held.directory if held else Directory(),
                calendar=self._calendar,
                definition=self._definitions.get(definition or ""),
                fiscal=fiscal_calendar(),
            )
        return self._facts[definition]

    def _others(self, referred: Sequence[str]) -> dict[str, Other]:
        found = {}
        for stream in referred:
            if stream in self._states:
                state, kind = self._states[stream], self._kinds[stream]
                of = KINDS[kind]
                found[stream] = Other(
                    kind=kind,
                    title=title_of(state),
                    closed=of.closed(state),
                    undecided=of.undecided(state),
                    definition=of.definition_of(state) or "",
                )
        return found

    def kind_of(self, stream: str) -> str:
        return self._kinds[stream]

    def version(self, stream: str) -> int:
        return self._versions.get(stream, 0)

    async def settle(self, touched: Sequence[str]) -> None:
        """No workflow listens: what follows elsewhere is `carry`."""

    async def carry(self, kind: str, stream: str, fresh: Sequence[Recorded]) -> Carried:
        """As the stream's workflow would: each effect in its order, and what was refused kept with who gave it."""
        of, carried = KINDS[kind], Carried()
        while fresh:
            state = self.state(kind, stream)
            plan = of.react(state, fresh, self.facts(of.definition_of(state)))
            fresh = ()
            for effect in plan.effects:
                if effect.command is None:
                    continue
                command = given_by(effect)
                try:
                    carried.append((command, self.record(command, SYSTEM)))
                except Refused as refused:
                    note = of.turned_down(stream, effect.key, refused.refusal)
                    if note is not None:
                        fresh = (*fresh, *self.record(note, SYSTEM))
                        carried.append((note, fresh))
        return carried


def given_by(effect: Effect) -> Command:
    """The command that an effect gives to another stream."""
    fields = dict(effect.command or {})
    kind = KINDS[fields.pop("kind")]
    return kind.commands[fields.pop("type")].model_validate(fields)


def title_of(state: Any) -> str:
    """The title of a stream by its state; its name where it has none."""
    found = getattr(state, "title", "")
    return str(getattr(found, "ja", found)) or str(state.stream)


class Unfollowed(Exception):
    """The workflows did not follow in time; the message is for users."""


class Diverged(Exception):
    """Store and rules alone came to different events: one of them is wrong."""


class StoreLedger:
    """A virtual store. Every command goes through `store.record`; the same rules are folded beside it for the people to look at.

    That spares reading states back, and it checks the store: events of other types or another version are `Diverged`.
    With `wake` the streams' workflows follow; without, the ledger follows by itself (no Temporal).
    """

    def __init__(self, store: Store, wake: Wake | None = None) -> None:
        self._store, self._wake = store, wake
        self._rules = MemoryLedger(store.facts().calendar, store.clock.now(), keep=False)

    @property
    def now(self) -> datetime:
        return self._store.clock.now()

    def set_now(self, moment: datetime) -> None:
        self._store.clock.set(moment)
        self._rules.set_now(moment)

    def record(self, command: Command, actor: Actor) -> Sequence[Recorded]:
        outcome = self._store.record(command, actor)
        fresh = self._rules.record(command, actor)
        told = tuple(r.event.type for r in fresh)
        if not outcome.duplicate and (told != outcome.events or (fresh and fresh[-1].version != outcome.version)):
            raise Diverged(f"{command.stream} {command.command_id}: {outcome.events} / {told}")
        return fresh

    def state(self, kind: str, stream: str) -> Any:
        return self._rules.state(kind, stream)

    def facts(self, definition: str | None = None) -> Facts:
        return self._rules.facts(definition)

    async def settle(self, touched: Sequence[str]) -> None:
        if self._wake is None:
            for stream in touched:
                self._store.advance(stream, self._store.follow(stream).to)
            return
        for first in range(0, len(touched), _GROUP):
            await self._followed(touched[first : first + _GROUP])

    async def carry(self, kind: str, stream: str, fresh: Sequence[Recorded]) -> Carried:
        """The stream's workflow records what follows; the rules do the same beside it, and both must agree."""
        if self._wake is not None:
            await self._followed([stream])
        else:
            self._carry_alone(kind, stream)
        carried = await self._rules.carry(kind, stream, fresh)
        for command, _ in carried:
            stored, said = self._store.load(command.stream)[1], self._rules.version(command.stream)
            if stored != said:
                raise Diverged(f"{command.stream} {command.command_id}: version {stored} / {said}")
        return carried

    def _carry_alone(self, kind: str, stream: str) -> None:
        """As `activities.streams` does for the workflow."""
        while (plan := self._store.follow(stream)).effects:
            for effect in plan.effects:
                if effect.command is None:
                    continue
                try:
                    self._store.record(given_by(effect), SYSTEM)
                except Refused as refused:
                    note = KINDS[kind].turned_down(stream, effect.key, refused.refusal)
                    if note is not None:
                        self._store.record(note, SYSTEM)
            self._store.advance(stream, plan.to)

    async def _followed(self, group: Sequence[str]) -> None:
        """Wake the streams of a group and wait until all have been followed. Raises `Unfollowed` when none moves any more."""
        await self._wake_all(group)
        left, pause = list(group), _LOOK_AGAIN[0]
        moved = woken = time.monotonic()
        while behind := self._store.unfollowed(left):
            now = time.monotonic()
            if len(behind) < len(left):
                moved = now
            left = behind
            if now - moved > _GIVE_UP:
                raise Unfollowed(
                    f"{len(left)} 件のワークフローが {_GIVE_UP:.0f} 秒追いつきません(例 {left[0]})。"
                    "Temporal とワーカーを確認してください / "
                    f"{len(left)} workflows did not follow within {_GIVE_UP:.0f} s (e.g. {left[0]}); check Temporal and the worker"
                )
            if now - max(woken, moved) > _WAKE_AGAIN:
                woken = now
                await self._wake_all(left)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LOOK_AGAIN[1])

    async def _wake_all(self, streams: Sequence[str]) -> None:
        assert self._wake is not None
        found = ((self._rules.kind_of(stream), stream) for stream in streams)
        await asyncio.gather(*(self._wake(kind, s, title_of(self.state(kind, s))) for kind, s in found))
