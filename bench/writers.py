"""Many answers on one PostgreSQL: 8 writer processes, and one process that groups, against 8 processes that write the floor.

The floor of all three is the floor of `record` with its locked head, by 8 processes, one transaction an answer. It takes the
head first: it needs the positions for the events it then writes, and holds the head until its commit is on disk.
`record_postgres_8_late` compares with the same floor when it takes the head last, which only a writer does who prepares all
else before; it has no target, and says what is left to gain.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path
from threading import BrokenBarrierError

from bench.floor import Floor
from bench.goals import Figure, figure
from bench.records import rows_by_table
from bench.rounds import Bench, BenchProblem
from bench.walks import STAGES, Step, Walk, by_stage, city, walks
from runtime.postgres import postgres
from store.engine import Database
from store.store import Store

PROCESSES = 8
GROUP = 64
"""Commands in one transaction, for the process that groups."""
MODES = ("record", "floor", "late", "grouped")
PATIENCE = 120.0


def run(bench: Bench) -> list[Figure]:
    """Answers a second. Each round plays other lifecycles through their first stages, in every mode in turn."""
    each = bench.sized(4, 1)
    played = walks(bench.place("walks-8"), PROCESSES * each * (bench.rounds + 1))
    # Round 0 warms the processes up.
    rounds = [played[i :: bench.rounds + 1] for i in range(bench.rounds + 1)]
    with postgres(bench.place("postgres-8")) as server:
        urls = {mode: server.database() for mode in MODES}
        for url in urls.values():
            city(url).close()
        rates: dict[str, list[float]] = {mode: [] for mode in MODES}
        with _writing(bench.place("shares"), rounds, urls) as barrier:
            for number, walk in enumerate(rounds):
                for mode in _turn(number):
                    rate = _rate(barrier, walk, mode, urls)
                    if number:
                        rates[mode].append(rate)
        _same(urls)
    return [
        figure("record_postgres_8", rates["record"], rates["floor"]),
        figure("record_postgres_8_late", rates["record"], rates["late"]),
        figure("record_postgres_grouped", rates["grouped"], rates["floor"]),
    ]


def _turn(number: int) -> tuple[str, ...]:
    """The order of a round: turned, so that none is always first."""
    at = number % len(MODES)
    return MODES[at:] + MODES[:at]


def _rate(barrier: Barrier, walk: Sequence[Walk], mode: str, urls: dict[str, str]) -> float:
    """Answers a second of one mode, over the stages; what leads up to the answers is not timed."""
    if mode == "grouped":
        return _grouped(walk, urls[mode])
    seconds = 0.0
    for _ in STAGES:
        barrier.wait(PATIENCE)  # all are ready
        begun = time.perf_counter()
        barrier.wait(PATIENCE)  # all are done
        seconds += time.perf_counter() - begun
    return sum(s.answer for w in walk for s in w) / seconds


def _grouped(walk: Sequence[Walk], url: str) -> float:
    store, seconds, count = Store.open(url), 0.0, 0
    for stage in STAGES:
        for step in by_stage(walk, stage, answers=False):
            store.record(step.command, step.actor)
        steps = by_stage(walk, stage, answers=True)
        count += len(steps)
        begun = time.perf_counter()
        for at in range(0, len(steps), GROUP):
            for result in store.record_many([(s.command, s.actor) for s in steps[at : at + GROUP]]):
                if isinstance(result, Exception):
                    raise result
        seconds += time.perf_counter() - begun
    store.close()
    return count / seconds


@contextmanager
def _writing(folder: Path, rounds: Sequence[Sequence[Walk]], urls: dict[str, str]) -> Iterator[Barrier]:
    """The writer processes, each with its share of every round; they work when the barrier opens."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES + 1)
    children = []
    for number in range(PROCESSES):
        share = folder / f"{number}.pickle"
        share.write_bytes(pickle.dumps([walk[number::PROCESSES] for walk in rounds]))
        child = context.Process(target=write, args=(share, urls, barrier), daemon=True)
        child.start()
        children.append(child)
    try:
        try:
            yield barrier
        except BrokenBarrierError:
            raise BenchProblem("書き込みプロセスが終わりました / a writer process ended; its error is above") from None
        for child in children:
            child.join(PATIENCE)
    finally:
        for child in children:
            if child.is_alive():
                child.kill()


def write(share: Path, urls: dict[str, str], barrier: Barrier) -> None:
    """One writer process."""
    try:
        rounds: list[list[Walk]] = pickle.loads(share.read_bytes())
        store, first, late = (Store.open(urls[mode]) for mode in ("record", "floor", "late"))
        floors = {"floor": Floor(first.database), "late": Floor(late.database, late=True)}
        for number, walk in enumerate(rounds):
            for mode in _turn(number):
                if mode == "record":
                    _stages(walk, barrier, lambda step: store.record(step.command, step.actor))
                elif mode in floors:
                    floor = floors[mode]
                    _stages(walk, barrier, lambda step, floor=floor: floor.write([step.change]))  # type: ignore[misc]
    except BaseException:
        barrier.abort()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)


def _stages(walk: Sequence[Walk], barrier: Barrier, do: Callable[[Step], object]) -> None:
    for stage in STAGES:
        for step in by_stage(walk, stage, answers=False):
            do(step)
        answers = by_stage(walk, stage, answers=True)
        barrier.wait(PATIENCE)
        for step in answers:
            do(step)
        barrier.wait(PATIENCE)


def _same(urls: dict[str, str]) -> None:
    counts = []
    for url in urls.values():
        database = Database(url)
        counts.append(rows_by_table(database))
        database.close()
    assert all(c == counts[0] for c in counts), f"the modes wrote different rows: {counts}"
