"""What is measured and what it should reach: the figures, their targets, the arithmetic, the table and the results file."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict
from rich.table import Table

Better = Literal["higher", "lower"]


class Goal(BaseModel):
    """`target` is for the ratio of figure to floor; for the value itself where `floored` is False; None: only reported."""

    model_config = ConfigDict(frozen=True)

    unit: str
    better: Better
    target: float | None
    ja: str
    en: str
    floored: bool = True


class Figure(BaseModel):
    """One line of the results. `ratio` is value / floor; `met` is None where there is no target."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: float
    unit: str
    floor: float | None
    ratio: float | None
    better: Better
    target: float | None
    met: bool | None
    measured_at: str = ""
    """UTC, to the second."""


def _goal(unit: str, better: Better, target: float | None, ja: str, en: str, *, floored: bool = True) -> Goal:
    return Goal(unit=unit, better=better, target=target, ja=ja, en=en, floored=floored)


GOALS: dict[str, Goal] = {
    "record_sqlite": _goal("ms", "lower", 3, "SQLiteへの回答1件", "one answer on SQLite"),
    "record_postgres": _goal("ms", "lower", 3, "PostgreSQLへの回答1件", "one answer on PostgreSQL"),
    "record_postgres_8": _goal("answers/s", "higher", 1, "8プロセスから", "from 8 processes"),
    "record_postgres_8_late": _goal(
        "answers/s",
        "higher",
        None,
        "同、末尾を最後に取る下限に対して",
        "the same, against a floor that takes the head last",
    ),
    "record_postgres_grouped": _goal("answers/s", "higher", 2, "1プロセスがまとめて", "one process that groups"),
    "rebuild": _goal("events/s", "higher", 0.1, "読み取り表の作り直し", "read models made again"),
    "verify": _goal("events/s", "higher", 0.2, "記録の検証", "the record verified"),
    "answers_followed": _goal("answers/s", "higher", 1.3, "20人同時、追従まで", "20 at once, until followed"),
    "ack_p99": _goal("ms", "lower", None, "20人同時の受付、99%点", "acknowledged, 20 at once, p99", floored=False),
    "follow_lag": _goal("ms", "lower", 1.7, "確定から追従まで、中央値", "commit to followed, p50"),
    "history_events": _goal("events/answer", "lower", 16, "回答1件の履歴", "history of one answer", floored=False),
    "start_rate": _goal("starts/s", "higher", 0.5, "開始(記録と起動)", "started: recorded and woken"),
    "start_followed_rate": _goal("starts/s", "higher", None, "開始、追従まで", "started, until followed"),
    "route_9": _goal(
        "ms", "lower", 1.5, "9段の経路の最後の回答から次の段階まで", "last of nine steps to the next stage"
    ),
    "inbox_10000": _goal("ms", "lower", 1.5, "1万件が待つときの受信箱", "an inbox with 10,000 open"),
    "session_close_200": _goal(
        "ms", "lower", None, "200件の会議の閉会、1件あたり", "a session with 200 items closed, an item"
    ),
    "pack_500": _goal("s", "lower", None, "500件の会議の資料一式", "the pack of a meeting on 500 projects"),
    "pack_500_memory": _goal("MB", "lower", None, "同、最大メモリ", "its peak memory"),
    "page_inbox": _goal("ms", "lower", None, "10万件のときの受信箱、95%点", "inbox page at 100,000 lifecycles, p95"),
    "page_board": _goal("ms", "lower", None, "同、一覧盤", "board, the same"),
    "page_lifecycle": _goal("ms", "lower", None, "同、個票", "a lifecycle's page, the same"),
    "page_search": _goal("ms", "lower", None, "同、検索", "search, the same"),
    "readers_200": _goal("ms", "lower", None, "200人が読み20人が答えるとき、95%点", "200 readers while 20 answer, p95"),
    "whatif": _goal(
        "lifecycles/s", "higher", 0.4, "もしもの試算(2度演じて比べる)", "what-if: played twice and told apart"
    ),
    "kpi_refresh": _goal(
        "ms", "lower", 15, "1,000事業・60期のKPIと健全度", "KPIs and health of 1,000 projects, 60 periods"
    ),
    "idle_memory": _goal("MB", "lower", 1.5, "開いたまま待つ件のメモリ", "memory of what is open and waits"),
}
"""Every figure, in the order of the table."""


def figure(name: str, values: Sequence[float], floors: Sequence[float] = ()) -> Figure:
    """The medians of the rounds, and their ratio, held against the goal. One value and one floor a round."""
    goal = GOALS[name]
    value = statistics.median(values)
    floor = statistics.median(floors) if floors else None
    ratio = value / floor if floor else None
    judged = ratio if goal.floored else value
    met = None
    if goal.target is not None and judged is not None:
        met = judged >= goal.target if goal.better == "higher" else judged <= goal.target
    return Figure(
        name=name,
        value=_short(value),
        unit=goal.unit,
        floor=None if floor is None else _short(floor),
        ratio=None if ratio is None else _short(ratio),
        better=goal.better,
        target=goal.target,
        met=met,
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _short(number: float) -> float:
    """Four significant digits: more would be noise."""
    return float(f"{number:.4g}")


def write_results(figures: Sequence[Figure], path: Path) -> None:
    """A list of figures as JSON. Those of an earlier run that were not measured now stay, with the time of theirs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {f.name: f for f in _written(path)} | {f.name: f for f in figures}
    order = list(GOALS)
    text = json.dumps([known[name].model_dump() for name in order if name in known], ensure_ascii=False, indent=1)
    path.write_text(text + "\n", "utf-8")


def _written(path: Path) -> list[Figure]:
    """The figures of an earlier run; none where there is none, or it cannot be read."""
    try:
        return [Figure.model_validate(f) for f in json.loads(path.read_text("utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def table(figures: Sequence[Figure]) -> Table:
    """The figures as people read them."""
    shown = Table(title="計測 / bench", title_justify="left")
    shown.add_column("項目 / figure")
    for heading in ("値 / value", "下限 / floor", "比 / ratio", "目標 / target"):
        shown.add_column(heading, justify="right")
    shown.add_column("")
    for f in figures:
        goal = GOALS[f.name]
        sign = "≥" if f.better == "higher" else "≤"
        shown.add_row(
            f"{f.name}\n[dim]{goal.ja} / {goal.en}[/dim]",
            f"{f.value:,g} {f.unit}",
            "" if f.floor is None else f"{f.floor:,g}",
            "" if f.ratio is None else f"{f.ratio:.2f}",
            "" if f.target is None else f"{sign} {f.target:g}",
            {None: "", True: "[green]達成 / met[/green]", False: "[red]未達 / missed[/red]"}[f.met],
        )
    return shown
