"""Entry points of the rehearsal: `rehearse` a file of tasks, or the `demo` over three fiscal years."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from rich.console import Console

from definitions.faults import DocumentError
from domain.calendar import fiscal_year
from rehearsal.board import show_summary
from rehearsal.casting import Cast, cast_demo, cast_file, in_session
from rehearsal.errors import RehearsalError
from rehearsal.ledger import Diverged, StoreLedger, Unfollowed
from rehearsal.playing import Played, Programme, conduct
from rehearsal.shares import in_memory
from rehearsal.summary import Summary
from rehearsal.theatre import fresh_store, server_and_worker
from store.errors import StoreError
from store.store import Store
from store.verify import verify

DEMO_URL = "sqlite:///var/demo/taskforce.db"
DEMO_SINCE, DEMO_UNTIL = date(2024, 2, 1), date(2027, 3, 31)
"""FY2024 to FY2026, and the two months before in which its tasks are selected."""


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
    definition: Path | None = None,
    processes: int | None = None,
) -> Summary:
    """Rehearse the tasks of a start file, or the projects of a data folder, until a day.

    `database_url` names a fresh virtual store (None: in memory alone, without Temporal: the fast engine). `temporal` is the
    address of a server to use instead of one of its own. `processes` share the lifecycles between them in memory (None: one a
    core, when there are lifecycles enough); the events are the same whatever their number. Raises `RehearsalError` with a
    message for users.
    """
    begin = since or date(fiscal_year(until) - 2, 4, 1)
    if until <= begin:
        raise RehearsalError(
            f"--until {until}: {begin} より後の日付にしてください / must lie after the beginning, {begin}"
        )
    cast = _reading(lambda: cast_file(file, since=begin, seed=seed, people=people, definition=definition))
    return _play(Programme(cast, begin, until, seed, pace), database_url, temporal, console, processes)


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
    cast = _reading(lambda: in_session(cast_demo(data, since=DEMO_SINCE, seed=seed, limit=limit)))
    return _play(Programme(cast, DEMO_SINCE, DEMO_UNTIL, seed, pace), database_url, temporal, console)


def _reading(read: Callable[[], Cast]) -> Cast:
    try:
        return read()
    except (DocumentError, OSError, ValueError) as error:
        raise RehearsalError(str(error)) from None


def _play(
    programme: Programme, url: str | None, temporal: str | None, console: Console | None, processes: int | None = None
) -> Summary:
    begun = time.monotonic()
    try:
        if url is None:
            played = in_memory(programme, console, processes=processes)
            summary = _summary(programme, played, begun)
        else:
            with fresh_store(url, seed=programme.seed, start=programme.begins) as store:
                played = asyncio.run(_on_store(programme, store, url, temporal, console))
                report = verify(store)
            told = tuple(str(p) for p in report.problems)
            summary = _summary(programme, played, begun, verified=report.ok, problems=told, store=url)
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


def _summary(programme: Programme, played: Played, begun: float, **more: object) -> Summary:
    seconds = time.monotonic() - begun
    return played.tally.summary(
        bodies=played.bodies,
        seed=programme.seed,
        until=programme.ends,
        commands=played.commands,
        seconds=seconds,
        **more,
    )


async def _on_store(
    programme: Programme, store: Store, url: str, temporal: str | None, console: Console | None
) -> Played:
    async with server_and_worker(store, url, temporal, console) as wake:
        return await conduct(programme, StoreLedger(store, wake), console)
