"""What charts are made of. Days are calendar days in Japan; amounts are yen; values are in the KPI's own unit."""

from __future__ import annotations

from datetime import date
from typing import Literal

from domain.messages import Frozen, Text

Language = Literal["ja", "en"]


class Table(Frozen):
    """The data of a chart for reading: as many cells in each row as there are heads. `right`: columns of figures."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[bool, ...]


class Point(Frozen):
    """What was measured in a period. `on`: its last day, None when the period's name does not say; `value` None: missing; `outdated`: from
    before the KPI was set anew, not to be held against its baseline and target."""

    period: str
    on: date | None
    value: float | None
    corrected: bool = False
    outdated: bool = False


class Level(Frozen):
    """A baseline, a target or an interim target; `on`: the day it was true or is to be reached."""

    value: float
    on: date | None = None


class Forecast(Frozen):
    """An expected value with the interval that it lies in, `low` to `high`."""

    on: date
    low: float
    mid: float
    high: float


class KpiChart(Frozen):
    """A KPI against baseline, target and interim targets. `points` in the order of time."""

    lifecycle: str
    key: str = ""
    title: str
    unit: str
    direction: Literal["up", "down"] | None = None
    baseline: Level | None = None
    target: Level | None = None
    interim: tuple[Level, ...] = ()
    points: tuple[Point, ...] = ()
    forecast: tuple[Forecast, ...] = ()
    about: Text = Text(ja="", en="")
    """What a reader must know of the values, such as that they were scripted."""


Status = Literal["open", "selected", "deferred", "other"]


class Bubble(Frozen):
    """A proposal that was scored: weighted means from 1 to 5 over its assessors; `digital` None when that view has no criterion."""

    ref: str
    title: str
    difficulty: float
    value: float
    digital: float | None
    assessors: int
    status: Status
    rank: int | None
    round: str


class ValueChart(Frozen):
    """Value against difficulty, over one selection round or all (`scope` empty)."""

    scope: str
    bubbles: tuple[Bubble, ...]


class StageName(Frozen):
    key: str
    title: Text
    phase: str = ""


class FlowChart(Frozen):
    """How many lifecycles were at which stage at the end of each day of `days`. `counts` has a row for each stage."""

    stages: tuple[StageName, ...]
    days: tuple[date, ...]
    counts: tuple[tuple[int, ...], ...]
    ended: tuple[int, ...]
    scope: Text = Text(ja="", en="")


class Amount(Frozen):
    """What was asked for, indicated, voted …; None: not known (yet)."""

    state: str
    title: Text
    amount: int | None


class BudgetYear(Frozen):
    year: int
    amounts: tuple[Amount, ...]


class BudgetChart(Frozen):
    lifecycle: str
    years: tuple[BudgetYear, ...]


class Visit(Frozen):
    """A stay at a stage; `end` None while it lasts."""

    stage: str
    round: int
    start: date
    end: date | None


MarkKind = Literal["passed", "returned", "review", "outcome", "closed"]


class Mark(Frozen):
    on: date
    stage: str
    kind: MarkKind
    told: Text


class Pause(Frozen):
    """On hold; `end` None while it lasts."""

    start: date
    end: date | None


class TimelineChart(Frozen):
    """The way of a lifecycle through its stages. `stages` in the order of the process, visited or not; `until`: the day it is drawn to."""

    lifecycle: str
    stages: tuple[StageName, ...]
    visits: tuple[Visit, ...]
    marks: tuple[Mark, ...]
    holds: tuple[Pause, ...]
    until: date


class StageDays(Frozen):
    """Where the working days of all finished visits of a stage went."""

    stage: StageName
    waited: float
    worked: float
    held: float
    other: float
    cases: int

    @property
    def total(self) -> float:
        return self.waited + self.worked + self.held + self.other


class TimesChart(Frozen):
    """Time waited for people, worked, held and other, by stage; drawn in the order given."""

    stages: tuple[StageDays, ...]
    about: Text = Text(ja="", en="")
    """What a reader must know of the days, such as that they were scripted."""


Chart = KpiChart | ValueChart | FlowChart | BudgetChart | TimelineChart | TimesChart
