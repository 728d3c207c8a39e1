"""The forms of what people do with sessions and rounds: shown, filled in, recorded; and how both of them begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from blobs.inspection import Unfit
from domain.messages import Problem, Refused, Text
from domain.sessions import messages as m
from domain.sessions.session import Session
from web.app import Visit, visit_of
from web.attaching import file_refusal, keep
from web.forms import by_place, nothing, typed
from web.governing import is_privy
from web.keeping import shown_again, writing
from web.pages import body_forms as forms
from web.pages.bodies import round_of, session_of
from web.pages.body_acts import ROUND_ACTS, SESSION_ACTS, Act
from web.pages.forming import Filled, days_beyond, known, page, problems_of
from web.snapshots import Reading

router = APIRouter(route_class=Reading)


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


# --- acts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """Where an act happens: what is acted on, under which address."""

    stream: str
    state: Any
    acts: Mapping[str, Act]
    back: str
    title: Text
    item_field: str

    @property
    def known(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.state.items if self.item_field == "item" else self.state.proposals
        return found


def _place(visit: Visit, where: str, stream: str) -> Place:
    if where == "sessions":
        session = session_of(visit, stream)
        return Place(stream, session, SESSION_ACTS, f"/sessions/{stream}", session.title, "item")
    if where != "selection":
        raise HTTPException(404)
    found = round_of(visit, stream)
    return Place(stream, found, ROUND_ACTS, f"/selection/{stream}", _t(found.title, found.title), "ref")


@router.get("/{where}/{stream}/do/{name}")
def act_page(request: Request, where: str, stream: str, name: str, item: str = "") -> Response:
    if where not in ("sessions", "selection"):
        raise HTTPException(404)
    visit = visit_of(request)
    return _shown(visit, _place(visit, where, stream), name, item)


@shown_again("/sessions/{stream}/do/{name}")
def _session_again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
    place = _place(visit, "sessions", parts["stream"])
    return _shown(visit, place, parts["name"], kept.get("item_key", ""), Filled(kept))


@shown_again("/selection/{stream}/do/{name}")
def _round_again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
    place = _place(visit, "selection", parts["stream"])
    return _shown(visit, place, parts["name"], kept.get("item_key", ""), Filled(kept))


def _shown(visit: Visit, place: Place, name: str, item: str, filled: Filled | None = None) -> Response:
    act = place.acts.get(name)
    if act is None or (act.of_item and item not in place.known):
        raise HTTPException(404)
    found = place.known.get(item) if act.of_item else None
    if (
        isinstance(place.state, Session)
        and found is not None
        and not (found.public or is_privy(visit.store, visit.person, place.state))
    ):
        raise HTTPException(404)
    return page(
        visit,
        act.form(visit, place.state, item),
        title=act.title,
        lead=_t(found.title, found.title) if found is not None else place.title,
        about=act.about,
        back=place.back,
        whole=place.title,
        action=f"{place.back}/do/{name}",
        filled=filled,
        begins=act.begins(visit, place.state, item),
        offers=forms.offers(visit, place.state, item),
        item=item,
        file=act.file,
        hidden=act.hidden(place.state),
        reading=_reading(visit, place.state) if name == "confirm" else None,
        votes=_votes(visit, found) if name == "conclude" and getattr(place.state, "circulation", False) else None,
    )


def _reading(visit: Visit, state: Any) -> dict[str, Any] | None:
    """The newest minutes, which are confirmed as they are shown here; the part that is not public for those who may read it."""
    found = [r.event for r in visit.store.events(state.stream) if isinstance(r.event, m.MinutesDrafted)]
    if not found or not is_privy(visit.store, visit.person, state):
        return None
    return {"version": found[-1].version, "text": found[-1].text, "closed_part": found[-1].closed_part}


def _votes(visit: Visit, item: Any) -> dict[str, Any]:
    """The votes that came in by circulation, and who has not voted."""
    words = dict(forms.BALLOTS)
    return {"given": [(p, words[b]) for p, b in item.votes.items()]}


@router.post("/{where}/{stream}/do/{name}")
async def do(request: Request, where: str, stream: str, name: str) -> Response:
    if where not in ("sessions", "selection"):
        raise HTTPException(404)
    async with request.form(max_files=1, max_fields=500) as form:
        return await run_in_threadpool(_done, request, where, stream, name, form)


def _done(request: Request, where: str, stream: str, name: str, form: FormData) -> Response:
    text = {k: v for k, v in form.items() if isinstance(v, str)}
    visit = writing(request, text)
    if isinstance(visit, Response):
        return visit
    place, item = _place(visit, where, stream), text.get("item_key", "")
    act = place.acts.get(name)
    if act is None or (act.of_item and item not in place.known):
        raise HTTPException(404)
    if text.get("act", "").startswith("more:"):
        return _shown(visit, place, name, item, Filled(text))
    shape = act.form(visit, place.state, item)
    content = typed(shape, text, ids=known(visit))
    if problems := days_beyond(shape, content):
        return _shown(visit, place, name, item, Filled(text, problems=problems, status=422))
    fields = act.fields(content | {k: text[k] for k in act.hidden(place.state) if k in text}, place.state)
    fields = {k: v for k, v in fields.items() if not nothing(v) or v is False or v == {}}
    if act.of_item:
        fields[place.item_field] = item
    fields |= {"command_id": text.get("command_id") or str(uuid4()), "stream": stream}
    try:
        if act.file:
            fields |= _kept(visit, form, fields)
        visit.site.record(act.command.model_validate(fields), visit.actor())
    except Unfit as unfit:
        return _shown(visit, place, name, item, Filled(text, refusal=file_refusal(unfit), status=422))
    except ValidationError as error:
        problems = _placed(act, problems_of(error))
        return _shown(visit, place, name, item, Filled(text, problems=problems, status=422))
    except Refused as refused:
        again = text | {"command_id": str(uuid4())}
        named = refused.refusal.model_copy(update={"problems": _titled(visit, refused.refusal.problems)})
        problems = _placed(act, by_place(named))
        return _shown(visit, place, name, item, Filled(again, refused.refusal, problems, 409))
    anchor = f"#{item}" if act.of_item and where == "sessions" else ""
    return RedirectResponse(f"{place.back}?done={name}{anchor}", 303)


def _kept(visit: Visit, form: FormData, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Name, hash and size of the file that came along. Raises `Unfit`."""
    upload = form.get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise Unfit("FILE: ファイルが選ばれていません / no file was chosen\n→ ファイルを選んでください / choose one")
    name = str(fields.get("name") or "")
    if name and "." not in name:
        name += "." + upload.filename.rpartition(".")[2]
    found = keep(visit.site, upload, name or upload.filename)
    return {"name": found.name, "sha256": found.sha256, "size": found.size}


def _placed(act: Act, problems: Mapping[str, list[Text]]) -> dict[str, list[Text]]:
    """Problems under the boxes of the page."""
    found: dict[str, list[Text]] = {}
    for path, texts in problems.items():
        place = next((new + path.removeprefix(old) for old, new in act.places.items() if path.startswith(old)), path)
        found.setdefault(place, []).extend(texts)
    return found


_TITLES = {"present": _t("出席者", "those present"), "presiding": _t("主宰者", "who presides")}


def _titled(visit: Visit, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Fields that no box shows are named in words."""
    found = []
    for p in problems:
        title = _TITLES.get(p.field)
        said = Text(ja=f"{title.ja}: {p.message.ja}", en=f"{title.en}: {p.message.en}") if title else p.message
        found.append(p.model_copy(update={"message": said}))
    return tuple(found)
