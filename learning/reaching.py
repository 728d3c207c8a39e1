"""Which windows of the budget can be reached: in general, or by one lifecycle from where it is."""

from __future__ import annotations

from datetime import date
from typing import Literal, NamedTuple

from domain.calendar import end_of_business, local_day
from domain.facts import Facts
from domain.fiscal import Reach, reach, still_open
from domain.lifecycle.aiming import forecast
from domain.lifecycle.state import Aiming, Lifecycle
from learning.asking import forecast_of
from store.store import Store
from store.windows import aiming

ReadyBy = Literal["given", "history", "due_dates", "today", "asked"]


class Windows(NamedTuple):
    """`ready`: when the request can be handed in, and by what that is known; None once it has been asked for. `counts`: (fiscal
    year, window) -> how many open lifecycles aim at it."""

    stream: str | None
    title: str
    calendar: str
    today: date
    ready: date | None
    ready_by: ReadyBy
    aim: Aiming | None
    reach: tuple[Reach, ...]
    counts: dict[tuple[int, str], int]

    @property
    def asked(self) -> bool:
        """The budget has been asked for, or that stage lies behind."""
        return self.ready_by == "asked"

    def aiming(self, at: Reach) -> int:
        return self.counts.get((at.opening.fiscal_year, at.opening.window), 0)


def windows_of(store: Store, stream: str | None, ready: date | None = None, *, fresh: bool = True) -> Windows:
    """`ready`: the day when it is known better. `fresh`: see `learning.asking.forecast_of`."""
    now = store.clock.now()
    today = local_day(now)
    state = store.load(stream)[0] if stream else None
    facts = store.facts(state.definition if state else None)
    assert facts.fiscal is not None
    by_dates = forecast(state, facts.definition, facts.calendar, now) if state and facts.definition else None
    by_history = _by_history(store, state, facts, fresh) if state is not None and by_dates is not None else None
    expected = ready or by_history or by_dates
    new = state is None or state.round == 1
    asked = state is not None and ready is None and by_dates is None
    return Windows(
        stream=stream,
        title=state.title if state else "",
        calendar=facts.fiscal.reference,
        today=today,
        ready=None if asked else expected or today,
        ready_by="asked" if asked else _ready_by(ready, by_history, by_dates),
        aim=state.aim if state is not None else None,
        reach=reach(facts.fiscal, facts.calendar, still_open(now), expected or today, new=new),
        counts=aiming(store),
    )


def _ready_by(given: date | None, by_history: date | None, by_dates: date | None) -> ReadyBy:
    return "given" if given else "history" if by_history else "due_dates" if by_dates else "today"


def _by_history(store: Store, state: Lifecycle, facts: Facts, fresh: bool) -> date | None:
    """When the request is ready by the city's own history: half of the comparable lifecycles had come to the budgeting by then, and
    its draft takes what the process gives it. None where the forecast is silent."""
    process = facts.definition
    stage = next((s for s in process.stages if s.deliverable == "budgeting"), None) if process else None
    if stage is None or state.stage == stage.key:
        return None
    found = next((e for e in forecast_of(store, state.stream, fresh=fresh).expected if e.stage == stage.key), None)
    if found is None or found.on is None:
        return None
    return local_day(facts.calendar.after(end_of_business(found.on), stage.due))
