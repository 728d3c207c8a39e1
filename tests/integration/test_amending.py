"""Amendments with real workflows: both sides of a merge, a reopened run, a retraction that the operator sees."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from temporalio.client import Client, WorkflowExecutionStatus

from domain.lifecycle import amendments as am
from domain.lifecycle import commands as c
from domain.messages import Refused
from store.engine import Database
from store.errors import StoreNotReady
from store.migrate import current, upgrade
from store.rebuild import rebuild
from store.store import Store
from store.tables import lifecycles, metadata, requests
from store.verify import verify
from tests.city import DRAFTER, PROCESS, person
from tests.integration.test_workflow import client, town  # noqa: F401
from tests.integration.town import Town, until
from workflows.contract import workflow_id


async def test_both_sides_of_a_merge_know_it_and_a_reopened_run_goes_on(town: Town, client: Client) -> None:  # noqa: F811
    async with town.working(client):
        for ref in ("a", "b"):
            town.begin(ref)
            await town.wake(client, ref)
        await town.settle()
        town.record(am.MergeLifecycle, "b", DRAFTER, into=town.stream("a"), reason="同じ課題")
        await town.wake(client, "b")
        await until(lambda: town.state("a").absorbed == (town.stream("b"),), 20, town.diagnosis)
        handle = client.get_workflow_handle(workflow_id("lifecycle", town.stream("b")))

        async def status() -> WorkflowExecutionStatus | None:
            return (await handle.describe()).status

        while await status() == WorkflowExecutionStatus.RUNNING:
            await town.settle()
        town.record(am.ReopenLifecycle, "b", DRAFTER, stage="setup", reason="別の課題だった")
        await town.wake(client, "b")
        while town.state("b").in_circulation:
            town.approve("b")
            await town.wake(client, "b")
        await until(lambda: town.state("a").absorbed == (), 20, town.diagnosis)
        await town.settle()
        assert await status() == WorkflowExecutionStatus.RUNNING
        assert (town.state("b").closed, town.state("b").work) == (False, "setup")
        assert verify(town.store).ok


async def test_an_answer_taken_back_is_followed_like_anything_else(town: Town, client: Client) -> None:  # noqa: F811
    async with town.working(client):
        town.begin("a")
        town.submit("a")
        who = town.holder("a")
        request = town.state("a").requests[0].id
        town.approve("a")
        await town.wake(client, "a")
        town.record(am.RetractAnswer, "a", who, request=request, reason="押し間違い")
        await town.wake(client, "a")
        await town.settle()
        assert [r.id for r in town.state("a").requests] == [request]
    assert verify(town.store).ok
    before = [dict(r) for r in _rows(town.store)]
    rebuild(town.store)
    assert [dict(r) for r in _rows(town.store)] == before


def test_two_merged_into_each_other_at_once_end_in_one(database_url: str) -> None:
    store = Store.create(database_url)
    _events(store)
    for number in range(6):
        pair = [f"{number}-a", f"{number}-b"]
        for name in pair:
            store.record(_start(name), person("drafter"))
        both = zip(pair, reversed(pair), strict=True)
        wishes = [am.MergeLifecycle(command_id="m", stream=one, into=other, reason="同じ") for one, other in both]

        def attempt(wish: am.MergeLifecycle) -> str:
            try:
                return str(store.record(wish, person("drafter")).events[0])
            except Refused as refused:
                return refused.refusal.rule

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(attempt, wishes)) == ["LifecycleMerged", "merge-target"]
    assert verify(store).ok
    store.close()


def _rows(store: Store) -> list[sa.RowMapping]:
    with store.database.read() as connection:
        return list(connection.execute(sa.select(requests)).mappings())


def test_a_store_of_the_first_schema_is_brought_up_to_date_and_filled(database_url: str) -> None:
    """The tables as 0001 left them, with events in them: migrated, filled, and whole."""
    store = Store.create(database_url)
    _events(store)
    before = _shown(store)
    store.close()
    _as_first_schema(database_url)
    with pytest.raises(StoreNotReady):
        Store.open(database_url)
    upgrade(database_url)
    with pytest.raises(StoreNotReady, match="migrate"):
        Store.open(database_url)
    store = Store.migrated(database_url)
    assert _shown(store) == before
    assert verify(store).ok
    store.close()
    Store.migrated(database_url).close()


def _events(store: Store) -> None:
    from domain.directory_stream import STREAM, ImportDirectory
    from domain.messages import SYSTEM
    from domain.process_stream import PublishDefinition, stream_of
    from tests.city import directory

    store.record(ImportDirectory(command_id="p", stream=STREAM, directory=directory()), SYSTEM)
    store.record(PublishDefinition(command_id="d", stream=stream_of("himeji"), definition=PROCESS), SYSTEM)
    store.record(_start("one"), person("drafter"))


def _start(stream: str) -> c.StartLifecycle:
    return c.StartLifecycle(
        command_id="s", stream=stream, ref=stream, title="窓口", section="child-section", definition=PROCESS.reference
    )


def _shown(store: Store) -> list[dict[str, object]]:
    with store.database.read() as connection:
        return [dict(r) for t in (lifecycles, requests) for r in connection.execute(sa.select(t)).mappings()]


LATER = (
    *(t for t in metadata.tables if t.startswith("web_")),
    "publications",
    "selections",
    "proposals",
    "sessions",
    "session_items",
    "instructions",
    "budget_windows",
)


def _as_first_schema(url: str) -> None:
    """Undo what came later, as far as it matters: new tables and columns gone, the read models there, the version the first."""
    database = Database(url)
    with database.write() as connection:
        for table in (
            "retractions",
            "register_entries",
            "notice_choices",
            "channel_health",
            "attachments",
            "written",
            *LATER,
        ):
            metadata.tables[table].drop(connection)
        for column in ("not_before", "problem"):
            connection.execute(sa.text(f"ALTER TABLE deliveries DROP COLUMN {column}"))
        connection.execute(sa.text("ALTER TABLE deliverables DROP COLUMN attachments"))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    assert current(database) == "0001"
    database.close()
