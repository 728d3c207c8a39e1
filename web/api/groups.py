"""What the operations of the API are grouped under, for its document and for the page that shows it."""

from __future__ import annotations

from collections.abc import Mapping

from domain.messages import Text


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


GROUPS: Mapping[str, Text] = {
    "me": _t("自分に届いているもの、自分の鍵と通知", "What waits for the key's person, the key itself, notices"),
    "lifecycles": _t(
        "課題の一覧、記録、文書、下書き、見通し", "Lifecycles: lists, records, documents, drafts, forecasts"
    ),
    "commands": _t("課題への操作", "Commands on lifecycles"),
    "imports": _t("ファイルの取込み", "Files taken in, row by row"),
    "sessions": _t("会議、議題、会議録、決定、規程", "Sessions: items, minutes, decisions, the rules of the bodies"),
    "session commands": _t("会議への操作", "Commands on sessions"),
    "rounds": _t("選定ラウンド", "Selection rounds"),
    "round commands": _t("選定ラウンドへの操作", "Commands on selection rounds"),
    "portfolio": _t("全体の一覧盤、KPI、予算の締切、試算", "The portfolio: board, KPIs, budget windows, what-if"),
    "charts": _t("図のもとになる表", "The tables behind the charts"),
    "learning": _t("記録から分かること", "What the record teaches"),
    "definitions": _t("プロセス定義", "Process definitions"),
    "directory": _t("組織、職、職員", "Units, posts and people"),
    "directory commands": _t("名簿の変更", "Changes of the directory"),
    "operations": _t("運用", "Operations"),
    "log": _t("出来事の記録全体", "The whole log"),
}
"""Tag -> what is in it."""
