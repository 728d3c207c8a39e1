"""The words of municipal documents for what events name by keys. Japanese first, English beside it."""

from __future__ import annotations

import re
from datetime import date, datetime

from domain.calendar import JST, local_day, wareki
from domain.messages import Text


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


DECISIONS = {
    "approve": _t("同意", "agreed"),
    "conditions": _t("条件付き同意", "agreed with conditions"),
    "return": _t("差戻し", "sent back"),
    "reject": _t("否", "refused"),
}
STAMPS = {"approve": "同意", "conditions": "条件付", "return": "差戻", "reject": "否"}
"""What fits into a stamp."""
FINAL = _t("決裁", "decided")

RESULTS = {
    "circulating": _t("回議中", "in circulation"),
    "passed": _t("決裁済", "decided"),
    "imported": _t("移行(決裁の記録なし)", "imported, no decision on record"),
    "decided_before": _t("決裁済(移行)", "decided before, imported"),
    "returned": _t("差戻し", "sent back"),
    "rejected": _t("否決", "refused"),
    "withdrawn": _t("引戻し", "withdrawn by the drafter"),
    "dropped": _t("廃案", "dropped"),
    "closed": _t("終結により終了", "ended with the lifecycle"),
}
CLOSED = {
    "completion": _t("終了", "completed"),
    "abolition": _t("廃止", "abolished"),
    "dropped": _t("廃案", "dropped"),
    "merged": _t("統合", "merged into another"),
}
UNANSWERED = {
    "quorum": _t("回答不要(必要数に達した)", "not needed: enough had agreed"),
    "returned": _t("差戻しにより終了", "ended by the sending back"),
    "rejected": _t("否により終了", "ended by the refusal"),
    "withdrawn": _t("引戻しにより終了", "ended by the withdrawal"),
    "migrated": _t("プロセス定義の変更により終了", "ended by a change of the process"),
    "retracted": _t("回答の取消により終了", "ended: an answer was retracted"),
    "outside": _t("外部の決裁により不要", "not needed: decided in another system"),
}
STANDS = {
    "holder": _t("", ""),
    "deputy": _t("代", "in absence"),
    "vacancy": _t("職務代理", "for the vacant post"),
    "recusal": _t("代・回避", "for one recused"),
    "handed": _t("代・依頼", "at the holder's request"),
    "body": _t("会議", "in session"),
}
"""As whom a person answered; a deputy's decision is shown as 「代」."""
BY_DEPUTY = {"approve": "代", "conditions": "代・条件", "return": "代・差戻", "reject": "代・否"}
CHOICES = {
    ("viewpoint", "citizen_services"): _t("市民サービス", "citizen services"),
    ("viewpoint", "community"): _t("地域", "community"),
    ("viewpoint", "administrative_work"): _t("行政事務", "administrative work"),
    ("weight", "light"): _t("軽", "light"),
    ("weight", "medium"): _t("中", "medium"),
    ("weight", "heavy"): _t("重", "heavy"),
    ("result", "supported"): _t("支持された", "supported"),
    ("result", "refuted"): _t("棄却された", "refuted"),
    ("result", "inconclusive"): _t("判断できない", "inconclusive"),
    ("stance", "agrees"): _t("同意", "agrees"),
    ("stance", "agrees_with_conditions"): _t("条件付き同意", "agrees with conditions"),
    ("stance", "objects"): _t("異議", "objects"),
    ("objection", "resolved"): _t("解決", "resolved"),
    ("objection", "escalated"): _t("上申", "escalated"),
    ("kind", "digital"): _t("デジタル", "digital"),
    ("kind", "analog"): _t("アナログ", "analog"),
    ("kind", "mixed"): _t("併用", "mixed"),
    ("kind", "initial"): _t("初期", "initial"),
    ("kind", "running"): _t("運用", "running"),
    ("kind", "outcome"): _t("成果", "outcome"),
    ("kind", "cost"): _t("費用", "cost"),
    ("kind", "output"): _t("活動", "output"),
    ("kind", "process"): _t("過程", "process"),
    ("kind", "trial"): _t("実証", "trial"),
    ("kind", "full"): _t("本格", "full"),
    ("window", "initial"): _t("当初予算", "initial budget"),
    ("window", "supplementary"): _t("補正予算", "supplementary budget"),
    ("direction", "up"): _t("増加が良い", "up is better"),
    ("direction", "down"): _t("減少が良い", "down is better"),
    ("cadence", "monthly"): _t("毎月", "monthly"),
    ("cadence", "quarterly"): _t("四半期", "quarterly"),
    ("cadence", "half_yearly"): _t("半年", "half-yearly"),
    ("cadence", "yearly"): _t("毎年", "yearly"),
    ("type", "count"): _t("件数・人数", "count"),
    ("type", "ratio"): _t("割合", "ratio"),
    ("type", "mean"): _t("平均", "mean"),
    ("type", "duration"): _t("時間・日数", "duration"),
    ("type", "money"): _t("金額", "money"),
    ("type", "index"): _t("指数", "index"),
    ("type", "satisfaction"): _t("満足度", "satisfaction"),
    ("accumulates", "cumulative"): _t("累計", "cumulative"),
    ("accumulates", "point"): _t("時点の値", "point in time"),
    ("basis", "expected"): _t("見込み", "expected"),
    ("basis", "measured"): _t("実測", "measured"),
    ("bought", "works"): _t("工事・製造", "works"),
    ("bought", "property"): _t("財産", "property"),
    ("bought", "service"): _t("役務", "service"),
    ("marks", "important"): _t("重要", "important"),
    ("marks", "unusual"): _t("異例", "unusual"),
    ("marks", "doubtful"): _t("疑義", "doubtful"),
    ("parts", "stages"): _t("段階", "stages"),
    ("parts", "kpis"): _t("指標", "figures"),
    ("parts", "outcomes"): _t("取組方針", "results of reviews"),
    ("parts", "budget"): _t("議決予算", "budget voted"),
    ("when", "below"): _t("下回る", "below"),
    ("when", "above"): _t("上回る", "above"),
    ("recommendation", "expansion"): _t("拡充", "expansion"),
    ("recommendation", "improvement"): _t("改善", "improvement"),
    ("recommendation", "abolition"): _t("廃止", "abolition"),
    ("recommendation", "continuation"): _t("継続", "continuation"),
    ("recommendation", "completion"): _t("終了", "completion"),
}
CHOICES |= {
    ("system_recommendation", value): text for (field, value), text in CHOICES.items() if field == "recommendation"
}
"""(field, value) -> words, for every choice that a form offers."""


def choice(field: str, value: str) -> str:
    found = chosen(field, value)
    return str(found) if found else value


def chosen(field: str, value: str) -> Text | None:
    """The words of a choice that a form offers."""
    return CHOICES.get((field, value))


def day(value: date | datetime | None) -> str:
    """令和7年4月1日 (2025-04-01), the day in Japan; empty without one."""
    if value is None:
        return ""
    local = local_day(value) if isinstance(value, datetime) else value
    return f"{wareki(local)} ({local.isoformat()})"


def moment(value: datetime) -> str:
    """令和7年4月1日 (2025-04-01) 09:00, the time in Japan."""
    return f"{day(value)} {value.astimezone(JST):%H:%M}"


def stamp_day(value: datetime) -> str:
    """7.4.1: the year of the era, as on a dater."""
    written = wareki(local_day(value)).replace("元年", "1年")
    return ".".join(re.findall(r"\d+", written))


def yen(amount: int | None) -> str:
    return "" if amount is None else f"{amount:,}円"
