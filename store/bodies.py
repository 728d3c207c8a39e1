"""Reading about the bodies: rounds, sessions, the decision register, and what waits for an agenda."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from domain.kinds import Row
from domain.messages import Frozen
from domain.sessions.messages import Category
from domain.sessions.session import Session
from store import queries
from store.queries import rows
from store.store import Store
from store.tables import instructions, lifecycles, proposals, requests, selections, session_items, sessions


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


def all_sessions(store: Store, body: str | None = None) -> list[Row]:
    """Newest first."""
    query = sa.select(sessions).order_by(sessions.c.held_on.desc(), sessions.c.stream.desc())
    return rows(store, query if body is None else query.where(sessions.c.body == body))


def all_rounds(store: Store) -> list[Row]:
    return rows(store, sa.select(selections).order_by(selections.c.fiscal_year.desc(), selections.c.stream))


def proposals_of(store: Store, stream: str) -> list[Row]:
    """By rank, the unranked behind."""
    query = sa.select(proposals).where(proposals.c.stream == stream)
    return rows(store, query.order_by(proposals.c.rank.is_(None), proposals.c.rank, proposals.c.ref))


def items_of(store: Store, stream: str) -> list[Row]:
    return rows(store, sa.select(session_items).where(session_items.c.stream == stream).order_by(session_items.c.place))


def register(store: Store, lifecycle: str | None = None, limit: int = 500) -> list[Row]:
    """The decision register: every item that was concluded, newest session first."""
    query = (
        sa.select(session_items, sessions.c.body, sessions.c.held_on, sessions.c.fiscal_year, sessions.c.number)
        .join(sessions, sessions.c.stream == session_items.c.stream)
        .where(session_items.c.conclusion.is_not(None))
        .order_by(sessions.c.held_on.desc(), session_items.c.stream, session_items.c.place)
        .limit(limit)
    )
    return rows(store, query if lifecycle is None else query.where(session_items.c.lifecycle == lifecycle))


def open_instructions(store: Store, stream: str | None = None) -> list[Row]:
    """What bodies asked for and nobody has answered yet, due first; of one session, the answered ones too."""
    query = sa.select(instructions).order_by(instructions.c.due_at)
    if stream is None:
        return rows(store, query.where(instructions.c.answered_at.is_(None)))
    return rows(store, query.where(instructions.c.stream == stream))


def next_number(store: Store, body: str, fiscal_year: int) -> int:
    query = sa.select(sa.func.max(sessions.c.number).label("n")).where(
        sessions.c.body == body, sessions.c.fiscal_year == fiscal_year
    )
    return int(rows(store, query)[0]["n"] or 0) + 1


def latest_policy(store: Store) -> Row | None:
    """The monitoring meeting's newest policy for future taskforces."""
    query = (
        sa.select(session_items)
        .join(sessions, sessions.c.stream == session_items.c.stream)
        .where(
            sessions.c.body == "monitoring",
            sessions.c.phase.in_(("closed", "final")),
            session_items.c.category == "policy",
            session_items.c.conclusion.in_(("endorsed", "conditions")),
        )
        .order_by(sessions.c.held_on.desc(), session_items.c.place)
        .limit(1)
    )
    found = rows(store, query)
    return found[0] if found else None


def deferred(store: Store) -> list[tuple[str, str]]:
    """(round, ref) of proposals that the newest concluded round left their place and no later one has taken up."""
    query = (
        sa.select(selections.c.stream)
        .where(selections.c.phase == "concluded")
        .order_by(selections.c.fiscal_year.desc(), selections.c.stream.desc())
        .limit(1)
    )
    newest = rows(store, query)
    if not newest:
        return []
    return [
        (newest[0]["stream"], r["ref"]) for r in proposals_of(store, newest[0]["stream"]) if r["status"] == "deferred"
    ]


def matters(store: Store, session: Session) -> list[Matter]:
    """What waits for the session's body and is on no open agenda: nobody retypes it."""
    taken = _on_agendas(store)
    found = [m for m in _waiting(store, session) if not {m.request, m.selection, m.follows} & taken - {""}]
    here = {i.lifecycle for i in session.items.values() if not i.request}
    if session.body == "monitoring":
        found += [m for m in _monitored(store, session) if m.lifecycle not in here]
    numbers: dict[str, int] = {}
    named = []
    for m in found:
        while True:
            numbers[m.category] = numbers.get(m.category, 0) + 1
            key = f"{m.category}-{numbers[m.category]}"
            if key not in session.items:
                break
        named.append(m.model_copy(update={"item": key}))
    return named


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
                yield Matter(item="-", category="selection", title=r["title"], selection=r["stream"])
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
