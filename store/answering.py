"""What belongs to answering on pages and is no part of the record: an answer that is not given yet, and what was opened."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from domain.kinds import Row
from domain.lifecycle.commands import AnswerRequest, SubmitDeliverable
from domain.messages import Command
from store import queries
from store.accounts import AT_MOST
from store.drafts import Draft, Drafts, Meanwhile
from store.tables import answers, deliverables, lifecycles, web_opened

if TYPE_CHECKING:
    from store.store import Store


class AnswerDrafts:
    """One person's answers that they have begun to write; nobody else reads them."""

    def __init__(self, store: Store, person: str) -> None:
        self._drafts, self._person = Drafts(store), person

    def find(self, stream: str, request: str) -> Draft | None:
        return self._drafts.find(stream, self._place(request), 0)

    def save(self, stream: str, request: str, content: Mapping[str, str]) -> None:
        """What was written last stays, two windows at once or not."""
        place, known = self._place(request), self.find(stream, request)
        for _ in range(5):
            try:
                self._drafts.save(stream, place, 0, known.version if known else 0, dict(content), self._person)
                return
            except Meanwhile as other:
                known = other.now

    def remove(self, stream: str, request: str) -> None:
        self._drafts.remove(stream, self._place(request), 0)

    def _place(self, request: str) -> str:
        return f"answer/{request}/{self._person}"


class Opened:
    """Which requests were opened in a session of the browser, and with which document: only those are answered in bulk."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, token: str, request: str, content_hash: str) -> None:
        """The page of a request was shown. Written once for each document."""
        if self.among(token, [request]).get(request) == content_hash:
            return
        o, now = web_opened.c, datetime.now(UTC)
        # Two tabs at once: the other one has written the same.
        with suppress(IntegrityError), self._store.database.write() as connection:
            gone = sa.or_(o.at < now - AT_MOST, sa.and_(o.session == _hashed(token), o.request == request))
            connection.execute(sa.delete(web_opened).where(gone))
            row = {"session": _hashed(token), "request": request, "content_hash": content_hash, "at": now}
            connection.execute(sa.insert(web_opened), [row])

    def among(self, token: str, requests: Iterable[str]) -> dict[str, str]:
        """Request -> hash of the document that was shown, for those opened in this session."""
        o = web_opened.c
        query = sa.select(o.request, o.content_hash).where(o.session == _hashed(token), o.request.in_(list(requests)))
        with self._store.database.read() as connection:
            return {row.request: row.content_hash for row in connection.execute(query)}


def forget_drafts(store: Store, command: Command, person: str) -> None:
    """What was typed has been handed in, or answered with."""
    if isinstance(command, AnswerRequest):  # or one that corrects it
        AnswerDrafts(store, person).remove(command.stream, command.request)
    elif isinstance(command, SubmitDeliverable):
        state = store.load(command.stream)[0]
        if state.submission is not None:
            Drafts(store).remove(command.stream, state.submission.stage, state.submission.round)


def answers_by(store: Store, person: str, limit: int, offset: int = 0) -> list[Row]:
    """A person's answers, newest first, each with title, own id and definition of its lifecycle; `retracted` when it does not stand
    any more, `document` the version of the document that was decided on."""
    d = deliverables.c
    version = sa.select(sa.func.max(d.version)).where(
        d.stream == answers.c.stream,
        d.stage == answers.c.stage,
        d.round == answers.c.round,
        d.content_hash == answers.c.content_hash,
        d.at <= answers.c.at,
    )
    query = (
        sa.select(
            answers,
            lifecycles.c.title,
            lifecycles.c.ref,
            lifecycles.c.definition,
            queries.retracted(answers).label("retracted"),
            version.scalar_subquery().label("document"),
        )
        .join(lifecycles, lifecycles.c.stream == answers.c.stream)
        .where(answers.c.person == person)
        .order_by(answers.c.at.desc(), answers.c.stream, answers.c.version)
    )
    return queries.rows(store, query.limit(limit).offset(offset))


def sent_back_last(store: Store, streams: Sequence[str]) -> set[str]:
    """Those of some streams whose last answer that stands sent the document back, or refused it."""
    found: dict[str, str] = {}
    for start in range(0, len(streams), queries.MANY):
        query = (
            sa.select(answers.c.stream, answers.c.decision)
            .where(answers.c.stream.in_(streams[start : start + queries.MANY]), ~queries.retracted(answers))
            .order_by(answers.c.version)
        )
        found |= {r["stream"]: r["decision"] for r in queries.rows(store, query)}
    return {stream for stream, decision in found.items() if decision in ("return", "reject")}


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
