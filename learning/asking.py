"""What shells and pages ask of a store's history about one lifecycle."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from domain.lifecycle.state import Lifecycle
from domain.messages import Text
from domain.process import ProcessDefinition
from learning import hypotheses
from learning.backtest import held
from learning.forecast import Forecast, Held, forecast
from learning.history import History
from learning.hypotheses import Lessons, lessons
from learning.keeping import Kept
from learning.ways import of_store
from store.store import Store

AT_MOST = 10_000
"""Lifecycles that pages reckon a forecast from: where there are more, an even choice of them says the same."""
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
    return _Known(History(ways, calendar, now), held(ways, definitions(store), calendar, now))


def definitions(store: Store) -> Callable[[str], ProcessDefinition | None]:
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
