"""Contents for deliverables that no record gives: plausible, complete, and marked as scripted in every text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from domain.calendar import Span, fiscal_year, local_day
from domain.evaluation.recommending import recommended
from domain.facts import Facts
from domain.lifecycle.state import Lifecycle
from domain.lifecycle.valuing import value
from rehearsal.script import MARK, Script

Content = dict[str, Any]


@dataclass(frozen=True)
class Desk:
    """What a drafter has before them: the lifecycle, the facts, the day, their script and their dice."""

    state: Lifecycle
    script: Script
    facts: Facts
    now: datetime
    rng: Random
    period: str = ""
    again: bool = False
    """The paper was sent back or taken back: this version takes up what was said."""
    measured: Mapping[str, Decimal] = field(default_factory=dict)
    """The last value of each KPI."""

    @property
    def today(self) -> date:
        return local_day(self.now)

    def ahead(self, days: int) -> date:
        return local_day(self.facts.calendar.after(self.now, Span(working_days=days)))

    def holder(self, role: str, unit: str | None = None) -> str:
        """Who holds the post with a role, seen from a unit; the section's drafter when it is vacant."""
        directory = self.facts.directory
        anywhere = next((p for p in directory.posts if p.role == role), None)
        near = directory.post_for(role, unit or self.state.section)
        for post in (near, anywhere, directory.post_for("drafter", self.state.section)):
            held = directory.holders(post.id, self.today) if post else []
            if held:
                return held[0]
        return self.state.people[0] if self.state.people else ""

    def unit_of(self, person: str) -> str:
        directory = self.facts.directory
        held = [p for i in directory.posts_of(person, self.today) if (p := directory.post(i))]
        return held[0].unit if held else self.state.section


def complete(stage: str, deliverable: str, desk: Desk, *, scripted_only: bool = False) -> Content:
    """A deliverable's content: the script's own, filled up and brought to the day on which it is handed in."""
    own: Mapping[str, Any] = {} if scripted_only else desk.script.deliverables.get(stage, {})
    if desk.state.round > 1 and deliverable in _NEW_EACH_ROUND:
        own = {}
    made = _MAKERS[deliverable](desk)
    content = {**made, **{k: v for k, v in own.items() if k in made and v not in (None, "", [], (), {})}}
    adjust = _ADJUST.get(deliverable)
    if adjust is not None:
        content |= adjust(desk, content, made)
    text = _REMARK.get(deliverable)
    if text and desk.state.round > 1:
        content[text] = f"{content[text]}\n{MARK}第{desk.state.round}期: 再検討の結果を反映した。"
    if text and desk.again:
        content[text] = f"{content[text]}\n{MARK}指摘を受けて補記した。"
    return content


def _evidence(desk: Desk, what: str) -> list[Content]:
    name = f"{MARK}{desk.state.title}: {what}"
    return [{"source": name, "date": desk.today.isoformat(), "sha256": hashlib.sha256(name.encode()).hexdigest()}]


def _setup(desk: Desk) -> Content:
    state, directory = desk.state, desk.facts.directory
    drafter = state.drafter or desk.holder("drafter")
    others = [
        u.id
        for u in directory.units
        if u.kind == "section" and u.id != state.section and directory.post_for("section_chief", u.id)
    ]
    names = desk.facts.definition.units if desk.facts.definition else {}
    headquarters = names.get("headquarters", state.section)
    chosen = sorted(desk.rng.sample(others, min(len(others), desk.rng.choice((1, 2, 2, 3))))) or [headquarters]
    heavy = desk.rng.random() < 0.3
    return {
        "purpose": f"{MARK}{state.title}により、手続と業務の負担を減らす",
        "problem": f"{MARK}手作業と紙の手続が残り、利用者と職員の負担になっている",
        "beneficiaries": f"{MARK}市民、市内事業者、担当職員",
        "chair": desk.holder("deputy_mayor" if heavy else "bureau_director"),
        "adviser": desk.holder("digital_manager", headquarters),
        "members": [
            {"person": drafter, "department": state.section, "role": "事務局"},
            {"person": desk.holder("section_chief"), "department": state.section, "role": "構成員"},
        ],
        "departments": chosen,
        "viewpoint": state.viewpoint or desk.rng.choice(("citizen_services", "community", "administrative_work")),
        "weight": state.weight or ("heavy" if heavy else "medium"),
    }


def _analysis(desk: Desk) -> Content:
    hours = desk.rng.randrange(400, 6000, 100)
    return {
        "current_state": f"{MARK}窓口と紙の申請が中心で、年間およそ{hours:,}時間を要している",
        "stakeholders": ["市民", "担当課", "関係部署"],
        "root_causes": [f"{MARK}情報が部署ごとに分かれている", f"{MARK}手続の途中で同じ内容を何度も書く"],
        "size": {"hours_per_year": hours, "people": desk.rng.randrange(500, 40000, 500)},
        "evidence": _evidence(desk, "業務量調査"),
    }


def _hypothesis(desk: Desk) -> Content:
    first = {
        "if_do": f"{MARK}申請と確認をオンラインに移す",
        "then": f"{MARK}処理時間が3割減る",
        "because": f"{MARK}転記と往復がなくなるため",
        "metric": "処理時間",
        "expected_effect": "30%減",
        "verified_by": f"{MARK}1か月の試行",
        "result": "supported",
    }
    second = {**first, "then": f"{MARK}窓口の混雑が半減する", "metric": "待ち時間", "result": "inconclusive"}
    return {"hypotheses": [first, second], "evidence": _evidence(desk, "試行の結果")}


def _coordination(desk: Desk) -> Content:
    departments = [d for d in desk.state.departments if d != desk.state.section] or [desk.state.section]
    return {"opinions": [_opinion(desk, d) for d in departments], "promises": []}


def _opinion(desk: Desk, department: str) -> Content:
    chance = desk.rng.random()
    if chance < 0.08:
        reason = f"{MARK}繁忙期と重なり、人員を割けない"
        return {
            "department": department,
            "stance": "objects",
            "reason": reason,
            "objection": "resolved",
            "objection_note": f"{MARK}協議の上、開始時期を閑散期に移すことで解決",
        }
    if chance < 0.3:
        return {
            "department": department,
            "stance": "agrees_with_conditions",
            "conditions": [f"{MARK}個人情報の取扱いを事前に協議する"],
        }
    return {"department": department, "stance": "agrees"}


def _proposal(desk: Desk) -> Content:
    cost = desk.rng.randrange(2_000_000, 30_000_000, 500_000)
    digital = {
        "key": "A",
        "title": f"{MARK}オンライン化",
        "kind": "digital",
        "description": desk.state.title,
        "initial_cost": cost,
        "running_cost": cost // 5,
        "effects": f"{MARK}処理時間3割減",
        "risks": [f"{MARK}利用が伸びない"],
    }
    analog = {
        "key": "B",
        "title": f"{MARK}様式の簡素化と窓口の統合",
        "kind": "analog",
        "description": f"{MARK}紙のまま様式を1枚にする",
        "initial_cost": cost // 10,
        "running_cost": cost // 4,
        "effects": f"{MARK}処理時間1割減",
        "risks": [f"{MARK}効果が小さい"],
    }
    return {
        "options": [digital, analog],
        "no_analog_reason": "",
        "chosen": "A",
        "chosen_reason": f"{MARK}効果と5年間の費用を比べ、Aが優る",
        "small_start": {"scope": f"{MARK}1課・1手続から", "months": 6, "cost_cap": max(cost // 4, 500_000)},
        "digital_divide": [f"{MARK}窓口での代行入力", f"{MARK}公民館でのスマホ相談"],
    }


def budget_year(today: date) -> tuple[int, str]:
    """The fiscal year and window that a request handed in today aims at: August to mid-February the initial budget."""
    year = fiscal_year(today)
    if today.month >= 8 or today.month == 1 or (today.month == 2 and today.day <= 10):
        return year + 1, "initial"
    return (year + 1 if today.month <= 3 else year), "supplementary"


def _budgeting(desk: Desk) -> Content:
    year, window = budget_year(desk.today)
    initial = desk.rng.randrange(2_000_000, 30_000_000, 100_000)
    asked = initial + initial // 5
    return {
        "section": desk.state.section,
        "fiscal_year": year,
        "window": window,
        "lines": [
            {"kind": "initial", "title": f"{MARK}構築・導入", "amount": initial},
            {"kind": "running", "title": f"{MARK}運用", "amount": initial // 5},
        ],
        "funding": [{"source": f"{MARK}一般財源", "amount": asked}],
        "amounts": {"asked": asked},
    }


def _timed_budget(desk: Desk, content: Content, _: Content) -> Content:
    """The record's amounts are those of its own year; here they are asked for anew, and finance has yet to indicate."""
    year, window = budget_year(desk.today)
    return {
        "fiscal_year": year,
        "window": window,
        "amounts": {"asked": sum(i["amount"] or 0 for i in content["lines"])},
    }


def _team(desk: Desk) -> Content:
    drafter = desk.state.drafter or desk.holder("drafter")
    people = list(dict.fromkeys((drafter, *(desk.holder("drafter", d) for d in desk.state.departments))))
    return {
        "leader": desk.holder("section_chief"),
        "members": [
            {"person": p, "department": desk.unit_of(p), "share": desk.rng.choice((10, 20, 30)), "head_consents": True}
            for p in people
        ],
        "charter": f"{MARK}目的・範囲・進め方を定め、月1回集まる",
    }


def _kpis(desk: Desk) -> Content:
    owner = desk.state.drafter or desk.holder("drafter")
    cost = desk.rng.randrange(2_000, 20_000, 500)
    rate = desk.rng.randrange(5, 40, 5)
    shared = {"owner": owner, "cadence": "quarterly"}
    return {
        "kpis": [
            {"key": "online_rate", "title": f"{MARK}オンライン利用率", "kind": "outcome", "baseline": rate}
            | {"target": rate + 40, "direction": "up", "unit": "%", **shared},
            {"key": "unit_cost", "title": f"{MARK}1件当たり費用", "kind": "cost", "baseline": cost}
            | {"target": cost * 7 // 10, "direction": "down", "unit": "円", **shared},
        ],
        "stopping_criteria": [f"{MARK}2期続けて目標の半分に届かない"],
        "review_date": _review_date(desk).isoformat(),
    }


def _review_date(desk: Desk) -> date:
    """In the summer, before the next year's budget is asked for, and 10 months ahead at least."""
    earliest = desk.today + timedelta(days=305)
    month, day = desk.rng.choice(((6, 30), (7, 31), (8, 31), (9, 30)))
    found = date(earliest.year, month, day)
    if found < earliest:
        found = date(earliest.year + 1, month, day) if earliest.month > 9 else earliest
    return desk.facts.calendar.working_day_from(found)


def _timed_kpis(desk: Desk, content: Content, made: Content) -> Content:
    """In a later round each KPI starts from what was measured last, and a target already reached is raised."""
    kpis = []
    for kpi in content["kpis"]:
        last = desk.measured.get(kpi["key"])
        if desk.state.round > 1 and last is not None:
            further = last * Decimal("1.1" if kpi["direction"] == "up" else "0.9")
            target = Decimal(str(kpi["target"]))
            passed = last >= target if kpi["direction"] == "up" else last <= target
            kpi = {**kpi, "baseline": str(last), "target": str(round(further, 1) if passed else target)}
        kpis.append(kpi)
    return {"review_date": made["review_date"], "kpis": kpis}


def _implementation(desk: Desk) -> Content:
    voted = [year for year, b in desk.state.budgets.items() if b.voted]
    return {
        "kind": "full" if desk.state.weight != "light" and desk.rng.random() < 0.5 else "trial",
        "plan": f"{MARK}{desk.state.title}を小さく始め、結果を見て広げる",
        "contract": bool(voted),
        "fiscal_year": max(voted, default=fiscal_year(desk.today)),
        "sites": [desk.state.section_name.ja],
        "participants": desk.rng.randrange(20, 800, 10),
        "milestones": [
            {"title": f"{MARK}準備・仕様の確定", "due": _past(desk, 100), "done": _past(desk, 95)},
            {"title": f"{MARK}開始", "due": _past(desk, 45), "done": _past(desk, 40)},
        ],
        "progress": [{"date": _past(desk, 20), "text": f"{MARK}予定どおり進んでいる"}],
        "incidents": [],
        "results": f"{MARK}利用が始まり、処理時間の短縮が見られた",
    }


def _timed_implementation(desk: Desk, _: Content, made: Content) -> Content:
    return {k: made[k] for k in ("contract", "fiscal_year", "milestones", "progress")}


def _past(desk: Desk, days: int) -> str:
    entered = local_day(desk.state.entered_at) if desk.state.entered_at else desk.today
    return max(desk.today - timedelta(days=days), entered).isoformat()


def _monitoring(desk: Desk) -> Content:
    asked = max((b.allotted or b.voted or 0 for b in desk.state.budgets.values()), default=0)
    return {
        "period": desk.period,
        "progress": f"{MARK}{desk.period}の取組は計画に沿って実施した",
        "value": f"{MARK}測定値のとおり(各KPIの推移を参照)",
        "cost": f"{MARK}執行は配当の範囲内",
        "spent": asked // 4 if asked else None,
    }


def _timed_monitoring(desk: Desk, _: Content, made: Content) -> Content:
    return {"period": desk.period, "spent": made["spent"]}


def _review(desk: Desk) -> Content:
    script = desk.script
    reasons = list(script.reasons) or [f"{MARK}各期の測定値と執行状況による"]
    process = desk.facts.definition
    weighed = value(desk.state, desk.facts, desk.today).appraisal
    system = recommended(desk.state, [o.key for o in process.outcomes] if process else [], weighed)
    departs = system.outcome and script.outcome != system.outcome
    return {
        "report": script.finding or f"{MARK}KPIの達成状況、費用、利用者の声をまとめた",
        "recommendation": script.outcome,
        "reasons": reasons,
        "back_to": script.back_to if script.outcome == "improvement" else "",
        "evidence": _evidence(desk, "評価資料"),
        "learnt": [f"{MARK}利用の少ない手続から始めると効果を測れない"] if script.outcome == "improvement" else [],
        "system_recommendation": system.outcome or None,
        "system_reasons": [r.ja for r in system.reasons],
        "override_reason": f"{MARK}測定値のほか、点検の所見を重くみる" if departs else "",
    }


def _wind_down(desk: Desk) -> Content:
    return {
        "notices": [f"{MARK}市ホームページと窓口で3か月前に周知"],
        "data": f"{MARK}保存年限まで文書管理システムに保存し、他は消去証明を得て消去",
        "assets": f"{MARK}契約は年度末で終了、機器は返却",
        "lessons": [f"{MARK}利用者の範囲を始める前に確かめる"],
    }


_MAKERS: Mapping[str, Callable[[Desk], Content]] = {
    "setup": _setup,
    "analysis": _analysis,
    "hypothesis": _hypothesis,
    "coordination": _coordination,
    "proposal": _proposal,
    "budgeting": _budgeting,
    "team": _team,
    "kpis": _kpis,
    "implementation": _implementation,
    "monitoring": _monitoring,
    "review": _review,
    "wind_down": _wind_down,
}
_ADJUST: Mapping[str, Callable[[Desk, Content, Content], Content]] = {
    "budgeting": _timed_budget,
    "kpis": _timed_kpis,
    "implementation": _timed_implementation,
    "monitoring": _timed_monitoring,
}
_NEW_EACH_ROUND = ("monitoring", "review")
_REMARK = {
    "setup": "problem",
    "analysis": "current_state",
    "proposal": "chosen_reason",
    "team": "charter",
    "implementation": "results",
    "monitoring": "progress",
    "review": "report",
    "wind_down": "assets",
}
"""The text of each form in which a later version says what it took up."""
