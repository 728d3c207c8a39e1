"""What the API answers with. Moments are UTC (ISO 8601), amounts yen; ids as in the events."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

from domain.attachments import Attachment
from domain.deliverables.differences import Difference
from domain.lifecycle.overview import Stop
from domain.lifecycle.state import (
    Budget,
    Consultation,
    Hold,
    Kpi,
    Lifecycle,
    PromiseState,
    Question,
    Reading,
    Request,
    Submission,
)
from domain.messages import Frozen, Text
from papers.course import Earlier, StopTold
from store.moves import Prospect

Item = TypeVar("Item")


class Page(Frozen, Generic[Item]):
    """`next` is the cursor of the following page, None on the last one."""

    items: tuple[Item, ...]
    next: str | None = None


class LifecycleSummary(Frozen):
    """A lifecycle in a list. `next_due`: the earliest day by which people must act, also where it has passed; on hold, its end."""

    stream: str
    ref: str
    title: str
    stage: str
    phase: str
    round: int
    bureau: str
    section: str
    viewpoint: str | None
    outcome: str | None
    closed: bool
    closed_as: str | None
    health: str
    definition: str
    started_at: datetime
    entered_at: datetime | None
    next_due: datetime | None
    overdue: int
    tags: tuple[str, ...]
    version: int


class LifecycleDetail(Frozen):
    """Where a lifecycle is, whom it waits for, and what it knows. `version` is also its ETag."""

    stream: str
    version: int
    ref: str
    title: str
    section: str
    bureau: str
    viewpoint: str | None
    weight: str | None
    definition: str
    tags: tuple[str, ...]
    stage: str
    stage_title: Text
    work: str
    round: int
    health: str
    requests: tuple[Request, ...]
    route: tuple[Stop, ...]
    submission: Submission | None
    questions: tuple[Question, ...]
    readings: tuple[Reading, ...]
    consultations: tuple[Consultation, ...]
    people: tuple[str, ...]
    departments: tuple[str, ...]
    attachments: dict[str, tuple[Attachment, ...]]
    kpis: tuple[Kpi, ...]
    values: dict[str, dict[str, str]]
    budgets: dict[int, Budget]
    promises: tuple[PromiseState, ...]
    review_date: date | None
    marks: tuple[str, ...]
    hold: Hold | None
    outcome: str | None
    closed: bool
    closed_as: str | None
    merged_into: str | None

    @classmethod
    def of(cls, state: Lifecycle, version: int, route: tuple[Stop, ...]) -> LifecycleDetail:
        same = {name: getattr(state, name) for name in cls.model_fields if name not in ("version", "route")}
        return cls(**same, version=version, route=route)


class WaitingRequest(Frozen):
    """An open request as it lies in an inbox. `kind`: draft, decide, question or read."""

    request: str
    stream: str
    kind: str
    stage: str
    round: int
    step: str
    post: str
    opened_at: datetime
    due_at: datetime | None
    overdue: bool
    subject_ja: str
    subject_en: str
    content_hash: str | None


class EventTold(Frozen):
    """An event with its line in both languages; `body` as recorded, sealed texts opened."""

    position: int
    version: int
    type: str
    occurred_at: datetime
    person: str | None
    capacity: str | None
    via: str
    command_id: str
    line: Text
    said: str
    body: dict[str, Any]


class EventSeen(Frozen):
    """An event of the whole log, without free text."""

    position: int
    event_id: str
    stream: str
    version: int
    type: str
    occurred_at: datetime


class DocumentVersion(Frozen):
    stage: str
    round: int
    version: int
    content_hash: str
    person: str | None
    at: datetime
    content: dict[str, Any]
    attachments: tuple[Attachment, ...]


class VersionNamed(Frozen):
    """One version of a document, without its content."""

    round: int
    version: int
    content_hash: str
    person: str | None
    at: datetime


class DocumentDifferences(Frozen):
    """What changed between two versions of a document, field by field; `old` is None where there was none before."""

    stage: str
    old: VersionNamed | None
    new: VersionNamed
    differences: tuple[Difference, ...]
    files_changed: bool


class AnswerGiven(Frozen):
    version: int
    request: str
    stage: str
    round: int
    step: str
    post: str
    person: str | None
    decision: str
    conditions: tuple[dict[str, Any], ...]
    content_hash: str | None
    via: str
    at: datetime
    retracted: bool


class OwnAnswer(Frozen):
    """An answer of the key's person."""

    stream: str
    ref: str
    title: str
    version: int
    request: str
    stage: str
    round: int
    step: str
    post: str
    decision: str
    content_hash: str | None
    via: str
    at: datetime


class MeasuredValue(Frozen):
    version: int
    kpi: str
    period: str
    value: str
    person: str | None
    at: datetime
    was: str | None


class Attempt(Frozen):
    """Something that was refused: who tried what, by which way in, and the rule that was against it. `reason` says why in both
    languages (of what was refused before schema 0016 in English alone), `message` in English."""

    at: datetime
    stream: str
    what: str
    person: str | None
    via: str
    rule: str
    message: str
    reason: Text


class RegisterLine(Frozen):
    """A line of the register of documents (起案簿)."""

    stream: str
    title: str
    stage: str
    round: int
    fiscal_year: int | None
    section: str | None
    serial: int | None
    drafted: date | None
    decided: date | None
    enforced: date | None
    system: str | None
    outside_number: str | None


class NoticeSeen(Frozen):
    event_id: str
    subject_ja: str
    subject_en: str
    created_at: datetime


class UnitSeen(Frozen):
    id: str
    name: Text
    kind: str
    parent: str | None


class PostSeen(Frozen):
    id: str
    title: Text
    role: str
    unit: str
    holders: tuple[str, ...]


class DirectorySeen(Frozen):
    """Units and posts with their holders on `day`; people by id (names are personal data)."""

    day: date
    units: tuple[UnitSeen, ...]
    posts: tuple[PostSeen, ...]


class TenureSeen(Frozen):
    """Who held a post, and since when; `until` only once it is over, since what is loaded ahead is confidential until its day."""

    post: str
    person: str
    capacity: str
    since: date
    until: date | None


class DefinitionSeen(Frozen):
    name: str
    version: int
    document: dict[str, Any]


class WouldMove(Frozen):
    """What moving one lifecycle to another version of its process would change."""

    stream: str
    ref: str
    title: str
    version: int
    definition: str
    stage: str
    effect: Literal["same", "kept", "asked_again", "impossible"]
    to_stage: str
    words: tuple[Text, ...]

    @classmethod
    def of(cls, p: Prospect) -> WouldMove:
        return cls(
            stream=p.stream,
            ref=p.state.ref,
            title=p.state.title,
            version=p.version,
            definition=p.state.definition,
            stage=p.state.work,
            effect=p.found.effect,
            to_stage=p.found.work,
            words=p.found.words,
        )


class DeliverableForm(Frozen):
    """A form: its JSON schema and the rules that it must meet to be handed in."""

    key: str
    title: Text
    form: dict[str, Any]
    rules: tuple[dict[str, str], ...]


class Recorded(Frozen):
    """What a command led to. `version` is the new one, as in the ETag that the stream is read with; `duplicate`: it was known by its
    Idempotency-Key already, and is recorded once."""

    stream: str
    version: int
    events: tuple[str, ...]
    command_id: str
    duplicate: bool


class WhoAmI(Frozen):
    person: str
    key: str
    scopes: tuple[str, ...]
    until: datetime
    posts: tuple[str, ...]


class Choosable(Frozen):
    """What an answer may name, with its title."""

    key: str
    title: Text


class RequestSeen(WaitingRequest):
    """An open request with what is needed to answer it: `asked`, whether it waits for the key's person; to whom that person may hand it
    on (`key` is the person id, `title` the post); where it may be sent back to, the outcomes to choose from; the document (its content
    is under `documents`) with its drafter's `remark`, the route with what each step answered and who is waited for, `earlier` versions
    and why they came back, questions, readers, and what was said."""

    asked: bool
    hand_on_to: tuple[Choosable, ...]
    back_to: tuple[Choosable, ...]
    outcomes: tuple[Choosable, ...]
    document: VersionNamed | None
    remark: str
    route: tuple[StopTold, ...]
    earlier: tuple[Earlier, ...]
    questions: tuple[Question, ...]
    readings: tuple[Reading, ...]
    said: tuple[EventTold, ...]
