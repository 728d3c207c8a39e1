"""What a chart says in words: its title, a description for those who do not see it, and its data as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from charts.models import (
    Bubble,
    BudgetChart,
    Chart,
    FlowChart,
    KpiChart,
    Language,
    Status,
    Table,
    TimelineChart,
    TimesChart,
    ValueChart,
)
from charts.words import clean, fiscal_year, long_day, number, yen
from domain.messages import Text

MANY = 48
"""Beyond so many bubbles neighbours are counted together."""


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


STATUS: Mapping[Status, Text] = {
    "selected": _t("選定", "selected"),
    "open": _t("審査中", "open"),
    "deferred": _t("次回へ", "kept for the next round"),
    "other": _t("その他の事業", "other project"),
}


def said(text: Text, lang: Language) -> str:
    return clean(getattr(text, lang))


def title(chart: Chart, lang: Language) -> str:
    return _TELLERS[type(chart)][0](chart, lang)


def description(chart: Chart, lang: Language) -> str:
    """In a sentence or two, what there is to see."""
    return _TELLERS[type(chart)][1](chart, lang)


def cell_of(chart: Chart, number: int) -> tuple[int, int]:
    """Row and column of the table in which a mark of the picture is told (`Spot.number`)."""
    if isinstance(chart, TimelineChart):
        return _order(chart).index(("visit", number)), 0
    return (len(chart.days) - 1, number) if isinstance(chart, FlowChart) else (number, 1)


def subtitle(chart: Chart, lang: Language) -> str:
    """The line below the title, of the pictures that spots are laid over."""
    if isinstance(chart, ValueChart):
        many = len(chart.bubbles) > MANY
        return {
            "ja": "採点の加重平均(1~5)" + ("。円の大きさと数字は件数" if many else "。大きさはデジタル化の視点"),
            "en": "weighted means of the scores, 1 to 5; "
            + ("size and number: how many" if many else "size: view of digitalisation"),
        }[lang]
    if isinstance(chart, FlowChart):
        return {
            "ja": "帯の厚さが各段階の件数。下から終結、後の段階、前の段階",
            "en": "thickness: lifecycles at a stage; from below: ended, later stages, earlier stages",
        }[lang]
    if isinstance(chart, TimelineChart):
        return {"ja": f"{long_day(chart.until, lang)}まで", "en": f"until {long_day(chart.until, lang)}"}[lang]
    return ""


def table(chart: Chart, lang: Language) -> Table:
    return _TELLERS[type(chart)][2](chart, lang)


def _table(
    chart: Chart, lang: Language, heads: tuple[Text, ...], rows: Sequence[tuple[str, ...]], figures: int
) -> Table:
    """`figures`: how many of the last columns hold figures."""
    right = tuple(i >= len(heads) - figures for i in range(len(heads)))
    return Table(caption=title(chart, lang), heads=tuple(said(h, lang) for h in heads), rows=tuple(rows), right=right)


# --- KPI -------------------------------------------------------------------------------------------------------------


def _kpi_title(c: KpiChart, lang: Language) -> str:
    return f"{clean(c.title)}({clean(c.unit)})" if c.unit else clean(c.title)


def _kpi_description(c: KpiChart, lang: Language) -> str:
    measured = [p for p in c.points if p.value is not None and not p.outdated]
    before = sum(p.outdated for p in c.points)
    found = []
    if not measured:
        nothing = _t("まだ測定値がありません。", "Nothing has been measured yet.")
        if any(p.outdated for p in c.points):
            nothing = _t(
                "設定し直してからの測定値はまだありません。", "Nothing has been measured since it was set anew."
            )
        found.append(said(nothing, lang))
    else:
        last = measured[-1]
        ja = f"{len(measured)}期間の実績。最新は{clean(last.period)}の{number(last.value)}。"
        periods = "period" if len(measured) == 1 else "periods"
        en = f"Measured in {len(measured)} {periods}; the last, {clean(last.period)}, is {number(last.value)}."
        found.append({"ja": ja, "en": en}[lang])
    if before:
        ja, en = (
            f"ほかに、基準を設定し直す前の{before}期間の値。",
            f"Besides, {before} from before its baseline was set anew.",
        )
        found.append({"ja": ja, "en": en}[lang])
    for level, ja, en in ((c.baseline, "基準値", "Baseline"), (c.target, "目標値", "target")):
        if level is not None:
            on = f"({long_day(level.on, lang)})" if level.on else ""
            found.append(
                {
                    "ja": f"{ja}は{number(level.value)}{on}。",
                    "en": f"{en} {number(level.value)} {on}.".replace(" .", "."),
                }[lang]
            )
    if c.forecast:
        f = c.forecast[-1]
        ja = f"{long_day(f.on, lang)}の見通しは{number(f.mid)}({number(f.low)}~{number(f.high)})。"
        en = f"Forecast for {long_day(f.on, lang)}: {number(f.mid)} ({number(f.low)} to {number(f.high)})."
        found.append({"ja": ja, "en": en}[lang])
    return "".join(found) if lang == "ja" else " ".join(found)


def _kpi_table(c: KpiChart, lang: Language) -> Table:
    words = {
        "baseline": _t("基準値", "baseline"),
        "measured": _t("実績", "measured"),
        "corrected": _t("実績(訂正)", "measured, corrected"),
        "missing": _t("欠測", "missing"),
        "outdated": _t("実績(設定し直す前)", "measured before it was set anew"),
        "interim": _t("中間目標", "interim target"),
        "target": _t("目標値", "target"),
        "forecast": _t("見通し", "forecast"),
    }
    rows: list[tuple[str, ...]] = []
    if c.baseline is not None:
        rows.append((said(words["baseline"], lang), long_day(c.baseline.on, lang), number(c.baseline.value), ""))
    for p in c.points:
        word = "corrected" if p.corrected else "measured"
        word = "missing" if p.value is None else "outdated" if p.outdated else word
        rows.append((said(words[word], lang), clean(p.period), number(p.value), ""))
    rows += [(said(words["interim"], lang), long_day(v.on, lang), number(v.value), "") for v in c.interim]
    if c.target is not None:
        rows.append((said(words["target"], lang), long_day(c.target.on, lang), number(c.target.value), ""))
    between = {"ja": "{0}~{1}", "en": "{0} to {1}"}[lang]
    for f in c.forecast:
        span = between.format(number(f.low), number(f.high))
        rows.append((said(words["forecast"], lang), long_day(f.on, lang), number(f.mid), span))
    heads = (_t("種別", "What"), _t("期間・期日", "Period or day"), _t("値", "Value"), _t("幅", "Range"))
    if not c.forecast:
        return _table(c, lang, heads[:3], [r[:3] for r in rows], 1)
    return _table(c, lang, heads, rows, 2)


# --- value against difficulty ----------------------------------------------------------------------------------------


def _value_title(c: ValueChart, lang: Language) -> str:
    base = {"ja": "創出価値と難易度", "en": "Value against difficulty"}[lang]
    return f"{base}: {clean(c.scope)}" if c.scope else base


def in_order(bubbles: tuple[Bubble, ...]) -> list[Bubble]:
    """Highest value first, the easier before the harder: the order of their numbers in picture and table."""
    return sorted(bubbles, key=lambda b: (-b.value, b.difficulty, b.round, b.ref))


def _value_description(c: ValueChart, lang: Language) -> str:
    n = len(c.bubbles)
    if not n:
        return {"ja": "採点された課題はまだありません。", "en": "No proposal has been scored yet."}[lang]
    easy = sum(b.value >= 3 and b.difficulty < 3 for b in c.bubbles)
    return {
        "ja": f"採点された課題{n}件。うち、価値が3以上で難易度が3未満のものは{easy}件。",
        "en": f"{n} scored proposal{'' if n == 1 else 's'}; {easy} with a value of at least 3 and a difficulty below 3.",
    }[lang]


def _value_table(c: ValueChart, lang: Language) -> Table:
    heads = (
        _t("番号", "No."),
        _t("課題", "Proposal"),
        _t("結果", "Result"),
        _t("難易度", "Difficulty"),
        _t("価値", "Value"),
        _t("デジタル化", "Digitalisation"),
        _t("順位", "Rank"),
        _t("採点者", "Assessors"),
    )
    rows = [
        (
            str(i),
            clean(b.title),
            said(STATUS[b.status], lang),
            f"{b.difficulty:.2f}",
            f"{b.value:.2f}",
            "–" if b.digital is None else f"{b.digital:.2f}",
            "–" if b.rank is None else str(b.rank),
            str(b.assessors),
        )
        for i, b in enumerate(in_order(c.bubbles), 1)
    ]
    return _table(c, lang, heads, rows, 5)


# --- cumulative flow -------------------------------------------------------------------------------------------------


def _flow_title(c: FlowChart, lang: Language) -> str:
    base = {"ja": "段階別の累積フロー", "en": "Cumulative flow by stage"}[lang]
    scope = said(c.scope, lang)
    return f"{base}: {scope}" if scope else base


def _flow_description(c: FlowChart, lang: Language) -> str:
    if not c.days:
        return {"ja": "課題はまだありません。", "en": "There are no lifecycles yet."}[lang]
    now = {s.key: counts[-1] for s, counts in zip(c.stages, c.counts, strict=True)}
    running, ended = sum(now.values()), c.ended[-1]
    ja = f"{long_day(c.days[-1], lang)}時点で進行中{running}件、終結{ended}件。"
    en = f"On {long_day(c.days[-1], lang)}: {running} open, {ended} ended."
    if running:
        most = max(c.stages, key=lambda s: now[s.key])
        ja += f"最も多い段階は{said(most.title, 'ja')}({now[most.key]}件)。"
        en += f" Most are at {said(most.title, 'en')} ({now[most.key]})."
    return {"ja": ja, "en": en}[lang]


def _flow_table(c: FlowChart, lang: Language) -> Table:
    heads = (_t("日", "Day"), *(s.title for s in c.stages), _t("終結", "Ended"), _t("計", "Total"))
    rows = []
    for n, day in enumerate(c.days):
        here = [row[n] for row in c.counts]
        rows.append((long_day(day, lang), *map(str, here), str(c.ended[n]), str(sum(here) + c.ended[n])))
    return _table(c, lang, heads, rows, len(heads) - 1)


# --- budget ----------------------------------------------------------------------------------------------------------


def _budget_title(c: BudgetChart, lang: Language) -> str:
    return {"ja": "年度別の予算の流れ", "en": "Budget by fiscal year and state"}[lang]


def _budget_description(c: BudgetChart, lang: Language) -> str:
    told = []
    for y in c.years:
        known = [a for a in y.amounts if a.amount is not None]
        stop, between = ("。", "、") if lang == "ja" else (".", ", ")
        amounts = between.join(f"{said(a.title, lang)} {yen(a.amount, lang)}" for a in known)
        told.append(f"{fiscal_year(y.year, lang)}: {amounts}{stop}")
    if not told:
        return {"ja": "予算額はまだ記録されていません。", "en": "No amounts have been recorded yet."}[lang]
    return ("" if lang == "ja" else " ").join(told)


def _budget_table(c: BudgetChart, lang: Language) -> Table:
    states: dict[str, Text] = {a.state: a.title for y in c.years for a in y.amounts}
    rows: list[tuple[str, ...]] = []
    for y in c.years:
        known = {a.state: a.amount for a in y.amounts}
        rows.append((fiscal_year(y.year, lang), *(yen(known.get(s), lang) for s in states)))
    return _table(c, lang, (_t("年度", "Fiscal year"), *states.values()), rows, len(states))


# --- timeline --------------------------------------------------------------------------------------------------------


def _timeline_title(c: TimelineChart, lang: Language) -> str:
    return {"ja": "経過", "en": "Timeline"}[lang]


def _timeline_description(c: TimelineChart, lang: Language) -> str:
    if not c.visits:
        return {"ja": "まだ始まっていません。", "en": "It has not begun yet."}[lang]
    titles = {s.key: said(s.title, lang) for s in c.stages}
    rounds, last = max(v.round for v in c.visits), c.visits[-1]
    returned = sum(m.kind == "returned" for m in c.marks)
    stage = titles.get(last.stage, last.stage)
    return {
        "ja": f"{long_day(c.visits[0].start, lang)}に始まり、{rounds}期目。最後の段階は{stage}。差戻し{returned}回、保留{len(c.holds)}回。",
        "en": f"Begun on {long_day(c.visits[0].start, lang)}, round {rounds}; the last stage is {stage}. "
        f"Sent back: {returned}; holds: {len(c.holds)}.",
    }[lang]


def _order(c: TimelineChart) -> list[tuple[str, int]]:
    """What its table tells, row by row: stays, marks and holds by their numbers."""
    rows = [(v.start, 1, "visit", n) for n, v in enumerate(c.visits)]
    rows += [(m.on, 0, "mark", n) for n, m in enumerate(c.marks)]
    rows += [(h.start, 2, "hold", n) for n, h in enumerate(c.holds)]
    return [(what, n) for _, _, what, n in sorted(rows, key=lambda r: r[:2])]


def _timeline_table(c: TimelineChart, lang: Language) -> Table:
    titles = {s.key: s.title for s in c.stages}
    open_ = _t("継続中", "lasts")
    rows: list[tuple[Any, ...]] = []
    for v in c.visits:
        stage = said(titles[v.stage], lang) if v.stage in titles else clean(v.stage)
        round_ = {"ja": f"第{v.round}期", "en": f"round {v.round}"}[lang]
        end = long_day(v.end, lang) if v.end else said(open_, lang)
        rows.append((v.start, 1, stage, round_, long_day(v.start, lang), end))
    for m in c.marks:
        stage = said(titles[m.stage], lang) if m.stage in titles else clean(m.stage)
        rows.append((m.on, 0, stage, said(m.told, lang), long_day(m.on, lang), ""))
    for h in c.holds:
        end = long_day(h.end, lang) if h.end else said(open_, lang)
        rows.append((h.start, 2, said(_t("保留", "on hold"), lang), "", long_day(h.start, lang), end))
    rows.sort(key=lambda r: r[:2])
    heads = (_t("段階", "Stage"), _t("内容", "What"), _t("開始・日付", "From, on"), _t("終了", "Until"))
    return _table(c, lang, heads, [r[2:] for r in rows], 0)


# --- where time goes -------------------------------------------------------------------------------------------------

PARTS: Mapping[str, Text] = {
    "waited": _t("決裁待ち", "waited"),
    "worked": _t("作成中", "worked"),
    "held": _t("保留", "held"),
    "other": _t("その他", "other"),
}


def _times_title(c: TimesChart, lang: Language) -> str:
    return {"ja": "段階ごとの時間の内訳(執務日の合計)", "en": "Where time went, by stage (working days in all)"}[lang]


def _times_description(c: TimesChart, lang: Language) -> str:
    whole = sum(s.total for s in c.stages)
    if not whole:
        return {"ja": "終わった段階はまだありません。", "en": "No stage has been finished yet."}[lang]
    most, waited = max(c.stages, key=lambda s: s.total), sum(s.waited for s in c.stages)
    cases = sum(s.cases for s in c.stages)
    return (
        said(c.about, lang)
        + {
            "ja": f"終わった段階{cases:,}件で計{whole:,.0f}執務日、うち決裁待ちは{waited / whole:.0%}。"
            f"最も長いのは{said(most.stage.title, 'ja')}({most.total / whole:.0%})。",
            "en": f"{whole:,.0f} working days in {cases:,} finished stages, {waited / whole:.0%} of them waited for people. "
            f"Most went into {said(most.stage.title, 'en')} ({most.total / whole:.0%}).",
        }[lang]
    )


def _times_table(c: TimesChart, lang: Language) -> Table:
    heads = (_t("段階", "Stage"), *PARTS.values(), _t("計", "Total"), _t("件数", "Cases"))
    rows = [
        (
            said(s.stage.title, lang),
            *(f"{getattr(s, part):,.1f}" for part in PARTS),
            f"{s.total:,.1f}",
            str(s.cases),
        )
        for s in c.stages
    ]
    return _table(c, lang, heads, rows, len(heads) - 1)


_TELLERS: Mapping[type[Chart], tuple[Callable[..., str], Callable[..., str], Callable[..., Table]]] = {
    KpiChart: (_kpi_title, _kpi_description, _kpi_table),
    ValueChart: (_value_title, _value_description, _value_table),
    FlowChart: (_flow_title, _flow_description, _flow_table),
    BudgetChart: (_budget_title, _budget_description, _budget_table),
    TimelineChart: (_timeline_title, _timeline_description, _timeline_table),
    TimesChart: (_times_title, _times_description, _times_table),
}
