"""The workflows of the bodies, a type each, so that the Temporal UI tells them apart. They follow their streams like a lifecycle's."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.contract import (
        COUNCIL_WORKFLOW,
        MONITORING_WORKFLOW,
        RHYTHM_WORKFLOW,
        SELECTION_WORKFLOW,
        StreamInput,
    )
    from workflows.following import Following


@workflow.defn(name=SELECTION_WORKFLOW, sandboxed=False)
class SelectionWorkflow(Following):
    """A selection round: sleeps until the call closes, starts what was selected."""

    @workflow.init
    def __init__(self, start: StreamInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: StreamInput) -> None:
        await self.follow_on(start)


@workflow.defn(name=COUNCIL_WORKFLOW, sandboxed=False)
class CouncilWorkflow(Following):
    """A session of the council: carries its conclusions when it closes, watches over its instructions."""

    @workflow.init
    def __init__(self, start: StreamInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: StreamInput) -> None:
        await self.follow_on(start)


@workflow.defn(name=MONITORING_WORKFLOW, sandboxed=False)
class MonitoringWorkflow(Following):
    """A monitoring meeting, the same way."""

    @workflow.init
    def __init__(self, start: StreamInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: StreamInput) -> None:
        await self.follow_on(start)


@workflow.defn(name=RHYTHM_WORKFLOW, sandboxed=False)
class RhythmWorkflow(Following):
    """The rhythm of a body: sleeps until a session is to be convened."""

    @workflow.init
    def __init__(self, start: StreamInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: StreamInput) -> None:
        await self.follow_on(start)
