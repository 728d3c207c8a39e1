"""What is to be played, and playing it on a ledger: the directory and the process first, then everybody's days."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time

from rich.console import Console

from domain.bodies_stream import STREAM as BODIES
from domain.bodies_stream import PublishRules
from domain.calendar import JST, end_of_business
from domain.directory_stream import STREAM as DIRECTORY
from domain.directory_stream import ImportDirectory
from domain.lifecycle.state import Lifecycle
from domain.messages import SYSTEM, Recorded
from domain.process_stream import PublishDefinition, stream_of
from learning.log import of_recorded
from learning.traces import TYPES, Trace, Tracer
from rehearsal.board import Board
from rehearsal.bodies import Bodies
from rehearsal.casting import Cast
from rehearsal.conductor import Conductor, Moment
from rehearsal.contract import Change
from rehearsal.ledger import Ledger
from rehearsal.people import People
from rehearsal.shifting import Shifted
from rehearsal.summary import Tally
from store.calendars import calendar

_SETTLE_EVERY = 7
"""Virtual days between two waits for the workflows; with `--pace` somebody is watching, and every day is waited for."""
Told = tuple[Moment, tuple[Recorded, ...]]
"""What one command led to, and the moment at which it was given."""


@dataclass(frozen=True)
class Programme:
    """What is to be played: the cast, from when to when, by which dice, and how fast (virtual days a second)."""

    cast: Cast
    since: date
    until: date
    seed: int
    pace: float | None = None
    change: Change | None = None
    """People who are otherwise; their lifecycles are traced."""

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.since, clock_time(8, 30), JST).astimezone(UTC) - timedelta(hours=1)

    @property
    def ends(self) -> datetime:
        return end_of_business(self.until)


@dataclass(frozen=True)
class Played:
    """What came of a programme. `told` is empty unless the events were asked for."""

    tally: Tally
    commands: int
    told: list[Told] = field(default_factory=list)
    bodies: dict[str, int] = field(default_factory=dict)
    """Sessions of each body, matters concluded, tasks selected and deferred, exceptions."""
    traces: dict[str, Trace] = field(default_factory=dict)
    """Of a programme with a change, by stream."""


async def conduct(
    programme: Programme,
    ledger: Ledger,
    console: Console | None,
    *,
    keep: bool = False,
    numbers: Mapping[str, int] | None = None,
    on_day: Callable[[date, Tally], None] | None = None,
) -> Played:
    """Import the directory, publish the process, play, and count. `on_day` hears of each day instead of a board on `console`;
    `numbers` are the places of these streams in a larger cast (see `Conductor`); `keep` gives the lifecycles' events."""
    cast = programme.cast
    imported = ImportDirectory(
        command_id="rehearsal:directory", stream=DIRECTORY, directory=cast.directory, names=cast.names
    )
    published = PublishDefinition(
        command_id=f"rehearsal:{cast.process.reference}", stream=stream_of(cast.process.name), definition=cast.process
    )
    for command in (imported, published):
        ledger.record(command, SYSTEM)
    if cast.bodies is not None:
        ledger.record(PublishRules(command_id="rehearsal:rules", stream=BODIES, rules=cast.bodies), SYSTEM)
    people, tracers = _people(programme, ledger), dict[str, Tracer]()
    bodies = None
    if cast.bodies is not None:
        bodies = Bodies(people, cast.bodies, ledger.state, programme.since)
        people.in_session = frozenset(bodies.chairs)
    tally, told = Tally(cast.process, calendar()), list[Told]()

    def saw(state: Lifecycle, fresh: Sequence[Recorded]) -> None:
        tally.saw(state, fresh)
        if keep and conductor.playing is not None:
            told.append((conductor.playing, tuple(fresh)))
        if programme.change is not None:
            tracer = tracers.setdefault(state.stream, Tracer(Trace(state.stream)))
            for happening in of_recorded(r for r in fresh if r.event.type in TYPES):
                tracer.feed(happening)

    with Board(tally.glance, cast.process, programme.since, programme.until, console) as board:
        conductor = Conductor(
            ledger,
            people,
            observe=saw,
            on_refused=tally.was_refused,
            on_day=board.day_done if on_day is None else lambda day: on_day(day, tally),
            pace=programme.pace,
            settle_every=1 if programme.pace else _SETTLE_EVERY,
            numbers=numbers,
            bodies=bodies,
        )
        await conductor.run(programme.ends)
    waited = {stream: tracer.whole() for stream, tracer in tracers.items()}
    return Played(tally, conductor.commands, told, dict(bodies.counts) if bodies else {}, waited)


def _people(programme: Programme, ledger: Ledger) -> People:
    cast = programme.cast
    if programme.change is None:
        return People(cast.scripts, ledger.facts(cast.process.reference), programme.seed)
    return Shifted(cast.scripts, ledger, cast.process.reference, programme.seed, programme.change)
