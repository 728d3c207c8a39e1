"""Measured values from a spreadsheet: every row is tried on the rules before any is recorded; a second run records nothing twice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from definitions.loader import DocumentError
from domain.calendar import local_day
from domain.deliverables.base import Evidence
from domain.lifecycle.commands import RecordMeasurement
from domain.lifecycle.measuring import stored_name
from domain.messages import Actor, Recorded, Refused
from shell.errors import ShellError, of_refusals
from shell.figures import number
from shell.session import Session
from shell.spreadsheets import read_csv

COLUMNS = ("id", "kpi", "period", "value", "note")


@dataclass(frozen=True)
class Row:
    line: int
    command: RecordMeasurement


class Import:
    """One file on its way in. `imagined` is what each lifecycle would be after the rows so far."""

    def __init__(self, session: Session, actor: Actor, path: Path) -> None:
        self.session, self.actor, self.path = session, actor, path
        self.now = session.store.clock.now()
        self.imagined: dict[str, Any] = {}
        self.problems: list[str] = []
        self.known = 0
        self.opened: list[str] = []

    def take(self, *, record: bool) -> dict[str, Any]:
        """The result as a document. Raises `DocumentError` with every row that is wrong; then nothing has been recorded."""
        lines = read_csv(self.path, COLUMNS)
        self.digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        rows = [r for line in lines if (r := self._row(line)) is not None]
        if self.problems:
            raise DocumentError(self.path, self.problems)
        if record:
            self._record(rows)
        return {
            "file": self.path.name,
            "sha256": self.digest,
            "rows": len(lines),
            "recorded": len(rows) if record else 0,
            "would_record": 0 if record else len(rows),
            "known": self.known,
            "reviews": self.opened,
        }

    def _row(self, line: Any) -> Row | None:
        """A row to be recorded; None when it is on record already, or wrong (then it is among the problems)."""
        given, at = line.content, f"line {line.number}"
        found = [f"{at}: {p}" for p in line.problems]
        lacking = [c for c in COLUMNS[:4] if not given.get(c)]
        found += [f"{at}: {c}: 空です。記入してください / empty; fill it in" for c in lacking]
        if found:
            self.problems += found
            return None
        try:
            stream = self.session.lifecycle(given["id"])
            value = Decimal(number(given["value"]))
        except ShellError as error:
            self.problems.append(f"{at}: id: {given['id']}: {error.lines[0].rpartition(': ')[2]}")
            return None
        except InvalidOperation:
            self.problems.append(
                f"{at}: value: {given['value']}: 数値ではありません。直してください / not a number; correct it"
            )
            return None
        return self._tried(line.number, stream, value, given)

    def _tried(self, line: int, stream: str, value: Decimal, given: dict[str, Any]) -> Row | None:
        state = self._state(stream)
        name = stored_name(state, given["kpi"], given["period"])
        if name is not None and value.is_finite() and Decimal(state.values[given["kpi"]][name]) == value:
            self.known += 1
            return None
        try:
            command = RecordMeasurement(
                command_id=f"kpi-import:{self.digest[:32]}:{line}",
                stream=stream,
                kpi=given["kpi"],
                period=given["period"],
                value=value,
                source=Evidence(source=self.path.name, date=local_day(self.now), sha256=self.digest),
                note=given.get("note", ""),
            )
            self._imagine(command)
        except Refused as refused:
            r = refused.refusal
            self.problems.append(
                f"line {line}: {r.message.ja}。{r.remedy.ja} / {r.message.en}; {r.remedy.en} ({r.rule})"
            )
            return None
        except ValueError as error:
            self.problems.append(f"line {line}: 使えない値です / {' '.join(str(error).split())[:200]}")
            return None
        return Row(line, command)

    def _state(self, stream: str) -> Any:
        if stream not in self.imagined:
            self.imagined[stream] = self.session.store.load(stream)[0]
        return self.imagined[stream]

    def _imagine(self, command: RecordMeasurement) -> None:
        """Decide and fold in memory, as the store would."""
        kind, state = self.session.store.kinds["lifecycle"], self._state(command.stream)
        facts = self.session.store.facts(kind.needs(state, command))
        before = state
        for event in kind.decide(state, command, self.actor, facts, self.now):
            state = kind.evolve(
                state,
                Recorded(
                    stream=command.stream,
                    version=1,
                    position=1,
                    event=event,
                    actor=self.actor,
                    occurred_at=self.now,
                    command_id=command.command_id,
                ),
            )
        if state.stage != before.stage:
            self.opened.append(state.title)
        self.imagined[command.stream] = state

    def _record(self, rows: Sequence[Row]) -> None:
        results = []
        for begin in range(0, len(rows), 50):
            part = [(r.command, self.actor) for r in rows[begin : begin + 50]]
            results += self.session.store.record_many(part)
        refused = [(f"line {r.line}", x) for r, x in zip(rows, results, strict=True) if isinstance(x, Refused)]
        fresh = {x.stream: x for x in results if not isinstance(x, Refused) and not x.duplicate}
        if fresh:
            self.session.wake(fresh.values())
        if refused:  # somebody else recorded meanwhile
            raise of_refusals(refused, [x.stream for x in fresh.values()])
