"""The inbox: whose each request is, what bodies ask, answers kept for later, and agreeing to several that were opened."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import yaml
from playwright.sync_api import Browser

from domain.calendar import local_day
from domain.directory_changes import NameDeputies, RecordAbsence
from domain.directory_stream import STREAM as DIRECTORY
from domain.lifecycle.commands import SubmitDeliverable, WithdrawDraft
from settings import ROOT
from tests.integration.hall import answered, convened, do, lifecycle, put
from tests.integration.pages import Pages, client, look, signed_in
from tests.integration.test_web_bodies import csrf

TODAY = local_day(datetime.now(UTC))
OFFICE, MAYOR, PERSONNEL = "p07", "p01", "p16"
SETUP = yaml.safe_load((ROOT / "examples" / "deliverables" / "setup.yaml").read_text("utf-8"))


@pytest.fixture
def busy(town: Pages) -> Pages:
    """Two documents wait for the section chief."""
    task = yaml.safe_load((ROOT / "examples" / "first.yaml").read_text("utf-8"))
    first = task["lifecycles"][0] if isinstance(task, dict) and "lifecycles" in task else task
    other = (first[0] if isinstance(first, list) else first) | {"id": "R9", "title": "二つ目の課題"}
    path = town.folder / "second.yaml"
    path.write_text(yaml.safe_dump(other, allow_unicode=True), "utf-8")
    town("start", str(path))
    do(town, SubmitDeliverable, lifecycle(town, "R9").stream, "p33", stage="setup", content=SETUP)
    return town


def test_only_what_was_opened_as_it_is_now_is_agreed_to_together(busy: Pages, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP")
    page = signed_in(busy, context)
    assert page.query_selector_all("input[name=request]") == [], "nothing has been opened yet"
    links = [str(a.get_attribute("href")) for a in page.query_selector_all("a.what")]
    assert len(links) == 2
    for link in links:
        page.goto(f"{busy.base}{link}")
    page.goto(f"{busy.base}/?view=mine")
    boxes = page.query_selector_all("input[name=request]")
    assert len(boxes) == 2 and "開封済み" in page.inner_text("main")
    for box in boxes:
        box.check()
    again = lifecycle(busy, "R9")
    do(busy, WithdrawDraft, again.stream, "p33", reason="誤記")
    do(busy, SubmitDeliverable, again.stream, "p33", stage="setup", content=SETUP, comment="直しました")
    page.wait_for_selector("#news:not([hidden])")  # it says so, and leaves the ticks alone
    page.fill("#bulk-comment", "まとめて同意")
    look_at = page.url
    page.click("button[form=bulk]")
    told = page.inner_text(".notice")
    assert "同意" in told and "記録されていません" in told, told
    assert look_at.endswith("view=mine")
    assert (answered(busy, "R8"), answered(busy, "R9")) == (1, 0)
    context.close()


def test_a_session_that_opened_nothing_agrees_to_nothing(busy: Pages) -> None:
    with client(busy) as chief, client(busy, "p30") as director:
        request = lifecycle(busy, "R8").requests[0].id
        token = csrf(chief.get("/").text)
        for browsing in (chief, director):
            mine = csrf(browsing.get("/").text)
            answer = browsing.post("/answers", data={**mine, "request": request})
            assert answer.status_code == 409
        kept = {**csrf(director.get("/").text), "act": "later", "comment": "not mine"}
        assert director.post(f"/requests/{request}/answer", data=kept).status_code == 409
        assert chief.post("/answers", data=token).status_code == 409, "nothing ticked"
        assert chief.get(f"/requests/{request}").status_code == 200
        once = {**token, "request": request, "command_id": "once"}
        assert chief.post("/answers", data={**once, "comment": "\x00"}).status_code == 409
        assert chief.post("/answers", data=once).status_code == 200
        assert chief.post("/answers", data=once).status_code == 200, "a second click is told what the first did"
        assert chief.post("/answers", data={**once, "command_id": "other"}).status_code == 409, (
            "it is not asked any more"
        )
        assert chief.get("/answers").status_code == 303
    assert (
        sum(len([t for t in busy.json("show", r)["timeline"] if t["type"] == "RequestAnswered"]) for r in ("R8", "R9"))
        == 1
    )


def test_an_answer_is_kept_and_given_later(town: Pages, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP")
    page = signed_in(town, context)
    page.click("a.what")
    page.check("input[value=return]")
    page.fill("#comment", "根拠を確かめてから")
    page.click("text=書きかけを保存し")
    page.wait_for_url("**?done=saved")
    assert page.input_value("#comment") == "根拠を確かめてから" and page.is_checked("input[value=return]")
    assert answered(town, "R8") == 0 and "まだ何も決定していません" in page.inner_text("aside")
    page.goto(f"{town.base}/")
    assert "書きかけ" in page.inner_text("main")
    with client(town, "p33") as drafter:
        shown = drafter.get("/requests/" + lifecycle(town, "R8").requests[0].id).text
        assert "根拠を確かめてから" not in shown, "nobody else reads it"
    page.click("a.what")
    page.click("aside button.primary")
    page.wait_for_selector(".notice.good")
    assert answered(town, "R8") == 1
    with client(town, "p33") as drafter:
        assert "根拠を確かめてから" in drafter.get("/").text, "the inbox says why it came back"
        draft = drafter.get(f"/lifecycles/{lifecycle(town, 'R8').stream}/draft").text
        assert "sent back" in draft and "<blockquote>根拠を確かめてから</blockquote>" in draft
    context.close()


def test_what_bodies_ask_is_in_the_inbox_until_it_is_done(town: Pages, browser: Browser) -> None:
    stream = convened(town, circulation=True)
    put(town, stream, "c1", "持ち回りの案件")
    page = signed_in(town, browser.new_context(locale="ja-JP"), MAYOR)
    page.goto(f"{town.base}/?view=bodies")
    assert "投票待ち" in page.inner_text("main") and "持ち回りの案件" in page.inner_text("main")
    page.click("a.what")
    page.click("#c1 a.button")
    page.select_option("#f-ballot", "yes")
    page.click("main button.primary")
    page.wait_for_url("**?done=vote#c1")
    page.goto(f"{town.base}/?view=bodies")
    assert "持ち回りの案件" not in page.inner_text("main")
    with client(town) as chief:
        assert "持ち回りの案件" not in chief.get("/?view=bodies").text, "no member"
    assert not [r for r in town.json("inbox", "--as", MAYOR) if r["kind"] == "vote"]
    put(town, stream, "c2", "次の案件")
    [asked] = [r for r in town.json("inbox", "--as", MAYOR) if r["kind"] == "vote"]
    assert (asked["subject"], asked["request"]) == ("次の案件", None) and "次の案件" in town(
        "inbox", "--as", MAYOR
    ).stdout
    town(*asked["command"].replace("yes|no|abstain", "yes").split()[1:])
    assert not [r for r in town.json("inbox", "--as", MAYOR) if r["kind"] == "vote"]
    look(page, f"{town.base}/?view=open", "inbox-of-the-mayor")


def test_requests_are_parted_by_whose_they_are(busy: Pages) -> None:
    with client(busy) as chief, client(busy, "p30") as director:
        assert chief.get("/?view=mine").text.count('class="what') == 2
        assert chief.get("/?view=roles").text.count('class="what') == 0
        assert chief.get("/?view=deputy").text.count('class="what') == 0
        assert chief.get("/?view=overdue").text.count('class="what') == 0
        assert director.get("/?view=mine").text.count('class="what') == 0
        order = {"post": "child-support-chief", "deputies": ["children-director"], "since": TODAY}
        do(busy, NameDeputies, DIRECTORY, PERSONNEL, **order)
        do(busy, RecordAbsence, DIRECTORY, "p32", person="p32", since=TODAY, until=TODAY)
        assert director.get("/?view=deputy").text.count('class="what') == 2
        assert chief.get("/?view=nonsense").status_code == 422


def test_whoever_decides_for_a_recused_holder_finds_it_and_can_decide(town: Pages) -> None:
    request = town.waiting("p32")
    town("recuse", "R8", "--reason", "親族の会社", "--as", "p32")
    town.password("p34")
    with client(town, "p34") as deputy, client(town, "p30") as other:
        assert f"/requests/{request}" in deputy.get("/").text and f"/requests/{request}" not in other.get("/").text
        shown = deputy.get(f"/requests/{request}").text
        assert 'name="decision"' in shown and 'name="decision"' not in other.get(f"/requests/{request}").text
        seen = re.search(r'name="seen" value="([^"]+)"', shown)
        assert seen
        kept = {**csrf(shown), "command_id": "stands-in", "seen": seen[1], "decision": "approve", "comment": ""}
        done = deputy.post(f"/requests/{request}/answer", data=kept)
        assert done.status_code == 303, done.text
    assert town.json("show", "R8")["awaiting"][0]["person"] == "p30"


def test_a_request_is_handed_on_to_a_deputy_who_finds_it_and_decides_it(town: Pages) -> None:
    request = town.waiting("p32")
    town.password("p34")
    with client(town) as chief, client(town, "p34") as deputy:
        page = chief.get(f"/requests/{request}").text
        assert '<option value="p34"' in page and 'value="p30"' not in page, "registered deputies only"
        asked = {**csrf(page), "command_id": "on", "to": "p30", "text": "出張のため"}
        assert chief.post(f"/requests/{request}/hand-on", data=asked).status_code == 409
        assert chief.post(f"/requests/{request}/hand-on", data={**asked, "to": "p34"}).status_code == 303
        town("hand-on", request, "--back", "--as", "p32")
        town("hand-on", request, "--to", "p34", "--reason", "出張のため", "--as", "p32")
        handed = chief.get(f"/requests/{request}").text
        assert 'name="decision"' not in handed and "Take it back" in handed and "出張のため" in handed
        listed = chief.get("/").text
        assert "handed on to" in listed and 'name="request"' not in listed, "whoever handed it on does not agree to it"
        order = {"post": "child-support-chief", "deputies": ["children-director", "childcare-chief"], "since": TODAY}
        do(town, NameDeputies, DIRECTORY, PERSONNEL, **order)
        do(town, RecordAbsence, DIRECTORY, "p32", person="p32", since=TODAY, until=TODAY)
        with client(town, "p30") as next_in_order:
            assert f"/requests/{request}" not in next_in_order.get("/?view=handed").text, "it is handed on to another"
            assert "handed on to" in next_in_order.get("/?view=deputy").text
        assert f"/requests/{request}" in deputy.get("/?view=handed").text
        shown = deputy.get(f"/requests/{request}").text
        seen = re.search(r'name="seen" value="([^"]+)"', shown)
        assert seen and "Give it back" in shown
        kept = {"seen": seen[1], "decision": "approve", "comment": ""}
        assert (
            chief.post(f"/requests/{request}/answer", data={**csrf(page), **kept, "command_id": "c"}).status_code == 409
        )
        assert (
            deputy.post(f"/requests/{request}/answer", data={**csrf(shown), **kept, "command_id": "d"}).status_code
            == 303
        )
        assert answered(town, "R8") == 1
        assert "for later viewing" in chief.get("/").text
