"""Every word of the pages is in the catalogue, and the catalogue has no word that no page says."""

from __future__ import annotations

from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from web.pages.signing import own_path

WEB = Path(__file__).parents[2] / "web"


def test_every_word_is_translated_and_none_is_left_over() -> None:
    said = {
        message[0] if isinstance(message, tuple) else message
        for _, _, message, _, _ in extract_from_dir(
            str(WEB / "templates"),
            method_map=[("**.html", "jinja2.ext:babel_extract")],
            options_map={"**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}},
            keywords={"_": None, "n_": (1, 2)},
        )
    }
    with (WEB / "locale" / "ja" / "messages.po").open("rb") as stream:
        catalogue = read_po(stream, locale="ja")
    known = {m.id if isinstance(m.id, str) else m.id[0]: m.string for m in catalogue if m.id}
    assert said - set(known) == set() and set(known) - said == set()
    assert all(s and all(s) for s in known.values())
    assert len(said) > 100


def test_only_paths_of_ours_are_gone_back_to() -> None:
    assert own_path("/requests/1?x=1") == "/requests/1?x=1"
    for away in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "evil",
        "//[",
        "//a\u2100b",
    ):
        assert own_path(away) == "/"
