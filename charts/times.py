"""Where time went: a bar for each stage, of what was waited for people, worked, held and other."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from charts.drawing import Sheet
from charts.models import Language, TimesChart
from charts.palette import BAND, INK, KEY, LINE, PAGE, QUIET, RESERVE
from charts.places import LABEL, SMALL
from charts.telling import PARTS, description, said, title
from charts.words import cut

ROW, LEFT, RIGHT = 30, 178, 150
_LOOKS: Mapping[str, tuple[str, str]] = {
    "waited": (KEY, ""),
    "worked": (BAND, ""),
    "held": (PAGE, "////"),
    "other": (RESERVE, ""),
}
"""Colour and hatching; the parts follow one another in one order, as in the legend."""


def draw(chart: TimesChart, lang: Language) -> Sheet:
    whole = sum(s.total for s in chart.stages)
    body = max(len(chart.stages), 3) * ROW
    sheet = Sheet(lang, title(chart, lang), said(chart.about, lang), description(chart, lang), body, foot=64)
    if not whole:
        sheet.empty({"ja": "終わった段階はまだありません", "en": "No stage has been finished yet"}[lang])
        return sheet
    axes, most = sheet.axes(LEFT, RIGHT), max(s.total for s in chart.stages)
    axes.set_xlim(0, most)
    axes.set_ylim(body, 0)
    axes.set_yticks([])
    _scale(axes, most)
    for n, stage in enumerate(chart.stages):
        middle, left = n * ROW + ROW / 2, 0.0
        y = sheet.head + middle + 4
        sheet.write(LEFT - 10, y, cut(getattr(stage.stage.title, lang), (LEFT - 26) / LABEL), ha="right")
        for part, (colour, hatch) in _LOOKS.items():
            days = getattr(stage, part)
            if days:
                axes.barh(
                    middle, days, left=left, height=ROW - 9, color=colour, hatch=hatch, edgecolor=QUIET, linewidth=0.8
                )
                left += days
        share = f"{stage.waited / stage.total:.0%}" if stage.total else "–"
        text = {"ja": f"{stage.total:,.0f}日、待ち {share}", "en": f"{stage.total:,.0f} d, waited {share}"}[lang]
        sheet.write(LEFT + (sheet.width - LEFT - RIGHT) * stage.total / most + 7, y, text, size=SMALL, colour=INK)
    sheet.legend(
        [
            Patch(facecolor=colour, hatch=hatch, edgecolor=QUIET, linewidth=0.8, label=getattr(PARTS[part], lang))
            for part, (colour, hatch) in _LOOKS.items()
        ]
    )
    return sheet


def _scale(axes: Axes, most: float) -> None:
    at = [v for v in MaxNLocator(nbins=5, steps=[1, 2, 5, 10]).tick_values(0, most) if 0 <= v <= most]
    axes.set_xticks(at, [f"{v:,.10g}" for v in at])
    axes.grid(axis="x", color=LINE, linewidth=0.7)
    axes.spines["bottom"].set_visible(False)
