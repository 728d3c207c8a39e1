"""Scores: each KPI against its baseline and target, each hypothesis against what was measured."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from domain.kpis.attainment import attainment, expected, is_worse, levels
from domain.kpis.health import percent
from domain.lifecycle.state import Kpi, Lifecycle
from domain.messages import Frozen, Text

Standing = Literal["attained", "part_way", "worse", "unmeasured"]
STANDINGS: Mapping[str, Text] = {
    "attained": Text(ja="達成", en="attained"),
    "part_way": Text(ja="途中", en="part way"),
    "worse": Text(ja="基準値より悪化", en="worse than the baseline"),
    "unmeasured": Text(ja="測定なし", en="not measured"),
}
Verdict = Literal["supported", "refuted", "inconclusive"]
VERDICTS: Mapping[str, Text] = {
    "supported": Text(ja="支持", en="supported"),
    "refuted": Text(ja="棄却", en="refuted"),
    "inconclusive": Text(ja="判断できない", en="inconclusive"),
}


class KpiScore(Frozen):
    """A KPI and its latest level of this round (what accumulates: the baseline and all since). `attainment`: see
    `domain.kpis.attainment`; None without a value or without an aim."""

    key: str
    title: str
    unit: str
    kind: str
    baseline: Decimal | None
    target: Decimal | None
    period: str = ""
    value: Decimal | None = None
    attainment: Decimal | None = None
    standing: Standing = "unmeasured"
    due: Decimal | None = None
    """The value that should have been reached by the end of that period; None where baseline or target have no day."""
    on_its_way: bool = False
    """Part way, and no worse than `due`."""

    @property
    def told(self) -> str:
        """One line in Japanese: 電子交付率: 74%(2027-Q1、基準値 0、目標値 70、達成率 106%、達成)."""
        aim = f"基準値 {plain(self.baseline)}、目標値 {plain(self.target)}"
        if self.value is None:
            return f"{self.title}: 測定なし({aim})"
        share = f"、達成率 {percent(self.attainment)}" if self.attainment is not None else ""
        return (
            f"{self.title}: {plain(self.value)}{self.unit}({self.period}、{aim}{share}、{STANDINGS[self.standing].ja})"
        )


class HypothesisScore(Frozen):
    """What a hypothesis expected, and what the KPI that its metric names says of it; `kpi` is empty when none does."""

    then: str
    metric: str
    expected: str
    kpi: str = ""
    verdict: Verdict = "inconclusive"
    why: Text


def plain(value: Decimal | None) -> str:
    """A number as people write it, without an exponent."""
    return "未定" if value is None else f"{value.normalize():,f}"


def kpi_scores(state: Lifecycle) -> tuple[KpiScore, ...]:
    """All KPIs of the lifecycle with their latest values of this round; a KPI of no stated kind counts as an outcome."""
    return tuple(_score(k, state.values.get(k.key, {})) for k in state.kpis)


def _score(kpi: Kpi, values: Mapping[str, str]) -> KpiScore:
    score = KpiScore(
        key=kpi.key,
        title=kpi.title,
        unit=kpi.unit,
        kind=kpi.kind or "outcome",
        baseline=kpi.baseline,
        target=kpi.target,
    )
    reached = levels(kpi, values)
    if not reached:
        return score
    last = reached[-1]
    score = score.model_copy(update={"period": last.period.name, "value": last.level})
    if kpi.baseline is None or kpi.target is None:
        return score
    share = attainment(kpi.baseline, kpi.target, last.level, kpi.direction or "up")
    worse = is_worse(kpi, last.level, kpi.baseline)
    standing = "attained" if share >= 1 else "worse" if worse else "part_way"
    due = expected(kpi, last.period.end)
    on_way = standing == "part_way" and due is not None and not is_worse(kpi, last.level, due)
    return score.model_copy(update={"attainment": share, "standing": standing, "due": due, "on_its_way": on_way})


def hypothesis_scores(hypotheses: Iterable[Mapping[str, Any]], kpis: Sequence[KpiScore]) -> tuple[HypothesisScore, ...]:
    """Hypotheses of the form `hypothesis` against the KPIs: supported when the KPI that its metric names is attained, refuted when
    that is worse than its baseline, inconclusive between, without a value, or when no KPI measures it."""
    return tuple(_hypothesis(h, kpis) for h in hypotheses)


def _hypothesis(h: Mapping[str, Any], kpis: Sequence[KpiScore]) -> HypothesisScore:
    metric = str(h.get("metric") or "")
    base = {"then": str(h.get("then") or ""), "metric": metric, "expected": str(h.get("expected_effect") or "")}
    found = next((k for k in kpis if _names(metric, k)), None)
    if found is None:
        why = Text(ja=f"「{metric}」を測るKPIがない", en=f"no KPI measures {metric!r}")
        return HypothesisScore(**base, why=why)
    verdict: Verdict = {"attained": "supported", "worse": "refuted"}.get(found.standing, "inconclusive")  # type: ignore[assignment]
    why = Text(ja=found.told, en=f"{found.key}: {STANDINGS[found.standing].en}")
    return HypothesisScore(**base, kpi=found.key, verdict=verdict, why=why)


def _names(metric: str, kpi: KpiScore) -> bool:
    said, title = _folded(metric), _folded(kpi.title)
    if len(said) < 2:
        return False
    return said in (_folded(kpi.key), title) or said in title or (len(title) > 1 and title in said)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()
