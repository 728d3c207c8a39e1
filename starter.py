"""Start lifecycles and answer for them, from a shell: `python starter.py --help`, or `./taskforce --help`."""

from __future__ import annotations

import os
import sys

from shell.app import run

if __name__ == "__main__":
    code = run()
    sys.stdout.flush()
    sys.stderr.flush()
    if "temporalio" in sys.modules:
        os._exit(
            code
        )  # the SDK's threads may crash the interpreter on its way out, a client's too (sdk-python issue 300)
    sys.exit(code)
