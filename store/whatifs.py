"""Questions of what would be otherwise: a queue that all web processes of a store share, and what was found. Beside the record.

Its times are the machine's, since in a rehearsal the store's own clock stands still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from domain.messages import Frozen, Refused, Text, refuse
from store.tables import web_whatifs as t

if TYPE_CHECKING:
    from store.store import Store

State = Literal["waiting", "reckoning", "done", "failed", "cancelled"]
OPEN: tuple[State, ...] = ("waiting", "reckoning")
STALE = timedelta(seconds=60)
"""After so long without a sign of life whoever reckons is taken for dead."""
KEPT, EACH_KEPT = timedelta(days=14), 50
"""So long, and so many of one person, questions stay with what was found."""
SHOWN = 200
EACH, ALL = 3, 20
"""Questions of one person, and of all, that may be open at once."""
_TURN = 7403112
DIED = Text(
    ja="計算していたプロセスが途中で終わりました。もう一度尋ねてください",
    en="the process that reckoned ended midway; ask it again",
)


class Asked(Frozen):
    """`question` and `found` are JSON of whoever asks and reckons; in lists `found` is left out. `ahead`: how many come before it."""

    id: str
    person: str
    question: str
    state: State
    asked_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    problem: Text | None
    found: str | None = None
    ahead: int = 0

    @property
    def over(self) -> bool:
        return self.state not in OPEN


class Questions:
    """One question is reckoned at a time, in the order in which they were asked. `now`: the machine's clock."""

    def __init__(self, store: Store, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database, self._now = store.database, now

    # --- who asks ----------------------------------------------------------------------------------------------------

    def ask(self, person: str, key: str, question: str) -> Asked:
        """The question, put into the queue; with the same key and content the one that is there. Raises `Refused`."""
        id_ = sha256(f"{person}\n{key}".encode()).hexdigest()[:16]
        with self._turn() as connection:
            self._tidy(connection)
            known = connection.execute(sa.select(t.c.question).where(t.c.id == id_)).scalar()
            if known is None:
                self._require_room(connection, person)
                row = {"id": id_, "person": person, "question": question, "state": "waiting", "reckoner": ""}
                connection.execute(sa.insert(t), [row | {"asked_at": self._now()}])
            elif known != question:
                raise refuse(
                    "command-id-reused",
                    "同じ番号で別の内容が既に尋ねられています",
                    "another question was asked under the same id",
                    remedy_ja="新しい番号(Idempotency-Key)で送ってください",
                    remedy_en="send it with a new id (Idempotency-Key)",
                )
        found = self.find(id_)
        assert found is not None
        return found

    def find(self, id_: str) -> Asked | None:
        with self._database.read() as connection:
            row = connection.execute(sa.select(t).where(t.c.id == id_)).mappings().first()
            return None if row is None else self._asked(connection, row)

    def latest(self, limit: int = SHOWN) -> list[Asked]:
        """The newest first, without what was found."""
        columns = [c for c in t.c if c.name != "found"]
        query = sa.select(*columns).order_by(t.c.asked_at.desc(), t.c.id).limit(limit)
        with self._database.read() as connection:
            return [self._asked(connection, row) for row in connection.execute(query).mappings()]

    def cancel(self, id_: str, person: str) -> Asked | None:
        """The question taken back, None where there is none; what is over stays as it is. Raises `Refused` for another's."""
        found = self.find(id_)
        if found is None:
            return None
        if found.person != person:
            raise refuse(
                "not-your-question",
                "取り消せるのは尋ねた本人だけです",
                "only whoever asked it takes it back",
                remedy_ja="尋ねた人に頼んでください",
                remedy_en="ask that person",
            )
        with self._database.write() as connection:
            open_ = sa.update(t).where(t.c.id == id_, t.c.state.in_(OPEN))
            connection.execute(open_.values(state="cancelled", ended_at=self._now()))
        return self.find(id_)

    # --- who reckons -------------------------------------------------------------------------------------------------

    def unattended(self) -> bool:
        """Whether questions wait and nobody reckons."""
        with self._database.read() as connection:
            return not self._busy(connection) and self._count(connection, t.c.state == "waiting") > 0

    def claim(self, reckoner: str) -> Asked | None:
        """The question that has waited longest, now the reckoner's; None while another reckons, or where none waits."""
        with self._turn() as connection:
            self._tidy(connection)
            if self._busy(connection):
                return None
            query = sa.select(t.c.id).where(t.c.state == "waiting").order_by(t.c.asked_at, t.c.id).limit(1)
            id_ = connection.execute(query).scalar()
            if id_ is None:
                return None
            now = self._now()
            taken = sa.update(t).where(t.c.id == id_)
            connection.execute(taken.values(state="reckoning", reckoner=reckoner, begun_at=now, beat_at=now))
        return self.find(id_)

    def beat(self, id_: str, reckoner: str) -> bool:
        """A sign of life; False when the question is the reckoner's no more."""
        return self._set(id_, reckoner, {"beat_at": self._now()})

    def finish(self, id_: str, reckoner: str, found: str) -> bool:
        return self._set(id_, reckoner, {"state": "done", "found": found, "ended_at": self._now()})

    def fail(self, id_: str, reckoner: str, problem: Text) -> bool:
        return self._set(id_, reckoner, {"state": "failed", "problem": problem.model_dump(), "ended_at": self._now()})

    def put_back(self, id_: str, reckoner: str) -> bool:
        """It waits again: the reckoner was told to end."""
        return self._set(id_, reckoner, {"state": "waiting", "reckoner": "", "begun_at": None, "beat_at": None})

    # --- within ------------------------------------------------------------------------------------------------------

    def _set(self, id_: str, reckoner: str, values: dict[str, Any]) -> bool:
        own = sa.update(t).where(t.c.id == id_, t.c.reckoner == reckoner, t.c.state == "reckoning")
        with self._database.write() as connection:
            return connection.execute(own.values(values)).rowcount == 1

    @contextmanager
    def _turn(self) -> Iterator[sa.Connection]:
        """A write transaction, one at a time on PostgreSQL too."""
        with self._database.write() as connection:
            if not self._database.sqlite:
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_TURN})"))
            yield connection

    def _tidy(self, connection: sa.Connection) -> None:
        """Whoever died is told so; what is old goes."""
        now = self._now()
        dead = sa.update(t).where(t.c.state == "reckoning", t.c.beat_at < now - STALE)
        connection.execute(dead.values(state="failed", problem=DIED.model_dump(), ended_at=now))
        number = sa.func.row_number().over(partition_by=t.c.person, order_by=t.c.asked_at.desc())
        ranked = sa.select(t.c.id, number.label("number")).subquery()
        newest = sa.select(ranked.c.id).where(ranked.c.number <= EACH_KEPT)
        old = sa.or_(t.c.asked_at < now - KEPT, t.c.id.not_in(newest))
        connection.execute(sa.delete(t).where(t.c.state.not_in(OPEN), old))

    def _require_room(self, connection: sa.Connection, person: str) -> None:
        """Raises `Refused`."""
        own = self._count(connection, t.c.state.in_(OPEN), t.c.person == person)
        if own >= EACH or self._count(connection, t.c.state.in_(OPEN)) >= ALL:
            raise too_many(own >= EACH)

    def _busy(self, connection: sa.Connection) -> bool:
        return self._count(connection, t.c.state == "reckoning", t.c.beat_at >= self._now() - STALE) > 0

    @staticmethod
    def _count(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(t).where(*conditions)
        return int(connection.execute(query).scalar_one())

    def _asked(self, connection: sa.Connection, row: sa.RowMapping) -> Asked:
        """As it stands now: one whose reckoner died has failed, whether that has been written down or not."""
        values = {n: row[n] for n in Asked.model_fields if n in row}
        if row["state"] == "reckoning" and row["beat_at"] < self._now() - STALE:
            values |= {"state": "failed", "problem": DIED}
        if row["state"] == "waiting":
            before = sa.or_(t.c.state == "reckoning", sa.and_(t.c.state == "waiting", t.c.asked_at < row["asked_at"]))
            values["ahead"] = self._count(connection, before)
        return Asked.model_validate(values)


def too_many(own: bool) -> Refused:
    ja = f"同時に尋ねられるのは1人{EACH}件までです" if own else f"順番待ちが{ALL}件あり、これ以上は受けられません"
    en = f"one person has at most {EACH} questions open" if own else f"{ALL} questions wait already"
    return refuse(
        "too-many-questions",
        ja,
        en,
        remedy_ja="答えを待つか、待っている質問を取り消してください",
        remedy_en="wait for an answer, or take one back that waits",
    )
