"""What commands share that take a file in: nothing is recorded before every row is right."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from domain.messages import Actor, Command, Refused
from imports.batch import Batch, Done, Told, record
from shell.errors import of_refusals
from shell.session import Session
from store.transaction import Outcome


def _streams(rows: Sequence[Told]) -> list[str]:
    return [t.stream for t in rows]


def take(
    session: Session,
    actor: Actor,
    batch: Batch,
    *,
    check: bool = False,
    told: Callable[[Sequence[Told]], Sequence[Any]] = _streams,
) -> Done:
    """What became of a batch; with `check` nothing of it is recorded. Raises `ShellError` for rows that were refused though they had
    looked right (somebody else recorded meanwhile): `told` says how the others are told beside it."""
    if check:
        return Done(batch.told, (), ())
    done = _recorded(session, actor, batch)
    if done.outcomes:
        session.wake(done.outcomes)
    if done.refused:
        others = told([t for t in done.told if t.status != "refused"])
        raise of_refusals([(f"{t.place} {t.ref}", refused) for t, refused in done.refused], others)
    return done


def _recorded(session: Session, actor: Actor, batch: Batch) -> Done:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("記録 / recording", total=batch.new)

        def write(part: Sequence[tuple[Command, Actor]]) -> Sequence[Outcome | Refused]:
            found = session.store.record_many(part)
            progress.advance(task, len(part))
            return found

        return record(batch, actor, write)


def totals(batch: Batch, done: Done) -> dict[str, Any]:
    """A file with the number of its rows, and of those that were, could be, and had been recorded."""
    return {
        "file": batch.file,
        "rows": len(batch.entries),
        "recorded": done.count("recorded"),
        "would_record": done.count("new"),
        "known": done.count("known", "differs"),
    }
