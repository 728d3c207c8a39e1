"""A session that closes with 200 items, and the pack of a session on 500 projects.

- `session_close_200`: from the closing being recorded until every conclusion stands in its lifecycle, for each item, on a real
  server with its worker; its floor is one `record` of the same answer on the same kind of store.
- `pack_500`: HTML, PDF and spreadsheet of a monitoring meeting on 500 projects with KPIs and budgets, in a process of its own;
  `pack_500_memory`: that process's peak. Their floors are the same for a meeting on 5.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import count
from typing import Any

from bench.goals import Figure, figure
from bench.rounds import Bench, BenchProblem
from bench.town import followed, real_worker, server
from definitions.loader import load_bodies
from domain.bodies import BodyRules, members_of
from domain.bodies_stream import STREAM as BODIES
from domain.bodies_stream import PublishRules
from domain.calendar import fiscal_year, local_day
from domain.directory_stream import STREAM as DIRECTORY
from domain.directory_stream import ImportDirectory
from domain.lifecycle import commands as c
from domain.lifecycle.adopting import AdoptLifecycle
from domain.messages import SYSTEM, Actor, Command
from domain.process import ProcessDefinition
from domain.process_stream import PublishDefinition
from domain.process_stream import stream_of as process_of
from domain.sessions import messages as m
from domain.sessions.kind import stream_of as session_of
from domain.sessions.session import Session
from runtime.devserver import connect
from settings import ROOT
from store.store import Store
from tests.city import PROCESS, SINCE, VALID, directory, person, stage_of
from workflows.wake import wake

OFFICE = person("office")
_IDS = count()
_PATIENCE = 300.0


def run(bench: Bench) -> list[Figure]:
    items = bench.sized(200, 20)
    with server(bench.place("closing")) as running:
        found = [figure("session_close_200", *asyncio.run(_closings(bench, running.address, items)))]
    many, few = (_monitored(bench, n) for n in (bench.sized(500, 50), 5))
    seconds, memory = [list[float](), list[float]()], [list[float](), list[float]()]
    for _ in range(bench.rounds):
        for place, (url, stream) in enumerate((many, few)):
            spent, peak = _packed(url, stream)
            seconds[place].append(spent)
            memory[place].append(peak)
    return [*found, figure("pack_500", *seconds), figure("pack_500_memory", *memory)]


# --- closing ---------------------------------------------------------------------------------------------------------


def _mayor_decides() -> ProcessDefinition:
    document = PROCESS.model_dump(mode="json")
    step = stage_of(document, "setup")["gate"][0]
    stage_of(document, "setup")["gate"] = [{**step, "posts": [{"role": "mayor", "unit": "city"}]}]
    return ProcessDefinition.model_validate(document)


def rules() -> BodyRules:
    """The shipped rules, with the chair of the monitoring meeting where the small city has one."""
    document = load_bodies().model_dump(mode="json")
    for body in document["bodies"]:
        if body["key"] == "monitoring":
            body["chair"]["unit"] = "digital-strategy-office"
    return BodyRules.model_validate(document)


def _city(url: str, process: ProcessDefinition) -> Store:
    store = Store.create(url)
    _do(store, ImportDirectory, DIRECTORY, SYSTEM, directory=directory())
    _do(store, PublishDefinition, process_of(process.name), SYSTEM, definition=process)
    _do(store, PublishRules, BODIES, SYSTEM, rules=rules())
    return store


def _do(store: Store, kind: type[Command], stream: str, actor: Actor = OFFICE, **fields: Any) -> None:
    store.record(kind.model_validate({"command_id": f"b{next(_IDS)}", "stream": stream, **fields}), actor)


async def _closings(bench: Bench, address: str, items: int) -> tuple[list[float], list[float]]:
    """Milliseconds an item, and milliseconds of one `record`."""
    folder = bench.place("closing-store")
    store = _city(f"sqlite:///{folder / 'store.db'}", _mayor_decides())
    client = await connect(address, patience=30)
    closings, records = list[float](), list[float]()
    try:
        with real_worker(address, store, folder):
            for number in range(bench.rounds):
                waiting = [_waiting(store) for _ in range(items)]
                stream = _sitting(store, number + 1, waiting)
                begun = time.perf_counter()
                _do(store, m.CloseSession, stream)
                await wake(client, "session", stream, title=stream, within=10.0)
                await _carried(store, stream)
                closings.append((time.perf_counter() - begun) / items * 1000)
                if wrong := [i.exception for i in _session(store, stream).items.values() if i.exception]:
                    raise BenchProblem(f"not carried: {wrong[0]}")
                records.append(_recorded(store))
    finally:
        store.close()
    return closings, records


def _waiting(store: Store) -> tuple[str, str, str]:
    """A lifecycle that waits for the mayor: its stream, the request, the hash of the document."""
    stream = f"matter-{next(_IDS)}"
    fields: dict[str, Any] = {
        "ref": stream,
        "title": stream,
        "section": "child-section",
        "definition": PROCESS.reference,
    }
    _do(store, c.StartLifecycle, stream, person("drafter"), **fields)
    _do(store, c.SubmitDeliverable, stream, person("drafter"), stage="setup", content=VALID["setup"])
    state = store.load(stream)[0]
    assert state.submission is not None
    return stream, state.requests[0].id, state.submission.content_hash


def _sitting(store: Store, number: int, waiting: Sequence[tuple[str, str, str]]) -> str:
    """A council that has concluded all of them and not closed yet."""
    today = local_day(store.clock.now())
    stream = _convened(store, "council", number)
    for n, (lifecycle, request, seen) in enumerate(waiting):
        fields: dict[str, Any] = {
            "lifecycle": lifecycle,
            "request": request,
            "seen": seen,
            "title": lifecycle,
            "category": "proposal",
        }
        _do(store, m.PutItem, stream, item=f"p-{n}", **fields)
    seated = members_of(rules().body("council"), store.facts().directory, today)
    _do(store, m.TakeAttendance, stream, present=[s.person for s in seated], presiding=seated[0].person)
    for n in range(len(waiting)):
        _do(store, m.ConcludeItem, stream, item=f"p-{n}", conclusion="endorsed")
    return stream


def _convened(store: Store, body: str, number: int) -> str:
    today = local_day(store.clock.now())
    year = fiscal_year(today)
    stream = session_of(body, year, number)
    fields: dict[str, Any] = {
        "body": body,
        "fiscal_year": year,
        "number": number,
        "held_on": today,
        "urgent": "x",
    }
    _do(store, m.ConveneSession, stream, **fields)
    return stream


def _session(store: Store, stream: str) -> Session:
    state: Session = store.load(stream)[0]
    return state


async def _carried(store: Store, stream: str) -> None:
    end = time.monotonic() + _PATIENCE
    while followed(store, stream) < store.load(stream)[1]:
        if time.monotonic() > end:
            raise BenchProblem(
                f"{stream}: {_PATIENCE:.0f} 秒待っても反映されません / not carried within {_PATIENCE:.0f} s"
            )
        await asyncio.sleep(0.02)


def _recorded(store: Store) -> float:
    """Milliseconds of one answer recorded, the middle of several."""
    spent = []
    for _ in range(20):
        stream, request, seen = _waiting(store)
        given = {"request": request, "decision": "approve", "seen": seen}
        begun = time.perf_counter()
        _do(store, c.AnswerRequest, stream, person("mayor"), **given)
        spent.append(time.perf_counter() - begun)
    return sorted(spent)[len(spent) // 2] * 1000


# --- packs -----------------------------------------------------------------------------------------------------------


def _monitored(bench: Bench, number: int) -> tuple[str, str]:
    """A store with a monitoring meeting on so many projects: its address, and the meeting's stream."""
    url = f"sqlite:///{bench.place(f'pack-{number}') / 'store.db'}"
    store = _city(url, PROCESS)
    try:
        projects = [_project(store, n) for n in range(number)]
        stream = _convened(store, "monitoring", 1)
        for n, lifecycle in enumerate(projects):
            fields: dict[str, Any] = {"lifecycle": lifecycle, "title": f"課題 {n}", "category": "evaluation"}
            _do(store, m.PutItem, stream, item=f"e-{n}", **fields)
    finally:
        store.close()
    return url, stream


def _project(store: Store, number: int) -> str:
    stream, today = f"project-{number}", date.today()  # noqa: DTZ011 — a day in the past is all that matters
    kpis = {**VALID["kpis"], "review_date": str(today + timedelta(days=900))}
    finished = str(max(SINCE, today - timedelta(days=700)))
    history = {
        "source": {"name": "bench"},
        "deliverables": [{"stage": "kpi_setting", "finished_on": finished, "content": kpis}],
        "budgets": [{"fiscal_year": today.year - 1, "state": "voted", "amount": 1_000_000 + number}],
        "measurements": [
            {"kpi": k["key"], "period": f"{today.year - 1}-Q{q}", "value": str(10 + q + number % 7)}
            for k in kpis["kpis"]
            for q in (1, 2, 3, 4)
        ],
    }
    fields: dict[str, Any] = {
        "ref": stream,
        "title": f"課題 {number}",
        "section": "child-section",
        "definition": PROCESS.reference,
    }
    _do(store, AdoptLifecycle, stream, OFFICE, **fields, stage="monitoring", history=history)
    return stream


def _packed(url: str, stream: str) -> tuple[float, float]:
    """Seconds and peak MB of making a pack in all its forms, in a process that does nothing else."""
    command = [sys.executable, "-m", "bench.bodies", url, stream]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchProblem(done.stderr.strip()[-500:])
    seconds, peak = json.loads(done.stdout)
    return float(seconds), float(peak)


def _make(url: str, stream: str) -> None:
    from papers import packs

    store = Store.open(url)
    begun = time.perf_counter()
    made, at = packs.pack(store, stream, whole=True)
    sizes = [len(packs.as_html(made)), len(packs.as_pdf(made, at)), len(packs.as_xlsx(made, at))]
    spent = time.perf_counter() - begun
    store.close()
    assert all(sizes)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps([spent, peak]))


if __name__ == "__main__":
    _make(sys.argv[1], sys.argv[2])
    sys.stdout.flush()
    os._exit(0)
