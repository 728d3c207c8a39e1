"""The worker: workflows, activities, relay and health in one process. Several may run at once.

Workers are upgraded by stopping old and starting new ones while lifecycles run: rules live in activities, so no history
depends on them, and a run that cannot be replayed fails and is started afresh by the relay.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import structlog
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import NondeterminismError

from activities.channels import ChannelActivities
from activities.feeds import FeedActivities
from activities.relay import Relay
from activities.streams import StreamActivities
from notifications.registry import configured
from runtime.devserver import ServerProblem, connect, ensure_search_attributes
from runtime.logs import configure_logging
from settings import Settings, SettingsError, load
from store.errors import StoreError, StoreMisnamed, StoreNotReady, StoreUnreachable, StoreVirtual
from store.store import Store
from workflows.bodies import CouncilWorkflow, MonitoringWorkflow, RhythmWorkflow, SelectionWorkflow
from workflows.channel import ChannelWorkflow
from workflows.contract import SEARCH_ATTRIBUTES
from workflows.feeds import KpiFeedWorkflow
from workflows.lifecycle import LifecycleWorkflow
from workflows.sentinel import SentinelWorkflow
from workflows.signing import load_or_create_key

log = structlog.get_logger()
VERSION = "0.1.0"
WORKFLOWS = [
    LifecycleWorkflow,
    SelectionWorkflow,
    CouncilWorkflow,
    MonitoringWorkflow,
    RhythmWorkflow,
    KpiFeedWorkflow,
    ChannelWorkflow,
    SentinelWorkflow,
]


def build_worker(
    client: Client,
    store: Store,
    settings: Settings,
    *,
    poke: Callable[[], None] = lambda: None,
    key: bytes | None = None,
    wrap: Callable[[StreamActivities], StreamActivities] = lambda activities: activities,
) -> Worker:
    """A worker on the settings' task queue. `wrap` lets a test put something between workflow and store."""
    key = load_or_create_key(settings.key_file) if key is None else key
    streams = wrap(StreamActivities(store, key=key, allow_unsigned=settings.allow_unsigned_updates, poke=poke))
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=WORKFLOWS,
        activities=[
            *streams.all(),
            *ChannelActivities(store, configured(settings)).all(),
            *FeedActivities(store, settings.pull_hosts).all(),
        ],
        activity_executor=ThreadPoolExecutor(settings.max_activities, thread_name_prefix="activity"),
        max_concurrent_activities=settings.max_activities,
        max_concurrent_local_activities=settings.max_activities,
        build_id=f"taskforce-{VERSION}",  # else the SDK hashes every loaded module, for seconds
        max_cached_workflows=2000,
        graceful_shutdown_timeout=timedelta(seconds=10),
        workflow_failure_exception_types=[NondeterminismError],
        workflow_runner=SandboxedWorkflowRunner(
            restrictions=SandboxRestrictions.default.with_passthrough_modules(
                "pydantic", "pydantic_core", "annotated_types"
            )
        ),
    )


def build_relay(client: Client, store: Store, settings: Settings) -> Relay:
    return Relay(
        client,
        store,
        interval=settings.relay_interval,
        grace=settings.relay_grace,
        task_queue=settings.task_queue,
        continue_after=settings.continue_as_new_after,
    )


async def serve(settings: Settings) -> None:
    """Run until a signal comes. Raises `StoreError` or `ServerProblem` when it cannot begin."""
    store = Store.open(settings.database_url, closed_days=settings.closed_days)
    if store.clock.virtual:
        raise StoreVirtual(
            f"{store.database.shown}: 予行用(仮想時計)のデータベースです。実運用のワーカーでは使えません / "
            "this store belongs to a rehearsal (virtual clock); a worker does not run on it. Name another with TASKFORCE_DATABASE_URL"
        )
    client = await connect(settings.temporal_address, settings.temporal_namespace, patience=30)
    await ensure_search_attributes(client, SEARCH_ATTRIBUTES)
    relay = build_relay(client, store, settings)
    worker = build_worker(client, store, settings, poke=relay.poke)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _stopper(stop))
    health = await _health(settings.health_port, store, relay) if settings.health_port else None
    async with worker:
        ticking = asyncio.create_task(relay.run())
        log.info(
            "worker ready", queue=settings.task_queue, temporal=settings.temporal_address, database=store.database.shown
        )
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({ticking, waiting}, return_when=asyncio.FIRST_COMPLETED)
        log.info("worker stopping: running activities are finished first")
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking
    if health is not None:
        health.close()
    store.close()
    log.info("worker stopped")


def _stopper(stop: asyncio.Event) -> Callable[[], None]:
    def on_signal() -> None:
        if stop.is_set():
            _leave(130)  # the second time: at once; nothing is lost by it
        stop.set()

    return on_signal


async def _health(port: int, store: Store, relay: Relay) -> asyncio.Server:
    """`GET /healthz`: 200 when the store answers, else 503; JSON with the relay's figures."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(Exception):
            await asyncio.wait_for(reader.readline(), 5)
            try:
                behind = len(await asyncio.to_thread(store.unfollowed))
                status, body = "200 OK", {"ok": True, "behind": behind, "relay": relay.metrics}
            except StoreError as error:
                status, body = "503 Service Unavailable", {"ok": False, "error": str(error), "relay": relay.metrics}
            text = json.dumps(body, ensure_ascii=False).encode()
            head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + text)
            await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, "0.0.0.0", port)


def main() -> int:
    try:
        settings = load()
        configure_logging(settings)
        asyncio.run(serve(settings))
        return 0
    except (SettingsError, StoreMisnamed, StoreNotReady, StoreVirtual) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (StoreUnreachable, ServerProblem) as error:
        sys.stderr.write(f"{error}\n")
        return 4
    except KeyboardInterrupt:
        return 130


def _leave(code: int) -> None:
    """Flush and leave at once: the SDK may crash the interpreter on its way out after a worker ran (sdk-python issue 300)."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(main())
