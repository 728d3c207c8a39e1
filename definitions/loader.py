"""Reads process definitions and directories from YAML or JSON. A bad file is a `DocumentError` that names field, value, remedy."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from definitions.faults import DocumentError, Fault, fault, unfit
from domain.bodies import BodyRules
from domain.directory import Directory
from domain.directory_stream import Named
from domain.fiscal import FiscalCalendar
from domain.process import ProcessDefinition

SHIPPED = Path(__file__).parent
M = TypeVar("M", bound=BaseModel)


def read_document(path: Path) -> Any:
    """The parsed YAML or JSON of a file (JSON is YAML). Raises `DocumentError`."""
    try:
        return yaml.safe_load(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise DocumentError(
            path, [fault("ファイルがありません。パスを確認してください", "no such file; check the path")]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(
            path, [fault("読めません(UTF-8 で保存してください)", f"cannot be read: {error}; save it as UTF-8")]
        ) from None
    except yaml.YAMLError as error:
        raise DocumentError(path, [no_yaml(error)]) from None
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:  # an impossible date, or a tag such as !!bool on what is none
        ja = "日付などの値が誤りです。直すか、引用符で囲んでください"
        raise DocumentError(
            path, [fault(ja, f"a value cannot be read: {error}; correct it or put it in quotes")]
        ) from None


def no_yaml(error: yaml.YAMLError) -> Fault:
    """Where a text stops being YAML, and why."""
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    problem = getattr(error, "problem", None) or " ".join(str(error).split())
    return fault(
        "YAML として読めません。その行を直してください", f"not valid YAML: {problem}; correct that line", place=place
    )


def validated(path: Path, model: type[M], content: Any) -> M:
    """`content` as a model; every wrong field becomes one line."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise DocumentError(path, [unfit(e) for e in error.errors(include_url=False)]) from None


def load_definition(path: Path = SHIPPED / "himeji.yaml") -> ProcessDefinition:
    """The process definition in a file; the shipped one by default."""
    return validated(path, ProcessDefinition, read_document(path))


def load_fiscal(path: Path = SHIPPED / "fiscal.yaml") -> FiscalCalendar:
    """The fiscal calendar in a file; the shipped one by default."""
    return validated(path, FiscalCalendar, read_document(path))


def load_people(path: Path = SHIPPED / "people.yaml") -> tuple[Directory, tuple[Named, ...]]:
    """The directory in a file, with the names of its people."""
    content = read_document(path)
    if not isinstance(content, dict):
        raise DocumentError(
            path,
            [fault("units, posts, people, tenures の4項目が要ります", "expected units, posts, people and tenures")],
        )
    return people_document(content, path)


def load_bodies(path: Path | None = None) -> BodyRules:
    """The rules of the bodies in a file; the shipped ones by default, read once. Raises `DocumentError`."""
    return _shipped_bodies() if path is None else validated(path, BodyRules, read_document(path))


@cache
def _shipped_bodies() -> BodyRules:
    path = SHIPPED / "bodies.yaml"
    return validated(path, BodyRules, read_document(path))


def people_document(content: dict[str, Any], path: Path) -> tuple[Directory, tuple[Named, ...]]:
    """Split a people document into the directory (opaque ids) and the personal data."""
    personal = ("name", "name_en", "email")
    rows = [p for p in content.get("people") or () if isinstance(p, dict)]
    bare = {**content, "people": [{k: v for k, v in p.items() if k not in personal} for p in rows]}
    directory = validated(path, Directory, bare)
    names = tuple(
        validated(path, Named, {"person": p.get("id"), **{k: p[k] for k in personal if k in p}})
        for p in rows
        if p.get("name")
    )
    return directory, names
