"""The shipped fiscal calendar on the real working-day calendar, and amounts recorded by finance: for tests of money."""

from __future__ import annotations

from datetime import date, datetime, time

from definitions.loader import load_fiscal
from domain.calendar import JST
from domain.facts import Facts
from domain.lifecycle import commands as c
from store.calendars import calendar
from tests.given import FACTS, Case, Outcome, person

FISCAL = load_fiscal()
CALENDAR = calendar()
CITY: Facts = FACTS.model_copy(update={"fiscal": FISCAL, "calendar": CALENDAR})


def on_day(case: Case, day: date) -> Case:
    """Noon of a day in Japan; time does not run backwards."""
    case.now = max(case.now, datetime.combine(day, time(12), JST))
    return case


def amount(case: Case, state: str, yen: int, *, year: int = 2026, by: str = "finance", **more: object) -> Outcome:
    command = case.make(c.RecordBudget, fiscal_year=year, state=state, amount=yen, **more)
    return case.when(command, person(by))


def voted(case: Case, yen: int = 1000, *, year: int = 2026) -> Case:
    for state in ("asked", "indicated", "voted"):
        amount(case, state, yen, year=year).done()
    return case
