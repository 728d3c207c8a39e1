"""The city's calendar: edges of the year, closed days, election years, what can be reached."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.fiscal import (
    FiscalCalendar,
    accounts_close,
    day_in,
    first_reachable,
    last_working,
    opening,
    reach,
    warn_at,
    year_ends,
)
from tests.fiscal import CALENDAR, FISCAL


def window(key: str = "june", **days: Any) -> FiscalCalendar:
    """The shipped calendar with some days of one window changed."""
    document = FISCAL.model_dump(mode="json")
    for found in document["windows"]:
        if found["key"] == key:
            found.update(days)
    return FiscalCalendar.model_validate(document)


@pytest.mark.parametrize(
    ("year", "text", "day"),
    [
        (2026, "04-01", date(2026, 4, 1)),
        (2026, "03-31", date(2027, 3, 31)),
        (2027, "02-29", date(2028, 2, 29)),
        (2028, "02-29", date(2029, 2, 28)),
        (2026, "12-31", date(2026, 12, 31)),
    ],
)
def test_days_lie_in_the_fiscal_year_and_the_last_of_february_is_always_there(year: int, text: str, day: date) -> None:
    assert day_in(year, text) == day


def test_what_the_law_fixes_moves_for_no_weekend() -> None:
    assert year_ends(2026) == date(2027, 3, 31)
    assert accounts_close(2025) == date(2026, 5, 31) and accounts_close(2025).weekday() == 6  # a Sunday


def test_a_deadline_on_a_substitute_holiday_comes_before_the_whole_row_of_holidays() -> None:
    # 3 May 2026 is a Sunday, so that 6 May is a substitute holiday (振替休日): back over four closed days and a weekend.
    assert not CALENDAR.is_working(date(2026, 5, 6))
    assert last_working(CALENDAR, date(2026, 5, 6)) == date(2026, 5, 1)
    found = window(requests_close="05-06")
    june = found.window("june")
    assert june is not None and opening(found, CALENDAR, june, 2026).requests_close == date(2026, 5, 1)
    assert opening(found, CALENDAR, june, 2025).requests_close == date(2025, 5, 2)  # again a substitute holiday


def test_deadlines_pass_over_the_turn_of_the_year_and_over_a_citizens_holiday() -> None:
    # 29 December to 3 January offices are closed: what is due then is due on the 28th, what begins then begins on the 4th.
    found = window("february", requests_close="12-31", assessment=["01-01", "01-25"])
    february = found.window("february")
    assert february is not None
    at = opening(found, CALENDAR, february, 2026)
    assert (at.requests_close, at.assessment[0]) == (date(2026, 12, 28), date(2027, 1, 4))
    # 22 September 2026 lies between two holidays (国民の休日), behind a weekend.
    assert last_working(CALENDAR, date(2026, 9, 22)) == date(2026, 9, 18)
    assert CALENDAR.working_day_from(date(2026, 9, 19)) == date(2026, 9, 24)


@pytest.mark.parametrize(
    ("year", "bill"), [(2027, date(2028, 2, 29)), (2026, date(2027, 2, 26)), (2030, date(2031, 2, 28))]
)
def test_a_day_of_29_february_is_the_last_of_february_in_every_year(year: int, bill: date) -> None:
    # 28 February 2027 is a Sunday: the bill is laid on the Friday before.
    found = window("february", bill="02-29", session=["03-01", "03-25"])
    february = found.window("february")
    assert february is not None and opening(found, CALENDAR, february, year).bill == bill


def test_the_initial_budget_is_laid_before_the_assembly_twenty_days_before_its_year() -> None:
    """地方自治法211条1項, for cities that are no 指定都市; the vote comes before the year begins."""
    initial = FISCAL.window("initial")
    assert initial is not None
    for year in range(2016, 2051):
        found = opening(FISCAL, CALENDAR, initial, year)
        assert found.bill <= date(year, 3, 11) and found.session[1] <= date(year, 3, 31)


def test_a_vote_never_moves_into_the_next_fiscal_year() -> None:
    # 31 March 2029 is a Saturday: the session ends on the Friday before, not in April.
    found = window("february", session=["03-01", "03-31"])
    february = found.window("february")
    assert february is not None and opening(found, CALENDAR, february, 2028).session[1] == date(2029, 3, 30)


def test_the_initial_budget_is_asked_for_in_the_year_before_and_spends_from_april() -> None:
    initial = FISCAL.window("initial")
    assert initial is not None
    found = opening(FISCAL, CALENDAR, initial, 2028)
    assert (found.policy, found.requests_close) == (date(2027, 10, 12), date(2027, 11, 26))
    assert (found.session[1], found.spends_from) == (date(2028, 3, 27), date(2028, 4, 1))
    june = FISCAL.window("june")
    assert june is not None and opening(FISCAL, CALENDAR, june, 2028).spends_from == date(2028, 6, 27)


def test_in_an_election_year_what_is_new_waits_for_june() -> None:
    today, ready = date(2026, 11, 2), date(2026, 11, 20)
    new = first_reachable(FISCAL, CALENDAR, today, ready, new=True)
    assert new is not None and (new.window, new.fiscal_year) == ("february", 2026)
    reached = {(r.opening.window, r.opening.fiscal_year): r for r in reach(FISCAL, CALENDAR, today, ready)}
    skeleton = reached["initial", 2027]
    assert (skeleton.reachable, skeleton.because, skeleton.opening.follows) == (False, "skeleton", "june")
    assert reached["june", 2027].reachable
    running = first_reachable(FISCAL, CALENDAR, today, ready, new=False)
    assert running is not None and (running.window, running.fiscal_year) == ("initial", 2027)
    ordinary = first_reachable(FISCAL, CALENDAR, date(2027, 11, 1), date(2027, 11, 20))
    assert ordinary is not None and (ordinary.window, ordinary.skeleton) == ("initial", False)


@pytest.mark.parametrize(("ready", "reachable", "spare"), [("26", True, 0), ("25", True, 1), ("29", False, -1)])
def test_the_last_day_is_in_time_and_the_next_is_not(ready: str, reachable: bool, spare: int) -> None:
    found = next(
        r
        for r in reach(FISCAL, CALENDAR, date(2027, 11, 1), date.fromisoformat(f"2027-11-{ready}"))
        if r.opening.window == "initial"
    )
    assert found.opening.requests_close == date(2027, 11, 26)  # 28 November is a Sunday
    assert (found.reachable, found.spare) == (reachable, spare)


def test_a_forecast_of_many_years_still_finds_its_window() -> None:
    found = first_reachable(FISCAL, CALENDAR, date(2026, 4, 1), date(2031, 12, 1))
    assert found is not None and found.requests_close >= date(2031, 12, 1) and found.window == "february"


def test_the_warning_comes_working_days_before_the_close() -> None:
    june = FISCAL.window("june")
    assert june is not None
    found = opening(FISCAL, CALENDAR, june, 2026)
    at = warn_at(FISCAL, CALENDAR, found)
    assert (found.requests_close, at.date()) == (date(2026, 4, 28), date(2026, 4, 7))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"windows": []}, "windows"),
        ({"skeleton_followed_by": "july"}, "skeleton_followed_by"),
        ({"discount_rate": "4"}, "discount_rate"),
        ({"windows": [{**FISCAL.model_dump(mode="json")["windows"][1], "requests_close": "02-30"}]}, "02-30"),
        ({"windows": [{**FISCAL.model_dump(mode="json")["windows"][1], "bill": "04-01"}]}, "out of order"),
        ({"windows": FISCAL.model_dump(mode="json")["windows"][:1] * 2}, "twice"),
    ],
)
def test_a_wrong_calendar_is_refused_by_name(change: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        FiscalCalendar.model_validate({**FISCAL.model_dump(mode="json"), **change})
    assert named in str(wrong.value)
