"""The wind-down after an abolition: tasks with owners and due dates, done one by one; the gate waits for all of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain.calendar import local_day
from domain.lifecycle import commands as c
from domain.lifecycle import events as e
from domain.lifecycle.amendments import ReopenLifecycle, RetractAnswer
from domain.lifecycle.view import notices, view
from domain.lifecycle.winding import (
    FinishWindDownTask,
    ReassignWindDownTask,
    ReopenWindDownTask,
    WaiveWindDownTask,
    WindDownTaskAssigned,
    WindDownTaskFinished,
    WindDownTaskOverdue,
    WindDownTaskReminded,
    WindDownTaskReopened,
    WindDownTaskWaived,
)
from domain.process import WIND_DOWN_TASKS, ProcessDefinition
from domain.process_posts import missing_posts
from tests.given import FACTS, PROCESS, Case, directory, person, with_process


def winding(**facts: Any) -> Case:
    case = Case(**facts).at("review")
    case.decide_outcome("abolition")
    return case


def finish(case: Case, task: str, **more: Any) -> FinishWindDownTask:
    return case.make(FinishWindDownTask, task=task, **({"note": "終えた"} | more))


def test_an_abolition_asks_for_every_task_of_its_owner_until_a_day() -> None:
    case = winding()
    assert [t.key for t in case.state.open_tasks] == [t.key for t in WIND_DOWN_TASKS]
    assert {t.post for t in case.state.open_tasks} == {"child-drafter"}
    draft = case.state.requests[0]
    assert {t.due_at for t in case.state.open_tasks} == {draft.due_at}
    assert all(t.remind_at is not None and t.remind_at < t.due_at for t in case.state.open_tasks)
    asked = next(r for r in case.log if isinstance(r.event, WindDownTaskAssigned))
    assert [n.post for n in notices(case.state, asked)] == ["child-drafter"]


def test_the_gate_waits_for_the_last_task() -> None:
    case = winding()
    for task in ("notice", "data", "assets", "lessons"):
        case.when(finish(case, task)).then(WindDownTaskFinished)
    case.submit().done()
    case.approve_step()
    refusal = case.give("approve").refused("wind-down-open")
    assert "契約の終了・解約" in refusal.message.ja and "contracts" in refusal.message.en
    assert "利用者等への周知" not in refusal.message.ja
    case.when(case.make(WaiveWindDownTask, task="contracts", reason="契約を伴わない")).then(WindDownTaskWaived)
    case.give("approve").done()
    assert case.state.closed_as == "abolition"
    assert view(case.state).rows["requests"] == []


def test_a_task_is_done_with_a_note_and_evidence_by_its_owner() -> None:
    case = winding()
    evidence = {"source": "消去証明書 第12号", "date": date(2028, 4, 1)}
    case.when(finish(case, "data"), person("stranger")).refused("not-concerned")
    case.when(finish(case, "data", note="  ")).refused("text-missing")
    case.when(finish(case, "moon")).refused("task-unknown")
    case.when(finish(case, "data", evidence=evidence)).done()
    task = next(t for t in case.state.tasks if t.key == "data")
    assert task.done_by == "p-drafter" and task.evidence is not None and task.evidence.source == "消去証明書 第12号"
    case.when(finish(case, "data")).refused("task-done")
    case.when(finish(case, task.id)).refused("task-done")


def test_a_task_taken_for_done_by_mistake_is_open_again() -> None:
    case = winding()
    again = case.make(ReopenWindDownTask, task="notice", reason="まだ送っていない")
    case.when(again).refused("task-open")
    case.when(case.make(WaiveWindDownTask, task="notice", reason=" ")).refused("text-missing")
    case.when(case.make(WaiveWindDownTask, task="notice", reason="利用者がいない")).done()
    case.when(case.make(ReopenWindDownTask, task="notice", reason="利用者がいた")).then(WindDownTaskReopened)
    assert "notice" in [t.key for t in case.state.open_tasks]
    assert not any(t.not_applicable for t in case.state.tasks)
    case.finish_tasks()
    case.submit().done()
    case.when(case.make(ReopenWindDownTask, task="notice", reason="x")).refused("in-circulation")


def test_a_task_goes_to_another_post_and_keeps_its_dates() -> None:
    case = winding()
    before = case.state.open_tasks[1]
    give = {"task": "data", "post": "child-chief", "reason": "担当が空席"}
    case.when(case.make(ReassignWindDownTask, **give), person("stranger")).refused("not-concerned")
    case.when(case.make(ReassignWindDownTask, **give | {"reason": " "})).refused("text-missing")
    case.when(case.make(ReassignWindDownTask, **give | {"post": "moon"})).refused("task-owner")
    case.when(case.make(ReassignWindDownTask, **give | {"task": "moon"})).refused("task-unknown")
    assert case.when(case.make(ReassignWindDownTask, **give), person("chief")).done() != []
    after = next(t for t in case.state.open_tasks if t.key == "data")
    assert (after.post, after.due_at, after.remind_at) == ("child-chief", before.due_at, before.remind_at)
    assert [n.post for n in notices(case.state, case.log[-1])] == ["child-chief"]
    row = next(r for r in view(case.state).rows["requests"] if r["step"] == "data")
    assert row["post"] == "child-chief"
    assert case.when(case.make(ReassignWindDownTask, **give), person("chief")).done() == []
    case.when(finish(case, "data")).done()
    case.when(case.make(ReassignWindDownTask, **give | {"post": "child-drafter"})).refused("task-done")


def test_a_post_that_nobody_holds_takes_no_task() -> None:
    case = winding()
    gone = {"tenures": tuple(t for t in case.facts.directory.tenures if t.post != "child-chief")}
    case.facts = case.facts.model_copy(update={"directory": case.facts.directory.model_copy(update=gone)})
    give = case.make(ReassignWindDownTask, task="data", post="child-chief", reason="x")
    case.when(give, person("drafter")).refused("task-owner")


def test_due_dates_remind_and_are_told_and_decide_nothing() -> None:
    case = winding()
    first = case.state.open_tasks[0]
    case.when(finish(case, "lessons")).done()
    happened = case.tick(first.due_at)
    kinds = [type(x) for x in happened]
    assert kinds.count(WindDownTaskReminded) == kinds.count(WindDownTaskOverdue) == 4
    assert case.state.work == "wind_down" and len(case.state.open_tasks) == 4 and case.state.health == "amber"
    late = next(r for r in case.log if isinstance(r.event, WindDownTaskOverdue))
    assert [n.post for n in notices(case.state, late)] == ["child-drafter"]
    row = next(r for r in view(case.state).rows["requests"] if r["kind"] == "task")
    assert row["overdue"] and row["post"] == "child-drafter" and "wind-down" in row["subject_en"]


def test_a_hold_stops_the_clocks_of_tasks_and_moves_them() -> None:
    case = winding()
    due = case.state.open_tasks[0].due_at
    case.when(case.make(c.HoldLifecycle, reason="災害対応"), person("chief")).done()
    case.when(finish(case, "notice")).refused("on-hold")
    case.days(28)
    assert case.tick(case.now) == []
    case.when(case.make(c.ResumeLifecycle), person("chief")).done()
    assert local_day(case.state.open_tasks[0].due_at) == local_day(due) + timedelta(days=28)
    assert case.state.overdue == 0


def test_an_abolition_taken_back_asks_for_nothing_until_somebody_has_begun() -> None:
    case = Case().at("review")
    case.submit(recommendation="abolition").done()
    while case.state.requests[0].step != "council":
        case.give("approve").done()
    council = case.state.requests[0].id
    case.give("approve").done()
    assert case.state.open_tasks
    back = case.make(RetractAnswer, request=council, reason="取り違え")
    case.when(back, person("mayor")).done()
    assert case.state.tasks == () and case.state.work == "review"
    case.give("approve").done()
    case.when(finish(case, "notice")).done()
    case.when(
        case.make(RetractAnswer, request=case.state.given[-1].request if case.state.given else council, reason="x"),
        person("mayor"),
    ).refused("answer-relied-on")


def test_a_lifecycle_dropped_in_its_wind_down_and_reopened_owes_nothing_of_it() -> None:
    case = winding()
    case.when(case.make(c.DropLifecycle, reason="統合"), person("chief")).done()
    assert case.state.open_tasks == ()
    case.when(case.make(ReopenLifecycle, stage="proposal", reason="需要"), person("chief")).done()
    assert case.state.open_tasks == ()
    case.when(finish(case, "notice")).refused("task-unknown")
    case.pass_gate()
    assert (case.state.stage, case.state.tasks) == ("proposal", ())


def test_a_definition_names_its_own_tasks_with_owners_and_dates() -> None:
    task = {
        "key": "network",
        "title": {"ja": "回線の停止", "en": "network line ended"},
        "owner": {"role": "section_chief", "unit": "owner"},
        "due": {"working_days": 3},
        "remind_before": {"working_days": 1},
    }
    facts = with_process(lambda d: d.update(wind_down_tasks=[task]))
    case = winding(facts=facts)
    (owed,) = case.state.open_tasks
    assert (owed.key, owed.post) == ("network", "child-chief")
    assert owed.due_at < case.state.requests[0].due_at
    case.when(finish(case, "network"), person("chief")).done()
    case.do_stage()
    assert case.state.closed_as == "abolition"
    nothing = winding(facts=with_process(lambda d: d.update(wind_down_tasks=[])))
    nothing.submit().done()
    nothing.pass_gate()
    assert nothing.state.closed_as == "abolition"


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([{"key": "a", "title": {"ja": "x", "en": "x"}}] * 2, "twice"),
        (
            [{"key": "a", "title": {"ja": "x", "en": "x"}, "owner": {"role": "r", "unit": "departments"}}],
            "name one unit",
        ),
    ],
)
def test_wrong_tasks_of_a_definition_are_named(tasks: list[Any], said: str) -> None:
    document = PROCESS.model_dump(mode="json") | {"wind_down_tasks": tasks}
    with pytest.raises(ValidationError, match=said):
        ProcessDefinition.model_validate(document)


def test_an_owner_that_the_directory_lacks_is_told_before_anybody_waits() -> None:
    task = {"key": "a", "title": {"ja": "x", "en": "x"}, "owner": {"role": "archivist", "unit": "headquarters"}}
    facts = with_process(lambda d: d.update(wind_down_tasks=[task]))
    assert facts.definition is not None
    assert any("archivist" in t.en for t in missing_posts(facts.definition, directory()))


def test_definitions_published_before_there_were_tasks_keep_their_digest() -> None:
    document = PROCESS.model_dump(mode="json")
    del document["wind_down_tasks"], document["max_rounds"]
    assert ProcessDefinition.model_validate(document).digest == PROCESS.digest
    assert FACTS.definition is not None


def test_a_wind_down_that_began_before_there_were_tasks_closes_as_it_would_have() -> None:
    case = winding()
    old = [r for r in case.log if not isinstance(r.event, WindDownTaskAssigned)]
    before = Case()
    before.now = case.now
    for recorded in old:
        before.record(recorded.event, recorded.actor, recorded.command_id)
    assert before.state.work == "wind_down" and before.state.tasks == ()
    before.submit().done()
    before.pass_gate()
    assert before.state.closed_as == "abolition"
    assert isinstance(before.log[-1].event, e.LifecycleClosed)
