"""`idle_memory`: what open lifecycles cost while they wait, against as many bare workflows that wait.

Each kind has a fresh server and a fresh worker process of its own. What is counted is by how much the resident memory of both
together grows, from a server and a worker that have served a few until all are open and everything is at rest. Measured once a
run: it takes minutes, and memory is not noisy as time is.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from bench.goals import Figure, figure
from bench.rounds import Bench
from bench.town import (
    all_followed,
    at_once,
    bare_worker,
    real_worker,
    resident,
    server,
    settled,
    start_bare,
    store_in,
)
from bench.walks import start, stream_id
from runtime.devserver import connect
from store.store import Store
from tests.city import person
from workflows.wake import wake

FIRST = 100
"""How many are opened before the memory is first read: modules are loaded and pools filled by them."""
GROUP = 100
AT_REST = 5.0


def run(bench: Bench) -> list[Figure]:
    return [figure("idle_memory", [_lifecycles(bench)], [_bare(bench)])]


def _lifecycles(bench: Bench) -> float:
    """MB by which server and worker grow. Each lifecycle is started, its request announced, and a timer waits for its due date."""
    place = bench.place("idle")
    store = store_in(place)
    with server(place) as temporal, real_worker(temporal.address, store, place) as worker:

        async def whole() -> float:
            await _open(temporal.address, store, 0, FIRST)
            before = resident(temporal.process.pid) + resident(worker.pid)
            await _open(temporal.address, store, FIRST, bench.idle)
            return resident(temporal.process.pid) + resident(worker.pid) - before

        grown = asyncio.run(whole())
    store.close()
    return grown


async def _open(address: str, store: Store, first: int, last: int) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(8))
    client = await connect(address, patience=30)
    drafter = person("drafter")
    for at in range(first, last, GROUP):
        group = range(at, min(at + GROUP, last))
        batch = [(start(stream_id(n, "idle"), n), drafter) for n in group]
        await asyncio.to_thread(store.record_many, batch)
        await at_once(20, [c.stream for c, _ in batch], lambda stream: wake(client, "lifecycle", stream, within=20.0))
        if at % (GROUP * 5) == 0:
            await all_followed(store, 0.1)  # nothing piles up that would take memory of its own
    await settled(store)
    await asyncio.sleep(AT_REST)


def _bare(bench: Bench) -> float:
    with server(bench.place("idle-bare")) as temporal, bare_worker(temporal.address) as worker:

        async def whole() -> float:
            await _open_bare(temporal.address, 0, FIRST)
            before = resident(temporal.process.pid) + resident(worker.pid)
            await _open_bare(temporal.address, FIRST, bench.idle)
            return resident(temporal.process.pid) + resident(worker.pid) - before

        return asyncio.run(whole())


async def _open_bare(address: str, first: int, last: int) -> None:
    client = await connect(address, patience=30)
    handles = await at_once(20, [f"idle-{n}" for n in range(first, last)], lambda name: start_bare(client, name))
    # The last ones' first workflow task is done: three more events than the start.
    for handle in handles[-50:]:
        while (await handle.describe()).history_length < 4:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await asyncio.sleep(AT_REST)
