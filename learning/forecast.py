"""When the next stages and the end are to be expected: how long comparable lifecycles of this city took, and silence where there
are too few of them.

For each stage ahead, and for the decision on the review, the time from entering the present stage until getting there (or past it)
for the first time is estimated by `learning.survival`; sent back in between or not, it counts as it happened. Lifecycles that are
still on their way count as not there yet (right-censored); one that was dropped counts until it was dropped, so that the forecast
holds for one that goes on. Comparable are: lifecycles that were in the same stage in the same section; where those are too few,
in the same stage anywhere; where those are too few as well, nothing is said.
A stage that is left on a day fixed beforehand (monitoring, on its review date) is not estimated: the next stage comes on that day,
and those behind it are counted from there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal

from domain.calendar import Calendar, end_of_business, local_day
from domain.lifecycle.state import Lifecycle
from domain.messages import Frozen, Text
from domain.process import ProcessDefinition
from learning.survival import Curve, curve
from learning.ways import END, Way

MIN_CASES = 8
"""So many lifecycles must have been seen to get there later than the one asked about has come (ours)."""
LOW, HIGH = 0.1, 0.9
"""The band: four in five lie within."""
Basis = Literal["section", "stage", "fixed", "none"]


class Expected(Frozen):
    """`on`: by then half of the comparable ones were there; `early` and `late`: one in ten, nine in ten (None: so many have never
    been seen to get there). Silent when `basis` is none: `on` is None. `cases`: those seen to get there, `open`: those not yet."""

    stage: str
    title: Text
    on: date | None
    early: date | None
    late: date | None
    working_days: int | None
    basis: Basis
    cases: int
    open: int


class Forecast(Frozen):
    """`since`: when the present stage was entered. `silent`: why nothing at all is said, else None."""

    stream: str
    stage: str
    since: datetime | None
    expected: tuple[Expected, ...]
    silent: Text | None = None

    @property
    def next(self) -> Expected | None:
        """The first stage ahead of which something can be said."""
        return next((e for e in self.expected if e.on is not None), None)

    @property
    def end(self) -> Expected | None:
        found = self.expected[-1] if self.expected else None
        return found if found is not None and found.stage == END and found.on is not None else None


class History:
    """The ways of all lifecycles as known at `now`; curves are made once and kept."""

    def __init__(self, ways: Iterable[Way], calendar: Calendar, now: datetime) -> None:
        self.calendar, self.now = calendar, now
        self._at: defaultdict[tuple[str, str | None], list[tuple[Way, int]]] = defaultdict(list)
        for way in ways:
            for i, (stage, _) in enumerate(way.steps):
                if stage != END and (i > 0 or way.whole):
                    self._at[stage, None].append((way, i))
                    self._at[stage, way.section].append((way, i))
        self._curves: dict[tuple[str, str | None, tuple[str, ...]], Curve] = {}

    def curve(self, stage: str, section: str | None, there: tuple[str, ...]) -> Curve:
        """From entering `stage` until being at one of `there`, in working days; of one section, or of all."""
        key = (stage, section, there)
        if key not in self._curves:
            wanted = frozenset(there)
            self._curves[key] = curve(self._time(way, i, wanted) for way, i in self._at.get((stage, section), ()))
        return self._curves[key]

    def _time(self, way: Way, i: int, there: frozenset[str]) -> tuple[int, bool]:
        begun = way.steps[i][1]
        for name, at in way.steps[i + 1 :]:
            if name in there:
                return self.calendar.working_days_between(begun, at), True
            if name == END:  # the round ended otherwise: by a definition without these stages
                return self.calendar.working_days_between(begun, at), False
        return self.calendar.working_days_between(begun, way.over or self.now), False

    def comparable(self, stage: str, section: str, there: tuple[str, ...], gone: int) -> tuple[Basis, Curve, int]:
        """The narrowest basis on which something can be said of one that has been in the stage for `gone` working days, with the
        number of cases that it rests on."""
        narrow = self.curve(stage, section, there)
        if (n := narrow.ended_after(gone)) >= MIN_CASES:
            return "section", narrow, n
        wide = self.curve(stage, None, there)
        n = wide.ended_after(gone)
        return ("stage" if n >= MIN_CASES else "none"), wide, n


def ahead(process: ProcessDefinition, stage: str) -> list[str]:
    """The stages behind `stage` on the way that the definition describes, up to the one that decides the outcome."""
    found: list[str] = []
    key = process.stage(stage).next
    while key is not None and key not in found:
        found.append(key)
        key = process.stage(key).next
    return found


def expected(
    history: History, process: ProcessDefinition, stage: str, section: str, since: datetime
) -> tuple[Expected, ...]:
    """Of a lifecycle that entered `stage` at `since` and is still there: the stages ahead in their order, and the end."""
    route = ahead(process, stage)
    gone = history.calendar.working_days_between(since, history.now)
    titles = {s.key: s.title for s in process.stages} | {END: Text(ja="再検討の決定", en="decision on the review")}
    found = []
    for i, target in enumerate((*route, END)):
        there = (*route[i:], END) if target != END else (END,)
        basis, times, cases = history.comparable(stage, section, there, gone)
        low, mid, high = (times.quantile(p, gone) if basis != "none" else None for p in (LOW, 0.5, HIGH))
        if mid is None:
            basis = "none"
        found.append(
            Expected(
                stage=target,
                title=titles[target],
                on=_day(history.calendar, since, mid),
                early=_day(history.calendar, since, low if mid is not None else None),
                late=_day(history.calendar, since, high),
                working_days=None if mid is None else mid - gone,
                basis=basis,
                cases=cases,
                open=times.cases - sum(times.ended),
            )
        )
    return tuple(found)


def _from(history: History, process: ProcessDefinition, state: Lifecycle, entered: datetime) -> tuple[Expected, ...]:
    """From the present stage on; from the review date on, where the present stage lasts until then."""
    stage = process.stage(state.stage)
    if not (stage.repeats and stage.next and state.review_date):
        return expected(history, process, state.stage, state.section, entered)
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
    return (review, *expected(history, process, following.key, state.section, comes))


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
    return Text(ja="、".join(p.ja for p in parts), en="; ".join(p.en for p in parts))


def _worth(found: Forecast) -> Sequence[Expected]:
    following, end = found.next, found.end
    return [e for e in dict.fromkeys((following, end)) if e is not None]


def _told(e: Expected) -> Text:
    assert e.on is not None
    if e.basis == "fixed":
        return Text(
            ja=f"{e.title.ja}: {e.on.isoformat()}(定めた期日)", en=f"{e.title.en}: on {e.on.isoformat()}, as was fixed"
        )
    basis = {
        "section": Text(ja="同じ課の", en="of the same section"),
        "stage": Text(ja="全庁の", en="of the whole city"),
    }
    where = basis[e.basis]
    late = e.late.isoformat() if e.late is not None else ""
    return Text(
        ja=f"{e.title.ja}: {e.on.isoformat()} ごろ({e.early}〜{late or '未定'}、{where.ja} {e.cases} 件による)",
        en=f"{e.title.en}: about {e.on.isoformat()} ({e.early} to {late or 'open'}, resting on {e.cases} {where.en})",
    )
