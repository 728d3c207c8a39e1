"""One word as it may be written: in half and full width, in large and small letters; and where it stands in a text.

What is recorded stays as it was written, so a word is looked for in each of its spellings: rows need no index of their own for it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
"""ASCII -> its full width."""
_HALF = {
    unicodedata.normalize("NFKC", chr(code) + mark): chr(code) + mark
    for mark in ("", "\uff9e", "\uff9f")
    for code in range(0xFF61, 0xFF9E)
    if len(unicodedata.normalize("NFKC", chr(code) + mark)) == 1
}
"""Kana and their punctuation -> its half width; a voiced one is two characters there."""
AROUND = 40
"""Characters shown before and behind a word."""


def plainly(text: str) -> str:
    """A text as texts are compared: one width (NFKC), small letters."""
    return unicodedata.normalize("NFKC", text).lower()


def spellings(word: str) -> list[str]:
    """A word as given, and in each width that it may have been written in; mostly it is one."""
    one = unicodedata.normalize("NFKC", word)
    half = "".join(_HALF.get(c, c) for c in one)
    return list(dict.fromkeys(s for s in (word, one, one.translate(_WIDE), half) if s.strip()))


def excerpt(content: Any, words: Iterable[str]) -> str:
    """The text of a document around the first of the words that it holds; empty where it holds none as text."""
    wanted = [plainly(w) for w in words]
    for text in _texts(content):
        one = unicodedata.normalize("NFKC", " ".join(text.split()))
        places = [place for w in wanted if (place := one.lower().find(w)) >= 0]
        if places:
            begins, ends = max(min(places) - AROUND, 0), min(places) + 2 * AROUND
            return ("…" if begins else "") + one[begins:ends] + ("…" if ends < len(one) else "")
    return ""


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)
