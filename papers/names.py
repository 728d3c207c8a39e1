"""Names for ids: people, posts and units, as the directory has them."""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.calendar import local_day
from domain.directory import Directory
from domain.messages import Recorded, Text
from store import queries
from store.store import Store


@dataclass(frozen=True)
class Names:
    """Where a name is not known the id stands for it; an erased person's name is `store.codec.ERASED`."""

    directory: Directory
    people: dict[str, str]
    posts: dict[str, Text] = field(default_factory=dict)
    """Titles as the events of the lifecycle have them: those of the time, whatever the directory calls the post now."""

    english: dict[str, str] = field(default_factory=dict)
    """Names in English, of those who have one: for a page read in English."""

    @classmethod
    def of(cls, store: Store) -> Names:
        found = queries.all_people(store)
        known = {p: str(row["name"]) for p, row in found.items()}
        return cls(store.facts().directory, known, english={p: str(row["name_en"] or "") for p, row in found.items()})

    def person(self, person: str | None) -> str:
        if person is None:
            return "システム / system"
        return self.people.get(person) or person

    def person_with_id(self, person: str, language: str | None = None) -> str:
        name = (self.english.get(person) if language == "en" else "") or self.person(person)
        return name if name == person else f"{name} ({person})"

    def person_in(self, person: str, language: str) -> str:
        """The name for a page in one language; with the id where somebody else is called the same."""
        alike = sum(name == self.people.get(person) for name in self.people.values())
        known = (self.english.get(person) if language == "en" else "") or self.person(person)
        return self.person_with_id(person, language) if alike > 1 else known

    def post(self, post: str | None) -> Text:
        if not post:
            return Text(ja="", en="")
        found = self.directory.post(post)
        return self.posts.get(post) or (found.title if found else Text(ja=post, en=post))

    def acting_post(self, recorded: Recorded, asked: str | None = None) -> Text:
        """The post in which a person acted: as recorded; else the one that was asked, if they held it; else their only one."""
        person, day = recorded.actor.person, local_day(recorded.occurred_at)
        held = self.directory.posts_of(person, day) if person is not None else []
        only = held[0] if len(held) == 1 else None
        return self.post(recorded.actor.capacity or (asked if asked in held else only))

    def unit(self, unit: str) -> str:
        found = self.directory.unit(unit)
        return found.name.ja if found else unit

    def unit_of(self, post: str | None) -> Text:
        """The unit that a post belongs to."""
        found = self.directory.post(post) if post else None
        unit = self.directory.unit(found.unit) if found else None
        return unit.name if unit else Text(ja="", en="")
