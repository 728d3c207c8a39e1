"""The list of ways in (docs/ways-in.md) names every command of the shell, and pages and operations that are there."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import web.pages
from settings import ROOT
from shell.app import app
from shell.commands import command_name, group_name, load
from web.api import acting, bodies, body_acting, importing, learnt, outlook, reading, setup

ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in (ROOT / "docs" / "ways-in.md").read_text("utf-8").splitlines()
    if line.startswith("| `")
]


def commands(group: Any, before: str = "") -> set[str]:
    found = {before + command_name(c) for c in group.registered_commands}
    for inner in group.registered_groups:
        found |= commands(inner.typer_instance, f"{before}{group_name(inner)} ")
    return found


def named(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def test_every_command_of_the_shell_has_its_line() -> None:
    load(None)
    lines = [cell.strip("`") for cell, *_ in ROWS]
    listed = [
        line.replace("council\\|monitoring", body)
        for line in lines
        for body in ("council", "monitoring")[: 1 + ("|" in line)]
    ]
    assert sorted(listed) == sorted(commands(app))


def test_the_pages_named_are_there() -> None:
    modules = [import_module(f"web.pages.{m.name}") for m in iter_modules(web.pages.__path__)]
    there = {route.path for m in modules if hasattr(m, "router") for route in m.router.routes}
    assert {page for _, pages, _ in ROWS for page in named(pages)} <= there


def test_the_operations_named_are_there() -> None:
    routes: list[Any] = [
        r for m in (reading, outlook, learnt, setup, bodies, acting, body_acting, importing) for r in m.router.routes
    ]
    there = {f"{method} {r.path}" for r in routes for method in r.methods}
    there |= {r.path.rpartition("/")[2] for r in routes if "/commands/" in r.path}
    assert {operation for *_, operations in ROWS for operation in named(operations)} <= there
    commands_there = {r.path.rpartition("/")[2] for r in routes if "/commands/" in r.path}
    assert commands_there == {o for *_, operations in ROWS for o in named(operations) if " " not in o}, (
        "every command of the API"
    )
