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
    from shell.commands import MODULES

    there = {word for words in MODULES.values() for word in words}
    assert set(re.findall(r"\./taskforce ([a-z]+)", README)) <= there


def test_a_command_is_found_in_the_modules_that_register_it() -> None:
    from shell.app import app
    from shell.commands import MODULES, command_name, group_name, load

    load(None)
    registered = {(c.callback.__module__, command_name(c)) for c in app.registered_commands if c.callback}
    registered |= {
        (c.callback.__module__, group_name(g))
        for g in app.registered_groups
        if g.typer_instance
        for c in g.typer_instance.registered_commands
        if c.callback and c.callback.__module__.removeprefix("shell.") in MODULES
    }
    assert registered == {(f"shell.{module}", word) for module, words in MODULES.items() for word in words}
