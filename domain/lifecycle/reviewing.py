"""How monitoring ends in a review: by a person, by its date, because a body asks for it, or by the figures (`sunset.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.facts import Facts
from domain.lifecycle import events as e
from domain.lifecycle.authority import definition
from domain.lifecycle.routes import enter, open_draft
from domain.lifecycle.state import Lifecycle
from domain.messages import Event, Text, refuse


def review_events(
    state: Lifecycle,
    by: str,
    reason: str,
    facts: Facts,
    now: datetime,
    *,
    criteria: Sequence[str] = (),
    why: Text | None = None,
) -> list[Event]:
    """Close the monitoring's open requests and enter the review. Refused outside monitoring."""
    process = definition(facts)
    stage = process.stage(state.work)
    if not stage.repeats or stage.next is None:
        raise refuse(
            "not-monitoring",
            f"再検討はモニタリングの段階で開きます(いまは「{stage.title.ja}」)",
            f"a review is opened from monitoring; the lifecycle is at “{stage.title.en}”",
            remedy_ja="モニタリングに進んでから開いてください",
            remedy_en="go on to monitoring first",
        )
    following = process.stage(stage.next)
    opened: e.ReviewOpened = e.ReviewOpened.model_validate(
        {"by": by, "reason": reason, "criteria": tuple(criteria), "why": why}
    )
    return [
        opened,
        *close_requests(state, "review"),
        enter(following, state.round, "review_opened"),
        open_draft(state, following, state.round, state.serial + 1, facts, now),
    ]


def close_requests(state: Lifecycle, because: str) -> list[Event]:
    """Nothing that is open is asked any more."""
    return [e.RequestClosed(request=r.id, because=because) for r in state.requests]
