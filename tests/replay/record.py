"""Writes a history to replay: a lifecycle through its first gate, answered by commands and once through Temporal."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

from runtime.devserver import start_dev_server
from runtime.temporal import resolve
from tests.integration.test_workflow import _input
from tests.integration.town import Town, hurried, until
from workflows.contract import ANSWER, SEARCH_ATTRIBUTES, AnswerResult, workflow_id
from workflows.signing import load_or_create_key, sign


async def record(name: str, folder: Path) -> None:
    binary = resolve().binary
    assert binary is not None
    server = start_dev_server(
        binary, db_file=folder / "temporal.db", log_file=folder / "temporal.log", search_attributes=SEARCH_ATTRIBUTES
    )
    town = Town(f"sqlite:///{folder / 'store.db'}", server.address, folder, f"record-{uuid4()}", hurried(3.0))
    client = await town.client()
    async with town.working(client, relay=False):
        town.begin("a")
        await town.wake(client, "a")
        town.submit("a")
        await town.wake(client, "a")
        await until(lambda: not town.store.unfollowed(), 10)
        handle = client.get_workflow_handle(workflow_id("lifecycle", town.stream("a")))
        given = sign(load_or_create_key(town.settings.key_file), _input(town, "a"))
        await handle.execute_update(ANSWER, given, result_type=AnswerResult)
        await until(lambda: "RequestOverdue" in town.types("a"), 20)
        while town.state("a").work == "setup":
            town.approve("a")
            await town.wake(client, "a")
        await until(lambda: not town.store.unfollowed(), 10)
        await asyncio.sleep(0.5)
        text = (await handle.fetch_history()).to_json()
    server.stop()
    # Who ran it and where is nobody's business.
    text = re.sub(r'"(identity|workerId)":\s*"[^"]*"', r'"\1": "worker"', text)
    text = re.sub(r'"name":\s*"[^"]*@[^"]*"', '"name": "sticky"', text)
    pretty = json.dumps(json.loads(text), ensure_ascii=False, indent=1)
    (Path(__file__).parent / "histories" / f"{name}.json").write_text(pretty + "\n", "utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(record(sys.argv[1], Path(made)))
    os._exit(0)
