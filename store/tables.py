"""All tables. Moments are stored as sortable ISO 8601 text in UTC: the hash covers stored bytes, the same on both databases.

Text has no length here: SQLite would not enforce it, and the two databases are to take the same. The domain sets limits.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Date, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()


def moment_text(moment: datetime) -> str:
    """2025-04-01T00:00:00.000000Z: sorts as text in the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def parse_moment(text: str) -> datetime:
    """The opposite of `moment_text`. Raises `ValueError`."""
    return datetime.fromisoformat(text).astimezone(UTC)


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
    Column("stream", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("followed", Integer, nullable=False),
    Column("next_due", Moment),
    Column("wake_after", Moment),
    Column("closed", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_version", Integer, nullable=False),
    Column("fold_version", Integer, nullable=False),
    Column("process_version", Text),
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
    Column("stream", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("command_id", Text, nullable=False),
    Column("type", Text, nullable=False),
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
    Column("stream", Text, primary_key=True),
    Column("command_id", Text, primary_key=True),
    Column("content_hash", String(64), nullable=False),
    Column("outcome", Text, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("event_id", String(36), primary_key=True),
    Column("recipient", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("subject_ja", Text, nullable=False),
    Column("subject_en", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("not_before", Moment),
    Column("problem", Text),
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
meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))
person_keys = Table(
    "person_keys", metadata, Column("person", Text, primary_key=True), Column("key", Text, nullable=False)
)
refused = Table(
    "refused",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("stream", Text, nullable=False),
    Column("command_type", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("message_ja", Text),
)
"""Attempts that were refused. `message` is the English; those from before schema 0016 have it alone."""

channel_health = Table(
    "channel_health",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("since", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("problem", Text, nullable=False),
)
"""Channels that could not send the last time."""

web_accounts = Table(
    "web_accounts",
    metadata,
    Column("person", Text, primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
)
web_sessions = Table(
    "web_sessions",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("person", Text, nullable=False),
    Column("csrf", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)
web_invitations = Table(
    "web_invitations",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("person", Text, nullable=False),
    Column("until", Moment, nullable=False),
)
web_failures = Table(
    "web_failures",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Moment, nullable=False),
)
"""Signing in: tokens and what was tried are kept as sha256."""
web_identities = Table(
    "web_identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("linked_at", Moment, nullable=False),
)
"""Who somebody is at an OpenID provider: its issuer and `sub`, never an address."""
web_keys = Table(
    "web_keys",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("id", String(12), nullable=False, unique=True),
    Column("person", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("used_at", Moment),
)
"""Keys of the API, kept as sha256; each acts for one person, within its scopes, until its day."""
web_drafts = Table(
    "web_drafts",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
"""What has been typed into a form and not been handed in; no part of the record."""
web_opened = Table(
    "web_opened",
    metadata,
    Column("session", String(64), primary_key=True),
    Column("request", Text, primary_key=True),
    Column("content_hash", String(64), nullable=False),
    Column("at", Moment, nullable=False),
)
"""Requests whose page was opened in a session of the browser, and the document that it showed."""
web_whatifs = Table(
    "web_whatifs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("reckoner", Text, nullable=False),
    Column("begun_at", Moment),
    Column("beat_at", Moment),
    Column("ended_at", Moment),
    Column("problem", Json),
    Column("found", Text),
)
"""What would be otherwise: questions and what was found, for some days; no part of the record."""
Index("web_whatifs_state", web_whatifs.c.state, web_whatifs.c.asked_at)

# Read models: folds of the events, made again by `rebuild`.

lifecycles = Table(
    "lifecycles",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("ref", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("work", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("bureau", Text, nullable=False),
    Column("section", Text, nullable=False),
    Column("viewpoint", Text),
    Column("outcome", Text),
    Column("closed", Boolean, nullable=False),
    Column("closed_as", Text),
    Column("held", Boolean, nullable=False),
    Column("health", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("entered_at", Moment, nullable=False),
    Column("next_due", Moment),
    Column("overdue", Integer, nullable=False),
    Column("tags", Json, nullable=False),
    Column("source", Json),
    Column("adopted", Boolean, nullable=False),
    Column("merged_into", Text),
)
Index("lifecycles_order", lifecycles.c.started_at, lifecycles.c.ref, lifecycles.c.stream)
Index("lifecycles_ref", lifecycles.c.ref)
Index("lifecycles_stage", lifecycles.c.stage, lifecycles.c.closed, lifecycles.c.next_due, lifecycles.c.stream)
Index("lifecycles_bureau", lifecycles.c.bureau)

requests = Table(
    "requests",
    metadata,
    Column("request", Text, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("step", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("due_at", Moment),
    Column("overdue", Boolean, nullable=False),
    Column("subject_ja", Text, nullable=False),
    Column("subject_en", Text, nullable=False),
    Column("content_hash", String(64)),
    Column("escalate_to", Text),
    # Persons who may not decide it now (recused, it is their draft, or they have handed it on), with a space before and after each.
    Column("barred", Text, nullable=False, server_default=""),
)
Index("requests_post", requests.c.post, requests.c.due_at)
Index("requests_stream", requests.c.stream)
Index("requests_escalate_to", requests.c.escalate_to)

answers = Table(
    "answers",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("request", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("step", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("person", Text),
    Column("decision", Text, nullable=False),
    Column("conditions", Json, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("via", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
Index("answers_person", answers.c.person, answers.c.at)
Index("answers_request", answers.c.request)

deliverables = Table(
    "deliverables",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("content", Json, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("person", Text),
    Column("at", Moment, nullable=False),
    Column("imported", Json),
    Column("attachments", Json),
)
attachments = Table(
    "attachments",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("stage", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("person", Text),
    Column("at", Moment, nullable=False),
)
"""Every file ever attached, replaced and taken off ones too; which of them a version had is in `deliverables`."""
Index("attachments_sha256", attachments.c.sha256)
measurements = Table(
    "measurements",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kpi", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("person", Text),
    Column("source", Json),
    Column("at", Moment, nullable=False),
    Column("was", Text),
    Column("imported", Json),
)
retractions = Table(
    "retractions",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("answered_at", Integer, nullable=False),
    Column("request", Text, nullable=False),
    Column("person", Text),
    Column("corrected", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
)
"""What other read models hold of versions `answered_at` up to `version` does not stand any more."""
promises = Table(
    "promises",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("promise", Text, primary_key=True),
    Column("stage", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("by_unit", Text),
    Column("due", Date),
    Column("fulfilled_at", Moment),
)
outcomes = Table(
    "outcomes",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("round", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("stage", Text),
    Column("at", Moment, nullable=False),
    Column("person", Text),
)
stage_visits = Table(
    "stage_visits",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("stage", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("entered_at", Moment, nullable=False),
    Column("left_at", Moment),
)
people = Table(
    "people",
    metadata,
    Column("person", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("language", Text, nullable=False),
    info={"upsert": True},
)
selections = Table(
    "selections",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("fiscal_year", Integer, nullable=False),
    Column("phase", Text, nullable=False),
    Column("closes_at", Moment),
    Column("session", Text, nullable=False),
)
proposals = Table(
    "proposals",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("ref", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("section", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("merged_into", Text),
    Column("rank", Integer),
    Column("closeness", Text),
    Column("lifecycle", Text),
)
sessions = Table(
    "sessions",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("fiscal_year", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("held_on", Date),
    Column("phase", Text, nullable=False),
    Column("circulation", Boolean, nullable=False),
)
session_items = Table(
    "session_items",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("category", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("lifecycle", Text),
    Column("request", Text),
    Column("selection", Text),
    Column("public", Boolean, nullable=False),
    Column("follows", Text),
    Column("conclusion", Text),
    Column("exception", Text),
)
"""The agenda of every session; with its conclusions it is the decision register."""
Index("session_items_lifecycle", session_items.c.lifecycle)
Index("session_items_request", session_items.c.request)
instructions = Table(
    "instructions",
    metadata,
    Column("instruction", Text, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("lifecycle", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("answered_at", Moment),
)
Index("instructions_stream", instructions.c.stream)
publications = Table(
    "publications",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("since", Date, nullable=False),
    Column("summary", Json, nullable=False),
    Column("parts", Json, nullable=False),
)
"""What citizens may read, from `since` on."""
budget_windows = Table(
    "budget_windows",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("fiscal_year", Integer, nullable=False),
    Column("window", Text, nullable=False),
    Column("closes_at", Moment, nullable=False),
    Column("warned", Boolean, nullable=False),
    Column("handed_in", Boolean, nullable=False),
    Column("chosen", Boolean, nullable=False),
    Column("asked", sa.BigInteger),
    Column("indicated", sa.BigInteger),
    Column("voted", sa.BigInteger),
)
"""The window of the budget that an open lifecycle aims at, with that window's amounts in yen."""
Index("budget_windows_window", budget_windows.c.fiscal_year, budget_windows.c.window)
register_entries = Table(
    "register_entries",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("register", Text),
    Column("serial", Integer),
    Column("stage", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("day", Date, nullable=False),
    Column("person", Text),
    Column("system", Text),
    Column("number", Text),
)
"""起案簿: what was drafted, decided (here or outside) and put into effect, under which number."""
Index("register_entries_number", register_entries.c.register, register_entries.c.serial)
Index("register_entries_outside", register_entries.c.system, register_entries.c.number)
written = Table(
    "written",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("type", Text, nullable=False),
    # The item or the proposal that it is about.
    Column("about", Text, nullable=False),
    # The person whose key seals it in the record, empty where the record holds it open. It goes with that key.
    Column("of", Text, nullable=False),
    Column("person", Text),
    Column("at", Moment, nullable=False),
    Column("text", Text, nullable=False),
    info={"sealed_by": "of"},
)
"""What people wrote, opened to be searched: as long as the key is there that opens it."""
Index("written_at", written.c.at, written.c.stream, written.c.version, written.c.field)
Index("written_of", written.c.of)
notice_choices = Table(
    "notice_choices",
    metadata,
    Column("person", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("hour", Integer, nullable=False),
)
definitions = Table(
    "definitions",
    metadata,
    Column("name", Text, primary_key=True),
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
        attachments,
        measurements,
        retractions,
        promises,
        outcomes,
        stage_visits,
        publications,
        budget_windows,
        selections,
        proposals,
        sessions,
        session_items,
        instructions,
        register_entries,
        written,
        people,
        notice_choices,
        definitions,
    )
}
