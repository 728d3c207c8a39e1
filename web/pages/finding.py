"""What pages look up again and again: the lifecycle that an address names, who holds a post."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import HTTPException

from domain.calendar import local_day
from store import queries
from web.app import Visit


def stream_of(visit: Visit, given: str) -> str:
    """The stream that an address names. Raises 404."""
    try:
        return queries.resolve(visit.store, given)
    except queries.NotFound:
        raise HTTPException(404) from None


def holders_today(visit: Visit) -> Callable[[str], list[str]]:
    """Who holds a post today, by its id."""
    directory, day = visit.store.facts().directory, local_day(visit.store.clock.now())
    return lambda post: list(directory.holders(post, day))
