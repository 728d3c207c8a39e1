"""Is the record whole? Hash chains, gapless places, snapshots, outcomes, read models, and sealed checkpoints."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from domain.kinds import Row
from domain.messages import Frozen
from store import codec
from store.replay import Replayed, replay
from store.store import Store
from store.tables import READ_MODELS, checkpoints, commands, events, log_head, streams


class Report(Frozen):
    """`problems` are sentences; the record is whole when there are none."""

    ok: bool
    streams: int
    events: int
    head: dict[str, int]
    problems: tuple[str, ...]


def verify(store: Store, *, key: bytes | None = None, progress: Callable[[int], None] = lambda _: None) -> Report:
    """Read the whole log and compare everything derived with it. `key` also checks the signatures of checkpoints."""
    problems: list[str] = []
    with store.database.read() as connection:
        problems += _positions(connection)
        problems += _checkpoints(connection, key)
        stored = {r["stream"]: dict(r) for r in connection.execute(sa.select(streams)).mappings()}
        expected: dict[str, dict[tuple[Any, ...], Row]] = {name: {} for name in READ_MODELS}
        total = 0
        seen: set[str] = set()
        try:
            for replayed in replay(store, connection):
                seen.add(replayed.stream)
                total += len(replayed.rows)
                problems += _chain(replayed)
                problems += _snapshot(store, replayed, stored.get(replayed.stream))
                problems += _outcomes(connection, replayed)
                collect(expected, replayed)
                progress(total)
            problems += [f"{s}: 事象のない流れ / a stream without events" for s in stored if s not in seen]
            problems += _read_models(connection, expected)
        except (KeyError, ValueError, ValidationError) as error:
            problems.append(f"事象を読めません / an event cannot be read: {type(error).__name__}: {str(error)[:200]}")
        position = int(connection.execute(sa.select(log_head.c.position)).scalar() or 0)
    return Report(
        ok=not problems, streams=len(stored), events=total, head={"position": position}, problems=tuple(problems[:200])
    )


def collect(expected: dict[str, dict[tuple[Any, ...], Row]], replayed: Replayed) -> None:
    """Add the read-model rows that a stream should have."""
    for found in (replayed.entries, replayed.kind.view(replayed.state).rows):
        for table, added in found.items():
            key = [c.name for c in READ_MODELS[table].primary_key]
            for row in added:
                expected[table][tuple(row[c] for c in key)] = row


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


def _snapshot(store: Store, replayed: Replayed, stored: Row | None) -> Iterable[str]:
    stream = replayed.stream
    if stored is None:
        yield f"{stream}: streams に行がありません / no row in streams"
        return
    if stored["version"] != replayed.version:
        yield f"{stream}: 版 {stored['version']} が事象の {replayed.version} と合いません / version differs from its events"
    if stored["last_hash"] != replayed.rows[-1]["hash"]:
        yield f"{stream}: 末尾の鎖の値が違います / the last hash differs from its events"
    if stored["followed"] > stored["version"]:
        yield f"{stream}: followed が版を超えています / followed is beyond the version"
    current = stored["fold_version"] == replayed.kind.fold_version and stored["state_version"] == stored["version"]
    if current and replayed.kind.state_type.model_validate_json(stored["state"]) != replayed.state:
        yield f"{stream}: スナップショットが違います / the snapshot differs from the fold"
    if bool(stored["closed"]) != replayed.kind.closed(replayed.state):
        yield f"{stream}: closed が違います / closed differs from the fold"
    if stored["next_due"] != replayed.kind.next_due(replayed.state):
        yield f"{stream}: next_due が違います / next_due differs from the fold"


def _outcomes(connection: sa.Connection, replayed: Replayed) -> Iterable[str]:
    given: dict[str, list[str]] = {}
    for row in replayed.rows:
        given.setdefault(row["command_id"], []).append(row["type"])
    stored = {
        r.command_id: json.loads(r.outcome)["events"]
        for r in connection.execute(sa.select(commands).where(commands.c.stream == replayed.stream))
    }
    for command, types in given.items():
        if stored.get(command) != types:
            yield f"{replayed.stream}: コマンド {command} の結果が事象と合いません / the outcome of a command differs from its events"
    for command in stored.keys() - given.keys():
        if stored[command]:
            yield f"{replayed.stream}: コマンド {command} の事象がありません / the events of a command are gone"


def _read_models(connection: sa.Connection, expected: dict[str, dict[tuple[Any, ...], Row]]) -> Iterable[str]:
    for name, table in READ_MODELS.items():
        key = [c.name for c in table.primary_key]
        wanted = dict(expected[name])
        for found in connection.execute(sa.select(table)).mappings():
            row = dict(found)
            place = tuple(row[c] for c in key)
            should = wanted.pop(place, None)
            if should is None:
                yield f"{name} {place}: 事象にない行 / a row without events"
            elif row != should:
                columns = ", ".join(c for c in row if row[c] != should.get(c))
                yield f"{name} {place}: 事象と違う列 / columns differ from the fold: {columns}"
        yield from (f"{name} {place}: 行がありません / a row is missing" for place in wanted)


# --- checkpoints ---------------------------------------------------------------------------------------------------------


def merkle_root(hashes: list[str]) -> str:
    """Merkle root (sha256 over pairs of hex digests; an odd one is carried up) of the events' hashes in order of position."""
    level = [bytes.fromhex(h) for h in hashes]
    if not level:
        return codec.NO_HASH
    while len(level) > 1:
        pairs = [hashlib.sha256(level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = pairs + ([level[-1]] if len(level) % 2 else [])
    return level[0].hex()


def seal(store: Store, key: bytes) -> dict[str, Any]:
    """Seal the log up to its head and return the checkpoint, to be kept elsewhere: it proves that nothing was cut or redone."""
    with store.database.write() as connection:
        hashes = list(connection.execute(sa.select(events.c.hash).order_by(events.c.position)).scalars())
        root = merkle_root(hashes)
        row: dict[str, Any] = {"position": len(hashes), "root": root, "signature": _sign(key, len(hashes), root)}
        if (
            connection.execute(
                sa.select(checkpoints.c.position).where(checkpoints.c.position == row["position"])
            ).scalar()
            is None
        ):
            connection.execute(sa.insert(checkpoints), {**row, "sealed_at": store.clock.now()})
    return row


def check_exported(store: Store, exported: dict[str, Any], key: bytes) -> list[str]:
    """Compare a checkpoint kept elsewhere with the log as it is now."""
    with store.database.read() as connection:
        return list(
            _compare(connection, int(exported["position"]), str(exported["root"]), str(exported["signature"]), key)
        )


def _checkpoints(connection: sa.Connection, key: bytes | None) -> list[str]:
    found = connection.execute(sa.select(checkpoints).order_by(checkpoints.c.position)).all()
    return [p for row in found for p in _compare(connection, row.position, row.root, row.signature, key)]


def _compare(connection: sa.Connection, position: int, root: str, signature: str, key: bytes | None) -> Iterable[str]:
    query = sa.select(events.c.hash).where(events.c.position <= position).order_by(events.c.position)
    hashes = list(connection.execute(query).scalars())
    if len(hashes) < position:
        yield f"封印 {position}: 記録の末尾が切られています / checkpoint {position}: the log has been cut to {len(hashes)} events"
    elif merkle_root(hashes) != root:
        yield f"封印 {position}: 記録が作り直されています / checkpoint {position}: the log has been redone"
    if key is not None and not hmac.compare_digest(_sign(key, position, root), signature):
        yield f"封印 {position}: 署名が違います / checkpoint {position}: the signature is wrong"


def _sign(key: bytes, position: int, root: str) -> str:
    return hmac.new(key, f"checkpoint:{position}:{root}".encode(), hashlib.sha256).hexdigest()
