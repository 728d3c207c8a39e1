"""Windows of the budget: which one is aimed at, a warning before its requests close, and what comes next when it was missed.

Time decides nothing here: it warns, and names the next window that can be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from domain.calendar import local_day, wareki, wareki_fiscal_year
from domain.facts import Facts
from domain.fiscal import opening
from domain.lifecycle.aiming import aim_at, before_budget, reachable
from domain.lifecycle.authority import definition, may_steer
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.events import WindowAim
from domain.lifecycle.routes import COORDINATOR, resolve
from domain.lifecycle.state import Aiming, Lifecycle
from domain.messages import Actor, Command, Event, Notice, Personal, Recorded, Refused, Text, refuse

Changes = dict[str, Any]


class AimAtWindow(LifecycleCommand):
    """Aim at a window other than the first that can be reached: an earlier one, with haste, or a later one."""

    type = "AimAtWindow"
    fiscal_year: int = Field(ge=1950, le=2100)
    window: str = Field(min_length=1, max_length=40)
    reason: str = Field(default="", max_length=4000)


class WindowAimed(Event):
    type = "WindowAimed"
    aim: WindowAim
    reason: Personal


class WindowWarned(Event):
    """Requests close soon, and none has been handed in. `posts`: who is told beside the drafter."""

    type = "WindowWarned"
    aim: WindowAim
    posts: tuple[str, ...]


class WindowMissed(Event):
    """Requests have closed without one from here. `next`: the next window that can be reached."""

    type = "WindowMissed"
    aim: WindowAim
    next: WindowAim | None
    posts: tuple[str, ...]


def _aim(state: Lifecycle, command: AimAtWindow, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_steer(actor, state, facts, now)
    window = facts.fiscal.window(command.window) if facts.fiscal else None
    if facts.fiscal is None or window is None:
        known = ", ".join(w.key for w in facts.fiscal.windows) if facts.fiscal else "-"
        raise refuse(
            "budget-window",
            f"window: {command.window} という予算の区分はありません",
            f"window: there is no window {command.window!r}",
            remedy_ja=f"次のいずれか: {known}",
            remedy_en=f"one of: {known}",
        )
    if not before_budget(definition(facts), state.stage) or (state.aim is not None and state.aim.handed_in):
        raise refuse(
            "already-asked",
            "予算要求は既に出ています",
            "the budget has been asked for already",
            remedy_ja="次の期に改めて要求してください",
            remedy_en="ask again in another round",
        )
    found = opening(facts.fiscal, facts.calendar, window, command.fiscal_year)
    aim = aim_at(found, facts)
    if aim.closes_at <= now:
        raise refuse(
            "window-closed",
            f"{_named(aim).ja}の要求は{wareki(found.requests_close)}に締め切られました",
            f"requests for the {_named(aim).en} closed on {found.requests_close}",
            remedy_ja="`./taskforce windows` で要求を受け付ける予算を確かめてください",
            remedy_en="see the windows to come with `./taskforce windows`",
        )
    if found.skeleton and state.round == 1:
        follows = facts.fiscal.window(found.follows)
        raise refuse(
            "skeleton-budget",
            f"{_named(aim).ja}は骨格予算です。新しい事業は計上されません",
            f"the {_named(aim).en} is a skeleton budget and takes nothing new",
            remedy_ja=f"{follows.title.ja if follows else found.follows}(肉付け)を目指してください",
            remedy_en=f"aim at {found.follows!r}, which takes what is new",
        )
    if state.aim is not None and state.aim.at == aim and state.aim.chosen:
        return []
    return [WindowAimed(aim=aim, reason=command.reason)]


def pass_moment(state: Lifecycle, due_at: datetime, facts: Facts, now: datetime) -> Sequence[Event]:
    """What a passed moment of the aim means: a warning, or that the window was missed."""
    assert state.aim is not None
    aim = state.aim.at
    posts = _told_to(state, facts)
    if now < aim.closes_at:
        return [WindowWarned(aim=aim, posts=posts)]
    return [WindowMissed(aim=aim, next=reachable(state, state.stage, state.round, facts, now), posts=posts)]


def _told_to(state: Lifecycle, facts: Facts) -> tuple[str, ...]:
    """The drafter's post, the coordinator (庶務担当) of the section, and whom the request's route asks at finance."""
    process = definition(facts)
    ahead = before_budget(process, state.stage)
    found = [_post(lambda: resolve(ahead[0].drafter, state, facts)[0].id)] if ahead else []
    coordinator = facts.directory.post_for(COORDINATOR, state.section)
    found += [coordinator.id] if coordinator else []
    for step in ahead[-1].gate if ahead else ():
        for ref in step.posts:
            if ref.unit == "finance":
                found.append(_post(lambda ref=ref: resolve(ref, state, facts)[0].id))  # type: ignore[misc]
    return tuple(dict.fromkeys(p for p in found if p))


def _post(find: Callable[[], str]) -> str:
    """Time must not stop at a post that the directory lacks."""
    try:
        return find()
    except Refused:
        return ""


def notices(state: Lifecycle, event: Event, subject: Text) -> Sequence[Notice]:
    """The drafter and the posts named hear of a warning and of a missed window."""
    if not isinstance(event, WindowWarned | WindowMissed):
        return []
    drafter = [Notice(person=state.drafter, subject=subject)] if state.drafter else []
    return [*drafter, *(Notice(post=p, subject=subject) for p in event.posts)]


def _named(aim: WindowAim) -> Text:
    return Text(ja=f"{wareki_fiscal_year(aim.fiscal_year)}{aim.title.ja}", en=f"{aim.title.en} of FY{aim.fiscal_year}")


def _aimed_at(aim: WindowAim) -> Text:
    day, named = local_day(aim.closes_at), _named(aim)
    return Text(ja=f"{named.ja}(要求締切 {wareki(day)})", en=f"{named.en} (requests close on {day})")


def _missed(state: Lifecycle, event: WindowMissed, _: Recorded) -> Changes:
    if event.next is None:
        return {"aim": None}
    return {"aim": Aiming(at=event.next)}


def _told_missed(_: Lifecycle, event: WindowMissed) -> Text:
    missed, following = _named(event.aim), _aimed_at(event.next) if event.next else None
    return Text(
        ja=f"{missed.ja}の要求に間に合わず" + (f"。次は{following.ja}" if following else ""),
        en=f"missed the {missed.en}" + (f"; next: {following.en}" if following else ""),
    )


COMMANDS: dict[str, type[Command]] = {AimAtWindow.type: AimAtWindow}
EVENTS: dict[str, type[Event]] = {c.type: c for c in (WindowAimed, WindowWarned, WindowMissed)}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    AimAtWindow: _aim
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    WindowAimed: lambda _, v, __: {"aim": Aiming(at=v.aim, chosen=True)},
    WindowWarned: lambda s, _, __: {"aim": s.aim.model_copy(update={"warned": True}) if s.aim else None},
    WindowMissed: _missed,
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    WindowAimed: lambda s, v: Text(ja=f"{_aimed_at(v.aim).ja}を目指す", en=f"aims at the {_aimed_at(v.aim).en}"),
    WindowWarned: lambda s, v: Text(
        ja=f"まもなく締切: {_aimed_at(v.aim).ja}", en=f"closing soon: {_aimed_at(v.aim).en}"
    ),
    WindowMissed: _told_missed,
}
