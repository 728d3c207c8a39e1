"""Lifecycles on a real server: following, timers, answers through Temporal, continue-as-new."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from activities.streams import StreamActivities
from domain.lifecycle import commands as c
from domain.messages import Refused
from runtime.devserver import DevServer
from store.verify import verify
from tests.city import person
from tests.integration.town import Town, hurried, until
from workflows.contract import ANSWER, AnnounceInput, AnswerInput, AnswerResult, workflow_id
from workflows.signing import load_or_create_key, sign


@pytest.fixture
async def client(temporal_server: DevServer) -> Client:
    from runtime.devserver import connect

    return await connect(temporal_server.address, patience=10)


@pytest.fixture
async def town(temporal_server: DevServer, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    made = Town(sqlite_url, temporal_server.address, tmp_path, f"test-{uuid4()}")
    yield made
    made.store.close()


async def _through_setup(town: Town, client: Client, ref: str, continue_after: int | None = None) -> None:
    town.begin(ref)
    await town.wake(client, ref, continue_after)
    town.submit(ref)
    await town.wake(client, ref, continue_after)
    while town.state(ref).work == "setup":
        await until(lambda: not town.store.unfollowed(), 20, town.diagnosis)
        town.approve(ref)
        await town.wake(client, ref, continue_after)


async def test_a_gate_is_followed_and_told_to_the_operator(town: Town, client: Client) -> None:
    async with town.working(client):
        await _through_setup(town, client, "a")
        await town.settle()
        handle = client.get_workflow_handle(workflow_id("lifecycle", town.stream("a")))
        described = await handle.describe()
        assert described.status == WorkflowExecutionStatus.RUNNING
        assert await described.static_summary() == "課題 a"
        shown = dict(described.search_attributes)
        assert shown["TaskforceStage"] == ["analysis"]
        assert shown["TaskforceAwaiting"] == ["child-drafter", "role:drafter"]
        assert shown["TaskforceBureau"] == ["child-bureau"]
        assert shown["TaskforceHealth"] == ["green"]
        summaries = [
            event.user_metadata.summary.data.decode()
            async for event in handle.fetch_history_events()
            if event.HasField("user_metadata") and event.HasField("marker_recorded_event_attributes")
        ]
    story = " ".join(summaries)
    assert "started: 課題 a" in story and "asked to decide (bureau director)" in story and "関門を通過" in story
    assert all(len(s.encode()) <= 202 for s in summaries)  # 200 bytes and the quotes of JSON
    assert town.notices()["inbox", "sent"] == town.notices()["log", "sent"] == 5
    assert verify(town.store).ok


async def test_timers_remind_and_escalate_and_silence_decides_nothing(
    temporal_server: DevServer, sqlite_url: str, tmp_path: Path, client: Client
) -> None:
    escalation = {"role": "secretariat_director", "unit": "headquarters"}
    process = hurried(2.0, remind_before={"seconds": 1.5}, escalate_after={"seconds": 1.0}, escalate_to=escalation)
    town = Town(sqlite_url, temporal_server.address, tmp_path, f"test-{uuid4()}", process)
    async with town.working(client, relay=False):
        town.begin("a")
        town.submit("a")
        await town.wake(client, "a")
        await until(lambda: "RequestEscalated" in town.types("a"), 15)
    told = [t for t in town.types("a") if t in ("ReminderSent", "RequestOverdue", "RequestEscalated")]
    assert told == ["ReminderSent", "RequestOverdue", "RequestEscalated"]
    late = [
        (r.occurred_at - r.event.due_at).total_seconds()  # type: ignore[attr-defined]
        for r in town.store.events(town.stream("a"))
        if r.event.type == "RequestOverdue"
    ]
    assert 0 <= late[0] < 2
    assert town.state("a").in_circulation and town.state("a").health == "red"
    town.store.close()


def _input(town: Town, ref: str, **more: object) -> AnswerInput:
    request = town.state(ref).requests[0]
    fields = {
        "stream": town.stream(ref),
        "request": request.id,
        "person": town.holder(ref).person,
        "decision": "approve",
        "command_id": str(uuid4()),
        "issued_at": datetime.now(UTC),
        **more,
    }
    return AnswerInput.model_validate(fields)


async def test_an_answer_through_temporal_needs_the_directorys_signature(town: Town, client: Client) -> None:
    key = load_or_create_key(town.settings.key_file)
    async with town.working(client):
        town.begin("a")
        town.submit("a")
        await town.wake(client, "a")
        handle = client.get_workflow_handle(workflow_id("lifecycle", town.stream("a")))
        signed = sign(key, _input(town, "a"))
        for bad, rule in (
            (_input(town, "a"), "signature-missing"),
            (sign(b"another key", _input(town, "a")), "signature-wrong"),
            (signed.model_copy(update={"decision": "reject"}), "signature-wrong"),
            (sign(key, _input(town, "a", issued_at=datetime(2020, 1, 1, tzinfo=UTC))), "signature-expired"),
            (sign(key, _input(town, "a", person="p-stranger")), "not-your-post"),
            (sign(key, _input(town, "a", person="p-robot")), "service-cannot-decide"),
        ):
            with pytest.raises(WorkflowUpdateFailedError) as failed:
                await handle.execute_update(ANSWER, bad, result_type=AnswerResult)
            cause = failed.value.cause
            assert isinstance(cause, ApplicationError) and cause.type == rule
        assert "RequestAnswered" not in town.types("a")
        first = await handle.execute_update(ANSWER, signed, result_type=AnswerResult)
        again = await handle.execute_update(ANSWER, signed, result_type=AnswerResult)
        await town.settle()
    assert (first.accepted, first.duplicate, again.duplicate) == (True, False, True)
    answered = [r for r in town.store.events(town.stream("a")) if r.event.type == "RequestAnswered"]
    assert [(r.actor.via, r.actor.capacity, r.actor.authenticated_by) for r in answered] == [
        ("temporal", "child-chief", "signature")
    ]


async def test_shell_and_temporal_at_once_decide_once(town: Town, client: Client) -> None:
    key = load_or_create_key(town.settings.key_file)
    async with town.working(client):
        town.begin("a")
        town.submit("a")
        await town.wake(client, "a")
        handle = client.get_workflow_handle(workflow_id("lifecycle", town.stream("a")))
        request, holder = town.state("a").requests[0].id, town.holder("a")
        updates = [
            handle.execute_update(
                ANSWER, sign(key, _input(town, "a", decision=d, comment="x")), result_type=AnswerResult
            )
            for d in ("approve", "return", "approve", "reject")
        ]

        def by_shell(decision: str) -> str:
            try:
                town.store.record(
                    c.AnswerRequest(
                        command_id=str(uuid4()),
                        stream=town.stream("a"),
                        request=request,
                        decision=decision,
                        comment="y",
                    ),
                    holder,
                )
                return "accepted"
            except Refused as refused:
                return refused.refusal.rule

        shells = [asyncio.to_thread(by_shell, d) for d in ("approve", "return", "approve")]
        results = await asyncio.gather(*updates, *shells, return_exceptions=True)
        await town.settle()
    accepted = [r for r in results if r == "accepted" or (isinstance(r, AnswerResult) and r.accepted)]
    assert len(accepted) == 1
    assert town.types("a").count("RequestAnswered") == 1
    assert verify(town.store).ok


async def test_continue_as_new_loses_no_wake(town: Town, client: Client) -> None:
    async with town.working(client, relay=False):
        await _through_setup(town, client, "a", continue_after=15)
        await until(lambda: not town.store.unfollowed(), 20, town.diagnosis)
        runs = [w async for w in client.list_workflows(f'WorkflowId = "{workflow_id("lifecycle", town.stream("a"))}"')]
    assert len(runs) >= 2
    assert sum(w.status == WorkflowExecutionStatus.RUNNING for w in runs) == 1
    assert verify(town.store).ok


async def test_a_closed_lifecycle_ends_its_workflow(town: Town, client: Client) -> None:
    async with town.working(client):
        town.begin("a")
        town.record(c.DropLifecycle, "a", person("drafter"), reason="不要になった")
        await town.wake(client, "a")
        await town.settle()
        handle = client.get_workflow_handle(workflow_id("lifecycle", town.stream("a")))
        await asyncio.wait_for(handle.result(), 10)
    assert town.state("a").closed


async def test_the_relay_follows_what_nobody_woke(town: Town, client: Client) -> None:
    async with town.working(client):
        town.begin("a")
        town.submit("a")
        await town.settle()
    assert town.notices()["log", "sent"] == 2


async def test_a_run_that_fails_is_started_afresh(town: Town, client: Client) -> None:
    async with town.working(client):
        town.begin("a")
        await town.wake(client, "a")
        await town.settle()
        handle = client.get_workflow_handle(workflow_id("lifecycle", town.stream("a")))
        await handle.terminate("a test takes the run away")
        town.submit("a")
        await town.settle()
        assert (await handle.describe()).status == WorkflowExecutionStatus.RUNNING


async def test_an_activity_that_fails_is_tried_again(town: Town, client: Client) -> None:
    tries: list[str] = []

    class Flaky(StreamActivities):
        @activity.defn
        def announce(self, given: AnnounceInput) -> bool:
            tries.append(given.key)
            if len(tries) < 3:
                raise OSError("no route to the world")
            return super().announce(given)

    def flaky(activities: StreamActivities) -> StreamActivities:
        activities.__class__ = Flaky
        return activities

    async with town.working(client, wrap=flaky):
        town.begin("a")
        await town.wake(client, "a")
        await town.settle()
    assert tries == ["announce-3"] * 3
