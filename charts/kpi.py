"""A KPI over time against its baseline, interim targets and target, with the forecast and its range."""

from __future__ import annotations

from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from charts.drawing import Sheet
from charts.models import KpiChart, Language, Level
from charts.palette import BAND, GOAL, KEY, LINE, PAGE, QUIET
from charts.places import LABEL, SMALL, apart
from charts.telling import description, title
from charts.words import cut, months, number, width

BODY, RIGHT = 250, 168
_CROWDED = 24
"""Periods beyond which single points are not marked."""


def draw(chart: KpiChart, lang: Language) -> Sheet:
    way = {
        "up": {"ja": "大きいほど良い", "en": "higher is better"},
        "down": {"ja": "小さいほど良い", "en": "lower is better"},
    }
    notes = [way[chart.direction][lang]] if chart.direction else []
    notes += [getattr(chart.about, lang)] if getattr(chart.about, lang) else []
    sheet = Sheet(lang, title(chart, lang), " · ".join(notes), description(chart, lang), BODY, foot=62)
    places = _places(chart)
    values = _values(chart)
    if not values:
        sheet.empty({"ja": "まだ測定値がありません", "en": "Nothing has been measured yet"}[lang])
        return sheet
    low, high = min(values), max(values)
    room = (high - low) * 0.12 or abs(high) * 0.1 or 1.0
    bottom = 0.0 if 0 <= low < (high - low) * 0.6 else low - room
    labels = _tick_texts(bottom, high + room)
    axes = sheet.axes(round(16 + max(map(width, labels)) * SMALL + 8), RIGHT)
    axes.set_ylim(bottom, high + room)
    axes.set_yticks([float(t.replace(",", "")) for t in labels], labels)
    axes.grid(axis="y", color=LINE, linewidth=0.7)
    _horizon(sheet, axes, chart, places)
    _levels(axes, chart)
    _measured(axes, chart, places)
    _labels(axes, chart, lang)
    if not any(p.value is not None for p in chart.points):
        text = {"ja": "まだ測定値がありません", "en": "Nothing has been measured yet"}[lang]
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", color=QUIET, backgroundcolor=PAGE)
    sheet.legend(_legend(chart, lang))
    return sheet


def _places(chart: KpiChart) -> list[float]:
    """Where each point stands: by its day, or by its place in the order when a period's name does not tell the day."""
    if chart.points and all(p.on for p in chart.points):
        return [float(p.on.toordinal()) for p in chart.points if p.on]
    return [float(i) for i in range(len(chart.points))]


def _dated(chart: KpiChart) -> bool:
    return all(p.on for p in chart.points)


def _values(chart: KpiChart) -> list[float]:
    levels = [v.value for v in (chart.baseline, chart.target, *chart.interim) if v is not None]
    ranges = [v for f in chart.forecast for v in (f.low, f.high)] if _dated(chart) else []
    return [*levels, *ranges, *(p.value for p in chart.points if p.value is not None)]


def _tick_texts(low: float, high: float) -> list[str]:
    from matplotlib.ticker import MaxNLocator

    found = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [number(float(v)) for v in found if low <= v <= high]


def _horizon(sheet: Sheet, axes: Axes, chart: KpiChart, places: list[float]) -> None:
    """From the first to the last day that anything is known of, or one place for each period."""
    if not _dated(chart):
        shown = range(0, len(chart.points), max(1, (len(chart.points) + 7) // 8))
        axes.set_xlim(-0.6, len(chart.points) - 0.4)
        axes.set_xticks(list(shown), [cut(chart.points[i].period, 7) for i in shown])
        return
    known = [v.on for v in (chart.baseline, chart.target, *chart.interim) if v is not None and v.on]
    days = sorted([*known, *(p.on for p in chart.points if p.on), *(f.on for f in chart.forecast)])
    if not days:
        axes.set_xticks([])
        return
    span = max((days[-1] - days[0]).days, 60)
    axes.set_xlim(days[0].toordinal() - span * 0.03, days[-1].toordinal() + span * 0.03)
    sheet.months(axes, months(days[0], days[-1], 8))


def _levels(axes: Axes, chart: KpiChart) -> None:
    if chart.baseline is not None:
        axes.axhline(chart.baseline.value, color=QUIET, linewidth=1.2, dashes=(2, 3))
    if chart.target is not None:
        axes.axhline(chart.target.value, color=GOAL, linewidth=1.6, dashes=(7, 3))
    if not _dated(chart):
        return
    way = [v for v in (chart.baseline, *_by_day(chart.interim), chart.target) if v is not None and v.on is not None]
    if len(way) > 1:
        axes.plot(
            [v.on.toordinal() for v in way if v.on], [v.value for v in way], color=GOAL, linewidth=1, dashes=(1, 2)
        )
    steps = [v for v in chart.interim if v.on is not None]
    if steps:
        axes.plot(
            [v.on.toordinal() for v in steps if v.on],
            [v.value for v in steps],
            linestyle="none",
            marker="D",
            markersize=7,
            markerfacecolor=PAGE,
            markeredgecolor=GOAL,
            markeredgewidth=1.6,
        )
    if chart.target is not None and chart.target.on is not None:
        axes.plot([chart.target.on.toordinal()], [chart.target.value], marker="D", markersize=8, color=GOAL)


def _by_day(levels: tuple[Level, ...]) -> list[Level]:
    return sorted((v for v in levels if v.on is not None), key=lambda v: str(v.on))


def _measured(axes: Axes, chart: KpiChart, places: list[float]) -> None:
    """A line through what was measured, broken where a value is missing; the forecast goes on from the last value."""
    known = list(zip(places, chart.points, strict=True))
    if chart.forecast and _dated(chart):
        days = [float(f.on.toordinal()) for f in chart.forecast]
        low, mid, high = ([getattr(f, name) for f in chart.forecast] for name in ("low", "mid", "high"))
        last = next(((x, p.value) for x, p in reversed(known) if p.value is not None), None)
        if last is not None and last[0] < days[0]:
            days, low, mid, high = [last[0], *days], [last[1], *low], [last[1], *mid], [last[1], *high]
        axes.fill_between(days, low, high, color=BAND, linewidth=0)
        axes.plot(days, mid, color=KEY, linewidth=1.6, dashes=(4, 2.5))
    marker = "o" if len(known) <= _CROWDED else ""
    for (there, outdated), run in groupby(known, key=lambda k: (k[1].value is not None, k[1].outdated)):
        part = list(run)
        xs = [x for x, _ in part]
        if there:
            alone = marker or ("o" if len(part) == 1 else "")
            axes.plot(
                xs,
                [p.value or 0.0 for _, p in part],
                color=QUIET if outdated else KEY,
                linewidth=1.2 if outdated else 2.2,
                marker=alone or None,
                markersize=6,
            )
        else:
            floor = axes.get_ylim()[0]
            axes.plot(xs, [floor] * len(xs), linestyle="none", marker="x", markersize=7, color=QUIET, clip_on=False)
    mended = [(x, p.value) for x, p in known if p.corrected and p.value is not None]
    if mended:
        axes.plot(
            [x for x, _ in mended],
            [v for _, v in mended],
            linestyle="none",
            marker="o",
            markersize=9,
            markerfacecolor=PAGE,
            markeredgecolor=KEY,
            markeredgewidth=2.2,
        )


def _labels(axes: Axes, chart: KpiChart, lang: Language) -> None:
    """Beside the axes, at their heights and apart from each other: what each line stands for, with its value."""
    words = {
        "baseline": {"ja": "基準値", "en": "baseline"},
        "target": {"ja": "目標値", "en": "target"},
        "last": {"ja": "最新", "en": "latest"},
        "forecast": {"ja": "見通し", "en": "forecast"},
    }
    entries: list[tuple[float, str, str]] = []
    if chart.baseline is not None:
        entries.append((chart.baseline.value, f"{words['baseline'][lang]} {number(chart.baseline.value)}", QUIET))
    if chart.target is not None:
        entries.append((chart.target.value, f"{words['target'][lang]} {number(chart.target.value)}", GOAL))
    last = next((p.value for p in reversed(chart.points) if p.value is not None and not p.outdated), None)
    if last is not None:
        entries.append((last, f"{words['last'][lang]} {number(last)}", KEY))
    if chart.forecast and _dated(chart):
        f = chart.forecast[-1]
        entries.append((f.mid, f"{words['forecast'][lang]} {number(f.mid)}", KEY))
    low, high = axes.get_ylim()
    wanted = [(v - low) / (high - low) * BODY for v, _, _ in entries]
    for (_, text, colour), y in zip(entries, apart(wanted, LABEL + 5, 4, BODY - 4), strict=True):
        axes.annotate(
            cut(text, (RIGHT - 26) / LABEL),
            (1, y / BODY),
            xycoords="axes fraction",
            xytext=(10, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            fontsize=LABEL,
            annotation_clip=False,
        )


def _legend(chart: KpiChart, lang: Language) -> list[Line2D | Patch]:
    def line(ja: str, en: str, **style: object) -> Line2D:
        return Line2D([], [], label={"ja": ja, "en": en}[lang], **style)  # type: ignore[arg-type]

    found: list[Line2D | Patch] = []
    if any(p.outdated for p in chart.points):
        found.append(
            line("設定し直す前", "before it was set anew", color=QUIET, linewidth=1.2, marker="o", markersize=6)
        )
    if any(p.value is not None and not p.outdated for p in chart.points):
        found.append(line("実績", "measured", color=KEY, linewidth=2.2, marker="o", markersize=6))
    if any(p.corrected for p in chart.points):
        hollow = {"marker": "o", "markersize": 9, "markerfacecolor": PAGE, "markeredgewidth": 2.2}
        found.append(line("訂正した値", "corrected", color=KEY, linestyle="none", **hollow))
    if any(p.value is None for p in chart.points):
        found.append(line("欠測", "missing", color=QUIET, linestyle="none", marker="x", markersize=7))
    if chart.baseline is not None:
        found.append(line("基準値", "baseline", color=QUIET, linewidth=1.2, dashes=(2, 3)))
    if chart.target is not None:
        found.append(line("目標値", "target", color=GOAL, linewidth=1.6, dashes=(7, 3)))
    if any(v.on for v in chart.interim) and _dated(chart):
        diamond = {"marker": "D", "markersize": 7, "markerfacecolor": PAGE, "markeredgewidth": 1.6}
        found.append(line("中間目標", "interim target", color=GOAL, linewidth=1, dashes=(1, 2), **diamond))
    if chart.forecast and _dated(chart):
        found.append(line("見通し", "forecast", color=KEY, linewidth=1.6, dashes=(4, 2.5)))
        found.append(Patch(facecolor=BAND, edgecolor="none", label={"ja": "見通しの幅", "en": "its range"}[lang]))
    return found
