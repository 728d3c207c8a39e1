"""`whatif`: lifecycles a second of a what-if in memory (the real projects played twice and told apart), against the same projects
played once by the rules alone.

The projects are the 5,664 of the FY2024 file where the data is at hand (TASKFORCE_RS_DATA names its folder), else the excerpt that
ships; which of them, and how many, is said on stderr. Over two fiscal years; one round, since a round of all takes minutes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from bench.goals import Figure, figure
from bench.rounds import Bench, interleaved
from rehearsal.asking import without
from rehearsal.casting import cast_demo
from rehearsal.contract import Change
from rehearsal.playing import Programme
from rehearsal.shares import in_memory
from rehearsal.whatif import of_cast
from settings import ROOT

_SINCE, _UNTIL = date(2024, 4, 1), date(2026, 3, 31)
_LEFT_OUT = "proposal/secretariat"
"""The step that the what-if leaves out."""


def data() -> Path | None:
    """The folder of the whole data; None where it is not at hand."""
    found = Path(os.environ.get("TASKFORCE_RS_DATA") or ROOT.parent / "shared" / "data" / "rs-system-2024")
    return found if found.is_dir() else None


def run(bench: Bench) -> list[Figure]:
    folder = None if bench.quick else data()
    cast = cast_demo(folder, since=_SINCE, seed=1)
    many = len(cast.scripts)
    where = "the whole FY2024 file" if folder else "the shipped excerpt"
    sys.stderr.write(f"whatif: {many} lifecycles of {where}\n")
    change = Change(definition=without(cast.process, [_LEFT_OUT], cast.process.version + 1))

    def supposed(_: int) -> float:
        return _rate(many, lambda: of_cast(cast, change, _SINCE, _UNTIL, 1).lifecycles)

    def once(_: int) -> float:
        played = Programme(cast, _SINCE, _UNTIL, 1)
        return _rate(many, lambda: len(in_memory(played).tally.states))

    return [figure("whatif", *interleaved(bench.rounds if folder is None else 1, supposed, once))]


def _rate(count: int, whole: Callable[[], int]) -> float:
    begun = time.perf_counter()
    assert whole() == count
    return count / (time.perf_counter() - begun)
