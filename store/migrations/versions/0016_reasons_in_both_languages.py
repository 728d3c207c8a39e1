"""Why something was refused, in Japanese too. What was refused before has the English alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("refused")}
    if "message_ja" not in there:  # a store of the first schemas has its table made anew from today's
        op.add_column("refused", sa.Column("message_ja", sa.Text()))


def downgrade() -> None:
    raise NotImplementedError("the event store only goes forward; restore a backup")
