"""KPI figures as the lines that people read."""

from __future__ import annotations

from datetime import date

from domain.kpis.attainment import interim_in_force
from domain.kpis.health import percent, shown
from domain.kpis.stopping import number
from figures.portfolio import KpiFigure
from figures.telling import forecast_words
from shell.output import day


def lines(f: KpiFigure, today: date) -> list[str]:
    """One KPI in both languages, a fact a line."""
    aim, last = f.aim, f.levels[-1] if f.levels else None
    colour = {"green": "緑 / green", "amber": "黄 / amber", "red": "赤 / red"}[f.health.colour]
    said = [f"健全度 / health: {colour}"]
    said += [f"  {r.ja} / {r.en}" for r in f.health.reasons]
    if aim.baseline is not None and aim.target is not None:
        since = f"({day(aim.baseline_on)})" if aim.baseline_on else ""
        until = f"({day(aim.target_on)})" if aim.target_on else ""
        said.append(
            f"基準 → 目標 / baseline to target: {number(aim.baseline)}{since} → {number(aim.target)}{aim.unit}{until}"
        )
    if last is not None:
        reached = "" if f.attained is None else f"、達成 / attained {percent(f.attained)}"
        said.append(f"最新 / latest: {number(last.level)}{aim.unit} ({last.period.name}){reached}")
    step = interim_in_force(aim, today)
    if step is not None:
        said.append(f"いま有効な目標 / target in force: {number(step.value)}{aim.unit}({day(step.due)})")
    if f.per_year is not None:
        said.append(f"傾向 / trend: 年に {shown(f.per_year)}{aim.unit} / a year")
    if f.forecast is not None:
        said.append(
            f"予測 / forecast: {day(f.forecast.on)} に {forecast_words(f)}、"
            f"{f.forecast.points}期による / resting on {f.forecast.points} periods"
        )
    elif f.silent is not None:
        said.append(f"予測 / forecast: {f.silent.ja} / {f.silent.en}")
    if f.left_out:
        said.append(f"期間として読めず除いた / left out, no period: {', '.join(f.left_out)}")
    return said
