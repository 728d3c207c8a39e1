"""Random commands against a real store beside a model of ten lines: they agree after every step, and the record is whole."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.messages import Command, Refused
from runtime.postgres import PostgresServer
from store.queries import live_requests
from store.rebuild import rebuild
from store.store import Store
from store.verify import seal, verify
from tests.toy import DUE, TOYS, Answer, Ask, Close, Write, somebody

START = datetime(2026, 4, 1, tzinfo=UTC)
STREAMS = st.sampled_from(["a", "b"])
PEOPLE = st.sampled_from(["p-1", "p-2"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)


class StoreMachine(RuleBasedStateMachine):
    """`waiting`, `closed`, `versions` are the model; `sent` holds every accepted command with its outcome."""

    urls: ClassVar[Iterator[str]]

    @initialize()
    def open(self) -> None:
        self.url = next(self.urls)
        self.store = Store.create(self.url, clock="virtual", seed="1", start=START, kinds=TOYS)
        self.due: dict[str, datetime] = {}
        self.closed: set[str] = set()
        self.versions: dict[str, int] = {}
        self.sent: list[tuple[Command, str, int]] = []
        self.number = 0

    def teardown(self) -> None:
        if hasattr(self, "store"):
            assert verify(self.store).problems == ()
            self.store.close()

    def send(self, command: Command, person: str, events: int | None) -> None:
        """Record; `events` is how many the model expects, None a refusal."""
        before = self.versions.get(command.stream, 0)
        try:
            outcome = self.store.record(command, somebody(person))
        except Refused:
            assert events is None
            return
        assert events is not None and not outcome.duplicate
        assert (outcome.version, len(outcome.events)) == (before + events, events)
        if events:
            self.versions[command.stream] = outcome.version
        self.sent.append((command, person, outcome.version))

    def make(self, kind: type[Command], stream: str, **more: Any) -> Any:
        self.number += 1
        return kind(command_id=f"c{self.number}", stream=stream, **more)

    @rule(stream=STREAMS, person=PEOPLE, title=TEXTS)
    def ask(self, stream: str, person: str, title: str) -> None:
        may = stream not in self.closed and stream not in self.due
        self.send(self.make(Ask, stream, title=title), person, 1 if may else None)
        if may:
            self.due[stream] = self.store.clock.now() + DUE

    @rule(stream=STREAMS, person=PEOPLE, comment=TEXTS)
    def answer(self, stream: str, person: str, comment: str) -> None:
        may = stream in self.due
        self.send(self.make(Answer, stream, comment=comment), person, 1 if may else None)
        self.due.pop(stream, None)

    @rule(stream=STREAMS, person=PEOPLE, texts=st.lists(TEXTS, max_size=3))
    def write(self, stream: str, person: str, texts: list[str]) -> None:
        may = stream not in self.closed
        self.send(self.make(Write, stream, texts=tuple(texts)), person, len(texts) if may else None)

    @rule(stream=STREAMS)
    def close(self, stream: str) -> None:
        may = stream not in self.closed
        self.send(self.make(Close, stream), "p-1", 1 if may else None)
        self.closed.add(stream)
        self.due.pop(stream, None)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        command, person, version = data.draw(st.sampled_from(self.sent))
        outcome = self.store.record(command, somebody(person))
        assert outcome.duplicate and outcome.version == version

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def use_an_id_again(self, data: st.DataObject) -> None:
        command, person, _ = data.draw(st.sampled_from(self.sent))
        other = "p-1" if person == "p-2" else "p-2"
        with pytest.raises(Refused, match="command-id-reused"):
            self.store.record(command, somebody(other))

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.store.clock.set(self.store.clock.now() + timedelta(hours=hours))

    @rule(stream=STREAMS)
    def deadlines(self, stream: str) -> None:
        passed = stream in self.due and self.store.clock.now() >= self.due[stream]
        results = self.store.record_due(stream)
        assert len(results) == passed
        if passed:
            self.versions[stream] += 1
            del self.due[stream]

    @rule(stream=STREAMS)
    def follow(self, stream: str) -> None:
        if stream in self.versions:
            plan = self.store.follow(stream)
            assert plan.to == self.versions[stream]
            self.store.advance(stream, plan.to)
            assert stream not in self.store.unfollowed()

    @rule()
    def rebuild_all(self) -> None:
        assert rebuild(self.store)["events"] == sum(self.versions.values())

    @rule()
    def seal_and_open_again(self) -> None:
        assert seal(self.store, b"k")["position"] == sum(self.versions.values())
        self.store.close()
        self.store = Store.open(self.url, kinds=TOYS)

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "store"):
            return
        assert {r["stream"]: r["due_at"] for r in live_requests(self.store)} == self.due
        for stream, version in self.versions.items():
            state, found = self.store.load(stream)
            assert (found, state.closed, state.due_at) == (version, stream in self.closed, self.due.get(stream))


def play(urls: Iterator[str], examples: int) -> None:
    machine = type("Machine", (StoreMachine,), {"urls": urls})
    quick = settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=quick)


def test_random_commands_on_sqlite(tmp_path: Path) -> None:
    def urls() -> Iterator[str]:
        while True:
            yield f"sqlite:///{tempfile.mkdtemp(dir=tmp_path)}/store.db"

    play(urls(), 25)


def test_random_commands_on_postgresql(postgres_server: PostgresServer) -> None:
    def urls() -> Iterator[str]:
        while True:
            yield postgres_server.database()

    play(urls(), 12)
