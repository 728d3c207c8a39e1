"""Cycle time of the stages, time waited for people against time worked, and where both pile up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from domain.calendar import Calendar
from domain.messages import Frozen
from learning.measures import Spread, calendar_days, spread, working_days
from learning.traces import Trace, Visit, Wait

Interval = tuple[datetime, datetime]


class StageTime(Frozen):
    """All finished visits of a stage. `open`: lifecycles that are there now, not counted among the times. `share`: of all time
    that finished visits took in the portfolio. `bottleneck`: the stages that together took half of it, the longest first."""

    stage: str
    working: Spread | None
    calendar: Spread | None
    open: int
    share: float
    bottleneck: bool


class Waited(Frozen):
    """Requests that were waited for. `key`: a post, a section, or a stage. `waiting` is one value a request, in working days,
    holds taken out; `share`: of all the waiting. `open`: still waited for, with their time so far in `open_days`."""

    key: str
    waiting: Spread | None
    share: float
    open: int
    open_days: float


class Split(Frozen):
    """Where the time of finished visits went, in working days; the four add up to `total`. `waited`: somebody was asked to decide;
    `worked`: a draft was asked for and nobody was to decide; `held`: it rested; `other`: nobody was asked for anything."""

    key: str
    total: float
    waited: float
    worked: float
    held: float
    other: float


class Waiting(Frozen):
    by_stage: tuple[Waited, ...]
    by_post: tuple[Waited, ...]
    by_section: tuple[Waited, ...]
    split: tuple[Split, ...]
    """By stage, and `all` at the end."""


def cycle(traces: Iterable[Trace], calendar: Calendar, order: Sequence[str] = ()) -> list[StageTime]:
    """One entry a stage, in the given order of stages (others behind)."""
    worked: defaultdict[str, list[float]] = defaultdict(list)
    days: defaultdict[str, list[float]] = defaultdict(list)
    open_: defaultdict[str, int] = defaultdict(int)
    for trace in traces:
        for v in trace.visits:
            if v.left_at is None:
                open_[v.stage] += trace.closed_at is None
            elif v.whole:
                worked[v.stage].append(working_days(calendar, v.entered_at, v.left_at))
                days[v.stage].append(calendar_days(v.entered_at, v.left_at))
    whole = sum(map(sum, worked.values())) or 1.0
    heavy = _heaviest({k: sum(v) for k, v in worked.items()})
    keys = [*(k for k in order if k in worked or k in open_), *sorted({*worked, *open_} - set(order))]
    return [
        StageTime(
            stage=k,
            working=spread(worked[k]),
            calendar=spread(days[k]),
            open=open_[k],
            share=round(sum(worked[k]) / whole, 4),
            bottleneck=k in heavy,
        )
        for k in keys
    ]


def waiting(traces: Iterable[Trace], calendar: Calendar, now: datetime, order: Sequence[str] = ()) -> Waiting:
    """`now`: until when what is still open has waited."""
    done: dict[str, defaultdict[str, list[float]]] = {k: defaultdict(list) for k in ("stage", "post", "section")}
    still: dict[str, defaultdict[str, list[float]]] = {k: defaultdict(list) for k in ("stage", "post", "section")}
    split: defaultdict[str, list[float]] = defaultdict(lambda: [0.0] * 4)
    for trace in traces:
        holds = [(a, b or now) for a, b in trace.holds]
        for w in trace.waits:
            if w.kind != "decide" or (w.ended_at is not None and not w.answered):
                continue  # what fell away unanswered says nothing of how long an answer takes
            end = w.ended_at or trace.closed_at or now
            lasted = working_days(calendar, w.opened_at, end) - _measure(_clipped(holds, w.opened_at, end), calendar)
            into = still if w.ended_at is None else done
            for kind, key in (("stage", w.stage), ("post", w.post), ("section", trace.section)):
                into[kind][key].append(max(0.0, lasted))
        for v in trace.visits:
            if v.left_at is not None and v.whole:
                parts = _parts(v, v.left_at, trace.waits, holds, calendar, now)
                split[v.stage] = [a + b for a, b in zip(split[v.stage], parts, strict=True)]
    place = {k: i for i, k in enumerate(order)}
    stages = sorted(split, key=lambda k: (place.get(k, len(place)), k))
    whole = [sum(column) for column in zip(*split.values(), strict=True)] or [0.0] * 4
    return Waiting(
        by_stage=_ranked(done["stage"], still["stage"]),
        by_post=_ranked(done["post"], still["post"]),
        by_section=_ranked(done["section"], still["section"]),
        split=tuple(_split(k, p) for k, p in (*((s, split[s]) for s in stages), ("all", whole))),
    )


def _split(key: str, parts: Sequence[float]) -> Split:
    waited, worked, held, other = (round(p, 3) for p in parts)
    total = round(sum(parts), 3)
    return Split(key=key, total=total, waited=waited, worked=worked, held=held, other=other)


def _ranked(done: dict[str, list[float]], still: dict[str, list[float]]) -> tuple[Waited, ...]:
    """Whoever was waited for longest in all comes first."""
    whole = sum(map(sum, done.values())) or 1.0
    found = [
        Waited(
            key=k,
            waiting=spread(done.get(k, [])),
            share=round(sum(done.get(k, [])) / whole, 4),
            open=len(still.get(k, [])),
            open_days=round(sum(still.get(k, [])), 3),
        )
        for k in {*done, *still}
    ]
    return tuple(sorted(found, key=lambda w: (-w.share, -w.open_days, w.key)))


def _parts(
    visit: Visit, left: datetime, waits: Sequence[Wait], holds: Sequence[Interval], calendar: Calendar, now: datetime
) -> tuple[float, float, float, float]:
    """Waited, worked, held and other time of a visit. A hold goes before a wait, a wait before work: each moment counts once."""

    def asked(kind: Literal["decide", "draft"]) -> list[Interval]:
        spans = [(w.opened_at, w.ended_at or now) for w in waits if w.kind == kind]
        return _clipped(spans, visit.entered_at, left)

    held = _union(_clipped(holds, visit.entered_at, left))
    waited = _union([*held, *asked("decide")])
    busy = _union([*waited, *asked("draft")])
    total = working_days(calendar, visit.entered_at, left)
    in_hold, in_wait, in_all = (_measure(spans, calendar) for spans in (held, waited, busy))
    return in_wait - in_hold, in_all - in_wait, in_hold, max(0.0, total - in_all)


def _clipped(spans: Iterable[Interval], start: datetime, end: datetime) -> list[Interval]:
    return [(max(a, start), min(b, end)) for a, b in spans if a < end and b > start]


def _union(spans: Iterable[Interval]) -> list[Interval]:
    found: list[Interval] = []
    for a, b in sorted(spans):
        if found and a <= found[-1][1]:
            found[-1] = (found[-1][0], max(b, found[-1][1]))
        else:
            found.append((a, b))
    return found


def _measure(spans: Iterable[Interval], calendar: Calendar) -> float:
    return sum(working_days(calendar, a, b) for a, b in spans)


def _heaviest(totals: dict[str, float]) -> set[str]:
    """The fewest that together make half of the whole; that half makes a bottleneck is ours."""
    half, found, so_far = sum(totals.values()) / 2, set[str](), 0.0
    for key, total in sorted(totals.items(), key=lambda kv: (-kv[1], kv[0])):
        if so_far >= half:
            break
        found.add(key)
        so_far += total
    return found
