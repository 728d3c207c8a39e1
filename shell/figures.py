"""Days, fiscal years and amounts as people write them: 令和7年4月1日, R7.4.1, 2025/4/1; 令和7年度, R7; 9,000,000円."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from domain.days import YEAR, day, plain, year_of

_FISCAL = re.compile(YEAR + r"\s*(?:年度|年)?")
_AMOUNT = re.compile(r"[¥\\]?\s*(?P<number>\d{1,3}(?:,\d{3})+|\d+)(?P<unit>千|万|百万|億)?円?")
_UNITS = {None: 1, "千": 1_000, "万": 10_000, "百万": 1_000_000, "億": 100_000_000}


def fiscal_year(value: Any) -> int | None:
    """A fiscal year by its first calendar year: 令和7年度, R7, 2025; None when it is none."""
    found = _FISCAL.fullmatch(plain(value))
    return year_of(found) if found else None


def amount(value: Any) -> int | None:
    """Yen as a whole number: 9,000,000円, 900万円; None when it is none."""
    found = _AMOUNT.fullmatch(plain(value))
    return int(found["number"].replace(",", "")) * _UNITS[found["unit"]] if found else None


def number(value: Any) -> str:
    """A measured value without the commas between its thousands."""
    text = plain(value)
    commas = re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", text)
    return text.replace(",", "") if commas else str(value).strip()


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
