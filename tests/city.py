"""A small city for tests: directory, calendar, the shipped process, and a complete form for every stage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from definitions.loader import load_definition
from domain.calendar import Calendar
from domain.directory import Directory, Person, Post, Tenure, Unit
from domain.facts import Facts
from domain.messages import Actor, Text, Via
from domain.process import ProcessDefinition

STREAM = "5f0c1d0e-0000-5000-8000-000000000001"
START = datetime(2026, 4, 1, 0, 0, tzinfo=UTC)
"""9:00 in Japan on the first day of FY2026, a Wednesday."""
SHA = "a" * 64

_UNITS = {
    # unit: (kind, unit above)
    "city": ("city", None),
    "policy-bureau": ("bureau", "city"),
    "digital-strategy-office": ("office", "policy-bureau"),
    "child-bureau": ("bureau", "city"),
    "child-section": ("section", "child-bureau"),
    "health-bureau": ("bureau", "city"),
    "health-section": ("section", "health-bureau"),
    "school-bureau": ("bureau", "city"),
    "school-section": ("section", "school-bureau"),
    "finance-bureau": ("bureau", "city"),
    "finance-section": ("section", "finance-bureau"),
}
_POSTS = {
    # post: (role, unit, holders)
    "mayor": ("mayor", "city", ("p-mayor",)),
    "deputy-mayor": ("deputy_mayor", "city", ("p-deputy",)),
    "office-director": ("secretariat_director", "digital-strategy-office", ("p-office",)),
    "vice-head": ("headquarters_vice_director", "digital-strategy-office", ("p-vice",)),
    "child-director": ("bureau_director", "child-bureau", ("p-director",)),
    "child-chief": ("section_chief", "child-section", ("p-chief", "p-chief2")),
    "child-drafter": ("drafter", "child-section", ("p-drafter",)),
    "health-director": ("bureau_director", "health-bureau", ("p-health-director",)),
    "health-chief": ("section_chief", "health-section", ("p-health",)),
    "school-director": ("bureau_director", "school-bureau", ("p-school-director",)),
    "school-chief": ("section_chief", "school-section", ("p-school",)),
    "finance-director": ("finance_director", "finance-section", ("p-finance",)),
    "finance-chief": ("section_chief", "finance-section", ("p-finance-chief",)),
}
_IDLE = ("p-manager", "p-member", "p-stranger")
SINCE = date(2020, 4, 1)


def directory() -> Directory:
    """Eleven units, thirteen posts, all held; `p-robot` is a service, `p-auditor` an auditor who holds a post as well."""
    people = [h for _, _, holders in _POSTS.values() for h in holders]
    tenures = [Tenure(person=h, post=k, since=SINCE) for k, (_, _, holders) in _POSTS.items() for h in holders]
    return Directory(
        units=tuple(Unit(id=k, name=Text(ja=k, en=k), kind=kind, parent=up) for k, (kind, up) in _UNITS.items()),
        posts=tuple(Post(id=k, title=Text(ja=k, en=k), role=role, unit=unit) for k, (role, unit, _) in _POSTS.items()),
        people=(
            *(Person(id=p) for p in (*dict.fromkeys(people), *_IDLE)),
            Person(id="p-robot", service=True),
            Person(id="p-auditor", auditor=True),
        ),
        tenures=(
            *tenures,
            Tenure(person="p-robot", post="child-chief", since=SINCE),
            Tenure(person="p-auditor", post="child-chief", since=SINCE),
        ),
    )


def calendar() -> Calendar:
    """Weekends and the year-end closure (29 December to 3 January); no holidays, so that days are easy to count."""
    closed = {
        day
        for year in range(2019, 2060)
        for day in (date(year, 1, 2), date(year, 1, 3), date(year, 1, 1), *(date(year, 12, d) for d in (29, 30, 31)))
    }
    return Calendar(version="test", closed=frozenset(closed))


PROCESS = load_definition()
FACTS = Facts(directory=directory(), calendar=calendar(), definition=PROCESS)


def with_process(change: Callable[[dict[str, Any]], None], facts: Facts = FACTS) -> Facts:
    """Facts whose definition was changed as a JSON document, and validated again."""
    assert facts.definition is not None
    document = facts.definition.model_dump(mode="json")
    change(document)
    return facts.model_copy(update={"definition": ProcessDefinition.model_validate(document)})


def stage_of(document: dict[str, Any], key: str) -> dict[str, Any]:
    """One stage of a definition's document."""
    found: dict[str, Any] = next(s for s in document["stages"] if s["key"] == key)
    return found


def person(name: str) -> Actor:
    """A person of the small city by the short name: `person("chief")` is `p-chief`."""
    return Actor(person=f"p-{name}", via=Via.SHELL, authenticated_by="test")


DRAFTER = person("drafter")
EVIDENCE = [{"source": "survey", "date": "2026-03-01", "sha256": SHA}]
KPI = {
    "title": "t",
    "baseline": "10",
    "target": "20",
    "direction": "up",
    "unit": "件",
    "cadence": "quarterly",
    "owner": "p-member",
}

VALID: dict[str, dict[str, Any]] = {
    "setup": {
        "purpose": "手続を減らす",
        "problem": "窓口が混む",
        "beneficiaries": "市民",
        "chair": "p-deputy",
        "adviser": "p-manager",
        "members": [{"person": "p-member", "department": "child-section"}],
        "departments": ["child-section", "health-section", "school-section"],
        "viewpoint": "citizen_services",
        "weight": "medium",
    },
    "analysis": {
        "current_state": "紙の申請",
        "stakeholders": ["保護者"],
        "root_causes": ["様式が多い"],
        "size": {"hours_per_year": 1200.5},
        "evidence": EVIDENCE,
    },
    "hypothesis": {
        "hypotheses": [
            {
                "if_do": "電子化する",
                "then": "待ち時間が減る",
                "because": "窓口に来ない",
                "metric": "分",
                "expected_effect": "-10",
                "verified_by": "試行",
                "result": "supported",
            }
        ],
        "evidence": EVIDENCE,
    },
    "coordination": {
        "opinions": [
            {"department": "health-section", "stance": "agrees"},
            {"department": "school-section", "stance": "agrees"},
        ],
        "promises": [],
    },
    "proposal": {
        "options": [
            {
                "key": key,
                "title": title,
                "kind": kind,
                "initial_cost": 0,
                "running_cost": 100,
                "effects": "早くなる",
                "risks": ["遅れ"],
            }
            for key, title, kind in (("a", "電子申請", "digital"), ("b", "郵送", "analog"))
        ],
        "chosen": "a",
        "chosen_reason": "効果が大きい",
        "small_start": {"scope": "一課", "months": 3, "cost_cap": 1000},
        "digital_divide": ["窓口も残す"],
    },
    "budgeting": {
        "section": "child-section",
        "fiscal_year": 2027,
        "window": "initial",
        "lines": [{"kind": "initial", "title": "開発", "amount": 900}, {"kind": "running", "amount": 100}],
        "funding": [{"source": "一般財源", "amount": 1000}],
        "amounts": {"asked": 1000, "indicated": 800},
    },
    "team": {
        "leader": "p-chief",
        "members": [{"person": "p-member", "department": "child-section", "share": 20, "head_consents": True}],
        "charter": "目的と進め方",
    },
    "kpis": {
        "kpis": [{**KPI, "key": "users", "kind": "outcome"}, {**KPI, "key": "cost", "kind": "cost"}],
        "stopping_criteria": ["利用が半減"],
        "review_date": "2029-03-30",
    },
    "implementation": {
        "kind": "trial",
        "plan": "計画",
        "fiscal_year": 2027,
        "sites": ["本庁"],
        "participants": 10,
        "milestones": [{"title": "公開", "due": "2027-06-01"}],
        "progress": [{"date": "2027-05-01", "text": "順調"}],
        "results": "結果",
    },
    "monitoring": {"period": "2027-Q1", "progress": "順調", "value": "短縮", "cost": "見合う", "spent": 500},
    "review": {"report": "評価", "recommendation": "continuation", "reasons": ["効果あり"], "evidence": EVIDENCE},
    "reopening": {"stage": "proposal", "closed_as": "completion", "reason": "新しい需要"},
    "wind_down": {"notices": ["広報"], "data": "消去", "assets": "返却", "lessons": ["早く相談する"]},
}
"""A complete form for every deliverable, by its key."""

STAGES = tuple(s.key for s in PROCESS.stages)
