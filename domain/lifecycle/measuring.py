"""Measured values: who may record one, what it may be, under which period it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import Field

from domain.calendar import local_day, wareki
from domain.deliverables.base import Evidence
from domain.facts import Facts
from domain.kpis.periods import parse
from domain.kpis.types import outside, unusable
from domain.lifecycle import events as e
from domain.lifecycle import sunset
from domain.lifecycle.authority import may_measure
from domain.lifecycle.commands import LifecycleCommand, RecordMeasurement
from domain.lifecycle.state import Kpi, Lifecycle
from domain.messages import Actor, Command, Event, refuse


class TakeMeasurement(LifecycleCommand):
    """A value that a feed fetched: recorded like one that a person typed, with its address and the sha256 of the answer."""

    type = "TakeMeasurement"
    system_only = True
    kpi: str
    period: str = Field(min_length=1, max_length=20)
    value: Decimal
    source: Evidence


def _measure(
    state: Lifecycle, command: RecordMeasurement, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    kpi = known_kpi(state, command.kpi)
    may_measure(actor, state, kpi.owner, facts, now)
    return _recorded(state, kpi, command, command.note, facts, now)


def _take(state: Lifecycle, command: TakeMeasurement, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    return _recorded(state, known_kpi(state, command.kpi), command, "", facts, now)


def _recorded(
    state: Lifecycle,
    kpi: Kpi,
    command: RecordMeasurement | TakeMeasurement,
    note: str,
    facts: Facts,
    now: datetime,
) -> list[Event]:
    require_value(kpi, command.value)
    period = _new_period(state, kpi, command.period, local_day(now))
    measured = e.MeasurementRecorded(
        kpi=kpi.key, period=period, value=command.value, round=state.round, source=command.source, note=note
    )
    return [measured, *sunset.after_value(state, kpi.key, period, command.value, facts, now)]


def known_kpi(state: Lifecycle, key: str) -> Kpi:
    """Raises `Refused` (kpi-unknown) with the keys that there are."""
    kpi = next((k for k in state.kpis if k.key == key), None)
    if kpi is None:
        known = ", ".join(k.key for k in state.kpis) or "-"
        raise refuse(
            "kpi-unknown",
            f"kpi: {key} という KPI はありません(定められたもの: {known})",
            f"kpi: there is no KPI {key!r}; set are: {known}",
            remedy_ja="定められた KPI の記号を使ってください",
            remedy_en="use the key of a KPI that has been set",
        )
    return kpi


def require_value(kpi: Kpi | None, value: Decimal, field: str = "value") -> None:
    """Raises `Refused` for what is no number, too long to be reckoned with, or cannot be a value of the KPI's type."""
    if (no_value := unusable(value)) is not None:
        shown = f"{value}"[:60]
        raise refuse(
            "value-not-a-number",
            f"{field}: {shown} は{no_value.ja}",
            f"{field}: {shown} is {no_value.en}",
            remedy_ja="数値と桁数を確かめてください",
            remedy_en="give a finite number, and check its digits",
        )
    why = outside(kpi.type, kpi.unit, value, kpi.lowest, kpi.highest) if kpi is not None else None
    if kpi is not None and why is not None:
        raise refuse(
            "value-out-of-range",
            f"value: {kpi.title} の {value} は{why.ja}",
            f"value: {value} for {kpi.key} is {why.en}",
            remedy_ja="値と単位を確かめてください",
            remedy_en="check the value and its unit",
        )


def stored_name(state: Lifecycle, kpi: str, period: str) -> str | None:
    """The name under which a KPI has a value for a period (令和7年度 and FY2025 are one), or None."""
    values = state.values.get(kpi, {})
    if period in values:
        return period
    meant = parse(period)
    if meant is None:
        return None
    same = (name for name in values if (p := parse(name)) is not None and (p.start, p.end) == (meant.start, meant.end))
    return next(same, None)


def _new_period(state: Lifecycle, kpi: Kpi, period: str, today: date) -> str:
    known = stored_name(state, kpi.key, period)
    if known is not None:
        value = state.values[kpi.key][known]
        raise refuse(
            "measured-already",
            f"period: {kpi.key} の {period} は {value} と記録されています",
            f"period: {kpi.key} has the value {value} for {period!r} already",
            remedy_ja="誤りなら `./taskforce measure --correct --reason` で訂正してください(元の値は残ります)",
            remedy_en="if it is wrong, correct it with `./taskforce measure --correct --reason`; the original stays",
        )
    meant = parse(period)
    if meant is not None and meant.start > today:
        raise refuse(
            "period-to-come",
            f"period: {period} はまだ始まっていません({wareki(meant.start)}から)",
            f"period: {period} has not begun; it starts on {meant.start.isoformat()}",
            remedy_ja="測った期間を書いてください",
            remedy_en="give the period that was measured",
        )
    if kpi.type is None:
        return period
    if meant is None:
        raise refuse(
            "period-unknown",
            f"period: {period} は期間として読めません",
            f"period: {period!r} cannot be read as a period",
            remedy_ja="2026-Q1、2026-04、2026、FY2025、令和7年度 のように書いてください",
            remedy_en="write it like 2026-Q1, 2026-04, 2026, FY2025 or 令和7年度",
        )
    if kpi.cumulative:
        _no_overlap(state, kpi, meant.name)
    return meant.name


def _no_overlap(state: Lifecycle, kpi: Kpi, period: str) -> None:
    """What is added up must not be counted twice: a month, and the quarter that holds it."""
    meant = parse(period)
    for name in state.values.get(kpi.key, {}):
        other = parse(name)
        if meant is not None and other is not None and other.start <= meant.end and meant.start <= other.end:
            raise refuse(
                "period-overlaps",
                f"period: {period} は記録済みの {name} と重なります(累計の KPI)",
                f"period: {period} overlaps {name}, which is recorded; this KPI adds its periods up",
                remedy_ja="重ならない期間で記録してください",
                remedy_en="record periods that do not overlap",
            )


COMMANDS: dict[str, type[Command]] = {TakeMeasurement.type: TakeMeasurement}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    RecordMeasurement: _measure,
    TakeMeasurement: _take,
}


# --- folds -----------------------------------------------------------------------------------------------------------

Values = Mapping[str, Mapping[str, str]]
"""KPI -> period -> value."""


def together(before: Values, after: Values) -> dict[str, dict[str, str]]:
    """Values of two times; of one period the later."""
    return {
        kpi: {**before.get(kpi, {}), **after.get(kpi, {})} for kpi in (*before, *(k for k in after if k not in before))
    }


def set_anew(state: Lifecycle, kpis: Sequence[Kpi]) -> dict[str, Any]:
    """What KPIs that are set do to the values of earlier rounds: they count on where what gives them their meaning is the same."""
    known, now = {k.key: _meaning(k) for k in state.kpis}, {k.key: _meaning(k) for k in kpis}
    same = {key for key in now if known.get(key) == now[key]}
    gone = {key: values for key, values in state.earlier.items() if key not in same}
    kept = {key: values for key, values in state.earlier.items() if key in same}
    return {"earlier": kept, "outdated": together(state.outdated, gone)}


def _meaning(kpi: Kpi) -> tuple[Any, ...]:
    return kpi.unit, kpi.type, kpi.direction, kpi.accumulates, kpi.baseline, kpi.baseline_on
