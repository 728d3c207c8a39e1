"""Files of what already runs, with every way to write them and every kind of mistake."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from definitions.faults import DocumentError
from definitions.loader import load_definition, load_people
from domain.days import day
from domain.facts import Facts
from domain.lifecycle.adopting import AdoptLifecycle, SupplementHistory
from domain.lifecycle.commands import LifecycleCommand, stream_of
from domain.lifecycle.decide import decide
from domain.lifecycle.evolve import evolve
from domain.lifecycle.state import Lifecycle
from domain.messages import SYSTEM, Event, Recorded, Refusal, Refused
from imports import figures
from imports.histories import Desk, adoptions, supplements
from imports.portfolios import read_portfolio
from imports.records import Known
from settings import ROOT
from tests.given import START, calendar

PROCESS = load_definition()
FACTS = Facts(directory=load_people()[0], calendar=calendar(), definition=PROCESS)
GOOD = {"id": "a", "title": "題", "section": "childcare", "stage": "analysis", "source": "台帳"}
TASK = "- {id: a, title: 題, section: childcare, stage: analysis, source: 台帳%s}\n"


def refusal(command: LifecycleCommand, state: Lifecycle | None = None) -> Refusal | None:
    try:
        decide(state or Lifecycle(stream=command.stream), command, SYSTEM, FACTS, START)
    except Refused as refused:
        return refused.refusal
    return None


def desk(state: Lifecycle | None = None) -> Desk:
    return Desk("himeji@1", {"himeji@1"}, lambda _: PROCESS, lambda command: refusal(command, state))


def read(path: Path) -> list[AdoptLifecycle]:
    return adoptions(path, read_portfolio(path), desk())


def problems(path: Path, content: str) -> list[str]:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DocumentError) as error:
        read(path)
    assert all(" / " not in f.said.ja + f.said.en and not f.said.ja.isascii() for f in error.value.faults)
    return [str(f) for f in error.value.faults]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.yaml", TASK % ""),
        ("t.yaml", "defaults: {source: 台帳, stage: analysis}\ntasks:\n- {id: a, title: 題, section: childcare}\n"),
        ("t.yaml", "defaults: {title: 別}\ntasks:\n" + TASK % ""),
        ("t.yaml", "id: a\ntitle: 題\nsection: childcare\nstage: analysis\nsource: {name: 台帳}\n"),
        ("t.json", json.dumps(GOOD)),
        ("t.json", json.dumps({"tasks": [GOOD]}, indent="\t")),
        ("t.csv", "\ufeffid,title,section,stage,source\r\na,題,childcare,analysis,台帳\r\n"),
        ("t.csv", "id,title,section,stage,source.name,tags\na,題,childcare,analysis,台帳,\n"),
    ],
)
def test_every_way_to_write_one_task(tmp_path: Path, name: str, content: str) -> None:
    file = tmp_path / name
    file.write_bytes(content.encode())
    [command] = read(file)
    assert (command.ref, command.title, command.stage, command.round) == ("a", "題", "analysis", 1)
    assert command.history.source.name == "台帳"
    assert (command.stream, command.command_id) == (stream_of("a"), "adopt:a")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2025-04-01", date(2025, 4, 1)),
        ("2025/4/1", date(2025, 4, 1)),
        ("2025年4月1日", date(2025, 4, 1)),
        ("令和7年4月1日", date(2025, 4, 1)),
        ("R7.4.1", date(2025, 4, 1)),
        ("Ｒ７．４．１", date(2025, 4, 1)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("平成 31 年 4 月 30 日", date(2019, 4, 30)),
        ("S63-1-7", date(1988, 1, 7)),
        ("25.4.1", None),
        ("令和7年13月1日", None),
        ("2025-02-30", None),
        ("春", None),
    ],
)
def test_days_as_people_write_them(written: str, meant: date | None) -> None:
    assert day(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("令和7年度", 2025),
        ("R7", 2025),
        (2025, 2025),
        ("2025年度", 2025),
        ("平成元年度", 1989),
        ("7", None),
        ("", None),
    ],
)
def test_fiscal_years(written: object, meant: int | None) -> None:
    assert figures.fiscal_year(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("9,000,000円", 9_000_000),
        ("900万円", 9_000_000),
        ("¥1,200", 1200),
        (0, 0),
        ("1億", 100_000_000),
        ("9,00", None),
        ("-5", None),
        ("約5万", None),
    ],
)
def test_amounts(written: object, meant: int | None) -> None:
    assert figures.amount(written) == meant


def test_measured_values_keep_what_they_say() -> None:
    assert [figures.number(v) for v in ("1,234.5", "-3", 0.5, "1,2")] == ["1234.5", "-3", "0.5", "1,2"]


SHEETS: Mapping[str, str] = {
    "tasks": "id,title,section,stage,started_on,departments,review_date,source,closed_as\n"
    "k,題,childcare,monitoring,R5.6.1,child-support;school-ict,令和10年3月31日,台帳,\n"
    "z,済,childcare,review,,,,台帳,completion\n",
    "decisions": "id,stage,round,decided_on,by,document\nk,setup,1,令和5年6月1日,副市長,第1号\nz,review,,R6.3.1,市長,\n",
    "budgets": 'id,fiscal_year,state,amount\nk,令和6年度,voted,"1,000"\n',
    "kpis": 'id,key,title,unit,kind,target\nk,minutes,時間,分,outcome,"1,000"\n',
    "measurements": "id,kpi,period,value,source\nk,minutes,2025-H1,18,記録\nk,minutes,2025-H2,14.5,\n",
}


def folder(path: Path, **changed: str) -> Path:
    for name, content in {**SHEETS, **changed}.items():
        (path / f"{name}.csv").write_text(content, encoding="utf-8")
    return path


def test_a_folder_of_sheets(tmp_path: Path) -> None:
    kept, over = read(folder(tmp_path))
    assert kept.started_on == date(2023, 6, 1)
    contents = {d.stage: d.content for d in kept.history.deliverables}
    assert contents["setup"] == {"departments": ["child-support", "school-ict"]}
    assert contents["kpi_setting"]["review_date"] == date(2028, 3, 31)
    [kpi] = contents["kpi_setting"]["kpis"]
    assert (kpi["key"], kpi["target"]) == ("minutes", "1000")
    [decided] = kept.history.decisions
    assert (decided.decided_on, decided.document, decided.round) == (date(2023, 6, 1), "第1号", 1)
    [budget] = kept.history.budgets
    assert (budget.fiscal_year, budget.amount) == (2024, 1000)
    first, second = kept.history.measurements
    assert first.source is not None and first.source.source == "記録" and second.source is None
    assert (over.closed_as, over.history.decisions[0].decided_on) == ("completion", date(2024, 3, 1))


MISTAKES: list[tuple[dict[str, str], list[str]]] = [
    ({"decisions": "id,stage,decided_on,by\nk,setup,5月,x\n"}, ["decisions.csv line 2", "decided_on", "5月", "R7.4.1"]),
    ({"decisions": "id,stage,decided_on,by\nk,review,2024-04-01,x\n"}, ["decisions.csv line 2", "decided-here"]),
    ({"decisions": "id,stage,decided_on,by\nq,setup,2024-04-01,x\n"}, ["decisions.csv line 2", "q", "tasks.csv"]),
    ({"decisions": "id,stage,decided_on,by\nk,setup,2099-04-01,x\n"}, ["decisions.csv line 2", "not-past"]),
    ({"decisions": "id,stage,decided_on\nk,setup,2024-04-01\n"}, ["decisions.csv line 2", "by", "missing"]),
    ({"decisions": "id,stage,decided,by\nk,setup,2024-04-01,x\n"}, ["decisions.csv", "line 1", "decided_on?"]),
    ({"budgets": "id,fiscal_year,state,amount\nk,R6,voted,many\n"}, ["budgets.csv line 2", "amount", "many", "yen"]),
    ({"budgets": "id,fiscal_year,state,amount\nk,R6,granted,1\n"}, ["budgets.csv line 2", "state", "granted", "voted"]),
    (
        {"budgets": "id,fiscal_year,state,amount\nk,R6,voted,1\nk,R6,voted,2\n"},
        ["budgets.csv line 3", "budget-known"],
    ),
    ({"measurements": "id,kpi,period,value\nk,other,2025,1\n"}, ["measurements.csv line 2", "other", "kpi-unknown"]),
    ({"measurements": "id,kpi,period,value\nk,minutes,2025,long\n"}, ["measurements.csv line 2", "value", "long"]),
    ({"kpis": "id,key,kind\nk,minutes,good\n"}, ["kpis.csv line 2", "kind", "good", "outcome"]),
    ({"tasks": "id,title,section,stage,source\nk,x,moon,monitoring,y\nz,x,childcare,review,y\n"}, ["line 2", "moon"]),
    ({"tasks": SHEETS["tasks"] + "k,題,childcare,monitoring,,,,台帳,\n"}, ["tasks.csv line 4", "id: k", "line 2"]),
    ({"ideas": "id\nk\n"}, ["ideas.csv", "decisions.csv"]),
]


@pytest.mark.parametrize(("changed", "words"), MISTAKES)
def test_a_mistake_in_a_sheet_is_named_with_its_place(
    tmp_path: Path, changed: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(DocumentError) as error:
        read(folder(tmp_path, **changed))
    said = str(error.value).splitlines()
    assert any(all(word in line for word in words) for line in said), said


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (", bugets: []", ["line 1", "bugets", "budgets?"]),
        (", viewpoint: sideways", ["line 1", "viewpoint", "sideways"]),
        (", stage: nowhere", ["line 1", "stage", "twice"]),
        (", round: 0", ["round", "0"]),
        (", drafter: p99", ["drafter", "p99", "person-unknown"]),
        (", definition: himeji@9", ["definition", "himeji@9", "himeji@1"]),
        (", decisions: 5", ["decisions", "5", "list"]),
        (", decisions: [{stage: moon, decided_on: 2025-04-01, by: x}]", ["decisions[0]", "moon", "stage-unknown"]),
        (
            ", decisions: [{stage: setup, decided_on: 2025-04-01, by: x, outcome: victory}]",
            ["decisions[0]", "victory", "outcome-unknown"],
        ),
        (
            ", deliverables: [{stage: setup, content: {weight: huge}}]",
            ["deliverables[0].content.weight", "huge"],
        ),
        (
            ", departments: [childcare], deliverables: [{stage: setup, content: {departments: [childcare]}}]",
            ["departments", "deliverables[0]", "keep one"],
        ),
        (", started_on: 2099-01-01", ["started_on", "not-past"]),
        (", kpis: [{key: k}]", ["kpi_setting", "decided-here"]),
    ],
)
def test_a_mistake_in_a_task_is_named(tmp_path: Path, more: str, words: list[str]) -> None:
    [said] = problems(tmp_path / "t.yaml", TASK % more)
    assert all(word in said for word in words), said


def test_a_source_is_asked_for(tmp_path: Path) -> None:
    [said] = problems(tmp_path / "t.yaml", "- {id: a, title: x, section: childcare, stage: analysis}\n")
    assert said.startswith("line 1: source:") and "known from" in said


def test_what_is_wrong_with_a_sheet_as_a_whole_is_told_and_not_blamed_on_others(tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text("id,title,section,stage\n", "utf-8")
    (tmp_path / "budgets.csv").write_text("id,fiscal_year,state,amount\na,2026,asked,1\n", "utf-8")
    with pytest.raises(DocumentError) as empty:
        read_portfolio(tmp_path)
    assert "tasks.csv" in str(empty.value) and "no tasks" in str(empty.value) and "budgets" not in str(empty.value)
    (tmp_path / "tasks.csv").write_text('id,title,section,stage\na,"題,childcare,analysis\nb,題,childcare,analysis\n')
    with pytest.raises(DocumentError) as open_:
        read_portfolio(tmp_path)
    assert "line 2" in str(open_.value) and "quotes" in str(open_.value) and "budgets" not in str(open_.value)


def test_all_mistakes_of_all_tasks_are_told_at_once(tmp_path: Path) -> None:
    text = (
        "defaults: {source: 台帳}\ntasks:\n"
        "- {id: a, title: x, section: moon, stage: analysis}\n"
        "- {id: fine, title: x, section: childcare, stage: analysis}\n"
        "- id: 007\n  title: x\n  section: childcare\n  stage: analysis\n  decisions:\n"
        "  - {stage: setup, decided_on: never, by: x}\n  - {stage: setup, decided_on: 2025-04-01}\n"
    )
    said = problems(tmp_path / "t.yaml", text)
    assert [" ".join(line.split()[:3]) for line in said] == [
        "line 3: section:",
        "line 10: decisions[0].decided_on:",
        "line 11: decisions[1].by:",
    ]


@pytest.mark.parametrize(
    "content", ["", "tasks: []\n", "5\n", "- words\n", "tasks: []\nextra: 1\n", "defaults: 5\ntasks: []\n"]
)
def test_what_is_no_portfolio(tmp_path: Path, content: str) -> None:
    assert problems(tmp_path / "t.yaml", content)


def test_kpis_in_brief_belong_to_the_round_before_when_their_stage_is_still_ahead(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text(TASK % ", round: 2, review_date: R10.3.31, kpis: [{key: k}]")
    [past] = read(file)[0].history.deliverables
    assert (past.stage, past.round, set(past.content)) == ("kpi_setting", 1, {"kpis", "review_date"})


@pytest.mark.parametrize("name", ["portfolio.yaml", "csv"])
def test_the_examples_are_taken_as_they_are(name: str) -> None:
    path = ROOT / "examples" / "adopt" / name
    assert len({c.ref for c in read(path)}) == len(read_portfolio(path)) >= 3


# --- adding ----------------------------------------------------------------------------------------------------------


def adopted(path: Path) -> Known:
    [command] = read(path)
    state, events = Lifecycle(stream=command.stream), list[Event]()
    for event in decide(state, command, SYSTEM, FACTS, START):
        events.append(event)
        recorded = Recorded(
            stream=command.stream,
            version=len(events),
            position=len(events),
            event=event,
            actor=SYSTEM,
            occurred_at=START,
            command_id="c",
        )
        state = evolve(state, recorded)
    return Known(state, events)


def added(path: Path, known: Known) -> SupplementHistory | None:
    [(_, command)] = supplements(path, read_portfolio(path), desk(known.state), lambda _: known)
    return command


def test_only_what_is_new_is_added(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    past = ", decisions: [{stage: setup, decided_on: R7.4.1, by: x}], budgets: [{fiscal_year: R7, state: asked, amount: 5}]"
    file.write_text(TASK % past)
    known = adopted(file)
    assert added(file, known) is None
    file.write_text(
        TASK
        % past.replace("}]", "}, {fiscal_year: R7, state: voted, amount: 4}]", 2).replace(
            "by: x}, {fiscal_year: R7, state: voted, amount: 4}]", "by: x}]"
        )
    )
    command = added(file, known)
    assert command is not None and command.stream == known.state.stream
    assert [(b.state, b.amount) for b in command.history.budgets] == [("voted", 4)] and not command.history.decisions
    again = added(file, known)
    assert again is not None and again.command_id == command.command_id


def test_an_addition_needs_no_more_than_the_id(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text(TASK % "")
    known = adopted(file)
    file.write_text("- {id: a, departments: [school-ict]}\n")
    command = added(file, known)
    assert command is not None and command.history.source.name == "台帳"
    assert command.history.deliverables[0].content == {"departments": ["school-ict"]}


def test_nothing_is_added_to_what_was_never_adopted(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("- {id: a, departments: [school-ict]}\n")
    with pytest.raises(DocumentError, match="not an adopted task"):
        supplements(file, read_portfolio(file), desk(), lambda _: None)
