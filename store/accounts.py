"""Who may sign in, and who is signed in. Operational data beside the record: no decision rests on it alone."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from domain.calendar import local_day
from domain.messages import Actor, Frozen, Text, Via
from store.engine import insertion
from store.tables import web_accounts, web_failures, web_identities, web_invitations, web_sessions

if TYPE_CHECKING:
    from store.store import Store

SHORTEST, LONGEST = 12, 200
"""Characters of a password (NIST SP 800-63B: length, no rules of composition)."""
INVITED_FOR = timedelta(days=7)
IDLE, AT_MOST = timedelta(minutes=60), timedelta(hours=12)
"""A session ends after so long without a request, and after so long in any case."""
FREE_TRIES, FREE_TRIES_OF_A_PLACE = 5, 50
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=24)
_RIGHT_PASSWORD = Text(
    ja="パスワードは正しいが、現在ここに勤務していない人", en="a right password of nobody who works here"
)
_CITY_ACCOUNT = Text(
    ja="市のアカウントだが、現在ここに勤務していない人", en="an account of the city's of nobody who works here"
)


class SignInRefused(Exception):
    """The name or the password is wrong, or it is to wait until `retry_at`; which of the two names is not said."""

    def __init__(self, retry_at: datetime | None = None) -> None:
        super().__init__("sign-in refused")
        self.retry_at = retry_at


class PasswordUnfit(ValueError):
    """Too short or too long."""


class SignedIn(Frozen):
    """A session as the browser's token opens it. `csrf` goes into every form."""

    person: str
    csrf: str
    started_at: datetime


class Accounts:
    """Passwords by argon2id; tokens are stored hashed. Nothing here can lock a person out from elsewhere: wrong tries count
    for the person and the place together, and for the place.

    Wrong tries are counted, never written down by name: what strangers type is often a password, and has no end. Who proves to be
    somebody that the directory does not know (any more) is kept with the refused attempts."""

    def __init__(self, store: Store) -> None:
        self._store, self._hasher = store, PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    # --- passwords ---------------------------------------------------------------------------------------------------

    def invite(self, person: str) -> str:
        """A token with which the person sets a password, once, within a week. Earlier ones stop working."""
        token = secrets.token_urlsafe(32)
        with self._store.database.write() as connection:
            connection.execute(sa.delete(web_invitations).where(web_invitations.c.person == person))
            row = {"token": _hashed(token), "person": person, "until": self._now() + INVITED_FOR}
            connection.execute(sa.insert(web_invitations), [row])
        return token

    def invited(self, token: str) -> str | None:
        """The person whom an invitation is for, while it holds."""
        query = sa.select(web_invitations).where(web_invitations.c.token == _hashed(token))
        with self._store.database.read() as connection:
            row = connection.execute(query).mappings().first()
        return str(row["person"]) if row is not None and row["until"] > self._now() else None

    def accept(self, token: str, password: str) -> str | None:
        """Set the password that the invitation is for; the person, or None when it does not hold any more."""
        _require_fit(password)
        person = self.invited(token)
        if person is None:
            return None
        hashed = self._hasher.hash(password)
        with self._store.database.write() as connection:
            taken = connection.execute(sa.delete(web_invitations).where(web_invitations.c.token == _hashed(token)))
            if not taken.rowcount:
                return None
            self._set(connection, person, hashed)
        return person

    def set_password(self, person: str, password: str) -> None:
        """By an operator, or the person; ends all their sessions."""
        _require_fit(password)
        hashed = self._hasher.hash(password)
        with self._store.database.write() as connection:
            self._set(connection, person, hashed)

    def _set(self, connection: sa.Connection, person: str, hashed: str) -> None:
        values = {"password_hash": hashed, "changed_at": self._now()}
        new = insertion(connection, web_accounts).values(person=person, **values)
        connection.execute(new.on_conflict_do_update(index_elements=["person"], set_=values))
        connection.execute(sa.delete(web_sessions).where(web_sessions.c.person == person))

    # --- sessions ----------------------------------------------------------------------------------------------------

    def sign_in(self, person: str, password: str, place: str) -> str:
        """The token of a new session. `place`: the address that asks. Raises `SignInRefused`."""
        keys = self._tried(person, place)
        known = self._hash_of(person)
        if not self._fits(known, password):
            raise self._wrong(keys)
        if not self._belongs_here(person):
            actor = Actor(person=person, via=Via.WEB, authenticated_by="password")
            self._store.note_attempt("sign-in", actor, "person-unknown", _RIGHT_PASSWORD)
            raise self._wrong(keys)
        with self._store.database.write() as connection:
            if self._holds(connection, person, known):
                connection.execute(sa.delete(web_failures).where(web_failures.c.key == keys[0]))
                return self._begin(connection, person)
        raise self._wrong(keys)

    def change(self, person: str, old: str, new: str, place: str) -> str:
        """A new password by the person, who knows the old one: ends all their sessions; the token of a new one. Wrong tries count as at
        signing in. Raises `SignInRefused` and `PasswordUnfit`."""
        _require_fit(new)
        keys = self._tried(person, place)
        known = self._hash_of(person)
        if not self._fits(known, old):
            raise self._wrong(keys)
        hashed = self._hasher.hash(new)
        with self._store.database.write() as connection:
            if self._holds(connection, person, known):
                connection.execute(sa.delete(web_failures).where(web_failures.c.key == keys[0]))
                self._set(connection, person, hashed)
                return self._begin(connection, person)
        raise self._wrong(keys)

    def _holds(self, connection: sa.Connection, person: str, hashed: str | None) -> bool:
        """Whether the password that was found right still is the person's; nobody changes it before the transaction ends."""
        query = sa.select(web_accounts.c.password_hash).where(web_accounts.c.person == person).with_for_update()
        return bool(connection.execute(query).scalar() == hashed)

    def has_password(self, person: str) -> bool:
        return self._hash_of(person) is not None

    def _hash_of(self, person: str) -> str | None:
        query = sa.select(web_accounts.c.password_hash).where(web_accounts.c.person == person)
        with self._store.database.read() as connection:
            found: str | None = connection.execute(query).scalar()
        return found

    def _tried(self, person: str, place: str) -> tuple[str, str]:
        """The keys by which wrong tries count. Raises `SignInRefused` while nothing is tried."""
        keys = (_hashed(f"{person}|{place}"), _hashed(f"|{place}"))
        wait = self._wait(keys)
        if wait is not None:
            raise SignInRefused(wait)
        return keys

    def _begin(self, connection: sa.Connection, person: str) -> str:
        token, now = secrets.token_urlsafe(32), self._now()
        row = {
            "token": _hashed(token),
            "person": person,
            "csrf": secrets.token_urlsafe(24),
            "started_at": now,
            "seen_at": now,
        }
        connection.execute(sa.delete(web_sessions).where(web_sessions.c.started_at < now - AT_MOST))
        connection.execute(sa.insert(web_sessions), [row])
        return token

    def session(self, token: str | None) -> SignedIn | None:
        """The session of a token, while it holds and the person belongs here."""
        if not token:
            return None
        query = sa.select(web_sessions).where(web_sessions.c.token == _hashed(token))
        with self._store.database.read() as connection:
            row = connection.execute(query).mappings().first()
        now = self._now()
        if row is None or now - row["seen_at"] > IDLE or now - row["started_at"] > AT_MOST:
            return None
        if not self._belongs_here(row["person"]):
            return None
        if now - row["seen_at"] > IDLE / 20:
            with self._store.database.write() as connection:
                seen = sa.update(web_sessions).where(web_sessions.c.token == row["token"]).values(seen_at=now)
                connection.execute(seen)
        return SignedIn(person=row["person"], csrf=row["csrf"], started_at=row["started_at"])

    def sign_out(self, token: str) -> None:
        with self._store.database.write() as connection:
            connection.execute(sa.delete(web_sessions).where(web_sessions.c.token == _hashed(token)))

    def _fits(self, hashed: str | None, password: str) -> bool:
        """As long for a person without an account as for one with: nobody learns who has one."""
        try:
            self._hasher.verify(hashed or self._nobody, password)
        except (VerifyMismatchError, InvalidHashError):
            return False
        return hashed is not None

    def _belongs_here(self, person: str) -> bool:
        """Who holds a post today, or audits; a service identity never signs in."""
        directory = self._store.facts().directory
        found = directory.person(person)
        if found is None or found.service:
            return False
        return found.auditor or bool(directory.posts_of(person, local_day(self._store.clock.now())))

    # --- who somebody is at an OpenID provider --------------------------------------------------------------------------

    def enter(self, issuer: str, subject: str, invitation: str | None) -> str | None:
        """The token of a new session for an identity that is linked, or that an invitation links now; else None.

        One identity is one person; an invitation is used up, and replaces the person's identity at that issuer.
        """
        person = self.invited(invitation) if invitation else self.linked(issuer, subject)
        if person is None or not self._belongs_here(person):
            actor = Actor(person=person or f"oidc:{subject[:100]}", via=Via.WEB, authenticated_by=f"oidc:{issuer}")
            self._store.note_attempt("sign-in", actor, "person-unknown", _CITY_ACCOUNT)
            return None
        with self._store.database.write() as connection:
            if invitation:
                gone = sa.delete(web_invitations).where(web_invitations.c.token == _hashed(invitation))
                if not connection.execute(gone).rowcount:
                    return None
                self._link(connection, issuer, subject, person)
            else:
                i = web_identities.c
                query = sa.select(i.person).where(i.issuer == issuer, i.subject == subject).with_for_update()
                if connection.execute(query).scalar() != person:  # linked otherwise meanwhile
                    return None
            return self._begin(connection, person)

    def linked(self, issuer: str, subject: str) -> str | None:
        """The person whom an identity is linked to."""
        i = web_identities.c
        query = sa.select(i.person).where(i.issuer == issuer, i.subject == subject)
        with self._store.database.read() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else str(found)

    def link(self, issuer: str, subject: str, person: str) -> None:
        """By an operator. Ends the person's sessions."""
        with self._store.database.write() as connection:
            self._link(connection, issuer, subject, person)
            connection.execute(sa.delete(web_sessions).where(web_sessions.c.person == person))

    def _link(self, connection: sa.Connection, issuer: str, subject: str, person: str) -> None:
        i = web_identities.c
        both = sa.or_(i.subject == subject, i.person == person)
        connection.execute(sa.delete(web_identities).where(i.issuer == issuer, both))
        values = {"person": person, "linked_at": self._now()}
        new = insertion(connection, web_identities).values(issuer=issuer, subject=subject, **values)
        connection.execute(new.on_conflict_do_update(index_elements=["issuer", "subject"], set_=values))

    # --- wrong tries -------------------------------------------------------------------------------------------------

    def _wait(self, keys: tuple[str, str]) -> datetime | None:
        """Until when nothing is tried, after many wrong tries: longer each time."""
        with self._store.database.read() as connection:
            found = {r.key: r for r in connection.execute(sa.select(web_failures).where(web_failures.c.key.in_(keys)))}
        waits = []
        for key, free in zip(keys, (FREE_TRIES, FREE_TRIES_OF_A_PLACE), strict=True):
            row = found.get(key)
            if row is not None and row.failures >= free and self._now() - row.last_at < FORGOTTEN_AFTER:
                pause = min(timedelta(seconds=2 ** min(row.failures - free + 1, 12)), LONGEST_WAIT)
                waits.append(row.last_at + pause)
        until = max(waits, default=None)
        return until if until is not None and until > self._now() else None

    def _wrong(self, keys: tuple[str, str]) -> SignInRefused:
        self._failed(keys)
        return SignInRefused(self._wait(keys))

    def _failed(self, keys: tuple[str, str]) -> None:
        now = self._now()
        with self._store.database.write() as connection:
            connection.execute(sa.delete(web_failures).where(web_failures.c.last_at < now - FORGOTTEN_AFTER))
            for key in keys:
                first = insertion(connection, web_failures).values(key=key, failures=1, last_at=now)
                more = {"failures": web_failures.c.failures + 1, "last_at": now}
                connection.execute(first.on_conflict_do_update(index_elements=["key"], set_=more))

    def _now(self) -> datetime:
        """Real time, a rehearsal's store too: a session is of today."""
        return datetime.now(UTC)


def same(one: str, other: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _require_fit(password: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordUnfit(
            f"パスワードは {SHORTEST} 文字以上 {LONGEST} 文字以下にしてください / a password has {SHORTEST} to {LONGEST} characters"
        )
