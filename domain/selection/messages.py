"""What is asked of a selection round, and what happened in it. Free text that may name people is `Personal`."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field

from domain.bodies import BodyRules
from domain.days import Day
from domain.deliverables.taskforce import Viewpoint, Weight
from domain.lifecycle.commands import Source
from domain.messages import Command, Event, Frozen, Personal, Quote, Text
from domain.selection.ranking import Place

Result = Literal["selected", "deferred", "other"]
"""selected: becomes a lifecycle; deferred: keeps its place for the next round; other: その他の事業, a measure and no taskforce."""


class Taskforce(Frozen):
    """A taskforce as composed for a selected task, by its weight."""

    weight: Weight
    chair: str
    adviser: str | None = None
    members: tuple[str, ...] = ()
    departments: tuple[str, ...] = Field(min_length=1)


class Carried(Frozen):
    """A proposal that an earlier round left its place, with the reason."""

    ref: str
    title: str
    section: str
    problem: str
    viewpoint: Viewpoint | None = None
    departments: tuple[str, ...] = ()
    round: str
    reason: str
    tags: tuple[str, ...] = ()
    source: Source | None = None


class SelectionCommand(Command):
    kind: ClassVar[str] = "selection"


class CallForProposals(SelectionCommand):
    """Open a round: bureaus are called to propose until `closes_on`. `policy` and `priority_fields` are in everybody's view."""

    type = "CallForProposals"
    fiscal_year: int = Field(ge=2000, le=2200)
    title: str = Field(min_length=1, max_length=300)
    closes_on: Day
    rules: str = ""
    """Published rules, `name@version`; without it those that hold now. The round keeps them."""
    definition: str
    """The process definition under which selected tasks start, `name@version`."""
    priority_fields: tuple[str, ...] = ()
    """重点取組分野; without them those of the rules."""
    policy: str = Field(default="", max_length=10_000)
    """The monitoring meeting's policy for future taskforces, as it was deliberated."""
    policy_from: str = ""
    """The session that gave it."""
    carried: tuple[Carried, ...] = ()


class ProposeTask(SelectionCommand):
    """A bureau proposes a challenge; `ref` becomes the reference of the task."""

    type = "ProposeTask"
    ref: str = Field(min_length=1, max_length=100)
    title: str = Field(min_length=1, max_length=300)
    section: str
    problem: str = Field(min_length=1, max_length=4000)
    viewpoint: Viewpoint | None = None
    departments: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """What of the strategy it serves; the lifecycle carries them on."""
    source: Source | None = None
    """Where it comes from, when it was taken from a data set."""


class CorrectProposal(SelectionCommand):
    """While the call is open, whoever proposed it (or the section, or the secretariat) says the whole proposal anew."""

    type = "CorrectProposal"
    ref: str
    title: str = Field(min_length=1, max_length=300)
    section: str
    problem: str = Field(min_length=1, max_length=4000)
    viewpoint: Viewpoint | None = None
    departments: tuple[str, ...] = ()


class RecordInterview(SelectionCommand):
    """What a hearing (ヒアリング) with the section brought."""

    type = "RecordInterview"
    ref: str
    on: Day
    text: str = Field(min_length=1, max_length=8000)


class MergeProposals(SelectionCommand):
    """Two proposals are the same challenge: `ref` goes on as part of `into`."""

    type = "MergeProposals"
    ref: str
    into: str
    reason: str = Field(min_length=1, max_length=4000)


class WithdrawProposal(SelectionCommand):
    type = "WithdrawProposal"
    ref: str
    reason: str = Field(min_length=1, max_length=4000)


class CloseCall(SelectionCommand):
    """The closing date has come (given by time), or the secretariat closes the call because all have answered."""

    type = "CloseCall"
    system_may = True


class ScoreProposal(SelectionCommand):
    """One assessor's scores, 1 to 5 under each criterion; scoring again replaces what they gave before."""

    type = "ScoreProposal"
    ref: str
    scores: dict[str, int]
    comment: str = Field(default="", max_length=4000)


class ProposeChoice(SelectionCommand):
    """What the secretariat lays before the body for one proposal; the body may depart from the rank with a reason."""

    type = "ProposeChoice"
    ref: str
    result: Result
    reason: str = Field(default="", max_length=4000)
    taskforce: Taskforce | None = None
    measure: str = Field(default="", max_length=4000)
    """For `other`: what is done outside taskforces."""


class ConcludeSelection(SelectionCommand):
    """The body that the rules name selects as laid before it; `session` is the meeting in which it did.

    `seen`: hash of what lay before it (`SelectionRound.laid_before`); `reasoned`: people gave a reason in that meeting.
    """

    type = "ConcludeSelection"
    system_may = True
    engine_only = ("session", "presided", "seen", "reasoned", "document", "quotes")
    session: str = ""
    presided: str = ""
    seen: str = ""
    reasoned: bool = False
    reason: str = Field(default="", max_length=4000)
    document: str = ""
    """The 決裁 that the closing drafted after it, where the rules ask for one."""
    quotes: Quote | None = None


class NoteStartRefusal(SelectionCommand):
    """A selected task could not start; kept so that nobody thinks it did."""

    type = "NoteStartRefusal"
    system_only = True
    ref: str
    rule: str
    message: Text


class SettleStart(SelectionCommand):
    """What becomes of a selected task that could not start: tried again, under another reference where its own is taken, or not."""

    type = "SettleStart"
    ref: str
    again: bool
    start_as: str = Field(default="", max_length=100)
    """Reference of the lifecycle, where it is to be another than the proposal's."""
    text: str = Field(min_length=1, max_length=4000)


# --- events ----------------------------------------------------------------------------------------------------------


class CallOpened(Event):
    type = "CallOpened"
    fiscal_year: int
    title: str
    closes_at: datetime
    rules: BodyRules
    definition: str
    priority_fields: tuple[str, ...]
    policy: str
    policy_from: str
    carried: tuple[Carried, ...]


class TaskProposed(Event):
    type = "TaskProposed"
    ref: str
    title: str
    section: str
    section_name: Text
    problem: str
    viewpoint: Viewpoint | None
    departments: tuple[str, ...]
    tags: tuple[str, ...] = ()
    source: Source | None = None


class ProposalCorrected(Event):
    """The proposal as it is from now on; what is not named here stays."""

    type = "ProposalCorrected"
    ref: str
    title: str
    section: str
    section_name: Text
    problem: str
    viewpoint: Viewpoint | None
    departments: tuple[str, ...]


class InterviewRecorded(Event):
    type = "InterviewRecorded"
    ref: str
    on: date
    text: Personal


class ProposalsMerged(Event):
    type = "ProposalsMerged"
    ref: str
    into: str
    reason: Personal


class ProposalWithdrawn(Event):
    type = "ProposalWithdrawn"
    ref: str
    reason: Personal


class CallClosed(Event):
    """`open`: the proposals that are scored."""

    type = "CallClosed"
    open: tuple[str, ...]


class ProposalScored(Event):
    type = "ProposalScored"
    ref: str
    assessor: str
    scores: dict[str, int]
    comment: Personal


class ChoiceProposed(Event):
    """`rank`: where it stood when the choice was laid before the body."""

    type = "ChoiceProposed"
    ref: str
    result: Result
    rank: int | None
    reason: Personal
    taskforce: Taskforce | None
    measure: str
    departments_of: dict[str, str] = {}
    """Member -> the unit in which they hold a post."""


class SelectionConcluded(Event):
    """The body has chosen. `places` is the ranking it had before it."""

    type = "SelectionConcluded"
    session: str
    presided: str
    places: tuple[Place, ...]
    selected: tuple[str, ...]
    deferred: tuple[str, ...]
    other: tuple[str, ...]
    reason: Personal
    document: str = ""


class StartWasRefused(Event):
    type = "StartWasRefused"
    ref: str
    rule: str
    message: Text


class StartSettled(Event):
    """`attempt` counts the starts of this proposal; `start_as` is the reference it starts under."""

    type = "StartSettled"
    ref: str
    again: bool
    start_as: str
    attempt: int
    text: Personal


COMMANDS: dict[str, type[Command]] = {
    k.type: k
    for k in (
        CallForProposals,
        ProposeTask,
        CorrectProposal,
        RecordInterview,
        MergeProposals,
        WithdrawProposal,
        CloseCall,
        ScoreProposal,
        ProposeChoice,
        ConcludeSelection,
        NoteStartRefusal,
        SettleStart,
    )
}
EVENTS: dict[str, type[Event]] = {
    k.type: k
    for k in (
        CallOpened,
        TaskProposed,
        ProposalCorrected,
        InterviewRecorded,
        ProposalsMerged,
        ProposalWithdrawn,
        CallClosed,
        ProposalScored,
        ChoiceProposed,
        SelectionConcluded,
        StartWasRefused,
        StartSettled,
    )
}
