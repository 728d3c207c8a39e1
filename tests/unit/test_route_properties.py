"""Routes of a city under random people, moments and orders: the order of parallel answers decides nothing, nothing freezes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from domain.attachments import Attachment
from domain.directory import Absence, Deputy
from domain.lifecycle import absence, consulting, dates
from domain.lifecycle import commands as c
from domain.lifecycle.attaching import AttachFile, DetachFile
from domain.lifecycle.events import RequestAnswered
from domain.messages import Actor
from tests.given import SINCE, STAGES, START, Case, person, stage_of, with_process
from tests.unit.test_lifecycle_properties import ANYONE, Random

ASKED = {
    "mayor": {"role": "mayor", "unit": "city"},
    "deputy-mayor": {"role": "deputy_mayor", "unit": "city"},
    "child-chief": {"role": "section_chief", "unit": "owner"},
    "child-director": {"role": "bureau_director", "unit": "owner"},
    "office-director": {"role": "secretariat_director", "unit": "headquarters"},
}
HOW = st.sampled_from(["approve", "conditions", "reject"])


def _parallel(need: int | str, covers: tuple[str, ...] = ()) -> Any:
    def change(document: dict[str, Any]) -> None:
        document["heads"] = ["bureau_director", "deputy_mayor", "mayor"]
        gate = stage_of(document, "setup")["gate"]
        gate[0] |= {
            "posts": list(ASKED.values()),
            "need": need,
            "covers": list(covers),
            "on_reject": "consult",
            "escalate_to": None,
            "escalate_after": None,
        }
        del gate[1:]

    return change


ADDED = "finance-chief"
ADDED_HOW = st.sampled_from(["approve", "reject", "return"])
MAIN_HOW = st.sampled_from(["approve", "conditions", "reject", "return"])
SIX = "012345"
"""Places of the five posts of the step, and of the one added."""


def _circulating(need: int | str, *, covers: tuple[str, ...] = (), added: bool = False) -> Case:
    case = Case(facts=with_process(_parallel(need, covers))).circulating("setup")
    if added:
        case.when(case.make(consulting.AddConcurrence, post=ADDED, reason="関係"), person("drafter")).done()
    return case


def _answer(case: Case, post: str, how: str) -> None:
    """This post answers, if it is still asked."""
    request = next((r for r in case.state.requests if r.post == post and r.kind == "decide"), None)
    if request is not None:  # otherwise enough have agreed, or it was sent back
        conditions = (c.Condition(text=f"条件 {post}"),) if how == "conditions" else ()
        case.give(how, request, conditions=conditions, comment="理由").done()


def _settle_all(case: Case) -> None:
    while case.state.consultations:
        found = min(case.state.consultations, key=lambda x: x.post)
        command = case.make(consulting.SettleConsultation, consultation=found.id, agreed=True, comment="調った")
        holder = case.facts.directory.holders(found.post, START.date())[0]
        case.when(command, person(holder.removeprefix("p-"))).done()


def _standing(case: Case) -> dict[str, Any]:
    return {
        "stage": case.state.stage,
        "waiting": sorted(r.post for r in case.state.requests),
        "conditions": sorted(p.text for p in case.state.promises),
    }


def _answered(need: int | str, how: dict[str, str], order: list[str]) -> dict[str, Any]:
    """What stands after everybody asked has answered in this order, every consultation settled by agreement at the end.

    `how` of a sixth place is the answer of one whose concurrence was added.
    """
    case = _circulating(need, added=len(how) == len(SIX))
    posts = [*sorted(r.post for r in case.state.requests if not r.extra), ADDED]
    for place in order:
        _answer(case, posts[int(place)], how[place])
    _settle_all(case)
    return _standing(case)


@settings(max_examples=60, deadline=None)
@given(how=st.lists(HOW, min_size=5, max_size=5), one=st.permutations("01234"), other=st.permutations("01234"))
def test_when_all_must_agree_the_order_of_their_answers_changes_nothing(
    how: list[str], one: list[str], other: list[str]
) -> None:
    decisions = dict(zip("01234", how, strict=True))
    first = _answered("all", decisions, one)
    assert first == _answered("all", decisions, other)
    assert first["stage"] == "analysis" and len(first["conditions"]) == how.count("conditions")


@settings(max_examples=100, deadline=None)
@given(
    how=st.lists(MAIN_HOW, min_size=5, max_size=5),
    added=ADDED_HOW,
    need=st.integers(1, 5) | st.just("all"),
    one=st.permutations(SIX),
    other=st.permutations(SIX),
)
def test_the_order_does_not_change_where_it_goes(
    how: list[str], added: str, need: int | str, one: list[str], other: list[str]
) -> None:
    decisions = dict(zip(SIX, [*how, added], strict=True))
    first, second = _answered(need, decisions, one), _answered(need, decisions, other)
    assert (first["stage"], first["waiting"]) == (second["stage"], second["waiting"])
    returned = added == "return" or how.count("return") > (0 if need == "all" else 5 - int(need))
    assert first["stage"] == ("setup" if returned else "analysis")


@settings(max_examples=100, deadline=None)
@given(
    how=st.lists(MAIN_HOW, min_size=5, max_size=5),
    added=ADDED_HOW,
    need=st.integers(1, 5) | st.just("all"),
    order=st.permutations(SIX),
    until=st.integers(0, 6),
    covered=st.booleans(),
)
def test_who_has_not_agreed_is_asked_about_the_next_version(
    how: list[str], added: str, need: int | str, order: list[str], until: int, covered: bool
) -> None:
    case = _circulating(need, covers=("purpose",) if covered else (), added=True)
    posts = [*sorted(r.post for r in case.state.requests if not r.extra), ADDED]
    decisions = dict(zip(SIX, [*how, added], strict=True))
    for place in order[:until]:
        _answer(case, posts[int(place)], decisions[place])
    if case.state.stage != "setup":
        return
    answers = [r.event for r in case.log if isinstance(r.event, RequestAnswered)]
    agreed = {x.post for x in answers if x.decision in ("approve", "conditions")}
    if case.state.in_circulation:
        case.when(case.make(c.WithdrawDraft, reason="直す")).done()
    case.submit(problem="窓口がとても混む").done()
    stands = covered and len(agreed - {ADDED}) >= (5 if need == "all" else int(need))
    assert {r.post for r in case.state.requests} == ({ADDED} if stands else set(posts))
    case.pass_gate()
    assert case.state.stage == "analysis"


# --- anything at any moment ------------------------------------------------------------------------------------------


def _city(document: dict[str, Any]) -> None:
    document |= {"merge_steps": True, "heads": ["section_chief", "bureau_director", "deputy_mayor", "mayor"]}
    for stage in document["stages"]:
        stage["outside_decision"] = True
        for step in stage["gate"]:
            step |= {"on_reject": "consult", "consult_within": {"working_days": 3}}
    setup = stage_of(document, "setup")
    setup["gate"][0]["covers"] = ["purpose"]
    setup["gate"][1]["covers"] = ["attachments", "departments"]
    setup["important"] = True


def _facts() -> Any:
    facts = with_process(_city)
    away = tuple(
        Absence(person=p, since=START.date(), until=START.date() + timedelta(days=200))
        for p in ("p-school", "p-finance")
    )
    order = (
        Deputy(post="school-chief", deputy="health-chief", order=1, since=SINCE),
        Deputy(post="finance-director", deputy="child-director", order=1, since=SINCE),
        Deputy(post="child-chief", deputy="health-chief", order=1, since=SINCE),
    )
    return facts.model_copy(
        update={"directory": facts.directory.model_copy(update={"absences": away, "deputies": order}), "number": 1}
    )


CITY = _facts()
FILES = [
    Attachment(name=name, sha256=str(n) * 64, size=n + 1, media_type="text/csv")
    for n, name in enumerate(("a.csv", "b.csv", "a.csv"))
]


class Routed(Random):
    """All that `Random` does, and consultation, added concurrence, recusal, marks, due dates and evidence beside it."""

    @initialize(stage=st.sampled_from(STAGES), quorum=st.booleans(), drafted=st.booleans())
    def begin(self, stage: str, quorum: bool, drafted: bool) -> None:
        self.case = Case(facts=CITY).at(stage)
        if drafted:
            if self.case.state.repeats:
                self.case.measure()
            self.case.submit().done()

    @precondition(lambda self: bool(self.case.state.consultations))
    @rule(actor=st.none() | ANYONE, agreed=st.booleans())
    def settle(self, actor: Actor | None, agreed: bool) -> None:
        found = self.case.state.consultations[0]
        if actor is None:
            holders = self.case.facts.directory.holders(found.post, START.date())
            actor = person(holders[0].removeprefix("p-"))
        command = self.case.make(consulting.SettleConsultation, consultation=found.id, agreed=agreed, comment="協議")
        self.send(command, actor)

    @rule(actor=ANYONE, post=st.sampled_from(["finance-director", "health-chief", "mayor", "moon"]))
    def concur(self, actor: Actor, post: str) -> None:
        self.send(self.case.make(consulting.AddConcurrence, post=post, reason="関係"), actor)

    @rule(actor=ANYONE, lift=st.booleans())
    def recuse(self, actor: Actor, lift: bool) -> None:
        assert actor.person is not None
        self.send(self.case.make(absence.Recuse, person=actor.person, reason="利害", lifted=lift), actor)

    @rule(actor=st.sampled_from(["drafter", "chief", "office"]).map(person))
    def mark(self, actor: Actor) -> None:
        self.send(self.case.make(absence.MarkMatter, marks=("unusual",), reason="異例"), actor)

    @precondition(lambda self: bool(self.case.state.requests))
    @rule(actor=st.sampled_from(["drafter", "chief", "office"]).map(person), days=st.integers(-3, 60))
    def move_the_due_date(self, actor: Actor, days: int) -> None:
        to = (self.case.now + timedelta(days=days)).date()
        request = self.case.state.requests[0].id
        self.send(self.case.make(dates.ChangeDue, request=request, due=to, reason="日程"), actor)

    @rule(actor=st.sampled_from(["drafter", "stranger"]).map(person), file=st.sampled_from(FILES))
    def attach(self, actor: Actor, file: Attachment) -> None:
        self.send(self.case.make(AttachFile, file=file), actor)

    @rule(name=st.sampled_from(["a.csv", "b.csv", "c.csv"]))
    def detach(self, name: str) -> None:
        self.send(self.case.make(DetachFile, name=name), person("drafter"))

    @invariant()
    def is_not_frozen(self) -> None:
        state = self.case.state
        if state.closed:
            assert not state.requests and not state.consultations and state.hold is None
        else:
            assert state.requests or any(not x.referred for x in state.consultations), "open, and waits for nobody"
            assert all(self.case.facts.directory.post(r.post) for r in state.requests)

    @invariant()
    def requests_are_whole(self) -> None:
        state = self.case.state
        assert len({r.id for r in state.requests}) == len(state.requests)
        assert len({r.kind for r in state.requests}) <= 1
        assert len({r.step for r in state.requests if not r.extra}) <= 1
        assert not state.in_circulation or state.submission is not None
        opened = [r.event.request for r in self.case.log if r.event.type == "RequestOpened"]  # type: ignore[attr-defined]
        assert len(set(opened)) == len(opened), "a request's id was used twice"

    @invariant()
    def what_is_decided_on_has_the_files_of_its_version(self) -> None:
        state = self.case.state
        if state.submission is None:
            return
        last = next(r.event for r in reversed(self.case.log) if r.event.type == "DeliverableSubmitted")
        place = f"{state.submission.stage}/{state.submission.round}"
        if state.in_circulation:
            assert last.attachments == state.attachments.get(place, ())  # type: ignore[attr-defined]


Routed.TestCase.settings = settings(
    max_examples=200, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestRoutes = Routed.TestCase
