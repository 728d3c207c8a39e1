"""Reads the reviewed national projects (行政事業レビュー, RS system): a folder of the published zips, or of CSVs cut from them.

Source and licence: 出典：行政事業レビュー見える化サイト(https://rssystem.go.jp/)、公共データ利用規約(PDL1.0). The column 備考 of the
sheets sometimes names officials; it is never read.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from domain.messages import Frozen

SOURCE = "行政事業レビュー見える化サイト(RSシステム)2024年度"
URL = "https://rssystem.go.jp/"
LICENCE = "公共データ利用規約 第1.0版(PDL1.0)"
OutcomeKey = Literal["expansion", "improvement", "abolition", "continuation", "completion"]

BASICS, POLICIES, RELATED, BUDGETS, GOALS, REVIEWS = "1-2", "1-3", "1-5", "2-1", "3-2", "4-1"
SHEETS = (BASICS, POLICIES, RELATED, BUDGETS, GOALS, REVIEWS)
ID = "予算事業ID"

NEEDED: dict[str, tuple[str, ...]] = {
    BASICS: (
        "事業年度",
        ID,
        "事業名",
        "政策所管府省庁",
        "府省庁",
        "局・庁",
        "課",
        "事業の目的",
        "現状・課題",
        "事業の概要",
        "事業区分",
        "事業開始年度",
        "事業終了（予定）年度",
        "終了予定なし",
    ),
    POLICIES: (ID, "政策", "施策", "法令名"),
    RELATED: (ID, "関連事業の事業ID", "関連事業の事業名", "関連性"),
    BUDGETS: (
        ID,
        "予算年度",
        "当初予算（合計）",
        "計（歳出予算現額合計）",
        "執行額（合計）",
        "翌年度要求額（合計）",
        "会計区分",
    ),
    GOALS: (
        ID,
        "派生元ー種別（アクティビティ・アウトプット・アウトカム）",
        "派生元ーアクティビティの内容/ 活動目標／成果目標",
        "派生先ー種別（アクティビティ・アウトプット・アウトカム）",
        "派生先ーアウトカムの期間",
        "派生先ー 活動目標／成果目標",
        "後続アウトカムへのつながり",
    ),
    REVIEWS: (
        ID,
        "事業所管部局による点検・改善ー点検結果",
        "事業所管部局による点検・改善ー改善の方向性",
        "外部有識者による点検ー所見",
        "行政事業レビュー推進チームの所見",
        "行政事業レビュー推進チームの所見の詳細",
        "所見を踏まえた改善点／概算要求における反映状況",
        "所見を踏まえた改善点／概算要求における反映状況の詳細",
    ),
}
"""The columns that are read (and kept in the excerpt), by sheet."""

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


class DataError(ValueError):
    """A data folder that cannot be used; the message names file, line, column and the remedy."""


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
    basics = {r[ID]: r for r in reversed(list(_rows(folder, BASICS)))}  # several rows a project: the first counts
    years = _years(folder)
    policies = _texts(folder, POLICIES, "施策")
    related = _texts(folder, RELATED, "関連事業の事業名")
    links = _links(folder)
    reviews = {
        r[ID]: r for r in reversed(list(_rows(folder, REVIEWS)))
    }  # one row a past remark: the decision is repeated
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
    finding = review.get("行政事業レビュー推進チームの所見", "")
    reflection = review.get("所見を踏まえた改善点／概算要求における反映状況", "")
    outcome, derived = decision(reflection, finding, years)
    return Project(
        id=row[ID],
        name=row["事業名"],
        ministry=row["府省庁"] or row["政策所管府省庁"],
        bureau=row["局・庁"],
        purpose=row["事業の目的"],
        problem=row["現状・課題"],
        overview=row["事業の概要"],
        division=row["事業区分"],
        start_year=_year(row["事業開始年度"]),
        end_year=_year(row["事業終了（予定）年度"]),
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


_TOTALS = NEEDED[BUDGETS][2:6]


def _years(folder: Path) -> dict[str, dict[int, Year]]:
    """Only the total rows count, one a project and year: the others are their details. A detail row has no totals; two of
    them lack the 会計区分 as well."""
    found: dict[str, dict[int, Year]] = {}
    for row in _rows(folder, BUDGETS):
        year = _year(row["予算年度"])
        if row["会計区分"] or year is None or not any(row[column] for column in _TOTALS):
            continue
        found.setdefault(row[ID], {})[year] = Year(
            initial=_yen(row["当初予算（合計）"]),
            current=_yen(row["計（歳出予算現額合計）"]),
            executed=_yen(row["執行額（合計）"]),
            requested_next=_yen(row["翌年度要求額（合計）"]),
        )
    return found


def _texts(folder: Path, sheet: str, column: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for row in _rows(folder, sheet):
        if row[column]:
            found.setdefault(row[ID], {})[row[column]] = None
    return {key: tuple(texts) for key, texts in found.items()}


def _links(folder: Path) -> dict[str, tuple[Link, ...]]:
    found: dict[str, list[Link]] = {}
    for row in _rows(folder, GOALS):
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


def _rows(folder: Path, sheet: str) -> Iterator[dict[str, str]]:
    """The needed columns of a sheet, cells stripped. Zips and CSVs are told by the beginning of their names."""
    path = sheet_file(folder, sheet)
    with _open(path) as text:
        reader = csv.reader(text)
        header = next(reader, [])
        lacking = [c for c in NEEDED[sheet] if c not in header]
        if lacking:
            raise _bad(
                path,
                1,
                ", ".join(lacking),
                "列がありません。元のCSVを使ってください",
                "columns are missing; use the original file",
            )
        places = {c: header.index(c) for c in NEEDED[sheet]}
        for cells in reader:
            here = reader.line_num
            if len(cells) < len(header):
                raise _bad(
                    path,
                    here,
                    f"{len(cells)}/{len(header)}",
                    "列が足りません。取り直してください",
                    "too few columns; get the file again",
                )
            row = {c: cells[i].strip() for c, i in places.items()}
            if not row[ID].isdigit():
                raise _bad(
                    path,
                    here,
                    f"{ID}: {row[ID]!r}",
                    "数字ではありません。直してください",
                    "not a number; correct the row",
                )
            yield row


def _bad(path: Path, line: int, what: str, ja: str, en: str) -> DataError:
    return DataError(f"{path.name}: line {line}: {what}: {ja} / {en}")


def sheet_file(folder: Path, sheet: str) -> Path:
    """The zip or CSV of a sheet in a folder. Raises `DataError` when there is none."""
    found = sorted(
        p for p in folder.iterdir() if p.name.startswith(f"{sheet}_") and p.suffix.lower() in (".csv", ".zip")
    )
    if not found:
        ja = f"{sheet}_*.zip か {sheet}_*.csv がありません。{URL} から取得してください"
        raise DataError(f"{folder}: {ja} / sheet {sheet} is missing; get it from its publisher")
    return found[0]


def _open(path: Path) -> io.TextIOWrapper:
    try:
        if path.suffix.lower() == ".csv":
            return io.TextIOWrapper(path.open("rb"), "utf-8-sig", newline="")
        archive = zipfile.ZipFile(path)
        return io.TextIOWrapper(archive.open(archive.namelist()[0]), "utf-8-sig", newline="")
    except (OSError, zipfile.BadZipFile, IndexError) as error:
        raise DataError(
            f"{path}: 読めません / cannot be read: {error}; ファイルを取り直してください / get it again"
        ) from None


def _year(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _yen(text: str) -> int:
    try:
        return int(float(text)) if text else 0
    except ValueError:
        return 0
