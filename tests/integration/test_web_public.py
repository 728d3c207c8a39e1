"""The page for citizens: off by default, nothing before its day, never a name, open data that can be read."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import httpx
from playwright.sync_api import Browser

from definitions.loader import load_people
from domain.calendar import local_day
from tests.integration.pages import Pages, client, look, signed_in

SUMMARY = "=窓口の待ち時間を減らします。"


def test_it_is_off_by_default_and_shows_only_what_was_published(town: Pages, browser: Browser) -> None:
    today = local_day(datetime.now(UTC))
    with client(town, None) as citizen:
        assert citizen.get("/public").status_code == 404
    town.close()
    town.setting("TASKFORCE_PUBLIC_PAGE", "true")
    town.serve()
    with client(town, None) as citizen:
        assert "R8" not in citizen.get("/public").text
        town("publish", "R8", "--text", SUMMARY, "--as", "p32", code=3)
        later = str(today + timedelta(days=1))
        town("publish", "R8", "--text", SUMMARY, "--since", later, "--as", "p07")
        assert citizen.get("/public/projects.json").json() == []
        assert citizen.get("/public/R8-001").status_code == 404
        town("publish", "R8", "--text", SUMMARY, "--since", "nonsense", "--as", "p07", code=2)
        town("publish", "R8", "--text", SUMMARY, "--part", "stages", "--part", "budget", "--as", "p07")
        (shown,) = citizen.get("/public/projects.json").json()
        assert shown["kpis"] is None and shown["voted"] == {} and shown["stages"]
        whole = citizen.get("/public/projects.json").text + _page(citizen, shown["ref"])
        for person in load_people()[1]:
            assert person.name not in whole and f'"{person.person}"' not in whole
        rows = list(csv.DictReader(io.StringIO(citizen.get("/public/projects.csv").content.decode("utf-8-sig"))))
        assert [r["summary"] for r in rows] == ["'" + SUMMARY]
        for language in ("ja-JP", "en-US"):
            context = browser.new_context(locale=language, color_scheme="light" if language == "ja-JP" else "dark")
            page = context.new_page()
            for path in ("public", f"public/{shown['ref']}"):
                look(page, f"{town.base}/{path}", f"{path.partition('/')[0]}{'-one' * ('/' in path)}-{language}")
            context.close()
        town("unpublish", "R8", "--reason", "誤り", "--as", "p07")
        assert citizen.get("/public/projects.json").json() == []


def test_the_secretariat_publishes_on_the_page(town: Pages, browser: Browser) -> None:
    town.password("p07")
    page = signed_in(town, browser.new_context(locale="ja-JP"), "p07")
    stream = town.json("show", "R8")["id"]
    page.goto(f"{town.base}/lifecycles/{stream}/do/publish")
    page.fill("#f-summary", "市民の待ち時間を減らします。")
    page.fill("#f-since", "2030-04-01")
    page.check("#f-parts [value=stages]")
    page.click("main button.primary")
    page.wait_for_url("**/lifecycles/*")
    assert "市民に公開" in page.inner_text("main")


def _page(citizen: httpx.Client, ref: str) -> str:
    found = citizen.get(f"/public/{ref}")
    assert found.status_code == 200
    return found.text
