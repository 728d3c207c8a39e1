"""The log cannot be changed in passing, and whoever changes it by force is found out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from domain.directory_stream import ImportDirectory, Named
from store import codec
from store.store import Store
from store.tables import answers, checkpoints, commands, events, log_head, meta, people, requests, streams
from store.verify import Report, check_exported, seal, verify
from tests.toy import SYSTEM, TOYS, Answer, Ask, Write, in_office, somebody

KEY = b"key of the city"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """Two toys and a directory, seven events; sealed."""
    store = Store.create(database_url, kinds=TOYS)
    directory = in_office("p-1")
    named = (Named(person="p-1", name="姫路 太郎"),)
    store.record(ImportDirectory(command_id="i", stream="directory", directory=directory, names=named), SYSTEM)
    for stream in ("a", "b"):
        store.record(Ask(command_id="ask", stream=stream), somebody())
    store.record(Answer(command_id="answer", stream="a", comment="よい"), somebody())
    store.record(Write(command_id="write", stream="b", texts=("一", "二")), somebody())
    yield store
    store.close()


@contextmanager
def by_force(store: Store) -> Iterator[sa.Connection]:
    """A write by somebody who owns the database and has taken the guards away."""
    with store.database.write() as connection:
        if store.database.sqlite:
            found = connection.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
            for name, _ in found:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            yield connection
            for _, sql in found:
                connection.exec_driver_sql(sql)
        else:
            for table in ("events", "commands"):
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            yield connection
            for table in ("events", "commands"):
                connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def found(store: Store, **more: Any) -> str:
    """The problems in one text; fails when there are none."""
    report = verify(store, **more)
    assert not report.ok and report.problems
    return "\n".join(report.problems)


def test_an_untouched_record_is_whole(store: Store) -> None:
    seen: list[int] = []
    report = verify(store, key=KEY, progress=seen.append)
    assert report == Report(ok=True, streams=3, events=7, head={"position": 7}, problems=())
    assert seen[-1] == 7


def test_an_empty_store_is_whole(sqlite_url: str) -> None:
    store = Store.create(sqlite_url, kinds=TOYS)
    assert verify(store) == Report(ok=True, streams=0, events=0, head={"position": 0}, problems=())
    assert seal(store, KEY)["position"] == 0 and verify(store, key=KEY).ok
    store.close()


GUARDED = [
    "UPDATE events SET body = '{}'",
    "UPDATE events SET position = position + 100",
    "DELETE FROM events",
    "UPDATE commands SET outcome = '{}'",
    "DELETE FROM commands",
]
SQLITE_ONLY = [
    "INSERT OR REPLACE INTO events SELECT * FROM events WHERE position = 1",
    "INSERT OR REPLACE INTO commands SELECT * FROM commands",
]
POSTGRESQL_ONLY = ["TRUNCATE events", "TRUNCATE commands", "TRUNCATE streams, events, commands"]


@pytest.mark.parametrize("statement", [*GUARDED, *SQLITE_ONLY, *POSTGRESQL_ONLY])
def test_the_log_refuses_every_change(store: Store, statement: str) -> None:
    if statement in (POSTGRESQL_ONLY if store.database.sqlite else SQLITE_ONLY):
        pytest.skip("not a statement of this database")
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), store.database.write() as connection:
        connection.exec_driver_sql(statement)
    assert verify(store).ok


B2 = sa.and_(events.c.stream == "b", events.c.version == 2)
FORCED: dict[str, tuple[Any, str]] = {
    # what was done: (statement, what verify says of it)
    "text changed": (sa.update(events).where(B2).values(body='{"about":null,"text":""}'), "b/2: .* changed after"),
    "body broken": (sa.update(events).where(B2).values(body="{"), "b/2: .* cannot be read"),
    "type unknown": (sa.update(events).where(B2).values(type="Forged"), "b/2: .* cannot be read"),
    "actor changed": (
        sa.update(events).where(B2).values(actor='{"via":"web","authenticated_by":"x"}'),
        "changed after",
    ),
    "time changed": (
        sa.update(events).where(B2).values(occurred_at=sa.literal("2020-01-01T00:00:00.000000Z")),
        "changed",
    ),
    "time spelt otherwise": (
        sa.update(events)
        .where(B2)
        .values(occurred_at=sa.func.replace(sa.cast(events.c.occurred_at, sa.Text), "T", " ")),
        "changed after",
    ),
    "facts changed": (sa.update(events).where(B2).values(facts='{"directory":"9"}'), "changed after"),
    "hash changed": (sa.update(events).where(B2).values(hash="0" * 64), "b/2: .* changed after"),
    "chain broken": (sa.update(events).where(B2).values(previous_hash="0" * 64), "b/2: .* chain is broken"),
    "event id changed": (sa.update(events).where(B2).values(event_id="x"), "event id is wrong"),
    "event removed": (sa.delete(events).where(B2), "positions have gaps(.|\n)*b/3: .* gap"),
    "tail cut": (sa.delete(events).where(events.c.position == 7), "head 7 does not match its 6"),
    "head moved": (sa.update(log_head).values(position=9), "head 9 does not match its 7"),
    "stream removed": (sa.delete(events).where(events.c.stream == "a"), "a row of a stream without events"),
    "row of streams removed": (sa.delete(streams).where(streams.c.stream == "a"), "a: .* no row in streams"),
    "snapshot changed": (
        sa.update(streams).where(streams.c.stream == "a").values(state='{"stream":"a","answered":5}'),
        "a: .* snapshot differs",
    ),
    "snapshot broken": (sa.update(streams).where(streams.c.stream == "a").values(state="x"), "a: .* snapshot differs"),
    "version moved": (sa.update(streams).where(streams.c.stream == "a").values(version=1), "version differs"),
    "closed set": (sa.update(streams).where(streams.c.stream == "a").values(closed=True), "closed differs"),
    "due date lost": (sa.update(streams).where(streams.c.stream == "b").values(next_due=None), "next_due differs"),
    "title changed": (sa.update(streams).where(streams.c.stream == "b").values(title="x"), "title differs"),
    "followed too far": (sa.update(streams).where(streams.c.stream == "b").values(followed=9), "beyond the version"),
    "outcome changed": (
        sa.update(commands).where(commands.c.stream == "a").values(outcome='{"events":["Closed"],"version":1}'),
        "outcome of a command differs",
    ),
    "outcome removed": (sa.delete(commands).where(commands.c.stream == "a"), "outcome of a command is gone"),
    "read model changed": (sa.update(answers).values(decision="reject"), "answers .* differ from the fold: decision"),
    "read model row removed": (sa.delete(requests), "requests .* a row is missing"),
    "read model row added": (
        sa.insert(requests).from_select(
            [c.name for c in requests.c],
            sa.select(*(sa.literal("new").label("request") if c.name == "request" else c for c in requests.c)),
        ),
        "requests .*new.* a row without events",
    ),
    "row of a stream that never was": (sa.update(answers).values(stream="ghost"), "answers ghost: "),
    "name changed": (sa.update(people).values(name="誰か"), "people .* differ from the fold: name"),
}


@pytest.mark.parametrize("done", FORCED)
def test_every_kind_of_tampering_is_found(store: Store, done: str) -> None:
    statement, said = FORCED[done]
    with by_force(store) as connection:
        assert connection.execute(statement).rowcount != 0
    _match(said, found(store))


def _match(pattern: str, text: str) -> None:
    assert re.search(pattern, text), text


def rehash(connection: sa.Connection, change: Callable[[dict[str, Any]], None]) -> None:
    """Do what a skilled forger would: change an event of stream b, then redo every hash and snapshot behind it."""
    previous = codec.NO_HASH
    for row in connection.execute(
        sa.select(events).where(events.c.stream == "b").order_by(events.c.version)
    ).mappings():
        forged = {**row, "previous_hash": previous}
        change(forged)
        previous = codec.row_hash(forged)
        values = {**forged, "hash": previous}
        connection.execute(sa.update(events).where(events.c.position == row["position"]).values(**values))
    connection.execute(sa.update(streams).where(streams.c.stream == "b").values(last_hash=previous))


def forge_answerer(row: dict[str, Any]) -> None:
    if row["version"] == 3:
        row["actor"] = row["actor"].replace("p-1", "p-2")


def test_a_redone_log_looks_whole_but_for_the_seal(store: Store) -> None:
    kept_outside = seal(store, KEY)
    assert verify(store, key=KEY).ok and check_exported(store, kept_outside, KEY) == []
    with by_force(store) as connection:
        rehash(connection, forge_answerer)
    _match("checkpoint 7: the log has been redone", found(store))
    with by_force(store) as connection:
        connection.execute(sa.delete(checkpoints))
    assert verify(store, key=KEY).ok, "nothing inside tells any more"
    _match("redone", "\n".join(check_exported(store, kept_outside, KEY)))


def test_a_cut_tail_is_found_by_the_seal(store: Store) -> None:
    seal(store, KEY)
    with by_force(store) as connection:
        for table, at in ((events, events.c.stream == "b"), (commands, commands.c.stream == "b")):
            connection.execute(sa.delete(table).where(at))
        connection.execute(sa.delete(requests).where(requests.c.stream == "b"))
        connection.execute(sa.delete(streams).where(streams.c.stream == "b"))
        connection.execute(sa.update(log_head).values(position=4))
    _match("checkpoint 7: the log has been cut to 4 events", found(store))


def test_a_seal_of_another_key_is_found_and_sealing_twice_is_harmless(store: Store) -> None:
    assert seal(store, KEY) == seal(store, KEY)
    assert verify(store, key=KEY).ok
    _match("checkpoint 7: the signature is wrong", found(store, key=b"another"))
    store.record(Write(command_id="more", stream="a", texts=("x",)), somebody())
    assert seal(store, KEY)["position"] == 8
    assert verify(store, key=KEY).ok, "both seals hold"
    json.dumps(seal(store, KEY))


def test_verify_reads_one_moment_while_others_write(store: Store) -> None:
    def write_between(_: int) -> None:
        number = store.load("a")[1]
        store.record(Write(command_id=f"between-{number}", stream="a", texts=("x",)), somebody())
        store.record(Ask(command_id="ask", stream=f"new-{number}"), somebody())

    report = verify(store, progress=write_between)
    assert report == Report(ok=True, streams=3, events=7, head={"position": 7}, problems=())
    later = verify(store)
    assert later.ok and later.events > 7


def test_the_stamp_of_a_store_says_when_it_was_made(store: Store) -> None:
    with store.database.read() as connection:
        stamped = {r.key: r.value for r in connection.execute(sa.select(meta))}
    assert stamped["clock"] == "real" and stamped["created_at"].endswith("Z")
