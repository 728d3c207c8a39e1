"""Notices that reach people: when a digest goes out, what stood against one, what people chose, how channels are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.String(27)


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("not_before", MOMENT))
    op.add_column("deliveries", sa.Column("problem", sa.Text()))
    op.create_table(
        "notice_choices",
        sa.Column("person", sa.Text(), primary_key=True),
        sa.Column("channel", sa.Text(), primary_key=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
    )
    op.create_table(
        "channel_health",
        sa.Column("channel", sa.Text(), primary_key=True),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("the event store only goes forward; restore a backup")
