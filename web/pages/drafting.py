"""The form of the document asked for now: typed, saved as a draft, with files, checked, handed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from blobs.inspection import Unfit
from domain.deliverables.registry import DELIVERABLES
from domain.lifecycle.attaching import DetachFile, attached
from domain.lifecycle.commands import SubmitDeliverable
from domain.lifecycle.state import Lifecycle
from domain.messages import Command, Refusal, Refused, Text
from papers.circulations import timeline
from papers.course import Earlier, came_back
from store import queries
from store.beginnings import beginning
from store.drafts import Drafts, Meanwhile
from web.app import Visit, visit_of
from web.attaching import attach, file_refusal
from web.checking import drafted, form_asked, problems_in
from web.forms import boxes, by_field, typed
from web.keeping import shown_again, writing
from web.pages.finding import stream_of
from web.pages.forming import called, known
from web.pages.talk import known_as
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
PEOPLE_LISTED = 400
"""So many people or units are offered while typing; more would make the page heavy."""
OWN = {"csrf", "command_id", "base", "act", "comment", "file", "more"}


@router.get("/lifecycles/{given}/draft")
def draft_page(request: Request, given: str, more: str = "", saved: str = "") -> Response:
    visit = visit_of(request)
    return shown(visit, stream_of(visit, given), more=more, note=saved)


def shown(
    visit: Visit,
    stream: str,
    *,
    status: int = 200,
    given: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
    problems: Mapping[str, list[Text]] | None = None,
    base: int | None = None,
    more: str = "",
    note: str = "",
    meanwhile: Any = None,
) -> Response:
    """The form as it was saved, or with what has just been typed. Only for those who may draft it."""
    state = _open_state(visit, stream)
    process = visit.store.facts(state.definition).definition
    assert process is not None  # a lifecycle always has one
    stage = process.stage(state.work)
    deliverable = DELIVERABLES[stage.deliverable]
    draft = Drafts(visit.store).find(stream, state.work, state.round)
    if given is not None:
        content: Mapping[str, Any] = typed(deliverable.form, given, ids=known(visit))
    else:
        content = draft.content if draft else beginning(visit.store, stream, state.work) or {}
    titles = {s.key: s.title for s in process.all_stages}
    improvement = process.outcome("improvement")
    back = improvement.stages if improvement and stage.decides_outcome else tuple(titles)
    directory = visit.directory
    people, units = queries.all_people(visit.store), directory.units
    sheet = boxes(
        deliverable.form,
        content,
        problems,
        more=more,
        named=lambda show, id_: _name(visit, show, id_),
        offers=dict.fromkeys(("back_to", "stage"), tuple((key, titles[key]) for key in back if key in titles)),
    )
    return visit.page(
        "draft.html",
        status,
        state=state,
        stage=stage,
        title=deliverable.title,
        rules=deliverable.rules,
        boxes=sheet,
        draft=draft,
        base=base if base is not None else draft.version if draft else 0,
        files=attached(state),
        comment=(given or {}).get("comment", ""),
        command_id=(given or {}).get("command_id") or str(uuid4()),
        refusal=_without_fields(refusal, called(sheet, visit.language)),
        problems=problems or {},
        note=note,
        meanwhile=meanwhile,
        came_back=_came_back(visit, state),
        stages=titles,
        known_as=known_as(visit),
        conditions=[p for p in state.promises if p.fulfilled_at is None],
        people=[(p, row["name"]) for p, row in people.items()] if len(people) <= PEOPLE_LISTED else [],
        units=[(u.id, u.name) for u in units] if len(units) <= PEOPLE_LISTED else [],
        largest=visit.site.settings.attachment_mb,
    )


def _without_fields(refusal: Refusal | None, names: Mapping[str, str]) -> Refusal | None:
    """The refusal without what its fields say themselves: the summary of the form lists that, each leading to its field."""
    if refusal is None:
        return None
    beside = tuple(p for p in refusal.problems if not by_field([p]).keys() & names.keys())
    return refusal.model_copy(update={"problems": beside})


def _name(visit: Visit, show: str, id_: str) -> str:
    if show == "person":
        return name if (name := visit.name_of(id_)) != id_ else ""
    unit = visit.store.facts().directory.unit(id_)
    return unit.name.model_dump()[visit.language] if unit else ""


def _open_state(visit: Visit, stream: str) -> Lifecycle:
    """The lifecycle, when somebody who may draft it can do so now. Raises `Refused`: a draft is for its taskforce."""
    state = drafted(visit.store, visit.actor(), stream)
    if state is None:
        raise HTTPException(404)
    return state


def _came_back(visit: Visit, state: Lifecycle) -> tuple[Earlier, ...]:
    """Why this document is asked for again, the newest first: who sent it back or withdrew it, when, and with what words."""
    return came_back(timeline(visit.store, state.stream), visit.store.facts())


@router.post("/lifecycles/{given}/draft")
async def take(request: Request, given: str) -> Response:
    """Save, check, attach or hand in: one form with several buttons, so that nothing typed is left behind by any of them."""
    async with request.form(max_files=1, max_fields=5000, max_part_size=1 << 20) as form:
        return await run_in_threadpool(_taken, request, given, form)


@shown_again("/lifecycles/{given}/draft")
def _again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
    base = int(kept["base"]) if kept.get("base", "").isdigit() and len(kept["base"]) < 9 else 0
    return shown(visit, stream_of(visit, parts["given"]), given=kept, base=base)


def _taken(request: Request, given: str, form: FormData) -> Response:
    text = {key: value for key, value in form.items() if isinstance(value, str)}
    visit = writing(request, text)
    if isinstance(visit, Response):
        return visit
    stream = stream_of(visit, given)
    state = _open_state(visit, stream)
    content = typed(DELIVERABLES[form_asked(visit.store, state)].form, text, ids=known(visit))
    base = int(text["base"]) if text.get("base", "").isdigit() and len(text["base"]) < 9 else 0
    try:
        version = Drafts(visit.store).save(stream, state.work, state.round, base, content, visit.person)
    except Meanwhile as other:
        now = other.now.version if other.now else 0
        return shown(visit, stream, status=409, given=text, base=now, meanwhile=other.now)
    upload = form.get("file")
    act, _, what = text.get("act", "save").partition(":")
    if isinstance(upload, UploadFile) and upload.filename and act != "detach":
        try:
            attach(visit.site, visit.actor(), stream, upload, str(uuid4()))
        except Unfit as unfit:
            return shown(visit, stream, status=422, given=text, base=version, refusal=file_refusal(unfit))
        except Refused as refused:
            return shown(visit, stream, status=409, given=text, base=version, refusal=refused.refusal)
    return _acted(visit, state, content, text, version, act, what)


def _acted(
    visit: Visit,
    state: Lifecycle,
    content: dict[str, Any],
    text: Mapping[str, str],
    version: int,
    act: str,
    what: str,
) -> Response:
    stream, here = state.stream, f"/lifecycles/{state.stream}/draft"
    if act == "more":
        return RedirectResponse(f"{here}?{urlencode({'more': what})}#f-{quote(what.replace('.', '-'))}", 303)
    try:
        if act == "detach":
            command: Command = DetachFile(command_id=str(uuid4()), stream=stream, name=what)
            visit.site.record(command, visit.actor())
        elif act == "check":
            return _checked(visit, state, content, text, version)
        elif act == "submit":
            command = SubmitDeliverable(
                command_id=text.get("command_id") or str(uuid4()),
                stream=stream,
                stage=state.work,
                content=content,
                comment=text.get("comment", "").replace("\r\n", "\n")[:4000],
            )
            visit.site.record(command, visit.actor())
            return RedirectResponse(f"/lifecycles/{stream}?done=submitted", 303)
    except Refused as refused:
        kept = {**text, "command_id": str(uuid4())}
        found = by_field(refused.refusal.problems)
        return shown(visit, stream, status=422, given=kept, base=version, refusal=refused.refusal, problems=found)
    return RedirectResponse(f"{here}?saved={'attached' if act == 'attach' else 'saved'}", 303)


def _checked(
    visit: Visit, state: Lifecycle, content: dict[str, Any], text: Mapping[str, str], version: int
) -> Response:
    """All that handing in would find, without handing in."""
    problems = problems_in(visit.store, state, content)
    note = "" if problems else "complete"
    status = 422 if problems else 200
    return shown(visit, state.stream, status=status, given=text, base=version, problems=by_field(problems), note=note)
