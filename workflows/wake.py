"""The one place that starts or wakes a stream's workflow, with one set of options."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from workflows.contract import EDITION, TASK_QUEUE, WOKEN, StreamInput, cut, workflow_id, workflow_type

log = structlog.get_logger()


async def wake(
    client: Client,
    kind: str,
    stream: str,
    *,
    title: str = "",
    task_queue: str = TASK_QUEUE,
    within: float = 1.0,
    continue_after: int | None = None,
) -> bool:
    """Signal the stream's workflow, starting it when none runs. False when the server is out of reach; never raises for it.

    A command that was recorded needs no wake to be safe: the relay finds streams that are behind.
    """
    try:
        async with asyncio.timeout(within):
            await client.start_workflow(
                workflow_type(kind, stream),
                StreamInput(kind=kind, stream=stream, continue_after=continue_after, edition=EDITION),
                id=workflow_id(kind, stream),
                task_queue=task_queue,
                start_signal=WOKEN,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                static_summary=cut(title) or None,
                task_timeout=timedelta(seconds=10),
                rpc_timeout=timedelta(seconds=within),
            )
        return True
    except (RPCError, TimeoutError, OSError) as error:
        log.warning("wake failed; the relay will follow", stream=stream, error=str(error) or type(error).__name__)
        return False
