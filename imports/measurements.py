"""Measured values from a spreadsheet: every row is tried on the rules before any is recorded; a second run records nothing twice."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from definitions.faults import DocumentError, Fault, fault, placed
from domain.calendar import local_day
from domain.deliverables.base import Evidence
from domain.lifecycle.commands import RecordMeasurement
from domain.lifecycle.measuring import known_kpi, stored_name
from domain.messages import Actor, Refused, Text
from imports.batch import (
    NOT_FOUND,
    Batch,
    Entry,
    Status,
    Told,
    Trial,
    Wrong,
    digest,
    lifecycle,
    refused_by_rule,
    require_few,
    require_rows,
    unfit,
)
from imports.figures import HOW_TO_WRITE, decimal
from imports.rows import Line
from imports.spreadsheets import read_csv, row_problems
from store import queries
from store.store import Store

NEEDED = ("id", "kpi", "period", "value")
COLUMNS = (*NEEDED, "note")
SHORTEST = 8
"""Characters of a stream's id that name it in a file: as many as lists show."""


def measurements(store: Store, actor: Actor, path: Path, most: int | None = None) -> Batch:
    """The values of a file, of at most so many rows. Raises `DocumentError` with every row that is wrong."""
    lines = read_csv(path, COLUMNS, NEEDED)
    require_rows(path, lines, "測定値を1行ずつ書いてください", f"write one value a line: {','.join(COLUMNS)}")
    require_few(path, len(lines), most)
    values = _Values(store, actor, path)
    entries = [e for line in lines if (e := values.entry(line)) is not None]
    if values.faults:
        raise DocumentError(path, values.faults)
    return Batch(path.name, values.digest, entries, values.trial.states, values.opened)


class _Values:
    """`before`: what this very file has brought already, by lifecycle; `here`: the lines of this file, by lifecycle, KPI and
    period."""

    def __init__(self, store: Store, actor: Actor, path: Path) -> None:
        self.store, self.path, self.trial = store, path, Trial(store, actor, "lifecycle")
        self.digest = digest(path)
        self.before: dict[str, set[tuple[str, str]]] = {}
        self.here: dict[tuple[str, str, str], int] = {}
        self.faults: list[Fault] = []
        self.opened: list[str] = []

    def entry(self, line: Line) -> Entry | None:
        """The row, or None when it is wrong: then it is among the faults."""
        given, at = line.content, f"line {line.number}"
        if found := row_problems(line, COLUMNS, NEEDED):
            self.faults += placed(at, found)
            return None
        value = decimal(given["value"])
        if value is None:
            no_number = Text(ja="数値ではありません", en="not a number")
            said = Fault(place=at, field="value", value=given["value"], message=no_number, remedy=HOW_TO_WRITE)
            self.faults.append(said)
            return None
        try:
            return self._tried(line.number, self._lifecycle(given["id"]), value, given)
        except Wrong as wrong:
            self.faults.append(wrong.fault.at(at))
        except Refused as refused:
            self.faults += placed(at, refused_by_rule(refused.refusal))
        except ValidationError as error:
            self.faults += placed(at, unfit(error))
        return None

    def _lifecycle(self, given: str) -> str:
        """The stream meant by an id. Of a stream's id its beginning will do, as lists show it; the own id stands in full, since
        R5-1 in a sheet is not R5-10."""
        stream = lifecycle(self.store, given)
        state = self.trial.state(stream)
        if given != state.ref and not (len(given) >= SHORTEST and stream.startswith(given)):
            remedy = Text(ja=f"{state.ref} ですか。省かずに書いてください", en=f"{state.ref}? write it in full")
            raise Wrong("id", given, NOT_FOUND, remedy)
        return stream

    def _tried(self, line: int, stream: str, value: Decimal, given: dict[str, Any]) -> Entry | None:
        state = self.trial.state(stream)
        kpi = known_kpi(state, given["kpi"]).key
        name = stored_name(state, kpi, given["period"])

        def told(status: Status) -> Told:
            what = f"{kpi} {given['period']}: {value}"
            return Told(place=f"line {line}", stream=stream, ref=state.ref, title=state.title, what=what, status=status)

        same = name is not None and Decimal(state.values[kpi][name]) == value
        first = self.here.get((stream, kpi, name or ""))
        if first is not None:
            if same:
                return Entry(told("repeated"))
            values = f"{state.values[kpi][name or '']} ≠ {value}"
            ja = f"{first} 行目にもあり、値が違います({values})。一つにしてください"
            en = f"in line {first} too, with another value ({values}); keep one"
            self.faults.append(fault(ja, en, place=f"line {line}", field="period", value=given["period"]))
            return None
        if same or (kpi, name) in self._brought(stream):
            return Entry(told("known"))
        command = RecordMeasurement(
            command_id=f"kpi-import:{self.digest[:32]}:{line}",
            stream=stream,
            kpi=kpi,
            period=given["period"],
            value=value,
            source=Evidence(source=self.path.name, date=local_day(self.trial.now), sha256=self.digest),
            note=given.get("note", ""),
        )
        after = self.trial.states[stream] = self.trial.decide(state, command)
        if after.stage != state.stage:
            self.opened.append(after.title)
        self.here[stream, kpi, stored_name(after, kpi, given["period"]) or given["period"]] = line
        return Entry(told("new"), command)

    def _brought(self, stream: str) -> set[tuple[str, str]]:
        """(KPI, period) of what this file recorded in an earlier run: corrected since, it stays as corrected."""
        if stream not in self.before:
            recorded = queries.measurements_of(self.store, stream)
            ours = [m for m in recorded if (m["source"] or {}).get("sha256") == self.digest and m["was"] is None]
            self.before[stream] = {(m["kpi"], m["period"]) for m in ours}
        return self.before[stream]
