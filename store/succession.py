"""What passes on when somebody leaves: duties in their own name, and what waits for their posts."""

from __future__ import annotations

from typing import Any

from domain.lifecycle.handover import duties_of
from store import queries
from store.store import Store


def open_work(store: Store, person: str) -> list[dict[str, Any]]:
    """Lifecycles in which the person is drafter, member or owner of a KPI: id, ref, title, stage, due, duties."""
    found = []
    for row in queries.find_lifecycles(store, closed=False):
        state, _ = store.load(row["stream"])
        if duties := duties_of(state, person):
            dues = [r.due_at for r in state.requests]
            found.append(
                {
                    "id": row["stream"],
                    "ref": row["ref"],
                    "title": row["title"],
                    "stage": row["stage"],
                    "due": min((d for d in dues if d is not None), default=None),
                    "duties": list(duties),
                }
            )
    return found


def waiting_for(store: Store, person: str) -> list[dict[str, Any]]:
    """Open requests to their posts, which pass to whoever holds the post next."""
    keys = ("request", "stream", "post", "subject_ja", "subject_en", "due_at")
    return [{k: r[k] for k in keys} for r in queries.inbox(store, person)]
