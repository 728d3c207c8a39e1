"""`make up`, for real: it comes up, brings back a killed worker, is alone, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.devserver import free_port
from tests.unit.test_runtime_devserver import alive, gone

ROOT = Path(__file__).parents[2]
UP = [sys.executable, "-m", "runtime.up"]


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TASKFORCE_", "TEMPORAL_"))}
    return {
        **kept,
        "TASKFORCE_VAR_DIR": str(folder),
        "TASKFORCE_DATABASE_URL": f"sqlite:///{folder / 'store.db'}",
        "TASKFORCE_TEMPORAL_PORT": str(free_port()),
        "TASKFORCE_UI_PORT": str(free_port()),
        "TASKFORCE_WEB_PORT": str(free_port()),
        **more,
    }


def run(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(UP, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)


class Running:
    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder

    def text(self) -> str:
        return (self.folder / "up.log").read_text("utf-8")

    def wait_for(self, words: str, patience: float = 90.0) -> None:
        end = time.monotonic() + patience
        while words not in self.text():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < end, f"{words!r} not in {self.text()!r}"
            time.sleep(0.1)

    def worker(self) -> int:
        return int((self.folder / "run" / "worker.pid").read_text())

    def children(self) -> list[int]:
        return [int(p) for p in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()]


@contextmanager
def up(folder: Path, env: dict[str, str]) -> Iterator[Running]:
    with (folder / "up.log").open("w") as log:
        process = subprocess.Popen(UP, cwd=ROOT, env=env, stdout=log, stderr=log, text=True)
    running = Running(process, folder)
    try:
        running.wait_for("up and running")
        yield running
    finally:
        process.kill()
        process.wait()


def test_it_runs_alone_brings_back_its_worker_and_stops_cleanly(temporal_binary: Path, tmp_path: Path) -> None:
    env = environment(tmp_path)
    with up(tmp_path, env) as running:
        first = running.worker()
        assert env["TASKFORCE_UI_PORT"] in running.text() and str(tmp_path / "store.db") in running.text()
        with urllib.request.urlopen(f"http://127.0.0.1:{env['TASKFORCE_WEB_PORT']}/sign-in", timeout=30) as page:
            assert page.status == 200
        again = run(env)
        assert again.returncode == 1 and f"already running (pid {running.process.pid})" in again.stderr
        os.kill(first, signal.SIGKILL)
        running.wait_for("worker started")
        second = running.worker()
        assert second != first and alive(second)
        children = running.children()
        assert second in children and len(children) == 3
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(60) == 0
        assert not any(alive(child) for child in children)
    assert not (tmp_path / "run" / "worker.pid").exists()


def test_killed_it_takes_server_and_worker_along(temporal_binary: Path, tmp_path: Path) -> None:
    with up(tmp_path, environment(tmp_path)) as running:
        children = running.children()
        assert len(children) == 3
        running.process.kill()
        running.process.wait()
        assert all(gone(child, 30) for child in children)


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    done = run(environment(tmp_path, TASKFORCE_RELAY_INTERVAL="often"))
    assert done.returncode == 2
    assert "TASKFORCE_RELAY_INTERVAL" in done.stderr and "Traceback" not in done.stderr


def test_a_named_server_that_does_not_answer_is_no_reason_to_bring_another(tmp_path: Path) -> None:
    port = free_port()
    done = run(environment(tmp_path, TEMPORAL_ADDRESS=f"127.0.0.1:{port}"))
    assert done.returncode == 4
    assert f"127.0.0.1:{port} cannot be reached" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "temporal.db").exists()


def test_a_store_that_cannot_be_reached_stops_it(temporal_binary: Path, tmp_path: Path) -> None:
    url = f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/nothing"
    done = run(environment(tmp_path, TASKFORCE_DATABASE_URL=url))
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run" / "worker.pid").exists()
