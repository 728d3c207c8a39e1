"""TOPSIS against published worked examples, and what moving weights says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.loader import SHIPPED, read_document, validated
from domain.bodies import BodyRules
from domain.selection.ranking import closeness, ranked

RULES = validated(SHIPPED / "bodies.yaml", BodyRules, read_document(SHIPPED / "bodies.yaml"))
KEYS = [c.key for c in RULES.criteria]
SCORES = st.fixed_dictionaries({k: st.integers(1, 5) for k in KEYS})


def test_the_fighter_aircraft_of_hwang_and_yoon() -> None:
    """Hwang and Yoon (1981), pp. 134-137: four aircraft under six attributes, the fourth a cost; closeness to three digits."""
    matrix = [
        [2.0, 1500, 20000, 5.5, 5, 9],
        [2.5, 2700, 18000, 6.5, 3, 5],
        [1.8, 2000, 21000, 4.5, 7, 7],
        [2.2, 1800, 20000, 5.0, 5, 5],
    ]
    found = closeness(matrix, [0.2, 0.1, 0.1, 0.1, 0.2, 0.3], [True, True, True, False, True, True])
    assert found == pytest.approx([0.643, 0.268, 0.613, 0.312], abs=0.001)


def test_the_reference_of_topsis_python() -> None:
    """Four alternatives, the fourth column a cost, after F. Faez, "TOPSIS Method in MADM": closeness to eight digits by the reference of
    TOPSIS-Python (README of github.com/Anant99-sys/topsis)."""
    matrix = [[7.0, 9, 9, 8], [8.0, 7, 8, 7], [9.0, 6, 8, 9], [6.0, 7, 8, 6]]
    found = closeness(matrix, [0.1, 0.4, 0.3, 0.2], [True, True, True, False])
    assert found == pytest.approx([0.74269409, 0.40359933, 0.17586999, 0.44142927], abs=5e-9)


@given(st.lists(SCORES, min_size=2, max_size=8))
def test_a_better_score_never_ranks_lower(rows: list[dict[str, int]]) -> None:
    best = {c.key: 5 if c.better == "higher" else 1 for c in RULES.criteria}
    worst = {c.key: 1 if c.better == "higher" else 5 for c in RULES.criteria}
    found = ranked({**{f"p{n}": [r] for n, r in enumerate(rows)}, "a-best": [best], "z-worst": [worst]}, RULES.criteria)
    places = {p.ref: p for p in found.places}
    assert places["a-best"].rank == 1 and places["a-best"].closeness == 1
    assert places["z-worst"].closeness == 0
    assert all(p.best <= p.rank <= p.worst for p in found.places)
    for p in found.places:
        closer = sum(q.closeness > p.closeness for q in found.places)
        assert p.rank == closer + 1 and p.tied == (sum(q.closeness == p.closeness for q in found.places) > 1)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.lists(SCORES, max_size=3), max_size=6))
def test_the_same_scores_always_say_the_same(scores: dict[str, list[dict[str, int]]]) -> None:
    assert ranked(scores, RULES.criteria) == ranked(dict(reversed(scores.items())), RULES.criteria)
    assert {p.ref for p in ranked(scores, RULES.criteria).places} == {r for r, given in scores.items() if given}


def test_what_is_too_close_to_call_is_said_and_what_is_clear_is_not() -> None:
    even = dict.fromkeys(KEYS, 3)
    near = {**even, "impact": 4, "problem": 2}
    clear = {**dict.fromkeys(KEYS, 5), "coordination": 1, "workload": 1}
    found = ranked({"even": [even], "near": [near], "clear": [clear]}, RULES.criteria)
    assert found.places[0].ref == "clear" and found.places[0].stable == 1
    assert [{p.first, p.second} for p in found.close] == [{"even", "near"}]
    assert all(p.holds < 0.8 for p in found.close)


def test_the_spread_of_opinion_is_shown() -> None:
    split = [dict.fromkeys(KEYS, 3) | {"impact": 1}, dict.fromkeys(KEYS, 3) | {"impact": 5}]
    (place,) = ranked({"a": split}, RULES.criteria).places
    assert (place.spread, place.assessors) == (2, 2)
