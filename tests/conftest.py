"""Fixtures that bring real parts: a Temporal server, a PostgreSQL, SQLite files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from runtime.devserver import DevServer, start_dev_server
from runtime.postgres import PostgresServer, postgres
from runtime.temporal import resolve
from workflows.contract import SEARCH_ATTRIBUTES

settings.register_profile("ours", deadline=None)  # speed is what `make bench` measures, against a floor
settings.load_profile("ours")


@pytest.fixture(scope="session")
def temporal_binary() -> Path:
    found = resolve()
    if found.binary is None:
        pytest.skip("TEMPORAL_ADDRESS is set: these tests start servers of their own; unset it")
    return found.binary


@pytest.fixture(scope="session")
def temporal_server(temporal_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    """One server for all tests of a run; each test uses a task queue and streams of its own."""
    folder = tmp_path_factory.mktemp("temporal")
    server = start_dev_server(
        temporal_binary,
        db_file=folder / "temporal.db",
        log_file=folder / "temporal.log",
        search_attributes=SEARCH_ATTRIBUTES,
    )
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Not below pytest's own folder: each run of pytest closes that to other users, and the server of another run is one."""
    with TemporaryDirectory(prefix="taskforce-postgres-") as folder, postgres(Path(folder), durable=False) as server:
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    return postgres_server.database()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, empty database; every test that takes it runs on both kinds."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))
