"""The rules of the bodies on a page: read, compared, tried, and laid down as a new version by whoever may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from domain.bodies import BodyRules, Seat, posts_of
from domain.bodies_diff import compare, seated, unseated
from domain.bodies_stream import STREAM, PublishRules, RulesState, digest, may_lay_down
from domain.calendar import local_day
from domain.directory import Directory
from domain.messages import Refusal, Refused, Text
from domain.registry import KINDS
from domain.sessions.words import CATEGORIES
from web.app import Visit, visit_of
from web.governing import rules_of
from web.keeping import shown_again, writing
from web.pages.processes import LARGEST, read
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
PATH = "/rules"


def _state(visit: Visit) -> tuple[RulesState, int]:
    """What has been published, and how often."""
    try:
        return visit.store.load(STREAM)
    except LookupError:
        return RulesState(stream=STREAM), 0


def _may(visit: Visit, state: RulesState) -> bool:
    store = visit.store
    day = local_day(store.clock.now())
    return not store.clock.virtual and may_lay_down(state.find(), visit.person, store.facts().directory, day)


def _page(visit: Visit, status: int = 200, *, text: str | None = None, **more: Any) -> Response:
    held, (state, _), directory = rules_of(visit.store), _state(visit), visit.store.facts().directory
    context: dict[str, Any] = {
        "old": "",
        "new": "",
        "lines": None,
        "seats": (),
        "missing": (),
        "tried": None,
        "seen": "",
        "confirm": False,
        "problems": [],
        "refusal": None,
        "done": "",
    }
    return visit.page(
        "rules.html",
        status,
        rules=held,
        digest=digest(held),
        known=state.published,
        lays_down=_may(visit, state),
        secretariat=directory.unit(held.secretariat),
        titled=lambda seat: _titled(seat, directory),
        role_title=lambda role: _titled(Seat(role=role), directory),
        categories=CATEGORIES,
        text=_beginning(state, held) if text is None else text,
        **(context | more),
    )


def _titled(seat: Seat, directory: Directory) -> Text:
    """A seat by the post that gives it, where there is one; of several the first, and how many more."""
    posts = [p.title for p in posts_of(seat, directory)]
    if not posts:
        return Text(ja=seat.role, en=seat.role)
    if len(posts) == 1:
        return posts[0]
    return Text(ja=f"{posts[0].ja} ほか {len(posts) - 1} 職", en=f"{posts[0].en} and {len(posts) - 1} more")


def _beginning(state: RulesState, held: BodyRules) -> str:
    """The rules that hold, under the number of the next version, to be changed."""
    newest = max((r.version for r in state.published.values() if r.name == held.name), default=0)
    content = held.model_copy(update={"version": newest + 1}).model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)


def _done(request: Request, form: FormData) -> Response:
    given = {k: v for k, v in form.items() if isinstance(v, str)}
    visit = writing(request, given)
    if isinstance(visit, Response):
        return visit
    upload = form.get("file")
    if isinstance(upload, UploadFile) and upload.filename:
        content = upload.file.read(LARGEST + 1)
    else:
        content = given.get("text", "").replace("\r\n", "\n").encode()
    text = content[:LARGEST].decode("utf-8-sig", "replace")
    rules, problems = read(BodyRules, content)
    if rules is None:
        return _page(visit, 422, text=text, problems=problems)
    return _tried(visit, rules, text, given)


def _tried(visit: Visit, rules: BodyRules, text: str, given: Mapping[str, str]) -> Response:
    """What the rules would change; recorded once that has been seen, and nothing was published since."""
    state, version = _state(visit)
    command = PublishRules(
        command_id=f"publish:{rules.reference}:{digest(rules)[:16]}:{visit.person}", stream=STREAM, rules=rules
    )
    if given.get("act") == "publish" and visit.store.knows(STREAM, command.command_id):
        return RedirectResponse(f"{PATH}?done=1", 303)
    seen, may = f"{version} {digest(rules)}", _may(visit, state)
    publishing = given.get("act") == "publish"
    refusal: Refusal | None = None
    try:
        if publishing and given.get("seen") == seen:
            visit.site.record(command, visit.actor(), version)
            return RedirectResponse(f"{PATH}?done=1", 303)
        if may or publishing:
            KINDS["rules"].decide(state, command, visit.actor(), visit.store.facts(), visit.store.clock.now())
    except Refused as refused:
        refusal = refused.refusal
    held, directory = rules_of(visit.store), visit.store.facts().directory
    return _page(
        visit,
        409 if refusal else 200,
        text=text,
        tried=rules,
        lines=compare(held, rules),
        old=held.reference,
        new=rules.reference,
        seats=seated(held, rules, directory, local_day(visit.store.clock.now())),
        missing=unseated(rules, directory),
        seen=seen if refusal is None else "",
        confirm=publishing and refusal is None,
        refusal=refusal,
    )


# --- routes --------------------------------------------------------------------------------------------------------------


@router.get(PATH)
def rules_page(request: Request, old: str = "", new: str = "", done: str = "") -> Response:
    """The rules that hold, every version, and two of them compared in words."""
    visit = visit_of(request)
    known = _state(visit)[0].published
    lines = compare(known[old], known[new]) if old in known and new in known else None
    return _page(visit, old=old, new=new, lines=lines, done=done)


@router.post(PATH)
async def lay_down(request: Request) -> Response:
    async with request.form(max_files=1, max_fields=20, max_part_size=2 * LARGEST) as form:
        return await run_in_threadpool(_done, request, form)


@shown_again(PATH)
def _again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
    return _page(visit, text=kept.get("text", "").replace("\r\n", "\n"))
