"""Periods of which no value is known, between those of which one is."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from domain.kpis.periods import MONTHS

MOST = 240
"""Periods that are looked through for missing values: twenty years of months."""


def missing(ends: list[date], cadence: str | None) -> list[tuple[str, date]]:
    """Names and last days of the periods of a cadence, between the first and the last end, that are not among them.

    None where the ends do not follow the cadence: a gap that is only a matter of naming is no missing value.
    """
    step = MONTHS.get(cadence or "", 0)
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
