"""Evidence files: every file ever attached, and which of them each version of a document had."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliverables", sa.Column("attachments", sa.JSON()))
    op.create_table(
        "attachments",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("person", sa.Text()),
        sa.Column("at", sa.String(27), nullable=False),
    )
    op.create_index("attachments_sha256", "attachments", ["sha256"])


def downgrade() -> None:
    raise NotImplementedError("the event store only goes forward; restore a backup")
