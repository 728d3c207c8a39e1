"""The ways that lifecycles took: variants, loops, send-backs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

from domain.messages import Frozen
from learning.traces import Trace

K = TypeVar("K")


class Variant(Frozen):
    """A way, as the stages in the order in which they were entered, and how many lifecycles took exactly this one so far."""

    stages: tuple[str, ...]
    lifecycles: int
    closed: int
    """How many of them are closed: their way is over."""


class Loop(Frozen):
    """A stage that was entered more than once: by how many lifecycles, and how often in all beyond the first time."""

    stage: str
    lifecycles: int
    again: int


class Step(Frozen):
    """How often a stage directly followed another, and why. `because`: see `learning.traces.Visit`."""

    before: str
    after: str
    because: str
    times: int


class Paths(Frozen):
    lifecycles: int
    variants: tuple[Variant, ...]
    loops: tuple[Loop, ...]
    steps: tuple[Step, ...]
    sent_back: tuple[Step, ...]
    """The steps that were a 差戻し to an earlier stage (or to the beginning of the same)."""


def paths(traces: Iterable[Trace]) -> Paths:
    """All variants, the commonest first."""
    ways: Counter[tuple[str, ...]] = Counter()
    closed: Counter[tuple[str, ...]] = Counter()
    loops: Counter[str] = Counter()
    again: Counter[str] = Counter()
    steps: Counter[tuple[str, str, str]] = Counter()
    number = 0
    for trace in traces:
        number += 1
        way = tuple(v.stage for v in trace.visits)
        ways[way] += 1
        closed[way] += trace.closed_at is not None
        for stage, times in Counter(way).items():
            loops[stage] += times > 1
            again[stage] += times - 1
        for a, b in zip(trace.visits, trace.visits[1:], strict=False):
            steps[a.stage, b.stage, b.because] += 1
    told = tuple(Step(before=a, after=b, because=why, times=n) for (a, b, why), n in _commonest(steps))
    return Paths(
        lifecycles=number,
        variants=tuple(Variant(stages=w, lifecycles=n, closed=closed[w]) for w, n in _commonest(ways)),
        loops=tuple(Loop(stage=s, lifecycles=n, again=again[s]) for s, n in _commonest(loops) if n),
        steps=told,
        sent_back=tuple(s for s in told if s.because == "sent_back"),
    )


def _commonest(counted: Counter[K]) -> list[tuple[K, int]]:
    return sorted(counted.items(), key=lambda kv: (-kv[1], str(kv[0])))
