"""Files taken in on a page and by the API: checked first, recorded as they were seen, and never twice."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from settings import ROOT
from tests.integration.hall import TODAY, called
from tests.integration.pages import Pages, client, looked_at, signed_in
from tests.integration.test_api import caller, problem
from tests.integration.test_web_bodies import csrf
from web.pages.importing import unpacked
from web.taking import LARGEST, MOST

START = "- {id: N-1, title: 新しい課題, section: childcare}\n- {id: R8-child-certificates, title: 別の題, section: childcare}\n"


def hidden(page: str, name: str) -> str:
    from html import unescape

    return unescape(page.split(f'name="{name}" value="')[1].split('"')[0])


def test_values_of_a_sheet_are_looked_at_and_recorded_once(town: Pages, browser: Browser, tmp_path: Path) -> None:
    town("adopt", "examples/adopt/portfolio.yaml")
    kpi = "running_cost"
    file = tmp_path / "測定値.csv"
    text = f"id,kpi,period,value,note\r\nR5-moving-counter,{kpi},令和6年度,１２．５,窓口\r\n"
    file.write_bytes((text + f"R5-moving-counter,{kpi},令和7年度,many,\r\n").encode("cp932"))
    page = signed_in(town, browser.new_context(locale="ja-JP", viewport={"width": 390, "height": 844}), "p07")
    page.goto(f"{town.base}/lifecycles")
    page.click("text=ファイルから取り込む")
    looked_at(page, "imports")
    page.click("a:text('KPI の測定値を記録する')")
    page.set_input_files("#file", file)
    page.click("button:text('確かめる')")
    assert "3 行目" in page.inner_text("[role=alert]") and "2 行目" not in page.inner_text("[role=alert]")
    looked_at(page, "import-wrong")
    file.write_bytes(text.encode("cp932"))
    page.set_input_files("#file", file)
    page.click("button:text('確かめる')")
    looked_at(page, "import-checked")
    assert "まだ何も記録していません" in page.inner_text("main")
    before = len(kept(town, kpi))
    page.dblclick("text=1 行を記録する")
    page.wait_for_selector("text=測定値.csv")
    assert len(kept(town, kpi)) == before + 1 and kept(town, kpi)[-1]["value"] == "12.5"
    assert kept(town, kpi)[-1]["person"] == "p07"


def kept(town: Pages, kpi: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = town.json("kpi", "show", "R5-moving-counter", kpi)["kpis"][0]["values"]
    return found


def test_a_file_is_recorded_as_it_was_seen_or_not_at_all(town: Pages) -> None:
    with client(town, "p33") as browsing:
        token = csrf(browsing.get("/imports/lifecycles").text)

        def sent(key: str, *files: tuple[str, str | bytes], **text: str) -> Any:
            upload = [("file", (name, content)) for name, content in files]
            return browsing.post(f"/imports/{key}", data={**token, "act": "check", **text}, files=upload or None)

        assert browsing.get("/imports/none").status_code == 404
        looked = sent("lifecycles", ("new.yaml", START))
        assert looked.status_code == 200 and "would be recorded 1" in looked.text and "not changed" in looked.text
        seen, content = hidden(looked.text, "seen"), hidden(looked.text, "content")
        assert unpacked(content) == [("new.yaml", START.encode())]
        other = content.replace(content.split('"')[3], "W10=")
        assert sent("lifecycles", act="record", seen=seen, content=other).status_code == 422, "another file"
        assert sent("lifecycles", act="record", seen=seen, content='[["\\ud800.csv", ""]]').status_code == 422, (
            "no name"
        )
        assert town.run("show", "N-1").returncode == 2, "nothing was recorded"
        done = sent("lifecycles", act="record", seen=seen, content=content)
        assert done.status_code == 200 and "1 row was recorded" in done.text
        assert town.json("show", "N-1")["title"] == "新しい課題"
        again = sent("lifecycles", act="record", seen=seen, content=content)
        assert "There is nothing to record" in again.text
        for key, files, words in (
            ("lifecycles", [("x.exe", "MZ")], "cannot be read"),
            ("lifecycles", [("x.yaml", "a: &a [1]\nb: *a\n")], "aliases"),
            ("lifecycles", [("x.json", "[" * 9000)], "not valid JSON"),
            ("lifecycles", [("a.csv", "id\n"), ("b.csv", "id\n")], "one file at a time"),
            ("adoptions", [("tasks.csv", "id,title\n"), ("b.csv", "id\n")], "unknown sheet"),
            ("measurements", [("x.csv", b"\x00" * 10)], "UTF-16"),
            ("measurements", [("x.csv", "id,kpi,period,value\n" + "a,b,1,1\n" * (MOST + 1))], "too many rows"),
            ("lifecycles", [("x.json", json.dumps([{}] * (MOST + 1)))], "too many rows"),
            ("adoptions", [("x.json", json.dumps([{"decisions": [{}] * MOST}]))], "too many rows"),
            ("decisions", [("x.csv", ",".join(f"c{n}" for n in range(501)))], "too many columns"),
            ("supplements", [("x.yaml", "- id: !!bool foo\n")], "not valid YAML"),
            ("measurements", [("x.csv", "x" * (LARGEST + 1))], "at most 1 MB"),
            ("proposals", [("x.csv", "ref,title,section,problem\n1,t,childcare,p\n")], "selection round"),
            ("decisions", [], "choose a file"),
        ):
            refused = sent(key, *files)
            assert refused.status_code == 422 and words in refused.text, (key, refused.text)
        assert (
            browsing.get("/imports/measurements/template.csv").content == "\ufeffid,kpi,period,value,note\r\n".encode()
        )
        browsing.headers.pop("Cookie")
        assert sent("lifecycles", ("new.yaml", START)).status_code == 401


def test_the_api_takes_files_in_row_by_row(town: Pages) -> None:
    section = "child-support"
    round_ = called(town, "2026", TODAY + timedelta(days=20)).partition(":")[2]
    sheet = f"ref,title,section,problem\nP-1,提案,{section},課題\nP-2,提案2,{section},課題\n"
    with caller(town, "p33", "read", "write") as made:

        def post(key: str, *files: tuple[str, str | bytes], **text: Any) -> Any:
            return made.post(f"/imports/{key}", data=text, files=[("files", f) for f in files])

        tried = post("proposals", ("p.csv", sheet), round=round_, dry_run="true").json()
        assert (tried["counts"], tried["dry_run"]) == ({"new": 2}, True)
        assert post("proposals", ("p.csv", sheet), round=round_).json()["counts"] == {"recorded": 2}
        again = post("proposals", ("p.csv", sheet.replace("提案2", "別")), round=round_).json()
        assert [r["status"] for r in again["rows"]] == ["known", "differs"]
        assert problem(post("proposals", ("p.csv", sheet), round="1999")) == (422, "file-unfit")
        unfit = post("proposals", ("p.csv", sheet.replace(section, "nowhere").replace("P-", "Q-")), round=round_).json()
        assert [(p["place"], p["field"], p["value"]) for p in unfit["problems"]] == [
            ("line 2", "section", "nowhere"),
            ("line 3", "section", "nowhere"),
        ]
        for p in unfit["problems"]:
            assert p["message"]["en"].isascii() and not p["message"]["ja"].isascii()
        folder = ROOT / "examples" / "adopt" / "csv"
        sheets = [(f.name, f.read_bytes()) for f in sorted(folder.glob("*.csv"))]
        assert "not-concerned" in post("adoptions", *sheets).text, "what others decided is not asserted by a stranger"
        assert problem(post("decisions", ("d.json", json.dumps([])))) == (403, "scope-missing")
    with caller(town, "p07", "read", "write") as made:
        answer = post("adoptions", *sheets).json()
        adopted, named = answer["counts"], answer["file"]
        assert named.startswith("budgets.csv, decisions.csv"), "the files, not the folder they lay in meanwhile"
        assert set(adopted) == {"recorded"} and post("supplements", *sheets).json()["counts"] == {
            "known": adopted["recorded"]
        }
    with caller(town, "p09", "read", "write") as made:
        further = post("adoptions", *sheets, dry_run="true").json()
    assert further["counts"] == {"known": adopted["recorded"]}, "the same, whoever sends it"
