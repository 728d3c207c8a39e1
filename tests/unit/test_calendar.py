"""Working days, eras and fiscal years, on the real holidays where the reference data is at hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given as over
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.calendar import (
    JST,
    Calendar,
    Span,
    end_of_business,
    fiscal_year,
    local_day,
    wareki,
    wareki_fiscal_year,
)
from store.calendars import calendar as shipped
from tests.given import calendar

HOLIDAYS = Path(__file__).parents[3] / "shared" / "data" / "jp-holidays" / "holidays.yml"


@pytest.fixture(scope="module")
def real() -> Calendar:
    """National holidays and the offices' year-end closure, 29 December to 3 January."""
    if not HOLIDAYS.exists():
        pytest.skip(f"REFERENCE DATA ABSENT, the calendar is not checked against real holidays: {HOLIDAYS}")
    days = set(yaml.safe_load(HOLIDAYS.read_text("utf-8")))
    for year in range(2000, 2041):
        days |= {date(year, 12, d) for d in (29, 30, 31)} | {date(year, 1, d) for d in (2, 3)}
    return Calendar(version="jp-reference", closed=frozenset(days))


def noon(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, tzinfo=JST)


@pytest.mark.parametrize(
    "day",
    [
        date(2019, 4, 30),  # a day between two holidays is a holiday
        date(2019, 5, 1),  # accession
        date(2019, 5, 6),  # 振替休日
        date(2020, 7, 24),  # moved for the Olympic Games
        date(2024, 2, 12),  # 振替休日
        date(2024, 12, 30),  # year-end closure
        date(2025, 1, 3),
        date(2026, 5, 6),  # 振替休日 on the third day after
        date(2026, 9, 22),  # 国民の休日
    ],
)
def test_offices_are_closed(real: Calendar, day: date) -> None:
    assert day.weekday() < 5 and not real.is_working(day)


@pytest.mark.parametrize("day", [date(2020, 10, 12), date(2024, 2, 29), date(2025, 3, 31), date(2024, 12, 27)])
def test_offices_are_open(real: Calendar, day: date) -> None:
    assert real.is_working(day)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        (noon(2024, 12, 27), 1, date(2025, 1, 6)),  # over the year-end closure and a weekend
        (noon(2019, 4, 26), 1, date(2019, 5, 7)),  # ten days closed at the change of era
        (noon(2024, 2, 28), 1, date(2024, 2, 29)),
        (noon(2024, 2, 29), 1, date(2024, 3, 1)),
        (noon(2025, 2, 28), 1, date(2025, 3, 3)),
        (noon(2026, 3, 31), 1, date(2026, 4, 1)),  # into the next fiscal year
        (noon(2026, 9, 18), 1, date(2026, 9, 24)),  # silver week
        (noon(2024, 2, 9), 1, date(2024, 2, 13)),  # holiday on Sunday, Monday in its place
    ],
)
def test_due_days_on_the_real_calendar(real: Calendar, start: datetime, days: int, due: date) -> None:
    moment = real.after(start, Span(working_days=days))
    assert moment == end_of_business(due)
    assert moment.tzinfo is UTC and moment.astimezone(JST).strftime("%H:%M") == "17:15"
    assert local_day(real.before(moment, Span(working_days=days))) == local_day(start)


def test_every_reference_day_is_closed_and_named_by_its_real_date(real: Calendar) -> None:
    assert len(real.closed) > 900 and not any(real.is_working(d) for d in real.closed)


PUBLISHED = {
    2024: "01-01 01-08 02-11 02-12 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-15 08-11 08-12 09-16 09-22 09-23 10-14 11-03 11-04 11-23",
    2025: "01-01 01-13 02-11 02-23 02-24 03-20 04-29 05-03 05-04 05-05 05-06 07-21 08-11 09-15 09-23 10-13 11-03 11-23 11-24",
    2026: "01-01 01-12 02-11 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-20 08-11 09-21 09-22 09-23 10-12 11-03 11-23",
    2027: "01-01 01-11 02-11 02-23 03-21 03-22 04-29 05-03 05-04 05-05 07-19 08-11 09-20 09-23 10-11 11-03 11-23",
}
"""内閣府「国民の祝日について」(syukujitsu.csv): every 国民の祝日, 振替休日 and 国民の休日 of these years."""


@pytest.mark.parametrize("year", PUBLISHED)
def test_the_calendar_that_ships_closes_on_the_published_holidays_and_at_the_turn_of_the_year_only(year: int) -> None:
    days = {date.fromisoformat(f"{year}-{day}") for day in PUBLISHED[year].split()}
    turn = {date(year, 1, d) for d in (1, 2, 3)} | {date(year, 12, d) for d in (29, 30, 31)}
    assert {day for day in shipped().closed if day.year == year} == days | turn


def equinox(year: int, month: int) -> date:
    """春分日 and 秋分日 of 1980 to 2099 by 『新こよみ便利帳』 (海上保安庁水路部 暦計算研究会, 恒星社厚生閣 1991)."""
    past, base = year - 1980, {3: 20.8431, 9: 23.2488}[month]
    return date(year, month, int(base + 0.242194 * past) - past // 4)


@pytest.mark.parametrize("year", range(2015, 2051))
def test_the_equinoxes_are_those_of_the_usual_reckoning_and_no_sunday_is_lost(year: int) -> None:
    for day in (equinox(year, 3), equinox(year, 9)):
        assert day in shipped().closed
        if day.weekday() == 6:  # 祝日法3条2項
            assert day + timedelta(days=1) in shipped().closed


def test_a_day_between_two_holidays_is_one() -> None:
    """祝日法3条3項: a Tuesday between 敬老の日, the third Monday, and 秋分の日."""
    tuesdays = [day for day in sorted(shipped().closed) if day.month == 9 and day.weekday() == 1]
    between = [day.isoformat() for day in tuesdays if day != equinox(day.year, 9)]
    assert between == ["2015-09-22", "2026-09-22", "2032-09-21", "2037-09-22", "2043-09-22", "2049-09-21"]


def test_offices_open_on_the_last_and_first_days_around_the_turn_of_the_year() -> None:
    assert [d for d in range(25, 32) if shipped().is_working(date(2026, 12, d))] == [25, 28]
    assert [d for d in range(1, 9) if shipped().is_working(date(2027, 1, d))] == [4, 5, 6, 7, 8]
    assert shipped().working_day_from(date(2027, 12, 29)) == date(2028, 1, 4)


def test_the_day_is_counted_in_japan() -> None:
    late = datetime(2026, 4, 1, 15, 30, tzinfo=UTC)  # half past midnight on Thursday in Japan
    assert local_day(late) == date(2026, 4, 2)
    assert calendar().after(late, Span(working_days=1)) == end_of_business(date(2026, 4, 3))


def test_no_days_on_a_closed_day_means_the_next_open_one() -> None:
    assert calendar().after(noon(2026, 4, 4), Span(working_days=0)) == end_of_business(date(2026, 4, 6))


def test_seconds_are_simply_added() -> None:
    start = noon(2026, 4, 4)
    assert calendar().after(start, Span(seconds=1.5)) - start == timedelta(seconds=1.5)
    assert start - calendar().before(start, Span(seconds=1.5)) == timedelta(seconds=1.5)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"working_days": 1, "seconds": 1},
        {"working_days": -1},
        {"seconds": -1},
        {"seconds": float("inf")},
        {"seconds": float("nan")},
        {"seconds": 1e300},
        {"working_days": 2001},
    ],
)
def test_spans_that_make_no_sense(bad: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Span.model_validate(bad)


moments = st.integers(1_577_836_800, 2_208_988_800).map(lambda s: datetime.fromtimestamp(s, UTC))


@over(moments, st.integers(1, 300))
def test_after_and_between_agree(start: datetime, days: int) -> None:
    due = calendar().after(start, Span(working_days=days))
    assert due > start and calendar().is_working(local_day(due))
    assert calendar().working_days_between(start, due) == days
    assert calendar().after(start, Span(working_days=days - 1)) <= due


@over(moments, moments)
def test_between_is_never_negative(start: datetime, end: datetime) -> None:
    count = calendar().working_days_between(start, end)
    assert 0 <= count <= max((end - start).days + 1, 0)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2020, 1, 1), "令和2年1月1日"),
        (date(2025, 4, 1), "令和7年4月1日"),
        (date(1989, 1, 7), "昭和64年1月7日"),
        (date(1989, 1, 8), "平成元年1月8日"),
        (date(1926, 12, 25), "昭和元年12月25日"),
        (date(1926, 12, 24), "1926-12-24"),
    ],
)
def test_era_dates(day: date, said: str) -> None:
    assert wareki(day) == said


@pytest.mark.parametrize(
    ("year", "said"),
    [
        (2018, "平成30年度"),
        (2019, "令和元年度"),
        (2020, "令和2年度"),
        (2025, "令和7年度"),
        (1988, "昭和63年度"),
        (1989, "平成元年度"),
        (1925, "1925年度"),
    ],
)
def test_fiscal_year_names(year: int, said: str) -> None:
    assert wareki_fiscal_year(year) == said


@pytest.mark.parametrize(
    ("day", "year"),
    [(date(2026, 3, 31), 2025), (date(2026, 4, 1), 2026), (date(2024, 2, 29), 2023), (date(2026, 1, 1), 2025)],
)
def test_fiscal_years_begin_in_april(day: date, year: int) -> None:
    assert fiscal_year(day) == year
