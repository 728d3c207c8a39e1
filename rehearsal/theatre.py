"""Where a rehearsal plays: a fresh store stamped `clock=virtual`, a Temporal server of its own, and a worker in this process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock, Timeout

from store.engine import Database, parse_url
from store.store import Store
from store.tables import meta, streams


class RehearsalError(Exception):
    """The rehearsal cannot play; the message is for users. `exit_code`: 2 bad input, 3 refused, 4 out of reach, 1 else."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@contextmanager
def fresh_store(url: str, *, seed: int, start: datetime) -> Iterator[Store]:
    """A new virtual store at `url`, alone in using it. An earlier rehearsal there makes way, a real store never does."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        _require_empty(url)
        store = Store.create(url, clock="virtual", seed=str(seed), start=start)
        try:
            yield store
        finally:
            store.close()
        return
    path = Path(parsed.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        _make_way(path)
        store = Store.create(url, clock="virtual", seed=str(seed), start=start)
        try:
            yield store
        finally:
            store.close()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    lock = FileLock(path.with_name(path.name + ".rehearsal"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise RehearsalError(
            f"{path}: 別の予行演習が実行中です。終わるのを待つか、別のデータベースを指定してください / "
            f"another rehearsal is playing on {path}; wait for its end or name another database",
            exit_code=3,
        ) from None
    try:
        yield
    finally:
        lock.release()


def _make_way(path: Path) -> None:
    """Remove what an earlier rehearsal left, whole or killed in the middle. Refuses anything else."""
    if not path.exists():
        return
    if path.stat().st_size and not _is_rehearsal(path):
        raise RehearsalError(
            f"{path}: 予行演習のものではないデータがあります。上書きしません。別のデータベースを指定してください / "
            f"{path} holds data that is not of a rehearsal, and is left alone; name another database",
            exit_code=3,
        )
    for leftover in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
        leftover.unlink(missing_ok=True)


def _is_rehearsal(path: Path) -> bool:
    """Stamped virtual, or a half-made database without one event: what a kill during set-up leaves."""
    try:
        connection = sqlite3.connect(path)
        try:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "meta" in tables:
                found = connection.execute("SELECT value FROM meta WHERE key = 'clock'").fetchone()
                if found is not None:
                    return bool(found[0] == "virtual")
            if "events" in tables:
                return connection.execute("SELECT 1 FROM events LIMIT 1").fetchone() is None
            return not tables - {"alembic_version", "meta"}
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        return False


def _require_empty(url: str) -> None:
    database = Database(url)
    try:
        with database.read() as connection:
            tables = set(sa.inspect(connection).get_table_names())
            used = {meta.name, streams.name} & tables and connection.execute(sa.select(streams.c.stream)).first()
            stamped = meta.name in tables and connection.execute(sa.select(meta)).first()
    finally:
        database.close()
    if used or stamped:
        raise RehearsalError(
            f"{database.shown}: 空のデータベースではありません。予行演習には空のデータベースを用意してください / "
            "the database is not empty; a rehearsal wants an empty one",
            exit_code=3,
        )
