"""Evidence files that were attached: those of a lifecycle that somebody may take out, each distinct one of the whole record."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from domain.lifecycle.authority import may_draft
from domain.lifecycle.state import Lifecycle
from domain.messages import Actor, Refused
from store import queries
from store.store import Store
from store.tables import attachments, deliverables, events


def for_whom(store: Store, actor: Actor, stream: str) -> list[dict[str, Any]]:
    """The evidence files of a lifecycle that somebody may take out: those of documents handed in, and of drafts whoever may draft."""
    state: Lifecycle = store.load(stream)[0]
    found = _all(store, state)
    try:
        may_draft(actor, state, store.facts(state.definition), store.clock.now())
    except Refused:
        return [f for f in found if f["versions"]]
    return found


def _all(store: Store, state: Lifecycle) -> list[dict[str, Any]]:
    """Every file ever attached to a lifecycle, oldest first; `versions` of the document that have it, and whether the draft has."""
    documents = sa.select(
        deliverables.c.stage, deliverables.c.round, deliverables.c.version, deliverables.c.attachments
    )
    having: dict[tuple[str, int, str, str], list[int]] = {}
    for row in queries.rows(
        store, documents.where(deliverables.c.stream == state.stream).order_by(deliverables.c.version)
    ):
        for file in row["attachments"] or ():
            having.setdefault((row["stage"], row["round"], file["name"], file["sha256"]), []).append(row["version"])
    now = {(place, a.name, a.sha256) for place, files in state.attachments.items() for a in files}
    found = []
    for row in queries.rows(
        store, sa.select(attachments).where(attachments.c.stream == state.stream).order_by(attachments.c.version)
    ):
        place = (f"{row['stage']}/{row['round']}", row["name"], row["sha256"])
        versions = having.get((row["stage"], row["round"], row["name"], row["sha256"]), [])
        found.append({**row, "versions": versions, "on_draft": place in now})
    return found


def distinct(store: Store) -> list[dict[str, Any]]:
    """Each distinct file once, with one stream and name that it was attached under: evidence of lifecycles and papers of sessions."""
    query = sa.select(
        attachments.c.sha256,
        sa.func.min(attachments.c.stream).label("stream"),
        sa.func.min(attachments.c.name).label("name"),
    )
    found = queries.rows(store, query.group_by(attachments.c.sha256).order_by(attachments.c.sha256))
    # Papers of sessions: those of items that were taken off are on record too, so that states do not name them all.
    papers = (
        sa.select(events.c.stream, events.c.body).where(events.c.type == "PaperReceived").order_by(events.c.position)
    )
    known = {row["sha256"] for row in found}
    for row in queries.rows(store, papers):
        paper = json.loads(row["body"])["paper"]
        if paper["sha256"] not in known:
            known.add(paper["sha256"])
            found.append({"sha256": paper["sha256"], "stream": row["stream"], "name": paper["name"]})
    return found
