"""What the README says is there: settings, commands, files."""

from __future__ import annotations

import re

import pytest

import settings
from settings import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def test_every_setting_is_in_the_readme_as_it_is_now() -> None:
    assert settings.table() in README


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_every_file_that_the_readme_links_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make ([a-z-]+)", README, re.M))))
def test_every_make_target_of_the_readme_is_there(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.M)


def test_every_shell_command_of_the_readme_is_there() -> None:
    from typer.main import get_command

    from shell.app import _load, app

    _load()
    there = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert set(re.findall(r"\./taskforce ([a-z]+)", README)) <= there
