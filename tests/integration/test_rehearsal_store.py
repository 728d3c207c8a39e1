"""The conductor on a real store: the rules in memory and the store tell the same story, and the same seed the same bytes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from domain.directory_stream import ImportDirectory
from domain.messages import SYSTEM, Recorded
from domain.process_stream import PublishDefinition, stream_of
from rehearsal.conductor import Conductor
from rehearsal.ledger import StoreLedger
from rehearsal.people import People
from rehearsal.script import Script
from store.store import Store
from store.tables import events
from store.verify import verify
from tests.given import PROCESS, directory
from tests.unit.test_conductor import Run, script

START, UNTIL = datetime(2024, 3, 31, tzinfo=UTC), datetime(2025, 8, 31, tzinfo=UTC)


def play(path: Path, scripts: list[Script], seed: int) -> tuple[list[dict[str, Any]], list[Recorded]]:
    """The rows of the events table after a rehearsal on a fresh virtual store, and the lifecycles' events as read back."""
    store = Store.create(f"sqlite:///{path}", clock="virtual", seed=str(seed), start=START)
    ledger = StoreLedger(store)
    ledger.record(ImportDirectory(command_id="i", stream="directory", directory=directory()), SYSTEM)
    publish = PublishDefinition(command_id="p", stream=stream_of(PROCESS.name), definition=PROCESS)
    ledger.record(publish, SYSTEM)
    people = People(scripts, ledger.facts(PROCESS.reference), seed)
    asyncio.run(Conductor(ledger, people, settle_every=7).run(UNTIL))
    assert store.unfollowed() == [] and verify(store).ok
    with store.database.read() as connection:
        rows = [dict(r) for r in connection.execute(sa.select(events).order_by(events.c.position)).mappings()]
    told = [recorded for s in scripts for recorded in store.events(s.stream)]
    store.close()
    return rows, told


def test_memory_and_store_tell_the_same_events(tmp_path: Path) -> None:
    scripts = [script(n) for n in range(3)]
    _, stored = play(tmp_path / "a.db", scripts, seed=1)
    run = Run(scripts, seed=1, until=UNTIL)
    assert len(stored) > 100
    assert stored == [recorded for n in range(3) for recorded in run.of(n)]


def test_same_seed_gives_the_same_events_in_every_column(tmp_path: Path) -> None:
    scripts = [script(n) for n in range(3)]
    first, again = (play(tmp_path / f"{name}.db", scripts, seed=7)[0] for name in ("a", "b"))
    assert len(first) > 100
    assert first == again
    assert play(tmp_path / "c.db", scripts, seed=8)[0] != first
