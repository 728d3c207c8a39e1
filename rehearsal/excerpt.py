"""Cuts the excerpt in `examples/rs2024-excerpt` out of the full data: `python -m rehearsal.excerpt DATA_FOLDER`. Deterministic.

Rows stay as published; only columns that the reader needs are kept, and of texts nothing is shortened.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rehearsal.records import Project, read_projects
from rehearsal.sheets import ID, NEEDED, SHEETS, rows, sheet_file
from settings import ROOT

EXCERPT = ROOT / "examples" / "rs2024-excerpt"
Test = Callable[[Project], bool]
WANTED: tuple[tuple[Test, int], ...] = (
    (lambda p: p.ministry == "デジタル庁", 12),
    (lambda p: p.ministry == "こども家庭庁", 14),
    (lambda p: p.outcome == "abolition", 8),
    (lambda p: p.outcome == "completion", 7),
    (lambda p: p.reflection == "縮減", 4),
    (lambda p: p.reflection == "執行等改善", 4),
    (lambda p: p.reflection == "年度内に改善を検討", 3),
    (lambda p: p.outcome == "continuation", 5),
    (lambda p: p.outcome == "expansion", 5),
    (lambda p: p.outcome is None, 6),
)
"""Which projects, and how many of each; the last group is projects on which nothing was decided."""


def choose(projects: Sequence[Project]) -> list[Project]:
    """Projects with all texts, none too long to read, spread over ministries; every word of the decisions occurs."""
    good = [
        p for p in projects if p.purpose and p.problem and p.overview and p.links and p.years and len(p.overview) < 600
    ]
    chosen: dict[str, Project] = {}
    for fits, number in WANTED:
        fitting = [p for p in good if p.id not in chosen and fits(p)]
        for project in _spread(fitting)[:number]:
            chosen[project.id] = project
    return sorted(chosen.values(), key=lambda p: int(p.id))


def _spread(projects: Sequence[Project]) -> list[Project]:
    """One after another from each (ministry, decision) group, so that no group crowds out the rest."""
    groups: dict[tuple[str, str], list[Project]] = {}
    for p in projects:
        groups.setdefault((p.reflection or p.finding, p.ministry), []).append(p)
    ordered = sorted(groups.items())
    return [
        group[i] for i in range(max((len(g) for _, g in ordered), default=0)) for _, group in ordered if i < len(group)
    ]


def cut(data: Path, target: Path = EXCERPT) -> int:
    """Write the excerpt; returns how many projects it holds."""
    keep = {p.id for p in choose(read_projects(data))}
    target.mkdir(parents=True, exist_ok=True)
    for sheet in SHEETS:
        name = sheet_file(data, sheet).stem + ".csv"
        with (target / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, NEEDED[sheet], lineterminator="\n")
            writer.writeheader()
            writer.writerows(row for _, row in rows(data, sheet) if row[ID] in keep)
    return len(keep)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m rehearsal.excerpt DATA_FOLDER\n")
        sys.exit(2)
    sys.stdout.write(f"{cut(Path(sys.argv[1]))} projects -> {EXCERPT.relative_to(ROOT)}\n")
