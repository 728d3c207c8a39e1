"""All tables. Moments are stored as sortable ISO 8601 text in UTC: the hash covers stored bytes, the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Date, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()


def moment_text(moment: datetime) -> str:
    """2025-04-01T00:00:00.000000Z: sorts as text in the order of time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime as text."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> str | None:
        return None if value is None else moment_text(value)

    def process_result_value(self, value: str | None, dialect: Any) -> datetime | None:
        return None if value is None else parse_moment(value)


BigInt = sa.BigInteger().with_variant(Integer, "sqlite")
Json = sa.JSON()

streams = Table(
    "streams",
    metadata,
    Column("stream", String(100), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("followed", Integer, nullable=False),
    Column("next_due", Moment),
    Column("wake_after", Moment),
    Column("closed", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_version", Integer, nullable=False),
    Column("fold_version", Integer, nullable=False),
    Column("process_version", String(80)),
    Column("last_hash", String(64), nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("title", Text, nullable=False),
)
Index("streams_due", streams.c.closed, streams.c.next_due)
Index("streams_kind", streams.c.kind, streams.c.closed)
Index(
    "streams_behind",
    streams.c.stream,
    sqlite_where=streams.c.followed < streams.c.version,
    postgresql_where=streams.c.followed < streams.c.version,
)

events = Table(
    "events",
    metadata,
    Column("position", BigInt, primary_key=True, autoincrement=False),
    Column("event_id", String(36), nullable=False, unique=True),
    Column("stream", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("command_id", String(200), nullable=False),
    Column("type", String(60), nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("stream", "version"),
)

commands = Table(
    "commands",
    metadata,
    Column("stream", String(100), primary_key=True),
    Column("command_id", String(200), primary_key=True),
    Column("content_hash", String(64), nullable=False),
    Column("outcome", Text, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("event_id", String(36), primary_key=True),
    Column("recipient", String(140), primary_key=True),
    Column("channel", String(40), primary_key=True),
    Column("stream", String(100), nullable=False),
    Column("subject_ja", Text, nullable=False),
    Column("subject_en", Text, nullable=False),
    Column("digest", String(20), nullable=False),
    Column("state", String(12), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
)
Index("deliveries_pending", deliveries.c.channel, deliveries.c.state, deliveries.c.created_at)
Index("deliveries_recipient", deliveries.c.recipient, deliveries.c.created_at)
Index("deliveries_stream", deliveries.c.stream)

log_head = Table(
    "log_head", metadata, Column("id", Integer, primary_key=True), Column("position", BigInt, nullable=False)
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("position", BigInt, primary_key=True, autoincrement=False),
    Column("root", String(64), nullable=False),
    Column("signature", String(64), nullable=False),
    Column("sealed_at", Moment, nullable=False),
)
meta = Table("meta", metadata, Column("key", String(40), primary_key=True), Column("value", Text, nullable=False))
person_keys = Table(
    "person_keys", metadata, Column("person", String(100), primary_key=True), Column("key", String(100), nullable=False)
)
refused = Table(
    "refused",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("stream", String(100), nullable=False),
    Column("command_type", String(60), nullable=False),
    Column("actor", Text, nullable=False),
    Column("rule", String(80), nullable=False),
    Column("message", Text, nullable=False),
)

# Read models: folds of the events, made again by `rebuild`.

lifecycles = Table(
    "lifecycles",
    metadata,
    Column("stream", String(100), primary_key=True),
    Column("ref", String(100), nullable=False),
    Column("title", Text, nullable=False),
    Column("stage", String(60), nullable=False),
    Column("work", String(60), nullable=False),
    Column("phase", String(20), nullable=False),
    Column("round", Integer, nullable=False),
    Column("bureau", String(100), nullable=False),
    Column("section", String(100), nullable=False),
    Column("viewpoint", String(40)),
    Column("outcome", String(40)),
    Column("closed", Boolean, nullable=False),
    Column("closed_as", String(40)),
    Column("held", Boolean, nullable=False),
    Column("health", String(10), nullable=False),
    Column("definition", String(80), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("entered_at", Moment, nullable=False),
    Column("next_due", Moment),
    Column("overdue", Integer, nullable=False),
    Column("tags", Json, nullable=False),
    Column("source", Json),
)
Index("lifecycles_ref", lifecycles.c.ref)
Index("lifecycles_stage", lifecycles.c.stage, lifecycles.c.closed)
Index("lifecycles_bureau", lifecycles.c.bureau)

requests = Table(
    "requests",
    metadata,
    Column("request", String(36), primary_key=True),
    Column("stream", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("stage", String(60), nullable=False),
    Column("round", Integer, nullable=False),
    Column("step", String(60), nullable=False),
    Column("post", String(100), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("overdue", Boolean, nullable=False),
    Column("subject_ja", Text, nullable=False),
    Column("subject_en", Text, nullable=False),
    Column("content_hash", String(64)),
)
Index("requests_post", requests.c.post, requests.c.due_at)
Index("requests_stream", requests.c.stream)

answers = Table(
    "answers",
    metadata,
    Column("stream", String(100), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("request", String(36), nullable=False),
    Column("stage", String(60), nullable=False),
    Column("round", Integer, nullable=False),
    Column("step", String(60), nullable=False),
    Column("post", String(100), nullable=False),
    Column("person", String(100)),
    Column("decision", String(20), nullable=False),
    Column("conditions", Json, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("via", String(20), nullable=False),
    Column("at", Moment, nullable=False),
)
Index("answers_person", answers.c.person, answers.c.at)
Index("answers_request", answers.c.request)

deliverables = Table(
    "deliverables",
    metadata,
    Column("stream", String(100), primary_key=True),
    Column("stage", String(60), primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("content", Json, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("person", String(100)),
    Column("at", Moment, nullable=False),
)
measurements = Table(
    "measurements",
    metadata,
    Column("stream", String(100), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kpi", String(60), nullable=False),
    Column("period", String(20), nullable=False),
    Column("value", Text, nullable=False),
    Column("person", String(100)),
    Column("source", Json),
    Column("at", Moment, nullable=False),
)
promises = Table(
    "promises",
    metadata,
    Column("stream", String(100), primary_key=True),
    Column("promise", String(36), primary_key=True),
    Column("stage", String(60), nullable=False),
    Column("round", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("by_unit", String(100)),
    Column("due", Date),
    Column("fulfilled_at", Moment),
)
outcomes = Table(
    "outcomes",
    metadata,
    Column("stream", String(100), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("round", Integer, nullable=False),
    Column("outcome", String(40), nullable=False),
    Column("stage", String(60)),
    Column("at", Moment, nullable=False),
    Column("person", String(100)),
)
stage_visits = Table(
    "stage_visits",
    metadata,
    Column("stream", String(100), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("stage", String(60), nullable=False),
    Column("round", Integer, nullable=False),
    Column("entered_at", Moment, nullable=False),
    Column("left_at", Moment),
)
people = Table(
    "people",
    metadata,
    Column("person", String(100), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("language", String(10), nullable=False),
    info={"upsert": True},
)
definitions = Table(
    "definitions",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", Json, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("published_at", Moment, nullable=False),
)

READ_MODELS: dict[str, Table] = {
    t.name: t
    for t in (
        lifecycles,
        requests,
        answers,
        deliverables,
        measurements,
        promises,
        outcomes,
        stage_visits,
        people,
        definitions,
    )
}
