"""Which window of the budget a lifecycle can reach from where it is. Without a better forecast, by the process's own due dates."""

from __future__ import annotations

from datetime import date, datetime

from domain.calendar import Calendar, end_of_business, local_day
from domain.facts import Facts
from domain.fiscal import Opening, first_reachable, still_open, warn_at
from domain.lifecycle.events import WindowAim
from domain.lifecycle.state import Lifecycle
from domain.process import ProcessDefinition, Stage


def before_budget(process: ProcessDefinition, stage: str) -> list[Stage]:
    """The stages from `stage` up to and with the budget request, in order; none when it lies behind or there is no request."""
    keys = {s.key: s for s in process.stages}
    found: list[Stage] = []
    at = keys.get(stage)
    while at is not None and at not in found:
        found.append(at)
        if at.deliverable == "budgeting":
            return found
        at = keys.get(at.next or "")
    return []


def ready_on(
    process: ProcessDefinition, calendar: Calendar, stage: str, moment: datetime, step: int | None = None
) -> date | None:
    """The day on which the budget request is handed in when everybody takes the time the process gives them.

    `stage` is being drafted at `moment`, or waits at the `step`-th step of its route. None when the request lies behind.
    """
    ahead = before_budget(process, stage)
    if not ahead:
        return None
    for place, at in enumerate(ahead):
        begun = place == 0 and step is not None
        if not begun:
            moment = calendar.after(moment, at.due)
        if at.deliverable == "budgeting":
            break
        for due in (s.due for s in at.gate[(step or 0) if begun else 0 :]):
            moment = calendar.after(moment, due)
    return local_day(moment)


def forecast(state: Lifecycle, process: ProcessDefinition, calendar: Calendar, now: datetime) -> date | None:
    """`ready_on` from where the lifecycle stands. None when its request has been handed in or lies behind."""
    if state.closed or state.work != state.stage or (state.aim is not None and state.aim.handed_in):
        return None
    step = min((r.step_index for r in state.requests if r.kind == "decide" and r.step_index >= 0), default=None)
    return ready_on(process, calendar, state.stage, now, step)


def aim_at(found: Opening, facts: Facts) -> WindowAim:
    """An opening as it is kept in events."""
    assert facts.fiscal is not None
    return WindowAim(
        fiscal_year=found.fiscal_year,
        window=found.window,
        title=found.title,
        closes_at=end_of_business(found.requests_close),
        warn_at=warn_at(facts.fiscal, facts.calendar, found),
    )


def reachable(state: Lifecycle, stage: str, round_: int, facts: Facts, now: datetime) -> WindowAim | None:
    """The first window that the work can reach when `stage` is begun now; None without a fiscal calendar or behind the request."""
    if facts.fiscal is None or facts.definition is None:
        return None
    ready = ready_on(facts.definition, facts.calendar, stage, now)
    if ready is None:
        return None
    first = still_open(now)
    found = first_reachable(facts.fiscal, facts.calendar, first, max(ready, first), new=round_ == 1)
    return aim_at(found, facts) if found is not None else None


def newly_aimed(state: Lifecycle, stage: str, round_: int, facts: Facts, now: datetime) -> WindowAim | None:
    """The aim that a draft asked for now brings with it: when none holds, or when work went faster and an earlier window is in reach.

    What a person chose stays until it has passed; a forecast that slips does not move an aim, it leads to its warning.
    """
    aim, found = state.aim, reachable(state, stage, round_, facts, now)
    if aim is None:
        return found
    if aim.handed_in:
        return None if (round_, stage) == (state.round, state.stage) else found
    if aim.at.closes_at <= now:
        return found
    sooner = not aim.chosen and found is not None and found.closes_at < aim.at.closes_at
    return found if sooner else None
