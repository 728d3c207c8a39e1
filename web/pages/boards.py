"""The portfolio at a glance: by stage, by health, what is waited for, the smart-city map; and search over everything."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from domain.calendar import local_day
from papers.words import CLOSED
from store import search
from store.queries import stage_titles
from web.app import visit_of
from web.glancing import LONG, glance_of, in_order, strategy
from web.live import ANY
from web.snapshots import Reading
from web.whatifs import may_suppose

router = APIRouter(route_class=Reading)
HITS = 20
"""Hits of one kind on a page of the search."""


@router.get("/board")
def board(request: Request, bureau: str = "") -> Response:
    visit = visit_of(request)
    store, directory = visit.store, visit.directory
    bureaus = [u for u in directory.units if u.kind == "bureau"]
    chosen = bureau if any(u.id == bureau for u in bureaus) else ""
    titles = stage_titles(store)
    city = strategy()["smart_city"]
    glance = glance_of(store, chosen or None)
    today = local_day(store.clock.now())
    waited = [
        {"post": directory.post(b.post), "holders": directory.holders(b.post, today), **b.model_dump(exclude={"post"})}
        for b in glance.bottlenecks
        if directory.post(b.post) is not None
    ]
    return visit.page(
        "board.html",
        live=ANY,
        supposes=may_suppose(store, visit.person),
        bureau=chosen,
        bureaus=bureaus,
        columns=in_order(glance, titles),
        titles=titles,
        total=sum(c.count for c in glance.columns),
        standing=glance.standing,
        unit=directory.unit,
        ended=glance.ended,
        ended_as=CLOSED,
        bottlenecks=waited,
        stale=glance.stale,
        long=LONG,
        fields=city["fields"],
        lives=city["life"],
        cells={(c.field, c.life): c.found for c in glance.cells},
    )


@router.get("/search")
def search_page(request: Request, q: str = "", kind: str = "", page: int = 1) -> Response:
    """The first of each kind; with `kind` those of one, page by page."""
    visit = visit_of(request)
    page = min(max(page, 1), 10_000) if kind in search.FINDERS else 1
    chosen = kind if kind in search.FINDERS else None
    kinds: dict[str, list[search.Hit]] = {}
    for hit in search.search(visit.store, q, HITS + 1, kind=chosen, skip=(page - 1) * HITS, reader=visit.person):
        kinds.setdefault(hit.kind, []).append(hit)
    return visit.page(
        "search.html",
        q=q[: search.LONGEST],
        kind=chosen,
        page=page,
        kinds={name: hits[:HITS] for name, hits in kinds.items()},
        more={name for name, hits in kinds.items() if len(hits) > HITS},
        titles=stage_titles(visit.store),
    )
