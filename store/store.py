"""The store: `record` and what workflows, shells and pages read. Synchronous; call it from threads where a loop runs."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from domain.bodies import BodyRules
from domain.bodies_stream import STREAM as BODIES
from domain.directory import Directory
from domain.directory_stream import STREAM as DIRECTORY
from domain.facts import Facts
from domain.kinds import Kind
from domain.messages import SYSTEM, Actor, Command, Plan, Recorded, Refused, Text
from domain.process import ProcessDefinition
from domain.registry import KINDS
from store import codec
from store.calendars import calendar, fiscal_calendar
from store.clock import Clock
from store.engine import Database, lost_a_race
from store.errors import Conflict, StoreError, StoreNotReady, StoreVirtual
from store.keys import all_keys, erase_key
from store.migrate import current, head, known, newer, upgrade
from store.tables import (
    commands,
    definitions,
    events,
    meta,
    moment_text,
    notice_choices,
    people,
    refused,
    streams,
    web_accounts,
    web_identities,
    web_invitations,
    web_keys,
    web_sessions,
    written,
)
from store.transaction import Outcome, Transaction

ATTEMPTS = 5
T = TypeVar("T")
_STREAM = sa.select(streams).where(streams.c.stream == sa.bindparam("s"))
_FRESH = (
    sa.select(events)
    .where(
        events.c.stream == sa.bindparam("s"),
        events.c.version > sa.bindparam("after"),
        events.c.version <= sa.bindparam("to"),
    )
    .order_by(events.c.version)
)
_ADVANCE = (
    sa.update(streams)
    .where(streams.c.stream == sa.bindparam("s"), streams.c.followed < sa.bindparam("to"))
    .where(streams.c.version >= sa.bindparam("to"))
    .values(followed=sa.bindparam("to"), wake_after=None)
)
_BEHIND = sa.select(streams.c.version).where(
    streams.c.stream == sa.bindparam("s"), streams.c.followed < streams.c.version
)
_DIRECTORY_VERSION = sa.select(streams.c.version).where(streams.c.stream == DIRECTORY)


_OF_PERSON: tuple[sa.Column[Any], ...] = (
    written.c.of,
    web_accounts.c.person,
    web_sessions.c.person,
    web_invitations.c.person,
    web_identities.c.person,
    web_keys.c.person,
    notice_choices.c.person,
)
"""Rows that go with a person's key."""


class Store:
    """An open event store. Thread-safe. Make one with `Store.open` or `Store.create`."""

    def __init__(
        self,
        database: Database,
        stamped: Mapping[str, str],
        kinds: Mapping[str, Kind[Any]],
        closed_days: tuple[date, ...],
    ) -> None:
        self.database = database
        self.kinds = kinds
        self.clock = Clock.of(database, dict(stamped))
        self.seed = stamped.get("seed") if self.clock.virtual else None
        self._closed_days = closed_days
        self._directory: tuple[int, Directory] = (0, Directory())
        self._facts: dict[tuple[int, str | None], Facts] = {}

    @classmethod
    def open(
        cls,
        url: str,
        *,
        kinds: Mapping[str, Kind[Any]] = KINDS,
        closed_days: Sequence[date] = (),
        _rebuilding: bool = False,
    ) -> Store:
        """Open an existing, migrated store. Raises `StoreUnreachable` or `StoreNotReady`."""
        database = Database(url)
        found = current(database)
        if found != head():
            database.close()
            if found is not None and not known(found):
                raise newer(database, found)
            raise StoreNotReady(
                f"{database.shown}: データベースの版が {found or '空'} です(必要 {head()})。`./taskforce migrate` を実行してください / "
                f"the database is at version {found or 'none'}, this program needs {head()}; run `./taskforce migrate`"
            )
        with database.read() as connection:
            stamped = {row.key: row.value for row in connection.execute(sa.select(meta))}
        if "rebuild" in stamped and not _rebuilding:
            database.close()
            raise StoreNotReady(
                f"{database.shown}: 一覧などの作り直しが済んでいません。`./taskforce migrate` を実行してください / "
                "the read models are to be made again; run `./taskforce migrate`"
            )
        if stamped.get("clock") == "virtual":
            database.relax()
        return cls(database, stamped, kinds, tuple(closed_days))

    @classmethod
    def create(
        cls,
        url: str,
        *,
        clock: str = "real",
        seed: str | None = None,
        start: datetime | None = None,
        kinds: Mapping[str, Kind[Any]] = KINDS,
        closed_days: Sequence[date] = (),
    ) -> Store:
        """Migrate the database and open it. A new one is stamped with its clock (and seed and start, when virtual).

        Read models that a migration made anew are filled from the events before the store can be used.
        """
        upgrade(url)
        database = Database(url)
        stamp = {"clock": clock, "created_at": moment_text(start or datetime.now(UTC))}
        if clock == "virtual":
            stamp |= {"seed": seed or "0", "virtual_now": moment_text(start or datetime.now(UTC))}
        try:
            with database.write() as connection:
                there = {row.key: row.value for row in connection.execute(sa.select(meta))}
                if "clock" not in there:
                    connection.execute(sa.insert(meta), [{"key": k, "value": v} for k, v in stamp.items()])
                elif there["clock"] != clock:
                    raise StoreVirtual(
                        f"{database.shown}: 時計が {there['clock']} のデータベースです。別のデータベースを使ってください / "
                        f"this store has a {there['clock']} clock; use another database"
                    )
        finally:
            database.close()
        if "rebuild" in there:
            cls._fill(url, kinds)
        return cls.open(url, kinds=kinds, closed_days=closed_days)

    @classmethod
    def migrated(cls, url: str, *, closed_days: Sequence[date] = ()) -> Store:
        """Bring a store to the newest version, whatever its clock, and open it; an empty database becomes a new store."""
        upgrade(url)
        database = Database(url)
        try:
            with database.read() as connection:
                there = {row.key: row.value for row in connection.execute(sa.select(meta))}
        finally:
            database.close()
        if "clock" not in there:
            return cls.create(url, closed_days=closed_days)
        if "rebuild" in there:
            cls._fill(url, KINDS)
        return cls.open(url, closed_days=closed_days)

    @classmethod
    def _fill(cls, url: str, kinds: Mapping[str, Kind[Any]]) -> None:
        from store.rebuild import rebuild

        store = cls.open(url, kinds=kinds, _rebuilding=True)
        try:
            rebuild(store)
            with store.database.write() as connection:
                connection.execute(sa.delete(meta).where(meta.c.key == "rebuild"))
        finally:
            store.close()

    def close(self) -> None:
        self.database.close()

    # --- writing -----------------------------------------------------------------------------------------------------

    def record(self, command: Command, actor: Actor, expected: int | None = None) -> Outcome:
        """The one function through which all state changes. Returns the outcome, the stored one for a known command id.

        `expected`: the version that the stream must have, for callers that decided on what they read.
        Raises `Refused` (kept in `refused`, outside the streams), `Conflict` after 5 attempts, `StoreUnreachable`.
        """
        result = self.record_many([(command, actor)], expected)[0]
        if isinstance(result, Refused):
            raise result
        return result

    def record_many(
        self, batch: Sequence[tuple[Command, Actor]], expected: int | None = None
    ) -> list[Outcome | Refused]:
        """Several commands in one transaction, each refused alone. Order is kept within a stream."""

        def attempt() -> list[Outcome | Refused]:
            results: list[Outcome | Refused] = [None] * len(batch)  # type: ignore[list-item]
            # Streams are locked in one order, so that groups of two processes never wait for each other.
            order = sorted(range(len(batch)), key=lambda i: batch[i][0].stream)
            with self.database.write() as connection:
                transaction = Transaction(self, connection)
                for i in order:
                    try:
                        results[i] = transaction.run(*batch[i], expected)
                    except Refused as refusal:
                        results[i] = refusal
                transaction.flush()
            return results

        results = self._retrying(attempt)
        self._keep_refusals(
            [
                (command, actor, result)
                for (command, actor), result in zip(batch, results, strict=True)
                if isinstance(result, Refused) and not actor.is_system
            ]
        )
        return results

    def record_due(self, stream: str) -> list[Outcome | Refused]:
        """Record the moments of a stream that have passed (`DeadlinePassed`), like anyone else."""
        found = self._row(stream)
        if found is None:
            return []
        kind, state, _ = found
        results: list[Outcome | Refused] = []
        for command in kind.due_commands(state, self.clock.now()):
            try:
                results.append(self.record(command, SYSTEM))
            except Refused as refusal:
                results.append(refusal)
        return results

    def _retrying(self, attempt: Callable[[], T]) -> T:
        for number in range(ATTEMPTS):
            try:
                return attempt()
            except (Conflict, sa.exc.DBAPIError) as error:
                if not isinstance(error, Conflict) and not lost_a_race(error):
                    raise
                if number == ATTEMPTS - 1:
                    raise Conflict(
                        f"他の書き込みと重なり続けました。もう一度行ってください / other writers were first {ATTEMPTS} times "
                        f"({type(error).__name__}); try again"
                    ) from error
                time.sleep(random.uniform(0.002, 0.02) * (number + 1))
        raise AssertionError("unreachable")

    def _keep_refusals(self, turned_down: Sequence[tuple[Command, Actor, Refused]]) -> None:
        """Best effort, in a transaction of its own: a refusal is an answer even when it cannot be noted down."""
        rows = [
            {
                "at": self.clock.now(),
                "stream": command.stream,
                "command_type": command.type,
                "actor": codec.canonical(actor.model_dump(mode="json")),
                "rule": refusal.refusal.rule,
                "message": refusal.refusal.message.en,
                "message_ja": refusal.refusal.message.ja,
            }
            for command, actor, refusal in turned_down
        ]
        if rows:
            with suppress(sa.exc.SQLAlchemyError, StoreError), self.database.write() as connection:
                connection.execute(sa.insert(refused), rows)

    def note_refused(self, command: Command, actor: Actor, refusal: Refused) -> None:
        """Keep an attempt that was refused before it came to `record` (an answer without a valid signature)."""
        self._keep_refusals([(command, actor, refusal)])

    def note_attempt(self, what: str, actor: Actor, rule: str, message: Text, stream: str = "") -> None:
        """Keep an attempt that never became a command: by a person who is not known, or on something that is not there."""
        row = {
            "at": self.clock.now(),
            "stream": stream,
            "command_type": what,
            "actor": codec.canonical(actor.model_dump(mode="json")),
            "rule": rule,
            "message": message.en,
            "message_ja": message.ja,
        }
        with suppress(sa.exc.SQLAlchemyError, StoreError), self.database.write() as connection:
            connection.execute(sa.insert(refused), [row])

    def erase_person(self, person: str) -> None:
        """Erase a person's key and name, what search holds of their texts, and all by which they sign in: sealed texts become
        unreadable, the hash chain stays whole.

        On SQLite the bytes leave the file as well; on PostgreSQL they leave with the next vacuum, and everywhere with the
        backups. Nothing brings them back, and what the person writes from now on is stored as erased.
        """
        with self.database.write() as connection:
            if self.database.sqlite:
                connection.exec_driver_sql("PRAGMA secure_delete=ON")  # freed pages are overwritten with zeros
            else:
                connection.execute(
                    sa.text("LOCK TABLE streams IN ROW SHARE MODE")
                )  # one after the other with `rebuild`
            erase_key(connection, person)
            for column in _OF_PERSON:
                connection.execute(sa.delete(column.table).where(column == person))
            for column in (people.c.name, people.c.name_en, people.c.email):
                there = sa.update(people).where(people.c.person == person, column != "")
                connection.execute(there.values({column.name: codec.ERASED}))
        self.database.forget()

    # --- following ---------------------------------------------------------------------------------------------------

    def follow(self, stream: str) -> Plan:
        """What follows from the events not followed yet. A plan without effects has been advanced already."""
        while True:
            plan, behind = self._plan(stream)
            if plan.effects or not behind or not self.catch_up(stream, plan.to):
                return plan

    def _plan(self, stream: str) -> tuple[Plan, bool]:
        """The plan, and whether there is anything in it that was not followed yet."""
        with self.database.read() as connection:
            row = connection.execute(_STREAM, {"s": stream}).one()
            kind = self.kinds[row.kind]
            state = self.fold(connection, kind, row)
            fresh = [
                codec.decode(r, kind.events, None)
                for r in connection.execute(_FRESH, {"s": stream, "after": row.followed, "to": row.version}).mappings()
            ]
            facts = self.facts(kind.definition_of(state), connection=connection)
        plan = kind.react(state, fresh, facts).model_copy(update={"to": row.version})
        if self.clock.virtual:
            plan = plan.model_copy(update={"next_due": None})  # in a rehearsal the conductor keeps the time
        return plan, row.followed < row.version

    def advance(self, stream: str, to: int) -> bool:
        """Move `followed` up to `to`; False when it is there already, or when the stream has no such version."""
        with self.database.write() as connection:
            return connection.execute(_ADVANCE, {"s": stream, "to": to}).rowcount == 1

    def catch_up(self, stream: str, to: int) -> bool:
        """`advance`; True when the stream has gone on meanwhile, so that there is more to follow.

        Both in one transaction: whoever records after it finds the stream followed, and wakes it (`Outcome.behind`).
        """
        with self.database.write() as connection:
            connection.execute(_ADVANCE, {"s": stream, "to": to})
            return connection.execute(_BEHIND, {"s": stream}).scalar() is not None

    def behind(self, grace: timedelta = timedelta(seconds=5), limit: int = 500) -> list[tuple[str, str, str]]:
        """(kind, stream, title) of streams to be woken: not followed to their end, or open and overdue by `grace`."""
        now = self.clock.now()
        overdue = sa.and_(streams.c.closed.is_(False), streams.c.next_due < now - grace)
        if self.clock.virtual:
            overdue = sa.false()
        query = (
            sa.select(streams.c.kind, streams.c.stream, streams.c.title)
            .where(sa.or_(streams.c.followed < streams.c.version, overdue))
            .where(sa.or_(streams.c.wake_after.is_(None), streams.c.wake_after < now))
            .order_by(streams.c.stream)
            .limit(limit)
        )
        return self._with_workflow(query)

    def open_streams(self) -> list[tuple[str, str, str]]:
        """(kind, stream, title) of all open streams that have a workflow."""
        query = sa.select(streams.c.kind, streams.c.stream, streams.c.title)
        unfinished = sa.or_(streams.c.closed.is_(False), streams.c.followed < streams.c.version)
        return self._with_workflow(query.where(unfinished).order_by(streams.c.stream))

    def unfollowed(self, among: Sequence[str] | None = None) -> list[str]:
        """Streams whose events have not all been followed."""
        query = sa.select(streams.c.stream).where(streams.c.followed < streams.c.version)
        if among is not None:
            query = query.where(streams.c.stream.in_(among))
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(streams.c.stream)).scalars())

    def postpone(self, stream: str, until: datetime) -> None:
        """The relay leaves the stream alone until then."""
        with self.database.write() as connection:
            connection.execute(sa.update(streams).where(streams.c.stream == stream).values(wake_after=until))

    def _with_workflow(self, query: sa.Select[Any]) -> list[tuple[str, str, str]]:
        named = [k.name for k in self.kinds.values() if k.workflow]
        with self.database.read() as connection:
            return [(r.kind, r.stream, r.title) for r in connection.execute(query.where(streams.c.kind.in_(named)))]

    # --- reading -----------------------------------------------------------------------------------------------------

    def load(self, stream: str) -> tuple[Any, int]:
        """State and version of a stream. Raises `LookupError` when there is none."""
        found = self._row(stream)
        if found is None:
            raise LookupError(stream)
        return found[1], found[2]

    def kind_of(self, stream: str) -> Kind[Any]:
        """The kind of a stream. Raises `LookupError` when there is none."""
        query = sa.select(streams.c.kind).where(streams.c.stream == stream)
        with self.database.read() as connection:
            found = connection.execute(query).scalar()
        if found is None:
            raise LookupError(stream)
        return self.kinds[found]

    def knows(self, stream: str, command_id: str) -> bool:
        """Whether a command has been recorded on a stream."""
        query = sa.select(commands.c.stream).where(commands.c.stream == stream, commands.c.command_id == command_id)
        with self.database.read() as connection:
            return connection.execute(query).first() is not None

    def same(self, command: Command) -> bool | None:
        """Whether what is recorded under the command's id is this very command, whoever gave it; None when nothing is."""
        mine = (commands.c.stream == command.stream) & (commands.c.command_id == command.command_id)
        given = (events.c.stream == commands.c.stream) & (events.c.command_id == commands.c.command_id)
        query = sa.select(commands.c.content_hash, events.c.actor).join(events, given).where(mine)
        with self.database.read() as connection:
            found = connection.execute(query.order_by(events.c.version).limit(1)).first()
        return None if found is None else found[0] == codec.command_hash(command, codec.actor(found[1]))

    def events(
        self, stream: str, after: int = 0, *, most: int | None = None, open_texts: bool = True
    ) -> list[Recorded]:
        """The events of a stream behind version `after` (the first so many), sealed texts opened unless told otherwise."""
        with self.database.read() as connection:
            rows = connection.execute(
                sa.select(events, streams.c.kind)
                .join(streams, streams.c.stream == events.c.stream)
                .where(events.c.stream == stream, events.c.version > after)
                .order_by(events.c.version)
                .limit(most)
            ).mappings()
            found = list(rows)
            keys = all_keys(connection) if open_texts and found else None
        return [codec.decode(r, self.kinds[r["kind"]].events, keys) for r in found]

    def facts(
        self, definition: str | None = None, *, connection: sa.Connection | None = None, directory: int | None = None
    ) -> Facts:
        """The directory of now, the calendar, and a published definition (`name@version`). Cached by their versions.

        `directory` is its version, when the caller has just read it on `connection`.
        """
        if connection is None:
            with self.database.read() as own:
                return self.facts(definition, connection=own)
        version, people = self._directory_now(connection, directory)
        cached = self._facts.get((version, definition))
        if cached is not None:
            return cached
        days = calendar(self._closed_days)
        document = self._definition(definition, connection)
        fiscal = fiscal_calendar()
        versions = {"directory": str(version), "calendar": days.version, "fiscal": fiscal.reference}
        if document is not None:
            versions["definition"] = document.reference
        facts = Facts(directory=people, calendar=days, definition=document, fiscal=fiscal, versions=versions)
        if document is not None or definition is None:
            self._facts[version, definition] = facts
        return facts

    def rules(self, reference: str = "", *, connection: sa.Connection | None = None) -> BodyRules | None:
        """The published rules of the bodies by their reference (`name@version`), without one those that hold now; None: none."""
        if connection is None:
            with self.database.read() as own:
                return self.rules(reference, connection=own)
        row = connection.execute(_STREAM, {"s": BODIES}).one_or_none()
        if row is None:
            return None
        found: BodyRules | None = self.fold(connection, self.kinds[row.kind], row).find(reference)
        return found

    def fold(self, connection: sa.Connection, kind: Kind[Any], row: Any) -> Any:
        """The state of a stream's row: its snapshot, or a new fold when the snapshot is of other code or behind."""
        if row.fold_version == kind.fold_version and row.state_version == row.version:
            return kind.state_type.model_validate_json(row.state)
        state = kind.initial(row.stream)
        query = (
            sa.select(events)
            .where(events.c.stream == row.stream, events.c.version <= row.version)
            .order_by(events.c.version)
        )
        for found in connection.execute(query).mappings():
            state = kind.evolve(state, codec.decode(found, kind.events, None))
        return state

    def _row(self, stream: str) -> tuple[Kind[Any], Any, int] | None:
        with self.database.read() as connection:
            row = connection.execute(_STREAM, {"s": stream}).one_or_none()
            if row is None:
                return None
            kind = self.kinds[row.kind]
            return kind, self.fold(connection, kind, row), row.version

    def _directory_now(self, connection: sa.Connection, version: int | None) -> tuple[int, Directory]:
        """The directory with the version it was folded from, both of one row: another writer may have been between."""
        held = self._directory
        if version is None:
            version = connection.execute(_DIRECTORY_VERSION).scalar() or 0
        if held[0] != version and DIRECTORY in self.kinds:
            row = connection.execute(_STREAM, {"s": DIRECTORY}).one()
            held = (row.version, self.fold(connection, self.kinds[DIRECTORY], row).directory)
            self._directory = held
            self._facts = {}  # of former directories
        return held

    def _definition(self, reference: str | None, connection: sa.Connection) -> ProcessDefinition | None:
        if reference is None:
            return None
        name, _, version = reference.partition("@")
        if not version.isdigit():
            return None
        query = sa.select(definitions.c.document).where(
            definitions.c.name == name, definitions.c.version == int(version)
        )
        document = connection.execute(query).scalar()
        return None if document is None else ProcessDefinition.model_validate(document)
