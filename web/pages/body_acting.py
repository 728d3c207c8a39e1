"""The forms of what people do with sessions and rounds: shown, filled in, recorded; and how both of them begin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from blobs.inspection import Unfit
from domain.calendar import fiscal_year, local_day, wareki_fiscal_year
from domain.deliverables.registry import in_japanese
from domain.deliverables.shape import inner
from domain.messages import Problem, Refusal, Refused, Text
from domain.selection import messages as sm
from domain.selection.kind import stream_of as round_stream
from domain.sessions import messages as m
from domain.sessions.kind import stream_of as session_stream
from domain.sessions.rhythm import SetRhythm
from domain.sessions.rhythm import stream_of as rhythm_of
from domain.sessions.session import Session
from store import bodies, queries
from web.app import Visit, visit_of
from web.attaching import keep
from web.forms import Box, boxes, by_field, identified, nothing, typed
from web.keeping import shown_again, writing
from web.pages import body_forms as forms
from web.pages.bodies import round_of, session_of
from web.pages.body_acts import ROUND_ACTS, SESSION_ACTS, Act, is_privy, rules_of
from web.pages.drafting import file_refusal

router = APIRouter()
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)
"""Days that a form takes; beyond them calendars end."""
LISTED = 400
"""So many people, units or lifecycles are offered while typing; more would make the page heavy."""


@dataclass(frozen=True)
class Filled:
    """A form as it was sent: what was typed, its content, and what is wrong with it."""

    text: Mapping[str, str]
    refusal: Refusal | None = None
    problems: Mapping[str, list[Text]] | None = None
    status: int = 200


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


# --- what every form here needs ----------------------------------------------------------------------------------------


def named(visit: Visit) -> Callable[[str, str], str]:
    """The name of a person or unit, empty where none is known."""
    directory = visit.store.facts().directory

    def name(show: str, id_: str) -> str:
        if show == "person":
            found = visit.site.renderer.name_of(id_)
            return found if found != id_ else ""
        unit = directory.unit(id_)
        return str(unit.name.model_dump()[visit.language]) if unit else ""

    return name


def known(visit: Visit) -> Callable[[str, str], str]:
    """The id that a text stands for: `水上 七海 (p33)`, an id, or a name that only one has; a lifecycle by its reference."""
    directory = visit.store.facts().directory
    units = [(u.id, {u.name.ja, u.name.en}) for u in directory.units]

    def id_of(show: str, text: str) -> str:
        found = identified(text)
        if show == "lifecycle":
            try:
                return queries.resolve(visit.store, found) if found else found
            except queries.NotFound:
                return found
        if show == "unit":
            fitting = [i for i, names in units if found in names]
        elif directory.person(found) is not None:
            return found
        else:
            wanted = found.replace("\u3000", " ").replace(" ", "")
            fitting = [p.id for p in directory.people if _plain(visit, p.id) == wanted]
        return fitting[0] if len(fitting) == 1 else found

    return id_of


def _plain(visit: Visit, person: str) -> str:
    return visit.site.renderer.name_of(person).replace("\u3000", " ").replace(" ", "")


def lists(visit: Visit, shown: list[Box]) -> dict[str, Any]:
    """What the boxes of a page offer while typing."""
    directory, wanted = visit.store.facts().directory, set(_shows(shown))
    people = [p.id for p in directory.people if not p.service] if "person" in wanted else []
    units = directory.units if "unit" in wanted else ()
    found = queries.find_lifecycles(visit.store, closed=False, limit=LISTED + 1) if "lifecycle" in wanted else []
    return {
        "people": [(p, visit.site.renderer.name_of(p)) for p in people] if len(people) <= LISTED else [],
        "units": [(u.id, u.name) for u in units] if len(units) <= LISTED else [],
        "listed": found if len(found) <= LISTED else [],
    }


def _shows(shown: list[Box]) -> Iterator[str]:
    for box in shown:
        yield box.of or box.show
        for row in [box.inside, *box.rows]:
            yield from _shows(row)


def misplaced(shown: list[Box], problems: Mapping[str, list[Text]]) -> list[Text]:
    """Problems that stand beside no box: they are said above the form."""
    paths = set(_paths(shown))
    return [
        text
        for path, texts in problems.items()
        if path not in paths and path.rpartition(".")[0] not in paths
        for text in texts
    ]


def _paths(shown: list[Box]) -> Iterator[str]:
    for box in shown:
        yield box.path
        for row in [box.inside, *box.rows]:
            yield from _paths(row)


def problems_of(error: ValidationError) -> dict[str, list[Text]]:
    """What is wrong with each field, in both languages."""
    found: dict[str, list[Text]] = {}
    for e in error.errors(include_url=False):
        said = Text(ja=in_japanese(e["type"], e.get("ctx") or {}, e["msg"]), en=e["msg"])
        found.setdefault(".".join(str(p) for p in e["loc"]), []).append(said)
    return found


def days_beyond(form: type[BaseModel], content: Mapping[str, Any]) -> dict[str, list[Text]]:
    """Days before or after those that calendars know."""
    found = {}
    for name, info in form.model_fields.items():
        value = content.get(name)
        if inner(info.annotation)[0] is date and isinstance(value, str):
            try:
                fits = EARLIEST <= date.fromisoformat(value) <= LATEST
            except ValueError:
                found[name] = [
                    _t(
                        "日付として読めません。令和9年2月12日のように書いてください",
                        "not a day; write it like 2027-02-12",
                    )
                ]
                continue
            if not fits:
                found[name] = [
                    _t(f"{EARLIEST} から {LATEST} までの日付にしてください", f"name a day from {EARLIEST} to {LATEST}")
                ]
    return found


def page(
    visit: Visit,
    form: type[BaseModel],
    *,
    title: Text,
    lead: Text | None,
    back: str,
    action: str,
    filled: Filled | None = None,
    begins: Mapping[str, Any] | None = None,
    offers: forms.Offers | None = None,
    **more: Any,
) -> Response:
    """A form on a page of its own: empty, begun, or as it was sent with what is wrong."""
    text = filled.text if filled else {}
    content = typed(form, text, ids=known(visit)) if filled else begins or {}
    problems = (filled.problems if filled else None) or {}
    again = text.get("act", "").removeprefix("more:") if text.get("act", "").startswith("more:") else ""
    shown = boxes(form, content, problems, offers=offers or {}, named=named(visit), more=again)
    refusal = filled.refusal if filled else None
    above = misplaced(shown, problems) if problems else []
    context: dict[str, Any] = {"item": "", "file": False, "hidden": {}, "reading": None, "votes": None} | more
    return visit.page(
        "body_act.html",
        filled.status if filled else 200,
        title=title,
        lead=lead,
        back=back,
        action=action,
        boxes=shown,
        above=above,
        command_id=text.get("command_id") or str(uuid4()),
        refusal=refusal.model_copy(update={"problems": ()}) if refusal else None,
        largest=visit.site.settings.attachment_mb,
        **lists(visit, shown),
        **context,
    )


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
    if isinstance(place.state, Session) and found is not None and not (found.public or is_privy(visit, place.state)):
        raise HTTPException(404)
    return page(
        visit,
        act.form(visit, place.state, item),
        title=act.title,
        lead=_t(found.title, found.title) if found is not None else place.title,
        back=place.back,
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
    if not found or not is_privy(visit, state):
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
        problems = _placed(act, by_field(_titled(visit, refused.refusal.problems)))
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


# --- beginning -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Beginning:
    """How a session, a round or a rhythm begins: its form, and the command that its content makes."""

    title: Text
    form: type[BaseModel]
    command: Callable[[Visit, dict[str, Any], str], Any]
    back: Callable[[str], str]
    begins: Callable[[Visit], dict[str, Any]] = lambda _: {}


def _pinned(visit: Visit) -> dict[str, Any]:
    """The rules that a session or a round keeps."""
    return {"rules": rules_of(visit)}


def _session(visit: Visit, content: dict[str, Any], command_id: str) -> m.ConveneSession:
    asked = forms.ConveningForm.model_validate(content)
    year = fiscal_year(asked.held_on)
    number = bodies.next_number(visit.store, asked.body, year)
    fields = {**asked.model_dump(), "fiscal_year": year, "number": number, **_pinned(visit)}
    stream = session_stream(asked.body, year, number)
    return m.ConveneSession.model_validate({**fields, "stream": stream, "command_id": command_id})


def _round(visit: Visit, content: dict[str, Any], command_id: str) -> sm.CallForProposals:
    asked = forms.CallForm.model_validate(content)
    year = int(asked.name[:4]) if asked.name[:4].isdecimal() else fiscal_year(asked.closes_on)
    policy = bodies.latest_policy(visit.store)
    fields: dict[str, Any] = {
        "fiscal_year": year,
        "title": asked.title or f"{wareki_fiscal_year(year)} 取組課題の選定",
        "closes_on": asked.closes_on,
        "definition": asked.definition,
        "priority_fields": asked.priority_fields,
        "policy": str(policy["title"]) if policy else "",
        "policy_from": f"{policy['stream']}/{policy['item']}" if policy else "",
        "carried": _carried(visit),
        **_pinned(visit),
    }
    stream = round_stream(asked.name)
    return sm.CallForProposals.model_validate({**fields, "stream": stream, "command_id": command_id})


def _carried(visit: Visit) -> list[dict[str, Any]]:
    """What the last round deferred comes back with its place."""
    names = ("ref", "title", "section", "problem", "viewpoint", "departments", "tags", "source")
    found = []
    for stream, ref in bodies.deferred(visit.store):
        p = visit.store.load(stream)[0].proposals[ref]
        reason = "前回のラウンドから持ち越し / kept from the round before"
        found.append({**{n: getattr(p, n) for n in names}, "round": stream, "reason": reason})
    return found


def _rhythm(visit: Visit, content: dict[str, Any], command_id: str) -> SetRhythm:
    asked = forms.RhythmForm.model_validate(content)
    fields = {"body": asked.body, "stream": rhythm_of(asked.body), "command_id": command_id, **_pinned(visit)}
    return SetRhythm.model_validate(fields)


def _call_begins(visit: Visit) -> dict[str, Any]:
    year = fiscal_year(local_day(visit.store.clock.now()))
    return {"name": str(year), "definition": queries.latest_definition(visit.store, "himeji") or ""}


BEGINNINGS: Mapping[str, Beginning] = {
    "/sessions/convene": Beginning(
        _t("会議を招集する", "Convene a session"), forms.ConveningForm, _session, lambda s: f"/sessions/{s}"
    ),
    "/selection/call": Beginning(
        _t("提案を募集する", "Call for proposals"), forms.CallForm, _round, lambda s: f"/selection/{s}", _call_begins
    ),
    "/sessions/rhythm": Beginning(
        _t("規程の月日に自動で招集する", "Convene it by itself on the days of the rules"),
        forms.RhythmForm,
        _rhythm,
        lambda s: "/sessions",
    ),
}


def _begin_page(visit: Visit, path: str, filled: Filled | None = None) -> Response:
    found = BEGINNINGS[path]
    versions = [f"{r['name']}@{r['version']}" for r in queries.published_definitions(visit.store)]
    offers: forms.Offers = {
        "body": tuple((b.key, b.title) for b in rules_of(visit).bodies),
        "definition": tuple((v, _t(v, v)) for v in versions),
    }
    begins = found.begins(visit)
    return page(
        visit,
        found.form,
        title=found.title,
        lead=None,
        back="/sessions",
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
        command = found.command(visit, given, text.get("command_id") or str(uuid4()))
        visit.site.record(command, visit.actor())
    except ValidationError as error:
        return _begin_page(visit, path, Filled(text, problems=problems_of(error), status=422))
    except Refused as refused:
        again = text | {"command_id": str(uuid4())}
        return _begin_page(visit, path, Filled(again, refused.refusal, by_field(refused.refusal.problems), 409))
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
