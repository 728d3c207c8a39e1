"""The pages tell what the record teaches: the forecast of a lifecycle, and earlier hypotheses where one is decided."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from learning import hypotheses
from learning.asking import forecast_of, lessons_at
from learning.forecast import in_words
from rehearsal.casting import cast_demo
from rehearsal.ledger import StoreLedger
from rehearsal.playing import Programme, conduct
from store import queries
from store.accounts import Accounts
from store.store import Store
from tests.integration.pages import PASSWORD, Pages, client

SINCE, UNTIL = date(2024, 4, 1), date(2026, 11, 20)
BACK = "rs2024-006515"
"""Stands at its hypothesis again on the last day."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Pages]]:
    """The record of a rehearsal in which an improvement has come back to its hypothesis, and its pages."""
    folder = tmp_path_factory.mktemp("pages")
    cast = cast_demo(None, since=SINCE, seed=3)
    scripts = [s for s in cast.scripts if s.start["ref"] == BACK] + [s for s in cast.scripts if s.start["ref"] != BACK]
    played = Programme(replace(cast, scripts=tuple(scripts[:8])), SINCE, UNTIL, seed=3)
    store = Store.create(f"sqlite:///{folder / 'taskforce.db'}", clock="virtual", seed="3", start=played.begins)
    store.database.relax()
    asyncio.run(conduct(played, StoreLedger(store), None))
    Accounts(store).set_password("p32", PASSWORD)
    pages = Pages(store.database.url, folder)
    pages.serve()
    yield store, pages
    pages.close()
    store.close()


def test_a_lifecycle_shows_its_forecast(house: tuple[Store, Pages]) -> None:
    store, pages = house
    with client(pages) as reader:
        for row in queries.find_lifecycles(store, closed=False, limit=3):
            shown = reader.get(f"/lifecycles/{row['stream']}")
            words = in_words(forecast_of(store, row["stream"]))
            assert shown.status_code == 200 and words.en in html.unescape(shown.text)


def test_a_hypothesis_is_decided_in_view_of_earlier_ones(house: tuple[Store, Pages]) -> None:
    store, pages = house
    (row,) = queries.find_lifecycles(store, stage="hypothesis", closed=False)
    state, _ = store.load(row["stream"])
    lessons = lessons_at(store, state)
    assert lessons is not None and lessons.silent is None and lessons.scripted
    with client(pages) as reader:
        shown = html.unescape(reader.get(f"/requests/{state.requests[0].id}").text)
        assert "What became of earlier hypotheses" in shown and hypotheses.in_words(lessons).en in shown
        assert "〔台本〕" in shown and row["stream"] not in {p.stream for p in lessons.past}
        other = next(r for r in queries.live_requests(store) if r["stream"] != row["stream"])
        assert "What became of earlier hypotheses" not in reader.get(f"/requests/{other['request']}").text
