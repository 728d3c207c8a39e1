"""From tasks to scripts: who takes part, when each task begins, how it ends, and which few never come to their review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, get_args
from uuid import NAMESPACE_URL, uuid5

from domain.directory import Directory
from domain.directory_stream import Named
from domain.process import ProcessDefinition
from rehearsal.script import MARK, Outcome, Script, dice

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
_TASKS_A_FATE = 35
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


def stream_of(ref: str) -> str:
    """The stream of a task in a rehearsal: deterministic, from the task's own id."""
    return str(uuid5(NAMESPACE_URL, f"lifecycle:{ref}"))


def from_row(row: Mapping[str, Any], *, since: date, seed: int) -> Script:
    """A task without a record: its end is drawn by the seed, and everything that it hands in is scripted."""
    ref = str(row["ref"])
    rng = dice(seed, "end", ref)
    outcome = rng.choices([o for o, _ in _CHANCES], [w for _, w in _CHANCES])[0]
    return Script(
        stream=stream_of(ref),
        start=dict(row),
        starts_on=begins(ref, since, seed),
        deliverables={"setup": dict(row["setup"])} if row.get("setup") else {},
        outcome=outcome,
        reasons=(f"{MARK}各期の測定値と執行状況による",),
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
