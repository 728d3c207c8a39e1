"""One write transaction: commands are loaded, decided and gathered; `flush` writes everything, the log's head last.

The head row is shared by all writers and held until the commit is on disk, so it is taken as late as possible.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from domain.calendar import local_day
from domain.directory_stream import STREAM as DIRECTORY
from domain.facts import Facts, Other
from domain.kinds import Kind, Row, plain
from domain.messages import Actor, Command, Event, Frozen, Quote, Recorded, is_reserved, refuse, subject_of
from store import codec
from store.burdens import burdens
from store.errors import Conflict
from store.keys import all_keys, key_for
from store.projection import Keyed, keyed, write_rows
from store.tables import commands, deliveries, events, log_head, person_keys, register_entries, streams
from store.written import rows_of

if TYPE_CHECKING:
    from store.store import Store

CHANNELS = ("inbox", "log")


class Outcome(Frozen):
    """What a command led to: the stream's new version and the types of its events. `duplicate`: it was known already."""

    stream: str
    kind: str
    version: int
    events: tuple[str, ...]
    command_id: str
    duplicate: bool = False
    behind: bool = False
    """The stream was being followed already: whoever recorded a moment before has woken it, and need not do so again."""
    next_due: datetime | None = None
    title: str = ""


@dataclass
class Loaded:
    """A stream as this transaction sees it."""

    kind: Kind[Any]
    state: Any
    version: int
    found: int
    """Version in the database; 0 when the stream is new."""
    last_hash: str
    last_at: datetime | None
    followed: int
    before: Keyed = field(default_factory=dict)
    """Its rows in the read models before this transaction."""


_GET_STREAM = sa.select(streams).where(streams.c.stream == sa.bindparam("s"))
_LOCK_STREAM = _GET_STREAM.with_for_update()
_OTHERS = sa.select(streams).where(streams.c.stream.in_(sa.bindparam("s", expanding=True))).order_by(streams.c.stream)
_THIS_COMMAND = (commands.c.stream == sa.bindparam("s"), commands.c.command_id == sa.bindparam("c"))
# What a command is decided with, in one round trip. Asked once the stream is locked, never together with it: whoever waited
# for the lock must see what the other one wrote.
_CIRCUMSTANCES = sa.select(
    sa.select(commands.c.content_hash).where(*_THIS_COMMAND).scalar_subquery().label("content_hash"),
    sa.select(commands.c.outcome).where(*_THIS_COMMAND).scalar_subquery().label("outcome"),
    sa.select(streams.c.version).where(streams.c.stream == DIRECTORY).scalar_subquery().label("directory"),
    sa.select(person_keys.c.key).where(person_keys.c.person == sa.bindparam("p")).scalar_subquery().label("key"),
)
_QUOTED = (
    sa.select(events, streams.c.kind)
    .join(streams, streams.c.stream == events.c.stream)
    .where(events.c.stream == sa.bindparam("s"), events.c.version == sa.bindparam("v"))
)
_LONGEST_QUOTE = 4000
_LAST_NUMBER = sa.select(sa.func.max(register_entries.c.serial)).where(
    register_entries.c.register == sa.bindparam("r"), register_entries.c.kind == "drafted"
)
_OUTSIDE = sa.select(register_entries.c.stream, register_entries.c.system, register_entries.c.number).where(
    register_entries.c.kind == "outside"
)
_LOCK_REGISTER = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:r, 0))")
_INSERT_STREAM = sa.insert(streams)
_INSERT_EVENTS = sa.insert(events)
_INSERT_COMMANDS = sa.insert(commands)
_INSERT_DELIVERIES = sa.insert(deliveries)
_FRESH = timedelta(seconds=1)
"""So long an earlier wake is trusted to be on its way."""
_UPDATE_STREAM = (
    sa.update(streams)
    .where(streams.c.stream == sa.bindparam("s"), streams.c.version == sa.bindparam("expected"))
    .values({c.name: sa.bindparam(c.name) for c in streams.c if c.name not in ("stream", "kind", "wake_after")})
    .values(wake_after=None)
)
_HEAD = sa.update(log_head).values(position=log_head.c.position + sa.bindparam("n")).returning(log_head.c.position)


class Transaction:
    """Gathers what several commands lead to and writes it at once. Not reusable after `flush`."""

    def __init__(self, store: Store, connection: sa.Connection) -> None:
        self._store = store
        self._connection = connection
        self._streams: dict[str, Loaded] = {}
        self._events: list[Row] = []
        self._commands: list[Row] = []
        self._known: dict[tuple[str, str], tuple[str, Outcome]] = {}
        self._deliveries: list[Row] = []
        self._entries: dict[str, list[Row]] = {}
        self._keys: dict[str, bytes] = {}
        self._numbers: dict[str, int] = {}

    def run(self, command: Command, actor: Actor, expected: int | None = None) -> Outcome:
        """Decide one command and gather its effects. Raises `Refused`; then nothing of it is gathered.

        `expected`: the version that the stream must have (0: it does not exist yet); a known command keeps its outcome.
        """
        content = codec.command_hash(command, actor)
        # The stream is locked first: a duplicate that waited for its twin must find the twin's outcome, not be refused.
        loaded = self._load(command.stream, command.kind)
        asked = {"s": command.stream, "c": command.command_id, "p": actor.person or "system"}
        found = self._connection.execute(_CIRCUMSTANCES, asked).one()
        known = self._stored(command, content, found)
        if known is not None:
            return known
        if expected is not None and loaded.version != expected:
            raise refuse(
                "stream-moved-on",
                f"版 {expected} のつもりですが、今は版 {loaded.version} です",
                f"meant for version {expected}, but it is at version {loaded.version} now",
                remedy_ja="読み直してから行ってください",
                remedy_en="read it again, then decide whether it still holds",
            )
        if found.key is not None:
            self._keys.setdefault(asked["p"], base64.b64decode(found.key))
        facts = self._store.facts(
            loaded.kind.needs(loaded.state, command), connection=self._connection, directory=found.directory or 0
        )
        if referred := loaded.kind.refers(command):
            facts = self._with_others(facts, referred)
        if (asked_for := loaded.kind.governed(command)) is not None:
            facts = self._with_rules(facts, asked_for)
        if loaded.kind.weighs(command):
            facts = facts.model_copy(update={"burdens": burdens(self._connection)})
        now = self._store.clock.now()
        _require_authority(command, actor, facts, now)
        command = self._quoting(command)
        if loaded.last_at is not None and loaded.last_at > now:
            now = loaded.last_at
        facts, register = self._with_documents(loaded, command, facts, now)
        decided = loaded.kind.decide(loaded.state, command, actor, facts, now)
        if register is not None and facts.number is not None:
            self._numbers[register] = facts.number
        behind = loaded.followed < loaded.found and loaded.last_at is not None and now - loaded.last_at < _FRESH
        outcome = self._gather(loaded, command, actor, facts, now, decided)
        self._known[command.stream, command.command_id] = (content, outcome)
        self._commands.append(
            {
                "stream": command.stream,
                "command_id": command.command_id,
                "content_hash": content,
                "outcome": outcome.model_dump_json(exclude={"duplicate", "behind"}),
            }
        )
        return outcome.model_copy(update={"behind": True}) if behind else outcome

    def _quoting(self, command: Command) -> Command:
        """The command with the sealed text that it takes over from an event, as much of it as the field can hold."""
        quote: Quote | None = getattr(command, "quotes", None)
        if quote is None:
            return command
        asked = {"s": quote.stream, "v": quote.version}
        row = self._connection.execute(_QUOTED, asked).mappings().one_or_none()
        if row is None:
            return command
        event = codec.decode(row, self._store.kinds[row["kind"]].events, all_keys(self._connection)).event
        text = getattr(event, quote.field, "")
        if not text or text in (codec.ERASED, codec.UNREADABLE):
            return command
        joined = f"{getattr(command, quote.into)}\n{text}"
        return command.model_copy(update={quote.into: joined[:_LONGEST_QUOTE]})

    def _with_others(self, facts: Facts, referred: Sequence[str]) -> Facts:
        """What the decision may know of other streams, locked until the commit so that it stays true, and named as facts."""
        query = _OTHERS if self._store.database.sqlite else _OTHERS.with_for_update(read=True)
        rows = list(self._connection.execute(query, {"s": sorted(referred)}))
        others = {r.stream: self._other(r) for r in rows}
        versions = {f"stream:{r.stream}": str(r.version) for r in rows}
        return facts.model_copy(update={"others": others, "versions": {**facts.versions, **versions}})

    def _other(self, row: Any) -> Other:
        kind = self._store.kinds[row.kind]
        undecided = kind.undecided(self._store.fold(self._connection, kind, row))
        return Other(
            kind=row.kind,
            title=row.title,
            closed=row.closed,
            undecided=undecided,
            definition=row.process_version or "",
        )

    def _with_rules(self, facts: Facts, reference: str) -> Facts:
        """The published rules of the bodies, and which they are."""
        rules = self._store.rules(reference, connection=self._connection)
        versions = facts.versions if rules is None else {**facts.versions, "rules": rules.reference}
        return facts.model_copy(update={"rules": rules, "versions": versions})

    def _with_documents(
        self, loaded: Loaded, command: Command, facts: Facts, now: datetime
    ) -> tuple[Facts, str | None]:
        """The next number of the register that the command draws from, and whether its outside document is known."""
        register, claims = loaded.kind.draws(loaded.state, command, facts, now), loaded.kind.claims(command)
        if register is not None:
            if register not in self._numbers:
                self._lock(register)
                self._numbers[register] = self._connection.execute(_LAST_NUMBER, {"r": register}).scalar() or 0
            facts = facts.model_copy(update={"number": self._numbers[register] + 1})
        if claims is not None:
            self._lock("/".join(claims))
            # The register keeps what people wrote; decisions made elsewhere are few, and none is to be entered twice.
            known = self._connection.execute(_OUTSIDE)
            found = next((r.stream for r in known if (plain(r.system), plain(r.number)) == claims), None)
            facts = facts.model_copy(update={"claimed": found})
        return facts, register

    def _lock(self, name: str) -> None:
        """Until the commit nobody else draws from this register. On SQLite there is one writer anyway."""
        if not self._store.database.sqlite:
            self._connection.execute(_LOCK_REGISTER, {"r": name})

    def _stored(self, command: Command, content: str, row: Any) -> Outcome | None:
        found = self._known.get((command.stream, command.command_id))
        if found is None:
            if row.outcome is None:
                return None
            found = (row.content_hash, Outcome.model_validate_json(row.outcome))
        if found[0] != content:
            raise refuse(
                "command-id-reused",
                f"コマンドID {command.command_id} は別の内容か別の人で既に使われています",
                f"command id {command.command_id!r} has been used with other content or by someone else",
                remedy_ja="新しいコマンドIDで送ってください",
                remedy_en="send it with a new command id",
            )
        return found[1].model_copy(update={"duplicate": True})

    def _load(self, stream: str, kind_name: str) -> Loaded:
        if stream in self._streams:
            return self._streams[stream]
        kind = self._store.kinds[kind_name]
        query = _GET_STREAM if self._store.database.sqlite else _LOCK_STREAM
        row = self._connection.execute(query, {"s": stream}).one_or_none()
        if row is None:
            loaded = Loaded(kind, kind.initial(stream), 0, 0, codec.NO_HASH, None, 0)
        elif row.kind != kind_name:
            raise refuse(
                "other-kind",
                f"{stream} は {row.kind} です({kind_name} ではありません)",
                f"{stream} is a {row.kind}, not a {kind_name}",
                remedy_ja="ID を確認してください",
                remedy_en="check the id",
            )
        else:
            state = self._store.fold(self._connection, kind, row)
            loaded = Loaded(kind, state, row.version, row.version, row.last_hash, row.last_at, row.followed)
        loaded.before = keyed(kind.view(loaded.state).rows) if loaded.found else {}
        self._streams[stream] = loaded
        return loaded

    def _gather(
        self, loaded: Loaded, command: Command, actor: Actor, facts: Facts, now: datetime, decided: Sequence[Event]
    ) -> Outcome:
        state, version = loaded.state, loaded.version
        actor_text = codec.canonical(actor.model_dump(mode="json"))
        facts_text = codec.canonical(facts.versions)
        rows: list[Row] = []
        for event in decided:
            version += 1
            subject = subject_of(event, actor)
            key: bytes | None = None
            closed = event
            if codec.has_personal_text(event):
                key = self._key(subject)
                closed = codec.without_personal_text(event)
                event = event if key else codec.without_personal_text(event, codec.ERASED)
            recorded = Recorded(
                stream=command.stream,
                version=version,
                position=0,
                event=closed,
                actor=actor,
                occurred_at=now,
                command_id=command.command_id,
            )
            state = loaded.kind.evolve(state, recorded)
            rows.append(
                {
                    "event_id": codec.event_id(command.stream, version),
                    "stream": command.stream,
                    "version": version,
                    "command_id": command.command_id,
                    "type": event.type,
                    "schema_version": event.schema_version,
                    "body": codec.encode(event, key, command.stream, version, subject),
                    "actor": actor_text,
                    "facts": facts_text,
                    "occurred_at": now,
                    "recorded_at": now,
                }
            )
            opened = recorded if closed is event else recorded.model_copy(update={"event": event})
            for table, added in loaded.kind.entries(state, opened).rows.items():
                self._entries.setdefault(table, []).extend(added)
            if texts := rows_of(loaded.kind, opened):
                self._entries.setdefault("written", []).extend(texts)
            self._owe(loaded.kind, state, recorded, rows[-1]["event_id"])
        self._events.extend(rows)
        loaded.state, loaded.version = state, version
        loaded.last_at = now if rows else loaded.last_at
        return Outcome(
            stream=command.stream,
            kind=loaded.kind.name,
            version=version,
            events=tuple(e.type for e in decided),
            command_id=command.command_id,
            next_due=loaded.kind.next_due(state),
            title=_title(state),
        )

    def _key(self, person: str) -> bytes:
        if person not in self._keys:
            self._keys[person] = key_for(self._connection, person, self._store.seed)
        return self._keys[person]

    def _owe(self, kind: Kind[Any], state: Any, recorded: Recorded, event_id: str) -> None:
        seen: set[str] = set()
        for notice in kind.notices(state, recorded):
            recipient = f"post:{notice.post}" if notice.post else f"person:{notice.person}"
            if recipient in seen:
                continue
            seen.add(recipient)
            for channel in CHANNELS:
                self._deliveries.append(
                    {
                        "event_id": event_id,
                        "recipient": recipient,
                        "channel": channel,
                        "stream": recorded.stream,
                        "subject_ja": notice.subject.ja,
                        "subject_en": notice.subject.en,
                        "digest": "immediate",
                        "state": "pending",
                        "attempts": 0,
                        "created_at": recorded.occurred_at,
                        "sent_at": None,
                        "not_before": None,
                        "problem": None,
                    }
                )

    def flush(self) -> None:
        """Write everything gathered. Raises `Conflict` when another writer was first."""
        with self._store.database.together(self._connection):
            write_rows(
                self._connection,
                [(s.before, keyed(s.kind.view(s.state).rows)) for s in self._streams.values() if s.version != s.found],
                self._entries,
            )
            if self._deliveries:
                self._connection.execute(_INSERT_DELIVERIES, self._deliveries)
            if self._commands:
                self._connection.execute(_INSERT_COMMANDS, self._commands)
        if self._events:
            self._take_places()
        with self._store.database.together(self._connection):
            if self._events:
                self._connection.execute(_INSERT_EVENTS, self._events)
            self._write_streams()

    def _take_places(self) -> None:
        """Positions and hashes, from the log's head: from here until the commit all other writers wait."""
        head = self._connection.execute(_HEAD, {"n": len(self._events)}).scalar_one()
        position = head - len(self._events)
        for row in self._events:
            position += 1
            loaded = self._streams[row["stream"]]
            row["position"] = position
            row["previous_hash"] = loaded.last_hash
            row["hash"] = loaded.last_hash = codec.row_hash(row)

    def _write_streams(self) -> None:
        new: list[Row] = []
        changed: list[Row] = []
        for stream, loaded in self._streams.items():
            if loaded.version == loaded.found:
                continue
            assert loaded.last_at is not None
            values = {
                **stream_columns(loaded.kind, loaded.state, loaded.version, loaded.last_hash, loaded.last_at),
                "followed": loaded.followed if loaded.kind.workflow else loaded.version,
            }
            if loaded.found == 0:
                new.append({**values, "stream": stream, "kind": loaded.kind.name, "wake_after": None})
            else:
                changed.append({**values, "s": stream, "expected": loaded.found})
        if new:
            self._connection.execute(_INSERT_STREAM, new)
        if changed:
            count = self._connection.execute(_UPDATE_STREAM, changed).rowcount
            # On PostgreSQL nobody counts yet (`together`), and nobody can have come between: the rows are locked since `_load`.
            if self._store.database.sqlite and count != len(changed):
                raise Conflict(", ".join(row["s"] for row in changed))


def stream_columns(kind: Kind[Any], state: Any, version: int, last_hash: str, last_at: datetime) -> Row:
    """The columns of `streams` that follow from a stream's events."""
    return {
        "version": version,
        "next_due": kind.next_due(state),
        "closed": kind.closed(state),
        "state": state.model_dump_json(),
        "state_version": version,
        "fold_version": kind.fold_version,
        "process_version": kind.definition_of(state),
        "last_hash": last_hash,
        "last_at": last_at,
        "title": _title(state),
    }


def _title(state: Any) -> str:
    return str(getattr(state, "title", "") or getattr(state, "name", "") or "")


def _require_authority(command: Command, actor: Actor, facts: Facts, now: datetime) -> None:
    """Checked on every way in: the engine never decides for a person, a person never plays the engine."""
    if command.system_only and not actor.is_system:
        raise refuse(
            "system-only",
            f"{command.type} は職員からは受け付けません",
            f"{command.type} is not taken from a person",
            remedy_ja="何もする必要はありません",
            remedy_en="nothing needs to be done",
        )
    claimed = [n for n in command.engine_only if getattr(command, n) != type(command).model_fields[n].get_default()]
    if claimed and not actor.is_system:
        raise refuse(
            "engine-only",
            f"{claimed[0]}: システムだけが入れる項目です",
            f"{claimed[0]}: only the engine fills this in",
            remedy_ja="この項目を省いてください",
            remedy_en="leave it out",
        )
    if not actor.is_system and is_reserved(command.command_id):
        raise refuse(
            "command-id-reserved",
            f"command_id: {command.command_id} はシステムが使う識別子です",
            f"command_id: {command.command_id} is an id that the engine gives by itself",
            remedy_ja="別の識別子(API では Idempotency-Key)にしてください",
            remedy_en="choose another (in the API: another Idempotency-Key)",
        )
    person = None if actor.person is None else facts.directory.person(actor.person)
    if (actor.is_system and not (command.system_only or command.system_may)) or (
        person is not None and (person.service or person.auditor)
    ):
        raise refuse(
            "service-cannot-decide",
            "システム・サービス・監査の身分では決定も起案もできません",
            "the system, a service identity or an auditor can neither decide nor draft",
            remedy_ja="権限のある職員として行ってください",
            remedy_en="act as a person who has the authority",
        )
    if person is not None and facts.directory.has_left(person.id, local_day(now)):
        raise refuse(
            "not-in-office",
            f"{person.id} は今どの職にもありません",
            f"{person.id} holds no post today",
            remedy_ja="職にある者が行うか、名簿に就任を記録してください",
            remedy_en="let somebody in office do it, or record in the directory which post they took",
        )
