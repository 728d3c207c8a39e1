"""`adopt` as people use it: real processes of starter.py on real files, and what becomes of the adopted afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from settings import ROOT
from store.store import Store
from tests.integration.test_shell import EXAMPLES, Shell

PORTFOLIO = str(EXAMPLES / "adopt" / "portfolio.yaml")
SHEETS = str(EXAMPLES / "adopt" / "csv")


@pytest.fixture
def shell(sqlite_url: str, tmp_path: Path) -> Shell:
    return Shell(sqlite_url, tmp_path)


def by_ref(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["ref"]: row for row in report["lifecycles"]}


def events_in(shell: Shell) -> int:
    found: int = shell.json("verify")["events"]
    return found


def test_the_example_portfolio_goes_on_where_it_was(shell: Shell) -> None:
    looked = shell.json("adopt", PORTFOLIO, "--check")
    assert {r["status"] for r in looked["lifecycles"]} == {"would-adopt"} and shell.json("list") == []
    report = shell.json("adopt", PORTFOLIO)
    rows = by_ref(report)
    assert [r["gaps"] for r in report["lifecycles"]] == [r["gaps"] for r in looked["lifecycles"]]
    assert {r["status"] for r in rows.values()} == {"adopted"}
    assert {ref: r["stage"] for ref, r in rows.items()} == {
        "R7-elderly-watch": "analysis",
        "R7-visitor-guide": "budgeting",
        "R6-school-absence": "implementation",
        "R5-moving-counter": "monitoring",
        "R4-labour-portal": "proposal",
        "R3-paper-forms": "review",
    }
    assert report["totals"]["lifecycles"] == report["totals"]["adopted"] == 6
    assert report["totals"]["needed"] + report["totals"]["useful"] == sum(len(r["gaps"]) for r in rows.values())
    [over] = shell.json("list", "--closed")
    assert (over["ref"], over["closed_as"]) == ("R3-paper-forms", "completion")
    assert len(shell.json("list", "--open")) == 5
    _a_gate(shell)
    _a_measurement(shell)
    assert shell.json("verify")["ok"]


def _a_gate(shell: Shell) -> None:
    """The analysis that was adopted is drafted, decided and left behind like any other."""
    shell("submit", "R7-elderly", str(EXAMPLES / "deliverables" / "analysis.yaml"), "--as", "p29")
    for person in ("p28", "p07"):
        done = shell.json("answer", shell.waiting(person), "--as", person, "--decision", "approve")
    assert (done["stage"], done["closed"]) == ("hypothesis", False)
    assert "高支第512号" in shell("show", "R7-elderly").stdout


def _a_measurement(shell: Shell) -> None:
    shell("measure", "R5-moving", "minutes", "33", "--as", "p22", "--period", "2026-Q1")
    assert "measured-already" in shell.refused(
        "measure", "R5-moving", "minutes", "33", "--as", "p22", "--period", "2025-Q3", code=3
    )
    store = Store.open(shell.url)
    state = store.load(shell.json("show", "R5-moving")["id"])[0]
    store.close()
    assert state.values["minutes"] == {"2025-Q3": "41", "2025-Q4": "36", "2026-Q1": "33"}
    assert state.budgets[2024].allotted == 28_500_000 and state.review_date.isoformat() == "2027-03-31"


def test_a_second_run_changes_nothing(shell: Shell, tmp_path: Path) -> None:
    first = shell.json("adopt", SHEETS)
    before = events_in(shell)
    again = shell.json("adopt", SHEETS)
    assert (
        {r["status"] for r in again["lifecycles"]}
        == {"exists"}
        == {r["status"] for r in shell.json("adopt", SHEETS, "--check")["lifecycles"]}
    )
    assert [r["id"] for r in again["lifecycles"]] == [r["id"] for r in first["lifecycles"]]
    assert {r["status"] for r in shell.json("adopt", "--add", SHEETS)["lifecycles"]} == {"nothing-new"}
    changed = tmp_path / "csv"
    shutil.copytree(SHEETS, changed)
    tasks = changed / "tasks.csv"
    tasks.write_text(tasks.read_text("utf-8").replace("雨量計", "水位計"), "utf-8")
    rows = by_ref(shell.json("adopt", str(changed)))
    assert (rows["R5-rain-gauge"]["status"], rows["R5-rain-gauge"]["title"]) == ("exists-differs", "雨量計の遠隔監視")
    assert events_in(shell) == before


def test_one_bad_line_leaves_nothing_recorded(shell: Shell, tmp_path: Path) -> None:
    bad = tmp_path / "csv"
    shutil.copytree(SHEETS, bad)
    with (bad / "decisions.csv").open("a", encoding="utf-8") as sheet:
        sheet.write("R6-bus-data,review,1,R7.4.1,市長,,,\nR5-rain-gauge,setup,1,令和7年13月1日,x,,,\n")
    for words in (("adopt", str(bad)), ("adopt", str(bad), "--check")):
        said = shell.refused(*words)
        assert "decisions.csv line 6" in said and "decided-here" in said
        assert "decisions.csv line 7" in said and "令和7年13月1日" in said
    assert shell.json("list") == []
    assert shell.json("adopt", "--gaps") == {
        "lifecycles": [],
        "totals": {"lifecycles": 0, "needed": 0, "useful": 0, "by_field": {}},
    }


def test_what_is_missing_is_added(shell: Shell, tmp_path: Path) -> None:
    shell("adopt", SHEETS)
    more = tmp_path / "more.yaml"
    more.write_text(
        "- id: R6-bus-data\n  decisions:\n  - {stage: setup, decided_on: R6.9.2, by: 副市長, document: 交計第1号}\n"
    )
    lacked = _gaps(shell, "R6-bus-data")
    looked = by_ref(shell.json("adopt", "--add", str(more), "--check"))["R6-bus-data"]
    assert looked["status"] == "would-add" and _gaps(shell, "R6-bus-data") == lacked
    added = by_ref(shell.json("adopt", "--add", str(more)))["R6-bus-data"]
    assert added["status"] == "added" and added["gaps"] == looked["gaps"]
    assert lacked - _gaps(shell, "R6-bus-data") == {("setup", "decision")}
    before = events_in(shell)
    assert shell.json("adopt", "--add", str(more))["lifecycles"][0]["status"] == "nothing-new"
    assert events_in(shell) == before
    more.write_text("- id: R6-bus-data\n  budgets: [{fiscal_year: R8, state: voted, amount: 1}]\n")
    assert "budget-known" in shell.refused("adopt", "--add", str(more))
    more.write_text("- id: never\n")
    assert "not an adopted task" in shell.refused("adopt", "--add", str(more))
    assert len(shell.json("adopt", "--gaps")["lifecycles"]) == 3


def _gaps(shell: Shell, ref: str) -> set[tuple[str, str]]:
    [row] = shell.json("adopt", "--gaps", ref)["lifecycles"]
    return {(g["stage"], g["field"]) for g in row["gaps"]}


def test_people_read_what_is_missing(shell: Shell) -> None:
    said = shell("adopt", SHEETS, "--as", "p09").stdout
    for word in ("R2-parking", "abolition", "任意 / useful", "stages without a deliverable", "adopt --add FILE"):
        assert word in said
    assert "R6-bus-data" in shell("adopt", "--gaps").stdout


def test_what_cannot_be_meant(shell: Shell, tmp_path: Path) -> None:
    assert "FILE" in shell.refused("adopt")
    assert "--gaps" in shell.refused("adopt", "--gaps", "--add", PORTFOLIO)
    assert "no such file" in shell.refused("adopt", str(tmp_path / "nothing.yaml"))
    (tmp_path / "empty").mkdir()
    assert "tasks.csv" in shell.refused("adopt", str(tmp_path / "empty"))
    shell("start", str(EXAMPLES / "first.yaml"))
    begun = tmp_path / "begun.yaml"
    begun.write_text("- {id: R8-child-certificates, title: x, section: childcare, stage: analysis, source: x}\n")
    assert shell.json("adopt", str(begun))["lifecycles"][0]["status"] == "exists-differs"
    assert "not an adopted task" in shell.refused("adopt", "--add", str(begun))


def test_the_examples_readme_names_what_is_there() -> None:
    text = (ROOT / "examples" / "adopt" / "README.md").read_text("utf-8")
    for name in ("portfolio.yaml", "examples/adopt/csv", "tasks.csv"):
        assert name in text
