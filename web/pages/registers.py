"""The register of documents (起案簿) on a page: numbers by fiscal year and section, with the days that matter; it and the decision
register as tables for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from domain.calendar import fiscal_year, local_day
from domain.kinds import Row
from domain.messages import Text
from domain.sessions.words import CONCLUSIONS
from store import bodies
from store.queries import stage_titles
from store.register import count_documents, documents
from web.app import Visit, visit_of
from web.rendering import saved, say_in, session_name
from web.sheets import MEDIA, sheet
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
PAGE = 100
Year = Annotated[str, Query(max_length=4)]
Section = Annotated[str, Query(max_length=100)]


@router.get("/register")
def register(
    request: Request,
    year: Year = "",
    section: Section = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    """`year`: a fiscal year, the present one unless another is asked for; `all` for every one."""
    visit = visit_of(request)
    now, chosen = _chosen(visit, year)
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


HEADS = (
    Text(ja="年度", en="fiscal year"),
    Text(ja="課", en="section"),
    Text(ja="番号", en="number"),
    Text(ja="課題", en="task"),
    Text(ja="段階", en="stage"),
    Text(ja="期", en="round"),
    Text(ja="起案日", en="drafted"),
    Text(ja="決裁日", en="decided"),
    Text(ja="施行日", en="in effect"),
    Text(ja="外部の文書管理システム", en="outside system"),
    Text(ja="その文書番号", en="its number"),
)


@router.get("/register.csv")
def as_table(request: Request, year: Year = "", section: Section = "") -> Response:
    """The same as a table for spreadsheets, all its pages; days as YYYY-MM-DD."""
    visit = visit_of(request)
    _, chosen = _chosen(visit, year)
    found = documents(visit.store, None if chosen == "all" else int(chosen), section or None)
    say = say_in(visit.language)
    return saved(sheet([say(h) for h in HEADS], _lines(visit, found)), f"register-{chosen}.csv", MEDIA)


def _chosen(visit: Visit, year: str) -> tuple[int, str]:
    """The present fiscal year, and the year that is asked for (or `all`)."""
    now = fiscal_year(local_day(visit.store.clock.now()))
    return now, year if year == "all" or (year.isascii() and year.isdigit()) else str(now)


def _lines(visit: Visit, found: list[Row]) -> Iterator[list[object]]:
    directory, titles, say = visit.directory, stage_titles(visit.store), say_in(visit.language)
    for r in found:
        unit = directory.unit(r["section"]) if r["section"] else None
        yield [
            r["fiscal_year"],
            say(unit.name) if unit else r["section"],
            r["serial"],
            r["title"],
            say(titles[r["stage"]]) if r["stage"] in titles else r["stage"],
            r["round"],
            *(r[day] for day in ("drafted", "decided", "enforced", "system", "outside_number")),
        ]


OF_DECISIONS = (
    Text(ja="開催日", en="day"),
    Text(ja="会議", en="session"),
    Text(ja="案件", en="matter"),
    Text(ja="結論", en="conclusion"),
)


@router.get("/sessions/register.csv")
def decisions(request: Request, year: int = 0) -> Response:
    """The decision register of a fiscal year as a table; what is not public only for those who may read it, as on its page."""
    visit = visit_of(request)
    say, name = say_in(visit.language), session_name(visit.language, visit.store)
    found = bodies.register(visit.store, limit=None, person=visit.person, year=year)
    rows = ([r["held_on"], name(r["stream"]), r["title"], say(CONCLUSIONS[r["conclusion"] or ""])] for r in found)
    return saved(sheet([say(h) for h in OF_DECISIONS], rows), f"decisions-{year}.csv", MEDIA)
