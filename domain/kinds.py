"""The contract of a stream kind. A kind is one entry in `domain/registry.py`; everything else works from this contract."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from domain.facts import Facts
from domain.messages import Actor, Command, Event, Frozen, Notice, Plan, Recorded, Refusal

State = TypeVar("State", bound=BaseModel)

Row = dict[str, Any]


def plain(text: str) -> str:
    """A name or number as it is compared: NFKC (full and half width are one), without spaces around it and without case."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


class View(Frozen):
    """The rows that a stream owns in the read models: table name -> rows. Columns are those of `store/tables.py`."""

    rows: dict[str, list[Row]]


class Kind(Protocol[State]):
    """Rules of one kind of stream. Pure; `decide` may raise `Refused`, `evolve` never refuses."""

    name: str
    fold_version: int
    """Raised whenever `State` or `evolve` changes: older snapshots are folded anew."""
    workflow: str | None
    """Name of the Temporal workflow type that follows the stream, or None when nothing follows from its events."""
    commands: Mapping[str, type[Command]]
    events: Mapping[str, type[Event]]
    state_type: type[State]

    def initial(self, stream: str) -> State: ...

    def needs(self, state: State, command: Command) -> str | None:
        """Reference (`name@version`) of the process definition this decision rests on, or None."""
        ...

    def refers(self, command: Command) -> tuple[str, ...]:
        """Other streams that the decision looks at; they appear in `facts.others`."""
        ...

    def governed(self, command: Command) -> str | None:
        """Reference of the published rules of the bodies that the decision rests on ("" for those that hold now), or None."""
        ...

    def weighs(self, command: Command) -> bool:
        """Whether the decision looks at what people carry already; then it is in `facts.burdens`."""
        ...

    def draws(self, state: State, command: Command, facts: Facts, now: datetime) -> str | None:
        """The register of documents whose next number the decision uses as `facts.number`, or None."""
        ...

    def claims(self, command: Command) -> tuple[str, str] | None:
        """System and number of an outside document that may be entered once only; `facts.claimed` says where it was.

        As `plain` text: 令８第１２号 and 令8第12号 are one number."""
        ...

    def decide(self, state: State, command: Command, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]: ...

    def evolve(self, state: State, recorded: Recorded) -> State: ...

    def next_due(self, state: State) -> datetime | None: ...

    def closed(self, state: State) -> bool: ...

    def undecided(self, state: State) -> bool:
        """Whether an open decision may leave the stream closed as it was (a reopening that was asked for)."""
        ...

    def definition_of(self, state: State) -> str | None:
        """Reference of the pinned process definition, shown in `streams.process_version`."""
        ...

    def view(self, state: State) -> View:
        """The stream's current rows in the read models, whole: the store writes what differs from the view before."""
        ...

    def entries(self, state: State, recorded: Recorded) -> View:
        """Rows that `recorded` adds once and for all (a deliverable's version, an answer); `state` is the state after it."""
        ...

    def notices(self, state: State, recorded: Recorded) -> Sequence[Notice]:
        """Who must hear of `recorded`; `state` is the state after it."""
        ...

    def due_commands(self, state: State, now: datetime) -> Sequence[Command]:
        """The commands that time itself gives at `now` (deadlines passed), each with a deterministic command id."""
        ...

    def turned_down(self, stream: str, key: str, refusal: Refusal) -> Command | None:
        """The command that keeps, on `stream`, that what followed from it (the effect `key`) was refused elsewhere."""
        ...

    def react(self, state: State, fresh: Sequence[Recorded], facts: Facts) -> Plan:
        """What follows from `fresh`, the events that have not been followed yet; `state` is the state after them.

        `facts` are those of today, for what is shown; nothing may follow from them alone."""
        ...


class Quiet(Generic[State]):
    """Of the contract what most kinds do not need: no definition, no register, no rows, no notices, nothing due."""

    def needs(self, state: State, command: Command) -> str | None:
        return None

    def refers(self, command: Command) -> tuple[str, ...]:
        return ()

    def governed(self, command: Command) -> str | None:
        return None

    def weighs(self, command: Command) -> bool:
        return False

    def draws(self, state: State, command: Command, facts: Facts, now: datetime) -> str | None:
        return None

    def claims(self, command: Command) -> tuple[str, str] | None:
        return None

    def next_due(self, state: State) -> datetime | None:
        return None

    def closed(self, state: State) -> bool:
        return False

    def undecided(self, state: State) -> bool:
        return False

    def definition_of(self, state: State) -> str | None:
        return None

    def view(self, state: State) -> View:
        return View(rows={})

    def entries(self, state: State, recorded: Recorded) -> View:
        return View(rows={})

    def notices(self, state: State, recorded: Recorded) -> Sequence[Notice]:
        return []

    def due_commands(self, state: State, now: datetime) -> Sequence[Command]:
        return []

    def turned_down(self, stream: str, key: str, refusal: Refusal) -> Command | None:
        return None
