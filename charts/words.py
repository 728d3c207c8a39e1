"""Days, numbers and amounts as they stand in charts, in either language; and how wide a text is."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from charts.models import Language
from domain.calendar import wareki, wareki_fiscal_year

_ERAS = {"令和": "R", "平成": "H", "昭和": "S"}


def short_day(day: date, lang: Language) -> str:
    """A month on an axis: R8.4, or 2026-04."""
    if lang == "en":
        return f"{day:%Y-%m}"
    found = re.match(r"(令和|平成|昭和)(元|\d+)年(\d+)月", wareki(day))
    if found is None:
        return f"{day:%Y-%m}"
    return f"{_ERAS[found[1]]}{'1' if found[2] == '元' else found[2]}.{found[3]}"


def long_day(day: date | None, lang: Language) -> str:
    if day is None:
        return ""
    return wareki(day) if lang == "ja" else day.isoformat()


def fiscal_year(year: int, lang: Language) -> str:
    return wareki_fiscal_year(year) if lang == "ja" else f"FY{year}"


def number(value: float | None) -> str:
    """With commas, and as many decimals as it needs: at most two, below ten four; an en dash for a value that is missing."""
    if value is None:
        return "–"
    whole, _, decimals = f"{value:,.{2 if abs(value) >= 10 else 4}f}".partition(".")
    decimals = decimals.rstrip("0")
    shown = f"{whole}.{decimals}" if decimals else whole
    return "0" if shown == "-0" else shown


def yen(amount: int | None, lang: Language) -> str:
    if amount is None:
        return "–"
    return f"{amount:,}円" if lang == "ja" else f"¥{amount:,}"


def short_yen(amount: int, lang: Language) -> str:
    """Rounded for a chart: 1,234万円, 1.2億円; ¥12.3M, ¥1.2B."""
    if lang == "ja":
        if amount >= 100_000_000:
            return f"{number(round(amount / 100_000_000, 2))}億円"
        return f"{number(round(amount / 10_000, 1))}万円" if amount >= 10_000 else f"{amount:,}円"
    if amount >= 1_000_000_000:
        return f"¥{number(round(amount / 1_000_000_000, 2))}B"
    return f"¥{number(round(amount / 1_000_000, 2))}M" if amount >= 1_000_000 else f"¥{amount:,}"


def clean(text: str) -> str:
    """On one line, and without the control characters that no XML document may hold."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


def width(text: str) -> float:
    """In ems: a Japanese letter is one wide, others a little over half."""
    return sum(1.0 if unicodedata.east_asian_width(c) in "WFA" else 0.58 for c in text)


def cut(text: str, ems: float) -> str:
    """Shortened to fit, with an ellipsis."""
    plain = clean(text)
    if width(plain) <= ems:
        return plain
    kept, used = "", 1.0
    for c in plain:
        used += width(c)
        if used > ems:
            break
        kept += c
    return f"{kept.rstrip()}…"


def wrapped(text: str, ems: float, lines: int) -> list[str]:
    """On at most so many lines: at a space where the line has one in its latter half, else anywhere; the rest is cut."""
    rest = clean(text)
    made: list[str] = []
    while rest and len(made) < lines - 1 and width(rest) > ems:
        head, used = "", 0.0
        for c in rest:
            used += width(c)
            if used > ems:
                break
            head += c
        space = head.rfind(" ")
        if space > len(head) / 2 and not rest[len(head) :].startswith(" "):
            head = head[:space]
        made.append(head.rstrip())
        rest = rest[len(head) :].lstrip()
    return [*made, cut(rest, ems)] if rest else made


def months(first: date, last: date, most: int) -> list[date]:
    """First days of months between two days, as few as fit: every month, quarter, half or whole fiscal years from April."""
    span = (last.year - first.year) * 12 + last.month - first.month + 1
    step = next((s for s in (1, 3, 6, 12, 24, 60, 120) if span / s <= most), 240)
    found = []
    index = first.year * 12 + first.month - 1
    while index <= last.year * 12 + last.month - 1:
        day = date(index // 12, index % 12 + 1, 1)
        if (index - 3) % step == 0 and first <= day <= last:
            found.append(day)
        index += 1
    return found or [first]
