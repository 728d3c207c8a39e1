"""The rhythm of a body: on its days of the fiscal year a session is convened by itself, the notice in time.

Its due dates are events of a stream of its own; the workflow that follows it only sleeps until the next. Temporal may lose it:
the relay wakes what is due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar

from domain.bodies import BodyKey, BodyRules, require_secretariat
from domain.bodies_stream import required
from domain.calendar import Calendar, end_of_business, fiscal_year, local_day, wareki
from domain.facts import Facts
from domain.kinds import Quiet
from domain.lifecycle.authority import known_person
from domain.messages import (
    Actor,
    Command,
    Display,
    Effect,
    Event,
    Frozen,
    Notice,
    Plan,
    Recorded,
    Refusal,
    Text,
    refuse,
)
from domain.sessions.agenda import earliest_day
from domain.sessions.kind import stream_of as session_of
from domain.sessions.messages import ConveneSession

LEAD = timedelta(days=14)
"""How long before its day a session is convened: time for the agenda before the notice must be out."""


def stream_of(body: str) -> str:
    return f"rhythm:{body}"


class RhythmCommand(Command):
    kind: ClassVar[str] = "rhythm"


class SetRhythm(RhythmCommand):
    """From now on a body meets on the days that the rules name; setting it again takes newer rules (`name@version`)."""

    type = "SetRhythm"
    body: BodyKey
    rules: str = ""


class ConveneInRhythm(RhythmCommand):
    """Given by time."""

    type = "ConveneInRhythm"
    system_only = True
    held_on: date


class NoteMeetingRefusal(RhythmCommand):
    """A session could not be convened as planned: its number is taken by one convened by hand, or a rule stands against it."""

    type = "NoteMeetingRefusal"
    system_only = True
    held_on: date
    number: int
    rule: str
    message: Text
    remedy: Text


class RhythmArranged(Event):
    type = "RhythmArranged"
    body: BodyKey
    rules: BodyRules
    next_on: date


class MeetingPlanned(Event):
    """`held_on` is a working day: a day of the rules that is none moves to the next."""

    type = "MeetingPlanned"
    held_on: date
    fiscal_year: int
    number: int
    next_on: date


class MeetingRenumbered(Event):
    """The number was taken by a session convened by hand: the next one is tried."""

    type = "MeetingRenumbered"
    held_on: date
    fiscal_year: int
    number: int


class MeetingPostponed(Event):
    """Whatever was to convene it came too late for its notice: it is held on the first day for which there is time."""

    type = "MeetingPostponed"
    planned_on: date
    held_on: date
    fiscal_year: int
    number: int


class MeetingNotConvened(Event):
    """A rule stood against it; the secretariat is told and convenes it by hand."""

    type = "MeetingNotConvened"
    held_on: date
    rule: str
    message: Text
    remedy: Text


class Rhythm(Frozen):
    stream: str
    body: BodyKey = "monitoring"
    rules: BodyRules | None = None
    next_on: date | None = None
    planned: dict[int, int] = {}
    """Fiscal year -> the last number planned in it."""
    arranged_by: str = ""
    missed: tuple[MeetingNotConvened, ...] = ()
    """Meetings that could not be convened, oldest first."""


def _days(rules: BodyRules, body: str, calendar: Calendar, after: date) -> date:
    """The first day of the rhythm after a day, moved to a working day."""
    found = []
    for year in (after.year, after.year + 1, after.year + 2):
        for text in rules.body(body).rhythm:
            month, day = (int(part) for part in text.split("-"))
            found.append(calendar.working_day_from(date(year, month, day)))
    return min(d for d in found if d > after)


class RhythmKind(Quiet[Rhythm]):
    name = "rhythm"
    fold_version = 2
    workflow: str | None = "BodyRhythm"
    commands: Mapping[str, type[Command]] = {k.type: k for k in (SetRhythm, ConveneInRhythm, NoteMeetingRefusal)}
    events: Mapping[str, type[Event]] = {
        k.type: k for k in (RhythmArranged, MeetingPlanned, MeetingRenumbered, MeetingPostponed, MeetingNotConvened)
    }
    state_type = Rhythm

    def initial(self, stream: str) -> Rhythm:
        return Rhythm(stream=stream)

    def governed(self, command: Command) -> str | None:
        return command.rules if isinstance(command, SetRhythm) else None

    def decide(self, state: Rhythm, command: Command, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
        today = local_day(now)
        if isinstance(command, SetRhythm):
            rules = required(facts, command.rules)
            require_secretariat(known_person(actor, facts), rules, facts.directory, today)
            if command.body not in [b.key for b in rules.bodies] or not rules.body(command.body).rhythm:
                raise refuse(
                    "no-rhythm",
                    f"規程に {command.body} の開催日(rhythm)がありません",
                    f"the rules name no days (rhythm) for {command.body!r}",
                    remedy_ja="規程に月日を書いてください(例: 05-20)",
                    remedy_en="name days in the rules, e.g. 05-20",
                )
            # The first day is one for which the notice can still go out in time.
            from_ = earliest_day(rules.body(command.body), facts, now) - timedelta(days=1)
            first = _days(rules, command.body, facts.calendar, max(today, from_))
            return [RhythmArranged(body=command.body, rules=rules, next_on=first)]
        if isinstance(command, NoteMeetingRefusal):
            return _unconvened(state, command, facts, now)
        assert isinstance(command, ConveneInRhythm)
        if state.rules is None or state.next_on != command.held_on:
            return []
        if now < (due := end_of_business(command.held_on) - LEAD):
            raise refuse(
                "not-due-yet",
                "招集の時期ではありません",
                "it is not time to convene it yet",
                remedy_ja="待ってください",
                remedy_en="wait for it",
                retry_at=due,
            )
        body = state.rules.body(state.body)
        held_on = max(command.held_on, facts.calendar.working_day_from(earliest_day(body, facts, now)))
        year = fiscal_year(held_on)
        return [
            MeetingPlanned(
                held_on=held_on,
                fiscal_year=year,
                number=state.planned.get(year, 0) + 1,
                next_on=_days(state.rules, state.body, facts.calendar, max(command.held_on, today)),
            )
        ]

    def evolve(self, state: Rhythm, recorded: Recorded) -> Rhythm:
        event = recorded.event
        if isinstance(event, RhythmArranged):
            fields = {n: getattr(event, n) for n in ("body", "rules", "next_on")}
            return state.model_copy(update={**fields, "arranged_by": recorded.actor.person or ""})
        if isinstance(event, MeetingNotConvened):
            return state.model_copy(update={"missed": (*state.missed, event)})
        assert isinstance(event, MeetingPlanned | MeetingRenumbered | MeetingPostponed)
        planned = {**state.planned, event.fiscal_year: event.number}
        following = event.next_on if isinstance(event, MeetingPlanned) else state.next_on
        return state.model_copy(update={"next_on": following, "planned": planned})

    def next_due(self, state: Rhythm) -> datetime | None:
        return None if state.next_on is None else end_of_business(state.next_on) - LEAD

    def due_commands(self, state: Rhythm, now: datetime) -> Sequence[Command]:
        due = self.next_due(state)
        if due is None or now < due or state.next_on is None:
            return []
        day = state.next_on
        return [ConveneInRhythm(command_id=f"{state.stream}/{day}", stream=state.stream, held_on=day)]

    def notices(self, state: Rhythm, recorded: Recorded) -> Sequence[Notice]:
        event = recorded.event
        if not state.arranged_by or not isinstance(event, MeetingNotConvened | MeetingPostponed):
            return []
        if isinstance(event, MeetingPostponed):
            moved = Text(
                ja=f"{wareki(event.planned_on)}の会議は通知期間に足りないため{wareki(event.held_on)}に開きます",
                en=f"the session of {event.planned_on} is held on {event.held_on}: its notice would have been too short",
            )
            return [Notice(person=state.arranged_by, subject=moved)]
        text = Text(
            ja=f"{wareki(event.held_on)}の会議を招集できません: {event.message.ja}",
            en=f"the session of {event.held_on} could not be convened: {event.message.en}",
        )
        return [Notice(person=state.arranged_by, subject=text)]

    def turned_down(self, stream: str, key: str, refusal: Refusal) -> Command | None:
        _, day, number = key.split("/")
        return NoteMeetingRefusal(
            command_id=f"{stream}/unconvened/{day}/{number}",
            stream=stream,
            held_on=date.fromisoformat(day),
            number=int(number),
            rule=refusal.rule,
            message=refusal.message,
            remedy=refusal.remedy,
        )

    def react(self, state: Rhythm, fresh: Sequence[Recorded], facts: Facts) -> Plan:
        to = fresh[-1].version if fresh else 0
        planned = (MeetingPlanned, MeetingRenumbered, MeetingPostponed)
        effects = [_convening(state, r.event) for r in fresh if isinstance(r.event, planned)]
        due = self.next_due(state)
        name = state.rules.body(state.body).title if state.rules else Text(ja="", en="")
        when = f"{wareki(state.next_on)} ({state.next_on})" if state.next_on else ""
        return Plan(
            to=to,
            effects=tuple(effects),
            next_due=due,
            next_due_summary=f"{name.ja}の招集 {when} / {name.en} is convened" if due else "",
            display=Display(
                summary=name.ja,
                details=f"# {name.ja} / {name.en}\n\n次回 / next: {when}\n{_missed(state)}",
                attributes={"stage": "rhythm", "due": due},
            ),
        )


def _unconvened(state: Rhythm, command: NoteMeetingRefusal, facts: Facts, now: datetime) -> Sequence[Event]:
    """Where the number alone is taken the next is tried, where the notice came too late a later day; anything else needs people."""
    if command.rule == "notice-too-short" and state.rules is not None:
        earliest = facts.calendar.working_day_from(earliest_day(state.rules.body(state.body), facts, now))
        if earliest > command.held_on:
            year = fiscal_year(earliest)
            number = command.number if year == fiscal_year(command.held_on) else state.planned.get(year, 0) + 1
            return [MeetingPostponed(planned_on=command.held_on, held_on=earliest, fiscal_year=year, number=number)]
    if command.rule == "session-exists":
        year = fiscal_year(command.held_on)
        return [MeetingRenumbered(held_on=command.held_on, fiscal_year=year, number=command.number + 1)]
    fields = {n: getattr(command, n) for n in MeetingNotConvened.model_fields}
    return [MeetingNotConvened(**fields)]


def _missed(state: Rhythm) -> str:
    """Markdown: what could not be convened."""
    rows = "\n".join(f"- {e.held_on}: {e.message.ja} / {e.message.en} → {e.remedy.ja}" for e in state.missed)
    return f"\n**招集できなかった会議 / not convened**\n\n{rows}\n" if rows else ""


def _convening(state: Rhythm, event: MeetingPlanned | MeetingRenumbered | MeetingPostponed) -> Effect:
    assert state.rules is not None
    name = state.rules.body(state.body).title
    command = ConveneSession(
        command_id=f"{state.stream}/{event.held_on}/{event.number}",
        stream=session_of(state.body, event.fiscal_year, event.number),
        body=state.body,
        fiscal_year=event.fiscal_year,
        number=event.number,
        held_on=event.held_on,
        rules=state.rules.reference,
    )
    return Effect(
        key=f"convene/{event.held_on}/{event.number}",
        kind="instruct",
        summary=Text(ja=f"{name.ja}を招集({wareki(event.held_on)})", en=f"{name.en} convened for {event.held_on}"),
        command={"kind": command.kind, "type": command.type, **command.model_dump(mode="json")},
    )
