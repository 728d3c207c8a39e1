"""Given–when–then for the bodies: the small city of `tests/city.py` with a digital manager, its rules, and a case of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from definitions.loader import SHIPPED, read_document
from domain.bodies import BodyRules
from domain.directory import Post, Tenure
from domain.facts import Facts, Other
from domain.kinds import Kind
from domain.messages import SYSTEM, Actor, Command, Event, Recorded, Refusal, Refused, Text
from tests.city import FACTS, SINCE, START, person

OFFICE = person("office")
"""The head of the digital strategy office: of the secretariat."""
C = TypeVar("C", bound=Command)


def rules(**changes: Any) -> BodyRules:
    """The shipped rules, with the small city's unit for the monitoring meeting's chair."""
    document = read_document(SHIPPED / "bodies.yaml")
    for body in document["bodies"]:
        if body["key"] == "monitoring":
            body["chair"]["unit"] = "digital-strategy-office"
    return BodyRules.model_validate(document | changes)


def facts(*others: tuple[str, str]) -> Facts:
    """The small city's facts; `others` are (stream, kind) that commands may refer to."""
    here = FACTS.directory
    people = here.model_copy(
        update={
            "posts": (*here.posts, Post(id="manager", title=Text(ja="m", en="m"), role="digital_manager", unit="city")),
            "tenures": (*here.tenures, Tenure(person="p-manager", post="manager", since=SINCE)),
        }
    )
    known = {s: Other(kind=k, title=s, closed=False) for s, k in others}
    return FACTS.model_copy(update={"directory": people, "others": known, "rules": rules()})


@dataclass
class Body:
    """One stream of a kind under test."""

    kind: Kind[Any]
    stream: str
    facts: Facts = field(default_factory=facts)
    now: datetime = START
    log: list[Recorded] = field(default_factory=list)
    _sent: int = 0

    def __post_init__(self) -> None:
        self.state: Any = self.kind.initial(self.stream)

    def make(self, command: type[C], **fields: Any) -> C:
        self._sent += 1
        return command.model_validate({"command_id": f"c{self._sent}", "stream": self.stream, **fields})

    def do(self, command: type[Command], actor: Actor = OFFICE, **fields: Any) -> Sequence[Event]:
        """Decide and fold; the events. Raises `Refused`."""
        made = self.make(command, **fields)
        events = self.kind.decide(self.state, made, actor, self.facts, self.now)
        for event in events:
            recorded = Recorded(
                stream=self.stream,
                version=len(self.log) + 1,
                position=len(self.log) + 1,
                event=event,
                actor=actor,
                occurred_at=self.now,
                command_id=made.command_id,
            )
            self.log.append(recorded)
            self.state = self.kind.evolve(self.state, recorded)
            self.kind.view(self.state)
            self.kind.notices(self.state, recorded)
        return events

    def under(self, given: BodyRules | None) -> None:
        """From now on these are the published rules."""
        self.facts = self.facts.model_copy(update={"rules": given})

    def refused(self, rule: str, command: type[Command], actor: Actor = OFFICE, **fields: Any) -> Refusal:
        """The refusal, which must be by `rule`, speak both languages, and change nothing."""
        before = self.state
        try:
            events = self.do(command, actor, **fields)
        except Refused as no:
            assert no.refusal.rule == rule, no.refusal
            for text in (no.refusal.message, no.refusal.remedy):
                assert text.ja.strip() and text.en.strip()
            assert self.state is before
            return no.refusal
        raise AssertionError(f"accepted: {[type(e).__name__ for e in events]}")

    def tick(self) -> None:
        """Time gives what is due."""
        due = self.kind.next_due(self.state)
        assert due is not None
        self.now = max(self.now, due)
        for command in self.kind.due_commands(self.state, self.now):
            self.do(type(command), SYSTEM, **command.model_dump(exclude={"command_id", "stream"}))

    def plan(self, after: int = 0) -> Any:
        return self.kind.react(self.state, self.log[after:], self.facts)
