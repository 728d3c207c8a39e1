"""Days, fiscal years and amounts as people write them: 令和7年4月1日, R7.4.1, 2025/4/1; 令和7年度, R7; 9,000,000円."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

ERAS = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988, "昭和": 1925, "S": 1925}
"""The year before the first of each era."""

_YEAR = r"(?P<era>令和|平成|昭和|[RHS])?\s*(?P<year>\d{1,4}|元)"
_DAY = re.compile(_YEAR + r"\s*(?:年|[-./])\s*(?P<month>\d{1,2})\s*(?:月|[-./])\s*(?P<day>\d{1,2})\s*日?")
_FISCAL = re.compile(_YEAR + r"\s*(?:年度|年)?")
_AMOUNT = re.compile(r"[¥\\]?\s*(?P<number>\d{1,3}(?:,\d{3})+|\d+)(?P<unit>千|万|百万|億)?円?")
_UNITS = {None: 1, "千": 1_000, "万": 10_000, "百万": 1_000_000, "億": 100_000_000}


def day(value: Any) -> date | None:
    """A day, or None when it cannot be read as one. An era's year must lie within the calendar, not within the era."""
    if isinstance(value, datetime):
        return None
    if isinstance(value, date):
        return value
    found = _DAY.fullmatch(_plain(value))
    year = _year(found) if found else None
    if found is None or year is None:
        return None
    try:
        return date(year, int(found["month"]), int(found["day"]))
    except ValueError:
        return None


def fiscal_year(value: Any) -> int | None:
    """A fiscal year by its first calendar year: 令和7年度, R7, 2025; None when it is none."""
    found = _FISCAL.fullmatch(_plain(value))
    return _year(found) if found else None


def amount(value: Any) -> int | None:
    """Yen as a whole number: 9,000,000円, 900万円; None when it is none."""
    found = _AMOUNT.fullmatch(_plain(value))
    return int(found["number"].replace(",", "")) * _UNITS[found["unit"]] if found else None


def number(value: Any) -> str:
    """A measured value without the commas between its thousands."""
    text = _plain(value)
    commas = re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", text)
    return text.replace(",", "") if commas else str(value).strip()


def _plain(value: Any) -> str:
    """Full-width digits and letters as plain ones."""
    return unicodedata.normalize("NFKC", str(value)).strip().upper()


def _year(found: re.Match[str]) -> int | None:
    if found["era"] is None:
        return int(found["year"]) if len(found["year"]) == 4 else None
    return ERAS[found["era"]] + (1 if found["year"] == "元" else int(found["year"]))


_DAYS = ("started_on", "decided_on", "finished_on", "review_date", "date", "due", "done")
FIELDS: Mapping[str, tuple[Callable[[Any], Any], str, str]] = {
    **dict.fromkeys(_DAYS, (day, "日付として読めません", "not a day; write 2025-04-01, 令和7年4月1日 or R7.4.1")),
    "fiscal_year": (fiscal_year, "年度として読めません", "not a fiscal year; write 2025, 令和7年度 or R7"),
    "amount": (
        amount,
        "金額として読めません",
        "not an amount; write whole yen, such as 9000000 or 9,000,000円",
    ),
    "value": (number, "", ""),
    "baseline": (number, "", ""),
    "target": (number, "", ""),
}
"""How a field of that name is read, and what to say when it cannot be."""
