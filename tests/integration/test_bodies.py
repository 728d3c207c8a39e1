"""The bodies on a real server: a year from the call for proposals to the end of a project, and a closing that is killed."""

from __future__ import annotations

import signal
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from domain.bodies import members_of
from domain.bodies_stream import STREAM as BODIES
from domain.bodies_stream import PublishRules
from domain.calendar import fiscal_year, local_day
from domain.lifecycle import commands as c
from domain.lifecycle.commands import stream_of as lifecycle_of
from domain.messages import SYSTEM, Actor, Command
from domain.process import ProcessDefinition
from domain.selection import messages as sm
from domain.sessions import messages as m
from domain.sessions.kind import stream_of as session_of
from domain.sessions.session import Session
from runtime.devserver import DevServer, connect
from store import bodies
from store.verify import verify
from tests.bodies import OFFICE, rules
from tests.city import VALID, person
from tests.integration.town import Town, hurried, stop, until
from workflows.contract import workflow_id

RULES = rules()


class Office:
    """What the secretariat and everybody else do, on a town's store."""

    def __init__(self, town: Town) -> None:
        self.town, self.store = town, town.store
        self._sent = 0
        self.store.record(PublishRules(command_id="rules", stream=BODIES, rules=RULES), SYSTEM)

    def do(self, kind: type[Command], stream: str, actor: Actor = OFFICE, **fields: Any) -> None:
        self._sent += 1
        self.store.record(kind.model_validate({"command_id": f"o{self._sent}", "stream": stream, **fields}), actor)

    def today(self) -> Any:
        return local_day(self.store.clock.now())

    def session(self, body: str) -> str:
        """A session held today, its agenda all that waits."""
        year = fiscal_year(self.today())
        stream = session_of(body, year, bodies.next_number(self.store, body, year))
        number = int(stream.rpartition("-")[2])
        fields = {"body": body, "fiscal_year": year, "number": number, "held_on": self.today()}
        self.do(m.ConveneSession, stream, **fields, urgent="急施")
        for matter in bodies.matters(self.store, self.state(stream)):
            self.do(m.PutItem, stream, **matter.model_dump())
        state = self.state(stream)
        seated = members_of(state.of, self.store.facts().directory, self.today())
        self.do(m.TakeAttendance, stream, present=[s.person for s in seated], presiding=seated[0].person)
        return stream

    def state(self, stream: str) -> Session:
        state: Session = self.store.load(stream)[0]
        return state

    def conclude(self, stream: str, **by_category: str) -> None:
        for item in self.state(stream).items.values():
            self.do(m.ConcludeItem, stream, item=item.key, conclusion=by_category[item.category])
        self.do(m.CloseSession, stream)

    def walk(self, stream: str) -> None:
        """People take a lifecycle on until it waits for a body's chair, or is to be evaluated."""
        while True:
            state = self.store.load(stream)[0]
            if state.closed or not state.requests:
                return
            asked = state.requests[0]
            if asked.post in ("mayor", "vice-head"):
                return
            stage = self.town.process.stage(state.work)
            if asked.kind == "draft":
                if stage.repeats:
                    if state.measured:
                        return
                    for kpi in state.kpis:
                        self.do(c.RecordMeasurement, stream, person("office"), kpi=kpi.key, period="Q1", value="12")
                content = {**VALID[stage.deliverable]}
                if "review_date" in content:
                    content["review_date"] = str(self.today() + timedelta(days=900))
                if stage.decides_outcome:
                    content["recommendation"] = "completion"
                self.do(c.SubmitDeliverable, stream, person("drafter"), stage=stage.key, content=content)
            else:
                held = self.store.facts().directory.holders(asked.post, self.today())
                who = next(p for p in held if p not in ("p-robot", "p-auditor", "p-drafter"))
                actor = person(who.removeprefix("p-"))
                self.do(c.AnswerRequest, stream, actor, request=asked.id, decision="approve")


@pytest.fixture(autouse=True)
async def _no_session_of_another_city(temporal_server: DevServer) -> None:
    """Sessions are named by their body and number: one namespace belongs to one city, and the tests share one."""
    client = await connect(temporal_server.address, patience=10)
    async for found in client.list_workflows("WorkflowId STARTS_WITH 'session/' AND ExecutionStatus = 'Running'"):
        await client.get_workflow_handle(found.id).terminate("the city of another test")


async def test_a_year_of_the_bodies(temporal_server: DevServer, database_url: str, tmp_path: Path) -> None:
    town = Town(database_url, temporal_server.address, tmp_path, f"test-{uuid4()}")
    office, client = Office(town), await connect(temporal_server.address, patience=10)
    name = f"selection:{uuid4()}"
    async with town.working(client):
        call = {
            "fiscal_year": 2026,
            "title": "令和8年度",
            "closes_on": office.today() + timedelta(days=3),
            "definition": town.process.reference,
        }
        office.do(sm.CallForProposals, name, **call)
        refs = [f"{n}-{uuid4()}" for n in "AB"]
        for ref in refs:
            fields = {"ref": ref, "title": f"課題 {ref[0]}", "section": "child-section", "problem": "窓口が混む"}
            office.do(sm.ProposeTask, name, person("drafter"), **fields)
        office.do(sm.CloseCall, name)
        for ref, score in zip(refs, (5, 2), strict=True):
            scores = {k.key: score if k.better == "higher" else 6 - score for k in RULES.criteria}
            office.do(sm.ScoreProposal, name, ref=ref, scores=scores)
        taskforce = {
            "weight": "light",
            "chair": "p-director",
            "departments": ["child-section"],
            "members": ["p-member"],
        }
        office.do(sm.ProposeChoice, name, ref=refs[0], result="selected", taskforce=taskforce)
        office.do(sm.ProposeChoice, name, ref=refs[1], result="deferred", reason="次回")

        first = office.session("council")
        assert [i.category for i in office.state(first).items.values()] == ["selection"]
        office.conclude(first, selection="selected")
        stream = lifecycle_of(refs[0])
        await until(lambda: _exists(town, stream), 30, town.diagnosis)
        assert not _exists(town, lifecycle_of(refs[1])) and bodies.deferred(town.store) == [(name, refs[1])]

        office.walk(stream)
        second = office.session("council")
        assert [i.category for i in office.state(second).items.values()] == ["proposal"]
        office.conclude(second, proposal="endorsed")
        await until(lambda: town.store.load(stream)[0].stage == "budgeting", 30, town.diagnosis)
        office.do(c.RecordBudget, stream, person("finance"), fiscal_year=2027, state="asked", amount=1000)
        office.do(c.RecordBudget, stream, person("finance"), fiscal_year=2027, state="indicated", amount=900)
        office.walk(stream)
        assert town.store.load(stream)[0].stage == "monitoring"

        meeting = office.session("monitoring")
        assert sorted(i.category for i in office.state(meeting).items.values()) == ["evaluation", "policy"]
        office.conclude(meeting, evaluation="review", policy="endorsed")
        await until(lambda: town.store.load(stream)[0].stage == "review", 30, town.diagnosis)
        office.walk(stream)
        again = office.session("monitoring")
        assert [i.request != "" for i in office.state(again).items.values() if i.category == "evaluation"] == [True]
        office.conclude(again, evaluation="endorsed", policy="held")
        waits = town.store.load(stream)[0].requests[0].id
        await until(lambda: town.store.load(stream)[0].requests[0].id != waits, 30, town.diagnosis)

        last = office.session("council")
        items = office.state(last).items.values()
        assert {(i.category, bool(i.follows)) for i in items} == {
            ("evaluation", False),
            ("evaluation", True),
            ("policy", True),
        }
        for item in items:
            outcome = "completion" if item.request else "noted" if item.category == "evaluation" else "endorsed"
            office.do(m.ConcludeItem, last, item=item.key, conclusion=outcome)
        office.do(m.CloseSession, last)
        await until(lambda: town.store.load(stream)[0].closed_as == "completion", 30, town.diagnosis)
        await town.settle(150)
        types = {
            kind: (await client.get_workflow_handle(workflow_id(kind, s)).describe()).workflow_type
            for kind, s in (("selection", name), ("lifecycle", stream))
        }
        types["council"] = (await client.get_workflow_handle(workflow_id("session", last)).describe()).workflow_type
        types["monitoring"] = (
            await client.get_workflow_handle(workflow_id("session", meeting)).describe()
        ).workflow_type
    assert types == {
        "selection": "SelectionRound",
        "lifecycle": "Lifecycle",
        "council": "CouncilSession",
        "monitoring": "MonitoringMeeting",
    }
    assert not any(i.exception for s in (first, second, meeting, again, last) for i in office.state(s).items.values())
    policy = bodies.latest_policy(town.store)
    assert policy is not None and policy["stream"] == meeting
    concluded = [(r["body"], r["conclusion"]) for r in bodies.register(town.store, stream)]
    assert Counter(concluded) == {
        ("council", "endorsed"): 1,
        ("council", "completion"): 1,
        ("council", "noted"): 1,
        ("monitoring", "review"): 1,
        ("monitoring", "endorsed"): 1,
    }
    assert verify(town.store).ok
    town.store.close()


def _exists(town: Town, stream: str) -> bool:
    try:
        return bool(town.store.load(stream))
    except LookupError:
        return False


def _mayor_decides() -> ProcessDefinition:
    """Himeji's process with a setup that only the mayor agrees to: forty of them are soon before the council."""
    document = hurried().model_dump(mode="json")
    stage = next(s for s in document["stages"] if s["key"] == "setup")
    stage["gate"] = [{**stage["gate"][0], "posts": [{"role": "mayor", "unit": "city"}]}]
    return ProcessDefinition.model_validate(document)


@pytest.mark.parametrize(("moment", "number"), [("instruct", 17), ("instructed", 23)])
async def test_a_closing_killed_in_its_middle_carries_each_of_forty_conclusions_once(
    temporal_server: DevServer, sqlite_url: str, tmp_path: Path, moment: str, number: int
) -> None:
    town = Town(sqlite_url, temporal_server.address, tmp_path, f"test-{uuid4()}", _mayor_decides())
    office = Office(town)
    refs = [f"t{n}" for n in range(40)]
    for ref in refs:
        town.begin(ref)
        town.submit(ref)
    council = office.session("council")
    assert len(office.state(council).items) == 40
    gone = office.state(council).items["proposal-7"].lifecycle
    office.do(c.WithdrawDraft, gone, person("drafter"), reason="誤記")
    victim, survivor = town.worker_process(moment, str(number)), None
    try:
        office.conclude(council, proposal="endorsed")
        await until(lambda: victim.poll() is not None, 60, town.diagnosis)
        assert victim.returncode == -signal.SIGKILL
        survivor = town.worker_process()
        await town.settle(90)
    finally:
        stop(victim)
        if survivor is not None:
            stop(survivor)
    carried: Counter[tuple[int, int, str]] = Counter()
    for ref in refs:
        types = Counter(town.types(ref))
        carried[types["ConclusionCarried"], types["RequestAnswered"], town.state(ref).stage] += 1
    assert carried == {(1, 1, "analysis"): 39, (0, 0, "setup"): 1}
    exceptions = {k: i.exception.rule for k, i in office.state(council).items.items() if i.exception is not None}
    assert exceptions == {"proposal-7": "request-not-open"}
    assert verify(town.store).ok
    town.store.close()
