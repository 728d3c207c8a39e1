"""Working-day calendars (national holidays by a library, the year-end closure, the city's own closed days) and the fiscal one."""

from __future__ import annotations

import hashlib
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path

import holidays

from definitions.loader import load_fiscal
from domain.calendar import Calendar
from domain.fiscal import FiscalCalendar
from settings import load

FIRST, LAST = 2015, 2050


@cache
def calendar(extra: tuple[date, ...] = ()) -> Calendar:
    """Closed days of 2015–2050: national holidays, 29 December to 3 January, and `extra`. The version names the data.

    Law: 国民の祝日に関する法律3条 (振替休日 2項, 国民の休日 3項); 地方自治法4条の2: a by-law closes the offices on these, on weekends
    and at the turn of the year. Equinoxes of later years are reckoned: the law fixes each only in February of the year before.
    """
    closed = set(holidays.country_holidays("JP", years=range(FIRST, LAST + 1)))
    for year in range(FIRST, LAST + 1):
        closed.update(date(year, 12, day) for day in (29, 30, 31))
        closed.update(date(year, 1, day) for day in (1, 2, 3))
    closed.update(extra)
    own = hashlib.sha256(",".join(sorted(d.isoformat() for d in extra)).encode()).hexdigest()[:8] if extra else "none"
    return Calendar(version=f"jp-{version('holidays')}+{own}", closed=frozenset(closed))


def fiscal_calendar() -> FiscalCalendar:
    """The city's fiscal calendar: the file that `TASKFORCE_FISCAL_FILE` names, else the one that ships. Raises `DocumentError`."""
    return _read(load().fiscal_file)


@cache
def _read(path: Path | None) -> FiscalCalendar:
    return load_fiscal(path) if path else load_fiscal()
