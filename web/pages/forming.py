"""Forms on pages of their own, as bodies and the organisation have them: people by name, problems beside the boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from fastapi.responses import Response
from pydantic import BaseModel, ValidationError

from domain.deliverables.shape import inner
from domain.messages import Refusal, Text
from domain.misfits import said_of
from store import queries
from web.app import Visit
from web.forms import Box, boxes, identified, typed
from web.governing import EARLIEST, LATEST
from web.rendering import LANGUAGES

Offers = Mapping[str, tuple[tuple[str, Text], ...]]
LISTED = 400
"""So many people, units or lifecycles are offered while typing; more would make the page heavy."""

EMPTY: dict[str, Any] = {
    "about": None,
    "item": "",
    "file": False,
    "hidden": {},
    "reading": None,
    "votes": None,
    "root": "sessions",
    "lines": None,
    "dry": False,
    "confirm": False,
    "whole": None,
}
"""What a page has besides its form, where it has it. `lines`: what would happen; `dry`: it can be tried without recording;
`confirm`: it was to be recorded, and is once what would happen has been seen; `whole`: what `back` leads to;
`about`: what is to be known before it is done."""


@dataclass(frozen=True)
class Filled:
    """A form as it was sent: what was typed, its content, and what is wrong with it."""

    text: Mapping[str, str]
    refusal: Refusal | None = None
    problems: Mapping[str, list[Text]] | None = None
    status: int = 200


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


def named(visit: Visit) -> Callable[[str, str], str]:
    """The name of a person or unit, empty where none is known."""
    directory = visit.store.facts().directory

    def name(show: str, id_: str) -> str:
        if show == "person":
            found = visit.name_of(id_)
            return found if found != id_ else ""
        unit = directory.unit(id_)
        return str(unit.name.model_dump()[visit.language]) if unit else ""

    return name


def known(visit: Visit) -> Callable[[str, str], str]:
    """The id that a text stands for: `水上 七海 (p33)`, an id, or a name that only one has; a lifecycle by its reference."""
    directory = visit.directory
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
            fitting = [p.id for p in directory.people if wanted in _plain(visit, p.id)]
        return fitting[0] if len(fitting) == 1 else found

    return id_of


def _plain(visit: Visit, person: str) -> set[str]:
    """A person's names in every language, without spaces."""
    names = (visit.site.renderer.name_of(person, language) for language in LANGUAGES)
    return {name.replace("\u3000", " ").replace(" ", "") for name in names}


def lists(visit: Visit, shown: list[Box]) -> dict[str, Any]:
    """What the boxes of a page offer while typing."""
    directory, wanted = visit.directory, set(_shows(shown))
    people = [p.id for p in directory.people if not p.service] if "person" in wanted else []
    units = directory.units if "unit" in wanted else ()
    found = queries.find_lifecycles(visit.store, closed=False, limit=LISTED + 1) if "lifecycle" in wanted else []
    return {
        "people": [(p, visit.name_of(p)) for p in people] if len(people) <= LISTED else [],
        "units": [(u.id, u.name) for u in units] if len(units) <= LISTED else [],
        "listed": found if len(found) <= LISTED else [],
    }


def _shows(shown: list[Box]) -> Iterator[str]:
    for box in shown:
        yield box.of or box.show
        for row in [box.inside, *box.rows]:
            yield from _shows(row)


def misplaced(shown: list[Box], problems: Mapping[str, list[Text]], refusal: Refusal | None = None) -> list[Text]:
    """Problems that stand beside no box: they are said above the form, but for what the refusal there says already."""
    paths = set(_paths(shown))
    return [
        text
        for path, texts in problems.items()
        if path not in paths and path.rpartition(".")[0] not in paths
        for text in texts
        if refusal is None or text != refusal.remedy
    ]


def _paths(shown: list[Box]) -> Iterator[str]:
    for box in shown:
        yield box.path
        for row in [box.inside, *box.rows]:
            yield from _paths(row)


def called(shown: list[Box], language: str, above: str = "") -> dict[str, str]:
    """What each field of a form is called, by its path: `members.0.person` -> 構成員 1 › 職員."""
    found: dict[str, str] = {}
    for box in shown:
        name = above + str(getattr(box.label, language))
        found |= {box.path: name} | called(box.inside, language, f"{name} › ")
        for number, row in enumerate(box.rows, 1):
            found |= called(row, language, f"{name} {number} › ")
    return found


def problems_of(error: ValidationError) -> dict[str, list[Text]]:
    """What is wrong with each field, in both languages."""
    found: dict[str, list[Text]] = {}
    for e in error.errors(include_url=False):
        found.setdefault(".".join(str(p) for p in e["loc"]), []).append(said_of(e))
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
    offers: Offers | None = None,
    **more: Any,
) -> Response:
    """A form on a page of its own: empty, begun, or as it was sent with what is wrong."""
    text = filled.text if filled else {}
    content = typed(form, text, ids=known(visit)) if filled else begins or {}
    problems = (filled.problems if filled else None) or {}
    again = text.get("act", "").removeprefix("more:") if text.get("act", "").startswith("more:") else ""
    shown = boxes(form, content, problems, offers=offers or {}, named=named(visit), more=again)
    refusal = filled.refusal if filled else None
    above = misplaced(shown, problems, refusal)
    context = EMPTY | more
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
