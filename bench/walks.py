"""Lifecycles played once on a scratch store: the commands people gave, and every row that each of them wrote.

The figures record the commands again; the floors write the rows again. Ids of streams and requests follow from each other, so
the same commands fit every store that begins alike.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa

from domain.calendar import local_day
from domain.directory_stream import STREAM as DIRECTORY
from domain.directory_stream import ImportDirectory
from domain.kinds import Row
from domain.lifecycle import commands as c
from domain.messages import SYSTEM, Actor, Command
from domain.process_stream import PublishDefinition, stream_of
from store.engine import parse_url
from store.store import Store
from store.tables import READ_MODELS, Moment, commands, deliveries, events, parse_moment, streams
from tests.city import PROCESS, VALID, directory, person

STAGES = ("setup", "analysis", "hypothesis", "coordination", "proposal")
"""The first five stages: 14 answers, of which three decide a concurrence of several departments."""
COMMENT = "内容を確認しました。期限に留意して進めてください。"
TABLES = (streams, events, commands, deliveries, *(t for t in READ_MODELS.values() if "stream" in t.c))


@dataclass
class Change:
    """What one command changed, by table. `events` also stand apart: a floor gives them their positions."""

    events: list[Row] = field(default_factory=list)
    inserts: list[tuple[str, list[Row]]] = field(default_factory=list)
    updates: list[tuple[str, Row, Row]] = field(default_factory=list)
    """(table, key, columns that differ)"""
    deletes: list[tuple[str, Row]] = field(default_factory=list)


@dataclass
class Step:
    command: Command
    actor: Actor
    stage: str
    answer: bool
    """An answer to a request of a gate; else what leads up to it (a start, a submission)."""
    change: Change = field(default_factory=Change)


Walk = list[Step]


def city(url: str) -> Store:
    """A new store with the small city of the tests and the shipped process, in real time."""
    store = Store.create(url)
    store.record(ImportDirectory(command_id="people", stream=DIRECTORY, directory=directory()), SYSTEM)
    published = PublishDefinition(command_id="himeji", stream=stream_of(PROCESS.name), definition=PROCESS)
    store.record(published, SYSTEM)
    return store


def stream_id(number: int, of: str = "walk") -> str:
    return str(uuid5(NAMESPACE_URL, f"bench/{of}/{number}"))


def walks(folder: Path, number: int, *, rows: bool = True, of: str = "walk") -> list[Walk]:
    """Play lifecycles through their first stages; with `rows` each step knows what it wrote."""
    url = f"sqlite:///{folder / 'scratch.db'}"
    store = city(url)
    store.database.relax()
    seen = sqlite3.connect(parse_url(url).database or "", isolation_level=None) if rows else None
    try:
        return [_walk(store, stream_id(n, of), n, seen) for n in range(number)]
    finally:
        if seen is not None:
            seen.close()
        store.close()


def _walk(store: Store, stream: str, number: int, seen: sqlite3.Connection | None) -> Walk:
    walk: Walk = []
    before = _rows(seen, stream) if seen is not None else {}
    for command, actor, stage in _given(store, stream, number):
        store.record(command, actor)
        step = Step(command, actor, stage, isinstance(command, c.AnswerRequest))
        if seen is not None:
            after = _rows(seen, stream)
            step.change = _change(before, after)
            before = after
        walk.append(step)
    return walk


def start(stream: str, number: int) -> c.StartLifecycle:
    return c.StartLifecycle(
        command_id="start",
        stream=stream,
        ref=f"B-{number}",
        title=f"窓口の手続を減らす {number}",
        section="child-section",
        definition=PROCESS.reference,
    )


def _given(store: Store, stream: str, number: int) -> Iterator[tuple[Command, Actor, str]]:
    """What people do, each thing after the one before was recorded."""
    yield start(stream, number), person("drafter"), STAGES[0]
    people = store.facts().directory
    for stage in STAGES:
        content = VALID[PROCESS.stage(stage).deliverable]
        submit = c.SubmitDeliverable(command_id=f"submit-{stage}", stream=stream, stage=stage, content=content)
        yield submit, person("drafter"), stage
        while (state := store.load(stream)[0]).work == stage:
            asked = state.requests[0]
            held = people.holders(asked.post, local_day(store.clock.now()))
            name = next(h for h in held if h not in ("p-robot", "p-auditor"))
            given = c.AnswerRequest(
                command_id=f"answer-{asked.id}", stream=stream, request=asked.id, decision="approve", comment=COMMENT
            )
            yield given, person(name.removeprefix("p-")), stage


def by_stage(walk: Sequence[Walk], stage: str, *, answers: bool) -> list[Step]:
    """The steps of one stage over several lifecycles: first everyone's first, then everyone's second."""
    each = [[s for s in w if s.stage == stage and s.answer is answers] for w in walk]
    return [steps[i] for i in range(max(map(len, each), default=0)) for steps in each if i < len(steps)]


# --- rows ------------------------------------------------------------------------------------------------------------

_SELECT = {t.name: f"SELECT {', '.join(x.name for x in t.c)} FROM {t.name} WHERE stream = ?" for t in TABLES}
_KEYS = {t.name: [i for i, x in enumerate(t.c) if x.primary_key] for t in TABLES}
Seen = dict[str, dict[tuple[Any, ...], tuple[Any, ...]]]


def _rows(connection: sqlite3.Connection, stream: str) -> Seen:
    """Every row of the stream as stored, by table and key."""
    return {
        name: {tuple(row[i] for i in _KEYS[name]): row for row in connection.execute(query, (stream,))}
        for name, query in _SELECT.items()
    }


def _change(before: Seen, after: Seen) -> Change:
    change = Change()
    for table in TABLES:
        had, has = before[table.name], after[table.name]
        added = [_typed(table, row) for key, row in has.items() if key not in had]
        if table is events:
            change.events = added
        elif added:
            change.inserts.append((table.name, added))
        for key, row in has.items():
            if key in had and row != had[key]:
                old, new = _typed(table, had[key]), _typed(table, row)
                place = {x.name: new[x.name] for x in table.primary_key}
                change.updates.append((table.name, place, {k: v for k, v in new.items() if v != old[k]}))
        gone = [_typed(table, row) for key, row in had.items() if key not in has]
        change.deletes += [(table.name, {x.name: row[x.name] for x in table.primary_key}) for row in gone]
    return change


def _typed(table: sa.Table, row: Iterable[Any]) -> Row:
    """Stored values as the table's columns take them, so that either database stores the same bytes."""
    return {column.name: _value(column.type, value) for column, value in zip(table.c, row, strict=True)}


def _value(type_: sa.types.TypeEngine[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(type_, Moment):
        return parse_moment(value)
    if isinstance(type_, sa.JSON):
        return json.loads(value)
    if isinstance(type_, sa.Boolean):
        return bool(value)
    return date.fromisoformat(value) if isinstance(type_, sa.Date) else value
