"""A form's content as a readable document: labels in both languages, ids as names, amounts and dates as people write them; the words
of choices and days in both languages (on paper) or in one (on a page).

The labels are those that the forms carry for whoever fills them in. What a form does not know (a field of an earlier version)
is shown under its own key rather than left out.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from domain.attachments import Attachment as File
from domain.calendar import wareki, wareki_fiscal_year
from domain.deliverables.registry import DELIVERABLES
from domain.messages import Frozen, Text
from papers import words
from papers.names import Names
from papers.words import day, yen

_TABLE_AT_MOST = 4
"""Items with more fields than this are set one below the other, as cards."""
_HINTS = re.compile(r"[((][^()()]*(?:ID|\(円\)|円|西暦|[Yy]en|id|例|増・減|初期・運用|e\.g\.)[^()()]*[))]")
_HINT_WORDS = re.compile(r" in yen\b|^ids of |^person id$|^department \(unit id\)$|, e\.g\. .*$")


class Value(Frozen):
    """What stands beside a label: lines of prose, a list, a table, cards, or nothing."""

    form: Literal["prose", "list", "table", "cards", "fields", "empty"]
    lines: tuple[str, ...] = ()
    head: tuple[Text, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    right: tuple[bool, ...] = ()
    """Columns of figures, which stand to the right."""
    cards: tuple[tuple[Field, ...], ...] = ()
    fields: tuple[Field, ...] = ()


class Field(Frozen):
    label: Text
    value: Value


class Attachment(Frozen):
    """A piece of evidence: 添付."""

    source: str
    date: str
    note: str
    hash: str


class Body(Frozen):
    fields: tuple[Field, ...]
    attachments: tuple[Attachment, ...]


_ITEM = re.compile(r"\[[^\]]*\]")
_EMPTY = Value(form="empty")
_YES, _NO = Text(ja="はい", en="yes"), Text(ja="いいえ", en="no")


def body(
    deliverable: str,
    content: Mapping[str, Any],
    names: Names,
    stages: Mapping[str, Text],
    language: str | None = None,
    aims: Mapping[str, Text] | None = None,
) -> Body:
    """The content of a deliverable. `stages` are the titles of the process's stages, by key; `language`: None for both; `aims`: what
    the ids of the strategy are called."""
    form = DELIVERABLES[deliverable].form if deliverable in DELIVERABLES else None
    writer = _Writer(names, stages, language, aims or {})
    fields = writer.fields(form, {k: v for k, v in content.items() if k != "evidence"}, every=True)
    return Body(fields=fields, attachments=_attachments(content.get("evidence") or (), writer.day))


def with_files(body: Body, files: Sequence[File]) -> Body:
    """Attached files stand behind the evidence that the form itself states, each with its hash."""
    added = (
        Attachment(source=f.name, date="", note=f"添付ファイル / attached file, {f.size:,} bytes", hash=f.sha256)
        for f in files
    )
    return body.model_copy(update={"attachments": (*body.attachments, *added)})


def _attachments(evidence: Sequence[Any], written: Callable[[Any], str]) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(
            source=str(item.get("source") or ""),
            date=written(item.get("date")),
            note=str(item.get("note") or ""),
            hash=str(item.get("sha256") or ""),
        )
        for item in evidence
        if isinstance(item, Mapping)
    )


class _Writer:
    def __init__(
        self, names: Names, stages: Mapping[str, Text], language: str | None, aims: Mapping[str, Text]
    ) -> None:
        self._names, self._stages, self._language, self._aims = names, stages, language, aims

    def _say(self, text: Text) -> str:
        return str(text) if self._language is None else str(getattr(text, self._language))

    def day(self, value: Any) -> str:
        """A day as it is written; what is none, as it is."""
        try:
            found = date.fromisoformat(str(value)) if value else None
        except ValueError:
            return str(value)
        if found is None or self._language is None:
            return day(found)
        return wareki(found) if self._language == "ja" else found.isoformat()

    def fields(self, form: type[BaseModel] | None, content: Mapping[str, Any], *, every: bool) -> tuple[Field, ...]:
        """The fields in the order of the form; `every`: those left empty as well, marked so."""
        known = form.model_fields if form is not None else {}
        order = [*(k for k in known if k in content or every), *(k for k in content if k not in known)]
        found = []
        for name in order:
            if name == "evidence":
                continue
            value = self._value(
                name, content.get(name), known[name].annotation if name in known else None, known.get(name)
            )
            if every or value.form != "empty":
                found.append(Field(label=label(known.get(name), name), value=value))
        return tuple(found)

    def _value(self, name: str, value: Any, annotation: Any, field: Any) -> Value:
        if value is None or value in ("", [], {}, ()):
            return _EMPTY
        if isinstance(value, Mapping):
            inner = self.fields(_model(annotation), value, every=False)
            return Value(form="fields", fields=inner) if inner else _EMPTY
        if isinstance(value, list | tuple):
            if all(isinstance(item, Mapping) for item in value):
                return self._items(value, _model(annotation))
            lines = tuple(self._scalar(name, item, annotation, field) for item in value)
            return Value(form="list", lines=lines)
        return Value(form="prose", lines=tuple(self._scalar(name, value, annotation, field).split("\n")))

    def _items(self, items: Sequence[Mapping[str, Any]], form: type[BaseModel] | None) -> Value:
        known = form.model_fields if form is not None else {}
        columns = [k for k in known if any(_given(item.get(k)) for item in items)]
        columns += [k for k in dict.fromkeys(k for item in items for k in item) if k not in known]
        nested = any(isinstance(item.get(k), list | tuple | dict) for item in items for k in columns)
        if nested or len(columns) > _TABLE_AT_MOST:
            return Value(form="cards", cards=tuple(self.fields(form, item, every=False) for item in items))
        rows = tuple(
            tuple(
                self._scalar(k, item[k], known[k].annotation if k in known else None, known.get(k))
                if _given(item.get(k))
                else ""
                for k in columns
            )
            for item in items
        )
        right = tuple(
            all(isinstance(i.get(k), int | float | None) and i.get(k) is not True for i in items) for k in columns
        )
        head = tuple(label(known.get(k), k) for k in columns)
        return Value(form="table", head=head, rows=rows, right=right)

    def _scalar(self, name: str, value: Any, annotation: Any, field: Any) -> str:
        """One value as people write it; what its field is, the form's own help text says."""
        help_ = (field.description or "") if field is not None else ""
        if isinstance(value, bool):
            return self._say(_YES if value else _NO)
        if isinstance(value, int) and _holds(annotation, "yen / 円"):
            return f"{value:,} yen" if self._language == "en" else yen(value)
        if isinstance(value, int) and _holds(annotation, "fiscal year"):
            year = Text(ja=wareki_fiscal_year(value), en=f"FY{value}")
            return f"{year.ja} ({year.en})" if self._language is None else self._say(year)
        if isinstance(value, int | float):
            return f"{value:,}"
        text = str(value)
        if date in _flat(annotation):
            return self.day(text)
        if "職員ID" in help_:
            if self._language is None:
                return self._names.person_with_id(text)
            return self._names.person_in(text, self._language)
        if "組織ID" in help_:
            found = self._names.directory.unit(text)
            return found.name.en if found and self._language == "en" else self._names.unit(text)
        if "段階" in help_ and text in self._stages:
            return self._say(self._stages[text])
        chosen = self._aims.get(text) if name == "serves" else words.chosen(name, text)
        return self._say(chosen) if chosen else text


def label(field: Any, name: str) -> Text:
    """The printed label of a form's field: its help text without what only helps to fill it in."""
    help_ = (field.description or "") if field is not None else ""
    if not help_:
        return Text(ja=name, en="")
    ja, _, en = help_.partition(" / ")
    ja, en = _HINTS.sub("", ja).strip() or ja, _HINTS.sub("", en).strip() or en
    ja = ja.removesuffix("のID").removesuffix("ID") or ja
    en = _HINT_WORDS.sub("", en).strip() or en.removesuffix(" id")
    return Text(ja=ja, en=en)


def in_words(path: str, value: Any, language: str, named: Callable[[str], str] = str) -> str | None:
    """A value that changed, by the path of its field (`kpis[visits].cadence`), as a reader takes it in; None where there was none.
    `named`: what the id of a person, a unit or an aim of the strategy is called, any other text as it is."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        inside = (in_words(k, v, language, named) for k, v in value.items() if _given(v))
        return " · ".join(text for text in inside if text)
    if isinstance(value, list | tuple):
        return ("、" if language == "ja" else ", ").join(in_words(path, item, language, named) or "" for item in value)
    field = _ITEM.sub("", path).rpartition(".")[2]
    found = _YES if value is True else _NO if value is False else words.chosen(field, str(value))
    return str(getattr(found, language)) if found else named(str(value))


def _given(value: Any) -> bool:
    return value is not None and value not in ("", [], {}, ())


def _flat(annotation: Any) -> list[Any]:
    """Every type and mark within an annotation."""
    origin = get_origin(annotation)
    if origin is Annotated or origin in (Union, types.UnionType, tuple, list):
        return [annotation, *(part for a in get_args(annotation) for part in _flat(a))]
    return [annotation]


def _holds(annotation: Any, description: str) -> bool:
    return any(description in (getattr(part, "description", None) or "") for part in _flat(annotation))


def _model(annotation: Any) -> type[BaseModel] | None:
    return next((a for a in _flat(annotation) if isinstance(a, type) and issubclass(a, BaseModel)), None)
