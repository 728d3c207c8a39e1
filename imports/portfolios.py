"""Files of what already runs: YAML, JSON, one CSV, or a folder of CSVs. Rows keep the place of each thing they say.

A row is what one lifecycle brings along; `commands` makes commands of rows and tells everything that is wrong, by place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from definitions.faults import DocumentError, Fault, fault, placed
from domain.deliverables.project import Kpi
from domain.lifecycle.adopting import AdoptLifecycle, PastBudget, PastDecision, PastMeasurement
from domain.lifecycle.commands import Source
from imports.rows import no_fields, read_content, read_text
from imports.spreadsheets import read_csv

Path_ = tuple[str | int, ...]
"""Where in a row: ("decisions", 0, "decided_on")."""
HISTORY = ("deliverables", "decisions", "budgets", "measurements")
BRIEF = ("kpis", "review_date", "departments")
"""What may be written without its form: it becomes part of the deliverable that holds it."""
FIELDS = (
    "id",
    "source",
    *(f for f in AdoptLifecycle.model_fields if f not in ("command_id", "stream", "ref", "history")),
)
KNOWN = (*FIELDS, *HISTORY, *BRIEF)
TASKS = (*FIELDS, "review_date", "departments", *(f"source.{f}" for f in Source.model_fields))
SHEETS: Mapping[str, tuple[str, ...]] = {
    "decisions": ("id", *PastDecision.model_fields),
    "budgets": ("id", *PastBudget.model_fields),
    "measurements": ("id", *(f for f in PastMeasurement.model_fields)),
    "kpis": ("id", *Kpi.model_fields),
}
"""The sheets of a folder besides tasks.csv, with their columns; `id` is the id of the task."""
SHEET_NAMES = ("tasks.csv", *(f"{s}.csv" for s in SHEETS))


@dataclass
class Row:
    """What a file says of one lifecycle."""

    content: dict[str, Any]
    where: Callable[[Path_], str]
    """The place of a part of it in words: `line 12`, or `decisions.csv line 3`."""
    problems: list[Fault] = field(default_factory=list)


def read_portfolio(path: Path) -> list[Row]:
    """The rows of a file or folder. Raises `DocumentError` when it cannot be read at all."""
    if path.is_dir():
        rows = list(_folder(path))
    elif path.suffix.lower() == ".csv":
        rows = [_row_of_csv(path.name, line.number, line.content, line.problems) for line in read_csv(path, TASKS)]
    else:
        rows = list(_document(path))
    if not rows:
        raise DocumentError(
            path, [fault("行がありません。例は examples/adopt/", "no rows; see examples/adopt/ for how to write them")]
        )
    return rows


# --- YAML and JSON ---------------------------------------------------------------------------------------------------


def _document(path: Path) -> Iterator[Row]:
    content = read_content(path)
    node = _node(path)
    defaults: dict[str, Any] = {}
    if isinstance(content, dict) and "tasks" in content:
        strange = [str(k) for k in content if k not in ("tasks", "defaults")]
        if strange:
            raise DocumentError(
                path,
                [
                    fault("知らない項目です。tasks と defaults を書けます", "unknown; use tasks, defaults", field=k)
                    for k in strange
                ],
            )
        defaults = content.get("defaults") or {}
        content, node = content["tasks"], _child(node, "tasks")
        if not isinstance(defaults, dict):
            raise DocumentError(path, [no_fields(defaults, field="defaults")])
    if isinstance(content, dict):
        content, node = [content], yaml.SequenceNode("", [node]) if node else None
    if content is not None and not isinstance(content, list):
        raise DocumentError(
            path, [fault("課題の並び(tasks)を書いてください", "expected a list of tasks; see examples/adopt/")]
        )
    for i, item in enumerate(content or ()):
        here = _child(node, i)
        if not isinstance(item, dict):
            line = f"line {here.start_mark.line + 1}" if here else f"tasks[{i}]"
            raise DocumentError(path, [no_fields(item, place=line)])
        yield Row({**defaults, **{str(k): v for k, v in item.items()}, **_as_written(here)}, _lines(here, i))


def _node(path: Path) -> Any:
    """The document with the lines of its parts; None for what YAML cannot read (JSON with tabs)."""
    try:
        return yaml.compose(read_text(path), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return None


def _child(node: Any, part: str | int) -> Any:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part]
    if isinstance(node, yaml.MappingNode):
        return next((v for k, v in node.value if k.value == part), None)
    return None


def _as_written(node: Any) -> dict[str, Any]:
    """An id or title of digits is meant as it is written: 007 is neither 7 nor an octal number."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    meant = {k.value: v for k, v in node.value if k.value in ("id", "title") and isinstance(v, yaml.ScalarNode)}
    return {key: v.value for key, v in meant.items() if v.tag != "tag:yaml.org,2002:null"}


def _lines(node: Any, index: int) -> Callable[[Path_], str]:
    def where(path: Path_) -> str:
        deepest = node
        for part in path:
            following = _child(deepest, part)
            if following is None:
                break
            deepest = following
        return f"line {deepest.start_mark.line + 1}" if deepest is not None else f"tasks[{index}]"

    return where


# --- CSV -------------------------------------------------------------------------------------------------------------


def _row_of_csv(name: str, number: int, content: dict[str, Any], problems: Sequence[Fault]) -> Row:
    place = f"{name} line {number}"
    return Row(_lists(content), lambda _: place, placed(place, problems))


def _lists(content: dict[str, Any]) -> dict[str, Any]:
    if isinstance(content.get("departments"), str):
        content["departments"] = [p.strip() for p in content["departments"].split(";") if p.strip()]
    return content


def _folder(folder: Path) -> Iterator[Row]:
    """tasks.csv, and what the other sheets say of its tasks. A line about a task that is not there is a problem."""
    strange = sorted(f.name for f in folder.glob("*.csv") if f.name not in SHEET_NAMES)
    if strange:
        raise DocumentError(
            folder,
            [unknown_sheet(n) for n in strange],
        )
    rows: dict[str, Row] = {}
    problems: list[Fault] = []
    tasks = [_row_of_csv("tasks.csv", t.number, t.content, t.problems) for t in read_csv(folder / "tasks.csv", TASKS)]
    if not tasks:
        ja, en = "課題の行がありません。1件ずつ書いてください", "no tasks in it; write one a line"
        raise DocumentError(folder, [fault(ja, en, place="tasks.csv")])
    for row in tasks:
        rows.setdefault(str(row.content.get("id", "")), row)
    places: dict[tuple[str, str, int], str] = {}
    for sheet, columns in SHEETS.items():
        if not (folder / f"{sheet}.csv").exists():
            continue
        for line in read_csv(folder / f"{sheet}.csv", columns):
            place = f"{sheet}.csv line {line.number}"
            ref = str(line.content.pop("id", ""))
            if ref not in rows:
                ja, en = "tasks.csv にありません。加えてください", "not in tasks.csv; add it there"
                problems.append(fault(ja, en, place=place, field="id", value=ref or "-"))
                continue
            row, item = rows[ref], dict(line.content)
            if sheet == "measurements" and "source" in item:
                item["source"] = {"source": item["source"]}
            items = row.content.setdefault(sheet, [])
            places[ref, sheet, len(items)] = place
            items.append(item)
            row.problems += placed(place, line.problems)
    if problems:
        raise DocumentError(folder, problems)
    for row in tasks:
        yield Row(row.content, _places(row, places), row.problems)


def unknown_sheet(name: str) -> Fault:
    listed = ", ".join(SHEET_NAMES)
    return fault(f"知らない表です。使えるのは: {listed}", f"unknown sheet; there are: {listed}", value=name)


def _places(row: Row, places: Mapping[tuple[str, str, int], str]) -> Callable[[Path_], str]:
    ref = str(row.content.get("id", ""))

    def where(path: Path_) -> str:
        if len(path) > 1 and isinstance(path[1], int):
            return places.get((ref, str(path[0]), path[1]), row.where(path))
        return row.where(path)

    return where
