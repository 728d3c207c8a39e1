"""The smallest stream kind with everything the store must carry: a counter that asks, is answered, falls due and takes notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

from domain.directory import Directory, Person, Post, Tenure, Unit
from domain.directory_stream import DirectoryKind
from domain.facts import Facts
from domain.kinds import Kind, Quiet, View
from domain.messages import (
    SYSTEM,
    Actor,
    Command,
    Display,
    Effect,
    Event,
    Frozen,
    Notice,
    Personal,
    Plan,
    Recorded,
    Text,
    Via,
    refuse,
)

DUE = timedelta(days=3)
ASKED_POST = "counter"


class ToyCommand(Command):
    kind: ClassVar[str] = "toy"


class Ask(ToyCommand):
    type = "Ask"
    title: str = "番号札"


class Answer(ToyCommand):
    type = "Answer"
    decision: str = "approve"
    comment: str = ""


class Write(ToyCommand):
    """Several notes at once: as many events as texts."""

    type = "Write"
    texts: tuple[str, ...]
    about: str | None = None


class Close(ToyCommand):
    type = "Close"


class Expire(ToyCommand):
    type = "Expire"
    system_only = True


class Asked(Event):
    type = "Asked"
    title: str
    due_at: datetime


class Answered(Event):
    type = "Answered"
    decision: str
    comment: Personal


class Noted(Event):
    type = "Noted"
    text: Personal
    about: str | None

    @property
    def subject(self) -> str | None:
        return self.about


class Expired(Event):
    type = "Expired"


class Closed(Event):
    type = "Closed"


class Toy(Frozen):
    stream: str
    title: str = ""
    asked: int = 0
    answered: int = 0
    notes: int = 0
    last_note: str = ""
    due_at: datetime | None = None
    opened_at: datetime | None = None
    closed: bool = False

    @property
    def request(self) -> str:
        return str(uuid5(NAMESPACE_URL, f"{self.stream}/{self.asked}"))


class ToyKind(Quiet[Toy]):
    name = "toy"
    fold_version = 1
    workflow: str | None = "Toy"
    commands: Mapping[str, type[Command]] = {c.type: c for c in (Ask, Answer, Write, Close, Expire)}
    events: Mapping[str, type[Event]] = {e.type: e for e in (Asked, Answered, Noted, Expired, Closed)}
    state_type = Toy

    def initial(self, stream: str) -> Toy:
        return Toy(stream=stream)

    def needs(self, state: Toy, command: Command) -> str | None:
        return None

    def refers(self, command: Command) -> tuple[str, ...]:
        return ()

    def draws(self, state: Toy, command: Command, facts: Facts, now: datetime) -> str | None:
        return None

    def claims(self, command: Command) -> tuple[str, str] | None:
        return None

    def decide(self, state: Toy, command: Command, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
        if state.closed:
            raise _no("closed")
        match command:
            case Ask() if state.due_at is None:
                return [Asked(title=command.title, due_at=now + DUE)]
            case Answer() if state.due_at is not None:
                return [Answered(decision=command.decision, comment=command.comment)]
            case Write():
                return [Noted(text=text, about=command.about) for text in command.texts]
            case Expire() if state.due_at is not None and now >= state.due_at:
                return [Expired()]
            case Close():
                return [Closed()]
        raise _no("not-now")

    def evolve(self, state: Toy, recorded: Recorded) -> Toy:
        match recorded.event:
            case Asked() as event:
                more: dict[str, Any] = {"due_at": event.due_at, "opened_at": recorded.occurred_at}
                return state.model_copy(update={"title": event.title, "asked": state.asked + 1, **more})
            case Answered():
                return state.model_copy(update={"answered": state.answered + 1, "due_at": None})
            case Noted() as event:
                return state.model_copy(update={"notes": state.notes + 1, "last_note": event.text})
            case Expired():
                return state.model_copy(update={"due_at": None})
            case _:
                return state.model_copy(update={"closed": True, "due_at": None})

    def next_due(self, state: Toy) -> datetime | None:
        return state.due_at

    def closed(self, state: Toy) -> bool:
        return state.closed

    def definition_of(self, state: Toy) -> str | None:
        return None

    def view(self, state: Toy) -> View:
        if state.due_at is None:
            return View(rows={"requests": []})
        row = _place(state) | {"kind": "decide", "opened_at": state.opened_at, "due_at": state.due_at, "overdue": False}
        return View(rows={"requests": [row | {"subject_ja": state.title, "subject_en": str(state.notes)}]})

    def entries(self, state: Toy, recorded: Recorded) -> View:
        event, actor = recorded.event, recorded.actor
        if not isinstance(event, Answered):
            return View(rows={})
        row = _place(state) | {"version": recorded.version, "person": actor.person, "decision": event.decision}
        rest: dict[str, Any] = {"conditions": [], "via": actor.via.value, "at": recorded.occurred_at}
        return View(rows={"answers": [row | rest]})

    def notices(self, state: Toy, recorded: Recorded) -> Sequence[Notice]:
        if not isinstance(recorded.event, Asked):
            return []
        return [Notice(post=ASKED_POST, subject=Text(ja=recorded.event.title, en=recorded.event.title))]

    def due_commands(self, state: Toy, now: datetime) -> Sequence[Command]:
        if state.due_at is None or now < state.due_at:
            return []
        return [Expire(command_id=f"expire-{state.asked}", stream=state.stream)]

    def react(self, state: Toy, fresh: Sequence[Recorded], facts: Facts) -> Plan:
        """One effect a question; nothing follows from the rest."""
        effects = tuple(
            Effect(key=str(r.version), summary=Text(ja=r.event.title, en=r.event.title))
            for r in fresh
            if isinstance(r.event, Asked)
        )
        display = Display(summary=state.title, details="", attributes={})
        to = fresh[-1].version if fresh else 0
        return Plan(to=to, effects=effects, next_due=state.due_at, closed=state.closed, display=display)


def _place(state: Toy) -> dict[str, Any]:
    place = {"request": state.request, "stream": state.stream, "stage": "s", "round": 1, "step": "t"}
    return {**place, "post": ASKED_POST, "content_hash": "0" * 64, "escalate_to": None, "barred": ""}


def _no(rule: str) -> Exception:
    return refuse(rule, "できません", "not possible", remedy_ja="待ってください", remedy_en="wait")


TOYS: dict[str, Kind[Any]] = {"toy": ToyKind(), "directory": DirectoryKind()}


def somebody(name: str = "p-1", capacity: str | None = None) -> Actor:
    return Actor(person=name, capacity=capacity, via=Via.SHELL, authenticated_by="test")


def in_office(*persons: str, others: Sequence[Person] = ()) -> Directory:
    """A directory in which each of the persons holds the one post there is; `others` hold none."""
    here = Text(ja="課", en="section")
    return Directory(
        units=(Unit(id="u", name=here),),
        posts=(Post(id=ASKED_POST, title=here, role="section_chief", unit="u"),),
        people=(*(Person(id=p) for p in persons), *others),
        tenures=tuple(Tenure(person=p, post=ASKED_POST, since=date(2000, 4, 1)) for p in persons),
    )


__all__ = ["SYSTEM", "TOYS", "Answer", "Ask", "Close", "Expire", "Toy", "ToyKind", "Write", "in_office", "somebody"]
