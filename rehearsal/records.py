"""Reads the reviewed national projects (行政事業レビュー, RS system): a folder of the published zips, or of CSVs cut from them.

Source and licence: 出典：行政事業レビュー見える化サイト(https://rssystem.go.jp/)、公共データ利用規約(PDL1.0). The column 備考 of the
sheets sometimes names officials; it is never read.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Literal

from domain.messages import Frozen
from rehearsal.sheets import (
    AMOUNTS,
    BASICS,
    BUDGETS,
    GOALS,
    ID,
    POLICIES,
    RELATED,
    REVIEWS,
    URL,
    DataError,
    bad_cell,
    rows,
    sheet_file,
)

__all__ = ["LICENCE", "SOURCE", "URL", "DataError", "Project", "decision", "read_projects"]
SOURCE = "行政事業レビュー見える化サイト(RSシステム)2024年度"
LICENCE = "公共データ利用規約 第1.0版(PDL1.0)"
OutcomeKey = Literal["expansion", "improvement", "abolition", "continuation", "completion"]

_FINDING = "行政事業レビュー推進チームの所見"
_REFLECTION = "所見を踏まえた改善点／概算要求における反映状況"
_DECISIONS: dict[str, OutcomeKey] = {
    "廃止": "abolition",
    "終了予定": "completion",
    "縮減": "improvement",
    "執行等改善": "improvement",
    "年度内に改善を検討": "improvement",
    "事業内容の一部改善": "improvement",
    "事業全体の抜本的な改善": "improvement",
    "現状通り": "continuation",
}
"""What was decided -> result (our mapping, not official). There is no expansion in the record: it is derived."""


class Year(Frozen):
    """One fiscal year's money in yen: initial budget, budget in force, executed, and next year's request."""

    initial: int = 0
    current: int = 0
    executed: int = 0
    requested_next: int = 0


class Link(Frozen):
    """One arrow of the logic model: from what to what."""

    source_kind: str
    source: str
    target_kind: str
    term: str
    target: str
    because: str


class Project(Frozen):
    """One reviewed project. `finding` and `reflection` are the record's own words; `outcome` is our mapping of them."""

    id: str
    name: str
    ministry: str
    bureau: str
    section: str
    purpose: str
    problem: str
    overview: str
    division: str
    start_year: int | None
    end_year: int | None
    policies: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    years: dict[int, Year] = {}
    links: tuple[Link, ...] = ()
    checked: str = ""
    direction: str = ""
    finding: str = ""
    finding_detail: str = ""
    reflection: str = ""
    reflection_detail: str = ""
    outcome: OutcomeKey | None = None
    derived: bool = False
    """The outcome does not stand in the record: continuation with a higher request is taken for expansion."""


def read_projects(folder: Path) -> list[Project]:
    """All projects of a data folder, by id. Raises `DataError`."""
    if not folder.is_dir():
        raise DataError(f"{folder}: フォルダがありません。パスを確認してください / no such folder; check the path")
    basics: dict[str, dict[str, str]] = {}
    for _, row in rows(folder, BASICS):
        basics.setdefault(row[ID], row)  # several rows a project: the first counts
    years = _years(folder)
    policies = _texts(folder, POLICIES, "施策")
    related = _texts(folder, RELATED, "関連事業の事業名")
    links = _links(folder)
    reviews = _reviews(folder)
    return [
        _project(
            row,
            reviews.get(key, {}),
            years.get(key, {}),
            policies.get(key, ()),
            related.get(key, ()),
            links.get(key, ()),
        )
        for key, row in sorted(basics.items(), key=lambda item: int(item[0]))
    ]


def _project(
    row: dict[str, str],
    review: dict[str, str],
    years: dict[int, Year],
    policies: tuple[str, ...],
    related: tuple[str, ...],
    links: tuple[Link, ...],
) -> Project:
    finding = review.get(_FINDING, "")
    reflection = review.get(_REFLECTION, "")
    outcome, derived = decision(reflection, finding, years)
    return Project(
        id=row[ID],
        name=row["事業名"],
        ministry=row["府省庁"] or row["政策所管府省庁"],
        bureau=row["局・庁"],
        section=row["課"],
        purpose=row["事業の目的"],
        problem=row["現状・課題"],
        overview=row["事業の概要"],
        division=row["事業区分"],
        start_year=int(row["事業開始年度"] or 0) or None,
        end_year=int(row["事業終了（予定）年度"] or 0) or None,
        policies=policies,
        related=related,
        years=years,
        links=links,
        checked=review.get("事業所管部局による点検・改善ー点検結果", ""),
        direction=review.get("事業所管部局による点検・改善ー改善の方向性", ""),
        finding=finding,
        finding_detail=review.get("行政事業レビュー推進チームの所見の詳細", ""),
        reflection=reflection,
        reflection_detail=review.get("所見を踏まえた改善点／概算要求における反映状況の詳細", ""),
        outcome=outcome,
        derived=derived,
    )


def decision(reflection: str, finding: str, years: dict[int, Year]) -> tuple[OutcomeKey | None, bool]:
    """The result and whether it is derived: the reply to the finding first, the finding where that is blank, else None."""
    outcome = _DECISIONS.get(reflection or finding)
    latest = years.get(max(years)) if years else None
    if outcome == "continuation" and latest is not None and latest.requested_next > latest.initial:
        return "expansion", True
    return outcome, False


def _years(folder: Path) -> dict[str, dict[int, Year]]:
    """Only the total rows count, one a project and year: the others are their details by account. A detail row has no totals;
    to look for a blank 会計区分 is not enough, since two rows of details lack it."""
    found: dict[str, dict[int, Year]] = {}
    for line, row in rows(folder, BUDGETS):
        if row["会計区分"] or not any(row[column] for column in AMOUNTS.values()):
            continue
        mine, year = found.setdefault(row[ID], {}), int(row["予算年度"] or 0)
        if year in mine:
            ja, en = "合計行が2つあります。片方を除いてください", "a second total row; remove one"
            raise bad_cell(sheet_file(folder, BUDGETS), line, f"{ID} {row[ID]}, 予算年度 {year}", ja, en)
        mine[year] = Year(**{field: _yen(row[column]) for field, column in AMOUNTS.items()})
    return found


def _reviews(folder: Path) -> dict[str, dict[str, str]]:
    """The first row of each project: there is one a past remark, with the decision repeated on each."""
    found: dict[str, dict[str, str]] = {}
    for line, row in rows(folder, REVIEWS):
        for column in (_FINDING, _REFLECTION):
            if row[column] and row[column] not in _DECISIONS:
                ja = "知らない判断です。使えるのは " + "、".join(_DECISIONS)
                en = "no known decision; correct it, or leave it blank"
                raise bad_cell(sheet_file(folder, REVIEWS), line, f"{column}: {row[column]!r}", ja, en)
        found.setdefault(row[ID], row)
    return found


def _texts(folder: Path, sheet: str, column: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for _, row in rows(folder, sheet):
        if row[column]:
            found.setdefault(row[ID], {})[row[column]] = None
    return {key: tuple(texts) for key, texts in found.items()}


def _links(folder: Path) -> dict[str, tuple[Link, ...]]:
    found: dict[str, list[Link]] = {}
    for _, row in rows(folder, GOALS):
        found.setdefault(row[ID], []).append(
            Link(
                source_kind=row["派生元ー種別（アクティビティ・アウトプット・アウトカム）"],
                source=row["派生元ーアクティビティの内容/ 活動目標／成果目標"],
                target_kind=row["派生先ー種別（アクティビティ・アウトプット・アウトカム）"],
                term=row["派生先ーアウトカムの期間"],
                target=row["派生先ー 活動目標／成果目標"],
                because=row["後続アウトカムへのつながり"],
            )
        )
    return {key: tuple(links) for key, links in found.items()}


def _yen(text: str) -> int:
    return int(Decimal(text or "0"))
