"""A fiscal year's money through its states: a bar for each, in the order in which they come, with its amount."""

from __future__ import annotations

from charts.drawing import Sheet
from charts.models import BudgetChart, Language
from charts.palette import INK, KEY, LINE, QUIET, RESERVE
from charts.places import LABEL, SMALL
from charts.telling import description, title
from charts.words import cut, fiscal_year, short_yen, width

ROW, BETWEEN, LABELLED = 22, 18, 118


def draw(chart: BudgetChart, lang: Language) -> Sheet:
    years = [y for y in chart.years if any(a.amount is not None for a in y.amounts)]
    rows = sum(len(y.amounts) for y in years)
    body = max(rows * ROW + len(years) * BETWEEN, 90)
    subtitle = {
        "ja": "段階ごとに別の額。濃い棒は議決額・決算額",
        "en": "a different amount at each state; dark: voted, settled",
    }
    sheet = Sheet(lang, title(chart, lang), subtitle[lang] if years else "", description(chart, lang), body, foot=26)
    if not years:
        sheet.empty({"ja": "予算額はまだ記録されていません", "en": "No amounts have been recorded yet"}[lang])
        return sheet
    left = round(16 + max(width(fiscal_year(y.year, lang)) for y in years) * LABEL + 14 + LABELLED)
    axes = sheet.axes(left, 116)
    most = max(a.amount or 0 for y in years for a in y.amounts) or 1
    axes.set_xlim(0, most)
    axes.set_ylim(body, 0)
    axes.set_yticks([])
    _scale(axes, most, lang)
    at = 0.0
    for y in years:
        top = at
        at += BETWEEN / 2
        sheet.write(16, sheet.head + at + ROW / 2 + 4, fiscal_year(y.year, lang), weight="bold")
        for amount in y.amounts:
            middle = at + ROW / 2
            name = cut(getattr(amount.title, lang), LABELLED / LABEL - 0.6)
            sheet.write(left - 10, sheet.head + middle + 4, name, colour=QUIET, ha="right")
            if amount.amount is None:
                text, colour = {"ja": "未定", "en": "not known"}[lang], QUIET
            else:
                text, colour = short_yen(amount.amount, lang), INK
                strong = amount.state in ("voted", "settled")
                axes.barh(
                    middle, amount.amount, height=ROW - 7, color=KEY if strong else RESERVE, edgecolor=KEY, linewidth=1
                )
            place = (amount.amount or 0) / most
            axes.annotate(
                text,
                (place, 1 - middle / body),
                xycoords="axes fraction",
                xytext=(7, 0),
                textcoords="offset points",
                va="center_baseline",
                color=colour,
                fontsize=LABEL,
                annotation_clip=False,
            )
            at += ROW
        at += BETWEEN / 2
        if top:
            axes.axhline(top, color=LINE, linewidth=0.8, xmin=-left / (sheet.width - left - 116), clip_on=False)
    return sheet


def _scale(axes: object, most: int, lang: Language) -> None:
    from matplotlib.axes import Axes
    from matplotlib.ticker import MaxNLocator

    assert isinstance(axes, Axes)
    at = [int(v) for v in MaxNLocator(nbins=4, steps=[1, 2, 5, 10]).tick_values(0, most) if 0 <= v <= most]
    axes.set_xticks(at, [short_yen(v, lang) if v else "0" for v in at])
    axes.tick_params(labelsize=SMALL)
    axes.grid(axis="x", color=LINE, linewidth=0.7)
    axes.spines["bottom"].set_visible(False)
