"""Offices with seasons of their own: finance (内示 → 議決 → 配当) and those who measure KPIs, quarter by quarter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.calendar import Span, fiscal_year, local_day
from domain.fiscal import opening
from domain.lifecycle import commands as c
from domain.lifecycle.amounts import window_of
from domain.lifecycle.state import BudgetLine, Lifecycle, Request
from rehearsal.script import MARK, Intention, later, on_day, scripted

if TYPE_CHECKING:
    from rehearsal.people import Deed, People

_VOTES = ((3, 25), (6, 27), (9, 27), (12, 19))
"""Days on which the assembly's sessions end with the vote (ours)."""
_REACHED: Mapping[str | None, float] = {
    "expansion": 1.1,
    "completion": 1.0,
    "continuation": 0.9,
    "improvement": 0.45,
    "abolition": 0.08,
    None: 0.6,
}
"""Share of the way from baseline to target that is reached in a year, by how the record ends (ours)."""


def budget_intentions(people: People, state: Lifecycle, now: datetime) -> list[Intention]:
    """The next amount that finance will record for the budget in question."""
    year = state.budget_year
    line = line_of(state)
    if year is None or line is None or line.amount("asked") is None:
        return []
    following = next((s for s in ("indicated", "voted", "allotted") if line.amount(s) is None), None)
    subject = f"{year} {window_of(state, year)} {following}"
    if following is None or people.means(state.stream, "budget", subject):
        return []
    if following == "indicated":
        if not _waits_for_finance(people, state):
            return []
        return [Intention(_indication(people, state, year, now), state.stream, "budget", subject)]
    rng = people.dice("budget", state.stream, year)
    if following == "voted":
        return [
            Intention(on_day(people.facts.calendar, _vote(people, state, now), rng), state.stream, "budget", subject)
        ]
    first = max(date(year, 4, 1), local_day(later(people.facts.calendar, now, 3, rng)))
    return [Intention(on_day(people.facts.calendar, first, rng), state.stream, "budget", subject)]


def line_of(state: Lifecycle) -> BudgetLine | None:
    """What was asked for last, in its own window: a year may have been asked for in another before."""
    budget = state.budgets.get(state.budget_year or 0)
    return budget.lines.get(window_of(state, state.budget_year or 0)) if budget is not None else None


def season_is_far(state: Lifecycle, now: datetime) -> bool:
    """The budget request came up between the supplementary budget of September and the asking for the initial one."""
    drafting = any(r.kind == "draft" and r.stage == "budgeting" for r in state.requests)
    return drafting and not state.versions.get(f"budgeting/{state.round}") and local_day(now).month in (8, 9)


def asking_begins(people: People, now: datetime) -> date:
    """Bureaus ask for the initial budget from the end of October (ours)."""
    return people.facts.calendar.working_day_from(date(local_day(now).year, 10, 25))


def in_budget_season(people: People, state: Lifecycle, at: datetime, now: datetime) -> datetime:
    """A request for the initial budget is handed in in the second half of November, when asking closes."""
    day = local_day(at)
    closing = date(day.year, 11, 18)
    if local_day(now).month < 8 or day >= closing:
        return at
    rng = people.dice("asking", state.stream, day.year)
    return on_day(people.facts.calendar, closing + timedelta(days=rng.randrange(0, 10)), rng)


def _waits_for_finance(people: People, state: Lifecycle) -> bool:
    directory = people.facts.directory
    return any(
        r.kind == "decide" and (p := directory.post(r.post)) is not None and p.role == "finance_director"
        for r in state.requests
        if r.stage == state.stage and r.step != "concurrence"
    )


def _indication(people: People, state: Lifecycle, year: int, now: datetime) -> datetime:
    """The initial budget is indicated toward the end of January or in February; what comes late, within weeks."""
    rng, calendar = people.dice("indication", state.stream, year), people.facts.calendar
    season = date(year, 1, 18) + timedelta(days=rng.randrange(0, 16))
    if fiscal_year(local_day(now)) < year and local_day(now) < season:
        return on_day(calendar, season, rng)
    return later(calendar, now, rng.randrange(5, 14), rng)


def _vote(people: People, state: Lifecycle, now: datetime) -> date:
    """The end of the first session that can take it: a bill comes some days before, and no window's before its own session."""
    earliest = local_day(people.facts.calendar.after(now, Span(working_days=8)))
    fiscal, year = people.facts.fiscal, state.budget_year or 0
    window = fiscal.window(window_of(state, year)) if fiscal else None
    if fiscal is not None and window is not None:
        earliest = max(earliest, opening(fiscal, people.facts.calendar, window, year).session[0])
    days = [date(earliest.year + y, month, day) for y in (0, 1) for month, day in _VOTES]
    return min(d for d in days if d >= earliest)


def record_budget(people: People, intention: Intention, state: Lifecycle, now: datetime) -> Deed | None:
    """Finance records the next amount: mostly what was asked, at times less, in thousands of yen."""
    year, window, reached = intention.subject.split(" ")
    post = next((p for p in people.facts.directory.posts if p.role == "finance_director"), None)
    person = people.holder(post.id, now) if post else None
    budget = state.budgets.get(int(year))
    line = budget.lines.get(window) if budget is not None else None
    if post is None or person is None or line is None or line.amount(reached) is not None:
        return None
    rng = people.dice("amount", state.stream, year, window)
    share = 1.0 if rng.random() < 0.55 else rng.uniform(0.7, 0.98)
    amount = line.amount("voted" if reached == "allotted" else "indicated")
    if amount is None:
        amount = line.amount("asked") or 0
        amount = amount if share == 1.0 else int(amount * share) // 1000 * 1000
    command = c.RecordBudget.model_validate(
        {
            "command_id": f"rehearsal:budget:{year}:{window}:{reached}",
            "stream": state.stream,
            "fiscal_year": int(year),
            "window": window,
            "state": reached,
            "amount": amount,
        }
    )
    return command, scripted(person, post.id)


def last_over(today: date) -> str:
    """The last calendar quarter that is over, e.g. 2026-Q1 on any day of April to June 2026."""
    quarter = (today.month - 1) // 3
    return f"{today.year}-Q{quarter}" if quarter else f"{today.year - 1}-Q4"


def following(period: str) -> str:
    year, quarter = int(period[:4]), int(period[-1])
    return f"{year + 1}-Q1" if quarter == 4 else f"{year}-Q{quarter + 1}"


def last_day(period: str) -> date:
    year, quarter = int(period[:4]), int(period[-1])
    return (date(year + (quarter == 4), quarter % 4 * 3 + 1, 1)) - timedelta(days=1)


def evaluation_intentions(people: People, state: Lifecycle, r: Request, now: datetime) -> list[Intention]:
    """Owners measure once the quarter is over, and the report follows when all have measured."""
    period, calendar = people.period(state, r, now), people.facts.calendar
    over = max(last_day(period) + timedelta(days=1), local_day(now))
    rng, found = people.dice("evaluation", r.id), []
    latest = on_day(calendar, over, rng)
    for kpi in state.kpis:
        own = people.dice("measuring", r.id, kpi.key)
        at = later(calendar, max(latest, now), own.randrange(2, 7), own)
        found.append(Intention(at, state.stream, "measure", f"{kpi.key} {period} {state.round}"))
    ready = max((i.at for i in found), default=latest)
    found.append(Intention(later(calendar, max(ready, now), rng.randrange(1, 4), rng), state.stream, "submit", r.id))
    return found


def measure(people: People, intention: Intention, state: Lifecycle, now: datetime) -> Deed | None:
    """One value toward the script's trend, with the noise of real figures."""
    key, period, round_ = intention.subject.split(" ")
    kpi = next((k for k in state.kpis if k.key == key), None)
    if kpi is None or state.round != int(round_) or not state.repeats:
        people.forget(intention)
        return None
    baseline, target, set_in = people.aim(state.stream, key)
    script = people.scripts[state.stream]
    begun = local_day(state.entered_at) if state.entered_at else local_day(now)
    quarters = max(0, (last_day(period) - begun).days // 90 + 2) if set_in == state.round else 4
    outcome = script.outcome if state.round == 1 else "continuation"
    reached = _REACHED[outcome] * min(1.0, quarters / 4) + people.dice("noise", state.stream, key, period).gauss(
        0, 0.04
    )
    places = max(0, -min(_exponent(baseline), _exponent(target)), 0 if abs(target - baseline) >= 20 else 1)
    value = round(baseline + (target - baseline) * Decimal(str(round(reached, 4))), places)
    command = c.RecordMeasurement(
        command_id=f"rehearsal:measure:{key}:{period}:{round_}",
        stream=state.stream,
        kpi=key,
        period=period,
        value=max(value, Decimal(0)) if baseline >= 0 and target >= 0 else value,
        note=f"{MARK}四半期の実績",
    )
    return command, scripted(kpi.owner)


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
