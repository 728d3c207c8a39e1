"""What a lifecycle is now: the fold of its events. Holds what rules need, and no sealed text and no whole documents."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from domain.deliverables.base import Promise
from domain.lifecycle.commands import Source
from domain.lifecycle.events import RequestKind
from domain.messages import Frozen, Text

FOLD_VERSION = 1
Health = Literal["green", "amber", "red"]


class Request(Frozen):
    """An open request."""

    id: str
    kind: RequestKind
    stage: str
    round: int
    step: str
    step_index: int
    title: Text
    post: str
    post_title: Text
    opened_at: datetime
    due_at: datetime
    remind_at: datetime | None = None
    escalate_at: datetime | None = None
    escalate_to: str | None = None
    reminded: bool = False
    overdue: bool = False
    escalated: bool = False


class Given(Frozen):
    """An answer given in the gate that is open now."""

    request: str
    step: str
    post: str
    person: str
    decision: str
    at: datetime


class Submission(Frozen):
    """The document in circulation, or the last one."""

    stage: str
    round: int
    version: int
    content_hash: str
    person: str
    at: datetime


class Kpi(Frozen):
    key: str
    title: str
    unit: str
    owner: str


class Budget(Frozen):
    """A fiscal year's amounts in yen."""

    asked: int | None = None
    indicated: int | None = None
    voted: int | None = None
    allotted: int | None = None


class PromiseState(Frozen):
    id: str
    stage: str
    round: int
    text: str
    by: str | None
    due: date | None
    fulfilled_at: datetime | None = None


class Hold(Frozen):
    since: datetime
    until: datetime | None = None
    reminded: bool = False


class Lifecycle(Frozen):
    """State of one stream of kind `lifecycle`; `started_at` is None before its first event."""

    stream: str
    ref: str = ""
    title: str = ""
    section: str = ""
    section_name: Text = Text(ja="", en="")
    bureau: str = ""
    bureau_name: Text = Text(ja="", en="")
    viewpoint: str | None = None
    weight: str | None = None
    definition: str = ""
    tags: tuple[str, ...] = ()
    source: Source | None = None
    drafter: str | None = None

    started_at: datetime | None = None
    stage: str = ""
    stage_title: Text = Text(ja="", en="")
    work: str = ""
    """The piece of work asked for: the stage's key, or the wind-down's after an abolition."""
    repeats: bool = False
    """The stage is asked for again and again until a review is opened."""
    entered_at: datetime | None = None
    round: int = 1
    serial: int = 0
    """Counts openings of requests; part of their ids."""
    requests: tuple[Request, ...] = ()
    given: tuple[Given, ...] = ()
    submission: Submission | None = None
    versions: dict[str, int] = {}
    """Last version of each deliverable, by `stage/round`."""

    people: tuple[str, ...] = ()
    """Chair, adviser, members and project team: they may draft."""
    departments: tuple[str, ...] = ()
    kpis: tuple[Kpi, ...] = ()
    review_date: date | None = None
    measured: tuple[str, ...] = ()
    budget_year: int | None = None
    budget_round: int = 0
    """The round in which the budget was last asked for."""
    budgets: dict[int, Budget] = {}
    claimed: Budget | None = None
    """Amounts that the budget request in circulation states; they count once its gate has passed."""
    pledged: tuple[Promise, ...] = ()
    """Promises that the coordination in circulation states; they are made once its gate has passed."""
    recommendation: str | None = None
    recommended_stage: str | None = None
    promises: tuple[PromiseState, ...] = ()

    hold: Hold | None = None
    outcome: str | None = None
    closed: bool = False
    closed_as: str | None = None

    @property
    def in_circulation(self) -> bool:
        """A document is on its route."""
        return any(r.kind == "decide" for r in self.requests)

    @property
    def overdue(self) -> int:
        return sum(r.overdue for r in self.requests)

    @property
    def health(self) -> Health:
        """red: a superior had to be told; amber: something is overdue or on hold; else green."""
        if any(r.escalated for r in self.requests):
            return "red"
        return "amber" if self.overdue or self.hold else "green"

    def request(self, request: str) -> Request | None:
        return next((r for r in self.requests if r.id == request), None)
