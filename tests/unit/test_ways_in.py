"""The list of ways in (docs/ways-in.md) names every command of the shell, and pages and operations that are there."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import web.api
import web.pages
from settings import ROOT
from shell.app import app
from shell.commands import command_name, group_name, load

ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in (ROOT / "docs" / "ways-in.md").read_text("utf-8").splitlines()
    if line.startswith(("| `", "| page `"))
]
PAGES = [row for row in ROWS if row[0].startswith("page ")]
ROWS = [row for row in ROWS if row not in PAGES]


def commands(group: Any, before: str = "") -> set[str]:
    found = {before + command_name(c) for c in group.registered_commands}
    for inner in group.registered_groups:
        found |= commands(inner.typer_instance, f"{before}{group_name(inner)} ")
    return found


def routes_of(package: Any) -> list[Any]:
    modules = [import_module(f"{package.__name__}.{m.name}") for m in iter_modules(package.__path__)]
    return [route for m in modules if hasattr(m, "router") for route in m.router.routes]


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
    there = {route.path for route in routes_of(web.pages)}
    assert {page for _, pages, _ in ROWS for page in named(pages)} <= there


def test_every_page_has_its_line() -> None:
    listed = [name for page, _ in PAGES for name in named(page)]
    assert sorted(listed) == sorted({route.path for route in routes_of(web.pages)})


def test_the_operations_named_are_there() -> None:
    routes = routes_of(web.api)
    there = {f"{method} {r.path}" for r in routes for method in r.methods}
    there |= {r.path.rpartition("/")[2] for r in routes if "/commands/" in r.path}
    there |= {f"POST {r.path.rpartition('/')[0]}/…" for r in routes if "/commands/" in r.path}
    there |= {route.path for route in routes_of(web.pages)}  # what is for everybody
    assert {operation for *_, operations in ROWS + PAGES for operation in named(operations)} <= there
    readings = {f"{method} {r.path}" for r in routes for method in r.methods if "/commands/" not in r.path}
    assert readings <= {o for *_, operations in ROWS + PAGES for o in named(operations)}, "every operation is in a list"
    commands_there = {r.path.rpartition("/")[2] for r in routes if "/commands/" in r.path}
    assert commands_there == {o for *_, operations in ROWS for o in named(operations) if " " not in o}, (
        "every command of the API"
    )
