"""The bodies of the strategy as data: who sits, what a quorum is, how tasks are scored and what a taskforce of each weight needs.

They are published like process definitions (`domain/bodies_stream.py`); a round or a session keeps those it began with: they are part
of its first event. Shape of `definitions/bodies.yaml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from domain.calendar import Span
from domain.deliverables.taskforce import Weight
from domain.directory import Directory, Post
from domain.messages import Frozen, Misfit, Text, refuse

BodyKey = Literal["council", "monitoring"]


class Seat(Frozen):
    """Whoever holds a post of this role: in one unit, or, without `unit`, in any."""

    role: str
    unit: str | None = None


class Formal(Frozen):
    """A kind of matter after whose conclusion a 決裁 is drafted: by the post of `by` (its nearest to the matter, or in its unit)."""

    category: Literal["proposal", "progress", "evaluation", "policy", "objection", "selection", "other"]
    by: Seat
    within: Span = Span(working_days=5)


class Body(Frozen):
    """One body. `quorum`: the share of its members that must be exceeded by those present; 0.5 is more than half."""

    key: BodyKey
    title: Text
    chair: Seat
    vice_chairs: tuple[Seat, ...] = ()
    members: tuple[Seat, ...] = Field(min_length=1)
    quorum: Decimal = Field(default=Decimal("0.5"), ge=0, lt=1)
    notice: Span = Span(working_days=5)
    """How long before a session its notice goes out."""
    rhythm: tuple[str, ...] = ()
    """Days of the year on which it is due, as MM-DD, in the order of the fiscal year."""
    formal: tuple[Formal, ...] = ()
    """Where a conclusion is not yet the city's decision: closing the session drafts the 決裁."""


class Criterion(Frozen):
    """A view under which a proposal is scored from 1 to 5. `anchors` say in words what the scores mean, in that order."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    view: Literal["difficulty", "value", "digital"]
    title: Text
    weight: Decimal = Field(gt=0)
    better: Literal["higher", "lower"]
    anchors: tuple[Text, ...] = Field(min_length=5, max_length=5)


class TaskforceClass(Frozen):
    """What a taskforce of a weight needs. `chairs`: roles that may chair it; `adviser`: whether it needs one."""

    weight: Weight
    title: Text
    chairs: tuple[str, ...] = Field(min_length=1)
    adviser: bool
    departments: int = Field(ge=1)
    members: int = Field(ge=1)


class Capacity(Frozen):
    """How many open taskforces one person may chair, advise or belong to."""

    chair: int = Field(default=3, ge=1)
    adviser: int = Field(default=10, ge=1)
    member: int = Field(default=2, ge=1)


class BodyRules(Frozen):
    """All of it. `selects`: the body that selects tasks; `secretariat`: the unit whose people prepare and record."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: int = Field(ge=1)
    secretariat: str
    bodies: tuple[Body, ...] = Field(min_length=1)
    selects: BodyKey
    criteria: tuple[Criterion, ...] = Field(min_length=2)
    classes: tuple[TaskforceClass, ...] = Field(min_length=1)
    capacity: Capacity = Capacity()
    priority_fields: tuple[str, ...] = ()
    """重点取組分野 as the council last laid them down: every call has them in view without anybody typing them again."""

    @model_validator(mode="after")
    def _whole(self) -> BodyRules:
        for what, keys in (
            ("bodies", [b.key for b in self.bodies]),
            ("criteria", [c.key for c in self.criteria]),
            ("classes", [c.weight for c in self.classes]),
        ):
            if len(set(keys)) != len(keys):
                raise Misfit(
                    f"{what}: 同じ key が2度あります。それぞれ別の key にしてください",
                    f"{what}: a key appears twice; give each its own",
                )
        if self.selects not in [b.key for b in self.bodies]:
            raise Misfit(
                f"selects: {self.selects!r} という会議はありません", f"selects: {self.selects!r} is none of the bodies"
            )
        return self

    @property
    def reference(self) -> str:
        return f"{self.name}@{self.version}"

    def body(self, key: str) -> Body:
        """KeyError when there is no such body."""
        return next((b for b in self.bodies if b.key == key), None) or _missing(key)

    def taskforce(self, weight: str) -> TaskforceClass | None:
        return next((c for c in self.classes if c.weight == weight), None)


def _missing(key: str) -> Body:
    raise KeyError(key)


class Member(Frozen):
    """One person on a seat, with the post that gives it."""

    person: str
    post: str
    title: Text
    seat: Literal["chair", "vice_chair", "member"]


def members_of(body: Body, directory: Directory, day: date) -> tuple[Member, ...]:
    """Who sits in a body on a day: chair first, then vice-chairs, then members; a person once, on the first of their seats."""
    found: dict[str, Member] = {}
    seats: Sequence[tuple[Literal["chair", "vice_chair", "member"], Seat]] = (
        ("chair", body.chair),
        *(("vice_chair", s) for s in body.vice_chairs),
        *(("member", s) for s in body.members),
    )
    for name, seat in seats:
        for post in posts_of(seat, directory):
            for person in directory.holders(post.id, day):
                found.setdefault(person, Member(person=person, post=post.id, title=post.title, seat=name))
    return tuple(found.values())


def posts_of(seat: Seat, directory: Directory) -> list[Post]:
    """The posts that give a seat."""
    return [p for p in directory.posts if p.role == seat.role and seat.unit in (None, p.unit)]


def quorum_met(body: Body, present: int, members: int) -> bool:
    """More than the share of the members; an empty body has none."""
    return members > 0 and Decimal(present) > body.quorum * members


def require_secretariat(person: str, rules: BodyRules, directory: Directory, day: date) -> str:
    """Raises `Refused` for whoever does not belong to the secretariat."""
    if rules.secretariat not in directory.units_of(person, day):
        raise refuse(
            "not-secretariat",
            f"{person} は事務局の職員ではありません",
            f"{person} is not of the secretariat",
            remedy_ja="事務局の職員が行ってください",
            remedy_en="let someone of the secretariat do it",
        )
    return person
