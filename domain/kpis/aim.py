"""What a KPI aims at: from which value, to which, by when, on which way. Made when the KPIs are set."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from domain.kpis.types import TypeKey
from domain.messages import Frozen


class Interim(Frozen):
    """A target on the way: what should have been reached on a day."""

    due: date
    value: Decimal


class Aim(Frozen):
    """`accumulates`: "cumulative" adds what each period brought to the baseline, "point" takes the last value as it is."""

    key: str
    title: str
    unit: str
    type: TypeKey | None = None
    direction: Literal["up", "down"] | None = None
    accumulates: Literal["cumulative", "point"] | None = None
    baseline: Decimal | None = None
    baseline_on: date | None = None
    target: Decimal | None = None
    target_on: date | None = None
    interim: tuple[Interim, ...] = ()
    cadence: Literal["monthly", "quarterly", "half_yearly", "yearly"] | None = None
    lowest: Decimal | None = None
    highest: Decimal | None = None
    rests_on: int | None = None
    """Number of the hypothesis that it tests, from 1."""

    @property
    def cumulative(self) -> bool:
        return self.accumulates == "cumulative"


def aim_fields(content: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an `Aim` out of a KPI of the form; what a form of earlier days lacks stays open."""
    found = {name: content[name] for name in Aim.model_fields if content.get(name) is not None and name != "interim"}
    interim = [i for i in content.get("interim") or () if i.get("due") and i.get("value") is not None]
    return {**found, "interim": tuple({"due": i["due"], "value": i["value"]} for i in interim)}
