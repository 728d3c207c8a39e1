"""The bodies in the browser: a session from its notice to its minutes, and a selection round."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Browser

from domain.calendar import local_day
from store.calendars import calendar
from tests.integration.pages import Pages, client, look, looks, signed_in

TODAY = local_day(datetime.now(UTC))
SECRETARIAT, MAYOR = "p07", "p01"


@pytest.fixture
def hall(town: Pages) -> Pages:
    """A town with a secretariat and a mayor who can sign in, a round that is scored and a session that is convened."""
    town("intake", "call", "2026", "--closes", str(TODAY + timedelta(days=20)), "--as", SECRETARIAT)
    propose = ("--title", "保育料通知の電子化", "--section", "child-support", "--problem", "紙が多い", "--as", "p33")
    town("intake", "propose", "2026", "N-1", *propose)
    town("intake", "close", "2026", "--as", SECRETARIAT)
    town("council", "convene", "--on", str(TODAY), "--urgent", "急施", "--as", SECRETARIAT)
    return town


def session_of(town: Pages) -> str:
    return str(town.json("council", "list")[0]["stream"])


def csrf(text: str) -> dict[str, str]:
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found
    return {"csrf": found[1]}


def act(browsing: httpx.Client, path: str, **fields: str) -> httpx.Response:
    return browsing.post(path, data={**csrf(browsing.get("/sessions").text), **fields})


def test_a_session_is_run_from_its_page(hall: Pages, browser: Browser) -> None:
    stream = session_of(hall)
    page = signed_in(hall, browser.new_context(locale="ja-JP"), SECRETARIAT)
    at = f"{hall.base}/sessions/{stream}"
    page.goto(f"{at}/do/item")
    page.fill("#f-item", "other-1")
    page.select_option("#f-category", "other")
    page.fill("#f-title", "重点取組分野について")
    page.click("main button.primary")
    page.wait_for_url(f"{at}?done=item")
    page.goto(f"{at}/do/attendance")
    for box in page.query_selector_all("main input[type=checkbox]"):
        box.check()
    page.select_option("#f-presiding", MAYOR)
    page.click("main button.primary")
    page.wait_for_url(f"{at}?done=attendance")
    assert "定足数を満たす" in page.inner_text("main")
    page.goto(f"{at}/do/conclude?item=other-1")
    page.select_option("#f-conclusion", "conditions")
    page.click("main button.primary")
    assert "条件付き了承には条件が要ります" in page.inner_text("main")
    page.fill("#f-conditions-0-text", "半年後に報告すること")
    page.fill("#f-reason", "おおむね妥当")
    page.click("main button.primary")
    page.wait_for_url(f"{at}?done=conclude#other-1")
    page.goto(f"{at}/do/close")
    page.click("main button.primary")
    page.wait_for_url(f"{at}?done=close")
    page.goto(f"{at}/do/minutes")
    page.select_option("#f-form", "summary")
    page.fill("#f-text", "要旨\n審議のうえ了承")
    page.fill("#f-closed_part", "非公開の審議")
    page.click("main button.primary")
    page.wait_for_url(f"{at}?done=minutes")
    shown = hall.json("council", "show", stream)
    assert shown["phase"] == "closed" and shown["items"]["other-1"]["conditions"][0]["text"] == "半年後に報告すること"
    with client(hall, MAYOR) as mayor, client(hall) as chief:
        assert "非公開の審議" in mayor.get(f"/sessions/{stream}").text
        assert "非公開の審議" not in chief.get(f"/sessions/{stream}").text
        shown = mayor.get(f"/sessions/{stream}/do/confirm").text
        assert "審議のうえ了承" in shown and 'name="version" value="1"' in shown
        assert act(mayor, f"/sessions/{stream}/do/confirm", version="1").status_code == 303
        refused = act(chief, f"/sessions/{stream}/do/confirm", version="1")
        assert refused.status_code == 409 and "was not present" in refused.text
        for form, begins in (("pdf", b"%PDF"), ("html", b"<!doctype"), ("xlsx", b"PK")):
            answer = mayor.get(f"/sessions/{stream}/pack.{form}")
            assert answer.content.startswith(begins) and "attachment" in answer.headers["content-disposition"]
        assert mayor.get(f"/sessions/{stream}/pack.pdf?at={TODAY}").status_code == 200
        assert mayor.get(f"/sessions/{stream}/pack.pdf?at=x").status_code == 409, "no day"
        for wrong in ("pack.exe", "pack.pdf?at=2020-01-01", "do/nothing", "do/conclude?item=z"):
            assert mayor.get(f"/sessions/{stream}/{wrong}").status_code == 404
        assert mayor.get("/sessions/council:1999-1").status_code == 404
        assert mayor.get(f"/sessions/{hall.json('show', 'R8')['id']}").status_code == 404
        assert "重点取組分野について" in mayor.get("/sessions/register").text


def test_others_see_of_a_non_public_item_only_that_there_is_one(hall: Pages) -> None:
    stream = session_of(hall)
    hall("council", "put", stream, "secret-1", "--title", "懲戒の件", "--non-public", "--as", SECRETARIAT)
    hall("council", "attend", stream, "--all", "--presiding", MAYOR, "--as", SECRETARIAT)
    hall("council", "conclude", stream, "secret-1", "-c", "noted", "--reason", "事情聴取の結果", "--as", SECRETARIAT)
    hall("council", "close", stream, "--as", SECRETARIAT)
    with client(hall, MAYOR) as mayor, client(hall) as chief:
        for path in (f"/sessions/{stream}", "/sessions/register", f"/sessions/{stream}/pack.html"):
            inside, outside = mayor.get(path).text, chief.get(path).text
            assert "懲戒の件" in inside and "懲戒の件" not in outside and "事情聴取" not in outside
            assert "非公開の議題" in outside or "An item that is not public" in outside
        assert "事情聴取の結果" in mayor.get(f"/sessions/{stream}").text
        tomorrow = TODAY + timedelta(days=1)
        assert mayor.get(f"/sessions/{stream}/pack.html?at={tomorrow}").status_code == 409
    assert "懲戒の件" not in str(hall.json("council", "show", stream))
    assert "懲戒の件" in str(hall.json("council", "show", stream, "--as", MAYOR))
    assert "懲戒の件" not in str(hall.json("council", "register"))


def test_a_round_is_scored_and_laid_before_the_body(hall: Pages, browser: Browser) -> None:
    page = signed_in(hall, browser.new_context(locale="ja-JP"), SECRETARIAT)
    at = f"{hall.base}/selection/selection:2026"
    page.goto(f"{at}/do/score?item=N-1")
    assert "放置できない" in page.inner_text("main")
    boxes = page.query_selector_all("main select")
    page.click("main button.primary")
    assert "採点が揃っていません" in page.inner_text("main")
    for box in page.query_selector_all("main select"):
        box.select_option("4")
    page.click("main button.primary")
    page.wait_for_url("**done=score")
    assert len(boxes) == 7 and "第1位" in page.inner_text("main")
    page.goto(f"{at}/do/choose?item=N-1")
    page.select_option("#f-result", "selected")
    page.select_option("#f-taskforce-weight", "light")
    page.fill("#f-taskforce-chair", "p30")
    page.fill("#f-taskforce-members-0", "水上 七海")
    page.fill("#f-taskforce-departments-0", "こども支援課")
    page.click("main button.primary")
    page.wait_for_url("**done=choose")
    stream = session_of(hall)
    page.goto(f"{hall.base}/sessions/{stream}")
    page.click("text=すべて議題に載せる")
    page.wait_for_url("**done=agenda#agenda")
    items = hall.json("council", "agenda", stream)["items"]
    assert [i["category"] for i in items] == ["selection"]


def test_instructions_are_answered_on_the_page_by_those_asked(hall: Pages) -> None:
    stream = session_of(hall)
    hall("council", "attend", stream, "--all", "--presiding", MAYOR, "--as", SECRETARIAT)
    due = str(TODAY + timedelta(days=30))
    given = ("--lifecycle", "R8", "--text", "他課への展開を検討すること", "--due", due, "--as", SECRETARIAT)
    hall("council", "instruct", stream, *given)
    key = hall.json("council", "instructions")[0]["instruction"]
    with client(hall, MAYOR) as mayor, client(hall) as chief:
        assert act(mayor, f"/sessions/{stream}/instructions/{key}", text="x").status_code == 409
        assert act(chief, f"/sessions/{stream}/instructions/{key}", text=" ").status_code == 303
        assert act(chief, f"/sessions/{stream}/instructions/{key}", text="三課で検討した").status_code == 303
        assert "三課で検討した" in mayor.get(f"/sessions/{stream}").text
    assert hall.json("council", "instructions") == []


def test_only_the_secretariat_convenes_and_forms_come_from_us(hall: Pages) -> None:
    held = str(calendar().working_day_from(TODAY + timedelta(days=40)))
    with client(hall) as chief, client(hall, SECRETARIAT) as office:
        assert "Convene a session" not in chief.get("/sessions").text
        fields = {"body": "monitoring", "held_on": held}
        assert act(chief, "/sessions/convene", **fields).status_code == 409
        assert office.post("/sessions/convene", data={**fields, "csrf": "x"}).status_code == 403
        assert act(office, "/sessions/convene", body="monitoring", held_on="soon").status_code == 422
        once = {**fields, "command_id": "once"}
        assert act(office, "/sessions/convene", **fields).status_code == 303
        answer = act(office, "/sessions/convene", **once)
        assert answer.headers["location"].startswith("/sessions/monitoring:")


def test_the_pages_of_the_bodies_are_accessible(hall: Pages, browser: Browser) -> None:
    stream = session_of(hall)
    hall("council", "put", stream, "a", "--title", "議題", "--as", SECRETARIAT)
    paths = (
        "sessions",
        "sessions/register",
        "sessions/convene",
        f"sessions/{stream}",
        f"sessions/{stream}/do/attendance",
        f"sessions/{stream}/do/item",
        "selection/selection:2026",
        "selection/selection:2026/do/score?item=N-1",
        "selection/selection:2026/do/choose?item=N-1",
    )
    for page, seen in looks(hall, browser, SECRETARIAT):
        for path in paths:
            look(page, f"{hall.base}/{path}", f"{re.sub(r'[^a-z0-9]+', '-', path)}-{seen}")
