"""Routes as a municipality uses them: concurrence and consultation, delegation, absence, recusal, merging, sending back."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from domain.calendar import local_day
from domain.directory import Absence, Deputy, Tenure
from domain.facts import Facts
from domain.lifecycle import absence, amendments, consultations, consulting, dialogue, handing, overview
from domain.lifecycle import commands as c
from domain.lifecycle import events as e
from domain.lifecycle.kind import LifecycleKind
from domain.lifecycle.state import Request
from domain.lifecycle.timers import pending
from domain.messages import Actor, Event
from papers import course
from tests.given import FACTS, SINCE, START, Case, Outcome, person, stage_of, with_process

DAY = START.date()
CONCURRENCE = [{"role": "section_chief", "unit": "departments"}]


def route(**stage: Any) -> Callable[[dict[str, Any]], None]:
    """The setup stage with a gate of three: the section chief, the departments in parallel, the bureau director."""

    def change(document: dict[str, Any]) -> None:
        setup = stage_of(document, "setup")
        chief, director, _ = setup["gate"]
        others = {**chief, "key": "concurrence", "title": {"ja": "合議", "en": "concurrence"}, "posts": CONCURRENCE}
        others |= {"on_reject": "consult", "consult_within": {"working_days": 3}, **stage.pop("concurrence", {})}
        setup["gate"] = [chief | stage.pop("chief", {}), others, director | stage.pop("director", {})]
        document["heads"] = ["section_chief", "bureau_director", "deputy_mayor", "mayor"]
        document |= stage.pop("whole", {})
        setup |= stage

    return change


def facts_of(*, deputies: tuple[Deputy, ...] = (), absences: tuple[Absence, ...] = (), **stage: Any) -> Facts:
    facts = with_process(route(**stage))
    return facts.model_copy(
        update={"directory": facts.directory.model_copy(update={"deputies": deputies, "absences": absences})}
    )


def circulating(facts: Facts | None = None) -> Case:
    return Case(facts=facts or facts_of()).circulating("setup")


def asked(case: Case, post: str) -> Request:
    return next(r for r in case.state.requests if r.post == post)


def concurring(facts: Facts | None = None) -> Case:
    """With the departments asked."""
    case = circulating(facts)
    case.give("approve").done()
    assert {r.post for r in case.state.requests} == {"health-chief", "school-chief"}
    return case


def objecting(facts: Facts | None = None) -> Case:
    """The school objects, the health section has agreed."""
    case = concurring(facts)
    case.give("approve", asked(case, "health-chief")).done()
    case.give("reject", asked(case, "school-chief"), comment="人手が足りない").then(
        e.RequestAnswered, consultations.ConsultationOpened
    )
    return case


def settle(case: Case, agreed: bool, actor: Actor | None = None) -> Outcome:
    found = case.state.consultations[0]
    command = case.make(consulting.SettleConsultation, consultation=found.id, agreed=agreed, comment="協議した")
    return case.when(command, actor or person("school"))


# --- 合議と協議 -------------------------------------------------------------------------------------------------------


def test_an_objection_opens_consultation_and_decides_nothing() -> None:
    case = objecting()
    assert case.state.in_circulation and not list(case.state.requests)
    told = LifecycleKind().notices(case.state, case.log[-1])
    assert {n.post or n.person for n in told} == {"p-drafter", "school-chief"}
    settle(case, True).then(consultations.ConsultationSettled, e.RequestOpened)
    assert [r.post for r in case.state.requests] == ["child-director"]
    case.pass_gate()
    assert case.state.stage == "analysis"


def test_what_cannot_be_settled_goes_to_the_common_superior() -> None:
    case = objecting()
    settle(case, False, person("drafter")).then(consultations.ConsultationSettled, e.RequestOpened)
    superior = case.state.requests[0]
    assert (superior.post, superior.extra) == ("deputy-mayor", "superior")
    case.give("approve", superior).then(e.RequestAnswered, consultations.ConsultationSettled, e.RequestOpened)
    assert [r.post for r in case.state.requests] == ["child-director"]


def test_the_superior_may_send_it_back() -> None:
    case = objecting()
    settle(case, False).done()
    case.give("return", case.state.requests[0], comment="協議をやり直す").done()
    assert case.state.requests[0].kind == "draft" and case.state.consultations == ()


def test_when_the_time_for_consulting_is_over_the_superior_is_asked() -> None:
    case = objecting()
    events = case.tick(case.state.consultations[0].due_at)
    assert [type(x) for x in events] == [consultations.ConsultationSettled, e.RequestOpened]
    assert isinstance(events[0], consultations.ConsultationSettled) and events[0].by_time
    settle(case, True).refused("consultation-not-open")


def test_only_who_objected_withdraws_the_objection() -> None:
    case = objecting()
    settle(case, True, person("drafter")).refused("not-your-objection")
    settle(case, False, person("stranger")).refused("not-your-draft")


def test_a_stated_number_of_agreements_is_enough_in_spite_of_an_objection() -> None:
    case = concurring(facts_of(concurrence={"need": 1}))
    case.give("reject", asked(case, "school-chief"), comment="人手").done()
    ended = case.give("approve", asked(case, "health-chief")).done()
    assert [r.post for r in case.state.requests] == ["child-director"]
    assert [x.settlement for x in ended if isinstance(x, consultations.ConsultationSettled)] == ["moot"]
    assert case.state.consultations == () and all(timer != "consult" for _, timer, _ in pending(case.state))


def test_a_drafter_who_is_the_only_one_in_the_post_does_not_freeze_the_gate() -> None:
    facts = facts_of(deputies=ORDER)
    tenures = tuple(t for t in facts.directory.tenures if t.person != "p-chief2")
    case = Case(
        facts=facts.model_copy(update={"directory": facts.directory.model_copy(update={"tenures": tenures})})
    ).at("setup")
    case.submit(person("chief")).done()
    by(case, "chief").refused("separation-of-duties")
    events = by(case, "health").done()
    assert isinstance(events[0], e.RequestAnswered) and events[0].stands == "recusal"


@pytest.mark.parametrize("order", list(itertools.permutations(["health-chief", "school-chief"])))
@pytest.mark.parametrize("how", ["approve", "settled", "overruled"])
def test_the_result_is_independent_of_the_order_of_parallel_answers(order: tuple[str, ...], how: str) -> None:
    case = concurring()
    for post in order:
        decision = "reject" if how != "approve" and post == "school-chief" else "approve"
        case.give(decision, asked(case, post)).done()
        if case.state.consultations and post == order[0]:
            settle(case, how == "settled").done()
    if case.state.consultations and not case.state.consultations[0].referred:
        settle(case, how == "settled").done()
    if how == "overruled":
        case.give("approve", asked(case, "deputy-mayor")).done()
    assert [r.post for r in case.state.requests] == ["child-director"]
    assert {(g.post, g.decision) for g in case.state.given if g.step == "concurrence"} == {
        ("health-chief", "approve"),
        ("school-chief", {"overruled": "overruled"}.get(how, "approve")),
    }


def test_concurrence_may_be_added_while_it_is_open() -> None:
    case = circulating()
    add = case.make(consulting.AddConcurrence, post="finance-chief", reason="費用がかかる")
    case.when(add, person("stranger")).refused("not-your-draft")
    case.when(add, person("chief")).then(consultations.ConcurrenceAdded, e.RequestOpened)
    again = case.make(consulting.AddConcurrence, post="finance-chief", reason="費用")
    case.when(again, person("chief")).refused("asked-already")
    nobody = case.make(consulting.AddConcurrence, post="sheriff", reason="治安")
    case.when(nobody, person("chief")).refused("no-such-post")
    case.give("approve", asked(case, "child-chief")).then(e.RequestAnswered)
    case.give("approve", asked(case, "finance-chief")).done()
    assert {r.post for r in case.state.requests} == {"health-chief", "school-chief"}
    case.when(case.make(c.WithdrawDraft, reason="直す")).done()
    late = case.make(consulting.AddConcurrence, post="vice-head", reason="念のため")
    case.when(late, person("chief")).refused("nothing-in-circulation")


# --- 専決・併合・差戻し -----------------------------------------------------------------------------------------------


def test_a_standing_delegation_shortens_the_route() -> None:
    delegations = [{"ends_at": "section_chief", "field": "task_type", "one_of": ["none-such"]}]
    whole = circulating(facts_of(delegations=delegations))
    whole.give("approve").done()
    assert whole.state.requests[0].kind == "decide"
    form = Case().at("setup").form()
    field = next(k for k, v in form.items() if isinstance(v, str) and v)
    short = circulating(facts_of(delegations=[{"ends_at": "section_chief", "field": field, "one_of": [form[field]]}]))
    assert short.state.submission is not None and short.state.submission.ends_at == "section_chief"
    short.give("approve").done()
    assert short.state.stage == "analysis"


def test_steps_that_meet_in_one_person_merge() -> None:
    facts = facts_of(whole={"merge_steps": True})
    tenures = tuple(t for t in facts.directory.tenures if t.post not in ("child-director", "child-chief"))
    both = (
        Tenure(person="p-chief", post="child-chief", since=SINCE),
        Tenure(person="p-chief", post="child-director", since=SINCE),
    )
    facts = facts.model_copy(update={"directory": facts.directory.model_copy(update={"tenures": (*tenures, *both)})})
    case = concurring(facts)
    case.give("approve", asked(case, "health-chief")).done()
    events = case.give("approve", asked(case, "school-chief")).done()
    merged = next(x for x in events if isinstance(x, e.StepMerged))
    assert (merged.step, merged.posts, merged.person) == ("bureau_director", ("child-director",), "p-chief")
    assert case.state.stage == "analysis"


def test_the_route_goes_back_to_an_earlier_step_with_the_document_in_circulation() -> None:
    case = concurring()
    case.give("approve", asked(case, "health-chief")).done()
    outcome = case.give("return", asked(case, "school-chief"), back_to="section_chief", comment="課長に確認")
    assert [type(x) for x in outcome.done()] == [e.RequestAnswered, e.StepReturned, e.RequestOpened]
    assert [r.post for r in case.state.requests] == ["child-chief"] and case.state.submission is not None
    assert case.state.given == ()
    case.pass_gate()
    assert case.state.stage == "analysis"


def test_nothing_goes_back_to_a_later_step() -> None:
    case = concurring()
    answer = case.give("return", asked(case, "school-chief"), back_to="bureau_director", comment="先へ")
    answer.refused("send-back-target")


def covered() -> Facts:
    return facts_of(concurrence={"covers": ["departments"]}, chief={"covers": ["purpose", "departments"]})


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ({"purpose": "別の目的です"}, "child-chief"),
        ({}, "child-director"),
    ],
)
def test_a_new_version_is_asked_again_where_its_part_changed(changed: dict[str, Any], again: str) -> None:
    case = concurring(covered())
    for post in ("health-chief", "school-chief"):
        case.give("approve", asked(case, post)).done()
    case.give("return", case.state.requests[0], comment="文言を直す").done()
    events = case.submit(**changed).done()
    submitted = next(x for x in events if isinstance(x, e.DeliverableSubmitted))
    assert "concurrence" in submitted.kept
    assert [r.post for r in case.state.requests] == [again]
    case.pass_gate()
    assert case.state.stage == "analysis"


def test_the_number_of_a_document_stays_with_its_versions() -> None:
    case = Case(facts=FACTS.model_copy(update={"number": 7})).circulating("setup")
    case.facts = FACTS.model_copy(update={"number": 8})
    case.when(case.make(c.WithdrawDraft, reason="直す")).done()
    case.submit().done()
    numbers = [r.event.number for r in case.log if isinstance(r.event, e.DeliverableSubmitted)]
    assert [n and n.serial for n in numbers] == [7, 7]
    assert numbers[0] and (numbers[0].fiscal_year, numbers[0].section) == (2026, "child-section")


# --- 代決・後閲・回避 ---------------------------------------------------------------------------------------------------


def away(*people: str) -> tuple[Absence, ...]:
    return tuple(Absence(person=p, since=DAY, until=DAY + timedelta(days=9)) for p in people)


ORDER = (
    Deputy(post="child-chief", deputy="health-chief", order=1, since=SINCE),
    Deputy(post="child-chief", deputy="school-chief", order=2, since=SINCE),
)
CHIEFS = ("p-chief", "p-chief2")


def absent(**stage: Any) -> Case:
    return circulating(facts_of(deputies=ORDER, absences=away(*CHIEFS), **stage))


def by(case: Case, who: str, decision: str = "approve", **fields: Any) -> Outcome:
    return case.when(case.answer(decision, **fields), person(who))


def test_in_absence_the_next_in_order_decides_and_the_absent_one_views_it_later() -> None:
    case = absent()
    by(case, "school").refused("not-your-post")
    answered, seen, *_ = (
        x for x in by(case, "health").done() if isinstance(x, e.RequestAnswered | dialogue.InformationShared)
    )
    assert isinstance(answered, e.RequestAnswered)
    assert (answered.stands, answered.acting_as, answered.post) == ("deputy", "health-chief", "child-chief")
    assert isinstance(seen, dialogue.InformationShared) and seen.later_viewing and seen.post == "child-chief"
    case.days(20)
    reading = case.make(dialogue.AcknowledgeReading, reading=case.state.readings[0].id)
    stage = case.state.stage
    case.when(reading, person("chief")).then(dialogue.ReadingAcknowledged)
    assert case.state.stage == stage and case.state.readings == ()


def test_the_route_tells_who_answered_in_anothers_place() -> None:
    case = absent()
    by(case, "health").done()
    case.give("approve", asked(case, "school-chief")).done()
    stops = {s.step: s for s in overview.route(case.state, case.facts)}
    chief, others = list(stops.values())[:2]
    assert chief.people == chief.deputies == ("p-health",) and "p-school" not in others.deputies
    table = overview.table(case.state, case.facts)
    assert "p-health(代)" in table and "p-school" in table and "p-school(代)" not in table


def test_nobody_decides_for_somebody_who_is_there() -> None:
    case = circulating(facts_of(deputies=ORDER, absences=away("p-chief")))
    by(case, "health").refused("not-your-post")
    by(case, "chief2").done()


def test_when_the_first_in_order_is_away_too_the_second_decides() -> None:
    case = circulating(facts_of(deputies=ORDER, absences=away(*CHIEFS, "p-health")))
    by(case, "health").refused("not-your-post")
    by(case, "school").done()


def test_a_deputy_decides_within_their_scope_and_dates() -> None:
    other = (Deputy(post="child-chief", deputy="health-chief", since=SINCE, scope=("analysis",)),)
    past = (Deputy(post="child-chief", deputy="health-chief", since=SINCE, until=date(2021, 3, 31)),)
    for deputies in (other, past):
        by(circulating(facts_of(deputies=deputies, absences=away(*CHIEFS))), "health").refused("not-your-post")


def test_important_matters_wait_unless_instructed_or_urgent() -> None:
    for case in (absent(important=True), absent()):
        if not case.facts.definition or not case.facts.definition.stage("setup").important:
            mark = case.make(absence.MarkMatter, marks=("doubtful",), reason="前例がない")
            case.when(mark, person("office")).then(absence.MatterMarked)
            again = case.make(absence.MarkMatter, marks=("doubtful",), reason="前例がない")
            case.when(again, person("office")).refused("marks-unchanged")
        by(case, "health").refused("not-in-absence")
        by(case, "health", in_absence="urgent", comment=" ").refused("reason-missing")
        events = by(case, "health", in_absence="instructed", comment="課長の電話による指示").done()
        assert isinstance(events[0], e.RequestAnswered) and events[0].in_absence == "instructed"


def test_where_the_definition_says_so_the_matter_waits_for_the_absent_one() -> None:
    by(absent(chief={"absence": "wait"}), "health").refused("not-your-post")


def test_for_a_vacant_post_the_deputy_stands_without_later_viewing() -> None:
    facts = facts_of(deputies=ORDER, important=True)
    tenures = tuple(t for t in facts.directory.tenures if t.post != "child-chief")
    case = circulating(facts.model_copy(update={"directory": facts.directory.model_copy(update={"tenures": tenures})}))
    events = by(case, "health").done()
    assert isinstance(events[0], e.RequestAnswered) and events[0].stands == "vacancy"
    assert case.state.readings == ()


def test_a_vacant_post_without_deputies_does_not_freeze_the_gate() -> None:
    facts = facts_of()
    tenures = tuple(t for t in facts.directory.tenures if t.post != "child-chief")
    case = circulating(facts.model_copy(update={"directory": facts.directory.model_copy(update={"tenures": tenures})}))
    assert case.state.requests[0].escalate_to == "office-director"
    by(case, "health").refused("not-your-post")
    events = by(case, "office").done()
    assert isinstance(events[0], e.RequestAnswered)
    assert (events[0].stands, events[0].acting_as) == ("vacancy", "office-director")


def test_for_one_who_is_away_without_deputies_the_next_above_decides_once_it_was_escalated() -> None:
    case = circulating(facts_of(absences=tuple(Absence(person=p, since=DAY, until=date(2027, 3, 31)) for p in CHIEFS)))
    by(case, "office").refused("not-your-post")
    asked = case.state.requests[0]
    assert asked.escalate_at is not None
    for moment in (asked.remind_at, asked.due_at, asked.escalate_at):
        case.tick(moment)
    assert case.state.requests[0].escalated
    events = by(case, "office").done()
    assert isinstance(events[0], e.RequestAnswered)
    assert (events[0].stands, events[0].acting_as) == ("deputy", "office-director")


def recuse(case: Case, who: str, actor: str, *, lifted: bool = False) -> Outcome:
    command = case.make(absence.Recuse, person=f"p-{who}", reason="親族の会社", lifted=lifted)
    return case.when(command, person(actor))


def test_who_is_recused_decides_nothing_and_the_next_in_order_stands_for_them() -> None:
    case = circulating(facts_of(deputies=ORDER))
    recuse(case, "chief", "chief").then(absence.PersonRecused)
    by(case, "chief").refused("recused")
    by(case, "health").refused("not-your-post")
    recuse(case, "chief2", "office").done()
    events = by(case, "health").done()
    assert isinstance(events[0], e.RequestAnswered) and events[0].stands == "recusal"
    assert case.state.readings == ()


def test_a_recusal_is_lifted_by_somebody_else() -> None:
    case = circulating()
    recuse(case, "chief", "stranger").refused("not-concerned")
    recuse(case, "nobody", "office").refused("person-unknown")
    recuse(case, "chief", "chief").done()
    recuse(case, "chief", "chief").refused("recusal-unchanged")
    recuse(case, "chief", "chief", lifted=True).refused("recusal-own")
    recuse(case, "chief", "office", lifted=True).done()
    by(case, "chief").done()


def test_who_drafted_any_version_does_not_decide_on_a_later_one() -> None:
    case = Case(facts=facts_of()).at("setup")
    case.submit(person("chief")).done()
    case.when(case.make(c.WithdrawDraft, reason="同僚が出し直す"), person("drafter")).done()
    case.submit(person("drafter")).done()
    by(case, "chief").refused("separation-of-duties")
    by(case, "chief2").done()


def hand_on(case: Case, who: str, to: str) -> Outcome:
    command = case.make(handing.HandOnRequest, request=case.state.requests[0].id, to=f"p-{to}", reason="出張のため")
    return case.when(command, person(who))


def take_back(case: Case, who: str) -> Outcome:
    return case.when(case.make(handing.TakeRequestBack, request=case.state.requests[0].id), person(who))


def test_a_request_is_handed_on_to_a_registered_deputy_who_alone_decides_it() -> None:
    case = circulating(facts_of(deputies=ORDER))
    take_back(case, "chief").refused("not-handed-on")
    hand_on(case, "school", "health").refused("not-your-post")
    hand_on(case, "chief", "stranger").refused("not-a-deputy")
    by(case, "health").refused("not-your-post")
    hand_on(case, "chief", "health").then(handing.RequestHandedOn)
    request = case.state.requests[0]
    assert [n.person for n in LifecycleKind().notices(case.state, case.log[-1])] == ["p-health"]
    [row] = LifecycleKind().view(case.state).rows["requests"]
    assert (row["post"], " p-chief " in row["barred"]) == ("child-chief", True)
    assert absence.stands_in(case.state, request.id, "p-health", case.facts, DAY)
    assert not absence.stands_in(case.state, request.id, "p-school", case.facts, DAY)
    for other in ("chief", "chief2"):
        by(case, other).refused("handed-on")
    hand_on(case, "chief2", "health").refused("handed-on")
    by(case, "school").refused("handed-on")
    asks = case.make(dialogue.AskQuestion, text="なぜですか")
    case.when(asks, person("health")).then(dialogue.QuestionAsked)
    answered, seen = (
        x for x in by(case, "health").done() if isinstance(x, e.RequestAnswered | dialogue.InformationShared)
    )
    assert isinstance(answered, e.RequestAnswered) and isinstance(seen, dialogue.InformationShared)
    assert (answered.stands, answered.acting_as, answered.post) == ("handed", "health-chief", "child-chief")
    assert (seen.post, seen.later_viewing) == ("child-chief", True)
    stop = overview.route(case.state, case.facts)[0]
    assert (stop.people, stop.deputies) == (("p-health",), ("p-health",))
    hand_on(case, "chief", "health").refused("not-your-post")
    case.when(case.make(amendments.RetractAnswer, request=request.id, reason="誤り"), person("health")).done()
    by(case, "chief").refused("handed-on")


def test_what_is_handed_on_is_taken_back_or_given_back_and_falls_back_by_itself() -> None:
    case = circulating(facts_of(deputies=ORDER))
    for back in ("chief2", "health"):
        hand_on(case, "chief", "health").done()
        take_back(case, "school").refused("not-your-post")
        take_back(case, back).then(handing.RequestTakenBack)
        by(case, "health").refused("not-your-post")
    hand_on(case, "chief", "health").done()
    recuse(case, "health", "health").done()
    by(case, "health").refused("recused")
    by(case, "chief").done()


def test_who_may_not_decide_does_not_choose_who_does_and_a_step_may_wait_for_its_holder() -> None:
    case = circulating(facts_of(deputies=ORDER))
    recuse(case, "chief", "chief").done()
    hand_on(case, "chief", "health").refused("may-not-choose")
    waiting = circulating(facts_of(deputies=ORDER, chief={"absence": "wait"}))
    hand_on(waiting, "chief", "health").refused("waits-for-the-holder")
    away_ = circulating(facts_of(deputies=ORDER, absences=away("p-health")))
    hand_on(away_, "chief", "health").refused("not-a-deputy")


def test_who_is_asked_by_the_step_as_well_does_not_answer_it_for_another_too() -> None:
    case = concurring(facts_of(deputies=(Deputy(post="school-chief", deputy="health-chief", since=SINCE),)))
    command = case.make(handing.HandOnRequest, request=asked(case, "school-chief").id, to="p-health", reason="出張")
    case.when(command, person("school")).refused("not-a-deputy")


def test_an_earlier_answer_is_taken_back_without_losing_what_was_handed_on() -> None:
    case = concurring(facts_of(deputies=(Deputy(post="school-chief", deputy="finance-chief", since=SINCE),)))
    first, second = asked(case, "health-chief"), asked(case, "school-chief")
    case.give("approve", first).done()
    command = case.make(handing.HandOnRequest, request=second.id, to="p-finance-chief", reason="出張")
    case.when(command, person("school")).done()
    case.when(case.make(amendments.RetractAnswer, request=first.id, reason="誤り"), person("health")).done()
    kept = asked(case, "school-chief")
    assert kept.handed is not None and kept.handed.to == "p-finance-chief"


def told(case: Case, kind: type[Event]) -> set[str | None]:
    """Whom the last event of a kind is told to."""
    last = next(r for r in reversed(case.log) if isinstance(r.event, kind))
    return {n.post or n.person for n in LifecycleKind().notices(case.state, last)}


def test_whoever_was_asked_to_decide_hears_of_its_end_and_of_what_grows_late() -> None:
    case = circulating(facts_of(deputies=ORDER))
    hand_on(case, "chief", "health").done()
    case.tick(case.state.requests[0].escalate_at)
    assert "p-health" in told(case, e.RequestOverdue) & told(case, e.RequestEscalated)
    closed = case.when(case.make(c.WithdrawDraft, reason="直す")).done()[1]
    assert isinstance(closed, e.RequestClosed) and closed.handed_to == "p-health"
    assert told(case, e.RequestClosed) == {"p-health"}


def test_what_fell_back_stays_so_is_told_with_what_happens_next_and_is_handed_on_anew() -> None:
    later = Absence(person="p-health", since=DAY + timedelta(days=2), until=DAY + timedelta(days=3))
    case = circulating(facts_of(deputies=ORDER, absences=(later,)))
    hand_on(case, "chief", "health").done()
    case.days(4)
    request, today = case.state.requests[0], local_day(case.now)
    assert not case.facts.directory.is_absent("p-health", today)
    fell = course.fell_back(request, case.state, case.facts, today)
    assert set(CHIEFS) <= set(course.who_can(request, case.state, case.facts, today))
    assert fell is not None and later.since.isoformat() in fell.en
    by(case, "health").refused("not-your-post")
    take_back(case, "chief").refused("not-handed-on")
    assert handing.RequestFellBack in {type(x) for x in case.tick(request.due_at)}
    assert told(case, handing.RequestFellBack) == {"child-chief", "p-health"}
    assert "p-health" not in told(case, e.RequestOverdue)
    assert course.fell_back(case.state.requests[0], case.state, case.facts, today) == fell
    hand_on(case, "chief2", "health").then(handing.RequestHandedOn)
    by(case, "health").done()


def test_a_recusal_that_is_lifted_brings_nothing_back_that_was_handed_on() -> None:
    case = circulating(facts_of(deputies=ORDER))
    hand_on(case, "chief", "health").done()
    recuse(case, "chief", "chief").then(absence.PersonRecused, handing.RequestFellBack)
    recuse(case, "chief", "office", lifted=True).then(absence.PersonRecused)
    by(case, "health").refused("not-your-post")
    by(case, "chief").done()


def test_only_the_drafter_takes_back_what_goes_round_and_others_who_may_draft_while_the_drafter_is_away() -> None:
    case = circulating()
    for who, rule in (("chief", "not-the-drafter"), ("member", "not-the-drafter"), ("stranger", "not-your-draft")):
        case.when(case.make(c.WithdrawDraft, reason="直す"), person(who)).refused(rule)
    case = circulating(facts_of(absences=away("p-drafter")))
    case.when(case.make(c.WithdrawDraft, reason="直す"), person("stranger")).refused("not-your-draft")
    case.when(case.make(c.WithdrawDraft, reason="直す"), person("chief")).done()
    case = circulating()
    here = case.facts.directory
    people = tuple(p.model_copy(update={"auditor": p.id == "p-drafter"}) for p in here.people)
    case.facts = case.facts.model_copy(update={"directory": here.model_copy(update={"people": people})})
    case.when(case.make(c.WithdrawDraft, reason="直す"), person("drafter")).refused("auditor-cannot-decide")
    case.when(case.make(c.WithdrawDraft, reason="直す"), person("chief")).done()


def test_an_answer_of_a_deputy_may_be_taken_back_with_all_that_followed() -> None:
    case = absent()
    request = case.state.requests[0].id
    by(case, "health").done()
    case.when(case.make(amendments.RetractAnswer, request=request, reason="誤り"), person("health")).done()
    assert case.state.readings == () and [r.post for r in case.state.requests] == ["child-chief"]
