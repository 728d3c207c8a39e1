"""What-if as those know it who ask and who show what was found: the question, the answer, and what is otherwise. Pages and the API know
the rehearsal by this and by `asking`; the reckoning itself is a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, WithJsonSchema, model_validator

from domain.messages import Frozen, Misfit, Text, unstorable
from domain.process import ProcessDefinition

ALL = "all"
"""Stands for every role."""
MOST_PLAYED = 1_000
"""Of more running lifecycles pages and the API play an even choice of so many; the shell plays them all."""
NOTABLE = 5
"""Working days by which a lifecycle must come later or earlier to count as changed (ours)."""
Effect = Literal["same", "later", "earlier", "other_way", "impossible"]
Named = Annotated[str, Field(max_length=200)]
Document = Annotated[
    ProcessDefinition,
    WithJsonSchema({"type": "object", "description": "A process definition; its shape is `GET /definitions/schema`"}),
]


class Supposition(Frozen):
    """What if. `definition`: a published version such as himeji@2, or `document` another definition; running lifecycles of its name move
    there. `without`: steps left out, each as `stage/step`. `pace`: role (or `all`) -> how many times as long its people take.
    `capacity`: role -> how many matters each of its posts has in hand at a time. `deadlines`: days on which requests for the budget
    close, else those of the fiscal calendar; `until`: the last day played, else the end of the next fiscal year."""

    definition: Named | None = None
    document: Document | None = None
    without: tuple[Named, ...] = Field((), max_length=200)
    pace: dict[Named, FiniteFloat] = Field({}, max_length=100)
    capacity: dict[Named, int] = Field({}, max_length=100)
    deadlines: tuple[date, ...] = Field((), max_length=20)
    until: date | None = None
    seed: int = Field(1, ge=0, le=999_999_999)

    @model_validator(mode="after")
    def _storable(self) -> Supposition:
        if (text := unstorable(self)) is not None:
            raise Misfit(
                f"{text[:80]!r} に保存できない文字があります。消してください",
                f"{text[:80]!r} holds a character that cannot be stored; remove it",
            )
        return self


class Shift(Frozen):
    """One lifecycle in both runs. `way` and `would`: the stages from here on. `days`: working days by which it comes later (negative:
    earlier) to the last stage that both runs reach. `window` and `would_window`: the deadline that it reaches with its budget request
    (None: none within the time played, or its request is behind it)."""

    stream: str
    ref: str
    title: str
    stage: str
    effect: Effect
    days: int
    way: tuple[str, ...]
    would: tuple[str, ...]
    window: date | None
    would_window: date | None
    misses: bool
    why: tuple[Text, ...]


class WhatIf(Frozen):
    """`changes`: what is otherwise, in words. `scripted`: people, their pace and how reviews end are made up (台本); the lifecycles
    and the rules are not. `left_out`: lifecycles that cannot be played on. `known`: how many run, where an even choice of them was
    played."""

    since: datetime
    until: date
    seed: int
    deadlines: tuple[date, ...]
    changes: tuple[Text, ...]
    lifecycles: int
    effects: dict[Effect, int]
    misses: int
    reaches_earlier: int
    shifts: tuple[Shift, ...]
    """Those that change or miss a window; all others stay as they are."""
    left_out: tuple[str, ...]
    scripted: bool = True
    known: int | None = None


@dataclass(frozen=True)
class Change:
    """What is otherwise. `definition`: the process that running lifecycles move to. `pace`: role -> how many times as long its
    people take (2: twice as slow). `capacity`: role -> how many matters each of its posts has in hand at a time."""

    definition: ProcessDefinition | None = None
    pace: Mapping[str, float] = field(default_factory=dict)
    capacity: Mapping[str, int] = field(default_factory=dict)
