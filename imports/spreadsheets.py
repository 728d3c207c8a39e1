"""CSV as spreadsheets write it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from definitions.loader import DocumentError
from domain.messages import Text
from imports.rows import TWICE, Line, read_text

WIDEST = 500
"""Columns that are looked at."""
LISTS = ("tags", "setup.departments", "setup.serves")
"""CSV columns whose cells hold several values, separated by `;`. `setup.members` takes person ids in the same way."""


def read_csv(path: Path, columns: Sequence[str], needed: Sequence[str] = ()) -> list[Line]:
    """CSV in UTF-8 or, as Excel in Japan writes it, CP932. `setup.purpose` nests; `;` separates the items of a list.
    Raises `DocumentError`, for a column too that is `needed` and not there."""
    reader = csv.reader(io.StringIO(_csv_text(path), newline=""), strict=True)
    lines: list[Line] = []
    header: list[str] = []
    begins = 1
    try:
        for cells in reader:
            if not any(c.strip() for c in cells):
                pass
            elif not header:
                header = [c.strip() for c in cells]
                if problems := [*header_problems(header, columns), *_lacking(header, needed)]:
                    raise DocumentError(path, [f"line {begins}: {p}" for p in problems])
            else:
                lines.append(_csv_row(begins, header, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        problem = f"CSV として読めません。引用符を確認してください / not valid CSV: {error}; check the quotes"
        raise DocumentError(path, [f"line {begins}: {problem}"]) from None
    return lines


def _csv_text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError:
        return read_text(path)  # says what is the matter
    if b"\0" in raw:  # Excel's "Unicode text" is UTF-16, which CP932 would read as rubbish
        raise DocumentError(
            path,
            [
                "UTF-16 か、文字でないデータを含みます。CSV(UTF-8、コンマ区切り)で保存してください / "
                "UTF-16, or not text; save it as CSV in UTF-8"
            ],
        )
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DocumentError(
        path, ["文字コードが UTF-8 でも Shift_JIS でもありません。UTF-8 で保存してください / save it as UTF-8"]
    )


def header_problems(header: Sequence[str], columns: Sequence[str]) -> Iterator[str]:
    """What is wrong with a CSV's first row, each column once."""
    if len(header) > WIDEST:
        yield f"列が多すぎます({len(header):,} > {WIDEST})。見出しを確認してください / too many columns; check the first row"
        return
    if len(header) == 1 and (found := [sign for sign in ";\t" if sign in header[0]]):
        shown = "タブ / tabs" if found == ["\t"] else found[0]
        yield (
            f"{header[0]!r}: 列がコンマで区切られていません({shown})。コンマ区切りの CSV で保存してください / "
            "columns are not separated by commas; save it as CSV with commas"
        )
        return
    for column, count in Counter(c for c in header if c).items():
        if column not in columns:
            yield f"{column}: {unknown(column, columns).ja} / {unknown(column, columns).en}"
        elif count > 1:
            yield f"{column}: {TWICE}"
        elif any(other.startswith(f"{column}.") for other in header):
            yield (
                f"{column}: {column}.… の列と両方は使えません。どちらかにしてください / "
                f"cannot stand beside columns {column}.…; keep one kind"
            )


def _lacking(header: Sequence[str], needed: Sequence[str]) -> Iterator[str]:
    if not any(sign in cell for cell in header for sign in ";\t"):
        yield from (
            f"{c}: この列がありません。加えてください / no such column; add it" for c in needed if c not in header
        )


def _csv_row(number: int, header: Sequence[str], cells: Sequence[str]) -> Line:
    problems = []
    if any(c.strip() for c in cells[len(header) :]):
        problems.append(
            f"列が多すぎます({len(cells)} > {len(header)})。引用符を確認してください / too many columns; check the quotes"
        )
    flat = dict(zip(header, cells, strict=False))
    if any(cell.strip() and not name for name, cell in zip(header, cells, strict=False)):
        problems.append("見出しのない列に値があります。見出しを書いてください / a value without a column name; name it")
    return Line(number, _nested(flat), tuple(problems))


def _nested(flat: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column, cell in flat.items():
        text = cell.strip()
        if not text or not column:
            continue
        value: Any = text
        if column in LISTS or column == "setup.members":
            value = [p.strip() for p in text.split(";") if p.strip()]
        if column == "setup.members":
            value = [{"person": person} for person in value]
        target, *rest = column.split(".")
        place = row
        while rest:
            place = place.setdefault(target, {})
            target, *rest = rest
        place[target] = value
    return row


def row_problems(line: Line, columns: Sequence[str], needed: Sequence[str]) -> list[str]:
    """What is wrong with how a row is written: what its reader found, fields that nobody knows, and those that are empty."""
    found = [*line.problems]
    found += [f"{k}: {(w := unknown(k, columns)).ja} / {w.en}" for k in line.content if k not in columns]
    return found + [
        f"{k}: 空です。記入してください / empty; fill it in" for k in needed if line.content.get(k) in (None, "")
    ]


def unknown(field: str, known: Sequence[str]) -> Text:
    """That a field is not known, with the nearest one."""
    import difflib

    close = difflib.get_close_matches(field, known, 1)
    return Text(
        ja="知らない項目です" + (f"。{close[0]} ですか" if close else ""),
        en="unknown field; " + (f"do you mean {close[0]}?" if close else f"fields: {', '.join(known)}"),
    )
