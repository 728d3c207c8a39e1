"""Erasing what somebody who left wrote: the key that opens their sealed texts goes, the record keeps that it went, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from domain.directory import Directory
from domain.messages import Command, Event, refuse


class ErasePerson(Command):
    """Make unreadable for ever what a person wrote, and forget their name. For operators, when the law or the person asks for it."""

    type = "ErasePerson"
    kind: ClassVar[str] = "directory"
    system_only = True
    person: str


class PersonErased(Event):
    """Holds the id alone: who it was is what goes."""

    type = "PersonErased"
    person: str


def erase(directory: Directory, command: ErasePerson, today: date) -> Sequence[Event]:
    """Raises `Refused` for somebody unknown, and for whoever holds a post or will: what they write from then on would be lost."""
    if directory.person(command.person) is None:
        raise refuse(
            "person-unknown",
            f"名簿にない職員です: {command.person}",
            f"{command.person!r} is not in the directory",
            remedy_ja="職員のIDを確かめてください",
            remedy_en="check the id of the person",
        )
    held = [t for t in directory.tenures if t.person == command.person and (t.until is None or t.until >= today)]
    if held:
        post = directory.post(held[0].post)
        ja, en = (post.title.ja, post.title.en) if post is not None else (held[0].post, held[0].post)
        raise refuse(
            "still-in-office",
            f"{command.person} は職にあります({ja})。消去すると、今後書くものも残りません",
            f"{command.person} holds a post ({en}); after an erasure what they write would be lost as well",
            remedy_ja="先に人事異動を取り込み、職を離れた日より後に消去してください",
            remedy_en="record their move first, and erase after the day on which they leave",
        )
    return [PersonErased(person=command.person)]
