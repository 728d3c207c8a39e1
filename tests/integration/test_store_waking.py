"""Who must wake a stream and who need not; and that what was made faster still writes the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

import pytest
import sqlalchemy as sa

from store import codec
from store.engine import lost_a_race
from store.store import Store
from store.tables import commands
from tests.toy import TOYS, Answer, Ask, Write, somebody

ONE = somebody()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store.create(database_url, kinds=TOYS)
    yield store
    store.close()


def test_the_first_to_record_wakes_and_who_comes_meanwhile_need_not(store: Store) -> None:
    assert store.record(Ask(command_id="1", stream="s"), ONE).behind is False
    plan = store.follow("s")
    late = store.record(Write(command_id="2", stream="s", texts=("a",)), ONE)
    assert late.behind is True, "the plan was made before it, and is not done"
    assert store.catch_up("s", plan.to) is True, "so whoever follows is told that there is more"
    assert store.follow("s").to == 2 and store.unfollowed() == []
    assert store.catch_up("s", 2) is False
    assert store.record(Answer(command_id="3", stream="s"), ONE).behind is False


def test_it_is_no_part_of_the_stored_outcome(store: Store) -> None:
    store.record(Ask(command_id="1", stream="s"), ONE)
    store.record(Write(command_id="2", stream="s", texts=("a",)), ONE)
    again = store.record(Write(command_id="2", stream="s", texts=("a",)), ONE)
    assert (again.duplicate, again.behind) == (True, False)
    with store.database.read() as connection:
        assert not [o for o in connection.execute(sa.select(commands.c.outcome)).scalars() if "behind" in o]


def test_who_waited_too_long_wakes_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An earlier wake may have been lost with its sender or its server."""
    store.record(Ask(command_id="1", stream="s"), ONE)
    monkeypatch.setattr("store.transaction._FRESH", timedelta(0))
    assert store.record(Write(command_id="2", stream="s", texts=("a",)), ONE).behind is False


def test_an_error_of_statements_sent_together_is_still_a_lost_race(store: Store) -> None:
    store.record(Ask(command_id="1", stream="s"), ONE)
    row = {"stream": "s", "command_id": "1", "content_hash": "x", "outcome": "{}"}
    with pytest.raises(sa.exc.DBAPIError) as raised, store.database.write() as connection:
        with store.database.together(connection):
            connection.execute(sa.insert(commands), row)
        connection.execute(sa.select(1))
    assert store.database.sqlite or lost_a_race(raised.value)


def test_hashes_and_ids_are_what_they_were() -> None:
    values = [1, "id", "件", 2, 'c\n"\\\u2028\x7f', "T", 1, '{"a":"窓口"}', "{}", "{}", "t", "t", "0" * 64]
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    assert codec.hash_of(values) == hashlib.sha256(text.encode()).hexdigest()
    for version in range(1, 40):
        assert codec.event_id("件/a", version) == str(uuid5(NAMESPACE_URL, f"event:件/a/{version}"))
