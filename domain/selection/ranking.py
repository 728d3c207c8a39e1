"""TOPSIS: proposals ranked by their closeness to the best and distance from the worst there is.

Hwang, C.L. and Yoon, K. (1981), Multiple Attribute Decision Making, Springer, pp. 128-140. Columns are normalised by their
Euclidean norm, weighted, and held against the ideal (best value of each column) and the negative ideal; closeness is
d- / (d+ + d-), 1 at best. Forty lines without a dependency: the libraries for it bring NumPy for a matrix of some dozen rows.

How stable a rank is, is asked by moving the weights: each between 1-spread and 1+spread times itself, by a Weyl sequence, which
fills the space evenly and has no chance in it (Kuipers and Niederreiter (1974), Uniform Distribution of Sequences). After
Lahdelma and Salminen (2001), SMAA-2, Operations Research 49(3): the share of draws in which a proposal keeps its rank, and in
which one of a pair stands before the other.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from domain.bodies import Criterion
from domain.messages import Frozen

SPREAD = 0.3
DRAWS = 400
CLOSE = 0.8
"""A pair whose order holds in fewer draws than this is too close to call."""


class Place(Frozen):
    """`closeness` 0 to 1; `tied`: another has the same, and with it the same rank; `best` and `worst`: the ranks seen while
    weights moved; `stable`: share of draws with this rank and nobody level with it.

    `spread`: the largest standard deviation of the assessors' scores under one criterion.
    """

    ref: str
    rank: int
    closeness: float
    best: int
    worst: int
    stable: float
    assessors: int
    spread: float
    tied: bool = False


class Pair(Frozen):
    """Neighbours in the rank; `holds`: share of draws in which the first stands before the second; `tied`: now they are level."""

    first: str
    second: str
    holds: float
    tied: bool = False


class Ranking(Frozen):
    places: tuple[Place, ...]
    close: tuple[Pair, ...]
    """Neighbours that are too close to call."""


def closeness(matrix: Sequence[Sequence[float]], weights: Sequence[float], higher: Sequence[bool]) -> list[float]:
    """TOPSIS of rows by columns. Weights need not add up to one. Where all rows are alike, all are 1/2."""
    total = sum(weights)
    norms = [math.sqrt(sum(row[j] ** 2 for row in matrix)) or 1.0 for j in range(len(weights))]
    weighted = [[row[j] / norms[j] * weights[j] / total for j in range(len(weights))] for row in matrix]
    columns = list(zip(*weighted, strict=True))
    best = [max(c) if up else min(c) for c, up in zip(columns, higher, strict=True)]
    worst = [min(c) if up else max(c) for c, up in zip(columns, higher, strict=True)]
    found = []
    for row in weighted:
        off, away = math.dist(row, best), math.dist(row, worst)
        found.append(0.5 if off + away == 0 else away / (off + away))
    return found


class Standing(Frozen):
    """Where a proposal stands by the scores given so far, without the question how stable that is."""

    rank: int
    closeness: float


def standings(scores: Mapping[str, Sequence[Mapping[str, int]]], criteria: Sequence[Criterion]) -> dict[str, Standing]:
    """`scores`: proposal -> what each assessor gave by criterion; best first. Unscored proposals are left out.

    Who is as close as another has the same rank (1, 2, 2, 4): nothing tells them apart, and the order by ref is none.
    """
    refs, matrix, weights, higher = _table(scores, criteria)
    if not refs:
        return {}
    near = dict(zip(refs, (round(x, 9) for x in closeness(matrix, weights, higher)), strict=True))
    ranks = _ranks(near)
    return {ref: Standing(rank=ranks[ref], closeness=near[ref]) for ref in sorted(refs, key=lambda r: (ranks[r], r))}


def ranked(scores: Mapping[str, Sequence[Mapping[str, int]]], criteria: Sequence[Criterion]) -> Ranking:
    """The standings with how stable they are; `scores` as for `standings`."""
    refs, matrix, weights, higher = _table(scores, criteria)
    standing = standings(scores, criteria)
    order = list(standing)
    rank = {r: s.rank for r, s in standing.items()}
    seen: dict[str, list[int]] = {r: [] for r in refs}
    alone = dict.fromkeys(refs, 0)
    before = dict.fromkeys(itertools.pairwise(order), 0)
    for draw in range(1, DRAWS + 1) if refs else ():
        moved = [
            w * (1 - SPREAD + 2 * SPREAD * (draw * math.sqrt(p) % 1)) for w, p in zip(weights, _primes(), strict=False)
        ]
        drawn = _ranks(dict(zip(refs, closeness(matrix, moved, higher), strict=True)))
        sharing = Counter(drawn.values())
        for r in refs:
            seen[r].append(drawn[r])
            alone[r] += drawn[r] == rank[r] and sharing[drawn[r]] == 1
        for first, second in before:
            before[first, second] += drawn[first] < drawn[second]
    level = Counter(rank.values())
    places = tuple(
        Place(
            ref=r,
            rank=rank[r],
            closeness=standing[r].closeness,
            best=min(seen[r]),
            worst=max(seen[r]),
            stable=round(alone[r] / DRAWS, 3),
            assessors=len(scores[r]),
            spread=round(max(_deviation([g[c.key] for g in scores[r]]) for c in criteria), 3),
            tied=level[rank[r]] > 1,
        )
        for r in order
    )
    close = tuple(
        Pair(first=a, second=b, holds=round(n / DRAWS, 3), tied=rank[a] == rank[b])
        for (a, b), n in before.items()
        if n / DRAWS < CLOSE or rank[a] == rank[b]
    )
    return Ranking(places=places, close=close)


def _table(
    scores: Mapping[str, Sequence[Mapping[str, int]]], criteria: Sequence[Criterion]
) -> tuple[list[str], list[list[float]], list[float], list[bool]]:
    """Proposals that were scored, their mean scores, the weights, and whether higher is better."""
    refs = sorted(r for r, given in scores.items() if given)
    matrix = [[_mean([g[c.key] for g in scores[r]]) for c in criteria] for r in refs]
    return refs, matrix, [float(c.weight) for c in criteria], [c.better == "higher" for c in criteria]


def _primes() -> Iterator[int]:
    """2, 3, 5, 7 …: their square roots are independent."""
    return (n for n in itertools.count(2) if all(n % d for d in range(2, math.isqrt(n) + 1)))


def _ranks(near: Mapping[str, float]) -> dict[str, int]:
    """1 and the number of those that are closer; level within nine digits is level."""
    rounded = {r: round(n, 9) for r, n in near.items()}
    first: dict[float, int] = {}
    for place, n in enumerate(sorted(rounded.values(), reverse=True), 1):
        first.setdefault(n, place)
    return {r: first[n] for r, n in rounded.items()}


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values)


def _deviation(values: Sequence[int]) -> float:
    mean = _mean(values)
    return math.sqrt(sum((v - mean) ** 2 for v in values) / len(values))
