"""What shells and pages ask of a store's history about one lifecycle."""

from __future__ import annotations

import time
from threading import Lock, Thread
from typing import NamedTuple
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from domain.calendar import Calendar
from domain.lifecycle.state import Lifecycle
from domain.messages import Text
from learning import hypotheses
from learning.backtest import held
from learning.forecast import Forecast, Held, forecast
from learning.history import History
from learning.hypotheses import Lessons, lessons
from learning.ways import of_store
from store.store import Store
from store.tables import lifecycles

KEEP = 3600.0
"""Seconds for which pages keep the history that they reckon with: it grows by the month."""
AT_ONCE = 2_000
"""Of so many lifecycles the history is made while a page waits; of more beside it, and the first pages say so."""
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
    known = _made(store, facts.calendar) if fresh else _remembered(store, facts.calendar)
    if known is None:
        return Forecast(stream=stream, stage=state.stage, since=state.entered_at, expected=(), silent=_RECKONING)
    return forecast(known.history, facts.definition, state).model_copy(update={"held": known.held})


class _Known(NamedTuple):
    """The history, and how the bands drawn from it a year ago did since."""

    history: History
    held: Held | None


_KEPT: WeakKeyDictionary[Store, tuple[float, _Known]] = WeakKeyDictionary()
_MAKING: WeakKeyDictionary[Store, Thread] = WeakKeyDictionary()
_ONE = Lock()


def _made(store: Store, calendar: Calendar) -> _Known:
    ways, now = of_store(store), store.clock.now()
    return _Known(History(ways, calendar, now), held(ways, lambda ref: store.facts(ref).definition, calendar, now))


def _remembered(store: Store, calendar: Calendar) -> _Known | None:
    """The history as it was made last. When it is old another is made beside; None where the first is still being made."""

    def make() -> None:
        _KEPT[store] = (time.monotonic(), _made(store, calendar))

    kept = _KEPT.get(store)
    if kept is not None and time.monotonic() - kept[0] <= KEEP:
        return kept[1]
    with _ONE:
        making = _MAKING.get(store)
        if making is None or not making.is_alive():
            making = _MAKING[store] = Thread(target=make, name="history", daemon=True)
            making.start()
    if kept is None and _few(store):
        making.join()
        kept = _KEPT.get(store)
    return kept[1] if kept is not None else None


def _few(store: Store) -> bool:
    some = sa.select(lifecycles.c.stream).limit(AT_ONCE + 1).subquery()
    with store.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()) <= AT_ONCE


def lessons_at(store: Store, state: Lifecycle, *, fresh: bool = True) -> Lessons | None:
    """What past hypotheses teach, where a hypothesis is being drafted or decided; None anywhere else."""
    process = store.facts(state.definition).definition
    if state.closed or process is None or state.work != state.stage:
        return None
    stage = next((s for s in process.stages if s.key == state.stage), None)
    if stage is None or stage.deliverable != "hypothesis":
        return None
    found = hypotheses.past(store) if fresh else hypotheses.remembered(store)
    return lessons(found, state.section, but=state.stream)
