"""Fixtures of the pages: a browser for all tests of a process, a prepared store of which each test gets a copy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import browser as started_browser
from tests.integration.pages import Pages
from tests.sharing import once


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for one module: Playwright's event loop runs as long as it does, and a test of another module may need its own."""
    with started_browser() as found:
        yield found


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store in which one document with evidence waits for its section chief; each test gets a copy."""
    return once(tmp_path_factory, "town", _prepare)


def _prepare(folder: Path) -> None:
    town = Pages(f"sqlite:///{folder / 'store.db'}", folder)
    town("start", "examples/first.yaml")
    survey = folder / "窓口調査.csv"
    survey.write_text("施設,件数\n本庁,120\n", "utf-8")
    town("attach", "R8", str(survey), "--as", "p33")
    town("submit", "R8", "examples/deliverables/setup.yaml", "--as", "p33")
    town.password("p32", "p30", "p33", "p01", "p07", "p16")


@pytest.fixture
def town(prepared: Path, tmp_path: Path) -> Iterator[Pages]:
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    town = Pages(f"sqlite:///{tmp_path / 'store.db'}", tmp_path)
    town.serve()
    yield town
    town.close()
