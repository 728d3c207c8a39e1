"""Feeds on real servers: values fetched over HTTP when they are due, recorded once; whatever else comes is an incident, never a zero."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.feeds import FeedActivities, Unreachable, fetch
from domain.feeds.kind import Feed
from domain.feeds.messages import stream_of
from domain.feeds.reading import BadAnswer
from domain.lifecycle import events as e
from domain.lifecycle.commands import DropLifecycle, SubmitDeliverable
from domain.lifecycle.feeding import ArrangePull, CancelPull, instruction
from domain.messages import SYSTEM
from runtime.devserver import DevServer
from store.feeds import all_feeds
from store.verify import verify
from tests.city import KPI, VALID, person
from tests.integration.town import Town, until
from workflows.contract import PULL_ATTEMPTS, PullInput, workflow_id

USERS = {**KPI, "key": "users", "kind": "outcome", "type": "count"}
COST = {**KPI, "key": "cost", "kind": "cost"}


@dataclass
class Source:
    """A server of figures: its answers in turn, the last one again and again."""

    port: int = 0
    answers: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=list)
    asked: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/kpi.json"

    def says(self, *answers: Any, status: int = 200, **headers: str) -> None:
        self.answers += [(status, a.encode(), headers) if isinstance(a, str) else a for a in answers]


@contextmanager
def serving() -> Iterator[Source]:
    source = Source()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, headers = source.answers.pop(0) if len(source.answers) > 1 else source.answers[0]
            source.asked += 1
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    source.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield source
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def silent() -> Iterator[int]:
    """A server that takes the call and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def source() -> Iterator[Source]:
    with serving() as source:
        yield source


def said(period: str, value: str) -> str:
    return f'{{"data": [{{"period": "{period}", "value": {value}}}]}}'


def monitored(town: Town, ref: str) -> None:
    """To monitoring, with a typed KPI."""
    town.begin(ref)
    while not town.state(ref).repeats:
        stage = town.process.stage(town.state(ref).work)
        content = VALID[stage.deliverable]
        if stage.deliverable == "kpis":
            content = {**content, "kpis": [USERS, COST]}
        town.record(SubmitDeliverable, ref, person("drafter"), stage=stage.key, content=content)
        while town.state(ref).in_circulation:
            town.approve(ref)


def a_town(url: str, address: str, folder: Path, source: Source) -> tuple[Town, str]:
    town = Town(url, address, folder, f"test-{uuid4()}")
    town.settings = town.settings.model_copy(update={"pull_hosts": (f"127.0.0.1:{source.port}",)})
    ref = str(uuid4())
    monitored(town, ref)
    return town, ref


def arrange(town: Town, ref: str, source: Source, **more: Any) -> str:
    terms = {"url": source.url, "value": "/data/0/value", "period": "/data/0/period", "every": 1.0, **more}
    town.record(ArrangePull, ref, person("member"), kpi="users", terms=terms, at_once=True)
    return stream_of(town.stream(ref), "users")


def events(town: Town, feed: str) -> list[str]:
    return [r.event.type for r in town.store.events(feed)] if feed in streams(town) else []


def streams(town: Town) -> list[str]:
    return [f.stream for f in all_feeds(town.store)]


def state(town: Town, feed: str) -> Feed:
    found: Feed = town.store.load(feed)[0]
    return found


async def test_values_are_fetched_and_recorded_once_and_incidents_are_no_zeros(
    temporal_server: DevServer, database_url: str, tmp_path: Path, source: Source
) -> None:
    town, ref = a_town(database_url, temporal_server.address, tmp_path, source)
    good = said("2026-Q1", "12")
    source.says("busy", status=503)
    source.says(good, good, said("2026-Q2", "null"), said("2026-Q2", "-4"), "<html>", said("2026-Q2", "14"))
    client = await town.client()
    async with town.working(client):
        feed = arrange(town, ref, source)
        await until(
            lambda: town.state(ref).values.get("users", {}).keys() == {"2026-Q1", "2026-Q2"}, 60, town.diagnosis
        )
        await until(lambda: events(town, feed).count("PullSettled") >= 3, 30, town.diagnosis)
        description = await client.get_workflow_handle(workflow_id("feed", feed)).describe()
        assert description.workflow_type == "KpiFeed"
        town.record(CancelPull, ref, person("member"), kpi="users", reason="手で測る")
        await until(lambda: state(town, feed).ended is not None, 30, town.diagnosis)
        await town.settle()
    found = state(town, feed)
    assert [i.code for i in found.incidents] == ["no-value", "value-out-of-range", "not-json"]
    assert town.state(ref).values["users"] == {"2026-Q1": "12", "2026-Q2": "14"}
    measured = [r for r in town.store.events(town.stream(ref)) if isinstance(r.event, e.MeasurementRecorded)]
    assert [(str(r.event.period), r.actor.is_system) for r in measured] == [("2026-Q1", True), ("2026-Q2", True)]  # type: ignore[attr-defined]
    evidence = measured[0].event.source  # type: ignore[attr-defined]
    assert (evidence.source, evidence.sha256) == (source.url, hashlib.sha256(good.encode()).hexdigest())
    told = events(town, feed)
    assert told[0] == "PullConfigured" and told[-1] == "PullEnded"
    assert found.next_due is None and found.arranged_by == "p-member"
    notices = [n for n, _ in town.notices()]
    assert notices
    assert verify(town.store).ok
    town.store.close()


async def test_a_feed_ends_with_its_lifecycle(
    temporal_server: DevServer, sqlite_url: str, tmp_path: Path, source: Source
) -> None:
    town, ref = a_town(sqlite_url, temporal_server.address, tmp_path, source)
    source.says(said("2026-Q1", "12"))
    async with town.working(await town.client()):
        feed = arrange(town, ref, source)
        await until(lambda: "PullSettled" in events(town, feed), 40, town.diagnosis)
        town.record(DropLifecycle, ref, person("office"), reason="中止")
        await until(lambda: state(town, feed).ended is not None, 40, town.diagnosis)
    assert [i.code for i in state(town, feed).incidents] == ["closed"]
    town.store.close()


# --- one attempt, without a workflow ---------------------------------------------------------------------------------


def due(town: Town, ref: str, feed: str) -> PullInput:
    """The feed is told by its lifecycle, and its moment comes."""
    for recorded in town.store.events(town.stream(ref)):
        command = instruction(town.state(ref), recorded)
        if command is not None:
            town.store.record(command, SYSTEM)
    town.store.record_due(feed)
    pending = state(town, feed).pending
    assert pending is not None
    return PullInput(stream=feed, due_at=pending.isoformat())


@pytest.fixture
def standing(sqlite_url: str, tmp_path: Path, source: Source) -> Iterator[tuple[Town, str, Source]]:
    town, ref = a_town(sqlite_url, "127.0.0.1:1", tmp_path, source)
    yield town, ref, source
    town.store.close()


def run(town: Town, given: PullInput, *, attempt: int = 1, hosts: tuple[str, ...] | None = None) -> Any:
    environment = ActivityEnvironment()
    environment.info = replace(ActivityEnvironment.default_info(), attempt=attempt)
    allowed = town.settings.pull_hosts if hosts is None else hosts
    return environment.run(FeedActivities(town.store, allowed).pull, given)


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (said("2026-Q1", "12"), 200, "recorded"),
        (said("2026-Q1", '"1,200"'), 200, "recorded"),
        (said("2026-Q1", "NaN"), 200, "not-json"),
        (said("2026-Q1", '""'), 200, "no-value"),
        (said("2026-Q1", "true"), 200, "no-value"),
        (said("2026-Q1", "1e999"), 200, "no-value"),
        (said("2026-Q1", "12.5"), 200, "value-out-of-range"),
        (said("spring", "12"), 200, "no-period"),
        (said("2099-Q1", "12"), 200, "period-not-over"),
        ('{"data": []}', 200, "missing"),
        ("", 200, "not-json"),
        ("gone", 404, "no-answer"),
        ("moved", 302, "redirected"),
        (said("2026-Q1", "1" + " " * 1_000_001), 200, "too-large"),
        ("x" * 3_000_000, 200, "too-large"),
    ],
)
def test_what_an_answer_comes_to(standing: tuple[Town, str, Source], answer: str, status: int, code: str) -> None:
    town, ref, source = standing
    source.says(answer, status=status, Location="http://127.0.0.1:9/elsewhere")
    feed = arrange(town, ref, source)
    assert run(town, due(town, ref, feed)) == code
    found = state(town, feed)
    assert found.failing == (code != "recorded") and found.pending is None and found.next_due is not None
    assert bool(town.state(ref).values.get("users")) == (code == "recorded")
    assert source.asked == 1


def test_only_hosts_of_the_setting_are_called(standing: tuple[Town, str, Source]) -> None:
    town, ref, source = standing
    source.says(said("2026-Q1", "12"))
    feed = arrange(town, ref, source)
    assert run(town, due(town, ref, feed), hosts=("127.0.0.1", "data.example")) == "host-not-allowed"
    assert source.asked == 0


def test_a_server_in_trouble_is_tried_again_and_the_last_attempt_is_an_incident(
    standing: tuple[Town, str, Source],
) -> None:
    town, ref, source = standing
    source.says("busy", status=503)
    feed = arrange(town, ref, source)
    given = due(town, ref, feed)
    with pytest.raises(ApplicationError):
        run(town, given)
    assert state(town, feed).pending is not None
    assert run(town, given, attempt=PULL_ATTEMPTS) == "unreachable"
    assert [(i.code, i.attempts) for i in state(town, feed).incidents] == [("unreachable", PULL_ATTEMPTS)]


def test_a_second_run_of_the_same_moment_changes_nothing(standing: tuple[Town, str, Source]) -> None:
    town, ref, source = standing
    source.says(said("2026-Q1", "12"))
    feed = arrange(town, ref, source)
    given = due(town, ref, feed)
    assert [run(town, given), run(town, given)] == ["recorded", "settled"]
    assert source.asked == 1
    [telling] = [r for r in town.store.events(town.stream(ref)) if isinstance(r.event, e.MeasurementRecorded)]
    assert telling.actor.is_system


def test_a_value_that_changed_at_its_source_is_an_incident(standing: tuple[Town, str, Source]) -> None:
    town, ref, source = standing
    source.says(said("2026-Q1", "12"), said("2026-Q1", "12.0"), said("2026-Q1", "13"))
    feed = arrange(town, ref, source, every=1)
    assert run(town, due(town, ref, feed)) == "recorded"
    for outcome in ("unchanged", "differs"):
        town.record(ArrangePull, ref, person("member"), kpi="users", terms=state(town, feed).terms, at_once=True)
        assert run(town, due(town, ref, feed)) == outcome
    assert town.state(ref).values["users"] == {"2026-Q1": "12"}


def test_nobody_listening_is_out_of_reach_and_limits_hold(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unreachable, match="out of reach"):
        fetch("http://127.0.0.1:1/")
    source.says("x" * 100)
    with pytest.raises(BadAnswer, match="exceeds"):
        fetch(source.url, largest=99)
    with silent() as port, pytest.raises(Unreachable, match="ReadTimeout"):
        fetch(f"http://127.0.0.1:{port}/", seconds=0.3)
    clock = iter((0.0, 100.0))  # every part comes in time, the whole does not
    monkeypatch.setattr("activities.feeds._clock", lambda: next(clock))
    with pytest.raises(Unreachable, match="not done"):
        fetch(source.url)
