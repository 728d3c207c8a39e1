"""Days as people write them: 2025-04-01, 2025/4/1, 令和7年4月1日, R7.4.1, with digits of either width."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator

ERAS = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988, "昭和": 1925, "S": 1925}
"""The year before the first of each era."""
YEAR = r"(?P<era>令和|平成|昭和|[RHS])?\s*(?P<year>\d{1,4}|元)"
_DAY = re.compile(YEAR + r"\s*(?:年|[-./])\s*(?P<month>\d{1,2})\s*(?:月|[-./])\s*(?P<day>\d{1,2})\s*日?")


def day(value: Any) -> date | None:
    """A day, or None when it cannot be read as one. An era's year must lie within the calendar, not within the era."""
    if isinstance(value, datetime):
        return None
    if isinstance(value, date):
        return value
    found = _DAY.fullmatch(plain(value))
    year = year_of(found) if found else None
    if found is None or year is None:
        return None
    try:
        return date(year, int(found["month"]), int(found["day"]))
    except ValueError:
        return None


def plain(value: Any) -> str:
    """Full-width digits and letters as plain ones."""
    return unicodedata.normalize("NFKC", str(value)).strip().upper()


def year_of(found: re.Match[str]) -> int | None:
    """The year of a match of `YEAR`."""
    if found["era"] is None:
        return int(found["year"]) if len(found["year"]) == 4 else None
    return ERAS[found["era"]] + (1 if found["year"] == "元" else int(found["year"]))


def _read(value: Any) -> Any:
    return (day(value) or value) if isinstance(value, str) else value


Day = Annotated[date, BeforeValidator(_read)]
"""A day in a command or a form: what cannot be read is left to pydantic, which says so of the field."""
