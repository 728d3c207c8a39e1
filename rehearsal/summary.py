"""The figures of a rehearsal: counted while events come by, shown at its end or given as a document."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any, NamedTuple

from domain.calendar import Calendar
from domain.lifecycle import events as e
from domain.lifecycle.state import Lifecycle
from domain.lifecycle.story import line
from domain.messages import Event, Frozen, Recorded, Refused, Text
from domain.process import ProcessDefinition
from rehearsal.script import Intention

_LATEST = 12
"""How many of the latest happenings are remembered."""
OUTCOMES = ("expansion", "improvement", "abolition", "continuation", "completion")


class StageTime(Frozen):
    """How long a stage took, over all its finished visits; `median_days` in working days."""

    stage: str
    title: Text
    visits: int
    median_days: float


class Summary(Frozen):
    """What a rehearsal came to. `results` counts lifecycles by their first outcome, `open` those not closed at its end."""

    seed: int
    until: datetime
    lifecycles: int
    results: dict[str, int]
    closed: dict[str, int]
    open: int
    open_by_stage: dict[str, int]
    second_rounds: int
    answers: int
    sent_back: int
    objections: int
    late_answers: int
    reminders: int
    escalations: int
    holds: int
    refusals: dict[str, int]
    stages: tuple[StageTime, ...]
    events: int
    commands: int
    seconds: float
    commands_per_second: float
    verified: bool | None = None
    problems: tuple[str, ...] = ()
    bodies: dict[str, int] = {}
    """Sessions of each body, matters they concluded, tasks selected and left their place; empty when none sat."""
    store: str | None = None
    look_at: dict[str, str] = {}
    """Streams worth a look, by what is worth seeing in them."""


class Standing(NamedTuple):
    """Where a lifecycle stands, as far as the figures ask."""

    stream: str
    work: str
    round: int
    outcome: str | None
    closed: bool
    closed_as: str | None


@dataclass(frozen=True)
class Glance:
    """The figures of a moment, for somebody who looks on. Those of several shares of a cast add up."""

    counts: Counter[str]
    by_stage: Counter[str]
    outcomes: Counter[str]
    running: int
    closed: int
    later_rounds: int
    latest: tuple[tuple[datetime, str, str], ...] = ()
    """When, in which lifecycle, and what happened, oldest first."""

    def __add__(self, other: Glance) -> Glance:
        return Glance(
            self.counts + other.counts,
            self.by_stage + other.by_stage,
            self.outcomes + other.outcomes,
            self.running + other.running,
            self.closed + other.closed,
            self.later_rounds + other.later_rounds,
            tuple(sorted((*self.latest, *other.latest))[-_LATEST:]),
        )


class Tally:
    """Counts what goes by; `saw` and `was_refused` are the conductor's observers."""

    def __init__(self, process: ProcessDefinition, calendar: Calendar) -> None:
        self.states: dict[str, Standing] = {}
        self.first_outcome: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self._latest: list[tuple[datetime, Lifecycle, Event]] = []
        self._decided: dict[str, datetime] = {}
        self._process, self._calendar = process, calendar
        self._due: dict[str, datetime] = {}
        self._entered: dict[str, tuple[str, datetime]] = {}
        self._days: defaultdict[str, list[int]] = defaultdict(list)

    def saw(self, state: Lifecycle, fresh: Sequence[Recorded]) -> None:
        self.states[state.stream] = Standing(
            state.stream, state.work, state.round, state.outcome, state.closed, state.closed_as
        )
        self.counts["events"] += len(fresh)
        for recorded in fresh:
            count = _COUNTED.get(type(recorded.event))
            if count is not None:
                count(self, recorded)
        told = next((r for r in fresh if isinstance(r.event, _TOLD)), None)
        if told is not None:
            self._latest = [*self._latest[1 - _LATEST :], (told.occurred_at, state, told.event)]

    def add(self, other: Tally) -> None:
        """Take in what another tally counted of other streams."""
        self.states |= other.states
        self.first_outcome |= other.first_outcome
        self._decided |= other._decided
        self.counts += other.counts
        self.refusals += other.refusals
        for stage, days in other._days.items():
            self._days[stage] += days

    def glance(self) -> Glance:
        states = self.states.values()
        return Glance(
            counts=Counter(self.counts),
            by_stage=Counter(s.work for s in states if not s.closed),
            outcomes=Counter(self.first_outcome.values()),
            running=sum(not s.closed for s in states),
            closed=sum(s.closed for s in states),
            later_rounds=sum(s.round > 1 for s in states),
            latest=tuple((at, state.title, line(state, event).ja) for at, state, event in self._latest),
        )

    def was_refused(self, intention: Intention, refused: Refused) -> None:
        self.refusals[f"{intention.verb}: {refused.refusal.rule}"] += 1

    def opened(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, e.RequestOpened)
        self._due[event.request] = event.due_at

    def resumed(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, e.LifecycleResumed)
        self._due.update({s.request: s.due_at for s in event.shifts})

    def answered(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, e.RequestAnswered)
        self.counts["answers"] += 1
        self.counts["late"] += recorded.occurred_at > self._due.pop(event.request, recorded.occurred_at)
        self.counts["objections"] += event.decision == "reject"

    def withdrawn(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, e.RequestClosed)
        self._due.pop(event.request, None)

    def decided(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, e.OutcomeDecided)
        self.first_outcome.setdefault(recorded.stream, event.outcome)
        self._decided.setdefault(recorded.stream, recorded.occurred_at)
        if event.then == "wind_down":
            self._leave(recorded)

    def entered(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, e.StageEntered)
        self._leave(recorded)
        self._entered[recorded.stream] = (event.stage, recorded.occurred_at)

    def closed(self, recorded: Recorded) -> None:
        self._leave(recorded)

    def _leave(self, recorded: Recorded) -> None:
        before = self._entered.pop(recorded.stream, None)
        if before is not None:
            stage, since = before
            self._days[stage].append(self._calendar.working_days_between(since, recorded.occurred_at))

    def count(self, name: str) -> None:
        self.counts[name] += 1

    def summary(self, *, seed: int, until: datetime, commands: int, seconds: float, **more: Any) -> Summary:
        """The figures so far; `seconds` is wall time, `more` the fields that only the caller knows."""
        open_ = [s for s in self.states.values() if not s.closed]
        outcomes = Counter(self.first_outcome.values())
        times = tuple(
            StageTime(stage=s.key, title=s.title, visits=len(days), median_days=float(median(days)))
            for s in self._process.stages
            if (days := self._days.get(s.key))
        )
        return Summary(
            seed=seed,
            until=until,
            lifecycles=len(self.states),
            results={k: outcomes[k] for k in OUTCOMES},
            closed=dict(sorted(Counter(s.closed_as or "" for s in self.states.values() if s.closed).items())),
            open=len(open_),
            open_by_stage=self.by_stage(),
            second_rounds=sum(s.round > 1 for s in self.states.values()),
            answers=self.counts["answers"],
            sent_back=self.counts["sent_back"],
            objections=self.counts["objections"],
            late_answers=self.counts["late"],
            reminders=self.counts["reminders"],
            escalations=self.counts["escalations"],
            holds=self.counts["holds"],
            refusals=dict(sorted(self.refusals.items())),
            stages=times,
            events=self.counts["events"],
            commands=commands,
            seconds=round(seconds, 2),
            commands_per_second=round(commands / seconds, 1) if seconds else 0.0,
            look_at=self._worth_a_look(),
            **more,
        )

    def by_stage(self) -> dict[str, int]:
        """Open lifecycles by the work asked for, in the order of the process."""
        at = Counter(s.work for s in self.states.values() if not s.closed)
        last = (self._process.wind_down.key,) if self._process.wind_down else ()
        return {k: at[k] for k in (*(s.key for s in self._process.stages), *last) if at[k]}

    def _worth_a_look(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for stream in sorted(self.first_outcome, key=lambda stream: (self._decided[stream], stream)):
            outcome = self.first_outcome[stream]
            state = self.states[stream]
            if outcome == "improvement" and state.round > 1:
                found.setdefault("improvement, second round", stream)
            elif outcome in ("abolition", "expansion"):
                found.setdefault(outcome, stream)
        return dict(sorted(found.items()))


_TOLD = (e.OutcomeDecided, e.LifecycleClosed, e.StageEntered, e.GateReturned, e.RequestEscalated, e.LifecycleHeld)
_COUNTED: Mapping[type[Event], Callable[[Tally, Recorded], None]] = {
    e.RequestOpened: Tally.opened,
    e.LifecycleResumed: Tally.resumed,
    e.RequestAnswered: Tally.answered,
    e.RequestClosed: Tally.withdrawn,
    e.OutcomeDecided: Tally.decided,
    e.StageEntered: Tally.entered,
    e.LifecycleClosed: Tally.closed,
    e.GateReturned: lambda t, _: t.count("sent_back"),
    e.ReminderSent: lambda t, _: t.count("reminders"),
    e.RequestEscalated: lambda t, _: t.count("escalations"),
    e.LifecycleHeld: lambda t, _: t.count("holds"),
}
