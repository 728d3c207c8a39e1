"""Drafts of forms: what a taskforce has typed so far. Beside the record; gone once the document is handed in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from domain.messages import Frozen
from store.engine import insertion
from store.tables import web_drafts

if TYPE_CHECKING:
    from store.store import Store


class Draft(Frozen):
    """`version` counts what was saved; `content` is as typed, whether it fits the form or not."""

    version: int
    content: dict[str, Any]
    person: str
    at: datetime


class Meanwhile(Exception):
    """Somebody else has saved since the page was opened; `now` is what they saved, None when it was handed in."""

    def __init__(self, now: Draft | None) -> None:
        super().__init__("saved meanwhile")
        self.now = now


class Drafts:
    """One draft a document (stream, stage, round), shared by those who may write it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, stream: str, stage: str, round_: int) -> Draft | None:
        with self._store.database.read() as connection:
            return self._find(connection, stream, stage, round_)

    def save(self, stream: str, stage: str, round_: int, base: int, content: dict[str, Any], person: str) -> int:
        """The new version. `base` is the version that the page showed (0: none). Raises `Meanwhile`."""
        with self._store.database.write() as connection:
            known = self._find(connection, stream, stage, round_)
            if not _same(known, content) and base == (known.version if known else 0):
                row = {
                    "version": base + 1,
                    "content": json.dumps(content, ensure_ascii=False),
                    "person": person,
                    "at": self._store.clock.now(),
                }
                if self._put(connection, stream, stage, round_, base, row):
                    return base + 1
                known = self._find(connection, stream, stage, round_)
            if known is None or not _same(known, content):
                raise Meanwhile(known)
            return known.version

    @staticmethod
    def _put(
        connection: sa.Connection, stream: str, stage: str, round_: int, base: int, row: Mapping[str, Any]
    ) -> bool:
        """Whether the draft was still at `base`: PostgreSQL lets another writer in since it was read."""
        if base:
            here = (*_at(stream, stage, round_), web_drafts.c.version == base)
            return connection.execute(sa.update(web_drafts).where(*here).values(row)).rowcount == 1
        new = insertion(connection, web_drafts).values(stream=stream, stage=stage, round=round_, **row)
        return connection.execute(new.on_conflict_do_nothing()).rowcount == 1

    def remove(self, stream: str, stage: str, round_: int) -> None:
        with self._store.database.write() as connection:
            connection.execute(sa.delete(web_drafts).where(*_at(stream, stage, round_)))

    @staticmethod
    def _find(connection: sa.Connection, stream: str, stage: str, round_: int) -> Draft | None:
        row = connection.execute(sa.select(web_drafts).where(*_at(stream, stage, round_))).mappings().first()
        if row is None:
            return None
        return Draft(version=row["version"], content=json.loads(row["content"]), person=row["person"], at=row["at"])


def _same(known: Draft | None, content: dict[str, Any]) -> bool:
    return known is not None and json.dumps(known.content) == json.dumps(content)


def _at(stream: str, stage: str, round_: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (web_drafts.c.stream == stream, web_drafts.c.stage == stage, web_drafts.c.round == round_)
