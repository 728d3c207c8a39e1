"""Where things stand on a sheet, in pixels: reckoned without drawing, so that a page can lay links over the picture."""

from __future__ import annotations

from collections.abc import Sequence

from charts.words import wrapped

WIDTH = 720
MARGIN = 16
TITLE, LABEL, SMALL = 16, 12, 11


def heads(title: str, subtitle: str, width: int = WIDTH) -> tuple[list[str], list[str]]:
    """The lines of the title and of the subtitle."""
    lines = wrapped(title, (width - 2 * MARGIN) / TITLE, 2)
    return lines, wrapped(subtitle, (width - 2 * MARGIN) / LABEL, 2) if subtitle else []


def head_of(title: str, subtitle: str, width: int = WIDTH) -> int:
    """The height of what stands above the axes."""
    lines, subtitles = heads(title, subtitle, width)
    return MARGIN + len(lines) * 22 + len(subtitles) * 18 + 14


def apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places for labels as near as possible to the wanted ones, none closer than `gap` to the next; in the order given."""
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    placed = [0.0] * len(wanted)
    at = low
    for i in order:
        placed[i] = at = max(wanted[i], at)
        at += gap
    at = high
    for i in reversed(order):
        placed[i] = min(placed[i], at)
        at = placed[i] - gap
    return placed
