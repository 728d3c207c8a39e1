"""Acts about money as people choose them on a page: command, title, help, when it makes sense, labels of its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain.lifecycle import committing, procuring, valuing, windows
from domain.lifecycle.amounts import NAMES
from domain.lifecycle.state import Lifecycle
from domain.messages import Command, Text

Spec = tuple[
    type[Command], Text, Text, Callable[[Lifecycle], bool], Callable[[Lifecycle], dict[str, Any]], Mapping[str, Text]
]


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


def _open(s: Lifecycle) -> bool:
    return not s.closed and s.reopening is None


def _nothing(_: Lifecycle) -> dict[str, Any]:
    return {}


_KEY = {"key": _t("短い名", "Short name"), "title": _t("件名", "Title")}
BUDGET: Mapping[str, Text] = {
    "on": _t("あった日(空欄は今日)", "On (empty: today)"),
    "window": _t("予算の区分(空欄は要求したもの)", "Window (empty: the one asked for)"),
    "bill": _t("議案番号", "Number of the bill"),
    "public_on": _t("議案が公になる日", "The bill is public from"),
}
"""Labels of the fields with which an amount is recorded."""
_YEARS = {
    "from_year": _t("始まりの年度(西暦)", "First fiscal year"),
    "to_year": _t("終わりの年度(西暦)", "Last fiscal year"),
}
STATES = tuple(NAMES.items())

ACTS: Mapping[str, Spec] = {
    "aim": (
        windows.AimAtWindow,
        _t("目指す予算を選ぶ", "Choose a budget window"),
        _t(
            "目指す当初・補正予算を選びます。締切前にお知らせします。",
            "The budget aimed at; a warning comes before requests close.",
        ),
        lambda s: _open(s) and s.aim is not None and not s.aim.handed_in,
        _nothing,
        {"window": _t("予算の区分", "Window")},
    ),
    "benefit": (
        valuing.RecordBenefit,
        _t("便益を記録する", "Record a benefit"),
        _t(
            "削減時間・削減額・利用者数・定性的な価値を、出典とともに記録します。",
            "Hours, yen, people or words, with the source.",
        ),
        _open,
        _nothing,
        {
            **_KEY,
            **_YEARS,
            "what": _t("種類", "Kind"),
            "basis": _t("見込みか実測か", "Expected or measured"),
            "per_year": _t("年間の数値", "Figure for a year"),
            "wage": _t("時間単価(円。空欄は市の値)", "Yen an hour (empty: the city's)"),
        },
    ),
    "withdraw-benefit": (
        valuing.WithdrawBenefit,
        _t("便益を取り消す", "Withdraw a benefit"),
        _t(
            "誤って記録した便益を取り消します。記録は残ります。",
            "Takes back what was recorded in error; it stays on record.",
        ),
        lambda s: bool(s.benefits),
        _nothing,
        {**_KEY, "basis": _t("見込みか実測か", "Expected or measured")},
    ),
    "procure": (
        procuring.BeginProcurement,
        _t("調達を始める", "Begin a procurement"),
        _t(
            "何を、どの方法で、どの年度に、いくらの予定価格で調達するか。",
            "What is bought, how, in which year, at what expected price.",
        ),
        _open,
        _nothing,
        {
            **_KEY,
            "method": _t("方法", "Method"),
            "bought": _t("対象", "What is bought"),
            "expected_price": _t("予定価格(円)", "Expected price in yen"),
            "reason": _t("随意契約の理由", "Why without competition"),
        },
    ),
    "procurement": (
        procuring.RecordProcurement,
        _t("調達の手順を記録する", "Record a step of a procurement"),
        _t("公告・受付・決定・契約などを順に記録します。", "Notice, bids, selection, contract, in order."),
        lambda s: _open(s) and any(not p.ended for p in s.procurements),
        _nothing,
        {
            **_KEY,
            "step": _t("手順", "Step"),
            "on": BUDGET["on"],
            "supplier": _t("相手方", "Supplier"),
            "price": _t("金額(円)", "Price in yen"),
            "bill": BUDGET["bill"],
        },
    ),
    "cancel-procurement": (
        procuring.CancelProcurement,
        _t("調達を中止する", "Cancel a procurement"),
        _t("契約前の調達を中止します。", "Gives a procurement up before its contract."),
        lambda s: _open(s) and any(not p.ended and "contract" not in p.steps for p in s.procurements),
        _nothing,
        _KEY,
    ),
    "commit": (
        committing.RecordCommitment,
        _t("年度を越える負担を記録する", "Record a commitment over years"),
        _t(
            "債務負担行為・継続費・長期継続契約を財政課が記録します。",
            "Debt commitment, continuing expense, long-term contract: by finance.",
        ),
        _open,
        _nothing,
        {
            **_KEY,
            **_YEARS,
            "what": _t("種類", "Kind"),
            "limit": _t("限度額(円)", "Limit in yen"),
            "bill": BUDGET["bill"],
            "voted_on": _t("議決日", "Voted on"),
        },
    ),
    "carry": (
        committing.CarryOverBudget,
        _t("翌年度へ繰り越す", "Carry over"),
        _t(
            "繰越明許費(年度内の議決が必要)か事故繰越しを財政課が記録します。",
            "Approved (voted within the year) or accidental: by finance.",
        ),
        lambda s: _open(s) and bool(s.budgets),
        _nothing,
        {
            "what": _t("種類", "Kind"),
            "from_year": _t("どの年度から(西暦)", "From fiscal year"),
            "on": _t("議決日・決定日", "Day of the vote or decision"),
            "bill": BUDGET["bill"],
        },
    ),
}
