"""The whole directory from CSV files: read as spreadsheets write it, told in words first, refused where work would be left alone."""

from __future__ import annotations

import csv
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import ROOT
from shell.directories import TABLES
from tests.integration.test_shell import Shell

SHIPPED: dict[str, Any] = yaml.safe_load((ROOT / "definitions" / "people.yaml").read_text("utf-8"))


@pytest.fixture
def shell(sqlite_url: str, tmp_path: Path) -> Shell:
    shell = Shell(sqlite_url, tmp_path / "var")
    shell("start", "examples/first.yaml")
    return shell


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped directory as a spreadsheet would save it: one file in the encoding of Excel in Japan."""
    folder = tmp_path / "meibo"
    folder.mkdir()
    for name in (t for t in TABLES if t in SHIPPED):
        rows = [flat(row) for row in SHIPPED[name]]
        encoding = "cp932" if name == "units" else "utf-8-sig"
        with (folder / f"{name}.csv").open("w", newline="", encoding=encoding) as stream:
            writer = csv.DictWriter(stream, TABLES[name])
            writer.writeheader()
            writer.writerows(rows)
    return folder


def flat(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict):
            found |= {key: value["ja"], f"{key}_en": value["en"]}
        else:
            found[key] = ";".join(value) if isinstance(value, list) else value
    return found


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8-sig")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_the_same_directory_from_csv_changes_nothing(shell: Shell, folder: Path) -> None:
    said = shell.json("directory", "import", str(folder), "--dry-run")
    assert (said["changes"], said["left_waiting"], said["recorded"]) == ([], [], False)
    assert said["people"] == len(SHIPPED["people"])


def test_a_change_is_told_first_and_then_recorded(shell: Shell, folder: Path) -> None:
    with (folder / "tenures.csv").open("a", encoding="utf-8") as stream:
        stream.write("p33,childcare-chief,令和8年4月1日,,concurrent\n")
    dry = shell("directory", "import", str(folder), "--dry-run").stdout
    assert "在職が加わる: p33 childcare-chief 2026-04-01– (concurrent)" in dry
    assert not [r for r in shell.json("who", "childcare-chief") if r["person"] == "p33"]
    shell("directory", "import", str(folder))
    [held] = [r for r in shell.json("who", "childcare-chief") if r["person"] == "p33"]
    assert held["capacity"] == "concurrent" and "兼務" in shell("who", "childcare-chief").stdout
    assert shell.json("verify")["ok"]


def test_a_post_that_work_waits_for_does_not_vanish(shell: Shell, folder: Path) -> None:
    [waiting] = [r["role"] for r in shell.json("inbox", "--as", "p33")][:1]
    rows = (folder / "tenures.csv").read_text("utf-8-sig").splitlines(keepends=True)
    (folder / "tenures.csv").write_text("".join(r for r in rows if f",{waiting}," not in r), "utf-8")
    rows = (folder / "posts.csv").read_text("utf-8-sig").splitlines(keepends=True)
    (folder / "posts.csv").write_text("".join(r for r in rows if not r.startswith(f"{waiting},")), "utf-8")
    dry = shell.json("directory", "import", str(folder), "--dry-run")
    assert [o["post"] for o in dry["left_waiting"]] == [waiting]
    said = shell.refused("directory", "import", str(folder), code=3)
    assert waiting in said and "reorganise" in said
    assert shell.json("inbox", "--as", "p33")


def test_every_mistake_is_named_by_file_line_and_column(shell: Shell, folder: Path) -> None:
    with (folder / "tenures.csv").open("a", encoding="utf-8") as stream:
        stream.write("p33,,someday,,\n")
    last = len((folder / "tenures.csv").read_text("utf-8-sig").splitlines())
    said = shell.refused("directory", "import", str(folder))
    assert f"tenures.csv: line {last}: post" in said and "since: someday" in said
    (folder / "posts.csv").unlink()
    assert "posts.csv" in shell.refused("directory", "import", str(folder))


def test_what_somebody_who_left_wrote_is_erased_for_ever(shell: Shell, tmp_path: Path, sqlite_url: str) -> None:
    shell("comment", "R8", "--text", "窓口の担当者から聞いた話", "--as", "p33")
    assert "still-in-office" in shell.refused("directory", "erase", "p33", "--confirm", "p33", code=3)
    left = {
        **SHIPPED,
        "tenures": [{**t, "until": "2026-01-31"} if t["person"] == "p33" else t for t in SHIPPED["tenures"]],
    }
    (tmp_path / "people.yaml").write_text(yaml.safe_dump(left, allow_unicode=True), "utf-8")
    shell("directory", "import", str(tmp_path / "people.yaml"))
    assert "--confirm" in shell.refused("directory", "erase", "p33", "--confirm", "p32")
    tried = shell.json("directory", "erase", "p33")
    assert not tried["erased"] and tried["texts"] >= 2 and tried["name"]
    assert "窓口の担当者" in shell("show", "R8", "--json").stdout
    for _ in range(2):  # again harms nothing
        assert shell.json("directory", "erase", "p33", "--confirm", "p33")["erased"]
    assert "窓口の担当者" not in shell("show", "R8", "--json").stdout
    shell("rebuild")
    assert shell.json("verify")["ok"] and tried["name"] not in shell("people", "--json").stdout
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as record:
        assert record.execute("SELECT count(*) FROM events WHERE type = 'PersonErased'").fetchall() == [(2,)]
