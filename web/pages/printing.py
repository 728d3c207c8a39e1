"""Papers of a lifecycle to be downloaded: a decision document, the whole dossier, a brief for a question in the assembly."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import Response

from papers import files
from papers.collecting import NothingToPrint
from web.app import visit_of
from web.pages.finding import stream_of
from web.rendering import saved
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
Number = Annotated[int, Path(ge=1, le=100_000)]


@router.get("/lifecycles/{given}/documents/{stage}/{round_}/{version}/paper.pdf")
def paper(request: Request, given: str, stage: str, round_: Number, version: Number) -> Response:
    visit = visit_of(request)
    try:
        return saved(*files.decision(visit.store, stream_of(visit, given), visit.actor(), stage, round_, version))
    except NothingToPrint:
        raise HTTPException(404) from None


@router.get("/lifecycles/{given}/dossier.pdf")
def dossier(request: Request, given: str) -> Response:
    visit = visit_of(request)
    return saved(*files.dossier(visit.store, stream_of(visit, given), visit.actor()))


@router.get("/lifecycles/{given}/brief.pdf")
def brief(request: Request, given: str, question: Annotated[str, Query(max_length=2000)] = "") -> Response:
    visit = visit_of(request)
    return saved(*files.brief(visit.store, stream_of(visit, given), visit.actor(), question.strip()))
