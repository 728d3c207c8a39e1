"""Tasks from a file for a rehearsal: YAML, JSON or CSV rows, each checked before anything starts."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from definitions.loader import DocumentError, read_document
from domain.lifecycle.commands import StartLifecycle

_FIELDS = ("ref", "title", "section", "viewpoint", "weight", "definition", "tags", "source", "drafter", "setup")


def read_rows(path: Path, units: frozenset[str], definition: str) -> list[dict[str, Any]]:
    """The tasks of a file as fields of `StartLifecycle`. Raises `DocumentError` that names row, field and remedy."""
    rows, problems = _rows(path), []
    found: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows, 1):
        where = f"row {number}"
        if not isinstance(row, dict):
            problems.append(f"{where}: 項目と値の組にしてください / expected fields with values")
            continue
        given = {("ref" if k == "id" else k): v for k, v in row.items() if v not in (None, "")}
        ref = given["ref"] = str(given.get("ref", ""))
        unknown = sorted(set(given) - set(_FIELDS))
        if unknown:
            problems.append(f"{where} ({ref}): {unknown[0]}: 知らない項目です。除いてください / unknown field; remove it")
        if ref in found:
            problems.append(f"{where}: id: {ref} は二度あります。別の id にしてください / appears twice; give each its own")
        if given.get("section") not in units:
            problems.append(
                f"{where} ({ref}): section: {given.get('section')!r} は組織表にありません。組織IDを書いてください / "
                "is no unit of the directory; use a unit id"
            )
        given.setdefault("definition", definition)
        if isinstance(given.get("tags"), str):
            given["tags"] = [t.strip() for t in given["tags"].split(";") if t.strip()]
        try:
            StartLifecycle.model_validate({"command_id": "check", "stream": "check", **given})
        except ValidationError as error:
            problems += [
                f"{where} ({ref}): {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)
            ]
        found[ref] = given
    if not rows:
        problems.append("課題が一つもありません / no task in the file")
    if problems:
        raise DocumentError(path, problems)
    return list(found.values())


def _rows(path: Path) -> list[Any]:
    if path.suffix.lower() == ".csv":
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                return list(csv.DictReader(file))
        except FileNotFoundError:
            raise DocumentError(
                path, ["ファイルがありません。パスを確認してください / no such file; check the path"]
            ) from None
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DocumentError(path, [f"CSV として読めません / cannot be read as CSV: {error}"]) from None
    content = read_document(path)
    if isinstance(content, dict):
        content = content.get("lifecycles") or content.get("tasks") or [content]
    return content if isinstance(content, list) else [content]
