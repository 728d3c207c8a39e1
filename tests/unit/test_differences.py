"""Two versions of a deliverable compared in the words of the form."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.deliverables.differences import differences
from domain.deliverables.registry import DELIVERABLES, parse
from tests.given import VALID


def written(key: str, **changes: Any) -> dict[str, Any]:
    return parse(key, {**VALID[key], **changes}).model_dump(mode="json")


@pytest.mark.parametrize("key", list(DELIVERABLES))
def test_the_same_has_no_differences_and_every_field_is_seen(key: str) -> None:
    form = written(key)
    assert differences(key, form, deepcopy(form)) == []
    for field in form:
        found = differences(key, form, {**form, field: "changed"})
        assert found and all(d.field.startswith(field) for d in found)
        assert all(d.label.ja and d.label.en for d in found)


def test_a_changed_text_is_told_with_its_label() -> None:
    (one,) = differences("setup", written("setup"), written("setup", purpose="待たせない"))
    assert (one.field, one.label.ja, one.before, one.after) == ("purpose", "目的", "手続を減らす", "待たせない")


def test_items_are_known_again_by_name_though_their_place_changed() -> None:
    first = {"person": "p-a", "department": "child-section", "role": ""}
    second = {"person": "p-b", "department": "child-section", "role": "分析"}
    before = written("setup", members=[first, second])
    after = written("setup", members=[{**second, "role": "進行"}, {**first, "person": "p-c"}])
    found = {d.field: (d.before, d.after) for d in differences("setup", before, after)}
    assert found["members[p-b].role"] == ("分析", "進行")
    assert found["members[p-a]"][1] is None and found["members[p-c]"][0] is None


def test_a_part_within_a_part_is_named_by_its_way() -> None:
    before, after = written("analysis"), written("analysis", size={"hours_per_year": 10})
    (one,) = differences("analysis", before, after)
    assert one.field == "size.hours_per_year" and "›" in one.label.ja


@given(st.lists(st.text(max_size=3), max_size=4), st.lists(st.text(max_size=3), max_size=4))
def test_lists_of_texts_differ_exactly_when_they_differ(before: list[str], after: list[str]) -> None:
    found = differences("setup", {"departments": before}, {"departments": after})
    assert bool(found) == (before != after)
