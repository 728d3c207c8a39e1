"""The PostgreSQL that tests and measurements bring."""

from __future__ import annotations

import sqlalchemy as sa

from runtime.postgres import PostgresServer


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        result = connection.execute(sa.text(statement))
        found = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return found


def test_every_database_is_fresh_and_its_own(postgres_server: PostgresServer) -> None:
    one, other = postgres_server.database(), postgres_server.database()
    assert one != other and one.startswith("postgresql+psycopg://")
    rows(one, "CREATE TABLE t AS SELECT 1 AS n")
    assert rows(one, "SELECT n FROM t") == [(1,)]
    assert rows(other, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []
