"""Imports point one way: what is true knows nothing of what happened, and neither knows the world."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {
    "bench",
    "blobs",
    "charts",
    "domain",
    "definitions",
    "learning",
    "figures",
    "imports",
    "store",
    "activities",
    "workflows",
    "notifications",
    "papers",
    "web",
    "shell",
    "rehearsal",
    "runtime",
    "starter",
    "worker",
    "settings",
}
CONTRACTS = {"workflows.contract", "workflows.wake", "workflows.signing"}
ASKING = {"rehearsal.contract", "rehearsal.asking"}
"""What-if as pages know it: they begin the process that reckons by its name."""
# package or module: what of ours it may import (itself is always allowed; rehearsal, worker and bench are composition roots)
READING = {"blobs", "charts", "definitions", "domain", "figures", "imports", "learning", "papers", "settings", "store"}
"""What whoever shows things to people may look at."""
MAY: dict[str, set[str]] = {
    "domain": set(),
    "definitions": {"domain"},
    "figures": {"domain"},
    "settings": {"domain"},
    "blobs": {"domain", "settings"},
    "runtime": {"settings"},
    "store": {"domain", "definitions", "settings"},
    "notifications": {"domain", "store", "settings"},
    "activities": {"domain", "definitions", "store", "notifications", "settings", *CONTRACTS},
    "workflows": set(),
    "charts": {"domain", "figures", "store"},
    "papers": {"charts", "domain", "store"},
    "learning": {"domain", "store"},
    "imports": {"definitions", "domain", "store"},
    "web": {*READING, "runtime", "notifications.contract", *CONTRACTS, *ASKING},
    "shell": {*READING, "runtime", *CONTRACTS},
    "starter": {*READING, "runtime", "shell", *CONTRACTS},
}
# what of other people's each may import; None: anything
FOREIGN: dict[str, set[str] | None] = {
    "domain": {"pydantic"},
    "workflows": {"pydantic", "temporalio"},
    "figures": {"numpy", "scipy"},
}
ROOTS = {"rehearsal", "worker", "bench"}
# The composition roots' commands are reached from the shell by these modules alone.
BRIDGES: dict[str, set[str]] = {
    "shell/errors.py": {"rehearsal"},
    "shell/rehearsing.py": {"rehearsal"},
    "shell/supposing.py": {"rehearsal"},
}
# Wake and signing are no workflow code: they run in the caller, never in the sandbox.
CALLERS = {"workflows/wake.py", "workflows/signing.py"}


def files(part: str) -> list[Path]:
    if (ROOT / f"{part}.py").exists():
        return [ROOT / f"{part}.py"]
    return sorted((ROOT / part).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Full module names, of imports at any depth; `from x import y` gives both x and x.y."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; name the module from the root"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def allowed(name: str, permitted: set[str]) -> bool:
    return any(name == p or name.startswith(f"{p}.") for p in permitted)


def faults(path: Path, part: str) -> list[str]:
    relative = str(path.relative_to(ROOT))
    permitted = MAY[part] | {part} | BRIDGES.get(relative, set())
    foreign = None if relative in CALLERS else FOREIGN.get(part)
    if relative in CALLERS:
        permitted |= {"domain", "store", "settings"}
    found = []
    for name in imported(path):
        top = name.split(".")[0]
        if top in OURS:
            if not allowed(name, permitted):
                found.append(f"{relative} imports {name}")
        elif foreign is not None and top not in foreign and top not in sys.stdlib_module_names:
            found.append(f"{relative} imports {name}")
    return found


@pytest.mark.parametrize("part", sorted(MAY))
def test_imports_point_one_way(part: str) -> None:
    assert [fault for path in files(part) for fault in faults(path, part)] == []


def test_what_pages_know_of_the_rehearsal_leads_no_farther() -> None:
    for module in ASKING:
        path = ROOT / f"{module.replace('.', '/')}.py"
        found = {name for name in imported(path) if name.split(".")[0] in OURS}
        assert not [name for name in found if not allowed(name, {"domain", "store", *ASKING})], module


@pytest.mark.parametrize("module", ["random", "time", "os", "socket", "threading", "asyncio", "secrets", "subprocess"])
def test_the_domain_asks_neither_clock_nor_chance_nor_world(module: str) -> None:
    users = [str(p) for p in files("domain") if module in {n.split(".")[0] for n in imported(p)}]
    assert users == []


def test_the_domain_calls_no_clock() -> None:
    clocks = {"now", "utcnow", "today", "uuid4", "uuid1"}
    for path in files("domain"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in clocks, f"{path.name}:{node.lineno}"


def test_no_package_of_tests_hides_a_package_of_ours() -> None:
    assert not [p.name for p in (ROOT / "tests").iterdir() if p.is_dir() and p.name in OURS]


def test_every_part_of_the_house_has_its_rule() -> None:
    present = {p.name for p in ROOT.iterdir() if p.is_dir() and any(p.glob("*.py"))} | {
        p.stem for p in ROOT.glob("*.py")
    }
    assert present - OURS - {"tests", "conftest"} == set()
    assert set(MAY) | ROOTS == OURS


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ("domain", "import sqlalchemy"),
        ("domain", "from store.events import Log"),
        ("store", "from workflows.lifecycle import LifecycleWorkflow"),
        ("workflows", "from domain.lifecycle.decide import decide"),
        ("workflows", "import sqlalchemy"),
        ("papers", "from shell.session import Session"),
        ("charts", "from papers.packs import pack"),
        ("web", "from activities.follow import follow"),
        ("web", "from workflows.lifecycle import LifecycleWorkflow"),
        ("web", "from rehearsal.whatif import of_store"),
        ("starter", "import worker"),
    ],
)
def test_the_check_sees_a_wrong_import(part: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tmp_path / part / "wrong.py"
    wrong.parent.mkdir()
    wrong.write_text(line)
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert len(faults(wrong, part)) == 1
