"""`make up`: the system for people. Brings a Temporal server with its UI, keeps one worker running, stops all together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from runtime.devserver import DevServer, ServerProblem, start_dev_server
from runtime.temporal import TemporalNotFound, resolve, tell
from settings import ROOT, Settings, SettingsError, load
from store.errors import StoreError, StoreUnreachable
from store.migrate import upgrade
from workflows.contract import SEARCH_ATTRIBUTES


class Supervisor:
    """Owns the server and the worker of one `make up`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: DevServer | None = None
        self._worker: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._log = settings.var_dir / "log" / "worker.log"
        self._pid = settings.var_dir / "run" / "worker.pid"

    def run(self) -> int:
        """Until Ctrl-C or SIGTERM. A worker that dies is started again, ever more slowly while it keeps dying."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        address = self._temporal()
        upgrade(self._settings.database_url)
        subprocess.run([sys.executable, "starter.py", "migrate"], cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        pause, begun = 1.0, 0.0
        try:
            self._start_worker(address)
            begun = time.monotonic()
            self._welcome(address)
            while not self._stopping:
                time.sleep(0.2)
                if self._server is not None and self._server.process.poll() is not None:
                    raise ServerProblem(
                        f"Temporal サーバーが止まりました / the Temporal server stopped; see {self._server.log_file}"
                    )
                if self._worker is not None and self._worker.poll() is not None and not self._stopping:
                    pause = 1.0 if time.monotonic() - begun > 60 else min(pause * 2, 30.0)
                    tell(
                        f"worker が終了しました({self._worker.returncode})。{pause:.0f} 秒後に再起動します / worker ended; restarting"
                    )
                    self._nap(pause)
                    if not self._stopping:
                        self._start_worker(address)
                        begun = time.monotonic()
        finally:
            self._stop()
        return 0

    def _temporal(self) -> str:
        found = resolve()
        if found.address is not None:
            return found.address
        assert found.binary is not None
        self._server = start_dev_server(
            found.binary,
            db_file=self._settings.var_dir / "temporal.db",
            log_file=self._settings.var_dir / "log" / "temporal.log",
            search_attributes=SEARCH_ATTRIBUTES,
            port=self._settings.temporal_port,
            ui_port=self._settings.ui_port,
            namespace=self._settings.temporal_namespace,
        )
        return self._server.address

    def _start_worker(self, address: str) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._pid.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._worker = subprocess.Popen(
                [sys.executable, "worker.py"],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "TEMPORAL_ADDRESS": address},
                start_new_session=True,
            )
        self._pid.write_text(f"{self._worker.pid}\n")

    def _welcome(self, address: str) -> None:
        ui = self._server.ui_url if self._server else ""
        lines = [
            "",
            "起動しました / up:",
            f"  Temporal     {address}" + (f"   UI {ui}" if ui else ""),
            f"  database     {self._settings.database_url}",
            f"  worker       pid {self._worker.pid if self._worker else '-'}   {_shown(self._log)}",
            "別の端末で / in another terminal:",
            "  ./taskforce start examples/first.yaml",
            "  ./taskforce list",
            "止めるには Ctrl-C / Ctrl-C stops all",
            "",
        ]
        for line in lines:
            tell(line)

    def _on_signal(self, *_: object) -> None:
        self._stopping = True

    def _nap(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._stopping:
            time.sleep(0.1)

    def _stop(self) -> None:
        tell("停止しています / stopping …")
        if self._worker is not None and self._worker.poll() is None:
            self._worker.terminate()
            try:
                self._worker.wait(20)
            except subprocess.TimeoutExpired:
                self._worker.kill()
                self._worker.wait()
        if self._server is not None:
            self._server.stop()
        self._pid.unlink(missing_ok=True)
        tell("停止しました。記録は残っています / stopped; everything is kept")


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def main() -> int:
    try:
        return Supervisor(load()).run()
    except (SettingsError, TemporalNotFound, ServerProblem, StoreError) as error:
        tell(str(error))
        return 4 if isinstance(error, TemporalNotFound | ServerProblem | StoreUnreachable) else 2


if __name__ == "__main__":
    sys.exit(main())
