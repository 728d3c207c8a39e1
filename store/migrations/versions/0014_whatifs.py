"""Questions of what would be otherwise, asked on pages and by the API, with what was found; no part of the record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "web_whatifs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.String(27), nullable=False),
        sa.Column("reckoner", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.String(27)),
        sa.Column("beat_at", sa.String(27)),
        sa.Column("ended_at", sa.String(27)),
        sa.Column("problem", sa.JSON()),
        sa.Column("found", sa.Text()),
    )
    op.create_index("web_whatifs_state", "web_whatifs", ["state", "asked_at"])


def downgrade() -> None:
    raise NotImplementedError("the event store only goes forward; restore a backup")
