"""What people carry already: in how many open taskforces they are chair, adviser or member."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from domain.lifecycle.commands import stream_of
from domain.selection.round import SelectionRound
from store.tables import definitions, deliverables, lifecycles, streams

_FORM = "setup"
"""The form that names a taskforce's people, whatever the stage is called that asks for it."""


def burdens(connection: sa.Connection) -> dict[str, dict[str, int]]:
    """Seat -> person -> number of open lifecycles. The newest setup of each counts; before there is one, what its selection composed."""
    stages = set()
    for document in connection.execute(sa.select(definitions.c.document)).scalars():
        stages |= {s["key"] for s in document["stages"] if s["deliverable"] == _FORM}
    set_up: dict[str, Mapping[str, Any]] = {}
    query = (
        sa.select(deliverables.c.stream, deliverables.c.content)
        .join(lifecycles, lifecycles.c.stream == deliverables.c.stream)
        .where(deliverables.c.stage.in_(stages), lifecycles.c.closed.is_(False))
        .order_by(deliverables.c.stream, deliverables.c.round, deliverables.c.version)
    )
    for row in connection.execute(query):
        set_up[row.stream] = row.content
    for stream, composed in _selected(connection):
        set_up.setdefault(stream, composed)
    return _counted(set_up.values())


def _selected(connection: sa.Connection) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Taskforces of open lifecycles as their rounds composed them."""
    still = set(connection.execute(sa.select(lifecycles.c.stream).where(lifecycles.c.closed.is_(False))).scalars())
    query = sa.select(streams.c.state).where(streams.c.kind == "selection", streams.c.closed.is_(True))
    for state in connection.execute(query).scalars():
        for p in SelectionRound.model_validate_json(state).proposals.values():
            if p.starts and p.choice and p.choice.taskforce and (found := stream_of(p.lifecycle_ref)) in still:
                yield found, p.choice.taskforce.model_dump()


def _counted(set_up: Any) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {"chair": Counter(), "adviser": Counter(), "member": Counter()}
    for content in set_up:
        for seat in ("chair", "adviser"):
            if content.get(seat):
                found[seat][str(content[seat])] += 1
        members = [m["person"] if isinstance(m, Mapping) else m for m in content.get("members") or ()]
        found["member"].update(str(m) for m in members if m)
    return {seat: dict(counted) for seat, counted in found.items()}
