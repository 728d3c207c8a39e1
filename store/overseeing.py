"""Who oversees the whole: the headquarters and auditors."""

from __future__ import annotations

from domain.calendar import local_day
from store import queries
from store.store import Store


def is_headquarters(store: Store, person: str) -> bool:
    """Whether somebody belongs to the headquarters of a published definition."""
    documents = [r["document"] for r in queries.published_definitions(store)]
    offices = {unit for d in documents if (unit := (d.get("units") or {}).get("headquarters"))}
    return bool(offices & store.facts().directory.units_of(person, local_day(store.clock.now())))


def oversees(store: Store, person: str) -> bool:
    """Whether somebody is an auditor or of the headquarters."""
    found = store.facts().directory.person(person)
    return (found is not None and found.auditor) or is_headquarters(store, person)
