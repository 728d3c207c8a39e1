"""Who is who: units, posts, and who holds which post from when to when. A pure view that rules ask; names live elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Any, Literal

from pydantic import model_validator

from domain.messages import Frozen, Misfit, Text

Duty = Literal["personnel", "processes"]
"""What a unit looks after for the whole city: personnel moves and the order of deputies (人事); process definitions."""


class Unit(Frozen):
    """A bureau (局), office or section (課); `parent` is the unit above it."""

    id: str
    name: Text
    kind: str = "section"
    parent: str | None = None
    duties: tuple[Duty, ...] = ()


class Post(Frozen):
    """A post (職). Requests are addressed to posts. `role` is what routes ask for, e.g. `section_chief`."""

    id: str
    title: Text
    role: str
    unit: str


class Person(Frozen):
    """An opaque person id and the language they read. Name and address are personal data, kept under their own key."""

    id: str
    language: str = "ja"
    service: bool = False
    """A service identity: can never decide."""
    auditor: bool = False
    """Reads everything, decides nothing."""


class Tenure(Frozen):
    """A person in a post, first and last day included; no `until` means open-ended."""

    person: str
    post: str
    since: date
    until: date | None = None
    capacity: Literal["", "concurrent", "acting"] = ""
    """concurrent: 兼務, beside another post; acting: 事務取扱, in charge of a post that is not theirs."""

    def covers(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


class Deputy(Frozen):
    """Who stands for a post while it is absent: posts in their order (代決の順位), first and last day included.

    `scope`: the stages it covers; empty for all.
    """

    post: str
    deputy: str
    order: int = 1
    since: date
    until: date | None = None
    scope: tuple[str, ...] = ()

    def covers(self, day: date, matter: str | None) -> bool:
        within = self.since <= day and (self.until is None or day <= self.until)
        return within and (not self.scope or matter in self.scope)


class Absence(Frozen):
    """A person is away, first and last day included."""

    person: str
    since: date
    until: date
    reason: str = ""


class Reorganisation(Frozen):
    """機構改革: from a day on `to` stands for `unit` (renamed, merged into it, or split with `to` as the one that goes on).

    `posts`: each post of the old unit -> the one that takes over what waits for it. `new_units`, `new_posts`: those that are not
    there before the day.
    """

    unit: str
    to: str
    on: date
    posts: dict[str, str] = {}
    new_units: tuple[str, ...] = ()
    new_posts: tuple[str, ...] = ()


class Directory(Frozen):
    """All units, posts, people and tenures, past and loaded ahead."""

    units: tuple[Unit, ...] = ()
    posts: tuple[Post, ...] = ()
    people: tuple[Person, ...] = ()
    tenures: tuple[Tenure, ...] = ()
    deputies: tuple[Deputy, ...] = ()
    absences: tuple[Absence, ...] = ()
    reorganisations: tuple[Reorganisation, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Directory:
        units = _index("units", [u.id for u in self.units])
        posts = _index("posts", [p.id for p in self.posts])
        people = _index("people", [p.id for p in self.people])
        for unit in self.units:
            if unit.parent is not None and unit.parent not in units:
                raise Misfit(
                    f"units: {unit.id}: 上位の組織 {unit.parent!r} がありません。加えるか、ID を直してください",
                    f"units: {unit.id}: parent {unit.parent!r} is not a unit; add it or correct the id",
                )
            seen, above = {unit.id}, unit.parent
            parents = {u.id: u.parent for u in self.units}
            while above is not None:
                if above in seen:
                    raise Misfit(
                        f"units: {unit.id}: 上位の組織が循環しています。どれか一つを直してください",
                        f"units: {unit.id}: its parents run in a circle; correct one parent",
                    )
                seen.add(above)
                above = parents.get(above)
        for post in self.posts:
            if post.unit not in units:
                raise Misfit(
                    f"posts: {post.id}: 組織 {post.unit!r} がありません。加えるか、ID を直してください",
                    f"posts: {post.id}: unit {post.unit!r} is not a unit; add it or correct the id",
                )
        for t in self.tenures:
            if t.person not in people:
                raise Misfit(
                    f"tenures: 職員 {t.person!r} が people にありません。加えるか、ID を直してください",
                    f"tenures: person {t.person!r} is not listed under people; add the person or correct the id",
                )
            if t.post not in posts:
                raise Misfit(
                    f"tenures: 職 {t.post!r} が posts にありません。加えるか、ID を直してください",
                    f"tenures: post {t.post!r} is not listed under posts; add the post or correct the id",
                )
            if t.until is not None and t.until < t.since:
                raise Misfit(
                    f"tenures: {t.person}({t.post}): until {t.until} が since {t.since} より前です。入れ替えてください",
                    f"tenures: {t.person} in {t.post}: until {t.until} lies before since {t.since}; swap them",
                )
        for d in self.deputies:
            if missing := {d.post, d.deputy} - posts:
                raise Misfit(
                    f"deputies: 職 {min(missing)!r} が posts にありません。加えるか、ID を直してください",
                    f"deputies: post {min(missing)!r} is not listed under posts; add the post or correct the id",
                )
            if d.until is not None and d.until < d.since:
                raise Misfit(
                    f"deputies: {d.post} の {d.deputy}: until {d.until} が since {d.since} より前です。入れ替えてください",
                    f"deputies: {d.deputy} for {d.post}: until {d.until} lies before since {d.since}; swap them",
                )
        for r in self.reorganisations:
            if missing := {r.unit, r.to} - units:
                raise Misfit(
                    f"reorganisations: 組織 {min(missing)!r} がありません。加えるか、ID を直してください",
                    f"reorganisations: unit {min(missing)!r} is not a unit; add it or correct the id",
                )
            if missing := {*r.posts, *r.posts.values()} - posts:
                raise Misfit(
                    f"reorganisations: 職 {min(missing)!r} が posts にありません。加えるか、ID を直してください",
                    f"reorganisations: post {min(missing)!r} is not listed under posts; add it or correct the id",
                )
        _index("reorganisations", [r.unit for r in self.reorganisations])
        onward = {r.unit: r.to for r in self.reorganisations}
        for gone in onward:
            last = gone
            for _ in onward:
                last = onward.get(last, last)
            if last in onward:
                raise Misfit(
                    f"reorganisations: {gone!r} が、なくなった組織に戻ります。新しい組織を書いてください",
                    f"reorganisations: {gone!r} comes back to a unit that is gone; name a new one",
                )
        for a in self.absences:
            if a.person not in people:
                raise Misfit(
                    f"absences: 職員 {a.person!r} が people にありません。加えるか、ID を直してください",
                    f"absences: person {a.person!r} is not listed under people; add the person or correct the id",
                )
            if a.until < a.since:
                raise Misfit(
                    f"absences: {a.person}: until {a.until} が since {a.since} より前です。入れ替えてください",
                    f"absences: {a.person}: until {a.until} lies before since {a.since}; swap them",
                )
        return self

    @cached_property
    def _known(self) -> _Lookup:
        """Made once for each directory: rules ask it thousands of times."""
        return _Lookup(self)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Directory:
        """Another directory, which looks things up anew."""
        copied = super().model_copy(update=update, deep=deep)
        for made in ("_known", "begins"):
            copied.__dict__.pop(made, None)
        return copied

    @cached_property
    def begins(self) -> date | None:
        """The first day on which anybody held a post; of the time before nothing is known. None when nobody is in it."""
        return min((t.since for t in self.tenures), default=None)

    def unit(self, unit: str) -> Unit | None:
        return self._known.units.get(unit)

    def post(self, post: str) -> Post | None:
        return self._known.posts.get(post)

    def person(self, person: str) -> Person | None:
        return self._known.people.get(person)

    def lineage(self, unit: str) -> list[str]:
        """The unit and those above it, nearest first."""
        found: list[str] = []
        above: str | None = unit
        while above is not None:
            found.append(above)
            here = self.unit(above)
            above = here.parent if here else None
        return found

    def bureau_of(self, unit: str) -> str:
        """The bureau that a unit belongs to: the nearest of kind `bureau`, else the topmost unit."""
        line = self.lineage(unit)
        for name in line:
            here = self.unit(name)
            if here is not None and here.kind == "bureau":
                return name
        return line[-1]

    def post_for(self, role: str, unit: str) -> Post | None:
        """The post with a role in a unit, else in the nearest unit above it; None rather than a stranger's."""
        for name in self.lineage(unit):
            if (post := self._known.by_role.get((name, role))) is not None:
                return post
        return None

    def holders(self, post: str, on: date) -> list[str]:
        """The persons who hold a post on a day, in the order of the directory; of one reorganised away, who took over."""
        if self.reorganisations:
            post = self.post_on(post, on)
        return [t.person for t in self._known.of_post.get(post, ()) if t.covers(on)]

    def post_on(self, post: str, on: date) -> str:
        """The post that stands for a post on a day, through all reorganisations up to it."""
        for _ in self.reorganisations:
            taken = [r.posts[post] for r in self.reorganisations if r.on <= on and post in r.posts]
            if not taken:
                break
            post = taken[-1]
        return post

    def unit_on(self, unit: str, on: date) -> str:
        """The unit that stands for a unit on a day."""
        for _ in self.reorganisations:
            taken = [r.to for r in self.reorganisations if r.on <= on and r.unit == unit]
            if not taken:
                break
            unit = taken[-1]
        return unit

    def seen_on(self, on: date) -> Directory:
        """The directory without the units, posts and reorganisations that were loaded for a day after this one."""
        ahead = [r for r in self.reorganisations if r.on > on]
        if not ahead:
            return self
        there = [r for r in self.reorganisations if r.on <= on]
        used = {r.to for r in there}, {post for r in there for post in r.posts.values()}
        units = {u for r in ahead for u in r.new_units} - used[0]
        posts = {p for r in ahead for p in r.new_posts} - used[1]
        return self.model_copy(
            update={
                "units": tuple(u for u in self.units if u.id not in units),
                "posts": tuple(p for p in self.posts if p.id not in posts and p.unit not in units),
                "tenures": tuple(t for t in self.tenures if t.post not in posts),
                "deputies": tuple(d for d in self.deputies if d.post not in posts and d.deputy not in posts),
                "reorganisations": tuple(there),
            }
        )

    def stranded(self, on: date) -> list[tuple[str, str]]:
        """(person, post) of everybody whose posts of a day were all reorganised away: they act in none until they are moved."""
        if not self.reorganisations:
            return []
        left = [(t.person, t.post) for t in self.tenures if t.covers(on) and self.post_on(t.post, on) != t.post]
        return [(person, post) for person, post in left if not self.posts_of(person, on)]

    def posts_of(self, person: str, on: date) -> list[str]:
        """The posts that a person holds on a day, with those that they took over from units reorganised away."""
        held = [t.post for t in self._known.of_person.get(person, ()) if t.covers(on)]
        if not self.reorganisations:
            return held
        held = [p for p in held if self.post_on(p, on) == p]
        former = {post: None for r in self.reorganisations if r.on <= on for post in r.posts}
        return [*held, *(post for post in former if post not in held and self.post_on(post, on) in held)]

    def has_left(self, person: str, on: date) -> bool:
        """Whether somebody who held a post holds none on a day; members of taskforces from outside never held one."""
        return bool(self._known.of_person.get(person)) and not self.posts_of(person, on)

    def is_absent(self, person: str, on: date) -> bool:
        """Whether a person is away that day."""
        return any(a.since <= on <= a.until for a in self._known.away.get(person, ()))

    def deputies_of(self, post: str, on: date, matter: str | None = None) -> list[str]:
        """The posts that stand for a post that day, in their order; `matter` is a stage's key.

        For a post reorganised away those of the post that took over; where none is named for it yet, its own go on standing.
        """
        for asked in dict.fromkeys((self.post_on(post, on), post)):
            named = [self.post_on(d.deputy, on) for d in self._known.deputies.get(asked, ()) if d.covers(on, matter)]
            if named:
                return list(dict.fromkeys(named))
        return []

    def has_deputies(self, post: str, on: date) -> bool:
        """Whether somebody is named that day to stand for a post, in whatever matter."""
        return bool(self._standing(post, on))

    def stands_in_for(self, person: str, on: date) -> list[str]:
        """Posts of others for which a person is the next in order that day: nobody who holds them is there."""
        mine = set(self.posts_of(person, on))
        return [
            post
            for post in self._with_deputies(on)
            if post not in mine and not self.attended(post, on) and mine & set(self._first_there(post, on))
        ]

    def may_stand_for(self, person: str, on: date) -> list[str]:
        """Posts that name a post of this person among their deputies that day, whether or not it is their turn."""
        mine = set(self.posts_of(person, on))
        return [
            post
            for post in self._with_deputies(on)
            if any(self.post_on(d.deputy, on) in mine for d in self._standing(post, on))
        ]

    def _with_deputies(self, on: date) -> Iterable[str]:
        """Posts that may have deputies: those for which some are named, and those reorganised away by then."""
        former = [post for r in self.reorganisations if r.on <= on for post in r.posts]
        return dict.fromkeys((*self._known.deputies, *former))

    def _standing(self, post: str, on: date) -> list[Deputy]:
        """Those named for a post that stand for it that day, in whatever matter."""
        return [d for d in self._deputies(post, on) if any(d.covers(on, scope) for scope in (d.scope or (None,)))]

    def attended(self, post: str, on: date) -> bool:
        """Whether somebody who holds the post and may decide is there that day."""
        return any(not self.is_absent(p, on) for p in self.holders(post, on) if self.may_decide(p))

    def may_decide(self, person: str) -> bool:
        """Whether somebody is of those who may decide and draft at all: no service identity, no auditor."""
        found = self.person(person)
        return found is not None and not found.service and not found.auditor

    def _deputies(self, post: str, on: date) -> list[Deputy]:
        """All that are named for a post, and for the one that stands for it that day."""
        return [d for p in dict.fromkeys((self.post_on(post, on), post)) for d in self._known.deputies.get(p, ())]

    def _first_there(self, post: str, on: date) -> list[str]:
        """The first in order who is there, for each matter that the deputies' scopes name."""
        scopes = {scope for d in self._deputies(post, on) for scope in (d.scope or (None,))}
        orders = (self.deputies_of(post, on, scope) for scope in scopes)
        return [p for order in orders for p in [next((p for p in order if self.attended(p, on)), None)] if p]

    def own_units_of(self, person: str, on: date) -> set[str]:
        """The units in which a person holds a post on a day, and none above them; what was merged into one counts as it."""
        found = {post.unit for held in self.posts_of(person, on) if (post := self.post(held)) is not None}
        return found | {r.unit for r in self.reorganisations if r.on <= on and self.unit_on(r.unit, on) in found}

    def units_of(self, person: str, on: date) -> set[str]:
        """The units in which a person holds a post on a day, with all units above them."""
        found: set[str] = set()
        for held in self.posts_of(person, on):
            post = self.post(held)
            if post is not None:
                found.update(self.lineage(post.unit))
        found.update(r.unit for r in self.reorganisations if r.on <= on and self.unit_on(r.unit, on) in found)
        return found


class _Lookup:
    """A directory by its ids; the first of several wins, as in the directory's own order."""

    def __init__(self, directory: Directory) -> None:
        self.units = {u.id: u for u in directory.units}
        self.posts = {p.id: p for p in directory.posts}
        self.people = {p.id: p for p in directory.people}
        self.by_role: dict[tuple[str, str], Post] = {}
        for post in directory.posts:
            self.by_role.setdefault((post.unit, post.role), post)
        self.of_post: dict[str, list[Tenure]] = {}
        self.of_person: dict[str, list[Tenure]] = {}
        for tenure in directory.tenures:
            self.of_post.setdefault(tenure.post, []).append(tenure)
            self.of_person.setdefault(tenure.person, []).append(tenure)
        self.deputies: dict[str, list[Deputy]] = {}
        for deputy in sorted(directory.deputies, key=lambda d: d.order):
            self.deputies.setdefault(deputy.post, []).append(deputy)
        self.away: dict[str, list[Absence]] = {}
        for absence in directory.absences:
            self.away.setdefault(absence.person, []).append(absence)


def _index(what: str, ids: list[str]) -> set[str]:
    known: set[str] = set()
    for item in ids:
        if item in known:
            raise Misfit(
                f"{what}: ID {item!r} が2度あります。それぞれ別の ID にしてください",
                f"{what}: id {item!r} appears twice; give each its own id",
            )
        known.add(item)
    return known
