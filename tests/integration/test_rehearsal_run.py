"""`rehearse` as a user runs it: a store and a Temporal server of its own, twice the same, safe with other people's data."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.run import rehearse
from rehearsal.summary import Summary
from rehearsal.theatre import fresh_store, state_file
from settings import ROOT
from store.store import Store

START, UNTIL = datetime(2024, 4, 1, tzinfo=UTC), date(2024, 8, 30)
SCRIPT = """
import os, sys
from datetime import date
from pathlib import Path
from rehearsal.errors import RehearsalError
from rehearsal.run import rehearse
try:
    summary = rehearse(Path(sys.argv[1]), date(2024, 8, 30), 1, since=date(2024, 4, 1), database_url=sys.argv[2])
    sys.stdout.write(summary.model_dump_json())
    code = 0
except RehearsalError as error:
    sys.stderr.write(str(error))
    code = error.exit_code
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)
"""


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    sections = ("child-support", "school-ict", "elderly")
    file = tmp_path / "tasks.json"
    rows = [{"id": f"T-{i}", "title": f"課題{i}", "section": s} for i, s in enumerate(sections)]
    file.write_text(json.dumps(rows), "utf-8")
    return file


def command(tasks: Path, database: Path) -> list[str]:
    return [sys.executable, "-c", SCRIPT, str(tasks), f"sqlite:///{database}"]


def play(tasks: Path, database: Path) -> Summary:
    """A whole rehearsal in a process of its own, as the shell does it (the SDK may crash an interpreter at its exit)."""
    done = subprocess.run(command(tasks, database), cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return Summary.model_validate_json(done.stdout)


def rows(database: Path, query: str = "SELECT * FROM events ORDER BY position") -> list[tuple[object, ...]]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_the_same_seed_gives_the_same_events_in_every_column_on_a_real_server(tasks: Path, tmp_path: Path) -> None:
    databases = [tmp_path / name / "taskforce.db" for name in ("a", "b")]
    summaries = [play(tasks, database) for database in databases]
    assert rows(databases[0]) == rows(databases[1])
    assert len(rows(databases[0])) > 50
    assert all(s.verified and s.answers > 5 for s in summaries)
    assert rows(databases[0], "SELECT stream FROM streams WHERE followed < version") == []
    assert state_file(f"sqlite:///{databases[0]}").stat().st_size > 0


def test_killed_in_the_middle_it_starts_over_cleanly(tasks: Path, tmp_path: Path) -> None:
    database, undisturbed = tmp_path / "killed" / "taskforce.db", tmp_path / "whole" / "taskforce.db"
    with _begun(tasks, database) as process:
        process.kill()
        process.wait(90)
    assert play(tasks, database).verified
    play(tasks, undisturbed)
    assert rows(database) == rows(undisturbed)


def test_an_interrupt_stops_it_with_a_word_and_no_traceback(tasks: Path, tmp_path: Path) -> None:
    with _begun(tasks, tmp_path / "taskforce.db") as process:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "中断しました" in err and "Traceback" not in err


@contextmanager
def _begun(tasks: Path, database: Path) -> Iterator[subprocess.Popen[str]]:
    """A rehearsal that has begun to record lifecycles."""
    process = subprocess.Popen(
        command(tasks, database), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            try:
                if database.exists() and rows(database, "SELECT 1 FROM streams WHERE kind = 'lifecycle'"):
                    break
            except sqlite3.OperationalError:
                pass
            time.sleep(0.02)
        assert process.poll() is None
        yield process
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(90)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def test_a_real_store_is_left_alone(tasks: Path, tmp_path: Path) -> None:
    database = tmp_path / "real.db"
    Store.create(f"sqlite:///{database}").close()
    before = database.read_bytes()
    with pytest.raises(RehearsalError, match="left alone") as refused:
        rehearse(tasks, UNTIL, database_url=f"sqlite:///{database}")
    assert refused.value.exit_code == 3
    assert database.read_bytes() == before


def test_a_file_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    note = tmp_path / "note.db"
    note.write_text("手書きのメモ", "utf-8")
    with pytest.raises(RehearsalError, match="left alone"), fresh_store(f"sqlite:///{note}", seed=1, start=START):
        pass
    assert note.read_text("utf-8") == "手書きのメモ"


def test_one_rehearsal_at_a_time(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'taskforce.db'}"
    with (
        fresh_store(url, seed=1, start=START),
        pytest.raises(RehearsalError, match="another rehearsal"),
        fresh_store(url, seed=1, start=START),
    ):
        pass


@pytest.mark.parametrize(
    ("content", "word"),
    [('[{"id": "x", "title": "t", "section": "nowhere"}]', "nowhere"), ("[]", "rows"), ("- [", "YAML")],
)
def test_a_bad_file_is_named_before_anything_starts(tmp_path: Path, content: str, word: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(content, "utf-8")
    with pytest.raises(RehearsalError, match=word) as refused:
        rehearse(file, UNTIL, database_url=f"sqlite:///{tmp_path / 'never.db'}")
    assert refused.value.exit_code == 2
    assert not (tmp_path / "never.db").exists()


def test_until_must_lie_ahead(tasks: Path) -> None:
    with pytest.raises(RehearsalError, match="--until"):
        rehearse(tasks, date(2024, 3, 1), since=date(2024, 4, 1))


def test_in_memory_it_needs_no_server(tasks: Path) -> None:
    summary = rehearse(tasks, date(2027, 3, 31))
    assert summary.lifecycles == 3 and summary.verified is None and summary.answers > 60
