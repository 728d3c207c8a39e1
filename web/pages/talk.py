"""What was said on a lifecycle, and what happened, as pages show it."""

from __future__ import annotations

from typing import Any

from domain.lifecycle import dialogue
from domain.lifecycle.story import line
from store.store import Store

_SAID = ("text", "comment", "reason", "note")
QUIET = {"RequestClosed", "RequestOpened"}


def timeline(store: Store, stream: str) -> list[dict[str, Any]]:
    """Every event told in a line in both languages, oldest first."""
    kind, found = store.kinds["lifecycle"], []
    state = kind.initial(stream)
    for recorded in store.events(stream):
        state = kind.evolve(state, recorded)
        event = recorded.event
        said = "" if event.type == "PromiseMade" else next((str(x) for n in _SAID if (x := getattr(event, n, ""))), "")
        found.append({"recorded": recorded, "type": event.type, "line": line(state, event), "said": said})
    return found


def talk_of(store: Store, stream: str) -> list[dict[str, Any]]:
    """Questions, answers and comments, oldest first."""
    spoken = (dialogue.QuestionAsked, dialogue.QuestionAnswered, dialogue.CommentAdded)
    return [t for t in timeline(store, stream) if isinstance(t["recorded"].event, spoken)]
