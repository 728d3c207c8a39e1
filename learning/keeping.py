"""What is reckoned from a whole store's record and kept a while, so that no reader waits for it at every look."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock, Thread
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from store.store import Store
from store.tables import lifecycles

KEEP = 3600.0
"""Seconds for which pages keep what the record taught: it grows by the month."""
AT_ONCE = 2_000
"""Of so many lifecycles it is made while the first page waits; of more beside it, and the first pages say so."""


T = TypeVar("T")


class Kept(Generic[T]):
    """The newest finding of a store; `find` may take seconds, and runs in one thread at a time. `at_once`: of how many lifecycles the
    first page waits for it, where that is fewer than `AT_ONCE`."""

    def __init__(self, name: str, find: Callable[[Store], T], at_once: int | None = None) -> None:
        self._name, self._find, self._at_once = name, find, at_once
        self._found: WeakKeyDictionary[Store, tuple[float, T]] = WeakKeyDictionary()
        self._making: WeakKeyDictionary[Store, Thread] = WeakKeyDictionary()
        self._one = Lock()

    def of(self, store: Store) -> T | None:
        """As it was found last. When it is old another is made beside; None where the first is still being made."""
        kept = self._found.get(store)
        if kept is not None and time.monotonic() - kept[0] <= KEEP:
            return kept[1]
        making = self._begun(store)
        if kept is None and _few(store, AT_ONCE if self._at_once is None else self._at_once):
            making.join()
            kept = self._found.get(store)
        return kept[1] if kept is not None else None

    def _begun(self, store: Store) -> Thread:
        with self._one:
            making = self._making.get(store)
            if making is None or not making.is_alive():
                making = self._making[store] = Thread(target=self._make, args=(store,), name=self._name, daemon=True)
                making.start()
            return making

    def _make(self, store: Store) -> None:
        found = self._find(store)
        self._found[store] = (time.monotonic(), found)


def _few(store: Store, most: int) -> bool:
    some = sa.select(lifecycles.c.stream).limit(most + 1).subquery()
    with store.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()) <= most
