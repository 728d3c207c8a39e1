"""What is asked of a session, and what happened in it. Free text that may name people is `Personal`."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field

from domain.bodies import BodyKey, BodyRules, Member
from domain.days import Day
from domain.lifecycle.commands import Condition
from domain.messages import Command, Event, Frozen, Personal, Text

Category = Literal["proposal", "progress", "evaluation", "policy", "objection", "selection", "other"]
"""提案報告, 進捗報告, 評価報告, 取組方針, 未調整の異議, 取組課題の選定, その他."""
Conclusion = Literal[
    "endorsed",
    "conditions",
    "sent_back",
    "not_endorsed",
    "held",
    "expansion",
    "improvement",
    "abolition",
    "continuation",
    "completion",
    "selected",
    "review",
    "noted",
]
"""了承, 条件付き了承, 差戻し, 不承認, 継続審議; the outcomes of a review; selection as laid before it; open the review; noted."""
OUTCOMES = ("expansion", "improvement", "abolition", "continuation", "completion")
Ballot = Literal["yes", "no", "abstain"]
PaperKind = Literal["paper", "replacement", "handout"]
"""Sent with the notice; 差替え; 席上配付."""


class Dissent(Frozen):
    person: str
    text: str = Field(min_length=1, max_length=4000)


class Paper(Frozen):
    """A file by its hash; `version` counts the papers of an item."""

    name: str
    sha256: str
    size: int
    kind: PaperKind
    version: int


class SessionCommand(Command):
    kind: ClassVar[str] = "session"


class ConveneSession(SessionCommand):
    """Call a body together. `circulation`: 持ち回り, no meeting: members vote by themselves until `held_on`."""

    type = "ConveneSession"
    system_may = True
    body: BodyKey
    fiscal_year: int = Field(ge=2000, le=2200)
    number: int = Field(ge=1, le=99)
    held_on: Day
    """The day of the meeting; of a circulation the last day on which votes are taken."""
    place: str = Field(default="", max_length=300)
    circulation: bool = False
    rules: str = ""
    """Published rules, `name@version`; without it those that hold now. The session keeps them."""
    urgent: str = Field(default="", max_length=4000)
    """Why the notice is shorter than the rules ask for, or the day no working day."""


class PutItem(SessionCommand):
    """Put a matter on the agenda. With `request` it is what waits in a lifecycle for the chair.

    `seen`: the hash of the document that lies before the body, of a selection the round's `laid_before`.
    """

    type = "PutItem"
    item: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")
    category: Category
    title: str = Field(min_length=1, max_length=300)
    lifecycle: str = ""
    request: str = ""
    seen: str = ""
    selection: str = ""
    public: bool = True
    """False: 非公開, apart in the minutes."""
    follows: str = ""
    """The session and item that sent it here, such as monitoring:2026-1/evaluation-3."""


class TakeItemOff(SessionCommand):
    type = "TakeItemOff"
    item: str
    reason: str = Field(min_length=1, max_length=4000)


class PutPaper(SessionCommand):
    """A paper for an item: sent before, replaced late, or handed out at the table. Each is kept as a version of its own."""

    type = "PutPaper"
    item: str
    name: str = Field(min_length=1, max_length=200)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)
    as_: PaperKind = "paper"


class RecordBriefing(SessionCommand):
    """The chair was briefed before (市長レク)."""

    type = "RecordBriefing"
    on: Day
    text: str = Field(min_length=1, max_length=8000)


class ObtainOpinion(SessionCommand):
    """意見聴取: what an adviser or the public-private data council said on an item, and what became of it."""

    type = "ObtainOpinion"
    item: str
    source: str = Field(min_length=1, max_length=300)
    text: str = Field(min_length=1, max_length=8000)
    treatment: Literal["adopted", "partly", "not_adopted", "noted"]
    because: str = Field(default="", max_length=4000)


class TakeAttendance(SessionCommand):
    """Who is there, and who presides; said again when somebody comes or goes."""

    type = "TakeAttendance"
    present: tuple[str, ...]
    presiding: str
    guests: tuple[str, ...] = ()


class RecuseFromItem(SessionCommand):
    """A member has an interest in an item: neither counted nor voting on it."""

    type = "RecuseFromItem"
    item: str
    person: str
    reason: str = Field(min_length=1, max_length=4000)


class CastVote(SessionCommand):
    """A member's own vote on an item of a circulation (持ち回り)."""

    type = "CastVote"
    item: str
    ballot: Ballot
    text: str = Field(default="", max_length=4000)


class ConcludeItem(SessionCommand):
    """What the body concluded on an item, by consensus or by vote; said again before the closing it replaces what was said.

    In a circulation the votes are the members' own: `votes` stays empty.
    """

    type = "ConcludeItem"
    item: str
    conclusion: Conclusion
    way: Literal["consensus", "vote"] = "consensus"
    votes: dict[str, Ballot] = {}
    reason: str = Field(default="", max_length=8000)
    conditions: tuple[Condition, ...] = ()
    back_to: str | None = None
    dissent: tuple[Dissent, ...] = ()


class GiveInstruction(SessionCommand):
    """企画指示 (planning) or 状況確認 (status) to the people of a lifecycle, with a due date."""

    type = "GiveInstruction"
    about: Literal["planning", "status"]
    lifecycle: str
    post: str
    """The post that answers."""
    text: str = Field(min_length=1, max_length=4000)
    due: Day


class AnswerInstruction(SessionCommand):
    type = "AnswerInstruction"
    instruction: str
    text: str = Field(min_length=1, max_length=8000)


class CloseSession(SessionCommand):
    """The session is over: every conclusion is carried to its lifecycle."""

    type = "CloseSession"


class CancelSession(SessionCommand):
    type = "CancelSession"
    reason: str = Field(min_length=1, max_length=4000)


class NoteCarryRefusal(SessionCommand):
    """A lifecycle refused what was concluded: a named exception."""

    type = "NoteCarryRefusal"
    system_only = True
    item: str
    rule: str
    message: Text
    remedy: Text


class Correction(Frozen):
    """What had been entered wrongly of a conclusion, as the body did conclude it."""

    conclusion: Conclusion
    conditions: tuple[Condition, ...] = ()
    back_to: str | None = None


class SettleException(SessionCommand):
    """What became of an exception: carried again (the obstacle is gone, or the entry is corrected), or dealt with otherwise."""

    type = "SettleException"
    item: str
    again: bool
    text: str = Field(min_length=1, max_length=4000)
    corrected: Correction | None = None


class WriteMinutes(SessionCommand):
    """A version of the minutes. `closed_part`: non-public items apart. After they are final it is a correction."""

    type = "WriteMinutes"
    form: Literal["summary", "full"] = "summary"
    text: str = Field(min_length=1, max_length=100_000)
    closed_part: str = Field(default="", max_length=100_000)


class ConfirmMinutes(SessionCommand):
    """Somebody who was present confirms the newest version."""

    type = "ConfirmMinutes"
    version: int = Field(ge=1)


class FinaliseMinutes(SessionCommand):
    type = "FinaliseMinutes"


class EnterDecision(SessionCommand):
    """The 決裁 that a closing drafted has been made, in the city's document system: its number, its day and who decided."""

    type = "EnterDecision"
    item: str
    number: str = Field(min_length=1, max_length=100)
    decided_on: Day
    post: str
    """The post that decided."""


class RemindOfInstructions(SessionCommand):
    """Given by time: an instruction's due date has passed."""

    type = "RemindOfInstructions"
    system_only = True
    instruction: str


# --- events ----------------------------------------------------------------------------------------------------------


class SessionConvened(Event):
    """`members` are those who sat in the body on the day of the notice."""

    type = "SessionConvened"
    body: BodyKey
    fiscal_year: int
    number: int
    held_on: date
    place: str
    circulation: bool
    rules: BodyRules
    members: tuple[Member, ...]
    urgent: Personal


class ItemPlaced(Event):
    type = "ItemPlaced"
    item: str
    category: Category
    title: str
    lifecycle: str
    request: str
    seen: str
    selection: str
    public: bool
    follows: str
    definition: str = ""
    """The process definition that the matter's lifecycle has pinned."""


class ItemRemoved(Event):
    type = "ItemRemoved"
    item: str
    reason: Personal


class PaperReceived(Event):
    type = "PaperReceived"
    item: str
    paper: Paper


class ChairBriefed(Event):
    type = "ChairBriefed"
    on: date
    text: Personal


class OpinionObtained(Event):
    type = "OpinionObtained"
    item: str
    source: str
    treatment: Literal["adopted", "partly", "not_adopted", "noted"]
    text: Personal
    because: Personal


class AttendanceRecorded(Event):
    type = "AttendanceRecorded"
    members: tuple[Member, ...]
    present: tuple[str, ...]
    presiding: str
    guests: tuple[str, ...]
    quorum: bool


class MemberRecused(Event):
    type = "MemberRecused"
    item: str
    person: str
    reason: Personal


class VoteReceived(Event):
    type = "VoteReceived"
    item: str
    person: str
    ballot: Ballot
    text: Personal


class ItemConcluded(Event):
    """`present`: members who took part in it; `yes`, `no`, `abstain`: the count of a vote."""

    type = "ItemConcluded"
    item: str
    conclusion: Conclusion
    way: Literal["consensus", "vote"]
    present: tuple[str, ...]
    votes: dict[str, Ballot]
    conditions: tuple[Condition, ...]
    back_to: str | None
    presiding: str
    reason: Personal
    dissent: Personal
    """One line a dissenter."""


class InstructionIssued(Event):
    type = "InstructionIssued"
    instruction: str
    about: Literal["planning", "status"]
    lifecycle: str
    post: str
    post_title: Text
    due_at: datetime
    text: Personal


class InstructionAnswered(Event):
    type = "InstructionAnswered"
    instruction: str
    text: Personal


class InstructionReminded(Event):
    type = "InstructionReminded"
    instruction: str


class SessionClosed(Event):
    """`carried`: the items whose conclusions go to lifecycles or a selection round."""

    type = "SessionClosed"
    carried: tuple[str, ...]


class SessionCancelled(Event):
    type = "SessionCancelled"
    reason: Personal


class CarryingRefused(Event):
    type = "CarryingRefused"
    item: str
    rule: str
    message: Text
    remedy: Text


class ExceptionSettled(Event):
    type = "ExceptionSettled"
    item: str
    again: bool
    attempt: int
    text: Personal
    corrected: Correction | None = None


class DecisionDrafted(Event):
    """起案: the closing drafted the 決裁 that the rules ask for after a conclusion of this kind; `post` takes it on.

    `document`: its id, which the lifecycle's record names as well; `content_hash`: sha256 of `text`.
    """

    type = "DecisionDrafted"
    item: str
    document: str
    post: str
    post_title: Text
    due_at: datetime
    text: str
    content_hash: str


class DecisionEntered(Event):
    type = "DecisionEntered"
    item: str
    document: str
    number: str
    decided_on: date
    post: str
    post_title: Text


class MinutesDrafted(Event):
    """`correction`: written after the minutes were final; the final version stays."""

    type = "MinutesDrafted"
    version: int
    form: Literal["summary", "full"]
    correction: bool
    text: Personal
    closed_part: Personal


class MinutesConfirmed(Event):
    type = "MinutesConfirmed"
    version: int


class MinutesFinalised(Event):
    type = "MinutesFinalised"
    version: int


_COMMANDS: tuple[type[Command], ...] = (
    ConveneSession,
    PutItem,
    TakeItemOff,
    PutPaper,
    RecordBriefing,
    ObtainOpinion,
    TakeAttendance,
    RecuseFromItem,
    CastVote,
    ConcludeItem,
    GiveInstruction,
    AnswerInstruction,
    CloseSession,
    CancelSession,
    NoteCarryRefusal,
    SettleException,
    WriteMinutes,
    ConfirmMinutes,
    FinaliseMinutes,
    EnterDecision,
    RemindOfInstructions,
)
_EVENTS: tuple[type[Event], ...] = (
    SessionConvened,
    ItemPlaced,
    ItemRemoved,
    PaperReceived,
    ChairBriefed,
    OpinionObtained,
    AttendanceRecorded,
    MemberRecused,
    VoteReceived,
    ItemConcluded,
    InstructionIssued,
    InstructionAnswered,
    InstructionReminded,
    SessionClosed,
    SessionCancelled,
    CarryingRefused,
    ExceptionSettled,
    DecisionDrafted,
    DecisionEntered,
    MinutesDrafted,
    MinutesConfirmed,
    MinutesFinalised,
)
COMMANDS: dict[str, type[Command]] = {k.type: k for k in _COMMANDS}
EVENTS: dict[str, type[Event]] = {k.type: k for k in _EVENTS}
