"""Succession: what one person has in their own name in a lifecycle goes to another. What waits for posts needs no handing over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from domain.facts import Facts
from domain.lifecycle.authority import may_steer
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.state import Lifecycle
from domain.messages import Actor, Command, Event, Personal, Recorded, Text, refuse

Changes = dict[str, Any]


class HandOver(LifecycleCommand):
    """事務引継: the drafter's part, a seat in the taskforce or project team, and KPIs of one person become another's."""

    type = "HandOver"
    previous: str
    successor: str
    reason: str = Field(min_length=1, max_length=4000)


class DutiesHandedOver(Event):
    """`duties`: drafter, member, and kpi:KEY for each KPI."""

    type = "DutiesHandedOver"
    previous: str
    successor: str
    duties: tuple[str, ...]
    reason: Personal


def duties_of(state: Lifecycle, person: str) -> tuple[str, ...]:
    """What a person has in their own name in a lifecycle that is open."""
    if state.closed:
        return ()
    return (
        *(("drafter",) if state.drafter == person else ()),
        *(("member",) if person in state.people else ()),
        *(f"kpi:{k.key}" for k in state.kpis if k.owner == person),
    )


def _hand_over(state: Lifecycle, command: HandOver, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_steer(actor, state, facts, now)
    found = facts.directory.person(command.successor)
    if found is None or found.service or found.auditor or command.successor == command.previous:
        raise refuse(
            "successor-unfit",
            f"successor: {command.successor} には引き継げません(名簿にない、職員でない、または同じ人です)",
            f"successor: nothing can be handed over to {command.successor!r}: not in the directory, no officer, or the same person",
            remedy_ja="引き継ぐ職員の ID を確かめてください(`./taskforce people`)",
            remedy_en="check the successor's id (`./taskforce people`)",
        )
    duties = duties_of(state, command.previous)
    if not duties:
        raise refuse(
            "nothing-to-hand-over",
            f"{command.previous} が自分の名で持つものはありません",
            f"{command.previous} has nothing in their own name here",
            remedy_ja="職あての依頼は後任が自動で引き継ぎます",
            remedy_en="what waits for a post passes to its next holder by itself",
        )
    return [
        DutiesHandedOver(previous=command.previous, successor=command.successor, duties=duties, reason=command.reason)
    ]


def _handed_over(state: Lifecycle, event: DutiesHandedOver, _: Recorded) -> Changes:
    """Who drafted what is in circulation stays its author."""
    people = tuple(dict.fromkeys(event.successor if p == event.previous else p for p in state.people))
    return {
        "drafter": event.successor if state.drafter == event.previous else state.drafter,
        "people": people,
        "kpis": tuple(
            k.model_copy(update={"owner": event.successor}) if k.owner == event.previous else k for k in state.kpis
        ),
    }


COMMANDS: dict[str, type[Command]] = {HandOver.type: HandOver}
EVENTS: dict[str, type[Event]] = {DutiesHandedOver.type: DutiesHandedOver}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    HandOver: _hand_over
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {DutiesHandedOver: _handed_over}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    DutiesHandedOver: lambda s, v: Text(
        ja=f"事務引継: {v.previous} から {v.successor} へ", en=f"duties handed over from {v.previous} to {v.successor}"
    )
}
