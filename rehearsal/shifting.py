"""People as they would be: slower or quicker, with so many matters at a time. Their luck stays the same.

Chance hangs on what is asked and not on the id that a request happens to bear, so that two runs differ by what was changed alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from heapq import heapify, heapreplace
from random import Random

from domain.calendar import local_day
from domain.lifecycle import events as e
from domain.lifecycle.adopting import DeliverableImported
from domain.lifecycle.state import Lifecycle, Request
from domain.messages import Event, Recorded
from domain.process import Stage
from rehearsal.contract import ALL, Change
from rehearsal.ledger import Ledger
from rehearsal.people import People
from rehearsal.script import Intention, Script, later, meeting_day, on_day

_QUARTER = re.compile(r"\d{4}-Q[1-4]")


class Shifted(People):
    """Scripted people under a change, for lifecycles that begin in the rehearsal and for such as are on their way already."""

    def __init__(
        self,
        scripts: Iterable[Script],
        ledger: Ledger,
        definition: str,
        seed: int,
        change: Change,
        memories: Iterable[tuple[Lifecycle, Event]] = (),
    ) -> None:
        """`memories`: what these people have seen happen before, with the state that it led to."""
        super().__init__(scripts, ledger.facts(definition), seed)
        self._ledger, self._change = ledger, change
        self._named: dict[str, str] = {}
        self._asked: dict[str, int] = {}
        self._free: dict[str, list[datetime]] = {}
        self._queued: set[str] = set()
        for state, event in memories:
            self._remember(state, event)

    def dice(self, *parts: object) -> Random:
        return super().dice(*(self._named.get(p, p) if isinstance(p, str) else p for p in parts))

    def starts(self) -> list[Intention]:
        """Who has begun already goes on from where they are."""
        running: list[Intention] = []
        begun = set()
        for stream in self.scripts:
            state: Lifecycle = self._ledger.state("lifecycle", stream)
            if state.started_at is not None:
                begun.add(stream)
                running += self.watch(state, (), self._ledger.now)
        return running + [i for i in super().starts() if i.stream not in begun]

    def watch(self, state: Lifecycle, fresh: Sequence[Recorded], now: datetime) -> list[Intention]:
        for r in state.requests:
            self._name(state, r)
        return [i for m in super().watch(state, fresh, now) if (i := self._shifted(state, m, now)) is not None]

    def stage_of(self, state: Lifecycle) -> Stage:
        process = self._ledger.facts(state.definition).definition
        return (process or self.process).stage(state.work)

    def aim(self, stream: str, kpi: str) -> tuple[Decimal, Decimal, int]:
        """Of KPIs that came from elsewhere nothing may be known: they go from 0 to 1."""
        return self._aims.get((stream, kpi), (Decimal(0), Decimal(1), 1))

    def _remember(self, state: Lifecycle, event: Event) -> None:
        """A real record has periods and KPIs in shapes that no script writes: those are passed over."""
        if isinstance(event, DeliverableImported) and event.deliverable == "kpis":
            for k in event.content.get("kpis") or ():
                if k.get("baseline") is not None and k.get("target") is not None:
                    aim = (Decimal(str(k["baseline"])), Decimal(str(k["target"])), event.round)
                    self._aims[state.stream, k["key"]] = aim
            return
        if isinstance(event, e.DeliverableSubmitted) and event.deliverable == "monitoring":
            if _QUARTER.fullmatch(str(event.content.get("period", ""))):
                super()._remember(state, event)
            return
        if isinstance(event, e.GatePassed) and state.stream not in self._reported:
            return
        super()._remember(state, event)

    # --- what is otherwise -------------------------------------------------------------------------------------------

    def _name(self, state: Lifecycle, r: Request) -> None:
        """What is asked, of whom, and for which time: the same in two runs, whatever else was asked in between."""
        if r.id not in self._named:
            place = f"{state.stream}/{r.stage}/{r.round}/{r.step}/{r.post}"
            self._asked[place] = self._asked.get(place, 0) + 1
            self._named[r.id] = f"{place}/{self._asked[place]}"

    def _shifted(self, state: Lifecycle, meant: Intention, now: datetime) -> Intention | None:
        request = state.request(meant.subject.split(" ")[0]) if meant.verb in ("answer", "submit") else None
        if request is None:
            return meant
        stage = self.stage_of(state)
        if meant.verb == "submit" and (stage.repeats or stage.deliverable == "budgeting"):
            return meant  # these days are set by seasons, not by how fast somebody works
        role = self._role(request.post)
        at = self._paced(meant.at, now, role, request)
        if meant.verb == "answer" and role in self._change.capacity:
            if request.id in self._queued:
                return None  # it is in the queue already, and a reminder makes no hands free
            self._queued.add(request.id)
            at = self._in_turn(request, role, at, now)
        return meant._replace(at=at)

    def _role(self, post: str) -> str:
        found = self.facts.directory.post(post)
        return found.role if found else ""

    def _paced(self, at: datetime, now: datetime, role: str, r: Request) -> datetime:
        factor = self._change.pace.get(role, self._change.pace.get(ALL, 1.0))
        if factor == 1.0:
            return at
        days = max(self.facts.calendar.working_days_between(now, at), 0.5) * factor
        return self._when(later(self.facts.calendar, now, days, self.dice("pace", r.id)), role, r)

    def _in_turn(self, r: Request, role: str, at: datetime, now: datetime) -> datetime:
        """First come, first served: it is taken in hand once one of the post's places is free, and then takes its time."""
        calendar = self.facts.calendar
        if r.post not in self._free:
            self._free[r.post] = [now] * self._change.capacity[role]
            heapify(self._free[r.post])
        begin = max(now, self._free[r.post][0])
        if begin > now:
            takes = max(calendar.working_days_between(now, at), 0.5)
            at = self._when(later(calendar, begin, takes, self.dice("turn", r.id)), role, r)
        heapreplace(self._free[r.post], at)
        return at

    def _when(self, at: datetime, role: str, r: Request) -> datetime:
        """The mayor decides where the council sits."""
        if role != "mayor":
            return at
        calendar = self.facts.calendar
        return on_day(calendar, meeting_day(calendar, local_day(at)), self.dice("sitting", r.id))
