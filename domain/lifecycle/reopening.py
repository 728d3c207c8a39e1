"""Events of a closed lifecycle that is to go on. Apart from `amendments`: the gate that decides it is answered like any other."""

from __future__ import annotations

from datetime import date

from domain.messages import Event, Text


class ReopeningAsked(Event):
    """A closed lifecycle is to go on at `stage`; its gate decides."""

    type = "ReopeningAsked"
    stage: str
    stage_title: Text
    closed_as: str
    work_title: Text


class ReopeningRefused(Event):
    """It stays closed."""

    type = "ReopeningRefused"
    withdrawn: bool


class LifecycleReopened(Event):
    type = "LifecycleReopened"
    stage: str
    round: int
    separated_from: str | None = None
    """The lifecycle into which it had been merged."""
    next_review: date | None = None
    """A new review date, when the old one has come and it goes back to monitoring."""
