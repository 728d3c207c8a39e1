"""What the outcomes do: expansion widens or is carried to other departments, improvement takes along what was learnt."""

from __future__ import annotations

from typing import Any

import pytest

from domain.directory import Post
from domain.lifecycle import events as e
from domain.lifecycle.amendments import RetractAnswer
from domain.lifecycle.commands import StartLifecycle, stream_of
from domain.lifecycle.concluding import CarryConclusion
from domain.lifecycle.decide import decide
from domain.lifecycle.descent import (
    NoteSpreadRefusal,
    SettleSpread,
    SpreadDecided,
    SpreadRefused,
    SpreadSettled,
    spread_decided,
)
from domain.lifecycle.evolve import evolve
from domain.lifecycle.kind import LifecycleKind
from domain.lifecycle.registering import EnterOutsideDecision
from domain.lifecycle.state import Lifecycle, Proposed
from domain.lifecycle.view import notices
from domain.messages import SYSTEM, Effect, Event, Recorded, Refusal, Text
from tests.given import FACTS, STREAM, Case, person, with_process

KIND = LifecycleKind()
STAFFED = FACTS.model_copy(
    update={
        "directory": FACTS.directory.model_copy(
            update={
                "posts": (
                    *FACTS.directory.posts,
                    *(
                        Post(id=f"{u}-drafter", title=Text(ja=u, en=u), role="drafter", unit=u)
                        for u in ("health-section", "school-section")
                    ),
                )
            }
        )
    }
)
"""The small city, with somebody in every section who drafts."""
NO = Refusal(rule="no-such-post", message=Text(ja="職がない", en="no post"), remedy=Text(ja="加える", en="add it"))


def reviewed(outcome: str, **form: Any) -> Case:
    case = Case().at("review")
    case.decide_outcome(outcome, **form)
    return case


def starts(case: Case, since: int = 0) -> list[Effect]:
    plan = KIND.react(case.state, case.log[since:], case.facts)
    return [x for x in plan.effects if x.kind == "instruct"]


def starts_of(case: Case, event: Event) -> list[dict[str, Any]]:
    """The start commands that an event would give."""
    case.record(event)
    return [x.command for x in starts(case, len(case.log) - 1) if x.command is not None]


def begun(effect: Effect) -> Lifecycle:
    """The other lifecycle, as its start would begin it."""
    assert effect.command is not None
    fields = {k: v for k, v in effect.command.items() if k not in ("kind", "type")}
    command = StartLifecycle.model_validate(fields)
    state = Lifecycle(stream=command.stream)
    for i, event in enumerate(decide(state, command, SYSTEM, STAFFED, Case().now), 1):
        state = evolve(
            state,
            Recorded(
                stream=command.stream,
                version=i,
                position=i,
                event=event,
                actor=SYSTEM,
                occurred_at=Case().now,
                command_id=command.command_id,
            ),
        )
    return state


def test_expansion_widens_scope_and_targets_in_a_new_round() -> None:
    case = reviewed("expansion", scope="全ての保育所", targets=["利用率 60%"], learnt=["電話が減った"])
    assert (case.state.stage, case.state.round) == ("proposal", 2)
    (lesson,) = case.state.lessons
    assert (lesson.round, lesson.scope, lesson.targets, lesson.learnt) == (
        1,
        "全ての保育所",
        ("利用率 60%",),
        ("電話が減った",),
    )
    assert case.state.spread == () and starts(case) == []


def test_an_expansion_carried_to_others_alone_stays_in_its_round() -> None:
    case = reviewed("expansion", spread_to=["health-section", "school-section"])
    assert (case.state.stage, case.state.round, case.state.outcome) == ("monitoring", 1, "expansion")
    decided = next(r.event for r in case.log if isinstance(r.event, e.OutcomeDecided))
    assert (decided.then, decided.stage) == ("same_round", "monitoring") and decided.next_review is not None


def test_widened_and_carried_to_others_it_goes_round_again() -> None:
    case = reviewed("expansion", scope="全市", spread_to=["health-section"])
    assert (case.state.stage, case.state.round) == ("proposal", 2)
    assert [s.section for s in case.state.spread] == ["health-section"]


def test_each_department_gets_a_lifecycle_that_knows_where_it_came_from() -> None:
    case = reviewed("expansion", spread_to=["health-section", "school-section"], reasons=["効果が大きい"])
    first, second = starts(case)
    assert (first.key, second.key) == ("spread/health-section/0", "spread/school-section/0")
    other = begun(first)
    assert other.stream == stream_of("T-1-health-section") == case.state.spread[0].stream
    assert other.section == "health-section" and other.title == "窓口(health-section)" and other.stage == "setup"
    assert other.origin is not None
    assert (other.origin.lifecycle, other.origin.ref, other.origin.round) == (STREAM, "T-1", 1)
    assert other.origin.why == "効果が大きい"
    assert [x.command for x in starts(case)] == [first.command, second.command], (
        "the same events give the same commands"
    )


def test_a_refused_start_is_a_named_exception_until_somebody_settles_it() -> None:
    case = reviewed("expansion", spread_to=["health-section"])
    (effect,) = starts(case)
    assert KIND.turned_down(STREAM, "announce-3", NO) is None
    note = KIND.turned_down(STREAM, effect.key, NO)
    assert isinstance(note, NoteSpreadRefusal)
    settle = {"section": "health-section", "again": True, "reason": "職を設けた"}
    case.when(case.make(SettleSpread, **settle), person("office")).refused("spread-not-refused")
    case.when(note, SYSTEM).then(SpreadRefused)
    assert [n.person for n in notices(case.state, case.log[-1])] == ["p-drafter"]
    branch = case.state.spread[0]
    assert (branch.rule, branch.message) == ("no-such-post", NO.message)
    case.when(case.make(SettleSpread, **{**settle, "section": "moon"}), person("office")).refused("spread-unknown")
    case.when(case.make(SettleSpread, **settle), person("stranger")).refused("not-concerned")
    seen = len(case.log)
    case.when(case.make(SettleSpread, **settle), person("office")).then(SpreadSettled)
    (again,) = starts(case, seen)
    assert again.key == "spread/health-section/1" and case.state.spread[0].rule == ""
    second = KIND.turned_down(STREAM, again.key, NO)
    assert second is not None
    case.when(second, SYSTEM).done()
    seen = len(case.log)
    case.when(case.make(SettleSpread, **{**settle, "again": False}), person("office")).done()
    assert case.state.spread[0].given_up and starts(case, seen) == []
    case.when(case.make(SettleSpread, **settle), person("office")).refused("spread-not-refused")


def test_what_others_have_begun_to_act_on_is_not_taken_back() -> None:
    case = Case().at("review")
    case.submit(recommendation="expansion", spread_to=["health-section"]).done()
    while case.state.requests[0].step != "council":
        case.give("approve").done()
    council = case.state.requests[0].id
    case.give("approve").done()
    assert any(isinstance(r.event, SpreadDecided) for r in case.log)
    case.when(case.make(RetractAnswer, request=council, reason="x"), person("mayor")).refused("answer-relied-on")


def test_the_council_may_decide_otherwise_and_nothing_is_carried() -> None:
    case = Case().at("review")
    case.submit(recommendation="expansion", spread_to=["health-section"], learnt=["早く始める"]).done()
    case.pass_gate(outcome="continuation", comment="まだ早い")
    assert case.state.spread == () and starts(case) == []
    assert case.state.lessons[0].learnt == ("早く始める",) and case.state.lessons[0].outcome == "continuation"


@pytest.mark.parametrize("unit", ["child-section", "moon"])
def test_an_expansion_goes_to_known_departments_of_others(unit: str) -> None:
    case = Case().at("review")
    case.submit(recommendation="expansion", spread_to=[unit]).refused("review-expansion")


def test_a_department_is_carried_to_once() -> None:
    case = reviewed("expansion", spread_to=["health-section"])
    case.at("review")
    case.submit(recommendation="expansion", spread_to=["health-section"]).refused("review-expansion")
    case.decide_outcome("expansion", spread_to=["school-section"])
    assert [s.section for s in case.state.spread] == ["health-section", "school-section"]


def test_what_was_given_up_may_be_carried_there_by_a_later_expansion() -> None:
    case = reviewed("expansion", spread_to=["health-section"])
    (effect,) = starts(case)
    note = KIND.turned_down(STREAM, effect.key, NO)
    assert note is not None
    case.when(note, SYSTEM).done()
    settle = {"section": "health-section", "again": False, "reason": "職がない"}
    case.when(case.make(SettleSpread, **settle), person("office")).done()
    case.at("review")
    seen = len(case.log)
    case.decide_outcome("expansion", spread_to=["health-section", "school-section", "health-section"])
    first, second = starts(case, seen)
    assert (first.key, second.key) == ("spread/health-section/1", "spread/school-section/0")
    assert [(s.section, s.given_up, s.rule) for s in case.state.spread] == [
        ("health-section", False, ""),
        ("school-section", False, ""),
    ]
    again = KIND.turned_down(STREAM, first.key, NO)
    assert again is not None and again.command_id != note.command_id
    case.when(again, SYSTEM).then(SpreadRefused)


def test_it_is_not_carried_back_to_where_it_came_from() -> None:
    case = reviewed("expansion", spread_to=["health-section"])
    (effect,) = starts(case)
    other = begun(effect)
    assert other.origin is not None and other.origin.sections == ("child-section",)
    back = Case().at("review")
    back.state = back.state.model_copy(
        update={"origin": other.origin.model_copy(update={"sections": ("school-section",)})}
    )
    problem = (
        back.submit(recommendation="expansion", spread_to=["school-section"]).refused("review-expansion").problems[0]
    )
    assert problem.field == "spread_to" and "carried here from 'school-section'" in problem.message.en
    proposed = Proposed(
        spread_to=("school-section", "health-section")
    )  # the organisation changed while the paper went round
    [decided] = spread_decided(back.state.model_copy(update={"proposed": proposed}), FACTS)
    assert isinstance(decided, SpreadDecided) and [x.section for x in decided.branches] == ["health-section"]
    assert [x["origin"]["sections"] for x in starts_of(back, decided)] == [["school-section", "child-section"]]


def test_a_long_own_id_gives_another_that_fits() -> None:
    case = Case()
    case.start(ref="r" * 95, title="題" * 300).done()
    case.at("review").decide_outcome("expansion", spread_to=["health-section"])
    other = begun(starts(case)[0])
    assert (
        other.ref == f"{STREAM}-health-section" and len(other.title) <= 300 and other.title.endswith("(health-section)")
    )


def test_improvement_goes_back_to_the_named_stage_with_what_was_learnt() -> None:
    case = reviewed("improvement", back_to="hypothesis", learnt=["対象が違った"])
    assert (case.state.stage, case.state.round) == ("hypothesis", 2)
    assert [(x.round, x.outcome, x.learnt) for x in case.state.lessons] == [(1, "improvement", ("対象が違った",))]


def at_the_council(**form: Any) -> Case:
    """A first round, of a process that lets improvement go round once only, before the council's chair."""
    case = Case(facts=with_process(lambda d: d.update(max_rounds=1))).at("review")
    case.submit(recommendation="improvement", back_to="analysis", **form).done()
    while case.state.requests[0].step != "council":
        case.give("approve").done()
    return case


def carry(case: Case, session: str) -> CarryConclusion:
    request, submission = case.state.requests[0], case.state.submission
    assert submission is not None
    return case.make(
        CarryConclusion,
        session=session,
        session_title=Text(ja="会議", en="session"),
        item="p-1",
        presided="p-mayor",
        post="mayor",
        effect="answer",
        request=request.id,
        seen=submission.content_hash,
        decision="approve",
        comment="結論",
    )


def test_behind_the_last_round_only_a_session_of_the_council_decides_on_improvement() -> None:
    case = at_the_council()
    refusal = case.give("approve").refused("rounds-exhausted")
    assert "council" in refusal.remedy.en and "会議" in refusal.remedy.ja
    case.when(carry(case, "monitoring:2028-1"), SYSTEM).refused("rounds-exhausted")
    case.when(carry(case, "council:2028-1"), SYSTEM).done()
    assert (case.state.stage, case.state.round) == ("analysis", 2)


def test_a_council_that_decides_twice_decides_once() -> None:
    case = at_the_council()
    first, second = carry(case, "council:2028-1"), carry(case, "council:2028-2")
    case.when(first, SYSTEM).done()
    case.when(second, SYSTEM).refused("request-not-open")
    assert (case.state.stage, case.state.round) == ("analysis", 2)
    case.at("review")
    case.submit(recommendation="improvement", back_to="analysis").done()
    while case.state.requests[0].step != "council":
        case.give("approve").done()
    case.give("approve").refused("rounds-exhausted")
    case.when(carry(case, "council:2029-1"), SYSTEM).done()
    assert case.state.round == 3


def test_behind_the_last_round_every_other_outcome_is_as_near_as_before() -> None:
    case = at_the_council()
    case.give("approve", outcome="abolition").done()
    assert case.state.work == "wind_down"


def test_a_decision_made_elsewhere_is_no_session_of_the_council() -> None:
    def change(document: dict[str, Any]) -> None:
        document["max_rounds"] = 1
        next(s for s in document["stages"] if s["key"] == "review")["outside_decision"] = True

    case = Case(facts=with_process(change)).at("review")
    case.submit(recommendation="improvement", back_to="analysis").done()
    assert case.state.submission is not None
    fields = {
        "system": "文書",
        "number": "1",
        "decided_on": case.now.date(),
        "decided_by": "mayor",
        "seen": case.state.submission.content_hash,
    }
    case.when(case.make(EnterOutsideDecision, **fields), person("office")).refused("rounds-exhausted")


def test_without_a_limit_improvement_goes_round_as_often_as_is_decided() -> None:
    case = reviewed("improvement", back_to="implementation")
    case.at("review")
    case.decide_outcome("improvement", back_to="implementation")
    assert case.state.round == 3


def test_completion_ends_it_and_continuation_takes_along_what_was_learnt() -> None:
    case = reviewed("continuation", learnt=["月末に混む"])
    assert (case.state.stage, case.state.round, case.state.lessons[0].learnt) == ("monitoring", 1, ("月末に混む",))
    case.do_stage()
    case.at("review").decide_outcome("completion")
    assert (case.state.closed_as, case.state.requests, case.state.tasks) == ("completion", (), ())
