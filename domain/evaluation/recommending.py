"""What the system recommends at a review: the first of the stated rules that holds. People may depart from it, with a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from domain.evaluation.scoring import KpiScore, kpi_scores
from domain.lifecycle.state import Lifecycle
from domain.messages import Frozen, Text
from domain.money.appraisal import Appraisal

OutcomeKey = Literal["expansion", "improvement", "abolition", "continuation", "completion"]


class Recommendation(Frozen):
    """An outcome (empty when the process has none that the rule leads to), the rule's key, and the reasons."""

    outcome: str
    rule: str
    reasons: tuple[Text, ...]


@dataclass(frozen=True)
class Figures:
    """What the rules look at: the outcome KPIs and the cost KPIs of this round, the stopping criteria that were met, and benefits less
    costs in yen (None where no benefit or no cost is known)."""

    outcomes: tuple[KpiScore, ...]
    costs: tuple[KpiScore, ...]
    reached: tuple[Text, ...] = ()
    balance: int | None = None

    @property
    def measured(self) -> int:
        """Outcome KPIs with a value that can be held against an aim."""
        return sum(k.standing != "unmeasured" for k in self.outcomes)

    def count(self, standing: str) -> int:
        return sum(k.standing == standing for k in self.outcomes)

    @property
    def affordable(self) -> bool:
        """Every cost KPI that was measured is at its target, and the project gives no less than it costs, where both are known."""
        paid = self.balance is None or self.balance >= 0
        return paid and all(k.standing == "attained" for k in self.costs if k.standing != "unmeasured")

    @property
    def on_its_way(self) -> bool:
        """Every outcome KPI is attained, or where the way to its target should have been when it was measured last."""
        return all(k.standing == "attained" or k.on_its_way for k in self.outcomes)


@dataclass(frozen=True)
class RecommendationRule:
    """`then`: outcomes in order of preference, the first that the process has is taken."""

    key: str
    title: Text
    then: tuple[OutcomeKey, ...]
    holds: Callable[[Figures], bool]


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


RULES: tuple[RecommendationRule, ...] = (
    RecommendationRule(
        "stopping-criterion-met",
        _t("定めた中止・廃止の基準に当たる", "a criterion for stopping, as it was set, is met"),
        ("abolition", "improvement"),
        lambda f: bool(f.reached),
    ),
    RecommendationRule(
        "too-little-measured",
        _t(
            "成果KPIの半数以上に測定値がないうちは判断せず、測定を続ける",
            "fewer than half of the outcome KPIs are measured: go on",
        ),
        ("continuation",),
        lambda f: f.measured * 2 < len(f.outcomes) or f.measured == 0,
    ),
    RecommendationRule(
        "worse-than-baseline",
        _t(
            "達成した成果KPIがなく、測定した半数以上が基準値より悪い",
            "no outcome KPI is attained, and at least half of those measured are worse than the baseline",
        ),
        ("abolition", "improvement"),
        lambda f: f.count("attained") == 0 and f.count("worse") * 2 >= f.measured,
    ),
    RecommendationRule(
        "attained-at-its-cost",
        _t(
            "成果KPIをすべて達成し、費用KPIも目標内(収支も赤字でない)",
            "every outcome KPI is attained, no cost KPI misses its target, and it gives no less than it costs",
        ),
        ("expansion", "completion", "continuation"),
        lambda f: f.count("attained") == len(f.outcomes) and f.affordable,
    ),
    RecommendationRule(
        "attained-above-its-cost",
        _t(
            "成果KPIをすべて達成したが、費用KPIが目標に届かないか、収支が赤字",
            "every outcome KPI is attained, but a cost KPI misses its target, or it costs more than it gives",
        ),
        ("completion", "continuation"),
        lambda f: f.count("attained") == len(f.outcomes),
    ),
    RecommendationRule(
        "on-its-way",
        _t(
            "成果KPIは目標への途中にあり、その時期にあるべき水準に達している",
            "the outcome KPIs are part way to their targets, and where they should have been by then",
        ),
        ("continuation", "improvement"),
        lambda f: f.on_its_way,
    ),
    RecommendationRule(
        "part-way",
        _t("成果KPIは目標への途中にある", "the outcome KPIs are part way to their targets"),
        ("improvement", "continuation"),
        lambda f: True,
    ),
)
"""In this order. The thresholds (half of the KPIs) are ours."""


def figures_of(scores: Sequence[KpiScore], reached: Sequence[Text] = (), appraisal: Appraisal | None = None) -> Figures:
    return Figures(
        balance=appraisal.balance if appraisal is not None and appraisal.benefit else None,
        outcomes=tuple(k for k in scores if k.kind == "outcome"),
        costs=tuple(k for k in scores if k.kind == "cost"),
        reached=tuple(reached),
    )


def recommend(
    scores: Sequence[KpiScore],
    outcomes: Sequence[str],
    reached: Sequence[Text] = (),
    appraisal: Appraisal | None = None,
    refuted: Sequence[Text] = (),
) -> Recommendation:
    """The recommendation from the KPIs' scores, among the `outcomes` of the process, with the rule and the figures as reasons.

    `reached`: the stopping criteria that are met, in words: stopping is then what is recommended. `appraisal`: value against cost.
    `refuted`: what opened the review and is met no more, told among the reasons.
    """
    figures = figures_of(scores, reached, appraisal)
    rule = next(r for r in RULES if r.holds(figures))
    outcome = next((o for o in rule.then if o in outcomes), "")
    counted = _t(
        f"成果KPI {len(figures.outcomes)} 件のうち測定 {figures.measured}、達成 {figures.count('attained')}、"
        f"途中 {figures.count('part_way')}、悪化 {figures.count('worse')}",
        f"of {len(figures.outcomes)} outcome KPIs {figures.measured} measured, {figures.count('attained')} attained, "
        f"{figures.count('part_way')} part way, {figures.count('worse')} worse",
    )
    first = _t(f"{rule.title.ja}(規則 {rule.key})", f"{rule.title.en} (rule {rule.key})")
    paid = () if figures.balance is None else (_t(f"収支 {figures.balance:+,}円", f"balance {figures.balance:+,} yen"),)
    return Recommendation(outcome=outcome, rule=rule.key, reasons=(first, *figures.reached, *refuted, counted, *paid))


def criteria_met(state: Lifecycle) -> tuple[Text, ...]:
    """The stopping criteria that figures have met in this round, in words; without those that a correction has refuted."""
    return tuple(r.words for r in state.reached if r.basis == "stopping" and r.holds)


def recommended(state: Lifecycle, outcomes: Sequence[str], appraisal: Appraisal | None = None) -> Recommendation:
    """What the system recommends now, among the outcomes of the process."""
    return recommend(kpi_scores(state), outcomes, criteria_met(state), appraisal, state.refuted)
