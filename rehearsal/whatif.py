"""What if: the same lifecycles played twice in memory, as things are and as they would be, and told apart.

Running lifecycles of a store are played on from their present state; the tasks of a file from their beginning. Nothing is recorded.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from domain.calendar import end_of_business, local_day
from domain.fiscal import openings, still_open
from domain.lifecycle.migrating import MigrateDefinition, migration
from domain.lifecycle.state import Lifecycle
from domain.messages import Actor, Recorded, Refused, Text
from domain.process import ProcessDefinition
from learning.log import of_recorded
from learning.traces import Tracer
from rehearsal.asking import most_followed
from rehearsal.casting import Cast
from rehearsal.conductor import Conductor
from rehearsal.contract import Change, WhatIf
from rehearsal.differing import Both, Run, Telling
from rehearsal.errors import RehearsalError
from rehearsal.playing import Programme
from rehearsal.present import Present, tracer_of
from rehearsal.script import MARK, scripted
from rehearsal.shares import in_memory
from rehearsal.shifting import Shifted
from store.calendars import calendar as shipped_calendar
from store.calendars import fiscal_calendar


def default_deadlines(now: datetime, last: date) -> tuple[date, ...]:
    """The days on which requests for the initial budget close by the city's fiscal calendar after `now`, up to the one after
    `last`; --deadline takes their place."""
    first = still_open(now)
    years = last.year - first.year + 3
    found = openings(fiscal_calendar(), shipped_calendar(), first, years=years)
    closing = sorted(o.requests_close for o in found if o.kind == "initial" and o.requests_close >= first)
    later = [d for d in closing if d > last][:1]
    return (*(d for d in closing if d <= last), *later)


# --- playing ---------------------------------------------------------------------------------------------------------


def of_store(now: Present, change: Change, until: date, seed: int, deadlines: Sequence[date] = ()) -> WhatIf:
    """The running lifecycles of a store. `change.definition`: those of its name move there, where that is possible."""
    if end_of_business(until) <= now.now:
        raise RehearsalError(f"--until {until}: 今より後の日付にしてください / must lie in the future", exit_code=2)
    base, _ = _play_on(now, Change(), until, seed)
    changed, refused = _play_on(now, change, until, seed)
    stages = {stream: state.stage for stream, (state, _) in now.running.items()}
    both = Both(base, changed, stages, refused)
    process = change.definition or next(iter(now.definitions.values()))
    found = deadlines or default_deadlines(now.now, until)
    before = most_followed(Counter(s.definition for s, _ in now.running.values()), now.definitions, process.name)
    told = Telling(now.calendar, now.directory.directory, now.definitions, process, before, tuple(found), now.now)
    whole = told.whole(both, change, until, seed, now.beside)
    return whole.model_copy(update={"known": now.known}) if now.known > len(now.running) + len(now.beside) else whole


def of_cast(
    cast: Cast,
    change: Change,
    since: date,
    until: date,
    seed: int,
    deadlines: Sequence[date] = (),
    *,
    processes: int | None = None,
) -> WhatIf:
    """The tasks of a file from their beginning. With a capacity, which all lifecycles share, one process plays them all."""
    process = change.definition or cast.process
    other = replace(
        cast,
        process=process,
        scripts=tuple(replace(s, start={**s.start, "definition": process.reference}) for s in cast.scripts),
    )
    many = 1 if change.capacity else processes
    base = in_memory(Programme(cast, since, until, seed, change=Change()), processes=processes)
    changed = in_memory(Programme(other, since, until, seed, change=change), processes=many)
    begin = Programme(cast, since, until, seed).begins
    both = Both(base.traces, changed.traces, {}, {})
    found = deadlines or default_deadlines(begin, until)
    definitions = {cast.process.reference: cast.process}
    before = cast.process
    told = Telling(shipped_calendar(), cast.directory, definitions, process, before, tuple(found), begin)
    return told.whole(both, change, until, seed, ())


def _play_on(now: Present, change: Change, until: date, seed: int) -> tuple[Run, dict[str, Text]]:
    """The traces from the present on, and who could not be moved."""
    ledger, tracers = now.ledger(), {s: tracer_of(state) for s, (state, _) in now.running.items()}
    refused: dict[str, Text] = {}

    def saw(state: Lifecycle, fresh: Sequence[Recorded]) -> None:
        tracer: Tracer = tracers[state.stream]
        for happening in of_recorded(fresh):
            tracer.feed(happening)

    first = next(iter(now.definitions))
    if change.definition is not None:
        ledger.know(change.definition)
        for stream, (state, _) in now.running.items():
            if state.definition.partition("@")[0] != change.definition.name:
                continue
            if state.definition == change.definition.reference:
                continue
            try:
                fresh = ledger.record(*_move(state, change.definition, now))
                saw(ledger.state("lifecycle", stream), fresh)
            except Refused as no:
                facts = ledger.facts(change.definition.reference)
                words = migration(state, facts, now.now).words
                refused[stream] = words[0] if words else no.refusal.message
    people = Shifted(now.scripts(seed), ledger, first, seed, change, now.memories)
    conductor = Conductor(ledger, people, observe=saw)
    asyncio.run(conductor.run(end_of_business(until)))
    return {stream: tracer.whole() for stream, tracer in tracers.items()}, refused


def _move(state: Lifecycle, to: ProcessDefinition, now: Present) -> tuple[MigrateDefinition, Actor]:
    """The command that moves a lifecycle, by somebody of the headquarters, the city's top or the section."""
    directory, day = now.directory.directory, local_day(now.now)
    able = {p.id for p in directory.people if not (p.service or p.auditor)}
    units = [to.units.get("headquarters"), to.units.get("city"), state.section]
    posts = sorted((p for p in directory.posts if p.unit in units), key=lambda p: units.index(p.unit))
    held = ((h, p.id) for p in posts for h in directory.holders(p.id, day) if h in able)
    person, post = next(held, ("", None))
    command = MigrateDefinition(
        command_id=f"whatif:{to.reference}",
        stream=state.stream,
        definition=to.reference,
        reason=f"{MARK}試算 / what if",
    )
    return command, scripted(person, post)
