"""What happened to a lifecycle. Past tense; never changed once written. Free text that may name people is `Personal`."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from domain.attachments import Attachment
from domain.deliverables.base import Evidence
from domain.lifecycle.commands import BudgetState, Condition, Decision, InAbsence, Origin, Source
from domain.messages import Event, Frozen, Personal, Text

RequestKind = Literal["draft", "decide"]
Extra = Literal["", "added", "superior"]
"""A request beside the steps of the definition: a concurrence added while open, or the common superior after a consultation."""
Stands = Literal["holder", "deputy", "vacancy", "recusal", "handed", "body"]
"""As whom a person answers: holder of the post, deputy in absence (代決, shown as 「代」), for a vacant post (職務代理), because
every holder is recused, since the holder asked for it (代決の依頼), or as the one who presided over a body that decided."""


class LifecycleStarted(Event):
    type = "LifecycleStarted"
    ref: str
    title: str
    section: str
    section_name: Text
    bureau: str
    bureau_name: Text
    viewpoint: str | None
    weight: str | None
    definition: str
    definition_digest: str
    tags: tuple[str, ...]
    source: Source | None
    drafter: str | None
    setup: dict[str, Any] | None
    origin: Origin | None = None


class StageEntered(Event):
    """`because`: started, adopted, passed, sent_back, outcome, review_opened, reopened."""

    type = "StageEntered"
    stage: str
    title: Text
    round: int
    because: str
    repeats: bool = False


class WindowAim(Frozen):
    """The window of the budget that a lifecycle aims at: requests close at `closes_at`, a warning is due at `warn_at`."""

    fiscal_year: int
    window: str
    title: Text
    closes_at: datetime
    warn_at: datetime


class RequestOpened(Event):
    """Something waits in the inbox of a post. All dates were computed on the calendar named in the facts."""

    type = "RequestOpened"
    request: str
    kind: RequestKind
    stage: str
    round: int
    step: str
    step_index: int
    title: Text
    post: str
    post_title: Text
    due_at: datetime
    remind_at: datetime | None
    escalate_at: datetime | None
    escalate_to: str | None
    coordinator_at: datetime | None = None
    coordinator: str | None = None
    extra: Extra = ""
    about: str | None = None
    """The consultation that the common superior is asked about."""
    aim: WindowAim | None = None
    """The window of the budget that can be reached from here, when none was aimed at before."""


class DocumentNumber(Frozen):
    """起案番号: the `serial`-th draft of a section in a fiscal year."""

    fiscal_year: int
    section: str
    serial: int


class DeliverableSubmitted(Event):
    """`number` is the 起案番号 of the document, the same for all its versions. `parts` are the hashes of the fields that steps
    of the route cover; `kept` the steps whose agreement to the version before stands, since their part did not change.
    `ends_at`: a standing delegation (専決) ends the route with that step. `content_hash` covers the attachments as well."""

    type = "DeliverableSubmitted"
    stage: str
    title: Text
    deliverable: str
    round: int
    version: int
    content: dict[str, Any]
    content_hash: str
    comment: Personal
    number: DocumentNumber | None = None
    parts: dict[str, str] | None = None
    kept: tuple[str, ...] = ()
    ends_at: str | None = None
    attachments: tuple[Attachment, ...] = ()


class Voided(Frozen):
    """An agreement to an earlier version of the document, in a part that has changed since."""

    request: str
    step: str
    post: str
    person: str


class AgreementsVoided(Event):
    """The document has changed since it was agreed to: these agreements stand no more, and their givers are told."""

    type = "AgreementsVoided"
    stage: str
    title: Text
    round: int
    version: int
    agreements: tuple[Voided, ...]


class RequestAnswered(Event):
    """A person decided, in a post, on exactly the document with `content_hash`."""

    type = "RequestAnswered"
    request: str
    stage: str
    round: int
    step: str
    step_title: Text
    post: str
    decision: Decision
    conditions: tuple[Condition, ...]
    back_to: str | None
    outcome: str | None
    content_hash: str
    comment: Personal
    stands: Stands = "holder"
    acting_as: str | None = None
    """The post in which a deputy decided; `post` is the one that was asked."""
    in_absence: InAbsence | None = None
    presided: str | None = None
    """A body decided, under this person; the session is named by the event `ConclusionCarried` beside this one."""


class StepMerged(Event):
    """Steps meet in one person: what they agreed to `by` answering another step counts here too."""

    type = "StepMerged"
    stage: str
    round: int
    step: str
    step_title: Text
    posts: tuple[str, ...]
    person: str
    by: str
    content_hash: str


class StepReturned(Event):
    """差戻し to an earlier step: the answers of `void` count no more, the document stays in circulation."""

    type = "StepReturned"
    stage: str
    round: int
    to: str
    to_title: Text
    void: tuple[str, ...]


class RequestClosed(Event):
    """A request needs no answer any more.

    `because`: submitted, quorum, returned, rejected, withdrawn, review, closed, retracted, migrated, merged, outside."""

    type = "RequestClosed"
    request: str
    because: str
    post: str | None = None
    """Who is told that nothing is asked of them any more; None when they know."""
    handed_to: str | None = None
    """Whom it had been handed on to: they are told as well."""


class GatePassed(Event):
    type = "GatePassed"
    stage: str
    title: Text
    round: int
    version: int
    content_hash: str
    number: DocumentNumber | None = None


class GateReturned(Event):
    """差戻し, or a refusal that sends the work back; `to` is the stage it goes to.

    `next_review`: a new review date when it goes back to monitoring and the old one has come: one period later.
    """

    type = "GateReturned"
    stage: str
    round: int
    to: str
    to_title: Text
    rejected: bool
    next_review: date | None = None


class DraftWithdrawn(Event):
    type = "DraftWithdrawn"
    stage: str
    round: int
    reason: Personal


class LifecycleHeld(Event):
    type = "LifecycleHeld"
    until: datetime | None
    reason: Personal


class Shift(Frozen):
    """The new moments of a request after a hold."""

    request: str
    due_at: datetime
    remind_at: datetime | None
    escalate_at: datetime | None
    coordinator_at: datetime | None = None


class LifecycleResumed(Event):
    """The clocks run again; `next_review` is the review date moved by the hold, if one lay ahead."""

    type = "LifecycleResumed"
    shifts: tuple[Shift, ...]
    next_review: date | None = None
    reason: Personal


class HoldExpired(Event):
    """The day named when the hold began has come; someone should resume or renew it."""

    type = "HoldExpired"
    until: datetime


class MeasurementRecorded(Event):
    type = "MeasurementRecorded"
    kpi: str
    period: str
    value: Decimal
    round: int
    source: Evidence | None
    note: Personal
    imported: Source | None = None
    """Entered from an earlier record, not measured here."""


class BudgetRecorded(Event):
    type = "BudgetRecorded"
    fiscal_year: int
    state: BudgetState
    amount: int
    imported: Source | None = None
    window: str = ""
    """Empty: the window that was asked for (events from before there were windows)."""
    on: date | None = None
    bill: str = ""
    public_on: date | None = None


class PromiseMade(Event):
    """A condition of an agreement, or a promise of the coordination, to be kept `by` a unit until `due`."""

    type = "PromiseMade"
    promise: str
    stage: str
    round: int
    text: str
    by: str | None
    due: date | None
    imported: Source | None = None
    before: str | None = None
    """A stage whose gate does not pass until it is kept."""


class PromiseFulfilled(Event):
    type = "PromiseFulfilled"
    promise: str
    note: Personal


class ReminderSent(Event):
    type = "ReminderSent"
    request: str
    due_at: datetime


class RequestOverdue(Event):
    type = "RequestOverdue"
    request: str
    due_at: datetime


class CoordinatorInformed(Event):
    """Overdue: the coordinator (庶務担当) of the section asked is told."""

    type = "CoordinatorInformed"
    request: str
    to: str
    due_at: datetime


class RequestEscalated(Event):
    """Overdue for long: the superior is told. Silence still decides nothing."""

    type = "RequestEscalated"
    request: str
    to: str
    due_at: datetime


class ReviewOpened(Event):
    """`by`: person, date (the review date fixed with the KPIs came), a body in session, a stopping criterion that was met, or
    figures that contradict the evidence of a gate. `criteria` and `why` name those rules; they hold no text of people."""

    type = "ReviewOpened"
    by: Literal["person", "date", "body", "criterion", "contradiction"]
    reason: Personal
    criteria: tuple[str, ...] = ()
    why: Text | None = None


class OutcomeDecided(Event):
    """The council's decision, and what follows: `stage` is where it goes on, None when it ends or is wound down.

    `learnt` goes along into what follows; `scope` and `targets` are what an expansion widens, as the review had it."""

    type = "OutcomeDecided"
    outcome: str
    title: Text
    round: int
    recommended: str | None
    then: Literal["new_round", "same_round", "wind_down", "close"]
    stage: str | None
    next_review: date | None
    learnt: tuple[str, ...] = ()
    scope: str = ""
    targets: tuple[str, ...] = ()


class WindDownStarted(Event):
    type = "WindDownStarted"
    work: str
    round: int


class LifecycleDropped(Event):
    """廃案. `by_gate` when a refusal at a deciding step caused it."""

    type = "LifecycleDropped"
    by_gate: bool
    reason: Personal


class LifecycleClosed(Event):
    """`as_`: completion, abolition, dropped, merged."""

    type = "LifecycleClosed"
    as_: str


EVENTS: dict[str, type[Event]] = {
    e.type: e
    for e in (
        LifecycleStarted,
        StageEntered,
        RequestOpened,
        DeliverableSubmitted,
        AgreementsVoided,
        RequestAnswered,
        StepMerged,
        StepReturned,
        RequestClosed,
        GatePassed,
        GateReturned,
        DraftWithdrawn,
        LifecycleHeld,
        LifecycleResumed,
        HoldExpired,
        MeasurementRecorded,
        BudgetRecorded,
        PromiseMade,
        PromiseFulfilled,
        ReminderSent,
        RequestOverdue,
        CoordinatorInformed,
        RequestEscalated,
        ReviewOpened,
        OutcomeDecided,
        WindDownStarted,
        LifecycleDropped,
        LifecycleClosed,
    )
}
