"""The portfolio and one lifecycle: where it is, where it was, who is asked, documents, promises, figures, history."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response, StreamingResponse

from blobs.contract import checked
from blobs.registry import configured
from domain.calendar import local_day
from domain.facts import Facts
from domain.kinds import Row
from domain.kpis.health import percent
from domain.kpis.stopping import number
from domain.lifecycle.amounts import entered
from domain.lifecycle.authority import may_draft, may_steer
from domain.lifecycle.overview import STANDINGS
from domain.lifecycle.state import Lifecycle
from domain.lifecycle.valuing import value
from domain.messages import Refused
from learning import forecast
from learning.asking import forecast_of
from papers.circulations import timeline
from papers.course import course, who_can
from papers.veiling import told_to
from store import evidence, queries
from store.feeds import troubles
from store.lineage import STANDINGS as STANDINGS_OF_SPREAD
from store.lineage import lineage
from web.app import Visit, visit_of
from web.pages import portrait
from web.pages.charting import of_lifecycle
from web.pages.deciding import read
from web.pages.finding import stream_of
from web.pages.steering import offered
from web.pages.talk import QUIET
from web.snapshots import Reading

if TYPE_CHECKING:
    from figures.portfolio import KpiFigure

router = APIRouter(route_class=Reading)


@router.get("/lifecycles/{given}")
def lifecycle_page(request: Request, given: str, done: str = "", at: int = 0) -> Response:
    """`at`: an entry of the history that somebody comes for; older ones are unfolded."""
    visit = visit_of(request)
    store, stream = visit.store, stream_of(visit, given)
    state, _ = store.load(stream)
    facts = store.facts(state.definition)
    visits, promises = queries.visits_of(store, stream), queries.promises_of(store, stream)
    today = local_day(store.clock.now())
    stages = facts.definition.all_stages if facts.definition else ()
    told = told_to(store, visit.actor(), stream, timeline(store, stream))
    documents = queries.deliverable_versions(store, stream)
    happened = [t for t in told if t.recorded.event.type not in QUIET]
    return visit.page(
        "lifecycle.html",
        live=stream,
        state=state,
        row=queries.lifecycle(store, stream),
        stages=portrait.stages(facts.definition, state, visits),
        loops=portrait.loops(facts.definition),
        people=portrait.people(store, state),
        newest=portrait.NEWEST,
        unfolded=at > 0,
        done=done,
        acts=offered(visit, state),
        newer=_newer(visit, state, facts),
        may_draft=_may_draft(visit, state, facts),
        work_title=next((s.title for s in stages if s.key == state.work), state.stage_title),
        stops=course(told, facts, today).stops,
        standings=STANDINGS,
        waiting=_waiting(visit, state, facts, today),
        forecast=forecast.in_words(forecast_of(store, stream, fresh=False)) if not state.closed else None,
        documents=list(reversed(documents)),
        titles={s.key: s.title for s in stages},
        amounts=entered(state.budgets),
        windows={w.key: w.title for w in facts.fiscal.windows} if facts.fiscal else {},
        value=value(state, facts, today),
        promises=promises,
        broken=[p["promise"] for p in promises if not p["fulfilled_at"] and p["due"] and p["due"] < today],
        family=lineage(store, stream),
        outcome_title=_outcome_titles(facts, visit.language),
        spread_standings=STANDINGS_OF_SPREAD,
        figure=lambda value: number(Decimal(value)),
        figures=_figures(state, today),
        feeds=troubles(store, stream, state.pulls),
        percent=percent,
        files=evidence.for_whom(store, visit.actor(), stream),
        happened=list(zip(portrait.history(store, happened, visit.language), reversed(happened), strict=True)),
        charts=of_lifecycle(visit, state, facts, [t.recorded for t in told], documents),
        temporal=_temporal(visit, stream),
    )


def _figures(state: Lifecycle, today: date) -> dict[str, KpiFigure]:
    """KPI -> attainment, forecast and health. What draws and reckons is loaded by whoever looks at KPIs first."""
    if not state.kpis:
        return {}
    from figures.lifecycles import figures_of

    return {f.aim.key: f for f in figures_of([state], today)[0]}


def _outcome_titles(facts: Facts, language: str) -> Any:
    """What an outcome is called by the lifecycle's own definition; its key where that has none."""
    titles = {o.key: o.title.model_dump()[language] for o in facts.definition.outcomes} if facts.definition else {}
    return lambda key: titles.get(key, key)


def _newer(visit: Visit, state: Lifecycle, facts: Facts) -> str:
    """The newest version of its process, where that is another one and the visitor may move the lifecycle to it."""
    newest = queries.latest_definition(visit.store, state.definition.partition("@")[0])
    if newest in (None, state.definition) or state.closed:
        return ""
    try:
        may_steer(visit.actor(), state, facts, visit.store.clock.now())
    except Refused:
        return ""
    return newest or ""


def _may_draft(visit: Visit, state: Lifecycle, facts: Facts) -> bool:
    if state.closed or state.in_circulation or not any(r.kind == "draft" for r in state.requests):
        return False
    try:
        may_draft(visit.actor(), state, facts, visit.store.clock.now())
    except Refused:
        return False
    return not visit.store.clock.virtual


def _waiting(visit: Visit, state: Lifecycle, facts: Facts, day: date) -> list[Row]:
    """What waits for an answer, each with the `people` who can give it today, and those who hold its post (`held_by`)."""
    found, directory = [], visit.store.facts().directory
    for row in queries.live_requests(visit.store, [state.stream]):
        asked, held_by = state.request(row["request"]), directory.holders(row["post"], day)
        people = who_can(asked, state, facts, day) if asked is not None else held_by
        found.append({**row, "people": people, "held_by": held_by})
    return found


def _temporal(visit: Visit, stream: str) -> str | None:
    """The workflow in the Temporal UI, where the UI of `make up` is on this machine."""
    from workflows.contract import workflow_id

    s = visit.site.settings
    if visit.store.clock.virtual:
        return None
    return f"http://127.0.0.1:{s.ui_port}/namespaces/{s.temporal_namespace}/workflows/{quote(workflow_id('lifecycle', stream), safe='')}"


@router.get("/lifecycles/{given}/documents/{stage}/{round_}/{version}")
def document_page(request: Request, given: str, stage: str, round_: int, version: int) -> Response:
    visit = visit_of(request)
    stream = stream_of(visit, given)
    state, _ = visit.store.load(stream)
    versions = [v for v in queries.deliverable_versions(visit.store, stream, stage) if v["round"] == round_]
    current = next((v for v in versions if v["version"] == version), None)
    if current is None:
        raise HTTPException(404)
    before = [v for v in versions if v["version"] < version]
    numbers = [v["version"] for v in versions]
    return visit.page("document.html", state=state, document=read(visit, state, current, before), versions=numbers)


@router.get("/lifecycles/{given}/files/{sha256}")
def evidence_file(request: Request, given: str, sha256: str) -> Response:
    """An evidence file, never shown within the page: it is downloaded, with its own type and nothing run."""
    visit = visit_of(request)
    stream = stream_of(visit, given)
    found = next((f for f in evidence.for_whom(visit.store, visit.actor(), stream) if f["sha256"] == sha256), None)
    blobs = configured(visit.site.settings)
    if found is None or not blobs.has(sha256):
        raise HTTPException(404)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found['name'])}",
        "Content-Length": str(found["size"]),
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return StreamingResponse(checked(blobs, sha256), media_type=found["media_type"], headers=headers)
