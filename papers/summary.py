"""The main fields of a document in a few lines: what members of a body read before they read the document itself.

People and units are left out (a pack shows posts, and must not change when somebody moves); so are fields left empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from domain.deliverables.registry import DELIVERABLES
from domain.messages import Frozen, Text
from papers.body import label

_MOST, _LONGEST = 10, 240
"""Fields shown, and characters of each."""
_PEOPLE = re.compile(r"職員ID|組織ID|person id|unit id")
_NAMED = {"person", "by", "owner", "post", "department", "sha256", "key", "ref"}
"""Inner fields that name people, units or files."""


class Main(Frozen):
    label: Text
    value: str


def main_fields(deliverable: str, content: Mapping[str, Any]) -> tuple[Main, ...]:
    """At most ten fields in the order of the form, each as one clipped text."""
    if deliverable not in DELIVERABLES:
        return ()
    found = []
    for name, field in DELIVERABLES[deliverable].form.model_fields.items():
        if name in ("evidence", "departments", "members", "team") or _PEOPLE.search(field.description or ""):
            continue
        text = _text(content.get(name))
        if text:
            found.append(Main(label=label(field, name), value=text))
    return tuple(found[:_MOST])


def _text(value: Any) -> str:
    text = "・".join(_parts(value)) if isinstance(value, list | tuple) else " ".join(_parts(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _parts(value: Any) -> Iterator[str]:
    if value is None or value is False or value == "":
        return
    if isinstance(value, Mapping):
        inner = [t for k, v in value.items() if k not in _NAMED and (t := _text(v))]
        if inner:
            yield " ".join(inner)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _parts(item)
    elif value is True:
        yield "○"
    elif isinstance(value, int | float):
        yield f"{value:,}" if abs(value) >= 10_000 else str(value)
    else:
        yield str(value).strip()
