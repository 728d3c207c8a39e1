"""Events to bytes and back: sealing, hashing, upcasting, and the Merkle root."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.messages import Event, Personal, Via
from store import codec
from store.calendars import calendar
from store.tables import moment_text, parse_moment
from store.verify import MerkleLog
from tests.toy import Answer, Noted, somebody

KEY, OTHER = b"k" * 64, b"o" * 64
moments = st.integers(-(10**15), 10**16).map(lambda n: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=n))


def stored(event: Event, key: bytes | None = KEY, version: int = 1, stream: str = "s") -> dict[str, Any]:
    """A row as the store would write it."""
    at = moment_text(datetime(2026, 4, 1, tzinfo=UTC))
    row = {
        "position": 1,
        "event_id": codec.event_id(stream, version),
        "stream": stream,
        "version": version,
        "command_id": "c",
        "type": event.type,
        "schema_version": event.schema_version,
        "body": codec.encode(event, key, stream, version, "p-1"),
        "actor": codec.canonical(somebody().model_dump(mode="json")),
        "facts": "{}",
        "occurred_at": at,
        "recorded_at": at,
        "previous_hash": codec.NO_HASH,
    }
    return {**row, "hash": codec.row_hash(row)}


def opened(row: dict[str, Any], keys: dict[str, bytes] | None) -> str:
    event = codec.decode(row, {"Noted": Noted}, keys).event
    assert isinstance(event, Noted)
    return event.text


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_sealed_text_opens_with_its_key_and_no_other(text: str) -> None:
    row = stored(Noted(text=text, about=None))
    assert opened(row, {"p-1": KEY}) == text
    assert opened(row, {"p-1": OTHER}) == codec.UNREADABLE
    assert opened(row, {}) == codec.ERASED
    assert opened(row, None) == codec.SEALED


def test_the_body_holds_no_personal_text_and_repeats_byte_by_byte() -> None:
    event = Noted(text="姫路 太郎", about=None)
    assert "太郎" not in stored(event)["body"]
    assert stored(event) == stored(event)


def test_a_sealed_text_cannot_be_moved_to_another_place() -> None:
    row = stored(Noted(text="x", about=None), version=1)
    assert opened({**row, "version": 2}, {"p-1": KEY}) == codec.UNREADABLE
    assert opened({**row, "stream": "t"}, {"p-1": KEY}) == codec.UNREADABLE


def test_empty_text_is_not_sealed_and_an_erased_person_writes_nothing() -> None:
    assert json.loads(stored(Noted(text="", about=None))["body"])["text"] == ""
    assert opened(stored(Noted(text="x", about=None), key=b""), {"p-1": KEY}) == codec.ERASED


@pytest.mark.parametrize("column", codec.HASHED)
def test_the_hash_covers_every_column(column: str) -> None:
    row = stored(Noted(text="x", about=None))
    changed = row[column] + 1 if isinstance(row[column], int) else row[column][:-1] + "#"
    assert codec.row_hash({**row, column: changed}) != row["hash"]


def test_the_hash_is_the_same_over_stored_text_and_over_moments() -> None:
    row = stored(Noted(text="x", about=None))
    moments_of = {c: parse_moment(row[c]) for c in ("occurred_at", "recorded_at")}
    assert codec.row_hash({**row, **moments_of}) == row["hash"]


class Remarked(Event):
    """What `Noted` might become: another name for the field, and a new one."""

    type = "Noted"
    schema_version = 2
    remark: Personal
    tone: str


def test_old_events_are_brought_up_to_date_on_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    row = stored(Noted(text="x", about=None))
    monkeypatch.setitem(codec.UPCASTERS, ("Noted", 1), lambda body: {"remark": body["text"], "tone": "plain"})
    event = codec.decode(row, {"Noted": Remarked}, {"p-1": KEY}).event
    assert event == Remarked(remark="x", tone="plain"), "a renamed field still opens"
    newer = {**row, "schema_version": 2, "body": codec.encode(Remarked(remark="y", tone="t"), KEY, "s", 1, "p-1")}
    assert codec.decode(newer, {"Noted": Remarked}, {"p-1": KEY}).event == Remarked(remark="y", tone="t")


def test_a_command_is_the_same_by_content_and_person_not_by_the_way_in_or_the_post() -> None:
    command, actor = Answer(command_id="c", stream="s"), somebody()
    same = codec.command_hash(command, actor)
    assert codec.command_hash(command, actor.model_copy(update={"via": Via.WEB})) == same
    assert codec.command_hash(command, somebody(capacity="mayor")) == same
    others = [
        codec.command_hash(command.model_copy(update={"decision": "reject"}), actor),
        codec.command_hash(command, somebody("p-2")),
    ]
    assert len({same, *others}) == 3


def naive_root(hashes: list[str]) -> str:
    level = [bytes.fromhex(h) for h in hashes]
    while len(level) > 1:
        paired = [hashlib.sha256(level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = paired + ([level[-1]] if len(level) % 2 else [])
    return level[0].hex() if level else codec.NO_HASH


@given(st.integers(0, 70))
def test_the_growing_merkle_root_is_the_one_of_the_whole_tree(count: int) -> None:
    hashes = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(count)]
    log = MerkleLog()
    for hash_ in hashes:
        log.add(hash_)
    assert (log.size, log.root()) == (count, naive_root(hashes))


@given(moments, moments)
def test_moments_survive_as_text_that_sorts_as_they_do(a: datetime, b: datetime) -> None:
    assert parse_moment(moment_text(a)) == a
    assert (moment_text(a) < moment_text(b)) == (a < b)


def test_the_calendar_closes_on_holidays_at_year_end_and_on_the_citys_own_days() -> None:
    days = calendar((date(2026, 6, 1),))
    assert not {date(2026, 1, 1), date(2026, 5, 4), date(2026, 12, 29), date(2027, 1, 3)} - days.closed
    assert date(2026, 6, 1) in days.closed and date(2026, 6, 1) not in calendar().closed
    assert date(2026, 6, 2) not in days.closed
    assert days.version.startswith("jp-0.") and days.version != calendar().version
