"""What is known of a KPI as a document: the same for the shell and for the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from domain.kpis.attainment import by_fiscal_year, expected, interim_in_force
from domain.kpis.health import percent, shown
from domain.kpis.periods import parse
from domain.kpis.stopping import number
from domain.kpis.types import TYPES
from domain.lifecycle.state import Lifecycle
from figures.lifecycles import figures_of
from figures.portfolio import KpiFigure


def told(f: KpiFigure, measurements: Sequence[dict[str, Any]], today: date) -> dict[str, Any]:
    """One KPI with everything that is known of it on a day; `measurements` are the rows of its lifecycle."""
    aim, last = f.aim, f.levels[-1] if f.levels else None
    due, planned = interim_in_force(aim, today), expected(aim, today)
    return {
        **aim.model_dump(mode="json", include=set(type(aim).model_fields)),
        "type_title": f"{TYPES[aim.type].title.ja} / {TYPES[aim.type].title.en}" if aim.type else "",
        "interim_in_force": due.model_dump(mode="json") if due else None,
        "expected": None if planned is None else str(round(planned, 4)),
        "latest": {"period": last.period.name, "value": str(last.value), "level": str(last.level)} if last else None,
        "attained": None if f.attained is None else float(round(f.attained, 6)),
        "on_the_way": None if f.on_the_way is None else float(round(f.on_the_way, 6)),
        "per_year": f.per_year,
        "forecast": f.forecast.model_dump(mode="json") if f.forecast else None,
        "no_forecast": f.silent.model_dump() if f.silent else None,
        "health": f.health.model_dump(),
        "by_fiscal_year": {str(y): str(round(v, 4)) for y, v in by_fiscal_year(aim, _holding(f)).items()},
        "values": _values(f, measurements),
        "left_out": list(f.left_out),
    }


def brief(state: Lifecycle, f: KpiFigure) -> dict[str, Any]:
    """One KPI in a row of the list."""
    last = f.levels[-1] if f.levels else None
    return {
        "id": state.stream,
        "ref": state.ref,
        "title": state.title,
        "kpi": f.aim.key,
        "kpi_title": f.aim.title,
        "unit": f.aim.unit,
        "period": last.period.name if last else None,
        "value": number(last.level) if last else None,
        "attained": None if f.attained is None else float(round(f.attained, 6)),
        "attained_percent": None if f.attained is None else percent(f.attained),
        "forecast": f.forecast.model_dump(mode="json") if f.forecast else None,
        "forecast_words": forecast_words(f),
        "health": f.health.colour,
        "reasons": [r.model_dump() for r in f.health.reasons],
    }


def briefs(states: Sequence[Lifecycle], today: date) -> list[dict[str, Any]]:
    """All KPIs of several lifecycles, in rows of a list."""
    return [brief(state, f) for state, own in zip(states, figures_of(states, today), strict=True) for f in own]


def _holding(f: KpiFigure) -> dict[str, str]:
    return {x.period.name: str(x.value) for x in f.levels}


def _values(f: KpiFigure, measurements: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every period with the value that holds, what it was before, and where it comes from; by the periods' ends."""
    levels = {(x.period.start, x.period.end): str(x.level) for x in f.levels}
    found: dict[str, dict[str, Any]] = {}
    for row in measurements:
        if row["kpi"] != f.aim.key:
            continue
        source = row["source"] or {}
        before = found.get(row["period"])
        found[row["period"]] = {
            "period": row["period"],
            "value": row["value"],
            "was": [*(before["was"] if before else []), before["value"]] if before and row["was"] is not None else [],
            "person": row["person"],
            "source": source.get("source") or (row["imported"] or {}).get("name"),
            "sha256": source.get("sha256"),
            "at": row["at"],
        }
    dated = []
    for value in found.values():
        period = parse(value["period"])
        level = levels.get((period.start, period.end)) if period else None
        dated.append(({**value, "level": level}, period.end if period else date.max))
    return [value for value, _ in sorted(dated, key=lambda d: d[1])]


def forecast_words(f: KpiFigure) -> str:
    """The value expected, with its interval; nothing where there is no forecast."""
    if f.forecast is None:
        return ""
    x = f.forecast
    return f"{shown(x.value)}{f.aim.unit} [{shown(x.low)}〜{shown(x.high)}, {x.level:.0%}]"
