"""What people, and time, ask of a lifecycle. Imperative; one class per message."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from domain.deliverables.base import Evidence
from domain.deliverables.taskforce import Viewpoint, Weight
from domain.messages import Command, Frozen

Decision = Literal["approve", "conditions", "return", "reject"]
"""approve (同意), conditions (条件付き同意), return (差戻し), reject (否)."""
BudgetState = Literal[
    "asked",
    "assessed_section",
    "assessed_bureau",
    "assessed_mayor",
    "indicated",
    "appealed",
    "restored",
    "billed",
    "voted",
    "allotted",
    "executed",
    "settled",
]
"""要求, 財政課長査定, 財政局長査定, 市長査定, 内示, 復活要求, 復活内示, 議案計上, 議決, 配当, 執行, 決算; in this order."""
TimerKind = Literal[
    "remind",
    "due",
    "coordinator",
    "escalate",
    "consult",
    "hold",
    "review",
    "window",
    "restoration",
    "task_remind",
    "task_due",
]
InAbsence = Literal["instructed", "urgent"]
"""Why an important, unusual or doubtful matter may be decided in absence all the same."""


def stream_of(ref: str) -> str:
    """Stream id of a lifecycle by the starter's own id: the same ref starts once."""
    return str(uuid5(NAMESPACE_URL, f"lifecycle:{ref}"))


class LifecycleCommand(Command):
    kind: ClassVar[str] = "lifecycle"


class Source(Frozen):
    """Where a task comes from, when it was taken from a data set."""

    name: str
    url: str | None = None
    licence: str | None = None


class Origin(Frozen):
    """横展開: the lifecycle that this one was started from, in which of its rounds, and why. `sections`: those that it came through, the
    first one's first: it is not carried back to them."""

    lifecycle: str
    ref: str
    title: str
    round: int
    why: str = Field(default="", max_length=4000)
    sections: tuple[str, ...] = ()


class StartLifecycle(LifecycleCommand):
    """Begin a lifecycle for one task. `ref` is the starter's own id of the task; `setup` prefills the first deliverable."""

    type = "StartLifecycle"
    system_may = True
    engine_only = ("origin",)
    ref: str = Field(min_length=1, max_length=100)
    title: str = Field(min_length=1, max_length=300)
    section: str
    viewpoint: Viewpoint | None = None
    weight: Weight | None = None
    definition: str
    tags: tuple[str, ...] = ()
    source: Source | None = None
    drafter: str | None = None
    setup: dict[str, Any] | None = None
    origin: Origin | None = None

    @model_serializer(mode="wrap")
    def _without_later(self, as_is: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A start from before there were origins is the same command still: what makes a retry harmless is its content."""
        document: dict[str, Any] = as_is(self)
        if self.origin is None:
            document.pop("origin", None)
        return document


class SubmitDeliverable(LifecycleCommand):
    """Hand in the deliverable of the current stage (起案) and send it on its route."""

    type = "SubmitDeliverable"
    stage: str
    content: dict[str, Any]
    comment: str = Field(default="", max_length=4000)


class Condition(Frozen):
    """A condition of an agreement: becomes a tracked promise."""

    text: str = Field(min_length=1, max_length=1000)
    by: str | None = None
    due: date | None = None
    before: str | None = None
    """A stage whose gate does not pass until the condition is met."""


class AnswerRequest(LifecycleCommand):
    """Answer one request of a gate. `seen` is the hash of the document that was read: a newer one makes the answer stale.

    `back_to` is a stage, or an earlier step of the same route. `in_absence` is for deputies (代決) in matters that are not
    theirs otherwise.
    """

    type = "AnswerRequest"
    request: str
    decision: Decision
    comment: str = Field(default="", max_length=4000)
    conditions: tuple[Condition, ...] = ()
    back_to: str | None = None
    outcome: str | None = None
    seen: str | None = None
    in_absence: InAbsence | None = None


class WithdrawDraft(LifecycleCommand):
    """引戻し: the drafter takes back what is in circulation; while the drafter is away or gone, somebody else who may draft."""

    type = "WithdrawDraft"
    reason: str = Field(min_length=1, max_length=4000)


class DropLifecycle(LifecycleCommand):
    """廃案: the whole matter ends without a result."""

    type = "DropLifecycle"
    reason: str = Field(min_length=1, max_length=4000)


class HoldLifecycle(LifecycleCommand):
    """保留: nothing is asked or due until resumed; `until` is when the secretariat wants to be reminded."""

    type = "HoldLifecycle"
    reason: str = Field(min_length=1, max_length=4000)
    until: date | None = None


class ResumeLifecycle(LifecycleCommand):
    """End a hold; due dates move by the working days (or seconds) held."""

    type = "ResumeLifecycle"
    reason: str = Field(default="", max_length=4000)


class RecordMeasurement(LifecycleCommand):
    """A value measured for a KPI and period (e.g. `2026-Q1`)."""

    type = "RecordMeasurement"
    kpi: str
    period: str = Field(min_length=1, max_length=20)
    value: Decimal
    source: Evidence | None = None
    note: str = Field(default="", max_length=4000)


class RecordBudget(LifecycleCommand):
    """An amount of a fiscal year's budget reached a state (要求 … 決算), in yen; see `domain/lifecycle/budgets.py` for the order.

    `window`: initial or one of the supplementary budgets; left out, the one that was asked for. `on`: the day it happened,
    today unless given. `bill` and `public_on`: the number of the bill, and from when it is public.
    """

    type = "RecordBudget"
    fiscal_year: int = Field(ge=1950, le=2100)
    state: BudgetState
    amount: int = Field(ge=0, le=10**15)
    window: str = Field(default="", max_length=40)
    on: date | None = None
    bill: str = Field(default="", max_length=100)
    public_on: date | None = None


class OpenReview(LifecycleCommand):
    """End monitoring and open the review of the policy (取組方針再検討)."""

    type = "OpenReview"
    reason: str = Field(min_length=1, max_length=4000)


class FulfilPromise(LifecycleCommand):
    """A promise was kept."""

    type = "FulfilPromise"
    promise: str
    note: str = Field(default="", max_length=4000)


class DeadlinePassed(LifecycleCommand):
    """Time itself: a moment stored in the events has passed. May lose the race to a person; then it is refused."""

    type = "DeadlinePassed"
    system_only = True
    timer: TimerKind
    request: str | None = None
    due_at: datetime


COMMANDS: dict[str, type[Command]] = {
    c.type: c
    for c in (
        StartLifecycle,
        SubmitDeliverable,
        AnswerRequest,
        WithdrawDraft,
        DropLifecycle,
        HoldLifecycle,
        ResumeLifecycle,
        RecordMeasurement,
        RecordBudget,
        OpenReview,
        FulfilPromise,
        DeadlinePassed,
    )
}
