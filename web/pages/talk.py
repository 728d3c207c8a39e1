"""What was said on a lifecycle, and what happened, as pages show it."""

from __future__ import annotations

from domain.lifecycle.dialogue import is_said
from papers.circulations import Told, tell
from store.store import Store

QUIET = {"RequestClosed", "RequestOpened"}


def timeline(store: Store, stream: str) -> list[Told]:
    """Every event told in a line in both languages, oldest first."""
    return tell(store.kinds["lifecycle"], stream, store.events(stream))


def talk_of(store: Store, stream: str) -> list[Told]:
    """Questions, answers and comments, oldest first."""
    return [t for t in timeline(store, stream) if is_said(t.recorded.event)]
