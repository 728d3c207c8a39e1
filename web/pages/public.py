"""What citizens read without signing in: off unless the city turns it on; only what the secretariat published, from its day on."""

from __future__ import annotations

import csv
import io

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from domain.calendar import local_day
from store import public
from store.public import PublicProject
from web.app import Site
from web.rendering import language_of
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
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


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
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows({k: _plain(v) for k, v in row.items()} for row in public.flat(found))
    headers = {"Content-Disposition": 'attachment; filename="projects.csv"'}
    return Response(text.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


def _plain(value: object) -> object:
    """A spreadsheet runs what begins like a formula; a number stays a number."""
    text = str(value)
    if not text.startswith(_FORMULA):
        return value
    try:
        float(text)
    except ValueError:
        return "'" + text
    return value


@router.get("/public/{ref:path}")
def project(request: Request, ref: str) -> Response:
    site, found = _found(request, ref)
    if not found:
        raise HTTPException(404)
    return site.renderer.page(request, "public_project.html", language_of(request), project=found[0])
