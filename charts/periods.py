"""Periods as measurements name them (2026-04, 2026-Q2, 2026-H1, 2026, FY2026, R8), and the days on which they end.

Quarters and halves are those of the calendar year, as `measure` names them; FY2026, 2026年度, R8 and 令和8年度 are fiscal years.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

_ERAS = {"R": 2018, "令和": 2018, "H": 1988, "平成": 1988}
_MONTHS = {"monthly": 1, "quarterly": 3, "half_yearly": 6, "yearly": 12}
MOST = 240
"""Periods that are looked through for missing values: twenty years of months."""


def last_day(period: str) -> date | None:
    """The day on which a period ends; None for a name that does not tell."""
    text = period.strip()
    if found := re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text):
        return _day(int(found[1]), int(found[2]), int(found[3]))
    if found := re.fullmatch(r"(\d{4})-(\d{2})", text):
        return _end(int(found[1]), int(found[2]))
    if found := re.fullmatch(r"(\d{4})-?Q([1-4])", text):
        return _end(int(found[1]), int(found[2]) * 3)
    if found := re.fullmatch(r"(\d{4})-?H([12])", text):
        return _end(int(found[1]), int(found[2]) * 6)
    if found := re.fullmatch(r"\d{4}", text):
        return _end(int(text), 12)
    if found := re.fullmatch(r"FY(\d{4})|(\d{4})年度", text):
        return _end(int(found[1] or found[2]) + 1, 3)
    if found := re.fullmatch(r"(R|令和|H|平成)(\d{1,2}|元)(?:年度)?", text):
        year = _ERAS[found[1]] + (1 if found[2] == "元" else int(found[2]))
        return _end(year + 1, 3)
    return None


def missing(ends: list[date], cadence: str | None) -> list[tuple[str, date]]:
    """Names and last days of the periods of a cadence, between the first and the last end, that are not among them.

    None where the ends do not follow the cadence: a gap that is only a matter of naming is no missing value.
    """
    step = _MONTHS.get(cadence or "", 0)
    if not step or len(ends) < 2 or any((end.month % step) or end != _end(end.year, end.month) for end in ends):
        return []
    found, there = [], set(ends)
    index, stop = (x.year * 12 + x.month - 1 for x in (min(ends), max(ends)))
    for _ in range(MOST):
        if index > stop:
            break
        end = _end(index // 12, index % 12 + 1)
        if end is not None and end not in there:
            found.append((_name(end, step), end))
        index += step
    return found


def _name(end: date, step: int) -> str:
    names = {3: f"{end.year}-Q{end.month // 3}", 6: f"{end.year}-H{end.month // 6}", 12: f"{end.year}"}
    return names.get(step, f"{end:%Y-%m}")


def _end(year: int, month: int) -> date | None:
    if not (1 <= month <= 12 and 1 <= year <= 9999):
        return None
    return date(year, month, monthrange(year, month)[1])


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
