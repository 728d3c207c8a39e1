"""Units, posts and who holds them, as the API lets read them: on a day up to today, since what is loaded ahead is confidential."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from web.api import models as m
from web.api.access import Reader
from web.api.bodies import paged
from web.api.problems import documented
from web.api.reading import Cursor, Filter, Limit
from web.governing import day_asked, directory_seen
from web.snapshots import Reading

router = APIRouter(route_class=Reading, tags=["directory"])
On = Annotated[
    date | None,
    Query(ge=date(1950, 1, 1), le=date(2199, 12, 31), description="A day up to today, which it is if left out"),
]


@router.get("/directory", responses=documented(409))
def directory(caller: Reader, on: On = None) -> m.DirectorySeen:
    """Units and posts with who holds them, on a day. What a reorganisation brings is seen from its day on; before it, by the
    personnel office and auditors."""
    day = day_asked(caller.store, on)
    known = directory_seen(caller.store, caller.key.person, on)
    return m.DirectorySeen(
        day=day,
        units=tuple(m.UnitSeen(id=u.id, name=u.name, kind=u.kind, parent=u.parent) for u in known.units),
        posts=tuple(
            m.PostSeen(id=p.id, title=p.title, role=p.role, unit=p.unit, holders=tuple(known.holders(p.id, day)))
            for p in known.posts
        ),
    )


@router.get("/directory/tenures", responses=documented(409))
def tenures(
    caller: Reader,
    person: Filter = None,
    post: Annotated[str | None, Query(max_length=100, description="A post, or a role such as deputy_mayor")] = None,
    on: Annotated[On, Query(description="Those that held on this day; else all up to today")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> m.Page[m.TenureSeen]:
    """Who held which post from when to when, the earliest first."""
    known, day = directory_seen(caller.store, caller.key.person), day_asked(caller.store, on)
    posts = {p.id for p in known.posts if post in (p.id, p.role)}
    found = [
        t
        for t in known.tenures
        if t.since <= day
        and (person in (None, t.person))
        and (post is None or t.post in posts)
        and (on is None or t.covers(day))
    ]
    today = day_asked(caller.store, None)
    return paged(
        sorted(found, key=lambda t: (t.since, t.post, t.person)),
        limit,
        cursor,
        lambda t: m.TenureSeen(
            post=t.post,
            person=t.person,
            capacity=t.capacity,
            since=t.since,
            until=t.until if t.until is not None and t.until <= today else None,
        ),
    )
