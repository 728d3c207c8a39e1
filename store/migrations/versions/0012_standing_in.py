"""Read model: who may not decide a request, and which post stands in where nobody can; it is a fold, filled by `rebuild`. And an index by
which a board's columns are read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("requests", sa.Column("escalate_to", sa.Text()))
    op.add_column("requests", sa.Column("barred", sa.Text(), nullable=False, server_default=""))
    op.create_index("requests_escalate_to", "requests", ["escalate_to"])
    op.drop_index("lifecycles_stage", "lifecycles")
    op.create_index("lifecycles_stage", "lifecycles", ["stage", "closed", "next_due", "stream"])
    if op.get_bind().execute(sa.text("SELECT 1 FROM requests LIMIT 1")).scalar():
        op.execute("DELETE FROM meta WHERE key = 'rebuild'")
        op.execute("INSERT INTO meta (key, value) VALUES ('rebuild', '0012')")


def downgrade() -> None:
    raise NotImplementedError("the event store only goes forward; restore a backup")
