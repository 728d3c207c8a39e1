"""What the API lets read of the outlook: forecasts, value, budget windows, KPIs, evaluations, and the data of charts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Path, Query

from charts import gathering, telling
from charts.models import Chart
from domain.calendar import local_day
from domain.lifecycle.state import Lifecycle
from domain.lifecycle.valuing import value as value_of
from domain.messages import Text
from learning.asking import forecast_of
from learning.forecast import in_words
from learning.reaching import windows_of
from store import bodies, queries, windows
from store.beginnings import beginning, evaluated
from store.feeds import troubles
from store.store import Store
from web.api import outlook_models as m
from web.api.access import Caller, Reader
from web.api.bodies import first_of, paged
from web.api.models import Page
from web.api.problems import documented, not_found
from web.api.reading import PLACE, Cursor, Filter, Id, Limit, after_page, place_of, place_of_row, stream_of
from web.flows import flow_of
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
Day = Annotated[date, Query(ge=date(2000, 1, 1), le=date(2199, 12, 31))]
Colour = Literal["green", "amber", "red"]
D = TypeVar("D", bound=Chart)


def _today(caller: Caller) -> date:
    return local_day(caller.store.clock.now())


@router.get("/lifecycles/{id}/forecast", responses=documented(404), tags=["lifecycles"])
def forecast(caller: Reader, id: Id) -> m.LifecycleForecast:
    """When the next stages and the end are to be expected, by the city's own history, which may be an hour old."""
    found = forecast_of(caller.store, stream_of(caller.store, id), fresh=False)
    return m.LifecycleForecast.model_validate({**dict(found), "words": in_words(found)})


@router.get("/lifecycles/{id}/value", responses=documented(404), tags=["lifecycles"])
def value(
    caller: Reader,
    id: Id,
    rate: Annotated[
        Decimal | None, Query(ge=Decimal("-0.3"), lt=1, decimal_places=4, description="Discount rate; else the city's")
    ] = None,
    years: Annotated[int | None, Query(ge=1, le=60, description="Years looked at; else the city's")] = None,
) -> m.ValueSeen:
    """Value against cost: benefits, costs by fiscal year, balance, payback, net present value and its sensitivity."""
    stream = stream_of(caller.store, id)
    state, _ = caller.store.load(stream)
    given = rate.quantize(Decimal("0.0001")) if rate is not None else None
    found = value_of(state, caller.store.facts(state.definition), _today(caller), rate=given, years=years)
    return m.ValueSeen.of(stream, found)


# --- windows of the budget -------------------------------------------------------------------------------------------


@router.get("/windows", responses=documented(404), tags=["portfolio"])
def budget_windows(
    caller: Reader,
    lifecycle: Annotated[str | None, Query(max_length=100, description="Which windows this lifecycle reaches")] = None,
    ready: Annotated[Day | None, Query(description="When its request is ready, where that is known better")] = None,
) -> m.WindowsSeen:
    """The windows of the budget that come next, which of them can be reached, and how many lifecycles aim at each."""
    stream = stream_of(caller.store, lifecycle) if lifecycle is not None else None
    return m.WindowsSeen.of(windows_of(caller.store, stream, ready, fresh=False))


@router.get("/windows/aims", responses=documented(), tags=["portfolio"])
def aims(caller: Reader, limit: Limit = 50, cursor: Cursor = None) -> Page[m.AimSeen]:
    """Open lifecycles with the window that each aims at, those that close first on top."""
    found = windows.board(caller.store, shown=first_of(cursor) + limit + 1)
    return paged(found, limit, cursor, lambda r: m.AimSeen.model_validate({n: r[n] for n in m.AimSeen.model_fields}))


# --- KPIs ------------------------------------------------------------------------------------------------------------


@router.get("/kpis", responses=documented(), tags=["portfolio"])
def kpis(
    caller: Reader,
    health: Annotated[Colour | None, Query(description="Lifecycles of which some KPI is so, with those")] = None,
    closed: Annotated[bool, Query(description="Closed ones too")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[m.KpisOfLifecycle]:
    """Health, attainment and outlook of all KPIs, lifecycle by lifecycle, oldest first. A page holds fewer where lifecycles have no
    KPI (of that health): read on as long as there is `next`."""
    store, place = caller.store, place_of(cursor, *PLACE)
    after = (place[0], place[1], place[2]) if place else None
    rows = queries.find_lifecycles(store, closed=None if closed else False, limit=limit + 1, after=after)
    states = [s for r in rows[:limit] if (s := store.load(r["stream"])[0]).kpis]
    items = [_lines(s, own, health) for s, own in _figures(states, _today(caller))]
    return Page(items=tuple(i for i in items if i.kpis), next=after_page(rows, limit, place_of_row))


def _figures(states: list[Lifecycle], today: date) -> list[tuple[Lifecycle, Any]]:
    """What reckons is loaded by whoever looks at KPIs first."""
    if not states:
        return []
    from figures.lifecycles import figures_of

    return list(zip(states, figures_of(states, today), strict=True))


def _lines(state: Lifecycle, own: Any, health: Colour | None = None) -> m.KpisOfLifecycle:
    from figures.telling import brief

    names = m.KpiLine.model_fields
    told = [{n: v for n, v in brief(state, f).items() if n in names} for f in own]
    colours: list[Colour] = [k["health"] for k in told]
    return m.KpisOfLifecycle(
        stream=state.stream,
        ref=state.ref,
        title=state.title,
        health=min(colours, key=("red", "amber", "green").index),
        kpis=tuple(m.KpiLine.model_validate(k) for k in told if health in (None, k["health"])),
    )


@router.get("/lifecycles/{id}/kpis", responses=documented(404), tags=["lifecycles"])
def kpis_of(
    caller: Reader, id: Id, on: Annotated[Day | None, Query(description="Judged on this day; else today")] = None
) -> m.KpisSeen:
    """The KPIs of a lifecycle: attainment, trend, forecast, health with its reasons, and every value with its source."""
    stream, today = stream_of(caller.store, id), on or _today(caller)
    state: Lifecycle = caller.store.load(stream)[0]
    measured = queries.measurements_of(caller.store, stream)
    told: list[dict[str, Any]] = []
    for _, own in _figures([state] if state.kpis else [], today):
        from figures.telling import told as told_of

        told = [told_of(f, measured, today) for f in own]
    names = m.KpiSeen.model_fields
    return m.KpisSeen(
        stream=stream,
        ref=state.ref,
        title=state.title,
        on=today,
        review_date=state.review_date,
        stopping=state.stopping,
        reached=state.reached,
        refuted=state.refuted,
        feeds={key: m.FeedTerms.model_validate(t.model_dump()) for key, t in state.pulls.items()},
        feed_troubles=troubles(caller.store, stream, state.pulls),
        kpis=tuple(m.KpiSeen.model_validate({n: v for n, v in k.items() if n in names}) for k in told),
    )


# --- evaluation ------------------------------------------------------------------------------------------------------


@router.get("/lifecycles/{id}/drafts/{stage}", responses=documented(404), tags=["lifecycles"])
def draft(caller: Reader, id: Id, stage: Annotated[str, Path(max_length=100)]) -> m.DraftBeginning:
    """What the form of a stage begins with, such as an evaluation drafted from the record. Nothing is kept by it."""
    store, stream = caller.store, stream_of(caller.store, id)
    state, _ = store.load(stream)
    process = store.facts(state.definition).definition
    if process is None or stage not in {s.key for s in process.all_stages}:
        raise not_found(stage)
    return m.DraftBeginning(stage=stage, content=beginning(store, stream, stage))


@router.get("/lifecycles/{id}/evaluation", responses=documented(404), tags=["lifecycles"])
def evaluation(caller: Reader, id: Id) -> m.EvaluationSeen:
    """What an evaluation rests on as the record stands, and the recommendation by stated rules; 404 before KPIs are set."""
    state: Lifecycle = caller.store.load(stream_of(caller.store, id))[0]
    found = _evaluation(caller, state)
    if found is None:
        raise not_found(f"{state.ref}: KPI")
    return found


def _evaluation(caller: Caller, state: Lifecycle) -> m.EvaluationSeen | None:
    found = evaluated(caller.store, state)
    if found is None:
        return None
    [(_, own)] = _figures([state], _today(caller))
    told = _lines(state, own)
    return m.EvaluationSeen(
        stream=state.stream,
        ref=state.ref,
        title=state.title,
        stage=state.stage,
        round=state.round,
        health=told.health,
        kpis=told.kpis,
        hypotheses=found.evaluation.hypotheses,
        recommendation=found.evaluation.recommendation,
        appraisal=found.appraisal,
        lines=found.lines,
    )


@router.get("/evaluations", responses=documented(), tags=["portfolio"])
def evaluations(caller: Reader, limit: Limit = 50, cursor: Cursor = None) -> Page[m.EvaluationSeen]:
    """The evaluations of all lifecycles that are being monitored, oldest first. A page may hold fewer, or none: read on as long as
    there is `next`."""
    store, place = caller.store, place_of(cursor, *PLACE)
    after = (place[0], place[1], place[2]) if place else None
    rows = queries.find_lifecycles(store, closed=False, limit=limit + 1, after=after)
    states = [s for r in rows[:limit] if (s := store.load(r["stream"])[0]).repeats]
    items = tuple(e for s in states if (e := _evaluation(caller, s)) is not None)
    return Page(items=items, next=after_page(rows, limit, place_of_row))


# --- charts ----------------------------------------------------------------------------------------------------------


def _told(chart: D) -> dict[str, Any]:
    return {
        "title": Text(ja=telling.title(chart, "ja"), en=telling.title(chart, "en")),
        "description": Text(ja=telling.description(chart, "ja"), en=telling.description(chart, "en")),
        "table": m.TableIn(ja=telling.table(chart, "ja"), en=telling.table(chart, "en")),
        "data": chart,
    }


@router.get("/lifecycles/{id}/charts/kpi", responses=documented(404), tags=["charts"])
def chart_kpis(caller: Reader, id: Id) -> Page[m.KpiChartSeen]:
    """Each KPI against baseline, target and forecast."""
    found = gathering.kpis(caller.store, stream_of(caller.store, id))
    return Page(items=tuple(m.KpiChartSeen(**_told(c)) for c in found))


@router.get("/lifecycles/{id}/charts/budget", responses=documented(404), tags=["charts"])
def chart_budget(caller: Reader, id: Id) -> m.BudgetChartSeen:
    """The budget through its states, by fiscal year."""
    return m.BudgetChartSeen(**_told(gathering.budget(caller.store, stream_of(caller.store, id))))


@router.get("/lifecycles/{id}/charts/timeline", responses=documented(404), tags=["charts"])
def chart_timeline(caller: Reader, id: Id) -> m.TimelineChartSeen:
    """Stages, gates, loops and holds over time."""
    return m.TimelineChartSeen(**_told(gathering.timeline(caller.store, stream_of(caller.store, id))))


@router.get("/charts/flow", responses=documented(404), tags=["charts"])
def chart_flow(caller: Reader, bureau: Filter = None) -> m.FlowChartSeen:
    """Cumulative flow by stage, of all lifecycles or those of one bureau; of a large portfolio it may be a moment old."""
    if bureau is not None and not _is_bureau(caller.store, bureau):
        raise not_found(bureau)
    return m.FlowChartSeen(**_told(flow_of(caller.store, bureau or "")))


def _is_bureau(store: Store, unit: str) -> bool:
    return any(u.id == unit and u.kind == "bureau" for u in store.facts().directory.units)


@router.get("/charts/value", responses=documented(404), tags=["charts"])
def chart_value(
    caller: Reader,
    round: Annotated[str | None, Query(max_length=100, description="Stream id of a round; else all of them")] = None,
) -> m.ValueChartSeen:
    """Value against difficulty of the proposals scored."""
    if round is not None and not any(r["stream"] == round for r in bodies.all_rounds(caller.store)):
        raise not_found(round)
    return m.ValueChartSeen(**_told(gathering.value(caller.store, round)))
