"""What pages lacked beside the shell: starting a lifecycle, moving a due date, having a KPI's values fetched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Browser

from domain.calendar import local_day, wareki
from tests.integration.hall import lifecycle
from tests.integration.pages import Pages, client, fits, look, looks, signed_in
from tests.integration.test_web_bodies import csrf

TODAY = local_day(datetime.now(UTC))


def test_a_lifecycle_is_started_from_the_portfolio_once(town: Pages, browser: Browser) -> None:
    page = signed_in(town, browser.new_context(locale="ja-JP", java_script_enabled=False), "p33")
    page.goto(f"{town.base}/lifecycles")
    page.click("text=課題を始める")
    page.fill("#f-ref", "R8-町内会")
    page.click("main button.primary:not(.first)")
    assert page.inner_text("#f-title-wrong") and page.input_value("#f-ref") == "R8-町内会"
    page.fill("#f-title", "町内会の届出のデジタル化")
    page.fill("#f-section", "こども支援課")
    page.fill("#f-drafter", "水上 七海")
    page.select_option("#f-weight", "light")
    page.click("main button.primary:not(.first)")
    page.wait_for_url("**/lifecycles/*?done=1")
    assert "町内会の届出のデジタル化" in page.inner_text("h1")
    found = lifecycle(town, "R8-町内会")
    assert (found.section, found.drafter, found.weight) == ("child-support", "p33", "light")
    with client(town, "p33") as drafter:
        fields = {
            **csrf(drafter.get("/sessions").text),
            "command_id": "one",
            "ref": "R8-two",
            "title": "二つ目",
            "section": "child-support",
            "definition": "himeji@1",
        }
        assert [drafter.post("/lifecycles/start", data=fields).status_code for _ in range(2)] == [303, 303]
        again = drafter.post("/lifecycles/start", data=fields | {"command_id": "two"})
        assert again.status_code == 409 and "already been started" in again.text
        nowhere = drafter.post("/lifecycles/start", data=fields | {"ref": "x", "section": "どこか", "command_id": "3"})
        assert nowhere.status_code == 409 and "どこか" in nowhere.text
    assert len(town.json("list")) == 3


def test_a_due_date_is_moved_by_those_in_charge(town: Pages) -> None:
    request = lifecycle(town, "R8").requests[0]
    path, due = "/lifecycles/R8/do/due", local_day(request.due_at) + timedelta(days=30)
    with client(town) as chief, client(town, "p16") as stranger:
        page = chief.get(path).text
        assert f'value="{request.id}"' in page and "New due date" in page
        assert path.replace("R8", lifecycle(town, "R8").stream) in chief.get("/lifecycles/R8").text
        assert "/do/due" not in stranger.get("/lifecycles/R8").text
        fields = {"request": request.id, "due": wareki(due), "reason": "年末年始を挟む", "command_id": "one"}
        refused = stranger.post(path, data={**csrf(stranger.get("/sessions").text), **fields})
        assert refused.status_code == 409 and "not concerned" in refused.text
        token = csrf(chief.get("/sessions").text)
        broken = chief.post(path, data={**token, **fields, "due": "いつか", "reason": ""})
        assert broken.status_code == 422 and "f-due-wrong" in broken.text and "f-reason-wrong" in broken.text
        past = chief.post(path, data={**token, **fields, "due": str(TODAY - timedelta(days=9))})
        assert past.status_code == 409
        assert [chief.post(path, data={**token, **fields}).status_code for _ in range(2)] == [303, 303]
    assert local_day(lifecycle(town, "R8").requests[0].due_at) >= due


def test_a_feed_is_arranged_and_ended(town: Pages) -> None:
    town("adopt", "examples/adopt/portfolio.yaml")
    town.password("p22")
    path = "/lifecycles/R5-moving-counter/do"
    with client(town, "p22") as owner:
        assert "Fetch once now" in owner.get(f"{path}/feed").text
        token = csrf(owner.get("/sessions").text)
        fields = {**token, "kpi": "minutes", "terms.url": "https://data.example.jp/kpi.json", "terms.value": "/value"}
        broken = owner.post(f"{path}/feed", data=fields | {"terms.url": "ftp://x", "terms.lag_days": "0"})
        assert (
            broken.status_code == 422 and "f-terms-url-wrong" in broken.text and "f-terms-lag_days-wrong" in broken.text
        )
        assert owner.post(f"{path}/feed", data=fields).status_code == 303
        pull = lifecycle(town, "R5-moving-counter").pulls["minutes"]
        assert (pull.url, pull.cadence, pull.lag_days) == ("https://data.example.jp/kpi.json", "quarterly", 10)
        assert "Fetch a KPI" in owner.get("/lifecycles/R5-moving-counter").text
        assert owner.post(f"{path}/end-feed", data={**token, "kpi": "minutes", "reason": "様式変更"}).status_code == 303
    assert not lifecycle(town, "R5-moving-counter").pulls


def test_the_register_of_documents_is_read_by_year_and_section(town: Pages) -> None:
    numbered = town.json("register")["register"]
    assert len(numbered) == 1
    year = numbered[0]["fiscal_year"]
    with client(town) as chief:
        assert "/register" in chief.get("/lifecycles").text
        for query, there in (
            ("", True),
            (f"?year={year}&section=child-support", True),
            ("?year=all", True),
            (f"?year={year - 1}", False),
            ("?section=childcare", False),
            ("?year=x&page=99", True),
        ):
            page = chief.get(f"/register{query}")
            assert page.status_code == 200 and ("保育料決定通知等のデジタル化" in page.text) is there, query


def test_these_pages_are_accessible(town: Pages, browser: Browser) -> None:
    town("adopt", "examples/adopt/portfolio.yaml")
    for page, seen in looks(town, browser):
        for name, path in (
            ("start", "/lifecycles/start"),
            ("due", "/lifecycles/R8/do/due"),
            ("feed", "/lifecycles/R5-moving-counter/do/feed"),
            ("portfolio-start", "/lifecycles"),
            ("register", "/register"),
            ("lifecycle-papers", "/lifecycles/R8"),
        ):
            look(page, f"{town.base}{path}", f"{name}-{seen}")
            assert fits(page), path
