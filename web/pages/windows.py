"""予算編成の日程: which windows of the budget come next, by when requests must be in, and which lifecycles aim at each."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from domain.calendar import local_day
from domain.fiscal import openings
from store import windows
from store.queries import stage_titles
from web.app import visit_of
from web.live import ANY
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
SHOWN = 500
"""Lifecycles named on the page; the numbers count all."""


@router.get("/board/windows")
def board(request: Request) -> Response:
    visit = visit_of(request)
    store = visit.store
    facts, today = store.facts(), local_day(store.clock.now())
    assert facts.fiscal is not None
    found: dict[tuple[int, str], list[dict[str, object]]] = {}
    for row in windows.board(store, shown=SHOWN):
        found.setdefault((row["fiscal_year"], row["window"]), []).append(row)
    ahead = openings(facts.fiscal, facts.calendar, today, years=2)
    known = {(o.fiscal_year, o.window) for o in ahead}
    titles = {w.key: w.title for w in facts.fiscal.windows}
    return visit.page(
        "windows.html",
        live=ANY,
        ahead=ahead,
        found=found,
        counts=windows.aiming(store),
        past=[(year, key, rows) for (year, key), rows in found.items() if (year, key) not in known],
        window_titles=titles,
        titles=stage_titles(store),
        today=today,
    )
