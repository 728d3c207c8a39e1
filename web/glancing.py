"""What a board shows of the whole portfolio, for pages and the API: one glance that many look at together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from definitions.loader import SHIPPED, read_document
from domain.messages import Text
from store.boards import GLANCES, Column, Glance, Shown
from store.store import Store

LONG = 180
"""Days at one stage that are worth a look."""


@lru_cache
def strategy() -> dict[str, Any]:
    """The strategy as data: titles of the smart-city map."""
    found: dict[str, Any] = read_document(SHIPPED / "strategy.yaml")
    return found


def in_order(glance: Glance, titles: Mapping[str, Text]) -> list[Column]:
    """The columns of a board as the processes have their stages, those that no process has any more behind."""
    found = {c.stage: c for c in glance.columns}
    return [found[key] for key in dict.fromkeys((*titles, *found)) if key in found]


def glance_of(store: Store, bureau: str | None) -> Glance:
    """The board, its columns of one bureau (None: of all)."""
    city = strategy()["smart_city"]
    fields, lives = tuple(f["id"] for f in city["fields"]), tuple(life["id"] for life in city["life"])
    return GLANCES.of(store, Shown(bureau=bureau, long=LONG, fields=fields, lives=lives))
