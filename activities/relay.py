"""The relay: wakes what is behind or overdue, the channels that owe notices, and everything when Temporal lost its memory."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from store import outbox
from store.errors import StoreError
from store.store import Store
from workflows.contract import (
    CHANNEL_WORKFLOW,
    SENTINEL_WORKFLOW,
    TASK_QUEUE,
    WOKEN,
    ChannelInput,
    channel_id,
    sentinel_id,
)
from workflows.wake import wake

log = structlog.get_logger()
AT_ONCE = 16
_FIRST_BACKOFF = timedelta(seconds=5)
_LONGEST_BACKOFF = timedelta(minutes=10)


class Relay:
    """Runs beside the worker. Several relays at once are harmless: a wake is idempotent, and their ticks are spread."""

    def __init__(
        self,
        client: Client,
        store: Store,
        *,
        interval: float = 3.0,
        grace: float = 5.0,
        task_queue: str = TASK_QUEUE,
        within: float = 5.0,
        continue_after: int | None = None,
    ) -> None:
        self._client = client
        self._store = store
        self._interval = interval
        self._grace = timedelta(seconds=grace)
        self._queue = task_queue
        self._within = within
        self._continue_after = continue_after
        self._loop: asyncio.AbstractEventLoop | None = None
        self._poked = asyncio.Event()
        self._backoff: dict[str, timedelta] = {}
        self.metrics: dict[str, Any] = {"ticks": 0, "woken": 0, "recoveries": 0, "failures": 0, "last_tick": None}

    def poke(self) -> None:
        """From any thread: notices may be waiting."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._poked.set)

    async def run(self) -> None:
        """Tick until cancelled. A failing tick is logged and the next one tries again."""
        self._loop = asyncio.get_running_loop()
        last = 0.0
        while True:
            try:
                if self._loop.time() - last >= self._interval * 0.5:
                    await self.tick()
                    last = self._loop.time()
                else:
                    await self._wake_channels()
            except (RPCError, StoreError, OSError, TimeoutError) as error:
                self.metrics["failures"] += 1
                log.warning("relay: a round failed; the next one tries again", error=str(error) or type(error).__name__)
            await self._pause()

    async def _pause(self) -> None:
        """Until the next round (with jitter), or until poked; pokes are gathered for a moment."""
        try:
            async with asyncio.timeout(self._interval * random.uniform(0.8, 1.2)):
                await self._poked.wait()
            await asyncio.sleep(0.25)
            self._poked.clear()
        except TimeoutError:
            pass

    async def tick(self) -> None:
        """One round."""
        if not await self._sentinel_lives():
            await self.wake_all()
            await self._start_sentinel()
        behind = await asyncio.to_thread(self._store.behind, self._grace)
        await self._wake(behind)
        for _, stream, _ in behind:
            await self._postpone(stream)
        still = {stream for _, stream, _ in behind}
        self._backoff = {s: b for s, b in self._backoff.items() if s in still}
        await self._wake_channels()
        self.metrics["ticks"] += 1
        self.metrics["last_tick"] = datetime.now(UTC).isoformat()

    async def wake_all(self) -> int:
        """Wake every open stream: recovery after Temporal lost its memory, or by the command `recover`."""
        streams = await asyncio.to_thread(self._store.open_streams)
        if streams:
            log.warning("relay: Temporal does not know the open lifecycles; waking all", count=len(streams))
        self.metrics["recoveries"] += 1
        return await self._wake(streams)

    async def _wake(self, streams: Iterable[tuple[str, str, str]]) -> int:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(kind: str, stream: str, title: str) -> bool:
            async with gate:
                return await wake(
                    self._client,
                    kind,
                    stream,
                    title=title,
                    task_queue=self._queue,
                    within=self._within,
                    continue_after=self._continue_after,
                )

        woken = sum(await asyncio.gather(*(one(*s) for s in streams)))
        self.metrics["woken"] += woken
        return woken

    async def _postpone(self, stream: str) -> None:
        pause = self._backoff.get(stream, _FIRST_BACKOFF)
        self._backoff[stream] = min(pause * 2, _LONGEST_BACKOFF)
        await asyncio.to_thread(self._store.postpone, stream, self._store.clock.now() + pause)

    async def _wake_channels(self) -> None:
        for channel in await asyncio.to_thread(outbox.waiting, self._store):
            await self._client.start_workflow(
                CHANNEL_WORKFLOW,
                ChannelInput(channel=channel),
                id=channel_id(channel, self._queue),
                task_queue=self._queue,
                start_signal=WOKEN,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                static_summary=f"{channel}: 通知 / notices",
            )

    async def _sentinel_lives(self) -> bool:
        try:
            described = await self._client.get_workflow_handle(sentinel_id(self._queue)).describe()
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return False
            raise
        return described.status == WorkflowExecutionStatus.RUNNING

    async def _start_sentinel(self) -> None:
        await self._client.start_workflow(
            SENTINEL_WORKFLOW,
            id=sentinel_id(self._queue),
            task_queue=self._queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary="番人 / sentinel",
        )
