"""`rebuild` and `verify` against the least that reading the same events costs. On SQLite, all streams of many lifecycles.

- The floor of `rebuild`, a plain fold: the driver reads every event in the order of its stream, its body is parsed as JSON, and
  its fields are laid over a dict, one a stream. Nothing is validated, computed or written.
- The floor of `verify`, bare hashing: the driver reads every column of every event in the order of its stream, and the event's
  hash is computed and compared with the stored one. Nothing is folded, and nothing else is compared.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.goals import Figure, figure
from bench.rounds import Bench, interleaved
from bench.walks import walks
from store import codec
from store.engine import parse_url
from store.rebuild import rebuild
from store.store import Store
from store.verify import verify

_READ = f"SELECT {', '.join(codec.HASHED)}, hash FROM events ORDER BY stream, version"


def run(bench: Bench) -> list[Figure]:
    """Events a second, over a store of 250 lifecycles in their sixth stage (some 14,000 events)."""
    store = _filled(bench.place("chains"), bench.sized(250, 60))
    plain = sqlite3.connect(parse_url(store.database.url).database or "", isolation_level=None)
    count = int(plain.execute("SELECT COUNT(*) FROM events").fetchone()[0])

    def rebuilt(_: int) -> float:
        return _rate(count, lambda: rebuild(store)["events"])

    def verified(_: int) -> float:
        def whole() -> int:
            report = verify(store)
            assert report.ok, report.problems[:3]
            return report.events

        return _rate(count, whole)

    found = [
        figure("rebuild", *interleaved(bench.rounds, rebuilt, lambda _: _rate(count, lambda: _fold(plain)))),
        figure("verify", *interleaved(bench.rounds, verified, lambda _: _rate(count, lambda: _hash(plain)))),
    ]
    plain.close()
    store.close()
    return found


def _filled(folder: Path, number: int) -> Store:
    """A store in which many lifecycles went through their first stages, played in a rehearsal's haste."""
    walks(folder, number, rows=False)
    return Store.open(f"sqlite:///{folder / 'scratch.db'}")


def _rate(count: int, whole: Callable[[], int]) -> float:
    begun = time.perf_counter()
    assert whole() == count
    return count / (time.perf_counter() - begun)


def _fold(plain: sqlite3.Connection) -> int:
    states: dict[str, dict[str, Any]] = {}
    number = 0
    for stream, body in plain.execute("SELECT stream, body FROM events ORDER BY stream, version"):
        state = states.setdefault(stream, {})
        state.update(json.loads(body))
        state["version"] = state.get("version", 0) + 1
        number += 1
    return number


def _hash(plain: sqlite3.Connection) -> int:
    number = 0
    for row in plain.execute(_READ):
        assert codec.hash_of(row[:-1]) == row[-1]
        number += 1
    return number
