"""Periods by their names: 2026-Q1 and 2026-H1 (calendar year), 2026-04, 2026; FY2025, FY2025-Q1, FY2025-H2 (April to March);
令和7年度, 令和7年4月, R7-Q1 as people write them.

The one place where a period's name becomes two days.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from domain.calendar import fiscal_year
from domain.messages import Frozen

Cadence = Literal["monthly", "quarterly", "half_yearly", "yearly"]
MONTHS: dict[str, int] = {"monthly": 1, "quarterly": 3, "half_yearly": 6, "yearly": 12}
"""Cadence -> months that one of its periods has."""
_ERAS = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988}
"""The year before the first of each era."""
_YEAR = r"(?:(?P<era>令和|平成|R|H)(?P<of>元|\d{1,2})|(?P<year>(?:19|20)\d\d))"
_FISCAL = re.compile(
    rf"(?:FY(?P<fy>(?:19|20)\d\d)|{_YEAR}年度|(?P<era2>R|H)(?P<of2>\d{{1,2}}))(?:-?(?P<part>[QH][1-4]|第[1-4]四半期|上半期|下半期))?"
)
_CALENDAR = re.compile(rf"{_YEAR}年?(?:-?(?P<part>[QH][1-4]|第[1-4]四半期|上半期|下半期))?")
_MONTH = re.compile(rf"{_YEAR}(?:年|[-/.])(?P<month>0?[1-9]|1[0-2])月?")
_WORDS = {"上半期": "H1", "下半期": "H2"}


class Period(Frozen):
    """`name`: as it is stored; `start` and `end`: its first and last day, in Japan."""

    name: str
    start: date
    end: date

    @property
    def fiscal_year(self) -> int:
        """The fiscal year in which it ends: a calendar year's last nine months lie there."""
        return fiscal_year(self.end)


@lru_cache(maxsize=8192)
def parse(text: str) -> Period | None:
    """A period by any of its names, or None where it is none of them. Its `name` is the one under which it is stored."""
    plain = unicodedata.normalize("NFKC", text).strip().upper().replace(" ", "")
    for shape, read in _SHAPES:
        found = shape.fullmatch(plain)
        if found is not None and (period := read(found)) is not None:
            return period
    return None


def _month(found: re.Match[str]) -> Period | None:
    year, month = _year(found), int(found["month"])
    return Period(name=f"{year}-{month:02}", start=date(year, month, 1), end=_last(year, month, 1))


def _fiscal(found: re.Match[str]) -> Period | None:
    if found["fy"]:
        year = int(found["fy"])
    elif found["era2"]:
        year = _ERAS[found["era2"]] + int(found["of2"])
    else:
        year = _year(found)
    return _parted(f"FY{year}", year, 4, found["part"])


def _calendar(found: re.Match[str]) -> Period | None:
    year = _year(found)
    return _parted(str(year), year, 1, found["part"])


def _year(found: re.Match[str]) -> int:
    if found["era"]:
        return _ERAS[found["era"]] + (1 if found["of"] == "元" else int(found["of"]))
    return int(found["year"])


def _parted(name: str, year: int, first: int, part: str | None) -> Period | None:
    """A year that begins in the month `first`, or its quarter or half."""
    if part is None:
        return Period(name=name, start=date(year, first, 1), end=_last(year, first, 12))
    part = _WORDS.get(part, part)
    letter, number = ("Q", int(part[1])) if part.startswith("第") else (part[0], int(part[1]))
    length = 3 if letter == "Q" else 6
    if number > 12 // length:
        return None
    month = first + (number - 1) * length
    starts = date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
    return Period(name=f"{name}-{letter}{number}", start=starts, end=_last(starts.year, starts.month, length))


def _last(year: int, month: int, months: int) -> date:
    """The last day of so many months from the first of a month."""
    after = month - 1 + months
    return date(year + after // 12, after % 12 + 1, 1) - timedelta(days=1)


_SHAPES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Period | None]], ...] = (
    (_FISCAL, _fiscal),
    (_MONTH, _month),
    (_CALENDAR, _calendar),
)


def name_of(cadence: str | None, day: date) -> str:
    """The name of the calendar period that `day` is in: 2026-11 (also without a cadence), 2026-Q4, 2026-H2 or 2026."""
    names = {
        "quarterly": f"{day.year}-Q{(day.month + 2) // 3}",
        "half_yearly": f"{day.year}-H{(day.month + 5) // 6}",
        "yearly": f"{day.year}",
    }
    return names.get(cadence or "", f"{day:%Y-%m}")


@lru_cache(maxsize=4096)
def last_over(cadence: str | None, day: date) -> Period:
    """The last period of a cadence that is over before `day`."""
    running = parse(name_of(cadence, day))
    assert running is not None
    before = parse(name_of(cadence, running.start - timedelta(days=1)))
    assert before is not None
    return before


def following(cadence: str, period: Period) -> Period:
    """The period of a cadence behind another."""
    found = parse(name_of(cadence, period.end + timedelta(days=1)))
    assert found is not None
    return found
