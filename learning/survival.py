"""How long something takes when some of it has not come to its end yet.

Product-limit estimate: E. L. Kaplan and P. Meier, "Nonparametric Estimation from Incomplete Observations", Journal of the American
Statistical Association 53 (1958), pp. 457–481. S(t) is the product over all times t_i <= t at which cases ended of 1 - d_i / n_i,
with d_i cases ending at t_i and n_i under observation just before; a case lost at t_i counts as under observation at t_i.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """S(t), the share still going on after t: `share[i]` from `times[i]` on, 1 before. `ended` counts at each time."""

    times: tuple[int, ...]
    share: tuple[float, ...]
    ended: tuple[int, ...]
    cases: int
    """Ended and open ones together."""

    def at(self, t: float) -> float:
        """S(t)."""
        place = bisect_right(self.times, t)
        return self.share[place - 1] if place else 1.0

    def ended_after(self, t: float) -> int:
        """How many ended later than t: what a statement about somebody who has come so far rests on."""
        return sum(self.ended[bisect_right(self.times, t) :])

    def quantile(self, p: float, gone: float = 0.0) -> int | None:
        """The least time by which a share `p` has ended, of those who had not ended after `gone`: the least t > `gone` with
        S(t) <= (1 - p) S(gone). None when so many have not been seen to end.

        Source: conditional survival S(t) / S(gone), as S. Hieke et al. in Clinical Cancer Research 21 (2015) 1530–1536.
        """
        bound = (1 - p) * self.at(gone) + 1e-12
        found = (t for t, s in zip(self.times, self.share, strict=True) if t > gone and s <= bound)
        return next(found, None)


def curve(observed: Iterable[tuple[int, bool]]) -> Curve:
    """The estimate from (time, whether it ended then; else it was still going on) of each case."""
    cases = list(observed)
    ended = Counter(t for t, event in cases if event)
    gone = Counter(t for t, _ in cases)
    under, share = len(cases), 1.0
    times, shares, counts = [], [], []
    for t in sorted(gone):
        if ended[t]:
            share *= 1 - ended[t] / under
            times.append(t)
            shares.append(share)
            counts.append(ended[t])
        under -= gone[t]
    return Curve(tuple(times), tuple(shares), tuple(counts), len(cases))
