"""Start files. All rows are checked before any starts; every bad one is named by line, field, value and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from definitions.faults import DocumentError, Fault, fault, placed, unfit
from domain.deliverables.registry import DELIVERABLES, parse
from domain.directory import Directory
from domain.lifecycle.commands import Source, StartLifecycle, stream_of
from domain.messages import Actor, Refusal, Refused
from imports.batch import Batch, Entry, Told, Trial, digest, refused_by_rule, require_few, require_rows
from imports.columns import with_units
from imports.rows import Line, read_rows
from imports.spreadsheets import read_csv, unknown
from store import queries
from store.store import Store

MOST_FAULTS = 1_000
"""After so many no further row is looked at."""
FIELDS = ("id", "title", "section", "viewpoint", "weight", "tags", "source", "drafter", "definition", "setup")
SETUP = tuple(DELIVERABLES["setup"].form.model_fields)
COLUMNS = (*FIELDS, *(f"source.{name}" for name in Source.model_fields), *(f"setup.{name}" for name in SETUP))
"""What a CSV's columns may be called."""

_LOOK_UP = (
    "`./taskforce people` で ID を確認してください",
    "look up the id with `./taskforce people`",
)
Rules = Callable[[StartLifecycle], Refusal | None]


@dataclass
class _Desk:
    """What rows are checked against; `seen` holds the line of each id so far."""

    directory: Directory
    definition: str
    published: set[str]
    rules: Rules
    begun: Callable[[str], str | None] = lambda _: None
    """The definition that a stream's lifecycle began under."""
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
        of["what"] = f"{command.section} · {command.definition}"
        return Entry(Told(place=f"line {line}", status=status, **of), command)

    found = _read(path, _Desk(store.facts().directory, default, published, refusal, trial.begun_under), most)
    entries = [entry(line, command) for line, command in found]
    return Batch(path.name, digest(path), entries, trial.states)


def _read(path: Path, desk: _Desk, most: int | None = None) -> list[tuple[int, StartLifecycle]]:
    """(line, command) for each row."""
    lines = read_csv(path, COLUMNS) if path.suffix.lower() == ".csv" else read_rows(path)
    require_rows(path, lines, "例は examples/first.yaml", "see examples/first.yaml")
    require_few(path, len(lines), most)
    problems: list[Fault] = []
    commands: list[tuple[int, StartLifecycle]] = []
    for line in lines:
        found, command = _check(replace(line, content=with_units(desk.directory, line.content)), desk)
        problems += placed(f"line {line.number}", found)
        if command is not None:
            commands.append((line.number, command))
        if len(problems) > MOST_FAULTS:
            problems.append(fault("ここから先の行は確かめていません", "rows behind this one were not looked at"))
            break
    if problems:
        raise DocumentError(path, problems)
    return commands


def _check(line: Line, desk: _Desk) -> tuple[list[Fault], StartLifecycle | None]:
    row = line.content
    named = _id_problems(line, desk) + _place_problems(row, desk)
    problems = [*line.problems, *named]
    problems += [Fault(field=name, message=unknown(str(name), FIELDS)) for name in row if name not in FIELDS]
    if row.get("setup") is not None:
        problems += _setup_problems(row["setup"])
    ref = str(row.get("id") or "-").strip()
    reference = str(row.get("definition") or desk.begun(stream_of(ref)) or desk.definition)
    fields = {k: v for k, v in row.items() if k in FIELDS and k != "id" and v is not None}
    fields |= {"ref": ref, "definition": reference, "command_id": f"start:{ref}", "stream": stream_of(ref)}
    told = {f.field for f in named} | {"setup"}
    try:
        command = StartLifecycle.model_validate(fields)
    except ValidationError as error:
        found = [_named(unfit(e)) for e in error.errors(include_url=False)]
        return problems + [f for f in found if f.field.partition(".")[0] not in told], None
    if not problems and (refusal := desk.rules(command)) is not None:
        of_section = refusal.rule == "no-such-post"
        problems += refused_by_rule(refusal, *(("section", command.section) if of_section else ()))
    return problems, None if problems else command


def _named(found: Fault) -> Fault:
    """The own id by the name of its column."""
    return found.model_copy(update={"field": "id"}) if found.field == "ref" else found


def _id_problems(line: Line, desk: _Desk) -> list[Fault]:
    given = line.content.get("id")
    if isinstance(given, bool | dict | list):
        return [fault("文字で書いてください", "write it as text", field="id", value=given)]
    ref = "" if given is None else str(given).strip()
    if not ref:
        return [fault("ありません。行ごとに固有の id を付けてください", "missing; give each row its own", field="id")]
    if ref in desk.seen:
        ja = f"{desk.seen[ref]} 行目にもあります。別の id にしてください"
        return [fault(ja, f"also at line {desk.seen[ref]}; give each row its own", field="id", value=ref)]
    desk.seen[ref] = line.number
    if len(ref) > 100:
        ja, en = "長すぎます。100字までにしてください", "too long; use at most 100 characters"
        return [fault(ja, en, field="id", value=ref)]
    return []


def _place_problems(row: dict[str, Any], desk: _Desk) -> list[Fault]:
    """Names that must be known: the section, the drafter, the definition."""
    problems = []
    section, drafter, definition = row.get("section"), row.get("drafter"), row.get("definition")
    if section is not None and desk.directory.unit(str(section)) is None:
        close = difflib.get_close_matches(str(section), [u.id for u in desk.directory.units], 1)
        ja, en = (f"{close[0]} ですか", f"do you mean {close[0]}?") if close else _LOOK_UP
        problems.append(fault(f"組織表にありません。{ja}", f"no such unit; {en}", field="section", value=section))
    if drafter is not None and desk.directory.person(str(drafter)) is None:
        ja, en = _LOOK_UP
        problems.append(
            fault(f"名簿にない職員です。{ja}", f"not in the directory; {en}", field="drafter", value=drafter)
        )
    if definition is not None and str(definition) not in desk.published:
        listed = ", ".join(sorted(desk.published))
        ja, en = f"公開されていません。公開済み: {listed}", f"not published; published are: {listed}"
        problems.append(fault(ja, en, field="definition", value=definition))
    return problems


def _setup_problems(setup: Any) -> list[Fault]:
    if not isinstance(setup, dict):
        listed = ", ".join(SETUP)
        ja, en = f"様式の項目を書いてください: {listed}", f"expected the form's fields: {listed}"
        return [fault(ja, en, field="setup", value=setup)]
    try:
        parse("setup", {str(k): v for k, v in setup.items()})
    except Refused as refused:
        return [
            Fault(field=f"setup.{p.field}", message=unknown(p.field, SETUP))
            if p.field in setup and p.field not in SETUP
            else fault(p.message.ja, f"{p.message.en}; correct it", field=f"setup.{p.field}", value=p.value)
            for p in refused.refusal.problems
        ]
    return []
