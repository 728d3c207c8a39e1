"""How many lifecycles came to and left each stage, day by day: what a cumulative flow is summed from."""

from __future__ import annotations

import sqlalchemy as sa

from domain.messages import Frozen
from store.queries import rows
from store.store import Store
from store.tables import events, lifecycles, retractions, stage_visits

ENDED = ""
"""Where a lifecycle is that was closed."""


class Move(Frozen):
    """By how many the lifecycles at a stage (or `ENDED`) became more, or fewer, on a day (in UTC: it ends at 9:00 in Japan)."""

    day: str
    stage: str
    change: int


def moves(store: Store, *, bureau: str | None = None, upto: int | None = None) -> list[Move]:
    """In one pass, summed by the database; by day. `upto`: as of a position of the log."""
    visits = sa.select(
        stage_visits.c.stream,
        stage_visits.c.version,
        stage_visits.c.stage.label("stage"),
        _day(stage_visits.c.entered_at),
    ).where(~_taken_back(stage_visits, upto))
    if upto is not None:
        known = sa.and_(events.c.stream == stage_visits.c.stream, events.c.version == stage_visits.c.version)
        visits = visits.join(events, known).where(events.c.position <= upto)
    closings = sa.select(
        events.c.stream, events.c.version, sa.literal(ENDED, sa.Text).label("stage"), _day(events.c.occurred_at)
    ).where(events.c.type == "LifecycleClosed", ~_taken_back(events, upto))
    if upto is not None:
        closings = closings.where(events.c.position <= upto)
    all_ = sa.union_all(visits, closings).subquery()
    chosen = sa.select(
        all_.c.day,
        all_.c.stage,
        sa.func.lag(all_.c.stage).over(partition_by=all_.c.stream, order_by=all_.c.version).label("left"),
    )
    if bureau is not None:
        chosen = chosen.join(lifecycles, lifecycles.c.stream == all_.c.stream).where(lifecycles.c.bureau == bureau)
    steps = chosen.cte("steps")
    came = sa.select(steps.c.day, steps.c.stage, sa.func.count().label("change")).group_by(steps.c.day, steps.c.stage)
    left = (
        sa.select(steps.c.day, steps.c.left.label("stage"), (-sa.func.count()).label("change"))
        .where(steps.c.left.is_not(None))
        .group_by(steps.c.day, steps.c.left)
    )
    found = rows(store, sa.union_all(came, left).order_by("day", "stage"))  # type: ignore[arg-type]
    return [Move(**r) for r in found]


def _day(moment: sa.Column[object]) -> sa.Label[str]:
    return sa.func.substr(sa.type_coerce(moment, sa.Text), 1, 10).label("day")


def _taken_back(table: sa.Table, upto: int | None) -> sa.ColumnElement[bool]:
    """Whether a row came with an answer that was taken back (by then)."""
    query = sa.select(retractions.c.version).where(
        retractions.c.stream == table.c.stream,
        retractions.c.answered_at <= table.c.version,
        retractions.c.version > table.c.version,
    )
    if upto is not None:
        by = events.alias("by")
        known = sa.and_(by.c.stream == retractions.c.stream, by.c.version == retractions.c.version)
        query = query.join(by, known).where(by.c.position <= upto)
    return sa.exists(query)
