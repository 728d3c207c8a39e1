"""Start files: YAML, JSON or CSV. All rows are checked before any starts; every bad one is named by line, field and remedy."""

from __future__ import annotations

import csv
import difflib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml
from pydantic import ValidationError

from definitions.loader import DocumentError, read_document
from domain.deliverables.registry import parse
from domain.directory import Directory
from domain.lifecycle.commands import StartLifecycle
from domain.messages import Refused

FIELDS = ("id", "title", "section", "viewpoint", "weight", "tags", "source", "drafter", "definition", "setup")


@dataclass(frozen=True)
class Line:
    """One row as it stands in the file."""

    number: int
    content: dict[str, Any]


def stream_of(ref: str) -> str:
    """The stream id of a starter's own id: the same id always means the same lifecycle."""
    return str(uuid5(NAMESPACE_URL, f"lifecycle:{ref}"))


def read_start_file(path: Path, directory: Directory, definition: str, published: set[str]) -> list[StartLifecycle]:
    """The commands of a start file. Raises `DocumentError` with all problems of all rows."""
    lines = _csv_lines(path) if path.suffix.lower() == ".csv" else _yaml_lines(path)
    problems: list[str] = []
    commands: list[StartLifecycle] = []
    seen: dict[str, int] = {}
    for line in lines:
        found, command = _check(line, directory, definition, published, seen)
        problems += [f"line {line.number}: {p}" for p in found]
        if command is not None:
            commands.append(command)
    if not lines:
        problems.append("行がありません。例は examples/first.yaml / no rows; see examples/first.yaml")
    if problems:
        raise DocumentError(path, problems)
    return commands


def _check(
    line: Line, directory: Directory, definition: str, published: set[str], seen: dict[str, int]
) -> tuple[list[str], StartLifecycle | None]:
    row, problems = dict(line.content), []
    for field in row:
        if field not in FIELDS:
            close = difflib.get_close_matches(str(field), FIELDS, 1)
            hint = (
                f"; {close[0]} ですか / do you mean {close[0]}?"
                if close
                else f"; 使える項目 / fields: {', '.join(FIELDS)}"
            )
            problems.append(f"{field}: 知らない項目です / unknown field{hint}")
    ref = str(row.get("id") or "").strip()
    if not ref:
        problems.append("id: ありません。行ごとに固有の id を付けてください / missing; give each row an id of its own")
    elif ref in seen:
        problems.append(
            f"id: {ref}: {seen[ref]} 行目にもあります。別の id にしてください / also at line {seen[ref]}; give each row its own"
        )
    else:
        seen[ref] = line.number
    section = row.get("section")
    if section is not None and directory.unit(str(section)) is None:
        close = difflib.get_close_matches(str(section), [u.id for u in directory.units], 1)
        hint = (
            f"{close[0]} ですか / do you mean {close[0]}?"
            if close
            else "`./taskforce people` で組織IDを確認してください / see `./taskforce people`"
        )
        problems.append(f"section: {section}: 組織表にありません / no such unit; {hint}")
    drafter = row.get("drafter")
    if drafter and directory.person(str(drafter)) is None:
        problems.append(
            f"drafter: {drafter}: 名簿にない職員です。職員IDを書いてください / not in the directory; use a person id"
        )
    reference = str(row.get("definition") or definition)
    if reference not in published:
        problems.append(
            f"definition: {reference}: 公開されていません。公開済み / not published; published are: {', '.join(sorted(published))}"
        )
    setup = row.get("setup")
    if setup is not None:
        problems += _setup_problems(setup)
    if problems:
        return problems, None
    fields = {k: v for k, v in row.items() if k != "id" and v is not None}
    fields |= {"ref": ref, "definition": reference, "command_id": f"start:{ref}", "stream": stream_of(ref)}
    try:
        return [], StartLifecycle.model_validate(fields)
    except ValidationError as error:
        return [_line_of(e) for e in error.errors(include_url=False)], None


def _setup_problems(setup: Any) -> list[str]:
    if not isinstance(setup, dict):
        return [
            f"setup: {setup}: 様式の項目を書いてください / expected the form's fields; see `./taskforce form setup`"
        ]
    try:
        parse("setup", setup)
    except Refused as refused:
        return [
            f"setup.{p.field}: {p.message.ja} / {p.message.en} (値 / value: {p.value})"
            for p in refused.refusal.problems
        ]
    return []


def _line_of(e: Any) -> str:
    field = ".".join(str(part) for part in e["loc"])
    value = "" if e["type"] == "missing" else f" (値 / value: {str(e.get('input'))[:80]})"
    remedy = "記入してください / fill it in" if e["type"] == "missing" else "直してください / correct it"
    return f"{field}: {e['msg']}{value}; {remedy}"


def _yaml_lines(path: Path) -> list[Line]:
    """Rows with the line on which each begins; a single mapping is one row."""
    content = read_document(path)
    if content is None:
        return []
    node: Any = yaml.compose(path.read_text("utf-8-sig"), Loader=yaml.SafeLoader)
    if isinstance(content, dict):
        nested = content.get("lifecycles")
        if not isinstance(nested, list):
            return [Line(node.start_mark.line + 1, content)]
        content = nested
        node = next(value for key, value in node.value if key.value == "lifecycles")
    if not isinstance(content, list):
        raise DocumentError(
            path, ["行の並び(リスト)を書いてください / expected a list of rows; see examples/first.yaml"]
        )
    lines = []
    for item, place in zip(content, node.value, strict=True):
        if not isinstance(item, dict):
            raise DocumentError(
                path,
                [
                    f"line {place.start_mark.line + 1}: {item}: 項目: 値 の形で書いてください / expected fields with values"
                ],
            )
        lines.append(Line(place.start_mark.line + 1, item))
    return lines


def _csv_lines(path: Path) -> list[Line]:
    """CSV in UTF-8 or, as Excel in Japan writes it, CP932. `setup.purpose` nests; `;` separates the items of a list."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DocumentError(
            path, [f"読めません / cannot be read: {error.strerror}; パスを確認してください / check the path"]
        ) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("cp932")
        except UnicodeDecodeError:
            raise DocumentError(
                path, ["文字コードが UTF-8 でも Shift_JIS でもありません。UTF-8 で保存してください / save it as UTF-8"]
            ) from None
    reader = csv.reader(io.StringIO(text, newline=""))
    lines: list[Line] = []
    header: list[str] = []
    begins = 1
    for cells in reader:
        if not header:
            header = [c.strip() for c in cells]
        elif any(c.strip() for c in cells):
            if len(cells) > len(header):
                raise DocumentError(
                    path,
                    [
                        f"line {begins}: 列が多すぎます({len(cells)} > {len(header)})。引用符を確認してください / too many columns"
                    ],
                )
            lines.append(Line(begins, _nested(dict(zip(header, cells, strict=False)))))
        begins = reader.line_num + 1
    return lines


_LISTS = ("tags", "setup.departments", "setup.serves")


def _nested(flat: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column, cell in flat.items():
        text = cell.strip()
        if not text:
            continue
        value: Any = [p.strip() for p in text.split(";") if p.strip()] if column in _LISTS else text
        if column == "setup.members":
            value = [{"person": p.strip()} for p in text.split(";") if p.strip()]
        target, *rest = column.split(".")
        place = row
        while rest:
            place = place.setdefault(target, {})
            target, *rest = rest
        place[target] = value
    return row
