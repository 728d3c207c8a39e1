"""Data of charts out of the events and the state of a lifecycle or a round. Pure: what is not handed in is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from charts import periods
from charts.models import (
    Amount,
    Bubble,
    BudgetChart,
    BudgetYear,
    Forecast,
    KpiChart,
    Level,
    Mark,
    MarkKind,
    Pause,
    Point,
    StageName,
    Status,
    TimelineChart,
    ValueChart,
    Visit,
)
from domain.bodies import Criterion
from domain.calendar import local_day
from domain.kpis.aim import Aim
from domain.kpis.attainment import levels
from domain.kpis.periods import parse
from domain.lifecycle import events as e
from domain.lifecycle.amendments import AnswerRetracted, MeasurementCorrected
from domain.lifecycle.amounts import NAMES
from domain.lifecycle.migrating import DefinitionMigrated
from domain.lifecycle.state import Budget, Lifecycle
from domain.messages import Recorded, Text
from domain.selection.round import Proposal, SelectionRound


def standing(recorded: Iterable[Recorded]) -> list[Recorded]:
    """Without the events of answers that were taken back, and of what had followed from them."""
    found: list[Recorded] = []
    for r in recorded:
        if isinstance(r.event, AnswerRetracted):
            gone = r.event.answered_at
            found = [f for f in found if f.version < gone]
        found.append(r)
    return found


# --- KPIs ------------------------------------------------------------------------------------------------------------


def kpis(
    state: Lifecycle, recorded: Iterable[Recorded], forecasts: Mapping[str, Sequence[Forecast]] | None = None
) -> tuple[KpiChart, ...]:
    """One for each KPI that is set, with all that was ever measured of it; a corrected value in place of the wrong one. What
    accumulates is drawn as the level that each period led to, since that is what the target is about; what is from before the KPI was set
    anew is told apart."""
    measured: dict[str, dict[str, tuple[str, bool]]] = {}
    for r in standing(recorded):
        if isinstance(r.event, e.MeasurementRecorded | MeasurementCorrected):
            mended = isinstance(r.event, MeasurementCorrected)
            measured.setdefault(r.event.kpi, {})[r.event.period] = (str(r.event.value), mended)
    return tuple(_kpi(state, k, measured.get(k.key, {}), (forecasts or {}).get(k.key, ())) for k in state.kpis)


def _kpi(state: Lifecycle, aim: Aim, values: Mapping[str, tuple[str, bool]], forecast: Sequence[Forecast]) -> KpiChart:
    counted = state.counted(aim.key)
    reached = {level.period.name: level.level for level in levels(aim, counted)}
    points = []
    for name, (value, corrected) in values.items():
        period = parse(name)
        level = reached.get(period.name, Decimal(value)) if period else Decimal(value)
        points.append(
            Point(
                period=name,
                on=period.end if period else None,
                value=float(level),
                corrected=corrected,
                outdated=name not in counted,
            )
        )
    ends = [p.on for p in points if p.on is not None]
    if len(ends) == len(points):
        points += [Point(period=p, on=on, value=None) for p, on in periods.missing(ends, aim.cadence)]
        points.sort(key=lambda p: (p.on or date.min, p.period))
    return KpiChart(
        lifecycle=state.stream,
        key=aim.key,
        title=aim.title,
        unit=aim.unit,
        direction=aim.direction,
        baseline=_level(aim.baseline, aim.baseline_on),
        target=_level(aim.target, aim.target_on),
        interim=tuple(Level(value=float(i.value), on=i.due) for i in aim.interim),
        points=tuple(points),
        forecast=tuple(forecast),
    )


def _level(value: Decimal | None, on: date | None) -> Level | None:
    return None if value is None else Level(value=float(value), on=on)


# --- budget ----------------------------------------------------------------------------------------------------------

_CORE = ("asked", "indicated", "voted", "allotted")


def budget(state: Lifecycle) -> BudgetChart:
    """The amounts of each fiscal year, in the order of the states that they go through."""
    years = []
    for year, found in sorted(state.budgets.items()):
        amounts: list[Amount] = []
        for name in Budget.model_fields:
            value = getattr(found, name)
            if name in _CORE or (isinstance(value, int) and not isinstance(value, bool)):
                title = NAMES.get(name) or Text(ja=name, en=name)
                amounts.append(Amount(state=name, title=title, amount=value))
        years.append(BudgetYear(year=year, amounts=tuple(amounts)))
    return BudgetChart(lifecycle=state.stream, years=tuple(years))


# --- timeline --------------------------------------------------------------------------------------------------------

_TOLD: Mapping[MarkKind, Text] = {
    "passed": Text(ja="関門を通過", en="gate passed"),
    "returned": Text(ja="差戻し", en="sent back"),
    "review": Text(ja="再検討を開始", en="review opened"),
    "closed": Text(ja="終結", en="closed"),
}


def timeline(state: Lifecycle, recorded: Iterable[Recorded], stages: Sequence[StageName], today: date) -> TimelineChart:
    """The way of a lifecycle so far. `stages`: those of its process; others that it was at come behind them."""
    way = _Way()
    for r in standing(recorded):
        way.take(r)
    names = {s.key: s for s in stages if s.key in way.been or s.key not in ASIDE}
    for key, title in way.been.items():
        names.setdefault(key, StageName(key=key, title=title))
    return TimelineChart(
        lifecycle=state.stream,
        stages=tuple(names.values()),
        visits=tuple(way.visits),
        marks=tuple(way.marks),
        holds=tuple(way.holds),
        until=max(way.closed or today, *(v.start for v in way.visits)) if way.visits else today,
    )


ASIDE = ("wind_down", "reopening")
"""Shown where a lifecycle was there: they are no part of the way that all go."""


class _Way:
    """Walks along the events of one lifecycle."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self.marks: list[Mark] = []
        self.holds: list[Pause] = []
        self.been: dict[str, Text] = {}
        self.closed: date | None = None

    def take(self, r: Recorded) -> None:
        event, day = r.event, local_day(r.occurred_at)
        if isinstance(event, e.StageEntered):
            self._enter(event.stage, event.title, event.round, day)
        elif isinstance(event, DefinitionMigrated) and self.visits and event.stage != self.visits[-1].stage:
            self._enter(event.stage, event.stage_title, self.visits[-1].round, day)
        elif isinstance(event, e.WindDownStarted):
            self._enter(event.work, Text(ja="廃止に伴う整理", en="wind-down"), event.round, day)
        elif isinstance(event, e.GatePassed):
            self._mark("passed", day)
        elif isinstance(event, e.GateReturned):
            self._mark("returned", day)
        elif isinstance(event, e.ReviewOpened):
            self._mark("review", day)
        elif isinstance(event, e.OutcomeDecided):
            self._mark("outcome", day, event.title)
        elif isinstance(event, e.LifecycleHeld):
            self.holds.append(Pause(start=day, end=None))
        elif isinstance(event, e.LifecycleResumed) and self.holds:
            self.holds[-1] = self.holds[-1].model_copy(update={"end": day})
        elif isinstance(event, e.LifecycleClosed):
            self._close(day)

    def _enter(self, stage: str, title: Text, round_: int, day: date) -> None:
        self._leave(day)
        self.closed = None
        self.been.setdefault(stage, title)
        self.visits.append(Visit(stage=stage, round=round_, start=day, end=None))

    def _leave(self, day: date) -> None:
        if self.visits and self.visits[-1].end is None:
            self.visits[-1] = self.visits[-1].model_copy(update={"end": day})

    def _close(self, day: date) -> None:
        self._leave(day)
        self.closed = day
        if self.holds and self.holds[-1].end is None:
            self.holds[-1] = self.holds[-1].model_copy(update={"end": day})
        self._mark("closed", day)

    def _mark(self, kind: MarkKind, day: date, told: Text | None = None) -> None:
        """A gate that decides the outcome has one mark, and so has an outcome that closes."""
        if not self.visits:
            return
        stage, before = self.visits[-1].stage, self.marks[-1] if self.marks else None
        same = before is not None and (before.stage, before.on) == (stage, day)
        if same and before is not None:
            if (before.kind, kind) == ("outcome", "closed"):
                return
            if before.kind == "passed" and kind in ("outcome", "closed"):
                self.marks.pop()
        self.marks.append(Mark(on=day, stage=stage, kind=kind, told=told or _TOLD[kind]))


# --- selection -------------------------------------------------------------------------------------------------------


def value(rounds: Iterable[SelectionRound], scope: str = "") -> ValueChart:
    """Every proposal that was scored, once: where a later round took it up again, as it was scored there."""
    known = list(rounds)
    taken_up = {(p.carried_from, p.ref) for r in known for p in r.proposals.values() if p.scores}
    bubbles = [
        bubble
        for r in known
        for p in r.proposals.values()
        if (r.stream, p.ref) not in taken_up and (bubble := _bubble(r, p)) is not None
    ]
    return ValueChart(scope=scope, bubbles=tuple(bubbles))


def _bubble(round_: SelectionRound, p: Proposal) -> Bubble | None:
    statuses: Mapping[str, Status] = {"open": "open", "selected": "selected", "deferred": "deferred", "other": "other"}
    if not p.scores or p.status not in statuses or round_.rules is None:
        return None
    by_view = {
        view: _mean(p, [c for c in round_.rules.criteria if c.view == view])
        for view in ("difficulty", "value", "digital")
    }
    if by_view["difficulty"] is None or by_view["value"] is None:
        return None
    return Bubble(
        ref=p.ref,
        title=p.title,
        difficulty=by_view["difficulty"],
        value=by_view["value"],
        digital=by_view["digital"],
        assessors=len(p.scores),
        status=statuses[p.status],
        rank=next((place.rank for place in round_.places if place.ref == p.ref), None),
        round=round_.stream,
    )


def _mean(p: Proposal, criteria: Sequence[Criterion]) -> float | None:
    """The mean over assessors of their scores, weighted as the round weighs the criteria; None without a criterion."""
    if not criteria:
        return None
    weights = [float(c.weight) for c in criteria]
    given = [
        sum(w * scores[c.key] for w, c in zip(weights, criteria, strict=True)) / sum(weights)
        for scores in p.scores.values()
        if all(c.key in scores for c in criteria)
    ]
    return round(sum(given) / len(given), 4) if given else None
