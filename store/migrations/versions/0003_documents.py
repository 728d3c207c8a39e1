"""The register of documents (起案簿). A fold like the other read models: made anew, and filled by `rebuild`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "register_entries",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("register", sa.Text()),
        sa.Column("serial", sa.Integer()),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("person", sa.Text()),
        sa.Column("system", sa.Text()),
        sa.Column("number", sa.Text()),
    )
    op.create_index("register_entries_number", "register_entries", ["register", "serial"])
    op.create_index("register_entries_outside", "register_entries", ["system", "number"])
    filled = op.get_bind().execute(sa.text("SELECT position FROM log_head WHERE id = 1")).scalar()
    if filled:
        # A store that has just come to 0002 in the same run is to be rebuilt already.
        op.execute("DELETE FROM meta WHERE key = 'rebuild'")
        op.execute("INSERT INTO meta (key, value) VALUES ('rebuild', '0003')")


def downgrade() -> None:
    raise NotImplementedError("the event store only goes forward; restore a backup")
