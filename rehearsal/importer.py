"""From a reviewed national project to a task, a directory and a decision; `quotations.py` has its deliverables.

What is ours and does not stand in the record (viewpoint, weight, expansion, the stage to go back to) is marked as derived.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from definitions.loader import people_document
from domain.directory import Directory
from domain.directory_stream import Named
from domain.messages import Frozen
from rehearsal.quotations import cut, deliverables_for
from rehearsal.records import LICENCE, SOURCE, URL, OutcomeKey, Project

__all__ = ["decision_for", "deliverables_for", "directory_for", "reasons_for", "sections_for", "start_row"]
Row = dict[str, Any]
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

_BACK_TO = {
    "事業全体の抜本的な改善": "analysis",
    "年度内に改善を検討": "hypothesis",
    "縮減": "proposal",
    "事業内容の一部改善": "kpi_setting",
    "執行等改善": "implementation",
}
"""Where an improvement leads, by the word that decided it (ours: the record names no stage)."""


class Decision(Frozen):
    """What became of a project: the result (None: nothing was decided), the record's words on it, and for an improvement the
    stage to go back to. `derived`: the result itself does not stand in the record."""

    outcome: OutcomeKey | None
    derived: bool
    reasons: tuple[str, ...]
    back_to: str | None = None


def ref_of(project: Project) -> str:
    """The task's own id: rs2024-000123."""
    return f"rs2024-{int(project.id):06d}"


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


def decision_for(project: Project) -> Decision:
    """The decision on a project, for the scripted council to take."""
    back_to = _BACK_TO[project.reflection or project.finding] if project.outcome == "improvement" else None
    reasons = reasons_for(project)
    if back_to:
        reasons = (*reasons, f"〔導出〕戻り先の段階 {back_to} は「{project.reflection or project.finding}」の語による")
    return Decision(outcome=project.outcome, derived=project.derived, reasons=reasons, back_to=back_to)


def reasons_for(project: Project) -> tuple[str, ...]:
    """The record's own words on its decision; a derived expansion says so."""
    words = [f"推進チームの所見「{project.finding}」" if project.finding else "", cut(project.finding_detail, 300)]
    words += [f"反映状況「{project.reflection}」" if project.reflection else "", cut(project.reflection_detail, 300)]
    if project.derived:
        year = project.years[max(project.years)]
        words.append(
            f"〔導出〕現状通りだが翌年度要求額 {year.requested_next:,} 円が当初予算 {year.initial:,} 円を上回るため拡充とみなす"
        )
    return tuple(w for w in words if w)
