"""Measured values from a spreadsheet: every row is tried on the rules before any is recorded; a second run records nothing twice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from definitions.loader import DocumentError
from domain.calendar import local_day
from domain.deliverables.base import Evidence
from domain.lifecycle.commands import RecordMeasurement
from domain.lifecycle.measuring import known_kpi, stored_name
from domain.messages import Actor, Recorded, Refused
from shell.errors import ShellError, of_refusals
from shell.figures import HOW_TO_WRITE, decimal
from shell.session import Session
from shell.spreadsheets import read_csv
from store import queries

NEEDED = ("id", "kpi", "period", "value")
COLUMNS = (*NEEDED, "note")
SHORTEST = 8
"""Characters of a stream's id that name it in a file: as many as lists show."""


@dataclass(frozen=True)
class Row:
    line: int
    command: RecordMeasurement


class Import:
    """One file on its way in. `imagined` is what each lifecycle would be after the rows so far; `before`, what this very file has
    brought already, by lifecycle; `here`, the lines of this file, by lifecycle, KPI and period."""

    def __init__(self, session: Session, actor: Actor, path: Path) -> None:
        self.session, self.actor, self.path = session, actor, path
        self.now = session.store.clock.now()
        self.imagined: dict[str, Any] = {}
        self.before: dict[str, set[tuple[str, str]]] = {}
        self.here: dict[tuple[str, str, str], int] = {}
        self.problems: list[str] = []
        self.known = self.repeated = 0
        self.opened: list[str] = []

    def take(self, *, record: bool) -> dict[str, Any]:
        """The result as a document. Raises `DocumentError` with every row that is wrong; then nothing has been recorded."""
        lines = read_csv(self.path, COLUMNS, NEEDED)
        if not lines:
            words = (
                f"行がありません。測定値を1行ずつ書いてください / no rows; write one value a line: {','.join(COLUMNS)}"
            )
            raise DocumentError(self.path, [words])
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
            "repeated": self.repeated,
            "reviews": self.opened,
        }

    def _row(self, line: Any) -> Row | None:
        """A row to be recorded; None when it is on record already, or wrong (then it is among the problems)."""
        given, at = line.content, f"line {line.number}"
        found = [f"{at}: {p}" for p in line.problems]
        found += [f"{at}: {c}: 空です。記入してください / empty; fill it in" for c in NEEDED if not given.get(c)]
        if found:
            self.problems += found
            return None
        value = decimal(given["value"])
        if value is None:
            self.problems.append(f"{at}: value: {given['value']}: 数値ではありません / not a number → {HOW_TO_WRITE}")
            return None
        try:
            return self._tried(line.number, self._lifecycle(given["id"]), value, given)
        except ShellError as error:
            self.problems.append(f"{at}: {' '.join(error.lines)}")
        except Refused as refused:
            r = refused.refusal
            self.problems.append(f"{at}: {r.message.ja}。{r.remedy.ja} / {r.message.en}; {r.remedy.en} ({r.rule})")
        except ValidationError as error:
            for e in error.errors(include_url=False):
                field, shown = str(e["loc"][0]) if e["loc"] else "-", str(e["input"])
                shown = f"{shown[:60]}…" if len(shown) > 60 else shown
                self.problems.append(f"{at}: {field}: {shown}: 使えない値です。直してください / {e['msg']}; correct it")
        return None

    def _lifecycle(self, given: str) -> str:
        """The stream meant by an id. Of a stream's id its beginning will do, as lists show it; the own id stands in full, since
        R5-1 in a sheet is not R5-10."""
        stream = self.session.lifecycle(given)
        state = self._state(stream)
        if given != state.ref and not (len(given) >= SHORTEST and stream.startswith(given)):
            raise ShellError(
                f"id: {given}: 見つかりません / not found",
                f"→ {state.ref} ですか。省かずに書いてください / write it in full",
            )
        return stream

    def _tried(self, line: int, stream: str, value: Decimal, given: dict[str, Any]) -> Row | None:
        state = self._state(stream)
        kpi = known_kpi(state, given["kpi"]).key
        name = stored_name(state, kpi, given["period"])
        same = name is not None and Decimal(state.values[kpi][name]) == value
        first = self.here.get((stream, kpi, name or ""))
        if first is not None:
            if not same:
                self.problems.append(
                    f"line {line}: period: {given['period']}: line {first} にもあり、値が違います"
                    f"({state.values[kpi][name or '']} / {value})。一つにしてください / "
                    f"in line {first} too, with another value; keep one"
                )
            self.repeated += same
            return None
        if same or (kpi, name) in self._brought(stream):
            self.known += 1
            return None
        command = RecordMeasurement(
            command_id=f"kpi-import:{self.digest[:32]}:{line}",
            stream=stream,
            kpi=kpi,
            period=given["period"],
            value=value,
            source=Evidence(source=self.path.name, date=local_day(self.now), sha256=self.digest),
            note=given.get("note", ""),
        )
        self._imagine(command)
        stored = stored_name(self._state(stream), kpi, given["period"])
        self.here[stream, kpi, stored or given["period"]] = line
        return Row(line, command)

    def _brought(self, stream: str) -> set[tuple[str, str]]:
        """(KPI, period) of what this file recorded in an earlier run: corrected since, it stays as corrected."""
        if stream not in self.before:
            recorded = queries.measurements_of(self.session.store, stream)
            ours = [m for m in recorded if (m["source"] or {}).get("sha256") == self.digest and m["was"] is None]
            self.before[stream] = {(m["kpi"], m["period"]) for m in ours}
        return self.before[stream]

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
