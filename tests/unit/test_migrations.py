"""The schema that the code expects is the one that the migrations make."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from store.engine import Database
from store.migrate import HEAD, config, current, upgrade
from store.tables import Moment, metadata


def test_the_newest_script_is_the_version_that_the_code_expects() -> None:
    assert ScriptDirectory.from_config(config()).get_current_head() == HEAD


def test_migrating_twice_does_nothing_the_second_time(database_url: str) -> None:
    assert upgrade(database_url) is True
    assert upgrade(database_url) is False
    database = Database(database_url)
    assert current(database) == HEAD
    database.close()


def test_migrations_and_tables_agree(database_url: str) -> None:
    upgrade(database_url)
    database = Database(database_url)

    def same(context: object, inspected: object, declared: object, a: object, b: object) -> bool | None:
        return False if isinstance(b, Moment) else None

    def declared_in_tables(name: str | None, kind: str, _: object) -> bool:
        """Indexes over pairs of characters stand on a function of PostgreSQL's; migrations make all of them."""
        return kind != "index" or name not in ("lifecycles_starts", "deliverables_starts", "written_starts")

    with database.read() as connection:
        opts = {"compare_type": same, "include_name": declared_in_tables}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, metadata) == []
    database.close()
