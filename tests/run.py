"""Runs pytest and leaves at once: the Temporal SDK may crash the interpreter on its way out after a worker ran
(sdk-python issue 300), which would turn a green run red."""

from __future__ import annotations

import os
import sys

import pytest

if __name__ == "__main__":
    code = pytest.main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(code))
