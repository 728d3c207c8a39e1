"""The sheets of the reviewed national projects as they are published: which columns are read, and the reading itself.

A folder holds the published zips, or CSVs cut from them. The column 備考 sometimes names officials; it is never read.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _csv import Reader

URL = "https://rssystem.go.jp/"
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

AMOUNTS = {
    "initial": "当初予算（合計）",
    "current": "計（歳出予算現額合計）",
    "executed": "執行額（合計）",
    "requested_next": "翌年度要求額（合計）",
}
_REQUIRED = frozenset((ID, "予算年度"))
_NUMBERS = frozenset((*_REQUIRED, *AMOUNTS.values(), "事業開始年度", "事業終了（予定）年度"))


class DataError(ValueError):
    """A data folder that cannot be used; the message names file, line, column and the remedy."""


def rows(folder: Path, sheet: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, needed columns) of a sheet, cells stripped and numbers checked. Raises `DataError`."""
    path = sheet_file(folder, sheet)
    try:
        with _open(path) as text:
            yield from _checked(path, sheet, csv.reader(text))
    except (OSError, UnicodeDecodeError, csv.Error, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise DataError(
            f"{path.name}: 読めません。ファイルを取り直してください / cannot be read: {error}; get it again"
        ) from None


def _checked(path: Path, sheet: str, reader: Reader) -> Iterator[tuple[int, dict[str, str]]]:
    header = [_plain(name) for name in next(reader, [])]
    lacking = [c for c in NEEDED[sheet] if _plain(c) not in header]
    if lacking:
        ja, en = "列がありません。元のCSVを使ってください", "columns are missing; use the original file"
        raise bad_cell(path, 1, ", ".join(lacking), ja, en)
    places = {c: header.index(_plain(c)) for c in NEEDED[sheet]}
    numbers = [c for c in NEEDED[sheet] if c in _NUMBERS]
    for cells in reader:
        if not cells:
            continue
        here = reader.line_num
        if len(cells) < len(header):
            ja, en = "列が足りません。取り直してください", "too few columns; get the file again"
            raise bad_cell(path, here, f"{len(cells)}/{len(header)}", ja, en)
        row = {c: cells[i].strip() for c, i in places.items()}
        for column in numbers:
            if not _is_number(row[column], whole=column not in AMOUNTS.values(), required=column in _REQUIRED):
                ja, en = "数字ではありません。直してください", "not a number; correct the row"
                raise bad_cell(path, here, f"{column}: {row[column]!r}", ja, en)
        yield here, row


def _plain(name: str) -> str:
    """A column's name with its dashes made one: the sheets mix ー, － and -."""
    return name.strip().replace("－", "ー").replace("-", "ー")


def _is_number(text: str, *, whole: bool, required: bool) -> bool:
    if not text:
        return not required
    if whole:
        return text.isascii() and text.isdigit()
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def bad_cell(path: Path, line: int, what: str, ja: str, en: str) -> DataError:
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


@contextmanager
def _open(path: Path) -> Iterator[io.TextIOWrapper]:
    """The text of a CSV, or of the one CSV in a zip."""
    with ExitStack() as opened:
        if path.suffix.lower() == ".csv":
            raw: IO[bytes] = opened.enter_context(path.open("rb"))
        else:
            archive = opened.enter_context(zipfile.ZipFile(path))
            inside = [n for n in archive.namelist() if n.lower().endswith(".csv")]
            if not inside:
                raise DataError(f"{path.name}: CSV が入っていません。取り直してください / holds no CSV; get it again")
            raw = opened.enter_context(archive.open(inside[0]))
        yield opened.enter_context(io.TextIOWrapper(raw, "utf-8-sig", newline=""))
