"""The bodies in a rehearsal: the secretariat calls, prepares and records; assessors score; members sit, conclude and confirm.

They see what the secretariat sees: what waits for the chair of a body, what is being monitored, what a meeting sent on. What is
concluded on a matter is what its script says. Chance depends on the seed and the matter alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from domain.bodies import BodyRules, Member, members_of, posts_of, quorum_met
from domain.calendar import JST, fiscal_year, local_day, wareki
from domain.kinds import Row
from domain.lifecycle.state import Lifecycle, Request
from domain.messages import Actor, Command, Recorded
from domain.sessions import messages as m
from domain.sessions.kind import CONCLUSIONS, stream_of
from domain.sessions.rhythm import SetRhythm
from domain.sessions.rhythm import stream_of as rhythm_of
from domain.sessions.session import Item, Session
from rehearsal import answers
from rehearsal.people import Deed, People
from rehearsal.script import MARK, Intention, later, meeting_day, on_day, scripted
from rehearsal.selecting import Selecting

_WEEKS: Mapping[str, tuple[int, int]] = {"council": (1, 3), "monitoring": (2, 4)}
"""Which Wednesdays of a month a body sits on when something waits for it (ours)."""
_SITS_AT = time(10, 0)
_PRESENT = 0.88
"""Share of sessions that a member comes to (ours)."""


class Bodies:
    """`look(kind, stream)` is the state of a stream now. `act` gives commands one by one: each sees what the last one led to."""

    def __init__(self, people: People, rules: BodyRules, look: Callable[[str, str], Any], since: date) -> None:
        self.people, self.rules, self.look = people, rules, look
        self.counts: Counter[str] = Counter()
        self._since = since
        self.chairs = {posts_of(b.chair, people.facts.directory)[0].id: b.key for b in rules.bodies}
        """Post of a chair -> the body."""
        self._waiting: dict[str, set[str]] = {b.key: set() for b in rules.bodies}
        """Body -> lifecycles in which a request waits for its chair."""
        self._due: dict[str, set[date]] = {b.key: set() for b in rules.bodies}
        """Body -> days for which a session is convened, or about to be."""
        self._numbers: dict[tuple[str, int], int] = {}
        self._placed: set[str] = set()
        """Requests, rounds and forwarded items that stand on an agenda."""
        self._evaluated: dict[str, str] = {}
        """Lifecycle -> what a meeting is due to evaluate: the last period agreed on."""
        self._sent_on: list[Row] = []
        """What monitoring meetings sent to the council's next agenda."""
        self._lines: dict[str, list[str]] = {}
        self.selecting = Selecting(self, since)

    # --- who -------------------------------------------------------------------------------------------------------------

    def secretary(self, now: datetime) -> Actor:
        """Somebody of the secretariat, its drafting officer first."""
        posts = [p for p in self.people.facts.directory.posts if p.unit == self.rules.secretariat]
        for post in sorted(posts, key=lambda p: p.role != "drafter"):
            person = self.people.holder(post.id, now)
            if person is not None:
                return scripted(person, post.id)
        raise LookupError(f"nobody holds a post in {self.rules.secretariat}")

    def members(self, body: str, now: datetime) -> tuple[Member, ...]:
        return members_of(self.rules.body(body), self.people.facts.directory, local_day(now))

    # --- what they mean to do --------------------------------------------------------------------------------------------

    def starts(self) -> list[Intention]:
        first = on_day(self.people.facts.calendar, self._since, self.people.dice("rhythm"))
        rhythms = [Intention(first, rhythm_of(b.key), "rhythm", b.key) for b in self.rules.bodies if b.key != "council"]
        return [*rhythms, *self.selecting.starts()]

    def watch(self, kind: str, state: Any, fresh: Sequence[Recorded], now: datetime) -> list[Intention]:
        """What the secretariat and the members now mean to do; `fresh` led to `state`."""
        if kind == "lifecycle":
            return self._see(state, fresh, now)
        if kind == "selection":
            return self.selecting.watch(state, fresh, now)
        if kind != "session":
            return []
        found: list[Intention] = []
        for recorded in fresh:
            if isinstance(recorded.event, m.SessionConvened):
                found += self._prepared(state, now)
            elif isinstance(recorded.event, m.InstructionIssued):
                rng = self.people.dice("reply", recorded.event.instruction)
                at = later(self.people.facts.calendar, now, rng.randrange(4, 16), rng)
                found.append(Intention(at, state.stream, "reply", recorded.event.instruction))
            elif isinstance(recorded.event, m.CarryingRefused):
                self.counts["exceptions"] += 1
        return found

    def _see(self, state: Lifecycle, fresh: Sequence[Recorded], now: datetime) -> list[Intention]:
        if state.repeats and not state.closed:
            told = [r.event for r in fresh if r.event.type == "GatePassed"]
            if told:
                self._evaluated[state.stream] = fresh[-1].occurred_at.isoformat()
        else:
            self._evaluated.pop(state.stream, None)
        found: list[Intention] = []
        for body, streams in self._waiting.items():
            if self.asked(state, body) and state.hold is None and not state.closed:
                streams.add(state.stream)
                found += self._convened_for(body, now)
            else:
                streams.discard(state.stream)
        return found

    def asked(self, state: Lifecycle, body: str) -> list[Request]:
        """The requests that wait for the chair of a body and are on no agenda."""
        return [
            r
            for r in state.requests
            if r.kind == "decide" and self.chairs.get(r.post) == body and r.id not in self._placed
        ]

    def _convened_for(self, body: str, now: datetime) -> list[Intention]:
        """A session in time for what has come up: one that is convened already, else the next day on which the body sits."""
        calendar = self.people.facts.calendar
        earliest = local_day(calendar.after(later(calendar, now, 1, Random(0)), self.rules.body(body).notice))
        day = meeting_day(calendar, earliest + timedelta(days=1), _WEEKS[body])
        if any(local_day(now) + timedelta(days=4) <= d <= day for d in self._due[body]):
            return []
        return self.convene(body, day, later(calendar, now, 0.5, self.people.dice("convene", body, day)))

    def convene(self, body: str, day: date, at: datetime) -> list[Intention]:
        """`at` somebody calls the body together for `day`; nothing when that has been meant already."""
        if day in self._due[body]:
            return []
        self._due[body].add(day)
        return [Intention(at, body, "convene", f"{body} {day}")]

    def _prepared(self, state: Session, now: datetime) -> list[Intention]:
        """A session is convened: its agenda, the briefing of the mayor, and the day itself."""
        assert state.held_on is not None
        year = state.fiscal_year
        self._numbers[state.body, year] = max(self._numbers.get((state.body, year), 0), state.number)
        self._due[state.body].add(state.held_on)
        self.counts[state.body] += 1
        rng, calendar = self.people.dice("session", state.stream), self.people.facts.calendar
        sits = datetime.combine(state.held_on, _SITS_AT, JST)
        ready = on_day(calendar, state.held_on - timedelta(days=3), rng)
        found = [
            Intention(max(now, min(ready, sits - timedelta(hours=1))), state.stream, "agenda"),
            Intention(max(now, sits), state.stream, "sit"),
        ]
        if state.body == "council":
            found.append(Intention(max(now, sits - timedelta(minutes=45)), state.stream, "brief"))
        return found

    # --- what they do ----------------------------------------------------------------------------------------------------

    def act(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        deed = _DEEDS.get(intention.verb)
        return deed(self, intention, now) if deed else self.selecting.act(intention, now)

    def can(self, verb: str) -> bool:
        return verb in _DEEDS or self.selecting.can(verb)

    def follow_up(self, intention: Intention, now: datetime) -> list[Intention]:
        """After a session has sat its minutes are written, confirmed and made final."""
        state = self.look("session", intention.stream) if intention.verb in ("sit", "minutes", "confirm") else None
        if state is None or state.phase not in ("closed", "final"):
            return []
        following = {"sit": ("minutes", 3), "minutes": ("confirm", 4), "confirm": ("final", 1)}[intention.verb]
        rng = self.people.dice(following[0], state.stream)
        at = later(self.people.facts.calendar, now, following[1], rng)
        return [Intention(at, state.stream, following[0])]

    def _rhythm(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        fields = {"body": intention.subject, "rules": self.rules.reference}
        yield self._done(SetRhythm, intention.stream, "rhythm", now, **fields)

    def _convene(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        body, day = intention.subject.split(" ")
        held_on = date.fromisoformat(day)
        year = fiscal_year(held_on)
        number = self._numbers.get((body, year), 0) + 1
        yield self._done(
            m.ConveneSession,
            stream_of(body, year, number),
            "convene",
            now,
            body=body,
            fiscal_year=year,
            number=number,
            held_on=held_on,
            place="市役所 庁議室" if body == "council" else "デジタル戦略室",
            rules=self.rules.reference,
        )

    def _agenda(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        state: Session = self.look("session", intention.stream)
        if state.phase != "convened":
            return
        for matter in self._matters(state):
            self._placed |= {matter[k] for k in ("request", "selection", "follows") if matter.get(k)}
            yield self._done(m.PutItem, state.stream, f"put:{matter['item']}", now, **matter)
        if state.body == "council":
            self._sent_on.clear()

    def _matters(self, state: Session) -> Iterator[Row]:
        """What waits for the body: requests to its chair, the round it selects in, what was sent on; for a monitoring meeting
        in its rhythm, every project of which a new period has been evaluated, and the policy for future taskforces."""
        number = 0
        for stream in sorted(self._waiting[state.body]):
            lifecycle: Lifecycle = self.look("lifecycle", stream)
            for r in self.asked(lifecycle, state.body) if lifecycle.hold is None else ():
                number += 1
                ends = self.people.process.stage(r.stage).decides_outcome
                category = "evaluation" if ends else "proposal"
                seen = lifecycle.submission.content_hash if lifecycle.submission else ""
                fields = {"lifecycle": stream, "request": r.id, "seen": seen, "title": lifecycle.title}
                yield {"item": f"{category}-{number}", "category": category, **fields}
        if state.body == self.rules.selects:
            for n, stream in enumerate(self.selecting.ready(), 1):
                state_of = self.look("selection", stream)
                fields = {"selection": stream, "title": state_of.title, "seen": state_of.laid_before()}
                yield {"item": f"selection-{n}", "category": "selection", **fields}
        if state.body == "council":
            for n, sent in enumerate(self._sent_on, 1):
                yield {"item": f"sent-{n}", **sent}
        elif not state.convened_by:
            yield {"item": "policy-1", "category": "policy", "title": "今後のタスクフォースの設置方針"}
            for n, stream in enumerate(sorted(self._evaluated), 1):
                title = self.look("lifecycle", stream).title
                yield {"item": f"due-{n}", "category": "evaluation", "lifecycle": stream, "title": title}
            self._evaluated.clear()

    def _brief(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        state: Session = self.look("session", intention.stream)
        if state.phase == "convened" and state.items:
            text = f"{MARK}議題{len(state.items)}件について説明。"
            yield self._done(m.RecordBriefing, state.stream, "brief", now, on=local_day(now), text=text)

    def _sit(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        state: Session = self.look("session", intention.stream)
        if state.phase != "convened":
            return
        for item in state.items.values():
            if item.request and self._request(item) is None:
                self._placed.discard(item.request)
                reason = f"{MARK}引戻しにより取下げ"
                yield self._done(m.TakeItemOff, state.stream, f"off:{item.key}", now, item=item.key, reason=reason)
        state = self.look("session", intention.stream)
        if not state.items:
            yield self._done(m.CancelSession, state.stream, "cancel", now, reason=f"{MARK}付議案件がないため")
            self.counts["cancelled"] += 1
            return
        present, presiding = self._attendance(state, now)
        yield self._done(m.TakeAttendance, state.stream, "attend", now, present=present, presiding=presiding)
        lines = [f"{MARK}出席 {len(present)}名。"]
        for item in state.items.values():
            yield from self._conclude(state, item, now, lines)
        self._lines[state.stream] = lines
        yield self._done(m.CloseSession, state.stream, "close", now)
        self._placed -= {i.request for i in state.items.values() if i.request}

    def _attendance(self, state: Session, now: datetime) -> tuple[tuple[str, ...], str]:
        """Most members come; a vice-chair presides while the chair is away; there is always a quorum in the end."""
        seated, rng = self.members(state.body, now), self.people.dice("attendance", state.stream)
        present = [s for s in seated if rng.random() < _PRESENT or (s.seat == "chair" and state.body != "council")]
        heads = [s for s in present if s.seat != "member"]
        if not heads or not quorum_met(self.rules.body(state.body), len(present), len(seated)):
            present, heads = list(seated), [s for s in seated if s.seat == "chair"]
        return tuple(s.person for s in present), heads[0].person

    def _conclude(self, state: Session, item: Item, now: datetime, lines: list[str]) -> Iterator[Deed]:
        fields = self._conclusion(state, item, now)
        conclusion = fields["conclusion"]
        lines.append(f"{item.title}: {CONCLUSIONS[conclusion].ja}")
        self.counts["concluded"] += 1
        yield self._done(m.ConcludeItem, state.stream, f"conclude:{item.key}", now, item=item.key, **fields)
        if state.body == "monitoring" and not item.request and conclusion != "held":
            sent = {"category": item.category, "title": item.title, "lifecycle": item.lifecycle}
            self._sent_on.append({**sent, "follows": f"{state.stream}/{item.key}"})
        if item.category == "policy" and state.body == "monitoring":
            self.selecting.policy_from = state.stream
        if conclusion == "sent_back" and state.body == "council":
            yield from self._instruct(state, item, now)

    def _conclusion(self, state: Session, item: Item, now: datetime) -> Row:
        """What the body concludes: on a request what its script says, else what lies before it."""
        if item.selection:
            return {"conclusion": "selected"}
        if not item.request:
            return {"conclusion": "endorsed" if item.category == "policy" else "noted"}
        request = self._request(item)
        lifecycle: Lifecycle = self.look("lifecycle", item.lifecycle)
        if request is None or lifecycle.hold is not None:
            return {"conclusion": "held"}
        verdict = answers.verdict(self.people, lifecycle, request, now)
        agreed = verdict.outcome or ("conditions" if verdict.conditions else "endorsed")
        by = {"approve": agreed, "conditions": "conditions", "return": "sent_back", "reject": "not_endorsed"}
        fields: Row = {"conclusion": by[verdict.decision], "reason": verdict.comment, "back_to": verdict.back_to}
        return fields | ({"conditions": verdict.conditions} if verdict.decision == "conditions" else {})

    def _request(self, item: Item) -> Request | None:
        found: Lifecycle = self.look("lifecycle", item.lifecycle)
        return found.request(item.request)

    def _instruct(self, state: Session, item: Item, now: datetime) -> Iterator[Deed]:
        """企画指示: what was sent back is to be planned anew, by a day."""
        lifecycle: Lifecycle = self.look("lifecycle", item.lifecycle)
        post = self.people.facts.directory.post_for("section_chief", lifecycle.section)
        if post is None:
            return
        due = local_day(later(self.people.facts.calendar, now, 20, Random(0)))
        fields = {"about": "planning", "lifecycle": item.lifecycle, "post": post.id, "due": due}
        text = f"{MARK}指摘を踏まえた改善案を報告すること"
        yield self._done(m.GiveInstruction, state.stream, f"instruct:{item.key}", now, text=text, **fields)

    def _reply(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        state: Session = self.look("session", intention.stream)
        asked = state.instructions[intention.subject]
        person = self.people.holder(asked.post, now)
        if person is None or asked.answered_at is not None:
            return
        text = f"{MARK}指摘事項を反映し、改めて付議します"
        command = self._command(m.AnswerInstruction, state.stream, f"reply:{asked.id}", instruction=asked.id, text=text)
        yield command, scripted(person, asked.post)

    def _minutes(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        text = "\n".join(self._lines.pop(intention.stream, [f"{MARK}会議録"]))
        yield self._done(m.WriteMinutes, intention.stream, "minutes", now, text=text)

    def _confirm(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        """The one who presided and as many others as are needed."""
        state: Session = self.look("session", intention.stream)
        others = [p for p in state.present if p != state.presiding]
        for person in [state.presiding, *others][: len(state.present) // 2 + 1]:
            command = self._command(m.ConfirmMinutes, state.stream, f"confirm:{person}", version=state.minutes)
            yield command, scripted(person)

    def _final(self, intention: Intention, now: datetime) -> Iterator[Deed]:
        """The minutes become final; by then the decisions that the closing drafted have been made, too."""
        yield self._done(m.FinaliseMinutes, intention.stream, "final", now)
        state: Session = self.look("session", intention.stream)
        for key, drafted in state.decisions.items():
            fields = {"item": key, "number": f"{MARK}{drafted.document[:8]}", "decided_on": local_day(now)}
            yield self._done(m.EnterDecision, state.stream, f"decided:{key}", now, post=state.chair_post(), **fields)

    # --- commands --------------------------------------------------------------------------------------------------------

    def _done(self, kind: type[Command], stream: str, name: str, now: datetime, **fields: Any) -> Deed:
        """A command of the secretariat."""
        return self._command(kind, stream, name, **fields), self.secretary(now)

    def _command(self, kind: type[Command], stream: str, name: str, **fields: Any) -> Command:
        return kind.model_validate({"command_id": f"rehearsal:{name}", "stream": stream, **fields})

    def title(self, day: date) -> str:
        return wareki(day)


_DEEDS: Mapping[str, Callable[[Bodies, Intention, datetime], Iterator[Deed]]] = {
    "rhythm": Bodies._rhythm,
    "convene": Bodies._convene,
    "agenda": Bodies._agenda,
    "brief": Bodies._brief,
    "sit": Bodies._sit,
    "reply": Bodies._reply,
    "minutes": Bodies._minutes,
    "confirm": Bodies._confirm,
    "final": Bodies._final,
}
