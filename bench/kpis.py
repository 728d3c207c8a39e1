"""`kpi_refresh`: attainment, trend, forecast and health of 1,000 projects' KPIs, 60 months each, against bare numpy.

The floor is given the same values as text and gives the numbers alone: no periods, no exact decimals, no ranges, no reasons in words.
"""

from __future__ import annotations

import random
import time
from datetime import date
from decimal import Decimal
from typing import Any

from bench.goals import Figure, figure
from bench.rounds import Bench, BenchProblem, interleaved

PERIODS = 60
TODAY = date(2026, 1, 20)
_BASELINE, _TARGET = 10.0, 80.0


def run(bench: Bench) -> list[Figure]:
    """Milliseconds for all projects."""
    from domain.kpis.aim import Aim
    from figures.portfolio import Subject, refresh

    rng = random.Random(20260120)
    names = [f"{2021 + i // 12}-{i % 12 + 1:02}" for i in range(PERIODS)]
    aim = Aim(
        key="online",
        title="利用率",
        unit="%",
        type="ratio",
        direction="up",
        baseline=Decimal(10),
        baseline_on=date(2020, 12, 31),
        target=Decimal(80),
        target_on=date(2027, 3, 31),
        cadence="monthly",
    )
    subjects = [
        Subject(aim, {name: f"{min(max(10 + i * rate + rng.gauss(0, 3), 0), 100):.1f}" for i, name in enumerate(names)})
        for rate in (rng.uniform(-0.2, 1.2) for _ in range(bench.sized(1000, 200)))
    ]
    ends = [_month_end(i) for i in range(PERIODS)]
    texts = [list(s.values.values()) for s in subjects]
    _same(refresh(subjects, TODAY), _floor(texts, ends))
    values, floors = interleaved(
        bench.rounds, lambda _: _timed(lambda: refresh(subjects, TODAY)), lambda _: _timed(lambda: _floor(texts, ends))
    )
    return [figure("kpi_refresh", values, floors)]


def _month_end(number: int) -> int:
    after = number + 1
    return date(2021 + after // 12, after % 12 + 1, 1).toordinal() - 1


def _timed(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def _floor(texts: list[list[str]], ends: list[int]) -> tuple[Any, Any, Any]:
    """(attained, change a year, red) of every project, by whole arrays; and the half of a forecast's interval, which goes into no answer:
    what the figures know of their own past is no part of the floor."""
    import numpy as np
    from scipy import special

    y = np.array(texts, dtype=float)
    x = np.array(ends, dtype=float)
    n, about = y.shape[1], x - x.mean()
    spread = about @ about
    slope = (y - y.mean(axis=1, keepdims=True)) @ about / spread
    rest = y - y.mean(axis=1, keepdims=True) - slope[:, None] * about
    deviation = np.sqrt((rest**2).sum(axis=1) / (n - 2))
    ahead = date(2027, 3, 31).toordinal() - x.mean()
    _ = special.stdtrit(n - 2, 0.9) * deviation * np.sqrt(1 + 1 / n + ahead**2 / spread)
    attained = (y[:, -1] - _BASELINE) / (_TARGET - _BASELINE)
    begun, ended = date(2020, 12, 31).toordinal(), date(2027, 3, 31).toordinal()
    due = (x[-1] - begun) / (ended - begun)
    worse = (y[:, -2:] < _BASELINE).all(axis=1)
    return attained, slope * 365.25, (attained / due < 0.6) | worse


def _same(found: Any, floor: tuple[Any, Any, Any]) -> None:
    """Both tell the same of every project, else the comparison means nothing."""
    for f, attained, yearly, red in zip(found, *floor, strict=True):
        reached = abs(float(f.attained) - attained) < 1e-9
        goes = abs(f.per_year - yearly) < 1e-6
        if not (reached and goes and (f.health.colour == "red") == bool(red)):
            raise BenchProblem(f"kpi_refresh: figure and floor differ: {f.health}, {attained}, {yearly}, {red}")
