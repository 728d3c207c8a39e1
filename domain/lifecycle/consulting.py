"""Objection and consultation (協議), the common superior's decision, and concurrence added while a document is open.

An objection decides nothing by itself: the two consult; what they cannot settle goes to whoever stands above both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field

from domain.calendar import Span, local_day
from domain.directory import Post
from domain.facts import Facts
from domain.lifecycle.authority import definition, known_person, may_draft, require_running
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.consultations import (
    ConcurrenceAdded,
    ConsultationOpened,
    ConsultationSettled,
    settled,
)
from domain.lifecycle.deputising import barred
from domain.lifecycle.dialogue import route_posts
from domain.lifecycle.passing import proceed
from domain.lifecycle.routes import ADDED, request_for, resolve
from domain.lifecycle.state import Consultation, Given, Lifecycle, Request
from domain.messages import Actor, Command, Event, Recorded, Text, refuse
from domain.process import Stage, Step

Changes = dict[str, Any]
CONSULT_WITHIN = Span(working_days=5)


# --- commands --------------------------------------------------------------------------------------------------------


class SettleConsultation(LifecycleCommand):
    """End a consultation: the objection is withdrawn, or left to the common superior."""

    type = "SettleConsultation"
    consultation: str
    agreed: bool
    comment: str = Field(min_length=1, max_length=4000)


class AddConcurrence(LifecycleCommand):
    """Ask one more post to agree, while the document is in circulation."""

    type = "AddConcurrence"
    post: str
    reason: str = Field(min_length=1, max_length=4000)


# --- rules -----------------------------------------------------------------------------------------------------------


def objected(
    state: Lifecycle, request: Request, step: Step, stage: Stage, facts: Facts, now: datetime
) -> Sequence[Event]:
    """What follows from an objection."""
    return [
        ConsultationOpened(
            consultation=str(uuid5(NAMESPACE_URL, f"consultation:{request.id}")),
            request=request.id,
            stage=stage.key,
            round=state.round,
            step_index=request.step_index,
            post=request.post,
            post_title=request.post_title,
            due_at=facts.calendar.after(now, step.consult_within or CONSULT_WITHIN),
        )
    ]


def overruled(after: Lifecycle, request: Request) -> tuple[list[Event], Lifecycle]:
    """The common superior agreed: the objection stands no more; with the state in which it does not."""
    found = next((c for c in after.consultations if c.id == request.about), None)
    if found is None:
        return [], after
    event = settled(found, "overruled")
    return [event], after.model_copy(update=_folded(after, event))


def _settle(
    state: Lifecycle, command: SettleConsultation, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    found = next((c for c in state.consultations if c.id == command.consultation and not c.referred), None)
    if found is None:
        raise refuse(
            "consultation-not-open",
            "この協議はもう開いていません",
            "this consultation is not open any more",
            remedy_ja="`./taskforce show` で今の状態を確認してください",
            remedy_en="see where it stands with `./taskforce show`",
        )
    require_running(state)
    objector = objects(actor, state, found.post, facts, now)
    if command.agreed and not objector:
        raise refuse(
            "not-your-objection",
            f"異議を取り下げられるのは {found.post_title.ja} だけです",
            f"only {found.post_title.en} can withdraw the objection",
            remedy_ja="その職にある者が協議成立を記録してください",
            remedy_en="let a holder of that post record the agreement",
        )
    if not objector:
        may_draft(actor, state, facts, now)
    if not command.agreed:
        return refer(state, found, command.comment, facts, now)
    event = settled(found, "agreed", command.comment)
    process = definition(facts)
    after = state.model_copy(update=_folded(state, event))
    onward = proceed(after, found.step_index, _NOTHING_DECIDED, process.stage(state.work), process, facts, now)
    return [event, *onward.events]


def objects(actor: Actor, state: Lifecycle, post: str, facts: Facts, now: datetime) -> bool:
    """Whether somebody may withdraw the objection that a post made; those who may draft refer it to the common superior."""
    person = known_person(actor, facts)
    return person in facts.directory.holders(post, local_day(now)) and person not in state.recused


class _Nothing:
    """No outcome is named by settling: at a review the recommendation holds."""

    comment = ""
    outcome: str | None = None
    back_to: str | None = None


_NOTHING_DECIDED = _Nothing()


def refer(
    state: Lifecycle, found: Consultation, comment: str, facts: Facts, now: datetime, *, by_time: bool = False
) -> Sequence[Event]:
    """Unresolved: the common superior is asked."""
    stage = definition(facts).stage(state.work)
    step = stage.gate[found.step_index]
    post = common_superior(state, found.post, step, stage, facts)
    opened = request_for(
        state,
        stage,
        found.step_index,
        post,
        state.serial + 1,
        facts,
        now,
        extra="superior",
        title=Text(ja="協議不調の裁定", en="decision after consultation"),
        about=found.id,
    )
    return [settled(found, "referred", comment, by_time=by_time), opened]


def common_superior(state: Lifecycle, post: str, step: Step, stage: Stage, facts: Facts) -> Post:
    """Who the definition names, else the nearest head above both the section in charge and the objector's unit.

    Where neither is found, whoever decides last on this route."""
    if step.superior is not None:
        return resolve(step.superior, state, facts)[0]
    here = facts.directory
    objector = here.post(post)
    above = here.lineage(objector.unit) if objector else []
    heads = definition(facts).heads
    for unit in (u for u in here.lineage(state.section) if u in above):
        for role in heads:
            found = here.post_for(role, unit)
            if found is not None and found.unit == unit and found.id != post:
                return found
    return resolve(stage.gate[-1].posts[0], state, facts)[0]


def may_add(actor: Actor, state: Lifecycle, facts: Facts, now: datetime) -> None:
    """Whoever the route asks, and those who may draft. Raises `Refused` for others."""
    held = set(facts.directory.posts_of(known_person(actor, facts), local_day(now)))
    if not held & set(route_posts(state, definition(facts).stage(state.work), facts)):
        may_draft(actor, state, facts, now)


def _add(state: Lifecycle, command: AddConcurrence, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    known_person(actor, facts)
    places = [r.step_index for r in state.requests if r.kind == "decide"]
    places += [found.step_index for found in state.consultations]
    if not places or state.submission is None:
        raise refuse(
            "nothing-in-circulation",
            "回議中の成果物がありません",
            "nothing is in circulation",
            remedy_ja="提出してから合議先を加えてください",
            remedy_en="hand the document in first",
        )
    require_running(state)
    may_add(actor, state, facts, now)
    stage = definition(facts).stage(state.work)
    post = facts.directory.post(command.post)
    if post is None:
        raise refuse(
            "no-such-post",
            f"post: 職 {command.post} は名簿にありません",
            f"post: {command.post!r} is no post of the directory",
            remedy_ja="職の ID を確かめてください(`./taskforce people`)",
            remedy_en="check the post's id (`./taskforce people`)",
        )
    if any(r.post == post.id for r in state.requests) or any(g.post == post.id for g in state.given):
        raise refuse(
            "asked-already",
            f"post: {post.title.ja} には既に求めています",
            f"post: {post.title.en} is asked already, or has answered",
            remedy_ja="何もする必要はありません",
            remedy_en="nothing needs to be done",
        )
    _somebody_else(state, post, stage.gate[places[0]], facts, now)
    opened = request_for(
        state,
        stage,
        places[0],
        post,
        state.serial + 1,
        facts,
        now,
        extra="added",
        title=ADDED,
    )
    return [ConcurrenceAdded(post=post.id, post_title=post.title, reason=command.reason), opened]


def _somebody_else(state: Lifecycle, post: Post, step: Step, facts: Facts, now: datetime) -> None:
    """Concurrence is somebody else's: a post that only drafters hold, or people recused, has nobody who could give it."""
    holders = facts.directory.holders(post.id, local_day(now))
    if not holders or set(holders) - barred(state, step):
        return
    raise refuse(
        "nobody-could-concur",
        f"post: {post.title.ja} の職にあるのは起案者か回避した者だけです({', '.join(holders)})",
        f"post: only drafters or people recused hold {post.title.en} ({', '.join(holders)})",
        remedy_ja="同意できる別の職を選んでください",
        remedy_en="choose a post that somebody else holds",
    )


# --- folds -----------------------------------------------------------------------------------------------------------


def _opened(state: Lifecycle, event: ConsultationOpened, _: Recorded) -> Changes:
    consultation = Consultation(
        id=event.consultation,
        request=event.request,
        post=event.post,
        post_title=event.post_title,
        step_index=event.step_index,
        due_at=event.due_at,
    )
    return {"consultations": (*state.consultations, consultation)}


def _folded(state: Lifecycle, event: ConsultationSettled) -> Changes:
    if event.settlement == "moot":
        return {"consultations": tuple(c for c in state.consultations if c.id != event.consultation)}
    if event.settlement == "referred":
        return {
            "consultations": tuple(
                c.model_copy(update={"referred": True}) if c.id == event.consultation else c
                for c in state.consultations
            )
        }
    decision = "approve" if event.settlement == "agreed" else "overruled"
    return {
        "consultations": tuple(c for c in state.consultations if c.id != event.consultation),
        "given": tuple(_now(g, decision) if g.request == event.request else g for g in state.given),
    }


def _now(given: Given, decision: str) -> Given:
    return given.model_copy(update={"decision": decision})


def _nothing(state: Lifecycle, event: Event, _: Recorded) -> Changes:
    return {}


_SETTLED = {
    "agreed": Text(ja="協議が調い、異議を取り下げ", en="consultation settled, the objection is withdrawn"),
    "referred": Text(ja="協議が調わず、共通の上司へ", en="consultation unresolved, left to the common superior"),
    "overruled": Text(ja="共通の上司が裁定", en="the common superior has decided"),
    "moot": Text(ja="必要な同意がそろい、協議を終了", en="enough have agreed, the consultation ends"),
}
COMMANDS: dict[str, type[Command]] = {k.type: k for k in (SettleConsultation, AddConcurrence)}
EVENTS: dict[str, type[Event]] = {k.type: k for k in (ConsultationOpened, ConsultationSettled, ConcurrenceAdded)}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    SettleConsultation: _settle,
    AddConcurrence: _add,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    ConsultationOpened: _opened,
    ConsultationSettled: lambda state, event, _: _folded(state, event),
    ConcurrenceAdded: _nothing,
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    ConsultationOpened: lambda s, v: Text(
        ja=f"{v.post_title.ja}の異議により協議", en=f"{v.post_title.en} objects: consultation"
    ),
    ConsultationSettled: lambda s, v: Text(
        ja=f"{v.post_title.ja}: {_SETTLED[v.settlement].ja}", en=f"{v.post_title.en}: {_SETTLED[v.settlement].en}"
    ),
    ConcurrenceAdded: lambda s, v: Text(
        ja=f"合議先を追加: {v.post_title.ja}", en=f"concurrence added: {v.post_title.en}"
    ),
}
