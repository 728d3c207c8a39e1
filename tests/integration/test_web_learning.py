"""The pages tell what the record teaches: the forecast of a lifecycle, earlier hypotheses where one is decided, and all of it together
on a page of its own."""

from __future__ import annotations

import asyncio
import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser

from learning import hypotheses
from learning.asking import forecast_of, lessons_at
from learning.backtest import Error
from learning.exporting import EXPORTED, write_ocel, write_xes
from learning.forecast import in_words
from learning.keeping import Kept
from learning.log import happenings
from learning.overview import overview
from learning.paths import paths
from learning.times import cycle, waiting
from learning.traces import TYPES, traces
from rehearsal.casting import cast_demo
from rehearsal.ledger import StoreLedger
from rehearsal.playing import Programme, conduct
from settings import Settings
from store import queries
from store.accounts import Accounts
from store.store import Store
from tests.integration.pages import PASSWORD, Pages, client, fits, look, looks, sign_in
from web.app import create_app
from web.pages import teaching

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


def cells(page: str, section: str) -> list[list[str]]:
    """The rows of the first table of a section, as texts."""
    table = page.partition(f'id="{section}"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.S)
    return [
        [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", c)).split()) for c in re.findall(r"<t[hd].*?</t[hd]>", r, re.S)]
        for r in rows
    ]


def test_the_page_of_what_the_record_teaches_tells_what_the_shell_tells(house: tuple[Store, Pages]) -> None:
    store, pages = house
    record, calendar = list(traces(happenings(store, TYPES))), store.facts().calendar
    with client(pages) as reader:
        assert 'href="/board/learning"' in reader.get("/board").text
        page = reader.get("/board/learning").text
        assert f"From {len(record)} lifecycles" in page and f"〔台本〕{len(record)} of them were played" in page
        stages = sorted(cycle(record, calendar), key=lambda s: -s.share)
        shown = cells(page, "cycle")
        assert len(shown) == len(stages) and "bottleneck" in shown[0][0] and "bottleneck" not in shown[-1][0]
        assert [row[3] for row in shown] == [str(s.working.n if s.working else 0) for s in stages]
        first = stages[0].working
        assert first is not None and shown[0][1:3] == [f"{first.median:,.1f}", f"{first.p80:,.1f}"]
        (whole,) = (s for s in waiting(record, calendar, store.clock.now()).split if s.key == "all")
        last = cells(page, "waiting")[-1]
        assert (
            last[0] == "All stages" and last[1].startswith(f"{whole.waited:,.1f}") and last[5] == f"{whole.total:,.1f}"
        )
        assert last[6] == str(sum(s.working.n for s in stages if s.working))
        address = re.search(r'src="(/board/learning/times\.svg[^"]*)"', page)
        assert address
        drawn = reader.get(html.unescape(address[1]))
        assert drawn.headers["content-type"].startswith("image/svg+xml") and f"{whole.total:,.0f} working" in drawn.text
        assert reader.get("/board/learning/times.svg?section=none").status_code == 404
        ways = paths(record)
        assert [int(row[1]) for row in cells(page, "ways")] == [v.lifecycles for v in ways.variants[:12]]
        found = hypotheses.lessons(hypotheses.past(store))
        assert found.silent is None and hypotheses.in_words(found).en in html.unescape(page)


def test_a_section_has_its_own_numbers_kept_in_the_address(house: tuple[Store, Pages]) -> None:
    store, pages = house
    record = list(traces(happenings(store, TYPES)))
    section = record[0].section
    own = [t for t in record if t.section == section]
    empty = next(
        u.id for u in store.facts().directory.units if u.kind == "section" and u.id not in {t.section for t in record}
    )
    with client(pages) as reader:
        page = reader.get("/board/learning", params={"section": section}).text
        assert f'value="{section}" selected' in page and len(own) < len(record)
        assert re.search(rf"From {len(own)} lifecycles?[, (]", page)
        assert "no lifecycles to learn from" in reader.get("/board/learning", params={"section": empty}).text
        assert f"From {len(record)} lifecycles" in reader.get("/board/learning", params={"section": "none"}).text


def test_an_even_choice_of_a_large_record_says_so(house: tuple[Store, Pages]) -> None:
    store, _ = house
    all_, half = overview(store), overview(store, 4)
    assert all_.known == half.known == all_.city.lifecycles > half.city.lifecycles >= 3
    assert sum(s.lifecycles for s in half.sections.values()) == half.city.lifecycles


@contextmanager
def in_process(store: Store, folder: Path) -> Iterator[TestClient]:
    """The pages in this process, so that what they find can be another."""
    app = create_app(Settings(database_url=store.database.url, var_dir=folder), store)
    headers = {"Origin": "http://localhost", "Accept-Language": "en"}
    with TestClient(app, "http://localhost", headers=headers, follow_redirects=False) as reader:
        sign_in(cast(httpx.Client, reader), "p32")
        yield reader


def test_nobody_waits_for_a_large_record(
    house: tuple[Store, Pages], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = house
    going = Event()

    def slow(store: Store) -> object:
        assert going.wait(60)
        return overview(store)

    kept = Kept("slow", slow, 1)
    monkeypatch.setattr(teaching, "OVERVIEW", kept)
    with in_process(store, tmp_path) as reader:
        page = reader.get("/board/learning")
        assert page.status_code == 200 and "The record is being read" in page.text and "How long" not in page.text
        going.set()
        kept._making[store].join(60)
        assert "How long each stage takes" in reader.get("/board/learning").text


def test_how_the_forecast_did_stands_beside_naive_ones(
    house: tuple[Store, Pages], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = house
    young = overview(store)
    errors = (
        Error(name="forecast", mean=13.5, median=9, bias=-2.25),
        Error(name="due_dates", mean=45.7, median=30, bias=40),
        Error(name="overall_mean", mean=29.0, median=21, bias=1),
    )
    compared = {"cases": 40, "errors": errors, "held": 33, "judged": 44, "within": 0.75, "width": 43.0, "endless": 3}
    old = young.model_copy(
        update={"tried": young.tried.model_copy(update=compared | {"by_basis": {"stage": (33, 44)}})}
    )
    found = iter((young, old))
    monkeypatch.setattr(teaching, "OVERVIEW", SimpleNamespace(of=lambda _: next(found)))
    with in_process(store, tmp_path) as reader:
        assert young.tried.silent > 0 and "Nothing to compare yet" in reader.get("/board/learning").text
        page = reader.get("/board/learning").text
    assert cells(page, "backtest") == [
        ["the forecast", "13.5", "9.0", "-2.2", "40"],
        ["naive: the definition's due dates", "45.7", "30.0", "+40.0", "40"],
        ["naive: the mean of all stages", "29.0", "21.0", "+1.0", "40"],
    ]
    assert "in 33 of 44 forecasts (75%; it promises 80%)" in page and "Bands without an end: 3" in page
    assert "the same stage in the whole city" in page


def test_the_log_is_downloaded_without_names(house: tuple[Store, Pages]) -> None:
    store, pages = house
    xes, requests, ocel = io.StringIO(), io.StringIO(), io.StringIO()
    write_xes(traces(happenings(store, TYPES)), xes)
    write_xes(traces(happenings(store, TYPES)), requests, "requests")
    write_ocel(happenings(store, EXPORTED), ocel)
    with client(pages, None) as stranger:
        for path in (
            "/board/learning",
            "/board/learning/times.svg",
            "/board/learning/log.xes",
            "/board/learning/log.json",
        ):
            assert stranger.get(path).status_code == 303
    with client(pages) as reader:
        for path, written in (("log.xes", xes), ("log.xes?detail=requests", requests), ("log.json", ocel)):
            found = reader.get(f"/board/learning/{path}")
            assert found.status_code == 200 and found.content.decode() == written.getvalue()
            assert found.headers["content-disposition"].startswith("attachment")
            assert not any(str(p["name"]) in found.text for p in queries.all_people(store).values())
        assert reader.get("/board/learning/log.csv").status_code == 422


def test_the_page_is_accessible(house: tuple[Store, Pages], browser: Browser) -> None:
    _, pages = house
    for page, seen in looks(pages, browser):
        look(page, f"{pages.base}/board/learning", f"learning-{seen}")
        assert fits(page)
