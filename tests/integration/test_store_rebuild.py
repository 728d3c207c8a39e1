"""What is derived can be made again: read models, snapshots, old events in new shapes; and a person can be forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa

from domain.directory_stream import ImportDirectory, Named
from domain.messages import Event, Personal, Recorded
from store import codec, outbox
from store.rebuild import rebuild
from store.replay import Unreadable
from store.store import Store
from store.tables import READ_MODELS, deliveries, events, people, person_keys, streams
from store.verify import verify
from tests.toy import SYSTEM, TOYS, Answer, Ask, Toy, ToyKind, Write, in_office, somebody

START = datetime(2026, 4, 1, tzinfo=UTC)
NAME = "姫路 太郎"


def fill(store: Store) -> None:
    """A directory with two names and three toys."""
    directory = in_office("p-1", "p-2")
    named = (Named(person="p-1", name=NAME, email="taro@example.jp"), Named(person="p-2", name="播磨 花子"))
    store.record(ImportDirectory(command_id="i", stream="directory", directory=directory, names=named), SYSTEM)
    for number in range(3):
        stream = f"s{number}"
        store.record(Ask(command_id="ask", stream=stream), somebody())
        store.record(Answer(command_id="a", stream=stream, comment=f"承認 {number}"), somebody(f"p-{number}"))
        store.record(Write(command_id="w", stream=stream, texts=(f"私信{number}",), about="p-1"), somebody("p-2"))
    store.record(Ask(command_id="again", stream="s0"), somebody())
    store.advance("s1", 2)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store.create(database_url, clock="virtual", seed="7", start=START, kinds=TOYS)
    fill(store)
    yield store
    store.close()


def everything(store: Store, *but: sa.Table) -> dict[str, list[Any]]:
    """All rows of all derived tables, and of the outbox."""
    tables = [t for t in (*READ_MODELS.values(), streams, deliveries) if t not in but]
    with store.database.read() as connection:
        return {t.name: list(connection.execute(sa.select(t).order_by(*t.primary_key))) for t in tables}


def wreck(store: Store) -> None:
    with store.database.write() as connection:
        for table in READ_MODELS.values():
            connection.execute(sa.delete(table))
        connection.execute(sa.update(streams).values(state="{}", fold_version=0, next_due=None, closed=True, title="?"))


def test_rebuild_gives_the_same_rows_and_keeps_what_was_sent_and_followed(store: Store) -> None:
    outbox.mark(store, outbox.take(store, "inbox", limit=1), "sent", START)
    before = everything(store)
    assert before["answers"] and before["requests"] and before["people"] and before["deliveries"]
    wreck(store)
    assert not verify(store).ok
    seen: list[int] = []
    counts = rebuild(store, progress=seen.append)
    assert everything(store) == before
    assert (counts["events"], counts["streams"], counts["people"], seen[-1]) == (13, 4, 2, 13)
    assert verify(store).problems == ()


def test_a_lost_row_of_streams_comes_back_and_is_followed_from_the_start(store: Store) -> None:
    before = everything(store)
    with store.database.write() as connection:
        connection.execute(sa.delete(streams).where(streams.c.stream == "s2"))
    rebuild(store)
    assert everything(store) == before
    assert "s2" in store.unfollowed()


def test_an_unreadable_event_is_named_and_nothing_is_changed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(store)
    monkeypatch.setattr(TOYS["toy"], "events", {k: v for k, v in ToyKind.events.items() if k != "Noted"})
    with pytest.raises(Unreadable, match="s0/3"):
        rebuild(store)
    assert everything(store) == before


class WiserToy(ToyKind):
    """The same events, folded otherwise."""

    fold_version = 2

    def evolve(self, state: Toy, recorded: Recorded) -> Toy:
        folded = super().evolve(state, recorded)
        return folded.model_copy(update={"title": folded.title + "!"})


def test_snapshots_of_older_rules_are_folded_anew(store: Store) -> None:
    store.kinds = {**TOYS, "toy": WiserToy()}
    state, version = store.load("s1")
    assert (state.title, version) == ("番号札!!!", 3)
    assert verify(store).ok is False, "columns of the old fold are told"
    rebuild(store)
    assert verify(store).ok
    store.record(Write(command_id="w2", stream="s1", texts=("x",)), somebody())
    assert store.load("s1")[0].title == "番号札!!!!"
    assert verify(store).ok


class NotedInColour(Event):
    type = "Noted"
    schema_version = 2
    text: Personal
    about: str | None
    colour: str

    @property
    def subject(self) -> str | None:
        return self.about


class ColourToy(ToyKind):
    events: Mapping[str, type[Event]] = {**ToyKind.events, "Noted": NotedInColour}

    def evolve(self, state: Toy, recorded: Recorded) -> Toy:
        if isinstance(recorded.event, NotedInColour):
            return state.model_copy(update={"notes": state.notes + 1, "last_note": recorded.event.text})
        return super().evolve(state, recorded)


def test_old_events_are_read_in_their_new_shape_and_never_rewritten(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = sa.select(events).order_by(events.c.position)
    with store.database.read() as connection:
        before = connection.execute(stored).all()
    monkeypatch.setitem(codec.UPCASTERS, ("Noted", 1), lambda body: {**body, "colour": "black"})
    store.kinds = {**TOYS, "toy": ColourToy()}
    assert store.events("s1")[-1].event == NotedInColour(text="私信1", about="p-1", colour="black")
    rebuild(store)
    assert verify(store).problems == ()
    with store.database.read() as connection:
        assert connection.execute(stored).all() == before


def test_no_snapshot_and_no_notice_holds_sealed_text(store: Store) -> None:
    assert store.load("s1")[0].last_note == codec.SEALED
    kept = str(everything(store, people))
    assert "私信" not in kept and "承認" not in kept
    with store.database.read() as connection:
        assert not [b for b in connection.execute(sa.select(events.c.body)).scalars() if "私信" in b or NAME in b]


def texts(store: Store, stream: str) -> list[str]:
    found = [getattr(r.event, "comment", getattr(r.event, "text", None)) for r in store.events(stream)]
    return [t for t in found if t is not None]


def test_erasing_a_person_keeps_the_chain_and_everybody_else(store: Store) -> None:
    with store.database.read() as connection:
        before = connection.execute(sa.select(events).order_by(events.c.position)).all()
    assert texts(store, "s1") == ["承認 1", "私信1"]
    store.erase_person("p-1")
    assert texts(store, "s1") == [codec.ERASED, codec.ERASED]
    assert texts(store, "s2") == ["承認 2", codec.ERASED], "a note about the erased person goes, whoever wrote it"
    assert verify(store).problems == ()
    kept = everything(store)
    rebuild(store)
    assert everything(store) == kept
    with store.database.read() as connection:
        assert connection.execute(sa.select(events).order_by(events.c.position)).all() == before
        named = {r.person: (r.name, r.name_en, r.email) for r in connection.execute(sa.select(people))}
    assert named == {"p-1": (codec.ERASED, "", codec.ERASED), "p-2": ("播磨 花子", "", "")}


@pytest.mark.parametrize("person", ["p-1", "p-9"])
def test_an_erased_person_is_not_brought_back(store: Store, person: str) -> None:
    store.erase_person(person)
    directory = in_office(person)
    named = (Named(person=person, name=NAME),)
    store.record(ImportDirectory(command_id="i2", stream="directory", directory=directory, names=named), SYSTEM)
    store.record(Write(command_id="again", stream="s1", texts=("まだいる",)), somebody(person))
    assert texts(store, "s1")[-1] == codec.ERASED
    with store.database.read() as connection:
        assert connection.execute(sa.select(people.c.name).where(people.c.person == person)).scalar() == codec.ERASED
        assert connection.execute(sa.select(person_keys.c.key).where(person_keys.c.person == person)).scalar() == ""
    assert verify(store).problems == ()


def test_erased_bytes_leave_the_files(tmp_path: Path) -> None:
    store = Store.create(f"sqlite:///{tmp_path}/store.db", kinds=TOYS)
    fill(store)
    for number in range(60):
        store.record(Write(command_id=f"w{number}", stream="s0", texts=("x",)), somebody(f"q-{number}"))
    with store.database.read() as connection:
        key = connection.execute(sa.select(person_keys.c.key).where(person_keys.c.person == "p-1")).scalar_one()

    def on_disk(text: str) -> bool:
        return any(text.encode() in file.read_bytes() for file in tmp_path.iterdir())

    assert on_disk(key) and on_disk(NAME)
    store.erase_person("p-1")
    assert not on_disk(key) and not on_disk(NAME)
    assert on_disk("播磨")
    store.close()


def test_the_same_seed_gives_the_same_bytes_on_every_database(database_url: str, tmp_path: Path) -> None:
    def log(url: str, seed: str) -> list[Any]:
        store = Store.create(url, clock="virtual", seed=seed, start=START, kinds=TOYS)
        fill(store)
        with store.database.read() as connection:
            rows = connection.execute(sa.select(events).order_by(events.c.position)).all()
        store.close()
        return list(rows)

    first = log(database_url, "7")
    assert first == log(f"sqlite:///{tmp_path}/same.db", "7")
    assert first != log(f"sqlite:///{tmp_path}/other.db", "8")


def test_rebuild_lets_no_writer_between(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that comes while read models are made again waits, and neither loses its rows."""
    store = Store.create(database_url, kinds=TOYS)
    fill(store)
    writers: list[Thread] = []

    def write(_: int) -> None:
        if not writers:
            command = Ask(command_id="during", stream="z")
            writers.append(Thread(target=store.record, args=(command, somebody())))
            writers[0].start()
            writers[0].join(0.3)
            assert writers[0].is_alive(), "it waits"

    monkeypatch.setattr("store.replay.STREAMS_AT_ONCE", 1)
    rebuild(store, progress=write)
    writers[0].join(30)
    assert store.load("z")[0].asked == 1
    assert verify(store).problems == ()
    store.close()
