"""What waits for a body: nobody retypes it. Each matter is what a lifecycle, a round or another body has for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from domain.kinds import Row
from domain.messages import Frozen
from domain.selection.round import SelectionRound
from domain.sessions.messages import Category, PutItem
from domain.sessions.session import Item, Session
from store import queries
from store.queries import rows
from store.store import Store
from store.tables import deliverables, lifecycles, requests, selections, session_items, sessions

_REPORTS = ("implementation", "monitoring")
"""Forms in which a project team reports (進捗報告)."""


class Matter(Frozen):
    """Something that waits for a body: fields of the item that it becomes."""

    item: str
    category: Category
    title: str
    lifecycle: str = ""
    request: str = ""
    seen: str = ""
    selection: str = ""
    follows: str = ""


def put(stream: str, matter: Matter) -> PutItem:
    """The command that puts a matter on a session's agenda; given twice for the same document it is one."""
    command_id = f"agenda:{stream}/{matter.item}/{matter.seen[:16]}"
    return PutItem(command_id=command_id, stream=stream, **matter.model_dump())


def matters(store: Store, session: Session) -> list[Matter]:
    """What waits for the session's body and is on no open agenda; and what stands on its own in an older form."""
    taken = _on_agendas(store)
    found = [m for m in _waiting(store, session) if not {m.request, m.selection, m.follows} & taken - {""}]
    here = {i.lifecycle for i in session.items.values() if not i.request}
    # One matter of a lifecycle is enough: what waits to be decided is laid before the body with its document.
    asked = here | {m.lifecycle for m in found if m.request} | {i.lifecycle for i in session.items.values()}
    if session.body == "council":
        found += [m for m in _reports(store) if m.follows not in taken and m.lifecycle not in asked]
    if session.body == "monitoring":
        found += [m for m in _monitored(store, session) if m.lifecycle not in here]
    numbers: dict[str, int] = {}
    named = []
    for m in found:
        while True:
            numbers[m.category] = numbers.get(m.category, 0) + 1
            key = f"{m.category}-{numbers[m.category]}"
            if key not in session.items and key not in session.removed:
                break
        named.append(m.model_copy(update={"item": key}))
    return [*_renewed(store, session), *named]


def _renewed(store: Store, session: Session) -> Iterator[Matter]:
    """Selections on the agenda whose choices or ranks have changed since they were put there, while nobody has voted."""
    for i in session.items.values():
        if not i.selection or i.conclusion is not None or i.votes:
            continue
        state: SelectionRound = store.load(i.selection)[0]
        if state.phase == "scoring" and (laid := state.laid_before()) != i.seen:
            yield _again(i, laid)


def _again(item: Item, seen: str) -> Matter:
    fields = {n: getattr(item, n) for n in Matter.model_fields if n not in ("item", "seen")}
    return Matter(item=item.key, seen=seen, **fields)


def _on_agendas(store: Store) -> set[str]:
    """Requests, rounds and forwarded items that stand on the agenda of a session that is not over, or were concluded."""
    query = (
        sa.select(session_items.c.request, session_items.c.selection, session_items.c.follows)
        .join(sessions, sessions.c.stream == session_items.c.stream)
        .where(
            sa.or_(
                sessions.c.phase.in_(("convened", "sitting")),
                sa.and_(session_items.c.follows.is_not(None), session_items.c.conclusion != "held"),
            )
        )
    )
    return {str(v) for r in rows(store, query) for v in r.values() if v}


def _waiting(store: Store, session: Session) -> Iterator[Matter]:
    query = (
        sa.select(requests, lifecycles.c.title, lifecycles.c.definition, lifecycles.c.held)
        .join(lifecycles, lifecycles.c.stream == requests.c.stream)
        .where(requests.c.post == session.chair_post(), requests.c.kind == "decide", lifecycles.c.held.is_(False))
        .order_by(requests.c.due_at, requests.c.request)
    )
    for r in rows(store, query):
        yield Matter(
            item="-",
            category=_category(store, r),
            title=r["title"],
            lifecycle=r["stream"],
            request=r["request"],
            seen=r["content_hash"] or "",
        )
    if session.rules is not None and session.body == session.rules.selects:
        for r in rows(store, sa.select(selections).where(selections.c.phase == "scoring")):
            state, _ = store.load(r["stream"])
            if state.open and all(p.choice is not None for p in state.open):
                laid = state.laid_before()
                yield Matter(item="-", category="selection", title=r["title"], selection=r["stream"], seen=laid)
    if session.body == "council":
        sent = (
            sa.select(session_items)
            .join(sessions, sessions.c.stream == session_items.c.stream)
            .where(
                sessions.c.body == "monitoring",
                sessions.c.phase.in_(("closed", "final")),
                session_items.c.category.in_(("evaluation", "policy")),
                session_items.c.conclusion.is_not(None),
                session_items.c.conclusion != "held",
                session_items.c.request.is_(None),
            )
            .order_by(sessions.c.held_on, session_items.c.stream, session_items.c.place)
        )
        for r in rows(store, sent):
            follows = f"{r['stream']}/{r['item']}"
            yield Matter(
                item="-", category=r["category"], title=r["title"], lifecycle=r["lifecycle"] or "", follows=follows
            )


def _reports(store: Store) -> Iterator[Matter]:
    """進捗報告: of each project at work the newest report that its team handed in."""
    stages = _stages(store)
    newest: dict[str, Row] = {}
    query = (
        sa.select(deliverables, lifecycles.c.title, lifecycles.c.stage.label("now"), lifecycles.c.definition)
        .join(lifecycles, lifecycles.c.stream == deliverables.c.stream)
        .where(lifecycles.c.closed.is_(False), lifecycles.c.held.is_(False))
        .order_by(deliverables.c.at, deliverables.c.version)
    )
    for r in rows(store, query):
        at_work = stages.get((r["definition"], r["now"])) in _REPORTS
        if at_work and not r["imported"] and stages.get((r["definition"], r["stage"])) in _REPORTS:
            newest[r["stream"]] = r
    for stream, r in newest.items():
        yield Matter(
            item="-",
            category="progress",
            title=r["title"],
            lifecycle=stream,
            seen=r["content_hash"],
            follows=f"{stream}/{r['stage']}/{r['round']}/{r['version']}",
        )


def _stages(store: Store) -> dict[tuple[str, str], str]:
    """(definition, stage) -> the form it asks for."""
    return {
        (f"{d['name']}@{d['version']}", s["key"]): s["deliverable"]
        for d in queries.published_definitions(store)
        for s in d["document"]["stages"]
    }


def _category(store: Store, row: Row) -> Category:
    if row["step"] in ("superior", "consultation"):
        return "objection"
    process = store.facts(row["definition"]).definition
    stage: Any = process.stage(row["stage"]) if process is not None else None
    return "evaluation" if stage is not None and stage.decides_outcome else "proposal"


def _monitored(store: Store, session: Session) -> Iterator[Matter]:
    """Every project that is being monitored is evaluated; and the policy for future taskforces is deliberated."""
    if not any(i.category == "policy" for i in session.items.values()):
        yield Matter(item="-", category="policy", title="今後のタスクフォースの設置方針")
    watched = [
        s.key
        for r in queries.published_definitions(store)
        if (process := store.facts(f"{r['name']}@{r['version']}").definition) is not None
        for s in process.stages
        if s.repeats
    ]
    query = (
        sa.select(lifecycles.c.stream, lifecycles.c.title)
        .where(lifecycles.c.stage.in_(watched), lifecycles.c.closed.is_(False))
        .order_by(lifecycles.c.started_at, lifecycles.c.stream)
    )
    for r in rows(store, query):
        yield Matter(item="-", category="evaluation", title=r["title"], lifecycle=r["stream"])
