"""What whoever does not belong to a session may see of it: non-public items only as such, and minutes once they are final."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from domain.bodies import BodyRules, members_of
from domain.directory import Directory
from domain.messages import Event, Text
from domain.sessions import messages as m
from domain.sessions.kind import line
from domain.sessions.session import Item, Session

WITHHELD = Text(ja="非公開の議題", en="a non-public item")


def belongs_to(rules: BodyRules | None, body: str, person: str | None, directory: Directory, day: date) -> bool:
    """Whether somebody is of the secretariat, or sits in the body on that day."""
    if rules is None or person is None or directory.person(person) is None:
        return False
    if rules.secretariat in directory.units_of(person, day):
        return True
    return body in [b.key for b in rules.bodies] and person in {
        s.person for s in members_of(rules.body(body), directory, day)
    }


def sees_all(state: Session, person: str | None, directory: Directory, day: date) -> bool:
    """Members (those of the session and of today) and the secretariat see everything; an auditor does, whose office it is."""
    if person is None:
        return False
    found = directory.person(person)
    if found is not None and found.auditor:
        return True
    seated = person in state.present or person in {s.person for s in state.members}
    return seated or belongs_to(state.rules, state.body, person, directory, day)


def veiled(state: Session) -> Session:
    """The session as everybody may see it: of a non-public item its key, its kind and that it is one."""
    items = {k: i if i.public else _veiled_item(i) for k, i in state.items.items()}
    decisions = {k: d for k, d in state.decisions.items() if k in items and items[k].public}
    return state.model_copy(update={"items": items, "decisions": decisions})


def _veiled_item(item: Item) -> Item:
    hidden: dict[str, Any] = dict.fromkeys(
        ("lifecycle", "request", "seen", "selection", "follows", "definition", "presiding"), ""
    )
    hidden |= {"papers": (), "recused": (), "votes": {}, "present": (), "conditions": (), "opinions": 0}
    hidden |= {"conclusion": None, "way": "", "back_to": None, "exception": None}
    return item.model_copy(update={**hidden, "title": WITHHELD.ja})


def withheld(event: Event, placed: Mapping[str, bool]) -> bool:
    """Whether an event tells of a non-public item; `placed`: item -> whether it was ever non-public (`ever_withheld`)."""
    item = getattr(event, "item", "")
    return bool(item) and placed.get(item, False)


def ever_withheld(events: list[Event]) -> dict[str, bool]:
    """Item -> whether it was put on the agenda as non-public at any time, also where it was taken off since."""
    found: dict[str, bool] = {}
    for event in events:
        if isinstance(event, m.ItemPlaced):
            found[event.item] = found.get(event.item, False) or not event.public
    return found


def public_line(state: Session, event: Event, placed: Mapping[str, bool]) -> Text | None:
    """One event in one line for everybody; None where there is nothing to be told."""
    if isinstance(event, m.ItemPlaced) and withheld(event, placed):
        return Text(ja=f"議題: {WITHHELD.ja}", en=f"on the agenda: {WITHHELD.en}")
    if withheld(event, placed):
        return None
    if isinstance(event, m.MinutesDrafted) and not state.final:
        return None
    return line(state, event)
