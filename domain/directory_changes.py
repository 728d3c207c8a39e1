"""Changes of the directory besides a whole new document: personnel moves, absences, the order of deputies,
reorganisations.

What is loaded ahead takes effect on its day by itself, since posts are resolved to people whenever they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationError

from domain.directory import Absence, Deputy, Directory, Post, Reorganisation, Tenure, Unit
from domain.duties import require_duty
from domain.facts import Facts
from domain.lifecycle.authority import known_person
from domain.messages import Actor, Command, Event, Frozen, refuse
from domain.misfits import said_of

Within = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]
"""A day with a day before it and one after it in every calendar."""


class Move(Frozen):
    """One person takes up a post on the day of the batch; `until` where it is known to end. `leaves`: the posts given up."""

    person: str
    post: str
    leaves: tuple[str, ...] = ()
    until: Within | None = None
    capacity: Literal["", "concurrent", "acting"] = ""


class DirectoryCommand(Command):
    kind: ClassVar[str] = "directory"
    system_may = True


class RecordMoves(DirectoryCommand):
    """人事異動: a batch with one day. Whoever held the posts taken up leaves them the day before, unless `beside` them."""

    type = "RecordMoves"
    on: Within
    moves: tuple[Move, ...] = Field(min_length=1)
    beside: bool = False


class RecordAbsence(DirectoryCommand):
    """A person is away, first and last day included; `cancelled` takes an absence with the same days back."""

    type = "RecordAbsence"
    person: str
    since: Within
    until: Within
    cancelled: bool = False


class NameDeputies(DirectoryCommand):
    """代決の順位: who stands for a post, in order, from a day on. Replaces the order that held until then."""

    type = "NameDeputies"
    post: str
    deputies: tuple[str, ...]
    since: Within
    until: Within | None = None
    scope: tuple[str, ...] = ()


class ReorganiseUnit(DirectoryCommand):
    """機構改革: from a day on another unit stands for one. Units and posts that are new are given with it.

    What waits for a post of the old unit goes to the post with the same role in the new one, unless `posts` says otherwise;
    its people take up the posts by a batch of moves for the same day, or stay in those that the new unit has.
    """

    type = "ReorganiseUnit"
    unit: str
    to: str
    on: Within
    units: tuple[Unit, ...] = ()
    new_posts: tuple[Post, ...] = ()
    posts: dict[str, str] = {}


class UnitReorganised(Event):
    type = "UnitReorganised"
    units: tuple[Unit, ...]
    posts: tuple[Post, ...]
    reorganisation: Reorganisation


class PersonnelMoved(Event):
    """`left` are (person, post) whose tenure ends the day before; `taken` the tenures that begin. Those of `until_next` end only
    because of the next move loaded for their post."""

    type = "PersonnelMoved"
    on: date
    left: tuple[tuple[str, str], ...]
    taken: tuple[Tenure, ...]
    until_next: tuple[tuple[str, str], ...] = ()


class AbsenceRecorded(Event):
    type = "AbsenceRecorded"
    absence: Absence
    cancelled: bool


class DeputiesNamed(Event):
    type = "DeputiesNamed"
    post: str
    deputies: tuple[Deputy, ...]
    since: date


def require_authority(actor: Actor, command: Command, facts: Facts, now: datetime) -> None:
    """Everybody records their own absence; the rest is for the personnel office. Raises `Refused`."""
    if isinstance(command, RecordAbsence) and actor.person == command.person:
        known_person(actor, facts)
        return
    require_duty(actor, "personnel", facts, now)


def decide(directory: Directory, command: Command) -> Sequence[Event]:
    """The event of a change, once the directory stands with it. Raises `Refused`."""
    event = _EVENT_OF[type(command)](directory, command)
    try:
        Directory.model_validate(folded(directory, event).model_dump())
    except ValidationError as error:
        found = [said_of(e) for e in error.errors()]
        ja, en = "、".join(t.ja for t in found), "; ".join(t.en for t in found)
        raise refuse(
            "directory-inconsistent",
            f"名簿と合いません: {ja}",
            f"the directory does not stand with it: {en}",
            remedy_ja="職員ID・職のIDと日付を確かめてください(`./taskforce people`)",
            remedy_en="check the ids of persons and posts, and the days (`./taskforce people`)",
        ) from None
    return [event]


def _moved(directory: Directory, command: RecordMoves) -> Event:
    left: dict[tuple[str, str], None] = {}
    for move in command.moves:
        given_up = [(move.person, post) for post in move.leaves]
        if not command.beside:
            given_up += [(person, move.post) for person in directory.holders(move.post, command.on)]
        for person, post in given_up:
            if person not in directory.holders(post, command.on):
                raise refuse(
                    "post-not-held",
                    f"leaves: {person} はその日に {post} の職にありません",
                    f"leaves: {person} does not hold {post!r} on that day",
                    remedy_ja="職と日付を確かめてください",
                    remedy_en="check the post and the day",
                )
            if (person, post) != (move.person, move.post):
                left[person, post] = None
    taken = tuple(
        Tenure(
            person=m.person,
            post=m.post,
            since=command.on,
            until=_until(directory, m, command.on),
            capacity=m.capacity,
        )
        for m in command.moves
    )
    shortened = tuple(
        (t.person, t.post) for m, t in zip(command.moves, taken, strict=True) if m.until is None and t.until is not None
    )
    return PersonnelMoved(on=command.on, left=tuple(left), taken=taken, until_next=shortened)


def _until(directory: Directory, move: Move, on: date) -> date | None:
    """The last day of a tenure that begins: as the move says, else the day before whoever is loaded to take the post next.

    Raises `Refused` for a move that changes nothing, or that reaches into the next one.
    """
    if any((t.person, t.post) == (move.person, move.post) and t.covers(on) for t in directory.tenures):
        raise refuse(
            "post-held-already",
            f"post: {move.person} はその日に既に {move.post} の職にあります",
            f"post: {move.person} holds {move.post!r} on that day already",
            remedy_ja="その行を除くか、職員・職・発令日を確かめてください",
            remedy_en="take the row out, or check person, post and day",
        )
    if move.until is not None and move.until < on:
        raise refuse(
            "move-until",
            f"until: {move.until} は発令日 {on} より前です",
            f"until: {move.until} lies before the day of the move, {on}",
            remedy_ja="発令日以後の日にしてください",
            remedy_en="name that day or a later one",
        )
    next_ = next_start(directory, move.post, on)
    if next_ is None or (move.until is not None and move.until < next_):
        return move.until
    if move.until is not None:
        raise refuse(
            "move-overlaps",
            f"until: {move.post} には {next_} 付けの異動が取り込まれています",
            f"until: a move to {move.post!r} is loaded for {next_}",
            remedy_ja="その前日までにするか、until を省いてください",
            remedy_en="let it end before, or leave `until` out",
        )
    return next_ - timedelta(days=1)


def next_start(directory: Directory, post: str, on: date) -> date | None:
    """The first day after `on` from which somebody is loaded to take the place of a post's holders.

    Where a holder stays over that day, whoever begins does so beside them, and ends nobody's tenure.
    """
    here = [t for t in directory.tenures if t.post == post]
    days = sorted({t.since for t in here if t.since > on})
    return next((d for d in days if not any(t.since < d and t.covers(d) for t in here)), None)


def _absent(directory: Directory, command: RecordAbsence) -> Event:
    absence = Absence.model_construct(person=command.person, since=command.since, until=command.until, reason="")
    known = any(
        (a.person, a.since, a.until) == (absence.person, absence.since, absence.until) for a in directory.absences
    )
    if known != command.cancelled:
        raise refuse(
            "absence-unchanged",
            "その不在は" + ("記録されていません" if command.cancelled else "既に記録されています"),
            "this absence is " + ("not on record" if command.cancelled else "on record already"),
            remedy_ja="職員と日付を確かめてください",
            remedy_en="check the person and the days",
        )
    return AbsenceRecorded(absence=absence, cancelled=command.cancelled)


def _named(directory: Directory, command: NameDeputies) -> Event:
    deputies = tuple(
        Deputy.model_construct(
            post=command.post, deputy=post, order=i, since=command.since, until=command.until, scope=command.scope
        )
        for i, post in enumerate(command.deputies, 1)
    )
    return DeputiesNamed(post=command.post, deputies=deputies, since=command.since)


def _reorganised(directory: Directory, command: ReorganiseUnit) -> Event:
    known = (*directory.posts, *command.new_posts)
    there = {p.role: p.id for p in reversed(known) if p.unit == command.to}
    posts = {p.id: there[p.role] for p in directory.posts if p.unit == command.unit and p.role in there} | command.posts
    left = [p.id for p in directory.posts if p.unit == command.unit and p.id not in posts]
    if left:
        raise refuse(
            "post-without-successor",
            f"posts: 引き継ぐ職がありません: {'、'.join(left)}",
            f"posts: nothing takes over from {', '.join(left)}",
            remedy_ja="引き継ぐ職を posts で示すか、新しい組織に同じ役割の職を加えてください",
            remedy_en="name the post that takes over, or add one with the same role to the new unit",
        )
    return UnitReorganised(
        units=command.units,
        posts=command.new_posts,
        reorganisation=Reorganisation.model_construct(unit=command.unit, to=command.to, on=command.on, posts=posts),
    )


def folded(directory: Directory, event: Event) -> Directory:
    """The directory after an event of this room."""
    if isinstance(event, UnitReorganised):
        new = {"new_units": tuple(u.id for u in event.units), "new_posts": tuple(p.id for p in event.posts)}
        change = event.reorganisation.model_copy(update=new)
        return directory.model_copy(
            update={
                "units": (*directory.units, *event.units),
                "posts": (*directory.posts, *event.posts),
                "reorganisations": (*directory.reorganisations, change),
            }
        )
    if isinstance(event, PersonnelMoved):
        return _after_moves(directory, event)
    if isinstance(event, AbsenceRecorded):
        others = tuple(a for a in directory.absences if a != event.absence)
        return directory.model_copy(update={"absences": others if event.cancelled else (*others, event.absence)})
    if isinstance(event, DeputiesNamed):
        ended = event.since - timedelta(days=1)
        kept = tuple(
            d
            if d.post != event.post or (d.until is not None and d.until <= ended)
            else d.model_copy(update={"until": ended})
            for d in directory.deputies
            if d.post != event.post or d.since <= ended
        )
        return directory.model_copy(update={"deputies": (*kept, *event.deputies)})
    return directory


def _after_moves(directory: Directory, event: PersonnelMoved) -> Directory:
    ended, left = event.on - timedelta(days=1), set(event.left)
    kept = []
    for tenure in directory.tenures:
        if (tenure.person, tenure.post) not in left or not tenure.covers(event.on):
            kept.append(tenure)
        elif tenure.since <= ended:
            kept.append(tenure.model_copy(update={"until": ended}))
    already = {(t.person, t.post) for t in kept if t.covers(event.on)}
    taken = tuple(t for t in event.taken if (t.person, t.post) not in already)
    return directory.model_copy(update={"tenures": (*kept, *taken)})


_EVENT_OF: Mapping[type[Command], Callable[[Directory, Any], Event]] = {
    RecordMoves: _moved,
    RecordAbsence: _absent,
    NameDeputies: _named,
    ReorganiseUnit: _reorganised,
}
COMMANDS: dict[str, type[Command]] = {k.type: k for k in (RecordMoves, RecordAbsence, NameDeputies, ReorganiseUnit)}
EVENTS: dict[str, type[Event]] = {k.type: k for k in (PersonnelMoved, AbsenceRecorded, DeputiesNamed, UnitReorganised)}
