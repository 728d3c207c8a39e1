"""A selection round, from the call to lifecycles that start."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.deliverables.registry import parse
from domain.lifecycle.commands import StartLifecycle, stream_of
from domain.messages import SYSTEM, Refusal, Text
from domain.selection import messages as m
from domain.selection.kind import SelectionKind
from tests.bodies import OFFICE, Body, rules
from tests.city import PROCESS, person

NO = Refusal(rule="x", message=Text(ja="あ", en="a"), remedy=Text(ja="い", en="b"))
KEYS = [c.key for c in rules().criteria]
CLOSES = date(2026, 5, 29)
TASKFORCE: dict[str, Any] = {
    "weight": "light",
    "chair": "p-director",
    "departments": ["child-section"],
    "members": ["p-member"],
}


def opened(**changes: Any) -> Body:
    case = Body(SelectionKind(), "selection:2026")
    fields: dict[str, Any] = {
        "fiscal_year": 2026,
        "title": "令和8年度",
        "closes_on": CLOSES,
        "rules": rules(),
        "definition": PROCESS.reference,
    }
    case.do(m.CallForProposals, **{**fields, **changes})
    return case


def proposed(case: Body, ref: str, **changes: Any) -> None:
    fields: dict[str, Any] = {"ref": ref, "title": f"課題 {ref}", "section": "child-section", "problem": "窓口が混む"}
    case.do(m.ProposeTask, person("drafter"), **{**fields, **changes})


def scored(case: Body, ref: str, value: int, who: str = "office") -> None:
    scores = {c.key: value if c.better == "higher" else 6 - value for c in rules().criteria}
    case.do(m.ScoreProposal, person(who), ref=ref, scores=scores)


def full() -> Body:
    """Three proposals, scored 5, 3 and 1, none chosen."""
    case = opened()
    for ref in ("A", "B", "C"):
        proposed(case, ref)
    case.tick()
    for ref, value in (("A", 5), ("B", 3), ("C", 1)):
        scored(case, ref, value)
    return case


def test_only_the_secretariat_calls_and_only_once_and_not_into_the_past() -> None:
    case = Body(SelectionKind(), "selection:2026")
    fields: dict[str, Any] = {
        "fiscal_year": 2026,
        "title": "x",
        "closes_on": CLOSES,
        "rules": rules(),
        "definition": PROCESS.reference,
    }
    case.refused("round-unknown", m.CloseCall)
    case.refused("not-secretariat", m.CallForProposals, person("drafter"), **fields)
    case.refused("closing-date-past", m.CallForProposals, **{**fields, "closes_on": date(2026, 3, 31)})
    case.facts = case.facts.model_copy(update={"definition": None})
    case.refused("definition-unknown", m.CallForProposals, **fields)
    opened().refused("round-exists", m.CallForProposals, **fields)


def test_bureaus_propose_until_the_closing_date() -> None:
    case = opened()
    proposed(case, "A")
    fields: dict[str, Any] = {"ref": "A", "title": "x", "section": "child-section", "problem": "y"}
    case.refused("proposed-already", m.ProposeTask, person("drafter"), **fields)
    case.refused("not-your-section", m.ProposeTask, person("stranger"), **{**fields, "ref": "B"})
    unknown = case.refused(
        "unit-unknown", m.ProposeTask, **{**fields, "ref": "B", "section": "x", "departments": ["y"]}
    )
    assert [p.field for p in unknown.problems] == ["section", "departments"]
    case.do(m.ProposeTask, person("director"), **{**fields, "ref": "B"})
    assert case.kind.next_due(case.state) is not None
    case.refused("not-due-yet", m.CloseCall, SYSTEM)
    case.tick()
    assert case.state.phase == "scoring"
    assert not case.do(m.CloseCall)
    case.refused("call-closed", m.ProposeTask, person("drafter"), **{**fields, "ref": "C"})


def test_duplicates_are_merged_with_trace_and_proposals_withdrawn() -> None:
    case = opened()
    proposed(case, "A")
    proposed(case, "B", departments=["health-section"])
    proposed(case, "C")
    case.refused("merge-into-itself", m.MergeProposals, ref="A", into="A", reason="x")
    case.refused("proposal-not-open", m.MergeProposals, ref="A", into="Z", reason="x")
    case.do(m.MergeProposals, ref="B", into="A", reason="同じ課題")
    assert case.state.proposals["A"].parts == ("B",)
    assert case.state.proposals["A"].departments == ("health-section", "child-section")
    assert case.state.proposals["B"].merged_into == "A"
    case.refused("proposal-not-open", m.RecordInterview, ref="B", on=CLOSES, text="x")
    case.do(m.RecordInterview, ref="A", on=CLOSES, text="課長から聞いた")
    case.refused("not-secretariat", m.WithdrawProposal, person("stranger"), ref="C", reason="x")
    case.do(m.WithdrawProposal, person("drafter"), ref="C", reason="x")
    assert [p.ref for p in case.state.open] == ["A"]


def test_assessors_score_every_criterion_and_never_their_own() -> None:
    case = opened()
    proposed(case, "A")
    whole = dict.fromkeys(KEYS, 3)
    case.refused("still-calling", m.ScoreProposal, ref="A", scores=whole)
    case.refused("still-calling", m.ProposeChoice, ref="A", result="deferred")
    case.do(m.CloseCall)
    missing = case.refused("scores-incomplete", m.ScoreProposal, ref="A", scores={"problem": 6, "luck": 3})
    assert {p.field for p in missing.problems} == {f"scores.{k}" for k in (*KEYS, "luck")}
    case.refused("not-secretariat", m.ScoreProposal, person("stranger"), ref="A", scores=whole)
    case.do(m.ScoreProposal, person("mayor"), ref="A", scores=whole)
    assert not case.do(m.ScoreProposal, person("mayor"), ref="A", scores=whole)
    case.do(m.ScoreProposal, person("mayor"), ref="A", scores=whole | {"impact": 5})
    assert case.state.proposals["A"].scores == {"p-mayor": whole | {"impact": 5}}
    own = opened()
    own.do(m.ProposeTask, ref="A", title="x", section="child-section", problem="y")
    own.do(m.CloseCall)
    own.refused("own-proposal", m.ScoreProposal, ref="A", scores=whole)


def test_a_taskforce_fits_the_weight_of_its_task() -> None:
    case = full()
    case.refused("taskforce-missing", m.ProposeChoice, ref="A", result="selected")
    case.refused("taskforce-without-task", m.ProposeChoice, ref="A", result="deferred", taskforce=TASKFORCE)
    case.refused("measure-missing", m.ProposeChoice, ref="A", result="other")
    heavy = {**TASKFORCE, "weight": "heavy", "departments": ["child-section", "nowhere"], "members": ["nobody"]}
    unfit = case.refused("taskforce-unfit", m.ProposeChoice, ref="A", result="selected", taskforce=heavy)
    fields = sorted(p.field for p in unfit.problems)
    assert fields == [
        "taskforce.adviser",
        "taskforce.chair",
        "taskforce.departments",
        "taskforce.departments",
        "taskforce.members",
        "taskforce.people",
    ]
    only_heavy = rules(classes=[c.model_dump() for c in rules().classes if c.weight == "heavy"])
    case.state = case.state.model_copy(update={"rules": only_heavy})
    case.refused("weight-unknown", m.ProposeChoice, ref="A", result="selected", taskforce=TASKFORCE)


def test_departing_from_the_rank_needs_a_reason() -> None:
    case = full()
    case.refused("choices-missing", m.ConcludeSelection, person("mayor"))
    case.do(m.ProposeChoice, ref="A", result="deferred")
    case.do(m.ProposeChoice, ref="B", result="selected", taskforce=TASKFORCE)
    case.do(m.ProposeChoice, ref="C", result="other", measure="職員研修で扱う")
    assert "A" in case.refused("rank-departed", m.ConcludeSelection, person("mayor")).message.en
    case.do(m.ProposeChoice, ref="A", result="deferred", reason="法改正を待つ")
    case.do(m.ProposeChoice, ref="B", result="selected", taskforce=TASKFORCE, reason="先に着手できる")
    case.refused("not-the-chair", m.ConcludeSelection, OFFICE)
    (event,) = case.do(m.ConcludeSelection, person("mayor"))
    assert isinstance(event, m.SelectionConcluded)
    assert (event.selected, event.deferred, event.other) == (("B",), ("A",), ("C",))
    assert case.kind.closed(case.state)
    case.refused("round-concluded", m.ConcludeSelection, person("mayor"))


def test_nobody_carries_more_than_they_can_without_a_reason() -> None:
    case = full()
    for ref in ("A", "B", "C"):
        case.do(m.ProposeChoice, ref=ref, result="selected", taskforce=TASKFORCE)
    over = case.refused("capacity-exceeded", m.ConcludeSelection, person("mayor"))
    assert "p-member" in over.message.en
    case.do(m.ConcludeSelection, person("mayor"), reason="年度後半に増員する")


def test_what_is_selected_starts_once_with_its_taskforce() -> None:
    case = full()
    case.do(m.ProposeChoice, ref="A", result="selected", taskforce=TASKFORCE)
    for ref in ("B", "C"):
        case.do(m.ProposeChoice, ref=ref, result="deferred")
    case.do(m.ConcludeSelection, SYSTEM, session="council:2026-1", presided="p-mayor")
    starts = [e for e in case.plan().effects if e.kind == "instruct"]
    assert [e.key for e in starts] == ["start/A"]
    fields = dict(starts[0].command)
    assert (fields.pop("kind"), fields.pop("type")) == ("lifecycle", "StartLifecycle")
    command = StartLifecycle.model_validate(fields)
    assert command.stream == stream_of("A") and command.weight == "light" and command.setup
    setup = parse("setup", command.setup).model_dump()
    assert setup["chair"] == "p-director" and setup["members"][0]["person"] == "p-member"
    assert case.plan().effects == case.plan().effects
    note = case.kind.turned_down(case.stream, "start/A", NO)
    assert isinstance(note, m.NoteStartRefusal)
    case.do(m.NoteStartRefusal, SYSTEM, **note.model_dump(exclude={"command_id", "stream"}))
    assert case.state.proposals["A"].refused is not None
    rows = {r["ref"]: r for r in case.kind.view(case.state).rows["proposals"]}
    assert rows["A"]["lifecycle"] is None and rows["A"]["rank"] == 1
    assert case.kind.turned_down(case.stream, "announce-3", NO) is None


def test_what_was_deferred_comes_back_with_its_reason() -> None:
    carried = {
        "ref": "A",
        "title": "課題 A",
        "section": "child-section",
        "problem": "x",
        "round": "selection:2025",
        "reason": "法改正を待つ",
    }
    case = opened(carried=[carried])
    assert case.state.proposals["A"].carried_from == "selection:2025"
    assert [p.ref for p in case.state.open] == ["A"]
