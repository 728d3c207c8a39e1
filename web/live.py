"""What has just been recorded, told to open pages: one look at the log's head a second for all readers of a process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING

import sqlalchemy as sa

from store import queries
from store.errors import StoreError
from store.tables import events

if TYPE_CHECKING:
    from store.store import Store

EVERY = 1.0
"""Seconds between two looks, while somebody is watching."""
BEAT = 20.0
"""Seconds after which a line is sent in any case, so that proxies keep the connection and gone readers are noticed."""
AT_ONCE = 500
"""Events read at one look; when there were more, everybody is told."""
ANY = ""


class Live:
    """Readers wait for a position of the log; `of` is a stream, or `ANY` for whatever is recorded."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._position = 0
        self._news: dict[str, int] = {}
        """Stream -> position of the last event seen of it, since this process watches."""
        self._told = asyncio.Condition()
        self._readers = 0
        self._task: asyncio.Task[None] | None = None

    async def changes(self, of: str, since: int) -> AsyncIterator[int | None]:
        """The position of each change behind `since`, changes that come together as one; None at every beat."""
        self._readers += 1
        if self._task is None:
            self._position = await asyncio.to_thread(queries.head_position, self._store)
            self._task = asyncio.create_task(self._watch())
        try:
            if since < self._position and await asyncio.to_thread(self._missed, of, since):
                yield self._position
            seen = self._position
            while True:
                found = self._position if of == ANY else self._news.get(of, 0)
                if found > seen:
                    seen = self._position
                    yield seen
                    continue
                try:
                    async with asyncio.timeout(BEAT), self._told:
                        await self._told.wait()
                except TimeoutError:
                    yield None
        finally:
            self._readers -= 1

    def _missed(self, of: str, since: int) -> bool:
        e = events.c
        query = sa.select(e.position).where(e.position > since)
        return bool(queries.rows(self._store, (query if of == ANY else query.where(e.stream == of)).limit(1)))

    async def _watch(self) -> None:
        """Until nobody watches any more."""
        while self._readers:
            await asyncio.sleep(EVERY)
            with suppress(StoreError, sa.exc.SQLAlchemyError):
                fresh = await asyncio.to_thread(self._fresh)
                if fresh:
                    self._news |= dict(fresh)
                    self._position = max(position for _, position in fresh)
                    async with self._told:
                        self._told.notify_all()
        self._task = None

    def _fresh(self) -> list[tuple[str, int]]:
        e = events.c
        query = sa.select(e.stream, e.position).where(e.position > self._position).order_by(e.position)
        return [(r["stream"], r["position"]) for r in queries.rows(self._store, query.limit(AT_ONCE))]

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
