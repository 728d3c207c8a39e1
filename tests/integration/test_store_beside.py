"""What is kept beside the record, by several at once: drafts, passwords, wrong tries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
import sqlalchemy as sa

from store.accounts import Accounts, SignInRefused
from store.answering import AnswerDrafts
from store.drafts import Drafts, Meanwhile
from store.store import Store
from store.tables import web_failures
from tests.toy import TOYS

R = TypeVar("R")
AT_ONCE = 4
OLD, NEW = "an old password", "a new password"


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


@pytest.fixture
def accounts(store: Store, monkeypatch: pytest.MonkeyPatch) -> Accounts:
    """Of a person who belongs here and has the old password."""
    monkeypatch.setattr(Accounts, "_belongs_here", lambda *_: True)
    accounts = Accounts(store)
    accounts.set_password("p1", OLD)
    return accounts


def test_who_signs_in_with_a_password_that_is_changed_meanwhile_does_not(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = Accounts._fits

    def and_then_changed(self: Accounts, hashed: str | None, password: str) -> bool:
        found = fits(self, hashed, password)
        self.set_password("p1", NEW)
        return found

    with monkeypatch.context() as slowly:
        slowly.setattr(Accounts, "_fits", and_then_changed)
        with pytest.raises(SignInRefused):
            accounts.sign_in("p1", OLD, "here")
    assert accounts.session(accounts.sign_in("p1", NEW, "here"))


def test_of_several_who_change_a_password_at_once_one_does(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    fits, read = Accounts._fits, Barrier(AT_ONCE)

    def together(self: Accounts, hashed: str | None, password: str) -> bool:
        read.wait(30)
        return fits(self, hashed, password)

    def change(number: int) -> str | None:
        try:
            return accounts.change("p1", OLD, f"{NEW} {number}", "here")
        except SignInRefused:
            return None

    with monkeypatch.context() as slowly:
        slowly.setattr(Accounts, "_fits", together)
        tokens = at_once(change)
    (number,) = [n for n, token in enumerate(tokens) if token]
    assert accounts.session(tokens[number]) and accounts.sign_in("p1", f"{NEW} {number}", "here")


def test_every_wrong_try_counts_when_several_come_at_once(accounts: Accounts, store: Store) -> None:
    for _ in range(3):
        at_once(lambda number: accounts._failed((f"p{number % 2}", "here")))
    with store.database.read() as connection:
        counted = {row.key: row.failures for row in connection.execute(sa.select(web_failures))}
    assert counted == {"p0": 6, "p1": 6, "here": 12}


def test_an_identity_that_is_linked_to_another_meanwhile_opens_nothing(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once(lambda number: accounts.link("https://id.example", "sub", f"p{number % 2 + 1}"))
    accounts.link("https://id.example", "sub", "p1")

    def and_then_linked(self: Accounts, person: str) -> bool:
        self.link("https://id.example", "sub", "p2")
        return True

    with monkeypatch.context() as slowly:
        slowly.setattr(Accounts, "_belongs_here", and_then_linked)
        assert accounts.enter("https://id.example", "sub", None) is None
    found = accounts.session(accounts.enter("https://id.example", "sub", None))
    assert found is not None and found.person == "p2"
