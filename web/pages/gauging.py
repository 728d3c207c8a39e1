"""KPIs of the portfolio on a page: how each stands, where it is heading, and why it is green, amber or red."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from domain.calendar import local_day
from store import queries
from web.app import visit_of
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
ORDER = ("red", "amber", "green")
PAGE = 200
"""Lifecycles looked through for one page."""


@router.get("/board/kpis")
def kpis(request: Request, health: str = "", bureau: str = "", state: str = "open", page: int = 1) -> Response:
    """The worst first within a page; `health`: KPIs of that colour only."""
    from figures.telling import briefs

    visit = visit_of(request)
    store, directory, page = visit.store, visit.directory, min(max(page, 1), 1_000_000)
    health = health if health in ORDER else ""
    chosen: queries.Chosen = {"bureau": bureau or None, "closed": None if state == "all" else False}
    total = queries.count_lifecycles(store, **chosen)
    rows = queries.find_lifecycles(store, **chosen, limit=PAGE, offset=(page - 1) * PAGE)
    states = [s for r in rows if (s := store.load(r["stream"])[0]).kpis]
    told = briefs(states, local_day(store.clock.now()))
    counts = {c: sum(k["health"] == c for k in told) for c in ORDER}
    given = {"health": health, "bureau": bureau, "state": state if state == "all" else ""}
    return visit.page(
        "kpis.html",
        found=sorted((k for k in told if health in ("", k["health"])), key=lambda k: ORDER.index(k["health"])),
        counts=counts,
        chosen=given,
        bureaus=[u for u in directory.units if u.kind == "bureau"],
        query=urlencode({k: v for k, v in given.items() if v}),
        address=lambda colour: urlencode({k: v for k, v in {**given, "health": colour}.items() if v}),
        page=page,
        last=max(-(-total // PAGE), 1),
        looked=len(rows),
        total=total,
    )
