"""Temporal stopped while people answer, and started empty: without any command all lifecycles come back."""

from __future__ import annotations

from pathlib import Path

from temporalio.client import WorkflowExecutionStatus

from runtime.devserver import DevServer, connect, free_port, start_dev_server
from store.verify import verify
from tests.integration.town import Town, hurried, stop, until
from workflows.contract import SEARCH_ATTRIBUTES, workflow_id


async def test_an_emptied_temporal_is_noticed_and_everything_comes_back(
    temporal_binary: Path, sqlite_url: str, tmp_path: Path
) -> None:
    port = free_port()

    def server(name: str) -> DevServer:
        return start_dev_server(
            temporal_binary,
            db_file=tmp_path / f"{name}.db",
            log_file=tmp_path / f"{name}.log",
            search_attributes=SEARCH_ATTRIBUTES,
            port=port,
        )

    first = server("first")
    town = Town(sqlite_url, first.address, tmp_path, "taskforce", hurried(25.0))
    worker = town.worker_process()
    second = None
    try:
        client = await connect(first.address, patience=10)
        for ref in ("idle", "answered", "also-idle"):
            town.begin(ref)
            await town.wake(client, ref)
            town.submit(ref)
            await town.wake(client, ref)
        await town.settle()
        first.kill()
        town.approve("answered")  # recorded; its consequences wait
        assert not await town.wake(client, "answered")
        assert town.store.unfollowed() == [town.stream("answered")]
        second = server("second")  # another state file: Temporal has forgotten everything
        fresh = await connect(second.address, patience=20)

        def running() -> bool:
            return not town.store.unfollowed()

        await until(running, 60, town.diagnosis)
        await until(
            lambda: all("RequestOverdue" in town.types(r) for r in ("idle", "also-idle", "answered")),
            90,
            town.diagnosis,
        )
        for ref in ("idle", "answered", "also-idle"):
            described = await fresh.get_workflow_handle(workflow_id("lifecycle", town.stream(ref))).describe()
            assert described.status == WorkflowExecutionStatus.RUNNING
        await town.settle()
    finally:
        stop(worker)
        first.kill()
        if second is not None:
            second.kill()
    assert town.sent_twice() == []
    assert all(state == "sent" for _, state in town.notices())
    assert verify(town.store).ok
    town.store.close()
