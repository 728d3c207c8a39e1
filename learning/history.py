"""Which past visits of a stage a forecast may be drawn from, and the curves that they make.

A later visit is not like a first one: in a second round, or after a send-back, most of the work is there already. So the two are
kept apart. Where a stage has not been visited again often enough, its later visits are expected to relate to its first ones as they
did in all stages: each later visit is taken as a multiple of what a first one typically took in its stage.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from domain.calendar import Calendar
from domain.process import ProcessDefinition
from learning.survival import Curve, curve
from learning.ways import END, Way

MIN_CASES = 9
"""So many lifecycles must have been seen to get there later than the one asked about has come: from the first of nine to the last
is the least from which a band of four in five can be had (8 in 10, see `Curve.band`)."""
Basis = Literal["section", "stage", "pace", "fixed", "none"]
"""`pace`: the first visits of the stage, at the pace of later visits anywhere."""
_Goal = tuple[str, ...]


class History:
    """The ways of all lifecycles as known at `now`; curves are made once and kept."""

    def __init__(self, ways: Iterable[Way], calendar: Calendar, now: datetime) -> None:
        self.calendar, self.now = calendar, now
        self._ways: dict[str, Way] = {}
        self._at: defaultdict[tuple[str, str | None, bool], list[tuple[Way, int]]] = defaultdict(list)
        for way in ways:
            self._ways[way.stream] = way
            for i, (stage, _) in enumerate(way.steps):
                if stage != END and (i > 0 or way.whole):
                    again = way.again(i)
                    self._at[stage, None, again].append((way, i))
                    self._at[stage, way.section, again].append((way, i))
        self._curves: dict[tuple[str, str | None, bool, _Goal], Curve] = {}
        self._paced: dict[tuple[str, str, _Goal], Curve] = {}
        self._paces: dict[str, list[tuple[float, bool]]] = {}

    def meet(self, way: Way) -> None:
        """A lifecycle that is asked about, as it is now: it may have moved on, or not be among those chosen. No curve changes by it."""
        self._ways[way.stream] = way

    def again(self, stream: str, stage: str, at: datetime) -> bool:
        """Whether a lifecycle that came to a stage at `at` had been there before, or had a round behind it."""
        way = self._ways.get(stream)
        steps = way.steps if way is not None else ()
        return any((name == END and then <= at) or (name == stage and then < at) for name, then in steps)

    def curve(self, stage: str, section: str | None, again: bool, there: _Goal) -> Curve:
        """From entering `stage`, for the first time or again, until being at one of `there`, in working days; of one section, or of
        all."""
        key = (stage, section, again, there)
        if key not in self._curves:
            wanted = frozenset(there)
            visits = self._at.get((stage, section, again), ())
            self._curves[key] = curve(self._time(way, i, wanted) for way, i in visits)
        return self._curves[key]

    def paced(self, process: ProcessDefinition, stage: str, there: _Goal) -> Curve:
        """What `curve` might be of later visits, where few have been seen: see the module."""
        key = (process.reference, stage, there)
        if key not in self._paced:
            typical = self._typical(stage, there)
            pace = self._pace(process) if typical else ()
            self._paced[key] = curve((round(share * (typical or 0)), ended) for share, ended in pace)
        return self._paced[key]

    def comparable(
        self, process: ProcessDefinition, stage: str, section: str, again: bool, there: _Goal, gone: int
    ) -> tuple[Basis, Curve, int]:
        """The narrowest basis on which something can be said of one that has been in the stage for `gone` working days, with the
        number of cases that it rests on."""
        narrow = self.curve(stage, section, again, there)
        if (n := narrow.ended_after(gone)) >= MIN_CASES:
            return "section", narrow, n
        wide = self.curve(stage, None, again, there)
        if (n := wide.ended_after(gone)) >= MIN_CASES:
            return "stage", wide, n
        if again and (m := (paced := self.paced(process, stage, there)).ended_after(gone)) >= MIN_CASES:
            return "pace", paced, m
        return "none", wide, n

    def _time(self, way: Way, i: int, there: frozenset[str]) -> tuple[int, bool]:
        begun = way.steps[i][1]
        for name, at in way.steps[i + 1 :]:
            if name in there:
                return self.calendar.working_days_between(begun, at), True
            if name == END:  # the round ended otherwise: by a definition without these stages
                return self.calendar.working_days_between(begun, at), False
        return self.calendar.working_days_between(begun, way.over or self.now), False

    def _typical(self, stage: str, there: _Goal) -> int | None:
        """The median of first visits; None of too few."""
        first = self.curve(stage, None, False, there)
        return first.quantile(0.5) if first.ended_after(0) >= MIN_CASES else None

    def _pace(self, process: ProcessDefinition) -> list[tuple[float, bool]]:
        """Each later visit of a stage until the next one, as a multiple of its stage's first visits."""
        if process.reference not in self._paces:
            found = self._paces[process.reference] = []
            for stage in process.stages:
                goal = (*ahead(process, stage.key), END)
                typical = None if stage.repeats else self._typical(stage.key, goal)
                if typical:
                    visits = self._at.get((stage.key, None, True), ())
                    times = (self._time(way, i, frozenset(goal)) for way, i in visits)
                    found += [(days / typical, ended) for days, ended in times]
        return self._paces[process.reference]


def ahead(process: ProcessDefinition, stage: str) -> list[str]:
    """The stages behind `stage` on the way that the definition describes, up to the one that decides the outcome."""
    found: list[str] = []
    key = process.stage(stage).next
    while key is not None and key not in found:
        found.append(key)
        key = process.stage(key).next
    return found
