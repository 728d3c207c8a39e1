"""One entity workflow per notice channel: sends what waits, sleeps until woken, backs off while the channel is down."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.contract import CHANNEL_WORKFLOW, WOKEN, ChannelInput, ChannelResult

_ONE_BATCH = timedelta(seconds=20)
"""A worker that dies while it sends is noticed after so long; a batch is small enough to be sent well within it."""
_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=5)


@workflow.defn(name=CHANNEL_WORKFLOW)
class ChannelWorkflow:
    """A dead channel never blocks a lifecycle: what is owed are rows in the store, sent when the channel is back."""

    @workflow.init
    def __init__(self, start: ChannelInput) -> None:
        self._woken = True

    @workflow.run
    async def run(self, start: ChannelInput) -> None:
        pause = _FIRST_PAUSE
        while True:
            self._woken = False
            result = await workflow.execute_activity(
                "send_pending",
                start,
                result_type=ChannelResult,
                start_to_close_timeout=_ONE_BATCH,
                retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5)),
                summary=f"{start.channel}: 通知を送る / send notices",
            )
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(start)
            if result.failed:
                workflow.set_current_details(_down(start.channel, result))
                try:
                    await workflow.wait_condition(
                        lambda: False, timeout=pause, timeout_summary="再送まで / until retry"
                    )
                except TimeoutError:
                    pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            pause = _FIRST_PAUSE
            workflow.set_current_details("")
            if not result.left:
                await workflow.wait_condition(lambda: self._woken)

    @workflow.signal(name=WOKEN)
    def woken(self) -> None:
        self._woken = True


def _down(channel: str, result: ChannelResult) -> str:
    word = "障害 / INCIDENT" if result.incident else "停止中 / down"
    told = f"**{channel}**: {word}, {result.left} 件待ち / waiting"
    return f"{told}\n\n{result.problem}\n\n    ./taskforce notices incidents\n" if result.problem else told
