"""The way of each lifecycle through its stages, and whom it waited for meanwhile: a fold of the log for what learning asks.

A lifecycle's own state forgets where it was; this keeps it. An answer that was taken back undoes what followed from it, here as
in the lifecycle itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from learning.log import Happening

TYPES = frozenset(
    {
        "LifecycleStarted",
        "LifecycleAdopted",
        "StageEntered",
        "WindDownStarted",
        "DefinitionMigrated",
        "RequestOpened",
        "RequestAnswered",
        "RequestClosed",
        "LifecycleHeld",
        "LifecycleResumed",
        "OutcomeDecided",
        "LifecycleClosed",
        "ReopeningAsked",
        "AnswerRetracted",
    }
)
"""Types of events that the fold reads; others change nothing here."""


@dataclass(frozen=True)
class Visit:
    """A stage from its entry on. `because`: as in the event `StageEntered`, or wind_down, migrated. `left_at` None: it is there still.
    `whole` False: it was adopted in the middle of the stage, and its beginning is not known."""

    stage: str
    round: int
    because: str
    entered_at: datetime
    left_at: datetime | None = None
    whole: bool = True


@dataclass(frozen=True)
class Wait:
    """A request while it was open. `kind`: draft (somebody works) or decide (somebody is waited for)."""

    request: str
    kind: str
    stage: str
    round: int
    step: str
    post: str
    opened_at: datetime
    ended_at: datetime | None = None
    answered: bool = False


@dataclass(frozen=True)
class Trace:
    """One lifecycle. `holds`: from when until when it rested (None: still). `outcomes`: what was decided, and when."""

    stream: str
    ref: str = ""
    title: str = ""
    section: str = ""
    bureau: str = ""
    definition: str = ""
    started_at: datetime | None = None
    visits: tuple[Visit, ...] = ()
    waits: tuple[Wait, ...] = ()
    holds: tuple[tuple[datetime, datetime | None], ...] = ()
    outcomes: tuple[tuple[str, int, datetime], ...] = ()
    closed_at: datetime | None = None
    closed_as: str = ""


@dataclass
class Tracer:
    """Folds one lifecycle's events, given in their order."""

    trace: Trace
    _open: dict[str, Wait] = field(default_factory=dict)
    _ended: list[Wait] = field(default_factory=list)
    _undo: tuple[int, Trace, dict[str, Wait], int] | None = None
    """Before the last answer: its version, the trace, what was open, and how many waits had ended."""

    def begin(self, open_: Iterable[Wait]) -> None:
        """What is open where the trace does not begin at the beginning."""
        self._open |= {w.request: w for w in open_}

    def feed(self, h: Happening) -> None:
        fold = _FOLDS.get(h.type)
        if fold is not None:
            fold(self, h)

    def whole(self) -> Trace:
        """The trace so far."""
        return replace(self.trace, waits=(*self._ended, *self._open.values()))

    # --- folds -------------------------------------------------------------------------------------------------------

    def started(self, h: Happening) -> None:
        b = h.body
        self.trace = replace(
            self.trace,
            ref=b["ref"],
            title=b["title"],
            section=b["section"],
            bureau=b["bureau"],
            definition=b["definition"],
            started_at=h.at,
        )

    def entered(self, h: Happening) -> None:
        b = h.body
        self._enter(Visit(b["stage"], b["round"], b["because"], h.at, whole=b["because"] != "adopted"))

    def wound_down(self, h: Happening) -> None:
        self._enter(Visit(h.body["work"], h.body["round"], "wind_down", h.at))

    def migrated(self, h: Happening) -> None:
        self.trace = replace(self.trace, definition=h.body["definition"])
        last = self.trace.visits[-1] if self.trace.visits else None
        if last is not None and last.left_at is None and last.stage not in (h.body["stage"], h.body["work"]):
            self._enter(Visit(h.body["stage"], last.round, "migrated", h.at))
        for kept in h.body["kept"]:
            request = kept["request"] if isinstance(kept, Mapping) else kept.request
            if request in self._open:
                self._open[request] = replace(self._open[request], stage=h.body["work"])

    def opened(self, h: Happening) -> None:
        b = h.body
        self._open[b["request"]] = Wait(b["request"], b["kind"], b["stage"], b["round"], b["step"], b["post"], h.at)

    def answered(self, h: Happening) -> None:
        self._undo = (h.version, self.trace, dict(self._open), len(self._ended))
        self._end(h.body["request"], h.at, answered=True)

    def closed_request(self, h: Happening) -> None:
        self._end(h.body["request"], h.at, answered=h.body["because"] == "submitted")

    def held(self, h: Happening) -> None:
        if not self.trace.holds or self.trace.holds[-1][1] is not None:
            self.trace = replace(self.trace, holds=(*self.trace.holds, (h.at, None)))

    def resumed(self, h: Happening) -> None:
        *before, (since, until) = self.trace.holds or ((h.at, None),)
        self.trace = replace(self.trace, holds=(*before, (since, until or h.at)))

    def decided(self, h: Happening) -> None:
        decided = (h.body["outcome"], h.body["round"], h.at)
        self.trace = replace(self.trace, outcomes=(*self.trace.outcomes, decided))

    def closed(self, h: Happening) -> None:
        self._leave(h.at)
        if self.trace.holds and self.trace.holds[-1][1] is None:
            self.resumed(h)
        self.trace = replace(self.trace, closed_at=h.at, closed_as=h.body["as_"])

    def reopening(self, h: Happening) -> None:
        self.trace = replace(self.trace, closed_at=None, closed_as="")

    def retracted(self, h: Happening) -> None:
        if self._undo is None or self._undo[0] != h.body["answered_at"]:
            return
        _, before, open_, ended = self._undo
        holds = self.trace.holds
        self.trace = replace(before, holds=holds)
        undone = {w.request for w in self._ended[ended:]} & set(open_)
        self._ended = [w for w in self._ended if w.request not in undone]
        self._open = open_
        self._undo = None

    def _enter(self, visit: Visit) -> None:
        self._leave(visit.entered_at)
        self.trace = replace(self.trace, visits=(*self.trace.visits, visit))

    def _leave(self, at: datetime) -> None:
        *before, last = self.trace.visits or (None,)
        if last is not None and last.left_at is None:
            self.trace = replace(self.trace, visits=(*(v for v in before if v), replace(last, left_at=at)))

    def _end(self, request: str, at: datetime, *, answered: bool) -> None:
        wait = self._open.pop(request, None)
        if wait is not None:
            self._ended.append(replace(wait, ended_at=at, answered=answered))


_FOLDS: dict[str, Any] = {
    "LifecycleStarted": Tracer.started,
    "LifecycleAdopted": Tracer.started,
    "StageEntered": Tracer.entered,
    "WindDownStarted": Tracer.wound_down,
    "DefinitionMigrated": Tracer.migrated,
    "RequestOpened": Tracer.opened,
    "RequestAnswered": Tracer.answered,
    "RequestClosed": Tracer.closed_request,
    "LifecycleHeld": Tracer.held,
    "LifecycleResumed": Tracer.resumed,
    "OutcomeDecided": Tracer.decided,
    "LifecycleClosed": Tracer.closed,
    "ReopeningAsked": Tracer.reopening,
    "AnswerRetracted": Tracer.retracted,
}


def traces(log: Iterable[Happening]) -> Iterator[Trace]:
    """Traces of a log that goes stream by stream (as `learning.log.happenings` does); one lifecycle is held at a time."""
    tracer: Tracer | None = None
    for h in log:
        if tracer is None or tracer.trace.stream != h.stream:
            if tracer is not None:
                yield tracer.whole()
            tracer = Tracer(Trace(h.stream))
        tracer.feed(h)
    if tracer is not None:
        yield tracer.whole()


def mixed(log: Iterable[Happening]) -> list[Trace]:
    """Traces of a log in any order of streams, all held in memory: of a rehearsal."""
    found: dict[str, Tracer] = {}
    for h in log:
        found.setdefault(h.stream, Tracer(Trace(h.stream))).feed(h)
    return [t.whole() for t in found.values()]
