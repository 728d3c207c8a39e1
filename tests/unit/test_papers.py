"""What goes on paper, before it is set: characters, words, and which events belong to which document."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from domain.deliverables.registry import DELIVERABLES
from domain.lifecycle import commands as c
from domain.lifecycle.amendments import RetractAnswer
from domain.lifecycle.events import GateReturned
from domain.lifecycle.kind import LifecycleKind
from domain.messages import Text
from papers import words
from papers.body import Value, _flat, _model, body, label
from papers.circulations import Circulation, circulations, tell
from papers.glyphs import breakable, covered, readable
from papers.names import Names
from tests.city import DRAFTER, STREAM, VALID, directory
from tests.given import Case

NAMES = Names(directory(), {"p-member": "姫路 花子"})


def gathered(case: Case) -> list[Circulation]:
    return circulations(tell(LifecycleKind(), STREAM, case.log))


def forms(model: type[BaseModel]) -> Iterator[tuple[str, str, Any]]:
    """(form, field, its description and annotation) of a form and all that is within it."""
    for name, field in model.model_fields.items():
        yield model.__name__, name, field
        if (inner := _model(field.annotation)) is not None:
            yield from forms(inner)


EVERY_FIELD = [f for d in DELIVERABLES.values() for f in forms(d.form)]


# --- characters ------------------------------------------------------------------------------------------------------


def test_the_type_has_what_japanese_names_need() -> None:
    assert {ord(x) for x in "髙﨑德濵邉邊葛祇姫路市令和①㈱〒―〔〕℃"} <= covered()


@pytest.mark.parametrize(
    ("written", "set_"),
    [
        ("普通の文。plain text", "普通の文。plain text"),
        ("笑😀", "笑〔U+1F600〕"),
        ("한", "〔U+D55C〕"),
        ("外字\ue001", "外字〔U+E001〕"),
        ("金\u202e001\u202c円", "金〔U+202E〕001〔U+202C〕円"),
        ("a\x07b", "a〔U+0007〕b"),
        ("一\r\n二\r三", "一\n二\n三"),
        ("a\tb", "a    b"),
        ("神\ufa19", "神\ufa19"),
        ("辻\U000e0100", "辻\U000e0100"),
    ],
)
def test_what_cannot_be_shown_is_set_as_its_code_and_nothing_else_is_changed(written: str, set_: str) -> None:
    assert readable(written) == set_


def test_long_runs_of_letters_may_be_broken_and_short_ones_stay() -> None:
    address = "https://example.jp/" + "a" * 60
    assert breakable("短い short words 123") == "短い short words 123"
    assert "\u200b" in breakable(address) and breakable(address).replace("\u200b", "") == address


# --- words -----------------------------------------------------------------------------------------------------------


def test_every_choice_of_every_form_has_words() -> None:
    offered = {
        (name, str(value))
        for _, name, field in EVERY_FIELD
        for part in _flat(field.annotation)
        if get_origin(part) is Literal
        for value in get_args(part)
    }
    assert offered and offered <= set(words.CHOICES), offered - set(words.CHOICES)


@pytest.mark.parametrize(("form", "name", "field"), EVERY_FIELD, ids=lambda x: x if isinstance(x, str) else "")
def test_every_field_has_a_label_in_both_languages_without_hints_for_filling_in(
    form: str, name: str, field: Any
) -> None:
    found = label(field, name)
    assert found.ja and found.en, form
    assert "ID" not in found.ja and "円" not in found.ja and "person id" not in found.en and "unit id" not in found.en


@pytest.mark.parametrize(
    ("moment", "stamp"),
    [
        (datetime(2025, 3, 31, 15, 0, tzinfo=UTC), "7.4.1"),
        (datetime(2019, 5, 1, 3, 0, tzinfo=UTC), "1.5.1"),
        (datetime(2019, 4, 29, 3, 0, tzinfo=UTC), "31.4.29"),
    ],
)
def test_a_stamp_bears_the_day_in_japan(moment: datetime, stamp: str) -> None:
    assert words.stamp_day(moment) == stamp


def value(deliverable: str, name: str, **content: Any) -> Value:
    """How one field of a form is shown."""
    form = DELIVERABLES[deliverable].form
    shown = body(
        deliverable, {**VALID[deliverable], **content}, NAMES, {"analysis": Text(ja="課題分析", en="analysis")}
    )
    order = [k for k in form.model_fields if k != "evidence"] + [k for k in content if k not in form.model_fields]
    return dict(zip(order, (f.value for f in shown.fields), strict=True))[name]


def test_ids_amounts_dates_and_choices_are_written_out() -> None:
    members = value("setup", "members")
    assert members.rows == (("姫路 花子 (p-member)", "child-section"),)
    assert value("setup", "viewpoint").lines == ("市民サービス / citizen services",)
    lines = value("budgeting", "lines", lines=[{"kind": "initial", "title": "開発", "amount": 1234567}])
    assert lines.rows == (("初期 / initial", "開発", "1,234,567円"),) and lines.right == (False, False, True)
    assert value("budgeting", "fiscal_year").lines == ("令和9年度 (FY2027)",)
    assert value("kpis", "review_date").lines == ("令和11年3月30日 (2029-03-30)",)
    assert value("review", "back_to", back_to="analysis").lines == ("課題分析 / analysis",)
    assert value("implementation", "contract", contract=True).lines == ("はい / yes",)


def test_an_empty_field_is_shown_as_empty_and_an_unknown_one_is_not_lost() -> None:
    assert value("setup", "serves").form == "empty"
    assert value("setup", "former_field", former_field="残す").lines == ("残す",)
    assert value("proposal", "options").form == "cards"


def test_evidence_becomes_an_attachment() -> None:
    shown = body("analysis", VALID["analysis"], NAMES, {})
    (attached,) = shown.attachments
    assert (attached.source, attached.date, attached.hash) == ("survey", "令和8年3月1日 (2026-03-01)", "a" * 64)


# --- which event belongs to which document ---------------------------------------------------------------------------


def test_a_document_sent_back_and_its_next_version_are_two_circulations() -> None:
    case = Case().circulating("setup")
    case.give("return", comment="目的が不明").done()
    case.submit(purpose="はっきりした目的").done()
    case.pass_gate()
    first, second = gathered(case)
    assert [(x.document.version, x.result) for x in (first, second)] == [(1, "returned"), (2, "passed")]
    assert len(first.asked) == 1 and len(second.asked) == 3
    assert first.last.version < second.submitted.version and second.last.event.type == "GatePassed"


def test_a_withdrawal_ends_a_circulation_and_what_is_asked_stays_without_an_answer() -> None:
    case = Case().circulating("setup")
    case.when(case.make(c.WithdrawDraft, reason="誤り")).done()
    (only,) = gathered(case)
    assert only.result == "withdrawn" and only.asked[0].answer is None and only.asked[0].closed is not None


def test_a_document_under_way_has_no_end() -> None:
    case = Case().circulating("analysis")
    case.give("approve").done()
    last = gathered(case)[-1]
    assert (last.result, last.ended) == ("circulating", None)
    assert [a.answer is not None for a in last.asked] == [True, False]


def test_a_retracted_answer_stays_and_what_followed_is_undone() -> None:
    case = Case().circulating("analysis")
    asked, holder = case.state.requests[0], case.holder()
    case.give("approve").done()
    case.when(case.make(RetractAnswer, request=asked.id, reason="読み違い"), holder).done()
    last = gathered(case)[-1]
    answered = next(a for a in last.asked if a.answers)
    assert answered.answers[0].retraction is not None and answered.answer is None
    assert getattr(last.asked[-1].closed, "event", None) is not None, (
        "the next step was asked and is not asked any more"
    )


def test_a_gate_that_was_passed_is_open_again_when_its_last_answer_is_retracted() -> None:
    case = Case().circulating("analysis")
    case.approve_step()
    asked, holder = case.state.requests[0], case.holder()
    case.give("approve").done()
    assert gathered(case)[-1].result == "passed"
    case.when(case.make(RetractAnswer, request=asked.id, reason="条件を付けたい"), holder).done()
    assert gathered(case)[-1].result == "circulating"
    given = next(a for a in gathered(case)[-1].asked if a.recorded.event.request == asked.id)  # type: ignore[attr-defined]
    again = given.answers[0].recorded.event.model_copy(update={"decision": "return", "comment": "やはり直す"})
    case.record(again, holder)
    case.record(GateReturned(stage="analysis", round=1, to="analysis", to_title=asked.title, rejected=False), holder)
    last = gathered(case)[-1]
    answered = next(a for a in last.asked if len(a.answers) == 2)
    assert last.result == "returned" and answered.answer is answered.answers[1]


def test_what_happens_between_two_documents_belongs_to_neither() -> None:
    case = Case().circulating("setup")
    case.pass_gate()
    case.when(case.make(c.HoldLifecycle, reason="待つ"), case.holder()).events  # noqa: B018
    case.when(case.make(c.DropLifecycle, reason="やめる"), DRAFTER).events  # noqa: B018
    (only,) = gathered(case)
    assert only.result == "passed" and only.last.event.type == "GatePassed"
