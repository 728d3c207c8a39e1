"""Which characters the type can show. PDF/A forbids missing glyphs, and a decision must not be read differently than it was written.

What the fonts lack (emoji, Hangul, a city's own 外字) and what changes the reading without being seen (control characters,
directional overrides) is set as its code, 〔U+1F600〕: nothing is lost, and nothing passes for something else.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from functools import cache
from pathlib import Path

import pylopdf_fonts_jp

FONTS = (pylopdf_fonts_jp.serif_path(), pylopdf_fonts_jp.sans_path())
_INVISIBLE = {0x200B, 0x200C, 0x200D, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
"""Joiners and variation selectors: they choose the form of the character before them."""
_LONG = re.compile(r"[!-~]{25,}")
_PIECE = 24


@cache
def covered() -> frozenset[int]:
    """The code points that all of our fonts have a glyph for."""
    return frozenset.intersection(*(_characters(path) for path in FONTS))


def readable(text: str) -> str:
    """`text` as it can be set: line ends as \\n, tabs as spaces, everything that cannot be shown as its code.

    Nothing is normalised: 神 and its compatibility form U+FA19 are two ways to write a name.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    if plain.isascii() and plain.replace("\n", "").isprintable():
        return plain
    return "".join(_shown(c) for c in plain)


def breakable(text: str) -> str:
    """Long runs of letters (addresses of pages, keys) may be broken anywhere: they would run out of a table's column."""

    def cut(found: re.Match[str]) -> str:
        run = found.group()
        return "\u200b".join(run[i : i + _PIECE] for i in range(0, len(run), _PIECE))

    return _LONG.sub(cut, text)


def _shown(character: str) -> str:
    code = ord(character)
    if character == "\n" or code in _INVISIBLE:
        return character
    if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp") or code not in covered():
        return f"〔U+{code:04X}〕"
    return character


def _characters(path: Path) -> frozenset[int]:
    """The code points in the `cmap` of an OpenType font (formats 4 and 12, which every font for Japanese has)."""
    data = path.read_bytes()
    tables = struct.unpack_from(">H", data, 4)[0]
    start = next(
        struct.unpack_from(">I", data, 12 + 16 * i + 8)[0]
        for i in range(tables)
        if data[12 + 16 * i : 16 + 16 * i] == b"cmap"
    )
    found: set[int] = set()
    for i in range(struct.unpack_from(">H", data, start + 2)[0]):
        table = start + struct.unpack_from(">I", data, start + 4 + 8 * i + 4)[0]
        kind = struct.unpack_from(">H", data, table)[0]
        if kind == 12:
            for group in range(struct.unpack_from(">I", data, table + 12)[0]):
                first, last, glyph = struct.unpack_from(">III", data, table + 16 + 12 * group)
                found.update(range(first + (glyph == 0), last + 1))
        elif kind == 4:
            found.update(_segments(data, table))
    return frozenset(found - {0xFFFF})


def _segments(data: bytes, table: int) -> set[int]:
    """Format 4: ranges with a shift of glyph ids, or with an array of them."""
    count = struct.unpack_from(">H", data, table + 6)[0] // 2
    ends, starts = table + 14, table + 16 + 2 * count
    found = set()
    for i in range(count):
        first = struct.unpack_from(">H", data, starts + 2 * i)[0]
        last = struct.unpack_from(">H", data, ends + 2 * i)[0]
        delta = struct.unpack_from(">H", data, starts + 2 * count + 2 * i)[0]
        place = starts + 4 * count + 2 * i
        offset = struct.unpack_from(">H", data, place)[0]
        for code in range(first, last + 1):
            glyph = struct.unpack_from(">H", data, place + offset + 2 * (code - first))[0] if offset else code + delta
            if glyph & 0xFFFF:
                found.add(code)
    return found
