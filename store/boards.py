"""Figures over the whole portfolio, each of which leads to the lifecycles behind it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.kinds import Row
from domain.messages import Frozen
from store.fresh import Fresh
from store.queries import rows
from store.store import Store
from store.tables import lifecycles, requests

_OPEN = lifecycles.c.closed.is_(False)


class Column(Frozen):
    """A stage of the board: how many are there, by health and on hold, and the ones that are due first. `late`: amber without being
    on hold, `paused`: amber on hold."""

    stage: str
    count: int
    red: int
    amber: int
    held: int
    late: int
    paused: int
    first: tuple[dict[str, Any], ...]


class Bottleneck(Frozen):
    """A post that is waited for. `oldest`: since when its oldest request is open."""

    post: str
    waiting: int
    overdue: int
    oldest: datetime


class Cell(Frozen):
    """Lifecycles of one field at one stage of life (None: at no particular one) in the smart-city map."""

    field: str
    life: str | None
    found: tuple[dict[str, Any], ...]


class Glance(Frozen):
    """What a board shows of one bureau (its columns) and of all (the rest)."""

    columns: tuple[Column, ...]
    health: dict[str, dict[str, int]]
    standing: dict[str, dict[str, int]]
    ended: dict[str, int]
    bottlenecks: tuple[Bottleneck, ...]
    stale: tuple[dict[str, Any], ...]
    cells: tuple[Cell, ...]


class Shown(Frozen):
    """What a board asks for: a bureau (None: all), from how many days on a stay is long, and the map's fields and stages of life."""

    bureau: str | None
    long: int
    fields: tuple[str, ...]
    lives: tuple[str, ...]


def glance(store: Store, shown: Shown) -> Glance:
    """The whole board."""
    return Glance(
        columns=tuple(columns(store, bureau=shown.bureau)),
        health=health_by_bureau(store),
        standing=standing_by_bureau(store),
        ended=closed_as(store),
        bottlenecks=tuple(bottlenecks(store)),
        stale=tuple(stale(store, shown.long)),
        cells=tuple(smart_city(store, list(shown.fields), list(shown.lives))),
    )


GLANCES = Fresh(glance)
"""Boards as many look at them."""


def columns(store: Store, *, bureau: str | None = None, shown: int = 5) -> list[Column]:
    """Open lifecycles by stage; `shown` of each, those due first. Stages without any are left out."""
    chosen = [_OPEN] if bureau is None else [_OPEN, lifecycles.c.bureau == bureau]
    c = lifecycles.c

    def number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((condition, 1), else_=0))

    counted = rows(
        store,
        sa.select(
            c.stage,
            sa.func.count().label("count"),
            number(c.health == "red").label("red"),
            number(c.health == "amber").label("amber"),
            number(c.held).label("held"),
            number(sa.and_(c.health == "amber", c.held.is_(False))).label("late"),
            number(sa.and_(c.health == "amber", c.held)).label("paused"),
        )
        .where(*chosen)
        .group_by(c.stage),
    )
    told = (c.stream, c.stage, c.title, c.ref, c.health, c.next_due, c.held, c.round)

    def first(stage: str) -> list[Row]:
        """By due date, what has none last: two questions, each along the index, instead of a rank for every lifecycle."""
        here = sa.select(*told).where(*chosen, c.stage == stage)
        dated = here.where(c.next_due.is_not(None)).order_by(c.next_due, c.stream)
        found = rows(store, dated.limit(shown))
        if len(found) < shown:
            rest = here.where(c.next_due.is_(None)).order_by(c.stream)
            found += rows(store, rest.limit(shown - len(found)))
        return found

    return [Column(**{**row, "first": tuple(first(row["stage"]))}) for row in counted]


def health_by_bureau(store: Store) -> dict[str, dict[str, int]]:
    """Bureau -> health -> how many open lifecycles."""
    c = lifecycles.c
    query = sa.select(c.bureau, c.health, sa.func.count().label("count")).where(_OPEN).group_by(c.bureau, c.health)
    found: dict[str, dict[str, int]] = {}
    for row in rows(store, query.order_by(c.bureau)):
        found.setdefault(row["bureau"], {})[row["health"]] = row["count"]
    return found


def standing_by_bureau(store: Store) -> dict[str, dict[str, int]]:
    """Bureau -> green, late, held or red -> how many open lifecycles: `late` and `held` part what is amber."""
    c = lifecycles.c
    query = sa.select(c.bureau, c.health, c.held, sa.func.count().label("count")).where(_OPEN)
    found: dict[str, dict[str, int]] = {}
    for row in rows(store, query.group_by(c.bureau, c.health, c.held).order_by(c.bureau)):
        key = row["health"] if row["health"] != "amber" else "held" if row["held"] else "late"
        counts = found.setdefault(row["bureau"], {})
        counts[key] = counts.get(key, 0) + int(row["count"])
    return found


def closed_as(store: Store) -> dict[str, int]:
    """How many lifecycles ended as what."""
    c = lifecycles.c
    query = sa.select(c.closed_as, sa.func.count().label("count")).where(c.closed).group_by(c.closed_as)
    return {str(row["closed_as"]): row["count"] for row in rows(store, query)}


def bottlenecks(store: Store, limit: int = 10) -> list[Bottleneck]:
    """The posts that most is waited for, those with most overdue first; what is only to be read does not count."""
    r = requests.c
    overdue = sa.func.sum(sa.case((r.overdue, 1), else_=0)).label("overdue")
    waiting = sa.func.count().label("waiting")
    query = (
        sa.select(r.post, waiting, overdue, sa.func.min(r.opened_at).label("oldest"))
        .where(r.stream.not_in(sa.select(lifecycles.c.stream).where(lifecycles.c.held)), r.kind != "read")
        .group_by(r.post)
        .order_by(overdue.desc(), waiting.desc(), r.post)
        .limit(limit)
    )
    return [Bottleneck(**row) for row in rows(store, query)]


def stale(store: Store, days: int, limit: int = 10) -> list[Row]:
    """Open lifecycles that have been at their stage for so long, the longest first."""
    c, since = lifecycles.c, store.clock.now() - timedelta(days=days)
    query = sa.select(lifecycles).where(_OPEN, c.held.is_(False), c.entered_at < since)
    return rows(store, query.order_by(c.entered_at, c.stream).limit(limit))


def smart_city(store: Store, fields: list[str], lives: list[str]) -> list[Cell]:
    """The smart-city map: lifecycles tagged `smart-city`, by their `field:` and `life:` tags; each may stand in several cells."""
    c = lifecycles.c
    tagged = sa.cast(c.tags, sa.Text).contains(json.dumps("smart-city"), autoescape=True)
    query = sa.select(c.stream, c.title, c.ref, c.stage, c.health, c.closed, c.closed_as, c.tags).where(tagged)
    cells: dict[tuple[str, str | None], list[Row]] = {}
    for row in rows(store, query.order_by(c.started_at, c.ref, c.stream).limit(1000)):
        kinds = [tag.split(":", 1) for tag in row["tags"] if ":" in tag]
        for field in [v for k, v in kinds if k == "field" and v in fields]:
            for life in [v for k, v in kinds if k == "life" and v in lives] or [None]:
                cells.setdefault((field, life), []).append(row)
    return [Cell(field=f, life=life, found=tuple(found)) for (f, life), found in cells.items()]
