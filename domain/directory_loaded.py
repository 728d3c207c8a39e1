"""Personnel moves that are loaded ahead, and taking them back before their day.

A batch is remembered with the tenures that it ended, so that cancelling it restores exactly those.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar

from pydantic import Field

from domain.calendar import local_day
from domain.directory import Directory, Tenure
from domain.directory_changes import PersonnelMoved, next_start
from domain.messages import Command, Event, Frozen, Recorded, refuse


class Batch(Frozen):
    """Moves of one day: (person, post) that begin, and the tenures that they ended, as they were before. Those of `until_next`
    end only because of the next move that was loaded for their post already."""

    on: date
    taken: tuple[tuple[str, str], ...]
    ended: tuple[Tenure, ...]
    until_next: tuple[tuple[str, str], ...] = ()

    @property
    def touches(self) -> frozenset[str]:
        return frozenset((*(post for _, post in self.taken), *(t.post for t in self.ended)))


class CancelMoves(Command):
    """Take a batch of moves back before its day: the same (person, post) as were loaded for it."""

    type = "CancelMoves"
    kind: ClassVar[str] = "directory"
    system_only = True
    on: date
    moves: tuple[tuple[str, str], ...] = Field(min_length=1)


class MovesCancelled(Event):
    """`taken` do not begin; `restored` are the tenures that go on as before."""

    type = "MovesCancelled"
    on: date
    taken: tuple[tuple[str, str], ...]
    restored: tuple[Tenure, ...]


def loaded(batches: Sequence[Batch], before: Directory, event: PersonnelMoved, recorded: Recorded) -> tuple[Batch, ...]:
    """The batches that matter still, with the one that an event loads; `before` is the directory without it."""
    today, left = local_day(recorded.occurred_at), set(event.left)
    ended = tuple(t for t in before.tenures if (t.person, t.post) in left and t.covers(event.on))
    taken = tuple((t.person, t.post) for t in event.taken)
    new = Batch(on=event.on, taken=taken, ended=ended, until_next=event.until_next)
    return tuple(b for b in (*batches, new) if b.on > today or b.until_next)


def cancel(directory: Directory, batches: Sequence[Batch], command: CancelMoves, now: datetime) -> list[Event]:
    """Raises `Refused`: no such batch, its day has come, or a later batch builds on it."""
    today = local_day(now)
    if command.on <= today:
        raise refuse(
            "moves-in-effect",
            f"on: {command.on} の異動は既に発令されています",
            f"on: the moves of {command.on} are in effect",
            remedy_ja="元に戻すには、今日以後の日付の異動として取り込んでください",
            remedy_en="to undo them, load the moves back, from today on",
        )
    wanted = set(command.moves)
    at = next((i for i in reversed(range(len(batches))) if _is(batches[i], command.on, wanted)), None)
    if at is None:
        raise refuse(
            "moves-not-loaded",
            f"moves: {command.on} にこの内容の異動は取り込まれていません",
            f"moves: no batch with just these moves is loaded for {command.on}",
            remedy_ja="取り込んだときと同じファイルと発令日を指定してください",
            remedy_en="give the file and the day with which they were loaded",
        )
    batch = batches[at]
    later = next((b for b in batches[at + 1 :] if b.on > today and b.touches & batch.touches), None)
    if later is not None:
        posts = ", ".join(sorted(later.touches & batch.touches))
        raise refuse(
            "moves-built-on",
            f"moves: 後から取り込まれた {later.on} の異動が同じ職に及んでいます: {posts}",
            f"moves: moves loaded later, for {later.on}, concern the same posts: {posts}",
            remedy_ja="そちらを先に取り消してください",
            remedy_en="cancel those first",
        )
    event = MovesCancelled(on=batch.on, taken=batch.taken, restored=batch.ended)
    longer = _longer(restored(directory, event), batches[at + 1 :], batch)
    return [event.model_copy(update={"restored": (*batch.ended, *longer)})]


def _longer(without_it: Directory, later: Sequence[Batch], batch: Batch) -> list[Tenure]:
    """Tenures in effect by now that end only because of a batch: without it they last until the next one after it."""
    posts, last = {post for _, post in batch.taken}, batch.on - timedelta(days=1)
    shortened = {pair for b in later for pair in b.until_next if pair[1] in posts}
    found = []
    for t in without_it.tenures:
        if (t.person, t.post) in shortened and t.until == last:
            next_ = next_start(without_it, t.post, last)
            found.append(t.model_copy(update={"until": next_ - timedelta(days=1) if next_ else None}))
    return found


def _is(batch: Batch, on: date, moves: set[tuple[str, str]]) -> bool:
    return batch.on == on and set(batch.taken) == moves


def without(batches: Sequence[Batch], event: MovesCancelled) -> tuple[Batch, ...]:
    at = next((i for i in reversed(range(len(batches))) if _is(batches[i], event.on, set(event.taken))), len(batches))
    return tuple(b for i, b in enumerate(batches) if i != at)


def restored(directory: Directory, event: MovesCancelled) -> Directory:
    """The directory as if the batch had never been loaded."""
    gone, back = set(event.taken), {(t.person, t.post, t.since): t for t in event.restored}
    ended = event.on - timedelta(days=1)
    kept = []
    for tenure in directory.tenures:
        key = (tenure.person, tenure.post, tenure.since)
        if tenure.since == event.on and key[:2] in gone and key not in back:
            continue
        kept.append(back.pop(key) if key in back and tenure.until == ended else tenure)
    there = {(t.person, t.post, t.since) for t in kept}
    return directory.model_copy(update={"tenures": (*kept, *(t for key, t in back.items() if key not in there))})


COMMANDS: dict[str, type[Command]] = {CancelMoves.type: CancelMoves}
EVENTS: dict[str, type[Event]] = {MovesCancelled.type: MovesCancelled}
