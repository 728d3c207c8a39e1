"""Decisions made in the city's document system, from a file: every row is tried on the rules before any is recorded; a second
run records nothing twice."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from definitions.faults import DocumentError, Fault, fault, placed
from domain.kinds import plain
from domain.lifecycle.registering import EnterOutsideDecision
from domain.messages import Actor, Refused
from imports.batch import (
    Batch,
    Entry,
    Status,
    Told,
    Trial,
    Wrong,
    day_of,
    digest,
    lifecycle,
    refused_by_rule,
    require_few,
    require_rows,
    unfit,
)
from imports.rows import Line, read_rows
from imports.spreadsheets import read_csv, row_problems
from store import queries
from store.store import Store

NEEDED = ("id", "system", "number", "decided_on", "decided_by", "seen")
COLUMNS = (*NEEDED, "comment", "outcome", "back_to")
SEEN = 12
"""So many characters of a document's hash name it."""


def decisions(store: Store, actor: Actor, path: Path, most: int | None = None) -> Batch:
    """The decisions of a file, of at most so many rows: CSV (UTF-8 or CP932), YAML or JSON. Raises `DocumentError` with every row that
    is wrong."""
    lines = read_csv(path, COLUMNS) if path.suffix.lower() == ".csv" else read_rows(path)
    require_rows(path, lines, "決裁を1行ずつ書いてください", f"write one decision a line: {','.join(COLUMNS)}")
    require_few(path, len(lines), most)
    decided = _Decisions(store, actor)
    entries = [e for line in lines if (e := decided.entry(line)) is not None]
    if decided.faults:
        raise DocumentError(path, decided.faults)
    return Batch(path.name, digest(path), entries, decided.trial.states)


class _Decisions:
    """`claimed`: which lifecycle each document of another system has been entered for."""

    def __init__(self, store: Store, actor: Actor) -> None:
        self.store, self.trial = store, Trial(store, actor, "lifecycle")
        self.claimed = queries.outside_documents(store)
        self.faults: list[Fault] = []

    def entry(self, line: Line) -> Entry | None:
        """The row, or None when it is wrong: then it is among the faults."""
        given, at = line.content, f"line {line.number}"
        found = row_problems(line, COLUMNS, NEEDED)
        found += [
            fault(
                "引用符で囲んでください", "put it in quotes", field=k, value=v
            )  # 007 would be 7, and a hash could be a number
            for k, v in given.items()
            if v is not None and not isinstance(v, str) and not (k == "decided_on" and isinstance(v, date))
        ]
        if found:
            self.faults += placed(at, found)
            return None
        try:
            return self._tried(at, lifecycle(self.store, given["id"]), given)
        except Wrong as wrong:
            self.faults.append(wrong.fault.at(at))
        except Refused as refused:
            self.faults += placed(at, refused_by_rule(refused.refusal))
        except ValidationError as error:
            self.faults += placed(at, unfit(error))
        return None

    def _tried(self, at: str, stream: str, given: dict[str, Any]) -> Entry:
        state = self.trial.state(stream)
        claim = plain(given["system"]), plain(given["number"])

        def told(status: Status) -> Told:
            what = f"{given['system']} {given['number']}"
            return Told(place=at, stream=stream, ref=state.ref, title=state.title, what=what, status=status)

        if self.claimed.get(claim) == stream:
            return Entry(told("known"))
        fields = {k: v for k, v in given.items() if k not in ("id", "decided_on", "seen") and v}
        command = EnterOutsideDecision(
            command_id=f"outside-import:{claim[0]}/{claim[1]}",
            stream=stream,
            decided_on=day_of("decided_on", str(given["decided_on"])),
            seen=self._seen(stream, given["seen"]),
            **fields,
        )
        self.trial.states[stream] = self.trial.decide(state, command, claimed=self.claimed.get(claim))
        self.claimed[claim] = stream
        return Entry(told("new"), command)

    def _seen(self, stream: str, seen: str) -> str:
        """The whole hash of the document in circulation, when `seen` begins it."""
        submission = self.trial.state(stream).submission
        if submission is None or len(seen) < SEEN or not submission.content_hash.startswith(seen):
            return seen
        return str(submission.content_hash)
