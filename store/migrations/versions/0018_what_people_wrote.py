"""What people wrote can be searched: a read model of opened texts, which go with the key that opens them; filled by `rebuild`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import Moment

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "written",
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("of", sa.Text, nullable=False),
        sa.Column("person", sa.Text),
        sa.Column("at", Moment, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("written_at", "written", ["at", "stream", "version", "field"])
    op.create_index("written_of", "written", ["of"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX written_starts ON written USING gin (taskforce_starts(text))")
    if op.get_bind().execute(sa.text("SELECT 1 FROM events LIMIT 1")).scalar():
        op.execute("DELETE FROM meta WHERE key = 'rebuild'")
        op.execute("INSERT INTO meta (key, value) VALUES ('rebuild', '0018')")


def downgrade() -> None:
    raise NotImplementedError("the event store only goes forward; restore a backup")
