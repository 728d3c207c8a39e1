"""Real parts for the figures that follow: a Temporal server, a store with its worker, and the worker of bare workflows."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from temporalio.client import Client, WorkflowHandle

from bench.bare import QUEUE, BareWorkflow
from bench.rounds import BenchProblem
from bench.walks import Step, city
from runtime.devserver import DevServer, die_with_parent, start_dev_server
from runtime.temporal import resolve
from settings import ROOT
from store import outbox
from store.store import Store
from store.tables import streams
from workflows.contract import SEARCH_ATTRIBUTES, workflow_id
from workflows.wake import wake

PATIENCE = 300.0
_FOLLOWED = sa.select(streams.c.followed).where(streams.c.stream == sa.bindparam("s"))


@contextmanager
def server(folder: Path) -> Iterator[DevServer]:
    """A Temporal server of our own with its state in a file, as `make up` starts it."""
    binary = resolve().binary
    if binary is None:
        raise BenchProblem(
            "TEMPORAL_ADDRESS を外してください。計測は自前のサーバーで行います / "
            "unset TEMPORAL_ADDRESS: the bench starts servers of its own"
        )
    running = start_dev_server(
        binary, db_file=folder / "temporal.db", log_file=folder / "temporal.log", search_attributes=SEARCH_ATTRIBUTES
    )
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def bare_worker(address: str) -> Iterator[subprocess.Popen[bytes]]:
    with _process([sys.executable, "-m", "bench.bare", address, QUEUE], {}) as worker:
        yield worker


@contextmanager
def real_worker(address: str, store: Store, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`worker.py` with its relay and channels, on the store; nothing is switched off."""
    environment = {
        "TASKFORCE_DATABASE_URL": store.database.url,
        "TASKFORCE_VAR_DIR": str(folder),
        "TEMPORAL_ADDRESS": address,
        "TASKFORCE_LOG_LEVEL": "error",
    }
    with _process([sys.executable, "worker.py"], environment) as worker:
        yield worker


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TASKFORCE_")}
    process = subprocess.Popen(
        command, cwd=ROOT, env=kept | environment, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def store_in(folder: Path) -> Store:
    return city(f"sqlite:///{folder / 'store.db'}")


# --- what people do --------------------------------------------------------------------------------------------------


async def give(store: Store, client: Client, step: Step) -> int:
    """Record and wake, unless the stream is being followed already; the version it led to."""
    outcome = await asyncio.to_thread(store.record, step.command, step.actor)
    if not outcome.behind:
        await wake(client, "lifecycle", outcome.stream, title=outcome.title, within=10.0)
    return outcome.version


def followed(store: Store, stream: str) -> int:
    with store.database.read() as connection:
        return int(connection.execute(_FOLLOWED, {"s": stream}).scalar() or 0)


async def all_followed(store: Store, pause: float = 0.01) -> None:
    await _until(lambda: not store.unfollowed(), pause)


async def settled(store: Store) -> None:
    """Everything followed and every notice sent: nothing is left to disturb the next measurement."""
    await _until(lambda: not store.unfollowed() and not outbox.waiting(store), 0.1)
    await asyncio.sleep(0.3)


async def _until(met: Callable[[], bool], pause: float) -> None:
    end = time.monotonic() + PATIENCE
    while not await asyncio.to_thread(met):
        if time.monotonic() > end:
            raise BenchProblem(f"{PATIENCE:.0f} 秒待っても追従しません / not followed within {PATIENCE:.0f} s")
        await asyncio.sleep(pause)


async def start_bare(client: Client, name: str) -> WorkflowHandle[BareWorkflow, None]:
    return await client.start_workflow(BareWorkflow.run, name, id=f"bare/{name}", task_queue=QUEUE)


async def bare_waits(client: Client, names: Sequence[str]) -> None:
    """Until each of them has had its first workflow task: three events more than its start. The last ones first."""
    for name in reversed(names):
        handle = client.get_workflow_handle(f"bare/{name}")
        while (await handle.describe()).history_length < 4:  # noqa: ASYNC110 — another process does it
            await asyncio.sleep(0.01)


async def at_once(number: int, items: Sequence[Any], do: Callable[[Any], Awaitable[Any]]) -> list[Any]:
    """`do` for every item, so many at a time; the results in order."""
    gate = asyncio.Semaphore(number)

    async def one(item: Any) -> Any:
        async with gate:
            return await do(item)

    return await asyncio.gather(*(one(item) for item in items))


def resident(pid: int) -> float:
    """Resident memory of a process in MB."""
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(shown.stdout) / 1024


def lifecycle_handle(client: Client, stream: str) -> WorkflowHandle[Any, Any]:
    return client.get_workflow_handle(workflow_id("lifecycle", stream))
