"""What helps to fill a form in: labels without the ids that names stand for, a line of help, and choices that ship as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from domain.messages import Text
from web.glancing import strategy

Choices = tuple[tuple[str, Text], ...]
_LIKE_ID = r"(?:氏名か|名称か|名か|番号か)?(?:職員|組織|課題の)ID"
_TIDY_JA = (
    (re.compile(rf"\({_LIKE_ID}\)"), ""),
    (re.compile(rf"\({_LIKE_ID}。"), "("),
    (re.compile(rf"。{_LIKE_ID}\)"), ")"),
    (re.compile(r"の職員ID\)"), ")"),
    (re.compile(r"のID$"), ""),
    (re.compile(r"^(職員|組織)ID$"), r"\1"),
)
_TIDY_EN = (
    (re.compile(r",? by (?:name or id|its reference or id|reference or id)"), ""),
    (re.compile(r" \((?:person|unit) ids?\)|^ids of "), ""),
    (re.compile(r"\(person id of "), "("),
    (re.compile(r"^person id$"), "person"),
)


def tidy(label: Text) -> Text:
    """A label without what it says of ids: a page takes names and offers them while one types."""
    ja, en = label.ja, label.en
    for pattern, instead in _TIDY_JA:
        ja = pattern.sub(instead, ja)
    for pattern, instead in _TIDY_EN:
        en = pattern.sub(instead, en)
    return Text(ja=ja, en=en)


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


_KEY = _t(
    "後で同じものを指すための短い名。英小文字・数字・ハイフン(例: counter-hours)",
    "A short name by which it is found again: small letters, digits, hyphens, such as counter-hours",
)
_WANTED: Mapping[str, tuple[Text, tuple[str, ...]]] = {
    "key": (_KEY, ("RecordBenefit", "BeginProcurement", "RecordCommitment")),
    "bill": (
        _t("議会の議案番号(例: 議案第12号)", "The assembly's number, such as 12"),
        ("RecordBudget", "RecordProcurement", "RecordCommitment", "CarryOverBudget"),
    ),
    "evidence": (
        _t("完了が分かる文書の名や番号", "The document that shows it, by name or number"),
        ("FinishWindDownTask",),
    ),
    "number": (
        _t("文書管理システムの番号(例: 姫デ第12号)", "The number in the city's document system"),
        ("EnterOutsideDecision", "DecidedForm"),
    ),
    "period": (
        _t("四半期は 2026-Q1、月は 2026-04、年度は 2026", "A quarter is 2026-Q1, a month 2026-04, a year 2026"),
        ("RecordMeasurement", "CorrectMeasurement"),
    ),
    "into": (
        _t(
            "続けるほうの課題の番号。入力すると候補が出ます",
            "The reference of the one that goes on; offered while you type",
        ),
        ("MergeLifecycle",),
    ),
    "id": (_t("空欄で構いません", "It may stay empty"), ("UnitForm", "PostForm")),
    "item": (_t("このままで構いません", "It may stay as it is"), ("ItemForm",)),
}
HELPS: Mapping[tuple[str, str], Text] = {
    **{(form, field): text for field, (text, forms) in _WANTED.items() for form in forms},
    ("ProposalForm", "ref"): _t("この募集の中で提案を区別する番号(例: 12)", "What tells proposals of this call apart"),
    ("StartForm", "ref"): _t(
        "自分たちがこの課題を呼ぶ番号。ほかと重ならないもの(例: R9-窓口)",
        "What you call it; nothing else may be called the same, such as R9-counter",
    ),
}
"""(form, field) -> a line below its label, where the label alone is not enough."""


def help_for(form: str, field: str) -> Text | None:
    """The line of help for a field."""
    return _t("あてはまるものを選んでください", "Tick what fits") if listed(field) else HELPS.get((form, field))


@cache
def listed(field: str) -> Choices:
    """What can be ticked for a field whose values ship as data: the strategy's purposes, policies, tactics."""
    if field != "serves":
        return ()
    kinds = {
        "purposes": ("目的", "purpose"),
        "policies": ("方針", "policy"),
        "tactics": ("戦術", "tactic"),
        "basic_policies": ("基本的政策", "basic policy"),
    }
    return tuple(
        (entry["id"], _t(f"{ja}: {entry['title']['ja']}", f"{en}: {entry['title']['en']}"))
        for kind, (ja, en) in kinds.items()
        for entry in strategy()[kind]
    )
