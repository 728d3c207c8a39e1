"""KPIs from the shell: a spreadsheet comes in, figures come out, a stopping rule opens the review; who, source and hash stay."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.lifecycle.events import MeasurementRecorded
from store.store import Store
from tests.integration.test_shell import Shell

KPIS = {
    "kpis": [
        {
            "key": "online",
            "title": "オンライン利用率",
            "kind": "outcome",
            "type": "ratio",
            "unit": "%",
            "direction": "up",
            "baseline": 10,
            "baseline_on": "2025-03-31",
            "target": 60,
            "target_on": "2028-03-31",
            "interim": [{"due": "2026-03-31", "value": 20}],
            "cadence": "monthly",
            "owner": "p22",
        },
        {
            "key": "cost",
            "title": "運用費",
            "kind": "cost",
            "unit": "円",
            "baseline": 100,
            "target": 50,
            "direction": "down",
            "cadence": "yearly",
            "owner": "p23",
        },
    ],
    "stopping_criteria": ["3か月続けて8%を下回る"],
    "stopping": [{"kpi": "online", "when": "below", "value": 8, "periods": 3}],
    "review_date": "2028-06-30",
}
TASK = {
    "id": "R5-counter",
    "title": "転入手続のワンストップ化",
    "section": "resident-registry",
    "drafter": "p23",
    "stage": "monitoring",
    "source": "課題管理台帳",
    "departments": ["child-support"],
    "deliverables": [{"stage": "kpi_setting", "finished_on": "2025-04-10", "content": KPIS}],
}


@pytest.fixture
def shell(sqlite_url: str, tmp_path: Path) -> Shell:
    shell = Shell(sqlite_url, tmp_path)
    file = tmp_path / "tasks.yaml"
    file.write_text(yaml.safe_dump({"tasks": [TASK]}, allow_unicode=True), "utf-8")
    shell("adopt", str(file))
    return shell


def sheet(path: Path, rows: list[tuple[Any, ...]], encoding: str = "utf-8-sig") -> str:
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file).writerows([("id", "kpi", "period", "value", "note"), *rows])
    return str(path)


def months(*values: float, key: str = "online") -> list[tuple[Any, ...]]:
    return [("R5-counter", key, f"2025-{m:02}", v, "") for m, v in enumerate(values, 4)]


def measured(shell: Shell) -> list[str]:
    store = Store.open(shell.url)
    stream = store.load(shell.json("list")[0]["id"])[0].stream
    types = [r.event.type for r in store.events(stream) if r.event.type.startswith("Measurement")]
    store.close()
    return types


def test_a_spreadsheet_comes_in_once_and_its_figures_come_out(shell: Shell, tmp_path: Path) -> None:
    file = sheet(tmp_path / "測定値.csv", months(12, 13, 15, 16, 18, 19), encoding="cp932")
    assert shell.json("kpi", "import", file, "--check", "--as", "p22")["would_record"] == 6
    assert measured(shell) == []
    told = shell.json("kpi", "import", file, "--as", "p22")
    sha = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    assert told == {
        "file": "測定値.csv",
        "sha256": sha,
        "rows": 6,
        "recorded": 6,
        "would_record": 0,
        "known": 0,
        "repeated": 0,
        "reviews": [],
    }
    again = shell.json("kpi", "import", file, "--as", "p22")
    assert (again["recorded"], again["known"], len(measured(shell))) == (0, 6, 6)
    below = ("measure", "R5-counter", "online", "-5", "--period", "2025-10", "--as", "p22")
    assert "outside its range" in shell.refused(*below, code=3)
    [online, cost] = shell.json("kpi", "show", "R5-counter", "--on", "2025-10-15")["kpis"]
    assert {v["sha256"] for v in online["values"]} == {sha}
    assert {(v["person"], v["source"]) for v in online["values"]} == {("p22", "測定値.csv")}
    assert (online["latest"]["period"], online["attained"]) == ("2025-09", 0.18)
    forecast = online["forecast"]
    assert (forecast["on"], forecast["points"], forecast["level"]) == ("2028-03-31", 6, 0.8)
    assert forecast["low"] < forecast["value"] <= forecast["high"] <= 100
    assert online["health"]["colour"] == "green" and online["by_fiscal_year"] == {"2025": "15.5000"}
    assert cost["latest"] is None and cost["forecast"] is None and "0 periods" in cost["no_forecast"]["en"]
    people = shell("kpi", "show", "R5-counter", "online", "--on", "2025-10-15").stdout
    assert "健全度" in people and "80%" in people and "6期による" in people and "令和10年3月31日" in people
    listed = shell.json("kpi", "list")
    assert [(r["kpi"], r["value"]) for r in listed if r["value"]] == [("online", "19")]
    assert all(r["health"] == "amber" for r in shell.json("kpi", "list", "--health", "amber"))
    assert shell.json("verify")["ok"]


def test_one_wrong_row_leaves_nothing_recorded_and_each_is_named(shell: Shell, tmp_path: Path) -> None:
    rows = [
        *months(12),
        ("R5-counter", "online", "2025-05", "101", ""),
        ("R5-counter", "online", "春", "12", ""),
        ("R5-counter", "other", "2025-05", "12", ""),
        ("R5-nobody", "online", "2025-05", "12", ""),
        ("R5-counter", "online", "2025-06", "many", ""),
        ("R5-counter", "online", "令和7年4月", "13", ""),
        ("R5-counter", "online", "", "13", ""),
    ]
    said = shell.refused("kpi", "import", sheet(tmp_path / "x.csv", rows), "--as", "p22")
    for line, word in enumerate(
        ("value-out-of-range", "period-unknown", "kpi-unknown", "R5-nobody", "many", "in line 2 too", "period"), 3
    ):
        assert any(f"line {line}" in text and word in text for text in said.splitlines()), (line, word, said)
    assert "line 2:" not in said and measured(shell) == []


def test_a_spreadsheet_is_read_as_offices_write_it(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "手集計.csv"
    text = 'id,kpi,period,value,note\nR5-counter,online,令和７年４月,１２．５,"窓口の\n手集計～"\nR5-counter,online,2025-05,13,①髙橋\n'
    file.write_bytes(text.replace("\n", "\r\n").encode("cp932"))
    assert shell.json("kpi", "import", str(file), "--as", "p22")["recorded"] == 2
    [online] = shell.json("kpi", "show", "R5-counter", "online")["kpis"]
    assert [(v["period"], v["value"]) for v in online["values"]] == [("2025-04", "12.5"), ("2025-05", "13")]
    store = Store.open(shell.url)
    events = [r.event for r in store.events(shell.json("list")[0]["id"])]
    store.close()
    notes = [str(x.note) for x in events if isinstance(x, MeasurementRecorded)]
    assert notes == ["窓口の\r\n手集計～", "①髙橋"]
    money = sheet(
        tmp_path / "m.csv",
        [("R5-counter", "cost", "FY2024", "△1,234.5", ""), ("R5-counter", "cost", "FY2025", "−3", "")],
    )
    assert shell.json("kpi", "import", money, "--as", "p22")["recorded"] == 2
    [cost] = shell.json("kpi", "show", "R5-counter", "cost")["kpis"]
    assert [v["value"] for v in cost["values"]] == ["-1234.5", "-3"]
    assert "VALUE: 12,5" in shell.refused(
        "measure", "R5-counter", "online", "12,5", "--period", "2025-06", "--as", "p22"
    )


def test_a_file_says_a_thing_once_and_a_correction_outlives_a_second_run(shell: Shell, tmp_path: Path) -> None:
    twice = sheet(tmp_path / "x.csv", [*months(12), *months(12), ("R5-counter", "online", "令和7年4月", 12, "")])
    told = shell.json("kpi", "import", twice, "--as", "p22")
    assert (told["recorded"], told["known"], told["repeated"], measured(shell)) == (1, 0, 2, ["MeasurementRecorded"])
    shell(
        "measure", "R5-counter", "online", "14", "--period", "2025-04", "--correct", "--reason", "誤記", "--as", "p22"
    )
    again = shell.json("kpi", "import", twice, "--as", "p22")
    assert (again["recorded"], again["known"]) == (0, 3)
    assert shell.json("kpi", "show", "R5-counter", "online")["kpis"][0]["latest"]["value"] == "14"
    other = sheet(
        tmp_path / "y.csv", [("R5-counter", "online", "2025-05", 3, ""), ("R5-counter", "online", "令和7年5月", 4, "")]
    )
    said = shell.refused("kpi", "import", other, "--as", "p22")
    assert "line 3: period" in said and "line 2" in said and "keep one" in said and len(measured(shell)) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("no rows",)),
        (b"id,kpi,period,value\n", ("no rows",)),
        (b"id,kpi,value\nR5-counter,online,1\nR5-counter,online,2\n", ("line 1: period", "add it")),
        (b"id;kpi;period;value\nR5-counter;online;2025-04;1\n", ("line 1", "commas")),
        ("id\tkpi\tperiod\tvalue\nR5-counter\tonline\t2025-04\t1\n".encode("utf-16"), ("UTF-16", "save it as CSV")),
        (b"id,kpi,period,value\nR5,online,2025-04,12\n", ("line 2: id: R5", "R5-counter", "in full")),
        (b"id,kpi,period,value\nR5-counter,online,2025-04,1_0\n", ("line 2: value: 1_0", "without a unit")),
        (b"id,kpi,period,value\nR5-counter,online,2025-04,NaN\n", ("line 2: value: NaN", "without a unit")),
        (b"id,kpi,period,value\nR5-counter,onlin,2025-04,1\n", ("line 2: kpi: onlin", "online, cost")),
        (b"id,kpi,period,value,note\nR5-counter,online,2025-04,1," + b"x" * 4001, ("line 2: note: xxx", "correct it")),
    ],
)
def test_what_cannot_be_read_is_named_with_its_remedy(
    shell: Shell, tmp_path: Path, content: bytes, words: tuple[str, ...]
) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(content)
    said = shell.refused("kpi", "import", str(file), "--as", "p22")
    assert all(w in said for w in words), said
    assert "pydantic" not in said and "Traceback" not in said and measured(shell) == []


def test_a_correction_is_what_counts_and_the_original_stays_visible(shell: Shell, tmp_path: Path) -> None:
    shell("kpi", "import", sheet(tmp_path / "x.csv", months(12, 13)), "--as", "p22")
    paper = tmp_path / "窓口記録.txt"
    paper.write_text("31件\n", "utf-8")
    words = ("--period", "令和7年5月", "--correct", "--reason", "転記の誤り", "--file", str(paper), "--as", "p22")
    shell("measure", "R5-counter", "online", "31", *words)
    [online] = shell.json("kpi", "show", "R5-counter", "online")["kpis"]
    last = online["values"][-1]
    assert (last["value"], last["was"], online["latest"]["value"]) == ("31", ["13"], "31")
    assert (last["source"], last["sha256"]) == ("窓口記録.txt", hashlib.sha256("31件\n".encode()).hexdigest())
    assert "訂正前" in shell("kpi", "show", "R5-counter").stdout
    missing = ("--period", "2025-06", "--file", str(tmp_path / "none"), "--as", "p22")
    assert "--file" in shell.refused("measure", "R5-counter", "online", "31", *missing)


def test_a_stopping_rule_met_by_a_spreadsheet_opens_the_review(shell: Shell, tmp_path: Path) -> None:
    file = sheet(tmp_path / "x.csv", months(9, 7, 6, 5))
    assert shell.json("kpi", "import", file, "--check", "--as", "p22")["reviews"] == [TASK["title"]]
    shell("kpi", "import", file, "--as", "p22")
    shown = shell.json("show", "R5-counter")
    assert shown["stage"] == "review"
    opened = next(t for t in shown["timeline"] if t["type"] == "ReviewOpened")
    assert "3 periods in a row" in opened["en"] and "3期続けて8%を下回る" in opened["ja"]
    [online, _] = shell.json("kpi", "show", "R5-counter", "--on", "2025-08-01")["kpis"]
    assert online["health"]["colour"] == "red" and "stopping criterion" in online["health"]["reasons"][0]["en"]
    later = sheet(tmp_path / "y.csv", [("R5-counter", "online", "2025-08", 4, "")])
    shell("kpi", "import", later, "--as", "p22")
    rule = shell.json("kpi", "show", "R5-counter", "--on", "2025-09-01")["kpis"][0]["health"]["reasons"][0]
    assert rule["en"].count("stopping criterion") == 1 and "in 4 periods in a row (2025-08: 4" in rule["en"]
    words = ("--correct", "--reason", "転記の誤り", "--as", "p22")
    shell("measure", "R5-counter", "online", "30", "--period", "2025-06", *words)
    shown = shell.json("kpi", "show", "R5-counter", "--on", "2025-09-01")
    assert not any("stopping criterion" in r["en"] for r in shown["kpis"][0]["health"]["reasons"])
    for told in (shown, shell.json("show", "R5-counter")):
        assert "no longer meets" in told["refuted"][0]["en"] and "訂正後は当たらない" in told["refuted"][0]["ja"]
    assert "訂正後は当たらない" in shell("kpi", "show", "R5-counter").stdout
    people = shell("show", "R5-counter").stdout
    assert "訂正後は当たらない" in people and shell.json("show", "R5-counter")["stage"] == "review"
    [row] = [x for x in people.splitlines() if x.startswith("online")]
    assert "2025-08" in row, "the latest value is that of the latest period, not the one corrected last"
    assert "no longer meets" in shell("report", "R5-counter").stdout
    assert shell.json("verify")["ok"]


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("--url", "ftp://data.example/x", "--value", "/v"), "--url"),
        (("--url", "https://user:secret@data.example/x", "--value", "/v"), "--url"),
        (("--url", "https://data.example/x", "--value", "v"), "--value"),
        (("--url", "https://data.example/x"), "--value"),
        (("--url", "https://data.example/x", "--value", "/v", "--cadence", "weekly"), "--cadence"),
    ],
)
def test_a_feed_that_cannot_be_is_bad_input(shell: Shell, words: tuple[str, ...], option: str) -> None:
    assert option in shell.refused("kpi", "feed", "R5-counter", "online", *words, "--as", "p22")


def test_a_feed_is_arranged_by_whoever_may_measure(shell: Shell) -> None:
    terms = ("--url", "https://data.example/kpi.json", "--value", "/data/0/value")
    run = shell("kpi", "feed", "R5-counter", "online", *terms, "--as", "p22")
    assert "TASKFORCE_PULL_HOSTS" in run.stderr
    assert shell.json("kpi", "show", "R5-counter")["feeds"]["online"]["cadence"] == "monthly"
    assert "not-concerned" in shell.refused("kpi", "feed", "R5-counter", "online", *terms, "--as", "p47", code=3)
    shell("kpi", "feed", "R5-counter", "online", "--stop", "--reason", "手で測る", "--as", "p22")
    assert shell.json("kpi", "show", "R5-counter")["feeds"] == {}
    again = ("--stop", "--reason", "x", "--as", "p22")
    assert "no-feed" in shell.refused("kpi", "feed", "R5-counter", "online", *again, code=3)
