"""Routes on a real server: absence, a move in April, objections, late timers, double answers, changed and outside documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError

from domain.calendar import local_day
from domain.directory_changes import NameDeputies, RecordAbsence, RecordMoves, ReorganiseUnit
from domain.directory_stream import STREAM as DIRECTORY
from domain.lifecycle import commands as c
from domain.lifecycle.consulting import SettleConsultation
from domain.lifecycle.registering import EnterOutsideDecision
from domain.messages import SYSTEM, Refused
from domain.process import ProcessDefinition
from runtime.devserver import DevServer, connect
from store import queries
from store.verify import verify
from tests.city import SINCE, person, stage_of
from tests.integration.town import Town, hurried, until
from workflows.contract import ANSWER, AnswerInput, AnswerResult, workflow_id
from workflows.signing import load_or_create_key, sign


def routes(consult: float = 600) -> ProcessDefinition:
    """The setup stage with the chief, the departments in parallel and the director; spans in seconds."""
    document = hurried().model_dump(mode="json")
    setup = stage_of(document, "setup")
    chief, director, _ = setup["gate"]
    others = {**chief, "key": "concurrence", "title": {"ja": "合議", "en": "concurrence"}}
    others |= {"posts": [{"role": "section_chief", "unit": "departments"}], "covers": ["departments"]}
    others |= {"on_reject": "consult", "consult_within": {"seconds": consult}}
    setup |= {"gate": [chief, others, director], "outside_decision": True}
    document |= {"heads": ["section_chief", "bureau_director", "deputy_mayor", "mayor"]}
    return ProcessDefinition.model_validate(document)


@pytest.fixture
async def client(temporal_server: DevServer) -> Client:
    return await connect(temporal_server.address, patience=10)


@pytest.fixture
async def town(temporal_server: DevServer, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    made = Town(sqlite_url, temporal_server.address, tmp_path, f"test-{uuid4()}", routes(consult=1.0))
    yield made
    assert verify(made.store).problems == ()
    made.store.close()


def today() -> Any:
    return local_day(datetime.now(UTC))


def answer(town: Town, ref: str, post: str, who: str, decision: str = "approve", **fields: Any) -> None:
    request = next(r for r in town.state(ref).requests if r.post == post)
    fields.setdefault("comment", "理由")
    town.record(c.AnswerRequest, ref, person(who), request=request.id, decision=decision, **fields)


async def handed_in(town: Town, client: Client, ref: str = "a") -> None:
    town.begin(ref)
    town.submit(ref)
    await town.wake(client, ref)


async def test_an_absent_decider_freezes_nothing_and_the_ui_shows_the_route(town: Town, client: Client) -> None:
    for who in ("p-chief", "p-chief2"):
        absence = RecordAbsence(
            command_id=who, stream=DIRECTORY, person=who, since=today(), until=today() + timedelta(days=3)
        )
        town.store.record(absence, SYSTEM)
    named = NameDeputies(command_id="n", stream=DIRECTORY, post="child-chief", deputies=("school-chief",), since=SINCE)
    town.store.record(named, SYSTEM)
    async with town.working(client):
        await handed_in(town, client)
        assert [r["post"] for r in queries.inbox(town.store, "p-school")] == ["child-chief"]
        answer(town, "a", "child-chief", "school")
        await town.wake(client, "a")
        await town.settle()
        handle = client.get_workflow_handle(workflow_id("lifecycle", town.stream("a")))
        described = await handle.describe()
        shown = dict(described.search_attributes)
        assert set(shown["TaskforceAwaiting"] or ()) == {"health-chief", "school-chief", "role:section_chief"}
        details = (await handle._fetch_metadata()).current_details if hasattr(handle, "_fetch_metadata") else None
        found = [w.id async for w in client.list_workflows("TaskforceAwaiting = 'role:section_chief'")]
        assert details is None or "経路 / route" in details
    assert workflow_id("lifecycle", town.stream("a")) in found
    assert [r["kind"] for r in queries.inbox(town.store, "p-chief") if r["kind"] == "read"] == ["read"]


async def test_a_move_in_april_gives_open_work_to_the_successor(town: Town, client: Client) -> None:
    async with town.working(client):
        await handed_in(town, client)
        move = {"person": "p-member", "post": "child-chief"}
        command = {"command_id": "m", "stream": DIRECTORY, "on": today(), "moves": [move]}
        town.store.record(RecordMoves.model_validate(command), SYSTEM)
        with pytest.raises(Refused) as no:
            answer(town, "a", "child-chief", "chief")
        assert no.value.refusal.rule == "not-in-office"
        answer(town, "a", "child-chief", "member")
        await town.wake(client, "a")
        await town.settle()
    given = next(r for r in town.store.events(town.stream("a")) if r.event.type == "RequestAnswered")
    assert given.actor.person == "p-member"


async def test_a_reorganisation_in_july_gives_open_work_to_the_new_section(town: Town, client: Client) -> None:
    async with town.working(client):
        await handed_in(town, client)
        answer(town, "a", "child-chief", "chief")
        await town.wake(client, "a")
        new = {"id": "family-section", "name": {"ja": "家庭課", "en": "families"}, "parent": "health-bureau"}
        post = {
            "id": "family-chief",
            "title": {"ja": "家庭課長", "en": "chief"},
            "role": "section_chief",
            "unit": new["id"],
        }
        command: dict[str, Any] = {"stream": DIRECTORY, "on": today()}
        for gone in ("health-section", "school-section"):
            first = gone == "health-section"
            merged = {
                "unit": gone,
                "to": new["id"],
                "units": [new] if first else [],
                "new_posts": [post] if first else [],
            }
            town.store.record(ReorganiseUnit.model_validate({**command, **merged, "command_id": gone}), SYSTEM)
        move = {"moves": [{"person": "p-member", "post": "family-chief"}], "command_id": "m"}
        town.store.record(RecordMoves.model_validate({**command, **move}), SYSTEM)
        waiting = queries.inbox(town.store, "p-member")
        assert {r["post"] for r in waiting} == {"health-chief", "school-chief"}
        assert queries.inbox(town.store, "p-health") == []
        for before in ("health-chief", "school-chief"):
            answer(town, "a", before, "member")
        await town.wake(client, "a")
        await town.settle()
    assert [r.post for r in town.state("a").requests] == ["child-director"]


async def test_an_objection_left_alone_goes_to_the_superior_when_its_time_is_over(town: Town, client: Client) -> None:
    async with town.working(client):
        await handed_in(town, client)
        answer(town, "a", "child-chief", "chief")
        answer(town, "a", "school-chief", "school", "reject")
        await town.wake(client, "a")
        await until(lambda: any(r.extra == "superior" for r in town.state("a").requests), 20, town.diagnosis)
        # The late hand: consultation is over, and says so.
        with pytest.raises(Refused):
            consultation = town.state("a").consultations[0].id
            town.record(SettleConsultation, "a", person("school"), consultation=consultation, agreed=True, comment="x")
        answer(town, "a", "deputy-mayor", "deputy")
        answer(town, "a", "health-chief", "health")
        await town.wake(client, "a")
        await town.settle()
    assert [r.post for r in town.state("a").requests] == ["child-director"]
    assert town.types("a").count("ConsultationSettled") == 2


async def test_parallel_answers_at_once_and_a_double_count_once(town: Town, client: Client) -> None:
    async with town.working(client):
        await handed_in(town, client)
        answer(town, "a", "child-chief", "chief")
        requests = {r.post: r.id for r in town.state("a").requests}
        handle = client.get_workflow_handle(workflow_id("lifecycle", town.stream("a")))
        await town.wake(client, "a")
        key = load_or_create_key(town.settings.key_file)

        def signed(post: str, who: str, n: int) -> AnswerInput:
            given = AnswerInput(
                stream=town.stream("a"),
                request=requests[post],
                person=f"p-{who}",
                decision="approve",
                command_id=f"u-{who}-{n}",
                issued_at=datetime.now(UTC),
            )
            return sign(key, given)

        async def send(given: AnswerInput) -> bool:
            try:
                await handle.execute_update(ANSWER, given, result_type=AnswerResult)
            except WorkflowUpdateFailedError:
                return False
            return True

        tries = [signed("health-chief", "health", n) for n in range(2)] + [
            signed("school-chief", "school", n) for n in range(2)
        ]
        took = await asyncio.gather(*(send(t) for t in tries))
        assert sum(took) == 2
        await town.settle()
    assert [r.post for r in town.state("a").requests] == ["child-director"]


async def test_a_forged_answer_is_refused_and_kept(town: Town, client: Client) -> None:
    async with town.working(client):
        await handed_in(town, client)
        handle = client.get_workflow_handle(workflow_id("lifecycle", town.stream("a")))
        request = town.state("a").requests[0].id
        forged = AnswerInput(
            stream=town.stream("a"),
            request=request,
            person="p-chief",
            decision="approve",
            command_id="f",
            issued_at=datetime.now(UTC),
            signature="0" * 64,
        )
        with pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update(ANSWER, forged, result_type=AnswerResult)
        await town.settle()
    [kept] = queries.refusals(town.store, person="p-chief")
    assert (kept["rule"], kept["actor"]["authenticated_by"]) == ("signature-wrong", "nothing")


async def test_a_changed_document_is_asked_again_where_its_part_changed(town: Town, client: Client) -> None:
    async with town.working(client):
        await handed_in(town, client)
        answer(town, "a", "child-chief", "chief")
        answer(town, "a", "health-chief", "health")
        answer(town, "a", "school-chief", "school")
        answer(town, "a", "child-director", "director", "return")
        town.submit("a")
        await town.wake(client, "a")
        answer(town, "a", "child-chief", "chief")
        await town.wake(client, "a")
        await town.settle()
    assert [r.post for r in town.state("a").requests] == ["child-director"]


async def test_a_decision_made_outside_passes_the_gate_and_a_late_answer_is_refused(town: Town, client: Client) -> None:
    async with town.working(client):
        await handed_in(town, client)
        request = town.state("a").requests[0].id
        submission = town.state("a").submission
        assert submission is not None
        fields = {"system": "文書管理", "number": "1", "decided_on": today(), "decided_by": "child-director"}
        town.record(EnterOutsideDecision, "a", person("office"), **fields, seen=submission.content_hash)
        await town.wake(client, "a")
        with pytest.raises(Refused):
            town.record(c.AnswerRequest, "a", person("chief"), request=request, decision="approve")
        await handed_in_again(town, client)
        await town.settle()
    assert town.state("a").stage == "analysis"


async def handed_in_again(town: Town, client: Client) -> None:
    """The same outside document cannot decide another matter."""
    town.begin("b")
    town.submit("b")
    submission = town.state("b").submission
    assert submission is not None
    fields = {"system": "文書管理 ", "number": "１", "decided_on": today(), "decided_by": "child-director"}
    with pytest.raises(Refused) as no:
        town.record(EnterOutsideDecision, "b", person("office"), **fields, seen=submission.content_hash)
    assert no.value.refusal.rule == "outside-number-used"
    await town.wake(client, "b")
