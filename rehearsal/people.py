"""Scripted people: what they mean to do when something reaches their inbox, and what they do when the time has come.

They see what any person sees (open requests addressed to their posts) and act by the same commands. Chance depends on the
seed and the matter alone, so that the same seed gives the same people whatever the order in which they are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from random import Random

from domain.calendar import end_of_business, local_day
from domain.facts import Facts
from domain.lifecycle import commands as c
from domain.lifecycle import events as e
from domain.lifecycle.state import Lifecycle, Request
from domain.messages import Actor, Command, Event, Recorded
from domain.process import ProcessDefinition, Stage, Step
from rehearsal import answers, offices, winding
from rehearsal.content import Desk, complete
from rehearsal.script import MARK, Intention, Script, dice, later, scripted

Deed = tuple[Command, Actor]
_RETRIES = 4


class People:
    """Everybody who takes part. `watch` gives new intentions after a change, `act` the command once the time has come."""

    def __init__(self, scripts: Iterable[Script], facts: Facts, seed: int) -> None:
        self.scripts = {s.stream: s for s in scripts}
        self.facts = facts
        self.seed = seed
        self.in_session: frozenset[str] = frozenset()
        """Posts whose requests a body concludes in session; where there are such, the bodies select what starts, too."""
        self._meant: dict[str, set[str]] = {}
        self._periods: dict[str, str] = {}
        self._reported: dict[str, str] = {}
        self._evaluated: dict[str, str] = {}
        self._aims: dict[tuple[str, str], tuple[Decimal, Decimal, int]] = {}
        self._measured: dict[str, dict[str, Decimal]] = {}
        self._attempts: dict[Intention, int] = {}
        self._able = {p.id for p in facts.directory.people if not (p.service or p.auditor)}
        self._pauses: dict[str, str | None] = {}
        self._broken: set[str] = set()
        self._kept: dict[str, str] = {}

    @property
    def process(self) -> ProcessDefinition:
        assert self.facts.definition is not None
        return self.facts.definition

    def dice(self, *parts: object) -> Random:
        return dice(self.seed, *parts)

    def starts(self) -> list[Intention]:
        """Each task is begun by someone of its section on its day."""
        found: list[Intention] = []
        for script in () if self.in_session else self.scripts.values():
            rng = self.dice("start", script.stream)
            begin = later(self.facts.calendar, end_of_business(script.starts_on), 0, rng)
            found.append(Intention(begin, script.stream, "start"))
        return found

    def watch(self, state: Lifecycle, fresh: Sequence[Recorded], now: datetime) -> list[Intention]:
        """What people now mean to do, besides what they meant already; `fresh` led to `state`."""
        for recorded in fresh:
            self._remember(state, recorded.event)
        if state.closed:
            self._meant.pop(state.stream, None)
            return []
        if state.hold is not None:
            return self._while_held(state, now)
        script = self.scripts[state.stream]
        found = [i for r in state.requests for i in self._for_request(state, script, r, now)]
        found += self._for_matter(state, script, now)
        found += offices.budget_intentions(self, state, now)
        return [i for i in found if self._anew(i)]

    def _remember(self, state: Lifecycle, event: Event) -> None:
        if isinstance(event, e.DeliverableSubmitted) and event.deliverable == "kpis":
            for k in event.content["kpis"]:
                self._aims[state.stream, k["key"]] = Decimal(k["baseline"]), Decimal(k["target"]), event.round
        if isinstance(event, e.MeasurementRecorded):
            self._measured.setdefault(state.stream, {})[event.kpi] = event.value
        if isinstance(event, e.DeliverableSubmitted) and event.deliverable == "monitoring":
            self._reported[state.stream] = event.content["period"]
        if isinstance(event, e.GatePassed) and event.stage == state.stage and state.repeats:
            self._evaluated[state.stream] = self._reported[state.stream]
        if isinstance(event, e.StageEntered) and event.because == "outcome" and not event.repeats:
            self._evaluated.pop(state.stream, None)

    def aim(self, stream: str, kpi: str) -> tuple[Decimal, Decimal, int]:
        """Baseline and target of a KPI, and the round in which they were set."""
        return self._aims[stream, kpi]

    def act(self, intention: Intention, state: Lifecycle, now: datetime) -> Deed | None:
        """The command of an intention, or None when things have moved on (or rest: it is meant again after the hold)."""
        if state.closed:
            return None
        if state.hold is not None and intention.verb not in ("resume", "measure", "budget", "drop"):
            self.forget(intention)
            return None
        return _DEEDS[intention.verb](self, intention, state, now)

    def refused(self, intention: Intention, now: datetime) -> Intention | None:
        """After a refusal people look again two working days later, a few times."""
        tries = self._attempts.get(intention, 0) + 1
        if tries > _RETRIES:
            return None
        again = intention._replace(
            at=later(self.facts.calendar, now, 2, self.dice("again", intention.stream, intention.subject, tries))
        )
        self._attempts[again] = tries
        return again

    def tried(self, intention: Intention) -> int:
        return self._attempts.get(intention, 0)

    def forget(self, intention: Intention) -> None:
        self._meant.get(intention.stream, set()).discard(f"{intention.verb} {intention.subject}")

    def means(self, stream: str, verb: str, subject: str = "") -> bool:
        return f"{verb} {subject}" in self._meant.get(stream, ())

    def _anew(self, intention: Intention) -> bool:
        meant = self._meant.setdefault(intention.stream, set())
        key = f"{intention.verb} {intention.subject}"
        if key in meant:
            return False
        meant.add(key)
        return True

    def holder(self, post: str, now: datetime, *, but: str | None = None, rng: Random | None = None) -> str | None:
        """Somebody who holds a post today and may decide; None when it is vacant (or only `but` holds it)."""
        held = [h for h in self.facts.directory.holders(post, local_day(now)) if h != but and h in self._able]
        return (rng.choice(held) if rng else held[0]) if held else None

    def of_section(self, state: Lifecycle, role: str, now: datetime) -> Actor | None:
        post = self.facts.directory.post_for(role, state.section)
        person = self.holder(post.id, now) if post else None
        return scripted(person, post.id) if post and person else None

    def drafter(self, state: Lifecycle, post: str, now: datetime) -> Actor | None:
        if state.drafter:
            return scripted(state.drafter)
        person = self.holder(post, now)
        return scripted(person, post) if person else None

    def stage_of(self, state: Lifecycle) -> Stage:
        return self.process.stage(state.work)

    def step_of(self, state: Lifecycle, request: Request) -> Step:
        return self.stage_of(state).gate[request.step_index]

    def measured(self, stream: str) -> Mapping[str, Decimal]:
        return self._measured.get(stream, {})

    def reported(self, stream: str, period: str) -> bool:
        """A report on the period has been handed in before, and came back."""
        return self._reported.get(stream) == period

    def period(self, state: Lifecycle, request: Request, now: datetime) -> str:
        """The period that a report is about: the one after the last evaluated, else the last over when it was asked for."""
        if request.id not in self._periods:
            done = self._evaluated.get(state.stream)
            self._periods[request.id] = offices.following(done) if done else offices.last_over(local_day(now))
        return self._periods[request.id]

    def _while_held(self, state: Lifecycle, now: datetime) -> list[Intention]:
        assert state.hold is not None
        if state.hold.until is None or not state.hold.reminded:
            return []
        since = state.hold.since.isoformat()
        rng = self.dice("resume", state.stream, since)
        found = Intention(later(self.facts.calendar, now, rng.choice((1, 1, 2, 4)), rng), state.stream, "resume", since)
        return [found] if self._anew(found) else []

    def _for_request(self, state: Lifecycle, script: Script, r: Request, now: datetime) -> list[Intention]:
        if r.kind == "draft":
            return self._drafting(state, script, r, now)
        return answers.intentions(self, state, script, r, now)

    def _drafting(self, state: Lifecycle, script: Script, r: Request, now: datetime) -> list[Intention]:
        if self.means(state.stream, "submit", r.id):
            return []
        rng = self.dice("draft", r.id)
        stage, calendar = self.stage_of(state), self.facts.calendar
        if state.open_tasks or (stage.decides_outcome and script.outcome is None):
            return []
        if stage.repeats:
            return offices.evaluation_intentions(self, state, r, now)
        again = _versions(state, r) > 0
        allowed = stage.due.working_days or 10
        days = rng.choice((2, 3, 3, 4, 6, 8)) if again else max(1, round(allowed * rng.triangular(0.3, 1.12, 0.62)))
        if state.round > 1 and not again:
            days = max(2, days * 2 // 3)
        at = later(calendar, now, days, rng)
        if stage.deliverable == "budgeting" and not again:
            at = offices.in_budget_season(self, state, at, now)
        return [Intention(at, state.stream, "submit", r.id)]

    def _for_matter(self, state: Lifecycle, script: Script, now: datetime) -> list[Intention]:
        """What concerns the matter as a whole: its fate, holds, promises, a draft taken back.

        Asked after every change, so the dice are only taken in hand for what is not meant yet.
        """
        found = self._pausing(state, script, now)
        for promise in state.promises:
            if promise.fulfilled_at is not None or promise.id in self._broken:
                continue
            if self.means(state.stream, "fulfil", promise.id):
                continue
            kept = self.dice("promise", promise.id)
            if kept.random() < 0.8:
                when = later(self.facts.calendar, now, kept.randrange(10, 50), kept)
                found.append(Intention(when, state.stream, "fulfil", promise.id))
            else:
                self._broken.add(promise.id)
        found += winding.intentions(self, state, now)
        if state.in_circulation and state.submission is not None:
            paper = f"{state.submission.stage}/{state.submission.round}/{state.submission.version}"
            if self._kept.get(state.stream) != paper and not self.means(state.stream, "withdraw", paper):
                back = self.dice("withdraw", state.stream, paper)
                if back.random() < 0.02:
                    found.append(Intention(later(self.facts.calendar, now, 0.5, back), state.stream, "withdraw", paper))
                else:
                    self._kept[state.stream] = paper
        return found

    def _pausing(self, state: Lifecycle, script: Script, now: datetime) -> list[Intention]:
        """Why the matter rests or ends before its time, one reason at most; the days are those until it does."""
        stream = state.stream
        if stream not in self._pauses:
            where = self._matter(stream)[1]
            self._pauses[stream] = where if script.fate == "reviewed" else None
        verb, subject, days = "hold", "", (1, 2)
        if state.round == 1 and state.stage == self._pauses[stream]:
            subject, days = state.stage, (2, 9)
        elif offices.season_is_far(state, now):
            subject = f"season {state.round}"
        elif script.fate == "withdrawn" and state.stage == "hypothesis":
            verb, days = "drop", (4, 15)
        elif script.outcome is None and self.stage_of(state).decides_outcome:
            subject, days = "finding", (3, 12)
        else:
            return []
        if self.means(stream, verb, subject):
            return []
        rng = self._matter(stream)[0]
        wait = 1 if subject.startswith("season") else rng.randrange(*days)
        return [Intention(later(self.facts.calendar, now, wait, rng), stream, verb, subject)]

    def _matter(self, stream: str) -> tuple[Random, str | None]:
        """The dice of a matter, and the stage at which it rests for a while (most never do)."""
        rng = self.dice("matter", stream)
        pauses = rng.random() < 0.12
        where = rng.choice(("analysis", "hypothesis", "coordination", "kpi_setting", "implementation"))
        return rng, where if pauses else None


def _start(people: People, intention: Intention, state: Lifecycle, now: datetime) -> Deed | None:
    script = people.scripts[intention.stream]
    post = people.facts.directory.post_for("drafter", script.start["section"])
    person = script.start.get("drafter") or (people.holder(post.id, now) if post else None)
    if person is None:
        return None
    content = {"definition": people.process.reference, **script.start}
    command = c.StartLifecycle(command_id="rehearsal:start", stream=script.stream, **content)
    return command, scripted(person, post.id if post else None)


def _submit(people: People, intention: Intention, state: Lifecycle, now: datetime) -> Deed | None:
    request = state.request(intention.subject)
    actor = people.drafter(state, request.post, now) if request else None
    if request is None or actor is None:
        return None
    stage = people.stage_of(state)
    period = people.period(state, request, now) if stage.repeats else ""
    again = people.reported(state.stream, period) if stage.repeats else _versions(state, request) > 0
    rng = people.dice("content", state.stream, stage.key, period)
    desk = Desk(
        state, people.scripts[state.stream], people.facts, now, rng, period, again, people.measured(state.stream)
    )
    content = complete(stage.key, stage.deliverable, desk, scripted_only=people.tried(intention) > 0)
    command = c.SubmitDeliverable(
        command_id=f"rehearsal:submit:{request.id}",
        stream=state.stream,
        stage=stage.key,
        content=content,
        comment=f"{MARK}指摘を踏まえて改めました" if again else "",
    )
    return command, actor


def _versions(state: Lifecycle, request: Request) -> int:
    """How many versions of the paper asked for have been handed in this round."""
    return state.versions.get(f"{request.stage}/{request.round}", 0)


def _steer(verb: str) -> Callable[[People, Intention, Lifecycle, datetime], Deed | None]:
    """Hold, resume, drop, fulfil: done by the section chief, whose matter it is."""

    def deed(people: People, intention: Intention, state: Lifecycle, now: datetime) -> Deed | None:
        actor = people.of_section(state, "section_chief", now)
        command = _STEERING[verb](people, intention, state, now)
        return (command, actor) if actor and command else None

    return deed


def _hold(people: People, intention: Intention, state: Lifecycle, now: datetime) -> Command | None:
    rng = people.dice("hold", state.stream, intention.subject)
    until: date | None = local_day(later(people.facts.calendar, now, rng.randrange(15, 50), rng))
    reason = rng.choice(_PAUSES)
    if intention.subject == "finding":
        reason, until = "評価機関の所見が出るまで", None
    if intention.subject.startswith("season"):
        if not offices.season_is_far(state, now):
            return None
        reason, until = "当初予算の要求時期まで", offices.asking_begins(people, now)
    return c.HoldLifecycle(
        command_id=f"rehearsal:hold:{intention.subject}", stream=state.stream, reason=MARK + reason, until=until
    )


def _resume(people: People, intention: Intention, state: Lifecycle, now: datetime) -> Command | None:
    if state.hold is None or state.hold.since.isoformat() != intention.subject:
        return None
    return c.ResumeLifecycle(
        command_id=f"rehearsal:resume:{intention.subject}", stream=state.stream, reason=f"{MARK}条件が整ったため再開"
    )


def _drop(people: People, intention: Intention, state: Lifecycle, now: datetime) -> Command | None:
    reason = f"{MARK}国の制度改正により課題が解消したため取り下げ"
    return c.DropLifecycle(command_id="rehearsal:drop", stream=state.stream, reason=reason)


def _fulfil(people: People, intention: Intention, state: Lifecycle, now: datetime) -> Command | None:
    return c.FulfilPromise(
        command_id=f"rehearsal:fulfil:{intention.subject}",
        stream=state.stream,
        promise=intention.subject,
        note=f"{MARK}履行を確認",
    )


def _withdraw(people: People, intention: Intention, state: Lifecycle, now: datetime) -> Deed | None:
    s = state.submission
    if s is None or not state.in_circulation or f"{s.stage}/{s.round}/{s.version}" != intention.subject:
        return None
    command = c.WithdrawDraft(
        command_id=f"rehearsal:withdraw:{intention.subject}",
        stream=state.stream,
        reason=f"{MARK}数値の誤りに気付いたため引き戻し",
    )
    return command, scripted(s.person)


_PAUSES = ("国のガイドライン改定を待つため", "担当職員の災害応援派遣のため", "関連システムの更改日程が決まるまで")
_STEERING: Mapping[str, Callable[[People, Intention, Lifecycle, datetime], Command | None]] = {
    "hold": _hold,
    "resume": _resume,
    "drop": _drop,
    "fulfil": _fulfil,
}
_DEEDS: Mapping[str, Callable[[People, Intention, Lifecycle, datetime], Deed | None]] = {
    "start": _start,
    "submit": _submit,
    "withdraw": _withdraw,
    "answer": answers.deed,
    "measure": offices.measure,
    "budget": offices.record_budget,
    "winddown": winding.deed,
    **{verb: _steer(verb) for verb in _STEERING},
}
