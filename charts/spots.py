"""Where the marks of a picture stand that lead to what is behind them: bubbles, bands with their labels, bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta

from charts.models import Bubble, Chart, FlowChart, Language, TimelineChart, ValueChart, Visit
from charts.places import LABEL, MARGIN, SMALL, WIDTH, apart, head_of
from charts.telling import MANY, in_order, subtitle, title
from charts.words import width
from domain.messages import Frozen

VALUE_BODY, VALUE_LEFT, VALUE_RIGHT = 420, 70, 190
FLOW_BODY, FLOW_RIGHT = 340, 236
TIMELINE_LEFT, TIMELINE_RIGHT, ROW = 178, 24, 30
LISTED = 14
"""Proposals told by name beside the bubbles."""
UNIT = ((WIDTH - VALUE_LEFT - VALUE_RIGHT) / 5, VALUE_BODY / 5)
"""Pixels that one point of a score takes."""
_LEAST = 24
"""Pixels that can be hit with a finger."""


class Spot(Frozen):
    """A mark: `number` of the bubble, the stage (behind the stages: what has ended) or the stay; `path`: its outline."""

    number: int
    path: str


class Spots(Frozen):
    width: int
    height: int
    found: tuple[Spot, ...] = ()


def spots(chart: Chart, lang: Language) -> Spots:
    """The marks of a picture as it is drawn; none for pictures whose marks lead nowhere."""
    head = head_of(title(chart, lang), subtitle(chart, lang))
    if isinstance(chart, ValueChart):
        return Spots(width=WIDTH, height=head + VALUE_BODY + 72 + MARGIN, found=tuple(_bubbles(chart, head)))
    if isinstance(chart, FlowChart):
        return Spots(width=WIDTH, height=head + FLOW_BODY + 30 + MARGIN, found=tuple(_bands(chart, head)))
    if isinstance(chart, TimelineChart):
        body = max(len(chart.stages), 2) * ROW
        return Spots(width=WIDTH, height=head + body + 72 + MARGIN, found=tuple(_bars(chart, head, body)))
    return Spots(width=0, height=0)


def _box(x: float, y: float, wide: float, high: float) -> str:
    return f"M{x:.0f} {y:.0f}h{wide:.0f}v{high:.0f}h{-wide:.0f}z"


def _around(x: float, y: float, wide: float, high: float) -> str:
    """A box with its middle there, large enough to be hit."""
    wide, high = max(wide, _LEAST), max(high, _LEAST)
    return _box(x - wide / 2, y - high / 2, wide, high)


# --- value -----------------------------------------------------------------------------------------------------------


def _bubbles(chart: ValueChart, head: int) -> list[Spot]:
    ordered = in_order(chart.bubbles)
    if len(ordered) > MANY:
        left, wide = WIDTH - VALUE_RIGHT + 14, VALUE_RIGHT - 26
        rows = range(min(LISTED, len(ordered)))
        return [Spot(number=n, path=_box(left, head + 10 + (n + 1) * 25 - 17, wide, _LEAST)) for n in rows]
    return [
        Spot(number=n, path=_round(VALUE_LEFT + x - UNIT[0] / 2, head + VALUE_BODY + UNIT[1] / 2 - y, size / 2 + 2))
        for n, (size, (x, y), _) in enumerate(spread(ordered))
    ]


def _round(x: float, y: float, r: float) -> str:
    r = max(r, _LEAST / 2)
    return f"M{x - r:.1f} {y:.1f}a{r:.1f} {r:.1f} 0 1 0 {2 * r:.1f} 0a{r:.1f} {r:.1f} 0 1 0 {-2 * r:.1f} 0z"


Place = tuple[float, float]


def spread(ordered: Sequence[Bubble]) -> list[tuple[float, Place, Place]]:
    """Of each bubble its size, where it is drawn, and where it belongs, in pixels from the scores 0."""
    sizes = [15 + 2.4 * ((b.digital or 3.0) - 1) for b in ordered]
    true = [(b.difficulty * UNIT[0], b.value * UNIT[1]) for b in ordered]
    return list(zip(sizes, _apart(true, sizes), true, strict=True))


def _apart(places: Sequence[tuple[float, float]], sizes: Sequence[float]) -> list[tuple[float, float]]:
    """The places in pixels, moved until no two bubbles cover each other (or nearly so): each pair that does is pushed apart."""
    low, high = 0.75, 5.25
    # Bubbles at one place go off in different directions: the golden angle has no two alike.
    now = [(x + 0.5 * math.cos(i * 2.4), y + 0.5 * math.sin(i * 2.4)) for i, (x, y) in enumerate(places)]
    for _ in range(80):
        moved = False
        for i in range(len(now)):
            for j in range(i):
                dx, dy = now[i][0] - now[j][0], now[i][1] - now[j][1]
                gap, wanted = math.hypot(dx, dy), (sizes[i] + sizes[j]) / 2 + 2
                if gap < wanted:
                    moved, push = True, (wanted - gap) / 2 / (gap or 1)
                    now[i] = (now[i][0] + dx * push, now[i][1] + dy * push)
                    now[j] = (now[j][0] - dx * push, now[j][1] - dy * push)
        now = [(min(max(x, low * UNIT[0]), high * UNIT[0]), min(max(y, low * UNIT[1]), high * UNIT[1])) for x, y in now]
        if not moved:
            break
    return now


# --- flow ------------------------------------------------------------------------------------------------------------


def labels(counts: Sequence[int], top: float) -> list[tuple[float, float]]:
    """The middle of each band on the last day, and where its label stands, in pixels from below."""
    below, middles = 0.0, []
    for n in counts:
        middles.append((below + n / 2) / top * FLOW_BODY)
        below += n
    gap = min(LABEL + 8, (FLOW_BODY - 8) / max(len(counts) - 1, 1))
    return list(zip(middles, apart(middles, gap, 4, FLOW_BODY - 4), strict=True))


def _bands(chart: FlowChart, head: int) -> list[Spot]:
    """Each band with its label, from below: what has ended, then the last stage up to the first."""
    bands = [(len(chart.stages) + 1, chart.ended)] if any(chart.ended) else []
    bands += [(n + 1, chart.counts[n]) for n in reversed(range(len(chart.stages))) if any(chart.counts[n])]
    if not bands or not chart.days:
        return []
    most = max(sum(column) for column in zip(*(c for _, c in bands), strict=True))
    top, bottom, edge = most * 1.05, head + FLOW_BODY, WIDTH - FLOW_RIGHT
    left = round(16 + width(f"{most:,}") * SMALL + 8)
    days = [d.toordinal() for d in chart.days]
    across = (edge - left) / ((days[-1] - days[0]) or 1)
    at = [left + (d - days[0]) * across for d in days] if len(days) > 1 else [left, edge]
    below = [0] * len(days)
    found = []
    for (n, counts), (_, y) in zip(bands, labels([c[-1] for _, c in bands], top), strict=True):
        above = [b + c for b, c in zip(below, counts, strict=True)]
        outline = _outline(at, [[bottom - v / top * FLOW_BODY for v in line] for line in (above, below)])
        found.append(Spot(number=n, path=outline + _box(edge + 20, bottom - y - 9, FLOW_RIGHT - 36, 18)))
        below = above
    return found


def _outline(at: Sequence[float], lines: Sequence[Sequence[float]]) -> str:
    """A band between its upper and its lower line, from the first day to the last; of one day there is a strip."""
    above, below = (list(line) * 2 if len(line) == 1 else list(line) for line in lines)
    points = [*zip(at, above, strict=True), *reversed(list(zip(at, below, strict=True)))]
    return "M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in points) + "z"


# --- timeline --------------------------------------------------------------------------------------------------------


def bounds(chart: TimelineChart) -> tuple[date, date]:
    """The first and the last day that are drawn."""
    first = min(v.start for v in chart.visits)
    return first, max(chart.until, *(m.on for m in chart.marks), first + timedelta(days=20))


def stay(chart: TimelineChart, visit: Visit, span: int) -> tuple[int, float]:
    """The day on which a bar begins, and how many days it is wide."""
    start = visit.start.toordinal()
    return start, max((visit.end or chart.until).toordinal() - start, max(span / 140, 1))


def _bars(chart: TimelineChart, head: int, body: int) -> list[Spot]:
    if not chart.visits:
        return []
    rows = {s.key: n for n, s in enumerate(chart.stages)}
    first, last = bounds(chart)
    span = (last - first).days
    begins, scale = first.toordinal() - span * 0.015, (WIDTH - TIMELINE_LEFT - TIMELINE_RIGHT) / (span * 1.03)
    found = []
    for n, v in enumerate(chart.visits):
        if v.stage in rows:
            start, wide = stay(chart, v, span)
            x, y = TIMELINE_LEFT + (start + wide / 2 - begins) * scale, head + (rows[v.stage] + 0.5) * body / len(rows)
            found.append(Spot(number=n, path=_around(x, y, wide * scale, 0)))
    return found
