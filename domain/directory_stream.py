"""The directory as a stream: imported documents are its events, so that "who held the post that day" stays answerable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from domain import directory_changes, directory_loaded, erasing
from domain.calendar import local_day
from domain.directory import Absence, Deputy, Directory, Person, Post, Reorganisation, Tenure, Unit
from domain.facts import Facts
from domain.kinds import Quiet, View
from domain.messages import Actor, Command, Display, Event, Frozen, Personal, Plan, Recorded, refuse

STREAM = "directory"


class Named(Frozen):
    """A person's personal data: name in both scripts and address."""

    person: str
    name: str = Field(min_length=1)
    name_en: str = ""
    email: str = ""


class ImportDirectory(Command):
    """Replace the directory by a whole new document (past, present and loaded ahead)."""

    type = "ImportDirectory"
    kind: ClassVar[str] = "directory"
    system_only = True
    directory: Directory
    names: tuple[Named, ...] = ()


class DirectoryImported(Event):
    type = "DirectoryImported"
    units: tuple[Unit, ...]
    posts: tuple[Post, ...]
    people: tuple[Person, ...]
    tenures: tuple[Tenure, ...]
    deputies: tuple[Deputy, ...] = ()
    absences: tuple[Absence, ...] = ()
    reorganisations: tuple[Reorganisation, ...] = ()


class PersonNamed(Event):
    """Name and address of one person, sealed under that person's own key."""

    type = "PersonNamed"
    person: str
    language: str
    name: Personal
    name_en: Personal
    email: Personal

    @property
    def subject(self) -> str:
        return self.person


class DirectoryState(Frozen):
    stream: str
    version: int = 0
    directory: Directory = Directory()
    ahead: tuple[directory_loaded.Batch, ...] = ()
    """Personnel moves loaded for a day to come (as of the last change), in the order in which they were loaded."""


class DirectoryKind(Quiet[DirectoryState]):
    name = "directory"
    fold_version = 4
    workflow: str | None = None
    commands: Mapping[str, type[Command]] = {
        ImportDirectory.type: ImportDirectory,
        erasing.ErasePerson.type: erasing.ErasePerson,
        **directory_changes.COMMANDS,
        **directory_loaded.COMMANDS,
    }
    events: Mapping[str, type[Event]] = {
        DirectoryImported.type: DirectoryImported,
        PersonNamed.type: PersonNamed,
        erasing.PersonErased.type: erasing.PersonErased,
        **directory_changes.EVENTS,
        **directory_loaded.EVENTS,
    }
    state_type = DirectoryState

    def initial(self, stream: str) -> DirectoryState:
        return DirectoryState(stream=stream)

    def decide(
        self, state: DirectoryState, command: Command, actor: Actor, facts: Facts, now: datetime
    ) -> Sequence[Event]:
        if isinstance(command, directory_loaded.CancelMoves):
            return directory_loaded.cancel(state.directory, state.ahead, command, now)
        if isinstance(command, erasing.ErasePerson):
            return erasing.erase(state.directory, command, local_day(now))
        if not isinstance(command, ImportDirectory):
            directory_changes.require_authority(actor, command, facts, now)
            return directory_changes.decide(state.directory, command)
        document = command.directory
        languages = {p.id: p.language for p in document.people}
        for named in command.names:
            if named.person not in languages:
                raise refuse(
                    "person-unknown",
                    f"people にない職員の氏名です: {named.person}",
                    f"a name is given for {named.person!r}, who is not listed under people",
                    remedy_ja="people に加えるか氏名を除いてください",
                    remedy_en="list the person, or leave the name out",
                )
        events: list[Event] = []
        if document != state.directory:
            events.append(
                DirectoryImported(
                    units=document.units,
                    posts=document.posts,
                    people=document.people,
                    tenures=document.tenures,
                    deputies=document.deputies,
                    absences=document.absences,
                    reorganisations=document.reorganisations,
                )
            )
        return [
            *events,
            *(
                PersonNamed(
                    person=n.person, language=languages[n.person], name=n.name, name_en=n.name_en, email=n.email
                )
                for n in command.names
            ),
        ]

    def evolve(self, state: DirectoryState, recorded: Recorded) -> DirectoryState:
        event = recorded.event
        if isinstance(event, DirectoryImported):
            document = Directory(
                units=event.units,
                posts=event.posts,
                people=event.people,
                tenures=event.tenures,
                deputies=event.deputies,
                absences=event.absences,
                reorganisations=event.reorganisations,
            )
            return state.model_copy(update={"directory": document, "ahead": (), "version": recorded.version})
        if isinstance(event, directory_loaded.MovesCancelled):
            back = directory_loaded.restored(state.directory, event)
            ahead = directory_loaded.without(state.ahead, event)
            return state.model_copy(update={"directory": back, "ahead": ahead, "version": recorded.version})
        if isinstance(event, directory_changes.PersonnelMoved):
            ahead = directory_loaded.loaded(state.ahead, state.directory, event, recorded)
            state = state.model_copy(update={"ahead": ahead})
        changed = directory_changes.folded(state.directory, event)
        if changed is not state.directory:
            return state.model_copy(update={"directory": changed, "version": recorded.version})
        return state

    def entries(self, state: DirectoryState, recorded: Recorded) -> View:
        event = recorded.event
        if not isinstance(event, PersonNamed):
            return View(rows={})
        row: dict[str, Any] = {
            "person": event.person,
            "name": event.name,
            "name_en": event.name_en,
            "email": event.email,
            "language": event.language,
        }
        return View(rows={"people": [row]})

    def react(self, state: DirectoryState, fresh: Sequence[Recorded], facts: Facts) -> Plan:
        return Plan(
            to=fresh[-1].version if fresh else 0, display=Display(summary="directory", details="", attributes={})
        )
