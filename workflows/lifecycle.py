"""The workflow of a lifecycle: it follows its stream, and its requests can be answered by an update."""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from workflows.contract import ANSWER, STREAM_WORKFLOW, AnswerInput, AnswerResult, StreamInput
    from workflows.following import Following


# Outside the sandbox, which loads the module anew for every run: a third of the worker's time, and most of its memory. What it
# would guard against is kept out by tests: these few lines import little, ask no clock, and replay the recorded histories.
@workflow.defn(name=STREAM_WORKFLOW, sandboxed=False)
class LifecycleWorkflow(Following):
    @workflow.init
    def __init__(self, start: StreamInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: StreamInput) -> None:
        await self.follow_on(start)

    @workflow.update(name=ANSWER)
    async def answer(self, given: AnswerInput) -> AnswerResult:
        """Answer a request; the rules and the signature are checked where it is recorded."""
        marked = given.model_copy(
            update={"stream": self.stream, "command_id": given.command_id or str(workflow.uuid4())}
        )
        result: AnswerResult = await self.local(
            "record_answer", marked if not given.signature else given, AnswerResult, retry=False
        )
        if not result.accepted:
            raise ApplicationError(f"{result.message} → {result.remedy}", type=result.rule, non_retryable=True)
        self.is_woken = True
        return result

    @answer.validator
    def _check_answer(self, given: AnswerInput) -> None:
        if not given.request or not given.person or not given.decision:
            raise ValueError("request, person, decision が要ります / request, person and decision are needed")
        if given.stream not in ("", self.stream):
            raise ValueError("別のライフサイクル宛てです / this answer is for another lifecycle")
