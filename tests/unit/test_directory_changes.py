"""Moves in April, absences, the order of deputies: loaded ahead, in effect on their day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.directory import Directory
from domain.directory_changes import NameDeputies, RecordAbsence, RecordMoves, ReorganiseUnit
from domain.directory_loaded import CancelMoves
from domain.directory_stream import STREAM, DirectoryKind, DirectoryState, ImportDirectory
from domain.erasing import ErasePerson
from domain.messages import SYSTEM, Command, Recorded, Refused
from tests.city import FACTS, START, directory

APRIL = date(2027, 4, 1)


class Office:
    """A directory stream, decided and folded."""

    def __init__(self) -> None:
        self.kind, self.state, self.sent = DirectoryKind(), DirectoryState(stream=STREAM), 0
        self.now = START
        self.do(ImportDirectory, directory=directory())

    def do(self, command: type[Command], **fields: Any) -> None:
        self.sent += 1
        made = command.model_validate({"command_id": f"c{self.sent}", "stream": STREAM, **fields})
        for event in self.kind.decide(self.state, made, SYSTEM, FACTS, self.now):
            recorded = Recorded(
                stream=STREAM,
                version=self.state.version + 1,
                position=1,
                event=event,
                actor=SYSTEM,
                occurred_at=self.now,
                command_id=made.command_id,
            )
            self.state = self.kind.evolve(self.state, recorded)

    def refused(self, rule: str, command: type[Command], **fields: Any) -> None:
        before = self.state
        with pytest.raises(Refused) as no:
            self.do(command, **fields)
        assert no.value.refusal.rule == rule and self.state == before

    @property
    def directory(self) -> Directory:
        return self.state.directory


def move(person: str, post: str, *leaves: str) -> dict[str, Any]:
    return {"person": person, "post": post, "leaves": leaves}


def test_a_move_takes_effect_on_its_day_and_the_past_stays() -> None:
    office = Office()
    office.do(RecordMoves, on=APRIL, moves=[move("p-health", "deputy-mayor", "health-chief")])
    here = office.directory
    assert here.holders("deputy-mayor", date(2027, 3, 31)) == ["p-deputy"]
    assert here.holders("deputy-mayor", APRIL) == ["p-health"]
    assert here.holders("health-chief", date(2027, 3, 31)) == ["p-health"] and here.holders("health-chief", APRIL) == []


def test_two_persons_may_change_places_and_one_may_hold_two_posts() -> None:
    office = Office()
    swap = [move("p-health", "school-chief", "health-chief"), move("p-school", "health-chief", "school-chief")]
    office.do(RecordMoves, on=APRIL, moves=swap)
    assert office.directory.holders("school-chief", APRIL) == ["p-health"]
    assert office.directory.holders("health-chief", APRIL) == ["p-school"]
    office.do(RecordMoves, on=APRIL, moves=[move("p-school", "child-chief")], beside=True)
    assert set(office.directory.posts_of("p-school", APRIL)) == {"health-chief", "child-chief"}
    assert "p-chief" in office.directory.holders("child-chief", APRIL)


JANUARY = date(2027, 1, 1)


def test_moves_loaded_out_of_order_leave_one_holder() -> None:
    office = Office()
    office.do(RecordMoves, on=APRIL, moves=[move("p-member", "child-director")])
    office.do(RecordMoves, on=JANUARY, moves=[move("p-stranger", "child-director")])
    days = [date(2026, 12, 31), JANUARY, date(2027, 3, 31), APRIL]
    held = [office.directory.holders("child-director", d) for d in days]
    assert held == [["p-director"], ["p-stranger"], ["p-stranger"], ["p-member"]]
    february = {"on": date(2027, 2, 1)}
    late = {**move("p-manager", "child-director"), "until": date(2027, 4, 1)}
    office.refused("move-overlaps", RecordMoves, **february, moves=[late])
    office.do(RecordMoves, **february, moves=[move("p-manager", "child-director")])
    assert office.directory.holders("child-director", date(2027, 1, 31)) == ["p-stranger"]
    assert office.directory.holders("child-director", date(2027, 3, 31)) == ["p-manager"]
    assert office.directory.holders("child-director", APRIL) == ["p-member"]


def test_who_is_loaded_beside_others_ends_nobody() -> None:
    office = Office()
    office.do(RecordMoves, on=APRIL, moves=[move("p-member", "child-director")], beside=True)
    office.do(RecordMoves, on=JANUARY, moves=[move("p-stranger", "child-director")])
    assert office.directory.holders("child-director", JANUARY) == ["p-stranger"]
    assert set(office.directory.holders("child-director", APRIL)) == {"p-member", "p-stranger"}


def test_a_move_without_effect_is_refused() -> None:
    office = Office()
    office.refused("post-held-already", RecordMoves, on=APRIL, moves=[move("p-director", "child-director")])
    before = {**move("p-member", "child-director"), "until": date(2027, 3, 31)}
    office.refused("move-until", RecordMoves, on=APRIL, moves=[before])


def test_moves_loaded_ahead_are_cancelled_as_if_they_had_never_been() -> None:
    office = Office()
    before = office.directory
    swap = [move("p-health", "school-chief", "health-chief"), move("p-school", "health-chief", "school-chief")]
    office.do(RecordMoves, on=APRIL, moves=swap)
    loaded = {"on": APRIL, "moves": [("p-school", "health-chief"), ("p-health", "school-chief")]}
    office.refused("moves-not-loaded", CancelMoves, **{**loaded, "on": date(2027, 4, 2)})
    office.refused("moves-not-loaded", CancelMoves, on=APRIL, moves=[("p-health", "school-chief")])
    office.do(RecordMoves, on=JANUARY, moves=[move("p-member", "health-chief")])
    office.refused("moves-built-on", CancelMoves, **loaded)
    office.do(CancelMoves, on=JANUARY, moves=[("p-member", "health-chief")])
    office.do(CancelMoves, **loaded)
    assert office.directory == before and office.state.ahead == ()
    office.refused("moves-not-loaded", CancelMoves, **loaded)
    office.now = datetime(2027, 4, 1, 3, tzinfo=UTC)
    office.refused("moves-in-effect", CancelMoves, **loaded)


def test_who_holds_a_post_until_the_next_move_holds_on_when_that_is_cancelled() -> None:
    office = Office()
    office.do(RecordMoves, on=APRIL, moves=[move("p-member", "child-director")])
    office.do(RecordMoves, on=JANUARY, moves=[move("p-stranger", "child-director")])
    office.now = datetime(2027, 2, 1, 3, tzinfo=UTC)
    office.do(CancelMoves, on=APRIL, moves=[("p-member", "child-director")])
    held = [office.directory.holders("child-director", d) for d in (date(2026, 12, 31), JANUARY, APRIL)]
    assert held == [["p-director"], ["p-stranger"], ["p-stranger"]]


def test_nobody_leaves_a_post_they_do_not_hold_or_takes_one_that_is_not() -> None:
    office = Office()
    office.refused("post-not-held", RecordMoves, on=APRIL, moves=[move("p-school", "mayor", "health-chief")])
    office.refused("directory-inconsistent", RecordMoves, on=APRIL, moves=[move("p-school", "sheriff")])
    office.refused("directory-inconsistent", RecordMoves, on=APRIL, moves=[move("p-nobody", "mayor")])


def test_an_absence_is_recorded_once_and_taken_back_once() -> None:
    office = Office()
    days = {"person": "p-chief", "since": APRIL, "until": date(2027, 4, 9)}
    office.refused("absence-unchanged", RecordAbsence, **days, cancelled=True)
    office.do(RecordAbsence, **days)
    office.refused("absence-unchanged", RecordAbsence, **days)
    assert office.directory.is_absent("p-chief", APRIL) and not office.directory.is_absent("p-chief", date(2027, 4, 10))
    office.do(RecordAbsence, **days, cancelled=True)
    assert not office.directory.is_absent("p-chief", APRIL)
    office.refused("directory-inconsistent", RecordAbsence, person="p-chief", since=APRIL, until=date(2027, 3, 1))


def test_a_new_order_of_deputies_ends_the_one_before() -> None:
    office = Office()
    office.do(NameDeputies, post="child-chief", deputies=["health-chief", "school-chief"], since=date(2026, 4, 1))
    office.do(NameDeputies, post="child-chief", deputies=["school-chief"], since=APRIL)
    assert office.directory.deputies_of("child-chief", date(2027, 3, 31)) == ["health-chief", "school-chief"]
    assert office.directory.deputies_of("child-chief", APRIL) == ["school-chief"]
    office.refused("directory-inconsistent", NameDeputies, post="child-chief", deputies=["sheriff"], since=APRIL)


def test_who_is_next_in_order_stands_in() -> None:
    office = Office()
    office.do(NameDeputies, post="child-chief", deputies=["health-chief", "school-chief"], since=date(2026, 4, 1))
    assert office.directory.stands_in_for("p-health", APRIL) == []
    for person in ("p-chief", "p-chief2"):
        office.do(RecordAbsence, person=person, since=APRIL, until=APRIL)
    assert office.directory.stands_in_for("p-health", APRIL) == ["child-chief"]
    assert office.directory.stands_in_for("p-school", APRIL) == []
    office.do(RecordAbsence, person="p-health", since=APRIL, until=APRIL)
    assert office.directory.stands_in_for("p-school", APRIL) == ["child-chief"]


JULY = date(2027, 7, 1)


def reorganised(office: Office, **changes: Any) -> None:
    """The health section becomes a section for families, with a chief of its own."""
    fields: dict[str, Any] = {
        "unit": "health-section",
        "to": "family-section",
        "on": JULY,
        "units": [{"id": "family-section", "name": {"ja": "家庭課", "en": "families"}, "parent": "health-bureau"}],
        "new_posts": [
            {
                "id": "family-chief",
                "title": {"ja": "家庭課長", "en": "chief"},
                "role": "section_chief",
                "unit": "family-section",
            }
        ],
    }
    office.do(ReorganiseUnit, **(fields | changes))


def test_what_waits_for_a_post_reorganised_away_goes_to_the_one_that_took_over() -> None:
    office = Office()
    reorganised(office)
    office.do(RecordMoves, on=JULY, moves=[move("p-member", "family-chief")])
    here, before = office.directory, date(2027, 6, 30)
    assert here.holders("health-chief", before) == ["p-health"] and here.posts_of("p-member", before) == []
    assert here.holders("health-chief", JULY) == ["p-member"]
    assert set(here.posts_of("p-member", JULY)) == {"family-chief", "health-chief"}
    assert here.posts_of("p-health", JULY) == []
    assert "health-section" in here.units_of("p-member", JULY)
    assert (
        here.unit_on("health-section", JULY) == "family-section"
        and here.unit_on("health-section", before) == "health-section"
    )


def test_a_reorganisation_is_not_seen_before_its_day_and_whom_it_leaves_without_a_post_is_known() -> None:
    office = Office()
    reorganised(office)
    here, before = office.directory, date(2027, 6, 30)
    seen = here.seen_on(before)
    assert seen.unit("family-section") is None and seen.post("family-chief") is None and not seen.reorganisations
    assert seen.unit("health-section") is not None and here.seen_on(JULY) is here
    assert here.stranded(before) == [] and here.stranded(JULY) == [("p-health", "health-chief")]
    office.do(RecordMoves, on=JULY, moves=[move("p-health", "family-chief")])
    assert office.directory.stranded(JULY) == []


def test_two_sections_merge_into_one_and_a_second_reorganisation_is_followed() -> None:
    office = Office()
    reorganised(office)
    reorganised(office, unit="school-section", units=[], new_posts=[])
    office.do(RecordMoves, on=JULY, moves=[move("p-member", "family-chief")])
    assert office.directory.holders("school-chief", JULY) == ["p-member"]
    later = date(2028, 4, 1)
    office.do(ReorganiseUnit, unit="family-section", to="child-section", on=later)
    assert office.directory.holders("health-chief", later) == office.directory.holders("child-chief", later)
    assert set(office.directory.holders("school-chief", later)) >= {"p-chief", "p-chief2"}
    assert office.directory.holders("school-chief", JULY) == ["p-member"]


def test_nothing_that_waits_is_left_without_a_post() -> None:
    office = Office()
    office.refused("post-without-successor", ReorganiseUnit, unit="health-section", to="policy-bureau", on=JULY)
    office.do(
        ReorganiseUnit, unit="health-section", to="policy-bureau", on=JULY, posts={"health-chief": "office-director"}
    )
    assert office.directory.holders("health-chief", JULY) == ["p-office"]
    office.refused("directory-inconsistent", ReorganiseUnit, unit="nowhere", to="policy-bureau", on=JULY)


def test_a_unit_that_is_gone_neither_goes_again_nor_comes_back() -> None:
    office = Office()
    reorganised(office)
    again = {"unit": "health-section", "to": "school-section", "on": JULY}
    office.refused("directory-inconsistent", ReorganiseUnit, **again)
    back = {"unit": "family-section", "to": "health-section", "on": JULY}
    office.refused("directory-inconsistent", ReorganiseUnit, **back)
    itself = {"unit": "school-section", "to": "school-section", "on": JULY}
    office.refused("directory-inconsistent", ReorganiseUnit, **itself)


def test_the_deputies_of_the_post_that_took_over_stand_for_what_waits_for_the_one_that_is_gone() -> None:
    office = Office()
    office.do(NameDeputies, post="health-chief", deputies=["health-director"], since=date(2026, 4, 1))
    reorganised(office)
    office.do(RecordMoves, on=JULY, moves=[move("p-member", "family-chief")])
    office.do(RecordAbsence, person="p-member", since=JULY, until=JULY)
    assert office.directory.deputies_of("health-chief", JULY) == ["health-director"]
    assert office.directory.has_deputies("family-chief", JULY) is False
    assert "health-chief" in office.directory.stands_in_for("p-health-director", JULY)
    office.do(NameDeputies, post="family-chief", deputies=["school-chief"], since=JULY)
    assert office.directory.deputies_of("health-chief", date(2027, 6, 30)) == ["health-director"]
    assert office.directory.deputies_of("health-chief", JULY) == ["school-chief"]
    assert set(office.directory.stands_in_for("p-school", JULY)) == {"health-chief", "family-chief"}
    assert office.directory.stands_in_for("p-health-director", JULY) == []


def test_only_who_holds_no_post_is_erased() -> None:
    office = Office()
    office.refused("person-unknown", ErasePerson, person="p-nobody")
    office.refused("still-in-office", ErasePerson, person="p-health")
    office.do(RecordMoves, on=APRIL, moves=[move("p-chief", "health-chief")])
    office.refused("still-in-office", ErasePerson, person="p-health")
    office.now = datetime(2027, 4, 2, tzinfo=UTC)
    version = office.state.version
    office.do(ErasePerson, person="p-health")
    assert office.state.version in (version, version + 1) and office.directory.person("p-health") is not None
