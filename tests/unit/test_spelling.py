"""Words in half and full width, and where they stand in a document."""

from __future__ import annotations

import pytest

from store.spelling import excerpt, plainly, spellings


@pytest.mark.parametrize(
    ("word", "also"),
    [("ｶﾞｲﾄﾞ", "ガイド"), ("ガイド", "ｶﾞｲﾄﾞ"), ("DX", "ＤＸ"), ("ＤＸ", "DX"), ("パー", "ﾊﾟｰ"), ("R7-1", "Ｒ７－１")],
)
def test_a_word_is_looked_for_in_each_width(word: str, also: str) -> None:
    assert spellings(word)[0] == word and also in spellings(word)
    assert plainly(word) == plainly(also)


def test_most_words_have_one_spelling() -> None:
    assert spellings("窓口") == ["窓口"] and spellings("\ufe0f") != []


def test_an_excerpt_shows_the_first_word_with_what_is_around_it() -> None:
    content = {"title": "別", "rows": [{"n": 3, "text": "あ" * 100 + "の窓口ｶﾞｲﾄﾞ\n" + "い" * 100}]}
    shown = excerpt(content, ["ガイド"])
    assert shown.startswith("…あ") and shown.endswith("い…") and "窓口ガイド い" in shown and len(shown) < 130
    assert excerpt(content, ["無い"]) == "" and excerpt(None, ["x"]) == ""
