"""Rules of the KPI setting that look at figures: values within the type's range, days in order, stopping rules that a machine can follow.

They ask only of what is written: a KPI without a type or days is as valid as it was before there were any.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from domain.deliverables.base import Context, Rule, blank, missing, said, wrong
from domain.kpis.types import TYPES, outside, unusable
from domain.messages import Frozen, Problem, Text

if TYPE_CHECKING:
    from domain.deliverables.project import Kpi, KpiSetting


class InterimTarget(Frozen):
    due: date | None = said("期日", "by when", None)
    value: Decimal | None = said("途中目標値", "target on the way", None)


class StoppingRule(Frozen):
    """One criterion that a machine can follow, beside the words of `stopping_criteria`."""

    kpi: str = said("KPIの記号", "key of the KPI")
    when: Literal["below", "above"] | None = said("下回る・上回る", "below or above", None)
    value: Decimal | None = said("限界の値", "value", None)
    periods: int | None = said("続けて何期(空欄は1期)", "in how many periods in a row (1 if empty)", None, ge=1, le=60)


def _usable(form: KpiSetting, _: Context) -> Iterable[Problem]:
    figures = [
        (f"kpis[{i}].{field}", value)
        for i, kpi in enumerate(form.kpis)
        for field, value in (*_values(kpi), ("lowest", kpi.lowest), ("highest", kpi.highest))
    ]
    figures += [(f"stopping[{i}].value", rule.value) for i, rule in enumerate(form.stopping)]
    for field, value in figures:
        why = None if value is None else unusable(value)
        if why is not None:
            shown = f"{value}"[:60]
            yield wrong(field, shown, f"{why.ja}。直してください", f"{shown} is {why.en}; correct it")


def _within_range(form: KpiSetting, _: Context) -> Iterable[Problem]:
    for i, kpi in enumerate(form.kpis):
        if kpi.type is None:
            continue
        if kpi.lowest is not None and kpi.highest is not None and kpi.lowest >= kpi.highest:
            yield wrong(
                f"kpis[{i}].highest",
                str(kpi.highest),
                f"尺度の上端が下端({kpi.lowest})以下です",
                f"the scale ends at {kpi.highest}, not above its lowest value {kpi.lowest}; correct one",
            )
            continue
        for field, value in _values(kpi):
            scale = (None, None) if kpi.accumulates == "cumulative" else (kpi.lowest, kpi.highest)  # that of one period
            why = None if value is None else outside(kpi.type, kpi.unit, value, *scale)
            if why is not None:
                title = TYPES[kpi.type].title
                yield wrong(
                    f"kpis[{i}].{field}",
                    str(value),
                    f"{title.ja}の{why.ja}。値か種別(type)・単位を直してください",
                    f"{value} as {title.en} is {why.en}; correct the value, the type or the unit",
                )


def _values(kpi: Kpi) -> Iterable[tuple[str, Decimal | None]]:
    yield "baseline", kpi.baseline
    yield "target", kpi.target
    yield from ((f"interim[{n}].value", step.value) for n, step in enumerate(kpi.interim))


def _accumulates(form: KpiSetting, _: Context) -> Iterable[Problem]:
    for i, kpi in enumerate(form.kpis):
        if kpi.accumulates != "cumulative":
            continue
        if kpi.type is None:
            yield missing(f"kpis[{i}].type", "種別(累計には必要です)", "the type, which a cumulative KPI needs")
        elif not TYPES[kpi.type].accumulates:
            able = [t for t in TYPES.values() if t.accumulates]
            yield wrong(
                f"kpis[{i}].accumulates",
                kpi.accumulates,
                f"{TYPES[kpi.type].title.ja}は足し上げられません。point にしてください(累計できるもの: "
                + "、".join(t.title.ja for t in able)
                + ")",
                f"values of a {kpi.type} do not add up; use point (cumulative is for {', '.join(t.key for t in able)})",
            )


def _dates_in_order(form: KpiSetting, _: Context) -> Iterable[Problem]:
    for i, kpi in enumerate(form.kpis):
        where = f"kpis[{i}]"
        if kpi.baseline_on and kpi.target_on and kpi.target_on <= kpi.baseline_on:
            yield wrong(
                f"{where}.target_on",
                kpi.target_on,
                f"目標日は基準日({kpi.baseline_on})より後にしてください",
                f"target date {kpi.target_on} is not after the baseline's {kpi.baseline_on}; correct one",
            )
        if kpi.interim and kpi.target_on is None:
            yield missing(
                f"{where}.target_on", "目標日(途中目標には必要です)", "the target date, which interim targets need"
            )
        before = kpi.baseline_on
        for n, step in enumerate(kpi.interim):
            for field, ja in (("due", "期日"), ("value", "途中目標値")):
                if blank(getattr(step, field)):
                    yield missing(f"{where}.interim[{n}].{field}", ja, field)
            if step.due is None:
                continue
            if (before and step.due <= before) or (kpi.target_on and step.due >= kpi.target_on):
                yield wrong(
                    f"{where}.interim[{n}].due",
                    step.due,
                    f"途中目標の期日は、前の期日({before or '-'})より後、目標日({kpi.target_on or '-'})より前にしてください",
                    f"{step.due} is not after {before or 'the one before'} and before the target's {kpi.target_on}; correct it",
                )
            before = step.due


def _interim_on_the_way(form: KpiSetting, _: Context) -> Iterable[Problem]:
    for i, kpi in enumerate(form.kpis):
        if kpi.baseline is None or kpi.target is None:
            continue
        low, high = sorted((kpi.baseline, kpi.target))
        last = kpi.baseline
        rising = kpi.target >= kpi.baseline
        for n, step in enumerate(kpi.interim):
            if step.value is None:
                continue
            back = step.value < last if rising else step.value > last
            if not low <= step.value <= high or back:
                yield wrong(
                    f"kpis[{i}].interim[{n}].value",
                    str(step.value),
                    f"途中目標値は、前の値({last})から目標値({kpi.target})へ向かう間の値にしてください",
                    f"{step.value} is not on the way from {last} to the target {kpi.target}; correct it",
                )
            last = step.value


def _stopping_rules(form: KpiSetting, _: Context) -> Iterable[Problem]:
    kpis = {k.key: k for k in form.kpis if k.key}
    for i, rule in enumerate(form.stopping):
        for field, ja in (("kpi", "KPIの記号"), ("when", "下回る・上回る"), ("value", "限界の値")):
            if blank(getattr(rule, field)):
                yield missing(f"stopping[{i}].{field}", ja, field)
        kpi = kpis.get(rule.kpi)
        if rule.kpi and kpi is None:
            yield wrong(
                f"stopping[{i}].kpi",
                rule.kpi,
                "この様式にないKPIです。記号を直してください: " + "、".join(kpis),
                f"no KPI {rule.kpi!r} in this form; name one of {', '.join(kpis) or '-'}",
            )
        elif kpi is not None and kpi.type is None:
            yield wrong(
                f"stopping[{i}].kpi",
                rule.kpi,
                "中止の基準に使うKPIには種別(type)を書いてください",
                f"a stopping rule needs the type of KPI {rule.kpi!r}; fill in its type",
            )


def _hypotheses(form: KpiSetting, c: Context) -> Iterable[Problem]:
    for i, kpi in enumerate(form.kpis):
        if kpi.rests_on is None:
            continue
        if c.hypotheses and kpi.rests_on > c.hypotheses:
            yield wrong(
                f"kpis[{i}].rests_on",
                kpi.rests_on,
                f"仮説は{c.hypotheses}件です。1〜{c.hypotheses} の番号を書いてください",
                f"there are {c.hypotheses} hypotheses; give a number from 1 to {c.hypotheses}",
            )
        if kpi.type is None:
            yield missing(
                f"kpis[{i}].type",
                "種別(仮説を検証するKPIには必要です)",
                "the type, which a KPI that tests a hypothesis needs",
            )


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


KPI_FIGURE_RULES: tuple[Rule[Any], ...] = (
    Rule("kpi-figures", _t("計算できる桁数の値", "figures that can be reckoned with"), _usable),
    Rule("kpi-range", _t("種別の範囲にある値", "values within the range of their type"), _within_range),
    Rule("kpi-accumulates", _t("累計できる種別", "only what adds up is cumulative"), _accumulates),
    Rule(
        "kpi-dates",
        _t("基準日・途中目標・目標日の順", "days of baseline, interim targets and target in order"),
        _dates_in_order,
    ),
    Rule("kpi-interim", _t("目標へ向かう途中目標", "interim targets on the way"), _interim_on_the_way),
    Rule(
        "kpi-stopping-rules",
        _t("機械で判定できる中止の基準", "stopping rules that a machine can follow"),
        _stopping_rules,
    ),
    Rule("kpi-hypothesis", _t("検証する仮説", "the hypothesis that a KPI tests"), _hypotheses),
)
