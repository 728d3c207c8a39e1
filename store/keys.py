"""Keys of persons. Erasing a key erases the person's sealed texts and keeps the hash chain whole."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable

import sqlalchemy as sa

from store.tables import person_keys

_KEY = sa.select(person_keys.c.key).where(person_keys.c.person == sa.bindparam("p"))


def key_for(connection: sa.Connection, person: str, seed: str | None) -> bytes:
    """The person's key (64 bytes), made on first use; empty when it was erased.

    With `seed` (rehearsal) it derives from it, so that the same seed gives the same bytes.
    """
    found = connection.execute(_KEY, {"p": person}).scalar()
    if found is not None:
        return base64.b64decode(found)
    key = hashlib.sha512(f"person-key:{seed}:{person}".encode()).digest() if seed is not None else os.urandom(64)
    connection.execute(sa.insert(person_keys), {"person": person, "key": base64.b64encode(key).decode()})
    return key


def all_keys(connection: sa.Connection, persons: Iterable[str] | None = None) -> dict[str, bytes]:
    query = sa.select(person_keys)
    if persons is not None:
        query = query.where(person_keys.c.person.in_(list(persons)))
    return {row.person: base64.b64decode(row.key) for row in connection.execute(query) if row.key}


def erase_key(connection: sa.Connection, person: str) -> None:
    """Make the person's sealed texts unreadable for ever. An empty row stays, so that no new key is made unseen."""
    erased = connection.execute(sa.update(person_keys).where(person_keys.c.person == person).values(key=""))
    if not erased.rowcount:
        connection.execute(sa.insert(person_keys), {"person": person, "key": ""})
