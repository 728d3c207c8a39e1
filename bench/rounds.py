"""What every group of figures is given, and the interleaving: figure, floor, figure, floor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class BenchProblem(Exception):
    """The bench cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class Bench:
    """`folder` is empty and on the disk that counts; `size` scales how much is done in a round."""

    folder: Path
    rounds: int = 3
    quick: bool = False
    idle: int = 10_000
    """How many lifecycles, and bare workflows, are left open for `idle_memory`."""

    def sized(self, whole: int, quick: int) -> int:
        return quick if self.quick else whole

    def place(self, name: str) -> Path:
        """A new folder for one part of the run."""
        place = self.folder / name
        place.mkdir(parents=True)
        return place


def interleaved(
    rounds: int, figure: Callable[[int], float], floor: Callable[[int], float]
) -> tuple[list[float], list[float]]:
    """Each given the number of its round, in turns; which goes first changes, so that neither profits from a warm machine."""
    values: list[float] = []
    floors: list[float] = []
    for number in range(rounds):
        for measure, into in ((figure, values), (floor, floors))[:: 1 if number % 2 == 0 else -1]:
            into.append(measure(number))
    return values, floors


class Stopwatch:
    """Seconds of the blocks run `with` it, added up."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - begun
