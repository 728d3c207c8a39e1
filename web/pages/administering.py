"""How the house is set up, for those who look after it: organisation, one's own notices, what needs an operator."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import uuid4

import structlog
from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from domain import titles
from domain.calendar import local_day
from domain.days import day as written_day
from domain.directory import Directory
from domain.messages import Refused, Text
from domain.reader_stream import ChooseNotices, Reader, stream_of
from store import outbox, queries
from store.accounts import LONGEST, SHORTEST
from store.api_keys import ApiKeys
from store.feeds import all_feeds
from store.overseeing import is_headquarters
from web.app import Visit, require_own_form, visit_of
from web.governing import (
    UNKNOWN,
    day_asked,
    directory_seen,
    is_personnel,
    require_headquarters,
    require_oversight,
)
from web.keeping import shown_again, writing
from web.pages.managing import offered_changes
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
NOTICES = 50
"""Notices on a page of those behind a number."""
log = structlog.get_logger()
_NO_DAY = Text(ja="日付として読めません。2026-04-01 のように書いてください", en="Not a day; write it like 2026-04-01")


@router.get("/organisation")
def organisation(
    request: Request,
    done: str = "",
    on: Annotated[str, Query(max_length=40)] = "",
    q: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Units with their posts, who holds each on a day up to today, who is away, and who stands in. What is loaded ahead stays
    confidential."""
    visit = visit_of(request)
    asked = written_day(on)
    note, remedy = _NO_DAY if on.strip() and asked is None else None, None
    today = day = day_asked(visit.store, None)
    begins, directory = None, visit.directory
    try:
        day = day_asked(visit.store, asked)
        directory = directory_seen(visit.store, visit.person, day)
    except Refused as refused:
        note, remedy = refused.refusal.message, refused.refusal.remedy
        begins = directory.begins if refused.refusal.rule == UNKNOWN else None
    units = _tree(directory, directory_posts(directory, day)) if begins is None else []
    wanted = q.strip().casefold()
    changes = offered_changes(visit)
    personnel = bool(changes) and is_personnel(visit.store, visit.person)
    return visit.page(
        "organisation.html",
        422 if note else 200,
        units=_matching(visit, units, wanted) if wanted else units,
        q=q,
        ahead={u: r.on for r in directory.reorganisations if r.on > today for u in r.new_units},
        gone={r.unit: (r.on, directory.unit(r.to)) for r in directory.reorganisations if r.on <= day},
        stranded=[(p, directory.post(post)) for p, post in directory.stranded(day)],
        day_shown=day,
        on=on,
        note=note,
        remedy=remedy,
        begins=begins,
        done=done,
        changes=changes,
        personnel=personnel,
    )


def directory_posts(directory: Directory, today: Any) -> dict[str, list[dict[str, Any]]]:
    """Unit -> its posts as they are today."""
    found: dict[str, list[dict[str, Any]]] = {}
    for post in directory.posts:
        holders = directory.holders(post.id, today)
        found.setdefault(post.unit, []).append(
            {
                "post": post,
                "holders": holders,
                "away": [p for p in holders if directory.is_absent(p, today)],
                "deputies": [d for name in directory.deputies_of(post.id, today) if (d := directory.post(name))],
            }
        )
    return found


def _tree(directory: Directory, posts: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Units in the order of the tree, each with its depth."""
    below: dict[str | None, list[Any]] = {}
    for unit in directory.units:
        below.setdefault(unit.parent, []).append(unit)
    found: list[dict[str, Any]] = []

    def walk(parent: str | None, depth: int) -> None:
        for unit in below.get(parent, ()):
            found.append({"unit": unit, "depth": depth, "posts": posts.get(unit.id, [])})
            walk(unit.id, depth + 1)

    walk(None, 0)
    return found


def _matching(visit: Visit, units: list[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    """Units whose name holds the words, whole; of others the posts whose title or holder does."""

    def fits(*texts: str) -> bool:
        return any(wanted in text.casefold().replace("\u3000", " ") for text in texts)

    found = []
    for u in units:
        unit, posts = u["unit"], u["posts"]
        if not fits(unit.name.ja, unit.name.en, unit.id):
            names = {h: [visit.name_of(h), visit.name_of(h).replace(" ", ""), h] for p in posts for h in p["holders"]}
            posts = [
                p
                for p in posts
                if fits(
                    p["post"].title.ja, p["post"].title.en, p["post"].id, *(n for h in p["holders"] for n in names[h])
                )
            ]
            if not posts:
                continue
        found.append(u | {"posts": posts})
    return found


# --- one's own notices -----------------------------------------------------------------------------------------------


@router.get("/me")
def me(request: Request, done: str = "") -> Response:
    return shown(visit_of(request), done=done)


def shown(visit: Visit, status: int = 200, **more: Any) -> Response:
    """The page about oneself: how notices reach one, keys of the API, and the newest notices."""
    store, stream = visit.store, stream_of(visit.person)
    reader = store.load(stream)[0] if queries.has_stream(store, stream) else Reader(stream=stream)
    directory, today = store.facts().directory, local_day(store.clock.now())
    posts = [p for post in directory.posts_of(visit.person, today) if (p := directory.post(post))]
    known: dict[str, Any] = {
        "done": "",
        "key_refusal": None,
        "new_key": None,
        "password_refusal": None,
        "secret": "",
        "key_typed": {"name": "", "scopes": ("read",), "days": 90},
    }
    return visit.page(
        "me.html",
        status,
        choice=reader.choices.get("email"),
        posts=posts,
        own_password=visit.site.accounts.has_password(visit.person),
        shortest=SHORTEST,
        longest=LONGEST,
        notices=queries.notices_for(store, visit.person, 50),
        keys=ApiKeys(store).of(visit.person),
        command_id=str(uuid4()),
        **(known | more),
    )


@router.post("/me/notices")
def choose(
    request: Request,
    csrf: Annotated[str, Form()] = "",
    command_id: Annotated[str, Form(max_length=100)] = "",
    digest: Annotated[str, Form(max_length=20)] = "immediate",
    hour: Annotated[int, Form(ge=0, le=23)] = 8,
) -> Response:
    visit = visit_of(request)
    require_own_form(request, visit.csrf, csrf)
    fields = {"channel": "email", "digest": digest, "hour": hour, "stream": stream_of(visit.person)}
    try:
        command = ChooseNotices.model_validate({**fields, "command_id": command_id or str(uuid4())})
    except ValidationError:
        raise HTTPException(404) from None
    visit.site.record(command, visit.actor())
    return RedirectResponse("/me?done=1", 303)


# --- what needs an operator ------------------------------------------------------------------------------------------


@router.get("/operations")
def operations(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    done: Annotated[str, Query(max_length=20)] = "",
    channel: Annotated[str, Query(max_length=40)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    page: int = 1,
) -> Response:
    """Channels that are down, notices that did not arrive, attempts that were refused: for the secretariat and auditors. `channel`
    and `state`: the notices behind one of the numbers, page by page."""
    visit = visit_of(request)
    require_oversight(visit.store, visit.person)
    counted, page = outbox.counted(visit.store), min(max(page, 1), 1_000_000)
    known = any((c["channel"], c["state"]) == (channel, state) for c in counted)
    notices = outbox.listed(visit.store, channel, state, NOTICES + 1, (page - 1) * NOTICES) if known else []
    now, fed = visit.store.clock.now(), [f for f in all_feeds(visit.store) if f.ended is None]
    return visit.page(
        "operations.html",
        down=outbox.health(visit.store),
        unsettled=outbox.unsettled(visit.store),
        done=done,
        acts=is_headquarters(visit.store, visit.person) and not visit.store.clock.virtual,
        counted=counted,
        chosen={"channel": channel, "state": state, "page": page} if known else None,
        notices=notices[:NOTICES],
        more_notices=len(notices) > NOTICES,
        refused=queries.refusals(visit.store, limit),
        behind=queries.figures(visit.store)["behind"],
        channel=titles.of_channel,
        way_in=titles.of_way_in,
        attempt=titles.of_attempt,
        recipient=lambda named: _recipient(visit, named),
        feeds=[(f, f.trouble(now)) for f in fed[:limit]],
        more_feeds=max(len(fed) - limit, 0),
    )


def _recipient(visit: Visit, named: str) -> str:
    """`post:ID` or `person:ID` by title or name."""
    sort, _, id_ = named.partition(":")
    if sort == "person":
        return visit.name_of(id_)
    post = visit.store.facts().directory.post(id_)
    return str(post.title.model_dump()[visit.language]) if post else id_


@router.post("/operations/notices")
def settle(
    request: Request,
    csrf: Annotated[str, Form()] = "",
    act: Annotated[str, Form(max_length=20)] = "",
    notice: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Notices that did not arrive, or perhaps not: sent again (one or all), or settled since it had arrived."""
    visit = writing(request, {"csrf": csrf})
    if isinstance(visit, Response):
        return visit
    require_headquarters(visit.store, visit.person)
    found = outbox.unsettled(visit.store)
    chosen = found if act == "all" else [r for r in found if notice == _named(r)]
    if act not in ("all", "resend", "settle"):
        raise HTTPException(404)
    outbox.decide_on(visit.store, chosen, arrived=act == "settle")
    log.info("notices settled", by=visit.person, act=act, notices=[_named(r) for r in chosen])
    return RedirectResponse(f"/operations?done={len(chosen)}#unsettled", 303)


@shown_again("/operations/notices")
def _settle_again(visit: Visit, parts: dict[str, str], kept: Any) -> Response:
    return RedirectResponse("/operations", 303)


def _named(row: dict[str, Any]) -> str:
    return f"{row['event_id']} {row['channel']} {row['recipient']}"
