"""A small city on real parts: a store, a Temporal server, workers in this process or as processes of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from temporalio.client import Client

from activities.relay import Relay
from activities.streams import StreamActivities
from domain.directory_stream import STREAM as DIRECTORY
from domain.directory_stream import ImportDirectory
from domain.lifecycle import commands as c
from domain.lifecycle.state import Lifecycle
from domain.messages import SYSTEM, Actor
from domain.process import ProcessDefinition
from domain.process_stream import PublishDefinition, stream_of
from runtime.devserver import connect
from settings import ROOT, Settings
from store.store import Store
from store.tables import deliveries
from store.transaction import Outcome
from tests.city import PROCESS, VALID, directory, person
from worker import build_relay, build_worker
from workflows.wake import wake


def hurried(due: float = 600, **more: Any) -> ProcessDefinition:
    """Himeji's process with spans in seconds, so that real timers pass within a test."""
    document = PROCESS.model_dump(mode="json")
    for stage in (*document["stages"], document["wind_down"]):
        stage["due"], stage["remind_before"] = {"seconds": due}, None
        for step in stage["gate"]:
            step |= {
                "due": {"seconds": due},
                "remind_before": None,
                "escalate_after": None,
                "escalate_to": None,
                **more,
            }
    return ProcessDefinition.model_validate(document)


class Town:
    """Commands of people, waking included; `settle` waits until workflows have followed everything."""

    def __init__(
        self, url: str, address: str, folder: Path, queue: str, process: ProcessDefinition | None = None
    ) -> None:
        self.process = process or hurried()
        self.settings = Settings(
            database_url=url,
            temporal_address=address,
            var_dir=folder,
            task_queue=queue,
            relay_interval=0.5,
            relay_grace=0.5,
            log_format="json",
        )
        self.store = Store.create(url)
        imported = ImportDirectory(command_id="people", stream=DIRECTORY, directory=directory())
        published = PublishDefinition(command_id="himeji", stream=stream_of(self.process.name), definition=self.process)
        self.store.record(imported, SYSTEM)
        self.store.record(published, SYSTEM)
        self._number = 0

    # --- people ------------------------------------------------------------------------------------------------------

    def stream(self, ref: str) -> str:
        return str(uuid5(NAMESPACE_URL, f"{self.settings.task_queue}/{ref}"))

    def state(self, ref: str) -> Lifecycle:
        state: Lifecycle = self.store.load(self.stream(ref))[0]
        return state

    def types(self, ref: str) -> list[str]:
        return [r.event.type for r in self.store.events(self.stream(ref))]

    def record(self, kind: type[Any], task: str, actor: Actor, **fields: Any) -> Outcome:
        self._number += 1
        fields.setdefault("command_id", f"c{self._number}")
        return self.store.record(kind(stream=self.stream(task), **fields), actor)

    def begin(self, ref: str) -> Outcome:
        fields = {"ref": ref, "title": f"課題 {ref}", "section": "child-section", "definition": self.process.reference}
        return self.record(c.StartLifecycle, ref, person("drafter"), **fields)

    def submit(self, ref: str) -> Outcome:
        stage = self.process.stage(self.state(ref).work)
        content = VALID[stage.deliverable]
        return self.record(c.SubmitDeliverable, ref, person("drafter"), stage=stage.key, content=content)

    def approve(self, ref: str) -> Outcome:
        """The first open request, answered by who holds its post."""
        request = self.state(ref).requests[0]
        return self.record(c.AnswerRequest, ref, self.holder(ref), request=request.id, decision="approve")

    def holder(self, ref: str) -> Actor:
        request = self.state(ref).requests[0]
        people = self.store.facts().directory
        held = [
            p for p in people.holders(request.post, self.store.clock.now().date()) if p not in ("p-robot", "p-auditor")
        ]
        return person(held[0].removeprefix("p-"))

    # --- machines ----------------------------------------------------------------------------------------------------

    async def client(self) -> Client:
        return await connect(self.settings.temporal_address, patience=10)

    async def wake(self, client: Client, ref: str, continue_after: int | None = None) -> bool:
        return await wake(
            client,
            "lifecycle",
            self.stream(ref),
            title=f"課題 {ref}",
            task_queue=self.settings.task_queue,
            continue_after=continue_after,
        )

    @asynccontextmanager
    async def working(
        self, client: Client, *, relay: bool = True, wrap: Callable[[StreamActivities], StreamActivities] = lambda a: a
    ) -> AsyncIterator[Relay]:
        """A worker (and relay) in this process."""
        ticking = build_relay(client, self.store, self.settings)
        async with build_worker(client, self.store, self.settings, poke=ticking.poke, wrap=wrap):
            task = asyncio.create_task(ticking.run()) if relay else None
            yield ticking
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def worker_process(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A worker of its own: `worker.py`, or with arguments the one that dies where it is told to."""
        program = ["worker.py"] if not arguments else ["-m", "tests.integration.mortal_worker", *arguments]
        environment = {
            **os.environ,
            "TASKFORCE_DATABASE_URL": self.settings.database_url,
            "TEMPORAL_ADDRESS": self.settings.temporal_address,
            "TASKFORCE_VAR_DIR": str(self.settings.var_dir),
            "TASKFORCE_TASK_QUEUE": self.settings.task_queue,
            "TASKFORCE_RELAY_INTERVAL": "0.5",
            "TASKFORCE_RELAY_GRACE": "0.5",
            "TASKFORCE_LOG_FORMAT": "json",
        }
        with (self.settings.var_dir / "worker.log").open("ab") as log:
            return subprocess.Popen([sys.executable, *program], cwd=ROOT, env=environment, stdout=log, stderr=log)

    async def settle(self, seconds: float = 150) -> None:
        """Until every stream is followed to its end and every notice is sent."""
        await until(lambda: not self.store.unfollowed() and not self.unsent(), seconds, self.diagnosis)

    def log(self) -> str:
        """What worker processes have said so far."""
        log = self.settings.var_dir / "worker.log"
        return log.read_text("utf-8", "replace") if log.exists() else ""

    def diagnosis(self) -> str:
        return f"behind: {self.store.unfollowed()}, unsent: {self.unsent()}\n{self.log()[-1500:]}"

    def unsent(self) -> int:
        return sum(n for (_, state), n in self.notices().items() if state in ("pending", "sending"))

    def notices(self) -> Counter[tuple[str, str]]:
        """How many notices by channel and state."""
        with self.store.database.read() as connection:
            return Counter((r.channel, r.state) for r in connection.execute(deliveries.select()))

    def sent_twice(self) -> list[str]:
        """Message ids that stand more than once in the log of worker processes."""
        ids = [
            line.split('"message_id": "')[1].split('"')[0]
            for line in self.log().splitlines()
            if '"message_id": "' in line
        ]
        return [i for i, n in Counter(ids).items() if n > 1]


async def until(met: Callable[[], bool], seconds: float, explain: Callable[[], str] = lambda: "") -> None:
    """Wait for a condition; AssertionError with an explanation when it does not come true in time."""
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(met):
        assert time.monotonic() < end, f"not within {seconds} s. {explain()}"
        await asyncio.sleep(0.05)


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(90)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
