"""What conclusions and kinds of matters are called."""

from __future__ import annotations

from collections.abc import Mapping

from domain.messages import Text

CONCLUSIONS: Mapping[str, Text] = {
    "": Text(ja="未了", en="not concluded"),
    "endorsed": Text(ja="了承", en="endorsed"),
    "conditions": Text(ja="条件付き了承", en="endorsed with conditions"),
    "sent_back": Text(ja="差戻し", en="sent back"),
    "not_endorsed": Text(ja="不承認", en="not endorsed"),
    "held": Text(ja="継続審議", en="held for the next session"),
    "expansion": Text(ja="拡充", en="expansion"),
    "improvement": Text(ja="改善", en="improvement"),
    "abolition": Text(ja="廃止", en="abolition"),
    "continuation": Text(ja="継続", en="continuation"),
    "completion": Text(ja="終了", en="completion"),
    "selected": Text(ja="選定", en="selected as laid before it"),
    "review": Text(ja="再検討を求める", en="review asked for"),
    "noted": Text(ja="聴取", en="noted"),
}
CATEGORIES: Mapping[str, Text] = {
    "proposal": Text(ja="提案報告", en="proposal report"),
    "progress": Text(ja="進捗報告", en="progress report"),
    "evaluation": Text(ja="評価報告・取組方針提言", en="evaluation report and policy recommendation"),
    "policy": Text(ja="今後のタスクフォースの設置方針", en="policy for future taskforces"),
    "objection": Text(ja="未調整の異議", en="unresolved objection"),
    "selection": Text(ja="取組課題の選定", en="selection of tasks"),
    "other": Text(ja="その他", en="other"),
}
