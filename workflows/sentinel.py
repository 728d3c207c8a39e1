"""A workflow that only waits. When it is missing, Temporal has lost its memory: the relay then wakes every open stream."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.contract import SENTINEL_WORKFLOW


@workflow.defn(name=SENTINEL_WORKFLOW)
class SentinelWorkflow:
    @workflow.run
    async def run(self) -> None:
        workflow.set_current_details(
            "この番人がいなくなると、Temporal が空になったと分かり、開いているライフサイクルがすべて起こされます。\n\n"
            "While this sentinel is here, Temporal has its memory. If it is gone, every open lifecycle is woken again."
        )
        await workflow.wait_condition(lambda: False)
