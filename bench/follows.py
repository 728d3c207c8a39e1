"""What a city feels: answers acknowledged, their consequences there, lifecycles started. On one Temporal server with its floor.

Figure: the real worker in a process of its own, with relay, timers, announcements, notices, search attributes and details; the
store is an SQLite file; people record and wake from this process. Floor: the bare workflow of `bench.bare` by its own worker
process, on the same server, answered by updates from this process; see there for the little it does.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from temporalio.client import Client

from bench.goals import Figure, figure
from bench.rounds import Bench
from bench.town import (
    all_followed,
    at_once,
    bare_waits,
    bare_worker,
    followed,
    give,
    lifecycle_handle,
    real_worker,
    server,
    settled,
    start_bare,
    store_in,
)
from bench.walks import Step, Walk, start, stream_id, walks
from runtime.devserver import connect
from store.store import Store
from tests.city import person

PEOPLE = 20
PAUSE = 0.05
"""Seconds between two answers given one at a time, so that the one before has come to rest on the server."""


def run(bench: Bench) -> list[Figure]:
    """All figures of the group, on one server."""
    place = bench.place("follows")
    played = walks(bench.place("walks-f"), (PEOPLE + 1) * (bench.rounds + 1), rows=False)
    store = store_in(place)
    with server(place) as temporal, real_worker(temporal.address, store, place), bare_worker(temporal.address):
        found = asyncio.run(_all(bench, temporal.address, store, played))
    store.close()
    return found


async def _all(bench: Bench, address: str, store: Store, played: list[Walk]) -> list[Figure]:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(PEOPLE + 4))
    client = await connect(address, patience=30)
    crowds = [played[i :: bench.rounds + 1] for i in range(bench.rounds + 1)]
    deep = bench.sized(len(played[0]), 6)
    await _warm(client, store, [w[:deep] for w in crowds[0]])
    return [
        *await _crowds(client, store, [[w[:deep] for w in crowd[:PEOPLE]] for crowd in crowds[1:]]),
        *await _one_by_one(client, store, [crowd[PEOPLE][:deep] for crowd in crowds[1:]]),
        *await _starts(client, store, bench.rounds, bench.sized(200, 40)),
    ]


async def _warm(client: Client, store: Store, crowd: Sequence[Walk]) -> None:
    await _crowd(client, store, crowd[:5])
    await _bare_crowd(client, "warm", 5, 5)


# --- 20 at once ------------------------------------------------------------------------------------------------------


async def _crowds(client: Client, store: Store, crowds: Sequence[Sequence[Walk]]) -> list[Figure]:
    """`answers_followed`, `ack_p99`: 20 people, each answering for one lifecycle, the next as soon as one is acknowledged.

    An answer is whatever a person is asked for: a deliverable, or a decision. The clock runs from the first until every stream
    is followed to its end; for the floor until every update has returned.
    """
    values: list[float] = []
    floors: list[float] = []
    waits: list[float] = []
    for number, crowd in enumerate(crowds):
        rate, acknowledged = await _crowd(client, store, crowd)
        values.append(rate)
        waits.append(statistics.quantiles(acknowledged, n=100)[98] * 1000)
        floors.append(await _bare_crowd(client, f"crowd-{number}", len(crowd), len(crowd[0]) - 1))
    return [figure("answers_followed", values, floors), figure("ack_p99", waits)]


async def _crowd(client: Client, store: Store, crowd: Sequence[Walk]) -> tuple[float, list[float]]:
    """Answers a second, and the seconds each took to be acknowledged (recorded and woken)."""
    await asyncio.gather(*(give(store, client, walk[0]) for walk in crowd))
    await settled(store)
    waits: list[float] = []

    async def answer(walk: Walk) -> None:
        for step in walk[1:]:
            begun = time.perf_counter()
            await give(store, client, step)
            waits.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(answer(walk) for walk in crowd))
    await all_followed(store)
    rate = len(waits) / (time.perf_counter() - begun)
    await settled(store)
    return rate, waits


async def _bare_crowd(client: Client, of: str, number: int, answers: int) -> float:
    handles = [await start_bare(client, f"{of}-{n}") for n in range(number)]
    await bare_waits(client, [f"{of}-{n}" for n in range(number)])

    async def answer(handle: object) -> None:
        for _ in range(answers):
            await handle.execute_update("answer", "approve")  # type: ignore[attr-defined]

    begun = time.perf_counter()
    await asyncio.gather(*(answer(handle) for handle in handles))
    rate = number * answers / (time.perf_counter() - begun)
    for handle in handles:
        await handle.terminate()
    return rate


# --- one at a time ---------------------------------------------------------------------------------------------------


async def _one_by_one(client: Client, store: Store, given: Sequence[Walk]) -> list[Figure]:
    """`follow_lag`: from the return of `record` until `followed` has moved to what it wrote, waking included; the floor: an
    update from its sending to its result. Answer and update in turns. `history_events`: by how much each answer's walk made
    the lifecycle's history longer, the notice channels' not counted."""
    lags: list[float] = []
    floors: list[float] = []
    events: list[float] = []
    for number, walk in enumerate(given):
        bare = await start_bare(client, f"one-{number}")
        await bare_waits(client, [f"one-{number}"])
        stream = walk[0].command.stream
        await give(store, client, walk[0])
        await settled(store)
        before = await _length(client, stream)
        lag, floor = [], []
        for step in walk[1:]:
            lag.append(await _lag(client, store, step))
            await asyncio.sleep(PAUSE)
            begun = time.perf_counter()
            await bare.execute_update("answer", "approve")
            floor.append(time.perf_counter() - begun)
            await asyncio.sleep(PAUSE)
        await settled(store)
        events.append((await _length(client, stream) - before) / (len(walk) - 1))
        lags.append(statistics.median(lag) * 1000)
        floors.append(statistics.median(floor) * 1000)
        await bare.terminate()
    return [figure("follow_lag", lags, floors), figure("history_events", events)]


async def _lag(client: Client, store: Store, step: Step) -> float:
    from workflows.wake import wake

    outcome = await asyncio.to_thread(store.record, step.command, step.actor)
    begun = time.perf_counter()
    await wake(client, "lifecycle", outcome.stream, title=outcome.title, within=10.0)
    while followed(store, outcome.stream) < outcome.version:  # noqa: ASYNC110 — another process moves it
        await asyncio.sleep(0.001)
    return time.perf_counter() - begun


async def _length(client: Client, stream: str) -> int:
    return (await lifecycle_handle(client, stream).describe()).history_length


# --- starts ----------------------------------------------------------------------------------------------------------


async def _starts(client: Client, store: Store, rounds: int, number: int) -> list[Figure]:
    """`start_rate`: recorded and woken, 20 at once, against `start_workflow` of the bare one; `start_followed_rate`: until all
    that a start leads to is followed (request opened and announced), against the bare ones' first workflow task being done."""
    rates: dict[str, list[float]] = {"start": [], "followed": [], "bare": [], "waits": []}
    for r in range(rounds):
        steps = [_start(r * number + n) for n in range(number)]
        begun = time.perf_counter()
        await at_once(PEOPLE, steps, lambda step: give(store, client, step))
        rates["start"].append(number / (time.perf_counter() - begun))
        await all_followed(store)
        rates["followed"].append(number / (time.perf_counter() - begun))
        await settled(store)
        names = [f"start-{r}-{n}" for n in range(number)]
        begun = time.perf_counter()
        await at_once(PEOPLE, names, lambda name: start_bare(client, name))
        rates["bare"].append(number / (time.perf_counter() - begun))
        await bare_waits(client, names[-PEOPLE:])
        rates["waits"].append(number / (time.perf_counter() - begun))
    return [
        figure("start_rate", rates["start"], rates["bare"]),
        figure("start_followed_rate", rates["followed"], rates["waits"]),
    ]


def _start(number: int) -> Step:
    return Step(start(stream_id(number, "start"), number), person("drafter"), "setup", answer=False)
