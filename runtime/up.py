"""`make up`: the system for people. A Temporal server, the store brought up to date, and a worker that comes back when it dies."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.service import RPCError

from runtime.devserver import DevServer, ServerProblem, connect, die_with_parent, start_dev_server
from runtime.temporal import TemporalNotFound, resolve, tell
from settings import ROOT, Settings, SettingsError, load

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
STEADY = 60.0
"""Seconds after which a worker counts as well again, and the pause before a restart starts small."""
BAD_INPUT = 2
"""A worker that ends so would end so again: wrong settings or a store that is not ready."""


class Stop(Exception):
    """Stop with a message and an exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class System:
    """The processes of one `make up` and what keeps them running."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.var = settings.var_dir
        self.server: DevServer | None = None
        self.worker: subprocess.Popen[bytes] | None = None
        self.web: subprocess.Popen[bytes] | None = None
        self.address = settings.temporal_address
        self.stopping = False
        self._begun = self._again = self._web_again = 0.0
        self._pause = FIRST_PAUSE

    # --- Temporal ----------------------------------------------------------------------------------------------------

    def bring_server(self) -> None:
        """A running server when TEMPORAL_ADDRESS names one, else our own with its state in a file."""
        found = resolve()
        if found.binary is None:
            asyncio.run(connect(self.address, self.settings.temporal_namespace, patience=5))
            return
        self.server = start_dev_server(
            found.binary,
            db_file=self.var / "temporal.db",
            log_file=self.var / "log" / "temporal.log",
            search_attributes={},  # the worker registers them, here as on any other server
            port=self.settings.temporal_port,
            ui_port=self.settings.ui_port,
            namespace=self.settings.temporal_namespace,
        )
        self.address = self.server.address

    # --- store -------------------------------------------------------------------------------------------------------

    def migrate(self) -> None:
        done = subprocess.run(
            [sys.executable, ROOT / "starter.py", "migrate"],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C does not cut it short: it takes a second, then we stop
            check=False,
        )
        if done.returncode:
            raise Stop("データベースを用意できません / the database could not be made ready", done.returncode)

    # --- worker ------------------------------------------------------------------------------------------------------

    @property
    def worker_log(self) -> Path:
        return self.var / "log" / "worker.log"

    @property
    def worker_pid(self) -> Path:
        return self.var / "run" / "worker.pid"

    def start_worker(self) -> None:
        self.worker_log.parent.mkdir(parents=True, exist_ok=True)
        with self.worker_log.open("ab") as log:
            self.worker = subprocess.Popen(
                [sys.executable, ROOT / "worker.py"],
                cwd=ROOT,
                env={**os.environ, "TEMPORAL_ADDRESS": self.address},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
                start_new_session=True,  # Ctrl-C reaches only us, so that the worker stops before the server
            )
        self.worker_pid.write_text(f"{self.worker.pid}\n")
        self._begun = time.monotonic()

    def await_worker(self, patience: float = 60.0) -> None:
        """Until the worker asks for work. Raises `Stop` with the end of its log when it ends before."""
        begun = time.monotonic()
        while not self.stopping and time.monotonic() - begun < patience:
            if self.worker is None or self.worker.poll() is not None:
                raise Stop(self._last_words("ワーカーが始まりません / the worker does not start"), self._worker_code())
            if asyncio.run(self._polling(self.worker.pid)):
                return
            time.sleep(0.2)
        if not self.stopping:
            tell(self._last_words("ワーカーの準備が長引いています / the worker takes long to get ready"))

    async def _polling(self, pid: int) -> bool:
        client = await connect(self.address, self.settings.temporal_namespace, patience=5)
        queue = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=client.namespace,
                task_queue=TaskQueue(name=self.settings.task_queue),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            )
        )
        return any(poller.identity.startswith(f"{pid}@") for poller in queue.pollers)

    def _worker_code(self) -> int:
        code = self.worker.returncode if self.worker is not None else 1
        return code if code and code > 0 else 1

    def _last_words(self, what: str) -> str:
        lines = self.worker_log.read_text("utf-8", "replace").splitlines()[-8:] if self.worker_log.exists() else []
        return "\n".join([f"{what} ({self.worker_log}):", *(f"  {line}" for line in lines)])

    # --- pages -------------------------------------------------------------------------------------------------------

    def start_web(self) -> None:
        """The pages, beside the worker; without them all goes on."""
        if not self.settings.web_port:
            return
        with (self.var / "log" / "web.log").open("ab") as log:
            self.web = subprocess.Popen(
                [sys.executable, "-m", "web"],
                cwd=ROOT,
                env={**os.environ, "TEMPORAL_ADDRESS": self.address},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
                start_new_session=True,
            )
        self._web_again = time.monotonic() + LONGEST_PAUSE

    def await_web(self, patience: float = 20.0) -> None:
        """Until the pages answer; they are not waited for longer, since all else works without them."""
        begun = time.monotonic()
        while self.web is not None and self.web.poll() is None and time.monotonic() - begun < patience:
            with suppress(OSError):
                socket.create_connection((self.settings.web_host, self.settings.web_port), timeout=1).close()
                return
            time.sleep(0.1)

    def _tend_web(self) -> None:
        if self.web is None or self.web.poll() is None or time.monotonic() < self._web_again:
            return
        log = self.var / "log" / "web.log"
        tell(f"画面が終わりました。始め直します / the pages ended ({self.web.returncode}); starting them again ({log})")
        self.start_web()

    # --- running -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.bring_server()  # it may download and build for minutes, so Ctrl-C still ends it at once
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.on_signal)
        self.migrate()
        if not self.stopping:
            self.start_worker()
            self.start_web()
            self.await_worker()
            self.await_web()

    def tend(self) -> None:
        """Bring back what died, until asked to stop. Raises `Stop` when that is no use."""
        while not self.stopping:
            if self.server is not None and self.server.process.poll() is not None:
                tell("Temporal サーバーが終わりました。始め直します / the Temporal server ended; starting it again")
                self.bring_server()
            if self.worker is not None and self.worker.poll() is not None:
                self._worker_ended(self.worker.returncode)
            if self.worker is None and time.monotonic() >= self._again:
                self.start_worker()
                tell(f"ワーカーを始めました / worker started: pid {self.worker.pid if self.worker else ''}")
            self._tend_web()
            time.sleep(0.2)

    def _worker_ended(self, code: int) -> None:
        if code == BAD_INPUT:
            raise Stop(self._last_words("ワーカーが設定の誤りで終わりました / the worker refuses its settings"), code)
        lived = time.monotonic() - self._begun
        self._pause = FIRST_PAUSE if lived >= STEADY else self._pause
        tell(
            f"ワーカーが終わりました({code})。{self._pause:g} 秒後に始め直します / "
            f"the worker ended ({code}); starting it again in {self._pause:g} s"
        )
        self.worker = None
        self._again = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.stopping and self.worker is not None:
            self.worker.kill()  # asked twice: at once; nothing is lost by it
        self.stopping = True

    def stop(self) -> None:
        """Pages and worker first, so that they can finish what they have begun; then the server."""
        if self.web is not None and self.web.poll() is None:
            self.web.terminate()
            try:
                self.web.wait(10)
            except subprocess.TimeoutExpired:
                self.web.kill()
                self.web.wait()
        if self.worker is not None and self.worker.poll() is None:
            self.worker.terminate()
            try:
                self.worker.wait(20)
            except subprocess.TimeoutExpired:
                self.worker.kill()
                self.worker.wait()
        self.worker_pid.unlink(missing_ok=True)
        if self.server is not None:
            self.server.stop()

    def pages(self) -> str:
        if not self.settings.web_port:
            return "-"
        return f"http://localhost:{self.settings.web_port}   (./taskforce account invite PERSON)"

    def where(self) -> str:
        """What a person needs to know, once all is up."""
        shown = (
            self.settings.database_url if self.settings.database_url.startswith("sqlite") else "TASKFORCE_DATABASE_URL"
        )
        ui = self.server.ui_url if self.server else "TEMPORAL_ADDRESS のサーバーに従う / as set up with that server"
        lines = [
            "",
            "動いています / up and running",
            f"  Temporal               {self.address}",
            f"  Temporal UI            {ui}",
            f"  画面        / pages    {self.pages()}",
            f"  データベース/ database {shown}",
            f"  ワーカー    / worker   pid {self.worker.pid if self.worker else '-'} ({self.worker_pid})",
            f"  記録        / logs     {self.var / 'log'}",
            "  始める      / start    ./taskforce start examples/first.yaml     (./taskforce --help)",
            "  止める      / stop     Ctrl-C",
        ]
        if self.address != Settings.model_fields["temporal_address"].default:
            lines.insert(-2, f"  ほかの端末で/ elsewhere export TEMPORAL_ADDRESS={self.address}")
        return "\n".join(lines)


@contextmanager
def only_one(run: Path) -> Iterator[None]:
    """One `make up` per folder of state. Raises `Stop`. The lock goes with the process, however that ends."""
    run.mkdir(parents=True, exist_ok=True)
    pid_file, lock = run / "up.pid", FileLock(run / "up.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        pid = pid_file.read_text().strip() if pid_file.exists() else "?"
        raise Stop(
            f"`make up` はすでに動いています(pid {pid})。止めるにはその端末で Ctrl-C、または kill {pid} / "
            f"it is already running (pid {pid}); stop it there with Ctrl-C, or with kill {pid}",
            1,
        ) from None
    try:
        pid_file.write_text(f"{os.getpid()}\n")
        yield
    finally:
        pid_file.unlink(missing_ok=True)
        lock.release()


def main() -> int:
    try:
        settings = load()
        with only_one(settings.var_dir / "run"):
            system = System(settings)
            try:
                system.start()
                if not system.stopping:
                    sys.stdout.write(system.where() + "\n")
                    sys.stdout.flush()
                system.tend()
                tell("止めています / stopping …")
            finally:
                system.stop()
        tell("止まりました / stopped")
        return 0
    except KeyboardInterrupt:
        return 130
    except SettingsError as error:
        tell(str(error))
        return 2
    except Stop as error:
        tell(str(error))
        return error.code
    except (ServerProblem, TemporalNotFound, RPCError) as error:
        tell(str(error))
        return 4
    except OSError as error:
        tell(
            f"{error.filename or 'OS'}: {error.strerror or error}。TASKFORCE_VAR_DIR を確かめてください / check TASKFORCE_VAR_DIR"
        )
        return 1


if __name__ == "__main__":
    code = main()
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
