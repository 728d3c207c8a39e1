"""A sheet to draw a chart on, with matplotlib's SVG back end; one user unit is one CSS pixel.

Texts stay texts (selectable, searchable, in the reader's font), measured with the Japanese font that the papers use, whatever
fonts a machine has. Ids are hashed with a fixed salt and no date is written, so the same data gives the same bytes.
"""

from __future__ import annotations

import io
import threading
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from typing import Any, Literal

import matplotlib
import pylopdf_fonts_jp
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from charts.models import Language
from charts.palette import INK, LINE, PAGE, QUIET, dark_style
from charts.places import LABEL, MARGIN, SMALL, TITLE, WIDTH, head_of, heads
from charts.words import clean, short_day

_FAMILY = "Noto Sans JP"
_READERS = (
    "'Noto Sans JP','Noto Sans CJK JP','Hiragino Sans','Yu Gothic UI',Meiryo,system-ui,sans-serif"  # as in style.css
)
_SVG = "http://www.w3.org/2000/svg"
_RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "taskforce",
    "font.family": [_FAMILY],
    "font.size": LABEL,
    "text.color": INK,
    "text.parse_math": False,
    "axes.unicode_minus": False,
    "axes.edgecolor": LINE,
    "axes.facecolor": PAGE,
    "figure.facecolor": PAGE,
    "figure.dpi": 72,
    "hatch.linewidth": 1.0,
}
_LOCK = threading.RLock()
"""matplotlib keeps its settings for the whole process."""
ET.register_namespace("", _SVG)
ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")


@cache
def _only_our_font() -> None:
    """What text is measured with must not depend on the fonts of a machine."""
    font_manager.fontManager.ttflist.clear()
    font_manager.fontManager.addfont(pylopdf_fonts_jp.sans_path())


@contextmanager
def drawing() -> Iterator[None]:
    """Everything that is drawn is drawn within this, one chart at a time."""
    with _LOCK, matplotlib.rc_context(_RC), warnings.catch_warnings():
        # A letter that the measuring font lacks is measured as a box; the reader's fonts have it or not.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        _only_our_font()
        yield


class Sheet:
    """Title and subtitle above, axes in the middle, a legend below. `description` is read to those who do not see it."""

    def __init__(
        self, lang: Language, title: str, subtitle: str, description: str, body: int, foot: int = 24, width: int = WIDTH
    ) -> None:
        """`body`: height of the axes; `foot`: what stands below them (ticks, legend)."""
        lines, subtitles = heads(title, subtitle, width)
        self.head = head_of(title, subtitle, width)
        self.lang, self.width, self.height = lang, width, self.head + body + foot + MARGIN
        self.body, self.foot = body, foot
        self._title, self._description = title, description
        self.figure = Figure(figsize=(self.width / 72, self.height / 72))
        FigureCanvasSVG(self.figure)
        for n, text in enumerate(lines):
            self.write(MARGIN, MARGIN + 16 + n * 22, text, size=TITLE, weight="bold")
        for n, text in enumerate(subtitles):
            self.write(MARGIN, MARGIN + len(lines) * 22 + 14 + n * 18, text, colour=QUIET)

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: int = LABEL,
        colour: str = INK,
        weight: str = "normal",
        ha: Literal["left", "center", "right"] = "left",
    ) -> None:
        """A text whose base line is `y` pixels below the top."""
        self.figure.text(
            x / self.width, 1 - y / self.height, text, size=size, color=colour, weight=weight, ha=ha, va="baseline"
        )

    def block(self, x: float, y: float, size: float, colour: str) -> None:
        """A filled square with its middle at `y` pixels below the top."""
        corner = (x / self.width, 1 - (y + size / 2) / self.height)
        self.figure.add_artist(
            Rectangle(corner, size / self.width, size / self.height, facecolor=colour, edgecolor=QUIET, linewidth=0.6)
        )

    def stroke(self, xs: Sequence[float], ys: Sequence[float], colour: str) -> None:
        """A thin line through these pixels."""
        self.figure.add_artist(
            Line2D([x / self.width for x in xs], [1 - y / self.height for y in ys], color=colour, linewidth=0.7)
        )

    def axes(self, left: int, right: int) -> Axes:
        """Axes with room to the left and right of them, in pixels."""
        box = (
            left / self.width,
            (self.foot + MARGIN) / self.height,
            (self.width - left - right) / self.width,
            self.body / self.height,
        )
        made = self.figure.add_axes(box)
        for side in ("top", "right", "left"):
            made.spines[side].set_visible(False)
        made.tick_params(length=0, labelcolor=QUIET, labelsize=SMALL, pad=6)
        made.set_axisbelow(True)
        return made

    def months(self, axes: Axes, days: Sequence[date]) -> None:
        """Ticks at these days."""
        axes.set_xticks([d.toordinal() for d in days], [short_day(d, self.lang) for d in days])
        axes.tick_params(axis="x", length=4, color=LINE)

    def legend(self, handles: Sequence[Line2D | Patch], columns: int = 6) -> None:
        self.figure.legend(
            handles=list(handles),
            loc="lower left",
            bbox_to_anchor=(MARGIN / self.width, 6 / self.height),
            ncols=columns,
            frameon=False,
            fontsize=SMALL,
            borderpad=0,
            handlelength=1.8,
            columnspacing=1.6,
            handletextpad=0.6,
        )

    def empty(self, text: str) -> None:
        """There is nothing to draw, and the picture says so."""
        self.write(self.width / 2, self.head + self.body / 2, text, colour=QUIET, ha="center")

    def svg(self, dark: bool = True) -> bytes:
        """The finished picture. `dark`: it follows the reader's colour scheme; without, it is for paper."""
        out = io.BytesIO()
        self.figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        root = ET.fromstring(out.getvalue())
        for child in root.findall(f"{{{_SVG}}}metadata"):
            root.remove(child)
        _plain_fonts(root)
        root.attrib.update(
            {
                "width": str(self.width),
                "height": str(self.height),
                "role": "img",
                "aria-labelledby": "title desc",
                "lang": self.lang,
                "font-family": _READERS if dark else f"'{_FAMILY}'",
            }
        )
        heads = [ET.Element(f"{{{_SVG}}}{tag}", {"id": tag}) for tag in ("title", "desc")]
        heads[0].text, heads[1].text = clean(self._title), clean(self._description)
        if dark:
            heads.append(ET.Element(f"{{{_SVG}}}style"))
            heads[2].text = dark_style()
        for n, element in enumerate(heads):
            element.tail = "\n"
            root.insert(n, element)
        made: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
        return made


def _plain_fonts(root: ET.Element) -> None:
    """The font of every text is that of the whole."""
    for element in root.iter(f"{{{_SVG}}}text"):
        parts = [p for p in element.get("style", "").split("; ") if not p.startswith("font-family:")]
        element.set("style", "; ".join(parts))
        if element.get("transform", "").startswith("rotate(-0 "):
            del element.attrib["transform"]
