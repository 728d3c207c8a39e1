"""What the API tells of a lifecycle's outlook and of the portfolio's: forecasts, value, budget windows, KPIs, feeds, charts. Decimal
numbers are text, as they were recorded."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

from charts.models import BudgetChart, Chart, FlowChart, KpiChart, Table, TimelineChart, ValueChart
from domain.evaluation.recommending import Recommendation
from domain.evaluation.scoring import HypothesisScore
from domain.feeds.kind import Feed, Incident, Pulled
from domain.feeds.messages import Terms
from domain.fiscal import Reach
from domain.kpis.health import Forecast, Health
from domain.kpis.stopping import Criterion
from domain.lifecycle.state import Aiming, Reached
from domain.lifecycle.valuing import Cost, Value
from domain.messages import Frozen, Text
from domain.money.appraisal import Appraisal
from domain.money.benefits import Benefit
from learning.forecast import Expected, Held
from learning.reaching import ReadyBy, Windows

Data = TypeVar("Data", bound=Chart)


class LifecycleForecast(Frozen):
    """When the next stages and the end are to be expected. `silent`: why nothing is said, or not yet; `words`: the same in a line."""

    stream: str
    stage: str
    since: datetime | None
    expected: tuple[Expected, ...]
    held: Held | None
    silent: Text | None
    words: Text


# --- money -----------------------------------------------------------------------------------------------------------


class BenefitSeen(Frozen):
    """`kind`: hours, yen, people or quality; `per_year` in that unit. Only hours (by their wage) and yen are in the balance."""

    key: str
    kind: str
    title: str
    basis: str
    per_year: str | None
    wage: int | None
    from_year: int
    to_year: int | None
    source: str
    sha256: str | None

    @classmethod
    def of(cls, b: Benefit) -> BenefitSeen:
        same = {n: getattr(b, n) for n in ("key", "kind", "title", "basis", "wage", "from_year", "to_year")}
        number = None if b.per_year is None else f"{b.per_year:f}"
        return cls(**same, per_year=number, source=b.source.source, sha256=b.source.sha256)


class ValueSeen(Frozen):
    """What a lifecycle gives and costs, and the two weighed: balance, payback, net present value, sensitivity; None while no cost is
    known."""

    stream: str
    benefits: tuple[BenefitSeen, ...]
    costs: tuple[Cost, ...]
    appraisal: Appraisal | None

    @classmethod
    def of(cls, stream: str, found: Value) -> ValueSeen:
        benefits = tuple(BenefitSeen.of(b) for b in found.benefits)
        return cls(stream=stream, benefits=benefits, costs=found.costs, appraisal=found.appraisal)


class WindowSeen(Frozen):
    """A window of the budget. `reachable`, `spare_working_days` and `because` (late, skeleton, or empty) are None where the budget has
    been asked for; `lifecycles`: how many open ones aim at it."""

    window: str
    title: Text
    kind: str
    fiscal_year: int
    policy: date | None
    requests_open: date
    requests_close: date
    assessment: tuple[date, date]
    indication: date
    restoration_by: date
    bill: date
    session: tuple[date, date]
    skeleton: bool
    follows: str
    spends_from: date
    reachable: bool | None
    spare_working_days: int | None
    because: str | None
    lifecycles: int

    @classmethod
    def of(cls, at: Reach, asked: bool, lifecycles: int) -> WindowSeen:
        same = {n: getattr(at.opening, n) for n in cls.model_fields if hasattr(at.opening, n)}
        how = (None, None, None) if asked else (at.reachable, at.spare, at.because)
        names = ("reachable", "spare_working_days", "because")
        return cls(**same, **dict(zip(names, how, strict=True)), lifecycles=lifecycles)


class WindowsSeen(Frozen):
    """`ready`: when a request can be handed in, and by what that is known: `given`, `history`, `due_dates`, `today`; `asked` when it
    has been, and `ready` is None."""

    stream: str | None
    calendar: str
    today: date
    ready: date | None
    ready_by: ReadyBy
    aim: Aiming | None
    windows: tuple[WindowSeen, ...]

    @classmethod
    def of(cls, found: Windows) -> WindowsSeen:
        return cls(
            stream=found.stream,
            calendar=found.calendar,
            today=found.today,
            ready=found.ready,
            ready_by=found.ready_by,
            aim=found.aim,
            windows=tuple(WindowSeen.of(r, found.asked, found.aiming(r)) for r in found.reach),
        )


class AimSeen(Frozen):
    """An open lifecycle and the window that it aims at, with what was asked, indicated and voted in yen."""

    stream: str
    ref: str
    title: str
    stage: str
    bureau: str
    health: str
    held: bool
    fiscal_year: int
    window: str
    closes_at: datetime
    warned: bool
    handed_in: bool
    chosen: bool
    asked: int | None
    indicated: int | None
    voted: int | None


# --- KPIs ------------------------------------------------------------------------------------------------------------


class KpiForecast(Forecast):
    """The value expected on a day, with the interval that holds it with probability `level`."""


class KpiLine(Frozen):
    """A KPI in a list. `attained`: the share of the way from baseline to target."""

    kpi: str
    kpi_title: str
    unit: str
    period: str | None
    value: str | None
    attained: float | None
    forecast: KpiForecast | None
    health: Literal["green", "amber", "red"]
    reasons: tuple[Text, ...]


class KpisOfLifecycle(Frozen):
    """A lifecycle with its KPIs; `health` is that of the worst of them."""

    stream: str
    ref: str
    title: str
    health: Literal["green", "amber", "red"]
    kpis: tuple[KpiLine, ...]


class InterimSeen(Frozen):
    due: date
    value: str


class Standing(Frozen):
    """`level`: where the KPI stood after the period, summed up where it accumulates."""

    period: str
    value: str
    level: str


class ValueOfPeriod(Frozen):
    """The value that holds; `was`: those it took the place of."""

    period: str
    value: str
    was: tuple[str, ...]
    level: str | None
    person: str | None
    source: str | None
    sha256: str | None
    at: datetime


class KpiSeen(Frozen):
    """All that is known of a KPI on a day. `on_the_way`: the share of what was due by the last measured period; `per_year`: the trend;
    `no_forecast`: why there is none; `left_out`: periods that cannot be read."""

    key: str
    title: str
    unit: str
    type: str | None
    direction: str | None
    accumulates: str | None
    cadence: str | None
    baseline: str | None
    baseline_on: date | None
    target: str | None
    target_on: date | None
    interim: tuple[InterimSeen, ...]
    interim_in_force: InterimSeen | None
    lowest: str | None
    highest: str | None
    rests_on: int | None
    owner: str
    kind: str | None
    expected: str | None
    latest: Standing | None
    attained: float | None
    on_the_way: float | None
    per_year: float | None
    forecast: KpiForecast | None
    no_forecast: Text | None
    health: Health
    by_fiscal_year: dict[str, str]
    values: tuple[ValueOfPeriod, ...]
    left_out: tuple[str, ...]


class FeedTerms(Terms):
    """What is fetched, and when."""


class KpisSeen(Frozen):
    """The KPIs of a lifecycle on a day, its stopping rules, which of them are met, what a correction has refuted of them, what is
    fetched by itself for which, and why where that brings nothing."""

    stream: str
    ref: str
    title: str
    on: date
    review_date: date | None
    stopping: tuple[Criterion, ...]
    reached: tuple[Reached, ...]
    refuted: tuple[Text, ...]
    feeds: dict[str, FeedTerms]
    feed_troubles: dict[str, Text]
    kpis: tuple[KpiSeen, ...]


class FeedSeen(Frozen):
    """Values fetched by themselves. `failing`: the last attempt brought none; `incidents` say why, the newest last. `trouble`: why no value
    comes, in words, be it a failure or that nobody fetches."""

    stream: str
    lifecycle: str
    lifecycle_title: str
    kpi: str
    kpi_title: str
    terms: FeedTerms | None
    arranged_by: str | None
    next_due: datetime | None
    pending: datetime | None
    last: Pulled | None
    failing: bool
    incidents: tuple[Incident, ...]
    ended: Text | None
    trouble: Text | None

    @classmethod
    def of(cls, feed: Feed, now: datetime) -> FeedSeen:
        terms = FeedTerms.model_validate(feed.terms.model_dump()) if feed.terms is not None else None
        same = {n: getattr(feed, n) for n in cls.model_fields if n not in ("terms", "trouble")}
        return cls(**same, terms=terms, trouble=feed.trouble(now))


# --- evaluation ------------------------------------------------------------------------------------------------------


class EvaluationSeen(Frozen):
    """What an evaluation rests on as the record stands, the recommendation with its rule, and the lines of the report."""

    stream: str
    ref: str
    title: str
    stage: str
    round: int
    health: Literal["green", "amber", "red"]
    kpis: tuple[KpiLine, ...]
    hypotheses: tuple[HypothesisScore, ...]
    recommendation: Recommendation
    appraisal: Appraisal | None
    lines: tuple[str, ...]


class DraftBeginning(Frozen):
    """The content with which the form of a stage begins; None where nothing is known."""

    stage: str
    content: dict[str, Any] | None


# --- charts ----------------------------------------------------------------------------------------------------------


class TableIn(Frozen):
    ja: Table
    en: Table


class ChartSeen(Frozen, Generic[Data]):
    """A chart without its picture: what it says in words, its data as a table in both languages, and as numbers."""

    title: Text
    description: Text
    table: TableIn
    data: Data


class KpiChartSeen(ChartSeen[KpiChart]):
    """A KPI against baseline, target and forecast."""


class BudgetChartSeen(ChartSeen[BudgetChart]):
    """The budget through its states."""


class TimelineChartSeen(ChartSeen[TimelineChart]):
    """Stages, gates, loops and holds."""


class FlowChartSeen(ChartSeen[FlowChart]):
    """Cumulative flow by stage."""


class ValueChartSeen(ChartSeen[ValueChart]):
    """Value against difficulty."""
