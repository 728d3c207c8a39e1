"""The workflow of a feed: sleeps until it is due, fetches with retries, goes on to the next due date whatever came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from workflows.contract import (
        FETCH,
        KPI_FEED_WORKFLOW,
        PULL_ATTEMPTS,
        EffectView,
        InstructAllInput,
        PullInput,
        StreamInput,
        cut,
    )
    from workflows.following import Following

_FETCHING = RetryPolicy(
    initial_interval=timedelta(seconds=2),
    backoff_coefficient=4,
    maximum_interval=timedelta(minutes=10),
    maximum_attempts=PULL_ATTEMPTS,
)


@workflow.defn(name=KPI_FEED_WORKFLOW, sandboxed=False)
class KpiFeedWorkflow(Following):
    """Follows its stream like any other; effects that fetch go to an activity of their own."""

    @workflow.init
    def __init__(self, start: StreamInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: StreamInput) -> None:
        await self.follow_on(start)

    async def _remote(self, name: str, argument: Any, *effects: EffectView) -> None:
        if not any(e.key.startswith(FETCH) for e in effects):
            await super()._remote(name, argument, *effects)
            return
        for effect in effects:
            if effect.key.startswith(FETCH):
                await self._fetch(effect)
            else:
                await super()._remote("instruct_all", InstructAllInput(stream=self.stream, keys=(effect.key,)), effect)

    async def _fetch(self, effect: EffectView) -> None:
        given = PullInput(stream=self.stream, due_at=effect.key.removeprefix(FETCH))
        told: dict[str, Any] = {
            "start_to_close_timeout": timedelta(seconds=60),
            "summary": cut(f"{effect.ja} / {effect.en}"),
        }
        try:
            await workflow.execute_activity("pull", given, retry_policy=_FETCHING, **told)
        except ActivityError:
            await workflow.execute_activity("give_up", given, **told)
