"""What a file brings, row by row: checked against the rules, then recorded. The same for shell, pages and API."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from definitions import faults
from definitions.faults import DocumentError, Fault, fault
from domain.days import day
from domain.messages import Actor, Command, Event, Frozen, Recorded, Refusal, Refused, Text
from store import queries
from store.store import Store
from store.transaction import Outcome

Status = Literal["new", "recorded", "known", "differs", "repeated", "refused"]
"""new: would be recorded; known: on record as it stands here; differs: there already, and what is different here is not applied;
repeated: said twice in the file; refused: somebody else was quicker."""
AT_ONCE = 50
"""Commands in one transaction."""
NOT_FOUND = Text(ja="見つかりません", en="not found")
_THERE = ("command-id-reused", "already-started", "proposed-already")


class Wrong(ValueError):
    """A value that cannot be used: field, value, what is the matter, and the remedy."""

    def __init__(self, field: str, value: str, message: Text, remedy: Text) -> None:
        self.fault = Fault(field=field, value=value, message=message, remedy=remedy)
        super().__init__(str(self.fault))

    @property
    def lines(self) -> tuple[str, str]:
        """What is the matter; the remedy."""
        return f"{self.fault.where}{self.fault.message}", f"→ {self.fault.remedy}"


class Told(Frozen):
    """What becomes of one row. `ref`: the own id of the lifecycle or proposal; `what`: what the row says of it, short."""

    place: str
    stream: str
    ref: str
    title: str
    what: str = ""
    status: Status


@dataclass(frozen=True)
class Entry:
    """One row on its way in, with what it would record."""

    told: Told
    command: Command | None = None

    @property
    def new(self) -> bool:
        return self.told.status == "new"


@dataclass
class Batch:
    """One file as it was read. `states`: what each stream would be after it; `reviews`: titles of lifecycles whose review it opens."""

    file: str
    sha256: str
    entries: Sequence[Entry]
    states: Mapping[str, Any] = field(default_factory=dict)
    reviews: Sequence[str] = ()

    @property
    def told(self) -> list[Told]:
        return [e.told for e in self.entries]

    @property
    def new(self) -> int:
        return sum(e.new for e in self.entries)

    def count(self, *statuses: Status) -> int:
        return sum(t.status in statuses for t in self.told)


@dataclass(frozen=True)
class Done:
    """What was recorded. `outcomes`: the new ones, to be woken; `refused`: with the row each stands in."""

    told: Sequence[Told]
    outcomes: Sequence[Outcome]
    refused: Sequence[tuple[Told, Refused]]

    def count(self, *statuses: Status) -> int:
        return sum(t.status in statuses for t in self.told)


Record = Callable[[Sequence[tuple[Command, Actor]]], Sequence[Outcome | Refused]]


def record(batch: Batch, actor: Actor, write: Record) -> Done:
    """Every new row, some at a time; one that is refused now does not stop the others."""
    waiting = [(i, e.command) for i, e in enumerate(batch.entries) if e.new and e.command is not None]
    told, outcomes, refused = batch.told, [], []
    for begin in range(0, len(waiting), AT_ONCE):
        part = waiting[begin : begin + AT_ONCE]
        for (i, _), result in zip(part, write([(command, actor) for _, command in part]), strict=True):
            status: Status = "recorded"
            if not isinstance(result, Refused):
                status = "known" if result.duplicate else "recorded"
                outcomes += [] if result.duplicate else [result]
            elif result.refusal.rule in _THERE:
                status = "differs"
            else:
                status = "refused"
            told[i] = told[i].model_copy(update={"status": status})
            if status == "refused" and isinstance(result, Refused):
                refused.append((told[i], result))
    return Done(told, outcomes, refused)


class Trial:
    """What streams would be after the rows so far: decided and folded in memory, as the store would."""

    def __init__(self, store: Store, actor: Actor, kind: str) -> None:
        self.store, self.actor, self.kind = store, actor, store.kinds[kind]
        self.now = store.clock.now()
        self.states: dict[str, Any] = {}

    def there(self, stream: str) -> Any:
        """The stream as it is, None when there is none."""
        try:
            return self.store.load(stream)[0]
        except LookupError:
            return None

    def state(self, stream: str) -> Any:
        """Of a stream that is there. Raises `LookupError`."""
        if stream not in self.states:
            self.states[stream] = self.store.load(stream)[0]
        return self.states[stream]

    def begun_under(self, stream: str) -> str | None:
        """The process definition that a lifecycle began under, wherever it has been moved since; None when there is none. A row that
        names no definition means this one: it says what it said before a newer one was published."""
        first = self.store.events(stream, most=1, open_texts=False)
        found: str | None = getattr(first[0].event, "definition", None) if first else None
        return found

    def already(self, command: Command, there: bool) -> Status:
        """How a row stands to what is on record; `there`: what it begins exists, whoever began it."""
        same = self.store.same(command)
        if same is not None:
            return "known" if same else "differs"
        return "differs" if there else "new"

    def decide(self, state: Any, command: Command, **facts: Any) -> Any:
        """The state that the command leads to. Raises `Refused`."""
        known = self.store.facts(self.kind.needs(state, command)).model_copy(update=facts)
        for version, event in enumerate(self.kind.decide(state, command, self.actor, known, self.now), 1):
            state = self.kind.evolve(state, self._recorded(command, version, event))
        return state

    def _recorded(self, command: Command, version: int, event: Event) -> Recorded:
        return Recorded(
            stream=command.stream,
            version=version,
            position=version,
            event=event,
            actor=self.actor,
            occurred_at=self.now,
            command_id=command.command_id,
        )


def refused_by_rule(refusal: Refusal, field: str = "", value: str = "") -> list[Fault]:
    """Why a row is refused, with the rule, and what to do: for every field that the rule names, else in one."""
    remedy = Text(ja=f"{refusal.remedy.ja}({refusal.rule})", en=f"{refusal.remedy.en} ({refusal.rule})")
    of_fields = [fault(p.message.ja, p.message.en, field=p.field, value=p.value) for p in refusal.problems]
    found = of_fields or [Fault(field=field, value=value, message=refusal.message)]
    return [f.model_copy(update={"remedy": remedy}) for f in found]


def require_few(path: Path, number: int, most: int | None) -> None:
    """Before any row is tried, which takes its time. Raises `DocumentError`."""
    if most is not None and number > most:
        ja = f"{number:,} 行あります。{most:,} 行までに分けてください"
        raise DocumentError(path, [fault(ja, f"too many rows ({number:,}); send at most {most:,} at once")])


def require_rows(path: Path, lines: Sequence[Any], ja: str, en: str) -> None:
    """`ja`, `en`: what to write. Raises `DocumentError` for a file without rows."""
    if not lines:
        raise DocumentError(path, [fault(f"行がありません。{ja}", f"no rows; {en}")])


def unfit(error: ValidationError) -> list[Fault]:
    """The values that no command can be made of, each with its field."""
    return [faults.unfit(e) for e in error.errors(include_url=False)]


def digest(path: Path) -> str:
    """sha256 of a file, or of the sheets of a folder one after the other."""
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()


def day_of(field: str, text: str) -> date:
    """A day as people write it: 2027-03-31, 令和9年3月31日. Raises `Wrong`."""
    found = day(text)
    if found is None:
        remedy = Text(ja="2027-03-31 か 令和9年3月31日 のように書いてください", en="write it like 2027-03-31")
        raise Wrong(field, text, Text(ja="日付ではありません", en="not a date"), remedy)
    return found


def lifecycle(store: Store, given: str) -> str:
    """The stream meant by an id, its unique beginning, or the starter's own id. Raises `Wrong`."""
    try:
        return queries.resolve(store, given)
    except queries.NotFound as missing:
        if missing.candidates:
            shown = ", ".join(missing.candidates)
            remedy = Text(ja=f"もう少し長く書いてください: {shown}", en=f"write more of it: {shown}")
            raise Wrong("id", given, Text(ja="複数が当てはまります", en="several match"), remedy) from None
        remedy = Text(ja="一覧で確認してください", en="look it up in the list of lifecycles")
        raise Wrong("id", given, NOT_FOUND, remedy) from None
