"""What pydantic finds wrong with a value is said in Japanese as well, whatever it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError
from pydantic_core.core_schema import ErrorType

from domain.lifecycle.dialogue import AddComment
from domain.messages import Text
from domain.misfits import in_japanese, said_of
from settings import ROOT

NEVER = {
    *("no_such_attribute", "needs_python_object", "get_attribute_error", "default_factory_not_called"),
    *("frozen_field", "frozen_instance", "is_instance_of", "is_subclass_of", "callable_type"),
    *(
        "missing_sentinel_error",
        "ellipsis_error",
        "counter_type",
        "deque_type",
        "ordered_dict_type",
        "frozen_dict_type",
    ),
    *("arguments_type", "multiple_argument_values", "unexpected_keyword_argument", "unexpected_positional_argument"),
    *("complex_type", "complex_str_parsing", "assertion_error", "value_error"),
}
"""Of models in Python alone; `value_error` is what validators of ours raise, which is looked at below."""
OF_NUMBERS = {"domain/kpis/types.py", "domain/feeds/reading.py"}
"""Rooms that raise a `ValueError` of their own and are no validators."""
JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")


@pytest.mark.parametrize("kind", sorted(set(get_args(ErrorType)) - NEVER))
def test_every_error_of_pydantic_is_said_in_japanese(kind: str) -> None:
    told = in_japanese(kind, {}, "ENGLISH")
    assert JAPANESE.search(told) and "ENGLISH" not in told


def test_validators_say_it_in_both_languages() -> None:
    rooms = [p for room in ("domain", "rehearsal") for p in (ROOT / room).rglob("*.py")]
    plain = {str(p.relative_to(ROOT)) for p in rooms if "raise ValueError(" in Path(p).read_text("utf-8")}
    assert plain <= OF_NUMBERS


def test_a_misfit_carries_both_and_names_no_class_of_ours() -> None:
    with pytest.raises(ValidationError) as raised:
        AddComment.model_validate({"command_id": "c", "stream": "s", "text": "a\x00"})
    [said] = [said_of(e) for e in raised.value.errors()]
    assert "保存できない文字" in said.ja and said.en.startswith("text: ") and not JAPANESE.search(said.en)
    group = {"type": "model_type", "ctx": {"class_name": "Setup"}, "msg": "…instance of Setup"}
    assert said_of(group) == Text(ja="項目の組で書いてください", en="Input should be a group of fields")
    choice = {"type": "literal_error", "ctx": {"expected": "'a', 'b' or 'c'"}, "msg": "Input should be 'a', 'b' or 'c'"}
    assert said_of(choice).ja.endswith("'a', 'b'、'c'")
