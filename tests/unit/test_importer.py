"""The reviewed national projects: what the reader takes in, how decisions are mapped, what the excerpt holds."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import pytest

from definitions.loader import load_definition, load_people
from domain.deliverables.base import Context
from domain.deliverables.registry import broken_rules, parse
from domain.facts import Facts
from domain.lifecycle.commands import StartLifecycle
from domain.lifecycle.state import Lifecycle
from rehearsal.content import Desk, complete
from rehearsal.excerpt import EXCERPT, cut
from rehearsal.importer import decision_for, deliverables_for, directory_for, reasons_for, sections_for, start_row
from rehearsal.records import DataError, Project, Year, decision, read_projects
from rehearsal.script import MARK, Script
from rehearsal.sheets import NEEDED
from settings import ROOT
from store.calendars import calendar

FULL = Path(os.environ.get("TASKFORCE_RS_DATA") or ROOT.parent / "shared" / "data" / "rs-system-2024")
full_data = pytest.mark.skipif(
    not FULL.is_dir(), reason=f"NO FULL DATA at {FULL}: counts of the whole year are not checked"
)
PROJECTS = read_projects(EXCERPT)
DEFINITION = load_definition()
DIRECTORY, NAMES = directory_for(PROJECTS, load_people())
SECTIONS = sections_for(PROJECTS)
FACTS = Facts(directory=DIRECTORY, calendar=calendar(), definition=DEFINITION)
NOW = datetime(2024, 11, 20, 1, 0, tzinfo=UTC)


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
    row = start_row(project, SECTIONS, DEFINITION.reference)
    StartLifecycle(command_id="c", stream="s", **row)
    assert row["ref"] == f"rs2024-{int(project.id):06d}" and project.id in row["source"]["name"]
    section = DIRECTORY.unit(row["section"])
    assert section is not None and project.ministry in section.name.ja
    for role in ("section_chief", "drafter", "bureau_director"):
        post = DIRECTORY.post_for(role, section.id)
        assert post is not None and DIRECTORY.holders(post.id, date(2025, 4, 1))
    forms = deliverables_for(project)
    for stage, content in forms.items():
        parse(DEFINITION.stage(stage).deliverable, content)
    assert forms["setup"]["purpose"][:50] == project.purpose[:50]
    if project.reflection:
        assert any(project.reflection in r for r in reasons_for(project))


@pytest.mark.parametrize("project", PROJECTS, ids=lambda p: p.id)
def test_every_stage_can_be_handed_in(project: Project) -> None:
    """The record's own words, filled up by the scripted drafters, meet every rule of all eleven forms and the wind-down."""
    found = decision_for(project)
    row = start_row(project, SECTIONS, DEFINITION.reference)
    script = Script(
        stream="s",
        start=row,
        starts_on=date(2024, 4, 1),
        deliverables=deliverables_for(project, row["section"]),
        outcome=found.outcome or "continuation",
        back_to=found.back_to,
        reasons=found.reasons,
    )
    others = tuple(s for s in SECTIONS.values() if s != row["section"])[:2]
    unit = DIRECTORY.unit(row["section"])
    assert unit is not None
    state = Lifecycle(stream="s", title=row["title"], section=unit.id, section_name=unit.name, departments=others)
    improvement = DEFINITION.outcome("improvement")
    context = Context(
        today=NOW.date(),
        people=frozenset(p.id for p in DIRECTORY.people),
        units=frozenset(u.id for u in DIRECTORY.units),
        departments=others,
        outcomes=tuple(o.key for o in DEFINITION.outcomes),
        back_to=improvement.stages if improvement else (),
    )
    assert DEFINITION.wind_down is not None
    for stage in (*DEFINITION.stages, DEFINITION.wind_down):
        content = complete(stage.key, stage.deliverable, Desk(state, script, FACTS, NOW, Random(project.id), "2024-Q3"))
        assert broken_rules(stage.deliverable, parse(stage.deliverable, content), context) == [], stage.key


@pytest.mark.parametrize("project", PROJECTS, ids=lambda p: p.id)
def test_what_is_quoted_stands_in_the_record_and_what_is_made_up_is_marked(project: Project) -> None:
    forms = deliverables_for(project, SECTIONS[project.ministry])
    (evidence,) = forms["analysis"]["evidence"]
    assert evidence["sha256"] == hashlib.sha256(project.problem.encode()).hexdigest() and evidence["date"]
    own, other = forms["proposal"]["options"]
    assert own["description"][:50] == project.overview[:50] and MARK in other["title"]
    assert own["running_cost"] == project.years[max(project.years)].initial
    assert all(MARK in kpi["title"] for kpi in forms["kpi_setting"]["kpis"])
    assert all(MARK in h["verified_by"] for h in forms.get("hypothesis", {}).get("hypotheses", ()))
    assert "pt_formation" not in forms and "coordination" not in forms
    spent = [y for y, money in project.years.items() if money.executed > 0]
    assert ("monitoring" in forms) == bool(spent)
    if spent:
        assert f"{project.years[max(spent)].executed:,} 円" in forms["monitoring"]["cost"]


def test_a_decision_quotes_the_record_and_says_what_is_derived() -> None:
    improvement = DEFINITION.outcome("improvement")
    assert improvement is not None
    for project in PROJECTS:
        found = decision_for(project)
        assert (found.outcome, found.derived) == (project.outcome, project.derived)
        assert (found.back_to in improvement.stages) == (found.outcome == "improvement")
        assert any("〔導出〕" in r for r in found.reasons) == (found.derived or found.back_to is not None)
        assert all(word in "".join(found.reasons) for word in (project.finding, project.reflection))
    assert {decision_for(p).back_to for p in PROJECTS if p.reflection == "縮減"} == {"proposal"}


def test_made_up_people_are_known_by_their_posts() -> None:
    shipped = {n.person for n in load_people()[1]}
    made = [n for n in NAMES if n.person not in shipped]
    assert len(made) == 4 * len(SECTIONS)
    assert all("架空" in n.name for n in made)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    folder = tmp_path / "broken"
    shutil.copytree(EXCERPT, folder)
    return folder


def test_a_folder_without_its_sheets_is_named(tmp_path: Path, broken: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        read_projects(tmp_path / "none")
    with pytest.raises(DataError, match="1-2"):
        read_projects(tmp_path)
    next(broken.glob("4-1_*")).unlink()
    with pytest.raises(DataError, match="sheet 4-1 is missing"):
        read_projects(broken)


def put(column: str, value: str) -> Callable[[list[list[str]]], None]:
    def change(table: list[list[str]]) -> None:
        table[1][table[0].index(column)] = value

    return change


REFLECTION = "所見を踏まえた改善点／概算要求における反映状況"


@pytest.mark.parametrize(
    ("sheet", "change", "message"),
    [
        (
            "1-2",
            lambda table: put("事業の目的", "x")([table[0], table[0]]),
            "1-2_.*line 1: 事業の目的.*use the original",
        ),
        ("1-2", put("予算事業ID", "abc"), "1-2_.*line 2: 予算事業ID: 'abc'.*correct the row"),
        ("1-2", put("事業開始年度", "令和6"), "1-2_.*line 2: 事業開始年度: '令和6'"),
        ("2-1", put("当初予算（合計）", "百万"), "2-1_.*line 2: 当初予算（合計）: '百万'"),
        ("2-1", put("当初予算（合計）", "nan"), "2-1_.*line 2: 当初予算（合計）: 'nan'"),
        ("2-1", lambda table: table.insert(2, table[1]), "2-1_.*line 3: .*a second total row"),
        ("4-1", put(REFLECTION, "拡充"), f"4-1_.*line \\d+: {REFLECTION}: '拡充'.*no known decision"),
        ("3-2", lambda table: table[1].pop(), "3-2_.*line \\d+: 6/7: .*too few columns"),
    ],
)
def test_a_broken_cell_is_named_by_file_line_column_and_remedy(
    broken: Path, sheet: str, change: Callable[[list[list[str]]], None], message: str
) -> None:
    path = next(broken.glob(f"{sheet}_*"))
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))
    change(table)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(table)
    with pytest.raises(DataError, match=message):
        read_projects(broken)


def test_a_file_that_cannot_be_read_is_named(broken: Path) -> None:
    path = next(broken.glob("1-2_*"))
    text = path.read_text("utf-8")
    path.write_bytes(text.encode("cp932", errors="replace"))
    with pytest.raises(DataError, match=r"1-2_.*get it again"):
        read_projects(broken)
    path.unlink()
    archive = path.with_suffix(".zip")
    archive.write_bytes(b"not a zip")
    with pytest.raises(DataError, match=r"1-2_.*get it again"):
        read_projects(broken)
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("readme.txt", "x")
    with pytest.raises(DataError, match=r"1-2_.*holds no CSV"):
        read_projects(broken)


def test_zips_and_other_dashes_read_the_same(broken: Path) -> None:
    for path in broken.glob("*.csv"):
        text = path.read_text("utf-8")
        head, _, rest = text.partition("\n")
        with zipfile.ZipFile(path.with_suffix(".zip"), "w") as file:
            file.writestr(path.name, "\ufeff" + head.replace("ー", "－") + "\n" + rest)
        path.unlink()
    assert read_projects(broken) == PROJECTS


def test_details_without_an_account_are_no_totals(broken: Path) -> None:
    path = next(broken.glob("2-1_*"))
    with path.open(encoding="utf-8", newline="") as file:
        header, first = list(csv.reader(file))[:2]
    detail = [cell if name in ("予算事業ID", "予算年度") else "" for name, cell in zip(header, first, strict=True)]
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(detail)
    assert read_projects(broken) == PROJECTS


@full_data
def test_the_excerpt_is_cut_again_to_the_letter(tmp_path: Path) -> None:
    assert cut(FULL, tmp_path) == len(PROJECTS)
    for path in EXCERPT.glob("*.csv"):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


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
    outcomes = Counter(p.outcome for p in projects)
    assert outcomes["expansion"] == sum(p.derived for p in projects)
    assert sum(outcomes.values()) == 5664
    assert {p.finding for p in projects} >= {"廃止", "事業全体の抜本的な改善", ""}
