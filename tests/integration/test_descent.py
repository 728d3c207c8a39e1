"""横展開 on a real server: a worker killed in the middle of it starts each lifecycle once, and a refused start comes back by name."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest

from domain.lifecycle import commands as c
from domain.lifecycle.adopting import AdoptLifecycle, History
from domain.lifecycle.descent import SettleSpread
from domain.lifecycle.events import LifecycleStarted
from domain.process import ProcessDefinition
from runtime.devserver import DevServer, connect
from store.lineage import lineage
from store.verify import verify
from tests.city import VALID, person
from tests.integration.town import Town, hurried, stop, until

OPEN = ("health-section", "school-section", "finance-section")
TAKEN = "finance-bureau"
"""A bureau has no section chief: its start is refused."""


def _chiefs_draft() -> ProcessDefinition:
    """Himeji's process, with a setup that the section chief drafts and a review that the mayor alone decides."""
    document = hurried().model_dump(mode="json")
    for stage in document["stages"]:
        if stage["key"] == "setup":
            stage["drafter"] = {"role": "section_chief", "unit": "owner"}
        if stage["key"] == "review":
            stage["gate"] = stage["gate"][-1:]
    return ProcessDefinition.model_validate(document)


@pytest.mark.parametrize(("moment", "number"), [("instruct", 2), ("instructed", 3)])
async def test_an_expansion_killed_in_its_middle_starts_each_lifecycle_once(
    temporal_server: DevServer, sqlite_url: str, tmp_path: Path, moment: str, number: int
) -> None:
    town = Town(sqlite_url, temporal_server.address, tmp_path, f"test-{uuid4()}", _chiefs_draft())
    client = await connect(temporal_server.address, patience=10)
    ref, stream = f"r-{uuid4()}"[:20], town.stream("a")
    town.record(
        AdoptLifecycle,
        "a",
        person("drafter"),
        ref=ref,
        title="保育料通知の電子化",
        section="child-section",
        definition=town.process.reference,
        stage="review",
        history=History(source=c.Source(name="以前の台帳")),
    )
    content = {
        **VALID["review"],
        "recommendation": "expansion",
        "spread_to": [*OPEN, TAKEN],
        "reasons": ["効果が大きい"],
    }
    town.record(c.SubmitDeliverable, "a", person("drafter"), stage="review", content=content)
    victim, survivor = town.worker_process(moment, str(number)), None
    try:
        town.approve("a")
        await town.wake(client, "a")
        await until(lambda: victim.poll() is not None, 60, town.diagnosis)
        assert victim.returncode == -signal.SIGKILL
        survivor = town.worker_process()
        await town.settle(150)
        found = lineage(town.store, stream)
        assert {d.section: d.standing for d in found.descendants} == {
            **dict.fromkeys(OPEN, "started"),
            TAKEN: "refused",
        }
        refused = next(d for d in found.descendants if d.section == TAKEN)
        assert (refused.rule, refused.member) == ("no-such-post", None)
        town.record(SettleSpread, "a", person("office"), section=TAKEN, again=True, reason="職を設けた")
        await town.wake(client, "a")
        await until(lambda: Counter(town.types("a"))["SpreadRefused"] == 2, 40, town.diagnosis)
        await town.settle(150)
    finally:
        stop(victim)
        if survivor is not None:
            stop(survivor)
    for d in found.descendants[:-1]:
        events = [r.event for r in town.store.events(d.id)]
        (started,) = [e for e in events if isinstance(e, LifecycleStarted)]
        assert started.origin is not None
        assert (started.origin.lifecycle, started.origin.ref, started.origin.round) == (stream, ref, 1)
        assert started.origin.why == "効果が大きい"
        assert [a.member.ref for a in lineage(town.store, d.id).ancestors] == [ref]
    assert Counter(town.types("a"))["SpreadSettled"] == 1
    assert verify(town.store).ok
    town.store.close()
