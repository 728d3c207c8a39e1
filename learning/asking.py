"""What shells and pages ask of a store's history about one lifecycle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from domain.calendar import Calendar
from domain.lifecycle.state import Lifecycle
from domain.messages import Text
from domain.process import ProcessDefinition
from learning import hypotheses
from learning.backtest import Backtest, backtest, held
from learning.forecast import Forecast, Held, forecast
from learning.history import History
from learning.hypotheses import Lessons, lessons
from learning.keeping import Kept
from learning.log import happenings
from learning.paths import Paths, paths
from learning.times import StageTime, Waiting, cycle, waiting
from learning.traces import TYPES, Trace, traces
from learning.ways import chosen_evenly, of_store
from store import queries
from store.store import Store

AT_MOST = 10_000
"""Lifecycles that pages reckon a forecast from: where there are more, an even choice of them says the same."""
READ, READ_AT_ONCE = 3_000, 100
"""Lifecycles whose events are read for what pages and the API tell of how work goes, some 20 ms each; of so many a reader waits for it."""
_RECKONING = Text(
    ja="見通しを計算しています。しばらくして開き直してください", en="being reckoned; look again in a moment"
)


def forecast_of(store: Store, stream: str, *, fresh: bool = True) -> Forecast:
    """The forecast of a lifecycle; with `fresh` False from a history that may be an hour old, or silent while there is none yet. Raises
    `LookupError`."""
    state, _ = store.load(stream)
    facts = store.facts(state.definition)
    if facts.definition is None:
        silent = Text(ja=f"定義 {state.definition} がありません", en=f"definition {state.definition} is not here")
        return Forecast(stream=stream, stage=state.stage, since=state.entered_at, expected=(), silent=silent)
    if state.closed or state.hold is not None:  # nothing to look up
        return forecast(History((), facts.calendar, store.clock.now()), facts.definition, state)
    known = _made(store) if fresh else HISTORY.of(store)
    if known is None:
        return Forecast(stream=stream, stage=state.stage, since=state.entered_at, expected=(), silent=_RECKONING)
    if not fresh:
        for way in of_store(store, only=stream):
            known.history.meet(way)
    return forecast(known.history, facts.definition, state).model_copy(update={"held": known.held})


class _Known(NamedTuple):
    """The history, and how the bands drawn from it a year ago did since."""

    history: History
    held: Held | None


def _made(store: Store, most: int | None = None) -> _Known:
    ways, calendar, now = of_store(store, most), store.facts().calendar, store.clock.now()
    return _Known(History(ways, calendar, now), held(ways, _definitions(store), calendar, now))


def _definitions(store: Store) -> Callable[[str], ProcessDefinition | None]:
    """Definitions by their reference, each asked for once."""
    return cache(lambda reference: store.facts(reference).definition)


HISTORY = Kept("history", lambda store: _made(store, AT_MOST))
PAST = Kept("hypotheses", hypotheses.past)


def lessons_at(store: Store, state: Lifecycle, *, fresh: bool = True) -> Lessons | None:
    """What past hypotheses teach, where a hypothesis is being drafted or decided; None anywhere else. With `fresh` False they may be an
    hour old, or silent while there are none yet."""
    process = store.facts(state.definition).definition
    if state.closed or process is None or state.work != state.stage:
        return None
    stage = next((s for s in process.stages if s.key == state.stage), None)
    if stage is None or stage.deliverable != "hypothesis":
        return None
    found = hypotheses.past(store) if fresh else PAST.of(store)
    if found is None:
        return lessons((), state.section).model_copy(update={"silent": _RECKONING})
    return lessons(found, state.section, but=state.stream)


# --- how work goes ---------------------------------------------------------------------------------------------------


def stage_titles(store: Store) -> dict[str, Text]:
    """Titles of stages by key in the order of the processes, the newest version's word last."""
    found: dict[str, Text] = {}
    for row in queries.published_definitions(store):
        process = store.facts(f"{row['name']}@{row['version']}").definition
        found |= {s.key: s.title for s in process.all_stages} if process else {}
    return found


def traces_of(store: Store, section: str | None = None, *, most: int | None = None) -> list[Trace]:
    """The ways of all lifecycles, or of those of one section, from the whole log. `most`: see `learning.ways.of_store`."""
    chosen = None if most is None else chosen_evenly(store, most)
    return [t for t in traces(happenings(store, TYPES, chosen)) if section is None or t.section == section]


class Work(NamedTuple):
    """How the work of some lifecycles goes: time in stages, time waited, ways taken."""

    cycle: Sequence[StageTime]
    waiting: Waiting
    paths: Paths


class Worked(NamedTuple):
    """Of all lifecycles, of those of each section, and of `none`, as of a moment."""

    at: datetime
    city: Work
    sections: dict[str, Work]
    none: Work

    def of(self, section: str | None) -> Work:
        return self.city if section is None else self.sections.get(section, self.none)


def _work(found: Sequence[Trace], calendar: Calendar, now: datetime, order: Sequence[str]) -> Work:
    return Work(cycle(found, calendar, order), waiting(found, calendar, now, order), paths(found))


def _worked(store: Store) -> Worked:
    """One pass over the log for all sections."""
    found, order = traces_of(store, most=READ), list(stage_titles(store))
    calendar, now = store.facts().calendar, store.clock.now()
    sections: defaultdict[str, list[Trace]] = defaultdict(list)
    for trace in found:
        sections[trace.section].append(trace)
    each = {section: _work(own, calendar, now, order) for section, own in sections.items()}
    return Worked(now, _work(found, calendar, now, order), each, _work((), calendar, now, order))


def _tested(store: Store) -> Backtest:
    return tested(store, AT_MOST)


def tested(store: Store, most: int | None = None) -> Backtest:
    """The forecast put to the test on the last fiscal year. `most`: see `learning.ways.of_store`."""
    ways, calendar, now = of_store(store, most), store.facts().calendar, store.clock.now()
    return backtest(ways, _definitions(store), calendar, now)


WORK = Kept("work", _worked, READ_AT_ONCE)
TESTED = Kept("backtest", _tested)
