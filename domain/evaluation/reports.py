"""Drafts of the evaluation reports (form `monitoring` and form `review`), filled from what is on record and completed by people."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.calendar import wareki, wareki_fiscal_year
from domain.evaluation.recommending import Recommendation, criteria_met, recommend
from domain.evaluation.scoring import VERDICTS, HypothesisScore, KpiScore, hypothesis_scores, kpi_scores
from domain.kpis.periods import parse
from domain.lifecycle.amounts import NAMES
from domain.lifecycle.state import Lifecycle
from domain.messages import Frozen, Text
from domain.money.appraisal import Appraisal
from domain.process import ProcessDefinition

_LATEST = 12
"""So many of the latest happenings are named; the history has them all."""
_STATES = ("asked", "indicated", "voted", "allotted", "executed", "settled")
"""The states of an amount that a report names; the record has the others."""


class Happening(Frozen):
    on: date
    told: Text


class Material(Frozen):
    """What a report is drafted from. `forms`: the content in force of each deliverable, by its key; `happened`: what is worth
    telling since the last report; `reports`: the monitoring reports of this round that passed, oldest first; `sources`: the
    evidence of the latest measurements; `appraisal`: benefits against costs, where both are known."""

    today: date
    forms: dict[str, dict[str, Any]] = {}
    happened: tuple[Happening, ...] = ()
    reports: tuple[dict[str, Any], ...] = ()
    sources: tuple[dict[str, Any], ...] = ()
    appraisal: Appraisal | None = None


class Evaluation(Frozen):
    """Scores and the recommendation."""

    kpis: tuple[KpiScore, ...]
    hypotheses: tuple[HypothesisScore, ...]
    recommendation: Recommendation


def evaluate(state: Lifecycle, process: ProcessDefinition, material: Material) -> Evaluation:
    """Everything that both reports rest on."""
    kpis = kpi_scores(state)
    hypotheses = hypothesis_scores(material.forms.get("hypothesis", {}).get("hypotheses", ()), kpis)
    return Evaluation(
        kpis=kpis,
        hypotheses=hypotheses,
        recommendation=recommend(
            kpis, [o.key for o in process.outcomes], criteria_met(state), material.appraisal, state.refuted
        ),
    )


def monitoring_draft(state: Lifecycle, process: ProcessDefinition, material: Material) -> dict[str, Any]:
    """The report of a period: 取組状況, 成果・価値, コスト from the record. What was spent is for people to fill in."""
    evaluation = evaluate(state, process, material)
    periods = [p for values in state.values.values() for p in values]
    done = {str(r.get("period") or "") for r in material.reports}
    latest = max(periods, key=_ends, default="")
    return {
        "period": latest if latest not in done else "",
        "progress": _lines(*_milestones(material), *_happened(material)) or "・この期に記録された動きはない",
        "value": _lines(*(k.told for k in evaluation.kpis if k.kind != "cost"), *_hypotheses(evaluation)),
        "cost": _lines(*(k.told for k in evaluation.kpis if k.kind == "cost"), *_money(state, material)),
        "evidence": list(material.sources),
    }


def review_draft(state: Lifecycle, process: ProcessDefinition, material: Material) -> dict[str, Any]:
    """The evaluation report and the recommendation: the system's, with the rule that led to it, for people to follow or to override."""
    evaluation = evaluate(state, process, material)
    system = evaluation.recommendation
    improvement = process.outcome("improvement")
    reasons = [r.ja for r in system.reasons]
    report = (
        ("【取組状況】", (*_reported(material), *_milestones(material))),
        ("【創出された成果・価値】", tuple(k.told for k in evaluation.kpis if k.kind != "cost")),
        ("【コストとのバランス】", (*(k.told for k in evaluation.kpis if k.kind == "cost"), *_money(state, material))),
        ("【仮説の検証】", tuple(_hypotheses(evaluation))),
    )
    return {
        "report": _lines(*(line for head, lines in report for line in (head, *(lines or ("記録なし",))))),
        "recommendation": system.outcome or None,
        "reasons": reasons,
        "back_to": improvement.stage if improvement and system.outcome == "improvement" else "",
        "learnt": _learnt(evaluation),
        "evidence": list(material.sources),
        "system_recommendation": system.outcome or None,
        "system_reasons": reasons,
    }


def _ends(name: str) -> tuple[date, str]:
    """Periods by the day on which they end; those whose names cannot be read come first."""
    period = parse(name)
    return (period.end if period else date.min, name)


def _lines(*lines: str) -> str:
    return "\n".join(line for line in lines if line)


def _milestones(material: Material) -> list[str]:
    found = []
    for m in material.forms.get("implementation", {}).get("milestones", ()):
        due, done = _day(m.get("due")), _day(m.get("done"))
        if done is not None:
            standing = f"{wareki(done)}完了" + (f"(予定 {wareki(due)}、遅れ)" if due and done > due else "")
        elif due is not None:
            standing = f"予定 {wareki(due)}" + ("、未完了(期限超過)" if due < material.today else "、未完了")
        else:
            standing = "未完了"
        found.append(f"・{m.get('title') or ''}: {standing}")
    return found


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and value else value if isinstance(value, date) else None


def _happened(material: Material) -> list[str]:
    return [f"・{wareki(h.on)} {h.told.ja}" for h in material.happened[-_LATEST:]]


def _reported(material: Material) -> tuple[str, ...]:
    """First lines of the reports of this round."""
    return tuple(
        f"・{r.get('period') or ''}: {(str(r.get('progress') or '').splitlines() or [''])[0].lstrip('・')}"
        for r in material.reports
    )


def _money(state: Lifecycle, material: Material) -> list[str]:
    lines = []
    for year, budget in sorted(state.budgets.items()):
        amounts = [f"{NAMES[k].ja} {v:,}円" for k in _STATES if (v := getattr(budget, k)) is not None]
        lines.append(f"・{wareki_fiscal_year(year)}: " + "、".join(amounts))
    spent = [int(r["spent"]) for r in material.reports if r.get("spent") is not None]
    if spent:
        lines.append(f"・報告された執行額の計: {sum(spent):,}円({len(spent)}期)")
    return [*lines, *_balance(material.appraisal)]


def _balance(found: Appraisal | None) -> list[str]:
    return [] if found is None or not found.benefit else [f"・{balance_line(found)}"]


def balance_line(found: Appraisal) -> str:
    """Benefits less costs over all years, and when it has paid back, in a line."""
    span = f"{wareki_fiscal_year(found.years[0].fiscal_year)}〜{wareki_fiscal_year(found.years[-1].fiscal_year)}"
    back = f"、回収期間 {found.payback_years}年" if found.payback_years is not None else "、期間内に回収しない"
    return f"収支({span}): 便益 {found.benefit:,}円 − 費用 {found.cost:,}円 = {found.balance:+,}円{back}"


def _hypotheses(evaluation: Evaluation) -> list[str]:
    return [f"・仮説「{h.then}」: {VERDICTS[h.verdict].ja}({h.why.ja})" for h in evaluation.hypotheses]


def _learnt(evaluation: Evaluation) -> list[str]:
    """What measurement said against what was expected: people add why."""
    refuted = [
        f"仮説「{h.then}」は支持されなかった({h.why.ja})" for h in evaluation.hypotheses if h.verdict == "refuted"
    ]
    missed = [f"目標に届かなかった: {k.told}" for k in evaluation.kpis if k.standing in ("worse", "part_way")]
    return [*refuted, *missed]
