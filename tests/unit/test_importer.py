"""The reviewed national projects: what the reader takes in, how decisions are mapped, what the excerpt holds."""

from __future__ import annotations

import csv
import os
import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from definitions.loader import load_definition, load_people
from domain.deliverables.registry import parse
from rehearsal.excerpt import EXCERPT
from rehearsal.importer import deliverables_for, directory_for, reasons_for, sections_for, start_row
from rehearsal.records import NEEDED, DataError, Project, Year, decision, read_projects
from settings import ROOT

FULL = Path(os.environ.get("TASKFORCE_RS_DATA") or ROOT.parent / "shared" / "data" / "rs-system-2024")
full_data = pytest.mark.skipif(
    not FULL.is_dir(), reason=f"NO FULL DATA at {FULL}: counts of the whole year are not checked"
)
PROJECTS = read_projects(EXCERPT)
DEFINITION = load_definition()


def test_the_excerpt_holds_every_decision_and_result() -> None:
    assert len(PROJECTS) >= 60
    assert {p.reflection for p in PROJECTS} == {
        "廃止",
        "終了予定",
        "縮減",
        "執行等改善",
        "年度内に改善を検討",
        "現状通り",
        "",
    }
    results = Counter(p.outcome for p in PROJECTS)
    assert set(results) == {"abolition", "completion", "improvement", "continuation", "expansion", None}
    assert {"デジタル庁", "こども家庭庁"} < {p.ministry for p in PROJECTS}
    assert all(p.derived == (p.outcome == "expansion") for p in PROJECTS)


def test_no_column_that_may_name_officials_is_kept() -> None:
    assert "備考" not in {c for columns in NEEDED.values() for c in columns}
    for path in EXCERPT.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            assert "備考" not in next(csv.reader(file))


@pytest.mark.parametrize(
    ("reflection", "finding", "requested", "expected"),
    [
        ("廃止", "現状通り", 0, ("abolition", False)),
        ("", "終了予定", 0, ("completion", False)),
        ("縮減", "", 0, ("improvement", False)),
        ("", "事業全体の抜本的な改善", 0, ("improvement", False)),
        ("現状通り", "廃止", 100, ("continuation", False)),
        ("現状通り", "", 101, ("expansion", True)),
        ("", "", 500, (None, False)),
    ],
)
def test_the_reply_counts_before_the_finding(
    reflection: str, finding: str, requested: int, expected: tuple[str | None, bool]
) -> None:
    assert decision(reflection, finding, {2024: Year(initial=100, requested_next=requested)}) == expected


@pytest.mark.parametrize("project", PROJECTS, ids=lambda p: p.id)
def test_a_project_gives_a_task_and_forms_that_quote_it(project: Project) -> None:
    directory, _ = directory_for(PROJECTS, load_people())
    row = start_row(project, sections_for(PROJECTS), DEFINITION.reference)
    assert row["ref"] == f"rs2024-{int(project.id):06d}" and project.id in row["source"]["name"]
    section = directory.unit(row["section"])
    assert section is not None and project.ministry in section.name.ja
    for role in ("section_chief", "drafter", "bureau_director"):
        post = directory.post_for(role, section.id)
        assert post is not None and directory.holders(post.id, date(2025, 4, 1))
    forms = deliverables_for(project)
    for stage, content in forms.items():
        parse(DEFINITION.stage(stage).deliverable, content)
    assert forms["setup"]["purpose"][:50] == project.purpose[:50]
    if project.reflection:
        assert any(project.reflection in r for r in reasons_for(project))


def test_a_broken_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        read_projects(tmp_path / "none")
    with pytest.raises(DataError, match="1-2"):
        read_projects(tmp_path)
    broken = tmp_path / "broken"
    shutil.copytree(EXCERPT, broken)
    basics = next(broken.glob("1-2_*"))
    lines = basics.read_text("utf-8").splitlines(keepends=True)
    basics.write_text(lines[0].replace("事業の目的", "目的"), "utf-8")
    with pytest.raises(DataError, match="line 1: 事業の目的"):
        read_projects(broken)
    basics.write_text(lines[0] + "2024,abc" + "," * (lines[0].count(",") - 1) + "\n", "utf-8")
    with pytest.raises(DataError, match="line 2"):
        read_projects(broken)


@full_data
def test_the_whole_year_counts_as_its_source_says() -> None:
    projects = read_projects(FULL)
    assert len(projects) == 5664
    assert sum(p.outcome is None for p in projects) == 630
    as_it_is = [p for p in projects if p.reflection == "現状通り"]
    assert len(as_it_is) == 2790
    assert sum(p.derived for p in as_it_is) == 1546
    assert all(len(p.years) <= 4 for p in projects)
    assert sum(len(p.years) for p in projects) == 18524
