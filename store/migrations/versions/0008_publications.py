"""What citizens may read. Empty for every store before it, so that nothing has to be filled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "publications",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("the event store only goes forward; restore a backup")
