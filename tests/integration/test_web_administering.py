"""Pages for those who look after the house: organisation, definitions tried out, one's own notices, what needs an operator."""

from __future__ import annotations

import re

from playwright.sync_api import Browser

from settings import ROOT
from tests.integration.pages import Pages, client, look, looks

SHIPPED = (ROOT / "definitions" / "himeji.yaml").read_text("utf-8")


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_definition_is_tried_and_compared_before_anybody_publishes_it(town: Pages) -> None:
    with client(town) as browsing:
        page = browsing.get("/definitions").text
        token = {"csrf": csrf(page)}

        def tried(text: bytes, status: int) -> str:
            answer = browsing.post("/definitions", data=token, files={"file": ("new.yaml", text)})
            assert answer.status_code == status
            return answer.text

        changed = SHIPPED.replace("version: 1", "version: 2", 1)
        longer = changed.replace("due: {working_days: 10}", "due: {working_days: 12}", 1)
        page = tried(longer.encode(), 200)
        assert "can be published" in page and "12" in page.split("can be published")[1]
        assert "nowhere" in tried(changed.replace("next: analysis", "next: nowhere", 1).encode(), 422)
        for bad in (b"\xff\xfe\x00", b"a: [", b"[" * 5000, b"a: &x 1\nb: *x\n", b"name: x", b"x" * (2 << 20)):
            assert 'class="notice error"' in tried(bad, 422)
        assert browsing.post("/definitions", data={"csrf": "x"}, files={"file": ("n", b"")}).status_code == 403
        assert "himeji@1" in browsing.get("/definitions?old=himeji@1&new=himeji@1").text
        assert "Nothing changed" in browsing.get("/definitions?old=himeji@1&new=himeji@1").text
        assert browsing.get("/definitions/none@1").status_code == 404
    assert len(town.json("definition", "list")) == 1


def test_everybody_chooses_how_mail_reaches_them(town: Pages) -> None:
    with client(town) as browsing:
        token = csrf(browsing.get("/me").text)
        form = {"csrf": token, "command_id": "once", "digest": "daily", "hour": "7"}
        assert [browsing.post("/me/notices", data=form).status_code for _ in range(2)] == [303, 303]
        assert 'value="daily" selected' in browsing.get("/me").text
        assert browsing.post("/me/notices", data=form | {"digest": "hourly"}).status_code == 404
    assert town.json("notices", "show", "--as", "p32")["email"] == {"digest": "daily", "hour": 7}


def test_before_the_directory_begins_nobody_is_called_vacant(town: Pages) -> None:
    with client(town) as browsing:
        early = browsing.get("/organisation", params={"on": "平成31年4月1日"})
        assert early.status_code == 422 and "the directory begins on 2020-04-01" in early.text
        assert "vacant" not in early.text and 'href="/organisation?on=2020-04-01"' in early.text
        assert "Chief, Child Support Section" in browsing.get("/organisation?on=2020-04-01").text
        ahead = browsing.get("/organisation?on=2199-04-01")
        assert ahead.status_code == 422 and "up to today" in ahead.text and "Chief, Child Support Section" in ahead.text


def test_what_needs_an_operator_is_for_the_secretariat(town: Pages) -> None:
    town.password("p07")
    with client(town) as chief, client(town, "p07") as secretariat:
        assert chief.get("/operations").status_code == 409
        town("answer", town.waiting("p32"), "--as", "p33", "--decision", "approve", code=3)
        page = secretariat.get("/operations")
        assert page.status_code == 200 and "not-your-post" in page.text


def test_these_pages_are_accessible(town: Pages, browser: Browser) -> None:
    town.password("p07")
    paths = (
        "organisation",
        "definitions",
        "definitions/himeji@1",
        "definitions/himeji@1/dry-run",
        "rules",
        "me",
        "operations",
    )
    for page, seen in looks(town, browser, "p07"):
        for path in paths:
            look(page, f"{town.base}/{path}", f"{path.replace('/', '-')}-{seen}")
