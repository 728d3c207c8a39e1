"""Names and messages between clients, workflows and activities. Imports nothing but pydantic: safe inside workflows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

TASK_QUEUE = "taskforce"
STREAM_WORKFLOW = "Lifecycle"
SELECTION_WORKFLOW = "SelectionRound"
COUNCIL_WORKFLOW = "CouncilSession"
MONITORING_WORKFLOW = "MonitoringMeeting"
RHYTHM_WORKFLOW = "BodyRhythm"
KPI_FEED_WORKFLOW = "KpiFeed"
CHANNEL_WORKFLOW = "NoticeChannel"
SENTINEL_WORKFLOW = "Sentinel"
WOKEN = "woken"
ANSWER = "answer"

SEARCH_ATTRIBUTES: dict[str, str] = {
    "TaskforceStage": "Keyword",
    "TaskforceBureau": "Keyword",
    "TaskforceViewpoint": "Keyword",
    "TaskforceAwaiting": "KeywordList",
    "TaskforceDue": "Datetime",
    "TaskforceRound": "Int",
    "TaskforceHealth": "Keyword",
}
"""Search attribute -> type; registered at start. `Display.attributes` uses the keys of `ATTRIBUTE_OF`."""

ATTRIBUTE_OF = {
    "stage": "TaskforceStage",
    "bureau": "TaskforceBureau",
    "viewpoint": "TaskforceViewpoint",
    "awaiting": "TaskforceAwaiting",
    "due": "TaskforceDue",
    "round": "TaskforceRound",
    "health": "TaskforceHealth",
}

EDITION = 2
"""Of the stream workflow's lines. 2: announcements are local activities, and what is shown is written at rest only."""

SUMMARY_BYTES = 200
"""Temporal's limit for a summary."""

PULL_ATTEMPTS = 5
"""How often a feed tries before what it is due becomes an incident: over about three minutes."""
FETCH = "fetch/"
"""Begin of the keys of effects that fetch; the due moment follows."""


def workflow_type(kind: str, stream: str) -> str:
    """The workflow type that follows a stream; sessions of the two bodies are told apart by the stream's name."""
    if kind == "session":
        return COUNCIL_WORKFLOW if stream.startswith("council:") else MONITORING_WORKFLOW
    own = {"selection": SELECTION_WORKFLOW, "rhythm": RHYTHM_WORKFLOW, "feed": KPI_FEED_WORKFLOW}
    return own.get(kind, STREAM_WORKFLOW)


def workflow_id(kind: str, stream: str) -> str:
    return f"{kind}/{stream}"


def channel_id(channel: str, task_queue: str = TASK_QUEUE) -> str:
    """One a channel and task queue: workers of another queue have a store of their own."""
    return f"channel/{channel}" if task_queue == TASK_QUEUE else f"channel/{channel}@{task_queue}"


def sentinel_id(task_queue: str = TASK_QUEUE) -> str:
    return "sentinel" if task_queue == TASK_QUEUE else f"sentinel@{task_queue}"


def cut(text: str, size: int = SUMMARY_BYTES) -> str:
    """At most `size` bytes of UTF-8, cut between characters, with an ellipsis where something is left out."""
    raw = text.encode()
    return text if len(raw) <= size else raw[: size - 3].decode(errors="ignore") + "…"


class Message(BaseModel):
    model_config = ConfigDict(frozen=True)


class StreamInput(Message):
    """Start of a stream's workflow: names only, since the store holds the rest."""

    kind: str
    stream: str
    continue_after: int | None = None
    """History events after which it continues as new; None: when the server suggests it."""
    edition: int = 1
    """Which edition of the workflow's own lines the run was begun with; it keeps to it until it continues as new."""


class EffectView(Message):
    key: str
    ja: str
    en: str
    command: dict[str, Any] | None = None
    """A command for another stream; without one the effect is an announcement."""
    instructs: bool = False
    """One of many commands for other streams: the activity that records them finds them by their keys, so that neither plan nor
    history grows with what they hold."""


class PlanView(Message):
    """A plan as the workflow sees it: plain data."""

    to: int
    effects: tuple[EffectView, ...] = ()
    next_due: datetime | None = None
    next_due_summary: str = ""
    closed: bool = False
    summary: str = ""
    details: str = ""
    attributes: dict[str, Any] = Field(default_factory=dict)
    """Search attribute name -> value; None removes it."""


class AdvanceInput(Message):
    stream: str
    to: int


class DueResult(Message):
    """`retry_at`: a deadline was refused and may be tried again then."""

    recorded: int
    retry_at: datetime | None = None


class AnnounceInput(Message):
    stream: str
    key: str
    ja: str
    en: str
    to: int | None = None
    """The stream is followed up to here when this has been told; None: more is to be done first."""


class InstructInput(Message):
    """`command` is recorded on another stream; its id follows from the event, so that a second try changes nothing."""

    stream: str
    key: str
    command: dict[str, Any]


class InstructAllInput(Message):
    """The effects of `stream` with these keys, in this order."""

    stream: str
    keys: tuple[str, ...]


class PullInput(Message):
    """A feed, and the due moment (ISO 8601) for which it fetches."""

    stream: str
    due_at: str


class ConditionInput(Message):
    text: str
    by: str | None = None
    due: str | None = None
    before: str | None = None


class AnswerInput(Message):
    """An answer through Temporal. `signature` is made by `workflows.signing.sign` with the directory's key."""

    stream: str = ""
    request: str
    person: str
    decision: str
    comment: str = ""
    conditions: tuple[ConditionInput, ...] = ()
    back_to: str | None = None
    outcome: str | None = None
    seen: str | None = None
    in_absence: str | None = None
    command_id: str = ""
    issued_at: datetime | None = None
    signature: str = ""


class AnswerResult(Message):
    """What became of an answer: accepted, or refused by a rule."""

    accepted: bool
    version: int = 0
    events: tuple[str, ...] = ()
    duplicate: bool = False
    rule: str = ""
    message: str = ""
    remedy: str = ""


class ChannelInput(Message):
    channel: str


class ChannelResult(Message):
    """`left`: how many notices still wait; `failed`: the channel is down, try again later."""

    sent: int
    left: int
    failed: bool = False
    problem: str = ""
    incident: bool = False
    """It has failed so often that somebody should look."""
