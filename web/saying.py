"""Refusals as pages say them: people by name, and places of the pages where the rules name commands of the shell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from domain.sessions.words import CONCLUSIONS
from papers.words import DECISIONS

PLACES: Mapping[str, tuple[str, str]] = {
    "council rules": ("「会議の規程」のページ", "the page “Rules of the bodies”"),
    "council": ("会議のページ", "the session's page"),
    "monitoring": ("会議のページ", "the session's page"),
    "intake": ("選定のページ", "the round's page"),
    "people": ("「組織と職」のページ", "the page “Organisation”"),
    "directory": ("「組織と職」のページ", "the page “Organisation”"),
    "definition": ("「プロセス定義」のページ", "the page “Process definitions”"),
    "list": ("「案件一覧」", "the portfolio"),
    "show": ("課題のページ", "the lifecycle's page"),
    "inbox": ("受信箱", "the inbox"),
    "resume": ("「保留を解く」", "“Resume”"),
    "comment": ("「意見を書く」", "“Remark”"),
    "withdraw": ("「引き戻す」", "“Take back”"),
    "promise": ("「約束の履行を記録する」", "“A promise was kept”"),
    "budget": ("「予算額を記録する」", "“Record a budget amount”"),
    "measure": ("「測定値を記録する」「測定値を訂正する」", "“Record a measurement” or “Correct a measurement”"),
    "reopen": ("「再開を申請する」", "“Ask to reopen”"),
    "register": ("「決定簿」", "the decision register"),
    "form": ("様式のページ", "the form's page"),
    "submit": ("様式のページ", "the form's page"),
    "attach": ("様式のページ", "the form's page"),
    "detach": ("様式のページ", "the form's page"),
    "attachments": ("課題のページ", "the lifecycle's page"),
    "answer": ("受信箱", "the inbox"),
}
"""First word of a command, or its first two -> where a reader of pages finds the same, in Japanese and English."""
OPTIONS: Mapping[str, tuple[str, str]] = {
    "--urgent": ("「通知期間に足りない理由」の欄", "the field “why on shorter notice”"),
    "--reason": ("「理由」の欄", "the field “reason”"),
    "--guest": ("「構成員以外の出席者」の欄", "the field “others who attend”"),
}
_COMMAND = re.compile(r"`\./taskforce ([a-z]+)( [a-z]+)?[^`]*`")
_JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")
_ENDS = "|".join(sorted({re.escape(words.en) for words in CONCLUSIONS.values()}, key=len, reverse=True))
_CONCLUDED = re.compile(
    rf"(?P<ja>.+?) / (?P<en>concluded by .+?: (?:{_ENDS})(?:; see its minutes)?)(?P<more>.*)", re.DOTALL
)
_COMMAND_JA = re.compile(_COMMAND.pattern + " ?")
_OPTION = re.compile(r"`?(--[a-z-]+)`? ?")
_ID = re.compile(r"(?<![A-Za-z0-9_./:@-])[A-Za-z][A-Za-z0-9_-]*[0-9-][A-Za-z0-9_-]*(?![A-Za-z0-9_./:@-])")
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

    def at(found: re.Match[str]) -> str:
        exact = PLACES.get(f"{found[1]}{found[2] or ''}")
        return (exact or PLACES.get(found[1], ("管理者の操作", "an operator")))[place]

    def decided(found: re.Match[str]) -> str:
        words = DECISIONS[found[1] or found[2]]
        return f"が「{words.ja}」と" if found[1] else f"with “{words.en}”"

    text = (_COMMAND_JA if language == "ja" else _COMMAND).sub(at, text)
    text = _OPTION.sub(lambda f: OPTIONS[f[1]][place] + " " * place if f[1] in OPTIONS else f[0], text)
    text = _ANSWERED.sub(decided, text)
    return _ID.sub(lambda f: name_of(f[0]), text)
