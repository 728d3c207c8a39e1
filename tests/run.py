"""Runs pytest (the whole suite over several processes, named files in one) and leaves at once: the Temporal SDK may crash
the interpreter on its way out after a worker ran (sdk-python issue 300), which would turn a green run red."""

from __future__ import annotations

import os
import sys

import pytest

AT_MOST = 4
"""Processes, each with a Temporal server and a PostgreSQL of its own: one more than there are cores, since tests wait for browsers."""


def whole() -> list[str]:
    """How the whole suite runs: tests go one by one to the process that is free."""
    return ["-n", str(min((os.cpu_count() or 2) + 1, AT_MOST)), "--dist", "worksteal"]


if __name__ == "__main__":
    # Tests start hundreds of processes: each would compile every module anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    code = pytest.main(sys.argv[1:] or whole())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(code))
