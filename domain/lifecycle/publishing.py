"""Publication: what citizens may read of a lifecycle, from which day. Chosen by the secretariat, one lifecycle at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from domain.calendar import local_day, wareki
from domain.facts import Facts
from domain.lifecycle.authority import definition, known_person
from domain.lifecycle.budgets import embargoed_until
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.state import Lifecycle, Publication
from domain.messages import Actor, Command, Event, Personal, Recorded, Text, refuse

Changes = dict[str, Any]
Part = Literal["stages", "kpis", "outcomes", "budget"]
"""What is shown beside title, section in charge and summary: the way so far, figures, results of reviews, voted amounts."""


class PublishLifecycle(LifecycleCommand):
    """Let citizens read of this lifecycle from `since` on. The summary is written for them; nothing else of the record's
    texts is shown. Publishing again replaces what is shown."""

    type = "PublishLifecycle"
    summary: str = Field(min_length=1, max_length=4000)
    summary_en: str = Field(default="", max_length=4000)
    since: date
    """Day of publication in Japan; before it nothing is shown (an embargo)."""
    parts: tuple[Part, ...] = ("stages", "kpis", "outcomes")


class UnpublishLifecycle(LifecycleCommand):
    """Take a lifecycle off the public page."""

    type = "UnpublishLifecycle"
    reason: str = Field(min_length=1, max_length=4000)


class LifecyclePublished(Event):
    """The summary is public by intent, so it is not sealed."""

    type = "LifecyclePublished"
    summary: Text
    since: date
    parts: tuple[Part, ...]


class LifecycleUnpublished(Event):
    type = "LifecycleUnpublished"
    reason: Personal


def may_publish(actor: Actor, facts: Facts, now: datetime) -> str:
    """The headquarters' people (事務局). Raises `Refused`."""
    person = known_person(actor, facts)
    office = definition(facts).units.get("headquarters")
    if office is None or office not in facts.directory.units_of(person, local_day(now)):
        raise refuse(
            "not-secretariat",
            f"{person} は事務局の職員ではありません",
            f"{person} is not of the secretariat",
            remedy_ja="事務局の職員が行ってください",
            remedy_en="let someone of the secretariat do it",
        )
    return person


def _publish(state: Lifecycle, command: PublishLifecycle, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_publish(actor, facts, now)
    if state.merged_into is not None:
        raise refuse(
            "merged-away",
            f"{state.merged_into} に統合されています",
            f"it has been merged into {state.merged_into}",
            remedy_ja="統合先を公開してください",
            remedy_en="publish that one",
        )
    summary = Text(ja=command.summary, en=command.summary_en)
    parts = tuple(dict.fromkeys(command.parts))
    waits = embargoed_until(state, command.since)
    if "budget" in parts and waits is not None:
        raise refuse(
            "bill-embargo",
            f"since: 議案は{wareki(waits)}まで公になりません",
            f"since: the bill is not public before {waits}",
            remedy_ja="その日以後に公開するか、予算を除いてください",
            remedy_en="publish from that day on, or leave the budget out",
        )
    if state.publication == Publication(summary=summary, since=command.since, parts=parts):
        return []
    return [LifecyclePublished(summary=summary, since=command.since, parts=parts)]


def _unpublish(
    state: Lifecycle, command: UnpublishLifecycle, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    may_publish(actor, facts, now)
    if state.publication is None:
        raise refuse(
            "not-published",
            "公開されていません",
            "it is not published",
            remedy_ja="取り消すものはありません",
            remedy_en="there is nothing to take back",
        )
    return [LifecycleUnpublished(reason=command.reason)]


COMMANDS: dict[str, type[Command]] = {
    PublishLifecycle.type: PublishLifecycle,
    UnpublishLifecycle.type: UnpublishLifecycle,
}
EVENTS: dict[str, type[Event]] = {
    LifecyclePublished.type: LifecyclePublished,
    LifecycleUnpublished.type: LifecycleUnpublished,
}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    PublishLifecycle: _publish,
    UnpublishLifecycle: _unpublish,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    LifecyclePublished: lambda _, v, __: {
        "publication": Publication(summary=v.summary, since=v.since, parts=v.parts),
    },
    LifecycleUnpublished: lambda _, __, ___: {"publication": None},
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    LifecyclePublished: lambda s, v: Text(
        ja=f"{wareki(v.since)}から市民に公開", en=f"published for citizens from {v.since.isoformat()}"
    ),
    LifecycleUnpublished: lambda s, v: Text(ja="公開を取りやめ", en="taken off the public page"),
}
