"""What the record of a reviewed national project says on each stage's form: quoted, with source, date and sha256.

What the record lacks is left out here, and the rehearsal fills it in visibly as scripted (〔台本〕). Where a form needs a whole
row of which the record has only a part (an option, a KPI), what is made up in it carries the mark too.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from rehearsal.records import SOURCE, Link, Project
from rehearsal.script import MARK

Row = dict[str, Any]
REVIEWED_ON = date(2024, 9, 30)
"""The sheets of FY2024 were published in September 2024 (day ours)."""
_TEXT = 1500
"""Characters of a quoted text; longer ones are cut with a mark, the sha256 is of the whole."""
_DIGITAL = ("システム", "デジタル", "オンライン", "データ", "電子", "ICT", "ＩＣＴ", "DX", "ＤＸ")


def deliverables_for(project: Project, section: str | None = None) -> dict[str, Row]:
    """What the record says, by stage key; in part only. KPIs need an owner, and so the `section` (unit id) in charge."""
    filled: dict[str, Row] = {
        "setup": {"purpose": cut(project.purpose), "problem": cut(project.problem or project.purpose)},
        "analysis": {
            "current_state": cut(project.problem),
            "stakeholders": [s for s in (project.bureau, project.section, *_related(project)) if s],
            "evidence": [_evidence("現状・課題", project.problem)] if project.problem else [],
        },
        "proposal": _proposal(project),
        "implementation": {"plan": cut(project.overview)},
        "monitoring": {"cost": _spending(project)},
        "review": {
            "report": cut("\n".join(t for t in (project.checked or project.finding_detail, project.direction) if t)),
            "evidence": [_evidence("点検・評価", project.checked + project.finding_detail + project.reflection_detail)],
        },
        "wind_down": {"lessons": [cut(t, 400) for t in (project.reflection_detail, project.finding_detail) if t]},
    }
    hypotheses = _hypotheses(project)
    if hypotheses:
        filled["hypothesis"] = {
            "hypotheses": hypotheses,
            "evidence": [_evidence("効果発現経路", "".join(link.source + link.target for link in project.links))],
        }
    budget = _budget(project)
    if budget:
        filled["budgeting"] = budget
    if section is not None:
        filled["kpi_setting"] = {"kpis": _kpis(project, owner=f"{section.removesuffix('-section')}-drafter-1")}
    kept = {stage: {k: v for k, v in content.items() if v not in ("", [], None)} for stage, content in filled.items()}
    return {stage: content for stage, content in kept.items() if content}


def _related(project: Project) -> list[str]:
    return [f"関連事業「{name}」" for name in project.related[:5]]


def _arrows(project: Project) -> list[Link]:
    """The logic model's arrows that end in an outcome."""
    return [link for link in project.links if "アウトカム" in link.target_kind and link.source and link.target]


def _hypotheses(project: Project) -> list[Row]:
    """The arrows that end in an outcome; result and verification are scripted, since the record has none."""
    return [
        {
            "if_do": cut(link.source, 400),
            "then": cut(link.target, 400),
            "because": cut(link.because, 400) or f"{MARK}記録に理由の記載なし",
            "metric": cut(link.target, 200),
            "expected_effect": f"{link.term or ''}アウトカム: {cut(link.target, 200)}",
            "verified_by": f"{MARK}次年度の行政事業レビューで確認",
            "result": "supported" if number == 0 else "inconclusive",
        }
        for number, link in enumerate(_arrows(project)[:3])
    ]


def _budget(project: Project) -> Row | None:
    """The request for the next year (翌年度要求額), as one line."""
    if not project.years or not (asked := project.years[max(project.years)].requested_next):
        return None
    return {
        "lines": [
            {"kind": "running", "title": f"翌年度要求額({max(project.years) + 1}年度、記録による)", "amount": asked}
        ],
        "funding": [{"source": "国費(記録による要求額)", "amount": asked}],
        "amounts": {"asked": asked},
    }


def _proposal(project: Project) -> Row:
    """The project as it is, beside a scripted analog option; its kind is derived from its words."""
    if not project.overview:
        return {}
    digital = any(word in project.name + project.overview for word in _DIGITAL)
    year = max(project.years, default=0)
    yen = project.years[year].initial if year else 0
    goals = [cut(link.target, 200) for link in _arrows(project)[:2]]
    return {
        "options": [
            {
                "key": "A",
                "title": cut(project.name, 200),
                "kind": "digital" if digital else "mixed",
                "description": cut(project.overview),
                "initial_cost": 0,
                "running_cost": yen,
                "effects": " / ".join(goals) or f"{MARK}記録に成果目標の記載なし",
                "risks": [f"{MARK}記録にリスクの記載なし"],
            },
            {
                "key": "B",
                "title": f"{MARK}窓口・紙・対面による実施",
                "kind": "analog",
                "description": f"{MARK}比較のための案(記録にはない)",
                "initial_cost": 0,
                "running_cost": yen,
                "effects": f"{MARK}Aより小さい",
                "risks": [f"{MARK}効果が広がらない"],
            },
        ],
        "chosen": "A",
        "chosen_reason": f"実際に行われた事業(費用は{year}年度当初予算の記録)。{MARK}比較は架空" if year else "",
    }


def _spent(project: Project) -> int | None:
    """The last year of which the record knows what was spent."""
    return max((y for y, money in project.years.items() if money.executed > 0), default=None)


def _spending(project: Project) -> str:
    year = _spent(project)
    if year is None:
        return ""
    money = project.years[year]
    rate = f"(執行率 {money.executed / money.current:.0%})" if money.current > 0 else ""
    return (
        f"記録: {year}年度の予算現額 {money.current:,} 円、執行額 {money.executed:,} 円{rate}。{MARK}当期は配当の範囲内"
    )


def _kpis(project: Project, owner: str) -> list[Row]:
    """Goals in the record's words with made-up numbers (the record's numbers are not at hand), and its spending as cost."""
    shared = {"owner": owner, "cadence": "quarterly"}
    goals = list(dict.fromkeys(link.target for link in _arrows(project)))[:2] or [f"{MARK}成果目標の記載なし"]
    outcomes = [
        {"key": f"outcome_{n}", "title": f"{cut(goal, 120)}({MARK}達成度、数値は架空)", "kind": "outcome"}
        | {"baseline": 20, "target": 60, "direction": "up", "unit": "%", **shared}
        for n, goal in enumerate(goals, 1)
    ]
    year = _spent(project)
    yen = project.years[year].executed if year is not None else 1_000_000
    title = f"年間執行額(基準は{year}年度の記録、{MARK}目標は5%減)" if year else f"{MARK}年間執行額(記録なし)"
    cost = {"key": "cost", "title": title, "kind": "cost", "baseline": yen, "target": yen * 95 // 100}
    return [*outcomes, cost | {"direction": "down", "unit": "円", **shared}]


def _evidence(part: str, text: str) -> Row:
    sheet = f"{SOURCE}「{part}」"
    return {"source": sheet, "date": REVIEWED_ON.isoformat(), "sha256": hashlib.sha256(text.encode()).hexdigest()}


def cut(text: str, size: int = _TEXT) -> str:
    return text if len(text) <= size else text[: size - 3] + "(略)"
