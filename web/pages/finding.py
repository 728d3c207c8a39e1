"""What pages look up again and again: the lifecycle that an address names."""

from __future__ import annotations

from fastapi import HTTPException

from store import queries
from web.app import Visit


def stream_of(visit: Visit, given: str) -> str:
    """The stream that an address names. Raises 404."""
    try:
        return queries.resolve(visit.store, given)
    except queries.NotFound:
        raise HTTPException(404) from None
