"""Many lifecycles: the same events in memory, shared over processes and on a store, and lists that stay as quick."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from domain.messages import Recorded
from rehearsal.casting import cast_demo
from rehearsal.ledger import StoreLedger
from rehearsal.playing import Programme, conduct
from rehearsal.shares import in_memory, in_order
from settings import ROOT
from store import queries
from store.store import Store
from store.verify import verify
from tests.sharing import once

SINCE, UNTIL = date(2024, 4, 1), date(2025, 3, 31)


@pytest.fixture(scope="module")
def programme() -> Programme:
    """The reviewed projects and smart-city tasks of the examples, over a fiscal year."""
    return Programme(cast_demo(None, since=SINCE, seed=3), SINCE, UNTIL, seed=3)


@pytest.fixture(scope="module")
def told(programme: Programme) -> list[Recorded]:
    """Their events, from memory, by one process."""
    return in_order(in_memory(programme, processes=1, keep=True))


@contextmanager
def played(programme: Programme, name: str, factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A virtual store on which the programme was played, without Temporal."""

    def make(folder: Path) -> None:
        url = f"sqlite:///{folder / 'taskforce.db'}"
        store = Store.create(url, clock="virtual", seed=str(programme.seed), start=programme.begins)
        asyncio.run(conduct(programme, StoreLedger(store), None))
        store.close()

    store = Store.open(f"sqlite:///{once(factory, name, make) / 'taskforce.db'}")
    try:
        yield store
    finally:
        store.close()


@pytest.fixture(scope="module")
def store(programme: Programme, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with played(programme, "portfolio", tmp_path_factory) as store:
        yield store


def whole(events: list[Recorded]) -> list[tuple[object, ...]]:
    return [
        (r.stream, r.version, r.event.type, r.event.model_dump(mode="json"), r.actor, r.occurred_at, r.command_id)
        for r in events
    ]


def test_memory_and_store_tell_every_event_alike(programme: Programme, store: Store, told: list[Recorded]) -> None:
    stored = sorted(
        (r for s in programme.cast.scripts for r in store.events(s.stream)), key=lambda recorded: recorded.position
    )
    assert len(told) > 5_000 and {s.stream for s in programme.cast.scripts} == {r.stream for r in told}
    assert whole(stored) == whole(told)
    assert verify(store).ok and store.unfollowed() == []


def test_the_number_of_processes_changes_no_event_and_no_figure(programme: Programme) -> None:
    short = replace(programme, until=date(2024, 8, 30))
    alone, shared = (in_memory(short, processes=n, keep=True) for n in (1, 3))
    assert in_order(alone) == in_order(shared) and len(alone.told) > 1000
    figures = [p.tally.summary(seed=3, until=short.ends, commands=p.commands, seconds=1.0) for p in (alone, shared)]
    assert figures[0] == figures[1]


def test_events_are_kept_only_when_they_are_asked_for(programme: Programme) -> None:
    few = replace(programme, until=date(2024, 5, 31))
    assert in_memory(few, processes=1).told == [] and in_memory(few, processes=2).told == []


# --- looking ---------------------------------------------------------------------------------------------------------


class Looker:
    """Runs the shell on a store, in processes of its own, and counts the statements that it sends."""

    def __init__(self, store: Store) -> None:
        self._url = store.database.url

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        run = subprocess.run(
            [sys.executable, "-c", _COUNTING, *words],
            cwd=ROOT,
            env={**os.environ, "TASKFORCE_DATABASE_URL": self._url},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert run.returncode == 0, run.stderr
        return run

    def statements(self, *words: str) -> int:
        return int(self(*words).stderr.splitlines()[-1])

    def rows(self, *words: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self(*words, "--json").stdout)
        return found


_COUNTING = """
import sys
import sqlalchemy as sa
from shell.app import run
sent = []
sa.event.listen(sa.Engine, "before_cursor_execute", lambda *a: sent.append(a[2]))
code = run()
sys.stdout.flush()
sys.stderr.write(f"\\n{len(sent)}\\n")
sys.exit(code)
"""


@pytest.fixture(scope="module")
def few(programme: Programme, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    cast = replace(programme.cast, scripts=programme.cast.scripts[:6])
    with played(replace(programme, cast=cast), "few", tmp_path_factory) as store:
        yield store


def busiest(store: Store) -> str:
    """The post for which most requests wait."""
    with store.database.read() as connection:
        found = connection.execute(
            sa.text("SELECT post FROM requests GROUP BY post ORDER BY count(*) DESC, post LIMIT 1")
        ).scalar_one()
    return str(found)


@pytest.mark.parametrize("words", [["list"], ["list", "--json"], ["list", "--open"], ["list", "--health", "green"]])
def test_lists_send_as_few_statements_for_many_as_for_few(store: Store, few: Store, words: list[str]) -> None:
    assert Looker(store).statements(*words) <= Looker(few).statements(*words) + 2  # the total, when there is more


def test_awaiting_inbox_and_show_send_as_few_statements_for_many_as_for_few(store: Store, few: Store) -> None:
    def counted(some: Store) -> list[int]:
        look, post = Looker(some), busiest(some)
        holder = some.facts().directory.holders(post, some.clock.now().date())[0]
        (first,) = queries.find_lifecycles(some, limit=1)
        return [
            look.statements("list", "--awaiting", post),
            look.statements("inbox", "--as", holder),
            look.statements("show", first["stream"]),
        ]

    assert all(many <= one + 2 for many, one in zip(counted(store), counted(few), strict=True))


def test_pages_follow_each_other_without_gap(store: Store) -> None:
    look = Looker(store)
    everything = [r["id"] for r in look.rows("list")]
    assert len(everything) == 74
    pages = [r["id"] for n in range(0, 90, 30) for r in look.rows("list", "--limit", "30", "--offset", str(n))]
    assert pages == everything


def test_a_page_on_screen_tells_the_total_and_how_to_see_more(store: Store) -> None:
    look = Looker(store)
    assert "1–50 / 74 件" in look("list").stdout and "--offset 50" in look("list").stdout
    last = look("list", "--offset", "50").stdout
    assert "51–74 / 74 件" in last and "続き" not in last
    assert "74 件 / lifecycles" in look("list", "--limit", "100").stdout


def test_a_page_as_a_document_is_a_list_with_a_remark_beside_it(store: Store) -> None:
    part = Looker(store)("list", "--limit", "10", "--json")
    assert len(json.loads(part.stdout)) == 10 and "1–10 / 74" in part.stderr
    assert "74" not in Looker(store)("list", "--json").stderr.replace("\n", "")[:-4]


def test_what_waits_for_a_post_is_chosen_by_the_database(store: Store) -> None:
    post = busiest(store)
    rows = Looker(store).rows("list", "--awaiting", post)
    assert rows and all(post in {a["role"] for a in r["awaiting"]} and not r["held"] for r in rows)
    assert len(rows) == queries.count_lifecycles(store, awaiting=post)


def test_an_inbox_comes_in_pages_too(store: Store) -> None:
    post = busiest(store)
    holder = store.facts().directory.holders(post, store.clock.now().date())[0]
    everything = Looker(store).rows("inbox", "--as", holder)
    assert len(everything) == queries.count_inbox(store, holder) > 1
    assert Looker(store).rows("inbox", "--as", holder, "--limit", "1", "--offset", "1") == everything[1:2]


def test_a_shortened_id_is_found_through_the_index_and_whatever_its_case(store: Store) -> None:
    (first,) = queries.find_lifecycles(store, limit=1)
    assert queries.resolve(store, first["stream"][:10]) == first["stream"]
    assert queries.resolve(store, first["stream"][:10].upper()) == first["stream"]
