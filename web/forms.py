"""Forms on a page, made from the pydantic models: what is shown for each field, and what was typed as the model takes it.

Names of inputs are paths (`members.0.person`). What was typed is kept as it was typed until it fits: nothing is lost because
a number was no number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel

from domain.days import day as written_day
from domain.deliverables.shape import choices, inner
from domain.lifecycle import committing, procuring, valuing
from domain.messages import Problem, Refusal, Text
from papers.words import CHOICES
from web.hints import help_for, listed, tidy
from web.saying import field_of

Show = Literal[
    "line",
    "text",
    "lines",
    "whole",
    "decimal",
    "day",
    "choice",
    "yes",
    "person",
    "unit",
    "lifecycle",
    "several",
    "ticks",
    "group",
    "items",
]
_WORDS: Mapping[tuple[str, str], Text] = {
    **CHOICES,
    **{("what", key): title for key, title in {**valuing.UNITS, **committing.KINDS}.items()},
    **{("method", key): title for key, title in procuring.METHODS.items()},
    **{("step", key): title for key, title in procuring.STEPS.items()},
}
"""(field, value) -> words, for every choice that forms and acts offer."""
_SHORT = {
    "key",
    "title",
    "period",
    "role",
    "unit",
    "source",
    "by",
    "chosen",
    "back_to",
    "stage",
    "closed_as",
    "system",
    "number",
    "into",
    "name",
    "ref",
    "place",
    "item",
    "id",
    "english",
    "url",
}
"""Text of one line; all other text may run over several."""


@dataclass
class Box:
    """One field on the page. `value` is what was typed; `inside` are the fields of a group, `rows` those of each item."""

    path: str
    label: Text
    show: Show
    value: Any = ""
    choices: tuple[tuple[str, Text], ...] = ()
    inside: list[Box] = field(default_factory=list)
    rows: list[list[Box]] = field(default_factory=list)
    problems: list[Text] = field(default_factory=list)
    of: Literal["person", "unit", ""] = ""
    """What each of `several` names."""
    values: list[str] = field(default_factory=list)
    """What is written in each box of `several`, of which the last is empty; or what is ticked among the `choices` of `ticks`."""

    required: bool = False
    help: Text | None = None

    @property
    def id(self) -> str:
        return "f-" + self.path.replace(".", "-")


def boxes(
    form: type[BaseModel],
    content: Mapping[str, Any],
    problems: Mapping[str, list[Text]] | None = None,
    *,
    more: str = "",
    offers: Mapping[str, tuple[tuple[str, Text], ...]] | None = None,
    labels: Mapping[str, Text] | None = None,
    without: Container[str] = (),
    named: Callable[[str, str], str] = lambda _show, _id: "",
    prefix: str = "",
    needed: bool = True,
) -> list[Box]:
    """The fields of a form with what they hold. `more`: path of the list that shows an empty item at its end.

    `offers`: choices for fields whose values are known from elsewhere (stages, posts); `labels`: for models that carry none;
    both by the field's name. `without`: fields that the page fills in by itself. `named`: names of people and units for their ids.
    `needed`: the form has to be filled in, where a field of it has to be.
    """
    found = []
    for name, info in form.model_fields.items():
        if name in without:
            continue
        path, value = f"{prefix}{name}", content.get(name)
        kind, many = inner(info.annotation)
        box = Box(
            path,
            (labels or {}).get(name) or _label(info.description, name),
            _show(name, kind, many, info.description or ""),
        )
        box.required = needed and info.is_required() and kind is not bool
        box.help = help_for(form.__name__, name)
        box.problems = list((problems or {}).get(path, []))
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            if many:
                items = [i for i in value or [] if isinstance(i, Mapping)] if isinstance(value, list | tuple) else []
                items = [*items, {}] if more == path or not items else items
                asked = needed and info.is_required()
                box.rows = [
                    boxes(
                        kind,
                        item,
                        problems,
                        more=more,
                        offers=offers,
                        named=named,
                        prefix=f"{path}.{n}.",
                        needed=asked or not nothing(item),
                    )
                    for n, item in enumerate(items)
                ]
                for n in range(len(items)):
                    box.problems += (problems or {}).get(f"{path}.{n}", [])
            else:
                inside = value if isinstance(value, Mapping) else {}
                asked = needed and (info.is_required() or not nothing(inside))
                box.inside = boxes(
                    kind, inside, problems, more=more, offers=offers, named=named, prefix=f"{path}.", needed=asked
                )
        elif many:
            values = [str(v) for v in value] if isinstance(value, list | tuple) else [str(value)] if value else []
            box.value = "\n".join(values)
            box.choices = _choices(name, kind)
            if box.show == "several":
                box.of = "unit" if "組織ID" in (info.description or "") else "person"
                box.values = [*(_shown(box.of, v, named) for v in values), *[""] * (2 if more == path else 1)]
            elif box.show == "ticks":
                box.values = values
                box.choices += tuple((v, Text(ja=v, en=v)) for v in values if v not in dict(box.choices))
            for n in range(200):
                box.problems += (problems or {}).get(f"{path}.{n}", [])
        else:
            box.value = value if isinstance(value, bool) else "" if value is None else str(value)
            if box.show in ("person", "unit") and box.value:
                box.value = _shown(box.show, box.value, named)
            box.choices = _choices(name, kind)
            if offers and name in offers:
                box.show, box.choices = "choice", offers[name]
        found.append(box)
    return found


def _choices(name: str, kind: Any) -> tuple[tuple[str, Text], ...]:
    return listed(name) or tuple((v, _WORDS.get((name, v), Text(ja=v, en=v))) for v in choices(kind))


def _label(description: str | None, name: str) -> Text:
    ja, _, en = (description or name).partition(" / ")
    if not re.search("[ぁ-んァ-ヶ一-龠]", ja):  # some are written the other way round
        ja, en = en or ja, ja
    return tidy(Text(ja=ja, en=en or ja))


def _show(name: str, kind: Any, many: bool, description: str) -> Show:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "items" if many else "group"
    if many and (choices(kind) or listed(name)):
        return "ticks"
    if many:
        return "several" if "職員ID" in description or "組織ID" in description else "lines"
    if kind is bool:
        return "yes"
    if choices(kind):
        return "choice"
    numbers: dict[Any, Show] = {int: "whole", float: "decimal", Decimal: "decimal", date: "day"}
    if kind in numbers:
        return numbers[kind]
    if "職員ID" in description:
        return "person"
    if "組織ID" in description:
        return "unit"
    if "課題のID" in description:
        return "lifecycle"
    return "line" if name in _SHORT or name.startswith("sha") else "text"


def _shown(show: str, id_: str, named: Callable[[str, str], str]) -> str:
    """`水上 七海 (p33)`; an id without a name as it is."""
    name = named(show, id_)
    return f"{name} ({id_})" if name else id_


_IN_BRACKETS = re.compile(r".*[(\uFF08]([A-Za-z0-9][A-Za-z0-9_.-]{0,99})[)\uFF09]", re.DOTALL)


def identified(text: str) -> str:
    """The id of a person or unit as pages write it: `水上 七海 (p33)` is `p33`; anything else as it was typed."""
    found = _IN_BRACKETS.fullmatch(text.strip())
    return found[1] if found else text.strip()


def typed(
    form: type[BaseModel],
    given: Mapping[str, str],
    prefix: str = "",
    ids: Callable[[str, str], str] = lambda _show, text: identified(text),
) -> dict[str, Any]:
    """What was typed, in the shape of the form: numbers and days where they are some, else the text as it is.

    Items in which nothing was written are left out. `ids`: the id that a text stands for, by what is named (person, unit).
    """
    content: dict[str, Any] = {}
    for name, info in form.model_fields.items():
        path = f"{prefix}{name}"
        kind, many = inner(info.annotation)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            if many:
                numbers = sorted({int(n) for n in _numbers(given, path)})
                items = [typed(kind, given, f"{path}.{n}.", ids) for n in numbers]
                content[name] = [item for item in items if not nothing(item)]
            else:
                content[name] = typed(kind, given, f"{path}.", ids)
        elif many:
            lines = given.get(path, "").splitlines()
            shown = _show(name, kind, many, info.description or "")
            if shown == "ticks":
                lines += _several(given, path)
            elif shown == "several":
                of = "unit" if "組織ID" in (info.description or "") else "person"
                lines = [ids(of, line) for line in [*lines, *_several(given, path)]]
            content[name] = [line.strip() for line in lines if line.strip()]
        elif kind is bool:
            content[name] = given.get(path) == "yes"
        else:
            value = _one(kind, given.get(path, ""))
            shown = _show(name, kind, many, info.description or "")
            content[name] = ids(shown, value) if value and shown in ("person", "unit", "lifecycle") else value
    return content


def _several(given: Mapping[str, str], path: str) -> list[str]:
    return [given[f"{path}.{n}"] for n in sorted({int(n) for n in _numbers(given, path)}) if f"{path}.{n}" in given]


def _numbers(given: Mapping[str, str], path: str) -> Iterable[str]:
    for key in given:
        if key.startswith(f"{path}."):
            number = key[len(path) + 1 :].partition(".")[0]
            if number.isascii() and number.isdigit() and len(number) < 5:
                yield number


def _one(kind: Any, text: str) -> Any:
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if kind is str:
        return text
    if not text:
        return None
    plain = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "").removesuffix("円").removesuffix("%")
    if kind is int:
        return int(plain) if re.fullmatch(r"-?\d{1,18}", plain) else text
    if kind in (float, Decimal):
        if not re.fullmatch(r"-?\d{1,18}(\.\d{1,12})?", plain):
            return text
        return float(plain) if kind is float else plain
    if kind is date:
        found = written_day(text)
        return found.isoformat() if found is not None else text
    return text


def nothing(value: Any) -> bool:
    """Whether nothing was written: no text, no tick, no item. A zero is something."""
    if isinstance(value, Mapping):
        return all(nothing(v) for v in value.values())
    if isinstance(value, list | tuple):
        return all(nothing(v) for v in value)
    return value is None or value is False or value == ""


def faults(shown: Iterable[Box], language: str, above: str = "") -> list[tuple[str, str, Text]]:
    """(id of the box, what it is called, what is wrong) for all of a form that has to be put right, in its order."""
    found = []
    for box in shown:
        name = above + str(getattr(box.label, language))
        place = f"{box.id}-0" if box.show in ("several", "ticks") else box.id
        found += [(place, name, problem) for problem in box.problems]
        found += faults(box.inside, language, f"{name} › ")
        for number, row in enumerate(box.rows, 1):
            found += faults(row, language, f"{name} {number} › ")
    return found


def by_field(problems: Iterable[Problem]) -> dict[str, list[Text]]:
    """Problems under the paths of the page: `members[0].person` is `members.0.person`."""
    found: dict[str, list[Text]] = {}
    for problem in problems:
        found.setdefault(re.sub(r"\[(\d+)\]", r".\1", problem.field), []).append(problem.message)
    return found


def by_place(refusal: Refusal) -> dict[str, list[Text]]:
    """What a refusal says of fields, under the paths of the page; where it names none, of the field that it begins with."""
    field = field_of(refusal)
    return by_field(refusal.problems) or ({field: [refusal.remedy]} if field else {})
