"""The rules of the bodies on a page: read, compared, tried, and laid down by whoever may, once that has been seen."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import httpx
import yaml
from playwright.sync_api import Browser

from domain.bodies import BodyRules
from domain.bodies_stream import STREAM, PublishRules
from settings import ROOT
from tests.integration.hall import do, opened, state
from tests.integration.pages import Pages, client, fits, look, looked_at, looks, signed_in
from tests.integration.test_web_bodies import csrf
from tests.integration.test_web_body_forms import end_sessions, sign_in_again

OFFICE = "p07"


def held(town: Pages) -> BodyRules:
    with opened(town) as store:
        found = store.rules()
        assert found is not None
        return found


def written(browsing: httpx.Client, **changes: Any) -> str:
    """What stands in the box to begin with, changed."""
    page = browsing.get("/rules").text
    found = re.search(r'<textarea id="f-text"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found
    return yaml.safe_dump({**yaml.safe_load(unescape(found[1])), **changes}, allow_unicode=True, sort_keys=False)


def sent(browsing: httpx.Client, text: str, act: str, seen: str = "") -> httpx.Response:
    return browsing.post(
        "/rules", data={**csrf(browsing.get("/sessions").text), "text": text, "act": act, "seen": seen}
    )


def seen_in(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found
    return found[1]


def test_rules_are_changed_in_the_box_seen_and_laid_down(town: Pages, browser: Browser) -> None:
    page = signed_in(town, browser.new_context(locale="ja-JP"), OFFICE)
    page.goto(f"{town.base}/sessions")
    page.click("text=会議の規程 >> nth=0")
    text = page.input_value("#f-text")
    assert "version: 2" in text and "姫路市デジタル戦略会議" in text
    page.fill("#f-text", text.replace("secretariat:", "priority_fields: [子育て, 防災]\nsecretariat:"))
    page.click("text=確かめる")
    assert "重点取組分野 - → 子育て, 防災" in page.inner_text("main")
    assert held(town).version == 1, "checking publishes nothing"
    looked_at(page, "rules-seen")
    page.click("text=公開する himeji-bodies@2")
    page.wait_for_url("**/rules?done=1")
    assert held(town).priority_fields == ("子育て", "防災")


def test_a_stale_page_a_double_click_and_words_that_changed(town: Pages) -> None:
    with client(town, OFFICE) as office, client(town, OFFICE) as other:
        mine, theirs = written(office, priority_fields=["子育て"]), written(office, priority_fields=["防災"])
        first = sent(office, mine, "dry")
        assert first.status_code == 200 and "priority fields - -&gt; 子育て" in first.text
        changed = sent(office, theirs, "publish", seen_in(first.text))
        assert "Nothing is recorded yet" in changed.text, "other words are looked at first"
        done = [sent(b, theirs, "publish", seen_in(changed.text)).status_code for b in (other, other)]
        assert done == [303, 303] and list(state(town, STREAM).published) == ["himeji-bodies@1", "himeji-bodies@2"]
        stale = sent(office, mine, "publish", seen_in(first.text))
        assert stale.status_code == 409 and "a newer version exists" in stale.text
        renamed = mine.replace("name: himeji-bodies", "name: himeji-rules")
        another = sent(office, renamed, "publish", seen_in(first.text))
        assert "Nothing is recorded yet" in another.text, "what was published meanwhile is compared with first"
        assert held(town).priority_fields == ("防災",)


def test_a_newer_version_meanwhile_stops_even_what_is_on_its_way(town: Pages) -> None:
    with client(town, OFFICE) as office:
        mine = written(office, name="himeji-rules", priority_fields=["子育て"])
        first = sent(office, mine, "dry")
        rules = held(town).model_copy(update={"version": 2})
        do(town, PublishRules, STREAM, rules=rules)
        again = sent(office, mine, "publish", seen_in(first.text))
        assert again.status_code == 200 and "Nothing is recorded yet" in again.text
        assert held(town) == rules


def test_mistakes_stand_beside_the_box_and_nobody_else_publishes(town: Pages) -> None:
    with client(town, OFFICE) as office, client(town) as chief:
        good = written(office, priority_fields=["子育て"])
        for text, said in (
            ("a: [", "not valid YAML"),
            ("x: &x 1\ny: *x", "aliases"),
            ("name: x", "bodies: Field required"),
            (good.replace("selects: council", "selects: nobody"), "selects:"),
        ):
            broken = sent(office, text, "dry")
            assert (
                broken.status_code == 422 and said in broken.text and 'aria-describedby="f-text-wrong"' in broken.text
            )
            assert text.splitlines()[0] in unescape(broken.text), "what was typed is kept"
        missing = sent(office, written(office, secretariat="nowhere"), "dry")
        assert missing.status_code == 409 and "no unit of the directory" in missing.text
        tried = sent(chief, good, "dry")
        assert tried.status_code == 200 and 'value="publish"' not in tried.text
        refused = sent(chief, good, "publish", seen_in(sent(office, good, "dry").text))
        assert refused.status_code == 409 and "holds no post there" in refused.text
        assert office.post("/rules", data={"text": good, "act": "publish", "csrf": "x"}).status_code == 403
        token = csrf(office.get("/sessions").text)
        file = {"file": ("rules.yaml", good.encode())}
        assert "priority fields" in office.post("/rules", data={**token, "text": "", "act": "dry"}, files=file).text
        assert "Nothing changed" in office.get("/rules?old=himeji-bodies@1&new=himeji-bodies@1").text
    assert held(town).version == 1


def test_the_shell_says_what_would_change(town: Pages) -> None:
    document = yaml.safe_load((ROOT / "definitions" / "bodies.yaml").read_text("utf-8"))
    document |= {"version": 2, "priority_fields": ["子育て"]}
    document["bodies"][1]["chair"] = {"role": "nobody"}
    file = town.folder / "rules.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    told = town.json("council", "rules", str(file), "--dry-run")
    assert "priority fields - -> 子育て" in [line["en"] for line in told["differences"]]
    assert told["unseated"][0]["en"] == "monitoring meeting: the directory has no post nobody"
    assert "重点取組分野" in town("council", "rules", str(file), "--dry-run").stdout
    assert held(town).version == 1


def test_what_is_typed_outlives_the_session(town: Pages, browser: Browser) -> None:
    page = signed_in(town, browser.new_context(locale="ja-JP", java_script_enabled=False), OFFICE)
    page.goto(f"{town.base}/rules")
    page.fill("#f-text", "name: 書きかけ\n")
    end_sessions(town)
    page.click("text=確かめる")
    sign_in_again(page, OFFICE)
    assert page.input_value("#f-text") == "name: 書きかけ\n"


def test_the_page_is_accessible(town: Pages, browser: Browser) -> None:
    for page, seen in looks(town, browser, OFFICE):
        look(page, f"{town.base}/rules", f"rules-{seen}")
        assert fits(page)
