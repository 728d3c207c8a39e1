"""How work goes, as the record teaches it, for the city and for each section: cycle times, waiting, ways, and the forecast's test.

Small enough to be kept in memory: the traces that it is made of are read once and forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from domain.messages import Frozen, Via
from learning.asking import definitions
from learning.backtest import Backtest, backtest
from learning.keeping import Kept
from learning.log import happenings
from learning.paths import Paths, paths
from learning.times import StageTime, Waiting, cycle, waiting
from learning.traces import TYPES, Trace, traces
from learning.ways import chosen_evenly, of_store
from store.queries import stage_titles
from store.store import Store
from store.tables import answers, lifecycles

READ, READ_AT_ONCE = 3_000, 100
"""Lifecycles whose events are read for what pages and the API tell of how work goes, some 20 ms each; of so many a reader waits for it."""


class Taught(Frozen):
    """Of some lifecycles. `scripted`: how many of them were answered by a rehearsal's people. `cycle`: in the order of the processes."""

    scripted: int
    cycle: tuple[StageTime, ...]
    waiting: Waiting
    paths: Paths

    @property
    def lifecycles(self) -> int:
        return self.paths.lifecycles


class Overview(Frozen):
    """As the record stood `at`. `known`: all lifecycles, of which `city` tells (or an even choice of them); `sections`: by section;
    `nothing`: of one in which no lifecycle is."""

    at: datetime
    known: int
    city: Taught
    sections: dict[str, Taught]
    nothing: Taught
    tried: Backtest
    """The forecast over the year held out, of the whole city."""

    def of(self, section: str | None) -> Taught:
        return self.city if section is None else self.sections.get(section, self.nothing)


def traces_of(store: Store, section: str | None = None, *, most: int | None = None) -> list[Trace]:
    """The ways of all lifecycles, or of those of one section, from the whole log. `most`: see `learning.ways.of_store`."""
    chosen = None if most is None else chosen_evenly(store, most)
    return [t for t in traces(happenings(store, TYPES, chosen)) if section is None or t.section == section]


def tested(store: Store, most: int | None = None) -> Backtest:
    """The forecast put to the test on the last fiscal year. `most`: see `learning.ways.of_store`."""
    ways, calendar, now = of_store(store, most), store.facts().calendar, store.clock.now()
    return backtest(ways, definitions(store), calendar, now)


def overview(store: Store, most: int | None = None) -> Overview:
    """`most`: about how many lifecycles are looked at; where there are more, an even choice of them."""
    order, calendar, now = list(stage_titles(store)), store.facts().calendar, store.clock.now()
    with store.database.read() as connection:
        known = int(connection.execute(sa.select(sa.func.count()).select_from(lifecycles)).scalar_one())
        played = sa.select(answers.c.stream).where(answers.c.via == Via.REHEARSAL.value).distinct()
        scripted = {r.stream for r in connection.execute(played)}
    found = traces_of(store, most=most)
    by_section: dict[str, list[Trace]] = {}
    for trace in found:
        by_section.setdefault(trace.section, []).append(trace)

    def taught(among: Sequence[Trace]) -> Taught:
        return Taught(
            scripted=sum(t.stream in scripted for t in among),
            cycle=tuple(cycle(among, calendar, order)),
            waiting=waiting(among, calendar, now, order),
            paths=paths(among),
        )

    return Overview(
        at=now,
        known=known,
        city=taught(found),
        sections={section: taught(own) for section, own in sorted(by_section.items())},
        nothing=taught(()),
        tried=tested(store, most),
    )


OVERVIEW = Kept("overview", lambda store: overview(store, READ), READ_AT_ONCE)
