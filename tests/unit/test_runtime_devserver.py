"""The development server, for real: state that lasts, attributes, clear words when it cannot start, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest

from runtime.devserver import (
    DevServer,
    ServerProblem,
    connect,
    ensure_search_attributes,
    free_port,
    start_dev_server,
)

ROOT = Path(__file__).parents[2]


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int, patience: float = 10.0) -> bool:
    end = time.monotonic() + patience
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


async def test_it_answers_and_has_the_attributes(temporal_server: DevServer) -> None:
    client = await connect(temporal_server.address)
    listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    assert "TaskforceStage" in listed.custom_attributes


def test_it_serves_its_ui(temporal_server: DevServer) -> None:
    with urllib.request.urlopen(temporal_server.ui_url, timeout=10) as page:
        assert page.status == 200


async def test_state_outlives_the_server_and_missing_attributes_are_added_once(
    temporal_binary: Path, tmp_path: Path
) -> None:
    attributes = {"TaskforceOne": "Keyword", "TaskforceTwo": "Int"}
    for expected in (["TaskforceTwo"], []):
        server = start_dev_server(
            temporal_binary,
            db_file=tmp_path / "state" / "t.db",
            log_file=tmp_path / "log" / "t.log",
            search_attributes={"TaskforceOne": "Keyword"},
        )
        try:
            client = await connect(server.address)
            assert await ensure_search_attributes(client, attributes) == expected
            assert await ensure_search_attributes(client, attributes) == []
        finally:
            server.stop()
        assert server.process.returncode is not None


def test_a_taken_port_is_named(temporal_server: DevServer, temporal_binary: Path, tmp_path: Path) -> None:
    port = int(temporal_server.address.split(":")[1])
    with pytest.raises(ServerProblem, match=f"TASKFORCE_TEMPORAL_PORT.*port {port} is taken"):
        start_dev_server(
            temporal_binary, db_file=tmp_path / "t.db", log_file=tmp_path / "t.log", search_attributes={}, port=port
        )


def test_a_server_that_does_not_come_up_shows_the_end_of_its_log(tmp_path: Path) -> None:
    broken = tmp_path / "temporal"
    broken.write_text("#!/bin/sh\necho the disk is full >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(ServerProblem, match="the disk is full"):
        start_dev_server(broken, db_file=tmp_path / "t.db", log_file=tmp_path / "t.log", search_attributes={})


async def test_an_absent_server_is_named_with_the_remedy() -> None:
    port = free_port()
    with pytest.raises(ServerProblem, match=f"127.0.0.1:{port} cannot be reached; start it with `make up`"):
        await connect(f"127.0.0.1:{port}")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_it_ends_when_its_parent_is_killed(temporal_binary: Path, tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from runtime.devserver import start_dev_server;"
        "f = Path(sys.argv[2]);"
        "s = start_dev_server(Path(sys.argv[1]), db_file=f / 't.db', log_file=f / 't.log', search_attributes={});"
        "print(s.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(temporal_binary), str(tmp_path)],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    server = int(parent.stdout.readline())
    assert alive(server)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert gone(server)
