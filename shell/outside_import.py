"""Decisions made in the city's document system, from a file: every row is tried on the rules before any is recorded; a second
run records nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from definitions.loader import DocumentError
from domain.kinds import plain
from domain.lifecycle.registering import EnterOutsideDecision
from domain.messages import Actor, Recorded, Refused
from shell.acting import parse_day
from shell.errors import ShellError, of_refusals
from shell.rows import Line, read_rows
from shell.session import Session
from shell.spreadsheets import read_csv, unknown
from store import queries

NEEDED = ("id", "system", "number", "decided_on", "decided_by", "seen")
COLUMNS = (*NEEDED, "comment", "outcome", "back_to")
SEEN = 12
"""So many characters of a document's hash name it."""


@dataclass(frozen=True)
class Row:
    line: int
    command: EnterOutsideDecision


class Import:
    """One file on its way in: CSV (UTF-8 or CP932), YAML or JSON. `imagined` is what each lifecycle would be after the rows so far."""

    def __init__(self, session: Session, actor: Actor, path: Path) -> None:
        self.session, self.actor, self.path = session, actor, path
        self.now = session.store.clock.now()
        self.claimed = queries.outside_documents(session.store)
        self.imagined: dict[str, Any] = {}
        self.problems: list[str] = []
        self.known = 0

    def take(self, *, record: bool) -> dict[str, Any]:
        """The result as a document. Raises `DocumentError` with every row that is wrong; then nothing has been recorded."""
        csv = self.path.suffix.lower() == ".csv"
        lines = read_csv(self.path, COLUMNS) if csv else read_rows(self.path)
        rows = [r for line in lines if (r := self._row(line)) is not None]
        if self.problems:
            raise DocumentError(self.path, self.problems)
        if record:
            self._record(rows)
        return {
            "file": self.path.name,
            "rows": len(lines),
            "recorded": len(rows) if record else 0,
            "would_record": 0 if record else len(rows),
            "known": self.known,
        }

    def _row(self, line: Line) -> Row | None:
        """A row to be recorded; None when it is on record already, or wrong (then it is among the problems)."""
        given, at = line.content, f"line {line.number}"
        found = [*line.problems]
        found += [f"{k}: {(w := unknown(k, COLUMNS)).ja} / {w.en}" for k in given if k not in COLUMNS]
        found += [f"{k}: 空です。記入してください / empty; fill it in" for k in NEEDED if given.get(k) in (None, "")]
        found += [
            f"{k}: {v}: 引用符で囲んでください / put it in quotes"  # 007 would be 7, and a hash could be a number
            for k, v in given.items()
            if v is not None and not isinstance(v, str) and not (k == "decided_on" and isinstance(v, date))
        ]
        if found:
            self.problems += [f"{at}: {p}" for p in found]
            return None
        try:
            return self._tried(line.number, self.session.lifecycle(given["id"]), given)
        except ShellError as error:
            self.problems.append(f"{at}: {' '.join(error.lines)}")
        except Refused as refused:
            r = refused.refusal
            self.problems.append(f"{at}: {r.message.ja}。{r.remedy.ja} / {r.message.en}; {r.remedy.en} ({r.rule})")
        except ValueError as error:
            self.problems.append(f"{at}: 使えない値です / {' '.join(str(error).split())[:200]}")
        return None

    def _tried(self, line: int, stream: str, given: dict[str, Any]) -> Row | None:
        claim = plain(given["system"]), plain(given["number"])
        if self.claimed.get(claim) == stream:
            self.known += 1
            return None
        fields = {k: v for k, v in given.items() if k not in ("id", "decided_on", "seen") and v}
        command = EnterOutsideDecision(
            command_id=f"outside-import:{claim[0]}/{claim[1]}",
            stream=stream,
            decided_on=parse_day("decided_on", str(given["decided_on"])),
            seen=self._seen(stream, given["seen"]),
            **fields,
        )
        self._imagine(command, self.claimed.get(claim))
        self.claimed[claim] = stream
        return Row(line, command)

    def _seen(self, stream: str, seen: str) -> str:
        """The whole hash of the document in circulation, when `seen` begins it."""
        submission = self._state(stream).submission
        if submission is None or len(seen) < SEEN or not submission.content_hash.startswith(seen):
            return seen
        return str(submission.content_hash)

    def _state(self, stream: str) -> Any:
        if stream not in self.imagined:
            self.imagined[stream] = self.session.store.load(stream)[0]
        return self.imagined[stream]

    def _imagine(self, command: EnterOutsideDecision, claimed: str | None) -> None:
        """Decide and fold in memory, as the store would."""
        kind, state = self.session.store.kinds["lifecycle"], self._state(command.stream)
        facts = self.session.store.facts(kind.needs(state, command)).model_copy(update={"claimed": claimed})
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
