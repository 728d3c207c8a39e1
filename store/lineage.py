"""Which lifecycle came from which: ancestors, what was carried to other departments, what was merged, and the rounds between."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from domain.lifecycle.state import Lifecycle, Spread
from domain.messages import Frozen, Text
from store import queries
from store.store import Store

Standing = Literal["started", "starting", "refused", "given_up"]
STANDINGS: dict[str, Text] = {
    "started": Text(ja="開始", en="started"),
    "starting": Text(ja="開始待ち", en="about to start"),
    "refused": Text(ja="例外(開始できず)", en="exception: could not start"),
    "given_up": Text(ja="取りやめ", en="given up"),
}


class Member(Frozen):
    """A lifecycle of the family, as it is now."""

    id: str
    ref: str
    title: str
    section: str
    stage: str
    round: int
    outcome: str | None
    closed_as: str | None
    started_at: datetime | None


class Ancestor(Frozen):
    """Where a lifecycle came from: out of which round, and why."""

    member: Member
    round: int
    why: str


class Descendant(Frozen):
    """A lifecycle of another department (or the attempt at one); `member` is None until it has started."""

    section: str
    section_name: Text
    id: str
    ref: str
    round: int
    why: str
    standing: Standing
    rule: str
    message: Text | None
    remedy: Text | None
    member: Member | None
    descendants: tuple[Descendant, ...] = ()


class Round(Frozen):
    """How a round ended, and what went along into the next."""

    round: int
    outcome: str
    stage: str | None
    decided_at: datetime
    learnt: tuple[str, ...] = ()
    scope: str = ""
    targets: tuple[str, ...] = ()


class Lineage(Frozen):
    """`ancestors`: the nearest first."""

    member: Member
    ancestors: tuple[Ancestor, ...]
    descendants: tuple[Descendant, ...]
    merged_into: Member | None
    absorbed: tuple[Member, ...]
    rounds: tuple[Round, ...]

    @property
    def alone(self) -> bool:
        """It has no family, and no round behind it."""
        return not (self.ancestors or self.descendants or self.merged_into or self.absorbed or self.rounds)


def lineage(store: Store, stream: str) -> Lineage:
    """The family of a lifecycle. Raises `LookupError` when there is no such lifecycle."""
    state: Lifecycle = store.load(stream)[0]
    merged = _state(store, state.merged_into)
    return Lineage(
        member=_member(state),
        ancestors=_ancestors(store, state),
        descendants=_descendants(store, state, {stream}),
        merged_into=_member(merged) if merged else None,
        absorbed=tuple(_member(other) for s in state.absorbed if (other := _state(store, s))),
        rounds=_rounds(store, state),
    )


def _state(store: Store, stream: str | None) -> Lifecycle | None:
    try:
        return store.load(stream)[0] if stream else None
    except LookupError:
        return None


def _member(state: Lifecycle) -> Member:
    return Member(
        id=state.stream,
        ref=state.ref,
        title=state.title,
        section=state.section,
        stage=state.work,
        round=state.round,
        outcome=state.outcome,
        closed_as=state.closed_as if state.closed else None,
        started_at=state.started_at,
    )


def _ancestors(store: Store, state: Lifecycle) -> tuple[Ancestor, ...]:
    found: list[Ancestor] = []
    seen = {state.stream}
    while state.origin is not None and state.origin.lifecycle not in seen:
        origin = state.origin
        above = _state(store, origin.lifecycle)
        if above is None:
            break
        found.append(Ancestor(member=_member(above), round=origin.round, why=origin.why))
        seen.add(above.stream)
        state = above
    return tuple(found)


def _descendants(store: Store, state: Lifecycle, seen: set[str]) -> tuple[Descendant, ...]:
    return tuple(_descendant(store, state, branch, seen) for branch in state.spread)


def _descendant(store: Store, parent: Lifecycle, branch: Spread, seen: set[str]) -> Descendant:
    state = _state(store, branch.stream)
    if state is not None and (state.origin is None or state.origin.lifecycle != parent.stream):
        state = None  # somebody else's, started under the same id before: the start was refused
    standing: Standing = "given_up" if branch.given_up else "refused" if branch.rule else "starting"
    below: tuple[Descendant, ...] = ()
    if state is not None:
        standing = "started"
        if branch.stream not in seen:
            below = _descendants(store, state, seen | {branch.stream})
    return Descendant(
        section=branch.section,
        section_name=branch.section_name,
        id=branch.stream,
        ref=branch.ref,
        round=branch.round,
        why=branch.why,
        standing=standing,
        rule=branch.rule,
        message=branch.message,
        remedy=branch.remedy,
        member=_member(state) if state else None,
        descendants=below,
    )


def _rounds(store: Store, state: Lifecycle) -> tuple[Round, ...]:
    """Outcomes that stand, with what was learnt: those of one round are told in their order."""
    lessons = list(state.lessons)
    found = []
    for row in queries.outcomes_of(store, state.stream):
        place = next((i for i, x in enumerate(lessons) if (x.round, x.outcome) == (row["round"], row["outcome"])), None)
        lesson = lessons.pop(place) if place is not None else None
        found.append(
            Round(
                round=row["round"],
                outcome=row["outcome"],
                stage=row["stage"],
                decided_at=row["at"],
                learnt=lesson.learnt if lesson else (),
                scope=lesson.scope if lesson else "",
                targets=lesson.targets if lesson else (),
            )
        )
    return tuple(found)
