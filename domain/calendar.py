"""Working days, fiscal years and Japanese era dates. All times are aware UTC; days are counted in Japan Standard Time."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cached_property, lru_cache

from pydantic import Field, model_validator

from domain.messages import Frozen, Misfit

JST = timezone(timedelta(hours=9), "JST")
DAY_ENDS = time(17, 15)
"""Close of business in the offices: something due on a day is due then (JST)."""

_ERAS = (
    (date(2019, 5, 1), "令和", "R", 2018),
    (date(1989, 1, 8), "平成", "H", 1988),
    (date(1926, 12, 25), "昭和", "S", 1925),
)


class Span(Frozen):
    """A length of time in working days, or (for tests and trials) in seconds. Exactly one of the two."""

    working_days: int | None = Field(default=None, ge=0, le=2000)
    seconds: float | None = Field(default=None, ge=0, le=315_360_000)

    @model_validator(mode="after")
    def _one(self) -> Span:
        if (self.working_days is None) == (self.seconds is None):
            raise Misfit(
                "working_days か seconds のどちらか一方を書いてください", "give either working_days or seconds"
            )
        return self


class Calendar(Frozen):
    """The city's closed days besides weekends, as data. `version` names the data it was made from."""

    version: str
    closed: frozenset[date]

    @cached_property
    def last_day(self) -> date:
        """The last day that it knows: of the last year with closed days on record; without any, the last of all."""
        return date(max(self.closed).year, 12, 31) if self.closed else date.max - timedelta(days=366)

    def is_working(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.closed

    def working_day_from(self, day: date) -> date:
        """`day` itself when offices are open, else the next working day."""
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def after(self, start: datetime, span: Span) -> datetime:
        """End of business (17:15 JST) of the n-th working day after `start`, the day of `start` not counted; UTC.

        A span in seconds is simply added.
        """
        if span.seconds is not None:
            return start + timedelta(seconds=span.seconds)
        return self.later(start, span.working_days or 0)

    def later(self, start: datetime, working_days: int) -> datetime:
        """`after` for any number of working days: a hold may last longer than any span that a definition may set."""
        return end_of_business(self._step(start.astimezone(JST).date(), working_days, 1))

    def before(self, moment: datetime, span: Span) -> datetime:
        """The opposite of `after`: end of business n working days before the day of `moment`."""
        if span.seconds is not None:
            return moment - timedelta(seconds=span.seconds)
        return end_of_business(self._step(moment.astimezone(JST).date(), span.working_days or 0, -1))

    def working_days_between(self, start: datetime, end: datetime) -> int:
        """Working days after the day of `start` up to and with the day of `end`; 0 when `end` is not later."""
        first, last = start.astimezone(JST).toordinal(), end.astimezone(JST).toordinal()
        return max(0, self._rank(last) - self._rank(first))

    # Days are counted, not walked: a rehearsal of thousands asks for dates by the million.

    @cached_property
    def _closed_weekdays(self) -> list[int]:
        return sorted(day.toordinal() for day in self.closed if day.weekday() < 5)

    def _rank(self, ordinal: int) -> int:
        """How many working days there are up to and with a day, since the year 1."""
        weeks, rest = divmod(ordinal - 1, 7)  # ordinal 1 is a Monday
        return weeks * 5 + min(rest + 1, 5) - bisect_right(self._closed_weekdays, ordinal)

    def _ranked(self, rank: int) -> date:
        """The working day of a rank: a guess that counts weekends, moved on by the closed days up to it until it stands."""
        weekday = rank
        while True:
            weeks, rest = divmod(weekday - 1, 5)
            ordinal = weeks * 7 + rest + 1
            found = rank + bisect_right(self._closed_weekdays, ordinal)
            if found == weekday:
                return date.fromordinal(ordinal)
            weekday = found

    def _step(self, day: date, days: int, direction: int) -> date:
        if days == 0:
            return day if direction < 0 else self.working_day_from(day)
        rank = self._rank(day.toordinal())
        if direction > 0:
            return self._ranked(rank + days)
        return self._ranked(rank - days + (not self.is_working(day)))


@lru_cache(maxsize=4096)
def end_of_business(day: date) -> datetime:
    return datetime.combine(day, DAY_ENDS, JST).astimezone(UTC)


def local_day(moment: datetime) -> date:
    """The calendar day in Japan of an aware moment."""
    return moment.astimezone(JST).date()


def fiscal_year(day: date) -> int:
    """The fiscal year (April to March) of a day, by its first calendar year: 2026-03-31 -> 2025."""
    return day.year if day.month >= 4 else day.year - 1


def wareki(day: date) -> str:
    """A day as people write it: 令和7年4月1日; the first year of an era is 元年."""
    for first, era, _, base in _ERAS:
        if day >= first:
            year = day.year - base
            return f"{era}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    return day.isoformat()


def wareki_fiscal_year(year: int) -> str:
    """A fiscal year as people write it: 2025 -> 令和7年度."""
    for first, era, _, base in _ERAS:
        if date(year, 4, 1) >= first or (year == 2019 and era == "令和"):
            number = year - base
            return f"{era}{'元' if number == 1 else number}年度"
    return f"{year}年度"
