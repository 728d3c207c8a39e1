"""Evidence files of a document: names, what is decided on, and agreements that a change makes void."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.attachments import LONGEST, MOST, TYPES, Attachment, clean_name, document_hash
from domain.deliverables.base import digest
from domain.lifecycle import commands as c
from domain.lifecycle import events as e
from domain.lifecycle.attaching import AttachFile, DetachFile, FileAttached
from domain.lifecycle.view import notices
from domain.messages import Recorded
from domain.process_stream import unknown_names
from tests.given import FACTS, PROCESS, Case, person, stage_of, with_process


def file(name: str = "調査.csv", content: str = "1") -> Attachment:
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    return Attachment(name=name, sha256=sha256, size=len(content), media_type=TYPES[name.rpartition(".")[2]])


def drafting(*files: Attachment, case: Case | None = None) -> Case:
    case = case or Case().at("setup")
    for f in files:
        case.when(case.make(AttachFile, file=f)).done()
    return case


def submitted(case: Case) -> e.DeliverableSubmitted:
    return next(r.event for r in reversed(case.log) if isinstance(r.event, e.DeliverableSubmitted))


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_name", "clean"),
    [
        ("報告書.pdf", "報告書.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\x\\見積.xlsx", "見積.xlsx"),
        ("a\x00b\n.csv", "ab.csv"),
        ("invoice\u202efdp.txt", "invoicefdp.txt"),
        ("  .hidden.pdf . ", "hidden.pdf"),
        ("con.pdf", "_con.pdf"),
        ('a<b>:"|?*.png', "a_b______.png"),
        ("カ\u3099.pdf", "ガ.pdf"),
        ("x" * 300 + ".pdf", "x" * (LONGEST - 4) + ".pdf"),
        ("...", ""),
    ],
)
def test_a_name_is_cleaned(given_name: str, clean: str) -> None:
    assert clean_name(given_name) == clean


@given(st.text())
def test_a_clean_name_stays_as_it_is_and_is_no_path(name: str) -> None:
    found = clean_name(name)
    assert clean_name(found) == found
    assert len(found) <= LONGEST and not set(found) & set('/\\\x00<>:"|?*') and found not in (".", "..")


@pytest.mark.parametrize(
    ("change", "said"),
    [({"name": "../a.csv"}, "clean"), ({"name": "a.exe"}, "type"), ({"media_type": "image/png"}, "type")],
)
def test_what_is_not_clean_or_not_known_is_no_attachment(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Attachment.model_validate(file().model_dump() | change)


# --- what is decided on ----------------------------------------------------------------------------------------------


def test_what_is_handed_in_has_its_files_and_its_hash_covers_them() -> None:
    case = drafting(file("b.csv"), file("a.csv", "2"))
    case.submit().done()
    document = submitted(case)
    assert [a.name for a in document.attachments] == ["a.csv", "b.csv"]
    assert document.content_hash == document_hash(document.content, document.attachments) != digest(document.content)
    case.approve_step()
    answered = case.log[-1].event if isinstance(case.log[-1].event, e.RequestAnswered) else None
    answered = answered or next(r.event for r in reversed(case.log) if isinstance(r.event, e.RequestAnswered))
    assert answered.content_hash == document.content_hash


def test_without_files_the_hash_is_that_of_the_content_as_ever() -> None:
    case = Case().circulating("setup")
    assert submitted(case).content_hash == digest(submitted(case).content)


def test_the_hash_tells_names_and_bytes_apart_and_no_order() -> None:
    one, two = file("a.csv", "1"), file("b.csv", "2")
    hashes = {
        document_hash({}, files) for files in ((one,), (two,), (one, two), (file("b.csv", "1"), file("a.csv", "2")))
    }
    assert len(hashes) == 4 and document_hash({}, (one, two)) == document_hash({}, (two, one))


def test_a_file_of_the_same_name_replaces_and_one_taken_off_is_gone() -> None:
    case = drafting(file(), file("b.csv"))
    [replaced] = case.when(case.make(AttachFile, file=file(content="2"))).done()
    assert isinstance(replaced, FileAttached) and replaced.replaces == file().sha256
    case.when(case.make(DetachFile, name="b.csv")).done()
    case.submit().done()
    assert submitted(case).attachments == (file(content="2"),)


def test_files_belong_to_their_stage() -> None:
    case = drafting(file())
    case.submit().done()
    case.pass_gate()
    case.submit().done()
    assert submitted(case).stage == "analysis" and submitted(case).attachments == ()


def _late() -> Any:
    case = Case().circulating("setup")
    return case.when(case.make(AttachFile, file=file()))


def _twice() -> Any:
    case = drafting(file())
    return case.when(case.make(AttachFile, file=file()))


def _many() -> Any:
    case = drafting(*(file(f"{n}.csv") for n in range(MOST)))
    return case.when(case.make(AttachFile, file=file("z.csv")))


def _unknown() -> Any:
    case = drafting(file())
    return case.when(case.make(DetachFile, name="other.csv"))


def _stranger() -> Any:
    case = Case().at("setup")
    return case.when(case.make(AttachFile, file=file()), person("mayor"))


@pytest.mark.parametrize(
    ("attempt", "rule"),
    [
        (_late, "in-circulation"),
        (_twice, "attached-already"),
        (_many, "too-many-attachments"),
        (_unknown, "not-attached"),
        (_stranger, "not-your-draft"),
    ],
)
def test_refused(attempt: Callable[[], Any], rule: str) -> None:
    attempt().refused(rule)


def test_nothing_is_attached_where_nothing_is_drafted() -> None:
    case = drafting()
    case.state = case.state.model_copy(update={"requests": ()})
    case.when(case.make(AttachFile, file=file())).refused("nothing-to-draft")


# --- a change after it was handed in ---------------------------------------------------------------------------------


def taken_back(case: Case) -> Case:
    case.when(case.make(c.WithdrawDraft, reason="差替え")).done()
    return case


def test_a_changed_file_voids_the_agreements_and_tells_those_who_gave_them() -> None:
    case = drafting(file())
    case.submit().done()
    agreed = case.holder().person
    case.approve_step()
    taken_back(case)
    drafting(file(content="2"), case=case)
    events = case.submit().done()
    [void] = [x for x in events if isinstance(x, e.AgreementsVoided)]
    assert [v.person for v in void.agreements] == [agreed] and void.version == 2
    assert [r.step for r in case.state.requests] == ["section_chief"]
    recorded = next(r for r in case.log if r.event is void)
    assert isinstance(recorded, Recorded)
    told = notices(case.state, recorded)
    assert [n.person for n in told] == [agreed] and "失効" in told[0].subject.ja


def test_whoever_covers_only_the_text_is_not_asked_again_for_a_changed_file() -> None:
    def covers(document: dict[str, Any]) -> None:
        setup = stage_of(document, "setup")
        setup["gate"][0]["covers"] = ["purpose"]
        setup["gate"][1]["covers"] = ["attachments"]

    case = drafting(file(), case=Case(facts=with_process(covers)).at("setup"))
    case.submit().done()
    case.approve_step()
    second = case.holder().person
    case.approve_step()
    taken_back(case)
    drafting(file(content="2"), case=case)
    events = case.submit().done()
    [void] = [x for x in events if isinstance(x, e.AgreementsVoided)]
    assert submitted(case).kept == ("section_chief",) and [v.person for v in void.agreements] == [second]
    assert [r.step for r in case.state.requests] == [PROCESS.stage("setup").gate[1].key]


def test_nothing_is_void_when_nobody_had_agreed() -> None:
    case = taken_back(Case().circulating("setup"))
    assert not [x for x in case.submit().done() if isinstance(x, e.AgreementsVoided)]


def test_a_definition_may_name_the_attachments_as_a_part() -> None:
    document = PROCESS.model_dump(mode="json")
    stage_of(document, "setup")["gate"][0]["covers"] = ["attachments"]
    assert FACTS.definition is not None
    assert unknown_names(type(FACTS.definition).model_validate(document)) == []
