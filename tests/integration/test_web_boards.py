"""Boards and search: every number leads to what is behind it, on both databases; two characters of Japanese are found."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from settings import ROOT
from shell.session import furnish
from store import boards, queries, search
from store.store import Store
from store.tables import lifecycles
from tests.browser import shoot
from tests.integration.pages import Pages, client, look, signed_in


@pytest.fixture
def portfolio(town: Pages) -> Pages:
    town("start", "examples/smart-city.yaml")
    return town


def test_every_number_of_the_board_leads_to_as_many(portfolio: Pages, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP", java_script_enabled=False)
    page = signed_in(portfolio, context)
    page.click("nav >> text=一覧盤")
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
        for odd in ("%00", "%F0%9F%A6%A8", "100%25", "'; DROP TABLE events; --", "_", "\\", "x" * 5000):
            assert browsing.get(f"/search?q={odd}").status_code == 200


def test_boards_and_search_are_accessible(portfolio: Pages, browser: Browser) -> None:
    for language in ("ja-JP", "en-US"):
        for scheme in ("light", "dark"):
            context = browser.new_context(locale=language, color_scheme=scheme)
            page = signed_in(portfolio, context)
            if page.query_selector(f".tools button[value={language[:2]}]"):
                page.click(f".tools button[value={language[:2]}]")
            for path in ("board", "search?q=窓口", "lifecycles?tag=smart-city"):
                look(page, f"{portfolio.base}/{path}", f"{path.partition('?')[0]}-all-{language}-{scheme}")
            context.close()


def test_the_same_is_found_on_both_databases(database_url: str) -> None:
    store = Store.create(database_url)
    furnish(store)
    from shell.files import read_start_file

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
    assert search.search(store, " 　") == [] and search.search(store, "%%") == []
    store.close()


def test_titles_are_found_by_the_index_of_pairs(postgres_url: str) -> None:
    store = Store.create(postgres_url)
    furnish(store)
    with store.database.write() as connection:
        connection.execute(sa.text("SET enable_seqscan = off"))
        query = sa.select(lifecycles.c.stream).where(queries._within(store, "窓口"))
        text = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
        plan = "\n".join(r[0] for r in connection.execute(sa.text("EXPLAIN " + text.replace(":", "\\:"))))
    assert "lifecycles_pairs" in plan, plan
    store.close()
