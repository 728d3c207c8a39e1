"""Data of charts from the store."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from charts import reading
from charts.models import BudgetChart, FlowChart, Forecast, KpiChart, StageName, TimelineChart, ValueChart
from domain.calendar import local_day
from domain.lifecycle.state import Lifecycle
from domain.messages import Recorded, Text
from domain.process import ProcessDefinition
from domain.selection.round import SelectionRound, evolve
from store import bodies, flows, queries
from store.store import Store

POINTS = 60
"""Days at most that a flow is drawn through."""


def kpis(store: Store, stream: str) -> tuple[KpiChart, ...]:
    state = _state(store, stream)
    if not state.kpis:
        return ()
    return kpis_of(state, store.events(stream, open_texts=False), local_day(store.clock.now()))


def kpis_of(state: Lifecycle, recorded: Sequence[Recorded], today: date) -> tuple[KpiChart, ...]:
    """With the forecast to the target date, a band that opens from the last level, where enough has been measured."""
    from figures.lifecycles import figures_of

    bands: dict[str, tuple[Forecast, ...]] = {}
    for figure in figures_of([state], today)[0] if state.kpis else ():
        if figure.forecast is not None and figure.levels and figure.forecast.on > figure.levels[-1].period.end:
            last, f = figure.levels[-1], figure.forecast
            begins = Forecast(on=last.period.end, low=float(last.level), mid=float(last.level), high=float(last.level))
            bands[figure.aim.key] = (begins, Forecast(on=f.on, low=f.low, mid=f.value, high=f.high))
    return reading.kpis(state, recorded, bands)


def budget(store: Store, stream: str) -> BudgetChart:
    return reading.budget(_state(store, stream))


def timeline(store: Store, stream: str) -> TimelineChart:
    state = _state(store, stream)
    process = store.facts(state.definition).definition
    names = stages_of([process] if process is not None else [])
    today = local_day(store.clock.now())
    return reading.timeline(state, store.events(stream, open_texts=False), names, today)


def value(store: Store, round_: str | None = None) -> ValueChart:
    """Over one selection round, or over all. Raises `LookupError` when there is no such round."""
    streams = [r["stream"] for r in bodies.all_rounds(store)] if round_ is None else [round_]
    found = [store.load(s)[0] for s in streams]
    rounds = [s for s in found if isinstance(s, SelectionRound)]
    if len(rounds) < len(found):
        raise LookupError(round_)
    return reading.value(rounds, rounds[0].title if round_ is not None else "")


def flow(store: Store, bureau: str | None = None) -> FlowChart:
    """The whole portfolio up to today, or that of one bureau."""
    unit = store.facts().directory.unit(bureau) if bureau is not None else None
    scope = unit.name if unit is not None else Text(ja="", en="")
    return _flow(store, flows.moves(store, bureau=bureau), store.clock.now(), local_day(store.clock.now()), scope)


def flow_at(store: Store, position: int, at: datetime) -> FlowChart:
    """The whole portfolio as of a position of the log, recorded `at`: what came later is not in it."""
    return _flow(store, flows.moves(store, upto=position), at, local_day(at), Text(ja="", en=""))


def value_at(store: Store, position: int) -> ValueChart:
    """All selection rounds as of a position of the log."""
    rounds = []
    for stream in sorted(r["stream"] for r in bodies.all_rounds(store)):
        state = SelectionRound(stream=stream)
        for r in store.events(stream, open_texts=False):
            if r.position <= position:
                state = evolve(state, r)
        rounds.append(state)
    return reading.value(rounds)


def _flow(store: Store, moves: Sequence[flows.Move], at: datetime, last: date, scope: Text) -> FlowChart:
    """Stages are those of the definitions published by then, in the order of the newest; others come behind."""
    published = [r for r in queries.published_definitions(store) if r["published_at"] <= at]
    processes = [store.facts(f"{r['name']}@{r['version']}").definition for r in reversed(published)]
    known = stages_of(p for p in processes if p is not None)
    been = {m.stage for m in moves} - {flows.ENDED}
    known = [s for s in known if s.key in been or s.key not in reading.ASIDE]
    known += [StageName(key=k, title=Text(ja=k, en=k)) for k in sorted(been - {s.key for s in known})]
    return summed(moves, known, max(last, date.fromisoformat(moves[-1].day)) if moves else last, scope)


def summed(moves: Sequence[flows.Move], stages: Sequence[StageName], last: date, scope: Text) -> FlowChart:
    """Moves added up to how many there were at the end of each of some days, up to `last`."""
    if not moves:
        empty: tuple[tuple[int, ...], ...] = tuple(() for _ in stages)
        return FlowChart(stages=tuple(stages), days=(), counts=empty, ended=(), scope=scope)
    days = sampled(date.fromisoformat(moves[0].day), last)
    keys = [*(s.key for s in stages), flows.ENDED]
    now = dict.fromkeys(keys, 0)
    found: dict[str, list[int]] = {k: [] for k in keys}
    rest = iter(moves)
    move = next(rest, None)
    for day in days:
        while move is not None and move.day <= day.isoformat():
            now[move.stage] += move.change
            move = next(rest, None)
        for k in keys:
            found[k].append(now[k])
    counts = tuple(tuple(found[s.key]) for s in stages)
    return FlowChart(
        stages=tuple(stages), days=tuple(days), counts=counts, ended=tuple(found[flows.ENDED]), scope=scope
    )


def sampled(first: date, last: date) -> list[date]:
    """At most `POINTS` days from first to last: each day, week, month's end or quarter's end; the last day is one of them."""
    span = (last - first).days
    if span < 30:
        return [first + timedelta(days=n) for n in range(span + 1)]
    if span < 7 * 26:
        return sorted({*(first + timedelta(days=n) for n in range(0, span, 7)), last})
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    step = next(s for s in (1, 3, 6, 12, 60, 1200) if months / s < POINTS - 1)
    found = {last}
    for index in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        if (index + 1) % step == 0:
            year, month = divmod(index, 12)
            found.add(min(date(year, month + 1, monthrange(year, month + 1)[1]), last))
    return sorted({first, *found})


def stages_of(processes: Iterable[ProcessDefinition]) -> list[StageName]:
    """The stages of process definitions, each once; those of the first come first."""
    found: dict[str, StageName] = {}
    for process in processes:
        for s in process.all_stages:
            found.setdefault(s.key, StageName(key=s.key, title=s.title, phase=s.phase))
    return list(found.values())


def _state(store: Store, stream: str) -> Lifecycle:
    state, _ = store.load(stream)
    if not isinstance(state, Lifecycle):
        raise LookupError(stream)
    return state
