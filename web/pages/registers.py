"""The register of documents (起案簿) on a page: numbers by fiscal year and section, with the days that matter."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from domain.calendar import fiscal_year, local_day
from store.queries import stage_titles
from store.register import count_documents, documents
from web.app import visit_of
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
PAGE = 100


@router.get("/register")
def register(
    request: Request,
    year: Annotated[str, Query(max_length=4)] = "",
    section: Annotated[str, Query(max_length=100)] = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    """`year`: a fiscal year, the present one unless another is asked for; `all` for every one."""
    visit = visit_of(request)
    now = fiscal_year(local_day(visit.store.clock.now()))
    chosen = year if year == "all" or (year.isascii() and year.isdigit()) else str(now)
    wanted = (None if chosen == "all" else int(chosen), section or None)
    total = count_documents(visit.store, *wanted)
    last = max(-(-total // PAGE), 1)
    page = min(page, last)
    directory = visit.directory
    return visit.page(
        "documents.html",
        rows=documents(visit.store, *wanted, limit=PAGE, offset=(page - 1) * PAGE),
        total=total,
        page=page,
        last=last,
        year=chosen,
        years=range(now, now - 10, -1),
        section=section,
        units=directory.units,
        unit=directory.unit,
        titles=stage_titles(visit.store),
        query=urlencode({"year": chosen, "section": section}),
    )
