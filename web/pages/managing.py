"""Changing how the house is set up: personnel moves, absences, deputies; each can be tried before it is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from domain.calendar import local_day, wareki
from domain.directory import Directory
from domain.directory_changes import NameDeputies, PersonnelMoved, RecordAbsence, RecordMoves, decide, require_authority
from domain.directory_stream import STREAM
from domain.messages import Command, Refused, Text
from web.app import Visit, visit_of
from web.forms import by_place, nothing, typed
from web.governing import is_personnel, said
from web.keeping import shown_again, writing
from web.pages.forming import Filled, Offers, days_beyond, known, page, problems_of
from web.snapshots import Reading

router = APIRouter(route_class=Reading)


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


class MoveForm(BaseModel):
    person: str = said("職員(氏名か職員ID)", "person, by name or id")
    post: str = said("就く職", "post taken up")
    leaves: str = said("離れる職", "post given up", "")
    until: date | None = said("いつまで(決まっていれば)", "until, where known", None)
    capacity: Literal["concurrent", "acting"] | None = said("区分", "capacity", None)


class MovesForm(BaseModel):
    on: date = said("発令日", "day on which they take effect")
    moves: tuple[MoveForm, ...] = said("異動", "moves", ())
    beside: bool = said("今その職にある者も残る(兼務・増員)", "present holders stay", False)


class AbsenceForm(BaseModel):
    person: str = said("職員(氏名か職員ID)", "person, by name or id")
    since: date = said("いつから", "from")
    until: date = said("いつまで", "until")
    cancelled: bool = said("記録済みの不在を取り消す", "take this absence back", False)


class DeputyForm(BaseModel):
    deputy: str = said("代決する職", "post that stands in")


class DeputiesForm(BaseModel):
    post: str = said("不在となる職", "post that is absent")
    deputies: tuple[DeputyForm, ...] = said("代決の順位(上から)", "who stands in, in order", ())
    since: date = said("いつから", "from")
    until: date | None = said("いつまで(決まっていれば)", "until, where known", None)


@dataclass(frozen=True)
class Change:
    """A change of the directory as a form. `told`: what it would do, in words, without recording."""

    title: Text
    lead: Text
    form: type[BaseModel]
    command: type[Command]
    fields: Callable[[dict[str, Any]], dict[str, Any]]
    told: Callable[[Visit, Directory, Any], list[Text]]
    own: bool = False
    """Everybody may do it for themselves."""
    begins: Callable[[Visit], dict[str, Any]] = lambda _: {}


def _moves(content: dict[str, Any]) -> dict[str, Any]:
    rows = [r for r in content.get("moves") or () if not nothing(r)]
    moves = [
        {**r, "leaves": [r["leaves"]] if r.get("leaves") else [], "capacity": r.get("capacity") or ""} for r in rows
    ]
    return {**content, "moves": moves}


def _deputies(content: dict[str, Any]) -> dict[str, Any]:
    return {**content, "deputies": [d["deputy"] for d in content.get("deputies") or () if d.get("deputy")]}


def _moved(visit: Visit, directory: Directory, command: RecordMoves) -> list[Text]:
    (event,) = decide(directory, command)
    assert isinstance(event, PersonnelMoved)
    before = [(p, post, "は次の職を離れます:", "leaves") for p, post in event.left]
    after = [(t.person, t.post, "は次の職に就きます:", "takes up") for t in event.taken]
    day = _t(f"{wareki(event.on)}付", f"on {event.on}")
    return [
        _t(
            f"{day.ja} {_name(visit, p)} {ja} {_post(directory, post).ja}",
            f"{day.en} {_name(visit, p)} {en} {_post(directory, post).en}",
        )
        for p, post, ja, en in (*before, *after)
    ]


def _absent(visit: Visit, directory: Directory, command: RecordAbsence) -> list[Text]:
    decide(directory, command)
    day = local_day(visit.store.clock.now())
    found = []
    for held in directory.posts_of(command.person, day):
        order = [_post(directory, d) for d in directory.deputies_of(held, max(day, command.since))]
        post = _post(directory, held)
        ja, en = (
            "、".join(d.ja for d in order) or "なし(上司が決めます)",
            ", ".join(d.en for d in order) or "nobody in order",
        )
        found.append(_t(f"{post.ja}の代決: {ja}", f"{post.en}: {en} may decide in absence"))
    return found or [_t("この職員は職に就いていません", "this person holds no post")]


def _ordered(visit: Visit, directory: Directory, command: NameDeputies) -> list[Text]:
    decide(directory, command)
    post = _post(directory, command.post)
    order = [_post(directory, d) for d in command.deputies]
    numbered_ja = "、".join(f"{n}. {d.ja}" for n, d in enumerate(order, 1)) or "なし"
    numbered_en = ", ".join(f"{n}. {d.en}" for n, d in enumerate(order, 1)) or "nobody"
    since = wareki(command.since)
    return [
        _t(f"{since}から {post.ja}の代決の順位: {numbered_ja}", f"from {command.since} for {post.en}: {numbered_en}")
    ]


def _name(visit: Visit, person: str) -> str:
    return visit.name_of(person)


def _post(directory: Directory, post: str) -> Text:
    found = directory.post(post)
    return found.title if found is not None else _t(post, post)


CHANGES: Mapping[str, Change] = {
    "moves": Change(
        _t("人事異動を取り込む", "Load personnel moves"),
        _t(
            "発令日から効力を持ち、それまで表示されません。待っている依頼は職とともに後任へ移ります。",
            "In effect on their day and not shown before. What waits passes with the post.",
        ),
        MovesForm,
        RecordMoves,
        _moves,
        _moved,
    ),
    "absence": Change(
        _t("不在を記録する", "Record an absence"),
        _t("不在の間、代決の順位にある職が決めることができます。", "Meanwhile the next in order may decide."),
        AbsenceForm,
        RecordAbsence,
        lambda content: content,
        _absent,
        own=True,
        begins=lambda visit: {"person": visit.person},
    ),
    "deputies": Change(
        _t("代決の順位を定める", "Name the order of deputies"),
        _t("その日からの順位が、それまでの順位に代わります。", "Replaces the order that held until that day."),
        DeputiesForm,
        NameDeputies,
        _deputies,
        _ordered,
    ),
}


def offered_changes(visit: Visit) -> dict[str, Change]:
    """The changes that the visitor may make."""
    if visit.store.clock.virtual:
        return {}
    office = is_personnel(visit.store, visit.person)
    return {key: c for key, c in CHANGES.items() if office or c.own}


def _offers(visit: Visit) -> Offers:
    posts = tuple((p.id, p.title) for p in visit.directory.posts)
    capacity = (("concurrent", _t("兼務", "concurrent")), ("acting", _t("事務取扱", "acting")))
    return {**dict.fromkeys(("post", "leaves", "deputy"), posts), "capacity": capacity}


def _page(visit: Visit, name: str, filled: Filled | None = None, lines: list[Text] | None = None) -> Response:
    found = CHANGES[name]
    return page(
        visit,
        found.form,
        title=found.title,
        lead=found.lead,
        back="/organisation",
        action=f"/organisation/do/{name}",
        filled=filled,
        begins=found.begins(visit),
        offers=_offers(visit),
        root="organisation",
        lines=lines,
        dry=True,
    )


def _done(request: Request, name: str, form: FormData) -> Response:
    text = {k: v for k, v in form.items() if isinstance(v, str)}
    visit = writing(request, text)
    if isinstance(visit, Response):
        return visit
    found, act = CHANGES[name], text.get("act", "")
    if act.startswith("more:"):
        return _page(visit, name, Filled(text))
    content = typed(found.form, text, ids=known(visit))
    if problems := days_beyond(found.form, content):
        return _page(visit, name, Filled(text, problems=problems, status=422))
    fields = {k: v for k, v in found.fields(content).items() if not nothing(v)}
    fields |= {"command_id": text.get("command_id") or str(uuid4()), "stream": STREAM}
    try:
        command = found.command.model_validate(fields)
        if act == "dry":
            require_authority(visit.actor(), command, visit.store.facts(), visit.store.clock.now())
            return _page(visit, name, Filled(text), found.told(visit, visit.store.facts().directory, command))
        visit.site.record(command, visit.actor())
    except ValidationError as error:
        return _page(visit, name, Filled(text, problems=problems_of(error), status=422))
    except Refused as refused:
        again = text | {"command_id": str(uuid4())}
        return _page(visit, name, Filled(again, refused.refusal, by_place(refused.refusal), 409))
    return RedirectResponse("/organisation?done=1", 303)


# --- routes ------------------------------------------------------------------------------------------------------------


def _routes(name: str) -> None:
    path = f"/organisation/do/{name}"

    @router.get(path)
    def show(request: Request) -> Response:
        return _page(visit_of(request), name)

    @router.post(path)
    async def change(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=500) as form:
            return await run_in_threadpool(_done, request, name, form)

    @shown_again(path)
    def show_again(visit: Visit, parts: dict[str, str], kept: Mapping[str, str]) -> Response:
        return _page(visit, name, Filled(kept))


for _key in CHANGES:
    _routes(_key)
