"""Entry points of the rehearsal: `rehearse` a file of tasks, or the `demo` over three fiscal years."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

from rich.console import Console

from definitions.loader import DocumentError
from domain.calendar import JST, end_of_business, fiscal_year
from domain.directory_stream import STREAM as DIRECTORY
from domain.directory_stream import ImportDirectory
from domain.messages import SYSTEM
from domain.process_stream import PublishDefinition, stream_of
from rehearsal.board import Board, show_summary
from rehearsal.casting import Cast, cast_demo, cast_file
from rehearsal.conductor import Conductor
from rehearsal.errors import RehearsalError
from rehearsal.ledger import Diverged, Ledger, MemoryLedger, StoreLedger, Unfollowed
from rehearsal.people import People
from rehearsal.summary import Summary, Tally
from rehearsal.theatre import fresh_store, server_and_worker
from store.calendars import calendar
from store.errors import StoreError
from store.store import Store
from store.verify import verify

DEMO_URL = "sqlite:///var/demo/taskforce.db"
_SETTLE_EVERY = 7
"""Virtual days between two waits for the workflows; with `--pace` somebody is watching, and every day is waited for."""
DEMO_SINCE, DEMO_UNTIL = date(2024, 4, 1), date(2027, 3, 31)


@dataclass(frozen=True)
class Programme:
    """What is to be played: the cast, from when to when, by which dice, and how fast (virtual days a second)."""

    cast: Cast
    since: date
    until: date
    seed: int
    pace: float | None = None

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.since, clock_time(8, 30), JST).astimezone(UTC) - timedelta(hours=1)

    @property
    def ends(self) -> datetime:
        return end_of_business(self.until)


def rehearse(
    file: Path,
    until: date,
    seed: int = 1,
    pace: float | None = None,
    database_url: str | None = None,
    *,
    since: date | None = None,
    temporal: str | None = None,
    console: Console | None = None,
    people: Path | None = None,
) -> Summary:
    """Rehearse the tasks of a start file, or the projects of a data folder, until a day.

    `database_url` names a fresh virtual store (None: in memory alone, without Temporal: the fast engine). `temporal` is the
    address of a server to use instead of one of its own. Raises `RehearsalError` with a message for users.
    """
    begin = since or date(fiscal_year(until) - 2, 4, 1)
    if until <= begin:
        raise RehearsalError(
            f"--until {until}: {begin} より後の日付にしてください / must lie after the beginning, {begin}"
        )
    cast = _reading(lambda: cast_file(file, since=begin, seed=seed, people=people))
    return _play(Programme(cast, begin, until, seed, pace), database_url, temporal, console)


def demo(
    data: Path | None = None,
    *,
    seed: int = 1,
    pace: float | None = None,
    database_url: str = DEMO_URL,
    temporal: str | None = None,
    console: Console | None = None,
    limit: int | None = None,
) -> Summary:
    """The portfolio of the examples (or of a data folder of the same kind) over three fiscal years."""
    cast = _reading(lambda: cast_demo(data, since=DEMO_SINCE, seed=seed, limit=limit))
    return _play(Programme(cast, DEMO_SINCE, DEMO_UNTIL, seed, pace), database_url, temporal, console)


def _reading(read: Callable[[], Cast]) -> Cast:
    try:
        return read()
    except (DocumentError, OSError, ValueError) as error:
        raise RehearsalError(str(error)) from None


def _play(programme: Programme, url: str | None, temporal: str | None, console: Console | None) -> Summary:
    begun = time.monotonic()
    try:
        if url is None:
            tally, commands = asyncio.run(_in_memory(programme, console))
            summary = _summary(programme, tally, commands, begun)
        else:
            with fresh_store(url, seed=programme.seed, start=programme.begins) as store:
                tally, commands = asyncio.run(_on_store(programme, store, url, temporal, console))
                report = verify(store)
            told = tuple(str(p) for p in report.problems)
            summary = _summary(programme, tally, commands, begun, verified=report.ok, problems=told, store=url)
    except (StoreError, Unfollowed) as error:
        raise RehearsalError(str(error), exit_code=4) from None
    except Diverged as error:
        raise RehearsalError(f"記録と規則が食い違いました / store and rules diverged: {error}", exit_code=1) from None
    except KeyboardInterrupt:
        raise RehearsalError(
            "中断しました。もう一度実行すると最初から始まります / stopped; run it again to start over", exit_code=130
        ) from None
    if console is not None:
        show_summary(summary, programme.cast.process, console)
    return summary


def _summary(programme: Programme, tally: Tally, commands: int, begun: float, **more: object) -> Summary:
    seconds = time.monotonic() - begun
    return tally.summary(seed=programme.seed, until=programme.ends, commands=commands, seconds=seconds, **more)


async def _in_memory(programme: Programme, console: Console | None) -> tuple[Tally, int]:
    return await _conduct(programme, MemoryLedger(calendar(), programme.begins), console)


async def _on_store(
    programme: Programme, store: Store, url: str, temporal: str | None, console: Console | None
) -> tuple[Tally, int]:
    async with server_and_worker(store, url, temporal, console) as wake:
        return await _conduct(programme, StoreLedger(store, wake), console)


async def _conduct(programme: Programme, ledger: Ledger, console: Console | None) -> tuple[Tally, int]:
    """Import the directory, publish the process, play, and count."""
    cast = programme.cast
    imported = ImportDirectory(
        command_id="rehearsal:directory", stream=DIRECTORY, directory=cast.directory, names=cast.names
    )
    published = PublishDefinition(
        command_id=f"rehearsal:{cast.process.reference}", stream=stream_of(cast.process.name), definition=cast.process
    )
    for command in (imported, published):
        ledger.record(command, SYSTEM)
    people = People(cast.scripts, ledger.facts(cast.process.reference), programme.seed)
    tally = Tally(cast.process, calendar())
    with Board(tally, cast.process, programme.since, programme.until, console) as board:
        conductor = Conductor(
            ledger,
            people,
            observe=tally.saw,
            on_refused=tally.was_refused,
            on_day=board.day_done,
            pace=programme.pace,
            settle_every=1 if programme.pace else _SETTLE_EVERY,
        )
        await conductor.run(programme.ends)
    return tally, conductor.commands
