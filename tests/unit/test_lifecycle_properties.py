"""Random commands by random people at random moments: nothing but a refusal is ever raised, and no lifecycle freezes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.lifecycle import amendments as am
from domain.lifecycle import commands as c
from domain.lifecycle import dialogue
from domain.lifecycle.decide import decide
from domain.lifecycle.evolve import evolve
from domain.lifecycle.kind import LifecycleKind
from domain.lifecycle.state import Lifecycle
from domain.lifecycle.timers import due_commands, next_due
from domain.messages import SYSTEM, Actor, Command, Recorded, Refused, Via
from tests.given import FACTS, PROCESS, STAGES, STREAM, VALID, Case, person, stage_of, with_process

KIND = LifecycleKind()
ANYONE = st.sampled_from([p.id.removeprefix("p-") for p in FACTS.directory.people]).map(person)
WORK = st.sampled_from([*STAGES, "wind_down", "moon"])
OUTCOMES = st.sampled_from([None, None, *(o.key for o in PROCESS.outcomes), "victory"])
DECISIONS = st.sampled_from(["approve", "approve", "approve", "conditions", "return", "reject"])


def _quorum(document: dict[str, Any]) -> None:
    stage_of(document, "coordination")["gate"][0].update(need=1)
    for stage in document["stages"]:
        stage["inform"] = [{"role": "mayor", "unit": "city"}]
        for step in stage["gate"]:
            step["question_stops_clock"] = True


QUORUM = with_process(_quorum)
"""One agreement is enough, questions stop the clock, and the mayor is told of everything."""


class Random(RuleBasedStateMachine):
    """Every command goes through `send`, which checks what must hold of any decision."""

    case: Case

    @initialize(stage=st.sampled_from(STAGES), quorum=st.booleans(), drafted=st.booleans())
    def begin(self, stage: str, quorum: bool, drafted: bool) -> None:
        self.case = Case(facts=QUORUM if quorum else FACTS).at(stage)
        if drafted:
            if self.case.state.repeats:
                self.case.measure()
            self.case.submit().done()

    def send(self, command: Command, actor: Actor) -> bool:
        """Whether it was accepted. Decides twice: the same in gives the same out, and nothing given is changed."""
        case, before = self.case, self.case.state.model_dump_json()
        outcomes: list[Any] = []
        for _ in range(2):
            try:
                outcomes.append(list(decide(case.state, command, actor, case.facts, case.now)))
            except Refused as no:
                outcomes.append(no.refusal)
        assert outcomes[0] == outcomes[1] and case.state.model_dump_json() == before
        outcome = case.when(command, actor)
        assert (outcome.refusal is None) == isinstance(outcomes[0], list)
        return outcome.refusal is None

    @rule(actor=ANYONE, stage=WORK)
    def submit_anything(self, actor: Actor, stage: str) -> None:
        content = VALID.get(stage, VALID["team"])
        self.send(self.case.make(c.SubmitDeliverable, stage=stage, content=content), actor)

    @rule(
        actor=st.sampled_from(["drafter", "chief", "member"]).map(person),
        recommendation=OUTCOMES,
        back_to=WORK,
    )
    def submit_what_is_asked(self, actor: Actor, recommendation: str | None, back_to: str) -> None:
        if self.case.state.closed:
            return
        changes: dict[str, Any] = {}
        if self.case.state.work == "review" and recommendation in VALID["review"] | dict.fromkeys(
            o.key for o in PROCESS.outcomes
        ):
            changes = {"recommendation": recommendation, "back_to": back_to}
        content = self.case.form(**changes)
        self.send(self.case.make(c.SubmitDeliverable, stage=self.case.state.work, content=content), actor)

    @precondition(lambda self: self.case.state.in_circulation and self.case.state.requests)
    @rule(data=st.data(), decision=DECISIONS, outcome=OUTCOMES, back_to=st.none() | WORK, right=st.booleans())
    def answer(self, data: st.DataObject, decision: str, outcome: str | None, back_to: str | None, right: bool) -> None:
        request = data.draw(st.sampled_from(self.case.state.requests))
        actor = self.case.holder(request) if right else data.draw(ANYONE)
        conditions = (c.Condition(text="条件"),) if decision == "conditions" else ()
        command = self.case.answer(decision, request, outcome=outcome, back_to=back_to, conditions=conditions)
        if self.send(command, actor):
            again = command.model_copy(update={"command_id": f"{command.command_id}-again"})
            assert not self.send(again, actor), "decided twice"

    @precondition(
        lambda self: self.case.state.in_circulation and self.case.state.requests and self.case.state.hold is None
    )
    @rule()
    def agree(self) -> None:
        request = self.case.state.requests[0]
        self.send(self.case.answer("approve", request), self.case.holder(request))

    @precondition(lambda self: self.case.state.repeats)
    @rule()
    def measure_all(self) -> None:
        self.case.measure()

    @rule(actor=ANYONE, until=st.none() | st.integers(-5, 900))
    def hold(self, actor: Actor, until: int | None) -> None:
        day = self.case.now.date() + timedelta(days=until) if until is not None else None
        self.send(self.case.make(c.HoldLifecycle, reason="選挙", until=day), actor)

    @rule(actor=st.sampled_from(["drafter", "office"]).map(person))
    def resume(self, actor: Actor) -> None:
        self.send(self.case.make(c.ResumeLifecycle), actor)

    @rule(actor=st.sampled_from(["drafter", "stranger"]).map(person))
    def withdraw(self, actor: Actor) -> None:
        self.send(self.case.make(c.WithdrawDraft, reason="誤記"), actor)

    @rule(actor=st.sampled_from(["office", "stranger"]).map(person))
    def open_review(self, actor: Actor) -> None:
        self.send(self.case.make(c.OpenReview, reason="一年"), actor)

    @rule(
        year=st.integers(2026, 2028),
        state=st.sampled_from(["asked", "indicated", "voted", "allotted"]),
        amount=st.integers(0, 3),
    )
    def budget(self, year: int, state: str, amount: int) -> None:
        command = self.case.make(c.RecordBudget, fiscal_year=year, state=state, amount=amount)
        self.send(command, person("finance"))

    @precondition(lambda self: bool(self.case.state.promises))
    @rule(data=st.data())
    def fulfil(self, data: st.DataObject) -> None:
        promise = data.draw(st.sampled_from(self.case.state.promises))
        self.send(self.case.make(c.FulfilPromise, promise=promise.id), person("drafter"))

    @rule(actor=st.none() | ANYONE, decision=st.none() | DECISIONS)
    def take_back(self, actor: Actor | None, decision: str | None) -> None:
        """Whoever answered last retracts, or corrects: the state is what it was before the answer."""
        before = self.case.state.before
        if before is None:
            return
        who = actor or Actor(person=before.person, via=Via.WEB, authenticated_by="test")
        if decision is None:
            command: Command = self.case.make(am.RetractAnswer, request=before.request, reason="誤り")
        else:
            conditions = (c.Condition(text="条件"),) if decision == "conditions" else ()
            command = self.case.make(
                am.CorrectAnswer,
                request=before.request,
                decision=decision,
                comment="理由",
                conditions=conditions,
                reason="誤り",
            )
        if self.send(command, who):
            assert who.person == before.person
            if decision is None:
                state = self.case.state
                assert state.before is None and state.request(before.request) is not None
                assert (state.work, state.round, state.requests) == (before.work, before.round, before.requests)

    @rule(actor=ANYONE)
    def ask(self, actor: Actor) -> None:
        self.send(self.case.make(dialogue.AskQuestion, text="なぜですか"), actor)

    @precondition(lambda self: bool(self.case.state.questions))
    @rule(actor=st.sampled_from(["drafter", "chief", "stranger"]).map(person))
    def reply(self, actor: Actor) -> None:
        self.send(
            self.case.make(dialogue.AnswerQuestion, question=self.case.state.questions[0].id, text="法です"), actor
        )

    @rule(actor=ANYONE, post=st.sampled_from(["mayor", "school-chief", "moon"]))
    def share(self, actor: Actor, post: str) -> None:
        self.send(self.case.make(dialogue.ShareForInformation, post=post), actor)

    @rule(actor=ANYONE)
    def read_and_comment(self, actor: Actor) -> None:
        self.send(self.case.make(dialogue.AddComment, text="良い"), actor)
        for reading in self.case.state.readings[:1]:
            self.send(self.case.make(dialogue.AcknowledgeReading, reading=reading.id), actor)

    @precondition(lambda self: self.case.state.closed)
    @rule(actor=st.sampled_from(["drafter", "office", "stranger"]).map(person), stage=WORK)
    def reopen(self, actor: Actor, stage: str) -> None:
        self.send(self.case.make(am.ReopenLifecycle, stage=stage, reason="需要"), actor)

    @precondition(lambda self: bool(self.case.state.values))
    @rule(value=st.integers(0, 3))
    def correct_a_value(self, value: int) -> None:
        kpi, periods = next(iter(self.case.state.values.items()))
        command = self.case.make(
            am.CorrectMeasurement, kpi=kpi, period=next(iter(periods)), value=str(value), reason="誤記"
        )
        self.send(command, person("member"))

    @rule(days=st.sampled_from([0, 0.01, 1, 7, 40, 400, 4000]))
    def time_passes(self, days: float) -> None:
        self.case.now += timedelta(days=days)

    @rule()
    def the_clock_strikes(self) -> None:
        for command in due_commands(self.case.state, self.case.now):
            if self.send(command, SYSTEM):
                assert not self.send(command, SYSTEM), "a deadline passed twice"
        due = next_due(self.case.state)
        assert due is None or due > self.case.now, "a due moment is never dealt with"

    @rule(timer=st.sampled_from(["remind", "due", "escalate", "hold", "review"]), request=st.none() | st.just("x"))
    def a_clock_gone_wrong(self, timer: str, request: str | None) -> None:
        command = self.case.make(c.DeadlinePassed, timer=timer, request=request, due_at=self.case.now)
        self.send(command, SYSTEM)

    @invariant()
    def is_not_frozen(self) -> None:
        state = self.case.state
        if state.closed:
            assert not state.requests and state.hold is None and next_due(state) is None
        else:
            assert state.requests, "open, and waits for nobody"
            assert all(self.case.facts.directory.post(r.post) for r in state.requests)

    @invariant()
    def requests_are_whole(self) -> None:
        state = self.case.state
        assert len({r.id for r in state.requests}) == len(state.requests)
        assert len({r.kind for r in state.requests}) <= 1 and len({r.step for r in state.requests}) <= 1
        assert not state.in_circulation or state.submission is not None
        opened = [r.event.request for r in self.case.log if r.event.type == "RequestOpened"]  # type: ignore[attr-defined]
        assert len(set(opened)) == len(opened), "a request's id was used twice"

    @invariant()
    def nobody_decided_on_their_own_draft(self) -> None:
        state = self.case.state
        if state.submission is not None and state.in_circulation:
            assert state.submission.person not in {g.person for g in state.given}

    @invariant()
    def budgets_are_in_order(self) -> None:
        for year in self.case.state.budgets.values():
            assert year.allotted is None or (year.voted is not None and year.allotted <= year.voted)

    @invariant()
    def versions_are_never_used_twice(self) -> None:
        keys = [
            (r.event.stage, r.event.round, r.event.version)  # type: ignore[attr-defined]
            for r in self.case.log
            if r.event.type == "DeliverableSubmitted"
        ]
        assert len(set(keys)) == len(keys)

    def teardown(self) -> None:
        """What was written down and read again is the same, and folds to the same; all of it can be told and shown."""
        state = Lifecycle(stream=STREAM)
        for recorded in self.case.log:
            written = recorded.event.model_dump_json()
            read = KIND.events[recorded.event.type].model_validate_json(written)
            assert read == recorded.event and read.model_dump_json() == written
            state = evolve(state, Recorded(**{**dict(recorded), "event": read}))
            KIND.notices(state, recorded)
            KIND.entries(state, recorded)
        assert state == self.case.state
        assert Lifecycle.model_validate_json(state.model_dump_json()) == state
        plan = KIND.react(state, self.case.log, self.case.facts)
        assert plan.to == len(self.case.log) and plan.closed == state.closed
        KIND.view(state)


TestRandom = Random.TestCase
TestRandom.settings = settings(
    max_examples=120, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_a_snapshot_taken_anywhere_goes_on_like_the_whole_log() -> None:
    case = Case().at("review")
    case.decide_outcome("continuation")
    whole = Lifecycle(stream=STREAM)
    for i, recorded in enumerate(case.log):
        whole = evolve(whole, recorded)
        if i % 7 == 0:
            whole = Lifecycle.model_validate_json(whole.model_dump_json())
    assert whole == case.state


def test_the_fold_keeps_the_state_before() -> None:
    case = Case().at("setup")
    before = case.state
    copy = before.model_dump_json()
    case.submit().done()
    assert before.model_dump_json() == copy and case.state != before


def test_moments_are_aware_and_utc() -> None:
    case = Case().at("monitoring")
    for recorded in case.log:
        for value in dict(recorded.event).values():
            if isinstance(value, datetime):
                assert value.utcoffset() == timedelta(0)
            assert not isinstance(value, date) or recorded.event.type
