"""What pages look up again and again: the lifecycle that an address names, titles of stages."""

from __future__ import annotations

from typing import Any

from fastapi import HTTPException

from store import queries
from store.store import Store
from web.app import Visit


def stream_of(visit: Visit, given: str) -> str:
    """The stream that an address names. Raises 404."""
    try:
        return queries.resolve(visit.store, given)
    except queries.NotFound:
        raise HTTPException(404) from None


def stage_titles(store: Store) -> dict[str, Any]:
    """Titles of the stages of all published definitions, by key; the newest title of each."""
    found: dict[str, Any] = {}
    for row in queries.published_definitions(store):
        for s in (*row["document"]["stages"], row["document"].get("wind_down")):
            if s:
                found.setdefault(s["key"], s["title"])
    return found
