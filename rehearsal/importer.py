"""From a reviewed national project to a task, a directory and deliverables. What stands in the record is quoted with its
source and sha256; what the record lacks is left out here, and the rehearsal fills it in visibly as scripted (〔台本〕)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from definitions.loader import people_document
from domain.directory import Directory
from domain.directory_stream import Named
from rehearsal.records import LICENCE, SOURCE, URL, Project
from rehearsal.script import MARK

Row = dict[str, Any]
REVIEWED_ON = date(2024, 9, 30)
"""The sheets of FY2024 were published in September 2024 (day ours)."""
_TEXT = 1500
"""Characters of a quoted text; longer ones are cut with a mark, the sha256 is of the whole."""
_POSTS = (
    ("director", "bureau_director", "局長級", "Director-General"),
    ("general-affairs", "general_affairs", "庶務担当", "Coordinator"),
    ("chief", "section_chief", "事業担当課長", "Section Chief"),
    ("drafter", "drafter", "事業担当", "Officer"),
)
_VIEWS = (
    ("administrative_work", ("システム", "職員", "行政", "業務", "統計", "審査", "事務")),
    ("community", ("地域", "地方", "産業", "事業者", "観光", "農", "環境", "研究", "企業")),
    ("citizen_services", ("こども", "子ども", "国民", "利用者", "医療", "福祉", "相談", "障害", "教育", "支援")),
)


def ref_of(project: Project) -> str:
    """The task's own id: rs2024-000123."""
    return f"rs2024-{int(project.id):06d}"


def section_of(project: Project, sections: dict[str, str]) -> str:
    return sections[project.ministry]


def sections_for(projects: Sequence[Project]) -> dict[str, str]:
    """Ministry -> unit id of its one section, numbered in the order of the names."""
    return {name: f"rs-{number:02d}-section" for number, name in enumerate(sorted({p.ministry for p in projects}), 1)}


def directory_for(
    projects: Sequence[Project], base: tuple[Directory, tuple[Named, ...]]
) -> tuple[Directory, tuple[Named, ...]]:
    """The shipped directory with a bureau, a section and fictional people (named by their role) for each ministry."""
    units: list[Row] = []
    posts: list[Row] = []
    people: list[Row] = []
    tenures: list[Row] = []
    for name, section in sections_for(projects).items():
        bureau = section.removesuffix("-section")
        units.append({"id": bureau, "name": {"ja": name, "en": name}, "kind": "bureau", "parent": "city"})
        units.append(
            {"id": section, "name": {"ja": f"{name} 事業担当課", "en": f"{name}, project section"}, "parent": bureau}
        )
        for key, role, ja, en in _POSTS:
            post, person = f"{bureau}-{key}", f"{bureau}-{key}-1"
            unit = bureau if role in ("bureau_director", "general_affairs") else section
            posts.append(
                {"id": post, "title": {"ja": f"{name} {ja}", "en": f"{en}, {name}"}, "role": role, "unit": unit}
            )
            people.append(
                {
                    "id": person,
                    "name": f"{name} {ja}(架空)",
                    "name_en": f"{en} (fictional)",
                    "email": f"{person}@example.jp",
                }
            )
            tenures.append({"person": person, "post": post, "since": "2020-04-01"})
    extra, names = people_document(
        {
            "units": [{"id": "city", "name": {"ja": "", "en": ""}}, *units],
            "posts": posts,
            "people": people,
            "tenures": tenures,
        },
        Path("rs-system"),
    )
    here = base[0]
    joined = Directory(
        units=(*here.units, *(u for u in extra.units if u.id != "city")),
        posts=(*here.posts, *extra.posts),
        people=(*here.people, *extra.people),
        tenures=(*here.tenures, *extra.tenures),
    )
    return joined, (*base[1], *names)


def start_row(project: Project, sections: dict[str, str], definition: str) -> Row:
    """The fields of `StartLifecycle` (without ids)."""
    return {
        "ref": ref_of(project),
        "title": project.name[:300],
        "section": sections[project.ministry],
        "viewpoint": viewpoint(project),
        "weight": weight(project),
        "definition": definition,
        "tags": ("rs2024", "viewpoint-derived"),
        "source": {"name": f"{SOURCE} 予算事業ID {project.id}", "url": URL, "licence": LICENCE},
    }


def viewpoint(project: Project) -> str:
    """Derived (ours): the view whose words occur most often in name, purpose and overview; ties go to citizen services."""
    text = project.name + project.purpose + project.overview
    counts = {view: sum(text.count(word) for word in words) for view, words in _VIEWS}
    return max(reversed(list(counts)), key=lambda view: counts[view])


def weight(project: Project) -> str:
    """Derived (ours) from the latest initial budget: from 10 billion yen heavy, under 100 million light."""
    yen = project.years[max(project.years)].initial if project.years else 0
    return "heavy" if yen >= 10_000_000_000 else "light" if yen < 100_000_000 else "medium"


def deliverables_for(project: Project) -> dict[str, Row]:
    """What the record says, by stage key; in part only."""
    filled: dict[str, Row] = {
        "setup": {"purpose": _cut(project.purpose), "problem": _cut(project.problem or project.purpose)},
        "analysis": {"current_state": _cut(project.problem), "evidence": [_evidence("現状・課題", project.problem)]},
        "proposal": {},
        "review": {
            "report": _cut(project.checked or project.finding_detail),
            "evidence": [_evidence("点検・評価", project.checked + project.finding_detail + project.reflection_detail)],
        },
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
    return {
        stage: {k: v for k, v in content.items() if v not in ("", [], None)}
        for stage, content in filled.items()
        if content
    }


def _hypotheses(project: Project) -> list[Row]:
    """The logic model's arrows that end in an outcome; result and verification are scripted, since the record has none."""
    arrows = [link for link in project.links if "アウトカム" in link.target_kind and link.source and link.target]
    return [
        {
            "if_do": _cut(link.source, 400),
            "then": _cut(link.target, 400),
            "because": _cut(link.because, 400) or f"{MARK}記録に理由の記載なし",
            "metric": _cut(link.target, 200),
            "expected_effect": f"{link.term or ''}アウトカム: {_cut(link.target, 200)}",
            "verified_by": f"{MARK}次年度の行政事業レビューで確認",
            "result": "supported" if number == 0 else "inconclusive",
        }
        for number, link in enumerate(arrows[:3])
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


def reasons_for(project: Project) -> tuple[str, ...]:
    """The record's own words on its decision; a derived expansion says so."""
    words = [f"推進チームの所見「{project.finding}」" if project.finding else "", _cut(project.finding_detail, 300)]
    words += [f"反映状況「{project.reflection}」" if project.reflection else "", _cut(project.reflection_detail, 300)]
    if project.derived:
        year = project.years[max(project.years)]
        words.append(
            f"〔導出〕現状通りだが翌年度要求額 {year.requested_next:,} 円が当初予算 {year.initial:,} 円を上回るため拡充とみなす"
        )
    return tuple(w for w in words if w)


def _evidence(part: str, text: str) -> Row:
    sheet = f"{SOURCE}「{part}」"
    return {"source": sheet, "date": REVIEWED_ON.isoformat(), "sha256": hashlib.sha256(text.encode()).hexdigest()}


def _cut(text: str, size: int = _TEXT) -> str:
    return text if len(text) <= size else text[: size - 3] + "(略)"
