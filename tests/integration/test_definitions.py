"""Process definitions in use: the second example runs, and running lifecycles move to a new version from the shell."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
import yaml

from definitions.loader import SHIPPED
from domain.lifecycle.events import RequestAnswered
from domain.lifecycle.migrating import MigrateDefinition, migration
from domain.lifecycle.timers import next_due
from domain.messages import SYSTEM, Refused
from domain.process_stream import PublishDefinition, stream_of
from rehearsal.run import rehearse
from runtime.devserver import DevServer, connect
from settings import ROOT
from store import queries
from store.rebuild import rebuild
from store.tables import streams
from store.verify import verify
from tests.city import person, stage_of, with_process
from tests.integration.test_shell import Shell
from tests.integration.town import Town, stop
from workflows.contract import workflow_id

SMALL = ROOT / "examples" / "small-city"


@pytest.fixture
def shell(sqlite_url: str, tmp_path: Path) -> Shell:
    return Shell(sqlite_url, tmp_path)


def test_the_small_city_comes_to_results_by_its_own_process() -> None:
    summary = rehearse(
        SMALL / "tasks.yaml",
        date(2027, 3, 31),
        1,
        since=date(2024, 4, 1),
        people=SMALL / "people.yaml",
        definition=SMALL / "definition.yaml",
    )
    told = summary.model_dump(mode="json")
    assert told["lifecycles"] == 3
    assert sum(told["results"].values()) >= 2, told["results"]


def small_city(shell: Shell) -> None:
    """The town's people and process, its three tasks started, and the first one's set-up handed in."""
    shell("migrate")
    shell("directory", "import", str(SMALL / "people.yaml"))
    shell("definition", "publish", str(SMALL / "definition.yaml"))
    shell("start", str(SMALL / "tasks.yaml"))
    form = yaml.safe_load((ROOT / "examples" / "deliverables" / "setup.yaml").read_text("utf-8"))
    form |= {"chair": "t01", "adviser": "t04", "departments": ["planning"]}
    form["members"] = [{"person": "t04", "department": "planning", "role": "記録"}]
    shell("submit", "S1", _write(shell, form), "--as", "t03")


def test_the_small_city_is_answered_from_the_shell(shell: Shell) -> None:
    small_city(shell)
    assert shell("definition", "validate", str(SMALL / "definition.yaml")).stderr == ""
    himeji = shell("definition", "validate", str(SHIPPED / "himeji.yaml")).stderr
    assert "secretariat_director" in himeji, "posts that this town does not have are told as notes"
    for who in ("t02", "t01"):
        done = shell.json("answer", shell.waiting(who), "--as", who, "--decision", "approve")
    assert (done["stage"], done["closed"]) == ("proposal", False)
    assert shell.json("verify")["ok"]


def _write(shell: Shell, content: object) -> str:
    path = Path(shell.url.removeprefix("sqlite:///")).parent / "form.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return str(path)


def _second(folder: Path) -> str:
    """himeji@2: the secretariat is asked first of all; the first step has less time."""
    document = yaml.safe_load((SHIPPED / "himeji.yaml").read_text("utf-8"))
    document["version"] = 2
    gate = document["stages"][0]["gate"]
    gate[0]["due"] = {"working_days": 2}
    gate.insert(
        0,
        {
            **gate[0],
            "key": "secretariat",
            "title": {"ja": "事務局", "en": "secretariat"},
            "posts": [{"role": "secretariat_director", "unit": "headquarters"}],
        },
    )
    path = folder / "himeji-2.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8")
    return str(path)


def test_a_new_version_is_compared_published_tried_and_moved_to(shell: Shell, tmp_path: Path) -> None:
    file = _second(tmp_path)
    shell("start", str(ROOT / "examples" / "smart-city.yaml"))
    shell("start", str(ROOT / "examples" / "first.yaml"))
    shell("submit", "R8", str(ROOT / "examples" / "deliverables" / "setup.yaml"), "--as", "p33")
    agreed = shell.waiting("p32")
    shell("answer", agreed, "--as", "p32", "--decision", "approve")
    lines = shell.json("definition", "diff", "himeji@1", file)["differences"]
    assert {"version 1 -> 2"} <= {x["en"] for x in lines} and any("is new" in x["en"] for x in lines)
    assert "himeji@9" in shell.refused("definition", "diff", "himeji@1", "himeji@9")
    before = shell.json("definition", "dry-run", file)
    assert (before["totals"]["kept"], before["totals"]["asked_again"]) == (6, 1)
    assert "himeji@2" in shell.refused("definition", "migrate", "himeji@2", "--all", "--reason", "x", "--as", "p07")
    shell("definition", "publish", file)
    assert shell.json("definition", "dry-run", "himeji@2")["totals"] == before["totals"]
    assert "--all" in shell.refused("definition", "migrate", "himeji@2", "--reason", "x", "--as", "p07")
    moved = shell.json("definition", "migrate", "himeji@2", "--id", "R8", "--reason", "改正", "--as", "p07")
    assert [r["status"] for r in moved["lifecycles"]] == ["moved"]
    assert shell.json("show", "R8")["definition"] == "himeji@2"
    for who in ("p07", "p30", "p02"):
        done = shell.json("answer", shell.waiting(who), "--as", who, "--decision", "approve")
    assert done["stage"] == "analysis"
    rest = shell.json("definition", "migrate", "himeji@2", "--all", "--reason", "改正", "--as", "p07")
    assert sorted(r["status"] for r in rest["lifecycles"]) == ["moved"] * 6 + ["same"]
    stranger = shell("definition", "migrate", "himeji@1", "--all", "--reason", "x", "--as", "p38", "--json", code=3)
    assert "not-concerned" in stranger.stdout
    again = [shell.json("start", str(ROOT / "examples" / f"{name}.yaml")) for name in ("smart-city", "first")]
    assert {row["status"] for rows in again for row in rows} == {"exists"}
    assert shell.json("verify")["ok"]
    assert "himeji@1" in shell.refused("definition", "dry-run", _as_version(tmp_path, file, 1))


def test_a_stage_that_is_gone_is_named_and_others_are_not_skipped(shell: Shell, tmp_path: Path) -> None:
    shell("start", str(ROOT / "examples" / "smart-city.yaml"))
    document = yaml.safe_load((SHIPPED / "himeji.yaml").read_text("utf-8")) | {"version": 2}
    _renamed(document)
    file = _write(shell, document)
    assert "becomes 'foundation'" in shell("definition", "diff", "himeji@1", file).stdout
    assert "6 " in (told := shell("definition", "dry-run", file).stdout) and "setup=STAGE" in "".join(told.split())
    assert "moon" in shell.refused("definition", "dry-run", file, "--stage", "setup=moon")
    assert "--stage" in shell.refused("definition", "dry-run", file, "--stage", "setup")
    assert shell.json("definition", "dry-run", file, "--stage", "setup=review")["totals"]["asked_again"] == 6
    none = shell.json("definition", "dry-run", file, "--from", "small-city")
    assert (
        none["lifecycles"] == [] and len(shell.json("definition", "dry-run", file, "--from", "all")["lifecycles"]) == 6
    )
    shell("definition", "publish", file)
    move = ("definition", "migrate", "himeji@2", "--all", "--yes", "--reason", "改称")
    assert shell(*move, "--as", "p07", code=3).stdout.count("migration-impossible") == 6
    moved = shell(*move, "--as", "p07", "--stage", "setup=foundation").stdout
    assert moved.count("foundation: ") == 6 and "drafted again by Officer" in moved
    again = shell.json(*move, "--as", "p07", "--stage", "setup=foundation")
    assert [r["status"] for r in again["lifecycles"]] == ["same"] * 6


def _as_version(folder: Path, file: str, version: int) -> str:
    path = folder / f"himeji-as-{version}.yaml"
    path.write_text(Path(file).read_text("utf-8").replace("version: 2", f"version: {version}"), "utf-8")
    return str(path)


# --- on a real server ------------------------------------------------------------------------------------------------


class Served(Shell):
    """The same commands with a Temporal server in reach, and a worker process that follows."""

    def __init__(self, url: str, folder: Path, address: str) -> None:
        super().__init__(url, folder)
        self.folder = folder
        self._environment |= {
            "TEMPORAL_ADDRESS": address,
            "TASKFORCE_TASK_QUEUE": f"test-{uuid4()}",
            "TASKFORCE_RELAY_INTERVAL": "0.5",
            "TASKFORCE_RELAY_GRACE": "0.5",
        }

    @contextmanager
    def working(self) -> Iterator[None]:
        with (self.folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "worker.py"], cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )
        try:
            yield
        finally:
            stop(process)

    def log(self) -> str:
        return (self.folder / "worker.log").read_text("utf-8", "replace")[-1500:]


async def test_the_small_city_runs_and_is_moved_on_a_real_server(
    temporal_server: DevServer, sqlite_url: str, tmp_path: Path
) -> None:
    shell = Served(sqlite_url, tmp_path, temporal_server.address)
    client = await connect(temporal_server.address, patience=10)

    async def followed(stage: str, post: str) -> None:
        """Until the workflow shows the stage and the one post that it waits for."""
        for _ in range(400):
            shown = dict((await handle.describe()).search_attributes)
            posts = [a for a in shown.get("TaskforceAwaiting", []) if not str(a).startswith("role:")]
            if (shown.get("TaskforceStage"), posts) == ([stage], [post]):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"{stage}, {post}: {shown}\n{shell.log()}")

    await asyncio.to_thread(small_city, shell)
    [stream] = [r["id"] for r in shell.json("list") if r["ref"] == "S1"]
    handle = client.get_workflow_handle(workflow_id("lifecycle", stream))
    with shell.working():
        await followed("setup", "planning-chief")
        await asyncio.to_thread(shell, "answer", shell.waiting("t02"), "--as", "t02", "--decision", "approve")
        await followed("setup", "town-mayor")
        document = yaml.safe_load((SMALL / "definition.yaml").read_text("utf-8"))
        document["version"] = 2
        gate = document["stages"][0]["gate"]
        gate.insert(1, {**gate[0], "key": "check", "posts": [{"role": "drafter", "unit": "owner"}]})
        await asyncio.to_thread(shell, "definition", "publish", _write(shell, document))
        move = ("definition", "migrate", "small-city@2", "--id", "S1", "--reason", "確認を加える", "--as", "t01")
        assert (await asyncio.to_thread(shell.json, *move))["lifecycles"][0]["status"] == "moved"
        await followed("setup", "planning-drafter")
        for who, post in (("t04", "town-mayor"), ("t01", None)):
            [asked] = [r["awaiting"][0]["request"] for r in shell.json("list") if r["id"] == stream]
            await asyncio.to_thread(shell, "answer", asked, "--as", who, "--decision", "approve")
            if post:
                await followed("setup", post)
        await followed("proposal", "planning-drafter")
    assert shell.json("verify")["ok"]


# --- on a real store -------------------------------------------------------------------------------------------------


def _shorter(document: dict[str, Any]) -> None:
    for step in stage_of(document, "setup")["gate"]:
        step["due"] = {"seconds": 300}


def _one_more_first(document: dict[str, Any]) -> None:
    gate = stage_of(document, "setup")["gate"]
    gate.insert(0, {**gate[0], "key": "audit", "posts": [{"role": "secretariat_director", "unit": "headquarters"}]})


def _one_less(document: dict[str, Any]) -> None:
    del stage_of(document, "setup")["gate"][1]


def _renamed(document: dict[str, Any]) -> None:
    stage_of(document, "setup")["key"] = "foundation"
    for stage in document["stages"]:
        stage["send_back_to"] = ["foundation" if b == "setup" else b for b in stage.get("send_back_to", ())]


MOVES: list[tuple[Callable[[dict[str, Any]], None], str | None, str, list[str]]] = [
    (_shorter, None, "kept", ["child-director"]),
    (_one_more_first, None, "asked_again", ["office-director"]),
    (_one_less, None, "asked_again", ["deputy-mayor"]),
    (_renamed, None, "impossible", ["child-director"]),
    (_renamed, "foundation", "asked_again", ["child-drafter"]),
]


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    made = Town(database_url, "127.0.0.1:1", tmp_path, "none")
    yield made
    made.store.close()


@pytest.mark.parametrize(("change", "stage", "effect", "asked"), MOVES)
def test_a_document_on_its_route_is_moved_and_comes_to_its_end(
    town: Town,
    change: Callable[[dict[str, Any]], None],
    stage: str | None,
    effect: str,
    asked: list[str],
) -> None:
    town.begin("a")
    town.submit("a")
    town.approve("a")
    before = town.state("a")

    def second(document: dict[str, Any]) -> None:
        document["version"] = 2
        change(document)

    new = with_process(second, town.store.facts(town.process.reference))
    assert new.definition is not None
    town.process = new.definition
    town.store.record(PublishDefinition(command_id="2", stream=stream_of("himeji"), definition=new.definition), SYSTEM)
    told = migration(before, town.store.facts("himeji@2"), town.store.clock.now(), stage)
    assert told.effect == effect
    move = partial(
        town.record, MigrateDefinition, "a", person("office"), definition="himeji@2", stage=stage, reason="改正"
    )
    if effect == "impossible":
        with pytest.raises(Refused) as refused:
            move()
        assert refused.value.refusal.rule == "migration-impossible" and town.state("a") == before
        return
    move()
    assert [r.post for r in town.state("a").requests] == asked
    if not told.drafted_again:
        assert town.state("a").given == before.given, "answers that were given stand"
    else:
        town.submit("a")
    while town.state("a").work == told.work:
        _in_step(town, "a")
        town.approve("a")
    _in_step(town, "a")
    answered = [r.event.post for r in town.store.events(town.stream("a")) if isinstance(r.event, RequestAnswered)]
    assert told.drafted_again or len(answered) == len(set(answered)), "nobody was asked twice"
    assert (town.state("a").stage, town.state("a").definition) == ("analysis", "himeji@2")
    rebuild(town.store)
    _in_step(town, "a")
    assert verify(town.store).ok


def _in_step(town: Town, ref: str) -> None:
    """What lists and timers go by is what the state says."""
    state = town.state(ref)
    with town.store.database.read() as connection:
        row = connection.execute(sa.select(streams).where(streams.c.stream == state.stream)).one()
    assert row.next_due == next_due(state)
    live = queries.live_requests(town.store, [state.stream])
    assert {r["request"] for r in live} == {r.id for r in state.requests}
