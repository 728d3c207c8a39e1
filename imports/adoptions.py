"""Portfolios taken in: lifecycles that began before the system did, and what is added to their records."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from domain.lifecycle.adopting import SupplementHistory
from domain.lifecycle.commands import LifecycleCommand, stream_of
from domain.messages import Actor, Refusal, Refused
from domain.process import ProcessDefinition
from imports.batch import Batch, Entry, Status, Told, Trial, digest, require_few
from imports.columns import with_units
from imports.histories import Desk, adoptions, supplements
from imports.portfolios import Row, read_portfolio
from imports.records import Known
from store import queries
from store.store import Store


def adopted(store: Store, actor: Actor, path: Path, most: int | None = None) -> Batch:
    """Every row of a file or folder begins a lifecycle at its stage, with its earlier record. Raises `DocumentError`."""
    rows, desk = _rows(store, path, most), _Counter(store, actor)
    entries = []
    for row, command in zip(rows, adoptions(path, rows, desk.desk()), strict=True):
        there = desk.trial.there(command.stream)
        if there is not None:
            desk.trial.states[command.stream] = there  # it stays what it is
        status = desk.trial.already(command, there is not None)
        told = _told(row, command.stream, command.ref, command.title, status)
        told = told.model_copy(update={"what": f"{command.section} · {command.definition} · {command.stage}"})
        entries.append(Entry(told, command))
    return Batch(path.name, digest(path), entries, desk.trial.states)


def supplemented(store: Store, actor: Actor, path: Path, most: int | None = None) -> Batch:
    """What rows bring besides what is on record of adopted lifecycles. Raises `DocumentError`."""
    rows, desk = _rows(store, path, most), _Counter(store, actor)
    entries = []
    for row, (ref, command) in zip(rows, supplements(path, rows, desk.desk(), desk.known), strict=True):
        state = desk.trial.state(stream_of(ref))
        status: Status = "known" if command is None else desk.trial.already(command, there=False)
        entries.append(Entry(_told(row, state.stream, ref, state.title, status), command))
    return Batch(path.name, digest(path), entries, desk.trial.states)


def _rows(store: Store, path: Path, most: int | None) -> list[Row]:
    """`most`: so many rows of all its sheets together. Raises `DocumentError`."""
    rows = read_portfolio(path)
    parts = [part for row in rows for part in row.content.values() if isinstance(part, list)]
    require_few(path, len(rows) + sum(len(part) for part in parts), most)
    directory = store.facts().directory
    return [replace(row, content=with_units(directory, row.content)) for row in rows]


def _told(row: Row, stream: str, ref: str, title: str, status: Status) -> Told:
    return Told(place=row.where(("id",)), stream=stream, ref=ref, title=title, status=status)


class _Counter:
    """What rows are checked against, and what each stream would be after its command."""

    def __init__(self, store: Store, actor: Actor) -> None:
        self.store, self.trial = store, Trial(store, actor, "lifecycle")

    def desk(self) -> Desk:
        published = {f"{r['name']}@{r['version']}" for r in queries.published_definitions(self.store)}
        default = queries.latest_definition(self.store, "himeji") or min(published)
        return Desk(default, published, self._process, self._judge, self.trial.begun_under)

    def _process(self, reference: str) -> Any:
        found: ProcessDefinition | None = self.store.facts(reference).definition
        return found

    def _judge(self, command: LifecycleCommand) -> Refusal | None:
        """What the engine would say; what the stream would then be is kept."""
        state = self.trial.kind.initial(command.stream)
        if isinstance(command, SupplementHistory):
            state = self.trial.there(command.stream) or state
        try:
            self.trial.states[command.stream] = self.trial.decide(state, command)
        except Refused as refused:
            return refused.refusal
        return None

    def known(self, ref: str) -> Known | None:
        """The adopted lifecycle of an own id with its record."""
        state = self.trial.there(stream_of(ref))
        if state is None:
            return None
        return Known(state, [r.event for r in self.store.events(stream_of(ref), open_texts=False)])
