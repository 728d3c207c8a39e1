"""`make bench`: `python -m bench [--only NAME] [--rounds N] [--quick] [--idle N]`. Prints a table, writes var/bench/results.json."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from bench import bodies, chains, follows, idle, kpis, pages, records, routes, supposing, writers
from bench.goals import GOALS, Figure, table, write_results
from bench.rounds import Bench, BenchProblem
from runtime.devserver import ServerProblem
from runtime.temporal import TemporalNotFound
from settings import ROOT
from store.errors import StoreError

VAR = ROOT / "var" / "bench"
GROUPS: dict[str, tuple[Callable[[Bench], list[Figure]], tuple[str, ...]]] = {
    "records": (records.run, ("record_sqlite", "record_postgres")),
    "writers": (writers.run, ("record_postgres_8", "record_postgres_8_late", "record_postgres_grouped")),
    "chains": (chains.run, ("rebuild", "verify")),
    "follows": (
        follows.run,
        ("answers_followed", "ack_p99", "follow_lag", "history_events", "start_rate", "start_followed_rate"),
    ),
    "routes": (routes.run, ("route_9", "inbox_10000")),
    "bodies": (bodies.run, ("session_close_200", "pack_500", "pack_500_memory")),
    "pages": (pages.run, ("page_inbox", "page_board", "page_lifecycle", "page_search", "readers_200")),
    "whatif": (supposing.run, ("whatif",)),
    "kpis": (kpis.run, ("kpi_refresh",)),
    "idle": (idle.run, ("idle_memory",)),
}
"""Group -> how it is measured and the figures it gives. A group is measured as a whole."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all was measured; with --strict 1 when a target was missed. 4 when a server does not come up."""
    given = _parser().parse_args(arguments)
    console = Console(stderr=True)
    figures: list[Figure] = []
    begun = time.monotonic()
    work = VAR / "work" / str(os.getpid())
    try:
        for name, (run, covers) in GROUPS.items():
            if given.only and not {name, *covers} & set(given.only):
                continue
            console.print(f"[dim]{time.monotonic() - begun:4.0f} s  {name} …[/dim]")
            folder = work / name
            folder.mkdir(parents=True)
            figures += run(
                Bench(
                    folder, rounds=given.rounds, quick=given.quick, idle=given.idle or (500 if given.quick else 10_000)
                )
            )
            shutil.rmtree(folder, ignore_errors=True)
            write_results(figures, given.out)  # what was measured stays, whatever becomes of the next group
    except (StoreError, ServerProblem, TemporalNotFound, BenchProblem) as error:
        console.print(str(error), markup=False)
        return 4
    finally:
        shutil.rmtree(work, ignore_errors=True)
    order = list(GOALS)
    figures = sorted(
        (f for f in figures if not given.only or _wanted(f.name, given.only)), key=lambda f: order.index(f.name)
    )
    write_results(figures, given.out)
    Console(width=None if sys.stdout.isatty() else 130).print(table(figures))
    console.print(f"{given.out} ({time.monotonic() - begun:.0f} s)", markup=False, soft_wrap=True)
    return int(given.strict and any(f.met is False for f in figures))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: 1以上にしてください / must be at least 1")
    return number


def _wanted(figure: str, only: Sequence[str]) -> bool:
    return figure in only or any(group in only and figure in covers for group, (_, covers) in GROUPS.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make bench ARGS=...", description="速さを下限と並べて測る / speed against floors"
    )
    names = [*GROUPS, *GOALS]
    parser.add_argument(
        "--only",
        action="append",
        choices=names,
        metavar="NAME",
        help="図か群 / a figure or a group: " + ", ".join(names),
    )
    parser.add_argument("--rounds", type=_positive, default=3, help="交互に測る回数 / interleaved rounds (3)")
    parser.add_argument("--quick", action="store_true", help="小さい規模で / smaller sizes")
    parser.add_argument(
        "--idle", type=_positive, default=None, help="待つ件数 / open lifecycles that wait (10000; quick 500)"
    )
    parser.add_argument(
        "--strict", action="store_true", help="未達があれば終了コード1 / exit 1 when a target is missed"
    )
    parser.add_argument("--out", type=Path, default=VAR / "results.json", help="結果のファイル / results file")
    return parser


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # the SDK may crash the interpreter on its way out (sdk-python issue 300)
