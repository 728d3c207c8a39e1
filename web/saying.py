"""Refusals as pages say them: people by name, and places of the pages where the rules name commands of the shell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeVar

from domain.messages import Refusal, Text
from domain.registry import KINDS
from domain.sessions.words import CONCLUSIONS
from papers.words import DECISIONS
from web.places import DOCUMENTS, ENTRIES, FIELDS, FILES, OPERATIONS, OPTIONS, PLACES

_T = TypeVar("_T")
_COMMAND = re.compile(r"(?P<with>\bwith )?`\./taskforce(?P<rest>(?: [^`]*)?)`")
_JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")
_ENDS = "|".join(sorted({re.escape(words.en) for words in CONCLUSIONS.values()}, key=len, reverse=True))
_CONCLUDED = re.compile(
    rf"(?P<ja>.+?) / (?P<en>concluded by .+?: (?:{_ENDS})(?:; see its minutes)?)(?P<more>.*)", re.DOTALL
)
_OPTION = re.compile(
    r"(?P<with>\bwith )?`?--(?P<name>[a-z-]+)(?P<value> [a-z]+\|[a-z|]+| supplementary| \w+=[^\W\d_]+)?`?"
)
_VALUES = {
    "instructed|urgent": ("指示・急施のいずれか", "as instructed, or urgent"),
    "supplementary": ("補正", "supplementary"),
}
_ENTRY = "|".join(e for e in ENTRIES if "_" in e)
_DOCUMENT = re.compile(
    r"(?P<entry>\w+) in (?P<en>[a-z]+\.yaml)|(?P<ja>[a-z/]+\.yaml)(?: の (?P<of>[a-z_]+))?"
    rf"|\b(?P<entry2>{_ENTRY})\b"
)
_BEGINS = re.compile(r"([a-z]+(?:_[a-z]+)*): (?=\S)")
"""The field of a command with which a message begins: pages show it beside the field."""
_PUT = "\x00"
"""Stands on both sides of what was put in: in Japanese spaces there were for Latin letters."""
_ID = re.compile(r"(?<![A-Za-z0-9_./:@-])[A-Za-z][A-Za-z0-9_-]*[0-9-][A-Za-z0-9_-]*(?![A-Za-z0-9_./:@-])")
_BY_NAME = {
    "people.yaml の ID を書いてください": "「組織と職」のページにある氏名を書いてください",
    "people.yaml の組織IDを書いてください": "「組織と職」のページにある名称を書いてください",
    "is not in the directory; use an id of people.yaml": "is not in the directory; write a name of the page “Organisation”",
    "use a unit id of people.yaml": "write a name of the page “Organisation”",
}
"""Forms of pages take names where files take ids."""
_ANSWERED = re.compile(r"が (approve|conditions|return|reject) と|with (approve|conditions|return|reject)\b")


def half(text: str, language: str) -> str:
    """Of a text that the program wrote as `日本語 / English` on one line, the half for a reader; any other text as it is."""
    ja, slash, en = text.partition(" / ")
    if not slash or not _JAPANESE.search(ja) or _JAPANESE.search(en):
        return text
    return ja if language == "ja" else en


def concluded(text: str, language: str) -> str:
    """What a session says of its conclusion for a reader; what people added stays, and so does every other text."""
    found = _CONCLUDED.fullmatch(text)
    return f"{found['ja' if language == 'ja' else 'en']}{found['more']}" if found else text


def on_page(text: str, language: str, name_of: Callable[[str], str]) -> str:
    """A sentence of a rule for somebody who reads a page."""
    place = 0 if language == "ja" else 1
    for rule, instead in _BY_NAME.items():
        text = text.replace(rule, instead)

    def at(found: re.Match[str]) -> str:
        words = (_of(PLACES, found["rest"]) or ("管理者の操作", "an operator's command"))[place]
        return f"{_within(words)} {words}" if found["with"] else words

    def decided(found: re.Match[str]) -> str:
        words = DECISIONS[found[1] or found[2]]
        return f"が「{words.ja}」と" if found[1] else f"with “{words.en}”"

    def box(found: re.Match[str]) -> str:
        name = found["name"].replace("-", "_")
        label = FIELDS.get(OPTIONS.get(found["name"], name), (name, name))[place]
        chosen = _VALUES.get((found["value"] or "").strip())
        value = f"({chosen[place]})" if chosen else ""
        if language == "ja":
            return f"「{label}」の欄{value}"
        return f"{'in ' if found['with'] else ''}the field “{label}”{' ' + value if value else ''}"

    def document(found: re.Match[str]) -> str:
        if found["entry2"]:
            return ENTRIES[found["entry2"]][place]
        words = DOCUMENTS.get(found["en"] or found["ja"])
        if words is None:
            return found[0]  # a file of somebody's own
        name = words[place]
        if found["en"]:
            entry = ENTRIES.get(found["entry"])
            return f"{entry[place] if entry else found['entry']} in {name}"
        return f"{name}の{ENTRIES[found['of']][place]}" if found["of"] in ENTRIES else name

    begins = _BEGINS.match(text)
    text = text[begins.end() :] if begins and begins[1] in _fields() else text
    put = {_COMMAND: at, _OPTION: box, _DOCUMENT: document}
    for pattern, words in put.items():
        text = pattern.sub(lambda found, words=words: _put(found[0], words(found)), text)  # type: ignore[misc]
    if language == "ja":
        text = text.replace(f" {_PUT}", "").replace(f"{_PUT} ", "")
    text = text.replace(_PUT, "")
    text = _ANSWERED.sub(decided, text)
    return _ID.sub(lambda f: name_of(f[0]), text)


def _put(text: str, instead: str) -> str:
    return text if instead == text else f"{_PUT}{instead}{_PUT}"


def in_api(text: str) -> str:
    """A sentence of a rule for somebody who calls the API: operations and fields by the names that they have there."""

    def operation(found: re.Match[str]) -> str:
        name = _of(OPERATIONS, found["rest"])
        words = f"`{name}`" if name else "管理者の操作" if _JAPANESE.search(text) else "an operator's command"
        return f"{found['with'] or ''}{words}"

    def field(found: re.Match[str]) -> str:
        name = OPTIONS.get(found["name"], found["name"].replace("-", "_"))
        return f"{'in ' if found['with'] else ''}`{name}`{found['value'] or ''}"

    def file(found: re.Match[str]) -> str:
        words = FILES.get(found[0]) or DOCUMENTS.get(found[0])
        return found[0] if words is None else words[not _JAPANESE.search(found.string)]

    text = _OPTION.sub(field, _COMMAND.sub(operation, text))
    return re.sub(r"[a-z/]+\.yaml", file, text)


def called_in_api(text: Text) -> Text:
    """Both languages of it."""
    return Text(ja=in_api(text.ja), en=in_api(text.en))


def field_of(refusal: Refusal) -> str:
    """The field of a command with which a message begins, or nothing."""
    found = _BEGINS.match(refusal.message.en)
    return found[1] if found and found[1] in _fields() else ""


@cache
def _fields() -> frozenset[str]:
    return frozenset(name for kind in KINDS.values() for c in kind.commands.values() for name in c.model_fields)


def _within(words: str) -> str:
    """How English goes on to a place: with “Remark”, on the lifecycle's page, in the inbox."""
    return "with" if words.startswith("“") or "command" in words else "on" if "page" in words else "in"


def _of(table: Mapping[str, _T], rest: str) -> _T | None:
    """The entry for what stands behind `./taskforce`: with its option where that makes another of it, by two words, by one."""
    words = rest.split()
    plain = [w for w in words if re.fullmatch("[a-z-]+|FILE", w) and not w.startswith("-")][:3]
    options = [w for w in words if w.startswith("--")]
    heads = [" ".join(plain[:n]) for n in range(len(plain), 0, -1)]
    return next((table[k] for h in heads for k in (*(f"{h} {o}" for o in options), h) if k in table), None)
