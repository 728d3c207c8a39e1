"""What the SDK's core has to say goes to Python's logging (stderr), never into what a command prints."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from temporalio import activity
from temporalio.worker import Worker

from runtime.devserver import connect, start_dev_server
from tests.integration.town import until


@activity.defn
async def nothing() -> None:
    """Never called: a worker needs something to poll for."""


async def test_a_worker_without_its_server_complains_on_stderr_only(
    temporal_binary: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    server = start_dev_server(
        temporal_binary, db_file=tmp_path / "t.db", log_file=tmp_path / "t.log", search_attributes={}
    )
    client = await connect(server.address, patience=20)
    async with Worker(client, task_queue="quiet", activities=[nothing]):
        await asyncio.sleep(1)  # a worker that cannot even begin gives up
        server.kill()
        await until(lambda: any("sdk_core" in record.name for record in caplog.records), 60, lambda: caplog.text)
    assert capfd.readouterr().out == ""
