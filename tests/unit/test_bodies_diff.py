"""Two versions of the rules of the bodies in words: nothing that differs is left unsaid."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from definitions.loader import load_bodies, load_people
from domain.bodies import BodyRules
from domain.bodies_diff import _FIELDS, compare, seated, unseated

SHIPPED = load_bodies()
DAY = date(2026, 6, 1)


def changed(**fields: Any) -> BodyRules:
    return BodyRules.model_validate({**SHIPPED.model_dump(), **fields})


def part(name: str, index: int, **fields: Any) -> BodyRules:
    parts = [p.model_dump() for p in getattr(SHIPPED, name)]
    parts[index] |= fields
    return changed(**{name: parts})


def test_the_same_rules_differ_in_nothing() -> None:
    assert compare(SHIPPED, SHIPPED) == ()


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (changed(version=2), "version 1 -> 2"),
        (changed(priority_fields=["子育て", "防災"]), "priority fields - -> 子育て, 防災"),
        (changed(selects="monitoring"), "body that selects council -> monitoring"),
        (part("bodies", 0, quorum="0.66"), "body 'council': quorum (share to be exceeded) 0.5 -> 0.66"),
        (part("bodies", 0, rhythm=["04-01"]), "body 'council': days of the year 06-25, 10-20, 02-10 -> 04-01"),
        (part("bodies", 1, notice={"working_days": 9}), "body 'monitoring': notice 3 working days -> 9 working days"),
        (part("bodies", 1, chair={"role": "mayor", "unit": "city"}), "-> mayor@city"),
        (part("criteria", 0, weight="5"), "criterion 'problem': weight 2 -> 5"),
        (part("classes", 0, adviser=True), "class 'light': needs an adviser no -> yes"),
        (changed(capacity={"chair": 4, "adviser": 10, "member": 2}), "most that one carries: as chair 3 -> 4"),
        (changed(criteria=[c.model_dump() for c in SHIPPED.criteria[1:]]), "criterion 'problem'"),
        (changed(bodies=[b.model_dump() for b in reversed(SHIPPED.bodies)]), "body: order monitoring -> council"),
    ],
)
def test_what_differs_is_said_in_both_languages(new: BodyRules, said: str) -> None:
    (line,) = compare(SHIPPED, new)
    assert said in line.en and line.ja
    assert len(compare(new, SHIPPED)) == 1, "and the other way round"


def test_every_field_has_its_words() -> None:
    for model in (BodyRules, type(SHIPPED.bodies[0]), type(SHIPPED.criteria[0]), type(SHIPPED.classes[0])):
        parts = {"bodies", "criteria", "classes", "capacity", "key"}
        assert set(model.model_fields) - parts <= set(_FIELDS), model
    assert {f"{n}_of" for n in type(SHIPPED.capacity).model_fields} <= set(_FIELDS)


def test_who_would_sit_and_which_seats_nobody_can_take() -> None:
    people, _ = load_people()
    smaller = part("bodies", 0, vice_chairs=[])
    (gone, *_) = seated(SHIPPED, smaller, people, DAY)
    assert gone.en.startswith("Himeji City Digital Strategy Council: p") and gone.en.endswith("leaves")
    assert seated(smaller, SHIPPED, people, DAY)[0].en.endswith("joins")
    assert seated(SHIPPED, SHIPPED, people, DAY) == unseated(SHIPPED, people) == ()
    (missing,) = unseated(part("bodies", 1, chair={"role": "nobody"}), people)
    assert missing.en == "monitoring meeting: the directory has no post nobody"
