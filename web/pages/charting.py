"""Charts in the browser: as images of their own under addresses that change with their data, and their data beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from urllib.parse import quote, urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from charts import gathering, reading, registry, telling
from charts.models import Chart, FlowChart, Language, Table, TimelineChart, ValueChart
from charts.spots import Spots, spots
from domain.calendar import local_day
from domain.facts import Facts
from domain.kinds import Row
from domain.lifecycle.state import Lifecycle
from domain.messages import Frozen, Recorded
from domain.selection.round import SelectionRound
from store import bodies
from web.app import Visit, visit_of
from web.flows import flow_of
from web.pages.finding import stream_of
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
_HEADERS = {
    "Cache-Control": "private, no-cache",
    # Opened by itself, a picture may have its own style sheet and nothing else.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}


class Lead(Frozen):
    """A mark of the picture that leads to the same as its cell of the table."""

    address: str
    name: str
    path: str


class Shown(Frozen):
    """A chart on a page. `address`: of the picture; `leads`: where cells of its table lead to, by row and column."""

    title: str
    description: str
    address: str
    table: Table
    leads: dict[tuple[int, int], str] = {}
    marks: tuple[Lead, ...] = ()
    size: tuple[int, int] = (0, 0)
    """Of the sheet that the marks are laid over."""


class OfLifecycle(Frozen):
    timeline: Shown | None
    kpis: tuple[Shown, ...]
    budget: Shown | None


def of_lifecycle(
    visit: Visit, state: Lifecycle, facts: Facts, recorded: Sequence[Recorded], documents: Sequence[Row]
) -> OfLifecycle:
    """What the page of a lifecycle shows, from the events that it has read already."""
    here, lang = f"/lifecycles/{state.stream}/charts", language(visit)
    names = gathering.stages_of([facts.definition] if facts.definition else [])
    today = local_day(visit.store.clock.now())
    way = reading.timeline(state, recorded, names, today)
    return OfLifecycle(
        timeline=shown(way, f"{here}/timeline.svg", lang, of_stays(way, state.stream, documents)),
        kpis=tuple(
            shown(k, f"{here}/kpi/{quote(k.key, safe='')}.svg", lang) for k in gathering.kpis_of(state, recorded, today)
        ),
        budget=shown(reading.budget(state), f"{here}/budget.svg", lang) if state.budgets else None,
    )


def of_round(visit: Visit, state: SelectionRound) -> Shown | None:
    """What the page of a selection round shows; nothing before anything is scored."""
    chart = reading.value([state], state.title)
    address = f"/board/value.svg?{urlencode({'round': state.stream})}"
    return shown(chart, address, language(visit), of_proposals(chart)) if chart.bubbles else None


def shown(chart: Chart, address: str, lang: Language, leads: dict[tuple[int, int], str] | None = None) -> Shown:
    """The address holds a digest of the data: a page that has changed asks for a new picture. Marks lead where their cells do."""
    query = urlencode({"lang": lang, "v": registry.tag(chart, lang)[:12]})
    table = telling.table(chart, lang)
    over = spots(chart, lang) if leads else Spots(width=0, height=0)
    cells = {s.number: telling.cell_of(chart, s.number) for s in over.found}
    return Shown(
        title=telling.title(chart, lang),
        description=telling.description(chart, lang),
        address=f"{address}{'&' if '?' in address else '?'}{query}",
        table=table,
        leads=leads or {},
        marks=tuple(
            Lead(address=leads[cell], name=_named(table, *cell), path=s.path)
            for s in over.found
            if leads and (cell := cells[s.number]) in leads
        ),
        size=(over.width, over.height),
    )


def _named(table: Table, row: int, column: int) -> str:
    """What a cell says, a figure with the head of its column."""
    cells = table.rows[row]
    if table.right[column]:
        return f"{table.heads[column]}: {cells[column]}"
    return " ".join(c for c in (cells[column], *cells[column + 1 : column + 3]) if c)


def of_stays(chart: TimelineChart, stream: str, documents: Sequence[Row]) -> dict[tuple[int, int], str]:
    """Each stay at a stage leads to the document that it ended with, or has come to."""
    newest = {(d["stage"], d["round"]): d["version"] for d in documents}
    return {
        telling.cell_of(chart, n): f"/lifecycles/{stream}/documents/{v.stage}/{v.round}/{newest[v.stage, v.round]}"
        for n, v in enumerate(chart.visits)
        if (v.stage, v.round) in newest
    }


def of_proposals(chart: ValueChart) -> dict[tuple[int, int], str]:
    """Each proposal of the table leads to itself in its round."""
    ordered = telling.in_order(chart.bubbles)
    return {(i, 1): f"/selection/{quote(b.round, safe=':')}#{quote(b.ref)}" for i, b in enumerate(ordered)}


def of_stages(chart: FlowChart, bureau: str) -> dict[tuple[int, int], str]:
    """The numbers of the last day, which is today, lead to the lifecycles behind them."""
    last, more = len(chart.days) - 1, {"bureau": bureau} if bureau else {}
    found = {
        (last, i): f"/lifecycles?{urlencode({'stage': s.key, **more})}"
        for i, s in enumerate(chart.stages, 1)
        if last >= 0 and chart.counts[i - 1][last]
    }
    if last >= 0 and chart.ended[last]:
        found[last, len(chart.stages) + 1] = f"/lifecycles?{urlencode({'state': 'closed', **more})}"
    return found


@router.get("/lifecycles/{given}/charts/kpi/{key}.svg")
def kpi(request: Request, given: str, key: str, lang: str = "") -> Response:
    visit = visit_of(request)
    found = next((k for k in gathering.kpis(visit.store, stream_of(visit, given)) if k.key == key), None)
    return picture(visit, found, lang)


@router.get("/lifecycles/{given}/charts/budget.svg")
def budget(request: Request, given: str, lang: str = "") -> Response:
    visit = visit_of(request)
    return picture(visit, gathering.budget(visit.store, stream_of(visit, given)), lang)


@router.get("/lifecycles/{given}/charts/timeline.svg")
def timeline(request: Request, given: str, lang: str = "") -> Response:
    visit = visit_of(request)
    return picture(visit, gathering.timeline(visit.store, stream_of(visit, given)), lang)


@router.get("/board/charts")
def charts(request: Request, bureau: str = "", round: str = "") -> Response:
    visit = visit_of(request)
    lang, rounds = language(visit), bodies.all_rounds(visit.store)
    bureaus = [u for u in visit.directory.units if u.kind == "bureau"]
    bureau = bureau if any(u.id == bureau for u in bureaus) else ""
    round = round if any(r["stream"] == round for r in rounds) else ""
    flow, scored = flow_of(visit.store, bureau), gathering.value(visit.store, round or None)
    flow_at, value_at = (
        f"/board/flow.svg?{urlencode({'bureau': bureau})}",
        f"/board/value.svg?{urlencode({'round': round})}",
    )
    return visit.page(
        "charts.html",
        bureau=bureau,
        bureaus=bureaus,
        round=round,
        rounds=rounds,
        flow=shown(flow, flow_at, lang, of_stages(flow, bureau)),
        value=shown(scored, value_at, lang, of_proposals(scored)),
    )


@router.get("/board/flow.svg")
def flowpicture(request: Request, bureau: str = "", lang: str = "") -> Response:
    visit = visit_of(request)
    if bureau and visit.store.facts().directory.unit(bureau) is None:
        raise HTTPException(404)
    return picture(visit, flow_of(visit.store, bureau), lang)


@router.get("/board/value.svg")
def valuepicture(request: Request, round: str = "", lang: str = "") -> Response:
    visit = visit_of(request)
    if round and not any(r["stream"] == round for r in bodies.all_rounds(visit.store)):
        raise HTTPException(404)
    return picture(visit, gathering.value(visit.store, round or None), lang)


def picture(visit: Visit, chart: Chart | None, lang: str) -> Response:
    """The SVG, drawn only for a reader who does not have it yet."""
    if chart is None:
        raise HTTPException(404)
    chosen: Language = lang if lang in ("ja", "en") else language(visit)  # type: ignore[assignment]
    headers = {**_HEADERS, "ETag": f'"{registry.tag(chart, chosen)}"'}
    if headers["ETag"] in visit.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(registry.svg(chart, chosen), media_type="image/svg+xml", headers=headers)


def language(visit: Visit) -> Language:
    return cast(Language, visit.language)
