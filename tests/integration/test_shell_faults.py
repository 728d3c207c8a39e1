"""What goes wrong at the shell: each fault has its line, its exit code, and leaves nothing half done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runtime.devserver import DevServer
from tests.integration.test_shell import EXAMPLES, Shell

SETUP = str(EXAMPLES / "deliverables" / "setup.yaml")


@pytest.fixture
def shell(sqlite_url: str, tmp_path: Path) -> Shell:
    return Shell(sqlite_url, tmp_path)


@pytest.fixture
def started(shell: Shell) -> Shell:
    shell("start", str(EXAMPLES / "first.yaml"))
    return shell


def test_a_row_that_a_rule_refuses_starts_nothing(shell: Shell, tmp_path: Path) -> None:
    """The unit is known, but nobody there drafts: only the engine knows."""
    file = tmp_path / "tasks.yaml"
    file.write_text("- {id: fine, title: x, section: childcare}\n- {id: late, title: x, section: children}\n")
    said = shell.refused("start", str(file))
    assert "line 2: section: children" in said and "drafter" in said
    assert shell.json("list") == []


def test_a_row_that_runs_already_is_not_judged_again(started: Shell, tmp_path: Path) -> None:
    """The directory lost the section's drafter since: that is no reason to refuse the file."""
    people = (EXAMPLES.parent / "definitions" / "people.yaml").read_text()
    changed = tmp_path / "people.yaml"
    lines = [line for line in people.splitlines(keepends=True) if "child-support-drafter" not in line]
    changed.write_text("".join(lines))
    started("directory", "import", str(changed), "--force")
    [again] = started.json("start", str(EXAMPLES / "first.yaml"))
    assert again["status"] == "exists"


TOO_LONG = "あ" * 5000
BAD_WORDS: list[tuple[list[str], str]] = [
    (["hold", "R8", "--reason", TOO_LONG], "--reason"),
    (["measure", "R8", "k", "NaN"], "VALUE: NaN"),
    (["measure", "R8", "k", "1", "--period", "2026-01-01 to 2026-12-31"], "--period: 2026-01-01 to 2026-12-31"),
    (["measure", "R8", "k", "1", "--command-id", "x" * 201], "--command-id"),
    (["list", "--awaiting", "nobody"], "--awaiting: nobody"),
    (["list", "--bogus"], "--bogus"),
    (["frobnicate"], "frobnicate"),
    (["show"], "ID"),
]


@pytest.mark.parametrize(("words", "said"), BAD_WORDS, ids=[" ".join(w)[:24] for w, _ in BAD_WORDS])
def test_bad_words_are_bad_input(started: Shell, words: list[str], said: str) -> None:
    told = started(*words, code=2, TASKFORCE_PERSON="p33").stderr
    assert said in told and "→" in told and "unexpected" not in told and len(told) < 500


def test_an_empty_condition_is_bad_input_and_answers_nothing(started: Shell) -> None:
    started("submit", "R8", SETUP, "--as", "p33")
    request = started.waiting("p32")
    words = ("answer", request, "--as", "p32", "--decision", "conditions", "--condition", "")
    assert "--condition" in started.refused(*words)
    assert started.waiting("p32") == request


def test_a_date_that_no_calendar_has(started: Shell, tmp_path: Path) -> None:
    form = tmp_path / "setup.yaml"
    form.write_text("purpose: x\nreview_date: 2027-02-30\n")
    said = started.refused("submit", "R8", str(form), "--as", "p33")
    assert "line 2" in said and "2027-02-30" in said


def test_with_json_a_usage_error_is_one_document(shell: Shell) -> None:
    run = shell("list", "--bogus", "--json", code=2)
    assert run.stdout == "" and "--bogus" in json.loads(run.stderr)["error"]["lines"][0]


def test_with_json_remarks_are_part_of_the_error(shell: Shell, tmp_path: Path) -> None:
    """A new store is furnished, which is remarked on, and then the file turns out to be bad: one document all the same."""
    file = tmp_path / "bad.yaml"
    file.write_text("- {id: a, title: x, section: moon}\n")
    error = json.loads(shell("start", str(file), "--json", code=2).stderr)["error"]
    assert len(error["notes"]) == 2 and "moon" in error["lines"][0]


def test_with_json_remarks_stay_off_stdout(shell: Shell) -> None:
    run = shell("start", str(EXAMPLES / "first.yaml"), "--json")
    assert json.loads(run.stdout)[0]["status"] == "started" and "Temporal" in run.stderr


def test_a_terminal_without_japanese_letters(started: Shell) -> None:
    assert "green" in started("list", PYTHONIOENCODING="ascii").stdout
    told = json.loads(started("list", "--json", PYTHONIOENCODING="ascii").stdout)
    assert told == started.json("list")


def test_every_stage_of_the_process_is_a_filter(started: Shell) -> None:
    assert started.json("list", "--stage", "wind_down") == []


def test_who_is_awaited_next_is_told_with_their_id(started: Shell) -> None:
    [asked] = started.json("submit", "R8", SETUP, "--as", "p33")["awaiting"]
    assert (asked["role"], asked["person"]) == ("child-support-chief", "p32")
    assert asked == started.json("list")[0]["awaiting"][0]


def test_completion_knows_the_commands(shell: Shell) -> None:
    words: dict[str, Any] = {"_TASKFORCE_COMPLETE": "complete_bash", "COMP_WORDS": "taskforce mea", "COMP_CWORD": "1"}
    assert shell(**words).stdout.split() == ["measure"]


def test_with_a_server_lifecycles_are_woken_and_recovered(
    shell: Shell, temporal_server: DevServer, tmp_path: Path
) -> None:
    there: dict[str, Any] = {"TEMPORAL_ADDRESS": temporal_server.address, "TASKFORCE_TASK_QUEUE": tmp_path.name}
    run = shell("start", str(EXAMPLES / "first.yaml"), **there)
    assert "out of reach" not in run.stderr
    assert json.loads(shell("recover", "--json", **there).stdout) == {"open": 1, "woken": 1}
    found = {f["what"]: f["level"] for f in json.loads(shell("doctor", "--json", **there).stdout)}
    assert found["Temporal server"] == found["search attributes"] == found["database"] == "ok"
    assert found["workers"] == "warn"  # none runs on this queue
