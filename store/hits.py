"""What search finds, and how words are looked for in a column."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from domain.calendar import wareki_fiscal_year
from domain.messages import Frozen, Text
from store import queries
from store.spelling import spellings

TRIED = 2_000
"""Rows looked through at first: a frequent word has its hits there."""
Kind = Literal[
    "lifecycle", "document", "text", "number", "session", "item", "round", "proposal", "post", "unit", "person"
]


class Hit(Frozen):
    """Something found. `stream` is set for what belongs to a lifecycle or a session; `detail` says where it was found,
    `excerpt` what a document or a text says there."""

    kind: Kind
    id: str
    title: Text
    detail: Text
    stream: str | None = None
    stage: str | None = None
    round: int | None = None
    version: int | None = None
    excerpt: str = ""
    by: str | None = None
    """Of a text: the person who wrote it, None where the engine carried it there."""
    at: datetime | None = None
    leads: str = ""
    """Of a text: the page and the place on it where it stands."""


def same(text: str) -> Text:
    return Text(ja=text, en=text)


def contain(column: sa.ColumnElement[str], words: list[str]) -> list[sa.ColumnElement[bool]]:
    return [sa.or_(*(queries.holds(column, spelling) for spelling in spellings(word))) for word in words]


def session_title(body: Text, row: Mapping[str, Any]) -> Text:
    """What a session is called, by its body and its row."""
    return Text(
        ja=f"{body.ja} {wareki_fiscal_year(row['fiscal_year'])}第{row['number']}回",
        en=f"{body.en}, FY{row['fiscal_year']} no. {row['number']}",
    )
