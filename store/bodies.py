"""Reading about the bodies: rounds, sessions, the decision register, and what went wrong. What waits for an agenda: `agendas.py`."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from domain.calendar import local_day
from domain.kinds import Row
from domain.selection.round import SelectionRound
from domain.sessions.messages import ItemConcluded
from domain.sessions.privacy import WITHHELD, belongs_to, sees_all
from domain.sessions.rhythm import MeetingNotConvened, Rhythm
from domain.sessions.rhythm import stream_of as rhythm_of
from domain.sessions.session import Drafted, Session
from store.agendas import Matter as Matter
from store.agendas import matters as matters
from store.agendas import put as put
from store.queries import rows
from store.store import Store
from store.tables import instructions, proposals, selections, session_items, sessions


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


def register(
    store: Store,
    lifecycle: str | None = None,
    limit: int | None = 500,
    *,
    person: str | None = None,
    year: int | None = None,
    offset: int = 0,
) -> list[Row]:
    """The decision register: every item that was concluded (of one fiscal year), newest session first.

    Of non-public items `person` sees the matter when they sit in the body or are of its secretariat; others that there is one.
    """
    query = (
        sa.select(session_items, sessions.c.body, sessions.c.held_on, sessions.c.fiscal_year, sessions.c.number)
        .join(sessions, sessions.c.stream == session_items.c.stream)
        .where(session_items.c.conclusion.is_not(None))
        .order_by(sessions.c.held_on.desc(), session_items.c.stream, session_items.c.place)
        .limit(limit)
        .offset(offset)
    )
    if year is not None:
        query = query.where(sessions.c.fiscal_year == year)
    found = rows(store, query if lifecycle is None else query.where(session_items.c.lifecycle == lifecycle))
    seen = {b: inside(store, b, person) for b in {r["body"] for r in found}}
    veiled = {
        "title": WITHHELD.ja,
        "lifecycle": None,
        "request": None,
        "selection": None,
        "follows": None,
        "exception": None,
    }
    shown = [r if r["public"] or seen[r["body"]] else {**r, **veiled, "conclusion": None} for r in found]
    # Asked for one lifecycle, a veiled row would say what it hides.
    return shown if lifecycle is None else [r for r in shown if r["public"] or seen[r["body"]]]


def inside(store: Store, body: str, person: str | None) -> bool:
    """Whether somebody sits in a body today, is of the secretariat by the rules that hold, or an auditor."""
    directory, day = store.facts().directory, local_day(store.clock.now())
    found = directory.person(person) if person else None
    return (found is not None and found.auditor) or belongs_to(store.rules(), body, person, directory, day)


def sees(store: Store, session: Session, person: str | None) -> bool:
    """Whether somebody sees all of a session."""
    return sees_all(session, person, store.facts().directory, local_day(store.clock.now()))


def years_of_register(store: Store) -> dict[int, int]:
    """Fiscal year -> items concluded in it, the newest year first."""
    query = (
        sa.select(sessions.c.fiscal_year, sa.func.count().label("n"))
        .join(session_items, sessions.c.stream == session_items.c.stream)
        .where(session_items.c.conclusion.is_not(None))
        .group_by(sessions.c.fiscal_year)
        .order_by(sessions.c.fiscal_year.desc())
    )
    return {int(r["fiscal_year"]): int(r["n"]) for r in rows(store, query)}


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
    """The monitoring meeting's newest policy for future taskforces that the selecting body has had before it as well.

    A row of the register with `text` (as it was deliberated; of a non-public item its title alone) and `confirmed` (session/item).
    """
    query = (
        sa.select(session_items, sessions.c.body, sessions.c.held_on)
        .join(sessions, sessions.c.stream == session_items.c.stream)
        .where(
            sessions.c.phase.in_(("closed", "final")),
            session_items.c.category == "policy",
            session_items.c.conclusion.in_(("endorsed", "conditions", "noted")),
        )
        .order_by(sessions.c.held_on.desc(), session_items.c.place)
    )
    found = rows(store, query)
    before = {r["follows"]: f"{r['stream']}/{r['item']}" for r in found if r["body"] == "council" and r["follows"]}
    rules = store.rules()
    alone = rules is None or rules.selects == "monitoring"
    for r in found:
        key = f"{r['stream']}/{r['item']}"
        if r["body"] == "monitoring" and r["conclusion"] != "noted" and (alone or key in before):
            text = "\n\n".join(
                t for t in (r["title"], said_of(store, r["stream"], r["item"]) if r["public"] else "") if t
            )
            return {**r, "text": text, "confirmed": before.get(key, "")}
    return None


def said_of(store: Store, stream: str, item: str) -> str:
    """The reason with which an item was concluded last, opened; empty when there is none."""
    told = [r.event for r in store.events(stream) if isinstance(r.event, ItemConcluded) and r.event.item == item]
    return told[-1].reason if told else ""


def deferred(store: Store) -> list[tuple[str, str]]:
    """(round, ref) of proposals that a concluded round left their place and no other round has taken up, oldest round first."""
    states: list[SelectionRound] = [store.load(r["stream"])[0] for r in all_rounds(store)]
    taken = {(p.carried_from, p.ref) for s in states for p in s.proposals.values() if p.carried_from}
    return [
        (s.stream, p.ref)
        for s in sorted(states, key=lambda s: (s.fiscal_year, s.stream))
        if s.phase == "concluded"
        for p in s.proposals.values()
        if p.status == "deferred" and (s.stream, p.ref) not in taken
    ]


def not_started(store: Store) -> list[Row]:
    """Tasks that were selected and have no lifecycle: their start was refused, or they are not to start after all."""
    query = sa.select(proposals).where(proposals.c.status == "selected", proposals.c.lifecycle.is_(None))
    return rows(store, query.order_by(proposals.c.stream, proposals.c.ref))


def open_exceptions(store: Store) -> list[Row]:
    """Conclusions that were refused where they were carried, and nobody has settled yet."""
    query = sa.select(session_items).where(session_items.c.exception.is_not(None))
    return rows(store, query.order_by(session_items.c.stream, session_items.c.place))


def missed_meetings(store: Store) -> list[MeetingNotConvened]:
    """Meetings of a rhythm that could not be convened, until a session of the body is convened for that day or a later one."""
    found = []
    for key in ("council", "monitoring"):
        try:
            state: Rhythm = store.load(rhythm_of(key))[0]
        except LookupError:
            continue
        days = [r["held_on"] for r in all_sessions(store, key) if r["phase"] != "cancelled" and r["held_on"]]
        found += [e for e in state.missed if e.held_on > max(days, default=date.min)]
    return found


def drafted_decisions(store: Store, body: str | None = None) -> list[tuple[Session, str, Drafted]]:
    """(session, item, the 決裁) that closings drafted, newest session first; those that wait have no number."""
    states: list[Session] = [
        store.load(r["stream"])[0] for r in all_sessions(store, body) if r["phase"] in ("closed", "final")
    ]
    return [(s, key, d) for s in states for key, d in s.decisions.items()]
