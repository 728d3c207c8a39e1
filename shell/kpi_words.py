"""KPI figures as documents, and as the lines that people read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from domain.kpis.attainment import by_fiscal_year, expected, interim_in_force
from domain.kpis.health import percent, shown
from domain.kpis.stopping import number
from domain.kpis.types import TYPES
from domain.lifecycle.state import Lifecycle
from figures.portfolio import KpiFigure
from shell.output import day


def told(f: KpiFigure, measurements: Sequence[dict[str, Any]], today: date) -> dict[str, Any]:
    """One KPI with everything that is known of it; `measurements` are the rows of its lifecycle."""
    aim, last = f.aim, f.levels[-1] if f.levels else None
    due, planned = interim_in_force(aim, today), expected(aim, today)
    document = {
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
    return {**document, "lines": _lines(f, today)}


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
        "forecast_words": _forecast(f),
        "health": f.health.colour,
        "reasons": [r.model_dump() for r in f.health.reasons],
    }


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
    from domain.kpis.periods import parse

    dated = []
    for value in found.values():
        period = parse(value["period"])
        level = levels.get((period.start, period.end)) if period else None
        dated.append(({**value, "level": level}, period.end if period else date.max))
    return [value for value, _ in sorted(dated, key=lambda d: d[1])]


def _lines(f: KpiFigure, today: date) -> list[str]:
    aim, last = f.aim, f.levels[-1] if f.levels else None
    colour = {"green": "緑 / green", "amber": "黄 / amber", "red": "赤 / red"}[f.health.colour]
    lines = [f"健全度 / health: {colour}"]
    lines += [f"  {r.ja} / {r.en}" for r in f.health.reasons]
    if aim.baseline is not None and aim.target is not None:
        since = f"({day(aim.baseline_on)})" if aim.baseline_on else ""
        until = f"({day(aim.target_on)})" if aim.target_on else ""
        lines.append(
            f"基準 → 目標 / baseline to target: {number(aim.baseline)}{since} → {number(aim.target)}{aim.unit}{until}"
        )
    if last is not None:
        reached = "" if f.attained is None else f"、達成 / attained {percent(f.attained)}"
        lines.append(f"最新 / latest: {number(last.level)}{aim.unit} ({last.period.name}){reached}")
    step = interim_in_force(aim, today)
    if step is not None:
        lines.append(f"いま有効な目標 / target in force: {number(step.value)}{aim.unit}({day(step.due)})")
    if f.per_year is not None:
        lines.append(f"傾向 / trend: 年に {shown(f.per_year)}{aim.unit} / a year")
    if f.forecast is not None:
        lines.append(
            f"予測 / forecast: {day(f.forecast.on)} に {_forecast(f)}、{f.forecast.points}期による / resting on {f.forecast.points} periods"
        )
    elif f.silent is not None:
        lines.append(f"予測 / forecast: {f.silent.ja} / {f.silent.en}")
    if f.left_out:
        lines.append(f"期間として読めず除いた / left out, no period: {', '.join(f.left_out)}")
    return lines


def _forecast(f: KpiFigure) -> str:
    if f.forecast is None:
        return ""
    x = f.forecast
    return f"{shown(x.value)}{f.aim.unit} [{shown(x.low)}〜{shown(x.high)}, {x.level:.0%}]"
