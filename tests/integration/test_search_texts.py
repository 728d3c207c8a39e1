"""What people wrote is found by whoever may read it, in two characters, and goes with the key that opens it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
import sqlalchemy as sa

from domain.lifecycle.dialogue import AddComment
from store import search, searching
from store.keys import erase_key
from store.rebuild import rebuild
from store.store import Store
from store.tables import written
from store.verify import verify
from tests.city import DRAFTER, person
from tests.integration.test_store_queries import ONE, fill

SAID = "窓口の名簿は山田様に確認済みです"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store.create(database_url)
    fill(store)
    for number in range(3):
        store.record(AddComment(command_id=f"c{number}", stream=ONE, text=f"{SAID} {number}"), DRAFTER)
    store.record(AddComment(command_id="other", stream=ONE, text="名簿を見ました"), person("chief"))
    yield store
    store.close()


def kept(store: Store) -> str:
    with store.database.read() as connection:
        return str(connection.execute(sa.select(written)).all())


@pytest.mark.parametrize("tried", [1, 2_000])
def test_texts_are_found_and_lead_to_their_place(store: Store, monkeypatch: pytest.MonkeyPatch, tried: int) -> None:
    monkeypatch.setattr(searching, "TRIED", tried)
    monkeypatch.setattr(searching, "AT_ONCE", 2)
    hits = search.search(store, "名簿", kind="text")
    assert [h.by for h in hits] == ["p-chief", "p-drafter", "p-drafter", "p-drafter"]
    assert hits[0].leads == f"/lifecycles/{ONE}?at={hits[0].version}#e-{hits[0].version}"
    assert (hits[1].detail.ja, hits[1].title.ja, hits[1].excerpt) == ("コメント", "課題1", f"{SAID} 2")
    assert hits[1].at is not None
    paged = [h.id for skip in range(5) for h in search.search(store, "名簿", 1, kind="text", skip=skip)]
    assert paged == [h.id for h in hits]
    assert [h.excerpt for h in search.search(store, "初稿", kind="text")] == ["初稿"]
    assert not search.search(store, "名簿 議会", kind="text")


def test_texts_go_with_the_key_that_opens_them(store: Store) -> None:
    assert verify(store).problems == ()
    store.erase_person("p-drafter")
    assert "山田" not in kept(store) and "初稿" not in kept(store)
    assert [h.by for h in search.search(store, "名簿", kind="text")] == ["p-chief"]
    store.record(AddComment(command_id="late", stream=ONE, text=SAID), DRAFTER)
    assert verify(store).problems == ()
    rebuild(store)
    assert "山田" not in kept(store) and "名簿" in kept(store)
    assert verify(store).problems == ()


def test_what_is_written_while_a_key_is_erased_stays_closed(postgres_url: str) -> None:
    store = Store.create(postgres_url)
    fill(store)
    command = AddComment(command_id="now", stream=ONE, text=SAID)
    with ThreadPoolExecutor() as pool, store.database.write() as connection:
        erase_key(connection, "p-drafter")
        recording = pool.submit(store.record, command, DRAFTER)
        sleep(0.3)
        assert not recording.done()
        connection.commit()
        assert recording.result(10).events == ("CommentAdded",)
    assert "山田" not in kept(store)
    store.close()
