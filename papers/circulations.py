"""What went on its route, and how that ended: the events of a lifecycle gathered by the document they decide on.

A circulation (回議) is one version of one deliverable on its way: handed in, answered by the posts of its route, and passed, sent
back, withdrawn or still under way. An answer that was retracted stays, marked; what had followed from it is undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.kinds import Kind
from domain.lifecycle.state import Lifecycle
from domain.lifecycle.story import line
from domain.messages import Event, Recorded, Text
from domain.written import said
from store.store import Store

_NOT_TOLD = {"RequestOpened", "RequestClosed", "ReminderSent"}
_FOLLOWS_A_PASS = {"SharedForInformation", "ReadingAcknowledged"}
_CAUSED = {
    "OutcomeDecided",
    "PromiseMade",
    "LifecycleDropped",
    "LifecycleReopened",
    "LifecycleClosed",
    "WindDownStarted",
    "WindDownTaskAssigned",
    "SpreadDecided",
}
"""What a decision brings about at once is part of its paper."""


@dataclass(frozen=True)
class Told:
    """An event with its line in both languages and the state after it."""

    recorded: Recorded
    line: Text
    state: Lifecycle

    @property
    def said(self) -> str:
        """What the person wrote."""
        return said(self.recorded.event)


@dataclass
class Answer:
    recorded: Recorded
    retraction: Recorded | None = None


@dataclass
class Asked:
    """A request to a post of the route, with every answer that was given to it, retracted ones included."""

    recorded: Recorded
    answers: list[Answer] = field(default_factory=list)
    closed: Recorded | None = None

    @property
    def answer(self) -> Answer | None:
        """The answer that holds."""
        return next((a for a in reversed(self.answers) if a.retraction is None), None)


@dataclass
class Circulation:
    submitted: Recorded
    state: Lifecycle
    """The state when it was handed in."""
    asked: list[Asked] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    result: str = "circulating"
    """A key of `words.RESULTS`."""
    drafting_post: str | None = None
    """The post that was asked to draft it."""
    ended: Recorded | None = None

    @property
    def document(self) -> Any:
        return self.submitted.event

    @property
    def key(self) -> tuple[str, int]:
        return self.document.stage, self.document.round

    @property
    def in_force(self) -> bool:
        """It was agreed to: here, or before the system began."""
        return self.result in ("passed", "decided_before")

    @property
    def imported(self) -> bool:
        return self.submitted.event.type == "DeliverableImported"

    @property
    def last(self) -> Recorded:
        """The last event that belongs to it."""
        return self.told[-1].recorded

    def of_request(self, request: str) -> Asked | None:
        # The newest wins: a request that is asked again after a retraction keeps its id.
        return next((a for a in reversed(self.asked) if _of(a.recorded.event, "request") == request), None)


def timeline(store: Store, stream: str) -> list[Told]:
    """Every event of a lifecycle told in a line in both languages, oldest first."""
    return tell(store.kinds["lifecycle"], stream, store.events(stream))


def tell(kind: Kind[Any], stream: str, recorded: Sequence[Recorded]) -> list[Told]:
    """Every event told in a line, with the state after it."""
    state, found = kind.initial(stream), []
    for r in recorded:
        state = kind.evolve(state, r)
        found.append(Told(r, line(state, r.event), state))
    return found


def circulations(told: Sequence[Told]) -> list[Circulation]:
    """Every circulation of a lifecycle, in the order in which they began."""
    found: list[Circulation] = []
    drafting: str | None = None
    for t in told:
        kind = t.recorded.event.type
        if kind == "RequestOpened" and _of(t.recorded.event, "kind") == "draft":
            drafting = str(_of(t.recorded.event, "post"))
        if kind == "DeliverableSubmitted":
            found.append(Circulation(t.recorded, t.state, told=[t], drafting_post=drafting))
        elif kind == "DeliverableImported":
            found.append(Circulation(t.recorded, t.state, told=[t], result="imported", ended=t.recorded))
        elif kind == "DecisionImported":
            _decided_elsewhere(found, t)
        elif kind == "AnswerRetracted":
            request = str(_of(t.recorded.event, "request"))
            for c in [c for c in reversed(found) if c.of_request(request) is not None][:1]:
                _note(c, t)
        elif found and _belongs(found[-1], t):
            _note(found[-1], t)
        elif kind in _FOLLOWS_A_PASS:
            _shared(found, t)
    return found


def _belongs(to: Circulation, t: Told) -> bool:
    if to.ended is None:
        return True
    if t.recorded.event.type == "RequestClosed":
        return to.of_request(str(_of(t.recorded.event, "request"))) is not None
    return t.recorded.event.type in _CAUSED and t.recorded.command_id == to.ended.command_id


def _decided_elsewhere(found: Sequence[Circulation], t: Told) -> None:
    """A decision from before the system: it stands for the document of its stage and round that was imported with it."""
    key = (_of(t.recorded.event, "stage"), _of(t.recorded.event, "round"))
    for c in [c for c in reversed(found) if c.result == "imported" and c.key == key][:1]:
        c.told.append(t)
        c.result, c.ended = "decided_before", t.recorded


def _shared(found: Sequence[Circulation], t: Told) -> None:
    """For information, after the decision: it belongs to the document it speaks of."""
    event = t.recorded.event
    for c in reversed(found):
        known = {_of(s.recorded.event, "reading") for s in c.told}
        if _of(event, "content_hash") == c.document.content_hash or _of(event, "reading") in known - {None}:
            c.told.append(t)
            return


def _note(c: Circulation, t: Told) -> None:
    event, kind = t.recorded.event, t.recorded.event.type
    if kind not in _NOT_TOLD:
        c.told.append(t)
    asked = c.of_request(str(_of(event, "request")))
    if kind == "RequestOpened":
        if _of(event, "kind") == "decide":
            c.asked.append(Asked(t.recorded))
    elif kind == "RequestAnswered" and asked is not None:
        asked.answers.append(Answer(t.recorded))
    elif kind == "RequestClosed" and asked is not None:
        asked.closed = t.recorded
    elif kind == "AnswerRetracted":
        _undo(c, asked, t.recorded)
    elif (result := _result(event)) is not None and (c.ended is None or kind == "LifecycleDropped"):
        c.result, c.ended = result, t.recorded


def _result(event: Event) -> str | None:
    if event.type == "GateReturned":
        return "rejected" if _of(event, "rejected") else "returned"
    return {
        "GatePassed": "passed",
        "DraftWithdrawn": "withdrawn",
        "LifecycleDropped": "dropped",
        "LifecycleClosed": "closed",
        "ReopeningRefused": "rejected",
    }.get(event.type)


def _undo(c: Circulation, asked: Asked | None, retraction: Recorded) -> None:
    """The answer stays on paper, struck through; what it had led to has not happened."""
    since = _of(retraction.event, "answered_at") or 0
    c.result, c.ended = "circulating", None
    for other in c.asked:
        if other.closed is not None and other.recorded.version < since <= other.closed.version:
            other.closed = None
    for answer in asked.answers if asked else ():
        if answer.recorded.version == since:
            answer.retraction = retraction


def _of(event: Event, name: str) -> Any:
    """A field that some types of event have: new ones come and tell themselves by `story.line`."""
    return getattr(event, name, None)
