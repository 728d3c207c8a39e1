"""Pages: which requests were opened in a session of the browser."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "web_opened",
        sa.Column("session", sa.String(64), primary_key=True),
        sa.Column("request", sa.Text(), primary_key=True),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("the event store only goes forward; restore a backup")
