"""The directory as commands show it: who holds which post today, with names."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from domain.calendar import local_day
from shell.session import Session
from store import queries
from store.store import Store


class Offices:
    """Who holds which post today, looked up once a command: a list of thousands asks for the same few posts."""

    def __init__(self, store: Store) -> None:
        self._directory = store.facts().directory
        self._today = local_day(store.clock.now())
        self._names = queries.all_people(store)
        self._holders: dict[str, list[dict[str, Any]]] = {}

    def holders(self, post: str) -> list[dict[str, Any]]:
        """The persons, with names."""
        if post not in self._holders:
            self._holders[post] = [
                {"person": p, "name": self._names.get(p, {}).get("name", "")}
                for p in self._directory.holders(post, self._today)
            ]
        return self._holders[post]

    def title(self, post: str) -> tuple[str, str]:
        """The post's title in both languages; its id, where the directory does not know it."""
        found = self._directory.post(post)
        return (found.title.ja, found.title.en) if found else (post, post)


_OFFICES: WeakKeyDictionary[Store, Offices] = WeakKeyDictionary()


def offices(session: Session) -> Offices:
    if session.store not in _OFFICES:
        _OFFICES[session.store] = Offices(session.store)
    return _OFFICES[session.store]
