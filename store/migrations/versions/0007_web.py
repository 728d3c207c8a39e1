"""Pages and API: identities at an OpenID provider, keys, drafts of forms; and an index for searching titles by pairs of characters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.String(27)


PAIRS = """CREATE OR REPLACE FUNCTION taskforce_pairs(whole text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT COALESCE(array_agg(DISTINCT substr(lower(whole), i, 2)), '{}') FROM generate_series(1, length(whole) - 1) AS i
$$"""
"""Pairs of characters: what a word of two or more contains, so does a text that contains the word."""
INDEX = """CREATE INDEX lifecycles_pairs ON lifecycles USING gin (taskforce_pairs(title || ' ' || ref))"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(PAIRS)
        op.execute(INDEX)
    op.create_table(
        "web_identities",
        sa.Column("issuer", sa.Text(), primary_key=True),
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("linked_at", MOMENT, nullable=False),
    )
    op.create_table(
        "web_keys",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("id", sa.String(12), nullable=False, unique=True),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
    )
    op.create_table(
        "web_drafts",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column("stage", sa.Text(), primary_key=True),
        sa.Column("round", sa.Integer(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("the event store only goes forward; restore a backup")
