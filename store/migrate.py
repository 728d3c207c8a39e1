"""Schema migrations with Alembic, driven from code: no ini file, the URL comes from the settings.

Alembic is imported only where something is migrated: every command of the shell asks for the version, few migrate.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from store.engine import Database
from store.errors import StoreNotReady

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0018"
"""The newest schema version this program knows; a test holds it against the scripts."""
SCRIPTS = Path(__file__).parent / "migrations"


def config() -> Config:
    """Alembic's configuration, as a file would give it."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(SCRIPTS))
    made.set_main_option("path_separator", "os")
    return made


def head() -> str:
    return HEAD


def current(database: Database) -> str | None:
    """The schema version of a database, None when it has no tables."""
    with database.read() as connection:
        return _version(connection)


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def known(revision: str) -> bool:
    """Whether this program knows a schema version. Only asked about one that is not the newest."""
    from alembic.script import ScriptDirectory

    return any(s.revision == revision for s in ScriptDirectory.from_config(config()).walk_revisions())


def newer(database: Database, found: str) -> StoreNotReady:
    return StoreNotReady(
        f"{database.shown}: このプログラムより新しい版 {found} のデータベースです。プログラムを更新してください / "
        f"the database is at version {found}, which this program does not know; update the program"
    )


def upgrade(url: str) -> bool:
    """Bring a database to the newest version; True when something was done. Safe to call from several processes.

    Raises `StoreUnreachable`, or `StoreNotReady` when the database was made by a newer program.
    """
    database = Database(url)
    try:
        found = current(database)
        if found == HEAD:
            return False
        if found is not None and not known(found):
            raise newer(database, found)
        from alembic import command

        with database.write() as connection:
            if not database.sqlite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(7403111)"))
            if _version(connection) == HEAD:
                return False
            made = config()
            made.attributes["connection"] = connection
            command.upgrade(made, "head")
        return True
    finally:
        database.close()
