"""Flows of the portfolio, kept for pages and the API."""

from __future__ import annotations

from collections import OrderedDict
from datetime import date
from threading import Lock
from time import monotonic

from charts import gathering
from charts.models import FlowChart
from domain.calendar import local_day
from store import queries
from store.store import Store

KEPT = 16
"""Flows in memory: the whole portfolio's and those of some bureaus."""


def flow_of(store: Store, bureau: str = "") -> FlowChart:
    """The whole portfolio's, or that of one bureau."""
    return _FLOWS.get(store, bureau)


class _Flows:
    """Flows kept in memory. Each is summed over every stay at a stage, which takes seconds where there are a million: it is made
    anew when something was recorded, but no sooner than fifty times as long as the making took, and once for all who wait."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[tuple[Store, str], tuple[tuple[int, date], float, FlowChart]] = OrderedDict()

    def get(self, store: Store, bureau: str) -> FlowChart:
        as_of = (queries.head_position(store), local_day(store.clock.now()))
        with self._lock:
            kept = self._kept.get((store, bureau))
            if kept is not None and (kept[0] == as_of or monotonic() < kept[1]):
                return kept[2]
            began = monotonic()
            made = gathering.flow(store, bureau or None)
            until = monotonic() + 50 * (monotonic() - began)
            self._kept[store, bureau] = (as_of, until, made)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return made


_FLOWS = _Flows()
