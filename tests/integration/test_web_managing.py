"""Changing how the house is set up on pages: tried first, recorded by those whose duty it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import yaml
from playwright.sync_api import Browser

from domain.calendar import fiscal_year, local_day, wareki
from settings import ROOT
from tests.integration.hall import lifecycle, state
from tests.integration.pages import Pages, client, fits, look, looks, signed_in
from tests.integration.test_web_bodies import csrf

TODAY = local_day(datetime.now(UTC))
PERSONNEL, OFFICE = "p16", "p07"
NEXT_APRIL = date(fiscal_year(TODAY) + 1, 4, 1)


@pytest.fixture
def house(town: Pages) -> Pages:
    """The town, in which somebody of the personnel office and of the secretariat can sign in."""
    return town


def test_moves_are_tried_then_loaded_and_shown_from_their_day(house: Pages, browser: Browser) -> None:
    page = signed_in(house, browser.new_context(locale="ja-JP"), PERSONNEL)
    page.goto(f"{house.base}/organisation")
    page.click("text=人事異動を取り込む")
    page.fill("#f-on", wareki(NEXT_APRIL))
    page.fill("#f-moves-0-person", "水上 七海")
    page.select_option("#f-moves-0-post", "child-support-chief")
    page.select_option("#f-moves-0-leaves", "child-support-drafter")
    page.click("button[value=dry]")
    told = page.inner_text(".notice")
    assert "水上 七海 は次の職に就きます: こども支援課長" in told and "増位 四季 は次の職を離れます" in told
    page.click("main button.primary")
    page.wait_for_url("**/organisation?done=1")
    assert "水上 七海" in page.inner_text("#u-child-support ~ ul"), "not before its day"
    with client(house) as chief:
        fields = {"on": str(NEXT_APRIL), "moves.0.person": "p33", "moves.0.post": "child-support-chief"}
        refused = chief.post("/organisation/do/moves", data={**csrf(chief.get("/sessions").text), **fields})
        assert refused.status_code == 409 and "does not belong to the unit" in refused.text
        assert "Load personnel moves" not in chief.get("/organisation").text
        assert "Record an absence" in chief.get("/organisation").text
        broken = chief.post("/organisation/do/absence", data={**csrf(chief.get("/sessions").text), "person": "p32"})
        assert broken.status_code == 422 and "f-since-wrong" in broken.text


def test_an_absence_is_ones_own_and_the_next_in_order_decides(house: Pages) -> None:
    with client(house) as chief, client(house, PERSONNEL) as office, client(house, "p30") as director:
        order = {"post": "child-support-chief", "deputies.0.deputy": "children-director", "since": str(TODAY)}
        token = csrf(office.get("/sessions").text)
        assert office.post("/organisation/do/deputies", data={**token, **order}).status_code == 303
        away = {"person": "p32", "since": str(TODAY), "until": wareki(TODAY + timedelta(days=3))}
        mine = csrf(chief.get("/sessions").text)
        tried = chief.post("/organisation/do/absence", data={**mine, **away, "act": "dry"})
        assert "may decide in absence" in tried.text
        assert director.get("/?view=deputy").text.count('class="what') == 0
        assert chief.post("/organisation/do/absence", data={**mine, **away}).status_code == 303
        assert director.get("/?view=deputy").text.count('class="what') == 1
        other = chief.post("/organisation/do/absence", data={**mine, **away, "person": "p30"})
        assert other.status_code == 409
        assert chief.post("/organisation/do/absence", data={**mine, **away, "cancelled": "yes"}).status_code == 303
        assert director.get("/?view=deputy").text.count('class="what') == 0


def test_ones_work_is_listed_then_handed_over(house: Pages) -> None:
    with client(house, "p33") as drafter, client(house) as chief:
        fields = {**csrf(drafter.get("/sessions").text), "previous": "p33", "successor": "曽左 三代", "reason": "異動"}
        tried = drafter.post("/organisation/succession", data={**fields, "act": "dry"})
        assert "would be handed over" in tried.text and "R8" in tried.text
        assert lifecycle(house, "R8").drafter == "p33"
        done = drafter.post("/organisation/succession", data=fields)
        assert "): handed over" in done.text
        assert lifecycle(house, "R8").drafter == "p35"
        theirs = {**csrf(chief.get("/sessions").text), "previous": "p35", "successor": "p33", "reason": "x"}
        assert chief.post("/organisation/succession", data=theirs).status_code == 409


def test_a_definition_is_tried_published_and_dry_run(house: Pages, browser: Browser) -> None:
    document = yaml.safe_load((ROOT / "definitions" / "himeji.yaml").read_text("utf-8"))
    document["version"] = 7
    document["stages"][0]["title"]["ja"] = "設置(改)"
    content = yaml.safe_dump(document, allow_unicode=True)
    page = signed_in(house, browser.new_context(locale="ja-JP"), OFFICE)
    page.goto(f"{house.base}/definitions")
    page.set_input_files("#file", {"name": "himeji.yaml", "mimeType": "text/yaml", "buffer": content.encode()})
    page.click("#try ~ form button")
    assert "公開できます" in page.inner_text("main") and "設置(改)" in page.inner_text("main")
    page.click("text=公開する himeji@7")
    page.wait_for_url("**/definitions?done=1")
    assert 7 in state(house, "definition:himeji").digests
    look(page, f"{house.base}/definitions/himeji@7/dry-run", "definitions-dry-run")
    assert "依頼はそのまま" in page.inner_text("main") or "変わるものはありません" in page.inner_text("main")
    with client(house) as chief:
        token = csrf(chief.get("/sessions").text)
        again = {**token, "text": content.replace("version: 7", "version: 8"), "name": "x.yaml", "base": "2"}
        stale = chief.post("/definitions/publish", data=again | {"base": "1"})
        assert stale.status_code == 409 and "it is at version 2" in stale.text, "himeji@7 came after it was tried"
        refused = chief.post("/definitions/publish", data=again)
        assert refused.status_code == 409 and "does not belong" in refused.text
        assert chief.post("/definitions/publish", data={**token, "text": "- x"}).status_code == 422
        assert chief.get("/definitions/nothing@1/dry-run").status_code == 404


def test_the_pages_of_changes_are_accessible(house: Pages, browser: Browser) -> None:
    paths = (
        "organisation",
        "organisation/do/moves",
        "organisation/do/deputies",
        "organisation/do/absence",
        "organisation/succession",
        "organisation/reorganise",
    )
    for page, seen in looks(house, browser, PERSONNEL):
        for path in paths:
            look(page, f"{house.base}/{path}", f"{path.replace('/', '-')}-{seen}")
            assert fits(page), path
