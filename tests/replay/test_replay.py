"""Histories of earlier runs replay on today's workflow code: a worker can be upgraded while lifecycles run.

A new history is written by `python -m tests.replay.record NAME` when the workflow's few lines change on purpose.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from worker import WORKFLOWS

HISTORIES = {p.stem: p.read_text("utf-8") for p in sorted((Path(__file__).parent / "histories").glob("*.json"))}


def _replayer() -> Replayer:
    return Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter)


@pytest.mark.parametrize("name", HISTORIES)
async def test_a_recorded_history_replays(name: str) -> None:
    await _replayer().replay_workflow(WorkflowHistory.from_json(name, HISTORIES[name]))


def test_there_are_histories() -> None:
    assert HISTORIES


async def test_a_history_that_does_not_fit_is_told() -> None:
    """The test above can fail: a history whose first activity has another name is refused."""
    text = next(iter(HISTORIES.values())).replace('"announce"', '"pronounce"')
    with pytest.raises(NondeterminismError):
        await _replayer().replay_workflow(WorkflowHistory.from_json("changed", text))
