"""Forms of the bodies: over an expired session, stale, with mistakes; papers; what is not public; calls and rhythm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page

from domain.calendar import local_day, wareki
from domain.sessions import messages as m
from store.engine import Database
from store.tables import web_sessions
from tests.integration.hall import (
    attended,
    called,
    concluded,
    convened,
    do,
    first_session,
    lifecycle,
    minutes,
    put,
    state,
)
from tests.integration.pages import PASSWORD, Pages, client, fits, look, looks, signed_in
from tests.integration.test_web_bodies import act, csrf

TODAY = local_day(datetime.now(UTC))
OFFICE, MAYOR, DEPUTY, STRANGER = "p07", "p01", "p02", "p57"


@pytest.fixture
def hall(town: Pages) -> Pages:
    """A session that sits, with an item and one that is not public."""
    stream = convened(town)
    put(town, stream, "open-1", "公開の議題", lifecycle=lifecycle(town, "R8").stream)
    put(town, stream, "closed-1", "秘密の議題", public=False)
    return town


def end_sessions(town: Pages) -> None:
    database = Database(town.url)
    with database.write() as connection:
        connection.execute(sa.delete(web_sessions))
    database.close()


def sign_in_again(page: Page, person: str) -> None:
    assert "まだ何も記録されていません" in page.inner_text("main")
    page.fill("#who", person)
    page.fill("#password", PASSWORD)
    page.click("main button.primary")


def test_what_was_typed_outlives_the_session_on_every_form(hall: Pages, browser: Browser) -> None:
    stream = first_session(hall)
    page = signed_in(hall, browser.new_context(locale="ja-JP"), OFFICE)
    at = f"{hall.base}/sessions/{stream}"
    said = "議事の要旨。\n市長より、対象を絞るよう指摘があった。" + "長い会議録" * 8000
    attended(hall, stream)
    page.goto(f"{at}/do/minutes")
    page.select_option("#f-form", "full")
    page.fill("#f-text", said)
    end_sessions(hall)
    page.click("main button.primary")
    sign_in_again(page, OFFICE)
    assert page.input_value("#f-text") == said and page.input_value("#f-form") == "full"
    assert state(hall, stream).minutes == 0, "signing in records nothing"
    page.click("main button.primary")
    page.wait_for_url(f"{at}?done=minutes")
    page.goto(f"{at}/do/conclude?item=open-1")
    page.select_option("#f-conclusion", "conditions")
    page.fill("#f-conditions-0-text", "半年後に報告")
    end_sessions(hall)
    page.click("main button.primary")
    sign_in_again(page, OFFICE)
    assert page.input_value("#f-conditions-0-text") == "半年後に報告"
    page.click("main button.primary")
    page.wait_for_url(f"{at}?done=conclude#open-1")
    page.goto(f"{hall.base}/sessions/convene")
    page.select_option("#f-body", "monitoring")
    page.fill("#f-place", "第二会議室")
    end_sessions(hall)
    page.click("main button.primary")
    sign_in_again(page, OFFICE)
    assert page.input_value("#f-place") == "第二会議室"
    page.goto(f"{hall.base}/lifecycles/R8/do/comment")
    page.fill("#f-text", "書きかけの意見")
    end_sessions(hall)
    page.click("main button.primary")
    sign_in_again(page, OFFICE)
    assert page.input_value("#f-text") == "書きかけの意見"
    page.click("main button.primary")
    page.wait_for_url("**?done=comment")


def test_minutes_are_confirmed_as_they_were_read(hall: Pages) -> None:
    stream = first_session(hall)
    attended(hall, stream)
    for item in ("open-1", "closed-1"):
        concluded(hall, stream, item)
    do(hall, m.CloseSession, stream)
    minutes(hall, stream, "第一の文面")
    with client(hall, MAYOR) as mayor:
        form = mayor.get(f"/sessions/{stream}/do/confirm").text
        assert "第一の文面" in form and 'name="version" value="1"' in form
        minutes(hall, stream, "書き換えた文面")
        stale = act(mayor, f"/sessions/{stream}/do/confirm", version="1")
        assert stale.status_code == 409 and "書き換えた文面" in stale.text and 'name="version" value="2"' in stale.text
        assert state(hall, stream).confirmed == ()
        assert act(mayor, f"/sessions/{stream}/do/confirm").status_code in (409, 422), "nobody confirms unread"
        assert act(mayor, f"/sessions/{stream}/do/confirm", version="2").status_code == 303
        assert state(hall, stream).confirmed == (MAYOR,)


def test_papers_are_added_replaced_handed_out_and_fetched(hall: Pages, browser: Browser) -> None:
    stream = first_session(hall)
    page = signed_in(hall, browser.new_context(locale="ja-JP"), OFFICE)
    at = f"{hall.base}/sessions/{stream}"

    def send(item: str, name: str, content: str, sort: str) -> None:
        page.goto(f"{at}/do/paper?item={item}")
        page.select_option("#f-sort", sort)
        page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": content.encode()})
        page.click("main button.primary")

    page.goto(f"{at}/do/paper?item=open-1")
    page.select_option("#f-sort", "paper")
    page.click("main button.primary")
    assert "ファイルが選ばれていません" in page.inner_text("main")
    send("open-1", "悪い.exe", "x", "paper")
    assert "この種類は添付できません" in page.inner_text("main") and "/tmp" not in page.inner_text("main")
    send("open-1", "資料.csv", "年,件\n1,2\n", "replacement")
    assert "まだありません" in page.inner_text("main")
    for name, content, sort in (
        ("資料.csv", "1", "paper"),
        ("資料.csv", "2", "replacement"),
        ("別紙.csv", "3", "handout"),
    ):
        send("open-1", name, content, sort)
        page.wait_for_url(f"{at}?done=paper#open-1")
    send("closed-1", "秘密.csv", "秘", "paper")
    page.wait_for_url(f"{at}?done=paper#closed-1")
    papers = state(hall, stream).items["open-1"].papers
    assert [(p.name, p.kind, p.version) for p in papers] == [
        ("資料.csv", "paper", 1),
        ("資料.csv", "replacement", 2),
        ("別紙.csv", "handout", 1),
    ]
    secret = state(hall, stream).items["closed-1"].papers[0].sha256
    with client(hall, MAYOR) as mayor, client(hall) as chief:
        got = [mayor.get(f"/sessions/{stream}/items/open-1/papers/{p.sha256}") for p in papers]
        assert [g.text for g in got] == ["1", "2", "3"] and "attachment" in got[0].headers["content-disposition"]
        assert mayor.get(f"/sessions/{stream}/items/closed-1/papers/{secret}").text == "秘"
        assert chief.get(f"/sessions/{stream}/items/open-1/papers/{papers[0].sha256}").status_code == 200
        assert chief.get(f"/sessions/{stream}/items/closed-1/papers/{secret}").status_code == 404
        assert chief.get(f"/sessions/{stream}/items/open-1/papers/{secret}").status_code == 404
        refused = chief.post(
            f"/sessions/{stream}/do/paper",
            data={**csrf(chief.get("/sessions").text), "item_key": "open-1", "sort": "paper"},
            files={"file": ("x.csv", b"1", "text/csv")},
        )
        assert refused.status_code == 409


def test_what_is_not_public_is_for_members_and_the_secretariat(hall: Pages) -> None:
    stream = first_session(hall)
    attended(hall, stream)
    for item in ("open-1", "closed-1"):
        concluded(hall, stream, item, reason=f"{item}の理由")
    do(hall, m.CloseSession, stream)
    minutes(hall, stream, "未確認の会議録")
    with client(hall, MAYOR) as mayor, client(hall) as chief:
        for browsing, privy in ((mayor, True), (chief, False)):
            shown = browsing.get(f"/sessions/{stream}").text
            assert "公開の議題" in shown and "open-1の理由" in shown
            for secret in ("秘密の議題", "closed-1の理由", "未確認の会議録"):
                assert (secret in shown) is privy, secret
            assert ("秘密の議題" in browsing.get("/sessions/register").text) is privy
            assert ("秘密の議題" in browsing.get(f"/sessions/{stream}/pack.html").text) is privy
            assert "秘密の議題" not in browsing.get("/search?q=秘密").text
        assert "公開の議題" in chief.get("/search?q=公開").text
        assert "FY" in chief.get("/search?q=council").text


def test_mistakes_stand_beside_their_fields_and_days_are_read_as_written(hall: Pages) -> None:
    stream = first_session(hall)
    with client(hall, OFFICE) as office:
        fields = {"body": "monitoring", "held_on": "9999-12-31"}
        far = act(office, "/sessions/convene", **fields)
        assert far.status_code == 422 and "f-held_on-wrong" in far.text
        long = act(
            office, "/sessions/convene", **fields | {"held_on": str(TODAY + timedelta(days=40)), "place": "長" * 301}
        )
        assert long.status_code == 422 and "f-place-wrong" in long.text
        unread = act(office, "/sessions/convene", **fields | {"held_on": "そのうち"})
        assert unread.status_code == 422 and "f-held_on-wrong" in unread.text and "そのうち" in unread.text
        due = wareki(TODAY + timedelta(days=30))
        given = {"about": "status", "lifecycle": "R8", "post": "child-support-chief", "text": "状況は", "due": due}
        nobody = act(office, f"/sessions/{stream}/do/attendance", presiding=MAYOR)
        assert nobody.status_code == 422 and 'role="alert"' in nobody.text, "what has no box is said above the form"
        attended(hall, stream)
        assert act(office, f"/sessions/{stream}/do/instruct", **given | {"lifecycle": "M99"}).status_code == 409
        assert act(office, f"/sessions/{stream}/do/instruct", **given).status_code == 303, "by reference, on 令和 day"
        assert [i.lifecycle for i in state(hall, stream).instructions.values()] == [lifecycle(hall, "R8").stream]
        future = office.get(f"/sessions/{stream}/pack.pdf?at=9999-12-31")
        assert future.status_code == 409 and "not come yet" in future.text
        assert office.get(f"/sessions/{stream}/pack.html?at={wareki(TODAY)}").status_code == 200
        votes = {"item_key": "open-1", "conclusion": "endorsed", f"votes.v_{MAYOR}": "yes"}
        short = act(office, f"/sessions/{stream}/do/conclude", **votes)
        assert short.status_code == 409 and "f-votes-v_p02-wrong" in short.text
        form = office.get(f"/sessions/{stream}/do/conclude?item=open-1").text
        assert 'value="selected"' not in form and 'value="endorsed"' in form, "only conclusions that fit the item"


def test_a_removed_item_comes_back_and_acts_are_offered_to_those_who_may(hall: Pages) -> None:
    stream = first_session(hall)
    called(hall, "2026", TODAY + timedelta(days=20))
    with client(hall, OFFICE) as office, client(hall, MAYOR) as mayor, client(hall) as chief:
        for _ in range(2):
            waiting = office.get(f"/sessions/{stream}").text
            assert act(office, f"/sessions/{stream}/agenda", command_id="").status_code == 303, waiting
        assert "Put an item on it" in office.get(f"/sessions/{stream}").text
        for other in (mayor, chief):
            assert "Put an item on it" not in other.get(f"/sessions/{stream}").text
        assert "Recuse" in mayor.get(f"/sessions/{stream}").text
        assert "Recuse" not in chief.get(f"/sessions/{stream}").text
        assert "Call for proposals" not in chief.get("/sessions").text
        assert "Propose a challenge" in chief.get("/selection/selection:2026").text


def test_calls_and_rhythm_begin_on_pages(hall: Pages, browser: Browser) -> None:
    page = signed_in(hall, browser.new_context(locale="ja-JP"), OFFICE)
    page.goto(f"{hall.base}/selection/call")
    page.fill("#f-name", "2028")
    page.fill("#f-closes_on", wareki(TODAY + timedelta(days=30)))
    page.fill("#f-priority_fields", "子育て\n防災")
    page.click("main button.primary")
    page.wait_for_url("**/selection/selection:2028?done=1")
    assert "子育て" in page.inner_text("main")
    page.goto(f"{hall.base}/selection/selection:2028/do/propose")
    page.fill("#f-ref", "N-1")
    page.fill("#f-title", "通知の電子化")
    page.fill("#f-section", "こども支援課")
    page.fill("#f-problem", "紙が多い")
    page.fill("#f-departments-0", "財政課 (finance-section)")
    page.click("text=もう一つ")
    page.fill("#f-departments-1", "こども保育課")
    page.click("main button.primary")
    page.wait_for_url("**/selection/selection:2028?done=propose")
    found = state(hall, "selection:2028").proposals["N-1"]
    assert (found.section, found.departments) == ("child-support", ("finance-section", "childcare"))
    page.click("text=提案を直す")
    assert page.input_value("#f-title") == "通知の電子化"
    page.fill("#f-title", "通知と申請の電子化")
    page.click("main button.primary")
    page.wait_for_url("**/selection/selection:2028?done=correct")
    assert "通知と申請の電子化" in page.inner_text("h3")
    page.goto(f"{hall.base}/sessions/rhythm")
    page.select_option("#f-body", "monitoring")
    page.click("main button.primary")
    page.wait_for_url("**/sessions?done=1")
    assert "自動で招集、次回" in page.inner_text("main")


def test_the_new_pages_are_accessible(hall: Pages, browser: Browser) -> None:
    stream = first_session(hall)
    paths = (
        "selection/call",
        "sessions/rhythm",
        *(f"sessions/{stream}/do/{n}?item=open-1" for n in ("paper", "conclude", "recuse")),
    )
    for page, seen in looks(hall, browser, OFFICE):
        for path in paths:
            name = path.replace("/", "-").partition("?")[0].replace(":", "-")
            look(page, f"{hall.base}/{path}", f"form-{name}-{seen}")
            assert fits(page), path
