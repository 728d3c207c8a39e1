"""What the API says of sessions, rounds and instructions. Free text that is not public is left out for those who may not read it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from domain.bodies import Member
from domain.messages import Frozen, Text
from domain.selection.ranking import Place
from domain.sessions.messages import Paper


class SessionSummary(Frozen):
    """`phase`: convened, sitting, closed, final (its minutes are), cancelled."""

    stream: str
    body: str
    fiscal_year: int
    number: int
    held_on: date | None
    phase: str
    circulation: bool


class ItemSeen(Frozen):
    """An item of an agenda. `votes` are counted; `exception` says why its conclusion could not be carried.

    Of an item that is not public others than members and the secretariat see the key alone.
    """

    key: str
    public: bool
    category: str = ""
    title: str = ""
    lifecycle: str = ""
    request: str = ""
    selection: str = ""
    follows: str = ""
    conclusion: str | None = None
    reason: str = ""
    conditions: tuple[str, ...] = ()
    dissent: str = ""
    votes: dict[str, int] = {}
    recused: tuple[str, ...] = ()
    papers: tuple[Paper, ...] = ()
    exception: Text | None = None


class InstructionSeen(Frozen):
    """`text` is left out in lists."""

    instruction: str
    stream: str
    about: str
    lifecycle: str
    post: str
    due_at: datetime
    answered_at: datetime | None
    text: str = ""
    answer: str = ""


class MinutesSeen(Frozen):
    """The newest version. `closed_part` for those who may read it."""

    version: int
    form: str
    text: str
    closed_part: str
    confirmed: tuple[str, ...]
    final: bool


class SessionSeen(Frozen):
    """One session. `version` is that of the stream, as in the ETag."""

    stream: str
    version: int
    title: Text
    body: str
    held_on: date | None
    place: str
    circulation: bool
    phase: str
    members: tuple[Member, ...]
    present: tuple[str, ...]
    presiding: str
    guests: tuple[str, ...]
    quorum: bool
    items: tuple[ItemSeen, ...]
    instructions: tuple[InstructionSeen, ...]
    minutes: MinutesSeen | None


class MatterSeen(Frozen):
    """Something that waits for the session's agenda: the fields of `put-item`, but for its key."""

    category: str
    title: str
    lifecycle: str
    request: str
    seen: str
    selection: str
    follows: str


class DecisionSeen(Frozen):
    """A line of the decision register."""

    stream: str
    item: str
    held_on: date | None
    title: str
    category: str
    conclusion: str
    lifecycle: str | None
    exception: str | None


class RoundSummary(Frozen):
    """`phase`: calling, scoring, concluded."""

    stream: str
    title: str
    fiscal_year: int
    phase: str
    closes_at: datetime | None


class ProposalSeen(Frozen):
    """`scores`: assessor -> criterion -> 1 to 5; `choice` is what is laid before the body; `place` its rank and how stable it is."""

    ref: str
    title: str
    section: str
    problem: str
    viewpoint: str | None
    departments: tuple[str, ...]
    status: str
    merged_into: str | None
    scores: dict[str, dict[str, int]]
    choice: dict[str, Any] | None
    place: Place | None
    refused: Text | None


class RoundSeen(Frozen):
    stream: str
    version: int
    title: str
    phase: str
    closes_at: datetime | None
    priority_fields: tuple[str, ...]
    policy: str
    policy_from: str
    session: str
    proposals: tuple[ProposalSeen, ...]


class WaitingOfBody(Frozen):
    """What a session asks of the person: to vote, to confirm minutes, to answer an instruction."""

    kind: str
    stream: str
    title: Text
    subject: Text
    item: str
    instruction: str
    since: datetime | None
    due_at: datetime | None
    overdue: bool
