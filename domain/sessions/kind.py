"""The session as a stream kind: its rules joined for the store and the workflows, and what its closing carries where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.calendar import end_of_business, local_day, wareki
from domain.facts import Facts
from domain.kinds import Quiet, Row, View
from domain.lifecycle.concluding import CarryConclusion
from domain.messages import Actor, Command, Display, Effect, Event, Notice, Plan, Quote, Recorded, Refusal, Text
from domain.selection.messages import ConcludeSelection
from domain.sessions import messages as m
from domain.sessions.after import carries
from domain.sessions.deciding import decide
from domain.sessions.session import Item, Session, evolve
from domain.sessions.words import CATEGORIES as CATEGORIES
from domain.sessions.words import CONCLUSIONS as CONCLUSIONS

_CARRY = "carry/"
_DECISIONS: Mapping[str, str] = {
    "endorsed": "approve",
    "conditions": "conditions",
    "sent_back": "return",
    "not_endorsed": "reject",
    **dict.fromkeys(m.OUTCOMES, "approve"),
}


def stream_of(body: str, fiscal_year: int, number: int) -> str:
    """Stream id of a session: council:2026-1."""
    return f"{body}:{fiscal_year}-{number}"


class SessionKind(Quiet[Session]):
    name = "session"
    fold_version = 2
    workflow: str | None = "Session"
    commands: Mapping[str, type[Command]] = m.COMMANDS
    events: Mapping[str, type[Event]] = m.EVENTS
    state_type = Session

    def initial(self, stream: str) -> Session:
        return Session(stream=stream)

    def refers(self, command: Command) -> tuple[str, ...]:
        if isinstance(command, m.PutItem):
            return tuple(s for s in (command.lifecycle, command.selection) if s)
        return (command.lifecycle,) if isinstance(command, m.GiveInstruction) else ()

    def governed(self, command: Command) -> str | None:
        return command.rules if isinstance(command, m.ConveneSession) else None

    def needs(self, state: Session, command: Command) -> str | None:
        """Of a conclusion: the process of the matter's lifecycle, for the stages that it names."""
        if isinstance(command, m.ConcludeItem | m.SettleException) and command.item in state.items:
            return state.items[command.item].definition or None
        return None

    def decide(self, state: Session, command: Command, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
        return decide(state, command, actor, facts, now)

    def evolve(self, state: Session, recorded: Recorded) -> Session:
        return evolve(state, recorded)

    def next_due(self, state: Session) -> datetime | None:
        return min((i.due_at for i in state.instructions.values() if not (i.answered_at or i.reminded)), default=None)

    def due_commands(self, state: Session, now: datetime) -> Sequence[Command]:
        return [
            m.RemindOfInstructions(command_id=f"remind:{i.id}", stream=state.stream, instruction=i.id)
            for i in state.instructions.values()
            if not (i.answered_at or i.reminded) and i.due_at <= now
        ]

    def closed(self, state: Session) -> bool:
        waiting = any(i.answered_at is None for i in state.instructions.values())
        waiting |= any(not d.number for d in state.decisions.values())
        wrong = any(i.exception is not None and not i.exception.settled for i in state.items.values())
        return state.phase == "cancelled" or (state.phase == "final" and not waiting and not wrong)

    def view(self, state: Session) -> View:
        if state.rules is None:
            return View(rows={"sessions": [], "session_items": [], "instructions": []})
        one: Row = {
            "stream": state.stream,
            "body": state.body,
            "fiscal_year": state.fiscal_year,
            "number": state.number,
            "held_on": state.held_on,
            "phase": state.phase,
            "circulation": state.circulation,
        }
        items: list[Row] = [
            {
                "stream": state.stream,
                "item": i.key,
                "place": n,
                "category": i.category,
                "title": i.title,
                "lifecycle": i.lifecycle or None,
                "request": i.request or None,
                "selection": i.selection or None,
                "public": i.public,
                "follows": i.follows or None,
                "conclusion": i.conclusion,
                "exception": i.exception.rule if i.exception is not None and not i.exception.settled else None,
            }
            for n, i in enumerate(state.items.values(), 1)
        ]
        instructions: list[Row] = [
            {
                "instruction": i.id,
                "stream": state.stream,
                "about": i.about,
                "lifecycle": i.lifecycle,
                "post": i.post,
                "due_at": i.due_at,
                "answered_at": i.answered_at,
            }
            for i in state.instructions.values()
        ]
        return View(rows={"sessions": [one], "session_items": items, "instructions": instructions})

    def notices(self, state: Session, recorded: Recorded) -> Sequence[Notice]:
        event = recorded.event
        told = line(state, event)
        subject = Text(ja=f"{state.title.ja}: {told.ja}", en=f"{state.title.en}: {told.en}")
        if isinstance(event, m.SessionConvened):
            return [Notice(post=p, subject=subject) for p in dict.fromkeys(s.post for s in event.members)]
        if isinstance(event, m.SessionCancelled | m.MinutesDrafted):
            people = state.present or tuple(s.person for s in state.members)
            return [Notice(person=p, subject=subject) for p in people]
        if isinstance(event, m.InstructionIssued):
            return [Notice(post=event.post, subject=subject)]
        if isinstance(event, m.DecisionDrafted):
            return [Notice(post=event.post, subject=subject)]
        if isinstance(event, m.InstructionReminded):
            return [Notice(post=state.instructions[event.instruction].post, subject=subject)]
        if isinstance(event, m.CarryingRefused | m.InstructionAnswered) and state.convened_by:
            return [Notice(person=state.convened_by, subject=subject)]
        return []

    def turned_down(self, stream: str, key: str, refusal: Refusal) -> Command | None:
        if not key.startswith(_CARRY):
            return None
        return m.NoteCarryRefusal(
            command_id=f"refused:{stream}/{key}",
            stream=stream,
            item=key.split("/")[1],
            rule=refusal.rule,
            message=refusal.message,
            remedy=refusal.remedy,
        )

    def react(self, state: Session, fresh: Sequence[Recorded], facts: Facts) -> Plan:
        to = fresh[-1].version if fresh else 0
        told = [line(state, r.event) for r in fresh if not isinstance(r.event, m.VoteReceived)]
        effects: list[Effect] = []
        if told:
            summary = Text(ja="。".join(t.ja for t in told), en="; ".join(t.en for t in told))
            effects.append(Effect(key=f"announce-{to}", summary=summary))
        for r in fresh:
            if isinstance(r.event, m.SessionClosed):
                effects += [_carried(state, state.items[key], 0) for key in r.event.carried]
            elif isinstance(r.event, m.ExceptionSettled) and r.event.again and carries(state.items[r.event.item]):
                effects.append(_carried(state, state.items[r.event.item], r.event.attempt))
        due = self.next_due(state)
        held = end_of_business(state.held_on) if state.held_on and state.phase == "convened" else None
        return Plan(
            to=to,
            effects=tuple(effects),
            next_due=due,
            next_due_summary=f"指示への回答期限 {wareki(local_day(due))} / an instruction is due {local_day(due)}"
            if due
            else "",
            closed=self.closed(state),
            display=Display(
                summary=state.title.ja,
                details=_details(state),
                attributes={"stage": state.phase, "due": min((d for d in (due, held) if d), default=None)},
            ),
        )


def _carried(state: Session, item: Item, attempt: int) -> Effect:
    """The conclusion as a command on the other stream; its id follows from session, item and attempt: recorded once."""
    key = f"{_CARRY}{item.key}/{attempt}"
    concluded, drafted = CONCLUSIONS[item.conclusion or ""], state.decisions.get(item.key)
    command: Command
    said = (
        f"{state.title.ja} 議題 {item.key} の結論({concluded.ja})。{'' if item.public else '理由は会議録による'} / "
        f"concluded by the {state.title.en}, item {item.key}: {concluded.en}{'' if item.public else '; see its minutes'}"
    )
    common: dict[str, Any] = {
        "command_id": f"{state.stream}/{key}",
        "session": state.stream,
        "presided": item.presiding,
        "document": drafted.document if drafted else "",
        # What people wrote is sealed here: its text is put in when the command is recorded, and never goes through Temporal.
        "quotes": None,
    }
    if item.public and item.reasoned:
        into = "reason" if item.selection and item.conclusion == "selected" else "comment"
        common["quotes"] = Quote(stream=state.stream, version=item.concluded_by, field="reason", into=into)
    if item.selection and item.conclusion == "selected":
        command = ConcludeSelection.model_validate(
            {**common, "stream": item.selection, "seen": item.seen, "reasoned": item.reasoned, "reason": said}
        )
    else:
        effect = "answer" if item.request and item.conclusion in _DECISIONS else "note"
        command = CarryConclusion.model_validate(
            {
                **common,
                "stream": item.lifecycle,
                "session_title": state.title,
                "item": item.key,
                "post": state.chair_post(),
                "effect": "review" if item.conclusion == "review" else effect,
                "request": item.request,
                "seen": item.seen,
                "decision": _DECISIONS.get(item.conclusion or "", "approve"),
                "comment": said,
                "conditions": item.conditions,
                "back_to": item.back_to,
                "outcome": item.conclusion if item.conclusion in m.OUTCOMES else None,
            }
        )
    return Effect(
        key=key,
        kind="instruct",
        summary=Text(ja=f"{item.title}: {concluded.ja}", en=f"{item.title}: {concluded.en}"),
        command={"kind": command.kind, "type": command.type, **command.model_dump(mode="json")},
    )


def _details(state: Session) -> str:
    """Markdown for the workflow's current details."""
    day = f"{wareki(state.held_on)} ({state.held_on})" if state.held_on else ""
    rows = "\n".join(
        f"| {i.key} | {i.title} | {CONCLUSIONS[i.conclusion or ''].ja} / {CONCLUSIONS[i.conclusion or ''].en} |"
        for i in state.items.values()
    )
    wrong = "\n".join(
        f"- **{i.key}**: {i.exception.message.ja} / {i.exception.message.en}"
        for i in state.items.values()
        if i.exception is not None and not i.exception.settled
    )
    head = f"# {state.title.ja} / {state.title.en}\n\n**{state.phase}** · {day} · {state.place}\n\n"
    table = f"| 議題 / item | 件名 / matter | 結論 / concluded |\n|---|---|---|\n{rows}\n\n" if rows else ""
    caught = f"**例外 / exceptions**\n\n{wrong}\n\n" if wrong else ""
    return f"{head}{table}{caught}    ./taskforce council show {state.stream}\n"


def line(state: Session, event: Event) -> Text:
    """One event in one line."""
    return _LINES[type(event)](state, event)


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


def _name(state: Session, item: str) -> str:
    return state.items[item].title if item in state.items else item


_LINES: Mapping[type[Event], Callable[[Session, Any], Text]] = {
    m.SessionConvened: lambda s, v: _t(
        f"招集({wareki(v.held_on)}{'、持ち回り' if v.circulation else ''})",
        f"convened for {v.held_on}{', by circulation' if v.circulation else ''}",
    ),
    m.ItemPlaced: lambda s, v: _t(f"議題: {v.title}", f"on the agenda: {v.title}"),
    m.ItemRemoved: lambda s, v: _t(f"議題を取り下げ: {v.item}", f"taken off the agenda: {v.item}"),
    m.PaperReceived: lambda s, v: _t(
        f"資料 {v.paper.name} 第{v.paper.version}版({_PAPERS[v.paper.kind].ja})",
        f"paper {v.paper.name} version {v.paper.version} ({_PAPERS[v.paper.kind].en})",
    ),
    m.ChairBriefed: lambda s, v: _t("事前説明", "the chair was briefed"),
    m.OpinionObtained: lambda s, v: _t(f"意見聴取: {v.source}", f"opinion obtained: {v.source}"),
    m.AttendanceRecorded: lambda s, v: _t(
        f"出席 {len(v.present)}/{len(v.members)}({'成立' if v.quorum else '定足数不足'})",
        f"{len(v.present)} of {len(v.members)} present, {'a quorum' if v.quorum else 'no quorum'}",
    ),
    m.MemberRecused: lambda s, v: _t(f"回避: {_name(s, v.item)}", f"a member is recused: {_name(s, v.item)}"),
    m.VoteReceived: lambda s, v: _t(f"投票: {_name(s, v.item)}", f"vote received: {_name(s, v.item)}"),
    m.ItemConcluded: lambda s, v: _t(
        f"{_name(s, v.item)}: {CONCLUSIONS[v.conclusion].ja}", f"{_name(s, v.item)}: {CONCLUSIONS[v.conclusion].en}"
    ),
    m.InstructionIssued: lambda s, v: _t(
        f"{_ABOUT[v.about].ja}: {v.post_title.ja}(期限 {wareki(local_day(v.due_at))})",
        f"{_ABOUT[v.about].en} to {v.post_title.en}, due {local_day(v.due_at)}",
    ),
    m.InstructionAnswered: lambda s, v: _t("指示に回答", "an instruction was answered"),
    m.InstructionReminded: lambda s, v: _t("指示の期限超過", "an instruction is overdue"),
    m.SessionClosed: lambda s, v: _t(f"閉会(反映 {len(v.carried)}件)", f"closed; {len(v.carried)} conclusions carried"),
    m.SessionCancelled: lambda s, v: _t("取りやめ", "cancelled"),
    m.CarryingRefused: lambda s, v: _t(
        f"反映できません: {_name(s, v.item)}({v.message.ja})", f"not carried: {_name(s, v.item)} ({v.message.en})"
    ),
    m.ExceptionSettled: lambda s, v: _t(
        f"例外を処理: {_name(s, v.item)}{'(再反映)' if v.again else ''}",
        f"exception settled: {_name(s, v.item)}{', carried again' if v.again else ''}",
    ),
    m.DecisionDrafted: lambda s, v: _t(
        f"決裁を起案: {_name(s, v.item)}({v.post_title.ja}、期限 {wareki(local_day(v.due_at))})",
        f"decision drafted: {_name(s, v.item)} ({v.post_title.en}, due {local_day(v.due_at)})",
    ),
    m.DecisionEntered: lambda s, v: _t(
        f"決裁: {_name(s, v.item)} {v.number}({wareki(v.decided_on)} {v.post_title.ja})",
        f"decided: {_name(s, v.item)} {v.number} ({v.decided_on}, {v.post_title.en})",
    ),
    m.MinutesDrafted: lambda s, v: _t(
        f"会議録 第{v.version}版{'(訂正)' if v.correction else ''}",
        f"minutes, version {v.version}{' (a correction)' if v.correction else ''}",
    ),
    m.MinutesConfirmed: lambda s, v: _t(f"会議録 第{v.version}版を確認", f"minutes confirmed, version {v.version}"),
    m.MinutesFinalised: lambda s, v: _t(f"会議録確定(第{v.version}版)", f"minutes final, version {v.version}"),
}
_PAPERS: Mapping[str, Text] = {
    "paper": Text(ja="事前配付", en="sent before"),
    "replacement": Text(ja="差替え", en="replacement"),
    "handout": Text(ja="席上配付", en="handed out"),
}
_ABOUT: Mapping[str, Text] = {
    "planning": Text(ja="企画指示", en="planning instruction"),
    "status": Text(ja="状況確認", en="status check"),
}
