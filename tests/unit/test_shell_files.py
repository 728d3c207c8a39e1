"""Start files and forms as people write them, with every kind of mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from definitions.faults import DocumentError
from definitions.loader import load_people
from domain.lifecycle.commands import StartLifecycle, stream_of
from domain.messages import Refusal, Text
from imports.columns import TITLES, field_of
from imports.portfolios import SHEETS
from imports.registry import IMPORTS
from imports.rows import read_content
from imports.starts import read_start_file

DIRECTORY = load_people()[0]
GOOD = {"id": "a", "title": "題", "section": "childcare"}


def read(file: Path) -> list[StartLifecycle]:
    return read_start_file(file, DIRECTORY, "himeji@1", {"himeji@1"})


def problems(file: Path, content: str | bytes) -> list[str]:
    """What is said about a file, without its name."""
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DocumentError) as error:
        read(file)
    assert all(" / " not in f.said.ja + f.said.en and not f.said.ja.isascii() for f in error.value.faults)
    return [str(f) for f in error.value.faults]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.json", json.dumps([GOOD])),
        ("t.json", json.dumps({"lifecycles": [GOOD]}, indent="\t")),
        ("t.json", "\ufeff" + json.dumps(GOOD)),
        ("t.yaml", "lifecycles:\n- {id: a, title: 題, section: childcare}\n"),
        ("t.yaml", "id: a\ntitle: 題\nsection: childcare\n"),
        ("t.csv", "\ufeffid,title,section\r\na,題,childcare\r\n"),
        ("t.csv", "\n\nid,title,section,\n\na,題,childcare,\n"),
    ],
)
def test_every_way_to_write_one_row(tmp_path: Path, name: str, content: str) -> None:
    file = tmp_path / name
    file.write_bytes(content.encode())
    [command] = read(file)
    assert (command.ref, command.title, command.section) == ("a", "題", "childcare")
    assert (command.stream, command.command_id) == (stream_of("a"), "start:a")


def test_a_rare_kanji_survives_escaped_json(tmp_path: Path) -> None:
    file = tmp_path / "t.json"
    file.write_text(json.dumps([{**GOOD, "title": "𠮷田"}], ensure_ascii=True))
    assert read(file)[0].title == "𠮷田"


def test_digits_in_an_id_are_meant_as_written(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("- {id: 007, title: 2027, section: childcare}\n")
    assert [(c.ref, c.title) for c in read(file)] == [("007", "2027")]


def test_cp932_and_nested_columns(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(
        "id,title,section,source.name,setup.members,setup.serves\n"
        "a,～題,childcare,出典,p32; p33,tactic-1;tactic-2\n".encode("cp932")
    )
    [command] = read(file)
    assert command.source is not None and command.source.name == "出典"
    assert command.setup == {"members": [{"person": "p32"}, {"person": "p33"}], "serves": ["tactic-1", "tactic-2"]}


def test_a_sheet_as_an_office_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    sheet = "番号,課題名, 担当課,目的,関係部署\na,題,こども保育課,便利にする,教育情報課; childcare\n"
    file.write_bytes(sheet.encode("cp932"))
    [command] = read(file)
    assert (command.ref, command.title, command.section) == ("a", "題", "childcare")
    assert command.setup == {"purpose": "便利にする", "departments": ["school-ict", "childcare"]}


ROW = "- {id: a, title: x, section: childcare}\n"
MISTAKES: list[tuple[str, str, list[str]]] = [
    ("t.yaml", "- id: a\n  id: b\n  title: x\n  section: childcare\n", ["line 1", "id", "twice"]),
    ("t.yaml", ROW + "- {id: b, title: x, section: childcare, setup: {purpose: x, purpose: y}}\n", ["line 2", "twice"]),
    ("t.yaml", "- &r {id: a, title: x, section: childcare, setup: &s {purpose: *s}}\n", ["line 1", "itself"]),
    ("t.yaml", ROW + "- {id: b, title: x, section: childcare, tags: [2027-02-30]}\n", ["line 2", "2027-02-30"]),
    ("t.yaml", "- {id: [a], title: x, section: childcare}\n", ["line 1", "id", "text"]),
    ("t.yaml", "- words\n", ["line 1", "words"]),
    ("t.yaml", f"- {{id: {'i' * 101}, title: x, section: childcare}}\n", ["id", "100"]),
    ("t.yaml", "- {id: a, title: x, section: childcare, setup: {purposse: y}}\n", ["setup.purposse", "purpose?"]),
    ("t.yaml", "- {id: a, title: x, section: childcare, source: {name: q, uri: y}}\n", ["source.uri", "y"]),
    ("t.yaml", "- {id: a, title: x, section: childcare, definition: himeji@9}\n", ["definition", "himeji@1"]),
    ("t.json", '[\n {"id": "a",\n]', ["line 3", "JSON"]),
    ("t.json", '[\n {"id": "a", "title": "x", "title": "y", "section": "childcare"}]', ["line 2", "title", "twice"]),
    ("t.json", "[[" * 3000, ["JSON"]),
    ("t.json", "5", ["list"]),
    ("t.json", " \n", ["no rows"]),
    ("t.csv", "id,課題,section,title\na,x,childcare,y\n", ["line 1", "課題", "課題名"]),
    ("t.csv", "id,titel,section\na,x,childcare\nb,x,childcare\n", ["line 1", "titel", "title?"]),
    ("t.csv", "id,title,title,section\na,x,y,childcare\n", ["line 1", "title", "twice"]),
    ("t.csv", "id,title,section,setup,setup.purpose\na,x,childcare,y,z\n", ["line 1", "setup", "keep one"]),
    ("t.csv", "id,title,section\na,x,childcare,extra\n", ["line 2", "too many"]),
    ("t.csv", "id,title,,section\na,x,y,childcare\n", ["line 2", "column name"]),
    ("t.csv", f"id,title,section\na,{'x' * 140_000},childcare\n", ["line 2", "CSV"]),
    ("t.csv", "", ["no rows"]),
    ("t.csv", "課番,名前,所属\n1,題,childcare\n", ["line 1", "課番,名前,所属", "id, title, section"]),
    ("t.csv", ",".join(f"c{n}" for n in range(501)) + "\n", ["line 1", "too many columns"]),
    ("t.yaml", "--- !!set\nlifecycles: [1]\n", ["list"]),
    ("t.yaml", "- id: !!bool foo\n", ["YAML"]),
]


@pytest.mark.parametrize(("name", "content", "words"), MISTAKES)
def test_a_mistake_is_named_once_with_its_place(tmp_path: Path, name: str, content: str, words: list[str]) -> None:
    [said] = problems(tmp_path / name, content)
    assert all(word in said for word in words), said


def test_all_mistakes_of_all_rows_are_told_at_once(tmp_path: Path) -> None:
    said = problems(
        tmp_path / "t.yaml",
        "- {id: a, title: [x], section: moon, drafter: p99, tags: 5}\n"
        "- {id: fine, title: x, section: childcare}\n"
        "- {section: childcare}\n",
    )
    found = {(" ".join(line.split()[:2]).rstrip(":"), line.split()[2].rstrip(":")) for line in said}
    first = {("line 1", name) for name in ("title", "section", "drafter", "tags")}
    assert found == first | {("line 3", "id"), ("line 3", "title")}


def test_json_rows_know_their_lines(tmp_path: Path) -> None:
    rows = [{**GOOD, "id": "a", "tags": ["x", "y"]}, {**GOOD, "id": "b", "section": "moon"}, {**GOOD, "id": "a"}]
    text = json.dumps({"made": {"by": ["x"]}, "lifecycles": rows}, indent=1)
    begins = [n for n, line in enumerate(text.splitlines(), 1) if line == "  {"]
    second, third = problems(tmp_path / "t.json", text)
    assert second.startswith(f"line {begins[1]}: section: moon")
    assert third.startswith(f"line {begins[2]}: id: a") and f"at line {begins[0]}" in third


def test_lines_behind_a_cell_of_several_lines(tmp_path: Path) -> None:
    [said] = problems(tmp_path / "t.csv", 'id,title,section\na,"x\ny\nz",childcare\nb,x,moon\n')
    assert said.startswith("line 5: section: moon")


def test_what_the_engine_would_refuse_is_told_by_line(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text(ROW + "- {id: b, title: x, section: children}\n")

    def rules(command: StartLifecycle) -> Refusal | None:
        if command.section != "children":
            return None
        return Refusal(
            rule="no-such-post", message=Text(ja="職なし", en="no post"), remedy=Text(ja="加える", en="add it")
        )

    with pytest.raises(DocumentError) as error:
        read_start_file(file, DIRECTORY, "himeji@1", {"himeji@1"}, rules)
    [said] = map(str, error.value.faults)
    assert said.startswith("line 2: section: children") and "add it" in said


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("f.yaml", "purpose: x\nreview_date: 2027-02-30\n", ["line 2", "2027-02-30"]),
        ("f.yaml", "a: !!int ''\n", ["YAML"]),
        ("f.yaml", "a: !!timestamp maybe\n", ["YAML"]),
        ("f.json", '{"a": {"\\ud800": 1}}', ["a: ", "half"]),
        ("f.yaml", "purpose: x\npurpose: y\n", ["line 2", "purpose", "twice"]),
        ("f.json", '{"a": {"b": 1, "b": 2}}', ["a.b", "twice"]),
        ("f.json", '{"a": 1,}', ["line 1", "JSON"]),
    ],
)
def test_a_form_that_cannot_be_read(tmp_path: Path, name: str, content: str, words: list[str]) -> None:
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(DocumentError) as error:
        read_content(file)
    assert all(word in str(error.value) for word in (name, *words)), str(error.value)


def test_a_form_in_json_may_use_tabs(tmp_path: Path) -> None:
    file = tmp_path / "f.json"
    file.write_text(json.dumps({"purpose": "𠮷", "serves": ["a"]}, indent="\t"))
    content = read_content(file)
    assert content == {"purpose": "𠮷", "serves": ["a"]} and type(content) is dict


def test_every_column_has_a_japanese_name_of_its_own_in_its_sheet() -> None:
    for columns in (*(kind.columns for kind in IMPORTS.values()), *SHEETS.values()):
        assert [field_of(TITLES[c], columns) for c in columns] == list(columns)
