"""CSV as spreadsheets write it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from definitions.faults import DocumentError, Fault, fault, placed
from domain.messages import Text
from imports.columns import TITLES, field_of
from imports.rows import TWICE, Line, read_text

WIDEST = 500
"""Columns that are looked at."""
LISTS = ("tags", "setup.departments", "setup.serves")
"""CSV columns whose cells hold several values, separated by `;`. `setup.members` takes person ids in the same way."""


def read_csv(path: Path, columns: Sequence[str], needed: Sequence[str] = ()) -> list[Line]:
    """CSV in UTF-8 or, as Excel in Japan writes it, CP932; columns by key or Japanese name.
    `setup.purpose` nests; `;` separates the items of a list.
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
                header = [field_of(c.strip(), columns) for c in cells]
                if problems := list(header_problems(header, columns, needed)):
                    raise DocumentError(path, placed(f"line {begins}", problems))
            else:
                lines.append(_csv_row(begins, header, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        ja, en = "CSV として読めません。引用符を確認してください", f"not valid CSV: {error}; check the quotes"
        raise DocumentError(path, [fault(ja, en, place=f"line {begins}")]) from None
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
                fault(
                    "UTF-16 か、文字でないデータを含みます。CSV(UTF-8、コンマ区切り)で保存してください",
                    "UTF-16, or not text; save it as CSV in UTF-8",
                )
            ],
        )
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DocumentError(
        path,
        [
            fault(
                "文字コードが UTF-8 でも Shift_JIS でもありません。UTF-8 で保存してください",
                "neither UTF-8 nor Shift_JIS; save it as UTF-8",
            )
        ],
    )


def header_problems(header: Sequence[str], columns: Sequence[str], needed: Sequence[str] = ()) -> Iterator[Fault]:
    """What is wrong with a CSV's first row, each column once."""
    if len(header) > WIDEST:
        size = f"{len(header):,} > {WIDEST}"
        yield fault(
            f"列が多すぎます({size})。見出しを確認してください", f"too many columns ({size}); check the first row"
        )
    elif len(header) == 1 and any(sign in header[0] for sign in ";\t"):
        yield fault(
            "列がコンマで区切られていません。コンマ区切りの CSV で保存してください",
            "columns are not separated by commas; save it as CSV with commas",
            value=repr(header[0]),
        )
    elif not any(column in columns for column in header):
        wanted = needed or columns[:10]
        listed = ", ".join(wanted)
        yield fault(
            f"1行目が列の名前ではありません。列の名前を書いてください: {'、'.join(TITLES.get(c, c) for c in wanted)}",
            f"the first row does not name the columns; write their names: {listed}",
            value=",".join(header),
        )
    else:
        yield from _column_problems(header, columns)
        missing = (c for c in needed if c not in header)
        yield from (fault("この列がありません。加えてください", "no such column; add it", field=c) for c in missing)


def _column_problems(header: Sequence[str], columns: Sequence[str]) -> Iterator[Fault]:
    for column, count in Counter(c for c in header if c).items():
        if column not in columns:
            yield Fault(field=column, message=unknown(column, columns))
        elif count > 1:
            yield Fault(field=column, message=TWICE)
        elif any(other.startswith(f"{column}.") for other in header):
            yield fault(
                f"{column}.… の列と両方は使えません。どちらかにしてください",
                f"cannot stand beside columns {column}.…; keep one kind",
                field=column,
            )


def _csv_row(number: int, header: Sequence[str], cells: Sequence[str]) -> Line:
    problems = []
    if any(c.strip() for c in cells[len(header) :]):
        size = f"{len(cells)} > {len(header)}"
        problems.append(
            fault(f"列が多すぎます({size})。引用符を確認してください", f"too many columns ({size}); check the quotes")
        )
    flat = dict(zip(header, cells, strict=False))
    if any(cell.strip() and not name for name, cell in zip(header, cells, strict=False)):
        problems.append(
            fault("見出しのない列に値があります。見出しを書いてください", "a value without a column name; name it")
        )
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


def row_problems(line: Line, columns: Sequence[str], needed: Sequence[str]) -> list[Fault]:
    """What is wrong with how a row is written: what its reader found, fields that nobody knows, and those that are empty."""
    found = [*line.problems]
    found += [Fault(field=k, message=unknown(k, columns)) for k in line.content if k not in columns]
    empty = (k for k in needed if line.content.get(k) in (None, ""))
    return found + [fault("空です。記入してください", "empty; fill it in", field=k) for k in empty]


def unknown(field: str, known: Sequence[str]) -> Text:
    """That a field is not known, with the nearest one."""
    import difflib

    names = {TITLES[c]: c for c in known if c in TITLES and not field.isascii()}
    close = difflib.get_close_matches(field, [*names, *known], 1)
    return Text(
        ja="知らない項目です。" + (f"{close[0]} ですか" if close else "名前を直すか、除いてください"),
        en="unknown field; " + (f"do you mean {close[0]}?" if close else f"fields: {', '.join(known)}"),
    )
