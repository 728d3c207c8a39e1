"""What citizens read without signing in: off unless the city turns it on; only what the secretariat published, from its day on."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from domain.calendar import local_day
from store import public
from store.public import PublicProject
from web.app import Site
from web.rendering import language_of
from web.sheets import MEDIA, sheet
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
COLUMNS = (
    "ref",
    "title",
    "bureau",
    "section",
    "summary",
    "published",
    "fiscal_year",
    "stage",
    "outcome",
    "kpi",
    "unit",
    "period",
    "value",
)


def _found(request: Request, ref: str | None = None) -> tuple[Site, list[PublicProject]]:
    site: Site = request.app.state.site
    if not site.settings.public_page or site.store.clock.virtual:
        raise HTTPException(404)
    return site, public.published(site.store, local_day(site.store.clock.now()), ref)


@router.get("/public")
def projects(request: Request) -> Response:
    site, found = _found(request)
    return site.renderer.page(request, "public.html", language_of(request), projects=found)


@router.get("/public/projects.json")
def as_json(request: Request) -> Response:
    _, found = _found(request)
    return JSONResponse([p.model_dump(mode="json") for p in found])


@router.get("/public/projects.csv")
def as_csv(request: Request) -> Response:
    """UTF-8 with a byte order mark, which spreadsheets need to read Japanese; one row a measurement."""
    _, found = _found(request)
    rows = ([row.get(c) for c in COLUMNS] for row in public.flat(found))
    headers = {"Content-Disposition": 'attachment; filename="projects.csv"'}
    return Response(sheet(COLUMNS, rows), media_type=MEDIA, headers=headers)


@router.get("/public/{ref:path}")
def project(request: Request, ref: str) -> Response:
    site, found = _found(request, ref)
    if not found:
        raise HTTPException(404)
    return site.renderer.page(request, "public_project.html", language_of(request), project=found[0])
