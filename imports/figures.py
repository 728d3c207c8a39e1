"""Days, fiscal years and amounts as people write them: 令和7年4月1日, R7.4.1, 2025/4/1; 令和7年度, R7; 9,000,000円."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from domain.days import YEAR, day, plain, year_of
from domain.messages import Text

_FISCAL = re.compile(YEAR + r"\s*(?:年度|年)?")
_AMOUNT = re.compile(r"[¥\\]?\s*(?P<number>\d{1,3}(?:,\d{3}){1,6}|\d{1,18})(?P<unit>千|万|百万|億)?円?")
_NUMBER = re.compile(
    r"(?P<minus>[-−–‐△▲+]?)\s*(?P<number>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?(?:E[-+]?\d{1,3})?|\.\d+)"
)
"""△ and ▲ are how offices write a minus; NFKC has made the full-width signs plain ones already."""
HOW_TO_WRITE = Text(
    ja="1,234.5 や △3 のように単位を付けずに書いてください", en="write it like 1,234.5 or △3, without a unit"
)
_UNITS = {None: 1, "千": 1_000, "万": 10_000, "百万": 1_000_000, "億": 100_000_000}


def fiscal_year(value: Any) -> int | None:
    """A fiscal year by its first calendar year: 令和7年度, R7, 2025; None when it is none."""
    found = _FISCAL.fullmatch(plain(value))
    return year_of(found) if found else None


def amount(value: Any) -> int | None:
    """Yen as a whole number: 9,000,000円, 900万円; None when it is none."""
    found = _AMOUNT.fullmatch(plain(value))
    return int(found["number"].replace(",", "")) * _UNITS[found["unit"]] if found else None


def decimal(value: Any) -> Decimal | None:
    """A figure as offices write it: １，２３４．５, △12, −3; None when it is none. A comma stands between thousands, nowhere else."""
    found = _NUMBER.fullmatch(plain(value))
    if not found:
        return None
    return Decimal(("" if found["minus"] in ("", "+") else "-") + found["number"].replace(",", ""))


def number(value: Any) -> str:
    """A measured value as plain text; what is none stays as it stands, for its form to refuse."""
    found = decimal(value)
    return str(value).strip() if found is None else str(found)


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
