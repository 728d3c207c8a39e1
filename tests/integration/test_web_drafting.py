"""Writing, in a real browser: a draft typed over two sittings, files, what does not fit, two people at once, handing in."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page

from store.engine import Database
from store.tables import web_drafts, web_sessions
from tests.browser import shoot
from tests.integration.pages import PASSWORD, Pages, client, signed_in


@pytest.fixture
def writing(town: Pages) -> Pages:
    """The setup was taken back: it waits to be written."""
    town("withdraw", "R8", "--reason", "書き直す", "--as", "p33")
    return town


def stream(town: Pages) -> str:
    return str(town.json("list")[0]["id"])


def opened(town: Pages, browser: Browser, person: str = "p33", *, size: int = 1280) -> Page:
    context = browser.new_context(locale="ja-JP", viewport={"width": size, "height": 900}, java_script_enabled=False)
    page = signed_in(town, context, person)
    page.goto(f"{town.base}/lifecycles/{stream(town)}/draft")
    return page


def press(page: Page, act: str) -> None:
    page.click(f"main form button[name=act][value='{act}']:not(.first)")


@pytest.mark.parametrize("size", [1280, 390])
def test_a_document_is_written_with_evidence_and_handed_in(
    writing: Pages, browser: Browser, tmp_path: Path, size: int
) -> None:
    page = opened(writing, browser, size=size)
    shoot(page, f"draft-{size}")
    # What was handed in before is there to begin with.
    assert (
        "子育て世帯" in page.input_value("#f-purpose") and page.input_value("#f-members-1-person") == "水上 七海 (p33)"
    )
    page.fill("#f-purpose", "")
    page.fill("#f-members-0-person", "nobody")
    press(page, "check")
    assert "記入してください" in page.inner_text("#f-purpose-wrong")
    assert "名簿にない職員です" in page.inner_text("#f-members-0-person-wrong")
    assert page.get_attribute("#f-purpose", "aria-invalid") == "true"
    shoot(page, f"draft-problems-{size}")
    page.fill("#f-purpose", "髙島さんの窓口の手間をなくす\n𠮷")
    page.fill("#f-members-0-person", "p32")
    press(page, "more:members")
    page.fill("#f-members-3-person", "p35")
    page.fill("#f-members-3-department", "elderly")
    for n, department in enumerate(("child-support", "教育情報課", " 高齢者支援課 (elderly) ")):
        page.fill(f"#f-departments-{n}", department)
    note = tmp_path / "聞き取り.csv"
    note.write_text("日,件\n1,3\n", "utf-8")
    page.set_input_files("#file", note)
    press(page, "attach")
    assert "聞き取り.csv" in page.inner_text("#files") and "窓口調査.csv" in page.inner_text("#files")
    assert page.input_value("#f-purpose") == "髙島さんの窓口の手間をなくす\n𠮷"
    press(page, "detach:窓口調査.csv")
    slip = tmp_path / "手違い.csv"
    slip.write_text("電話\n079-000-0000\n", "utf-8")
    page.set_input_files("#file", slip)
    press(page, "attach")
    press(page, "detach:手違い.csv")
    page.fill("#comment", "至急お願いします")
    press(page, "submit")
    assert "記録しました" in page.inner_text(".notice.good")
    assert writing.json("list")[0]["phase"] == "deciding"
    page.click("section[aria-labelledby=documents] a[href$='/setup/1/2']")
    text = page.inner_text("main")
    assert "聞き取り.csv" in text and "窓口調査.csv" not in text
    hashes = {f["name"]: f["sha256"] for f in writing.json("attachments", "R8", "--as", "p33")["attachments"]}
    writing.password("p50")
    with client(writing, "p50") as stranger, client(writing, "p33") as drafter:
        for name, status in ("聞き取り.csv", 200), ("手違い.csv", 404):
            assert stranger.get(f"/lifecycles/R8/files/{hashes[name]}").status_code == status, name
            assert drafter.get(f"/lifecycles/R8/files/{hashes[name]}").status_code == 200, name
        assert "手違い.csv" in drafter.get("/lifecycles/R8").text
        told = stranger.get("/lifecycles/R8").text
        assert "手違い.csv" not in told and "a file was taken off the draft" in told and "聞き取り.csv" in told
    database = Database(writing.url)
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(web_drafts)).scalar_one() == 0
    database.close()
    page.context.close()


def test_nothing_typed_is_lost_when_the_session_ends(writing: Pages, browser: Browser) -> None:
    page = opened(writing, browser)
    page.fill("#f-problem", "半分まで書いた\n二行目")
    database = Database(writing.url)
    with database.write() as connection:
        connection.execute(sa.delete(web_sessions))
    database.close()
    press(page, "save")
    page.fill("#who", "p33")
    page.fill("#password", PASSWORD)
    page.click("main button.primary")
    assert page.input_value("#f-problem") == "半分まで書いた\n二行目"
    press(page, "save")
    assert "保存しました" in page.inner_text(".notice.good")
    assert page.input_value("#f-problem") == "半分まで書いた\n二行目"
    page.context.close()


def test_two_people_at_one_draft_never_lose_each_others_words(writing: Pages, browser: Browser) -> None:
    one, other = opened(writing, browser), opened(writing, browser, "p32")
    one.fill("#f-problem", "一人目の文")
    press(one, "save")
    other.fill("#f-beneficiaries", "二人目の文")
    press(other, "save")
    assert "保存していません" in other.inner_text(".notice.error")
    assert other.input_value("#f-beneficiaries") == "二人目の文"
    one.reload()
    assert one.input_value("#f-problem") == "一人目の文"
    other.fill("#f-problem", "一人目の文")
    press(other, "save")
    one.reload()
    assert (one.input_value("#f-problem"), one.input_value("#f-beneficiaries")) == ("一人目の文", "二人目の文")
    for page in (one, other):
        page.context.close()


def test_a_draft_is_for_its_taskforce(writing: Pages) -> None:
    path = f"/lifecycles/{stream(writing)}/draft"
    with client(writing, "p33") as member, client(writing, "p30") as other, client(writing, None) as stranger:
        assert member.get(path).status_code == 200
        refused = other.get(path)
        assert refused.status_code == 409 and "neither drafter nor member" in refused.text
        assert stranger.get(path).headers["location"].startswith("/sign-in?next=")
        assert member.post(path, data={"act": "save", "purpose": "x"}).status_code == 403


def test_what_is_no_number_and_no_day_stays_as_typed(writing: Pages) -> None:
    from domain.deliverables.project import Implementation, KpiSetting
    from web.forms import boxes, typed

    given = {"participants": "12名", "milestones.0.due": "来月", "contract": "yes", "fiscal_year": "２０２６"}
    content = typed(Implementation, given)
    assert (content["participants"], content["contract"], content["fiscal_year"]) == ("12名", True, 2026)
    assert content["milestones"] == [{"title": "", "due": "来月", "done": None}]
    shown = {b.path: b for b in boxes(Implementation, content)}
    assert shown["participants"].value == "12名" and shown["milestones"].rows[0][1].value == "来月"
    kpis = typed(KpiSetting, {"kpis.7.target": "１，２００.5", "kpis.3.title": "　"})
    assert [k["target"] for k in kpis["kpis"]] == ["1200.5"]


def test_other_acts_are_forms_too(town: Pages, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP", java_script_enabled=False)
    page = signed_in(town, context, "p33")
    page.goto(f"{town.base}/lifecycles/{stream(town)}")
    page.click("a[href$='/do/hold']")
    shoot(page, "act")
    page.click("main button.primary")
    assert "記入してください" in page.inner_text("#f-reason-wrong")
    page.fill("#f-reason", "議会の閉会まで")
    page.fill("#f-until", "来年")
    page.click("main button.primary")
    assert "日付を書いてください" in page.inner_text("#f-until-wrong")
    page.fill("#f-until", "2099-04-01")
    page.dblclick("main button.primary")
    page.wait_for_selector(".notice.good")
    assert town.json("list")[0]["phase"] == "held"
    assert [e["type"] for e in town.json("show", "R8")["timeline"]].count("LifecycleHeld") == 1
    page.click("a[href$='/do/resume']")
    page.click("main button.primary")
    assert town.json("list")[0]["phase"] == "deciding"
    context.close()
