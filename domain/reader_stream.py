"""How a person wants to hear: which channels, and at once or gathered. One stream a person; only they choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from domain.facts import Facts
from domain.kinds import Quiet, View
from domain.messages import Actor, Command, Display, Event, Frozen, Plan, Recorded, refuse

Digest = Literal["immediate", "daily", "weekly", "off"]
"""At once, gathered once a working day, gathered once a week, or not at all. The in-app inbox is always there."""
ReaderChannel = Literal["email"]


def stream_of(person: str) -> str:
    return f"reader:{person}"


class ChooseNotices(Command):
    """A person chooses how a channel reaches them; `hour` is when a digest goes out, in Japan."""

    type = "ChooseNotices"
    kind: ClassVar[str] = "reader"
    channel: ReaderChannel
    digest: Digest
    hour: int = Field(default=8, ge=0, le=23)


class NoticesArranged(Event):
    type = "NoticesArranged"
    person: str
    channel: str
    digest: Digest
    hour: int


class Choice(Frozen):
    digest: Digest = "immediate"
    hour: int = 8


class Reader(Frozen):
    stream: str
    person: str = ""
    choices: dict[str, Choice] = {}


class ReaderKind(Quiet[Reader]):
    name = "reader"
    fold_version = 1
    workflow: str | None = None
    commands: Mapping[str, type[Command]] = {ChooseNotices.type: ChooseNotices}
    events: Mapping[str, type[Event]] = {NoticesArranged.type: NoticesArranged}
    state_type = Reader

    def initial(self, stream: str) -> Reader:
        return Reader(stream=stream)

    def decide(self, state: Reader, command: Command, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
        assert isinstance(command, ChooseNotices)
        person = actor.person or ""
        if facts.directory.person(person) is None:
            raise refuse(
                "person-unknown",
                f"名簿にない職員です: {person}",
                f"person {person!r} is not in the directory",
                remedy_ja="職員IDを確かめてください(`./taskforce people`)",
                remedy_en="use a person id of the directory (`./taskforce people`)",
            )
        if command.stream != stream_of(person):
            raise refuse(
                "not-your-notices",
                "通知の受け方を選べるのは本人だけです",
                "only the person themselves chooses how they hear",
                remedy_ja="本人として行ってください",
                remedy_en="do it as that person",
            )
        return [NoticesArranged(person=person, channel=command.channel, digest=command.digest, hour=command.hour)]

    def evolve(self, state: Reader, recorded: Recorded) -> Reader:
        event = recorded.event
        assert isinstance(event, NoticesArranged)
        choice = Choice(digest=event.digest, hour=event.hour)
        return state.model_copy(update={"person": event.person, "choices": {**state.choices, event.channel: choice}})

    def view(self, state: Reader) -> View:
        rows = [
            {"person": state.person, "channel": channel, "digest": choice.digest, "hour": choice.hour}
            for channel, choice in state.choices.items()
        ]
        return View(rows={"notice_choices": rows})

    def react(self, state: Reader, fresh: Sequence[Recorded], facts: Facts) -> Plan:
        return Plan(to=fresh[-1].version if fresh else 0, display=Display(summary="reader", details="", attributes={}))
