"""A selection round, from the call to lifecycles that start."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.deliverables.registry import parse
from domain.lifecycle.commands import StartLifecycle, stream_of
from domain.messages import SYSTEM, Refusal, Text
from domain.selection import messages as m
from domain.selection.deciding import departures
from domain.selection.kind import SelectionKind
from tests.bodies import OFFICE, Body, facts, rules
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
    known = case.facts
    case.facts = known.model_copy(update={"others": facts((stream_of("T"), "lifecycle")).others})
    case.refused("ref-taken", m.ProposeTask, person("drafter"), **{**fields, "ref": "T"})
    case.facts = known
    case.refused("not-your-section", m.ProposeTask, person("stranger"), **{**fields, "ref": "B"})
    unknown = case.refused(
        "unit-unknown", m.ProposeTask, **{**fields, "ref": "B", "section": "x", "departments": ["y"]}
    )
    assert [p.field for p in unknown.problems] == ["section", "departments"]
    case.do(m.ProposeTask, person("director"), **{**fields, "ref": "B"})
    case.refused("nothing-corrected", m.CorrectProposal, person("director"), **{**fields, "ref": "B"})
    case.refused("not-secretariat", m.CorrectProposal, person("stranger"), **{**fields, "ref": "B", "title": "z"})
    case.refused("proposal-not-open", m.CorrectProposal, **{**fields, "ref": "Z", "title": "z"})
    case.refused("not-your-section", m.CorrectProposal, person("drafter"), **{**fields, "section": "health-section"})
    moved = case.facts.directory
    tenures = tuple(
        t.model_copy(update={"post": "health-chief"} if t.person == "p-drafter" else {}) for t in moved.tenures
    )
    case.facts = known.model_copy(update={"directory": moved.model_copy(update={"tenures": tenures})})
    case.refused("not-secretariat", m.CorrectProposal, person("drafter"), **{**fields, "title": "no longer mine"})
    case.facts = known
    case.do(m.CorrectProposal, person("director"), **{**fields, "ref": "B", "title": "z", "departments": ["city"]})
    assert (case.state.proposals["B"].title, case.state.proposals["B"].departments) == ("z", ("city",))
    assert case.state.proposals["B"].correctors == ("p-director",)
    case.do(m.ProposeTask, person("director"), **{**fields, "ref": "D", "section": "child-bureau"})
    case.refused("not-secretariat", m.CorrectProposal, person("drafter"), **{**fields, "ref": "D", "title": "mine now"})
    case.do(m.WithdrawProposal, person("director"), ref="D", reason="x")
    assert case.kind.next_due(case.state) is not None
    case.refused("not-due-yet", m.CloseCall, SYSTEM)
    case.tick()
    assert case.state.phase == "scoring"
    assert not case.do(m.CloseCall)
    case.refused("call-closed", m.ProposeTask, person("drafter"), **{**fields, "ref": "C"})
    case.refused("call-closed", m.CorrectProposal, person("drafter"), **fields)


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
    again = {"ref": "A", "title": "新しい題", "section": "child-section", "problem": "y", "departments": ["city"]}
    case.do(m.CorrectProposal, person("drafter"), **again)
    assert case.state.proposals["A"].departments == ("city", "health-section", "child-section"), "what a merge brought"
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


def test_whose_proposal_was_merged_does_not_score_what_it_went_into() -> None:
    case = opened()
    proposed(case, "A")
    case.do(m.ProposeTask, ref="B", title="x", section="child-section", problem="y")
    case.do(m.MergeProposals, ref="B", into="A", reason="同じ課題")
    case.do(m.CloseCall)
    case.refused("own-proposal", m.ScoreProposal, ref="A", scores=dict.fromkeys(KEYS, 3))


def test_level_proposals_are_level_and_need_no_reason_between_them() -> None:
    case = opened()
    for ref in ("A", "B", "C"):
        proposed(case, ref)
    case.tick()
    for ref, value in (("A", 5), ("B", 3), ("C", 3)):
        scored(case, ref, value)
    found = case.state.ranking()
    assert [(p.ref, p.rank, p.tied) for p in found.places] == [("A", 1, False), ("B", 2, True), ("C", 2, True)]
    assert [(p.first, p.second, p.tied) for p in found.close] == [("B", "C", True)]
    case.do(m.ProposeChoice, ref="A", result="selected", taskforce=TASKFORCE)
    case.do(m.ProposeChoice, ref="B", result="deferred")
    case.do(m.ProposeChoice, ref="C", result="selected", taskforce=TASKFORCE)
    assert departures(case.state) == []


def test_what_nobody_scored_is_not_selected_and_members_keep_their_own_units() -> None:
    case = opened()
    proposed(case, "A")
    case.tick()
    case.refused("not-scored", m.ProposeChoice, ref="A", result="selected", taskforce=TASKFORCE)
    scored(case, "A", 4)
    team = {**TASKFORCE, "members": ["p-member", "p-health"]}
    case.do(m.ProposeChoice, ref="A", result="selected", taskforce=team)
    case.do(m.ConcludeSelection, person("mayor"))
    (start,) = [e for e in case.plan().effects if e.kind == "instruct"]
    assert [x["department"] for x in start.command["setup"]["members"]] == ["child-section", "health-section"]


def test_priority_fields_come_with_the_rules() -> None:
    fields = ("子育て", "防災")
    case = Body(SelectionKind(), "selection:2026")
    case.under(rules(priority_fields=fields))
    call: dict[str, Any] = {
        "fiscal_year": 2026,
        "title": "x",
        "closes_on": "令和8年5月29日",
        "definition": PROCESS.reference,
    }
    case.do(m.CallForProposals, **call)
    assert case.state.priority_fields == fields
    case.under(None)
    Body(SelectionKind(), "selection:9", case.facts).refused("rules-unknown", m.CallForProposals, **call)


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


def crowded(**choice: Any) -> Body:
    case = full()
    for ref in ("A", "B", "C"):
        case.do(m.ProposeChoice, ref=ref, result="selected", taskforce=TASKFORCE, **choice)
    return case


def test_capacity_holds_in_a_session_as_well() -> None:
    """A session always says something; only a reason that people gave lifts the limit."""
    case = crowded()
    said: dict[str, Any] = {"session": "council:2026-1", "seen": case.state.laid_before(), "reason": "結論"}
    case.refused("capacity-exceeded", m.ConcludeSelection, SYSTEM, **said)
    case.do(m.ConcludeSelection, SYSTEM, **said, reasoned=True)
    given = crowded(reason="係長級を補助に付ける")
    given.do(m.ConcludeSelection, SYSTEM, **{**said, "seen": given.state.laid_before()})


def test_what_people_carry_already_counts() -> None:
    case = full()
    case.do(m.ProposeChoice, ref="A", result="selected", taskforce=TASKFORCE)
    for ref in ("B", "C"):
        case.do(m.ProposeChoice, ref=ref, result="deferred")
    case.facts = case.facts.model_copy(update={"burdens": {"chair": {"p-director": 3}}})
    over = case.refused("capacity-exceeded", m.ConcludeSelection, person("mayor"))
    assert "3 of them running" in over.message.en
    assert case.kind.weighs(case.make(m.ConcludeSelection))


def test_a_session_concludes_on_what_lay_before_it() -> None:
    case = crowded(reason="x")
    seen = case.state.laid_before()
    case.do(m.ProposeChoice, ref="C", result="other", measure="職員研修")
    case.refused("choices-changed", m.ConcludeSelection, SYSTEM, session="council:2026-1", seen=seen)
    case.refused("choices-changed", m.ConcludeSelection, SYSTEM, session="council:2026-1")
    again = case.state.laid_before()
    scored(case, "C", 5, "mayor")
    assert case.state.laid_before() != again
    case.do(m.ConcludeSelection, SYSTEM, session="council:2026-1", seen=case.state.laid_before())


def test_what_is_selected_starts_once_with_its_taskforce() -> None:
    case = full()
    case.do(m.ProposeChoice, ref="A", result="selected", taskforce=TASKFORCE)
    for ref in ("B", "C"):
        case.do(m.ProposeChoice, ref=ref, result="deferred")
    seen = case.state.laid_before()
    case.do(m.ConcludeSelection, SYSTEM, session="council:2026-1", presided="p-mayor", seen=seen)
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
    assert {n.person for n in case.kind.notices(case.state, case.log[-1])} == {OFFICE.person, "p-drafter"}
    case.refused("start-not-refused", m.SettleStart, ref="B", again=True, text="x")
    case.refused("not-secretariat", m.SettleStart, person("stranger"), ref="A", again=True, text="x")
    taken = facts((stream_of("A"), "lifecycle"))
    case.facts = case.facts.model_copy(update={"others": taken.others})
    case.refused("ref-taken", m.SettleStart, ref="A", again=True, text="x")
    at = len(case.log)
    case.do(m.SettleStart, ref="A", again=True, start_as="A-2", text="番号が重なったため")
    (again,) = [e for e in case.plan(at).effects if e.kind == "instruct"]
    assert again.command is not None and again.command["ref"] == "A-2" and again.command["stream"] == stream_of("A-2")
    rows = {r["ref"]: r for r in case.kind.view(case.state).rows["proposals"]}
    assert rows["A"]["lifecycle"] == stream_of("A-2")
    second = case.kind.turned_down(case.stream, again.key, NO)
    assert isinstance(second, m.NoteStartRefusal) and second.ref == "A" and second.command_id != note.command_id
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
