"""Start files. All rows are checked before any starts; every bad one is named by line, field, value and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from definitions.loader import DocumentError
from domain.deliverables.registry import DELIVERABLES, in_japanese, parse
from domain.directory import Directory
from domain.lifecycle.commands import Source, StartLifecycle, stream_of
from domain.messages import Actor, Refusal, Refused
from imports.batch import Batch, Entry, Told, Trial, digest, require_few
from imports.rows import Line, read_rows
from imports.spreadsheets import read_csv, unknown
from store import queries
from store.store import Store

FIELDS = ("id", "title", "section", "viewpoint", "weight", "tags", "source", "drafter", "definition", "setup")
SETUP = tuple(DELIVERABLES["setup"].form.model_fields)
COLUMNS = (*FIELDS, *(f"source.{name}" for name in Source.model_fields), *(f"setup.{name}" for name in SETUP))
"""What a CSV's columns may be called."""

Rules = Callable[[StartLifecycle], Refusal | None]


@dataclass
class _Desk:
    """What rows are checked against; `seen` holds the line of each id so far."""

    directory: Directory
    definition: str
    published: set[str]
    rules: Rules
    seen: dict[str, int] = field(default_factory=dict)


def read_start_file(
    path: Path, directory: Directory, definition: str, published: set[str], rules: Rules = lambda _: None
) -> list[StartLifecycle]:
    """The commands of a start file. `rules` tells what the engine would refuse about a row that looks right.

    Raises `DocumentError` with all problems of all rows.
    """
    return [command for _, command in _read(path, _Desk(directory, definition, published, rules))]


def starts(store: Store, actor: Actor, path: Path, most: int | None = None) -> Batch:
    """The lifecycles that a file starts, of at most so many rows. Raises `DocumentError`."""
    published = {f"{r['name']}@{r['version']}" for r in queries.published_definitions(store)}
    default = queries.latest_definition(store, "himeji") or min(published)
    trial = Trial(store, actor, "lifecycle")
    there: set[str] = set()

    def refusal(command: StartLifecycle) -> Refusal | None:
        """What the engine would refuse; nothing of what runs already, from a day on which it was no problem."""
        if trial.there(command.stream) is not None:
            there.add(command.stream)
            return None
        try:
            trial.states[command.stream] = trial.decide(trial.kind.initial(command.stream), command)
        except Refused as refused:
            return refused.refusal
        return None

    def entry(line: int, command: StartLifecycle) -> Entry:
        status = trial.already(command, command.stream in there)
        of = {"stream": command.stream, "ref": command.ref, "title": command.title}
        return Entry(Told(place=f"line {line}", status=status, **of), command)

    found = _read(path, _Desk(store.facts().directory, default, published, refusal), most)
    entries = [entry(line, command) for line, command in found]
    return Batch(path.name, digest(path), entries, trial.states)


def _read(path: Path, desk: _Desk, most: int | None = None) -> list[tuple[int, StartLifecycle]]:
    """(line, command) for each row."""
    lines = read_csv(path, COLUMNS) if path.suffix.lower() == ".csv" else read_rows(path)
    require_few(path, len(lines), most)
    problems: list[str] = []
    commands: list[tuple[int, StartLifecycle]] = []
    for line in lines:
        found, command = _check(line, desk)
        problems += [f"line {line.number}: {p}" for p in found]
        if command is not None:
            commands.append((line.number, command))
    if not lines:
        problems.append("行がありません。例は examples/first.yaml / no rows; see examples/first.yaml")
    if problems:
        raise DocumentError(path, problems)
    return commands


def _check(line: Line, desk: _Desk) -> tuple[list[str], StartLifecycle | None]:
    row = line.content
    named = _id_problems(line, desk) + _place_problems(row, desk)
    problems = [*line.problems, *(f"{name}: {problem}" for name, problem in named)]
    problems += [
        f"{name}: {unknown(str(name), FIELDS).ja} / {unknown(str(name), FIELDS).en}"
        for name in row
        if name not in FIELDS
    ]
    if row.get("setup") is not None:
        problems += _setup_problems(row["setup"])
    ref, reference = str(row.get("id") or "-").strip(), str(row.get("definition") or desk.definition)
    fields = {k: v for k, v in row.items() if k in FIELDS and k != "id" and v is not None}
    fields |= {"ref": ref, "definition": reference, "command_id": f"start:{ref}", "stream": stream_of(ref)}
    told = {name for name, _ in named} | {"setup"}
    try:
        command = StartLifecycle.model_validate(fields)
    except ValidationError as error:
        problems += [p for name, p in map(_told, error.errors(include_url=False)) if name not in told]
        return problems or [" ".join(str(error).split())], None
    if not problems and (refusal := desk.rules(command)) is not None:
        name = "section: " + command.section if refusal.rule == "no-such-post" else refusal.rule
        problems.append(
            f"{name}: {refusal.message.ja}。{refusal.remedy.ja} / {refusal.message.en}; {refusal.remedy.en}"
        )
    return problems, None if problems else command


def _id_problems(line: Line, desk: _Desk) -> list[tuple[str, str]]:
    given = line.content.get("id")
    if isinstance(given, bool | dict | list):
        return [("id", f"{given}: 文字で書いてください / write it as text")]
    ref = "" if given is None else str(given).strip()
    if not ref:
        return [("id", "ありません。行ごとに固有の id を付けてください / missing; give each row an id of its own")]
    if ref in desk.seen:
        there = desk.seen[ref]
        return [
            (
                "id",
                f"{ref}: {there} 行目にもあります。別の id にしてください / also at line {there}; give each row its own",
            )
        ]
    desk.seen[ref] = line.number
    if len(ref) > 100:
        return [("id", f"{ref}: 長すぎます。100字までにしてください / too long; use at most 100 characters")]
    return []


def _place_problems(row: dict[str, Any], desk: _Desk) -> list[tuple[str, str]]:
    """Names that must be known: the section, the drafter, the definition."""
    problems = []
    section, drafter, definition = row.get("section"), row.get("drafter"), row.get("definition")
    if section is not None and desk.directory.unit(str(section)) is None:
        close = difflib.get_close_matches(str(section), [u.id for u in desk.directory.units], 1)
        hint = (
            f"{close[0]} ですか / do you mean {close[0]}?"
            if close
            else "`./taskforce people` で組織IDを確認してください / see `./taskforce people`"
        )
        problems.append(("section", f"{section}: 組織表にありません / no such unit; {hint}"))
    if drafter is not None and desk.directory.person(str(drafter)) is None:
        hint = "職員IDを書いてください / use a person id (`./taskforce people`)"
        problems.append(("drafter", f"{drafter}: 名簿にない職員です / not in the directory; {hint}"))
    if definition is not None and str(definition) not in desk.published:
        listed = ", ".join(sorted(desk.published))
        problems.append(
            ("definition", f"{definition}: 公開されていません。公開済み / not published; published are: {listed}")
        )
    return problems


def _setup_problems(setup: Any) -> list[str]:
    if not isinstance(setup, dict):
        return [
            f"setup: {setup}: 様式の項目を書いてください / expected the form's fields; see `./taskforce form setup`"
        ]
    try:
        parse("setup", {str(k): v for k, v in setup.items()})
    except Refused as refused:
        return [
            f"setup.{p.field}: {unknown(p.field, SETUP).ja} / {unknown(p.field, SETUP).en}"
            if p.field in setup and p.field not in SETUP
            else f"setup.{p.field}: {p.message.ja} / {p.message.en} (値 / value: {p.value}); "
            "`./taskforce form setup` を見て直してください / correct it, see `./taskforce form setup`"
            for p in refused.refusal.problems
        ]
    return []


def _told(e: Any) -> tuple[str, str]:
    """(field, sentence) of one error of pydantic's."""
    names = ["id" if part == "ref" else str(part) for part in e["loc"]] or ["(row)"]
    if e["type"] == "missing":
        return names[0], f"{'.'.join(names)}: ありません。記入してください / missing; fill it in"
    value = str(e.get("input"))[:80] if e["loc"] else ""
    return names[0], (
        f"{'.'.join(names)}: {value}: {in_japanese(e['type'], e.get('ctx') or {}, e['msg'])} / {e['msg']}; correct it"
        if value
        else f"{'.'.join(names)}: {e['msg']}; 直してください / correct it"
    )
