"""What a person sees of a rehearsal: a live board on a terminal, a line a month elsewhere, and the summary at the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text as RichText

from domain.calendar import local_day, wareki
from domain.process import ProcessDefinition
from rehearsal.summary import OUTCOMES, Glance, Summary

_REFRESH = 0.2
"""Seconds between two pictures."""
_WIDEST = 40
"""Blocks of the longest bar."""


class Board:
    """Shows a rehearsal under way. `day_done` is the conductor's `on_day`. `console` None: nothing is shown."""

    def __init__(
        self, look: Callable[[], Glance], process: ProcessDefinition, since: date, until: date, console: Console | None
    ) -> None:
        self._look, self._process = look, process
        self._since, self._until, self._today = since, until, since
        self._console = console
        self._begun = self._shown = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console is not None and self._console.is_terminal:
            self._live = Live(self.picture(), console=self._console, auto_refresh=False, transient=True)
            self._live.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, at)

    def day_done(self, day: date) -> None:
        before, self._today = self._today, day
        if self._live is not None:
            if time.monotonic() - self._shown > _REFRESH:
                self._shown = time.monotonic()
                self._live.update(self.picture(), refresh=True)
        elif self._console is not None and (before.year, before.month // 3) != (day.year, day.month // 3):
            seen = self._look()
            counts = seen.counts
            self._console.print(
                f"{day.isoformat()} {wareki(day)}  "
                f"進行 / running {seen.running}, "
                f"回答 / answers {counts['answers']}, 差戻し / sent back {counts['sent_back']}, "
                f"結果 / results {seen.outcomes.total()}",
                highlight=False,
                soft_wrap=True,
            )

    def picture(self) -> RenderableType:
        """The board as it is now."""
        done, total = (self._today - self._since).days, max(1, (self._until - self._since).days)
        seen = self._look()
        counts, seconds = seen.counts, time.monotonic() - self._begun
        head = Table.grid(padding=(0, 2))
        head.add_row(
            RichText(f"{wareki(self._today)}  {self._today.isoformat()}", style="bold"),
            ProgressBar(total=total, completed=done, width=40),
            f"{counts['events']:,} events  {counts['events'] / max(seconds, 0.1):,.0f}/s  {seconds:,.0f} s",
        )
        figures = (
            f"回答 / answers {counts['answers']:,}   差戻し / sent back {counts['sent_back']}   "
            f"期限後 / late {counts['late']}   報告 / escalated {counts['escalations']}   保留 / holds {counts['holds']}"
        )
        body = Table.grid(padding=(0, 3))
        body.add_row(self._stages(seen), self._results(seen))
        return Panel(
            Group(head, "", body, "", figures, "", *self._latest(seen)),
            title="予行演習 / rehearsal (仮想時間 / virtual time)",
            border_style="cyan",
        )

    def _stages(self, seen: Glance) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 1))
        most = max(seen.by_stage.values(), default=0)
        last = (self._process.wind_down,) if self._process.wind_down else ()
        for stage in (*self._process.stages, *last):
            number = seen.by_stage[stage.key]
            bar = number if most <= _WIDEST else -(-number * _WIDEST // most)
            table.add_row(f"{stage.title.ja}", RichText("█" * bar, style="blue"), str(number) if number else "")
        return table

    def _results(self, seen: Glance) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 1))
        for key in OUTCOMES:
            outcome = self._process.outcome(key)
            if outcome is not None:
                table.add_row(f"{outcome.title.ja} / {outcome.title.en}", str(seen.outcomes[key]))
        table.add_row("第2期以降 / later rounds", str(seen.later_rounds))
        table.add_row("終結 / closed", str(seen.closed))
        return table

    def _latest(self, seen: Glance) -> list[RichText]:
        lines = []
        for at, title, happened in seen.latest[-6:]:
            told = f"{local_day(at).isoformat()}  {title[:24]}  {happened}"
            lines.append(RichText(told, style="dim", no_wrap=True, overflow="ellipsis"))
        return lines


def show_summary(summary: Summary, process: ProcessDefinition, console: Console) -> None:
    """The figures at the end, and where to look further."""
    results = Table(title="結果 / results", title_justify="left")
    results.add_column("取組方針 / outcome")
    results.add_column("件 / number", justify="right")
    for key, number in summary.results.items():
        outcome = process.outcome(key)
        results.add_row(f"{outcome.title.ja} / {outcome.title.en}" if outcome else key, str(number))
    results.add_row("廃案 / dropped", str(summary.closed.get("dropped", 0)))
    waiting = sum(summary.open_by_stage.values())
    results.add_row("進行中 / still open", str(waiting))
    results.add_row("うち第2期以降 / of these in later rounds", str(summary.second_rounds), style="dim")
    stages = Table(title="段階ごとの日数 / time per stage", title_justify="left")
    stages.add_column("段階 / stage")
    stages.add_column("通過 / visits", justify="right")
    stages.add_column("中央値(開庁日) / median, working days", justify="right")
    for row in summary.stages:
        stages.add_row(f"{row.title.ja} / {row.title.en}", str(row.visits), f"{row.median_days:g}")
    console.print(results, stages, sep="\n")
    for text in _figures(summary):
        console.print(text, highlight=False, soft_wrap=True)
    for text in _further(summary):
        console.print(escape(text), highlight=False, soft_wrap=True)


def _figures(s: Summary) -> list[str]:
    lines = [
        f"課題 / lifecycles {s.lifecycles}, 回答 / answers {s.answers:,}, 差戻し / sent back {s.sent_back}, "
        f"異議 / objections {s.objections}, 期限後の回答 / late answers {s.late_answers}, "
        f"督促 / reminders {s.reminders}, 上司への報告 / escalations {s.escalations}, 保留 / holds {s.holds}",
        f"{s.seconds:.1f} 秒 / s, {s.commands:,} commands ({s.commands_per_second:,.0f}/s), {s.events:,} events, "
        f"seed {s.seed}",
    ]
    if s.bodies:
        told = Counter(s.bodies)
        lines.append(
            f"会議 / sessions: 戦略会議 / council {told['council']}, モニタリング会議 / monitoring {told['monitoring']}; "
            f"結論 / conclusions {told['concluded']}, 選定 / selected {told['selected']}, "
            f"持ち越し / kept for the next round {told['deferred']}"
        )
    if s.refusals:
        lines.append("規則による拒否 / refused by a rule: " + ", ".join(f"{k} ×{n}" for k, n in s.refusals.items()))
    if s.verified is not None:
        lines.append("verify: " + ("ok — 記録は完全です / the record is whole" if s.verified else "NOT OK"))
        lines += [f"  {problem}" for problem in s.problems]
    return lines


def _further(s: Summary) -> list[str]:
    if s.store is None:
        return []
    prefix = f"TASKFORCE_DATABASE_URL={s.store} ./taskforce"
    lines = ["", "さらに見る / look further:", f"  {prefix} list"]
    lines += [f"  {prefix} show {stream[:8]}    # {what}" for what, stream in s.look_at.items()]
    if s.bodies:
        lines.append(f"  {prefix} council list    # 会議と結論、資料一式 / sessions, conclusions, packs")
    lines += [f"  {prefix} ui    # Temporal UI を開く / opens the Temporal UI"]
    return lines
