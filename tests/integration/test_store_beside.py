"""What is kept beside the record, by several at once: drafts, passwords, wrong tries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest

from store.answering import AnswerDrafts
from store.drafts import Drafts, Meanwhile
from store.store import Store
from tests.toy import TOYS

R = TypeVar("R")
AT_ONCE = 4


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store.create(database_url, kinds=TOYS)
    yield store
    store.close()


def at_once(work: Callable[[int], R]) -> list[R]:
    """What four tell that begin together."""
    barrier = Barrier(AT_ONCE)

    def begin(number: int) -> R:
        barrier.wait(30)
        return work(number)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(begin, range(AT_ONCE)))


def test_of_several_who_save_a_draft_at_once_one_does(store: Store) -> None:
    drafts = Drafts(store)

    def saved(base: int) -> Callable[[int], int | Meanwhile]:
        def save(number: int) -> int | Meanwhile:
            try:
                return drafts.save("s", "setup", 1, base, {"purpose": f"{base} {number}"}, f"p{number}")
            except Meanwhile as other:
                return other

        return save

    for base in range(8):
        told = at_once(saved(base))
        now = drafts.find("s", "setup", 1)
        assert now is not None and [t for t in told if isinstance(t, int)] == [base + 1] == [now.version]
        assert [t.now for t in told if isinstance(t, Meanwhile)] == [now] * (AT_ONCE - 1)
    assert now is not None and drafts.save("s", "setup", 1, 3, now.content, "p9") == 8, "the same again changes nothing"


def test_an_answer_begun_in_two_windows_at_once_is_the_last_one(store: Store) -> None:
    answers = AnswerDrafts(store, "p1")
    for _ in range(4):
        at_once(lambda number: answers.save("s", "r", {"comment": str(number)}))
        kept = answers.find("s", "r")
        assert kept is not None and kept.content["comment"] in "0123"
        answers.remove("s", "r")
