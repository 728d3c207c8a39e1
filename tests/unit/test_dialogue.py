"""Questions, comments and readers: heard by whom they concern, deciding nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from domain.lifecycle import commands as c
from domain.lifecycle import dates
from domain.lifecycle import dialogue as d
from domain.lifecycle import events as e
from domain.lifecycle.kind import LifecycleKind
from domain.lifecycle.timers import pending
from domain.messages import Actor
from tests.given import FACTS, STREAM, Case, Outcome, person, stage_of, with_process


def stopping(document: dict[str, Any]) -> None:
    for step in stage_of(document, "setup")["gate"]:
        step["question_stops_clock"] = True


def circulating(*, stops: bool = False) -> Case:
    return Case(facts=with_process(stopping) if stops else FACTS).circulating("setup")


def ask(case: Case, actor: Actor | None = None) -> Outcome:
    return case.when(case.make(d.AskQuestion, text="費用の根拠は?"), actor or case.holder())


def reply(case: Case, actor: Actor | None = None, question: str | None = None) -> Outcome:
    wanted = question or case.state.questions[0].id
    return case.when(case.make(d.AnswerQuestion, question=wanted, text="見積書です"), actor or person("drafter"))


def share(case: Case, post: str = "school-chief", actor: Actor | None = None) -> Outcome:
    return case.when(case.make(d.ShareForInformation, post=post), actor or person("drafter"))


def test_a_question_waits_for_the_drafter_and_decides_nothing() -> None:
    case = circulating()
    before = case.state.requests
    ask(case).then(d.QuestionAsked)
    assert case.state.requests == before and case.state.before is None
    row = [r for r in LifecycleKind().view(case.state).rows["requests"] if r["kind"] == "question"]
    assert [(r["post"], r["request"]) for r in row] == [("child-drafter", case.state.questions[0].id)]
    told = LifecycleKind().notices(case.state, case.log[-1])
    assert [n.person for n in told] == ["p-drafter"]
    asker = case.state.questions[0].asked_by
    reply(case).then(d.QuestionAnswered)
    assert case.state.questions == ()
    assert [n.person for n in LifecycleKind().notices(case.state, case.log[-1])] == [asker]
    case.pass_gate()
    assert case.state.stage == "analysis"


def test_anyone_on_the_route_may_ask_before_it_is_their_turn() -> None:
    case = circulating()
    assert case.facts.definition
    last = case.facts.definition.stage("setup").gate[-1]
    assert last.key != case.state.requests[0].step
    later = next(h for h in ("mayor", "deputy", "director", "vice", "head") if person(h).person != case.holder().person)
    outcome = ask(case, person(later))
    assert outcome.refusal is None or outcome.refusal.rule == "not-on-route"
    everyone = [p.id for p in case.facts.directory.people]
    may = [p for p in everyone if ask(case, Actor(person=p, via=person("x").via, authenticated_by="t")).refusal is None]
    assert len(may) >= 2 and "p-stranger" not in may


def test_the_clock_stands_only_where_the_definition_says_so() -> None:
    case = circulating(stops=True)
    due = case.state.requests[0].due_at
    ask(case).done()
    assert list(pending(case.state)) == []
    case.days(14)
    reply(case).done()
    moved = case.state.requests[0].due_at
    assert moved > due
    assert (moved - due).days >= 14
    plain = circulating()
    ask(plain).done()
    assert list(pending(plain.state))


def test_the_clock_stands_until_the_last_question_is_answered() -> None:
    case = circulating(stops=True)
    ask(case).done()
    ask(case).done()
    reply(case).done()
    assert list(pending(case.state)) == []
    reply(case).done()
    assert list(pending(case.state))


def test_a_question_may_be_answered_over_and_falls_away_with_the_document() -> None:
    case = circulating(stops=True)
    ask(case).done()
    case.give("approve").done()
    assert len(case.state.questions) == 1
    asker = case.state.questions[0].asked_by
    events = case.when(case.make(c.WithdrawDraft, reason="直す")).done()
    assert isinstance(events[0], d.QuestionLapsed)
    assert not list(case.state.questions)
    assert list(pending(case.state))
    told = next(r for r in case.log if r.event.type == "QuestionLapsed")
    assert [n.person for n in LifecycleKind().notices(case.state, told)] == [asker]


def test_a_hold_over_a_standing_clock_moves_it_once() -> None:
    case, other = circulating(stops=True), circulating(stops=True)
    for one in (case, other):
        ask(one).done()
    case.when(case.make(c.HoldLifecycle, reason="選挙")).done()
    case.days(7)
    other.days(7)
    case.when(case.make(c.ResumeLifecycle)).done()
    for one in (case, other):
        one.days(7)
        reply(one).done()
    assert case.state.requests[0].due_at == other.state.requests[0].due_at


def test_a_reader_reads_and_that_is_all() -> None:
    case = circulating()
    share(case).then(d.InformationShared)
    row = next(r for r in LifecycleKind().view(case.state).rows["requests"] if r["kind"] == "read")
    assert row["post"] == "school-chief" and row["due_at"] is None
    case.pass_gate()
    reading = case.state.readings[0].id
    case.when(case.make(d.AcknowledgeReading, reading=reading), person("school")).then(d.ReadingAcknowledged)
    assert case.state.readings == ()


def test_what_was_shared_may_be_read_after_the_end() -> None:
    case = circulating()
    share(case).done()
    case.when(case.make(c.DropLifecycle, reason="不要")).done()
    reading = case.state.readings[0].id
    case.when(case.make(d.AcknowledgeReading, reading=reading), person("school")).done()


def test_the_definition_informs_of_what_its_gate_has_agreed_to() -> None:
    facts = with_process(lambda doc: stage_of(doc, "setup").update(inform=[{"role": "mayor", "unit": "city"}]))
    case = Case(facts=facts).circulating("setup")
    events = case.pass_gate()
    shared = [x for x in events if isinstance(x, d.InformationShared)]
    assert [(s.post, s.by_definition) for s in shared] == [("mayor", True)]
    assert case.state.readings[0].content_hash == next(x for x in events if isinstance(x, e.GatePassed)).content_hash


@pytest.mark.parametrize("who", ["drafter", "chief", "office"])
def test_those_concerned_comment(who: str) -> None:
    case = circulating()
    case.when(case.make(d.AddComment, text="良い案です"), person(who)).then(d.CommentAdded)


def test_a_reader_comments() -> None:
    case = circulating()
    share(case).done()
    case.when(case.make(d.AddComment, text="学校にも影響"), person("school")).done()


def replied_on_hold() -> Outcome:
    case = circulating()
    ask(case).done()
    case.when(case.make(c.HoldLifecycle, reason="選挙")).done()
    return reply(case)


def asked_on_hold() -> Outcome:
    case = circulating()
    case.when(case.make(c.HoldLifecycle, reason="選挙")).done()
    return ask(case)


def moved_while_it_stands() -> Outcome:
    case = circulating(stops=True)
    ask(case).done()
    due = dates.ChangeDue(
        command_id="due", stream=STREAM, request=case.state.requests[0].id, due=date(2027, 1, 6), reason="x"
    )
    return case.when(due, person("office"))


def read_by(who: str, reading: str | None = None) -> Outcome:
    case = circulating()
    share(case).done()
    wanted = reading or case.state.readings[0].id
    return case.when(case.make(d.AcknowledgeReading, reading=wanted), person(who))


def shared_twice() -> Outcome:
    case = circulating()
    share(case).done()
    return share(case)


REFUSALS: list[tuple[str, Callable[[], Outcome]]] = [
    ("nothing-in-circulation", lambda: ask(Case().at("setup"), person("chief"))),
    ("on-hold", asked_on_hold),
    ("on-hold", replied_on_hold),
    ("clock-stands", moved_while_it_stands),
    ("not-on-route", lambda: ask(circulating(), person("stranger"))),
    ("question-not-open", lambda: reply(circulating(), question="x")),
    ("not-your-draft", lambda: reply((case := circulating(), ask(case))[0], person("stranger"))),
    ("not-concerned", lambda: (case := circulating()).when(case.make(d.AddComment, text="t"), person("stranger"))),
    ("not-concerned", lambda: share(circulating(), actor=person("stranger"))),
    ("post-unknown", lambda: share(circulating(), "moon")),
    ("nothing-to-read", lambda: share(Case().at("setup"))),
    ("shared-already", shared_twice),
    ("reading-not-open", lambda: read_by("school", "x")),
    ("not-your-post", lambda: read_by("stranger")),
]


@pytest.mark.parametrize(("rule", "attempt"), REFUSALS)
def test_refused(rule: str, attempt: Callable[[], Outcome]) -> None:
    outcome = attempt()
    before = outcome.case.state
    outcome.refused(rule)
    assert outcome.case.state == before
