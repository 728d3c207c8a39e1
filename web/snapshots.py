"""Pages and readings of the API are each made from one snapshot of the store, on one connection."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from fastapi.routing import APIRoute

_MADE = "__one_snapshot__"


class Reading(APIRoute):
    """A route whose GET sees one moment of the record, however many questions it asks. Endpoints name what they were asked by `request`
    or `caller`; those that run on the event loop read nothing themselves and stay as they are."""

    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, methods: Collection[str] | None = None, **more: Any
    ) -> None:
        if set(methods or {"GET"}) <= {"GET", "HEAD"} and not inspect.iscoroutinefunction(endpoint):
            endpoint = _in_one_snapshot(endpoint)
        super().__init__(path, endpoint, methods=list(methods) if methods is not None else None, **more)


def _in_one_snapshot(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    if hasattr(endpoint, _MADE):  # a router that is included makes its routes anew
        return endpoint
    names = inspect.signature(endpoint).parameters
    if "caller" not in names and "request" not in names:
        return endpoint

    @wraps(endpoint)
    def made(**given: Any) -> Any:
        store = given["caller"].store if "caller" in names else given["request"].app.state.site.store
        with store.database.snapshot():
            return endpoint(**given)

    setattr(made, _MADE, True)
    return made
