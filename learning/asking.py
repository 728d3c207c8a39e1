"""What shells and pages ask of a store's history about one lifecycle."""

from __future__ import annotations

from domain.lifecycle.state import Lifecycle
from domain.messages import Text
from learning import hypotheses
from learning.forecast import Forecast, History, forecast
from learning.hypotheses import Lessons, lessons
from learning.ways import of_store, remembered
from store.store import Store


def forecast_of(store: Store, stream: str, *, fresh: bool = True) -> Forecast:
    """The forecast of a lifecycle; with `fresh` False from a history that may be ten minutes old. Raises `LookupError`."""
    state, _ = store.load(stream)
    facts = store.facts(state.definition)
    if facts.definition is None:
        silent = Text(ja=f"定義 {state.definition} がありません", en=f"definition {state.definition} is not here")
        return Forecast(stream=stream, stage=state.stage, since=state.entered_at, expected=(), silent=silent)
    if state.closed or state.hold is not None:  # nothing to look up
        return forecast(History((), facts.calendar, store.clock.now()), facts.definition, state)
    ways = of_store(store) if fresh else remembered(store)
    return forecast(History(ways, facts.calendar, store.clock.now()), facts.definition, state)


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
