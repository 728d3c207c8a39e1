"""What in a what-if cannot be used is told by its field, the same for shell, pages and API; what can be used means one change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from definitions.loader import load_definition, load_people
from domain.calendar import end_of_business
from domain.fiscal import still_open
from learning.traces import Trace, Visit
from rehearsal.asking import Ground, change, problems, titles_of_roles
from rehearsal.contract import Change, Supposition
from rehearsal.differing import Both, Telling
from rehearsal.whatif import default_deadlines
from store.calendars import calendar

PROCESS, DIRECTORY = load_definition(), load_people()[0]
NEXT = PROCESS.model_copy(update={"version": 2, "max_rounds": 2})
ON = Ground(date(2026, 11, 27), {"himeji@1": 5, "himeji@2": 2}, {"himeji@1": PROCESS, "himeji@2": NEXT}, DIRECTORY)
OTHER = PROCESS.model_copy(update={"name": "elsewhere"})


@pytest.mark.parametrize(
    ("asked", "field", "word"),
    [
        ({}, "", "at least one thing"),
        ({"definition": "himeji@9"}, "definition", "himeji@2"),
        ({"definition": "himeji@1", "document": PROCESS}, "definition", "either"),
        ({"document": OTHER}, "document", "himeji"),
        ({"without": ("setup/nothing",)}, "without", "analysis/secretariat"),
        ({"without": ("analysis/section_chief", "analysis/secretariat")}, "without", "no step is left"),
        ({"pace": {"nobody": 2}}, "pace.nobody", "mayor"),
        ({"pace": {"mayor": 0}}, "pace.mayor", "0.05"),
        ({"capacity": {"all": 1}}, "capacity.all", "no such role"),
        ({"capacity": {"mayor": 0}}, "capacity.mayor", "from 1"),
        ({"pace": {"all": 2}, "until": date(2026, 11, 27)}, "until", "after 2026-11-27"),
        ({"pace": {"all": 2}, "until": date(2199, 1, 1)}, "until", "up to 2037-03-31"),
        ({"pace": {"all": 2}, "deadlines": (date(2027, 1, 1), date(2020, 1, 1))}, "deadlines.1", "2026-11-27"),
    ],
)
def test_what_cannot_be_used_is_told_by_its_field(asked: dict[str, object], field: str, word: str) -> None:
    (found,) = problems(Supposition.model_validate(asked), ON)
    assert found.field == field and word in found.message.en and found.message.ja


def test_what_closes_today_is_ahead_until_the_end_of_business() -> None:
    closing, following = date(2026, 11, 27), date(2027, 11, 26)
    closed = end_of_business(closing)
    before = closed - timedelta(minutes=1)
    assert default_deadlines(before, following) == (closing, following, date(2028, 11, 28))
    assert default_deadlines(closed, following) == (following, date(2028, 11, 28))
    asked, evening = Supposition(pace={"all": 2}, deadlines=(closing,)), replace(ON, closing=still_open(closed))
    assert problems(asked, ON) == []
    (late,) = problems(asked, evening)
    assert late.field == "deadlines.0" and "from 2026-11-28" in late.message.en
    telling = Telling(calendar(), DIRECTORY, ON.definitions, PROCESS, PROCESS, (closing, following), before)
    base, late_by_a_minute = (
        {"a": Trace("a", visits=(Visit("budgeting", 1, "passed", at),))} for at in (before, closed)
    )
    (shift,) = telling.whole(Both(base, late_by_a_minute, {}, {}), Change(), date(2027, 12, 31), 1, ()).shifts
    assert (shift.window, shift.would_window, shift.misses) == (closing, following, True)


def test_a_queue_is_not_reckoned_from_an_even_choice() -> None:
    asked = Supposition(capacity={"mayor": 1})
    assert problems(asked, ON, 7) == [] and problems(asked, ON) == []
    (found,) = problems(asked, ON, 6)
    assert found.field == "capacity" and "./taskforce whatif" in found.message.en
    assert problems(Supposition(pace={"mayor": 2}), ON, 6) == []


def test_what_is_meant_is_one_change() -> None:
    assert change(Supposition(pace={"all": 2}), ON).definition is None
    assert change(Supposition(definition="himeji@2"), ON).definition == NEXT
    own = change(Supposition(document=PROCESS), ON).definition
    assert own is not None and own.reference == "himeji@3"
    less = change(Supposition(without=("analysis/secretariat",)), ON).definition
    assert less is not None and less.reference == "himeji@3"
    assert [g.key for g in less.stage("analysis").gate] == ["section_chief"] and less.max_rounds is None


def test_roles_are_called_as_people_call_them() -> None:
    titles = titles_of_roles(PROCESS, DIRECTORY)
    assert (
        titles["mayor"].ja == "市長" and titles["section_chief"].ja == "担当課長" and titles["drafter"].ja == "起案者"
    )
    assert titles["general_affairs"].ja == "庶務担当", "who is on no route, and has many posts"
    assert len({t.ja for t in titles.values()}) == len(titles) == len(ON.roles)
