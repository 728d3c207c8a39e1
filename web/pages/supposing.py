"""What if: a form in plain words, a page for each question that shows how it stands and then what was found, and who asked what lately."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from uuid import uuid4

from fastapi import APIRouter, Header, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from domain.messages import Refusal, Refused, Text, refuse
from domain.process import ProcessDefinition
from learning.hypotheses import SCRIPTED
from rehearsal.asking import Ground, chosen, ground, last_day, titles_of_roles
from rehearsal.contract import ALL, MOST_PLAYED, NOTABLE, Supposition, WhatIf
from store.queries import stage_titles
from store.whatifs import EACH, KEPT, Asked, Questions
from web.app import Site, Visit, visit_of
from web.keeping import shown_again, writing
from web.pages.processes import LARGEST
from web.pages.supposition_form import CAPACITY, PACE, Typed, beside, document, typed, words
from web.snapshots import Reading
from web.whatifs import ask, require_supposing, unfit

router = APIRouter(route_class=Reading)
PATH = "/board/whatif"
SHOWN = 100
"""Lifecycles on a page of what was found."""
LATELY = 20
_EVERY, _LOOKS = 1.0, 600
"""Seconds between two looks for an open page, and looks after which its browser asks anew."""


def _page(visit: Visit, found: Typed, status: int = 200) -> Response:
    on = ground(visit.store)
    process = (chosen(found.asked, on) if found.asked is not None else None) or _process(found, on)
    titles = titles_of_roles(process, on.directory)
    titled = {ALL: Text(ja="全員", en="everybody")} | titles
    boxes = {"definition", "document", "deadlines", "until", "seed"}
    boxes |= {f"{p}{role}" for p in (PACE, CAPACITY) for role in titled}
    places = {name: texts for name, texts in found.problems.items() if name in boxes}
    for name, texts in found.problems.items():
        if name.startswith("deadlines."):
            places.setdefault("deadlines", []).extend(texts)
    steps = [t for name, texts in found.problems.items() if name.startswith("without") for t in texts]
    above = [
        t
        for name, texts in found.problems.items()
        if name not in places and not name.startswith(("without", "deadlines."))
        for t in texts
    ]
    return visit.page(
        "whatif.html",
        status,
        text=defaultdict(str, found.text),
        problems=places,
        steps_wrong=steps,
        above=above,
        refusal=found.refusal,
        on=on,
        process=process,
        roles=titled,
        all=ALL,
        running=sum(on.running.values()),
        most=MOST_PLAYED,
        until=last_day(Supposition(), on),
        command_id=found.text.get("command_id") or str(uuid4()),
        lately=_lately(visit),
        each=EACH,
        days=KEPT.days,
        mark=SCRIPTED,
    )


def _process(found: Typed, on: Ground) -> ProcessDefinition | None:
    """Whose steps are offered: of what was chosen, as far as it can be read."""
    return document(found.text, {}) or on.definitions.get(found.text.get("definition", "")) or on.base


def _lately(visit: Visit) -> list[Asked]:
    return Questions(visit.store).latest(LATELY)


@router.get(PATH)
def form(request: Request, again: str = "") -> Response:
    """What can be asked, empty or as it was asked before; and what was asked lately."""
    visit = visit_of(request)
    require_supposing(visit.store, visit.person)
    before = Questions(visit.store).find(again) if again else None
    visit.site.reckoning.see_to_it()
    return _page(visit, Typed(words(Supposition.model_validate_json(before.question)) if before else {}))


def _asked(request: Request, form: FormData) -> Response:
    text = {k: v for k, v in form.items() if isinstance(v, str)}
    upload = form.get("file")
    if isinstance(upload, UploadFile) and upload.filename:
        content = upload.file.read(LARGEST + 1)
        text["document"] = content.decode("utf-8-sig", "replace")
    visit = writing(request, text)
    if isinstance(visit, Response):
        return visit
    require_supposing(visit.store, visit.person)
    if text.get("act") == "steps":
        shown = typed(text)
        shown.problems = {name: t for name, t in shown.problems.items() if name == "document"}
        return _page(visit, shown, 422 if shown.problems else 200)
    found = typed(text)
    if found.asked is None or found.problems:
        wrong = unfit(visit.store, found.asked) if found.asked is not None else []
        beside(found, [p for p in wrong if p.field])
        return _page(visit, found, 422)
    try:
        question = ask(visit.site, visit.person, text.get("command_id", "")[:100] or str(uuid4()), found.asked)
    except Refused as refused:
        return _page(visit, _refused(found, refused.refusal), 422 if refused.refusal.problems else 409)
    return RedirectResponse(f"{PATH}/{question.id}", 303)


def _refused(found: Typed, refusal: Refusal) -> Typed:
    """Problems beside their boxes; another refusal above the form, which is then sent under a new id."""
    beside(found, refusal.problems)
    if not refusal.problems:
        found.refusal = refusal
        found.text = {**found.text, "command_id": str(uuid4())}
    return found


@router.post(PATH)
async def send(request: Request) -> Response:
    try:
        async with request.form(max_files=1, max_fields=500, max_part_size=2 * LARGEST) as form:
            return await run_in_threadpool(_asked, request, form)
    except HTTPException as error:
        if error.status_code != 400:
            raise
        raise refuse(
            "too-large",
            "送られた内容が大きすぎます",
            "what was sent is too large",
            remedy_ja="定義は 1 MB までにしてください",
            remedy_en="keep the definition within 1 MB",
        ) from None


@shown_again(PATH)
def _form_again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
    require_supposing(visit.store, visit.person)
    return _page(visit, Typed(kept))


# --- one question ------------------------------------------------------------------------------------------------------


@router.get(f"{PATH}/{{id}}")
def question(request: Request, id: str, page: int = 1) -> Response:
    """How a question stands, and what was found."""
    visit = visit_of(request)
    require_supposing(visit.store, visit.person)
    found = Questions(visit.store).find(id)
    if found is None:
        raise HTTPException(404)
    visit.site.reckoning.see_to_it()
    whole = WhatIf.model_validate_json(found.found) if found.found is not None else None
    pages = -(-len(whole.shifts) // SHOWN) if whole is not None else 0
    page = min(max(page, 1), max(pages, 1))
    directory = visit.store.facts().directory
    asked, on = Supposition.model_validate_json(found.question), ground(visit.store)
    return visit.page(
        "whatif_found.html",
        question=found,
        asked=asked,
        whole=whole,
        shifts=whole.shifts[(page - 1) * SHOWN : page * SHOWN] if whole is not None else (),
        number=page,
        pages=pages,
        titles=stage_titles(visit.store),
        steps=_steps(on, asked),
        roles={ALL: Text(ja="全員", en="everybody")} | titles_of_roles(on.base, directory),
        live=f"{PATH}/{found.id}/live?seen={_mark(found)}" if not found.over else None,
        mark=SCRIPTED,
        days=KEPT.days,
        notable=NOTABLE,
    )


def _steps(on: Ground, asked: Supposition) -> dict[str, Text]:
    """`stage/step` -> how the step is called, of the definition that is asked about."""
    process = asked.document or on.definitions.get(asked.definition or "") or on.base
    return {
        f"{s.key}/{g.key}": Text(ja=f"{s.title.ja}「{g.title.ja}」", en=f"{s.title.en}: {g.title.en}")
        for s in (process.stages if process else ())
        for g in s.gate
    }


def _mark(found: Asked) -> str:
    """What an open page would show otherwise."""
    return f"{found.state}-{found.ahead}"


@router.get(f"{PATH}/{{id}}/live")
async def live(request: Request, id: str, seen: str = "", last_event_id: str = Header("", max_length=30)) -> Response:
    """Says `changed` whenever a question stands otherwise than the page has `seen`; 204 when there is no more to hear."""
    site: Site = request.app.state.site
    visit: Visit = await run_in_threadpool(site.visit, request)
    await run_in_threadpool(require_supposing, visit.store, visit.person)
    begun, told = await run_in_threadpool(Questions(visit.store).find, id), last_event_id or seen
    if begun is None or (begun.over and _mark(begun) == told):
        return Response(status_code=204)

    async def lines() -> AsyncIterator[str]:
        mark = told
        yield "retry: 1000\n\n"
        for n in range(_LOOKS):
            now = await run_in_threadpool(_looked, site, request, id)
            if now is None:
                return
            if _mark(now) != mark:
                mark = _mark(now)
                yield f"id: {mark}\nevent: changed\ndata: {mark}\n\n"
            elif n % 20 == 0:
                yield ": still here\n\n"
            if now.over:
                return
            await asyncio.sleep(_EVERY)

    headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


def _looked(site: Site, request: Request, id: str) -> Asked | None:
    """How the question stands, for whoever is still signed in; somebody reckons, where it waits."""
    if site.session(request) is None:
        return None
    site.reckoning.see_to_it()
    return Questions(site.store).find(id)


@router.post(f"{PATH}/{{id}}/cancel")
async def cancel(request: Request, id: str) -> Response:
    async with request.form(max_files=0, max_fields=20) as form:
        return await run_in_threadpool(_cancelled, request, id, form)


def _cancelled(request: Request, id: str, form: FormData) -> Response:
    visit = writing(request, {k: v for k, v in form.items() if isinstance(v, str)})
    if isinstance(visit, Response):
        return visit
    require_supposing(visit.store, visit.person)
    if Questions(visit.store).cancel(id, visit.person) is None:
        raise HTTPException(404)
    return RedirectResponse(f"{PATH}/{id}", 303)


@shown_again(f"{PATH}/{{id}}/cancel")
def _cancel_again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
    return RedirectResponse(f"{PATH}/{parts['id']}", 303)
