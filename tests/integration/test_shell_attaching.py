"""Evidence files from a shell: attached, decided on, replaced, taken out again, checked by `verify`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.integration.test_shell import Shell
from tests.integration.test_shell_routes import shell, submit  # noqa: F401


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    file = tmp_path / "窓口調査.csv"
    file.write_text("施設,件数\n本庁,120\n", "utf-8")
    return file


def test_evidence_goes_with_the_document_and_comes_back(shell: Shell, survey: Path, tmp_path: Path) -> None:  # noqa: F811
    shell("attach", "R8", str(survey), "--as", "p33")
    assert (
        shell.json("attachments", "R8")["attachments"]
        == []
        == shell.json("attachments", "R8", "--as", "p31")["attachments"]
    )
    assert "no such attachment" in shell.refused("fetch", "R8", survey.name, "--to", str(tmp_path / "not.csv"))
    assert [a["on_draft"] for a in shell.json("attachments", "R8", "--as", "p33")["attachments"]] == [True]
    first = hashlib.sha256(survey.read_bytes()).hexdigest()
    assert "attached-already" in shell.refused("attach", "R8", str(survey), "--as", "p33", code=3)
    submit(shell, "setup")
    assert "in-circulation" in shell.refused("detach", "R8", survey.name, "--as", "p33", code=3)
    shown = shell.json("show", "R8")
    assert [a["sha256"] for a in shown["attachments"]] == [first]
    shell(
        "answer",
        shell.waiting("p32"),
        "--as",
        "p32",
        "--decision",
        "approve",
        "--seen",
        shown["deliverables"][0]["content_hash"],
    )

    shell("withdraw", "R8", "--reason", "調査の差替え", "--as", "p33")
    survey.write_text("施設,件数\n本庁,121\n", "utf-8")
    shell("attach", "R8", str(survey), "--as", "p33")
    submit(shell, "setup")
    assert "同意 1 件は失効" in shell("show", "R8").stdout
    assert [r["step"] for r in shell.json("inbox", "--as", "p32")] == ["section_chief"]
    found = shell.json("attachments", "R8")["attachments"]
    assert [(a["sha256"] == first, a["versions"]) for a in found] == [(True, [1]), (False, [2])]

    taken = tmp_path / "taken"
    taken.mkdir()
    shell("fetch", "R8", survey.name, "--to", str(taken))
    assert (taken / survey.name).read_bytes() == survey.read_bytes()
    assert "exists" in shell.refused("fetch", "R8", survey.name, "--to", str(taken))
    shell("fetch", "R8", first[:10], "--to", str(tmp_path / "before.csv"))
    for folder in ("nowhere", "nowhere.d/"):
        assert "no such folder" in shell.refused("fetch", "R8", survey.name, "--to", f"{tmp_path}/{folder}")
        assert not (tmp_path / folder).exists()
    assert hashlib.sha256((tmp_path / "before.csv").read_bytes()).hexdigest() == first
    paper = tmp_path / "paper.pdf"
    shell("paper", "R8", "--stage", "setup", "-o", str(paper))
    from pypdf import PdfReader

    text = "".join(page.extract_text() for page in PdfReader(paper).pages)
    assert survey.name in text and found[1]["sha256"][:16] in text.replace("\n", "").replace(" ", "")

    [place] = (tmp_path / "attachments" / first[:2]).iterdir()
    place.chmod(0o600)
    place.write_text("other")
    report = shell("verify", "--json", code=1)
    assert first[:12] in report.stdout and "was changed" in report.stdout
    place.unlink()
    assert "is missing" in shell("verify", code=1).stdout
    assert "restore" in shell.refused("fetch", "R8", first[:10], "--to", str(tmp_path / "again.csv"), code=1)


def test_what_is_not_taken_is_said_before_anything_is_recorded(shell: Shell, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "a.exe").write_bytes(b"MZ")
    (tmp_path / "b.csv").write_text("1\n")
    said = shell.refused("attach", "R8", str(tmp_path / "b.csv"), str(tmp_path / "a.exe"), "--as", "p33")
    assert "a.exe" in said and "endings" in said
    assert shell.json("attachments", "R8")["attachments"] == []
    (tmp_path / "attachments").write_text("in the way")
    assert "TASKFORCE_ATTACHMENTS" in shell.refused("attach", "R8", str(tmp_path / "b.csv"), "--as", "p33", code=4)
    assert shell.json("attachments", "R8")["attachments"] == []


def test_papers_of_sessions_are_checked_too(shell: Shell, survey: Path, tmp_path: Path) -> None:  # noqa: F811
    shell("council", "convene", "--on", "2199-01-10", "--as", "p07")
    session = shell.json("council", "list")[0]["stream"]
    shell("council", "put", session, "other-1", "--title", "議題", "--as", "p07")
    shell("council", "paper", session, "other-1", str(survey), "--as", "p07")
    shell("council", "remove", session, "other-1", "--reason", "取下げ", "--as", "p07")
    assert shell.json("verify")["ok"]
    sha256 = hashlib.sha256(survey.read_bytes()).hexdigest()
    [place] = (tmp_path / "attachments" / sha256[:2]).iterdir()
    place.unlink()
    [problem] = shell.json("verify", code=1)["problems"]
    assert session in problem and survey.name in problem and "is missing" in problem
