"""What all readers see alike: reckoned once for all of them, and again when something was recorded."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from store.queries import head_position
from store.store import Store

LONGEST = 60.0
"""Seconds for which a finding stands when nothing is recorded: what is long in coming changes by the clock."""

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Fresh(Generic[K, T]):
    """A finding a key, never older than the record was when it was asked for; one reader reckons while the others wait."""

    def __init__(self, find: Callable[[Store, K], T]) -> None:
        self._find = find
        self._found: WeakKeyDictionary[Store, dict[K, tuple[int, float, T]]] = WeakKeyDictionary()
        self._turns: WeakKeyDictionary[Store, defaultdict[K, Lock]] = WeakKeyDictionary()
        self._one = Lock()

    def of(self, store: Store, key: K) -> T:
        asked = head_position(store)
        with self._one:
            found = self._found.setdefault(store, {})
            turn = self._turns.setdefault(store, defaultdict(Lock))[key]
        with turn:
            kept = found.get(key)
            if kept is None or kept[0] < asked or time.monotonic() - kept[1] > LONGEST:
                kept = found[key] = (asked, time.monotonic(), self._find(store, key))
            return kept[2]
