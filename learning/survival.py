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

_EXACT = 1e-9
"""Shares are products of fractions: what differs by less is the same."""


@dataclass(frozen=True)
class Curve:
    """S(t), the share still going on after t: `share[i]` from `times[i]` on, 1 before. `ended` counts at each time, `under` those
    under observation just before it."""

    times: tuple[int, ...]
    share: tuple[float, ...]
    ended: tuple[int, ...]
    under: tuple[int, ...]
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

    def band(self, low: float, high: float, gone: float = 0.0) -> tuple[int | None, int | None]:
        """Between which times one more case ends with probability `high` - `low` or more, given that it had not ended after `gone`;
        None for a side of which the cases are too few to speak, or have not been seen to end.

        The case to come is counted among those seen, at its worst place: as the first to end for the early side, as one that
        never ends for the late one. Where none is open, the band reaches from the k-th of n to the m-th, k = ⌊`low` (n + 1)⌋ and
        m = ⌈`high` (n + 1)⌉, which holds a further one with probability (m - k) / (n + 1): the distribution-free prediction interval
        (Hahn, Meeker, "Statistical Intervals", chapter 5; as split conformal prediction: Lei, G'Sell, Rinaldo, Tibshirani, Wasserman,
        "Distribution-Free Predictive Inference for Regression", Journal of the American Statistical Association 113 (2018)). A
        quantile of the estimate promises more than it holds: from the second of 12 to the eleventh it is 9 in 13. For open
        cases the rule is ours, and approximate.
        """
        first = bisect_right(self.times, gone)
        if first == len(self.times):
            return None, None
        before, after = 1 - 1 / (self.under[first] + 1), 1.0
        spoken = 1 - before <= low + _EXACT
        early = late = None
        for t, d, n in zip(self.times[first:], self.ended[first:], self.under[first:], strict=True):
            before *= 1 - d / n
            after *= 1 - d / (n + 1)
            if spoken and early is None and 1 - before > low + _EXACT:
                early = t
            if after <= 1 - high + _EXACT:
                late = t
                break
        return early, late


def curve(observed: Iterable[tuple[int, bool]]) -> Curve:
    """The estimate from (time, whether it ended then; else it was still going on) of each case."""
    cases = list(observed)
    ended = Counter(t for t, event in cases if event)
    gone = Counter(t for t, _ in cases)
    under, share = len(cases), 1.0
    times, shares, counts, watched = [], [], [], []
    for t in sorted(gone):
        if ended[t]:
            share *= 1 - ended[t] / under
            times.append(t)
            shares.append(share)
            counts.append(ended[t])
            watched.append(under)
        under -= gone[t]
    return Curve(tuple(times), tuple(shares), tuple(counts), tuple(watched), len(cases))
