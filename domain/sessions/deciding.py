"""The rules of a session: command on state gives events, or is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.facts import Facts
from domain.messages import Actor, Command, Event, Text, refuse
from domain.sessions import after, agenda, table
from domain.sessions import messages as m
from domain.sessions.session import Session


def decide(state: Session, command: Command, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    """Events that follow from `command`, in order. Raises `Refused`."""
    if isinstance(command, m.ConveneSession):
        return agenda.convene(state, command, actor, facts, now)
    if state.rules is None:
        raise refuse(
            "session-unknown",
            f"会議 {state.stream} はありません",
            f"there is no session {state.stream!r}",
            remedy_ja="`./taskforce council list` で確かめてください",
            remedy_en="see `./taskforce council list`",
        )
    allowed = _WHEN.get(type(command), ("convened", "sitting"))
    if state.phase not in allowed:
        raise refuse(
            "session-phase",
            f"この会議は {_PHASES[state.phase].ja} なので、それはできません",
            f"the session is {_PHASES[state.phase].en}; this cannot be done now",
            remedy_ja="`./taskforce council show` で状態を確かめてください",
            remedy_en="see where it stands with `./taskforce council show`",
        )
    return _HANDLERS[type(command)](state, command, actor, facts, now)


_PHASES: Mapping[str, Text] = {
    "convened": Text(ja="招集済み", en="convened"),
    "sitting": Text(ja="開会中", en="sitting"),
    "closed": Text(ja="閉会済み", en="closed"),
    "final": Text(ja="会議録確定済み", en="closed, its minutes final"),
    "cancelled": Text(ja="取りやめ", en="cancelled"),
}
_ALWAYS = ("convened", "sitting", "closed", "final")
_WHEN: Mapping[type[Command], tuple[str, ...]] = {
    m.ConcludeItem: ("convened", "sitting"),
    m.RecuseFromItem: ("convened", "sitting"),
    m.CastVote: ("convened", "sitting"),
    m.CloseSession: ("convened", "sitting"),
    m.CancelSession: ("convened", "sitting"),
    m.EnterDecision: ("closed", "final"),
    m.GiveInstruction: ("sitting", "closed"),
    m.AnswerInstruction: _ALWAYS,
    m.RemindOfInstructions: _ALWAYS,
    m.NoteCarryRefusal: ("closed", "final"),
    m.SettleException: ("closed", "final"),
    m.WriteMinutes: ("sitting", "closed", "final"),
    m.ConfirmMinutes: ("closed",),
    m.FinaliseMinutes: ("closed",),
}


_HANDLERS: Mapping[type[Command], Callable[[Session, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    m.PutItem: agenda.put,
    m.TakeItemOff: agenda.take_off,
    m.PutPaper: agenda.paper,
    m.RecordBriefing: agenda.brief,
    m.ObtainOpinion: agenda.opinion,
    m.TakeAttendance: table.attend,
    m.RecuseFromItem: table.recuse,
    m.CastVote: table.vote,
    m.ConcludeItem: table.conclude,
    m.GiveInstruction: after.instruct,
    m.AnswerInstruction: after.answer,
    m.RemindOfInstructions: after.remind,
    m.CloseSession: after.close,
    m.CancelSession: after.cancel,
    m.NoteCarryRefusal: after.note,
    m.SettleException: after.settle,
    m.EnterDecision: after.enter,
    m.WriteMinutes: after.write,
    m.ConfirmMinutes: after.confirm,
    m.FinaliseMinutes: after.finalise,
}
