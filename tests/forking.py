"""Processes without the second that importing takes each time: one process has imported the product and forks a child for each
command. A child has its own arguments, environment, files and exit code, and runs the same script as a person does. What depends on how
Python itself starts (its encoding, its warnings) needs `subprocess`."""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import IO, Literal

from settings import ROOT

Script = Literal["starter", "web"]
_LONGEST = 1 << 18


class Forked:
    """A running child, with the part of `subprocess.Popen` that tests use."""

    def __init__(
        self, script: Script, words: Iterable[str], environment: Mapping[str, str], files: tuple[int, int, int]
    ) -> None:
        self._status, theirs = os.pipe()
        wanted = json.dumps({"script": script, "words": list(words), "environment": dict(environment)}).encode()
        assert len(wanted) < _LONGEST
        socket.send_fds(_server()[0], [wanted], [*files, theirs])
        os.close(theirs)
        self._said = b""
        assert self._read(1, 120)
        self.pid = int(self._said.split(b"\n")[0])
        self.returncode: int | None = None

    def _read(self, lines: int, timeout: float) -> bool:
        until = time.monotonic() + timeout
        while self._said.count(b"\n") < lines:
            if not select.select([self._status], [], [], max(0.0, until - time.monotonic()))[0]:
                return False
            more = os.read(self._status, 100)
            assert more, "the forking process is gone"
            self._said += more
        return True

    def poll(self, timeout: float = 0) -> int | None:
        if self.returncode is None and self._read(2, timeout):
            self.returncode = int(self._said.split(b"\n")[1])
            os.close(self._status)
        return self.returncode

    def wait(self, timeout: float) -> int:
        code = self.poll(timeout)
        if code is None:
            self.kill()
            self.poll(20)
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(
    script: Script, words: Iterable[str], environment: Mapping[str, str], given: str = "", timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """What `subprocess.run` of it gives, with its output as text."""
    words = list(words)
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        stdin.write(given.encode())
        stdin.seek(0)
        child = Forked(script, words, environment, (stdin.fileno(), out.fileno(), err.fileno()))
        code = child.wait(timeout)
        return subprocess.CompletedProcess([script, *words], code, _text(out), _text(err))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


@cache
def _server() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """One for this process; it ends when the socket closes with us."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LONGEST)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TASKFORCE_", "TEMPORAL_", "PYTHONDONTWRITE"))}
    words = [sys.executable, "-m", "tests.forking", str(theirs.fileno())]
    server = subprocess.Popen(words, cwd=ROOT, env=kept, pass_fds=[theirs.fileno()])
    theirs.close()

    def leave() -> None:
        ours.close()
        server.wait(20)

    atexit.register(leave)
    return ours, server


# --- the process that forks ------------------------------------------------------------------------------------------


LAZY = (
    "alembic.command",
    "blobs.registry",
    "charts.registry",
    "holidays.countries",
    "learning.asking",
    "papers.decision",
    "papers.dossier",
    "papers.packs",
    "rehearsal.run",
    "shell.app",
    "store.migrate",
    "store.rebuild",
    "store.verify",
    "store.waiting",
    "temporalio.client",
    "temporalio.worker",
    "web.api.app",
    "web.app",
    "workflows.signing",
)
"""What commands import when they come to it: the parent has it already."""


def _serve(requests: socket.socket) -> None:
    from shell.commands import load

    load(None)
    for module in (*LAZY, *(f"web.pages.{m.name}" for m in iter_modules([str(ROOT / "web" / "pages")]))):
        import_module(module)
    gc.collect()
    gc.freeze()
    while True:
        message, files, _, _ = socket.recv_fds(requests, _LONGEST, 4)
        if not message:
            return
        if os.fork() == 0:
            requests.close()
            _keep(json.loads(message), files)
        for file in files:
            os.close(file)
        _reap()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _keep(wanted: dict[str, object], files: list[int]) -> None:
    """Fork the child, say its id, then its exit code."""
    *three, status = files
    child = os.fork()
    if child == 0:
        os.close(status)
        _become(wanted, three)
    for file in three:
        os.close(file)
    os.write(status, f"{child}\n".encode())
    _, ended = os.waitpid(child, 0)
    os.write(status, f"{os.waitstatus_to_exitcode(ended)}\n".encode())
    os._exit(0)


def _become(wanted: dict[str, object], three: list[int]) -> None:
    code = 1
    try:
        for number, file in enumerate(three):
            os.dup2(file, number)
            os.close(file)
        os.environ.clear()
        os.environ.update(wanted["environment"])  # type: ignore[call-overload]
        time.tzset()
        words: list[str] = wanted["words"]  # type: ignore[assignment]
        sys.argv = [f"{wanted['script']}.py", *words]
        if wanted["script"] == "web":
            runpy.run_module("web", run_name="__main__", alter_sys=True)
        else:
            runpy.run_path("starter.py", run_name="__main__")
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 0 if left.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
