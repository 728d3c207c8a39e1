"""Health of a KPI by stated rules. Each rule that speaks gives its reason in words; the worst colour holds.

Limits are those of 多摩市「まち・ひと・しごと創生総合戦略の評価方法(案)」(資料6, 2016): at least 100 % of what should have been reached by
then is steady, 60 to 100 % fair, below 60 % in need of mending. The other rules are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from functools import cached_property
from typing import Literal

from domain.calendar import wareki
from domain.kpis.aim import Aim
from domain.kpis.attainment import Level, attainment, expected, interim_in_force, is_worse
from domain.kpis.periods import last_over, parse
from domain.kpis.stopping import number
from domain.messages import Frozen, Text

Colour = Literal["green", "amber", "red"]
FAIR = Decimal("0.6")
"""Share of the expected way below which a KPI is red."""
GRACE = timedelta(days=30)
"""How long after the end of a period its value may still be on its way."""
WORSE_FOR = 2
"""Periods in a row worse than the baseline that make a KPI red."""


class Forecast(Frozen):
    """What a trend says of a day: its value, the interval that holds it with probability `level`, and how many it rests on."""

    on: date
    value: float
    low: float
    high: float
    level: float
    points: int


class Health(Frozen):
    colour: Colour
    reasons: tuple[Text, ...]


@dataclass(frozen=True)
class Standing:
    """What the rules look at: a KPI and where it stands on a day. `stops`: stopping rules that it meets, in words; `outdated`: values
    from before it was set anew, by which it is not judged."""

    aim: Aim
    levels: Sequence[Level]
    today: date
    forecast: Forecast | None = None
    stops: Sequence[Text] = ()
    outdated: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def last(self) -> Level | None:
        return self.levels[-1] if self.levels else None

    @cached_property
    def attained(self) -> Decimal | None:
        """See `attainment`; None without a value, baseline or target."""
        aim = self.aim
        if self.last is None or aim.baseline is None or aim.target is None:
            return None
        return attainment(aim.baseline, aim.target, self.last.level, aim.direction)

    @cached_property
    def on_the_way(self) -> Decimal | None:
        """The share of what should have been gained by the end of the last measured period; None where nothing was due yet."""
        aim = self.aim
        if self.last is None or aim.baseline is None:
            return None
        due = expected(aim, self.last.period.end)
        if due is None or due == aim.baseline:
            return None
        return attainment(aim.baseline, due, self.last.level, aim.direction)


Rule = Callable[[Standing], Text | None]


def _stopping(s: Standing) -> Text | None:
    if not s.stops:
        return None
    return Text(ja="。".join(t.ja for t in s.stops), en="; ".join(t.en for t in s.stops))


def _target_missed(s: Standing) -> Text | None:
    aim = s.aim
    if aim.target_on is None or s.today <= aim.target_on or s.attained is None or s.attained >= 1:
        return None
    return Text(
        ja=f"目標日({wareki(aim.target_on)})を過ぎ、達成は{percent(s.attained)}",
        en=f"its target date {aim.target_on} has passed with {percent(s.attained)} attained",
    )


def _worse_than_baseline(s: Standing) -> Text | None:
    baseline = s.aim.baseline
    last = s.levels[-WORSE_FOR:]
    if baseline is None or len(last) < WORSE_FOR or not all(is_worse(s.aim, x.level, baseline) for x in last):
        return None
    return Text(
        ja=f"{WORSE_FOR}期続けて基準値({number(baseline)})より悪い",
        en=f"worse than its baseline {number(baseline)} in {WORSE_FOR} periods in a row",
    )


def _far_behind(s: Standing) -> Text | None:
    share = s.on_the_way
    if share is None or share >= FAIR:
        return None
    return Text(
        ja=f"この時点で見込んだ進みの{percent(share)}({percent(FAIR)}未満)",
        en=f"{percent(share)} of the way that was due by then (below {percent(FAIR)})",
    )


def _behind(s: Standing) -> Text | None:
    share = s.on_the_way
    if share is None or share >= 1 or share < FAIR:
        return None
    return Text(
        ja=f"この時点で見込んだ進みの{percent(share)}",
        en=f"{percent(share)} of the way that was due by then",
    )


def _interim_missed(s: Standing) -> Text | None:
    """Said where there is no line to hold it against; else `_behind` says it already."""
    if s.last is None or s.on_the_way is not None:
        return None
    step = interim_in_force(s.aim, s.last.period.end)
    if step is None or step.due == s.aim.target_on or not is_worse(s.aim, s.last.level, step.value):
        return None
    return Text(
        ja=f"途中目標({wareki(step.due)}に{number(step.value)})に届いていない",
        en=f"the target on the way ({number(step.value)} by {step.due}) is not met",
    )


def _unmeasured(s: Standing) -> Text | None:
    if s.last is None:
        begun = s.aim.baseline_on
        if begun is not None and s.aim.cadence is not None and last_over(s.aim.cadence, s.today - GRACE).end <= begun:
            return None
        return _before(s.outdated) or Text(ja="まだ測定値がない", en="nothing has been measured yet")
    if s.aim.cadence is None or s.attained is None:
        return None
    if s.aim.target_on is not None and s.last.period.end >= s.aim.target_on:
        return None
    due = last_over(s.aim.cadence, s.today - GRACE)
    if s.last.period.end >= due.end:
        return None
    return Text(
        ja=f"{due.name} の値がない(最後は {s.last.period.name})",
        en=f"no value for {due.name} (the last is {s.last.period.name})",
    )


def _before(values: Mapping[str, str]) -> Text | None:
    """What is said of a KPI that was measured, and then set anew."""
    dated = [(found.end, name) for name in values if (found := parse(name)) is not None]
    if not dated:
        return None
    last = max(dated)[1]
    value = number(Decimal(values[last]))
    return Text(
        ja=f"基準を設定し直してからの測定値がまだない(それまでは{len(values)}期、最後は {last} の {value})",
        en=f"nothing has been measured since its baseline was set anew ({len(values)} values before, the last {value} in {last})",
    )


def _no_aim(s: Standing) -> Text | None:
    lacking = [w for w, v in (("基準値 / baseline", s.aim.baseline), ("目標値 / target", s.aim.target)) if v is None]
    if not lacking:
        return None
    return Text(
        ja=f"判定できない: {'、'.join(w.split(' / ')[0] for w in lacking)}がない",
        en=f"cannot be judged: no {' and no '.join(w.split(' / ')[1] for w in lacking)}",
    )


def _forecast_misses(s: Standing) -> Text | None:
    f, target = s.forecast, s.aim.target
    if f is None or target is None or (s.attained is not None and s.attained >= 1):
        return None
    if not is_worse(s.aim, Decimal(f.value), target):
        return None
    best = f.low if s.aim.direction == "down" else f.high
    sure = is_worse(s.aim, Decimal(best), target)
    return Text(
        ja=f"このままでは目標日に{shown(f.value)}({f.level:.0%}予測区間 {shown(f.low)}〜{shown(f.high)}、{f.points}期による)"
        + ("、区間の全体が目標に届かない" if sure else ""),
        en=f"heading for {shown(f.value)} at its target date ({f.level:.0%} prediction interval {shown(f.low)} to "
        f"{shown(f.high)}, resting on {f.points} periods)" + ("; all of it misses the target" if sure else ""),
    )


RULES: Mapping[str, tuple[Colour, Rule]] = {
    "stopping": ("red", _stopping),
    "target-missed": ("red", _target_missed),
    "worse-than-baseline": ("red", _worse_than_baseline),
    "far-behind": ("red", _far_behind),
    "behind": ("amber", _behind),
    "interim-missed": ("amber", _interim_missed),
    "forecast-misses": ("amber", _forecast_misses),
    "unmeasured": ("amber", _unmeasured),
    "no-aim": ("amber", _no_aim),
}
"""Every rule with its colour, the graver first."""


def health(standing: Standing) -> Health:
    """The worst colour among the rules that speak, with the reasons of all; green says how far it has come."""
    spoken = [(colour, text) for colour, rule in RULES.values() if (text := rule(standing)) is not None]
    if spoken:
        worst: Colour = "red" if any(colour == "red" for colour, _ in spoken) else "amber"
        return Health(colour=worst, reasons=tuple(text for _, text in spoken))
    share = standing.attained
    if share is None:
        return Health(colour="green", reasons=(Text(ja="最初の値を待っている", en="its first value is not due yet"),))
    return Health(
        colour="green",
        reasons=(Text(ja=f"目標までの{percent(share)}を達成", en=f"{percent(share)} of the way to its target"),),
    )


def percent(share: Decimal) -> str:
    """A share in whole percent, rounded down so that what falls short never reads as all of it: 0.5 -> 50%, 0.999 -> 99%."""
    return f"{(share * 100).to_integral_value(ROUND_FLOOR)}%"


def shown(value: float) -> str:
    """A forecast to four figures: more would pretend to know."""
    return f"{float(f'{value:.4g}'):,.10g}"
