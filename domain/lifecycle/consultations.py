"""Events of a consultation. Apart from `consulting`: a step that is complete ends those that are left over (`passing`)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from domain.lifecycle.state import Consultation
from domain.messages import Event, Personal, Text

Settlement = Literal["agreed", "referred", "overruled", "moot"]
"""agreed: the objection is withdrawn; referred: it goes to the common superior; overruled: the superior agreed in spite of it;
moot: enough others have agreed."""


class ConsultationOpened(Event):
    """協議: who objected (`post`) and the drafter look for a way until `due_at`."""

    type = "ConsultationOpened"
    consultation: str
    request: str
    stage: str
    round: int
    step_index: int
    post: str
    post_title: Text
    due_at: datetime


class ConsultationSettled(Event):
    """`by_time`: the time for consulting was over."""

    type = "ConsultationSettled"
    consultation: str
    request: str
    post: str
    post_title: Text
    settlement: Settlement
    by_time: bool
    comment: Personal


class ConcurrenceAdded(Event):
    type = "ConcurrenceAdded"
    post: str
    post_title: Text
    reason: Personal


def settled(found: Consultation, how: Settlement, comment: str = "", *, by_time: bool = False) -> ConsultationSettled:
    """The end of a consultation, or its going to the superior."""
    return ConsultationSettled(
        consultation=found.id,
        request=found.request,
        post=found.post,
        post_title=found.post_title,
        settlement=how,
        by_time=by_time,
        comment=comment,
    )
