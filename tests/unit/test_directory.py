"""Who is who, and on which day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.directory import Directory
from domain.directory_stream import (
    DirectoryImported,
    DirectoryKind,
    DirectoryState,
    ImportDirectory,
    Named,
    PersonNamed,
)
from domain.messages import SYSTEM, Recorded
from tests.given import FACTS, SINCE, START, directory

CITY = directory()
DAY = date(2026, 4, 1)


def changed(part: str, index: int, **fields: Any) -> Directory:
    document = CITY.model_dump(mode="json")
    document[part][index].update(fields)
    return Directory.model_validate(document)


@pytest.mark.parametrize(
    ("part", "fields", "place"),
    [
        ("units", {"id": "policy-bureau"}, "appears twice"),
        ("units", {"parent": "moon"}, "parent 'moon'"),
        ("units", {"parent": "child-section"}, "circle"),
        ("posts", {"unit": "moon"}, "unit 'moon'"),
        ("posts", {"id": "deputy-mayor"}, "appears twice"),
        ("people", {"id": "p-deputy"}, "appears twice"),
        ("tenures", {"person": "p-nobody"}, "p-nobody"),
        ("tenures", {"post": "moon"}, "post 'moon'"),
        ("tenures", {"until": "2019-01-01"}, "lies before"),
        ("tenures", {"colour": "red"}, "colour"),
    ],
)
def test_a_directory_that_contradicts_itself(part: str, fields: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as caught:
        changed(part, 0, **fields)
    assert place in str(caught.value)


def test_lineage_and_bureau() -> None:
    assert CITY.lineage("child-section") == ["child-section", "child-bureau", "city"]
    assert CITY.bureau_of("child-section") == "child-bureau"
    assert CITY.bureau_of("city") == "city"
    assert CITY.lineage("moon") == ["moon"]


@pytest.mark.parametrize(
    ("role", "unit", "post"),
    [
        ("section_chief", "child-section", "child-chief"),
        ("bureau_director", "child-section", "child-director"),  # the unit above
        ("mayor", "child-section", "mayor"),
        ("finance_director", "child-section", None),  # there is one, but in a unit that is none of theirs
        ("section_chief", "child-bureau", None),  # several elsewhere: none is meant
        ("astronaut", "child-section", None),
    ],
)
def test_the_post_for_a_role(role: str, unit: str, post: str | None) -> None:
    found = CITY.post_for(role, unit)
    assert (found.id if found else None) == post


def test_tenures_hold_on_their_first_and_last_day() -> None:
    one_year = changed("tenures", 0, since="2025-04-01", until="2026-03-31")
    held = [one_year.holders("mayor", d) for d in (date(2025, 3, 31), date(2025, 4, 1), date(2026, 3, 31), DAY)]
    assert held == [[], ["p-mayor"], ["p-mayor"], []]


def test_a_person_counts_in_their_unit_and_those_above() -> None:
    assert CITY.units_of("p-chief", DAY) == {"child-section", "child-bureau", "city"}
    assert CITY.units_of("p-stranger", DAY) == set()
    assert CITY.posts_of("p-chief", DAY) == ["child-chief"]
    assert CITY.posts_of("p-chief", SINCE.replace(year=2019)) == []


def imported(state: DirectoryState, names: tuple[Named, ...] = ()) -> list[Any]:
    command = ImportDirectory(command_id="d", stream="directory", directory=CITY, names=names)
    return list(DirectoryKind().decide(state, command, SYSTEM, FACTS, START))


def test_an_import_is_an_event_and_the_same_again_is_none() -> None:
    kind = DirectoryKind()
    events = imported(kind.initial("directory"), (Named(person="p-chief", name="山田", email="y@example.jp"),))
    assert [type(x) for x in events] == [DirectoryImported, PersonNamed]
    state = kind.initial("directory")
    for i, event in enumerate(events, start=1):
        read = kind.events[event.type].model_validate_json(event.model_dump_json())
        assert read == event
        recorded = Recorded(
            stream="directory",
            version=i,
            position=i,
            event=read,
            actor=SYSTEM,
            occurred_at=START,
            command_id="d",
        )
        state = kind.evolve(state, recorded)
        rows = kind.entries(state, recorded).rows
        assert rows == {} or rows["people"][0]["name"] == "山田"
    assert (state.directory, state.version) == (CITY, 1)
    assert DirectoryState.model_validate_json(state.model_dump_json()) == state
    assert imported(state) == []
    assert events[1].subject == "p-chief"
