"""Databases that cannot be reached or used: one clear sentence with the remedy, and never a password."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from store.engine import Database, lost_a_race
from store.errors import StoreNotReady, StoreUnreachable, StoreVirtual
from store.migrate import upgrade
from store.store import Store


def problem(url: str) -> str:
    with pytest.raises(StoreUnreachable) as raised:
        Store.open(url)
    return str(raised.value)


def test_what_is_no_url_says_how_one_looks() -> None:
    assert "sqlite:///var/taskforce.db" in problem("nonsense")


def test_only_two_kinds_of_database_are_taken() -> None:
    assert "use sqlite or postgresql" in problem("mysql://h/d")
    assert "SQLite needs a file" in problem("sqlite://")


def test_a_server_out_of_reach_is_named_without_its_password() -> None:
    said = problem("postgresql://user:geheim@127.0.0.1:1/city")
    assert "127.0.0.1:1/city" in said and "TASKFORCE_DATABASE_URL" in said and "geheim" not in said


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database at all, just text\n" * 100)
    assert str(path) in problem(f"sqlite:///{path}")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert str(tmp_path / "file") in problem(f"sqlite:///{tmp_path}/file/deep/store.db")


def test_folders_of_a_new_file_are_made(tmp_path: Path) -> None:
    Store.create(f"sqlite:///{tmp_path}/a/b/store.db").close()
    assert (tmp_path / "a/b/store.db").stat().st_size > 0


def test_an_empty_database_asks_for_its_migration(database_url: str) -> None:
    with pytest.raises(StoreNotReady, match="taskforce migrate"):
        Store.open(database_url)


def test_a_database_of_a_newer_program_is_left_alone(database_url: str) -> None:
    Store.create(database_url).close()
    database = Database(database_url)
    with database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    for use in (Store.open, upgrade, Store.create):
        with pytest.raises(StoreNotReady, match="update the program"):
            use(database_url)


def test_a_store_keeps_its_clock(sqlite_url: str) -> None:
    Store.create(sqlite_url).close()
    with pytest.raises(StoreVirtual, match="use another database"):
        Store.create(sqlite_url, clock="virtual")


def test_sqlite_is_durable_and_waits_for_others(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.read() as connection:
        pragma = {
            p: connection.exec_driver_sql(f"PRAGMA {p}").scalar()
            for p in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    database.close()
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 30000, "foreign_keys": 1}


def test_a_reader_sees_one_moment_and_holds_up_no_writer(database_url: str) -> None:
    store = Store.create(database_url)
    count = sa.text("SELECT count(*) FROM person_keys")
    with store.database.read() as reader:
        assert reader.execute(count).scalar() == 0
        with store.database.write() as writer:
            writer.execute(sa.text("INSERT INTO person_keys (person, key) VALUES ('p', '')"))
        assert reader.execute(count).scalar() == 0
    with store.database.read() as reader:
        assert reader.execute(count).scalar() == 1
    store.close()


def test_only_lost_races_are_tried_again(database_url: str) -> None:
    store = Store.create(database_url)
    twice = sa.text("INSERT INTO person_keys (person, key) VALUES ('p', ''), ('p', '')")
    with pytest.raises(sa.exc.IntegrityError) as unique, store.database.write() as connection:
        connection.execute(twice)
    # On SQLite writers queue, so that a second row with the same key can only be a fault of ours.
    assert lost_a_race(unique.value) is (not store.database.sqlite)
    with pytest.raises(sa.exc.DBAPIError) as wrong, store.database.write() as connection:
        connection.execute(sa.text("INSERT INTO person_keys (person, key) VALUES ('p', NULL)"))
    assert lost_a_race(wrong.value) is False
    store.close()
