"""Cumulative flow: how many lifecycles were at each stage, those that have ended below, the first stage on top."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from charts.drawing import Sheet
from charts.models import FlowChart, Language
from charts.palette import BLUES, ENDED, INK, LINE, OCHRES, PAGE, QUIET, ramp
from charts.places import LABEL, SMALL
from charts.spots import FLOW_BODY as BODY
from charts.spots import FLOW_RIGHT as RIGHT
from charts.spots import labels
from charts.telling import description, subtitle, title
from charts.words import cut, months, width


def draw(chart: FlowChart, lang: Language) -> Sheet:
    sheet = Sheet(lang, title(chart, lang), subtitle(chart, lang), description(chart, lang), BODY, foot=30)
    if not chart.days or not (any(map(any, chart.counts)) or any(chart.ended)):
        sheet.empty({"ja": "課題はまだありません", "en": "There are no lifecycles yet"}[lang])
        return sheet
    bands = _bands(chart, lang)
    total = [sum(column) for column in zip(*(counts for _, counts, _ in bands), strict=True)]
    top = max(total) * 1.05
    axes = sheet.axes(round(16 + width(f"{max(total):,}") * SMALL + 8), RIGHT)
    days = [float(d.toordinal()) for d in chart.days]
    if len(days) == 1:  # one day is drawn as a strip
        days, bands = [days[0] - 1, days[0]], [(t, [*c, *c], f) for t, c, f in bands]
    axes.set_xlim(days[0], days[-1])
    axes.set_ylim(0, top)
    _ticks(axes, top)
    sheet.months(axes, months(chart.days[0], chart.days[-1], 7))
    axes.stackplot(days, [c for _, c, _ in bands], colors=[f for _, _, f in bands], edgecolor=PAGE, linewidth=0.8)
    axes.plot(days, [sum(c) for c in zip(*(c for _, c, _ in bands), strict=True)], color=QUIET, linewidth=1.2)
    _labels(sheet, [(t, c[-1], f) for t, c, f in bands], top)
    return sheet


def _bands(chart: FlowChart, lang: Language) -> list[tuple[str, list[int], str]]:
    """Name, counts and colour of each band, from below; stages that nobody ever was at are left out."""
    found = [({"ja": "終結", "en": "ended"}[lang], list(chart.ended), ENDED)] if any(chart.ended) else []
    phases = {p: [s.key for s in chart.stages if s.phase == p] for p in dict.fromkeys(s.phase for s in chart.stages)}
    ramps = dict(zip(phases, (BLUES, OCHRES), strict=False))
    for stage, counts in reversed(list(zip(chart.stages, chart.counts, strict=True))):
        if any(counts):
            of = phases[stage.phase]
            colours = ramps.get(stage.phase, BLUES)
            found.append((getattr(stage.title, lang), list(counts), ramp(colours, of.index(stage.key), len(of))))
    return found


def _ticks(axes: Axes, top: float) -> None:
    from matplotlib.ticker import MaxNLocator

    at = [int(v) for v in MaxNLocator(nbins=6, integer=True).tick_values(0, top) if 0 <= v <= top]
    axes.set_yticks(at, [f"{v:,}" for v in at])
    axes.grid(axis="y", color=LINE, linewidth=0.7)


def _labels(sheet: Sheet, bands: Sequence[tuple[str, int, str]], top: float) -> None:
    """Each band by name, number and colour, with a line to where it ends."""
    edge, bottom = sheet.width - RIGHT, sheet.head + BODY
    for (name, n, colour), (middle, y) in zip(bands, labels([n for _, n, _ in bands], top), strict=True):
        if n:
            sheet.stroke([edge + 3, edge + 20], [bottom - middle, bottom - y], QUIET)
        sheet.block(edge + 24, bottom - y, 10, colour)
        text = f"{cut(name, (RIGHT - 90) / LABEL)} {n:,}"
        sheet.write(edge + 40, bottom - y + 4, text, colour=INK if n else QUIET)
