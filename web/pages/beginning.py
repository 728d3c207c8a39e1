"""How a lifecycle, a session, a selection round and the rhythm of a body begin: a form each, from which the command is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from domain.calendar import fiscal_year, local_day
from domain.messages import Refused, Text
from domain.selection.kind import stream_of as round_stream
from store import queries
from store.store import Store
from web.app import Visit, visit_of
from web.forms import by_place, nothing, typed
from web.governing import (
    CallForm,
    ConveningForm,
    RhythmForm,
    StartForm,
    arranging,
    calling,
    convening,
    rules_of,
    starting,
)
from web.keeping import shown_again, writing
from web.pages.forming import Filled, Offers, days_beyond, known, page, problems_of
from web.snapshots import Reading

router = APIRouter(route_class=Reading)


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


@dataclass(frozen=True)
class Beginning:
    """How something begins: its form, and the command that its content makes. `root`: the page from which it is begun."""

    title: Text
    form: type[BaseModel]
    command: Callable[[Store, Any, str], Any]
    back: Callable[[str], str]
    begins: Callable[[Visit], dict[str, Any]] = lambda _: {}
    root: str = "sessions"
    lead: Text | None = None


def _start_begins(visit: Visit) -> dict[str, Any]:
    return {"definition": queries.latest_definition(visit.store, "himeji") or ""}


def _call_begins(visit: Visit) -> dict[str, Any]:
    year = fiscal_year(local_day(visit.store.clock.now()))
    free = next((str(y) for y in (year, year + 1) if not queries.has_stream(visit.store, round_stream(str(y)))), "")
    return {"name": free, "definition": queries.latest_definition(visit.store, "himeji") or ""}


BEGINNINGS: Mapping[str, Beginning] = {
    "/lifecycles/start": Beginning(
        _t("課題を始める", "Start a lifecycle"),
        StartForm,
        starting,
        lambda s: f"/lifecycles/{s}",
        _start_begins,
        root="lifecycles",
        lead=_t(
            "選定された課題は自動で始まります。それ以外の課題をここで始めます。",
            "What a round selects starts by itself; other tasks start here.",
        ),
    ),
    "/sessions/convene": Beginning(
        _t("会議を招集する", "Convene a session"),
        ConveningForm,
        convening,
        lambda s: f"/sessions/{s}",
        lead=_t(
            "構成員に通知し、議題を載せられるようにします。回数は年度ごとに続きます。通知期間は会議の規程にあります。",
            "Its members are told, and items can be put on its agenda. It gets the next number of its fiscal year; how long before "
            "the day it is to be called stands in the rules of the bodies.",
        ),
    ),
    "/selection/call": Beginning(
        _t("提案を募集する", "Call for proposals"),
        CallForm,
        calling,
        lambda s: f"/selection/{s}",
        _call_begins,
        lead=_t(
            "締切日まで各課が課題を提案し、その後に採点・順位付けをして会議に付します。前回に持ち越した提案は自動で入ります。",
            "Sections propose tasks until the closing date; then they are scored, ranked and put before the session. What the round "
            "before kept comes along by itself.",
        ),
    ),
    "/sessions/rhythm": Beginning(
        _t("規程の月日に自動で招集する", "Convene it by itself on the days of the rules"),
        RhythmForm,
        arranging,
        lambda s: "/sessions",
    ),
}


def _begin_page(visit: Visit, path: str, filled: Filled | None = None) -> Response:
    found = BEGINNINGS[path]
    published = queries.published_definitions(visit.store)
    versions = [(f"{r['name']}@{r['version']}", r["document"]["title"], r["version"]) for r in published]
    offers: Offers = {
        "body": tuple((b.key, b.title) for b in rules_of(visit.store).bodies),
        "definition": tuple(
            (v, _t(f"{title['ja']} 第{n}版", f"{title['en']}, version {n}")) for v, title, n in versions
        ),
    }
    begins = found.begins(visit)
    return page(
        visit,
        found.form,
        title=found.title,
        lead=found.lead,
        back=f"/{found.root}",
        root=found.root,
        action=path,
        filled=filled,
        begins=begins,
        offers=offers,
    )


def _begun(request: Request, path: str, form: FormData) -> Response:
    text = {k: v for k, v in form.items() if isinstance(v, str)}
    visit = writing(request, text)
    if isinstance(visit, Response):
        return visit
    found = BEGINNINGS[path]
    if text.get("act", "").startswith("more:"):
        return _begin_page(visit, path, Filled(text))
    content = typed(found.form, text, ids=known(visit))
    if problems := days_beyond(found.form, content):
        return _begin_page(visit, path, Filled(text, problems=problems, status=422))
    given = {k: v for k, v in content.items() if not nothing(v)}
    try:
        asked = found.form.model_validate(given)
        command = found.command(visit.store, asked, text.get("command_id") or str(uuid4()))
        visit.site.record(command, visit.actor())
    except ValidationError as error:
        return _begin_page(visit, path, Filled(text, problems=problems_of(error), status=422))
    except Refused as refused:
        again = text | {"command_id": str(uuid4())}
        return _begin_page(visit, path, Filled(again, refused.refusal, by_place(refused.refusal), 409))
    return RedirectResponse(f"{found.back(command.stream)}?done=1", 303)


def _routes(path: str) -> None:
    @router.get(path)
    def show(request: Request) -> Response:
        return _begin_page(visit_of(request), path)

    @router.post(path)
    async def begin(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=50) as form:
            return await run_in_threadpool(_begun, request, path, form)

    @shown_again(path)
    def show_again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
        return _begin_page(visit, path, Filled(kept))


for _path in BEGINNINGS:
    _routes(_path)
