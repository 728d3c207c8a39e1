"""What a body concluded reaches the lifecycle: the request of its chair, on exactly the document it saw, or not at all."""

from __future__ import annotations

from typing import Any

from domain.directory import Deputy
from domain.lifecycle.concluding import CarryConclusion, ConclusionCarried
from domain.lifecycle.events import RequestAnswered, RequestOpened, ReviewOpened, StageEntered
from domain.lifecycle.handing import HandOnRequest, RequestFellBack
from domain.messages import SYSTEM, Text
from tests.given import SINCE, Case, person

TITLE = Text(ja="デジタル戦略会議", en="council")


def before_the_council() -> Case:
    case = Case().at("proposal")
    case.submit().done()
    while case.state.requests[0].step != "council":
        case.give("approve").done()
    return case


def carry(case: Case, **changes: Any) -> CarryConclusion:
    request = case.state.requests[0]
    submission = case.state.submission
    fields: dict[str, Any] = {
        "session": "council:2026-1",
        "session_title": TITLE,
        "item": "p-1",
        "presided": "p-deputy",
        "post": "mayor",
        "effect": "answer",
        "request": request.id,
        "seen": submission.content_hash if submission else "",
        "comment": "会議の結論",
    }
    return case.make(CarryConclusion, **{**fields, **changes})


def carry_note(case: Case, effect: str = "note") -> CarryConclusion:
    """About a lifecycle that is closed."""
    fields: dict[str, Any] = {
        "session": "s",
        "session_title": TITLE,
        "item": "i",
        "presided": "p-mayor",
        "post": "mayor",
    }
    return case.make(CarryConclusion, **fields, effect=effect, request="gone", comment="聴取")


def test_a_body_answers_what_waits_for_its_chair() -> None:
    case = before_the_council()
    events = case.when(carry(case), SYSTEM).done()
    assert isinstance(events[0], ConclusionCarried) and case.state.stage == "budgeting"
    answered = next(e for e in events if isinstance(e, RequestAnswered))
    assert (answered.stands, answered.presided, answered.post) == ("body", "p-deputy", "mayor")
    assert any(isinstance(e, RequestOpened) for e in events)
    assert case.state.before is None, "nobody takes back alone what a body decided"


def test_a_body_decides_what_its_chair_had_handed_on_and_the_story_says_so() -> None:
    case = before_the_council()
    request, here = case.state.requests[0], case.facts.directory
    [chair] = here.holders(request.post, case.now.date())
    deputies = (Deputy(post=request.post, deputy="finance-chief", since=SINCE),)
    case.facts = case.facts.model_copy(update={"directory": here.model_copy(update={"deputies": deputies})})
    command = case.make(HandOnRequest, request=request.id, to="p-finance-chief", reason="出張")
    case.when(command, person(chair.removeprefix("p-"))).done()
    names = [type(x) for x in case.when(carry(case), SYSTEM).done()]
    assert names[:3] == [ConclusionCarried, RequestFellBack, RequestAnswered]


def test_what_waits_for_somebody_else_is_not_the_bodys() -> None:
    case = Case().at("proposal")
    case.submit().done()
    case.when(carry(case), SYSTEM).refused("not-before-this-body")


def test_on_another_version_nothing_is_decided() -> None:
    case = before_the_council()
    case.when(carry(case, seen="0" * 64), SYSTEM).refused("stale-document")
    case.when(carry(case, request="gone"), SYSTEM).refused("request-not-open")


def test_conditions_and_refusals_mean_what_they_mean_in_any_gate() -> None:
    case = before_the_council()
    case.when(carry(case, decision="conditions", conditions=[{"text": "費用を示す"}]), SYSTEM).done()
    assert [p.text for p in case.state.promises][-1:] == ["費用を示す"]
    sent_back = before_the_council()
    sent_back.when(carry(sent_back, decision="return", back_to="hypothesis"), SYSTEM).done()
    assert sent_back.state.stage == "hypothesis"


def test_an_outcome_of_the_review_is_the_councils() -> None:
    case = Case().at("review")
    case.submit().done()
    while case.state.requests[0].step != "council":
        case.give("approve").done()
    case.when(carry(case, outcome="completion"), SYSTEM).done()
    assert case.state.closed_as == "completion"
    case.when(carry_note(case), SYSTEM).then(ConclusionCarried)
    case.when(carry_note(case, effect="review"), SYSTEM).refused("not-monitoring")
    case.when(carry_note(case, effect="answer"), SYSTEM).refused("request-not-open")


def test_a_body_opens_a_review_or_merely_notes() -> None:
    case = Case().at("monitoring")
    case.when(carry(case, effect="note"), SYSTEM).then(ConclusionCarried)
    events = case.when(carry(case, effect="review"), SYSTEM).done()
    assert next(e for e in events if isinstance(e, ReviewOpened)).by == "body"
    assert any(isinstance(e, StageEntered) for e in events) and case.state.stage == "review"
    case.when(carry(case, effect="review"), SYSTEM).refused("not-monitoring")


def test_nobody_but_the_engine_carries() -> None:
    assert CarryConclusion.system_only
