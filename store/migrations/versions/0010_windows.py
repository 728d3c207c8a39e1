"""Windows of the budget that lifecycles aim at. Empty for every store before it, so that nothing has to be filled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "budget_windows",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("closes_at", sa.String(27), nullable=False),
        sa.Column("warned", sa.Boolean(), nullable=False),
        sa.Column("handed_in", sa.Boolean(), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("asked", sa.BigInteger()),
        sa.Column("indicated", sa.BigInteger()),
        sa.Column("voted", sa.BigInteger()),
    )
    op.create_index("budget_windows_window", "budget_windows", ["fiscal_year", "window"])


def downgrade() -> None:
    raise NotImplementedError("the event store only goes forward; restore a backup")
