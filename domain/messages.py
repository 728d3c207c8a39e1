"""The shapes that everything exchanges: actors, commands, events, refusals, plans.

A *command* asks (imperative), an *event* states what happened (past tense), a *refusal* says which rule stands against a
command and how to mend it. Times are aware UTC datetimes and always arrive as data.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Frozen(BaseModel):
    """Base of every value: immutable, and unknown fields are an error rather than a silent loss."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Frozen):
    """The same sentence in Japanese and English."""

    ja: str
    en: str

    def __str__(self) -> str:
        return f"{self.ja} / {self.en}"


class Via(StrEnum):
    """The way in by which an actor came."""

    SHELL = "shell"
    WEB = "web"
    API = "api"
    TEMPORAL = "temporal"
    IMPORT = "import"
    REHEARSAL = "rehearsal"
    SYSTEM = "system"


class Actor(Frozen):
    """Who acts: an opaque person id (None for the system itself), the post they act in, and how we know it is them."""

    person: str | None = None
    capacity: str | None = None
    via: Via
    authenticated_by: str

    @property
    def is_system(self) -> bool:
        return self.person is None


SYSTEM = Actor(via=Via.SYSTEM, authenticated_by="process")
"""The engine itself: may pass deadlines and start what follows, never decides for a person."""


class PersonalMark:
    """Marks a field of an event as free text that may name people: the store seals it under the actor's key."""


Personal = Annotated[str, PersonalMark()]


RESERVED = (
    "close:",
    "deadline:",
    "feed:",
    "merge:",
    "pull:",
    "refused:",
    "remind:",
    "rhythm:",
    "select:",
    "spread:",
)
"""How ids of commands begin that the engine gives by itself. They can be foreseen: from a person one would take the place of a due date
that is yet to come."""
CARRIED = "/carry/"
"""Stands in the ids of what the engine carries from a session to what it decided on."""


def is_reserved(command_id: str) -> bool:
    """Whether only the engine gives such an id."""
    return command_id.startswith(RESERVED) or CARRIED in command_id


class Command(Frozen):
    """Something an actor asks of one stream. `command_id` makes a retry harmless: same id, same content, same outcome."""

    type: ClassVar[str]
    kind: ClassVar[str]
    system_only: ClassVar[bool] = False
    """Only the engine itself may ask this (deadlines, what follows from another stream)."""

    system_may: ClassVar[bool] = False
    """The engine may ask this as well as a person (a start that follows from another decision, or from a file)."""

    engine_only: ClassVar[tuple[str, ...]] = ()
    """Fields that only the engine fills in: from a person they would claim what did not happen, or open what is sealed."""

    command_id: str = Field(min_length=1, max_length=200)
    stream: str = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _storable(self) -> Command:
        """No store takes a NUL character or half a surrogate pair; better said here than by a database."""
        for field in type(self).model_fields:
            if (text := unstorable(getattr(self, field))) is not None:
                raise Misfit(
                    f"{field}: {text!r} に保存できない文字があります。消してください",
                    f"{field}: {text!r} holds a character that cannot be stored; remove it",
                )
        return self


class Misfit(ValueError):
    """Raised by validators: why values do not fit, in both languages. `str` is the English."""

    def __init__(self, ja: str, en: str) -> None:
        super().__init__(en)
        self.ja = ja


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def unstorable(value: Any) -> str | None:
    """The first text within `value` with a character that cannot be stored, or None."""
    if isinstance(value, str):
        return value if _UNSTORABLE.search(value) else None
    if isinstance(value, BaseModel):
        value = [getattr(value, field) for field in type(value).model_fields]
    elif isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        return next((found for item in value if (found := unstorable(item)) is not None), None)
    return None


class Quote(Frozen):
    """A sealed text of an event that a command takes over: the store puts it behind what stands in `into` when it records the
    command, so that the text itself is in no plan and never goes through Temporal. An erased text is left out."""

    stream: str
    version: int
    field: str
    into: str


class Event(Frozen):
    """Something that happened to one stream. Never changed once written; old shapes are brought up to date on read."""

    type: ClassVar[str]
    schema_version: ClassVar[int] = 1


class Recorded(Frozen):
    """An event with its place and circumstances, as the store hands it to a fold."""

    stream: str
    version: int
    position: int
    event: Event
    actor: Actor
    occurred_at: datetime
    command_id: str


def subject_of(event: Event, actor: Actor) -> str:
    """Whose key seals the event's personal text."""
    return str(getattr(event, "subject", None) or actor.person or "system")


class Problem(Frozen):
    """One thing that stands in the way: the field, the value that was given, and what to do."""

    field: str
    value: Any = None
    message: Text


class Refusal(Frozen):
    """A command turned down by a rule: which, why, what is missing, how to mend it, and when time alone will."""

    rule: str
    message: Text
    remedy: Text
    problems: tuple[Problem, ...] = ()
    retry_at: datetime | None = None


class Refused(Exception):
    """Raised by `decide`; the one way a rule says no."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.rule}: {refusal.message.en}")
        self.refusal = refusal


def lacking(*fields: str) -> tuple[Problem, ...]:
    """Fields that a rule asks for and that are empty, so that whoever shows the refusal can show it beside them."""
    said = Text(ja="記入してください", en="fill it in")
    return tuple(Problem(field=field, message=said) for field in fields)


def refuse(
    rule: str,
    ja: str,
    en: str,
    *,
    remedy_ja: str,
    remedy_en: str,
    problems: tuple[Problem, ...] = (),
    retry_at: datetime | None = None,
) -> Refused:
    """Build the exception for a rule; the caller raises it."""
    return Refused(
        Refusal(
            rule=rule,
            message=Text(ja=ja, en=en),
            remedy=Text(ja=remedy_ja, en=remedy_en),
            problems=problems,
            retry_at=retry_at,
        )
    )


class Notice(Frozen):
    """A message owed to the holders of a post (or one person) because of an event; the store turns it into deliveries."""

    post: str | None = None
    person: str | None = None
    subject: Text


class Effect(Frozen):
    """What the world must do because of events already recorded; run by the stream's workflow, at least once.

    `announce` tells the story (its text is shown as the activity's summary in the Temporal UI) and wakes the channels;
    `instruct` records `command` on another stream (deterministic id) and wakes it.
    """

    key: str
    kind: str = "announce"
    summary: Text
    command: dict[str, Any] | None = None


class Display(Frozen):
    """What an operator sees of a stream in the Temporal UI: static summary is set at start, these move with it."""

    summary: str
    details: str
    attributes: dict[str, str | int | list[str] | datetime | None]


class Plan(Frozen):
    """What follows from the events up to version `to`."""

    to: int
    effects: tuple[Effect, ...] = ()
    next_due: datetime | None = None
    next_due_summary: str = ""
    closed: bool = False
    display: Display
