"""What was said on a lifecycle, and what happened, as pages show it."""

from __future__ import annotations

from collections.abc import Callable

from web.app import Visit

QUIET = {"RequestClosed", "RequestOpened"}


def known_as(visit: Visit) -> Callable[[str | None], str]:
    """What a person, a unit or a post is called in the visitor's language; the id where none is known."""
    directory = visit.store.facts().directory

    def name(of: str | None) -> str:
        if not of or directory.person(of) is not None:
            return visit.name_of(of or "")
        unit, post = directory.unit(of), directory.post(of)
        title = unit.name if unit is not None else post.title if post is not None else None
        return str(title.model_dump()[visit.language]) if title is not None else of

    return name
