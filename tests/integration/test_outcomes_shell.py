"""Outcomes as people meet them, on a store of their own: reports drafted from the record, expansion, abolition, a brief."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser

from domain.calendar import JST
from domain.feeds.messages import ConfigurePull, FailPull, StartPull, Terms, stream_of
from domain.messages import SYSTEM, Text
from store.store import Store
from tests.integration.pages import Pages, client, look, signed_in

KPIS = [
    {"key": "digital_rate", "title": "電子交付率", "kind": "outcome", "baseline": 0, "target": 70}
    | {"direction": "up", "unit": "%", "cadence": "monthly", "owner": "p33"},
    {"key": "postage", "title": "郵送費", "kind": "cost", "baseline": 9600000, "target": 3000000}
    | {"direction": "down", "unit": "円", "cadence": "quarterly", "owner": "p33"},
]
HYPOTHESIS = {"then": "来庁が減る", "metric": "電子交付率", "expected_effect": "70%"}


def task(value: int) -> dict[str, Any]:
    """A project that is monitored, adopted with its KPIs, what was measured of them, and its budget."""
    return {
        "id": "P1",
        "title": "保育料通知の電子化",
        "section": "child-support",
        "drafter": "p33",
        "stage": "monitoring",
        "started_on": "2025-04-01",
        "source": "以前の台帳",
        "budgets": [{"fiscal_year": 2026, "state": s, "amount": 9000000} for s in ("asked", "indicated", "voted")],
        "deliverables": [
            {
                "stage": "setup",
                "content": {"purpose": "来庁を減らす", "problem": "紙が多い", "beneficiaries": "保護者"},
            },
            {"stage": "hypothesis", "content": {"hypotheses": [HYPOTHESIS]}},
            {"stage": "kpi_setting", "content": {"kpis": KPIS, "review_date": "2035-03-31"}},
        ],
        "measurements": [
            {"kpi": "digital_rate", "period": "2026-Q1", "value": value, "source": "利用記録"},
            {"kpi": "postage", "period": "2026-Q1", "value": 2900000},
        ],
    }


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path) -> Iterator[Pages]:
    made = Pages(sqlite_url, tmp_path)
    yield made
    made.close()


def adopted(office: Pages, value: int) -> None:
    file = office.folder / "portfolio.yaml"
    file.write_text(yaml.safe_dump({"tasks": [task(value)]}, allow_unicode=True), "utf-8")
    office("adopt", str(file))


def handed_in(office: Pages, stage: str, **changes: Any) -> dict[str, Any]:
    """The form as the shell drafts it, completed and handed in."""
    text = office("form", stage, "--for", "P1").stdout
    content: dict[str, Any] = yaml.safe_load(text)
    assert content == yaml.safe_load(yaml.safe_dump(content, allow_unicode=True))
    file = office.folder / f"{stage}.yaml"
    file.write_text(yaml.safe_dump(content | changes, allow_unicode=True), "utf-8")
    office("submit", "P1", str(file), "--as", "p33")
    return content


def approved(office: Pages, **last: str) -> None:
    """Everyone on the route agrees, each in their post."""
    while waiting := [a for a in office.json("show", "P1")["awaiting"] if a["kind"] == "decide"]:
        asked = waiting[0]
        words = [w for k, v in last.items() for w in (f"--{k}", v)] if asked["role"] == "mayor" else []
        office("answer", asked["request"], "--as", asked["person"], "--decision", "approve", *words)


def reviewed(office: Pages, value: int, **form: Any) -> dict[str, Any]:
    adopted(office, value)
    monitoring = handed_in(office, "monitoring")
    assert "電子交付率" in monitoring["value"] and "議決額 9,000,000円" in monitoring["cost"]
    assert monitoring["period"] == "2026-Q1" and monitoring["evidence"][0]["source"] == "利用記録"
    approved(office)
    office("review", "P1", "--reason", "一年たった", "--as", "p32")
    return handed_in(office, "review", **form)


def test_a_review_drafted_by_the_system_is_carried_to_other_departments(office: Pages, browser: Browser) -> None:
    draft = reviewed(office, 74, spread_to=["elderly", "school-ict"])
    assert draft["recommendation"] == draft["system_recommendation"] == "expansion"
    assert "仮説「来庁が減る」: 支持" in draft["report"]
    approved(office)
    found = office.json("lineage", "P1")
    assert [(d["ref"], d["standing"]) for d in found["descendants"]] == [
        ("P1-elderly", "starting"),
        ("P1-school-ict", "starting"),
    ]
    assert found["rounds"][0]["outcome"] == "expansion" and found["rounds"][0]["stage"] == "monitoring"
    told = office("lineage", "P1").stdout
    assert "P1-elderly" in told and "開始待ち" in told
    assert "spread-not-refused" in office.refused(
        *("spread", "P1", "--section", "elderly", "--again", "--reason", "x", "--as", "p07"), code=3
    )
    office.password("p32")
    office.serve()
    page = signed_in(office, browser.new_context(locale="ja-JP"))
    look(page, f"{office.base}/lifecycles/P1", "lineage")
    assert "高齢者支援課" in page.inner_text("section[aria-labelledby=lineage]")
    with client(office) as browsing:
        assert "Carried to" in browsing.get("/lifecycles/P1").text


def test_what_speaks_against_a_figure_is_said_on_its_page(office: Pages) -> None:
    """A feed that brings nothing, and a review whose ground a correction has taken."""
    stopping = [{"kpi": "digital_rate", "when": "below", "value": 20, "periods": 1}]
    given = task(30)
    given["deliverables"][2]["content"] |= {"stopping": stopping}
    file = office.folder / "portfolio.yaml"
    file.write_text(yaml.safe_dump({"tasks": [given]}, allow_unicode=True), "utf-8")
    office("adopt", str(file))
    office("measure", "P1", "digital_rate", "7", "--period", "2026-06", "--as", "p33")
    assert office.json("show", "P1")["stage"] == "review"
    office("measure", "P1", "digital_rate", "70", "--period", "2026-06", "--correct", "--reason", "桁", "--as", "p33")
    store = Store.open(office.url)
    stream = office.json("list")[0]["id"]
    feed, due = stream_of(stream, "digital_rate"), store.clock.now()
    of = {"lifecycle": stream, "lifecycle_title": "x", "kpi": "digital_rate", "kpi_title": "x", "arranged_by": "p33"}
    url = {"url": "https://data.example/x", "value": "/v"}
    office("kpi", "feed", "P1", "digital_rate", *(w for k, v in url.items() for w in (f"--{k}", v)), "--as", "p33")
    terms = Terms.model_validate({**url, "cadence": "monthly"})
    store.record(
        ConfigurePull.model_validate({"command_id": "c", "stream": feed, "terms": terms, "at_once": True, **of}), SYSTEM
    )
    due = store.load(feed)[0].next_due
    store.record(StartPull(command_id="s", stream=feed, due_at=due), SYSTEM)
    words = Text(ja="取得先の答えは 500", en="the answer is 500")
    store.record(FailPull(command_id="f", stream=feed, due_at=due, code="unreachable", words=words, attempts=5), SYSTEM)
    store.close()
    assert "the answer is 500" in office("kpi", "show", "P1").stdout
    [listed] = office.json("kpi", "feeds", "--incidents")
    assert "5 tries" in listed["trouble"]["en"]
    office.password("p07")
    office.serve()
    with client(office, "p07") as browsing:
        page = browsing.get("/lifecycles/P1").text
        assert "the answer is 500" in page and "no longer meets what opened the review" in page
        assert "the answer is 500" in browsing.get("/operations").text


def test_departing_from_the_system_needs_a_reason_from_the_shell_too(office: Pages) -> None:
    draft = reviewed(office, 30)
    assert draft["recommendation"] == "improvement" and draft["back_to"] == "analysis"
    assert any("目標に届かなかった" in x for x in draft["learnt"])
    office("withdraw", "P1", "--reason", "提言を改める", "--as", "p33")
    again = yaml.safe_load(office("form", "review", "--for", "P1").stdout)
    assert again["learnt"] == draft["learnt"], "what people handed in comes back to them, not a fresh draft"
    file = office.folder / "review.yaml"
    file.write_text(yaml.safe_dump(again | {"recommendation": "completion"}, allow_unicode=True), "utf-8")
    assert "override_reason" in office.refused("submit", "P1", str(file), "--as", "p33", code=3)
    file.write_text(yaml.safe_dump(again, allow_unicode=True), "utf-8")
    office("submit", "P1", str(file), "--as", "p33")
    approved(office)
    form = office("form", "analysis", "--for", "P1").stdout
    assert "これまでの期に分かったこと" in form and "目標に届かなかった" in form
    assert office.json("form", "analysis", "--for", "P1")["learnt"][0]["round"] == 1
    assert "第1期に分かったこと" in office("show", "P1").stdout


def test_an_abolished_project_closes_when_its_tasks_are_done(office: Pages, browser: Browser) -> None:
    draft = reviewed(office, -5)
    assert draft["recommendation"] == "abolition"
    approved(office)
    inbox = office.json("inbox", "--as", "p33")
    assert [r["kind"] for r in inbox].count("task") == 5
    first = next(r for r in inbox if r["step"] == "notice")
    office("winddown", "done", first["request"][:8], "--note", "利用者に通知した", "--as", "p33")
    office("winddown", "waive", "P1", "contracts", "--reason", "契約がない", "--as", "p33")
    evidence = ("--source", "消去証明書", "--on", "令和8年4月1日", "--sha256", "a" * 64)
    office("winddown", "done", "P1", "data", "--note", "消去した", *evidence, "--as", "p33")
    assert "task-done" in office.refused("winddown", "done", "P1", "data", "--note", "x", "--as", "p33", code=3)
    office("winddown", "reopen", "P1", "data", "--reason", "一部が残っていた", "--as", "p33")
    assert "--note" in office.refused("winddown", "done", "P1", "data", "--as", "p33")
    paper = office.folder / "brief.html"
    office("brief", "P1", "--question", "廃止した理由は", "--out", str(paper))
    told = paper.read_text("utf-8")
    assert "廃止が決まり、廃止の整理を進めています(残る作業 3件)" in told and "廃止とした理由: " in told
    assert "令和17年3月31日" not in told, "what is abolished is not reviewed again"
    office.password("p33")
    office.serve()
    page = signed_in(office, browser.new_context(locale="ja-JP"), "p33")
    look(page, f"{office.base}/lifecycles/P1", "winddown")
    waiting = next(r for r in office.json("inbox", "--as", "p33") if r["step"] == "data")
    page.goto(f"{office.base}/requests/{waiting['request']}")
    page.wait_for_url("**/lifecycles/*#winddown")
    for key in ("data", "assets", "lessons"):
        page.goto(f"{office.base}/lifecycles/P1/do/finish-task")
        page.select_option("#f-task", key)
        page.fill("#f-note", f"{key}を終えた")
        page.click("main button.primary")
        page.wait_for_url("**?done=finish-task")
    content = handed_in(office, "wind_down")
    assert content["notices"] == ["利用者に通知した"] and content["data"] == "dataを終えた" and content["lessons"]
    approved(office)
    assert office.json("show", "P1")["closed_as"] == "abolition"
    assert [t["key"] for t in office.json("winddown", "show", "P1") if t["not_applicable"]] == ["contracts"]
    office("verify")


def test_tasks_whose_owner_is_gone_wait_for_the_section_and_go_to_another_post(office: Pages) -> None:
    reviewed(office, -5)
    approved(office)
    assert [r for r in office.json("inbox", "--as", "p32") if r["kind"] == "task"] == []
    moves = office.folder / "moves.csv"
    moves.write_text("person,post,leaves\np33,elderly-drafter,child-support-drafter\n", "utf-8")
    today = datetime.now(JST).date().isoformat()
    office("directory", "moves", str(moves), "--on", today)
    waiting = [r for r in office.json("inbox", "--as", "p32") if r["kind"] == "task"]
    assert len(waiting) == 5 and [r for r in office.json("inbox", "--as", "p22") if r["kind"] == "task"] == []
    to = ("--reason", "担当が空席", "--as", "p32")
    assert "task-owner" in office.refused(
        "winddown", "assign", "P1", "data", "--to", "child-support-drafter", *to, code=3
    )
    office("winddown", "assign", "P1", "data", "--to", "child-support-chief", *to)
    office("winddown", "done", "P1", "notice", "--note", "周知した", "--as", "p32")
    told = {t["key"]: (t["post"], bool(t["done_at"])) for t in office.json("winddown", "show", "P1")}
    assert told["data"] == ("child-support-chief", False) and told["notice"] == ("child-support-drafter", True)
    office("verify")


def test_a_brief_for_the_assembly_says_what_is_on_record_and_is_the_same_every_time(office: Pages) -> None:
    adopted(office, 74)
    out = [office.folder / name for name in ("a.pdf", "b.pdf", "c.html")]
    question = ("--question", "費用に見合う効果はあるか<b>")
    made = [office.json("brief", "P1", *question, "--out", str(f)) for f in out]
    assert made[0]["sha256"] == made[1]["sha256"] and made[0]["pages"] >= 1
    text = out[2].read_text("utf-8")
    for said in ("費用に見合う効果はあるか&lt;b&gt;", "9,000,000円", "電子交付率", "105%", "来庁を減らす", "sha256"):
        assert said in text, said
    assert "令和7年4月1日に始めた" in text and "取扱注意" not in text
    for state in ("asked", "indicated"):
        office("budget", "P1", "--fiscal-year", "2029", "--state", state, "--amount", "500", "--as", "p11")
    again = office.folder / "d.html"
    office("brief", "P1", *question, "--out", str(again))
    assert "取扱注意: 議決前の額。議案の公表まで" in again.read_text("utf-8")
    assert text.index("成果(KPI)") < text.index("なぜ行うか"), "what the question asks for comes first"
    assert "exists already" in office.refused("brief", "P1", "--out", str(out[0]))
    assert ".pdf" in office.refused("brief", "P1", "--out", str(office.folder / "a.docx"))


def test_a_report_tells_one_project_or_all_that_are_monitored(office: Pages) -> None:
    adopted(office, 74)
    one, every = office.json("report", "P1"), office.json("report")
    assert every == [one]
    assert {k["kpi"]: k["attained_percent"] for k in one["kpis"]} == {"digital_rate": "105%", "postage": "101%"}
    assert one["hypotheses"][0]["verdict"] == "supported" and one["recommendation"]["outcome"] in (
        "expansion",
        "completion",
    )
    told = office("report", "P1").stdout
    assert "達成率 105%" in told and one["recommendation"]["rule"] in told
