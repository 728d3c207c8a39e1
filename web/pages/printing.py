"""Papers of a lifecycle to be downloaded: a decision document, the whole dossier, a brief for a question in the assembly."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import Response

from papers import files
from papers.collecting import NothingToPrint
from papers.veiling import told_to
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
        return saved(*files.decision(visit.store, stream_of(visit, given), stage, round_, version))
    except NothingToPrint:
        raise HTTPException(404) from None


@router.get("/lifecycles/{given}/dossier.pdf")
def dossier(request: Request, given: str) -> Response:
    visit = visit_of(request)
    stream = stream_of(visit, given)
    return saved(*files.dossier(visit.store, stream, shown=partial(told_to, visit.store, visit.actor(), stream)))


@router.get("/lifecycles/{given}/brief.pdf")
def brief(request: Request, given: str, question: Annotated[str, Query(max_length=2000)] = "") -> Response:
    visit = visit_of(request)
    return saved(*files.brief(visit.store, stream_of(visit, given), question.strip()))
