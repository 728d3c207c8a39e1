"""Two runs of the same lifecycles told apart: who goes another way or comes later, why, and who misses a budget window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.calendar import Calendar, end_of_business, local_day
from domain.directory import Directory
from domain.fiscal import still_open
from domain.messages import Text
from domain.process import ProcessDefinition
from domain.process_diff import compare
from learning.measures import working_days
from learning.traces import Trace
from rehearsal.asking import titles_of_roles
from rehearsal.contract import NOTABLE, Change, Effect, Shift, WhatIf

BUDGETING = "budgeting"
"""The form of the stage that asks for a budget: who enters it by a deadline reaches that window."""


Run = Mapping[str, Trace]


@dataclass(frozen=True)
class Both:
    base: Run
    changed: Run
    stages: Mapping[str, str]
    """Stream -> where it stands now ("" before its start)."""
    refused: Mapping[str, Text]
    """Stream -> why it cannot be moved to the other definition."""


@dataclass(frozen=True)
class Telling:
    """Holds what both runs share. `process` is the definition after the change, `before` the one that most followed under its name."""

    calendar: Calendar
    directory: Directory
    definitions: Mapping[str, ProcessDefinition]
    process: ProcessDefinition
    before: ProcessDefinition | None
    deadlines: tuple[date, ...]
    since: datetime

    def whole(self, both: Both, change: Change, until: date, seed: int, left_out: Sequence[str]) -> WhatIf:
        ends = end_of_business(until)
        told = [self._shift(both, stream, ends) for stream in sorted(both.base.keys() | both.changed.keys())]
        effects: Counter[Effect] = Counter(s.effect for s in told)
        moved = [s for s in told if s.effect != "same" or s.misses]
        earlier = sum(s.would_window is not None and (s.window is None or s.would_window < s.window) for s in told)
        return WhatIf(
            since=self.since,
            until=until,
            seed=seed,
            deadlines=tuple(sorted(self.deadlines)),
            changes=self._changes(change),
            lifecycles=len(told),
            effects=dict(sorted(effects.items())),
            misses=sum(s.misses for s in told),
            reaches_earlier=earlier,
            shifts=tuple(sorted(moved, key=lambda s: (not s.misses, -abs(s.days), s.ref))),
            left_out=tuple(left_out),
        )

    def _changes(self, change: Change) -> tuple[Text, ...]:
        found: list[Text] = []
        if change.definition is not None:
            if (reference := change.definition.reference) in self.definitions:
                found.append(Text(ja=f"定義 {reference} に沿う", en=f"under the definition {reference}"))
            lines = compare(self.before, change.definition) if self.before is not None else ()
            found += [t for t in lines if not t.en.startswith("version ")]
        titles = titles_of_roles(self.process, self.directory)
        for role, factor in sorted(change.pace.items()):
            who = titles.get(role, Text(ja="全員", en="everybody"))
            found.append(
                Text(ja=f"{who.ja}: {factor:g} 倍の日数がかかる", en=f"{who.en}: takes {factor:g} times as long")
            )
        for role, many in sorted(change.capacity.items()):
            who = titles.get(role, Text(ja=role, en=role))
            found.append(Text(ja=f"{who.ja}: 一度に {many} 件まで", en=f"{who.en}: at most {many} at a time"))
        return tuple(found)

    def _shift(self, both: Both, stream: str, ends: datetime) -> Shift:
        base, would = (run.get(stream, Trace(stream)) for run in (both.base, both.changed))
        way, other = (tuple(v.stage for v in t.visits) for t in (base, would))
        days = self._days(base, would)
        first = 1 if both.stages.get(stream) else 0
        windows = [self._window(t, first) for t in (base, would)]
        misses = windows[0] is not None and windows[0] < (windows[1] or local_day(ends))
        refused = both.refused.get(stream)
        effect: Effect = "impossible" if refused is not None else self._effect(base, would, way, other, days)
        why: list[Text] = []
        if refused is not None:
            why.append(Text(ja=f"移せない: {refused.ja}", en=f"cannot be moved: {refused.en}"))
        elif effect != "same" or misses:
            why += self._why(base, would, ends, late=days > 0 or misses)
        return Shift(
            stream=stream,
            ref=base.ref or would.ref,
            title=base.title or would.title,
            stage=both.stages.get(stream, ""),
            effect=effect,
            days=days,
            way=way,
            would=other,
            window=windows[0],
            would_window=windows[1],
            misses=misses,
            why=tuple(why),
        )

    def _effect(self, base: Trace, would: Trace, way: Sequence[str], other: Sequence[str], days: int) -> Effect:
        """One way that is only farther along than the other is the same way."""
        shared = min(len(way), len(other))
        decided = list(zip(base.outcomes, would.outcomes, strict=False))
        if way[:shared] != other[:shared] or any(a[0] != b[0] for a, b in decided):
            return "other_way"
        if base.closed_at and would.closed_at and base.closed_as != would.closed_as:
            return "other_way"
        return "later" if days >= NOTABLE else "earlier" if days <= -NOTABLE else "same"

    def _days(self, base: Trace, would: Trace) -> int:
        """Working days between the runs at the last point that both reach: a stage for the nth time, or the end."""
        points = [_points(t) for t in (base, would)]
        common = [(points[0][p], points[1][p]) for p in points[0] if p in points[1]]
        if not common:
            return 0
        a, b = common[-1]
        between = self.calendar.working_days_between
        return between(a, b) if b >= a else -between(b, a)

    def _window(self, trace: Trace, first: int) -> date | None:
        """The first deadline that is still ahead when it next comes to ask for a budget."""
        processes = (*self.definitions.values(), self.process)
        asking = {s.key for p in processes for s in p.stages if s.deliverable == BUDGETING}
        entered = next((v.entered_at for v in trace.visits[first:] if v.stage in asking), None)
        return None if entered is None else min((d for d in self.deadlines if d >= still_open(entered)), default=None)

    def _why(self, base: Trace, would: Trace, ends: datetime, *, late: bool) -> list[Text]:
        """Steps that are asked in one run alone, whose answers take longer or less long, and where the ways part."""
        found: list[Text] = []
        done = [{v.stage for v in t.visits if v.left_at is not None} for t in (base, would)]
        shared = done[0] & done[1]
        asked = [
            {(w.stage, w.step) for w in t.waits if w.kind == "decide" and w.stage in shared} for t in (base, would)
        ]
        for stage, step in sorted(asked[0] - asked[1]):
            where = self._step(stage, step)
            found.append(Text(ja=f"{where.ja}は求められない", en=f"{where.en} is not asked"))
        for stage, step in sorted(asked[1] - asked[0]):
            where = self._step(stage, step)
            found.append(Text(ja=f"{where.ja}も求められる", en=f"{where.en} is asked as well"))
        waited = [self._waited(t, ends) for t in (base, would)]
        more = {k: waited[1].get(k, 0.0) - waited[0].get(k, 0.0) for k in waited[0] | waited[1]}
        weighty = sorted((k for k, d in more.items() if abs(d) >= 1 and (d > 0) == late), key=lambda k: -abs(more[k]))
        for kind, post in weighty[:2]:
            title = p.title if (p := self.directory.post(post)) is not None else Text(ja=post, en=post)
            verb = Text(ja="待つ", en="waited for") if kind == "decide" else Text(ja="作成", en="drafting")
            found.append(
                Text(
                    ja=f"{title.ja} {verb.ja}: {more[kind, post]:+.0f} 執務日",
                    en=f"{title.en}, {verb.en}: {more[kind, post]:+.0f} working days",
                )
            )
        parted = next(
            (i for i, (a, b) in enumerate(zip(base.visits, would.visits, strict=False)) if a.stage != b.stage), None
        )
        if parted is not None:
            a, b = base.visits[parted], would.visits[parted]
            here, there = self._stage(a.stage), self._stage(b.stage)
            found.append(
                Text(
                    ja=f"{here.ja}({a.because})でなく{there.ja}({b.because})へ",
                    en=f"goes to {there.en} ({b.because}) and not to {here.en} ({a.because})",
                )
            )
        if not found:
            found.append(Text(ja="他の課題の後になる日程のずれ", en="days shift by the order in which matters come"))
        return found

    def _stage(self, key: str) -> Text:
        known = (s.title for d in (self.process, *self.definitions.values()) for s in d.stages if s.key == key)
        return next(known, Text(ja=key, en=key))

    def _step(self, stage: str, step: str) -> Text:
        """A step by its title and its place, which is what `--without` names."""
        processes = (*self.definitions.values(), self.process)
        known = (g.title for d in processes for s in d.stages if s.key == stage for g in s.gate if g.key == step)
        title, of = next(known, Text(ja=step, en=step)), self._stage(stage)
        return Text(ja=f"「{of.ja}」の「{title.ja}」({stage}/{step})", en=f"{of.en}, {title.en} ({stage}/{step})")

    def _waited(self, trace: Trace, ends: datetime) -> dict[tuple[str, str], float]:
        """(kind, post) -> working days for which its requests were open."""
        found: dict[tuple[str, str], float] = {}
        for w in trace.waits:
            key = (w.kind, w.post)
            lasted = working_days(self.calendar, max(w.opened_at, self.since), w.ended_at or trace.closed_at or ends)
            found[key] = found.get(key, 0.0) + lasted
        return found


def _points(trace: Trace) -> dict[tuple[str, int], datetime]:
    """(stage, nth time) -> entered; the end of the whole at last."""
    found: dict[tuple[str, int], datetime] = {}
    times: Counter[str] = Counter()
    for v in trace.visits:
        times[v.stage] += 1
        found[v.stage, times[v.stage]] = v.entered_at
    if trace.closed_at is not None:
        found["(closed)", 1] = trace.closed_at
    return found
