"""代決の依頼: somebody hands one request on to a registered deputy of their post, who then decides it in their place.

Whoever hands it on could decide it; whoever takes it is one whom the directory lets stand for that post. The request stays addressed to
the post. While it is handed on only the deputy decides; it falls back by itself once either of the two could not do so any more, and
stays so. That comes with time and the directory: it is recorded and told with whatever happens next (`with_handed`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from domain.calendar import local_day
from domain.facts import Facts
from domain.lifecycle.authority import definition, known_person, require_running
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.deputising import barred, fallen, handed_on, takers, why_fallen
from domain.lifecycle.events import RequestClosed
from domain.lifecycle.state import Fell, Handed, Lifecycle, Request
from domain.messages import Actor, Command, Event, Personal, Recorded, Text, refuse

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


def not_the_one_asked(person: str, handed: Handed) -> Exception:
    """The refusal of somebody else's answer to a request that is handed on."""
    return refuse(
        "handed-on",
        f"この依頼は {handed.by} が {handed.to} に代決を依頼しています({person} は今は答えられません)",
        f"{handed.by} has asked {handed.to} to decide this in their place; {person} cannot answer it now",
        remedy_ja=f"{handed.to} の回答を待つか、依頼した職の者が取り戻してください(`./taskforce hand-on --back`)",
        remedy_en=f"wait for {handed.to}, or let a holder of the post take it back (`./taskforce hand-on --back`)",
    )


class RequestFellBack(Event):
    """A request that was handed on is the post's own again without anybody taking it back; `fell` says since when and why."""

    type = "RequestFellBack"
    request: str
    step_title: Text
    post: str
    to: str
    to_title: Text
    fell: Fell


def with_handed(state: Lifecycle, events: Sequence[Event], facts: Facts, now: datetime) -> Sequence[Event]:
    """The events, behind a word on each request that fell back before them; whoever was asked is told when it is closed."""
    handed = {r.id: r for r in state.requests if r.handed is not None and r.handed.fell is None}
    if not events or not handed:
        return events
    found = [(r, fallen(state, r, facts, local_day(now))) for r in handed.values()]
    told = [fell_back(r, fell, facts) for r, fell in found if fell is not None]
    still = {r.id: r.handed.to for r, fell in found if fell is None and r.handed is not None}
    return [*told, *(_closing(event, still) for event in events)]


def fell_back(request: Request, fell: Fell, facts: Facts) -> RequestFellBack:
    """The event that says so of a request that was handed on."""
    assert request.handed is not None
    return RequestFellBack(
        request=request.id,
        step_title=request.title,
        post=request.post,
        to=request.handed.to,
        to_title=_title(request.handed.to_post, facts),
        fell=fell,
    )


def _closing(event: Event, handed: Mapping[str, str]) -> Event:
    if isinstance(event, RequestClosed) and event.request in handed:
        return event.model_copy(update={"handed_to": handed[event.request]})
    return event


def _title(post: str, facts: Facts) -> Text:
    found = facts.directory.post(post)
    return found.title if found is not None else Text(ja=post, en=post)


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
    if person in barred(state, step):
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
    return [
        RequestHandedOn(
            request=request.id,
            step=request.step,
            step_title=request.title,
            post=request.post,
            post_title=request.post_title,
            to=command.to,
            to_post=found[command.to],
            to_title=_title(found[command.to], facts),
            reason=command.reason,
        )
    ]


def _take_back(
    state: Lifecycle, command: TakeRequestBack, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    person, request = known_person(actor, facts), _asked(state, command.request)
    handed, fell = request.handed, fallen(state, request, facts, local_day(now))
    if handed is None or fell is not None:
        why = why_fallen(fell, _title(handed.to_post, facts)) if handed is not None and fell is not None else None
        raise refuse(
            "not-handed-on",
            why.ja if why else "この依頼は誰にも代決を依頼していません",
            why.en if why else "this request is handed on to nobody",
            remedy_ja="その職にある者がそのまま決定できます",
            remedy_en="whoever holds the post decides it as it is",
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


def _fallen(state: Lifecycle, event: RequestFellBack, _: Recorded) -> Changes:
    request = state.request(event.request)
    if request is None or request.handed is None:
        return {}
    return _with(state, event.request, request.handed.model_copy(update={"fell": event.fell}))


def _fallen_told(_: Lifecycle, event: RequestFellBack) -> Text:
    why = why_fallen(event.fell, event.to_title)
    return Text(ja=f"{event.step_title.ja}: {why.ja}", en=f"{event.step_title.en}: {why.en}")


COMMANDS: dict[str, type[Command]] = {k.type: k for k in (HandOnRequest, TakeRequestBack)}
EVENTS: dict[str, type[Event]] = {k.type: k for k in (RequestHandedOn, RequestTakenBack, RequestFellBack)}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    HandOnRequest: _hand_on,
    TakeRequestBack: _take_back,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    RequestHandedOn: _handed,
    RequestTakenBack: _taken_back,
    RequestFellBack: _fallen,
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    RequestFellBack: _fallen_told,
    RequestHandedOn: lambda s, v: Text(
        ja=f"{v.step_title.ja}: {v.post_title.ja}が{v.to_title.ja}に代決を依頼",
        en=f"{v.step_title.en}: {v.post_title.en} asked {v.to_title.en} to decide in their place",
    ),
    RequestTakenBack: lambda s, v: Text(
        ja=f"{v.step_title.ja}: 代決の依頼を{'返した' if v.given_back else '取り戻した'}",
        en=f"{v.step_title.en}: {'given back by the deputy asked' if v.given_back else 'taken back from the deputy asked'}",
    ),
}
