"""Schema migrations with Alembic, driven from code: no ini file, the URL comes from the settings."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from store.engine import Database

_SCRIPTS = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    return config


@cache
def head() -> str:
    """The newest schema version this program knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(database: Database) -> str | None:
    """The schema version of a database, None when it has no tables."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(url: str) -> bool:
    """Bring a database to the newest version; True when something was done. Safe to call from several processes."""
    database = Database(url)
    try:
        if current(database) == head():
            return False
        with database.write() as connection:
            if not database.sqlite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(7403111)"))
            if MigrationContext.configure(connection).get_current_revision() == head():
                return False
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        return True
    finally:
        database.close()
