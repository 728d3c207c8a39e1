"""The state of a session and its fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Literal

from domain.bodies import Body, BodyKey, BodyRules, Member
from domain.lifecycle.commands import Condition
from domain.messages import Event, Frozen, Recorded, Text
from domain.sessions import messages as m

Changes = dict[str, Any]


class Exception_(Frozen):
    """Why a conclusion could not be carried."""

    rule: str
    message: Text
    remedy: Text
    settled: bool = False


class Item(Frozen):
    key: str
    category: m.Category
    title: str
    lifecycle: str
    request: str
    seen: str
    selection: str
    public: bool
    follows: str
    definition: str = ""
    papers: tuple[m.Paper, ...] = ()
    opinions: int = 0
    recused: tuple[str, ...] = ()
    votes: dict[str, m.Ballot] = {}
    conclusion: m.Conclusion | None = None
    way: str = ""
    present: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    back_to: str | None = None
    presiding: str = ""
    reasoned: bool = False
    """A reason stands with the conclusion (its text is sealed)."""
    concluded_by: int = 0
    """Version of the event that concluded it."""
    attempt: int = 0
    exception: Exception_ | None = None


class Drafted(Frozen):
    """A 決裁 that the closing drafted; `number` is empty until it is decided."""

    document: str
    post: str
    post_title: Text
    due_at: datetime
    text: str
    number: str = ""
    decided_on: date | None = None


class Instruction(Frozen):
    id: str
    about: Literal["planning", "status"]
    lifecycle: str
    post: str
    post_title: Text
    due_at: datetime
    answered_at: datetime | None = None
    reminded: bool = False


class Session(Frozen):
    """One stream of kind `session`; `rules` is None before its first event."""

    stream: str
    body: BodyKey = "council"
    rules: BodyRules | None = None
    fiscal_year: int = 0
    number: int = 0
    held_on: date | None = None
    place: str = ""
    circulation: bool = False
    convened_at: datetime | None = None
    convened_by: str = ""
    """Empty when it was convened in its rhythm."""
    phase: Literal["new", "convened", "sitting", "closed", "final", "cancelled"] = "new"
    members: tuple[Member, ...] = ()
    present: tuple[str, ...] = ()
    presiding: str = ""
    guests: tuple[str, ...] = ()
    quorum: bool = False
    items: dict[str, Item] = {}
    removed: tuple[str, ...] = ()
    """Keys of items that were taken off: their papers and votes are on record under them."""
    decisions: dict[str, Drafted] = {}
    """Item -> the 決裁 drafted for it."""
    instructions: dict[str, Instruction] = {}
    briefings: int = 0
    minutes: int = 0
    """Versions of the minutes so far."""
    confirmed: tuple[str, ...] = ()
    """Who confirmed the newest version."""
    final: int = 0

    @property
    def of(self) -> Body:
        assert self.rules is not None
        return self.rules.body(self.body)

    @property
    def deliberating(self) -> bool:
        """Matters may be concluded: a meeting is sitting, a circulation is under way."""
        return self.phase == ("convened" if self.circulation else "sitting")

    @property
    def title(self) -> Text:
        """令和の表記 is added where it is shown: here the body and its number in the fiscal year."""
        from domain.calendar import wareki_fiscal_year

        if self.rules is None:
            return Text(ja="", en="")
        name = self.of.title
        return Text(
            ja=f"{name.ja} {wareki_fiscal_year(self.fiscal_year)}第{self.number}回",
            en=f"{name.en}, FY{self.fiscal_year} no. {self.number}",
        )

    def chair_post(self) -> str:
        """The post of the chair: what waits for it is what the body concludes."""
        return next((s.post for s in self.members if s.seat == "chair"), "")


def evolve(state: Session, recorded: Recorded) -> Session:
    return state.model_copy(update=_FOLDS[type(recorded.event)](state, recorded.event, recorded))


def _item(state: Session, key: str, **changes: Any) -> Changes:
    return {"items": {**state.items, key: state.items[key].model_copy(update=changes)}}


def _convened(state: Session, event: m.SessionConvened, recorded: Recorded) -> Changes:
    names = ("body", "rules", "fiscal_year", "number", "held_on", "place", "circulation", "members")
    fields = {n: getattr(event, n) for n in names}
    by = recorded.actor.person or ""
    return {**fields, "convened_at": recorded.occurred_at, "convened_by": by, "phase": "convened"}


def _put(state: Session, event: m.ItemPlaced, _: Recorded) -> Changes:
    fields = {n: getattr(event, n) for n in type(event).model_fields if n != "item"}
    known = state.items.get(event.item)
    made = known.model_copy(update=fields) if known else Item(key=event.item, **fields)
    return {"items": {**state.items, event.item: made}}


def _attendance(state: Session, event: m.AttendanceRecorded, _: Recorded) -> Changes:
    names = ("members", "present", "presiding", "guests", "quorum")
    return {**{n: getattr(event, n) for n in names}, "phase": "sitting"}


def _concluded(state: Session, event: m.ItemConcluded, recorded: Recorded) -> Changes:
    names = ("conclusion", "way", "present", "votes", "conditions", "back_to", "presiding")
    fields: Changes = {n: getattr(event, n) for n in names}
    if state.circulation and event.conclusion == "held":
        del fields["votes"]  # those given so far stay
    fields |= {"reasoned": bool(event.reason.strip()), "concluded_by": recorded.version}
    changes = _item(state, event.item, **fields)
    if state.circulation:
        # Nobody takes attendance in a circulation: whoever voted took part.
        part = (*state.present, *(p for p in event.present if p not in state.present))
        changes |= {"present": part, "presiding": event.presiding, "quorum": state.quorum or bool(event.present)}
    return changes


def _recused(state: Session, event: m.MemberRecused, _: Recorded) -> Changes:
    """A vote that the member had given already falls away."""
    item = state.items[event.item]
    votes = {p: b for p, b in item.votes.items() if p != event.person}
    return _item(state, event.item, recused=(*item.recused, event.person), votes=votes)


def _removed(state: Session, event: m.ItemRemoved, _: Recorded) -> Changes:
    left = {k: i for k, i in state.items.items() if k != event.item}
    return {"items": left, "removed": (*state.removed, event.item)}


def _drafted(state: Session, event: m.DecisionDrafted, _: Recorded) -> Changes:
    fields = {n: getattr(event, n) for n in ("document", "post", "post_title", "due_at", "text")}
    return {"decisions": {**state.decisions, event.item: Drafted(**fields)}}


def _entered(state: Session, event: m.DecisionEntered, _: Recorded) -> Changes:
    fields = {"number": event.number, "decided_on": event.decided_on}
    return {"decisions": {**state.decisions, event.item: state.decisions[event.item].model_copy(update=fields)}}


def _issued(state: Session, event: m.InstructionIssued, _: Recorded) -> Changes:
    fields = {n: getattr(event, n) for n in ("about", "lifecycle", "post", "post_title", "due_at")}
    return {"instructions": {**state.instructions, event.instruction: Instruction(id=event.instruction, **fields)}}


def _instruction(state: Session, key: str, **changes: Any) -> Changes:
    return {"instructions": {**state.instructions, key: state.instructions[key].model_copy(update=changes)}}


def _refused(state: Session, event: m.CarryingRefused, _: Recorded) -> Changes:
    found = Exception_(rule=event.rule, message=event.message, remedy=event.remedy)
    return _item(state, event.item, exception=found)


def _settled(state: Session, event: m.ExceptionSettled, _: Recorded) -> Changes:
    known = state.items[event.item].exception
    settled = None if event.again or known is None else known.model_copy(update={"settled": True})
    corrected: Changes = {}
    if event.corrected is not None:
        corrected = {n: getattr(event.corrected, n) for n in ("conclusion", "conditions", "back_to")}
    return _item(state, event.item, exception=settled, attempt=event.attempt, **corrected)


_FOLDS: Mapping[type[Event], Callable[[Session, Any, Recorded], Changes]] = {
    m.SessionConvened: _convened,
    m.ItemPlaced: _put,
    m.ItemRemoved: _removed,
    m.PaperReceived: lambda s, v, _: _item(s, v.item, papers=(*s.items[v.item].papers, v.paper)),
    m.ChairBriefed: lambda s, v, _: {"briefings": s.briefings + 1},
    m.OpinionObtained: lambda s, v, _: _item(s, v.item, opinions=s.items[v.item].opinions + 1),
    m.AttendanceRecorded: _attendance,
    m.MemberRecused: _recused,
    m.VoteReceived: lambda s, v, _: _item(s, v.item, votes={**s.items[v.item].votes, v.person: v.ballot}),
    m.ItemConcluded: _concluded,
    m.InstructionIssued: _issued,
    m.InstructionAnswered: lambda s, v, r: _instruction(s, v.instruction, answered_at=r.occurred_at),
    m.InstructionReminded: lambda s, v, _: _instruction(s, v.instruction, reminded=True),
    m.SessionClosed: lambda s, v, _: {"phase": "closed"},
    m.SessionCancelled: lambda s, v, _: {"phase": "cancelled"},
    m.CarryingRefused: _refused,
    m.ExceptionSettled: _settled,
    m.DecisionDrafted: _drafted,
    m.DecisionEntered: _entered,
    m.MinutesDrafted: lambda s, v, _: {"minutes": v.version, "confirmed": ()},
    m.MinutesConfirmed: lambda s, v, r: {"confirmed": (*s.confirmed, r.actor.person or "")},
    m.MinutesFinalised: lambda s, v, _: {"final": v.version, "phase": "final"},
}
