"""Keys of the API: each acts for one person, within scopes, until a day. Only their sha256 is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, get_args

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from domain.calendar import local_day
from domain.messages import Actor, Frozen, Text, Via
from store.tables import web_keys

if TYPE_CHECKING:
    from store.store import Store

Scope = Literal["read", "write", "decide"]
"""read: everything its person may read; write: start, draft, measure, ask; decide: answer what waits for its person."""
SCOPES: tuple[Scope, ...] = get_args(Scope)
LONGEST = timedelta(days=366)
USED = timedelta(minutes=1)
"""So exactly it is noted when a key was used last."""
NOTED = timedelta(days=1)
"""So often it is noted that a key is tried whose person has left: a machine asks again and again."""
AT_MOST = 10
"""Keys that a person may have at a time by making them on a page."""
_GONE = Text(ja="今は職にない人の API キー", en="a key of nobody who works here any more")
_MARK = "tfk_"
_TURN = 7403113


class Key(Frozen):
    """A key as its owner sees it; the key itself is shown once, when it is made."""

    id: str
    person: str
    name: str
    scopes: tuple[Scope, ...]
    made_at: datetime
    until: datetime
    used_at: datetime | None


class AlreadyMade(Exception):
    """The same was asked for before; the secret was shown then."""


class TooMany(Exception):
    """The person has as many keys as may be."""


class ApiKeys:
    def __init__(self, store: Store) -> None:
        self._store = store

    def make(
        self,
        person: str,
        name: str,
        scopes: tuple[Scope, ...],
        days: int,
        asked: str | None = None,
        at_most: int | None = None,
    ) -> tuple[Key, str]:
        """The key and its secret, which nobody can read again. `asked`: what was asked for so is made once. Raises `ValueError` for a
        life longer than a year, `AlreadyMade`, and `TooMany` where the person has `at_most` that hold."""
        if not timedelta(days=1) <= timedelta(days=days) <= LONGEST:
            raise ValueError(f"{days}")
        secret, now = _MARK + secrets.token_urlsafe(32), self._store.clock.now()
        key = Key(
            id=secrets.token_hex(6) if asked is None else _hashed(f"{person} {asked}")[:12],
            person=person,
            name=name,
            scopes=scopes,
            made_at=now,
            until=now + timedelta(days=days),
            used_at=None,
        )
        row = {**key.model_dump(), "scopes": list(scopes), "key": _hashed(secret)}
        try:
            with self._store.database.write() as connection:
                if at_most is not None:
                    self._require_room(connection, person, at_most)
                connection.execute(sa.insert(web_keys), [row])
        except IntegrityError:
            raise AlreadyMade(key.id) from None
        return key, secret

    def _require_room(self, connection: sa.Connection, person: str, at_most: int) -> None:
        """One at a time, so that several at once are not each let in. Raises `TooMany`."""
        if not self._store.database.sqlite:
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_TURN})"))
        holds = sa.and_(web_keys.c.person == person, web_keys.c.until > self._store.clock.now())
        if connection.execute(sa.select(sa.func.count()).select_from(web_keys).where(holds)).scalar_one() >= at_most:
            raise TooMany

    def find(self, secret: str) -> Key | None:
        """The key of a secret while it holds and its person serves the city. One whose person does not, any more, is kept with
        the refused attempts, once a day."""
        query = sa.select(web_keys).where(web_keys.c.key == _hashed(secret))
        with self._store.database.read() as connection:
            row = connection.execute(query).mappings().first()
        now = self._store.clock.now()
        if row is None or row["until"] <= now:
            return None
        found = _key(row)
        gone = not self._serves(found.person)
        if found.used_at is None or now - found.used_at > (NOTED if gone else USED):
            with self._store.database.write() as connection:
                connection.execute(sa.update(web_keys).where(web_keys.c.id == found.id).values(used_at=now))
            if gone:
                actor = Actor(person=found.person, via=Via.API, authenticated_by=f"key:{found.id}")
                self._store.note_attempt("key", actor, "person-unknown", _GONE)
        return None if gone else found

    def _serves(self, person: str) -> bool:
        """A service identity, an auditor, or who has not left their post."""
        directory = self._store.facts().directory
        there = directory.person(person)
        if there is None:
            return False
        left = directory.has_left(person, local_day(self._store.clock.now()))
        return there.service or there.auditor or not left

    def of(self, person: str) -> list[Key]:
        """The person's own keys that hold, newest first."""
        now = self._store.clock.now()
        return [k for k in self.all() if k.person == person and k.until > now]

    def all(self) -> list[Key]:
        """Every key, expired ones too, newest first."""
        with self._store.database.read() as connection:
            return [
                _key(r) for r in connection.execute(sa.select(web_keys).order_by(web_keys.c.made_at.desc())).mappings()
            ]

    def revoke(self, id_: str, person: str | None = None) -> bool:
        """Whether there was such a key (of that person, where one is named); it stops working at once."""
        chosen = [web_keys.c.id == id_] if person is None else [web_keys.c.id == id_, web_keys.c.person == person]
        with self._store.database.write() as connection:
            return bool(connection.execute(sa.delete(web_keys).where(*chosen)).rowcount)


def _key(row: sa.RowMapping) -> Key:
    return Key(**{name: row[name] for name in Key.model_fields if name != "scopes"}, scopes=tuple(row["scopes"]))


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
