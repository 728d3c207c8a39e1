"""Running lifecycles moved to another version of their process on a page: tried, then moved one by one, each told."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import yaml
from playwright.sync_api import Browser

from domain.process import ProcessDefinition
from domain.process_stream import PublishDefinition, stream_of
from settings import ROOT
from tests.integration.hall import do, lifecycle
from tests.integration.pages import Pages, client, fits, look, looked_at, looks, signed_in
from tests.integration.test_web_bodies import csrf
from tests.integration.test_web_body_forms import end_sessions, sign_in_again

OFFICE = "p07"
REASON = "規程の改正に合わせる"
Change = Callable[[dict[str, Any]], None]


def published(town: Pages, version: int, change: Change = lambda _: None) -> str:
    document = yaml.safe_load((ROOT / "definitions" / "himeji.yaml").read_text("utf-8"))
    document["version"] = version
    change(document)
    definition = ProcessDefinition.model_validate(document)
    do(town, PublishDefinition, stream_of("himeji"), definition=definition)
    return definition.reference


def renamed(document: dict[str, Any]) -> None:
    """The first stage has another key; the title stays."""
    document["stages"][0]["key"] = "founding"
    for stage in document["stages"]:
        stage["send_back_to"] = ["founding" if s == "setup" else s for s in stage.get("send_back_to", [])]
    for outcome in document["outcomes"]:
        outcome["stages"] = ["founding" if s == "setup" else s for s in outcome.get("stages", [])]


@pytest.fixture
def running(town: Pages) -> Pages:
    """A lifecycle whose document is on its route, and six that are being drafted."""
    town("start", "examples/smart-city.yaml")
    return town


def form(browsing: httpx.Client, path: str) -> dict[str, str]:
    """What the form of the page would send, nothing ticked."""
    page = browsing.get(path).text
    hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {**dict(hidden), **csrf(page), "seen": "{}"}


def ticked(sent: dict[str, str], stream: str) -> dict[str, str]:
    return {**sent, f"chosen.{stream}": sent[f"listed.{stream}"], "reason": REASON, "act": "some"}


def test_one_is_moved_once_with_its_reason(running: Pages, browser: Browser) -> None:
    reference = published(running, 2)
    stream = lifecycle(running, "R8").stream
    page = signed_in(running, browser.new_context(locale="ja-JP"), OFFICE)
    page.goto(f"{running.base}/lifecycles/R8")
    page.click(f"text={reference} へ移す")
    assert page.locator("input[type=checkbox]").count() == 1
    page.check("input[type=checkbox]")
    page.click("text=印を付けたものを移す")
    looked_at(page, "move-reason-missing")
    assert page.inner_text("#f-reason-wrong") and page.is_checked("input[type=checkbox]"), "the reason is missing"
    page.fill("#f-reason", REASON)
    page.dblclick("text=印を付けたものを移す")
    page.wait_for_selector("#results")
    assert "移しました" in page.inner_text("#results ~ ul")
    looked_at(page, "move-results")
    assert lifecycle(running, "R8").definition == reference
    moves = [r for r in running.json("show", "R8")["timeline"] if r["type"] == "DefinitionMigrated"]
    assert len(moves) == 1
    assert REASON in page.goto(f"{running.base}/lifecycles/{stream}").text()  # type: ignore[union-attr]


def test_many_are_moved_and_each_is_told(running: Pages) -> None:
    reference = published(running, 2)
    path = f"/definitions/{reference}/dry-run"
    with client(running, OFFICE) as office:
        sent = form(office, path)
        listed = [n for n in sent if n.startswith("listed.")]
        assert len(listed) == 7
        nobody = office.post(path, data={**form(office, path), "reason": REASON, "act": "some"})
        assert nobody.status_code == 422 and "tick those" in nobody.text
        running("hold", "smart-labour", "--reason", "議会", "--as", OFFICE)  # meanwhile
        answer = office.post(path, data={**sent, "reason": REASON, "act": "all"})
        assert answer.status_code == 200 and answer.text.count(">moved<") == 6
        assert answer.text.count(">not moved<") == 1 and "it is at version" in answer.text
        assert lifecycle(running, "smart-labour").definition == "himeji@1"
        again = office.post(path, data={**sent, "reason": REASON, "act": "all"})
        assert again.text.count(">moved<") == 6, "the second click tells the same"
        assert office.post(path, data={**form(office, path), "reason": REASON, "act": "all"}).text.count(">moved<") == 1
        assert "No running lifecycle is left" in office.get(path).text


def test_who_is_not_concerned_looks_on(running: Pages) -> None:
    reference = published(running, 2)
    path = f"/definitions/{reference}/dry-run"
    other, mine = lifecycle(running, "smart-labour").stream, lifecycle(running, "R8").stream
    with client(running) as chief:
        sent = form(chief, path)
        assert f"listed.{mine}" in sent and f"listed.{other}" not in sent
        refused = chief.post(path, data={**ticked(sent, mine), f"chosen.{other}": "1 setup"})
        assert refused.text.count(">moved<") == 1 and refused.text.count(">not moved<") == 1
        assert chief.post(path, data={**ticked(sent, mine), "csrf": "x"}).status_code == 403
        assert chief.post("/definitions/himeji@9/dry-run", data=sent).status_code == 404
    assert lifecycle(running, "smart-labour").definition == "himeji@1"


def test_where_a_stage_is_gone_it_is_looked_at_again_first(running: Pages) -> None:
    reference = published(running, 2, renamed)
    path = f"/definitions/{reference}/dry-run?id=R8"
    stream = lifecycle(running, "R8").stream
    with client(running, OFFICE) as office, client(running) as chief:
        assert "choose where it goes on" in office.get(path).text and "--stage" not in office.get(path).text
        sent = {**form(office, path), "stage.setup": "founding"}
        value = f"{running.json('show', 'R8')['version']} setup"
        hasty = {**sent, f"chosen.{stream}": value, "reason": REASON, "act": "some"}
        seen = office.post(path, data=hasty)
        assert seen.status_code == 409 and "look at what it does now" in seen.text and REASON in seen.text
        assert lifecycle(running, "R8").definition == "himeji@1"
        looked = {**hasty, "seen": '{"setup": "founding"}'}
        placed = chief.post(path, data={**looked, **csrf(chief.get("/sessions").text)})
        assert placed.status_code == 409 and "may not say at which stage" in placed.text
        done = office.post(path, data=looked)
        assert ">moved<" in done.text and "the draft is asked of" in done.text
        assert ">moved<" in office.post(path, data=looked).text, "a second click finds what the first did"
    assert lifecycle(running, "R8").work == "founding"


def test_what_is_typed_outlives_the_session(running: Pages, browser: Browser) -> None:
    reference = published(running, 2)
    page = signed_in(running, browser.new_context(locale="ja-JP", java_script_enabled=False), OFFICE)
    page.goto(f"{running.base}/definitions/{reference}/dry-run")
    page.locator("input[type=checkbox]").nth(1).check()
    page.fill("#f-reason", "会期の前に揃える")
    end_sessions(running)
    page.click("text=印を付けたものを移す")
    sign_in_again(page, OFFICE)
    assert page.input_value("#f-reason") == "会期の前に揃える"
    assert page.locator("input[type=checkbox]").nth(1).is_checked()
    assert lifecycle(running, "R8").definition == "himeji@1"
    page.click("text=印を付けたものを移す")
    assert "移しました" in page.inner_text("#results ~ ul")


def test_the_pages_of_moving_are_accessible(running: Pages, browser: Browser) -> None:
    published(running, 2)
    published(running, 3, renamed)
    for page, seen in looks(running, browser, OFFICE):
        for version in (2, 3):
            look(page, f"{running.base}/definitions/himeji@{version}/dry-run", f"move-{version}-{seen}")
            assert fits(page), version
