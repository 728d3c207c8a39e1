"""Figures of a lifecycle for its dossier: budget by fiscal year, KPIs with what was measured."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from domain.calendar import wareki_fiscal_year
from domain.lifecycle.amounts import NAMES
from domain.lifecycle.state import Lifecycle
from domain.messages import Frozen, Recorded
from domain.written import said
from papers.collecting import Collected
from papers.words import day, yen

_SHOWN = ("asked", "indicated", "voted", "allotted")


class Amount(Frozen):
    """A fiscal year's four amounts, as written; empty where there is none yet."""

    year: str
    asked: str
    indicated: str
    voted: str
    allotted: str


class Record(Frozen):
    """A figure that was recorded: what, how much, by whom and when."""

    what: str
    value: str
    by: str
    note: str = ""
    struck: bool = False
    """It does not hold any more: it was corrected."""


class KpiRow(Frozen):
    key: str
    title: str
    unit: str
    baseline: str
    target: str
    owner: str


class KpiGroup(Frozen):
    """The KPIs of a round and what was measured in it."""

    round: int
    kpis: tuple[KpiRow, ...]
    measured: tuple[Record, ...]


def fiscal(year: int) -> str:
    return f"{wareki_fiscal_year(year)} (FY{year})"


def amounts(state: Lifecycle) -> tuple[Amount, ...]:
    return tuple(
        Amount(year=fiscal(y), **{k: yen(getattr(b, k)) for k in _SHOWN}) for y, b in sorted(state.budgets.items())
    )


def _by(found: Collected, r: Recorded) -> str:
    return f"{day(r.occurred_at)} {found.names.person(r.actor.person)}"


def _imported(event: Any) -> str:
    source = getattr(event, "imported", None)
    return f"移行 / imported: {source.name}" if source is not None else ""


def budget_records(found: Collected) -> tuple[Record, ...]:
    return tuple(
        Record(
            what=f"{fiscal(event.fiscal_year)} {NAMES[event.state]}" + (f" {event.bill}" if event.bill else ""),
            value=yen(event.amount),
            by=_by(found, t.recorded),
            note=_imported(event),
        )
        for t in found.told
        if (event := _event(t.recorded)).type == "BudgetRecorded"
    )


def executed(found: Collected) -> tuple[Record, ...]:
    """執行額, as the monitoring reports that passed state it, by period."""
    return tuple(
        Record(
            what=str(c.document.content.get("period") or ""),
            value=yen(int(spent)),
            by=_by(found, c.submitted),
            note=f"第{c.document.round}期 第{c.document.version}版",
        )
        for c in found.circulations
        if c.in_force and (spent := c.document.content.get("spent")) is not None
    )


def kpi_groups(found: Collected) -> tuple[KpiGroup, ...]:
    """One a round; a setting that never passed its gate sets nothing."""
    rounds: dict[int, list[KpiRow]] = {}
    for c in found.circulations:
        if c.in_force and c.document.content.get("kpis"):
            rounds[c.document.round] = [_kpi(found, k) for k in c.document.content["kpis"]]
    measured = _measurements(found)
    return tuple(
        KpiGroup(round=r, kpis=tuple(rounds.get(r, ())), measured=tuple(measured.get(r, ())))
        for r in sorted({*rounds, *measured})
    )


def _kpi(found: Collected, k: dict[str, Any]) -> KpiRow:
    return KpiRow(
        key=str(k.get("key") or ""),
        title=str(k.get("title") or ""),
        unit=str(k.get("unit") or ""),
        baseline=_number(k.get("baseline")),
        target=_number(k.get("target")) + {"up": " ↑", "down": " ↓"}.get(str(k.get("direction")), ""),
        owner=found.names.person(k.get("owner") or "") or "",
    )


def _number(value: Any) -> str:
    return "" if value is None else f"{Decimal(str(value)):,f}"


def _measurements(found: Collected) -> dict[int, list[Record]]:
    rounds: dict[int, list[Record]] = {}
    for t in found.told:
        event = _event(t.recorded)
        if event.type not in ("MeasurementRecorded", "MeasurementCorrected"):
            continue
        rows = rounds.setdefault(event.round, [])
        what = f"{event.kpi} {event.period}"
        if event.type == "MeasurementCorrected":
            rows[:] = [r.model_copy(update={"struck": True}) if r.what == what else r for r in rows]
        source = f"{event.source.source} {day(event.source.date)}".strip() if event.source else ""
        notes = (
            source,
            said(event),
            _imported(event),
            "訂正 / corrected" if event.type == "MeasurementCorrected" else "",
        )
        rows.append(
            Record(
                what=what,
                value=_number(event.value),
                by=_by(found, t.recorded),
                note="、".join(n for n in notes if n),
            )
        )
    return rounds


def _event(r: Recorded) -> Any:
    return r.event
