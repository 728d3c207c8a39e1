"""Is the record whole? Hash chains, gapless places, snapshots, outcomes, read models, and sealed checkpoints."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from domain.kinds import Kind, Row
from domain.messages import Frozen
from store import codec
from store.replay import Replayed, Unreadable, keys_of, rare_collection, replay
from store.store import Store
from store.tables import READ_MODELS, checkpoints, commands, events, log_head, parse_moment, streams
from store.transaction import stream_columns

MOST = 200
"""Problems reported at most; one is enough to know."""
HASHES_AT_ONCE = 5000
Tables = dict[str, dict[tuple[Any, ...], Row]]
"""Table -> key -> row."""
SHARED = tuple(name for name, table in READ_MODELS.items() if "stream" not in table.c)
"""Read models without a stream's id in their rows: people and definitions. Small, so compared as a whole."""


class Report(Frozen):
    """`problems` are sentences; the record is whole when there are none."""

    ok: bool
    streams: int
    events: int
    head: dict[str, int]
    problems: tuple[str, ...]


def verify(store: Store, *, key: bytes | None = None, progress: Callable[[int], None] = lambda _: None) -> Report:
    """Read the whole log and compare everything derived with it, in bounded memory and on one snapshot of the database.

    `key` also checks the signatures of checkpoints. `progress` is told the number of events read so far.
    """
    problems: list[str] = []
    total = 0
    shared: Tables = {name: {} for name in SHARED}
    with rare_collection(), store.database.read() as connection:
        problems += _positions(connection)
        problems += _checkpoints(connection, key)
        keys = keys_of(connection)
        for chunk in replay(store, connection):
            total += sum(len(r.rows) for r in chunk)
            problems += _chunk(connection, chunk, keys, shared)
            progress(total)
        for name in SHARED:
            problems += _compare_rows(name, connection.execute(sa.select(READ_MODELS[name])).mappings(), shared[name])
        problems += _orphans(connection)
        count = int(connection.execute(sa.select(sa.func.count()).select_from(streams)).scalar_one())
        position = int(connection.execute(sa.select(log_head.c.position)).scalar() or 0)
    return Report(
        ok=not problems, streams=count, events=total, head={"position": position}, problems=tuple(problems[:MOST])
    )


def _positions(connection: sa.Connection) -> list[str]:
    count, low, high = connection.execute(
        sa.select(sa.func.count(), sa.func.min(events.c.position), sa.func.max(events.c.position))
    ).one()
    head = connection.execute(sa.select(log_head.c.position)).scalar()
    if count and (low != 1 or high != count):
        return [f"位置に欠けがあります / positions have gaps: {count} events between {low} and {high}"]
    if (head or 0) != count:
        return [f"末尾 {head} と事象数 {count} が合いません / the log's head {head} does not match its {count} events"]
    return []


def _chunk(connection: sa.Connection, chunk: list[Replayed], keys: codec.Keys, shared: Tables) -> Iterable[str]:
    """The problems of some streams. Rows of tables shared by several streams are only gathered, in `shared`."""
    names = [r.stream for r in chunk]
    stored = {r["stream"]: dict(r) for r in connection.execute(_of(streams, names)).mappings()}
    outcomes: dict[str, dict[str, Row]] = {name: {} for name in names}
    for row in connection.execute(_of(commands, names)):
        outcomes[row.stream][row.command_id] = json.loads(row.outcome)
    expected: Tables = {name: {} for name in READ_MODELS}
    folded = []
    for replayed in chunk:
        yield from _chain(replayed)
        yield from _outcomes(replayed, outcomes[replayed.stream])
        try:
            kind = replayed.fold(keys)
            yield from _snapshot(replayed, kind, stored.get(replayed.stream))
            _collect(expected, replayed)
            folded.append(replayed.stream)
        except Unreadable as error:
            yield str(error)
    for name, table in READ_MODELS.items():
        if name in shared:
            shared[name] |= expected[name]
        else:
            yield from _compare_rows(name, connection.execute(_of(table, folded)).mappings(), expected[name])


def _of(table: sa.Table, names: Sequence[str]) -> sa.Select[Any]:
    return sa.select(table).where(table.c.stream.in_(names))


def _collect(expected: Tables, replayed: Replayed) -> None:
    for table, added in replayed.rows_now().items():
        for row in added:
            expected[table][tuple(row[c.name] for c in READ_MODELS[table].primary_key)] = row


def _chain(replayed: Replayed) -> Iterable[str]:
    previous = codec.NO_HASH
    for number, row in enumerate(replayed.rows, start=1):
        place = f"{replayed.stream}/{row['version']}"
        if row["version"] != number:
            yield f"{place}: 版に欠けがあります / versions have a gap (expected {number})"
            return
        if row["event_id"] != codec.event_id(row["stream"], row["version"]):
            yield f"{place}: 事象IDが違います / the event id is wrong"
        if row["previous_hash"] != previous:
            yield f"{place}: 鎖が切れています / the hash chain is broken"
        if row["hash"] != codec.row_hash(row):
            yield f"{place}: 内容が改められています / the event was changed after it was recorded"
        previous = row["hash"]


def _outcomes(replayed: Replayed, stored: dict[str, Row]) -> Iterable[str]:
    given: dict[str, list[Row]] = {}
    for row in replayed.rows:
        given.setdefault(row["command_id"], []).append(row)
    for command, rows in given.items():
        outcome = stored.pop(command, None)
        if outcome is None:
            yield f"{replayed.stream}: コマンド {command} の結果がありません / the outcome of a command is gone"
        elif (outcome["events"], outcome["version"]) != ([r["type"] for r in rows], rows[-1]["version"]):
            yield f"{replayed.stream}: コマンド {command} の結果が事象と合いません / the outcome of a command differs from its events"
    for command, outcome in stored.items():
        if outcome["events"]:
            yield f"{replayed.stream}: コマンド {command} の事象がありません / the events of a command are gone"


def _snapshot(replayed: Replayed, kind: Kind[Any], stored: Row | None) -> Iterable[str]:
    stream, last = replayed.stream, replayed.rows[-1]
    if stored is None:
        yield f"{stream}: streams に行がありません / no row in streams"
        return
    should = stream_columns(kind, replayed.state, replayed.version, last["hash"], parse_moment(last["occurred_at"]))
    should["kind"] = kind.name
    state = should.pop("state")
    if (stored["fold_version"], stored["state_version"]) == (kind.fold_version, stored["version"]):
        try:
            same = kind.state_type.model_validate_json(stored["state"]) == kind.state_type.model_validate_json(state)
        except ValueError:
            same = False
        if not same:
            yield f"{stream}: スナップショットが違います / the snapshot differs from the fold"
    for column in ("version", "kind", "last_hash", "last_at", "closed", "next_due", "process_version", "title"):
        if stored[column] != should[column]:
            yield f"{stream}: {column} が事象と違います / {column} differs from the fold: {stored[column]}"
    if stored["followed"] > replayed.version:
        yield f"{stream}: followed が版を超えています / followed is beyond the version"


def _compare_rows(name: str, stored: Iterable[Mapping[Any, Any]], wanted: dict[tuple[Any, ...], Row]) -> Iterable[str]:
    columns = [c.name for c in READ_MODELS[name].c]
    key = [c.name for c in READ_MODELS[name].primary_key]
    for row in stored:
        place = tuple(row[c] for c in key)
        should = wanted.pop(place, None)
        if should is None:
            yield f"{name} {place}: 事象にない行 / a row without events"
        elif differing := [c for c in columns if row[c] != should.get(c)]:
            yield f"{name} {place}: 事象と違う列 / columns differ from the fold: {', '.join(differing)}"
    yield from (f"{name} {place}: 行がありません / a row is missing" for place in wanted)


def _orphans(connection: sa.Connection) -> Iterable[str]:
    """Rows of streams that have no events at all."""
    for table in (streams, *(t for n, t in READ_MODELS.items() if n not in SHARED)):
        nothing = ~sa.exists().where(events.c.stream == table.c.stream)
        for stream in connection.execute(sa.select(table.c.stream).where(nothing).distinct()).scalars():
            yield f"{table.name} {stream}: 事象のない流れの行 / a row of a stream without events"
    nothing = ~sa.exists().where(events.c.stream == commands.c.stream)
    for row in connection.execute(sa.select(commands).where(nothing)):
        if json.loads(row.outcome)["events"]:
            yield f"{row.stream}: コマンド {row.command_id} の事象がありません / the events of a command are gone"


# --- checkpoints ---------------------------------------------------------------------------------------------------------


class MerkleLog:
    """A Merkle root over a growing list of hashes (sha256 over pairs, an odd one is carried up), in logarithmic memory."""

    def __init__(self) -> None:
        self.size = 0
        self._whole: list[bytes] = []
        """Roots of the whole subtrees, the largest first."""

    def add(self, hash_: str) -> None:
        """Append a leaf, given in hexadecimal."""
        node = bytes.fromhex(hash_)
        at = self.size
        while at & 1:
            node = hashlib.sha256(self._whole.pop() + node).digest()
            at >>= 1
        self._whole.append(node)
        self.size += 1

    def root(self) -> str:
        if not self._whole:
            return codec.NO_HASH
        node = self._whole[-1]
        for left in reversed(self._whole[:-1]):
            node = hashlib.sha256(left + node).digest()
        return node.hex()


def seal(store: Store, key: bytes) -> dict[str, Any]:
    """Seal the log up to its head. Returns position, root and signature, to be kept elsewhere: they prove that nothing was
    cut off or redone. Sealing twice at the same place gives the same."""
    with store.database.read() as connection:
        log = MerkleLog()
        for _ in _grow(connection, log):
            pass
        there = sa.select(checkpoints.c.position).where(checkpoints.c.position == log.size)
        sealed = connection.execute(there).scalar() is not None
    root = log.root()
    row: dict[str, Any] = {"position": log.size, "root": root, "signature": _sign(key, log.size, root)}
    if not sealed:
        # Another process may have sealed the same place meanwhile.
        with suppress(sa.exc.IntegrityError), store.database.write() as connection:
            connection.execute(sa.insert(checkpoints), {**row, "sealed_at": store.clock.now()})
    return row


def check_exported(store: Store, exported: dict[str, Any], key: bytes) -> list[str]:
    """Compare a checkpoint kept elsewhere with the log as it is now. The problems, none when all is well."""
    with store.database.read() as connection:
        sealed = (int(exported["position"]), str(exported["root"]), str(exported["signature"]))
        return list(_compare_seals(connection, [sealed], key))


def _checkpoints(connection: sa.Connection, key: bytes | None) -> Iterable[str]:
    query = sa.select(checkpoints).order_by(checkpoints.c.position)
    return _compare_seals(connection, [(r.position, r.root, r.signature) for r in connection.execute(query)], key)


def _compare_seals(connection: sa.Connection, seals: list[tuple[int, str, str]], key: bytes | None) -> Iterable[str]:
    """One walk over the log for all seals, which are in the order of their positions."""
    log = MerkleLog()
    walk = _grow(connection, log)
    for position, root, signature in seals:
        while log.size < position and next(walk, False):
            pass
        if log.size < position:
            yield f"封印 {position}: 記録の末尾が切られています / checkpoint {position}: the log has been cut to {log.size} events"
        elif log.root() != root:
            yield f"封印 {position}: 記録が作り直されています / checkpoint {position}: the log has been redone"
        if key is not None and not hmac.compare_digest(_sign(key, position, root), signature):
            yield f"封印 {position}: 署名が違います / checkpoint {position}: the signature is wrong"


def _grow(connection: sa.Connection, log: MerkleLog) -> Iterator[bool]:
    """Add the events' hashes in the order of positions, one a step."""
    last = 0
    query = sa.select(events.c.position, events.c.hash).order_by(events.c.position).limit(HASHES_AT_ONCE)
    while found := connection.execute(query.where(events.c.position > last)).all():
        last = found[-1].position
        for _, hash_ in found:
            log.add(hash_)
            yield True


def _sign(key: bytes, position: int, root: str) -> str:
    return hmac.new(key, f"checkpoint:{position}:{root}".encode(), hashlib.sha256).hexdigest()
