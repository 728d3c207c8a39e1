"""What pydantic finds wrong with a value, said to people in Japanese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.messages import Misfit, Text

_NUMBER = "数を書いてください(例: 12.5)"
_GROUP = "項目の組で書いてください"
_LIST = "箇条書き(リスト)で書いてください"
_MOMENT = "日時を書いてください(例: 2026-04-01T09:00:00+09:00)"
_ADDRESS = "URL を書いてください(例: https://example.jp/)"
_JAPANESE = {
    "int_parsing_size": "桁数の多すぎる数です",
    "int_": "整数を書いてください(例: 1200)",
    "float_": _NUMBER,
    "decimal_max_digits": "全体で {max_digits} 桁までの数にしてください",
    "decimal_max_places": "小数は {decimal_places} 桁までにしてください",
    "decimal_whole_digits": "整数の部分は {whole_digits} 桁までにしてください",
    "decimal_": _NUMBER,
    "fraction_": _NUMBER,
    "finite_number": _NUMBER,
    "multiple_of": "{multiple_of} の倍数にしてください",
    "date_past": "過去の日付にしてください",
    "date_future": "将来の日付にしてください",
    "date_from_datetime_inexact": "時刻を付けずに日付だけを書いてください(例: 2026-04-01)",
    "date_": "日付を書いてください(例: 2026-04-01)",
    "datetime_past": "過去の日時にしてください",
    "datetime_future": "将来の日時にしてください",
    "datetime_": _MOMENT,
    "time_delta_": "期間を書いてください(例: P3D)",
    "time_": "時刻を書いてください(例: 09:30)",
    "timezone_naive": "時間帯を付けずに書いてください",
    "timezone_": "時間帯を付けて書いてください(例: +09:00)",
    "bool_": "はい(true)かいいえ(false)で書いてください",
    "string_pattern_mismatch": "書き方が違います(半角の小文字・数字など)",
    "string_too_short": "{min_length} 文字以上で書いてください",
    "string_too_long": "{max_length} 文字までにしてください",
    "string_unicode": "文字として読めません。UTF-8 で書いてください",
    "string_not_ascii": "半角の英数字だけで書いてください",
    "string_": "文字を書いてください",
    "bytes_too_short": "{min_length} バイト以上にしてください",
    "bytes_too_long": "{max_length} バイトまでにしてください",
    "bytes_": "文字として読めません。UTF-8 で書いてください",
    "literal_error": "選択肢のいずれかを書いてください: {expected}",
    "enum": "選択肢のいずれかを書いてください: {expected}",
    "union_tag_": "種類を示す項目({discriminator})が要ります",
    "greater_than_equal": "{ge} 以上の値を書いてください",
    "greater_than": "{gt} より大きい値を書いてください",
    "less_than_equal": "{le} 以下の値を書いてください",
    "less_than": "{lt} より小さい値を書いてください",
    "too_short": "{min_length} 件以上書いてください",
    "too_long": "{max_length} 件までにしてください",
    "extra_forbidden": "この様式にない項目です。消すか、項目の名を直してください",
    "missing": "記入してください",
    "none_required": "空にしてください",
    "invalid_key": "項目の名は文字で書いてください",
    "json_": "JSON として読めません",
    "recursion_": "入れ子が深すぎます",
    "url_scheme": "{expected_schemes} で始まる URL にしてください",
    "url_too_long": "{max_length} 文字までの URL にしてください",
    "url_": _ADDRESS,
    "uuid_": "UUID を書いてください(例: 36eeda63-4acd-50c7-b65e-3a9ae67390cf)",
    "tuple_type": _LIST,
    "list_type": _LIST,
    "set_": _LIST,
    "frozen_set_type": _LIST,
    "iterable_type": _LIST,
    "iteration_error": _LIST,
    "model_": _GROUP,
    "dataclass_": _GROUP,
    "dict_type": _GROUP,
    "mapping_type": _GROUP,
    "named_tuple_type": _GROUP,
}
"""By the beginning of pydantic's error type; the first that fits."""
_ENGLISH = {"model_": "Input should be a group of fields", "dataclass_": "Input should be a group of fields"}
"""Where pydantic names classes of ours."""


class _Context(dict[str, Any]):
    """What a sentence needs; dots for what pydantic leaves out."""

    def __missing__(self, key: str) -> str:
        return "…"


def in_japanese(kind: str, context: Mapping[str, Any], otherwise: str) -> str:
    """What pydantic says of a value, by the type and context of its error; `otherwise` where we have no words."""
    if isinstance(error := context.get("error"), Misfit):
        return error.ja
    found = _first(_JAPANESE, kind)
    if found is None:
        return f"値が様式に合いません({otherwise.removeprefix('Value error, ')})"
    known = {k: v.replace(" or ", "、") if k == "expected" else v for k, v in context.items()}
    return found.format_map(_Context(known))


def said_of(error: Mapping[str, Any]) -> Text:
    """One of pydantic's errors (`ValidationError.errors()`) in both languages."""
    kind, told = str(error["type"]), str(error["msg"])
    english = _first(_ENGLISH, kind) or told.removeprefix("Value error, ")
    return Text(ja=in_japanese(kind, error.get("ctx") or {}, told), en=english)


def _first(words: Mapping[str, str], kind: str) -> str | None:
    return next((text for begin, text in words.items() if kind.startswith(begin)), None)
