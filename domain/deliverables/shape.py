"""The shape of a form's fields, for whoever shows forms: what a field holds, whether many of it, which choices it offers."""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin


def inner(annotation: Any) -> tuple[Any, bool]:
    """(what one value is, whether the field holds several); None in a union is what a field left empty holds."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return inner(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return inner(next(a for a in get_args(annotation) if a is not type(None)))
    if origin in (tuple, list):
        return inner(get_args(annotation)[0])[0], True
    return annotation, False


def choices(kind: Any) -> tuple[str, ...]:
    """The values of a field that offers a choice; empty for any other."""
    return tuple(str(a) for a in get_args(kind)) if get_origin(kind) is Literal else ()
