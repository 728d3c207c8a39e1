"""What the rules of a session share: who the secretariat is, and the item that is meant."""

from __future__ import annotations

from datetime import datetime

from domain.bodies import require_secretariat
from domain.calendar import local_day
from domain.facts import Facts
from domain.lifecycle.authority import known_person
from domain.messages import Actor, refuse
from domain.sessions.session import Item, Session


def secretariat(state: Session, actor: Actor, facts: Facts, now: datetime) -> str:
    assert state.rules is not None
    return require_secretariat(known_person(actor, facts), state.rules, facts.directory, local_day(now))


def concluded_already(item: Item) -> Exception:
    return refuse(
        "concluded-already",
        f"議題 {item.key} は結論が出ています({item.conclusion})",
        f"item {item.key!r} has been concluded ({item.conclusion})",
        remedy_ja="`./taskforce council show` で確かめてください",
        remedy_en="see `./taskforce council show`",
    )


def known_item(state: Session, key: str) -> Item:
    """Raises `Refused` when it is not on the agenda."""
    found = state.items.get(key)
    if found is None:
        raise refuse(
            "item-unknown",
            f"item: 議題 {key} はありません",
            f"item: {key!r} is not on the agenda",
            remedy_ja="議題: " + (", ".join(state.items) or "-"),
            remedy_en="on it are: " + (", ".join(state.items) or "-"),
        )
    return found


def open_item(state: Session, key: str) -> Item:
    """One that is on the agenda and not concluded. Raises `Refused`."""
    found = known_item(state, key)
    if found.conclusion is not None:
        raise concluded_already(found)
    return found
