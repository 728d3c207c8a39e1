"""Mistakes mended and questions asked, from the shell, on a real store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from settings import ROOT
from tests.integration.test_shell import Shell

EXAMPLES = ROOT / "examples"


@pytest.fixture
def shell(sqlite_url: str, tmp_path: Path) -> Shell:
    return Shell(sqlite_url, tmp_path)


@pytest.fixture
def circulating(shell: Shell) -> Shell:
    shell("start", str(EXAMPLES / "first.yaml"))
    shell("submit", "R8", str(EXAMPLES / "deliverables" / "setup.yaml"), "--as", "p33")
    return shell


def agree(shell: Shell, person: str) -> str:
    request = shell.waiting(person)
    shell("answer", request, "--as", person, "--decision", "approve")
    return request


def test_an_answer_is_taken_back_and_corrected_until_the_next_person_answers(circulating: Shell) -> None:
    chief = agree(circulating, "p32")
    assert "not-your-answer" in circulating.refused("retract", chief[:8], "--as", "p30", "--reason", "x", code=3)
    assert "--reason" in circulating.refused("retract", chief[:8], "--as", "p32", "--reason", " ")
    taken = circulating.json("retract", chief[:8], "--as", "p32", "--reason", "押し間違い")
    assert taken["events"] == ["RequestClosed", "AnswerRetracted"]
    assert [a["request"] for a in taken["awaiting"]] == [chief]
    assert circulating.json("inbox", "--as", "p30") == []
    agree(circulating, "p32")
    corrected = circulating.json(
        "correct", chief[:8], "--as", "p32", "--decision", "return", "--comment", "根拠", "--reason", "見落とし"
    )
    assert corrected["events"][-2:] == ["GateReturned", "RequestOpened"]
    circulating("submit", "R8", str(EXAMPLES / "deliverables" / "setup.yaml"), "--as", "p33")
    chief = agree(circulating, "p32")
    agree(circulating, "p30")
    assert "answer-relied-on" in circulating.refused("retract", chief, "--as", "p32", "--reason", "x", code=3)
    assert circulating.json("verify")["ok"]
    shown = circulating("show", "R8").stdout
    assert "取消し" in shown and "押し間違い" in shown


def test_questions_comments_and_readers(circulating: Shell) -> None:
    circulating("ask", "R8", "--text", "費用の根拠は?", "--as", "p30")
    [question] = circulating.json("inbox", "--as", "p33")
    assert question["kind"] == "question"
    hint = circulating.refused("answer", question["request"][:8], "--decision", "approve", "--as", "p33")
    assert "reply" in hint
    circulating("reply", question["request"][:8], "--text", "見積書です", "--as", "p33")
    assert circulating.json("inbox", "--as", "p33") == []
    circulating("comment", "R8", "--text", "良い案です", "--as", "p32")
    circulating("share", "R8", "--with", "mayor", "--as", "p33")
    [reading] = circulating.json("inbox", "--as", "p01")
    assert (reading["kind"], reading["due_at"]) == ("read", None)
    circulating("read", reading["request"][:8], "--as", "p01")
    assert circulating.json("inbox", "--as", "p01") == []
    said = [t["said"] for t in circulating.json("show", "R8")["timeline"]]
    assert {"費用の根拠は?", "見積書です", "良い案です"} <= set(said)
    assert "not-on-route" in circulating.refused("ask", "R8", "--text", "?", "--as", "p38", code=3)
    assert circulating.json("verify")["ok"]


def test_versions_are_compared_in_the_words_of_the_form(circulating: Shell, tmp_path: Path) -> None:
    assert "--stage" in circulating.refused("diff", "R8", "--stage", "setup")
    circulating("withdraw", "R8", "--reason", "直す", "--as", "p33")
    form = (EXAMPLES / "deliverables" / "setup.yaml").read_text("utf-8")
    changed = tmp_path / "setup.yaml"
    changed.write_text(
        "\n".join("purpose: 待たせない窓口" if x.startswith("purpose:") else x for x in form.splitlines())
    )
    circulating("submit", "R8", str(changed), "--as", "p33")
    found: dict[str, Any] = circulating.json("diff", "R8", "--stage", "setup")
    assert [d["field"] for d in found["differences"]] == ["purpose"]
    assert found["differences"][0]["after"] == "待たせない窓口"
    assert "目的" in circulating("diff", "R8", "--stage", "setup", "--from", "1.1", "--to", "2").stdout
    assert "1.1, 1.2" in circulating.refused("diff", "R8", "--stage", "setup", "--to", "9")


def test_doubles_are_merged_and_dropped_work_is_reopened(circulating: Shell, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(
        (EXAMPLES / "first.yaml").read_text("utf-8").replace("R8-child-certificates", "R8-double"), "utf-8"
    )
    circulating("start", str(other))
    merged = circulating.json("merge", "R8-double", "--into", "R8-child", "--reason", "同じ課題", "--as", "p33")
    assert merged["closed"] and merged["events"][0] == "LifecycleMerged"
    again = circulating.refused("merge", "R8-child", "--into", "R8-double", "--reason", "x", "--as", "p33", code=3)
    assert "merge-target" in again
    assert "統合先" in circulating("show", "R8-double").stdout
    asked = circulating.json("reopen", "R8-double", "--stage", "analysis", "--reason", "別の課題", "--as", "p33")
    assert not asked["closed"] and asked["events"][0] == "ReopeningAsked"
    refused = circulating.json("withdraw", "R8-double", "--reason", "やめる", "--as", "p33")
    assert refused["closed"]
    assert circulating.json("verify")["ok"]
