"""The rhythm of a body: on its days of the fiscal year a session is convened by itself, the notice in time.

Its due dates are events of a stream of its own; the workflow that follows it only sleeps until the next. Temporal may lose it:
the relay wakes what is due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar

from domain.bodies import BodyKey, BodyRules, require_secretariat
from domain.calendar import Calendar, end_of_business, fiscal_year, local_day, wareki
from domain.facts import Facts
from domain.kinds import Quiet
from domain.lifecycle.authority import known_person
from domain.messages import Actor, Command, Display, Effect, Event, Frozen, Plan, Recorded, Text, refuse
from domain.sessions.kind import stream_of as session_of
from domain.sessions.messages import ConveneSession

LEAD = timedelta(days=14)
"""How long before its day a session is convened: time for the agenda before the notice must be out."""


def stream_of(body: str) -> str:
    return f"rhythm:{body}"


class RhythmCommand(Command):
    kind: ClassVar[str] = "rhythm"


class SetRhythm(RhythmCommand):
    """From now on a body meets on the days that the rules name; setting it again takes newer rules."""

    type = "SetRhythm"
    body: BodyKey
    rules: BodyRules


class ConveneInRhythm(RhythmCommand):
    """Given by time."""

    type = "ConveneInRhythm"
    system_only = True
    held_on: date


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


class Rhythm(Frozen):
    stream: str
    body: BodyKey = "monitoring"
    rules: BodyRules | None = None
    next_on: date | None = None
    planned: dict[int, int] = {}
    """Fiscal year -> sessions planned in it."""


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
    fold_version = 1
    workflow: str | None = "BodyRhythm"
    commands: Mapping[str, type[Command]] = {k.type: k for k in (SetRhythm, ConveneInRhythm)}
    events: Mapping[str, type[Event]] = {k.type: k for k in (RhythmArranged, MeetingPlanned)}
    state_type = Rhythm

    def initial(self, stream: str) -> Rhythm:
        return Rhythm(stream=stream)

    def decide(self, state: Rhythm, command: Command, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
        today = local_day(now)
        if isinstance(command, SetRhythm):
            require_secretariat(known_person(actor, facts), command.rules, facts.directory, today)
            if not command.rules.body(command.body).rhythm:
                raise refuse(
                    "no-rhythm",
                    f"規程に {command.body} の開催日(rhythm)がありません",
                    f"the rules name no days (rhythm) for {command.body!r}",
                    remedy_ja="規程に月日を書いてください(例: 05-20)",
                    remedy_en="name days in the rules, e.g. 05-20",
                )
            first = _days(command.rules, command.body, facts.calendar, today)
            return [RhythmArranged(body=command.body, rules=command.rules, next_on=first)]
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
        year = fiscal_year(command.held_on)
        return [
            MeetingPlanned(
                held_on=command.held_on,
                fiscal_year=year,
                number=state.planned.get(year, 0) + 1,
                next_on=_days(state.rules, state.body, facts.calendar, max(command.held_on, today)),
            )
        ]

    def evolve(self, state: Rhythm, recorded: Recorded) -> Rhythm:
        event = recorded.event
        if isinstance(event, RhythmArranged):
            return state.model_copy(update={"body": event.body, "rules": event.rules, "next_on": event.next_on})
        assert isinstance(event, MeetingPlanned)
        planned = {**state.planned, event.fiscal_year: event.number}
        return state.model_copy(update={"next_on": event.next_on, "planned": planned})

    def next_due(self, state: Rhythm) -> datetime | None:
        return None if state.next_on is None else end_of_business(state.next_on) - LEAD

    def due_commands(self, state: Rhythm, now: datetime) -> Sequence[Command]:
        due = self.next_due(state)
        if due is None or now < due or state.next_on is None:
            return []
        day = state.next_on
        return [ConveneInRhythm(command_id=f"{state.stream}/{day}", stream=state.stream, held_on=day)]

    def react(self, state: Rhythm, fresh: Sequence[Recorded], facts: Facts) -> Plan:
        to = fresh[-1].version if fresh else 0
        effects = [_convening(state, r.event) for r in fresh if isinstance(r.event, MeetingPlanned)]
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
                details=f"# {name.ja} / {name.en}\n\n次回 / next: {when}\n",
                attributes={"stage": "rhythm", "due": due},
            ),
        )


def _convening(state: Rhythm, event: MeetingPlanned) -> Effect:
    assert state.rules is not None
    name = state.rules.body(state.body).title
    command = ConveneSession(
        command_id=f"{state.stream}/{event.held_on}",
        stream=session_of(state.body, event.fiscal_year, event.number),
        body=state.body,
        fiscal_year=event.fiscal_year,
        number=event.number,
        held_on=event.held_on,
        rules=state.rules,
    )
    return Effect(
        key=f"convene/{event.held_on}",
        kind="instruct",
        summary=Text(ja=f"{name.ja}を招集({wareki(event.held_on)})", en=f"{name.en} convened for {event.held_on}"),
        command={"kind": command.kind, "type": command.type, **command.model_dump(mode="json")},
    )
