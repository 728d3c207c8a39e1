"""Proposals of the bureaus from a sheet: every row is tried on the rules of the round before any is taken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from definitions.faults import DocumentError, Fault, placed
from domain.facts import Other
from domain.lifecycle.commands import stream_of as lifecycle_of
from domain.messages import Actor, Refused, Text
from domain.selection.kind import stream_of
from domain.selection.messages import ProposeTask
from domain.selection.round import SelectionRound
from imports.batch import (
    Batch,
    Entry,
    Told,
    Trial,
    Wrong,
    digest,
    refused_by_rule,
    require_few,
    require_rows,
    unfit,
)
from imports.columns import with_units
from imports.rows import Line, read_rows
from imports.spreadsheets import read_csv, row_problems
from store.store import Store

NEEDED = ("ref", "title", "section", "problem")
COLUMNS = (*NEEDED, "viewpoint", "departments")


def proposals(store: Store, actor: Actor, path: Path, round_: str, most: int | None = None) -> Batch:
    """The proposals of a CSV (UTF-8 or CP932), YAML or JSON file, of at most so many rows. Raises `DocumentError` with every row that is
    wrong, and `Wrong` for a round that is not there."""
    trial, stream = Trial(store, actor, "selection"), stream_of(round_)
    before = trial.there(stream)
    if before is None:
        remedy = Text(ja="選定ラウンドの一覧で確かめてください", en="see the list of selection rounds")
        raise Wrong("round", round_, Text(ja="ありません", en="no such round"), remedy)
    lines = read_csv(path, COLUMNS, NEEDED) if path.suffix.lower() == ".csv" else read_rows(path)
    require_rows(path, lines, "提案を1行ずつ書いてください", f"write one proposal a line: {','.join(COLUMNS)}")
    require_few(path, len(lines), most)
    problems: list[Fault] = []
    directory = store.facts().directory
    lines = [replace(line, content=with_units(directory, line.content)) for line in lines]
    entries = [e for line in lines if (e := _entry(trial, before, line, problems)) is not None]
    if problems:
        raise DocumentError(path, problems)
    return Batch(path.name, digest(path), entries, trial.states)


def _entry(trial: Trial, before: SelectionRound, line: Line, problems: list[Fault]) -> Entry | None:
    """The row, or None when it is wrong: then it is among the problems. `before`: the round without this file."""
    given, at, stream = line.content, f"line {line.number}", before.stream
    found = row_problems(line, COLUMNS, NEEDED)
    command = None if found else _command(stream, given, found)
    if command is None:
        problems += placed(at, found)
        return None
    state = trial.state(stream)
    status = trial.already(command, command.ref in before.proposals)
    if status == "new":
        try:
            trial.states[stream] = trial.decide(state, command, others=_taken(trial, command.ref))
        except Refused as refused:
            problems += placed(at, refused_by_rule(refused.refusal, "ref", command.ref))
            return None
    return Entry(
        Told(place=at, stream=stream, ref=command.ref, title=command.title, what=command.section, status=status),
        command,
    )


def _taken(trial: Trial, ref: str) -> dict[str, Other]:
    """The lifecycle that has the reference already."""
    found = trial.there(lifecycle_of(ref))
    return {} if found is None else {lifecycle_of(ref): Other(kind="lifecycle", title=found.title, closed=False)}


def _command(stream: str, given: dict[str, Any], found: list[Fault]) -> ProposeTask | None:
    fields = {**given, "departments": given.get("departments") or [], "viewpoint": given.get("viewpoint") or None}
    named = {"command_id": f"csv:{str(given['ref'])[:100]}", "stream": stream}
    try:
        return ProposeTask.model_validate({**fields, **named})
    except ValidationError as error:
        found += unfit(error)
        return None
