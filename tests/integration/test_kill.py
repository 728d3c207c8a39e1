"""Workers killed with SIGKILL at the worst moments: nothing is lost and nothing is doubled."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest

from runtime.devserver import DevServer, connect
from store.verify import verify
from tests.integration.town import Town, stop, until

EXPECTED = [
    "LifecycleStarted",
    "StageEntered",
    "RequestOpened",
    "DeliverableSubmitted",
    "RequestClosed",
    "RequestOpened",
    "RequestAnswered",
    "RequestOpened",
    "RequestAnswered",
    "RequestOpened",
    "RequestAnswered",
    "GatePassed",
    "StageEntered",
    "RequestOpened",
]
"""What an undisturbed run gives."""


@pytest.mark.parametrize(
    ("moment", "number", "continue_after"),
    [
        ("follow", 2, None),
        ("announce", 2, None),
        ("announced", 2, None),
        ("advance", 2, None),
        ("follow", 3, 12),  # the first of a run that continues another as new
    ],
    ids=["before follow", "before effects", "during effects", "before advance", "in continue-as-new"],
)
async def test_a_worker_killed_at_any_moment_loses_and_doubles_nothing(
    temporal_server: DevServer, sqlite_url: str, tmp_path: Path, moment: str, number: int, continue_after: int | None
) -> None:
    town = Town(sqlite_url, temporal_server.address, tmp_path, f"test-{uuid4()}")
    client = await connect(temporal_server.address, patience=10)
    victim = town.worker_process(moment, str(number))
    survivor = None
    try:
        town.begin("a")
        await town.wake(client, "a", continue_after)
        await until(lambda: not town.store.unfollowed() or victim.poll() is not None, 30, town.diagnosis)
        town.submit("a")
        await town.wake(client, "a", continue_after)
        while town.state("a").work == "setup":
            await until(lambda: not town.store.unfollowed() or victim.poll() is not None, 30, town.diagnosis)
            town.approve("a")  # people go on, whether the worker lives or not
            await town.wake(client, "a", continue_after)
        await until(lambda: victim.poll() is not None, 30, town.diagnosis)
        assert victim.returncode == -signal.SIGKILL
        survivor = town.worker_process()
        await town.settle(150)
    finally:
        stop(victim)
        if survivor is not None:
            stop(survivor)
    assert town.types("a") == EXPECTED
    assert verify(town.store).ok
    assert town.sent_twice() == []
    states = Counter(state for _, state in town.notices().elements())
    assert set(states) <= {"sent", "in_doubt"}
    assert town.notices()["inbox", "sent"] == 5
    town.store.close()


async def test_two_workers_share_the_work(temporal_server: DevServer, sqlite_url: str, tmp_path: Path) -> None:
    town = Town(sqlite_url, temporal_server.address, tmp_path, f"test-{uuid4()}")
    client = await connect(temporal_server.address, patience=10)
    workers = [town.worker_process(), town.worker_process()]
    try:
        for i in range(6):
            town.begin(f"t{i}")
            await town.wake(client, f"t{i}")
            town.submit(f"t{i}")
            await town.wake(client, f"t{i}")
        await town.settle(150)
        await until(lambda: town.log().count("worker ready") == 2, 120, town.diagnosis)
        workers[0].send_signal(signal.SIGTERM)
        assert workers[0].wait(90) == 0  # a graceful stop
        for i in range(6):
            town.approve(f"t{i}")
            await town.wake(client, f"t{i}")
        await town.settle(150)
    finally:
        for worker in workers:
            stop(worker)
    assert town.sent_twice() == []
    assert verify(town.store).ok
    town.store.close()
