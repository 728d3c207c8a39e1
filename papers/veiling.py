"""What is told of a lifecycle to whom: names of files of a draft to whoever may take them out, the reason of a recusal to those it
concerns. Everything else is for everybody who signs in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from domain.calendar import local_day
from domain.duties import has_duty
from domain.lifecycle.absence import PersonRecused
from domain.lifecycle.attaching import FileAttached, FileDetached
from domain.messages import Actor, Event, Text
from papers.circulations import Told
from store import evidence
from store.overseeing import oversees
from store.store import Store


def told_to(store: Store, actor: Actor, stream: str, told: Sequence[Told]) -> list[Told]:
    """The same, without what the actor may not read."""
    found = list(told)
    if any(_file_of(t) for t in found):
        known = {None, *(f["sha256"] for f in evidence.for_whom(store, actor, stream))}
        found = [t if _file_of(t) in known else _unnamed(t) for t in found]
    if any(_is_others(t, actor.person) for t in found) and not _sees_recusals(store, actor.person):
        found = [_without_reason(t) if _is_others(t, actor.person) else t for t in found]
    return found


def _sees_recusals(store: Store, person: str | None) -> bool:
    """A conflict of interest is a personal matter: its reason is for the headquarters, auditors and the personnel office."""
    if person is None:
        return False
    directory, today = store.facts().directory, local_day(store.clock.now())
    return oversees(store, person) or has_duty(person, "personnel", directory, today)


def _is_others(told: Told, person: str | None) -> bool:
    """Whether somebody else is recused, and somebody else said so."""
    event = told.recorded.event
    return isinstance(event, PersonRecused) and person not in (event.person, told.recorded.actor.person)


def _file_of(told: Told) -> str | None:
    event = told.recorded.event
    return event.file.sha256 if isinstance(event, FileAttached | FileDetached) else None


def _unnamed(told: Told) -> Told:
    event = told.recorded.event
    assert isinstance(event, FileAttached | FileDetached)
    hidden = event.model_copy(update={"file": event.file.model_copy(update={"name": ""})})
    return replace(_saying(told, hidden), line=_ATTACHED if isinstance(event, FileAttached) else _DETACHED)


def _without_reason(told: Told) -> Told:
    return _saying(told, told.recorded.event.model_copy(update={"reason": ""}))


def _saying(told: Told, event: Event) -> Told:
    return replace(told, recorded=told.recorded.model_copy(update={"event": event}))


_ATTACHED = Text(ja="起案中の文書にファイルを添付", en="a file was attached to the draft")
_DETACHED = Text(ja="起案中の文書から添付を外した", en="a file was taken off the draft")
