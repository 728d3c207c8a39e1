"""The document of a decision: its number (起案番号), the day it takes effect (施行日), and decisions made in another system.

Numbers run without a gap within a fiscal year and section. A decision that the city's own document system has made is entered
once, with its number and date; the gate passes, and nobody decides twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import Field

from domain.calendar import fiscal_year, local_day, wareki, wareki_fiscal_year
from domain.directory import Post
from domain.facts import Facts
from domain.kinds import Row
from domain.lifecycle import events as e
from domain.lifecycle.authority import definition, may_steer, require_running
from domain.lifecycle.commands import LifecycleCommand, SubmitDeliverable
from domain.lifecycle.events import DocumentNumber
from domain.lifecycle.outcomes import require_round_left
from domain.lifecycle.passing import others_closed, pass_gate
from domain.lifecycle.routes import last_step, resolve
from domain.lifecycle.state import Decided, Lifecycle
from domain.messages import Actor, Command, Event, Personal, Recorded, Text, refuse
from domain.process import Step

Changes = dict[str, Any]


class EnterOutsideDecision(LifecycleCommand):
    """A decision on the document in circulation was made in the city's own document system.

    `seen` is the hash of the document that was decided on there; `decided_by` the post of whoever decided last.
    """

    type = "EnterOutsideDecision"
    system: str = Field(min_length=1, max_length=100)
    number: str = Field(min_length=1, max_length=100)
    decided_on: date
    decided_by: str
    seen: str
    comment: str = Field(default="", max_length=4000)
    outcome: str | None = None
    back_to: str | None = None


class EnforceDecision(LifecycleCommand):
    """A decision took effect (施行)."""

    type = "EnforceDecision"
    stage: str
    round: int | None = None
    on: date


class OutsideDecisionEntered(Event):
    """The gate passes by a decision made elsewhere."""

    type = "OutsideDecisionEntered"
    stage: str
    title: Text
    round: int
    system: str
    number: str
    decided_on: date
    post: str
    post_title: Text
    outcome: str | None
    content_hash: str
    comment: Personal


class DecisionEnforced(Event):
    type = "DecisionEnforced"
    stage: str
    title: Text
    round: int
    number: DocumentNumber | None
    on: date


def register(state: Lifecycle, command: Command, facts: Facts, now: datetime) -> str | None:
    """The register from which the command draws a number: the first version of a document does, from the section that stands
    for the lifecycle's that day (機構改革)."""
    if not isinstance(command, SubmitDeliverable) or f"{state.work}/{state.round}" in state.numbers:
        return None
    day = local_day(now)
    return f"{fiscal_year(day)}/{facts.directory.unit_on(state.section, day)}" if state.section else None


def register_of(number: DocumentNumber) -> str:
    return f"{number.fiscal_year}/{number.section}"


def number_of(state: Lifecycle, facts: Facts, now: datetime) -> DocumentNumber | None:
    """The number of the document being handed in: the one it has, else the one drawn."""
    place = f"{state.work}/{state.round}"
    if place in state.numbers or facts.number is None:
        return state.numbers.get(place)
    day = local_day(now)
    section = facts.directory.unit_on(state.section, day)
    return DocumentNumber(fiscal_year=fiscal_year(day), section=section, serial=facts.number)


def shown(number: DocumentNumber, section: Text) -> Text:
    """令和8年度 デジタル戦略室 第12号."""
    return Text(
        ja=f"{wareki_fiscal_year(number.fiscal_year)} {section.ja} 第{number.serial}号",
        en=f"FY{number.fiscal_year} {section.en} no. {number.serial}",
    )


def _outside(
    state: Lifecycle, command: EnterOutsideDecision, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    person = may_steer(actor, state, facts, now)
    process = definition(facts)
    stage = process.stage(state.work)
    if not stage.outside_decision:
        raise refuse(
            "outside-not-allowed",
            f"{stage.title.ja}の決裁は外部の文書管理システムでは行えません(プロセス定義)",
            f"{stage.title.en}: this process takes no decision from another system",
            remedy_ja="この画面の経路で決裁を受けるか、定義の outside_decision を改めてください",
            remedy_en="let the route here decide, or set `outside_decision` in a new version of the definition",
        )
    submission = state.submission
    require_running(state)
    if not state.in_circulation or submission is None:
        raise refuse(
            "nothing-in-circulation",
            "回議中の成果物がありません",
            "nothing is in circulation",
            remedy_ja="提出してから、その版についての決裁を入力してください",
            remedy_en="hand in the document that was decided on first",
        )
    if command.seen != submission.content_hash:
        raise refuse(
            "stale-document",
            f"seen: 回議中の文書(第{submission.version}版)は決裁を受けた文書ではありません",
            f"seen: the document in circulation (version {submission.version}) is not the one that was decided on",
            remedy_ja="決裁を受けた版を提出してください(`./taskforce show`)",
            remedy_en="hand in the version that was decided on (`./taskforce show`)",
        )
    _decided_on_a_day(command, local_day(submission.at), local_day(now))
    if facts.claimed is not None:
        raise refuse(
            "outside-number-used",
            f"number: {command.system} {command.number} は {facts.claimed} に入力済みです",
            f"number: {command.system} {command.number} has been entered for {facts.claimed} already",
            remedy_ja="文書番号を確かめてください",
            remedy_en="check the number of the document",
        )
    last = stage.gate[last_step(state, stage)]
    post = _decider(state, command, last, facts, now)
    _entered_by(state, person, last)
    after = state.model_copy(update={"requests": (), "consultations": ()})
    onward = pass_gate(after, command, stage, process, facts, now)
    require_round_left(state, onward.outcome, process)
    decided = OutsideDecisionEntered(
        stage=stage.key,
        title=stage.title,
        round=state.round,
        system=command.system,
        number=command.number,
        decided_on=command.decided_on,
        post=post.id,
        post_title=post.title,
        outcome=onward.outcome,
        content_hash=submission.content_hash,
        comment=command.comment,
    )
    told = [
        c.model_copy(update={"post": r.post})
        for c, r in zip(others_closed(state, None, "outside"), state.requests, strict=True)
    ]
    return [decided, *told, *onward.events]


def _decider(state: Lifecycle, command: EnterOutsideDecision, last: Step, facts: Facts, now: datetime) -> Post:
    """The post that decided: one of those that the last step of this route asks of this lifecycle, on its own bureau."""
    here, day = facts.directory, local_day(now)
    asked = {post.id: post for ref in last.posts for post in resolve(ref, state, facts)}
    found = here.post(command.decided_by)
    if found is not None and here.post_on(found.id, day) in {here.post_on(post, day) for post in asked}:
        return found
    known = [f"{post.id}({post.title.ja})" for post in asked.values()]
    raise refuse(
        "outside-decider",
        f"decided_by: {command.decided_by} はこの関門の最後の決裁者ではありません",
        f"decided_by: {command.decided_by!r} is not who decides last at this gate",
        remedy_ja="次のいずれかの職を書いてください: " + "、".join(known),
        remedy_en="name one of these posts: " + ", ".join(asked),
    )


def _entered_by(state: Lifecycle, person: str, last: Step) -> None:
    """A decision that passes a gate is entered by somebody who could have no part in it: neither drafter nor recused."""
    if person in state.recused:
        raise refuse(
            "recused",
            f"{person} はこの案件について回避しています",
            f"{person} is recused in this matter",
            remedy_ja="ほかの職員が入力してください",
            remedy_en="let somebody else enter it",
        )
    drafted = (*state.authors, *((state.submission.person,) if state.submission else ()))
    if person in drafted and not last.drafter_may_decide:
        raise refuse(
            "separation-of-duties",
            f"{person} は起案者なので、自分の文書の決裁は入力できません",
            f"{person} drafted this and cannot enter the decision on it",
            remedy_ja="起案していない職員(事務局など)が入力してください",
            remedy_en="let somebody who has not drafted it (e.g. of the secretariat) enter it",
        )


def _decided_on_a_day(command: EnterOutsideDecision, drafted: date, today: date) -> None:
    if drafted <= command.decided_on <= today:
        return
    raise refuse(
        "outside-date",
        f"decided_on: {wareki(command.decided_on)} は起案日({wareki(drafted)})より前か、まだ来ていません",
        f"decided_on: {command.decided_on} lies before the draft ({drafted}) or is yet to come",
        remedy_ja="決裁日を確かめてください",
        remedy_en="check the day of the decision",
    )


def _enforce(state: Lifecycle, command: EnforceDecision, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_steer(actor, state, facts, now)
    place = f"{command.stage}/{command.round or state.round}"
    decided = state.decided.get(place)
    if decided is None:
        open_ = ", ".join(state.decided) or "-"
        raise refuse(
            "nothing-to-enforce",
            f"stage: {place} に施行を待つ決裁はありません(待っているもの: {open_})",
            f"stage: no decision of {place} waits to take effect; waiting are: {open_}",
            remedy_ja="段階と期を確かめてください(`./taskforce register`)",
            remedy_en="check stage and round (`./taskforce register`)",
        )
    if command.on > local_day(now):
        raise refuse(
            "enforced-in-future",
            f"on: {wareki(command.on)} はまだ来ていません",
            f"on: {command.on} is yet to come",
            remedy_ja="施行した日に、その日付で記録してください",
            remedy_en="record it once it has taken effect, with that day",
        )
    if command.on < decided.on:
        raise refuse(
            "enforced-before-decided",
            f"on: {wareki(command.on)} は決裁日 {wareki(decided.on)} より前です",
            f"on: {command.on} lies before the decision ({decided.on})",
            remedy_ja="決裁日以後の日を書いてください",
            remedy_en="name the day of the decision or a later one",
        )
    stage, _, round_ = place.partition("/")
    return [DecisionEnforced(stage=stage, title=decided.title, round=int(round_), number=decided.number, on=command.on)]


def _enforced(state: Lifecycle, event: DecisionEnforced, _: Recorded) -> Changes:
    place = f"{event.stage}/{event.round}"
    return {"decided": {k: v for k, v in state.decided.items() if k != place}}


def passed(state: Lifecycle, event: e.GatePassed, recorded: Recorded) -> Changes:
    """The document is decided: it waits to take effect, and the next one draws a number of its own."""
    place = f"{event.stage}/{event.round}"
    number = state.numbers.get(place)
    day = state.outside_on or local_day(recorded.occurred_at)
    decided = Decided(number=number, title=event.title, on=day)
    return {
        "outside_on": None,
        "numbers": {k: v for k, v in state.numbers.items() if k != place},
        "decided": {**state.decided, place: decided},
    }


def entry(recorded: Recorded) -> Row | None:
    """The line that an event adds to the register of documents (起案簿)."""
    event = recorded.event
    row: Row = {
        "stream": recorded.stream,
        "version": recorded.version,
        "register": None,
        "serial": None,
        "system": None,
        "number": None,
    }
    if isinstance(event, e.DeliverableSubmitted) and event.number is not None:
        row |= {"kind": "drafted", "day": local_day(recorded.occurred_at), "person": recorded.actor.person}
        number: DocumentNumber | None = event.number
    elif isinstance(event, e.GatePassed):
        row |= {"kind": "decided", "day": local_day(recorded.occurred_at), "person": recorded.actor.person}
        number = event.number
    elif isinstance(event, OutsideDecisionEntered):
        row |= {"kind": "outside", "day": event.decided_on, "person": recorded.actor.person}
        row |= {"system": event.system, "number": event.number}
        number = None
    elif isinstance(event, DecisionEnforced):
        row |= {"kind": "enforced", "day": event.on, "person": recorded.actor.person}
        number = event.number
    else:
        return None
    if number is not None:
        row |= {"register": register_of(number), "serial": number.serial}
    return {**row, "stage": event.stage, "round": event.round}


COMMANDS: dict[str, type[Command]] = {k.type: k for k in (EnterOutsideDecision, EnforceDecision)}
EVENTS: dict[str, type[Event]] = {k.type: k for k in (OutsideDecisionEntered, DecisionEnforced)}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    EnterOutsideDecision: _outside,
    EnforceDecision: _enforce,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    OutsideDecisionEntered: lambda s, v, _: {"outside_on": v.decided_on},
    DecisionEnforced: _enforced,
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    OutsideDecisionEntered: lambda s, v: Text(
        ja=f"{v.title.ja}: {v.system} {v.number} により決裁済({wareki(v.decided_on)}、{v.post_title.ja})",
        en=f"{v.title.en}: decided as {v.system} {v.number} on {v.decided_on} by {v.post_title.en}",
    ),
    DecisionEnforced: lambda s, v: Text(
        ja=f"{v.title.ja}を施行({wareki(v.on)})", en=f"{v.title.en}: in effect on {v.on}"
    ),
}
