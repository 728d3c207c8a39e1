"""Read models for what is adopted, amended, merged, asked and read. They are folds: made anew, and filled by `rebuild`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.String(27)
ANEW = ("lifecycles", "requests", "deliverables", "measurements")


def upgrade() -> None:
    for table in ANEW:
        op.drop_table(table)
    _lifecycles()
    _requests()
    _documents()
    filled = op.get_bind().execute(sa.text("SELECT position FROM log_head WHERE id = 1")).scalar()
    if filled:
        op.execute("INSERT INTO meta (key, value) VALUES ('rebuild', '0002')")


def downgrade() -> None:
    raise NotImplementedError("the event store only goes forward; restore a backup")


def _lifecycles() -> None:
    op.create_table(
        "lifecycles",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("bureau", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("viewpoint", sa.Text()),
        sa.Column("outcome", sa.Text()),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("closed_as", sa.Text()),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("entered_at", MOMENT, nullable=False),
        sa.Column("next_due", MOMENT),
        sa.Column("overdue", sa.Integer(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("source", sa.JSON()),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.Text()),
    )
    op.create_index("lifecycles_ref", "lifecycles", ["ref"])
    op.create_index("lifecycles_stage", "lifecycles", ["stage", "closed"])
    op.create_index("lifecycles_bureau", "lifecycles", ["bureau"])
    op.create_index("lifecycles_order", "lifecycles", ["started_at", "ref", "stream"])


def _requests() -> None:
    op.create_table(
        "requests",
        sa.Column("request", sa.Text(), primary_key=True),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("subject_ja", sa.Text(), nullable=False),
        sa.Column("subject_en", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(64)),
    )
    op.create_index("requests_post", "requests", ["post", "due_at"])
    op.create_index("requests_stream", "requests", ["stream"])


def _documents() -> None:
    op.create_table(
        "deliverables",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column("stage", sa.Text(), primary_key=True),
        sa.Column("round", sa.Integer(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("person", sa.Text()),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("imported", sa.JSON()),
    )
    op.create_table(
        "measurements",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("person", sa.Text()),
        sa.Column("source", sa.JSON()),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("was", sa.Text()),
        sa.Column("imported", sa.JSON()),
    )
    op.create_table(
        "retractions",
        sa.Column("stream", sa.Text(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("answered_at", sa.Integer(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("person", sa.Text()),
        sa.Column("corrected", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )
