"""What a body concluded in session, carried to the lifecycle: it answers the request that waits for the body's chair, on exactly
the document that lay before the body, or opens the review that the body asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from domain.calendar import local_day
from domain.facts import Facts
from domain.lifecycle.absence import Standing
from domain.lifecycle.answers import answered_by
from domain.lifecycle.commands import AnswerRequest, Condition, Decision, LifecycleCommand
from domain.lifecycle.deputising import handed_on
from domain.lifecycle.handing import fell_back
from domain.lifecycle.reviewing import review_events
from domain.lifecycle.state import Fell, Lifecycle
from domain.messages import Actor, Command, Event, Personal, Quote, Recorded, Text, refuse

Changes = dict[str, Any]


class CarryConclusion(LifecycleCommand):
    """Given by a session that was closed, once for each item. `presided`: who chaired; `post`: the chair's post."""

    type = "CarryConclusion"
    system_only = True
    session: str
    session_title: Text
    item: str
    presided: str
    post: str
    effect: Literal["answer", "review", "note"]
    request: str = ""
    seen: str = ""
    decision: Decision = "approve"
    comment: str = Field(default="", max_length=8000)
    conditions: tuple[Condition, ...] = ()
    back_to: str | None = None
    outcome: str | None = None
    document: str = ""
    """The 決裁 that the closing drafted after this conclusion, where the rules of the bodies ask for one."""
    quotes: Quote | None = None


class ConclusionCarried(Event):
    """What the body concluded stands with its session; what follows here are the events beside this one."""

    type = "ConclusionCarried"
    session: str
    session_title: Text
    item: str
    presided: str
    effect: Literal["answer", "review", "note"]
    text: Personal
    document: str = ""


def _carry(state: Lifecycle, command: CarryConclusion, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    carried = ConclusionCarried(
        session=command.session,
        session_title=command.session_title,
        item=command.item,
        presided=command.presided,
        effect=command.effect,
        text=command.comment,
        document=command.document,
    )
    if command.effect == "note":
        return [carried]
    if command.effect == "review":
        return [carried, *review_events(state, "body", command.comment, facts, now)]
    request = state.request(command.request)
    if request is not None and request.post != command.post:
        raise refuse(
            "not-before-this-body",
            f"この依頼は {request.post_title.ja} 宛てで、この会議の議長宛てではありません",
            f"this request is addressed to {request.post_title.en}, not to the chair of this body",
            remedy_ja="宛先の職が答えてください",
            remedy_en="let the post that is asked answer",
        )
    answer = AnswerRequest(
        command_id=command.command_id,
        stream=command.stream,
        request=command.request,
        decision=command.decision,
        comment=command.comment,
        conditions=command.conditions,
        back_to=command.back_to,
        outcome=command.outcome,
        seen=command.seen or None,
    )
    day = local_day(now)
    handed = request is not None and handed_on(state, request, facts, day) is not None
    return [
        carried,
        *([fell_back(request, Fell(why="session", on=day), facts)] if request is not None and handed else []),
        *answered_by(
            state, answer, Standing(person=command.presided, stands="body", session=command.session), facts, now
        ),
    ]


COMMANDS: dict[str, type[Command]] = {CarryConclusion.type: CarryConclusion}
EVENTS: dict[str, type[Event]] = {ConclusionCarried.type: ConclusionCarried}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    CarryConclusion: _carry
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {ConclusionCarried: lambda _, __, ___: {}}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    ConclusionCarried: lambda s, v: Text(
        ja=f"{v.session_title.ja}の結論を反映" + (f"(決裁の起案 {v.document[:8]})" if v.document else ""),
        en=f"concluded by the {v.session_title.en}" + (f" (decision drafted: {v.document[:8]})" if v.document else ""),
    )
}
