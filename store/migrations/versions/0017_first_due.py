"""What a lifecycle shows as its next date is the earliest day by which people must act: it is a fold, filled by `rebuild`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().execute(sa.text("SELECT 1 FROM lifecycles LIMIT 1")).scalar():
        op.execute("DELETE FROM meta WHERE key = 'rebuild'")
        op.execute("INSERT INTO meta (key, value) VALUES ('rebuild', '0017')")


def downgrade() -> None:
    raise NotImplementedError("the event store only goes forward; restore a backup")
