"""What the record teaches at a glance, for the city and for each section: cycle times, waiting, ways, and the forecast's test.

Small enough to be kept in memory: the traces that it is made of are read once and forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from domain.messages import Frozen, Via
from learning.asking import READ, READ_AT_ONCE, stage_titles, tested, traces_of
from learning.backtest import Backtest
from learning.keeping import Kept
from learning.paths import Loop, Step, Variant, paths
from learning.times import StageTime, Waiting, cycle, waiting
from learning.traces import Trace
from store.store import Store
from store.tables import answers, lifecycles

COMMONEST = 12
"""Ways, loops and send-backs that are kept of each section."""


class Taught(Frozen):
    """Of some lifecycles. `scripted`: how many of them were answered by a rehearsal's people. `ways`: how many different ones there
    are, the commonest of which are `variants`."""

    lifecycles: int
    scripted: int
    cycle: tuple[StageTime, ...]
    """The stage that took most of the time first."""
    waiting: Waiting
    ways: int
    variants: tuple[Variant, ...]
    loops: tuple[Loop, ...]
    sent_back: tuple[Step, ...]


class Overview(Frozen):
    """As the record stood `at`. `known`: all lifecycles, of which `city` tells (or an even choice of them); `sections`: by section."""

    at: datetime
    known: int
    city: Taught
    sections: dict[str, Taught]
    tried: Backtest
    """The forecast over the year held out, of the whole city."""


def overview(store: Store, most: int | None = None) -> Overview:
    """`most`: about how many lifecycles are looked at; where there are more, an even choice of them."""
    order, now = list(stage_titles(store)), store.clock.now()
    with store.database.read() as connection:
        known = int(connection.execute(sa.select(sa.func.count()).select_from(lifecycles)).scalar_one())
        played = sa.select(answers.c.stream).where(answers.c.via == Via.REHEARSAL.value).distinct()
        scripted = {r.stream for r in connection.execute(played)}
    found = traces_of(store, most=most)
    by_section: dict[str, list[Trace]] = {}
    for trace in found:
        by_section.setdefault(trace.section, []).append(trace)

    def taught(among: Sequence[Trace]) -> Taught:
        calendar, ways = store.facts().calendar, paths(among)
        return Taught(
            lifecycles=len(among),
            scripted=sum(t.stream in scripted for t in among),
            cycle=tuple(sorted(cycle(among, calendar, order), key=lambda s: -s.share)),
            waiting=waiting(among, calendar, now, order),
            ways=len(ways.variants),
            variants=ways.variants[:COMMONEST],
            loops=ways.loops[:COMMONEST],
            sent_back=ways.sent_back[:COMMONEST],
        )

    return Overview(
        at=now,
        known=known,
        city=taught(found),
        sections={section: taught(own) for section, own in sorted(by_section.items())},
        tried=tested(store, most),
    )


OVERVIEW = Kept("overview", lambda store: overview(store, READ), READ_AT_ONCE)
