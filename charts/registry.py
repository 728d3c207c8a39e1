"""Which picture belongs to which data. Pictures are drawn when asked for: matplotlib takes half a second to load."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import import_module

from charts.models import BudgetChart, Chart, FlowChart, KpiChart, Language, TimelineChart, TimesChart, ValueChart

PICTURES: dict[type[Chart], str] = {
    KpiChart: "charts.kpi",
    ValueChart: "charts.value",
    FlowChart: "charts.flow",
    BudgetChart: "charts.budget",
    TimelineChart: "charts.timeline",
    TimesChart: "charts.times",
}
LOOK = "1"
"""Raised when pictures of the same data look otherwise than before, so that no reader keeps an old one."""


def svg(chart: Chart, lang: Language, *, dark: bool = True) -> bytes:
    """The picture as an SVG document; the same data gives the same bytes. `dark`: it follows the reader's colour scheme."""
    return _drawn(type(chart), chart.model_dump_json(), lang, dark)


def tag(chart: Chart, lang: Language) -> str:
    """A name for the picture's bytes that can be told without drawing it (an ETag)."""
    return hashlib.sha256(f"{LOOK} {lang} {type(chart).__name__} {chart.model_dump_json()}".encode()).hexdigest()[:32]


@lru_cache(maxsize=256)
def _drawn(kind: type[Chart], document: str, lang: Language, dark: bool) -> bytes:
    from charts.drawing import drawing

    picture = import_module(PICTURES[kind])
    with drawing():
        made: bytes = picture.draw(kind.model_validate_json(document), lang).svg(dark)
    return made
