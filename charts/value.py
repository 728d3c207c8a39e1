"""Value against difficulty: a bubble for each proposal that was scored, its size by the view of digitalisation.

Bubbles carry the numbers of the table. Beyond `MANY` they would hide each other: neighbours are then counted together.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from charts.drawing import Sheet
from charts.models import Bubble, Language, Status, ValueChart
from charts.palette import BLUES, FAINT, INK, KEY, LINE, PAGE, QUIET, RESERVE
from charts.places import LABEL, SMALL
from charts.spots import LISTED, UNIT, spread
from charts.spots import VALUE_BODY as BODY
from charts.spots import VALUE_LEFT as LEFT
from charts.spots import VALUE_RIGHT as RIGHT
from charts.telling import MANY, STATUS, description, in_order, subtitle, title
from charts.words import cut

_STYLES: Mapping[Status, tuple[str, str, str, str]] = {
    "selected": ("o", KEY, KEY, PAGE),
    "open": ("o", PAGE, KEY, KEY),
    "deferred": ("s", RESERVE, QUIET, INK),
    "other": ("^", PAGE, QUIET, INK),
}
"""By result: shape, filling, rim, and the colour of the number within."""


def draw(chart: ValueChart, lang: Language) -> Sheet:
    many = len(chart.bubbles) > MANY
    sheet = Sheet(lang, title(chart, lang), subtitle(chart, lang), description(chart, lang), BODY, foot=72)
    if not chart.bubbles:
        sheet.empty({"ja": "採点された課題はまだありません", "en": "No proposal has been scored yet"}[lang])
        return sheet
    axes = sheet.axes(LEFT, RIGHT)
    _field(axes, lang)
    ordered = in_order(chart.bubbles)
    if many:
        _counted(axes, ordered)
    else:
        _single(axes, ordered)
        present = [s for s in _STYLES if any(b.status == s for b in ordered)]
        sheet.legend([_mark(s, lang) for s in present])
    _list(sheet, ordered, lang)
    return sheet


def _field(axes: Axes, lang: Language) -> None:
    axes.set_xlim(0.5, 5.5)
    axes.set_ylim(0.5, 5.5)
    axes.set_xticks([1, 2, 3, 4, 5])
    axes.set_yticks([1, 2, 3, 4, 5])
    axes.grid(color=LINE, linewidth=0.5)
    axes.axvspan(0.5, 3, ymin=0.5, color=FAINT, linewidth=0)
    for line in (axes.axvline, axes.axhline):
        line(3, color=QUIET, linewidth=1.2)
    axes.set_xlabel({"ja": "難易度 →", "en": "difficulty →"}[lang], color=INK, fontsize=LABEL)
    axes.set_ylabel({"ja": "創出価値 →", "en": "value →"}[lang], color=INK, fontsize=LABEL, labelpad=10)
    corners = (
        (0.56, 5.44, "left", "top", "取り組みやすく価値が高い", "easier, high value"),
        (5.44, 5.44, "right", "top", "難しいが価値が高い", "harder, high value"),
        (0.56, 0.56, "left", "bottom", "取り組みやすいが価値は低い", "easier, low value"),
        (5.44, 0.56, "right", "bottom", "難しく価値は低い", "harder, low value"),
    )
    for x, y, ha, va, ja, en in corners:
        axes.text(x, y, {"ja": ja, "en": en}[lang], ha=ha, va=va, color=QUIET, fontsize=SMALL)


def _single(axes: Axes, ordered: Sequence[Bubble]) -> None:
    """Every bubble in sight: one that had to make room has a line to its place."""
    for n, (b, (size, at, home)) in enumerate(zip(ordered, spread(ordered), strict=True), 1):
        (x, y), (x0, y0) = ((p[0] / UNIT[0], p[1] / UNIT[1]) for p in (at, home))
        if math.dist(at, home) > 4:
            axes.plot([x0, x], [y0, y], color=QUIET, linewidth=0.9, marker=".", markersize=4, markevery=[0], zorder=2)
        marker, face, rim, ink = _STYLES[b.status]
        shown = size * 1.3 if marker == "^" else size
        axes.plot(x, y, marker=marker, markersize=shown, color=face, markeredgecolor=rim, markeredgewidth=1.4, zorder=3)
        lower = shown * 0.12 if marker == "^" else 0
        axes.annotate(
            str(n),
            (x, y),
            xytext=(0, -lower),
            textcoords="offset points",
            ha="center",
            va="center_baseline",
            color=ink,
            fontsize=10,
            zorder=4,
        )


def _counted(axes: Axes, ordered: Sequence[Bubble]) -> None:
    cells = Counter((round(b.difficulty * 2) / 2, round(b.value * 2) / 2) for b in ordered)
    most = max(cells.values())
    for (x, y), n in sorted(cells.items()):
        share = n / most
        strong = share > 0.4
        fill = BLUES[min(int(share * len(BLUES)), len(BLUES) - 1)] if not strong else KEY
        axes.plot(x, y, marker="o", markersize=10 + 30 * math.sqrt(share), color=fill, markeredgecolor=PAGE, zorder=3)
        ink = PAGE if strong else INK
        axes.annotate(str(n), (x, y), ha="center", va="center_baseline", color=ink, fontsize=10, zorder=4)


def _mark(status: Status, lang: Language) -> Line2D:
    marker, face, rim, _ = _STYLES[status]
    style = {
        "marker": marker,
        "markersize": 11,
        "markerfacecolor": face,
        "markeredgecolor": rim,
        "markeredgewidth": 1.4,
    }
    return Line2D([], [], linestyle="none", label=getattr(STATUS[status], lang), **style)  # type: ignore[arg-type]


def _list(sheet: Sheet, ordered: Sequence[Bubble], lang: Language) -> None:
    """The first of them by name; all are in the table."""
    left, ems = sheet.width - RIGHT + 18, (RIGHT - 18 - 16) / SMALL
    head = {"ja": "価値の高い順", "en": "by value"}[lang]
    sheet.write(left, sheet.head + 10, head, colour=QUIET, size=SMALL)
    for n, b in enumerate(ordered[:LISTED], 1):
        sheet.write(left, sheet.head + 10 + n * 25, cut(f"{n} {b.title}", ems), size=SMALL)
    rest = len(ordered) - LISTED
    if rest > 0:
        more = {"ja": f"ほか{rest}件(表を参照)", "en": f"and {rest} more, see the table"}[lang]
        sheet.write(left, sheet.head + 10 + (LISTED + 1) * 25, more, colour=QUIET, size=SMALL)
