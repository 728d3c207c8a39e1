"""Charts on the pages: seen in a real browser, as images under addresses that change with their data, for those who may read."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from playwright.sync_api import Browser

from domain.calendar import local_day
from tests.browser import shoot
from tests.integration.pages import Pages, client, look, looks, signed_in

TODAY = local_day(datetime.now(UTC))
SECRETARIAT = "p07"
CRITERIA = ("problem", "coordination", "workload", "reuse", "saving", "impact", "digital")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def city(town: Pages) -> Pages:
    """Lifecycles with KPIs and budgets."""
    town("adopt", "examples/adopt/portfolio.yaml")
    return town


@pytest.fixture
def choosing(town: Pages) -> Pages:
    """A selection round whose call is closed."""
    town("intake", "call", "2026", "--closes", str(TODAY + timedelta(days=20)), "--as", SECRETARIAT)
    for ref, title in (("N-1", "保育料通知の電子化"), ("N-2", "<b>窓口</b>の予約 & 案内")):
        propose = ("--title", title, "--section", "child-support", "--problem", "紙が多い", "--as", "p33")
        town("intake", "propose", "2026", ref, *propose)
    town("intake", "close", "2026", "--as", SECRETARIAT)
    return town


def adopted(town: Pages) -> str:
    """A lifecycle that has KPIs with measurements, and a budget."""
    return str(town.json("show", "R5-moving-counter")["id"])


def test_the_pages_show_charts_with_their_data(city: Pages, browser: Browser) -> None:
    stream = adopted(city)
    looks: tuple[tuple[int, int, Literal["light", "dark"]], ...] = ((1280, 900, "light"), (390, 844, "dark"))
    for width, height, scheme in looks:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="ja-JP", color_scheme=scheme)
        page = signed_in(city, context)
        for path, least in ((f"lifecycles/{stream}", 3), ("board", 1), ("board/charts", 1)):
            page.goto(f"{city.base}/{path}")
            images = page.query_selector_all(".chart img")
            assert len(images) >= least
            for image in images:
                image.evaluate("async i => { i.loading = 'eager'; await i.decode(); }")
                assert image.evaluate("i => i.naturalWidth") == 720 and image.get_attribute("alt")
            for chart in page.query_selector_all(".chart:has(.marks)"):
                marks, cells = (
                    {a.get_attribute("href") for a in chart.query_selector_all(f"{w} a")} for w in (".marks", "td")
                )
                assert marks and marks <= cells
                size = chart.eval_on_selector("img", "i => [i.naturalWidth, i.naturalHeight].join(' ')")
                assert chart.eval_on_selector(".marks", "s => s.getAttribute('viewBox')") == f"0 0 {size}"
        page.goto(f"{city.base}/lifecycles/{stream}")
        shoot(page, f"charts-{width}-{scheme}")
        page.click(".chart summary >> nth=0")
        assert "関門" in page.inner_text(".chart details[open]") or "期" in page.inner_text(".chart details[open]")
        context.close()


def test_the_pages_with_charts_are_accessible(city: Pages, browser: Browser) -> None:
    stream = adopted(city)
    for page, seen in looks(city, browser):
        for path in (f"lifecycles/{stream}", "board/charts", "board/kpis", "definitions/himeji@1"):
            look(page, f"{city.base}/{path}", f"{path.partition('/')[0]}-{path.rpartition('/')[2][:8]}-{seen}")


def test_every_kpi_of_the_portfolio_stands_on_a_page(city: Pages) -> None:
    listed = city.json("kpi", "list")
    with client(city) as browsing:
        page = browsing.get("/board").text
        assert 'href="/board/kpis"' in page
        whole = browsing.get("/board/kpis").text
        assert all(k["kpi_title"] in whole for k in listed) and len(listed) >= 2
        for colour in ("red", "amber", "green"):
            some = browsing.get("/board/kpis", params={"health": colour}).text
            assert some.count("#kpis") == sum(k["health"] == colour for k in listed)
        assert browsing.get("/board/kpis", params={"health": "x", "bureau": "none", "page": 9}).status_code == 200


def test_a_picture_is_for_those_who_may_read_and_is_sent_once(city: Pages) -> None:
    stream = adopted(city)
    assert [k["data"]["key"] for k in city.json("chart", "kpi", stream)["charts"]] == ["minutes", "running_cost"]
    paths = [f"/lifecycles/{stream}/charts/{name}.svg" for name in ("kpi/minutes", "budget", "timeline")]
    with client(city, None) as stranger:
        for path in (*paths, "/board/flow.svg", "/board/value.svg", "/board/charts"):
            assert stranger.get(path).status_code == 303
    with client(city) as browsing:
        for path in (*paths, "/board/flow.svg", "/board/value.svg"):
            first = browsing.get(path)
            assert first.status_code == 200 and first.headers["content-type"].startswith("image/svg+xml")
            assert "script-src" not in first.headers["content-security-policy"]
            assert "sandbox" in first.headers["content-security-policy"]
            assert ET.fromstring(first.content).findtext(f"{SVG}title")
            again = browsing.get(path, headers={"If-None-Match": first.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            japanese = browsing.get(f"{path}?lang=ja")
            assert japanese.headers["etag"] != first.headers["etag"]
        before = browsing.get(paths[0])
        city("measure", stream, "minutes", "33", "--period", "2026-Q1", "--as", "p22")
        after = browsing.get(paths[0], headers={"If-None-Match": before.headers["etag"]})
        assert after.status_code == 200 and after.content != before.content
        for missing in (
            f"/lifecycles/{stream}/charts/kpi/none.svg",
            "/lifecycles/none/charts/budget.svg",
            "/board/flow.svg?bureau=none",
            "/board/value.svg?round=none",
        ):
            assert browsing.get(missing).status_code == 404


def test_proposals_are_drawn_once_they_are_scored(choosing: Pages) -> None:
    with client(choosing) as browsing:
        assert "board/value.svg" not in browsing.get("/selection/selection:2026").text
        assert "No proposal has been scored yet" in browsing.get("/board/charts").text
        for ref, score in (("N-1", 2), ("N-2", 4)):
            given = [word for name in CRITERIA for word in ("--score", f"{name}={score}")]
            choosing("intake", "score", "2026", ref, *given, "--as", SECRETARIAT)
        assert "board/value.svg" in browsing.get("/selection/selection:2026").text
        page = browsing.get("/board/charts").text
        assert "&lt;b&gt;窓口&lt;/b&gt;" in page and "<b>窓口" not in page
        shown = ET.fromstring(browsing.get("/board/value.svg?round=selection%3A2026&lang=ja").content)
        said = ["".join(t.itertext()) for t in shown.iter(f"{SVG}text")]
        assert any("<b>窓口</b>の" in t for t in said) and any(t.startswith("2 保育料通知") for t in said)
