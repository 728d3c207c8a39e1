"""The course of a document as people read it: what each step answered, who is waited for, and what came back before."""

from __future__ import annotations

from domain.calendar import local_day
from domain.lifecycle import commands as c
from domain.lifecycle.absence import Recuse
from domain.lifecycle.amendments import RetractAnswer
from domain.lifecycle.kind import LifecycleKind
from papers.circulations import Told, tell
from papers.course import Course, Earlier, came_back, course
from tests.city import STREAM, person
from tests.given import Case


def told(case: Case) -> list[Told]:
    return tell(LifecycleKind(), STREAM, case.log)


def back(case: Case) -> tuple[Earlier, ...]:
    return came_back(told(case), case.facts)


def seen(case: Case) -> Course:
    return course(told(case), case.facts, local_day(case.now))


def test_a_draft_that_was_sent_back_says_by_whom_and_why_also_after_later_versions() -> None:
    case = Case().circulating("analysis")
    assert back(case) == ()
    case.give("conditions", conditions=(c.Condition(text="件数を示す"),)).done()
    sender = case.holder().person
    case.give("return", comment="根拠が古い").done()
    [first] = back(case)
    assert (first.result, first.version, first.why, first.person) == ("returned", 1, "根拠が古い", sender)
    assert first.post_title is not None and first.answers[0].conditions[0].text == "件数を示す"
    again = case.make(c.SubmitDeliverable, stage=case.state.work, content=case.form(), comment="直しました")
    case.when(again).done()
    assert seen(case).remark == "直しました" and [e.why for e in seen(case).earlier] == ["根拠が古い"]
    case.when(case.make(c.WithdrawDraft, reason="誤記")).done()
    assert [(e.result, e.why) for e in back(case)] == [("withdrawn", "誤記"), ("returned", "根拠が古い")]
    case.submit().done()
    case.pass_gate()
    assert back(case) == (), "what follows is a first draft"


def test_what_is_sent_back_to_an_earlier_stage_is_told_there() -> None:
    case = Case().circulating("proposal")
    case.give("return", comment="分析からやり直す", back_to="analysis").done()
    assert case.state.work == "analysis"
    assert [(e.stage, e.why) for e in back(case)] == [("proposal", "分析からやり直す")]


def test_the_route_says_what_each_step_answered_and_whom_it_waits_for() -> None:
    case = Case().circulating("analysis")
    holder = case.holder()
    case.give("approve", comment="よい").done()
    first, second, *_ = seen(case).stops
    assert [(w.decision, w.comment, w.person, w.stands) for w in first.answers] == [
        ("approve", "よい", holder.person, True)
    ]
    assert second.answers == () and second.waiting[0].people == (case.holder().person,)
    case.when(case.make(RetractAnswer, request=first.answers[0].request, reason="読み違い"), holder).done()
    first, second, *_ = seen(case).stops
    assert [w.stands for w in first.answers] == [False] and first.waiting and not second.waiting


def test_only_those_who_could_answer_are_named() -> None:
    case = Case().circulating("setup")
    asked = next(w for s in seen(case).stops for w in s.waiting)
    assert asked.post == "child-chief" and asked.people == ("p-chief", "p-chief2"), "no service, no auditor"
    recused = case.make(Recuse, person="p-chief", reason="親族の会社")
    case.when(recused, person("chief")).done()
    assert next(w for s in seen(case).stops for w in s.waiting).people == ("p-chief2",)
