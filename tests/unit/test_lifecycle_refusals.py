"""Every rule that can turn a command down, each by a command that breaks it; the case stays as it was."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.directory import Directory
from domain.directory_stream import DirectoryKind, ImportDirectory, Named
from domain.lifecycle import commands as c
from domain.lifecycle.timers import pending
from domain.messages import SYSTEM, Actor, Refused, Via
from domain.process_stream import DefinitionKind, DefinitionState, PublishDefinition
from tests.given import FACTS, PROCESS, START, Case, Outcome, person, stage_of, with_process

DOMAIN = Path(__file__).parents[2] / "domain"


def held(case: Case) -> Case:
    case.when(case.make(c.HoldLifecycle, reason="選挙")).done()
    return case


def deciding_review(**form: Any) -> Case:
    case = Case().at("review")
    case.submit(**form).done()
    case.approve_step()
    case.approve_step()
    return case


def second_answer() -> Outcome:
    case = Case().circulating("coordination")
    first = case.state.requests[0]
    case.give("approve", first).done()
    return case.when(case.answer("return", first), case.holder(first))


def stale_request() -> Outcome:
    case = Case().circulating("setup")
    request = case.state.requests[0]
    case.when(case.make(c.WithdrawDraft, reason="誤記")).done()
    case.submit().done()
    return case.when(case.answer("approve", request), person("chief"))


def budget(state: str, amount: int = 10, *, before: tuple[tuple[str, int], ...] = (), by: str = "finance") -> Outcome:
    case = Case().at("setup")
    for earlier, earlier_amount in before:
        command = case.make(c.RecordBudget, fiscal_year=2026, state=earlier, amount=earlier_amount)
        case.when(command, person("finance")).done()
    return case.when(case.make(c.RecordBudget, fiscal_year=2026, state=state, amount=amount), person(by))


def publish(change: Callable[[dict[str, Any]], None], stream: str = "definition:himeji") -> Outcome:
    document = with_process(change).definition
    assert document is not None
    state = DefinitionState(stream=stream, name="himeji", digests={1: PROCESS.digest})
    command = PublishDefinition(command_id="p", stream=stream, definition=document)
    try:
        events = DefinitionKind().decide(state, command, SYSTEM, FACTS, START)
    except Refused as no:
        return Outcome(Case(), [], no.refusal)
    return Outcome(Case(), events, None)


def name_a_stranger() -> Outcome:
    kind = DirectoryKind()
    command = ImportDirectory(
        command_id="d", stream="directory", directory=Directory(), names=(Named(person="p-x", name="x"),)
    )
    try:
        events = kind.decide(kind.initial("directory"), command, SYSTEM, FACTS, START)
    except Refused as no:
        return Outcome(Case(), [], no.refusal)
    return Outcome(Case(), events, None)


def deadline(*, early: bool) -> Outcome:
    case = Case().circulating("setup")
    moment, timer, request = min(pending(case.state), key=lambda t: t[0])
    if not early:
        case.now = moment
        case.give("approve").done()
    command = case.make(c.DeadlinePassed, timer=timer, request=request, due_at=moment)
    return case.when(command, SYSTEM)


def unfit(case: Case, facts_change: Callable[[dict[str, Any]], None]) -> Case:
    case.facts = with_process(facts_change, case.facts)
    return case


def no_posts() -> Case:
    directory = FACTS.directory.model_copy(
        update={
            "posts": tuple(p for p in FACTS.directory.posts if p.role != "bureau_director"),
            "tenures": tuple(t for t in FACTS.directory.tenures if "director" not in t.post),
        }
    )
    case = Case(facts=FACTS.model_copy(update={"directory": directory})).at("setup")
    case.submit().done()
    return case


def nobody_asked() -> Outcome:
    def only_departments(document: dict[str, Any]) -> None:
        stage = stage_of(document, "setup")
        stage["gate"] = [stage_of(document, "coordination")["gate"][0]]

    return unfit(Case(), only_departments).at("setup").submit(departments=["child-section"])


def measured(kpi: str, value: Decimal) -> Outcome:
    case = Case().at("implementation")
    fields: dict[str, Any] = {
        "command_id": "m",
        "stream": case.state.stream,
        "kpi": kpi,
        "period": "Q1",
        "value": value,
    }
    return case.when(c.RecordMeasurement.model_construct(**fields, source=None, note=""), person("member"))


def promise_kept_twice() -> Outcome:
    case = Case().circulating("setup")
    case.give("conditions", conditions=(c.Condition(text="毎月報告"),)).done()
    command = case.make(c.FulfilPromise, promise=case.state.promises[0].id)
    case.when(command).done()
    return case.when(command)


def open_promises() -> Outcome:
    case = Case().at("analysis")
    unfit(case, lambda d: stage_of(d, "analysis").update(passes_when=["no_open_promises"]))
    case.submit().done()
    case.give("conditions", conditions=(c.Condition(text="毎月報告"),)).done()
    return case.give("approve")


def unindicated() -> Outcome:
    case = Case().at("budgeting")
    case.submit(amounts={"asked": 1000}).done()
    case.approve_step()
    case.approve_step()
    return case.give("approve")


def send(case: Case, command: type[Any], by: str = "drafter", **fields: Any) -> Outcome:
    return case.when(case.make(command, **fields), person(by))


def answer(case: Case, decision: str, by: str | None = None, **fields: Any) -> Outcome:
    actor = person(by) if by else case.holder()
    return case.when(case.answer(decision, **fields), actor)


def circ(stage: str = "setup") -> Case:
    return Case().circulating(stage)


UNDEFINED = FACTS.model_copy(update={"definition": None})
ROBOT = Actor(person="p-robot", via=Via.SYSTEM, authenticated_by="key")

REFUSALS: list[tuple[str, Callable[[], Outcome]]] = [
    ("not-started", lambda: send(Case(), c.OpenReview, reason="r")),
    ("closed", lambda: answer(closed(), "approve", "chief")),
    ("already-started", lambda: Case().at("setup").start()),
    ("already-started", lambda: closed().start()),
    ("section-unknown", lambda: Case().start(section="moon")),
    ("person-unknown", lambda: Case().start(drafter="p-nobody")),
    ("person-unknown", lambda: Case().start(person("nobody"))),
    ("person-unknown", lambda: circ().when(circ().answer("approve"), SYSTEM)),
    ("person-unknown", name_a_stranger),
    ("definition-unknown", lambda: Case(facts=UNDEFINED).start()),
    ("form-shape", lambda: Case().start(setup={"weight": "enormous"})),
    ("form-shape", lambda: Case().at("setup").submit(unheard="x")),
    ("setup-purpose", lambda: Case().at("setup").submit(purpose="")),
    ("other-stage", lambda: send(Case().at("setup"), c.SubmitDeliverable, stage="analysis", content={})),
    ("in-circulation", lambda: circ().submit()),
    ("route-empty", nobody_asked),
    ("no-such-post", lambda: no_posts().give("approve")),
    ("nothing-in-circulation", lambda: send(Case().at("setup"), c.WithdrawDraft, reason="r")),
    ("hold-until-past", lambda: send(Case().at("setup"), c.HoldLifecycle, reason="r", until=date(2026, 3, 31))),
    ("on-hold", lambda: send(held(Case().at("setup")), c.HoldLifecycle, reason="r")),
    ("on-hold", lambda: held(Case().at("setup")).submit()),
    ("on-hold", lambda: answer(held(circ()), "approve")),
    ("on-hold", lambda: send(held(Case().at("monitoring")), c.OpenReview, reason="r")),
    ("not-held", lambda: send(Case().at("setup"), c.ResumeLifecycle)),
    ("kpi-unknown", lambda: measured("moon", Decimal(1))),
    ("value-not-a-number", lambda: measured("users", Decimal("NaN"))),
    ("value-not-a-number", lambda: measured("users", Decimal("1e999999999"))),
    ("value-not-a-number", lambda: measured("users", Decimal("-1e18"))),
    ("value-not-a-number", lambda: measured("users", Decimal("1e-999999999"))),
    ("value-not-a-number", lambda: measured("users", Decimal("9" * 5000))),
    ("budget-order", lambda: budget("indicated")),
    ("budget-order", lambda: budget("voted", before=(("asked", 1),))),
    ("budget-order", lambda: budget("allotted", before=(("asked", 1), ("indicated", 1)))),
    ("budget-above-vote", lambda: budget("allotted", 11, before=(("asked", 10), ("indicated", 10), ("voted", 10)))),
    ("budget-above-vote", lambda: budget("voted", 9, before=tuple((s, 10) for s in ("asked", "indicated", "voted", "allotted")))),
    ("not-finance", lambda: budget("asked", by="mayor")),
    ("not-monitoring", lambda: send(Case().at("setup"), c.OpenReview, reason="r")),
    ("promise-unknown", lambda: send(Case().at("setup"), c.FulfilPromise, promise="x")),
    ("promise-unknown", promise_kept_twice),
    ("budget-indicated", unindicated),
    ("promises-open", open_promises),
    ("not-your-post", lambda: answer(circ(), "approve", "stranger")),
    ("not-your-post", lambda: answer(circ(), "approve", "mayor")),
    ("not-your-draft", lambda: Case().at("setup").submit(person("stranger"))),
    ("not-your-draft", lambda: send(circ(), c.WithdrawDraft, "health", reason="r")),
    ("not-the-drafter", lambda: send(circ(), c.WithdrawDraft, "chief", reason="r")),
    ("not-concerned", lambda: send(circ(), c.DropLifecycle, "health", reason="r")),
    ("not-concerned", lambda: send(Case().at("implementation"), c.RecordMeasurement, "stranger", kpi="users", period="Q1", value="1")),
    ("service-cannot-decide", lambda: circ().when(circ().answer("approve"), ROBOT)),
    ("auditor-cannot-decide", lambda: answer(circ(), "approve", "auditor")),
    ("asks-for-a-draft", lambda: Case().at("setup").when(first_draft(), person("drafter"))),
    ("already-answered", second_answer),
    ("request-not-open", stale_request),
    ("stale-document", lambda: answer(circ(), "approve", seen="0" * 64)),
    ("separation-of-duties", lambda: drafted_by_chief()),
    ("conditions-missing", lambda: answer(circ(), "conditions")),
    ("reason-missing", lambda: answer(circ(), "return", comment=" ")),
    ("reason-missing", lambda: answer(circ(), "reject", comment="")),
    ("send-back-target", lambda: answer(circ("analysis"), "return", back_to="review")),
    ("send-back-target", lambda: answer(circ(), "return", back_to="analysis")),
    ("outcome-not-here", lambda: answer(circ(), "approve", outcome="completion")),
    ("outcome-not-here", lambda: answer(circ("review"), "approve", outcome="completion")),
    ("outcome-not-here", lambda: answer(deciding_review(), "return", outcome="completion")),
    ("outcome-unknown", lambda: answer(deciding_review(), "approve", outcome="victory")),
    ("departure-needs-reason", lambda: answer(deciding_review(), "approve", outcome="completion", comment="")),
    ("outcome-stage", lambda: answer(deciding_review(), "approve", outcome="improvement", back_to="monitoring")),
    ("deadline-moot", lambda: deadline(early=False)),
    ("deadline-early", lambda: deadline(early=True)),
    ("definition-stream", lambda: publish(lambda d: d.update(version=2), "definition:kobe")),
    ("definition-names-unknown", lambda: publish(lambda d: d.update(version=2) or stage_of(d, "setup").update(deliverable="x"))),
    ("definition-names-unknown", lambda: publish(lambda d: d.update(version=2) or stage_of(d, "setup").update(passes_when=["x"]))),
    ("definition-version-taken", lambda: publish(lambda d: stage_of(d, "setup").update(remind_before=None))),
]  # fmt: skip


def closed() -> Case:
    case = circ()
    request = case.state.requests[0]
    case.when(case.make(c.DropLifecycle, reason="やめる")).done()
    case.answer = lambda decision, *_a, **f: case.make(  # type: ignore[method-assign]
        c.AnswerRequest, request=request.id, decision=decision, **f
    )
    return case


def first_draft() -> c.AnswerRequest:
    case = Case().at("setup")
    return case.make(c.AnswerRequest, request=case.state.requests[0].id, decision="approve")


def drafted_by_chief() -> Outcome:
    case = Case().at("setup")
    case.submit(person("chief")).done()
    return case.when(case.answer("approve"), person("chief"))


@pytest.mark.parametrize(("rule", "attempt"), REFUSALS)
def test_refused(rule: str, attempt: Callable[[], Outcome]) -> None:
    outcome = attempt()
    before = outcome.case.state
    refusal = outcome.refused(rule)
    assert outcome.case.state == before
    assert type(refusal).model_validate_json(refusal.model_dump_json()) == refusal


def test_every_rule_of_the_source_is_tried() -> None:
    named: set[str] = set()
    for path in DOMAIN.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("refuse", "_no"):
                named |= {str(a.value) for a in ast.walk(node.args[0]) if isinstance(a, ast.Constant)}
            for keyword in node.keywords if isinstance(node, ast.Call) else ():
                if keyword.arg == "rule" and isinstance(keyword.value, ast.Constant):
                    named.add(str(keyword.value.value))
    assert len(named) > 40
    tried: set[str] = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                tried.add(node.value)
    assert named - tried == set()


def test_an_early_deadline_says_when_to_try_again() -> None:
    outcome = deadline(early=True)
    assert outcome.refused("deadline-early").retry_at == min(m for m, _, _ in pending(outcome.case.state))


def test_another_holder_of_the_post_may_decide_what_the_first_drafted() -> None:
    case = Case().at("setup")
    case.submit(person("chief")).done()
    case.when(case.answer("approve"), person("chief2")).done()


def test_the_definition_may_let_the_drafter_decide() -> None:
    case = unfit(Case(), lambda d: stage_of(d, "setup")["gate"][0].update(drafter_may_decide=True)).at("setup")
    case.submit(person("chief")).done()
    case.when(case.answer("approve"), person("chief")).done()


def test_who_left_the_post_decides_no_more() -> None:
    left = [
        t.model_copy(update={"until": date(2026, 3, 31)}) if t.person == "p-chief" else t
        for t in FACTS.directory.tenures
    ]
    directory = FACTS.directory.model_copy(update={"tenures": tuple(left)})
    case = Case(facts=FACTS.model_copy(update={"directory": directory})).circulating("setup")
    case.when(case.answer("approve"), person("chief")).refused("not-your-post")
    case.now = START - timedelta(hours=8, minutes=30)  # half past midnight on 1 April in Japan, still March in UTC
    case.when(case.answer("approve"), person("chief")).refused("not-your-post")
    case.now = START - timedelta(hours=9, minutes=1)  # 23:59 on 31 March in Japan
    case.when(case.answer("approve"), person("chief")).done()


def test_publishing_the_same_again_changes_nothing_and_a_newer_version_is_taken() -> None:
    assert publish(lambda d: None).done() == []
    assert len(publish(lambda d: d.update(version=2)).done()) == 1


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_no_store_takes_is_no_command(text: str) -> None:
    with pytest.raises(ValueError, match="reason"):
        Case().make(c.DropLifecycle, reason=text)
    with pytest.raises(ValueError, match="content"):
        Case().make(c.SubmitDeliverable, stage="setup", content={"members": [{"person": text}]})
