"""Selection rounds and sessions of the bodies. Empty for every store before it, so that nothing has to be filled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.String(27)


def upgrade() -> None:
    op.create_table(
        "selections",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("closes_at", MOMENT),
        sa.Column("session", sa.Text(), nullable=False),
    )
    op.create_table(
        "proposals",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column("ref", sa.Text(), primary_key=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("merged_into", sa.Text()),
        sa.Column("rank", sa.Integer()),
        sa.Column("closeness", sa.Text()),
        sa.Column("lifecycle", sa.Text()),
    )
    op.create_table(
        "sessions",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("held_on", sa.Date()),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("circulation", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "session_items",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column("item", sa.Text(), primary_key=True),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("lifecycle", sa.Text()),
        sa.Column("request", sa.Text()),
        sa.Column("selection", sa.Text()),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("follows", sa.Text()),
        sa.Column("conclusion", sa.Text()),
        sa.Column("exception", sa.Text()),
    )
    op.create_index("session_items_lifecycle", "session_items", ["lifecycle"])
    op.create_index("session_items_request", "session_items", ["request"])
    op.create_table(
        "instructions",
        sa.Column("instruction", sa.Text(), primary_key=True),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("lifecycle", sa.Text(), nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT),
    )
    op.create_index("instructions_stream", "instructions", ["stream"])


def downgrade() -> None:
    raise NotImplementedError("the event store only goes forward; restore a backup")
