"""Selection rounds in a rehearsal: sections propose the tasks of the cast, assessors score, the secretariat lays choices before
the council, and what it selects starts by itself.

Three rounds follow one another at the beginning; every later year has one, which takes up what was left its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from domain.bodies import TaskforceClass
from domain.calendar import fiscal_year, local_day, wareki_fiscal_year
from domain.directory import Directory
from domain.kinds import Row
from domain.messages import Command, Recorded
from domain.selection import messages as m
from domain.selection.kind import stream_of
from domain.selection.round import Proposal, SelectionRound
from rehearsal.script import MARK, Intention, Script, later, meeting_day, on_day, scripted

if TYPE_CHECKING:
    from rehearsal.bodies import Bodies
    from rehearsal.people import Deed

_LATE = 2
"""Tasks that are left their place in the first year and selected in the second."""
_CLOSES_BEFORE = timedelta(days=8)
"""How long before the council sits the call closes."""
_EARLIEST = timedelta(days=16)
"""From the first call to the first sitting, at least."""
_FIELDS = ("子育て・教育", "健康・福祉", "行政事務の効率化")
"""Priority fields (重点取組分野) that the rehearsal assumes."""


@dataclass(frozen=True)
class Round:
    """One round: its stream, when it is called, closed and decided on."""

    stream: str
    year: int
    title: str
    calls: date
    closes: date
    sits: date


class Selecting:
    """Whom the bodies ask for all that concerns rounds. `policy_from`: the meeting whose policy is in view."""

    def __init__(self, bodies: Bodies, since: date) -> None:
        self._bodies = bodies
        self._people = bodies.people
        self.policy_from = ""
        self._calendar = self._people.facts.calendar
        self.rounds = list(self._planned(since))
        self._of = {s.stream: self._round_of(s) for s in self._people.scripts.values()}
        """Lifecycle -> the round in which its section proposes it."""
        undecided = sorted(s.stream for s in self._people.scripts.values() if s.outcome is None)
        chosen = self._people.dice("late").sample(undecided, min(_LATE, len(undecided) // 2))
        self._late = {str(self._people.scripts[s].start["ref"]) for s in chosen}
        self._ready: list[str] = []
        self._refs = {str(s.start["ref"]): s.stream for s in self._people.scripts.values()}

    def _planned(self, since: date) -> Iterator[Round]:
        """Three third Wednesdays in a row, the first as early as the notice allows; then one in June of each of two years."""
        calls = since
        sits = meeting_day(self._calendar, since + _EARLIEST, (3,))
        year = fiscal_year(sits + timedelta(days=60))
        for n in (1, 2, 3):
            title = f"{wareki_fiscal_year(year)} 第{n}次募集"
            yield Round(stream_of(f"{year}-{n}"), year, title, calls, sits - _CLOSES_BEFORE, sits)
            calls = sits - _CLOSES_BEFORE + timedelta(days=1)
            sits = meeting_day(self._calendar, sits + timedelta(days=14), (3,))
        for later_year in (year + 1, year + 2):
            sits = meeting_day(self._calendar, date(later_year, 6, 15), (3,))
            title = f"{wareki_fiscal_year(later_year)} 募集"
            calls = date(later_year, 4, 10)
            yield Round(stream_of(str(later_year)), later_year, title, calls, sits - _CLOSES_BEFORE, sits)

    def _round_of(self, script: Script) -> Round:
        return next((r for r in self.rounds[:3] if script.starts_on <= r.closes), self.rounds[2])

    def starts(self) -> list[Intention]:
        found = []
        for r in self.rounds:
            found.append(Intention(self._at(r.calls, "call", r.stream), r.stream, "call"))
        for stream, r in self._of.items():
            script = self._people.scripts[stream]
            day = min(max(script.starts_on, r.calls + timedelta(days=1)), r.closes - timedelta(days=1))
            found.append(Intention(self._at(day, "propose", stream), r.stream, "propose", stream))
        return found

    def _at(self, day: date, *about: str) -> datetime:
        return on_day(self._calendar, day, self._people.dice(*about))

    def watch(self, state: SelectionRound, fresh: Sequence[Recorded], now: datetime) -> list[Intention]:
        """The call opened: the council is called together for its day. It closed: assessors score, the secretariat prepares."""
        found: list[Intention] = []
        for recorded in fresh:
            if isinstance(recorded.event, m.CallOpened):
                r = next(r for r in self.rounds if r.stream == state.stream)
                body = self._bodies.rules.selects
                found += self._bodies.convene(body, r.sits, max(now, self._at(r.sits - timedelta(days=16), "call")))
            elif isinstance(recorded.event, m.CallClosed) and recorded.event.open:
                found += self._assessed(state, now)
            elif isinstance(recorded.event, m.SelectionConcluded):
                self._ready.remove(state.stream)
                self._bodies.counts["selected"] += len(recorded.event.selected)
                self._bodies.counts["deferred"] += len(recorded.event.deferred)
        return found

    def _assessed(self, state: SelectionRound, now: datetime) -> list[Intention]:
        seated = self._bodies.members("monitoring", now)
        days = [self._people.dice("assess", state.stream, s.person) for s in seated]
        found = [
            Intention(later(self._calendar, now, 1, rng), state.stream, "score", s.person)
            for s, rng in zip(seated, days, strict=True)
        ]
        rng = self._people.dice("choose", state.stream)
        return [
            *found,
            Intention(self._at(local_day(now) + timedelta(days=1), "hear", state.stream), state.stream, "hear"),
            Intention(later(self._calendar, now, 3, rng), state.stream, "choose"),
        ]

    def ready(self) -> list[str]:
        """Rounds that wait to be concluded."""
        return list(self._ready)

    def can(self, verb: str) -> bool:
        return verb in _DEEDS

    def act(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        return _DEEDS[intention.verb](self, intention, now)

    def _call(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        r = next(r for r in self.rounds if r.stream == intention.stream)
        carried = tuple(self._carried(r))
        if self.rounds.index(r) > 2 and not carried:
            return
        policy = f"{MARK}創出価値が確かで横展開できる課題を優先する" if self.policy_from else ""
        fields = {
            "fiscal_year": r.year,
            "title": r.title,
            "closes_on": r.closes,
            "rules": self._bodies.rules.reference,
            "definition": self._people.process.reference,
            "priority_fields": tuple(MARK + f for f in _FIELDS),
            "policy": policy,
            "policy_from": self.policy_from,
            "carried": carried,
        }
        yield self._secretariat(m.CallForProposals, r.stream, "call", now, **fields)

    def _carried(self, r: Round) -> Iterator[m.Carried]:
        """What the round before left its place."""
        place = self.rounds.index(r)
        if not place:
            return
        before: SelectionRound = self._bodies.look("selection", self.rounds[place - 1].stream)
        for p in before.proposals.values():
            if p.status == "deferred":
                common = {n: getattr(p, n) for n in m.Carried.model_fields if n not in ("round", "reason")}
                yield m.Carried(**common, round=before.stream, reason=f"{MARK}次回に持ち越し")

    def _propose(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        script, here = self._people.scripts[intention.subject], self._people.facts.directory
        start = script.start
        post = here.post_for("drafter", start["section"])
        person = self._people.holder(post.id, now) if post else None
        if person is None:
            return
        own = script.deliverables.get("setup", {})
        problem = own.get("problem") or f"{MARK}手作業と紙の手続が残っている"
        fields = {n: start[n] for n in ("ref", "title", "section", "viewpoint", "tags", "source") if start.get(n)}
        command = m.ProposeTask(
            command_id=f"rehearsal:propose:{start['ref']}",
            stream=intention.stream,
            problem=str(problem)[:4000],
            **fields,
        )
        yield command, scripted(person, post.id if post else None)

    def _hear(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        """Interviews (ヒアリング) with some of the sections."""
        state: SelectionRound = self._bodies.look("selection", intention.stream)
        for p in state.open:
            if self._people.dice("hear", p.ref).random() < 0.3:
                text = f"{MARK}担当課から現状と要望を聴取"
                fields = {"ref": p.ref, "on": local_day(now), "text": text}
                yield self._secretariat(m.RecordInterview, state.stream, f"hear:{p.ref}", now, **fields)

    def _score(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        """One assessor scores every proposal but their own: around what the matter is like, each in their own way."""
        state: SelectionRound = self._bodies.look("selection", intention.stream)
        for p in state.open:
            if p.by == intention.subject:
                continue
            scores = {}
            for k in self._bodies.rules.criteria:
                about = self._people.dice("matter", p.ref, k.key).choice((2, 3, 3, 4, 4, 5))
                view = self._people.dice("view", p.ref, k.key, intention.subject).choice((-1, 0, 0, 0, 1))
                scores[k.key] = min(5, max(1, about + view))
            command = m.ScoreProposal(
                command_id=f"rehearsal:score:{p.ref}:{intention.subject}", stream=state.stream, ref=p.ref, scores=scores
            )
            yield command, scripted(intention.subject)

    def _choose(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        """What the secretariat lays before the council, in the order of the rank."""
        state: SelectionRound = self._bodies.look("selection", intention.stream)
        place = {ref: n for n, ref in enumerate(state.standings())}
        for p in sorted(state.open, key=lambda p: (place.get(p.ref, len(place)), p.ref)):
            fields: Row
            if p.ref in self._late and p.carried_from is None:
                fields = {"result": "deferred", "reason": f"{MARK}体制が整う翌年度に改めて審査する"}
            else:
                reason = f"{MARK}順位と重点取組分野を踏まえる"
                fields = {"result": "selected", "reason": reason, "taskforce": self._composed(p, now)}
            yield self._secretariat(m.ProposeChoice, state.stream, f"choose:{p.ref}", now, ref=p.ref, **fields)
        self._ready.append(state.stream)

    def _composed(self, p: Proposal, now: datetime) -> m.Taskforce:
        """A taskforce as the weight of the task asks for it; whoever drafts the setup goes by it."""
        stream = self._refs[p.ref]
        script = self._people.scripts[stream]
        own, here, day = script.deliverables.get("setup", {}), self._people.facts.directory, local_day(now)
        rng = self._people.dice("taskforce", p.ref)
        weight = script.start.get("weight") or own.get("weight") or "medium"
        asked = self._bodies.rules.taskforce(weight)
        assert asked is not None, weight
        adviser = next((x for q in here.posts if q.role == "digital_manager" for x in here.holders(q.id, day)), None)
        made = m.Taskforce(
            weight=weight,
            chair=self._chair(here, asked, p.section, now, rng),
            adviser=adviser if asked.adviser else None,
            members=self._members(here, asked, p.section, now, rng),
            departments=self._departments(here, asked, p.section, own.get("departments") or (), rng),
        )
        setup: dict[str, Any] = {**own, "chair": made.chair, "weight": weight, "departments": list(made.departments)}
        if made.adviser:
            setup["adviser"] = made.adviser
        self._people.scripts[stream] = replace(script, deliverables={**script.deliverables, "setup": setup})
        return made

    def _chair(self, here: Directory, asked: TaskforceClass, section: str, now: datetime, rng: Random) -> str:
        found = []
        for role in asked.chairs:
            near = here.post_for(role, section)
            posts = [near] if near is not None else [q for q in here.posts if q.role == role]
            found += [x for q in posts if (x := self._people.holder(q.id, now)) is not None]
        return rng.choice(found)

    def _members(
        self, here: Directory, asked: TaskforceClass, section: str, now: datetime, rng: Random
    ) -> tuple[str, ...]:
        """Of the section first, then of the secretariat."""
        units = (section, self._bodies.rules.secretariat)
        posts = [q for u in units for q in here.posts if q.unit == u and q.role in ("drafter", "section_chief")]
        found = dict.fromkeys(x for q in posts if (x := self._people.holder(q.id, now)) is not None)
        return tuple(found)[: max(asked.members, rng.choice((1, 2)))]

    def _departments(
        self, here: Directory, asked: TaskforceClass, section: str, own: Sequence[str], rng: Random
    ) -> tuple[str, ...]:
        chosen = [d for d in own if here.unit(d) is not None]
        others = [
            u.id
            for u in here.units
            if u.kind == "section" and u.id not in (section, *chosen) and here.post_for("section_chief", u.id)
        ]
        lacking = max(0, asked.departments - len(chosen))
        return tuple(chosen + sorted(rng.sample(others, min(lacking, len(others)))))

    def _secretariat(self, kind: type[Command], stream: str, name: str, now: datetime, **fields: Any) -> Deed:
        command = kind.model_validate({"command_id": f"rehearsal:{name}", "stream": stream, **fields})
        return command, self._bodies.secretary(now)


_DEEDS: Mapping[str, Callable[[Selecting, Intention, datetime], Iterator[Deed]]] = {
    "call": Selecting._call,
    "propose": Selecting._propose,
    "hear": Selecting._hear,
    "score": Selecting._score,
    "choose": Selecting._choose,
}
