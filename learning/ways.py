"""What a forecast needs of each lifecycle: when it entered which stage, and when its review was decided. From traces, or from the
store's read models (small and quick: pages ask)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from learning.traces import Trace
from store.store import Store
from store.tables import lifecycles, outcomes, retractions, stage_visits, streams

END = "(outcome)"
"""Stands among the stages for the decision on the review: the end of a round."""


@dataclass(frozen=True)
class Way:
    """`steps`: (stage or END, entered at), in order. `whole`: the first of them is a beginning, not an adoption in the middle.
    `over`: when it was closed, None while it goes on. `round`: that of the first step; what is adopted may be in a later one."""

    stream: str
    section: str
    definition: str
    steps: tuple[tuple[str, datetime], ...]
    whole: bool = True
    over: datetime | None = None
    round: int = 1

    def again(self, i: int) -> bool:
        """Whether the i-th step leads to a stage in which it had been before, or in a later round."""
        return self.round > 1 or any(name in (END, self.steps[i][0]) for name, _ in self.steps[:i])

    def until(self, moment: datetime) -> Way:
        """What was known of it then."""
        steps = tuple(s for s in self.steps if s[1] < moment)
        over = self.over if self.over is not None and self.over < moment else None
        return replace(self, steps=steps, over=over)


def of_traces(traces: Iterable[Trace]) -> list[Way]:
    return [
        Way(
            t.stream,
            t.section,
            t.definition,
            _in_order([(v.stage, v.entered_at) for v in t.visits if v.because != "wind_down"], t.outcomes),
            whole=not t.visits or t.visits[0].whole,
            over=t.closed_at,
            round=t.visits[0].round if t.visits else 1,
        )
        for t in traces
    ]


def of_store(store: Store, most: int | None = None, *, only: str | None = None) -> list[Way]:
    """From the read models `stage_visits` and `outcomes`, without what an answer taken back had led to. A closed lifecycle ended
    with its last event. `most`: about how many lifecycles are looked at; where there are more, every second, third … by start.
    `only`: one stream."""
    chosen = _even_choice(store, most) if most is not None and only is None else None

    def among(query: sa.Select[Any], table: sa.Table) -> sa.Select[Any]:
        if only is not None:
            return query.where(table.c.stream == only)
        return query if chosen is None else query.where(table.c.stream.in_(chosen))

    steps: defaultdict[str, list[tuple[str, datetime]]] = defaultdict(list)
    ends: defaultdict[str, list[tuple[str, int, datetime]]] = defaultdict(list)
    rounds: dict[str, int] = {}
    with store.database.read() as connection:
        undone: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        gone = sa.select(retractions.c.stream, retractions.c.answered_at, retractions.c.version)
        for t in connection.execute(gone):
            undone[t.stream].append((t.answered_at, t.version))

        def stands(stream: str, version: int) -> bool:
            return not any(a <= version < b for a, b in undone.get(stream, ()))

        visits = sa.select(
            stage_visits.c.stream,
            stage_visits.c.version,
            stage_visits.c.stage,
            stage_visits.c.round,
            stage_visits.c.entered_at,
        )
        for v in connection.execute(
            among(visits, stage_visits).order_by(stage_visits.c.stream, stage_visits.c.version)
        ):
            if stands(v.stream, v.version):
                steps[v.stream].append((v.stage, v.entered_at))
                rounds.setdefault(v.stream, v.round)
        for o in connection.execute(
            among(sa.select(outcomes), outcomes).order_by(outcomes.c.stream, outcomes.c.version)
        ):
            if stands(o.stream, o.version):
                ends[o.stream].append((o.outcome, o.round, o.at))
        columns = (lifecycles.c.stream, lifecycles.c.section, lifecycles.c.definition, lifecycles.c.adopted)
        query = sa.select(*columns, lifecycles.c.closed, streams.c.last_at).join(
            streams, streams.c.stream == lifecycles.c.stream
        )
        return [
            Way(
                r.stream,
                r.section,
                r.definition,
                _in_order(steps[r.stream], ends[r.stream]),
                whole=not r.adopted,
                over=r.last_at if r.closed else None,
                round=rounds.get(r.stream, 1),
            )
            for r in connection.execute(among(query, lifecycles).order_by(lifecycles.c.stream))
        ]


def chosen_evenly(store: Store, most: int) -> list[str] | None:
    """The streams of an even choice of about so many lifecycles; None where there are no more."""
    chosen = _even_choice(store, most)
    if chosen is None:
        return None
    with store.database.read() as connection:
        return [str(stream) for (stream,) in connection.execute(chosen)]


def _even_choice(store: Store, most: int) -> sa.Select[Any] | None:
    with store.database.read() as connection:
        number = int(connection.execute(sa.select(sa.func.count()).select_from(lifecycles)).scalar_one())
    if number <= most:
        return None
    place = sa.func.row_number().over(order_by=(lifecycles.c.started_at, lifecycles.c.ref, lifecycles.c.stream))
    placed = sa.select(lifecycles.c.stream, place.label("place")).subquery()
    return sa.select(placed.c.stream).where(placed.c.place % -(-number // most) == 0)


def _in_order(
    steps: Iterable[tuple[str, datetime]], ends: Iterable[tuple[str, int, datetime]]
) -> tuple[tuple[str, datetime], ...]:
    """An outcome stands before the stage that it leads to: both happen at one moment."""
    marked = [(at, 1, stage) for stage, at in steps] + [(at, 0, END) for _, _, at in ends]
    return tuple((name, at) for at, _, name in sorted(marked, key=lambda m: (m[0], m[1])))
