"""A reorganisation (機構改革) on a page: always looked at before it is recorded, and recorded as it was looked at."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from domain.directory import Directory, Post, Unit
from domain.directory_changes import ReorganiseUnit, require_authority
from domain.directory_stream import STREAM
from domain.messages import Refused, Text
from store.reorganising import effects
from web.app import Visit, visit_of
from web.forms import nothing, typed
from web.governing import said
from web.keeping import shown_again, writing
from web.pages.forming import Filled, Offers, days_beyond, known, page, problems_of
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
PATH = "/organisation/reorganise"
_ID = r"^[a-z][a-z0-9-]{0,59}$"


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


class UnitForm(BaseModel):
    name: str = said("組織の名", "name in Japanese", min_length=1, max_length=200)
    english: str = said("英語名", "name in English", "", max_length=200)
    id: str = said("ID(空欄なら英語名から)", "id (empty: from the English name)", "", pattern=f"{_ID}|^$")
    kind: str = said("種別", "kind", "section", max_length=40)
    parent: str = said("上の組織(名か組織ID)", "unit above it, by name or id", "")


class PostForm(BaseModel):
    title: str = said("職の名", "title in Japanese", min_length=1, max_length=200)
    english: str = said("英語名", "title in English", "", max_length=200)
    id: str = said("ID(空欄なら英語名から)", "id (empty: from the English title)", "", pattern=f"{_ID}|^$")
    role: str = said("役割", "role", min_length=1, max_length=60)
    unit: str = said("属する組織(空欄なら引き継ぐ組織。名か組織ID)", "its unit (empty: the one that takes over)", "")


class SuccessorForm(BaseModel):
    post: str = said("前の職", "former post", min_length=1)
    taken_by: str = said("引き継ぐ職", "post that takes over", min_length=1)


class ReorganiseForm(BaseModel):
    unit: str = said("なくなる組織(名か組織ID)", "unit that goes, by name or id")
    to: str = said("引き継ぐ組織(名か組織ID。新しい組織は下で加えます)", "unit that takes over (add a new one below)")
    on: date = said("施行日", "day on which it takes effect")
    units: tuple[UnitForm, ...] = said("新しい組織", "new units", ())
    carried: bool = said(
        "引き継ぐ組織にない役割の職を、同じ役割で作る(改称のとき)",
        "make the posts of roles that the unit taking over lacks (for a new name)",
        False,
    )
    new_posts: tuple[PostForm, ...] = said("新しい職", "new posts", ())
    posts: tuple[SuccessorForm, ...] = said("引き継ぐ職(空欄なら同じ役割)", "who takes over (empty: the same role)", ())


# --- from the form to the command ----------------------------------------------------------------------------------------


def _command(visit: Visit, given: ReorganiseForm, command_id: str) -> ReorganiseUnit:
    directory = visit.store.facts().directory
    made = [
        Unit(
            id=_id_of(u.id, u.english, u.name, "unit"),
            name=_t(u.name, u.english or u.name),
            kind=u.kind or "section",
            parent=u.parent or None,
        )
        for u in given.units
    ]
    names = {text: u.id for u in made for text in (u.name.ja, u.name.en)}
    units = tuple(u.model_copy(update={"parent": names.get(u.parent or "", u.parent)}) for u in made)
    to = names.get(given.to, given.to)
    posts = [
        Post(
            id=_id_of(p.id, p.english, p.title, "post"),
            title=_t(p.title, p.english or p.title),
            role=p.role,
            unit=names.get(p.unit, p.unit) or to,
        )
        for p in given.new_posts
    ]
    successors = {s.post: s.taken_by for s in given.posts}
    if given.carried:
        posts += _carried(directory, given.unit, to, units, posts, successors)
    return ReorganiseUnit(
        command_id=command_id,
        stream=STREAM,
        unit=given.unit,
        to=to,
        on=given.on,
        units=units,
        new_posts=tuple(posts),
        posts=successors,
    )


def _id_of(given: str, english: str, name: str, what: str) -> str:
    """As it was typed, else from the English name, else from what is known: always the same for the same form."""
    plain = re.sub(r"[^a-z0-9]+", "-", english.lower()).strip("-")
    return given or (plain if re.match(_ID, plain) else f"{what}-{hashlib.sha256(name.encode()).hexdigest()[:8]}")


def _carried(
    directory: Directory,
    unit: str,
    to: str,
    units: tuple[Unit, ...],
    posts: list[Post],
    successors: Mapping[str, str],
) -> list[Post]:
    """The posts that the unit taking over lacks, named after it."""
    there = {p.role for p in (*directory.posts, *posts) if p.unit == to}
    old = directory.unit(unit)
    new = next((u for u in (*units, *directory.units) if u.id == to), None)
    taken = {p.id for p in (*directory.posts, *posts)}
    found = []
    for post in directory.posts:
        if post.unit != unit or post.role in there or post.id in successors or old is None or new is None:
            continue
        there.add(post.role)
        wanted = f"{to}-{post.id.removeprefix(f'{unit}-')}"
        title = _t(post.title.ja.replace(old.name.ja, new.name.ja), post.title.en.replace(old.name.en, new.name.en))
        found.append(Post(id=_free(wanted, taken), title=title, role=post.role, unit=to))
    return found


def _free(wanted: str, taken: set[str]) -> str:
    found = next(i for n in range(1, 1000) if (i := wanted if n == 1 else f"{wanted}-{n}") not in taken)
    taken.add(found)
    return found


# --- the page ------------------------------------------------------------------------------------------------------------


def _offers(visit: Visit, content: Mapping[str, Any]) -> Offers:
    directory = visit.store.facts().directory
    posts = tuple((p.id, p.title) for p in directory.posts)
    rows = [r for r in content.get("new_posts") or () if r.get("title")]
    new = tuple((i, _t(r["title"], r.get("english") or r["title"])) for r in rows if (i := r.get("id")))
    roles: dict[str, Text] = {}
    for p in directory.posts:
        roles.setdefault(p.role, _t(f"{p.title.ja}など", f"as {p.title.en}"))
    words = {
        "bureau": _t("局", "bureau"),
        "office": _t("室", "office"),
        "section": _t("課", "section"),
        "city": _t("市", "city"),
    }
    kinds = dict.fromkeys(["section", "office", "bureau", *(u.kind for u in directory.units)])
    return {
        "post": posts,
        "taken_by": (*new, *posts),
        "role": tuple(roles.items()),
        "kind": tuple((k, words.get(k, _t(k, k))) for k in kinds),
    }


def _page(visit: Visit, filled: Filled | None = None, **more: Any) -> Response:
    content = typed(ReorganiseForm, filled.text, ids=known(visit)) if filled else {}
    return page(
        visit,
        ReorganiseForm,
        title=_t("機構改革を取り込む", "Load a reorganisation"),
        lead=_t(
            "改称、統合、廃止。待っている依頼は引き継ぐ職へ移ります。記録の前に影響を示します。",
            "Renamed, merged, abolished: what waits passes on. What it does is shown before it is recorded.",
        ),
        back="/organisation",
        action=PATH,
        filled=filled,
        offers=_offers(visit, content),
        root="organisation",
        dry=True,
        **more,
    )


def _done(request: Request, form: FormData) -> Response:
    text = {k: v for k, v in form.items() if isinstance(v, str)}
    visit = writing(request, text)
    if isinstance(visit, Response):
        return visit
    done = RedirectResponse("/organisation?done=1", 303)
    command_id, act = text.get("command_id", "")[:100] or str(uuid4()), text.get("act", "")
    if visit.store.knows(STREAM, command_id):
        return done
    if act.startswith("more:"):
        return _page(visit, Filled(text))
    content = typed(ReorganiseForm, text, ids=known(visit))
    if problems := days_beyond(ReorganiseForm, content):
        return _page(visit, Filled(text, problems=problems, status=422))
    version = visit.store.load(STREAM)[1]
    try:
        given = ReorganiseForm.model_validate({k: v for k, v in content.items() if not nothing(v)})
        command = _command(visit, given, command_id)
        require_authority(visit.actor(), command, visit.store.facts(), visit.store.clock.now())
        lines, mark = effects(visit.store, command), _mark(command, version)
        if act == "dry" or text.get("seen", "") != mark:
            confirm = act != "dry"
            return _page(visit, Filled(text), lines=lines, hidden={"seen": mark}, confirm=confirm)
        visit.site.record(command, visit.actor(), version)
    except ValidationError as error:
        return _page(visit, Filled(text, problems=problems_of(error), status=422))
    except Refused as refused:
        if visit.store.knows(STREAM, command_id):
            return done
        return _page(visit, Filled(text | {"command_id": str(uuid4())}, refused.refusal, status=409))
    return done


def _mark(command: ReorganiseUnit, version: int) -> str:
    """What was looked at: the reorganisation as typed, on the directory of a version."""
    content = command.model_dump_json(exclude={"command_id"})
    return hashlib.sha256(f"{version} {content}".encode()).hexdigest()[:32]


@router.get(PATH)
def reorganise_page(request: Request) -> Response:
    return _page(visit_of(request))


@router.post(PATH)
async def reorganise(request: Request) -> Response:
    async with request.form(max_files=0, max_fields=500) as form:
        return await run_in_threadpool(_done, request, form)


@shown_again(PATH)
def _again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
    return _page(visit, Filled(kept))
