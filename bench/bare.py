"""The floor of everything that follows: a workflow that waits, and is answered by an update that runs one local activity.

`python -m bench.bare ADDRESS QUEUE` is its worker: a process of its own with the options of the real one, outside the sandbox
like it. The workflow keeps nothing, shows nothing and has no timer; the activity returns its argument's length and touches
nothing.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio import activity, workflow

QUEUE = "bench-bare"


@activity.defn
def note(given: str) -> int:
    return len(given)


@workflow.defn(name="Bare", sandboxed=False)
class BareWorkflow:
    @workflow.init
    def __init__(self, name: str) -> None:
        self._answers = 0

    @workflow.run
    async def run(self, name: str) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.update
    async def answer(self, given: str) -> int:
        self._answers += await workflow.execute_local_activity(
            "note", given, result_type=int, start_to_close_timeout=timedelta(seconds=30)
        )
        return self._answers


async def serve(address: str, queue: str) -> None:
    """Until it is told to end. Threads, cache, sandbox and pydantic converter as in `worker.py`."""
    from temporalio.worker import Worker
    from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

    from runtime.devserver import connect

    client = await connect(address, patience=30)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    passed = SandboxRestrictions.default.with_passthrough_modules("pydantic", "pydantic_core", "annotated_types")
    async with Worker(
        client,
        task_queue=queue,
        workflows=[BareWorkflow],
        activities=[note],
        activity_executor=ThreadPoolExecutor(20),
        max_concurrent_activities=20,
        max_concurrent_local_activities=20,
        build_id="bench",
        max_cached_workflows=2000,
        workflow_runner=SandboxedWorkflowRunner(restrictions=passed),
    ):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)
