"""What changed between two versions of a deliverable, field by field, in the words of its form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel

from domain.deliverables.registry import DELIVERABLES
from domain.messages import Frozen, Text

_NAMES = ("key", "person", "department", "title", "source", "fiscal_year", "name")
"""Fields by which an item of a list is known again, though its place may have changed."""


class Difference(Frozen):
    """`before` is None for something new, `after` for something gone; both are plain JSON values otherwise."""

    field: str
    label: Text
    before: Any = None
    after: Any = None


def differences(deliverable: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """The fields that differ, in the order of the form; empty when nothing did. Unknown forms are compared by field names."""
    known = DELIVERABLES.get(deliverable)
    return list(_of_model(known.form if known else None, before, after, "", Text(ja="", en="")))


def _of_model(
    model: type[BaseModel] | None, before: Mapping[str, Any], after: Mapping[str, Any], path: str, above: Text
) -> Iterator[Difference]:
    names = list(model.model_fields) if model else []
    names += [n for n in (*before, *after) if n not in names]
    for name in dict.fromkeys(names):
        old, new = before.get(name), after.get(name)
        if old != new:
            field = model.model_fields.get(name) if model else None
            ja, _, en = (field.description or name if field else name).partition(" / ")
            label = Text(ja=_joined(above.ja, ja), en=_joined(above.en, en or ja))
            yield from _of_value(_model_in(field.annotation) if field else None, old, new, f"{path}{name}", label)


def _of_value(model: type[BaseModel] | None, old: Any, new: Any, path: str, label: Text) -> Iterator[Difference]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _of_model(model, old, new, f"{path}.", label)
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        yield from _of_list(model, list(old), list(new), path, label)
    else:
        yield Difference(field=path, label=label, before=_shown(old), after=_shown(new))


def _of_list(
    model: type[BaseModel] | None, old: list[Any], new: list[Any], path: str, label: Text
) -> Iterator[Difference]:
    """Items are matched by what names them, else by their place."""
    olds, news = _named(old), _named(new)
    for name in dict.fromkeys((*olds, *news)):
        was, now = olds.get(name), news.get(name)
        if was != now:
            where = Text(ja=f"{label.ja}[{name}]", en=f"{label.en}[{name}]")
            if was is None or now is None:
                yield Difference(field=f"{path}[{name}]", label=where, before=was, after=now)
            else:
                yield from _of_value(model, was, now, f"{path}[{name}]", where)
    common = [n for n in olds if n in news]
    if common != [n for n in news if n in olds]:
        yield Difference(field=path, label=label, before=list(olds), after=list(news))


def _named(items: list[Any]) -> dict[str, Any]:
    """Items by their name; by their number where they have none or two share one."""
    named: dict[str, Any] = {}
    for number, item in enumerate(items, 1):
        name = str(number)
        if isinstance(item, Mapping):
            name = next((str(item[n]) for n in _NAMES if item.get(n)), name)
        elif isinstance(item, str):
            name = item
        named[name if name not in named else f"{name} ({number})"] = item
    return named


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, alone or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for a in get_args(annotation) if (m := _model_in(a))), None)


def _joined(above: str, here: str) -> str:
    return f"{above} › {here}" if above else here


def _shown(value: Any) -> Any:
    return None if value in ("", [], ()) else value
