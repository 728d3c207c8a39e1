"""系譜: which lifecycle came from which. An expansion may start lifecycles in other departments (横展開), each with its origin.

The starts are commands on streams of their own, with ids that follow from this one: each is recorded once, whatever crashes.
One that is refused comes back as an event that names rule and remedy, and is tried again or given up by a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from domain.facts import Facts
from domain.lifecycle.authority import may_steer
from domain.lifecycle.commands import LifecycleCommand, Origin, StartLifecycle, stream_of
from domain.lifecycle.state import Lifecycle, Spread
from domain.messages import Actor, Command, Effect, Event, Frozen, Personal, Recorded, Refusal, Text, refuse

Changes = dict[str, Any]
_SPREAD = "spread/"
_REF = 100
"""Characters of an own id."""
_TITLE = 300


class Branch(Frozen):
    """One department to which the expansion goes."""

    section: str
    section_name: Text
    stream: str
    ref: str
    title: str
    attempt: int = 0
    """Higher than 0 where an earlier expansion had tried, and it was given up."""


class NoteSpreadRefusal(LifecycleCommand):
    """A start in another department was refused there."""

    type = "NoteSpreadRefusal"
    system_only = True
    section: str
    attempt: int
    rule: str
    message: Text
    remedy: Text


class SettleSpread(LifecycleCommand):
    """What becomes of a start that was refused: tried again (its obstacle is out of the way), or given up."""

    type = "SettleSpread"
    section: str = Field(min_length=1, max_length=100)
    again: bool
    reason: str = Field(min_length=1, max_length=4000)


class SpreadDecided(Event):
    """横展開: lifecycles of other departments start from this one."""

    type = "SpreadDecided"
    round: int
    why: str
    branches: tuple[Branch, ...]


class SpreadRefused(Event):
    type = "SpreadRefused"
    section: str
    section_name: Text
    attempt: int
    rule: str
    message: Text
    remedy: Text


class SpreadSettled(Event):
    type = "SpreadSettled"
    section: str
    section_name: Text
    attempt: int
    again: bool
    reason: Personal


def spread_decided(state: Lifecycle, facts: Facts) -> list[Event]:
    """The branches that the review names, each with a stream id of its own that follows from this lifecycle."""
    units = {u.id: u for u in facts.directory.units}
    given_up = {s.section: s.attempt for s in state.spread if s.given_up}
    closed_to = {state.section, *came_through(state), *carried_to(state)}
    branches = []
    for section in dict.fromkeys(state.proposed.spread_to):
        if section not in units or section in closed_to:
            continue  # the review's rules refused it, or the organisation changed while the paper went round
        ref = f"{state.ref}-{section}"
        ref = ref if len(ref) <= _REF else f"{state.stream}-{section}"[:_REF]
        name = units[section].name
        title = f"{state.title[: _TITLE - len(name.ja) - 2]}({name.ja})"
        branches.append(
            Branch(
                section=section,
                section_name=name,
                stream=stream_of(ref),
                ref=ref,
                title=title[:_TITLE],
                attempt=given_up[section] + 1 if section in given_up else 0,
            )
        )
    why = " ".join(state.proposed.reasons)[:4000]
    return [SpreadDecided(round=state.round, why=why, branches=tuple(branches))] if branches else []


def carried_to(state: Lifecycle) -> frozenset[str]:
    """Sections to which an earlier expansion has been carried; what was given up may be tried again."""
    return frozenset(s.section for s in state.spread if not s.given_up)


def came_through(state: Lifecycle) -> tuple[str, ...]:
    """Sections in which this one's forerunners are at work: what is to change there changes them."""
    return state.origin.sections if state.origin is not None else ()


def only_spreads(state: Lifecycle) -> bool:
    """The expansion is carried to others, and nothing of this lifecycle itself becomes wider."""
    p = state.proposed
    return bool(p.spread_to) and not p.scope.strip() and not any(t.strip() for t in p.targets)


def starts(state: Lifecycle, recorded: Recorded) -> tuple[Effect, ...]:
    """The starts that follow from an event, as commands on the other streams."""
    event = recorded.event
    if isinstance(event, SpreadDecided):
        return tuple(
            _start(state, s, b.attempt) for b in event.branches for s in state.spread if s.section == b.section
        )
    if isinstance(event, SpreadSettled) and event.again:
        return tuple(_start(state, s, event.attempt) for s in state.spread if s.section == event.section)
    return ()


def _start(state: Lifecycle, branch: Spread, attempt: int) -> Effect:
    command = StartLifecycle(
        command_id=f"spread:{state.stream}/{branch.section}/{attempt}",
        stream=branch.stream,
        ref=branch.ref,
        title=branch.title,
        section=branch.section,
        viewpoint=_or_none(state.viewpoint),
        weight=_or_none(state.weight),
        definition=state.definition,
        tags=state.tags,
        source=state.source,
        origin=Origin(
            lifecycle=state.stream,
            ref=state.ref,
            title=state.title,
            round=branch.round,
            why=branch.why,
            sections=(*came_through(state), state.section),
        ),
    )
    return Effect(
        key=f"{_SPREAD}{branch.section}/{attempt}",
        kind="instruct",
        summary=Text(ja=f"横展開: {branch.title}", en=f"spread to {branch.section_name.en}: {branch.title}"),
        command={"kind": command.kind, "type": command.type, **command.model_dump(mode="json")},
    )


def _or_none(value: str | None) -> Any:
    return value or None


def turned_down(stream: str, key: str, refusal: Refusal) -> Command | None:
    """The command that keeps a refused start, or None when `key` is no start of ours."""
    if not key.startswith(_SPREAD):
        return None
    section, _, attempt = key.removeprefix(_SPREAD).rpartition("/")
    return NoteSpreadRefusal(
        command_id=f"refused:{stream}/{key}",
        stream=stream,
        section=section,
        attempt=int(attempt),
        rule=refusal.rule,
        message=refusal.message,
        remedy=refusal.remedy,
    )


def _branch(state: Lifecycle, section: str) -> Spread:
    found = next((s for s in state.spread if s.section == section), None)
    if found is None:
        known = "、".join(s.section for s in state.spread) or "-"
        raise refuse(
            "spread-unknown",
            f"section: {section} への横展開はありません(あるもの: {known})",
            f"section: nothing was started in {section!r} from here; there are: {known}",
            remedy_ja="`./taskforce lineage` で確認してください",
            remedy_en="see `./taskforce lineage`",
        )
    return found


def _note(state: Lifecycle, command: NoteSpreadRefusal, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    branch = _branch(state, command.section)
    return [
        SpreadRefused(
            section=branch.section,
            section_name=branch.section_name,
            attempt=command.attempt,
            rule=command.rule,
            message=command.message,
            remedy=command.remedy,
        )
    ]


def _settle(state: Lifecycle, command: SettleSpread, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_steer(actor, state, facts, now)
    branch = _branch(state, command.section)
    if not branch.rule or branch.given_up:
        raise refuse(
            "spread-not-refused",
            f"section: {command.section} への横展開は断られていません",
            f"section: the start in {command.section!r} is not waiting for anything to be settled",
            remedy_ja="処理するものはありません",
            remedy_en="there is nothing to settle",
        )
    return [
        SpreadSettled(
            section=branch.section,
            section_name=branch.section_name,
            attempt=branch.attempt + command.again,
            again=command.again,
            reason=command.reason,
        )
    ]


def _decided(state: Lifecycle, event: SpreadDecided, _: Recorded) -> Changes:
    new = tuple(Spread(**b.model_dump(), round=event.round, why=event.why) for b in event.branches)
    # Others have begun to act on it elsewhere: the answer is not taken back any more.
    again = {b.section for b in event.branches}
    kept = tuple(s for s in state.spread if s.section not in again)
    return {"spread": (*kept, *new), "before": None}


def _with(state: Lifecycle, section: str, **changes: Any) -> Changes:
    return {"spread": tuple(s.model_copy(update=changes) if s.section == section else s for s in state.spread)}


COMMANDS: dict[str, type[Command]] = {k.type: k for k in (NoteSpreadRefusal, SettleSpread)}
EVENTS: dict[str, type[Event]] = {k.type: k for k in (SpreadDecided, SpreadRefused, SpreadSettled)}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    NoteSpreadRefusal: _note,
    SettleSpread: _settle,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    SpreadDecided: _decided,
    SpreadRefused: lambda s, v, _: _with(s, v.section, rule=v.rule, message=v.message, remedy=v.remedy),
    SpreadSettled: lambda s, v, _: (
        _with(s, v.section, attempt=v.attempt, rule="", message=None, remedy=None)
        if v.again
        else _with(s, v.section, given_up=True)
    ),
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    SpreadDecided: lambda s, v: Text(
        ja="横展開: " + "、".join(b.section_name.ja for b in v.branches),
        en="spread to other departments: " + ", ".join(b.section_name.en for b in v.branches),
    ),
    SpreadRefused: lambda s, v: Text(
        ja=f"横展開できません: {v.section_name.ja}({v.message.ja})",
        en=f"could not start in {v.section_name.en}: {v.message.en}",
    ),
    SpreadSettled: lambda s, v: Text(
        ja=f"横展開の例外を処理: {v.section_name.ja}({'再試行' if v.again else '取りやめ'})",
        en=f"start in {v.section_name.en} {'tried again' if v.again else 'given up'}",
    ),
}
