"""A long route against a short one, and an inbox among many requests against the same among few. On SQLite.

- `route_9`: from the last answer to the next stage being open, on a route of nine steps, one of them a concurrence of five
  departments. Its floor is the last answer of a gate with a single step. The next stage opens in the transaction of the answer.
- `inbox_10000`: what one person sees, with 10,000 requests open in the city; its floor is the same person's inbox, as long, with 100.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from bench.goals import Figure, figure
from bench.rounds import Bench, interleaved
from domain.calendar import local_day
from domain.directory import Directory, Person, Post, Tenure, Unit
from domain.directory_stream import STREAM as DIRECTORY
from domain.directory_stream import ImportDirectory
from domain.lifecycle import commands as c
from domain.lifecycle.state import Lifecycle
from domain.messages import SYSTEM, Actor, Text, Via
from domain.process import ProcessDefinition
from domain.process_stream import PublishDefinition, stream_of
from store import queries
from store.store import Store
from tests.city import PROCESS, SINCE, VALID, directory, stage_of

DEPARTMENTS = tuple(f"department-{n}" for n in range(5))
_EACH = 20
"""Requests that wait for one person."""
_IDS = count()


def run(bench: Bench) -> list[Figure]:
    long, short = _gates(bench)
    few, many = _inbox(bench, 100), _inbox(bench, bench.sized(10_000, 1_000))
    times = bench.sized(30, 5)
    found = [
        figure("route_9", *interleaved(bench.rounds, lambda _: _last(long, times), lambda _: _last(short, times))),
        figure("inbox_10000", *interleaved(bench.rounds, lambda _: _looked(many), lambda _: _looked(few))),
    ]
    for store in (long, short, few, many):
        store.close()
    return found


def _store(bench: Bench, name: str, people: Directory, process: ProcessDefinition) -> Store:
    store = Store.create(f"sqlite:///{bench.place(name) / 'store.db'}")
    store.record(ImportDirectory(command_id="people", stream=DIRECTORY, directory=people), SYSTEM)
    published = PublishDefinition(command_id="process", stream=stream_of(process.name), definition=process)
    store.record(published, SYSTEM)
    return store


def _gates(bench: Bench) -> tuple[Store, Store]:
    """A city with five departments, under a process whose setup has nine steps, and under one with a single step."""
    here = directory()
    people = here.model_copy(
        update={
            "units": (*here.units, *(Unit(id=d, name=Text(ja=d, en=d), parent="city") for d in DEPARTMENTS)),
            "posts": (
                *here.posts,
                *(Post(id=f"{d}-chief", title=Text(ja=d, en=d), role="section_chief", unit=d) for d in DEPARTMENTS),
            ),
            "people": (*here.people, *(Person(id=f"p-{d}") for d in DEPARTMENTS)),
            "tenures": (
                *here.tenures,
                *(Tenure(person=f"p-{d}", post=f"{d}-chief", since=SINCE) for d in DEPARTMENTS),
            ),
        }
    )
    return _store(bench, "long", people, _process(_NINE)), _store(bench, "short", people, _process(_NINE[:1]))


_NINE = (
    ("section_chief", "owner"),
    ("section_chief", "departments"),
    ("section_chief", "finance"),
    ("finance_director", "finance"),
    ("bureau_director", "owner"),
    ("headquarters_vice_director", "headquarters"),
    ("secretariat_director", "headquarters"),
    ("deputy_mayor", "city"),
    ("mayor", "city"),
)


def _process(route: Sequence[tuple[str, str]]) -> ProcessDefinition:
    document = PROCESS.model_dump(mode="json")
    step = stage_of(document, "setup")["gate"][0]
    stage_of(document, "setup")["gate"] = [
        {**step, "key": f"step_{i}", "posts": [{"role": role, "unit": unit}]} for i, (role, unit) in enumerate(route)
    ]
    return ProcessDefinition.model_validate(document)


def _last(store: Store, times: int) -> float:
    """Milliseconds of the last answer of a gate, the middle of several lifecycles."""
    spent = []
    for _ in range(times):
        stream = f"route-{next(_IDS)}"
        _handed_in(store, stream)
        while len((state := _state(store, stream)).requests) > 1 or not _is_last(store, state):
            _answer(store, state)
        begun = time.perf_counter()
        _answer(store, state)
        spent.append(time.perf_counter() - begun)
        assert _state(store, stream).stage == "analysis"
    return sorted(spent)[len(spent) // 2] * 1000


def _is_last(store: Store, state: Lifecycle) -> bool:
    process = store.facts(state.definition).definition
    assert process is not None
    return state.requests[0].step == process.stage(state.work).gate[-1].key


def _handed_in(store: Store, stream: str) -> None:
    who = Actor(person="p-drafter", via=Via.SHELL, authenticated_by="bench")
    start = c.StartLifecycle(
        command_id="start",
        stream=stream,
        ref=stream,
        title="窓口の手続を減らす",
        section="child-section",
        definition=PROCESS.reference,
    )
    store.record(start, who)
    content = {**VALID["setup"], "departments": ["child-section", *DEPARTMENTS]}
    store.record(c.SubmitDeliverable(command_id="submit", stream=stream, stage="setup", content=content), who)


def _answer(store: Store, state: Lifecycle) -> None:
    request = state.requests[0]
    day = local_day(store.clock.now())
    person = next(p for p in store.facts().directory.holders(request.post, day) if p != "p-drafter")
    command = c.AnswerRequest(command_id=request.id, stream=state.stream, request=request.id, decision="approve")
    store.record(command, Actor(person=person, capacity=request.post, via=Via.SHELL, authenticated_by="bench"))


def _state(store: Store, stream: str) -> Any:
    return store.load(stream)[0]


def _inbox(bench: Bench, number: int) -> Store:
    """So many requests to draft, twenty in each section."""
    sections = [f"section-{n}" for n in range(number // _EACH)]
    people = Directory(
        units=(
            Unit(id="city", name=Text(ja="市", en="city"), kind="city"),
            *(Unit(id=s, name=Text(ja=s, en=s), parent="city") for s in sections),
        ),
        posts=tuple(Post(id=f"{s}-drafter", title=Text(ja=s, en=s), role="drafter", unit=s) for s in sections),
        people=tuple(Person(id=f"p-{s}") for s in sections),
        tenures=tuple(Tenure(person=f"p-{s}", post=f"{s}-drafter", since=SINCE) for s in sections),
    )
    store = _store(bench, f"inbox-{number}", people, PROCESS)
    store.database.relax()
    starts = [
        c.StartLifecycle(
            command_id="start",
            stream=f"i-{n}",
            ref=f"i-{n}",
            title=f"課題 {n}",
            section=sections[n % len(sections)],
            definition=PROCESS.reference,
        )
        for n in range(number)
    ]
    for at in range(0, number, 200):
        store.record_many([(s, SYSTEM) for s in starts[at : at + 200]])
    return store


def _looked(store: Store) -> float:
    """Milliseconds of one look at an inbox, the middle of many."""
    spent = []
    for _ in range(50):
        spent.append(_timed(lambda: queries.inbox(store, "p-section-3")))
    return sorted(spent)[len(spent) // 2] * 1000


def _timed(look: Callable[[], Sequence[Any]]) -> float:
    begun = time.perf_counter()
    assert len(look()) == _EACH
    return time.perf_counter() - begun
