"""What people wrote, as rows that search looks through. A text that nothing opens any more has none."""

from __future__ import annotations

from typing import Any

from domain.kinds import Kind, Row
from domain.messages import Recorded
from domain.written import about, texts
from store.codec import ERASED, SEALED, UNREADABLE

_CLOSED = (ERASED, SEALED, UNREADABLE)


def rows_of(kind: Kind[Any], recorded: Recorded) -> list[Row]:
    """The rows of an event whose sealed texts are opened."""
    return [
        {
            "stream": recorded.stream,
            "version": recorded.version,
            "field": t.field,
            "kind": kind.name,
            "type": recorded.event.type,
            "about": about(recorded.event),
            "of": t.of,
            "person": recorded.actor.person,
            "at": recorded.occurred_at,
            "text": t.text,
        }
        for t in texts(kind.name, recorded)
        if t.text not in _CLOSED
    ]
