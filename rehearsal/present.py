"""A store's running lifecycles as they are now, put into memory to be played on. The store is read and never written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.calendar import Calendar, local_day
from domain.directory_stream import STREAM as DIRECTORY
from domain.directory_stream import DirectoryState
from domain.lifecycle import events as e
from domain.lifecycle.adopting import DeliverableImported
from domain.lifecycle.state import Lifecycle
from domain.messages import Event
from domain.process import ProcessDefinition
from learning.traces import Trace, Tracer, Visit, Wait
from rehearsal.casting import from_start
from rehearsal.ledger import MemoryLedger
from rehearsal.script import Script
from store import queries
from store.store import Store

_REMEMBERED = (e.DeliverableSubmitted, DeliverableImported, e.MeasurementRecorded, e.GatePassed, e.StageEntered)


@dataclass(frozen=True)
class Present:
    """`running`: state and version of each open lifecycle; `beside`: those that no script can carry on (their reopening is being
    decided), by their streams."""

    now: datetime
    calendar: Calendar
    directory: DirectoryState
    directory_version: int
    definitions: Mapping[str, ProcessDefinition]
    running: Mapping[str, tuple[Lifecycle, int]]
    memories: tuple[tuple[Lifecycle, Event], ...]
    beside: tuple[str, ...]
    known: int
    """How many are open: more than are here where an even choice of them was taken."""

    def ledger(self) -> MemoryLedger:
        """A new ledger that stands where the store stands."""
        ledger = MemoryLedger(self.calendar, self.now, keep=False)
        ledger.begin_at(DIRECTORY, self.directory, self.directory_version)
        for definition in self.definitions.values():
            ledger.know(definition)
        for stream, (state, version) in self.running.items():
            ledger.begin_at(stream, state, version)
        return ledger

    def scripts(self, seed: int) -> list[Script]:
        """How each goes on; its end is drawn by the seed, since nobody knows it."""
        return [_script(state, self.now, seed) for state, _ in self.running.values()]


def present(store: Store, most: int | None = None) -> Present:
    """Every open lifecycle, folded from its events; of more than `most` an even choice by when they began. One moment of the store."""
    with store.database.snapshot():
        return _present(store, most)


def _present(store: Store, most: int | None) -> Present:
    kind = store.kinds["lifecycle"]
    running: dict[str, tuple[Lifecycle, int]] = {}
    memories: list[tuple[Lifecycle, Event]] = []
    beside: list[str] = []
    open_ = queries.find_lifecycles(store, closed=False)
    for row in open_ if most is None else open_[:: max(1, -(-len(open_) // most))]:
        state, version = kind.initial(row["stream"]), 0
        for recorded in store.events(row["stream"], open_texts=False):
            state, version = kind.evolve(state, recorded), recorded.version
            if isinstance(recorded.event, _REMEMBERED):
                memories.append((state, recorded.event))
        if state.reopening is not None:
            beside.append(row["stream"])
        else:
            running[row["stream"]] = (state, version)
    directory, version = store.load(DIRECTORY)
    references = [f"{r['name']}@{r['version']}" for r in queries.published_definitions(store)]
    found = {ref: document for ref in references if (document := store.facts(ref).definition) is not None}
    return Present(
        now=store.clock.now(),
        calendar=store.facts().calendar,
        directory=directory,
        directory_version=version,
        definitions=found,
        running=running,
        memories=tuple(memories),
        beside=tuple(beside),
        known=len(open_),
    )


def _script(state: Lifecycle, now: datetime, seed: int) -> Script:
    from domain.lifecycle.commands import StartLifecycle

    start = StartLifecycle(
        command_id="rehearsal:start",
        stream=state.stream,
        ref=state.ref,
        title=state.title,
        section=state.section,
        definition=state.definition,
        drafter=state.drafter,
    )
    return from_start(start, since=local_day(now), seed=seed)


def tracer_of(state: Lifecycle) -> Tracer:
    """A trace that begins with where a lifecycle stands: its present stage, and what is open."""
    here = Visit(state.stage, state.round, "present", state.entered_at) if state.entered_at else None
    trace = Trace(
        state.stream,
        ref=state.ref,
        title=state.title,
        section=state.section,
        bureau=state.bureau,
        definition=state.definition,
        started_at=state.started_at,
        visits=(here,) if here else (),
        holds=((state.hold.since, None),) if state.hold else (),
    )
    tracer = Tracer(trace)
    tracer.begin(Wait(r.id, r.kind, r.stage, r.round, r.step, r.post, r.opened_at) for r in state.requests)
    return tracer
