"""Tables that a spreadsheet opens: CSV in UTF-8 with a byte order mark, without which spreadsheets do not read Japanese."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
MEDIA = "text/csv; charset=utf-8"


def sheet(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """The file: one line of heads, one line a row. None is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows(["" if value is None else plain(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def plain(value: object) -> object:
    """A spreadsheet runs what begins like a formula; a number stays a number."""
    text = str(value)
    if not text.startswith(_FORMULA):
        return value
    try:
        float(text)
    except ValueError:
        return "'" + text
    return value
