"""The rehearsal through the bodies: what is selected starts, what waits for a chair is concluded in session, all of it once."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from domain.lifecycle import events as e
from domain.lifecycle.concluding import ConclusionCarried
from domain.selection import messages as sm
from domain.sessions import messages as m
from rehearsal.casting import cast_demo, in_session
from rehearsal.ledger import MemoryLedger, StoreLedger
from rehearsal.playing import Played, Programme, conduct
from store.bodies import all_sessions, deferred, register
from store.calendars import calendar
from store.store import Store
from store.tables import events
from store.verify import verify

SINCE, UNTIL = date(2024, 2, 1), date(2025, 9, 30)


def programme(limit: int | None = None, until: date = UNTIL) -> Programme:
    cast = in_session(cast_demo(None, since=SINCE, seed=1))
    return Programme(replace(cast, scripts=cast.scripts[:limit]), SINCE, until, 1)


@pytest.fixture(scope="module")
def played() -> tuple[Played, MemoryLedger]:
    given = programme()
    ledger = MemoryLedger(calendar(), given.begins)
    return asyncio.run(conduct(given, ledger, None)), ledger


def test_every_task_is_selected_and_starts_once(played: tuple[Played, MemoryLedger]) -> None:
    result, ledger = played
    started = Counter(r.stream for r in ledger.events if isinstance(r.event, e.LifecycleStarted))
    chosen = [ref for r in ledger.events if isinstance(r.event, sm.SelectionConcluded) for ref in r.event.selected]
    assert set(started.values()) == {1} and len(started) == len(chosen) == len(set(chosen)) == 74
    assert result.bodies["deferred"] == 2 and not result.bodies.get("exceptions")
    assert not result.tally.refusals


def test_a_source_and_what_it_serves_go_from_the_proposal_into_the_lifecycle(
    played: tuple[Played, MemoryLedger],
) -> None:
    started = [r.event for r in played[1].events if isinstance(r.event, e.LifecycleStarted)]
    assert sum("rssystem" in (s.source.url or "") for s in started if s.source) == 68
    assert sum("smart-city" in s.tags for s in started) == 6


def test_whoever_chairs_decides_in_session_only(played: tuple[Played, MemoryLedger]) -> None:
    answers = [r.event for r in played[1].events if isinstance(r.event, e.RequestAnswered)]
    in_session = [a for a in answers if a.post in ("mayor", "hq-vice-director")]
    assert len(in_session) > 50 and {a.stands for a in in_session} == {"body"}
    carried = Counter(
        (r.event.session, r.event.item) for r in played[1].events if isinstance(r.event, ConclusionCarried)
    )
    assert set(carried.values()) == {1}


def test_sessions_end_with_final_minutes(played: tuple[Played, MemoryLedger]) -> None:
    closed = {r.stream: r.occurred_at for r in played[1].events if isinstance(r.event, m.SessionClosed)}
    final = {r.stream for r in played[1].events if isinstance(r.event, m.MinutesFinalised)}
    last = max(closed.values())
    assert {s for s, at in closed.items() if (last - at).days > 21} <= final


def test_store_and_rules_tell_the_same_through_the_bodies(tmp_path: Path) -> None:
    given = programme(8, date(2024, 12, 27))
    store = Store.create(f"sqlite:///{tmp_path / 'a.db'}", clock="virtual", seed="1", start=given.begins)
    asyncio.run(conduct(given, StoreLedger(store), None))
    ledger = MemoryLedger(calendar(), given.begins)
    asyncio.run(conduct(given, ledger, None))
    with store.database.read() as connection:
        rows = connection.execute(
            sa.select(events.c.stream, events.c.version, events.c.type, events.c.occurred_at).order_by(
                events.c.position
            )
        ).all()
    assert [tuple(r) for r in rows] == [(r.stream, r.version, r.event.type, r.occurred_at) for r in ledger.events]
    assert store.unfollowed() == [] and verify(store).ok
    assert {s["body"] for s in all_sessions(store)} == {"council", "monitoring"}
    assert register(store) and not deferred(store)
    store.close()
