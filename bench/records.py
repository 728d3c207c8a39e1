"""`record_sqlite` and `record_postgres`: one answer by one writer, all features on, against its floor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.floor import Floor
from bench.goals import Figure, figure
from bench.rounds import Bench, Stopwatch, interleaved
from bench.walks import Step, Walk, city, walks
from runtime.postgres import postgres
from store.engine import Database
from store.store import Store


def run(bench: Bench) -> list[Figure]:
    """Both databases. An answer: sealed comment, checks, events, hash chain, outcome, notices, read models, snapshot."""
    each = bench.sized(12, 4)
    played = walks(bench.place("walks"), each * bench.rounds + 2)
    place = bench.place("records")
    found = [_measured("record_sqlite", bench, played, lambda name: f"sqlite:///{place / name}.db")]
    with postgres(bench.place("postgres")) as server:
        found.append(_measured("record_postgres", bench, played, lambda _: server.database()))
    return found


def _measured(name: str, bench: Bench, played: Sequence[Walk], fresh: Callable[[str], str]) -> Figure:
    """Milliseconds an answer. Starts and submissions in between are recorded too, and not timed."""
    store, below = city(fresh("figure")), city(fresh("floor"))
    floor = Floor(below.database)
    record = _recorder(store)
    warm, rest = played[:2], played[2:]
    each = len(rest) // bench.rounds
    _timed(warm, record)
    _timed(warm, lambda step: floor.write([step.change]))
    values, floors = interleaved(
        bench.rounds,
        lambda n: _timed(rest[n * each : (n + 1) * each], record),
        lambda n: _timed(rest[n * each : (n + 1) * each], lambda step: floor.write([step.change])),
    )
    _same(store.database, below.database)
    store.close()
    below.close()
    return figure(name, values, floors)


def _recorder(store: Store) -> Callable[[Step], None]:
    def record(step: Step) -> None:
        store.record(step.command, step.actor)

    return record


def _timed(walk: Sequence[Walk], do: Callable[[Step], None]) -> float:
    """Milliseconds an answer, over all answers of some lifecycles."""
    watch, answers = Stopwatch(), 0
    for step in (s for w in walk for s in w):
        if not step.answer:
            do(step)
            continue
        answers += 1
        with watch.running():
            do(step)
    return watch.seconds / answers * 1000


def _same(one: Database, other: Database) -> None:
    """Figure and floor wrote as many rows into every table; else their ratio would say nothing."""
    counts = [rows_by_table(database) for database in (one, other)]
    assert counts[0] == counts[1], f"figure and floor differ: {counts}"


def rows_by_table(database: Database) -> dict[str, int]:
    """How many rows each table holds that an answer writes to."""
    import sqlalchemy as sa

    from bench.walks import TABLES

    with database.read() as connection:
        return {t.name: connection.execute(sa.select(sa.func.count()).select_from(t)).scalar_one() for t in TABLES}
