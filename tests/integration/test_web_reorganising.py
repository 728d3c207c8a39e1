"""A reorganisation on a page: what it would do is seen first, then it is recorded once, as it was seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Browser

from domain.calendar import local_day, wareki
from domain.directory import Directory
from domain.directory_changes import RecordAbsence
from domain.directory_stream import STREAM
from tests.integration.hall import do, opened
from tests.integration.pages import Pages, client, fits, look, looked_at, looks, signed_in
from tests.integration.test_web_bodies import csrf
from tests.integration.test_web_body_forms import end_sessions, sign_in_again

TODAY = local_day(datetime.now(UTC))
PERSONNEL = "p16"
NEXT_WEEK = TODAY + timedelta(days=7)
PATH = "/organisation/reorganise"
RENAMED = {
    "unit": "こども支援課",
    "to": "こども未来課",
    "on": str(NEXT_WEEK),
    "units.0.name": "こども未来課",
    "units.0.english": "Child Future Section",
    "units.0.kind": "section",
    "units.0.parent": "こども未来局",
    "carried": "yes",
}
"""A section gets another name: a new unit, and its posts anew."""


def directory(town: Pages) -> Directory:
    with opened(town) as store:
        return store.facts().directory


def sent(browsing: Any, fields: dict[str, str], seen: str = "") -> dict[str, str]:
    return {**csrf(browsing.get("/sessions").text), "command_id": "once", "seen": seen, **fields}


def mark(page: str) -> str:
    return page.split('name="seen" value="')[1].split('"')[0]


def test_it_is_seen_first_then_recorded_once(town: Pages, browser: Browser) -> None:
    parent = directory(town).unit("child-support")
    assert parent is not None and parent.parent is not None
    page = signed_in(town, browser.new_context(locale="ja-JP"), PERSONNEL)
    page.goto(f"{town.base}/organisation")
    page.click("text=機構改革を取り込む")
    for name, value in RENAMED.items():
        if name not in ("carried", "units.0.kind", "on"):
            page.fill(f'[name="{name}"]', value)
    page.fill("#f-units-0-parent", parent.parent)
    page.select_option("#f-units-0-kind", "section")
    page.fill("#f-on", wareki(NEXT_WEEK))
    page.check("#f-carried")
    page.click("main button.primary:not(.first)")
    told = page.inner_text(".notice")
    assert "まだ何も記録していません" in told and "進行中の課題 1 件" in told
    assert "こども支援課長 → こども未来課長(待っている依頼 1 件): 就く職員がいません" in told
    assert "水上 七海(今はこども支援課 担当)はその日から職がなく" in told
    assert not directory(town).reorganisations
    looked_at(page, "reorganise-seen")
    page.click("main button.primary:not(.first)")
    page.wait_for_url("**/organisation?done=1")
    assert "こども未来課" in page.inner_text("main")  # those who load it see it before its day, nobody else does
    with client(town, "p07") as others:
        assert all("こども未来課" not in others.get(p).text for p in ("/organisation", "/register", "/search?q=未来課"))
    found = directory(town)
    (change,) = found.reorganisations
    assert (change.unit, change.to, change.on) == ("child-support", "child-future-section", NEXT_WEEK)
    assert change.posts == {
        "child-support-chief": "child-future-section-chief",
        "child-support-drafter": "child-future-section-drafter",
    }
    assert found.post("child-future-section-chief").title.ja == "こども未来課長"  # type: ignore[union-attr]


def test_a_double_click_a_change_and_a_newer_directory(town: Pages) -> None:
    fields = {**RENAMED, "units.0.parent": "children"}
    with client(town, PERSONNEL) as office, client(town, PERSONNEL) as again:
        first = office.post(PATH, data=sent(office, fields))
        assert first.status_code == 200 and "Nothing is recorded yet" in first.text
        later = {**fields, "on": str(NEXT_WEEK + timedelta(days=1))}
        changed = office.post(PATH, data=sent(office, later, mark(first.text)))
        assert "Nothing is recorded yet" in changed.text, "other days are looked at first"
        do(town, RecordAbsence, STREAM, "p30", person="p30", since=TODAY, until=TODAY)
        stale = office.post(PATH, data=sent(office, fields, mark(first.text)))
        assert "Nothing is recorded yet" in stale.text, "the directory is another one now"
        assert not directory(town).reorganisations
        done = [b.post(PATH, data=sent(b, fields, mark(stale.text))).status_code for b in (office, again)]
        assert done == [303, 303] and len(directory(town).reorganisations) == 1


def test_who_may_and_what_is_wrong_with_it(town: Pages) -> None:
    fields = {**RENAMED, "units.0.parent": "children"}
    with client(town) as chief, client(town, PERSONNEL) as office:
        assert "Load a reorganisation" not in chief.get("/organisation").text
        refused = chief.post(PATH, data=sent(chief, {**fields, "act": "dry"}))
        assert refused.status_code == 409 and "does not belong to the unit" in refused.text
        assert "waiting)" not in refused.text, "what is loaded ahead is not told"
        assert office.post(PATH, data={**sent(office, fields), "csrf": "x"}).status_code == 403
        broken = office.post(PATH, data=sent(office, {**fields, "on": "いつか", "units.0.id": "課"}))
        assert broken.status_code == 422 and "f-on-wrong" in broken.text
        named = office.post(PATH, data=sent(office, {**fields, "units.0.id": "課", "units.0.name": ""}))
        assert "f-units-0-id-wrong" in named.text and "f-units-0-name-wrong" in named.text
        lost = office.post(PATH, data=sent(office, {"unit": "child-support", "to": "city", "on": str(NEXT_WEEK)}))
        assert lost.status_code == 409 and "nothing takes over" in lost.text
        nowhere = office.post(PATH, data=sent(office, {**fields, "unit": "どこか", "carried": ""}))
        assert nowhere.status_code == 409 and "どこか" in nowhere.text
    assert not directory(town).reorganisations


def test_an_abolished_unit_is_taken_over_post_by_post(town: Pages) -> None:
    with client(town, PERSONNEL) as office:
        fields = {
            "unit": "child-support",
            "to": "childcare",
            "on": str(TODAY),
            "posts.0.post": "child-support-drafter",
            "posts.0.taken_by": "childcare-chief",
        }
        seen = office.post(PATH, data=sent(office, fields))
        assert "(1 waiting)" in seen.text
        assert office.post(PATH, data=sent(office, fields, mark(seen.text))).status_code == 303
    posts = directory(town).reorganisations[0].posts
    assert posts == {"child-support-chief": "childcare-chief", "child-support-drafter": "childcare-chief"}
    file = town.folder / "reform.yaml"
    file.write_text("unit: childcare\nto: personnel\nposts: {childcare-chief: personnel-chief}\n", "utf-8")
    told = town("directory", "reorganise", str(file), "--on", str(NEXT_WEEK), "--dry-run").stdout
    assert "Chief, Childcare Section → Chief, Personnel Section" in told and len(directory(town).reorganisations) == 1


def test_what_is_typed_outlives_the_session(town: Pages, browser: Browser) -> None:
    page = signed_in(town, browser.new_context(locale="ja-JP", java_script_enabled=False), PERSONNEL)
    page.goto(f"{town.base}{PATH}")
    page.fill("#f-unit", "こども支援課")
    page.fill("#f-units-0-name", "こども未来課")
    end_sessions(town)
    page.click("main button.primary:not(.first)")
    sign_in_again(page, PERSONNEL)
    assert page.input_value("#f-units-0-name") == "こども未来課"
    assert page.input_value("#f-unit").startswith("こども支援課")
    assert not directory(town).reorganisations


def test_the_page_is_accessible(town: Pages, browser: Browser) -> None:
    for page, seen in looks(town, browser, PERSONNEL):
        look(page, f"{town.base}{PATH}", f"reorganise-{seen}")
        assert fits(page)
