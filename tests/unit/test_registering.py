"""Documents and their dates: numbers, decisions made in another system, taking effect, due dates that move."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.calendar import local_day
from domain.directory import Reorganisation, Unit
from domain.facts import Facts
from domain.lifecycle import absence, dates, registering
from domain.lifecycle import commands as c
from domain.lifecycle import events as e
from domain.lifecycle.kind import LifecycleKind
from domain.messages import SYSTEM, Text
from tests.given import FACTS, Case, Outcome, person, stage_of, with_process


def outside() -> Facts:
    return with_process(lambda document: stage_of(document, "setup").update(outside_decision=True))


def enter(case: Case, actor: str = "office", **changes: Any) -> Outcome:
    assert case.state.submission is not None
    given: dict[str, Any] = {
        "system": "文書管理",
        "number": "デ戦第12号",
        "decided_on": local_day(case.now),
        "decided_by": "deputy-mayor",
        "seen": case.state.submission.content_hash,
    }
    return case.when(case.make(registering.EnterOutsideDecision, **(given | changes)), person(actor))


def test_a_decision_made_outside_passes_the_gate_and_nobody_decides_twice() -> None:
    case = Case(facts=outside()).circulating("setup")
    request = case.state.requests[0]
    case.days(1)
    events = enter(case).done()
    assert isinstance(events[0], registering.OutsideDecisionEntered)
    assert case.state.stage == "analysis"
    answer = case.make(c.AnswerRequest, request=request.id, decision="approve")
    case.when(answer, person("chief")).refused("request-not-open")
    rows = [LifecycleKind().entries(case.state, r).rows.get("register_entries", []) for r in case.log]
    kinds = [row["kind"] for found in rows for row in found]
    assert kinds[-2:] == ["outside", "decided"]


def test_what_is_entered_is_checked() -> None:
    closed = Case().circulating("setup")
    enter(closed).refused("outside-not-allowed")
    case = Case(facts=outside()).circulating("setup")
    case.days(3)
    enter(case, "stranger").refused("not-concerned")
    enter(case, seen="0" * 64).refused("stale-document")
    enter(case, decided_on=local_day(case.now) + timedelta(days=1)).refused("outside-date")
    enter(case, decided_on=date(2020, 1, 1)).refused("outside-date")
    enter(case, decided_by="child-chief").refused("outside-decider")
    case.facts = case.facts.model_copy(update={"claimed": "other-stream"})
    enter(case).refused("outside-number-used")
    case.facts = outside()
    hash_ = case.state.submission.content_hash if case.state.submission else ""
    case.when(case.make(c.WithdrawDraft, reason="直す")).done()
    late = case.make(
        registering.EnterOutsideDecision,
        system="文書管理",
        number="1",
        decided_on=local_day(case.now),
        decided_by="deputy-mayor",
        seen=hash_,
    )
    case.when(late, person("office")).refused("nothing-in-circulation")


def test_only_who_decides_last_on_this_route_decides_elsewhere() -> None:
    def change(document: dict[str, Any]) -> None:
        setup = stage_of(document, "setup")
        setup |= {"outside_decision": True, "gate": setup["gate"][:2]}

    case = Case(facts=with_process(change)).circulating("setup")
    no = enter(case, decided_by="school-director").refused("outside-decider")
    assert "child-director" in no.remedy.en and "school-director" not in no.remedy.en
    enter(case, decided_by="child-director").done()
    assert case.state.stage == "analysis"


def test_where_a_standing_delegation_ends_the_route_its_last_decider_decides_elsewhere() -> None:
    def change(document: dict[str, Any]) -> None:
        delegation = {"ends_at": "section_chief", "field": "weight", "one_of": ["medium"]}
        stage_of(document, "setup").update(outside_decision=True, delegations=[delegation])

    case = Case(facts=with_process(change)).circulating("setup")
    assert case.state.submission is not None and case.state.submission.ends_at == "section_chief"
    enter(case, decided_by="deputy-mayor").refused("outside-decider")
    enter(case, decided_by="child-chief").done()
    assert case.state.stage == "analysis"


def test_neither_the_drafter_nor_somebody_recused_enters_a_decision() -> None:
    case = Case(facts=outside()).circulating("setup")
    enter(case, "drafter").refused("separation-of-duties")
    recused = case.make(absence.Recuse, person="p-office", reason="親族の会社")
    case.when(recused, person("office")).done()
    enter(case, "office").refused("recused")
    enter(case, "vice").done()


def test_what_was_decided_elsewhere_was_decided_on_the_day_it_says() -> None:
    case = Case(facts=outside()).circulating("setup")
    made = local_day(case.now)
    case.days(10)
    enter(case, decided_on=made).done()
    assert case.state.decided["setup/1"].on == made and case.state.outside_on is None
    enforce = case.make(registering.EnforceDecision, stage="setup", on=made + timedelta(days=1))
    case.when(enforce, person("office")).then(registering.DecisionEnforced)
    case.do_stage()
    assert case.state.decided["analysis/1"].on == local_day(case.now)


@pytest.mark.parametrize("same", ["令８デ戦第１２号", " 令8デ戦第12号 ", "令8デ戦第12号"])
def test_one_number_in_other_letters_is_one_number(same: str) -> None:
    def claim(number: str, system: str = "eDoc") -> tuple[str, str] | None:
        given: dict[str, Any] = {"decided_on": date(2026, 4, 1), "decided_by": "deputy-mayor", "seen": "0" * 64}
        command = registering.EnterOutsideDecision(command_id="x", stream="s", system=system, number=number, **given)
        return LifecycleKind().claims(command)

    assert claim(same, "ＥＤＯＣ") == claim("令8デ戦第12号") != claim("令8デ戦第13号")


def test_a_decision_takes_effect_on_a_day() -> None:
    case = Case(facts=FACTS.model_copy(update={"number": 3})).at("analysis")
    decided = case.state.decided["setup/1"]
    assert decided.number and decided.number.serial == 3

    def enforce(on: date, stage: str = "setup") -> Outcome:
        return case.when(case.make(registering.EnforceDecision, stage=stage, on=on), person("office"))

    enforce(decided.on - timedelta(days=1)).refused("enforced-before-decided")
    enforce(decided.on, "analysis").refused("nothing-to-enforce")
    enforce(decided.on + timedelta(days=5)).refused("enforced-in-future")
    case.days(5)
    enforce(decided.on + timedelta(days=5)).then(registering.DecisionEnforced)
    enforce(decided.on).refused("nothing-to-enforce")


def test_a_section_reorganised_away_draws_numbers_no_more() -> None:
    here = FACTS.directory
    new = Unit(id="kids", name=Text(ja="子ども課", en="Kids"), parent="child-bureau")
    gone = Reorganisation(unit="child-section", to="kids", on=date(2026, 7, 1))
    office = here.model_copy(update={"units": (*here.units, new), "reorganisations": (gone,)})
    for day, section in ((date(2026, 6, 30), "child-section"), (date(2026, 7, 1), "kids")):
        case = Case(facts=FACTS.model_copy(update={"directory": office, "number": 1})).at("setup")
        case.now = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
        submit = case.make(c.SubmitDeliverable, stage="setup", content=case.form())
        assert LifecycleKind().draws(case.state, submit, case.facts, case.now) == f"2026/{section}"
        handed_in = next(x for x in case.when(submit).done() if isinstance(x, e.DeliverableSubmitted))
        assert handed_in.number is not None and handed_in.number.section == section


def test_a_number_is_drawn_once_for_each_document() -> None:
    case = Case().at("setup")
    submit = case.make(c.SubmitDeliverable, stage="setup", content=case.form())
    assert LifecycleKind().draws(case.state, submit, case.facts, case.now) == "2026/child-section"
    case.facts = FACTS.model_copy(update={"number": 1})
    case.when(submit).done()
    again = case.make(c.SubmitDeliverable, stage="setup", content=case.form())
    assert LifecycleKind().draws(case.state, again, case.facts, case.now) is None
    case.pass_gate()
    next_ = case.make(c.SubmitDeliverable, stage="analysis", content=case.form())
    assert LifecycleKind().draws(case.state, next_, case.facts, case.now) == "2026/child-section"


def change(case: Case, due: date, actor: str = "office") -> Outcome:
    command = case.make(dates.ChangeDue, request=case.state.requests[0].id, due=due, reason="議会の日程")
    return case.when(command, person(actor))


def test_changing_a_due_date_moves_its_timers() -> None:
    case = Case().circulating("setup")
    before = case.state.requests[0]
    later = local_day(before.due_at) + timedelta(days=14)
    change(case, later, "stranger").refused("not-concerned")
    change(case, local_day(before.due_at)).refused("due-date")
    change(case, date(2020, 1, 6)).refused("due-date")
    change(case, later).then(dates.DueChanged)
    after = case.state.requests[0]
    assert before.remind_at and after.remind_at and before.escalate_at and after.escalate_at
    assert after.due_at - before.due_at == after.remind_at - before.remind_at == after.escalate_at - before.escalate_at
    stale = case.make(c.DeadlinePassed, timer="due", request=before.id, due_at=before.due_at)
    case.now = before.due_at
    case.when(stale, SYSTEM).refused("deadline-moot")


def test_the_timers_of_a_new_due_date_are_counted_in_working_days() -> None:
    case = Case().circulating("setup")
    change(case, date(2026, 4, 6)).done()
    request = case.state.requests[0]
    assert request.remind_at and request.escalate_at and local_day(request.due_at) == date(2026, 4, 6)  # a Monday
    assert local_day(request.remind_at) == date(2026, 4, 3) and local_day(request.escalate_at) == date(2026, 4, 13)
    draft = Case().at("setup")
    change(draft, date(2026, 4, 20)).done()
    reminder = draft.state.requests[0].remind_at
    assert draft.state.requests[0].kind == "draft" and reminder and local_day(reminder) == date(2026, 4, 15)


def test_a_due_date_beyond_the_calendar_is_refused() -> None:
    case = Case().circulating("setup")
    for day in (date(9999, 12, 31), date(2300, 1, 1), date(2059, 1, 1)):
        change(case, day).refused("due-date")
    change(case, date(2058, 12, 31)).done()


def test_an_overdue_request_with_a_new_date_is_not_overdue_any_more() -> None:
    case = Case().circulating("setup")
    case.tick(case.state.requests[0].due_at)
    assert case.state.requests[0].overdue
    change(case, local_day(case.now) + timedelta(days=7)).done()
    assert not case.state.requests[0].overdue
    request = case.state.requests[0].id
    missing = case.make(dates.ChangeDue, request="nothing", due=date(2027, 1, 6), reason="x")
    case.when(missing, person("office")).refused("request-not-open")
    case.when(case.make(c.HoldLifecycle, reason="選挙"), person("office")).done()
    held = case.make(dates.ChangeDue, request=request, due=date(2027, 1, 6), reason="x")
    case.when(held, person("office")).refused("on-hold")


def with_coordinator() -> Facts:
    facts = with_process(lambda doc: stage_of(doc, "setup")["gate"][0].update(coordinator_after={"working_days": 2}))
    post = facts.directory.posts[0].model_copy(
        update={"id": "child-general", "role": "general_affairs", "unit": "child-section"}
    )
    return facts.model_copy(
        update={"directory": facts.directory.model_copy(update={"posts": (*facts.directory.posts, post)})}
    )


def test_the_coordinator_of_the_section_is_told_before_the_superior() -> None:
    case = Case(facts=with_coordinator()).circulating("setup")
    request = case.state.requests[0]
    assert request.coordinator_at and request.escalate_at and request.coordinator_at < request.escalate_at
    events = case.tick(request.escalate_at)
    kinds = [type(x) for x in events]
    assert kinds.index(e.CoordinatorInformed) < kinds.index(e.RequestEscalated)
    told = next(r for r in case.log if isinstance(r.event, e.CoordinatorInformed))
    assert [n.post for n in LifecycleKind().notices(case.state, told)] == ["child-general"]
    case.give("approve").done()


def test_a_condition_is_checked_at_the_gate_it_names() -> None:
    case = Case().circulating("setup")
    condition = c.Condition(text="個人情報の影響評価", before="analysis")
    wrong = case.answer("conditions", conditions=(c.Condition(text="x", before="nowhere"),))
    case.when(wrong, case.holder()).refused("condition-stage")
    case.give("conditions", conditions=(condition,)).done()
    case.pass_gate()
    case.circulating("analysis")
    case.give("approve").done()
    last = case.give("approve")
    last.refused("promises-open")
    case.when(case.make(c.FulfilPromise, promise=case.state.promises[0].id), person("office")).done()
    case.give("approve").done()
    assert case.state.stage == "hypothesis"
