"""The inbox: what waits for me, why me, since when, by when; and what I have done."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import Response

from domain.calendar import local_day
from store import queries
from store.store import Store
from store.tables import answers, lifecycles
from web.app import visit_of
from web.live import ANY

router = APIRouter()
PAGE = 50
View = Literal["open", "overdue", "deputy", "done"]


@router.get("/")
def inbox(request: Request, view: View = "open", page: int = 1) -> Response:
    visit = visit_of(request)
    store, person = visit.store, visit.person
    page = max(page, 1)
    directory, today = store.facts().directory, local_day(store.clock.now())
    mine = set(directory.posts_of(person, today))
    everything = queries.inbox(store, person)
    if view == "done":
        found = _done(store, person, PAGE + 1, (page - 1) * PAGE)
    else:
        chosen = [r for r in everything if _wanted(view, r, mine)]
        found = [_told(r, mine, directory) for r in chosen[(page - 1) * PAGE : page * PAGE + 1]]
    counts = {
        "open": len(everything),
        "overdue": sum(bool(r["overdue"]) for r in everything),
        "deputy": sum(r["post"] not in mine for r in everything),
    }
    return visit.page(
        "inbox.html",
        live=ANY,
        view=view,
        items=found[:PAGE],
        more=len(found) > PAGE,
        page=page,
        counts=counts,
        today=today,
    )


def _wanted(view: str, row: dict[str, Any], mine: set[str]) -> bool:
    return (
        view == "open" or (view == "overdue" and bool(row["overdue"])) or (view == "deputy" and row["post"] not in mine)
    )


def _told(row: dict[str, Any], mine: set[str], directory: Any) -> dict[str, Any]:
    post = directory.post(row["post"])
    return {**row, "post_title": post.title if post else None, "deputy": row["post"] not in mine}


def _done(store: Store, person: str, limit: int, offset: int) -> list[dict[str, Any]]:
    """My answers that stand, newest first."""
    query = (
        sa.select(answers, lifecycles.c.title, lifecycles.c.ref)
        .join(lifecycles, lifecycles.c.stream == answers.c.stream)
        .where(answers.c.person == person)
        .order_by(answers.c.at.desc(), answers.c.stream, answers.c.version)
    )
    return queries.rows(store, query.limit(limit).offset(offset))
