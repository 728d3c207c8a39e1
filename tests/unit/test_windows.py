"""Windows aimed at: found from the due dates, warned of before they close, missed and followed by the next. Time never decides."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from domain.calendar import local_day
from domain.lifecycle import commands as c
from domain.lifecycle.aiming import forecast
from domain.lifecycle.events import RequestOpened
from domain.lifecycle.timers import next_due
from domain.lifecycle.view import notices, view
from domain.lifecycle.windows import AimAtWindow, WindowAimed, WindowMissed, WindowWarned
from domain.messages import SYSTEM
from tests.fiscal import CALENDAR, CITY, on_day
from tests.given import Case, Outcome, person


def begun(day: date = date(2027, 7, 1), stage: str = "proposal") -> Case:
    """At a stage, its draft asked for on a day."""
    case = Case(CITY)
    case.now = datetime(day.year, day.month, day.day, 0, 0, tzinfo=UTC)
    return case.at(stage)


def aimed(case: Case) -> tuple[str, int]:
    assert case.state.aim is not None
    return case.state.aim.at.window, case.state.aim.at.fiscal_year


def aim(case: Case, window: str, year: int, by: str = "drafter") -> Outcome:
    return case.when(case.make(AimAtWindow, window=window, fiscal_year=year), person(by))


def test_a_lifecycle_aims_at_the_first_window_that_its_due_dates_reach() -> None:
    case = Case(CITY)
    case.start().done()
    assert CITY.definition is not None
    ready = forecast(case.state, CITY.definition, CALENDAR, case.now)
    assert ready is not None and case.state.aim is not None
    # From 1 April 2026 the due dates lead past the skeleton budget of FY2027 and past June.
    assert date(2027, 3, 1) < ready < date(2027, 4, 28) and aimed(case) == ("june", 2027)
    assert local_day(case.state.aim.at.closes_at) == date(2027, 4, 28)
    row = view(case.state).rows["budget_windows"][0]
    assert (row["window"], row["fiscal_year"], row["handed_in"], row["asked"]) == ("june", 2027, False, None)


def test_the_forecast_comes_nearer_as_steps_are_passed_and_is_silent_behind_the_request() -> None:
    case = begun()
    assert CITY.definition is not None
    whole = forecast(case.state, CITY.definition, CALENDAR, case.now)
    case.submit().done()
    case.give("approve").done()
    circulating = forecast(case.state, CITY.definition, CALENDAR, case.now)
    assert whole is not None and circulating is not None and circulating < whole
    case.pass_gate()
    case.submit().done()
    assert forecast(case.state, CITY.definition, CALENDAR, case.now) is None
    assert view(case.state).rows["budget_windows"][0]["handed_in"]


def test_without_a_fiscal_calendar_nothing_is_aimed_at() -> None:
    case = Case()
    case.start().done()
    assert case.state.aim is None and view(case.state).rows["budget_windows"] == []
    aim(case, "june", 2027).refused("budget-window")


def test_a_warning_before_the_close_goes_to_drafter_and_finance_and_decides_nothing() -> None:
    case = begun()
    aim(case, "september", 2027).then(WindowAimed)
    assert case.state.aim is not None and case.state.aim.chosen
    before = case.state
    events = case.tick(case.state.aim.at.warn_at)
    warned = next(x for x in events if isinstance(x, WindowWarned))
    assert warned.posts == ("child-drafter", "finance-director")
    recorded = next(r for r in case.log if isinstance(r.event, WindowWarned))
    told = notices(case.state, recorded)
    assert [n.person or n.post for n in told] == ["p-drafter", "child-drafter", "finance-director"]
    assert (case.state.stage, case.state.requests[0].id) == (before.stage, before.requests[0].id)
    assert view(case.state).rows["budget_windows"][0]["warned"]


def test_a_window_missed_is_told_once_and_the_next_is_aimed_at() -> None:
    case = begun()
    aim(case, "september", 2027).done()
    events = case.tick(datetime(2027, 7, 30, tzinfo=UTC))
    missed = [x for x in events if isinstance(x, WindowMissed)]
    assert len(missed) == 1 and missed[0].aim.window == "september" and missed[0].next is not None
    assert aimed(case) == (missed[0].next.window, missed[0].next.fiscal_year) == ("initial", 2028)
    assert case.state.aim is not None and not case.state.aim.warned and not case.state.aim.chosen


def test_what_was_handed_in_waits_for_no_window() -> None:
    case = begun(stage="budgeting")
    assert aimed(case) == ("december", 2027)  # 20 working days for the request end behind the close of September
    aim(case, "september", 2027).done()
    case.submit(window="supplementary", session="september").done()
    assert case.state.aim is not None and case.state.aim.handed_in
    assert [x for x in case.tick(datetime(2027, 8, 20, tzinfo=UTC)) if isinstance(x, WindowWarned | WindowMissed)] == []
    row = view(case.state).rows["budget_windows"][0]
    assert (row["handed_in"], row["window"], row["asked"]) == (True, "september", 1000)


def test_a_hold_stops_the_warning_but_not_the_calendar() -> None:
    case = begun()
    aim(case, "september", 2027).done()
    case.when(case.make(c.HoldLifecycle, reason="選挙"), person("drafter")).done()
    assert case.tick(datetime(2027, 8, 20, tzinfo=UTC)) == [] if next_due(case.state) else True
    case.now = datetime(2027, 8, 20, tzinfo=UTC)
    case.when(case.make(c.ResumeLifecycle), person("drafter")).done()
    events = case.tick(case.now)
    assert [type(x) for x in events if isinstance(x, WindowWarned | WindowMissed)] == [WindowMissed]


def test_a_moment_that_was_overtaken_is_refused() -> None:
    case = begun()
    aim(case, "september", 2027).done()
    assert case.state.aim is not None
    at = case.state.aim.at.warn_at
    aim(case, "initial", 2028).done()
    case.now = at
    command = case.make(c.DeadlinePassed, timer="window", due_at=at)
    case.when(command, SYSTEM).refused("deadline-moot")


def test_who_may_aim_and_at_what() -> None:
    case = begun()
    aim(case, "september", 2027, by="stranger").refused("not-concerned")
    aim(case, "june", 2027).refused("window-closed")
    aim(case, "initial", 2031).refused("skeleton-budget")
    aim(case, "july", 2027).refused("budget-window")
    aim(case, "september", 2027).then(WindowAimed)
    aim(case, "september", 2027).then()
    case.at("budgeting").submit().done()
    aim(case, "initial", 2028).refused("already-asked")


def test_when_work_goes_faster_an_earlier_window_is_aimed_at() -> None:
    case = begun(stage="setup")
    first = aimed(case)
    case.at("proposal")  # on the same day
    assert first == ("september", 2028) and aimed(case) == ("initial", 2028)


def test_an_aim_that_still_lies_ahead_is_kept_and_a_passed_one_is_made_anew() -> None:
    case = begun()
    aim(case, "initial", 2029).done()
    case.do_stage()
    assert aimed(case) == ("initial", 2029) and case.state.stage == "budgeting"
    opened = [r.event for r in case.log if isinstance(r.event, RequestOpened) and r.event.kind == "draft"]
    assert opened[-1].aim is None and opened[0].aim is not None
    case.submit().done()
    case.pass_gate()
    assert aimed(case) == ("initial", 2029)


def test_what_closes_today_after_hours_has_closed() -> None:
    case = begun(date(2027, 7, 23), stage="setup")
    on_day(case, date(2027, 7, 23))
    case.now = datetime(2027, 7, 23, 8, 15, tzinfo=UTC)  # 17:15 in Japan
    aim(case, "september", 2027).refused("window-closed")


@pytest.mark.parametrize("stage", ["pt_formation", "kpi_setting", "monitoring"])
def test_behind_the_request_no_draft_brings_an_aim(stage: str) -> None:
    case = begun(stage=stage)
    opened = [r.event for r in case.log if isinstance(r.event, RequestOpened) and r.event.stage == stage]
    assert opened and all(x.aim is None for x in opened)
