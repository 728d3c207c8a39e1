"""The fast engine: lifecycles in memory, shared out over processes.

Lifecycles read the same directory and process, and of each other only how far the document numbers (起案番号) of their section
have come: each process plays all the lifecycles of some sections. Every share gives its events in the order of their moments;
merged by those moments they stand as one process would have told them.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from functools import reduce
from heapq import merge
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from operator import add
from typing import Any

from rich.console import Console

from domain.messages import Recorded
from rehearsal.board import Board
from rehearsal.errors import RehearsalError
from rehearsal.ledger import MemoryLedger
from rehearsal.playing import Played, Programme, Told, conduct
from rehearsal.script import Script
from rehearsal.summary import Glance, Tally
from store.calendars import calendar

_WORTH_A_PROCESS = 200
"""Lifecycles for which another process pays: it takes a second or two to begin."""
_TELL = 0.3
"""Seconds between two glances that a share sends home."""


def in_memory(
    programme: Programme, console: Console | None = None, *, processes: int | None = None, keep: bool = False
) -> Played:
    """Play a programme by the rules alone, without store and Temporal. `keep` gives the events as well.

    `processes` None: one a core, as far as there are lifecycles enough. With a pace somebody is watching: one process.
    """
    number = len(programme.cast.scripts)
    many = processes or min(os.cpu_count() or 1, number // _WORTH_A_PROCESS) or 1
    if programme.pace or programme.cast.bodies or min(many, number) <= 1:  # a body sees all of them
        with _few_collections():
            return asyncio.run(conduct(programme, _ledger(programme), console, keep=keep))
    return _shared(programme, min(many, number), console, keep)


def in_order(played: Played) -> list[Recorded]:
    """The events of the lifecycles, numbered from 1 in the order in which they happened."""
    events = (event for _, fresh in played.told for event in fresh)
    return [event.model_copy(update={"position": n}) for n, event in enumerate(events, 1)]


def _ledger(programme: Programme) -> MemoryLedger:
    return MemoryLedger(calendar(), programme.begins, keep=False)


@contextmanager
def _few_collections() -> Iterator[None]:
    """The cast and the rules stay to the end, and hardly anything made on the way hangs in a ring: seldom look for garbage."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _shared(programme: Programme, many: int, console: Console | None, keep: bool) -> Played:
    scripts = programme.cast.scripts
    context = get_context("spawn")
    running: dict[Connection, BaseProcess] = {}
    try:
        for places in by_section(scripts, many):
            share = replace(programme, cast=replace(programme.cast, scripts=tuple(scripts[place] for place in places)))
            home, away = context.Pipe(duplex=False)
            work = (away, share, {scripts[place].stream: place for place in places}, keep)
            process: BaseProcess = context.Process(target=_play_share, args=work, daemon=True)
            process.start()
            running[home] = process
            away.close()
        return _gathered(programme, list(running), console)
    finally:
        for connection, process in running.items():
            connection.close()
            process.terminate()
            process.join()


def by_section(scripts: Sequence[Script], many: int) -> list[list[int]]:
    """At most `many` shares of about the same size, as places in `scripts`; the lifecycles of a section stay together."""
    sections: dict[str, list[int]] = {}
    for place, script in enumerate(scripts):
        sections.setdefault(script.start["section"], []).append(place)
    shares: list[list[int]] = [[] for _ in range(min(many, len(sections)))]
    for places in sorted(sections.values(), key=len, reverse=True):
        min(shares, key=len).extend(places)
    return [sorted(share) for share in shares]


def _play_share(home: Connection, share: Programme, numbers: dict[str, int], keep: bool) -> None:
    """One process: plays its share, sends a glance home now and then, and at the end what came of it."""
    told = 0.0

    def on_day(day: date, tally: Tally) -> None:
        nonlocal told
        if time.monotonic() - told > _TELL:
            told = time.monotonic()
            home.send((day, tally.glance()))

    with suppress(KeyboardInterrupt, BrokenPipeError), _few_collections():
        played = asyncio.run(conduct(share, _ledger(share), None, keep=keep, numbers=numbers, on_day=on_day))
        home.send(played)
    home.close()


def _gathered(programme: Programme, homes: list[Connection], console: Console | None) -> Played:
    """Show how far all shares are, the slowest giving the day, until each has sent what came of it."""
    days: dict[Any, date] = {}
    glances: dict[Any, Glance] = {}
    done: dict[Any, Played] = {}

    def look() -> Glance:
        return reduce(add, glances.values())

    cast = programme.cast
    with Board(look, cast.process, programme.since, programme.until, console) as board:
        while len(done) < len(homes):
            for home in wait([h for h in homes if h not in done]):
                assert isinstance(home, Connection)
                told = _received(home)
                if isinstance(told, Played):
                    done[home] = told
                    days[home], glances[home] = programme.until, told.tally.glance()
                else:
                    days[home], glances[home] = told
            if len(days) == len(homes):
                board.day_done(min(days.values()))
    tally = Tally(cast.process, calendar())
    for home in homes:
        tally.add(done[home].tally)
    shares: list[list[Told]] = [done[home].told for home in homes]
    told_in_order = list(merge(*shares, key=lambda told: told[0]))
    traces = {stream: trace for home in homes for stream, trace in done[home].traces.items()}
    return Played(tally, sum(done[home].commands for home in homes), told_in_order, traces=traces)


def _received(home: Connection) -> Any:
    try:
        return home.recv()
    except EOFError:
        raise RehearsalError(
            "予行演習のプロセスが途中で終わりました。--processes 1 で試してください / "
            "a process of the rehearsal ended early; try --processes 1",
            exit_code=1,
        ) from None
