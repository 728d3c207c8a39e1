"""A Temporal development server of our own: state in a file, UI, the two dynamic-config values, search attributes."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from random import SystemRandom

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError, RPCStatusCode

DYNAMIC_CONFIG = ("history.transferProcessorMaxPollRPS=2000", 'history.timerProcessorMaxTimeShift="5ms"')
"""Without the first, an ordinary activity waits up to 100 ms; without the second, timers are rounded up to seconds."""

_TYPES = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
}


class ServerProblem(Exception):
    """The server does not come up or cannot be reached; the message says why and what to do."""


class DevServer:
    """A running server. `stop` ends it gracefully, `kill` at once; it also ends when this process dies."""

    def __init__(self, process: subprocess.Popen[bytes], address: str, ui_url: str, log_file: Path) -> None:
        self.process = process
        self.address = address
        self.ui_url = ui_url
        self.log_file = log_file

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


_DICE = SystemRandom()


def free_port() -> int:
    """A port that nobody listens on. Not one of those that the system gives to connections and to whoever asks for any: it could
    be given away before it is used."""
    while True:
        port = _DICE.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def start_dev_server(
    binary: Path,
    *,
    db_file: Path,
    log_file: Path,
    search_attributes: Mapping[str, str],
    port: int | None = None,
    ui_port: int | None = None,
    namespace: str = "default",
    patience: float = 30.0,
    pragmas: Sequence[str] = (),
) -> DevServer:
    """Start a server and wait until it answers. Raises `ServerProblem` with the end of its log."""
    port, ui_port = port or free_port(), ui_port or free_port()
    for name, number in (("TASKFORCE_TEMPORAL_PORT", port), ("TASKFORCE_UI_PORT", ui_port)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                raise ServerProblem(
                    f"{name}: ポート {number} は使われています。`make up` が既に動いていないか確認するか、別の番号を指定してください / "
                    f"port {number} is taken; see whether `make up` is already running, or set another"
                ) from None
    db_file.parent.mkdir(parents=True, exist_ok=True)
    log_file.parent.mkdir(parents=True, exist_ok=True)
    command = [str(binary), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port), "--ui-port", str(ui_port)]
    command += ["--db-filename", str(db_file), "--namespace", namespace, "--log-level", "error"]
    for value in DYNAMIC_CONFIG:
        command += ["--dynamic-config-value", value]
    for pragma in pragmas:
        command += ["--sqlite-pragma", pragma]
    for name, kind in search_attributes.items():
        command += ["--search-attribute", f"{name}={kind}"]
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
            start_new_session=True,
        )
    server = DevServer(process, f"127.0.0.1:{port}", f"http://127.0.0.1:{ui_port}", log_file)
    _await(server, namespace, patience)
    return server


def _await(server: DevServer, namespace: str, patience: float) -> None:
    """Until the server answers for its namespace; the port alone opens a moment earlier."""
    with ThreadPoolExecutor(1) as pool:  # a thread of its own: the caller may be inside a running loop
        answering = pool.submit(asyncio.run, _answers(server, namespace, patience)).result()
    if answering:
        return
    server.kill()
    tail = server.log_file.read_text("utf-8", "replace").splitlines()[-5:] if server.log_file.exists() else []
    raise ServerProblem(
        f"Temporal サーバーが立ち上がりません。記録 {server.log_file} の末尾 / the Temporal server does not come up; "
        f"end of {server.log_file}:\n" + "\n".join(tail)
    )


async def _answers(server: DevServer, namespace: str, patience: float) -> bool:
    begun = time.monotonic()
    while time.monotonic() - begun < patience and server.process.poll() is None:
        try:
            await connect(server.address, namespace)
            return True
        except ServerProblem:
            await asyncio.sleep(0.03)
    return False


_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded here: after a fork nothing may be loaded


def die_with_parent() -> None:
    """For `preexec_fn`: the child is ended when the thread that started it dies, however that happens. Linux only.

    So start such children from a thread that lives as long as they should, the main thread best.
    """
    if _LIBC is not None:
        _LIBC.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


@cache  # a second runtime would be a second pool of threads
def core_speaks_on_stderr() -> Runtime:
    """The SDK's core writes its log to stdout by itself, in the middle of what a command prints; Python's logging takes it."""
    levels = TelemetryFilter(core_level="WARN", other_level="ERROR")
    forwarded = LogForwardingConfig(logger=logging.getLogger("temporalio"))
    runtime = Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=levels, forwarding=forwarded)))
    Runtime.set_default(runtime, error_if_already_set=False)
    return runtime


async def connect(address: str, namespace: str = "default", *, patience: float = 0.0) -> Client:
    """A client; tries again for `patience` seconds. Raises `ServerProblem`."""
    core_speaks_on_stderr()
    begun = time.monotonic()
    while True:
        try:
            client = await Client.connect(address, namespace=namespace, data_converter=pydantic_data_converter)
            await client.count_workflows('WorkflowType = "none"')
            return client
        except (RuntimeError, RPCError, OSError) as error:
            if time.monotonic() - begun >= patience:
                first = (str(error).splitlines() or [type(error).__name__])[0][:160]
                raise ServerProblem(
                    f"Temporal サーバー {address} に届きません({first})。`make up` で起動するか TEMPORAL_ADDRESS を確認してください / "
                    f"the Temporal server at {address} cannot be reached; start it with `make up` or check TEMPORAL_ADDRESS"
                ) from None
            await asyncio.sleep(0.2)


async def ensure_search_attributes(client: Client, attributes: Mapping[str, str]) -> list[str]:
    """Register those that the namespace lacks; returns their names. Existing ones are left as they are."""
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    lacking = {n: k for n, k in attributes.items() if n not in listed.custom_attributes}
    if lacking:
        try:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(
                    namespace=client.namespace, search_attributes={n: _TYPES[k] for n, k in lacking.items()}
                )
            )
        except RPCError as error:
            if error.status != RPCStatusCode.ALREADY_EXISTS:
                raise ServerProblem(
                    f"検索属性を登録できません / search attributes cannot be registered ({', '.join(lacking)}): {error.message}"
                ) from None
    return list(lacking)
