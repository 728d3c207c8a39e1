"""The conductor: goes from one due moment to the next, and lets everything that follows settle before time moves on.

A heap holds what is to come: moments stored in the lifecycles (deadlines, review dates) and what scripted people mean to do.
Only streams that changed are looked at. The order within a moment is fixed, so the same seed gives the same events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from heapq import heappop, heappush

from domain.calendar import JST, local_day
from domain.lifecycle.state import Lifecycle
from domain.messages import SYSTEM, Actor, Command, Recorded, Refused
from domain.registry import KINDS
from rehearsal.bodies import Bodies
from rehearsal.ledger import Ledger
from rehearsal.people import People
from rehearsal.script import Intention

Observer = Callable[[Lifecycle, Sequence[Recorded]], None]
Moment = tuple[datetime, int, int, str, str]
"""When, whether time itself (0) or a person (1) acts, the number of the stream, the verb, and on what."""


def _ignore(*_: object) -> None:
    return None


class Conductor:
    """`observe` hears of every change, `on_refused` of what a rule turned down, `on_day` of the end of each day played.

    `settle_every` days the streams that changed are waited for. Nothing that follows from a stream's events changes what
    people do, so it alters no event: a longer wait is cheaper, a shorter one tells the story in the Temporal UI day by day.
    `numbers` gives each stream its place within a moment, when these people are a share of a larger cast. With `bodies` tasks are
    selected and decided on in session; what a session carries elsewhere is recorded before anything else happens.
    """

    def __init__(
        self,
        ledger: Ledger,
        people: People,
        *,
        observe: Observer = _ignore,
        on_refused: Callable[[Intention, Refused], None] = _ignore,
        on_day: Callable[[date], None] = _ignore,
        pace: float | None = None,
        settle_every: int = 1,
        numbers: Mapping[str, int] | None = None,
        bodies: Bodies | None = None,
    ) -> None:
        self.commands = 0
        self.playing: Moment | None = None
        """What is being played: the order of moments is the order of the events."""
        self._every = settle_every
        self._ledger, self._people = ledger, people
        self._observe, self._on_refused, self._on_day = observe, on_refused, on_day
        self._pace = pace
        self._numbers = dict(numbers) if numbers else {stream: i for i, stream in enumerate(people.scripts)}
        self._streams = {self._numbers[stream]: stream for stream in people.scripts}
        self._bodies = bodies
        self._kinds: dict[str, str] = {}
        self._unfollowed: dict[str, list[Recorded]] = {}
        """Events of rounds, sessions and rhythms from which something may follow elsewhere."""
        self._heap: list[Moment] = []
        self._due: dict[str, datetime | None] = {}

    async def run(self, until: datetime) -> None:
        """Play until `until` (aware), that moment included; virtual time ends there."""
        self._mean(self._people.starts())
        self._mean(self._bodies.starts() if self._bodies else ())
        for stream in self._people.scripts:
            self._expect(stream)  # lifecycles that are on their way already have moments to come
        played: date | None = None
        touched: set[str] = set()
        while self._heap and self._heap[0][0] <= until:
            day = local_day(self._heap[0][0])
            if played is not None and day.toordinal() // self._every != played.toordinal() // self._every:
                await self._settle(touched)
            await self._wait(played, day)
            await self._play(day, until, touched)
            self._on_day(day)
            played = day
        await self._settle(touched)
        self._ledger.set_now(until)

    async def _settle(self, touched: set[str]) -> None:
        """Let what follows from the streams that changed take its course, in their fixed order."""
        await self._ledger.settle(sorted(touched, key=self._numbers.__getitem__))
        touched.clear()
        await asyncio.sleep(0)

    async def _wait(self, played: date | None, day: date) -> None:
        if self._pace and played is not None:
            await asyncio.sleep((day - played) / timedelta(days=1) / self._pace)

    async def _play(self, day: date, until: datetime, touched: set[str]) -> None:
        """Everything of one day, in the order of its moments; adds the streams that changed to `touched`."""
        midnight = datetime.combine(day + timedelta(days=1), time(), JST)
        while self._heap and self._heap[0][0] <= until and self._heap[0][0] < midnight:
            self.playing = heappop(self._heap)
            at, _, number, verb, subject = self.playing
            stream = self._streams[number]
            self._ledger.set_now(at)
            if not verb:
                changed = self._pass_due(stream, at)
            elif self._bodies is not None and self._bodies.can(verb):
                changed = self._officiate(self._bodies, Intention(at, stream, verb, subject))
            else:
                changed = [stream] if self._act(Intention(at, stream, verb, subject)) else []
            touched.update(changed)
            while self._unfollowed:
                touched.update(await self._carry())

    def _pass_due(self, stream: str, at: datetime) -> list[str]:
        """Record the deadlines that have passed, as the workflow would; a moment that has moved on is skipped."""
        if self._due.get(stream) != at:
            return []
        self._due[stream] = None
        changed = False
        kind = self._kinds.get(stream, "lifecycle")
        for command in KINDS[kind].due_commands(self._ledger.state(kind, stream), self._ledger.now):
            try:
                changed |= self._record(command, SYSTEM)
            except Refused:
                continue
        return [stream] if changed else []

    def _act(self, intention: Intention) -> bool:
        deed = self._people.act(intention, self._state(intention.stream), self._ledger.now)
        if deed is None:
            return False
        try:
            return self._record(*deed)
        except Refused as refused:
            self._on_refused(intention, refused)
            again = self._people.refused(intention, self._ledger.now)
            self._mean([again] if again else [])
            return False

    def _officiate(self, bodies: Bodies, intention: Intention) -> list[str]:
        """What the secretariat or a member does: as many commands as it takes, each seeing what the last one led to."""
        changed = []
        for command, actor in bodies.act(intention, self._ledger.now):
            try:
                if self._record(command, actor):
                    changed.append(command.stream)
            except Refused as refused:
                self._on_refused(intention, refused)
        self._mean(bodies.follow_up(intention, self._ledger.now))
        return changed

    async def _carry(self) -> list[str]:
        """What follows elsewhere from one of the streams, in the order in which they changed."""
        stream = next(iter(self._unfollowed))
        fresh, kind = self._unfollowed.pop(stream), self._kinds[stream]
        state = self._ledger.state(kind, stream)
        if not any(e.command for e in KINDS[kind].react(state, fresh, self._ledger.facts()).effects):
            return []
        changed = []
        for command, led_to in await self._ledger.carry(kind, stream, fresh):
            self.commands += 1
            if led_to:
                self._saw(command, led_to, follow=command.stream != stream)
                changed.append(command.stream)
        return changed

    def _record(self, command: Command, actor: Actor) -> bool:
        fresh = self._ledger.record(command, actor)
        self.commands += 1
        if fresh:
            self._saw(command, fresh)
        return bool(fresh)

    def _saw(self, command: Command, fresh: Sequence[Recorded], *, follow: bool = True) -> None:
        """Everybody hears of what was recorded; `follow`: what follows from it elsewhere has not been recorded yet."""
        stream, kind, now = command.stream, command.kind, self._ledger.now
        state = self._ledger.state(kind, stream)
        if kind == "lifecycle":
            self._observe(state, fresh)
            self._mean(self._people.watch(state, fresh, now))
        else:
            self._kinds[stream] = kind
            if follow:
                self._unfollowed.setdefault(stream, []).extend(fresh)
        if self._bodies is not None:
            self._mean(self._bodies.watch(kind, state, fresh, now))
        self._expect(stream)

    def _expect(self, stream: str) -> None:
        """Come back when the stream's next moment is due."""
        kind = self._kinds.get(stream, "lifecycle")
        due = KINDS[kind].next_due(self._ledger.state(kind, stream))
        if due is not None and due != self._due.get(stream):
            heappush(self._heap, (max(due, self._ledger.now), 0, self._number(stream), "", ""))
        self._due[stream] = max(due, self._ledger.now) if due is not None else None

    def _mean(self, intentions: Iterable[Intention]) -> None:
        for i in intentions:
            heappush(self._heap, (i.at, 1, self._number(i.stream), i.verb, i.subject))

    def _number(self, stream: str) -> int:
        """The place of a stream within a moment: those of the cast as it is, others as they come up."""
        if stream not in self._numbers:
            number = len(self._numbers)
            self._numbers[stream], self._streams[number] = number, stream
        return self._numbers[stream]

    def _state(self, stream: str) -> Lifecycle:
        state: Lifecycle = self._ledger.state("lifecycle", stream)
        return state
