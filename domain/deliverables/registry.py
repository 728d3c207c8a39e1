"""Every form in one map: a stage of the process definition names its form by these keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from domain.deliverables import project as p
from domain.deliverables import taskforce as t
from domain.deliverables.base import Context, Form, Rule
from domain.messages import Problem, Refusal, Refused, Text
from domain.misfits import said_of


@dataclass(frozen=True)
class Deliverable:
    """A form with its title and rules."""

    key: str
    title: Text
    form: type[Form]
    rules: tuple[Rule[Any], ...]


def _d(key: str, ja: str, en: str, form: type[Form], rules: tuple[Rule[Any], ...]) -> tuple[str, Deliverable]:
    return key, Deliverable(key, Text(ja=ja, en=en), form, rules)


DELIVERABLES: Mapping[str, Deliverable] = dict(
    (
        _d("setup", "設置書", "setup", t.Setup, t.SETUP_RULES),
        _d("analysis", "課題分析書", "analysis", t.Analysis, t.ANALYSIS_RULES),
        _d("hypothesis", "仮説検証書", "hypotheses", t.Hypothesis, t.HYPOTHESIS_RULES),
        _d("coordination", "調整結果", "coordination", t.Coordination, t.COORDINATION_RULES),
        _d("proposal", "解決策提案書", "proposal", t.Proposal, t.PROPOSAL_RULES),
        _d("budgeting", "予算要求書", "budget request", t.Budgeting, t.BUDGETING_RULES),
        _d("team", "PT組成書", "project team", p.Team, p.TEAM_RULES),
        _d("kpis", "KPI設定書", "KPIs", p.KpiSetting, p.KPI_RULES),
        _d("implementation", "実施報告書", "implementation", p.Implementation, p.IMPLEMENTATION_RULES),
        _d("monitoring", "モニタリング報告書", "monitoring report", p.Monitoring, p.MONITORING_RULES),
        _d("review", "評価報告・取組方針提言", "evaluation and recommendation", p.Review, p.REVIEW_RULES),
        _d("reopening", "再開申請書", "request to reopen", p.Reopening, p.REOPENING_RULES),
        _d("wind_down", "廃止整理書", "wind-down", p.WindDown, p.WIND_DOWN_RULES),
    )
)


def parse(key: str, content: Mapping[str, Any]) -> Form:
    """Read a form. Wrong shapes raise `Refused` (rule `form-shape`) that names each field, its value and the remedy."""
    try:
        return DELIVERABLES[key].form.model_validate(pruned(content))
    except ValidationError as error:
        raise Refused(
            Refusal(
                rule="form-shape",
                message=Text(ja="様式に合わない欄があります", en="some fields do not fit the form"),
                remedy=Text(
                    ja=f"`form` で {key} の様式を確認して直してください",
                    en=f"compare with the empty form (`form`) of {key} and correct them",
                ),
                problems=tuple(
                    Problem(
                        field=".".join(str(part) for part in e["loc"]) or key,
                        value=_short(e.get("input")),
                        message=said_of(e),
                    )
                    for e in error.errors(include_url=False)
                ),
            )
        ) from None


def pruned(content: Mapping[str, Any]) -> dict[str, Any]:
    """A form without what was left empty: blank fields, and items of lists in which nothing was written."""
    kept: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, Mapping):
            value = pruned(value)
        elif isinstance(value, list | tuple):
            items = [pruned(item) if isinstance(item, Mapping) else item for item in value]
            value = [item for item in items if item is not None and item != {}]
        if value is not None:
            kept[key] = value
    return kept


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "…"


def broken_rules(key: str, form: Form, context: Context) -> list[tuple[Rule[Any], tuple[Problem, ...]]]:
    """The rules of a form that `form` does not meet, each with its problems; empty when it is complete."""
    found = []
    for rule in DELIVERABLES[key].rules:
        problems = tuple(rule.check(form, context))
        if problems:
            found.append((rule, problems))
    return found


def require_complete(key: str, form: Form, context: Context) -> None:
    """Raise `Refused` under the first broken rule, with the problems of all."""
    broken = broken_rules(key, form, context)
    if broken:
        rule = broken[0][0]
        raise Refused(
            Refusal(
                rule=rule.name,
                message=Text(
                    ja="提出の要件を満たしていません: " + "、".join(r.title.ja for r, _ in broken),
                    en="not complete: " + ", ".join(f"{r.title.en} ({r.name})" for r, _ in broken),
                ),
                remedy=Text(
                    ja="示された欄を直して、もう一度提出してください", en="correct the fields named and submit again"
                ),
                problems=tuple(p for _, problems in broken for p in problems),
            )
        )
