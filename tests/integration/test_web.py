"""Pages in a real browser on a real server: a gate answered, twice, stale, after the session ended; by the wrong person, from elsewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from domain.lifecycle import commands as c
from domain.messages import Actor, Via
from settings import ROOT
from shell.session import furnish
from store.engine import Database
from store.store import Store
from store.tables import web_sessions
from tests.browser import shoot
from tests.integration.pages import PASSWORD, Pages, client, look, looked_at, looks, signed_in


def decide(page: Page, decision: str, comment: str = "") -> None:
    page.check(f"input[name=decision][value={decision}]")
    page.fill("#comment", comment)
    page.click("aside button.primary")


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_a_gate_is_answered_without_javascript(town: Pages, browser: Browser, size: tuple[int, int]) -> None:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="ja-JP", java_script_enabled=False
    )
    page = signed_in(town, context)
    assert "1" in page.inner_text(".tabs")
    shoot(page, f"inbox-{size[0]}")
    page.click("a.what")
    assert page.inner_text("#document") == "ＴＦ設置・目的の明確化" and "窓口調査.csv" in page.inner_text("main")
    shoot(page, f"decision-{size[0]}")
    decide(page, "approve", "髙島・𠮷田と確認済み")
    page.wait_for_selector(".notice.good")
    assert town.answered() == [("p32", "担当課長: 同意")]
    [answer] = [e for e in town.json("show", "R8")["timeline"] if e["type"] == "RequestAnswered"]
    assert answer["said"] == "髙島・𠮷田と確認済み" and answer["via"] == "web"
    recorded = page.inner_text("main")
    assert "髙島・𠮷田と確認済み" in recorded and "局長" in recorded and "ほかに待っている依頼はありません" in recorded
    page.goto(f"{town.base}/?view=done")
    assert "同意" in page.inner_text(".items") and "担当課長" in page.inner_text(".items")
    assert str(page.get_attribute("a.what", "href")).endswith("/documents/setup/1/1")
    context.close()


def test_a_double_click_and_a_second_tab_decide_once(town: Pages, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP")
    page = signed_in(town, context)
    page.click("a.what")
    other = context.new_page()
    other.goto(page.url)
    page.check("input[value=approve]")
    page.dblclick("aside button.primary")
    page.wait_for_selector(".notice.good")
    decide(other, "reject", "やはり反対")
    other.wait_for_selector(".notice.error")
    assert town.answered() == [("p32", "担当課長: 同意")]
    context.close()


def test_a_newer_version_is_never_decided_on_unread(town: Pages, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP")
    page = signed_in(town, context)
    page.click("a.what")
    town("withdraw", "R8", "--reason", "誤記", "--as", "p33")
    town("submit", "R8", "examples/deliverables/setup.yaml", "--as", "p33")
    decide(page, "approve")
    page.wait_for_selector(".notice.error, .notice")
    assert town.answered() == []
    context.close()


def test_what_was_written_outlives_the_session(town: Pages, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP")
    page = signed_in(town, context)
    page.click("a.what")
    database = Database(town.url)
    with database.write() as connection:
        connection.execute(sa.delete(web_sessions))
    database.close()
    decide(page, "return", "目的の二段落目を直してください。\n数字の出典も。")
    assert "まだ何も記録されていません" in page.inner_text("main") and town.answered() == []
    page.fill("#who", "p32")
    page.fill("#password", PASSWORD)
    page.click("main button.primary")
    assert page.input_value("#comment") == "目的の二段落目を直してください。\n数字の出典も。"
    assert page.is_checked("input[value=return]")
    page.click("aside button.primary")
    page.wait_for_selector(".notice.good")
    assert town.answered() == [("p32", "担当課長: 差戻し")]
    context.close()


def test_a_question_goes_to_the_drafter_and_comes_back(town: Pages, browser: Browser) -> None:
    chief, drafter = (browser.new_context(locale="ja-JP") for _ in range(2))
    page = signed_in(town, chief)
    page.click("a.what")
    page.fill("#ask", "対象世帯の数はいつの時点か")
    page.click("section form button")
    page.wait_for_selector(".talk li")
    answering = signed_in(town, drafter, "p33")
    answering.click("a.what")
    answering.fill("#text", "四月一日時点です")
    answering.click("aside button.primary")
    answering.wait_for_url(f"{town.base}/?done=1")
    page.reload()
    assert "四月一日時点です" in page.inner_text(".talk")
    for context in (chief, drafter):
        context.close()


def test_every_page_is_accessible_in_both_languages(town: Pages, browser: Browser) -> None:
    invitation = town.json("account", "invite", "p02")["url"]
    stream = town.json("list")[0]["id"]
    outside = [("sign-in", f"{town.base}/sign-in"), ("welcome", invitation), ("missing", f"{town.base}/nowhere")]
    for page, seen in looks(town, browser, None):
        for name, url in outside:
            look(page, url, f"{name}-{seen}")
    for page, seen in looks(town, browser):
        request = page.get_attribute("a.what", "href")
        for name, path in [
            ("inbox", "/"),
            ("done", "/?view=done"),
            ("decision", request),
            ("portfolio", "/lifecycles?state=all"),
            ("lifecycle", f"/lifecycles/{stream}"),
            ("document", f"/lifecycles/{stream}/documents/setup/1/1"),
            ("act", f"/lifecycles/{stream}/do/measure"),
        ]:
            look(page, f"{town.base}{path}", f"{name}-{seen}")
            assert page.get_attribute("html", "lang") == seen[:2]


def test_pages_are_small_and_fetch_nothing_from_outside(town: Pages, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP")
    page = signed_in(town, context)
    seen: list[tuple[str, int]] = []
    page.on("response", lambda r: seen.append((r.url, len(r.body()))))
    page.goto(f"{town.base}/")
    page.wait_for_load_state("networkidle")
    assert all(url.startswith((town.base, "data:")) for url, _ in seen)
    assert sum(size for _, size in seen) < 100_000
    context.close()


# --- without a browser -----------------------------------------------------------------------------------------------


def form(page: str, act: str = "answer") -> dict[str, str]:
    """The hidden fields of the decision form, or of another."""
    body = page[page.index(f'/{act}"') :]
    return dict(re.findall(r'<input type="hidden" name="(csrf|command_id|seen)" value="([^"]*)">', body)[:3])


def test_the_same_form_sent_twice_is_one_answer(town: Pages) -> None:
    with client(town) as browsing:
        path = re.search(r"/requests/[0-9a-f-]{36}", browsing.get("/").text)
        assert path
        hidden = form(browsing.get(path[0]).text)
        sent = [browsing.post(f"{path[0]}/answer", data={**hidden, "decision": "approve"}) for _ in range(3)]
        assert [r.status_code for r in sent] == [303, 303, 303]
    assert len(town.answered()) == 1


def test_only_our_own_forms_of_the_right_person_are_taken(town: Pages) -> None:
    with client(town) as browsing, client(town, "p30") as director, client(town, None) as stranger:
        path = re.search(r"/requests/[0-9a-f-]{36}", browsing.get("/").text)
        assert path
        hidden = form(browsing.get(path[0]).text) | {"decision": "approve"}
        answer = f"{path[0]}/answer"
        assert browsing.post(answer, data=hidden, headers={"Origin": "https://evil.example"}).status_code == 403
        assert browsing.post(answer, data=hidden | {"csrf": "x"}).status_code == 403
        assert browsing.post(answer, data=hidden | {"seen": "0" * 64}).status_code == 409
        assert browsing.post(answer, data=hidden | {"decision": ""}).status_code == 422
        assert browsing.post(answer, data=hidden | {"decision": "return"}).status_code == 409
        assert stranger.post(answer, data=hidden).status_code == 401
        assert stranger.get(path[0]).headers["location"].startswith("/sign-in?next=%2Frequests")
        other = director.get(path[0])
        assert "Not asked of you" in other.text
        csrf = re.search(r'name="csrf" value="([^"]+)"', other.text)
        assert csrf
        refused = director.post(answer, data=hidden | {"csrf": csrf[1]})
        assert refused.status_code == 409 and "Nothing was recorded" in refused.text
        assert town.answered() == []
        for path_ in (
            "/requests/00000000-0000-0000-0000-000000000000",
            "/lifecycles/none",
            "/lifecycles/R8/files/" + "0" * 64,
        ):
            assert browsing.get(path_).status_code == 404
    assert any(a["actor"]["person"] == "p30" for a in town.json("attempts")["attempts"])


def test_an_answer_is_taken_back_and_a_conflict_of_interest_declared(town: Pages) -> None:
    with client(town) as browsing:
        path = re.search(r"/requests/[0-9a-f-]{36}", browsing.get("/").text)
        assert path
        hidden = form(browsing.get(path[0]).text)
        assert browsing.post(f"{path[0]}/answer", data={**hidden, "decision": "approve"}).status_code == 303
        assert "take it back" in browsing.get(path[0]).text
        said = {"csrf": hidden["csrf"], "text": "押し間違い"}
        assert browsing.post(f"{path[0]}/retract", data={**said, "text": " "}).status_code == 422
        assert browsing.post(f"{path[0]}/retract", data=said).status_code == 303
        assert "Your decision" in browsing.get(path[0]).text
        assert browsing.post(f"{path[0]}/recuse", data={**said, "text": "親族の事業者"}).status_code == 303
        again = browsing.post(f"{path[0]}/answer", data={**form(browsing.get(path[0]).text), "decision": "approve"})
        assert again.status_code == 409
        assert "親族の事業者" in browsing.get("/lifecycles/R8").text
    with client(town, "p33") as other:
        assert "conflict of interest" in (page := other.get("/lifecycles/R8").text) and "親族の事業者" not in page
    assert (shown := town.json("show", "R8"))["recused"] == ["p32"] and "親族の事業者" not in str(shown["timeline"])
    assert "親族の事業者" in str(town.json("show", "R8", TASKFORCE_PERSON="p32")["timeline"])
    for person, told in (("", False), ("p32", True)):
        for paper in (("dossier",), ("paper", "--stage", "setup")):
            out = town.folder / f"{paper[0]}.pdf"
            town(paper[0], "R8", *paper[1:], "--out", str(out), "--force", TASKFORCE_PERSON=person)
            text = "".join(page.extract_text() for page in PdfReader(out).pages).replace("\n", "")
            assert ("親族の事業者" in text) is told, paper


def test_an_answer_is_corrected_until_somebody_acts_on_it(town: Pages) -> None:
    with client(town) as browsing, client(town, "p30") as director:
        path = re.search(r"/requests/[0-9a-f-]{36}", browsing.get("/").text)
        assert path
        hidden = form(browsing.get(path[0]).text)
        assert browsing.post(f"{path[0]}/answer", data={**hidden, "decision": "approve"}).status_code == 303
        offered = browsing.get(path[0]).text
        assert "correct it" in offered and "correct it" not in director.get(path[0]).text
        said = {**form(offered, "correct"), "decision": "return", "comment": "根拠を", "reason": "見落とし"}
        assert len(said["seen"]) == 64
        assert browsing.post(f"{path[0]}/correct", data={**said, "csrf": "x"}).status_code == 403
        unsaid = browsing.post(f"{path[0]}/correct", data={**said, "reason": " "})
        assert unsaid.status_code == 422 and "根拠を" in unsaid.text
        stale = browsing.post(f"{path[0]}/correct", data={**said, "command_id": "c-stale", "seen": "0" * 64})
        assert stale.status_code == 409 and "見落とし" in stale.text
        token = re.search(r'name="csrf" value="([^"]+)"', director.get("/me").text)
        assert token
        foreign = director.post(f"{path[0]}/correct", data={**said, "csrf": token[1], "command_id": "c-foreign"})
        assert foreign.status_code == 409
        assert town.answered() == [("p32", "担当課長: 同意")]
        assert [browsing.post(f"{path[0]}/correct", data=said).status_code for _ in range(2)] == [303, 303]
        assert town.answered() == [("p32", "担当課長: 同意"), ("p32", "担当課長: 差戻し")]
        shown = browsing.get(path[0]).text
        assert "Sent back" in shown and "<strong>Agreed" not in shown and "correct it" in shown
        town("hold", "R8", "--reason", "災害対応", "--as", "p33")
        assert "correct it" not in browsing.get(path[0]).text
        town("resume", "R8", "--as", "p33")
        town("submit", "R8", "examples/deliverables/setup.yaml", "--as", "p33")
        shown = browsing.get(path[0]).text
        assert "correct it" not in shown and "take it back" not in shown
        late = browsing.post(f"{path[0]}/correct", data={**said, "command_id": "c-late", "decision": "approve"})
        assert late.status_code == 409 and "acted on this answer" in late.text
    assert town.json("verify")["ok"]


def test_a_correction_is_written_by_keyboard_and_outlives_the_session(town: Pages, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP", viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = signed_in(town, context)
    page.click("a.what")
    decide(page, "approve")
    page.wait_for_selector(".notice.good")
    page.click("summary >> nth=1")
    looked_at(page, "correcting-390-dark")
    page.check("input[value=conditions]")
    page.fill("#condition", "六月までに再調査")
    page.fill("#reason", "条件を書き忘れた")
    database = Database(town.url)
    with database.write() as connection:
        connection.execute(sa.delete(web_sessions))
    database.close()
    page.click("form[action$=correct] button")
    page.fill("#who", "p32")
    page.fill("#password", PASSWORD)
    page.click("main button.primary")
    assert page.input_value("#reason") == "条件を書き忘れた" and page.is_checked("input[value=conditions]")
    looked_at(page, "correcting-again")
    page.dblclick("form[action$=correct] button")
    page.wait_for_selector(".notice.good")
    assert [said for _, said in town.answered()] == ["担当課長: 同意", "担当課長: 条件付き同意"]
    context.close()


def test_evidence_is_downloaded_and_never_run(town: Pages) -> None:
    with client(town) as browsing:
        sha256 = town.json("attachments", "R8")["attachments"][0]["sha256"]
        found = browsing.get(f"/lifecycles/R8/files/{sha256}")
        assert found.status_code == 200 and "本庁,120" in found.text
        assert (
            found.headers["content-disposition"].startswith("attachment")
            and "sandbox" in found.headers["content-security-policy"]
        )
        assert found.headers["x-content-type-options"] == "nosniff"


def test_wrong_tries_slow_down_and_nobody_is_sent_elsewhere(town: Pages) -> None:
    with client(town, None) as browsing:
        wrong = [browsing.post("/sign-in", data={"who": "p32", "password": "x" * 12}).status_code for _ in range(6)]
        assert wrong[:4] == [401] * 4 and wrong[-1] == 429
        assert browsing.post("/sign-in", data={"who": "p32", "password": PASSWORD}).status_code == 429
        away = browsing.post("/sign-in", data={"who": "p30", "password": PASSWORD, "next": "//evil.example/"})
        assert (away.status_code, away.headers["location"]) == (303, "/")
        assert browsing.post("/sign-in", data={"who": "nobody", "password": PASSWORD}).status_code == 401


def test_an_invitation_works_once(town: Pages) -> None:
    url = town.json("account", "invite", "p02")["url"]
    path = url.removeprefix(town.base)
    with client(town, None) as browsing:
        assert browsing.post(path, data={"password": PASSWORD, "again": "other"}).status_code == 422
        assert browsing.post(path, data={"password": "short", "again": "short"}).status_code == 422
        assert browsing.post(path, data={"password": PASSWORD, "again": PASSWORD}).status_code == 303
        assert browsing.post(path, data={"password": PASSWORD, "again": PASSWORD}).status_code == 404
        assert browsing.get(path).status_code == 404
    with client(town, "p02") as browsing:
        assert browsing.get("/").status_code == 200


def test_a_rehearsal_is_read_only(tmp_path: Path, sqlite_url: str) -> None:
    town = Pages(sqlite_url, tmp_path)
    store = Store.create(sqlite_url, clock="virtual", seed="1")
    furnish(store)
    drafter = Actor(person="p33", via=Via.REHEARSAL, authenticated_by="test")
    start = {"command_id": "s", "stream": "one", "ref": "R8", "title": "窓口", "section": "child-support"}
    store.record(c.StartLifecycle.model_validate(start | {"definition": "himeji@1"}), drafter)
    content = yaml.safe_load((ROOT / "examples" / "deliverables" / "setup.yaml").read_text("utf-8"))
    plain = json.loads(json.dumps(content, default=str))
    store.record(c.SubmitDeliverable(command_id="d", stream="one", stage="setup", content=plain), drafter)
    store.close()
    town.password("p32")
    town.serve()
    try:
        with client(town) as browsing:
            page = browsing.get("/")
            path = re.search(r"/requests/[0-9a-f-]{36}", page.text)
            assert path and "rehearsal in virtual time" in page.text
            decision = browsing.get(path[0]).text
            assert "Nothing can be decided in a rehearsal" in decision and "/answer" not in decision
            csrf = re.search(r'name="csrf" value="([^"]+)"', decision)
            assert csrf
            refused = browsing.post(f"{path[0]}/answer", data={"csrf": csrf[1], "decision": "approve"})
            assert refused.status_code == 409 and "read-only" in refused.text
    finally:
        town.close()
