"""The shell as people use it: real processes of starter.py on real files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from definitions.faults import DocumentError
from definitions.loader import load_people
from domain.deliverables.registry import DELIVERABLES, parse
from imports.starts import read_start_file
from runtime.devserver import free_port
from settings import ROOT
from store.store import Store
from tests import forking

EXAMPLES = ROOT / "examples"


class Shell:
    """Runs commands in a store of their own, with no Temporal in reach: forked from a process that has imported them, or `fresh`."""

    fresh = False

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("TASKFORCE_", "TEMPORAL_", "PYTHONDONTWRITE"))},
            "TASKFORCE_DATABASE_URL": url,
            "TASKFORCE_VAR_DIR": str(folder),
            "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
        }

    def __call__(self, *words: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        run = self.run(*words, **environment)
        assert "Traceback" not in run.stderr
        assert run.returncode == code, f"{words}: {run.returncode}\n{run.stdout}\n{run.stderr}"
        return run

    def run(self, *words: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """`environment` on top of the store's own; `given`: what it reads from stdin."""
        whole = {**self._environment, **environment}
        if not (self.fresh or "PYTHONIOENCODING" in environment):
            return forking.run("starter", words, whole, given)
        command = [sys.executable, "starter.py", *words]
        return subprocess.run(
            command, cwd=ROOT, env=whole, input=given, capture_output=True, text=True, check=False, timeout=120
        )

    def json(self, *words: str, code: int = 0, **environment: str) -> Any:
        return json.loads(self(*words, "--json", code=code, **environment).stdout)

    def refused(self, *words: str, code: int = 2) -> str:
        run = self(*words, code=code)
        assert run.stdout == ""
        return run.stderr

    def waiting(self, person: str) -> str:
        found: str = self.json("inbox", "--as", person)[0]["request"]
        return found


@pytest.fixture
def shell(sqlite_url: str, tmp_path: Path) -> Shell:
    return Shell(sqlite_url, tmp_path)


@pytest.fixture
def started(shell: Shell) -> Shell:
    shell("start", str(EXAMPLES / "first.yaml"))
    return shell


def test_the_readmes_first_lifecycle(started: Shell) -> None:
    started.fresh = True
    started("submit", "R8", str(EXAMPLES / "deliverables" / "setup.yaml"), "--as", "p33")
    for person in ("p32", "p30", "p02"):
        done = started.json("answer", started.waiting(person)[:8], "--as", person, "--decision", "approve")
    assert (done["stage"], done["closed"]) == ("analysis", False)
    [row] = started.json("list")
    assert {"id", "title", "stage", "round", "outcome", "closed", "health", "version", "awaiting"} <= row.keys()
    assert (row["stage"], row["round"], row["outcome"], row["closed"]) == ("analysis", 1, None, False)
    assert row["awaiting"][0].keys() >= {"request", "role", "person", "due_at"}
    assert row["awaiting"][0]["person"] == "p33" and row["awaiting"][0]["due_at"].endswith("Z")
    report = started.json("verify")
    assert report.keys() == {"ok", "streams", "events", "head", "problems"}
    assert report["ok"] and report["head"] == {"position": report["events"]}
    shown = started.json("show", row["id"][:6])
    assert [d["stage"] for d in shown["deliverables"]] == ["setup"]
    assert "ＴＦ設置" in started("show", "R8").stdout


def test_every_example_deliverable_passes_its_gate(started: Shell) -> None:
    """All eleven stages, answered from the shell by whoever is asked, to expansion and round two."""
    store = Store.open(started.url)
    stream = started.json("list")[0]["id"]
    directory = store.facts().directory
    while (state := store.load(stream)[0]).round == 1:
        if state.stage == "monitoring":
            for kpi, value in (("digital_rate", "74"), ("postage", "2,900,000")):
                started("measure", "R8", kpi, value, "--as", "p33", "--period", "2026-03")
            started("review", "R8", "--as", "p07", "--reason", "一年が過ぎた")
            continue
        started("submit", "R8", str(EXAMPLES / "deliverables" / f"{state.stage}.yaml"), "--as", "p33")
        while (asked := store.load(stream)[0].requests[0]).kind == "decide":
            if asked.post == "finance-director":
                refused = started.refused("answer", asked.id, "--as", "p11", "--decision", "approve", code=3)
                assert "budget-indicated" in refused
                started(
                    "budget",
                    "R8",
                    "--fiscal-year",
                    "2027",
                    "--state",
                    "indicated",
                    "--amount",
                    "9000000",
                    "--as",
                    "p11",
                )
            holder = directory.holders(asked.post, datetime.now(UTC).date())[0]
            started("answer", asked.id, "--as", holder, "--decision", "approve")
    store.close()
    shown = started.json("show", "R8")
    assert (shown["outcome"], shown["round"], shown["stage"]) == ("expansion", 2, "proposal")
    assert started.json("verify")["ok"]


def test_starting_twice_starts_nothing_twice(started: Shell, tmp_path: Path) -> None:
    [again] = started.json("start", str(EXAMPLES / "first.yaml"))
    assert again["status"] == "exists"
    changed = tmp_path / "changed.yaml"
    changed.write_text((EXAMPLES / "first.yaml").read_text().replace("保育料", "給食費"))
    [differs] = started.json("start", str(changed))
    assert differs["status"] == "exists-differs"
    assert len(started.json("list")) == 1


BAD_FILES = [
    ("- id: a\n  title: x\n  section: nowhere\n", ["line 1", "section", "nowhere"]),
    (
        "- id: a\n  title: x\n  section: childcare\n- id: a\n  title: y\n  section: childcare\n",
        ["line 4", "id", "line 1"],
    ),
    ("- title: x\n  section: childcare\n", ["line 1", "id"]),
    ("- id: a\n  titel: x\n  section: childcare\n", ["titel", "title"]),
    ("- id: a\n  section: childcare\n", ["title"]),
    ("- id: a\n  title: x\n  section: childcare\n  viewpoint: sideways\n", ["viewpoint", "sideways"]),
    ("- id: a\n  title: x\n  section: childcare\n  drafter: p99\n", ["drafter", "p99"]),
    ("- id: a\n  title: x\n  section: childcare\n  setup: {weight: huge}\n", ["setup.weight", "huge"]),
    ("- id: [\n", ["line 2"]),
    ("[]\n", ["first.yaml"]),
    ("just words\n", ["list"]),
]


@pytest.mark.parametrize(("content", "words"), BAD_FILES)
def test_a_bad_start_file_is_named_by_line_field_and_value(tmp_path: Path, content: str, words: list[str]) -> None:
    file = tmp_path / "tasks.yaml"
    file.write_text(content)
    with pytest.raises(DocumentError) as error:
        read_start_file(file, load_people()[0], "himeji@1", {"himeji@1"})
    said = str(error.value)
    assert all(word in said for word in words), said


def test_one_bad_row_starts_nothing(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "tasks.yaml"
    file.write_text("- {id: good, title: x, section: childcare}\n- {id: bad, title: x, section: moon}\n")
    said = shell.refused("start", str(file))
    assert "line 2" in said and "section" in said and "moon" in said
    assert shell.json("list") == []


def test_csv_from_a_japanese_spreadsheet(shell: Shell, tmp_path: Path) -> None:
    table = 'id,title,section,tags,setup.purpose,setup.departments\nk1,"窓口の\n電子化",childcare,a;b,目的,childcare;school-ict\n'
    file = tmp_path / "tasks.csv"
    file.write_bytes(table.encode("cp932"))
    [row] = shell.json("start", str(file))
    assert (row["ref"], row["title"], row["status"]) == ("k1", "窓口の\n電子化", "started")
    assert "目的" in shell("form", "setup", "--for", "k1").stdout
    file.write_text("id,title,section\nk2,x,childcare\nk3,,childcare\n", encoding="utf-8-sig")
    said = shell.refused("start", str(file))
    assert "line 3" in said and "title" in said
    assert len(shell.json("list")) == 1


def test_rules_refuse_with_3_and_bad_input_with_2(started: Shell, tmp_path: Path) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("purpose: ''\n")
    said = started.refused("submit", "R8", str(empty), "--as", "p33", code=3)
    assert "setup-purpose" in said and "purpose" in said and "→" in said
    empty.write_text("weight: huge\n")
    assert "weight" in started.refused("submit", "R8", str(empty), "--as", "p33")
    form = str(EXAMPLES / "deliverables" / "setup.yaml")
    assert "not-your-draft" in started.refused("submit", "R8", form, "--as", "p26", code=3)
    started("submit", "R8", form, "--as", "p33")
    request = started.waiting("p32")
    assert "not-your-post" in started.refused("answer", request, "--as", "p30", "--decision", "approve", code=3)
    assert "reason-missing" in started.refused("answer", request, "--as", "p32", "--decision", "return", code=3)
    assert "--decision" in started.refused("answer", request, "--as", "p32", "--decision", "maybe")
    assert "--as" in started.refused("answer", request, "--decision", "approve")
    assert "p99" in started.refused("answer", request, "--as", "p99", "--decision", "approve")
    assert "zzz" in started.refused("show", "zzz")
    assert "zzz" in started.refused("answer", "zzz", "--as", "p32", "--decision", "approve")
    started("answer", request, "--as", "p32", "--decision", "approve")
    assert "already-answered" in started.refused("answer", request, "--as", "p32", "--decision", "approve", code=3)


def test_errors_are_one_json_document_too(started: Shell) -> None:
    started.fresh = True
    run = started("show", "zzz", "--json", code=2)
    assert run.stdout == "" and json.loads(run.stderr)["error"]["code"] == 2
    run = started("--json", "hold", "R8", "--as", "p26", "--reason", "x", code=3)
    assert json.loads(run.stderr.splitlines()[-1])["error"]["refusal"]["rule"] == "not-concerned"


def test_the_same_command_id_is_harmless(started: Shell) -> None:
    words = ("submit", "R8", str(EXAMPLES / "deliverables" / "setup.yaml"), "--as", "p33", "--command-id", "once")
    first, second = started.json(*words), started.json(*words)
    assert (first["duplicate"], second["duplicate"]) == (False, True)
    assert first["version"] == second["version"]


def test_hold_resume_withdraw_and_drop(started: Shell) -> None:
    started("hold", "R8", "--as", "p32", "--reason", "人事異動", "--until", "2099-01-05")
    assert started.json("list")[0]["held"] is True and started.json("inbox", "--as", "p33") == []
    form = str(EXAMPLES / "deliverables" / "setup.yaml")
    assert "on-hold" in started.refused("submit", "R8", form, "--as", "p33", code=3)
    started("resume", "R8", "--as", "p32")
    assert "nothing-in-circulation" in started.refused("withdraw", "R8", "--as", "p33", "--reason", "x", code=3)
    started("submit", "R8", form, "--as", "p33")
    started("withdraw", "R8", "--as", "p33", "--reason", "誤記")
    started("withdraw", "R8", "--whole", "--as", "p33", "--reason", "不要")
    [row] = started.json("list", "--closed")
    assert (row["closed"], row["closed_as"], row["outcome"]) == (True, "dropped", None)
    assert started.json("list", "--open") == []


def test_filters(started: Shell) -> None:
    started("start", str(EXAMPLES / "smart-city.yaml"))
    count = {name: len(started.json("list", *words)) for name, words in FILTERS.items()}
    assert count == {
        "all": 7,
        "stage": 7,
        "bureau": 1,
        "viewpoint": 4,
        "health": 7,
        "red": 0,
        "post": 1,
        "person": 1,
        "role": 7,
    }
    assert "--bureau" in started.refused("list", "--bureau", "moon")
    assert "--health" in started.refused("list", "--health", "purple")


FILTERS: dict[str, tuple[str, ...]] = {
    "all": (),
    "stage": ("--stage", "setup"),
    "bureau": ("--bureau", "children"),
    "viewpoint": ("--viewpoint", "citizen_services"),
    "health": ("--health", "green"),
    "red": ("--health", "red"),
    "post": ("--awaiting", "child-support-drafter"),
    "person": ("--awaiting", "p33"),
    "role": ("--awaiting", "drafter"),
}


@pytest.mark.parametrize("key", sorted(DELIVERABLES))
def test_an_empty_form_is_a_valid_form(key: str) -> None:
    from shell.forms import render_form

    text = render_form(key)
    parse(key, yaml.safe_load(text) or {})
    assert text.count("#") > len(DELIVERABLES[key].form.model_fields)
    example = EXAMPLES / "deliverables" / f"{ {'team': 'pt_formation', 'kpis': 'kpi_setting'}.get(key, key) }.yaml"
    content = parse(key, yaml.safe_load(example.read_text())).model_dump(mode="json")
    again = parse(key, yaml.safe_load(render_form(key, content))).model_dump(mode="json")
    assert again == content


def test_out_of_reach(shell: Shell, started: Shell, tmp_path: Path) -> None:
    assert "Temporal" in started.refused("recover", code=4)
    gone = "postgresql+psycopg://nobody:secret@127.0.0.1:1/none"
    said = shell("list", code=4, TASKFORCE_DATABASE_URL=gone).stderr
    assert "secret" not in said and "127.0.0.1" in said
    assert "make up" in started("doctor").stdout


def test_a_tampered_record_is_not_ok(started: Shell, sqlite_url: str) -> None:
    import sqlite3

    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    connection.execute("DROP TRIGGER events_no_update")
    connection.execute("UPDATE events SET body = replace(body, '保育料', '学費') WHERE type = 'LifecycleStarted'")
    connection.commit()
    connection.close()
    report = started.json("verify", code=1)
    assert not report["ok"] and report["problems"]


def test_rebuild_restores_a_damaged_read_model(started: Shell, sqlite_url: str) -> None:
    import sqlite3

    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    connection.execute("DELETE FROM requests")
    connection.commit()
    connection.close()
    started.json("verify", code=1)
    started("rebuild")
    assert started.json("verify")["ok"]


def test_a_rehearsals_store_is_read_only(shell: Shell, sqlite_url: str) -> None:
    Store.create(sqlite_url, clock="virtual", seed="1").close()
    assert shell.json("list") == []
    assert "read-only" in shell.refused("start", str(EXAMPLES / "first.yaml"))


def test_an_update_for_the_temporal_ui_is_signed(started: Shell) -> None:
    started("submit", "R8", str(EXAMPLES / "deliverables" / "setup.yaml"), "--as", "p33")
    run = started("answer", started.waiting("p32"), "--as", "p32", "--decision", "approve", "--print-update")
    printed = json.loads(run.stdout)
    assert len(printed["signature"]) == 64 and printed["person"] == "p32"
    assert started.json("list")[0]["awaiting"][0]["person"] == "p32"  # nothing was recorded


def test_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    shell = Shell(postgres_url, tmp_path)
    shell("migrate")
    shell("start", str(EXAMPLES / "first.yaml"))
    shell("submit", "R8", str(EXAMPLES / "deliverables" / "setup.yaml"), "--as", "p33")
    shell("answer", shell.waiting("p32"), "--as", "p32", "--decision", "conditions", "--condition", "説明会を開く")
    assert shell.json("show", "R8")["promises"][0]["text"] == "説明会を開く"
    assert shell.json("verify")["ok"]
