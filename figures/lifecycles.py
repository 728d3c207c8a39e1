"""The figures of lifecycles' KPIs as they are now: the values that hold, the stopping rules that they meet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from domain.lifecycle.state import Lifecycle
from domain.lifecycle.sunset import standing
from figures.portfolio import KpiFigure, Subject, refresh


def figures_of(states: Sequence[Lifecycle], today: date) -> list[list[KpiFigure]]:
    """For each lifecycle the figures of its KPIs, in the order in which they were set. `today`: the day in Japan."""
    subjects, counts = [], []
    for state in states:
        stops = [(kpi, row.words) for _, kpi, row in standing(state).values()]
        for kpi in state.kpis:
            met = [words for key, words in stops if key == kpi.key]
            subjects.append(Subject(kpi, state.counted(kpi.key), met, state.outdated.get(kpi.key, {})))
        counts.append(len(state.kpis))
    found = iter(refresh(subjects, today))
    return [[next(found) for _ in range(count)] for count in counts]
