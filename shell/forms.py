"""Empty or prefilled deliverables as commented YAML, generated from the pydantic forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from pydantic import BaseModel

from domain.deliverables.registry import DELIVERABLES
from domain.deliverables.shape import choices, inner


def render_form(key: str, content: Mapping[str, Any] | None = None, learnt: Sequence[tuple[int, str]] = ()) -> str:
    """The form of a deliverable, with what earlier rounds taught (`learnt`: round and text). Each field has its help in both
    languages; lists show one empty item when empty."""
    deliverable = DELIVERABLES[key]
    lines = [f"# {deliverable.title.ja} / {deliverable.title.en}", "# 満たすべき規則 / rules to meet:"]
    lines += [f"#   {r.name}: {r.title.ja} / {r.title.en}" for r in deliverable.rules]
    if learnt:
        lines.append("# これまでの期に分かったこと / what earlier rounds taught:")
        lines += [f"#   第{n}期 / round {n}: {' '.join(text.split())}" for n, text in learnt]
    lines += _fields(deliverable.form, content or {}, 0)
    return "\n".join(lines) + "\n"


def _fields(form: type[BaseModel], content: Mapping[str, Any], depth: int) -> list[str]:
    lines: list[str] = []
    pad = "  " * depth
    for name, field in form.model_fields.items():
        kind, many = inner(field.annotation)
        value = content.get(name)
        help_ = field.description or ""
        offered = choices(kind)
        if offered:
            help_ += f" [{' | '.join(offered)}]"
        lines.append(f"{pad}# {help_}")
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            lines += _nested(name, kind, many, value, depth)
        elif isinstance(value, str) and _fits_a_block(value):
            lines.append(f"{pad}{name}: |2-")
            lines += [f"{pad}  {line}" if line else "" for line in value.split("\n")]
        elif many:
            lines.append(f"{pad}{name}: {_scalar(list(value) if value else [])}")
        else:
            lines.append(f"{pad}{name}: {_scalar(_default(field.default) if value is None else value)}")
    return lines


def _fits_a_block(text: str) -> bool:
    """Several lines that are read back as they are when written below each other."""
    lines = text.split("\n")
    return len(lines) > 1 and bool(lines[-1].strip()) and bool(lines[0].strip()) and all(x.isprintable() for x in lines)


def _nested(name: str, kind: type[BaseModel], many: bool, value: Any, depth: int) -> list[str]:
    pad = "  " * depth
    if not many:
        return [f"{pad}{name}:", *_fields(kind, value or {}, depth + 1)]
    lines = [f"{pad}{name}:"]
    for item in value or [{}]:
        inner = _fields(kind, item, depth + 2)
        first = next(i for i, line in enumerate(inner) if not line.lstrip().startswith("#"))
        lines += inner[:first]
        lines.append(f"{pad}  - {inner[first].lstrip()}")
        lines += inner[first + 1 :]
    return lines


def _default(value: Any) -> Any:
    return None if value in ("", None) or not isinstance(value, str | int | float | bool) else value


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10_000).strip()
    return text.removesuffix("\n...").removesuffix("...").strip()
