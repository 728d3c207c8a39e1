"""The arithmetic of the bench, and the shape of what it writes."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bench.goals import GOALS, figure, table, write_results

SHAPE = {"name", "value", "unit", "floor", "ratio", "better", "target", "met", "measured_at"}


def test_a_ratio_is_that_of_the_medians() -> None:
    found = figure("record_sqlite", [9.0, 2.0, 3.0], [1.0, 5.0, 2.0])
    assert (found.value, found.floor, found.ratio, found.met) == (3.0, 2.0, 1.5, True)


@pytest.mark.parametrize(
    ("name", "value", "floor", "met"),
    [
        ("record_sqlite", 3.0, 1.0, True),
        ("record_sqlite", 3.1, 1.0, False),
        ("answers_followed", 1.3, 1.0, True),
        ("answers_followed", 1.2, 1.0, False),
        ("history_events", 16, None, True),
        ("history_events", 17, None, False),
        ("ack_p99", 5, None, None),
    ],
)
def test_a_target_is_met_from_the_right_side(name: str, value: float, floor: float | None, met: bool | None) -> None:
    assert figure(name, [value], [floor] if floor else []).met is met


def test_the_results_are_a_list_of_figures_and_the_table_tells_each(tmp_path: Path) -> None:
    figures = [figure(name, [2.0], [1.0] if goal.floored else []) for name, goal in GOALS.items()]
    write_results(figures, tmp_path / "new" / "results.json")
    written = json.loads((tmp_path / "new" / "results.json").read_text("utf-8"))
    assert [set(f) for f in written] == [SHAPE] * len(GOALS)
    assert {f["better"] for f in written} == {"higher", "lower"}
    console = Console(width=140, record=True, file=StringIO())
    console.print(table(figures))
    text = console.export_text()
    assert all(name in text for name in GOALS)


def test_what_was_not_measured_now_stays_in_the_results_with_its_time(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    before = figure("rebuild", [2.0], [1.0]).model_copy(update={"measured_at": "2026-01-01T00:00:00+00:00"})
    write_results([before, figure("verify", [2.0], [1.0])], results)
    write_results([figure("verify", [3.0], [1.0]), figure("record_sqlite", [1.0], [1.0])], results)
    written = {f["name"]: f for f in json.loads(results.read_text("utf-8"))}
    assert list(written) == [n for n in GOALS if n in ("record_sqlite", "rebuild", "verify")]
    assert written["rebuild"]["measured_at"] == before.measured_at and written["verify"]["value"] == 3
    results.write_text("broken", "utf-8")
    write_results([before], results)
    assert [f["name"] for f in json.loads(results.read_text("utf-8"))] == ["rebuild"]


def test_every_figure_of_the_goals_is_measured_by_one_group() -> None:
    from bench.__main__ import GROUPS

    covered = [name for _, names in GROUPS.values() for name in names]
    assert sorted(covered) == sorted(GOALS)
