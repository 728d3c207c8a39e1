"""代決の依頼: somebody hands one request on to a registered deputy of their post, who then decides it in their place.

Whoever hands it on could decide it; whoever takes it is one whom the directory lets stand for that post. The request stays addressed to
the post. While it is handed on only the deputy decides; it falls back by itself once either of the two could not do so any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import Field

from domain.calendar import local_day
from domain.facts import Facts
from domain.lifecycle.authority import definition, known_person, require_running
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.state import Handed, Lifecycle, Request
from domain.messages import Actor, Command, Event, Personal, Recorded, Text, refuse
from domain.process import Step

Changes = dict[str, Any]


class HandOnRequest(LifecycleCommand):
    """Ask a registered deputy of one's post to decide one request in one's place (代決の依頼). `to` is the deputy's person id."""

    type = "HandOnRequest"
    request: str
    to: str
    reason: str = Field(min_length=1, max_length=4000)


class TakeRequestBack(LifecycleCommand):
    """A request that was handed on is decided by the post itself again: taken back by whoever holds it, or given back by the deputy."""

    type = "TakeRequestBack"
    request: str
    reason: str = Field(default="", max_length=4000)


class RequestHandedOn(Event):
    """`to_post` is the post among the registered deputies of `post` that `to` holds."""

    type = "RequestHandedOn"
    request: str
    step: str
    step_title: Text
    post: str
    post_title: Text
    to: str
    to_post: str
    to_title: Text
    reason: Personal


class RequestTakenBack(Event):
    """`given_back`: by the one whom it had been handed to."""

    type = "RequestTakenBack"
    request: str
    step_title: Text
    post: str
    to: str
    given_back: bool
    reason: Personal


# --- who may ------------------------------------------------------------------------------------------------------------


def takers(state: Lifecycle, request: Request, facts: Facts, day: date) -> dict[str, str]:
    """Those to whom an open request may be handed on that day: person -> the post in which they stand for the one asked.

    Registered deputies, in their order, who are there and whom nothing bars: nobody answers one step twice, or decides on what they
    objected to. Nobody where the step waits for the holder.
    """
    step = _step(state, request, facts)
    if step is None or step.absence == "wait":
        return {}
    here, found = facts.directory, dict[str, str]()
    holders = set(here.holders(request.post, day))
    answered = {g.person for g in state.given if g.step == request.step}
    barred = _barred(state, step) | answered | objectors(state, request, facts, day)
    for post in here.deputies_of(request.post, day, state.work):
        for person in here.holders(post, day):
            if person not in holders | barred and not here.is_absent(person, day) and _decides(person, facts):
                found.setdefault(person, post)
    return found


def handed_on(state: Lifecycle, request: Request, facts: Facts, day: date) -> Handed | None:
    """To whom an open request is handed on that day; None also once it holds no more: whoever handed it on has left the post or may not
    decide, or the deputy is away, is one no more, or may not decide."""
    handed, step = request.handed, _step(state, request, facts)
    if handed is None or step is None:
        return None
    if handed.by not in facts.directory.holders(request.post, day) or handed.by in _barred(state, step):
        return None
    post = takers(state, request, facts, day).get(handed.to)
    return handed.model_copy(update={"to_post": post}) if post is not None else None


def may_hand_on(state: Lifecycle, request: Request, person: str, facts: Facts, day: date) -> dict[str, str]:
    """To whom this person may hand a request on today: nobody, unless they hold its post and could decide it themselves."""
    step = _step(state, request, facts)
    if step is None or (request.handed is not None and handed_on(state, request, facts, day) is not None):
        return {}
    if person not in facts.directory.holders(request.post, day) or person in _barred(state, step):
        return {}
    return takers(state, request, facts, day) if _decides(person, facts) else {}


def _step(state: Lifecycle, request: Request, facts: Facts) -> Step | None:
    if request.kind != "decide" or facts.definition is None:
        return None
    return facts.definition.stage(state.work).gate[request.step_index]


def objectors(state: Lifecycle, request: Request, facts: Facts, day: date) -> set[str]:
    """Those who hold the post whose objection a request is about."""
    return {p for c in state.consultations if c.id == request.about for p in facts.directory.holders(c.post, day)}


def _barred(state: Lifecycle, step: Step) -> set[str]:
    return {*state.recused, *(() if step.drafter_may_decide else state.authors)}


def _decides(person: str, facts: Facts) -> bool:
    found = facts.directory.person(person)
    return found is not None and not found.service and not found.auditor


def not_the_one_asked(person: str, handed: Handed) -> Exception:
    """The refusal of somebody else's answer to a request that is handed on."""
    return refuse(
        "handed-on",
        f"この依頼は {handed.by} が {handed.to} に代決を依頼しています({person} は今は答えられません)",
        f"{handed.by} has asked {handed.to} to decide this in their place; {person} cannot answer it now",
        remedy_ja=f"{handed.to} の回答を待つか、依頼した職の者が取り戻してください(`./taskforce hand-on --back`)",
        remedy_en=f"wait for {handed.to}, or let a holder of the post take it back (`./taskforce hand-on --back`)",
    )


# --- rules --------------------------------------------------------------------------------------------------------------


def _hand_on(state: Lifecycle, command: HandOnRequest, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    person, day, request = known_person(actor, facts), local_day(now), _asked(state, command.request)
    step = definition(facts).stage(state.work).gate[request.step_index]
    if (handed := handed_on(state, request, facts, day)) is not None:
        raise not_the_one_asked(person, handed)
    if person not in facts.directory.holders(request.post, day):
        raise refuse(
            "not-your-post",
            f"この依頼は {request.post_title.ja} 宛てです({person} はその職にありません)",
            f"this request is addressed to {request.post_title.en}; {person} does not hold that post today",
            remedy_ja="代決を依頼できるのは、その職にある者だけです",
            remedy_en="only a holder of the post hands it on",
        )
    if person in _barred(state, step):
        raise refuse(
            "may-not-choose",
            f"{person} はこの案件を決定できないので、誰が代わるかも選べません",
            f"{person} cannot decide in this matter, and does not choose who does",
            remedy_ja="同じ職の別の者か、代決の順位にある者が決定します",
            remedy_en="another holder of the post, or the next in order, decides",
        )
    if step.absence == "wait":
        raise refuse(
            "waits-for-the-holder",
            f"「{request.title.ja}」は代決できない段取りで、{request.post_title.ja} 本人が決定します",
            f"the step {request.title.en!r} is not decided in absence: it waits for {request.post_title.en}",
            remedy_ja="ご自身で決定してください。間に合わなければ、事務局に期限の変更を頼んでください",
            remedy_en="decide it yourself; if that takes longer, ask the secretariat to move the due date",
        )
    found = takers(state, request, facts, day)
    if command.to not in found:
        able = ", ".join(found)
        raise refuse(
            "not-a-deputy",
            f"to: {command.to} には代決を依頼できません(この職の代決者として登録され、今日出勤し、決定できる者に限ります)",
            f"to: {command.to!r} cannot be asked: only a registered deputy of the post who is there and may decide",
            remedy_ja=f"依頼できる者: {able}" if able else "代決者を名簿に加えるか、ご自身で決定してください",
            remedy_en=f"ask one of: {able}" if able else "name a deputy in the directory, or decide it yourself",
        )
    to_post = facts.directory.post(found[command.to])
    return [
        RequestHandedOn(
            request=request.id,
            step=request.step,
            step_title=request.title,
            post=request.post,
            post_title=request.post_title,
            to=command.to,
            to_post=found[command.to],
            to_title=to_post.title if to_post else Text(ja=found[command.to], en=found[command.to]),
            reason=command.reason,
        )
    ]


def _take_back(
    state: Lifecycle, command: TakeRequestBack, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    person, request = known_person(actor, facts), _asked(state, command.request)
    handed = request.handed
    if handed is None:
        raise refuse(
            "not-handed-on",
            "この依頼は誰にも代決を依頼していません",
            "this request is handed on to nobody",
            remedy_ja="何もする必要はありません",
            remedy_en="nothing needs to be done",
        )
    if person != handed.to and person not in facts.directory.holders(request.post, local_day(now)):
        raise refuse(
            "not-your-post",
            f"この依頼は {request.post_title.ja} 宛てです({person} はその職になく、代決も依頼されていません)",
            f"this request is addressed to {request.post_title.en}; {person} neither holds that post nor was asked",
            remedy_ja="その職にある者か、依頼された者が戻してください",
            remedy_en="let a holder of the post, or whoever was asked, do it",
        )
    return [
        RequestTakenBack(
            request=request.id,
            step_title=request.title,
            post=request.post,
            to=handed.to,
            given_back=person == handed.to,
            reason=command.reason,
        )
    ]


def _asked(state: Lifecycle, request_id: str) -> Request:
    """The open request for a decision. Raises `Refused`."""
    request = state.request(request_id)
    if request is None or request.kind != "decide":
        raise refuse(
            "request-not-open",
            "この決裁の依頼は開いていません(答え済みか、決裁の依頼ではありません)",
            "this is no open request for a decision: it is answered, or asks for something else",
            remedy_ja="`./taskforce show` で今の状態を確認してください",
            remedy_en="see where it stands with `./taskforce show`",
        )
    require_running(state)
    return request


# --- folds --------------------------------------------------------------------------------------------------------------


def _with(state: Lifecycle, request_id: str, handed: Handed | None) -> Changes:
    return {
        "requests": tuple(r.model_copy(update={"handed": handed}) if r.id == request_id else r for r in state.requests)
    }


def _handed(state: Lifecycle, event: RequestHandedOn, recorded: Recorded) -> Changes:
    by = recorded.actor.person or ""
    handed = Handed(to=event.to, to_post=event.to_post, by=by, at=recorded.occurred_at)
    return _with(state, event.request, handed)


def _taken_back(state: Lifecycle, event: RequestTakenBack, _: Recorded) -> Changes:
    return _with(state, event.request, None)


COMMANDS: dict[str, type[Command]] = {k.type: k for k in (HandOnRequest, TakeRequestBack)}
EVENTS: dict[str, type[Event]] = {k.type: k for k in (RequestHandedOn, RequestTakenBack)}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    HandOnRequest: _hand_on,
    TakeRequestBack: _take_back,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    RequestHandedOn: _handed,
    RequestTakenBack: _taken_back,
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    RequestHandedOn: lambda s, v: Text(
        ja=f"{v.step_title.ja}: {v.post_title.ja}が{v.to_title.ja}に代決を依頼",
        en=f"{v.step_title.en}: {v.post_title.en} asked {v.to_title.en} to decide in their place",
    ),
    RequestTakenBack: lambda s, v: Text(
        ja=f"{v.step_title.ja}: 代決の依頼を{'返した' if v.given_back else '取り戻した'}",
        en=f"{v.step_title.en}: {'given back by the deputy asked' if v.given_back else 'taken back from the deputy asked'}",
    ),
}
