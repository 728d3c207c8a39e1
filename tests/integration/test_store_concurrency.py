"""Many processes at once, and processes that die in the middle: one decision, no gap, nothing half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from domain.messages import Refused
from store.errors import Conflict
from store.store import Store
from store.tables import events
from store.verify import verify
from tests.toy import TOYS, Answer, Ask, Write, somebody

ROOT = Path(__file__).parents[2]
PROCESSES, EACH = 8, 25
together: Any = None
"""In the processes of the pool: the barrier at which all eight meet."""


def answer_often(url: str, process: int) -> list[str]:
    """25 answers to one question: every process sends the same twelve decisions, and thirteen that contradict them."""
    store = Store.open(url, kinds=TOYS)
    told = []
    for number in range(EACH):
        same = number < 12
        decision = "approve" if same else f"reject-{process}"
        command = Answer(command_id=f"same-{number}" if same else f"{process}-{number}", stream="s", decision=decision)
        try:
            outcome = store.record(command, somebody())
            told.append(f"{command.command_id} {'again' if outcome.duplicate else 'first'}")
        except Refused as refused:
            told.append(refused.refusal.rule)
    store.close()
    return told


def write_own(url: str, process: int) -> list[str]:
    """Streams of its own and one shared by all."""
    store = Store.open(url, kinds=TOYS)
    for number in range(EACH):
        store.record(Write(command_id=str(number), stream=f"own-{process}-{number % 5}", texts=("x", "y")), somebody())
        store.record(Write(command_id=f"{process}-{number}", stream="shared", texts=("z",)), somebody())
    store.close()
    return []


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """Eight processes that begin each job together."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    barrier = context.Barrier(PROCESSES)
    with context.Pool(PROCESSES, initializer=_begin_with, initargs=(barrier,)) as pool:
        yield pool
        pool.close()
        pool.join()


def _begin_with(barrier: Any) -> None:
    global together
    together = barrier


def _at_once(work: Callable[[str, int], list[str]], url: str, process: int) -> list[str]:
    together.wait(60)
    return work(url, process)


def in_processes(pool: Pool, work: Callable[[str, int], list[str]], url: str) -> list[str]:
    """What all eight tell. None takes two jobs: each waits for all the others to begin."""
    results = pool.starmap(_at_once, [(work, url, n) for n in range(PROCESSES)], chunksize=1)
    return [told for result in results for told in result]


def positions(store: Store) -> list[int]:
    with store.database.read() as connection:
        return list(connection.execute(sa.select(events.c.position).order_by(events.c.position)).scalars())


def test_200_duplicate_and_conflicting_answers_of_8_processes_are_one_decision(pool: Pool, database_url: str) -> None:
    store = Store.create(database_url, kinds=TOYS)
    store.record(Ask(command_id="ask", stream="s"), somebody())
    told = in_processes(pool, answer_often, database_url)
    assert len(told) == PROCESSES * EACH
    accepted = [t for t in told if " " in t]
    assert Counter(t.split()[1] for t in accepted)["first"] == 1
    assert len({t.split()[0] for t in accepted}) == 1, "nobody else was told yes"
    decided = accepted[0].split()[0]
    if decided.startswith("same-"):
        assert len(accepted) == PROCESSES, "whoever sent the decision that counted was told so"
    assert set(told) - set(accepted) == {"not-now"}
    assert [r.event.type for r in store.events("s")] == ["Asked", "Answered"]
    assert verify(store).problems == ()
    store.close()


def test_positions_have_no_gap_when_8_processes_write(pool: Pool, database_url: str) -> None:
    store = Store.create(database_url, kinds=TOYS)
    in_processes(pool, write_own, database_url)
    total = PROCESSES * EACH * 3
    assert positions(store) == list(range(1, total + 1))
    assert store.load("shared")[1] == PROCESSES * EACH
    assert verify(store).problems == ()
    store.close()


def test_twins_that_meet_get_one_outcome(database_url: str) -> None:
    """The same command at the same moment, again and again: each is told the outcome, none a refusal or an error."""
    store = Store.create(database_url, kinds=TOYS)
    with ThreadPoolExecutor(4) as threads:
        for number in range(15):
            barrier = Barrier(4)

            def send(number: int = number, barrier: Barrier = barrier) -> bool:
                barrier.wait()
                return store.record(Ask(command_id="c", stream=f"s{number}"), somebody()).duplicate

            assert sorted(f.result() for f in [threads.submit(send) for _ in range(4)]) == [False, True, True, True]
            command = Answer(command_id="a", stream=f"s{number}", comment="x")
            again = [threads.submit(store.record, command, somebody()) for _ in range(4)]
            assert sorted(f.result().duplicate for f in again) == [False, True, True, True]
    assert verify(store).problems == ()
    store.close()


def test_batches_over_the_same_streams_never_wait_for_each_other_for_ever(database_url: str) -> None:
    store = Store.create(database_url, kinds=TOYS)

    def batch(worker: int) -> int:
        streams = [f"s{n}" for n in range(6)]
        order = streams if worker % 2 else streams[::-1]
        texts = ("x",)
        done = store.record_many(
            [(Write(command_id=str(worker), stream=s, texts=texts), somebody(f"p{s}")) for s in order]
        )
        return sum(not isinstance(r, Refused) for r in done)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(batch, range(20))) == [6] * 20
    assert [store.load(f"s{n}")[1] for n in range(6)] == [20] * 6
    assert verify(store).problems == ()
    store.close()


def test_after_five_lost_races_the_answer_is_a_clear_error(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.create(sqlite_url, kinds=TOYS)
    seen = []

    def lost(state: object) -> bool:
        seen.append(state)
        raise Conflict("s")

    monkeypatch.setattr(TOYS["toy"], "closed", lost)
    with pytest.raises(Conflict, match="other writers were first 5 times"):
        store.record(Ask(command_id="c", stream="s"), somebody())
    assert len(seen) == 5 and positions(store) == []
    store.close()


WRITER = """
import sys
from store.store import Store
from tests.toy import TOYS, Ask, Answer, Write, somebody
store = Store.open(sys.argv[1], kinds=TOYS)
start = int(sys.argv[2])
for number in range(start, start + 100000):
    store.record(Ask(command_id=f"q{number}", stream=f"s{number}"), somebody())
    store.record(Answer(command_id=f"a{number}", stream=f"s{number}", comment="x"), somebody())
    store.record(Write(command_id=f"w{number}", stream="shared", texts=("1", "2", "3")), somebody())
    print(number, flush=True)
"""


@pytest.mark.parametrize("patience", [3, 4, 5])
def test_a_process_killed_while_writing_leaves_a_whole_store(database_url: str, patience: int) -> None:
    """SIGKILL at some moment of a steady stream of writes: whatever was acknowledged is there, nothing is half there."""
    store = Store.create(database_url, kinds=TOYS)
    acknowledged = -1
    for life in range(2):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, database_url, str(life * 100_000)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        for _ in range(patience * 3):
            acknowledged = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        acknowledged = max([acknowledged, *(int(line) for line in writer.stdout.read().split() if line)])
        writer.stdout.close()
        assert store.load(f"s{acknowledged}")[0].answered == 1
        assert store.load("shared")[0].notes % 3 == 0
        assert verify(store).problems == ()
    assert positions(store) == list(range(1, len(positions(store)) + 1))
    store.record(Write(command_id="after", stream="shared", texts=("x",)), somebody())
    store.close()
