"""Where a rehearsal plays: a fresh store stamped `clock=virtual`, a Temporal server of its own, and a worker in this process."""

from __future__ import annotations

import asyncio
import inspect
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock, Timeout
from rich.console import Console
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from rehearsal.errors import RehearsalError
from rehearsal.ledger import Wake
from runtime.devserver import DevServer, ServerProblem, connect, ensure_search_attributes, start_dev_server
from runtime.logs import configure_logging
from runtime.temporal import TemporalNotFound, resolve
from settings import ROOT, Settings, SettingsError, load
from store import outbox
from store.engine import Database, parse_url
from store.store import Store
from store.tables import meta, streams
from worker import build_relay, build_worker
from workflows.contract import SEARCH_ATTRIBUTES
from workflows.wake import wake

__all__ = ["RehearsalError", "fresh_store", "server_and_worker", "show_ui"]
_AT_ONCE = 24
"""Workflows woken at the same time."""
_LAST_NOTICES = 20.0
"""Seconds given to the channels at the end."""


@contextmanager
def fresh_store(url: str, *, seed: int, start: datetime) -> Iterator[Store]:
    """A new virtual store at `url`, alone in using it. An earlier rehearsal there makes way, a real store never does."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        _require_empty(url)
        store = Store.create(url, clock="virtual", seed=str(seed), start=start)
        try:
            yield store
        finally:
            store.close()
        return
    path = Path(parsed.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        _make_way(path)
        store = Store.create(url, clock="virtual", seed=str(seed), start=start)
        try:
            yield store
        finally:
            store.close()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    lock = FileLock(path.with_name(path.name + ".rehearsal"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise RehearsalError(
            f"{path}: 別の予行演習が実行中です。終わるのを待つか、別のデータベースを指定してください / "
            f"another rehearsal is playing on {path}; wait for its end or name another database",
            exit_code=3,
        ) from None
    try:
        yield
    finally:
        lock.release()


def _make_way(path: Path) -> None:
    """Remove what an earlier rehearsal left, whole or killed in the middle. Refuses anything else."""
    if not path.exists():
        return
    if path.stat().st_size and not _is_rehearsal(path):
        raise RehearsalError(
            f"{path}: 予行演習のものではないデータがあります。上書きしません。別のデータベースを指定してください / "
            f"{path} holds data that is not of a rehearsal, and is left alone; name another database",
            exit_code=3,
        )
    for leftover in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
        leftover.unlink(missing_ok=True)


def _is_rehearsal(path: Path) -> bool:
    """Stamped virtual, or a half-made database without one event: what a kill during set-up leaves."""
    try:
        connection = sqlite3.connect(path)
        try:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "meta" in tables:
                found = connection.execute("SELECT value FROM meta WHERE key = 'clock'").fetchone()
                if found is not None:
                    return bool(found[0] == "virtual")
            if "events" in tables:
                return connection.execute("SELECT 1 FROM events LIMIT 1").fetchone() is None
            return not tables - {"alembic_version", "meta"}
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        return False


def _require_empty(url: str) -> None:
    database = Database(url)
    try:
        with database.read() as connection:
            tables = set(sa.inspect(connection).get_table_names())
            used = {meta.name, streams.name} & tables and connection.execute(sa.select(streams.c.stream)).first()
            stamped = meta.name in tables and connection.execute(sa.select(meta)).first()
    finally:
        database.close()
    if used or stamped:
        raise RehearsalError(
            f"{database.shown}: 空のデータベースではありません。予行演習には空のデータベースを用意してください / "
            "the database is not empty; a rehearsal wants an empty one",
            exit_code=3,
        )


def state_file(url: str) -> Path:
    """Where the Temporal server of a rehearsal keeps its state: beside the store."""
    parsed = parse_url(url)
    folder = Path(parsed.database or "").parent if parsed.get_backend_name() == "sqlite" else ROOT / "var" / "demo"
    return folder / "temporal.db"


@asynccontextmanager
async def server_and_worker(
    store: Store, url: str, temporal: str | None, console: Console | None
) -> AsyncIterator[Wake]:
    """A Temporal server (its own, or a namespace of its own at `temporal`) and a worker; gives how streams are woken."""
    try:
        settings = load().model_copy(update={"database_url": url, "task_queue": "rehearsal", "log_level": "error"})
        configure_logging(settings)
        with _server(url, temporal, console) as (address, own):
            client = await (connect(address, patience=30) if own else _own_namespace(address))
            await ensure_search_attributes(client, SEARCH_ATTRIBUTES)
            relay = build_relay(client, store, settings)
            async with build_worker(client, store, settings, poke=relay.poke, key=b"rehearsal"):
                yield _waker(client, settings)
                await _send_notices(store, asyncio.create_task(relay.run()))
    except (ServerProblem, TemporalNotFound) as error:
        raise RehearsalError(str(error), exit_code=4) from None
    except SettingsError as error:
        raise RehearsalError(str(error)) from None


def _waker(client: Client, settings: Settings) -> Wake:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def woken(kind: str, stream: str, title: str) -> None:
        async with gate:
            await wake(client, kind, stream, title=title, task_queue=settings.task_queue, within=10.0)

    return woken


async def _send_notices(store: Store, relay: asyncio.Task[None]) -> None:
    """What people were owed is sent at the end, by the channels' workflows."""
    begun = time.monotonic()
    try:
        while any(outbox.waiting(store).values()) and time.monotonic() - begun < _LAST_NOTICES:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    finally:
        relay.cancel()
        with suppress(asyncio.CancelledError):
            await relay


@contextmanager
def _server(url: str, temporal: str | None, console: Console | None) -> Iterator[tuple[str, bool]]:
    """(address, whether it is our own). Its state is begun anew: it belongs to the store, which is new as well."""
    if temporal is not None:
        yield temporal, False
        return
    found = resolve(lambda line: console.print(line) if console is not None else None)
    if found.binary is None:
        yield found.address or "", False
        return
    state = state_file(url)
    for end in ("", "-wal", "-shm", "-journal"):
        state.with_name(state.name + end).unlink(missing_ok=True)
    server = start_state_server(found.binary, state)
    try:
        yield server.address, True
    finally:
        server.stop()


def start_state_server(binary: Path, state: Path) -> DevServer:
    """A server on free ports with its state in a file. Its disk need not be waited for: the store holds the truth."""
    fast = {"pragmas": ("synchronous=OFF",)} if "pragmas" in inspect.signature(start_dev_server).parameters else {}
    return start_dev_server(
        binary,
        db_file=state,
        log_file=state.with_name("temporal.log"),
        search_attributes=SEARCH_ATTRIBUTES,
        **fast,  # type: ignore[arg-type]
    )


async def _own_namespace(address: str) -> Client:
    """A new namespace on somebody's server: streams of an earlier rehearsal, or real ones, are never touched."""
    name = f"rehearsal-{int(time.time())}"
    client = await connect(address, patience=10)
    request = RegisterNamespaceRequest(namespace=name, description="taskforce rehearsal")
    request.workflow_execution_retention_period.FromSeconds(86400)
    await client.workflow_service.register_namespace(request)
    return await connect(address, name, patience=30)


def show_ui(url: str, console: Console) -> None:
    """Serve the Temporal UI on the state that a rehearsal left, until interrupted. Raises `RehearsalError`."""
    state = state_file(url)
    if not state.exists():
        raise RehearsalError(
            f"{state}: ありません。先に予行演習を行ってください(`make demo`) / there is none; rehearse first (`make demo`)"
        )
    try:
        found = resolve(lambda line: console.print(line))
        if found.binary is None:
            raise RehearsalError("TEMPORAL_ADDRESS を外してください / unset TEMPORAL_ADDRESS: the state is in a file")
        server = start_state_server(found.binary, state)
    except (ServerProblem, TemporalNotFound) as error:
        raise RehearsalError(str(error), exit_code=4) from None
    console.print(
        f"Temporal UI: {server.ui_url}/namespaces/default/workflows  (Ctrl-C で終了 / ends it)", soft_wrap=True
    )
    with suppress(KeyboardInterrupt):
        server.process.wait()
    server.stop()
