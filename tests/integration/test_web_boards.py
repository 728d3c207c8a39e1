"""Boards and search: every number leads to what is behind it, on both databases; two characters of Japanese are found."""

from __future__ import annotations

import csv
import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from domain.lifecycle.commands import HoldLifecycle
from settings import ROOT
from shell.session import furnish
from store import boards, fresh, queries, search
from store.boards import Shown
from store.fresh import Fresh
from store.store import Store
from store.tables import deliverables, lifecycles
from tests.browser import shoot
from tests.city import VALID, person
from tests.integration.pages import Pages, client, look, looks, signed_in
from tests.integration.test_store_queries import TWO, fill


@pytest.fixture
def portfolio(town: Pages) -> Pages:
    town("start", "examples/smart-city.yaml")
    return town


def test_every_number_of_the_board_leads_to_as_many(portfolio: Pages, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP", java_script_enabled=False)
    page = signed_in(portfolio, context)
    page.click("nav >> text=全体の状況")
    shoot(page, "board")
    assert "進行中 7 件" in page.inner_text("main")
    table = page.inner_text(".map")
    assert "母子保健・健康" in table and "乳幼児" in table
    links = [
        (a.get_attribute("href") or "", a.inner_text())
        for a in page.query_selector_all("main a[href^='/lifecycles?']")
        if re.search(r"(\d+)\s*(件)?$", a.inner_text())
    ]
    assert len(links) > 4
    for href, text in links:
        page.goto(f"{portfolio.base}{href}")
        number = re.search(r"(\d+)\s*(件)?$", text)
        assert number is not None
        assert page.inner_text("[role=status]").startswith(number[1]), (href, text, page.inner_text("[role=status]"))
    context.close()


def test_lists_are_tables_for_spreadsheets_with_all_that_was_chosen(portfolio: Pages) -> None:
    title = "=SUM(A1) 保育の申込み"
    text = re.sub(
        r"(?m)^(\s*-?\s*title:).*$", rf'\1 "{title}"', (ROOT / "examples/first.yaml").read_text("utf-8"), count=1
    )
    text = text.replace("R8-child-certificates", "formula")
    (portfolio.folder / "formula.yaml").write_text(text, "utf-8")
    portfolio("start", str(portfolio.folder / "formula.yaml"))
    with client(portfolio) as reader:
        answer = reader.get("/lifecycles.csv?state=all")
        assert (
            answer.content.startswith("\ufeff".encode()) and "lifecycles.csv" in answer.headers["content-disposition"]
        )
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len(rows) == len(portfolio.json("list")) and f"'{title}" in [r["task"] for r in rows]
        assert all(r["waits for"] and re.fullmatch(r"\d{4}-\d\d-\d\d", r["next date"]) for r in rows)
        assert reader.get("/lifecycles.csv", params={"words": "保育の申込み"}).text.count("formula") == 1
        assert reader.get("/register.csv").text.startswith("\ufefffiscal year,section,number")
        assert reader.get("/sessions/register.csv").status_code == 200


def test_search_finds_words_of_two_characters_and_leads_there(portfolio: Pages, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP", java_script_enabled=False)
    page = signed_in(portfolio, context)
    page.goto(f"{portfolio.base}/search")
    page.fill("input[name=q]", "保育")
    page.click("main button")
    assert "課題" in page.inner_text("#k-lifecycle")
    page.goto(f"{portfolio.base}/search?q=来庁 窓口")
    shoot(page, "search")
    page.click("#k-document ~ ul a")
    assert "来庁" in page.inner_text("main")
    page.goto(f"{portfolio.base}/search?q=水上")
    assert "水上" in page.inner_text("#k-person ~ ul")
    context.close()
    with client(portfolio) as browsing:
        assert browsing.get("/search?q=%00").status_code == 404
        for odd in ("%F0%9F%A6%A8", "100%25", "'; DROP TABLE events; --", "_", "\\", "x" * 5000):
            assert browsing.get(f"/search?q={odd}").status_code == 200


def test_boards_and_search_are_accessible(portfolio: Pages, browser: Browser) -> None:
    for page, seen in looks(portfolio, browser):
        for path in ("board", "search?q=窓口", "lifecycles?tag=smart-city"):
            look(page, f"{portfolio.base}/{path}", f"{path.partition('?')[0]}-all-{seen}")


def test_the_same_is_found_on_both_databases(database_url: str) -> None:
    store = Store.create(database_url)
    furnish(store)
    from imports.starts import read_start_file

    commands = read_start_file(
        ROOT / "examples" / "smart-city.yaml", store.facts().directory, "himeji@1", {"himeji@1"}, lambda _: None
    )
    from domain.messages import Actor, Via

    store.record_many([(c, Actor(person="p33", via=Via.SHELL, authenticated_by="test")) for c in commands])
    [column] = boards.columns(store)
    assert (column.stage, column.count, column.red, len(column.first)) == ("setup", 6, 0, 5)
    cells = {(c.field, c.life): len(c.found) for c in boards.smart_city(store, ["education", "labour"], ["school"])}
    assert cells == {("education", "school"): 1, ("labour", None): 1}
    assert sum(b.waiting for b in boards.bottlenecks(store)) == 6
    assert queries.count_lifecycles(store, tag="smart-city") == 6
    assert queries.count_lifecycles(store, tag="smart") == 0
    assert boards.stale(store, 1) == [] and boards.closed_as(store) == {}
    title = commands[0].title
    for start in range(len(title) - 1):
        found = search.search(store, title[start : start + 2])
        assert any(h.stream == commands[0].stream for h in found), title[start : start + 2]
    assert [h.id for h in search.search(store, title, kind="lifecycle")] == [commands[0].stream]
    paged = [h.id for skip in range(8) for h in search.search(store, "p", 1, kind="post", skip=skip)]
    assert paged == [h.id for h in search.search(store, "p", 8, kind="post")]
    assert search.search(store, " 　") == [] and search.search(store, "%%") == []
    store.close()


@pytest.mark.parametrize("word", ["窓口", "窓", "'\\\\:*"])
def test_titles_are_found_by_the_index_of_pairs(postgres_url: str, word: str) -> None:
    store = Store.create(postgres_url)
    furnish(store)
    with store.database.write() as connection:
        connection.execute(sa.text("SET enable_seqscan = off"))
        query = sa.select(lifecycles.c.stream).where(queries._within(store, word))
        text = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
        plan = "\n".join(r[0] for r in connection.execute(sa.text("EXPLAIN " + text.replace(":", "\\:"))))
    assert "lifecycles_starts" in plan, plan
    store.close()


def test_documents_are_found_by_their_index_whatever_their_letters(postgres_url: str) -> None:
    store = Store.create(postgres_url)
    fill(store)
    found = sa.cast(deliverables.c.content, sa.Text)
    with store.database.write() as connection:
        connection.execute(sa.text("SET enable_seqscan = off"))
        query = sa.select(deliverables.c.stream).where(queries.contains(store, found, "窓口"))
        text = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
        plan = "\n".join(r[0] for r in connection.execute(sa.text("EXPLAIN " + text.replace(":", "\\:"))))
    assert "deliverables_starts" in plan, plan
    store.close()


@pytest.mark.parametrize("tried", [0, 1, 2_000])
def test_looking_through_the_first_rows_leaves_nothing_out(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tried: int
) -> None:
    monkeypatch.setattr(search, "TRIED", tried)
    store = Store.create(database_url)
    fill(store)
    problem = str(VALID["setup"]["problem"])
    assert "窓口" in problem and len(problem) > 2
    for word, kinds in (
        ("窓口", ["document"]),
        ("窓", ["document"]),
        (problem, ["document"]),
        ("課題", ["lifecycle", "lifecycle"]),
        ("r7-2", ["lifecycle"]),
        ("課題1 R7", ["lifecycle"]),
        ("課題1 窓口", []),
    ):
        hits = search.search(store, word)
        assert [h.kind for h in hits if h.kind in ("lifecycle", "document")] == kinds, word
    assert len(search.search(store, "課題", 1)) == 1
    store.close()


def test_a_board_is_reckoned_once_until_something_is_recorded(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.create(database_url)
    fill(store)
    times: list[Shown] = []

    def reckoned(store: Store, shown: Shown) -> boards.Glance:
        times.append(shown)
        return boards.glance(store, shown)

    kept = Fresh(reckoned)
    shown = Shown(bureau=None, long=180, fields=("education",), lives=("school",))
    with ThreadPoolExecutor(8) as readers:
        found = list(readers.map(lambda _: kept.of(store, shown), range(40)))
    assert len(times) == 1 and all(f == boards.glance(store, shown) for f in found)
    store.record(HoldLifecycle(command_id="h", stream=TWO, reason="人事異動", until=date(2026, 12, 1)), person("chief"))
    after = kept.of(store, shown)
    assert len(times) == 2 and sum(c.held for c in after.columns) == 1
    kept.of(store, shown.model_copy(update={"bureau": "no-such-bureau"}))
    assert len(times) == 3
    monkeypatch.setattr(fresh, "LONGEST", -1.0)
    kept.of(store, shown)
    assert len(times) == 4
    store.close()


def test_a_page_sees_one_moment(database_url: str) -> None:
    store = Store.create(database_url)
    fill(store)
    with store.database.snapshot():
        before = queries.head_position(store)
        with ThreadPoolExecutor(1) as another:
            hold = HoldLifecycle(command_id="h", stream=TWO, reason="人事異動", until=date(2026, 12, 1))
            another.submit(store.record, hold, person("chief")).result()
            assert another.submit(queries.head_position, store).result() > before
        assert queries.head_position(store) == before and not store.load(TWO)[0].hold
    assert queries.head_position(store) > before and store.load(TWO)[0].hold
    store.close()
