"""What rules say holds words of the shell; what pages show and what the API answers holds none of them, in either language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from domain.messages import refuse
from settings import ROOT
from web.forms import by_place
from web.places import DOCUMENTS, FIELDS
from web.saying import in_api, on_page

ROOMS = ("domain", "web", "imports", "store", "blobs", "rehearsal/asking.py")
OF_THE_SHELL = re.compile(r"--[a-z]|\./taskforce|[a-z]\.ya?ml")
BESIDE = {
    "react.py",  # pages of Temporal, for operators
    "store.py",  # a store that is not brought up to date: nothing is served
    "glancing.py",
    "taking.py",
    "saying.py",
    "places.py",
}
"""Modules whose words reach no page, or which name a file for themselves."""
JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")


def texts(path: Path) -> Iterator[str]:
    """Every text of a module but its docstrings; what is filled in stands as `x`."""
    tree = ast.parse(path.read_text("utf-8"))
    within = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
    loose = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(v.value) if isinstance(v, ast.Constant) else "x" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in within | loose:
            yield node.value


def said() -> Iterator[tuple[str, str]]:
    """(place, text) for each that names something of the shell."""
    for room in ROOMS:
        found = ROOT / room
        for path in sorted(found.rglob("*.py")) if found.is_dir() else [found]:
            if path.name not in BESIDE and not (path.name == "kind.py" and "feeds" not in path.parts):
                yield from ((f"{room}: {path.name}", t) for t in texts(path) if OF_THE_SHELL.search(t))


def test_pages_and_api_say_nothing_in_words_of_the_shell() -> None:
    found = list(said())
    assert len(found) > 150
    left = []
    for place, text in found:
        language = "ja" if JAPANESE.search(text) else "en"
        page, api = on_page(text, language, lambda id_: id_), in_api(text)
        if OF_THE_SHELL.search(page) or OF_THE_SHELL.search(api):
            left.append((place, page, api))
        if "管理者の操作" in page or "an operator" in page or "operator" in api:
            assert re.search(r"doctor|migrate|whatif|fiscal|管理者", text), (place, page, api)
    assert not left


def test_what_is_said_in_their_place_reads_well() -> None:
    def shown(ja: str, en: str) -> tuple[str, str]:
        return on_page(ja, "ja", str), on_page(en, "en", str)

    assert shown("--comment で理由を書いてください", "give it with --comment") == (
        "「意見」の欄で理由を書いてください",
        "give it in the field “Comment”",
    )
    assert shown("people.yaml にある職員IDを使ってください", "use an id of people.yaml") == (
        "「組織と職」のページにある職員IDを使ってください",
        "use an id of the page “Organisation”",
    )
    assert shown("`./taskforce measure --correct --reason` で訂正してください", "`./taskforce withdraw --whole`") == (
        "「測定値を訂正する」で訂正してください",
        "“Drop”",
    )
    own = "notes.yaml は添付済みです", "notes.yaml is attached already"
    assert shown(*own) == own == tuple(map(in_api, own)), "a file of somebody's own keeps its name"
    assert in_api("give it with --comment") == "give it in `comment`"
    assert in_api("`./taskforce winddown done` か --guest で") == "`finish-wind-down-task` か `guests` で"
    assert all(ja and en for ja, en in (*FIELDS.values(), *DOCUMENTS.values()))


def test_a_refusal_that_begins_with_a_field_stands_beside_it() -> None:
    refusal = refuse("x", "held_on: 過ぎています", "held_on: it has passed", remedy_ja="直す", remedy_en="mend").refusal
    assert set(by_place(refusal)) == {"held_on"}
    assert on_page(refusal.message.ja, "ja", str) == "過ぎています"
    plain = refuse("x", "だめです", "no: never", remedy_ja="直す", remedy_en="mend").refusal
    assert by_place(plain) == {}
