"""Database engines. SQLite: WAL, full sync, `BEGIN IMMEDIATE` for writes only. PostgreSQL: a small pool."""

from __future__ import annotations

import fcntl
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import QueuePool

from store.errors import StoreMisnamed, StoreUnreachable

_RACES = ("23505", "40001", "40P01", "55P03")
"""PostgreSQL: unique violation, serialization failure, deadlock, lock not available."""


_PRAGMAS = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "busy_timeout": "30000",
    "foreign_keys": "ON",
    "cache_size": "-65536",
}


class Database:
    """An engine with the two ways to use it: `read()` and `write()`, each one transaction."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._url = parse_url(url)
        self.sqlite = self._url.get_backend_name() == "sqlite"
        self._pragmas = dict(_PRAGMAS)
        self.engine = _sqlite_engine(self._url, self._pragmas) if self.sqlite else _postgres_engine(self._url)
        self._gate = _WriteGate(Path(self._url.database or "")) if self.sqlite else None
        self._seen: ContextVar[sa.Connection | None] = ContextVar("snapshot", default=None)

    def relax(self) -> None:
        """Do not wait for the disk: for a rehearsal's store, which is played again rather than saved. SQLite only."""
        self._pragmas["synchronous"] = "OFF"
        self.engine.dispose()

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return self._url.render_as_string(hide_password=True)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A read transaction: one snapshot for all its statements, and no lock that would hold up a writer. Within a `snapshot` it is that
        one."""
        seen = self._seen.get()
        if seen is not None:
            yield seen
            return
        with _reachable(self), self.engine.connect() as connection:
            if self.sqlite:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
            connection.rollback()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read within, in this context, is of one moment and on one connection; for a page that asks many questions."""
        with self.read() as connection:
            token = self._seen.set(connection)
            try:
                yield
            finally:
                self._seen.reset(token)

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A write transaction, committed at the end. On SQLite writers of all processes queue at a file lock.

        Under `busy_timeout` alone writers of several processes starve each other; the lock keeps the longest wait short.
        """
        if self._gate is None:
            with _reachable(self), self.engine.begin() as connection:
                yield connection
            return
        with self._gate, _reachable(self), self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def together(self, connection: sa.Connection) -> Iterator[None]:
        """Statements whose results nobody looks at: PostgreSQL is sent them all before the first answer is awaited.

        An error appears at the end, as it would have by the statement itself.
        """
        if self.sqlite:
            yield
            return
        driver = connection.connection.driver_connection
        assert driver is not None
        try:
            with driver.pipeline():
                yield
        except psycopg.Error as error:
            raise sa.exc.DBAPIError.instance(None, None, error, psycopg.Error, dialect=self.engine.dialect) from error

    def forget(self) -> None:
        """Make sure that what was overwritten is gone from SQLite's write-ahead log too, if no reader still needs it."""
        if self.sqlite:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self.engine.dispose()
        if self._gate is not None:
            self._gate.close()


def insertion(connection: sa.Connection, table: sa.Table) -> Any:
    """An insert that can say what is done where the row is there already: `on_conflict_do_nothing`, `on_conflict_do_update`."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def lost_a_race(error: sa.exc.DBAPIError) -> bool:
    """True when another writer was first, so that trying again helps; False for what would fail again."""
    if isinstance(error.orig, sqlite3.Error):
        return "locked" in str(error.orig)
    return getattr(error.orig, "sqlstate", None) in _RACES


def parse_url(url: str) -> URL:
    """A checked SQLAlchemy URL; plain `postgresql://` means psycopg. Raises `StoreMisnamed`."""
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError:
        raise StoreMisnamed(
            "TASKFORCE_DATABASE_URL: URL として読めません。例 sqlite:///var/taskforce.db / "
            "not a database URL; write e.g. sqlite:///var/taskforce.db or postgresql+psycopg://user:password@host/name"
        ) from None
    backend = parsed.get_backend_name()
    if backend == "postgresql" and parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if backend not in ("sqlite", "postgresql"):
        raise StoreMisnamed(
            f"TASKFORCE_DATABASE_URL: {backend} は使えません。sqlite か postgresql を使ってください / "
            f"{backend!r} is not supported; use sqlite or postgresql"
        )
    if backend == "sqlite" and not parsed.database:
        raise StoreMisnamed(
            "TASKFORCE_DATABASE_URL: SQLite にはファイルが要ります / SQLite needs a file, e.g. sqlite:///var/taskforce.db"
        )
    return parsed


_json = partial(json.dumps, ensure_ascii=False)
"""As people read it, and as `store/search.py` looks for it."""


def _sqlite_engine(url: URL, pragmas: Mapping[str, str]) -> sa.Engine:
    path = Path(url.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnreachable(f"{path.parent}: フォルダを作れません / cannot be created: {error}") from None
    engine = sa.create_engine(
        url,
        poolclass=QueuePool,
        pool_size=5,
        max_overflow=20,
        json_serializer=_json,
        connect_args={"check_same_thread": False},
    )

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions are begun by us: a deferred one that upgrades fails at once
        cursor = connection.cursor()
        for name, value in pragmas.items():
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()

    return engine


def _postgres_engine(url: URL) -> sa.Engine:
    return sa.create_engine(
        url,
        pool_size=5,
        max_overflow=20,
        pool_pre_ping=True,
        json_serializer=_json,
        isolation_level="READ COMMITTED",  # a writer that waited for a stream's row must see what it waited for
        connect_args={"connect_timeout": 5},
    )


@contextmanager
def _reachable(database: Database) -> Iterator[None]:
    try:
        yield
    except sa.exc.OperationalError as error:
        text = str(error.orig)
        lost = (
            "unable to open",
            "connection",
            "could not connect",
            "not a database",
            "disk I/O",
            "readonly",
            "is full",
            "server closed",
        )
        if any(word in text for word in lost):
            raise StoreUnreachable(
                f"{database.shown}: データベースに届きません({text.strip()})。URL と接続先を確認してください / "
                f"the database cannot be reached ({text.strip()}); check TASKFORCE_DATABASE_URL and the server"
            ) from None
        raise
    except sa.exc.DatabaseError as error:
        if "not a database" in str(error.orig):
            raise StoreMisnamed(
                f"{database.shown}: SQLite のファイルではありません / is not an SQLite file; name another file"
            ) from None
        raise


class _WriteGate:
    """Writers of one SQLite file queue here: threads at a lock, processes at `flock` on a file beside the database."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._threads = threading.Lock()
        self._file: Any = None

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            if self._file is None:
                try:
                    self._file = self._path.open("w")
                except OSError as error:
                    raise StoreUnreachable(f"{self._path}: 書けません / cannot be written: {error}") from None
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
