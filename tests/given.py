"""Given–when–then over the pure domain: a small city, valid deliverables for every stage, and a case that folds what it decides.

    case = Case().at("proposal")
    case.when(case.answer("approve"), person("chief")).then(RequestAnswered, RequestOpened)
    case.when(case.answer("approve"), person("stranger")).refused("not-your-post")

An accepted command is folded at once; a refused one leaves the case as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from domain.facts import Facts
from domain.lifecycle import commands as c
from domain.lifecycle.decide import decide
from domain.lifecycle.evolve import evolve
from domain.lifecycle.state import Lifecycle, Request
from domain.lifecycle.story import line
from domain.lifecycle.timers import due_commands, next_due
from domain.lifecycle.winding import FinishWindDownTask
from domain.messages import SYSTEM, Actor, Command, Event, Recorded, Refusal, Refused, Via
from tests.city import (
    DRAFTER,
    EVIDENCE,
    FACTS,
    KPI,
    PROCESS,
    SHA,
    SINCE,
    STAGES,
    START,
    STREAM,
    VALID,
    calendar,
    directory,
    person,
    stage_of,
    with_process,
)

__all__ = [
    "DRAFTER",
    "EVIDENCE",
    "FACTS",
    "KPI",
    "PROCESS",
    "SHA",
    "SINCE",
    "STAGES",
    "START",
    "STREAM",
    "VALID",
    "Case",
    "Outcome",
    "calendar",
    "directory",
    "person",
    "stage_of",
    "with_process",
]
C = TypeVar("C", bound=Command)


class Outcome:
    """What a command came to."""

    def __init__(self, case: Case, events: Sequence[Event], refusal: Refusal | None) -> None:
        self.case, self.events, self.refusal = case, list(events), refusal

    def then(self, *expected: type[Event] | Event) -> Case:
        """The events in order: each given as a type, or whole."""
        assert self.refusal is None, f"refused: {self.refusal}"
        names = [type(x).__name__ for x in self.events]
        assert len(self.events) == len(expected), names
        for event, wanted in zip(self.events, expected, strict=True):
            assert isinstance(event, wanted) if isinstance(wanted, type) else event == wanted, names
        return self.case

    def done(self) -> list[Event]:
        """The events, when only acceptance matters."""
        assert self.refusal is None, f"refused: {self.refusal}"
        return self.events

    def refused(self, rule: str) -> Refusal:
        """The refusal, which must be by `rule` and speak both languages."""
        assert self.refusal is not None, f"accepted: {[type(x).__name__ for x in self.events]}"
        assert self.refusal.rule == rule, self.refusal
        for text in (self.refusal.message, self.refusal.remedy):
            assert text.ja.strip() and text.en.strip()
        return self.refusal


@dataclass
class Case:
    """One lifecycle under test: its state, its log, and the moment."""

    facts: Facts = FACTS
    now: datetime = START
    state: Lifecycle = field(default_factory=lambda: Lifecycle(stream=STREAM))
    log: list[Recorded] = field(default_factory=list)
    _sent: int = 0

    def make(self, command: type[C], **fields: Any) -> C:
        """A command to this stream with a fresh id."""
        self._sent += 1
        return command(command_id=f"c{self._sent}", stream=STREAM, **fields)

    def when(self, command: Command, actor: Actor = DRAFTER) -> Outcome:
        """Decide, and fold what was decided."""
        try:
            events = decide(self.state, command, actor, self.facts, self.now)
        except Refused as no:
            return Outcome(self, [], no.refusal)
        for event in events:
            self.record(event, actor, command.command_id)
        return Outcome(self, events, None)

    def record(self, event: Event, actor: Actor = SYSTEM, command_id: str = "given") -> None:
        """Fold one event as if it had happened now."""
        version = len(self.log) + 1
        recorded = Recorded(
            stream=STREAM,
            version=version,
            position=version,
            event=event,
            actor=actor,
            occurred_at=self.now,
            command_id=command_id,
        )
        self.log.append(recorded)
        self.state = evolve(self.state, recorded)
        told = line(self.state, event)
        assert told.ja.strip() and told.en.strip() and "{" not in told.en

    # what people do

    def start(self, actor: Actor = DRAFTER, **fields: Any) -> Outcome:
        given = {"ref": "T-1", "title": "窓口", "section": "child-section", "definition": PROCESS.reference}
        return self.when(self.make(c.StartLifecycle, **(given | {"drafter": "p-drafter"} | fields)), actor)

    def form(self, **changes: Any) -> dict[str, Any]:
        """The valid deliverable of the work asked for, with some fields changed."""
        assert self.facts.definition is not None
        form = {**VALID[self.facts.definition.stage(self.state.work).deliverable], **changes}
        if "review_date" in form and "review_date" not in changes:
            form["review_date"] = date(self.now.year + 3, 3, 30).isoformat()
        return form

    def submit(self, actor: Actor = DRAFTER, **changes: Any) -> Outcome:
        command = self.make(c.SubmitDeliverable, stage=self.state.work, content=self.form(**changes))
        return self.when(command, actor)

    def answer(self, decision: str, request: Request | None = None, **fields: Any) -> c.AnswerRequest:
        """An answer to a request of the gate, the first open one by default."""
        asked = request or next(r for r in self.state.requests if r.kind == "decide")
        fields.setdefault("comment", "理由")
        return self.make(c.AnswerRequest, request=asked.id, decision=decision, **fields)

    def holder(self, request: Request | None = None) -> Actor:
        """Who may answer a request: the first holder of its post who did not draft."""
        asked = request or self.state.requests[0]
        drafted = self.state.submission.person if self.state.submission else None
        names = self.facts.directory.holders(asked.post, (self.now + timedelta(hours=9)).date())
        return Actor(person=next(n for n in names if n != drafted), via=Via.WEB, authenticated_by="test")

    def give(self, decision: str, request: Request | None = None, **fields: Any) -> Outcome:
        """The right person answers."""
        return self.when(self.answer(decision, request, **fields), self.holder(request))

    def approve_step(self, **fields: Any) -> list[Event]:
        """Everyone asked by the step that is open now agrees."""
        events: list[Event] = []
        step = self.state.requests[0].step
        while self.state.in_circulation and self.state.requests and self.state.requests[0].step == step:
            events += self.give("approve", self.state.requests[0], **fields).done()
        return events

    def pass_gate(self, **last: Any) -> list[Event]:
        """Everyone agrees to the end of the route; `last` are fields of the last answer."""
        events: list[Event] = []
        assert self.facts.definition is not None
        end = self.facts.definition.stage(self.state.work).gate[-1].key
        while self.state.in_circulation:
            events += self.approve_step(**(last if self.state.requests[0].step == end else {}))
        return events

    def measure(self, period: str | None = None) -> None:
        """A value for each KPI: of `period`, else of one that has none yet."""
        for kpi in self.state.kpis:
            known = self.state.values.get(kpi.key, {})
            period = period or next(p for n in count(8000) if (p := f"{n // 4}-Q{n % 4 + 1}") not in known)
            self.when(self.make(c.RecordMeasurement, kpi=kpi.key, period=period, value="12"), person("member")).done()

    def finish_tasks(self) -> None:
        """What the wind-down asks for is done, by whoever owns each task."""
        for task in self.state.open_tasks:
            done = self.make(FinishWindDownTask, task=task.key, note=f"{task.title.ja}を終えた")
            self.when(done, person("drafter")).done()

    def do_stage(self) -> None:
        """Draft and pass the current piece of work; monitoring is measured first, a wind-down's tasks are done."""
        if self.state.repeats:
            self.measure()
        self.finish_tasks()
        self.submit().done()
        self.pass_gate()

    def at(self, stage: str) -> Case:
        """Started and driven, by the straight way, to the drafting of `stage`."""
        if self.state.started_at is None:
            self.start().done()
        while self.state.work != stage:
            if self.state.repeats:
                self.do_stage()
                self.when(self.make(c.OpenReview, reason="一年たった"), person("office")).done()
            else:
                self.do_stage()
        return self

    def circulating(self, stage: str) -> Case:
        """Driven to `stage`, with its deliverable on its route."""
        self.at(stage)
        if self.state.repeats:
            self.measure()
        self.submit().done()
        return self

    def decide_outcome(self, key: str, **form: Any) -> list[Event]:
        """From the drafting of the review: recommend `key`, and have it decided."""
        self.submit(recommendation=key, **form).done()
        return self.pass_gate()

    def tick(self, until: datetime | None = None) -> list[Event]:
        """Let time pass to `until` (or the next moment), and record all that falls due, in order, on the way."""
        events: list[Event] = []
        until = until or next_due(self.state)
        assert until is not None
        while (due := next_due(self.state)) is not None and due <= until:
            self.now = max(self.now, due)
            for command in due_commands(self.state, self.now):
                events += self.when(command, SYSTEM).events
            after = next_due(self.state)
            assert after is None or after > due or after > self.now, f"{after} is never dealt with"
        self.now = max(self.now, until)
        return events

    def days(self, days: float) -> Case:
        """Let time pass without anybody noticing."""
        self.now += timedelta(days=days)
        return self
