"""Open pages show what others record, without a reload; what is being written stays as it is."""

from __future__ import annotations

import httpx
from playwright.sync_api import Browser

from tests.integration.pages import Pages, client, signed_in


def test_progress_appears_without_a_reload(town: Pages, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP")
    inbox = signed_in(town, context)
    stream = town.json("list")[0]["id"]
    page, writing = context.new_page(), context.new_page()
    page.goto(f"{town.base}/lifecycles/{stream}")
    writing.goto(f"{town.base}{inbox.get_attribute('a.what', 'href')}")
    writing.fill("#comment", "まだ書きかけ")
    errors: list[str] = []
    for open_page in (inbox, page, writing):
        open_page.on("pageerror", lambda e: errors.append(str(e)))
        open_page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    town("comment", "R8", "--text", "財政課と相談中です", "--as", "p33")
    page.wait_for_selector("text=財政課と相談中です", timeout=10_000)
    writing.wait_for_selector("#news", timeout=10_000)
    assert writing.input_value("#comment") == "まだ書きかけ"
    assert "1" in inbox.inner_text(".tabs [aria-current]")
    town("withdraw", "R8", "--reason", "誤記", "--as", "p33")
    inbox.wait_for_selector(".empty", timeout=10_000)
    assert errors == []
    context.close()


def test_news_is_for_those_who_are_signed_in_and_misses_nothing(town: Pages) -> None:
    stream = town.json("list")[0]["id"]
    with client(town, None) as stranger:
        assert stranger.get("/live").status_code == 303
    with client(town) as browsing:
        # What was recorded between the page and the connection is told at once.
        with browsing.stream("GET", "/live", params={"of": stream, "since": 1}, timeout=10) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            assert told(response) == "changed"
        with browsing.stream("GET", "/live", params={"since": 10**9}, headers={"Last-Event-ID": "1"}, timeout=10) as r:
            assert told(r) == "changed"


def told(response: httpx.Response) -> str:
    return next(line.partition(": ")[2] for line in response.iter_lines() if line.startswith("event"))
