"""Histories of earlier runs replay on today's workflow code: a worker can be upgraded while lifecycles run.

A new history is written by `python -m tests.replay.record NAME` when the workflow's few lines change on purpose.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from worker import WORKFLOWS
from workflows.contract import EDITION

HISTORIES = {p.stem: p.read_text("utf-8") for p in sorted((Path(__file__).parent / "histories").glob("*.json"))}


def _replayer() -> Replayer:
    return Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter)


@pytest.mark.parametrize("name", HISTORIES)
async def test_a_recorded_history_replays(name: str) -> None:
    await _replayer().replay_workflow(WorkflowHistory.from_json(name, HISTORIES[name]))


def _renamed(text: str, name: str, other: str) -> str:
    """A history whose local activities of one name have another; the name stands in the data of their markers."""
    history = json.loads(text)
    for event in history["events"]:
        for payload in (
            event.get("markerRecordedEventAttributes", {}).get("details", {}).get("data", {}).get("payloads", [])
        ):
            data = base64.b64decode(payload["data"]).decode()
            payload["data"] = base64.b64encode(data.replace(f'"{name}"', f'"{other}"').encode()).decode()
    return json.dumps(history)


def test_each_edition_has_a_history() -> None:
    assert {f"first-gate-{edition}" for edition in range(1, EDITION + 1)} <= set(HISTORIES)


async def test_a_history_that_does_not_fit_is_told() -> None:
    """The test above can fail: a history whose announcements have another name is refused."""
    text = _renamed(HISTORIES["first-gate-2"], "announce", "pronounce")
    with pytest.raises(NondeterminismError):
        await _replayer().replay_workflow(WorkflowHistory.from_json("changed", text))
