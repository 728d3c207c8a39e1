"""The way of a lifecycle: a row for each stage of its process, a bar for each stay, gates, loops back, and holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from charts.drawing import Sheet
from charts.models import Language, MarkKind, TimelineChart
from charts.palette import BAD, FAINT, GOAL, GOOD, INK, KEY, LINE, PAGE, QUIET, RESERVE
from charts.places import LABEL
from charts.spots import ROW, bounds, stay
from charts.spots import TIMELINE_LEFT as LEFT
from charts.spots import TIMELINE_RIGHT as RIGHT
from charts.telling import description, subtitle, title
from charts.words import cut, months

_MARKS: Mapping[MarkKind, tuple[str, str, str, str]] = {
    "passed": ("^", GOOD, "関門を通過", "gate passed"),
    "returned": ("v", BAD, "差戻し", "sent back"),
    "review": ("D", GOAL, "再検討を開始", "review opened"),
    "outcome": ("*", GOAL, "結果の決定", "outcome decided"),
    "closed": ("s", INK, "終結", "closed"),
}


def draw(chart: TimelineChart, lang: Language) -> Sheet:
    rows = {s.key: n for n, s in enumerate(chart.stages)}
    body = max(len(rows), 2) * ROW
    sheet = Sheet(lang, title(chart, lang), subtitle(chart, lang), description(chart, lang), body, foot=72)
    if not chart.visits:
        sheet.empty({"ja": "まだ始まっていません", "en": "It has not begun yet"}[lang])
        return sheet
    axes = sheet.axes(LEFT, RIGHT)
    first, last = bounds(chart)
    span = (last - first).days
    axes.set_xlim(first.toordinal() - span * 0.015, last.toordinal() + span * 0.015)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    been = {v.stage for v in chart.visits}
    axes.set_yticks([])
    for n, s in enumerate(chart.stages):
        if n % 2:
            axes.axhspan(n - 0.5, n + 0.5, color=FAINT, linewidth=0)
        name = cut(getattr(s.title, lang), (LEFT - 28) / LABEL)
        y = sheet.head + (n + 0.5) * body / len(rows) + 4
        sheet.write(LEFT - 10, y, name, colour=INK if s.key in been else QUIET, ha="right")
    sheet.months(axes, months(first, last, 8))
    axes.grid(axis="x", color=LINE, linewidth=0.7)
    _holds(axes, chart)
    _way(axes, chart, rows)
    _stays(axes, chart, rows, span)
    _gates(axes, chart, rows)
    sheet.legend(_legend(chart, rows, lang), columns=4)
    return sheet


def _end(end: date | None, chart: TimelineChart) -> date:
    return end or chart.until


def _holds(axes: Axes, chart: TimelineChart) -> None:
    for h in chart.holds:
        start, end = h.start.toordinal(), max(_end(h.end, chart).toordinal(), h.start.toordinal() + 1)
        axes.axvspan(start, end, facecolor=RESERVE, edgecolor=QUIET, hatch="////", linewidth=0)


def _stays(axes: Axes, chart: TimelineChart, rows: Mapping[str, int], span: int) -> None:
    for v in chart.visits:
        if v.stage not in rows:
            continue
        start, wide = stay(chart, v, span)
        face = KEY if v.end is not None else PAGE
        axes.barh(rows[v.stage], wide, left=start, height=0.46, color=face, edgecolor=KEY, linewidth=1.6, zorder=3)


def _way(axes: Axes, chart: TimelineChart, rows: Mapping[str, int]) -> None:
    """From each stay to the next; the way back is dashed and has an arrow."""
    known = [v for v in chart.visits if v.stage in rows]
    for one, two in pairwise(known):
        here, there, x = rows[one.stage], rows[two.stage], two.start.toordinal()
        if there > here:
            axes.plot([x, x], [here, there], color=QUIET, linewidth=0.9, zorder=2)
        elif there < here:
            axes.annotate(
                "",
                (x, there + 0.26),
                xytext=(x, here - 0.2),
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": BAD,
                    "linewidth": 1.4,
                    "linestyle": (0, (3, 2)),
                    "shrinkA": 0,
                    "shrinkB": 0,
                },
                zorder=4,
            )


def _gates(axes: Axes, chart: TimelineChart, rows: Mapping[str, int]) -> None:
    for m in chart.marks:
        if m.stage in rows:
            shape, colour, _, _ = _MARKS[m.kind]
            size = 15 if shape == "*" else 10
            axes.plot(
                m.on.toordinal(),
                rows[m.stage],
                marker=shape,
                markersize=size,
                color=colour,
                markeredgecolor=PAGE,
                markeredgewidth=1.2,
                zorder=5,
                clip_on=False,
            )


def _legend(chart: TimelineChart, rows: Mapping[str, int], lang: Language) -> list[Line2D | Patch]:
    def word(ja: str, en: str) -> str:
        return {"ja": ja, "en": en}[lang]

    found: list[Line2D | Patch] = []
    if any(v.end is not None for v in chart.visits):
        found.append(Patch(facecolor=KEY, edgecolor=KEY, label=word("済んだ段階", "stage done")))
    if any(v.end is None for v in chart.visits):
        found.append(Patch(facecolor=PAGE, edgecolor=KEY, linewidth=1.6, label=word("今の段階", "stage now")))
    if chart.holds:
        found.append(
            Patch(facecolor=RESERVE, edgecolor=QUIET, hatch="////", linewidth=0, label=word("保留", "on hold"))
        )
    known = [rows[v.stage] for v in chart.visits if v.stage in rows]
    if any(b < a for a, b in pairwise(known)):
        found.append(Line2D([], [], color=BAD, linewidth=1.4, dashes=(3, 2), label=word("戻り", "way back")))
    for kind, (shape, colour, ja, en) in _MARKS.items():
        if any(m.kind == kind for m in chart.marks):
            found.append(Line2D([], [], linestyle="none", marker=shape, markersize=9, color=colour, label=word(ja, en)))
    return found
