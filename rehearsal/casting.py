"""From tasks to scripts: who takes part, when each task begins, how it ends, and which few never come to their review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

from definitions.loader import load_bodies, load_definition, load_people
from domain.bodies import BodyRules
from domain.directory import Directory
from domain.directory_stream import Named
from domain.lifecycle.commands import StartLifecycle, stream_of
from domain.process import ProcessDefinition
from imports.starts import read_start_file
from rehearsal.excerpt import EXCERPT
from rehearsal.importer import decision_for, directory_for, sections_for, start_row
from rehearsal.quotations import deliverables_for
from rehearsal.records import Project, read_projects
from rehearsal.script import MARK, Outcome, Script, dice
from settings import ROOT

SMART_CITY = ROOT / "examples" / "smart-city.yaml"
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_CHANCES: tuple[tuple[Outcome | None, float], ...] = (
    ("continuation", 0.38),
    ("improvement", 0.25),
    ("completion", 0.13),
    ("expansion", 0.1),
    ("abolition", 0.06),
    (None, 0.08),
)
"""How a task ends that brings no record, by the seed (ours)."""
_FATES = ("withdrawn", "rejected")
_TASKS_A_FATE = 30
"""About one task of so many is withdrawn by its section, or rejected by the council."""
_BEGIN_WITHIN = 75
"""Days within which tasks begin."""


@dataclass(frozen=True)
class Cast:
    """Everything that a rehearsal needs to know before it begins."""

    scripts: tuple[Script, ...]
    directory: Directory
    names: tuple[Named, ...]
    process: ProcessDefinition
    bodies: BodyRules | None = None
    """With them tasks are selected and decided on in session; without, in the inboxes of those who would chair."""


def cast_file(
    file: Path, *, since: date, seed: int, people: Path | None = None, definition: Path | None = None
) -> Cast:
    """The tasks of a start file, or the projects of a data folder. Raises `DocumentError`, `ShellError` or `OSError`."""
    if file.is_dir():
        return cast_demo(file, since=since, seed=seed)
    process = load_definition(definition) if definition else load_definition()
    directory, names = load_people(people) if people else load_people()
    starts = read_start_file(file, directory, process.reference, {process.reference})
    scripts = [from_start(s, since=since, seed=seed) for s in starts]
    return Cast(_finished(scripts, process, seed), directory, names, process)


def _finished(scripts: Sequence[Script], process: ProcessDefinition, seed: int) -> tuple[Script, ...]:
    return tuple(with_way_back(s, process, seed) for s in with_fates(scripts, seed))


def in_session(cast: Cast) -> Cast:
    """The same people with the bodies of the shipped rules: what they do in the demo."""
    return replace(cast, bodies=load_bodies())


def from_start(start: StartLifecycle, *, since: date, seed: int) -> Script:
    """A task without a record: its end is drawn by the seed, and everything that it hands in is scripted."""
    rng = dice(seed, "end", start.ref)
    outcome = rng.choices([o for o, _ in _CHANCES], [w for _, w in _CHANCES])[0]
    return Script(
        stream=start.stream,
        start=start.model_dump(exclude={"command_id", "stream"}),
        starts_on=begins(start.ref, since, seed),
        deliverables={"setup": start.setup} if start.setup else {},
        outcome=outcome,
        reasons=(f"{MARK}各期の測定値と執行状況による",),
    )


def from_record(
    start: Mapping[str, Any],
    deliverables: Mapping[str, dict[str, Any]],
    outcome: Outcome | None,
    *,
    since: date,
    seed: int,
    back_to: str | None = None,
    finding: str = "",
    reasons: Sequence[str] = (),
) -> Script:
    """A task taken from a record. `start` holds the fields of `StartLifecycle`; `deliverables` contents by stage key, in part
    or whole; `finding` and `reasons` are the record's own words for the review."""
    ref = str(start["ref"])
    return Script(
        stream=stream_of(ref),
        start=dict(start),
        starts_on=begins(ref, since, seed),
        deliverables={k: dict(v) for k, v in deliverables.items()},
        outcome=outcome,
        back_to=back_to,
        finding=finding,
        reasons=tuple(reasons),
    )


def from_project(
    project: Project, sections: dict[str, str], process: ProcessDefinition, *, since: date, seed: int
) -> Script:
    """A reviewed national project, with the decision that the record holds on it."""
    decision = decision_for(project)
    return from_record(
        start_row(project, sections, process.reference),
        deliverables_for(project, sections[project.ministry]),
        decision.outcome,
        since=since,
        seed=seed,
        back_to=decision.back_to,
        finding=project.finding_detail or project.finding,
        reasons=decision.reasons,
    )


def begins(ref: str, since: date, seed: int) -> date:
    """Tasks begin one after another in the first weeks, most of them early."""
    return since + timedelta(days=round(_BEGIN_WITHIN * dice(seed, "begins", ref).random() ** 1.5))


def with_way_back(script: Script, process: ProcessDefinition, seed: int) -> Script:
    """An improvement names the stage it goes back to: the script's own, else one that the process allows, by the seed."""
    improvement = process.outcome("improvement")
    allowed = improvement.stages if improvement else ()
    if script.outcome != "improvement" or script.back_to in allowed or not allowed:
        return script
    return replace(script, back_to=dice(seed, "back", script.stream).choice(allowed))


def with_fates(scripts: Sequence[Script], seed: int) -> list[Script]:
    """A few tasks, by the seed, never come to their review: only such whose record would simply have gone on."""
    ordinary = sorted(s.stream for s in scripts if s.outcome == "continuation")
    number = min(len(scripts) // _TASKS_A_FATE, len(ordinary))
    chosen = dice(seed, "fates").sample(ordinary, number)
    fates = {stream: _FATES[i % 2] for i, stream in enumerate(chosen)}
    return [replace(s, fate=fates[s.stream]) if s.stream in fates else s for s in scripts]  # type: ignore[arg-type]


def cast_demo(data: Path | None, *, since: date, seed: int, limit: int | None = None) -> Cast:
    """The examples' portfolio (reviewed national projects and the strategy's smart-city projects), or the projects of a data
    folder; `limit` takes the first so many. Raises `DataError`."""
    process = load_definition()
    projects = read_projects(data or EXCERPT)[:limit]
    directory, names = directory_for(projects, load_people())
    sections = sections_for(projects)
    scripts = [from_project(p, sections, process, since=since, seed=seed) for p in projects]
    if data is None:
        starts = read_start_file(SMART_CITY, directory, process.reference, {process.reference})
        scripts += [from_start(s, since=since, seed=seed) for s in starts]
    return Cast(_finished(scripts, process, seed), directory, names, process)
