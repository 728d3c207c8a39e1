"""When the next stages and the end are to be expected: how long comparable lifecycles of this city took, and silence where there
are too few of them.

For each stage ahead, and for the decision on the review, the time from entering the present stage until getting there (or past it)
for the first time is estimated by `learning.survival`; sent back in between or not, it counts as it happened. Lifecycles that are
still on their way count as not there yet (right-censored); one that was dropped counts until it was dropped, so that the forecast
holds for one that goes on. Comparable are: lifecycles that were in the same stage in the same section, for the first time or again
as this one is; where those are too few, in the same stage anywhere; where it is there again and few ever were, the first visits at
the pace that later visits had in all stages (`learning.history`); where those are too few as well, nothing is said.
A stage that is left on a day fixed beforehand (monitoring, on its review date) is not estimated: the next stage comes on that day,
and those behind it are counted from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from domain.calendar import Calendar, end_of_business, local_day, wareki
from domain.lifecycle.state import Lifecycle
from domain.messages import Frozen, Text
from domain.process import ProcessDefinition
from learning.history import MIN_CASES, Basis, History, ahead
from learning.ways import END

LOW, HIGH = 0.1, 0.9
"""The band: four in five lie within."""


class Expected(Frozen):
    """`on`: by then half of the comparable ones were there; between `early` and `late` one more is there with four chances in five
    (None: so many have never been seen to get there). Silent when `basis` is none: `on` is None. `cases`: those seen to get there,
    `open`: those not yet. `again`: compared with others that were not there for the first time."""

    stage: str
    title: Text
    on: date | None
    early: date | None
    late: date | None
    working_days: int | None
    basis: Basis
    cases: int
    open: int
    again: bool = False


class Held(Frozen):
    """How often the band held what came, of `cases` forecasts of the past whose outcome is known: see `learning.backtest.held`."""

    within: int
    cases: int


class Forecast(Frozen):
    """`since`: when the present stage was entered. `silent`: why nothing at all is said, else None. `held`: how the bands of such
    forecasts did in the past year, where that is known."""

    stream: str
    stage: str
    since: datetime | None
    expected: tuple[Expected, ...]
    silent: Text | None = None
    held: Held | None = None

    @property
    def next(self) -> Expected | None:
        """The first stage ahead of which something can be said."""
        return next((e for e in self.expected if e.on is not None), None)

    @property
    def end(self) -> Expected | None:
        found = self.expected[-1] if self.expected else None
        return found if found is not None and found.stage == END and found.on is not None else None


def expected(
    history: History, process: ProcessDefinition, stage: str, section: str, since: datetime, *, again: bool = False
) -> tuple[Expected, ...]:
    """Of a lifecycle that entered `stage` at `since` (for the first time, or again) and is still there: the stages ahead in their
    order, and the end."""
    route = ahead(process, stage)
    gone = history.calendar.working_days_between(since, history.now)
    titles = {s.key: s.title for s in process.stages} | {END: Text(ja="再検討の決定", en="decision on the review")}
    found = []
    for i, target in enumerate((*route, END)):
        there = (*route[i:], END) if target != END else (END,)
        basis, times, cases = history.comparable(process, stage, section, again, there, gone)
        mid = times.quantile(0.5, gone) if basis != "none" else None
        low, high = times.band(LOW, HIGH, gone) if mid is not None else (None, None)
        if mid is None:
            basis = "none"
        found.append(
            Expected(
                stage=target,
                title=titles[target],
                on=_day(history.calendar, since, mid),
                early=_day(history.calendar, since, low),
                late=_day(history.calendar, since, high),
                working_days=None if mid is None else mid - gone,
                basis=basis,
                cases=cases,
                open=times.cases - sum(times.ended),
                again=again,
            )
        )
    return tuple(found)


def _from(history: History, process: ProcessDefinition, state: Lifecycle, entered: datetime) -> tuple[Expected, ...]:
    """From the present stage on; from the review date on, where the present stage lasts until then."""
    stage, later = process.stage(state.stage), state.round > 1
    if not (stage.repeats and stage.next and state.review_date):
        again = later or history.again(state.stream, state.stage, entered)
        return expected(history, process, state.stage, state.section, entered, again=again)
    comes = max(end_of_business(state.review_date), history.now)
    on, following = local_day(comes), process.stage(stage.next)
    days = history.calendar.working_days_between(history.now, comes)
    review = Expected(
        stage=following.key,
        title=following.title,
        on=on,
        early=on,
        late=on,
        working_days=days,
        basis="fixed",
        cases=0,
        open=0,
    )
    again = later or history.again(state.stream, following.key, comes)
    return (review, *expected(history, process, following.key, state.section, comes, again=again))


def _day(calendar: Calendar, since: datetime, days: int | None) -> date | None:
    return None if days is None else local_day(calendar.later(since, days))


def forecast(history: History, process: ProcessDefinition, state: Lifecycle) -> Forecast:
    """Of one lifecycle as it is now."""
    reason = _silence(state, process)
    if reason is not None or state.entered_at is None:
        return Forecast(stream=state.stream, stage=state.stage, since=state.entered_at, expected=(), silent=reason)
    found = _from(history, process, state, state.entered_at)
    silent = None
    if all(e.on is None for e in found):
        most = max(e.cases for e in found)
        silent = Text(
            ja=f"同じ段階を経た例が少なく、見通しを示せません({most} 件。{MIN_CASES} 件から)",
            en=f"too few comparable lifecycles to say anything ({most}; from {MIN_CASES} on)",
        )
    return Forecast(stream=state.stream, stage=state.stage, since=state.entered_at, expected=found, silent=silent)


def _silence(state: Lifecycle, process: ProcessDefinition) -> Text | None:
    if state.closed:
        return Text(ja="終結しています", en="it is closed")
    if state.work != state.stage or state.stage not in {s.key for s in process.stages}:
        return Text(
            ja="通常の段階の外にあります(再開の決定、廃止の処理)", en="it is beside the stages: reopening or wind-down"
        )
    if state.hold is not None:
        return Text(ja="保留中のため見通しを示しません", en="on hold: nothing is forecast")
    return None


def in_words(found: Forecast) -> Text:
    """One line for pages and `show`."""
    if found.silent is not None:
        return found.silent
    parts: list[Text] = [_told(e) for e in _worth(found)]
    held = (
        held_in_words(found.held) if found.held is not None and any(e.basis != "fixed" for e in _worth(found)) else None
    )
    return Text(
        ja="、".join(p.ja for p in parts) + (f"。{held.ja}" if held else ""),
        en="; ".join(p.en for p in parts) + (f". {held.en}" if held else ""),
    )


def held_in_words(held: Held) -> Text:
    return Text(
        ja=f"この1年の見通し {held.cases} 件のうち、実際の日がこの幅に入ったのは {held.within} 件",
        en=f"Over the past year {held.within} of {held.cases} such bands held the day that came",
    )


def _worth(found: Forecast) -> Sequence[Expected]:
    following, end = found.next, found.end
    return [e for e in dict.fromkeys((following, end)) if e is not None]


def _told(e: Expected) -> Text:
    assert e.on is not None
    if e.basis == "fixed":
        return Text(ja=f"{e.title.ja}: {wareki(e.on)}(定めた期日)", en=f"{e.title.en}: on {e.on}, as was fixed")
    early, late = (wareki(d) if d is not None else "未定" for d in (e.early, e.late))
    basis = _basis(e)
    return Text(
        ja=f"{e.title.ja}: {wareki(e.on)}ごろ({early}〜{late}、{basis.ja})",
        en=f"{e.title.en}: about {e.on} ({e.early or 'open'} to {e.late or 'open'}, resting on {basis.en})",
    )


def _basis(e: Expected) -> Text:
    if e.basis == "pace":
        return Text(
            ja=f"各段階の2度目以降 {e.cases} 件の進み方による", en=f"the pace of {e.cases} later visits of all stages"
        )
    ja, en = {"section": ("同じ課", "of the same section"), "stage": ("全庁", "of the whole city")}[e.basis]
    if e.again:
        return Text(ja=f"{ja}で2度目以降の {e.cases} 件による", en=f"{e.cases} {en} that were there again")
    return Text(ja=f"{ja}の {e.cases} 件による", en=f"{e.cases} {en}")
