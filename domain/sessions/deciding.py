"""The rules of a session: command on state gives events, or is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from domain.bodies import Body, BodyRules, members_of, quorum_met, require_secretariat
from domain.calendar import end_of_business, local_day, wareki
from domain.facts import Facts
from domain.lifecycle.authority import known_person
from domain.messages import Actor, Command, Event, Problem, Text, refuse
from domain.sessions import messages as m
from domain.sessions.session import Item, Session

_AGREEING = {"endorsed", "conditions", *m.OUTCOMES, "selected"}


def decide(state: Session, command: Command, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    """Events that follow from `command`, in order. Raises `Refused`."""
    if isinstance(command, m.ConveneSession):
        return _convene(state, command, actor, facts, now)
    if state.rules is None:
        raise refuse(
            "session-unknown",
            f"会議 {state.stream} はありません",
            f"there is no session {state.stream!r}",
            remedy_ja="`starter.py council list` で確かめてください",
            remedy_en="see `starter.py council list`",
        )
    allowed = _WHEN.get(type(command), ("convened", "sitting"))
    if state.phase not in allowed:
        raise refuse(
            "session-phase",
            f"この会議は {_PHASES[state.phase].ja} なので、それはできません",
            f"the session is {_PHASES[state.phase].en}; this cannot be done now",
            remedy_ja="`starter.py council show` で状態を確かめてください",
            remedy_en="see where it stands with `starter.py council show`",
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
    m.ConcludeItem: ("sitting",),
    m.RecuseFromItem: ("convened", "sitting"),
    m.CastVote: ("convened", "sitting"),
    m.CloseSession: ("sitting",),
    m.CancelSession: ("convened",),
    m.GiveInstruction: ("sitting", "closed"),
    m.AnswerInstruction: _ALWAYS,
    m.RemindOfInstructions: _ALWAYS,
    m.NoteCarryRefusal: ("closed", "final"),
    m.SettleException: ("closed", "final"),
    m.WriteMinutes: ("sitting", "closed", "final"),
    m.ConfirmMinutes: ("closed",),
    m.FinaliseMinutes: ("closed",),
}


def _secretariat(state: Session, actor: Actor, facts: Facts, now: datetime) -> str:
    assert state.rules is not None
    return require_secretariat(known_person(actor, facts), state.rules, facts.directory, local_day(now))


def _body(rules: BodyRules, key: str) -> Body:
    try:
        return rules.body(key)
    except KeyError:
        raise refuse(
            "body-unknown",
            f"body: 規程に {key} はありません",
            f"body: the rules have no body {key!r}",
            remedy_ja="規程の bodies を確かめてください",
            remedy_en="see `bodies` of the rules",
        ) from None


def _convene(state: Session, command: m.ConveneSession, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    today = local_day(now)
    body = _body(command.rules, command.body)
    if not actor.is_system:
        require_secretariat(known_person(actor, facts), command.rules, facts.directory, today)
    if state.rules is not None:
        raise refuse(
            "session-exists",
            "この会議は既に招集されています",
            "this session has been convened already",
            remedy_ja="回数を確かめてください",
            remedy_en="check its number",
        )
    if command.held_on < today:
        raise refuse(
            "session-day-past",
            f"held_on: {wareki(command.held_on)}は過ぎています",
            f"held_on: {command.held_on} has passed",
            remedy_ja="今日以降の日付にしてください",
            remedy_en="name today or a later day",
        )
    earliest = local_day(facts.calendar.after(now, body.notice))
    if command.held_on < earliest and not command.urgent.strip():
        raise refuse(
            "notice-too-short",
            f"held_on: 招集の通知から {wareki(earliest)} までの日数が要ります",
            f"held_on: with today's notice the earliest day is {earliest}",
            remedy_ja="日を改めるか、--urgent で急ぐ理由を書いてください",
            remedy_en="name a later day, or say with --urgent why it is urgent",
        )
    members = members_of(body, facts.directory, today)
    if not any(s.seat == "chair" for s in members):
        raise refuse(
            "chair-vacant",
            f"{body.title.ja}の議長の職が空席です",
            f"nobody holds the post that chairs the {body.title.en}",
            remedy_ja="職員名簿を確かめてください",
            remedy_en="check the directory",
        )
    return [
        m.SessionConvened(
            body=command.body,
            fiscal_year=command.fiscal_year,
            number=command.number,
            held_on=command.held_on,
            place=command.place,
            circulation=command.circulation,
            rules=command.rules,
            members=members,
            urgent=command.urgent,
        )
    ]


def _put(state: Session, command: m.PutItem, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    _secretariat(state, actor, facts, now)
    for other in state.items.values():
        same = command.request and other.request == command.request
        if other.key != command.item and (same or (command.selection and other.selection == command.selection)):
            raise refuse(
                "on-agenda-already",
                f"同じ案件が議題 {other.key} にあります",
                f"the same matter is on the agenda as {other.key!r}",
                remedy_ja="その議題を使ってください",
                remedy_en="use that item",
            )
    known = state.items.get(command.item)
    if known is not None and known.conclusion is not None:
        raise _concluded_already(known)
    for field, stream, kind in (
        ("lifecycle", command.lifecycle, "lifecycle"),
        ("selection", command.selection, "selection"),
    ):
        found = facts.others.get(stream)
        if stream and (found is None or found.kind != kind):
            raise refuse(
                "matter-unknown",
                f"{field}: {stream} はありません",
                f"{field}: there is no {kind} {stream!r}",
                remedy_ja="ID を確かめてください",
                remedy_en="check the id",
            )
    if (command.category == "selection") != bool(command.selection):
        raise refuse(
            "selection-missing",
            "selection: 選定の議題には選定ラウンドが要り、ほかの議題には付けません",
            "selection: an item of that category names its round, any other does not",
            remedy_ja="category と selection を合わせてください",
            remedy_en="make category and selection agree",
        )
    fields = {n: getattr(command, n) for n in m.ItemPlaced.model_fields}
    return [m.ItemPlaced(**fields)]


def _concluded_already(item: Item) -> Exception:
    return refuse(
        "concluded-already",
        f"議題 {item.key} は結論が出ています({item.conclusion})",
        f"item {item.key!r} has been concluded ({item.conclusion})",
        remedy_ja="`starter.py council show` で確かめてください",
        remedy_en="see `starter.py council show`",
    )


def _open_item(state: Session, key: str) -> Item:
    found = state.items.get(key)
    if found is None:
        raise refuse(
            "item-unknown",
            f"item: 議題 {key} はありません",
            f"item: {key!r} is not on the agenda",
            remedy_ja="議題: " + (", ".join(state.items) or "-"),
            remedy_en="on it are: " + (", ".join(state.items) or "-"),
        )
    if found.conclusion is not None:
        raise _concluded_already(found)
    return found


def _take_off(state: Session, command: m.TakeItemOff, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    _secretariat(state, actor, facts, now)
    return [m.ItemRemoved(item=_open_item(state, command.item).key, reason=command.reason)]


def _paper(state: Session, command: m.PutPaper, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    _secretariat(state, actor, facts, now)
    item = _open_item(state, command.item)
    if item.papers and item.papers[-1].sha256 == command.sha256 and item.papers[-1].kind == command.as_:
        return []
    if command.as_ == "replacement" and not any(p.name == command.name for p in item.papers):
        raise refuse(
            "nothing-to-replace",
            f"name: {command.name} という資料はまだありません",
            f"name: there is no paper {command.name!r} to replace",
            remedy_ja="元の資料と同じ名前にするか、席上配付(handout)にしてください",
            remedy_en="give it the name of the paper it replaces, or hand it out",
        )
    paper = m.Paper(
        name=command.name,
        sha256=command.sha256,
        size=command.size,
        kind=command.as_,
        version=sum(p.name == command.name for p in item.papers) + 1,
    )
    return [m.PaperReceived(item=command.item, paper=paper)]


def _brief(state: Session, command: m.RecordBriefing, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    _secretariat(state, actor, facts, now)
    return [m.ChairBriefed(on=command.on, text=command.text)]


def _opinion(state: Session, command: m.ObtainOpinion, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    _secretariat(state, actor, facts, now)
    if command.treatment in ("partly", "not_adopted") and not command.because.strip():
        raise refuse(
            "treatment-unreasoned",
            "because: 採らない(一部のみ採る)意見には理由が要ります",
            "because: an opinion that is not (wholly) adopted needs a reason",
            remedy_ja="理由を書いてください",
            remedy_en="give the reason",
        )
    fields = {n: getattr(command, n) for n in m.OpinionObtained.model_fields}
    _open_item(state, command.item)
    return [m.OpinionObtained(**fields)]


def _attend(state: Session, command: m.TakeAttendance, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    _secretariat(state, actor, facts, now)
    # Who sits is asked anew: since the notice somebody may have been moved.
    members = members_of(state.of, facts.directory, local_day(now))
    seats = {s.person: s for s in members}
    strangers = [p for p in command.present if p not in seats]
    if strangers:
        raise refuse(
            "not-a-member",
            f"present: {', '.join(strangers)} は構成員ではありません",
            f"present: {', '.join(strangers)} do not sit in this body",
            remedy_ja="構成員でない出席者は --guest で記録してください",
            remedy_en="record others who attend with --guest",
        )
    if command.presiding not in command.present or seats[command.presiding].seat == "member":
        raise refuse(
            "cannot-preside",
            f"presiding: {command.presiding} は出席している議長・副議長ではありません",
            f"presiding: {command.presiding} is neither chair nor vice-chair, or is not present",
            remedy_ja="出席している議長か副議長を指定してください",
            remedy_en="name the chair or a vice-chair who is present",
        )
    present = tuple(s.person for s in members if s.person in set(command.present))
    return [
        m.AttendanceRecorded(
            members=members,
            present=present,
            presiding=command.presiding,
            guests=command.guests,
            quorum=quorum_met(state.of, len(present), len(members)),
        )
    ]


def _recuse(state: Session, command: m.RecuseFromItem, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    person = known_person(actor, facts)
    if person != command.person:
        _secretariat(state, actor, facts, now)
    item = _open_item(state, command.item)
    if command.person not in {s.person for s in state.members}:
        raise refuse(
            "not-a-member",
            f"person: {command.person} は構成員ではありません",
            f"person: {command.person} does not sit in this body",
            remedy_ja="構成員の職員IDにしてください",
            remedy_en="name a member",
        )
    if command.person in item.recused:
        return []
    return [m.MemberRecused(item=item.key, person=command.person, reason=command.reason)]


def _vote(state: Session, command: m.CastVote, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    person, item = known_person(actor, facts), _open_item(state, command.item)
    if not state.circulation:
        raise refuse(
            "not-a-circulation",
            "持ち回りではないので、会議で採決します",
            "this is no circulation: votes are taken at the table",
            remedy_ja="会議に出席してください",
            remedy_en="attend the session",
        )
    if (
        person not in {s.person for s in members_of(state.of, facts.directory, local_day(now))}
        or person in item.recused
    ):
        raise refuse(
            "may-not-vote",
            f"{person} はこの議題で採決に加わりません",
            f"{person} does not vote on this item",
            remedy_ja="構成員で、回避していない者だけが加わります",
            remedy_en="only members who are not recused do",
        )
    return [m.VoteReceived(item=item.key, person=person, ballot=command.ballot, text=command.text)]


def _conclude(state: Session, command: m.ConcludeItem, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    _secretariat(state, actor, facts, now)
    item = _open_item(state, command.item)
    _fits(item, command)
    members = [s.person for s in state.members if s.person not in item.recused]
    present = tuple(p for p in state.present if p in members)
    votes = {**item.votes, **command.votes} if state.circulation else dict(command.votes)
    if state.circulation:
        present = tuple(p for p in members if p in votes)
    if not quorum_met(state.of, len(present), len(members)):
        raise refuse(
            "no-quorum",
            f"定足数に足りません(構成員 {len(members)}、出席 {len(present)})",
            f"no quorum: {len(present)} of {len(members)} members",
            remedy_ja="出席を改めるか、継続審議として次回に回してください",
            remedy_en="take attendance again, or leave the item to the next session",
        )
    if state.presiding in item.recused:
        raise refuse(
            "presiding-recused",
            f"議事を主宰する {state.presiding} は回避しています",
            f"{state.presiding}, who presides, is recused on this item",
            remedy_ja="ほかの副議長が主宰する出席を記録してください",
            remedy_en="record attendance with another vice-chair presiding",
        )
    way = "vote" if state.circulation else command.way
    if way == "vote":
        _counted(votes, present, command.conclusion)
    elif votes or any(d.person not in present for d in command.dissent):
        raise refuse(
            "consensus-with-votes",
            "全会一致・異議なしの結論に票や欠席者の異議は付きません",
            "a conclusion by consensus has no votes, nor dissent of those not there",
            remedy_ja="way を vote にするか、票を外してください",
            remedy_en="conclude it by vote, or leave the votes out",
        )
    return [
        m.ItemConcluded(
            item=item.key,
            conclusion=command.conclusion,
            way=way,
            present=present,
            votes=votes,
            conditions=command.conditions,
            back_to=command.back_to,
            presiding=state.presiding,
            reason=command.reason,
            dissent="\n".join(f"{d.person}: {d.text}" for d in command.dissent),
        )
    ]


def _fits(item: Item, command: m.ConcludeItem) -> None:
    """The conclusion is one that the item can have, with what it needs."""
    wrong: tuple[str, str] | None = None
    if (command.conclusion == "selected") != (item.category == "selection") and command.conclusion not in (
        "held",
        "sent_back",
        "noted",
    ):
        wrong = ("選定の議題の結論は selected、held、noted のいずれか", "only a selection is concluded as selected")
    elif command.conclusion == "review" and (item.request or not item.lifecycle):
        wrong = (
            "再検討を開くのは、決裁を待っていない課題についてだけです",
            "a review is opened where nothing waits to be decided",
        )
    elif command.conclusion == "conditions" and not command.conditions:
        wrong = ("条件付き了承には条件が要ります", "an endorsement with conditions names them")
    elif command.conclusion in ("sent_back", "not_endorsed") and not command.reason.strip():
        wrong = ("差戻し・不承認には理由が要ります", "sending back or not endorsing needs a reason")
    if wrong is not None:
        raise refuse(
            "conclusion-unfit",
            f"conclusion: {command.conclusion}: {wrong[0]}",
            f"conclusion: {command.conclusion}: {wrong[1]}",
            remedy_ja="結論か、その内容を改めてください",
            remedy_en="choose another conclusion, or add what it needs",
        )


def _counted(votes: Mapping[str, m.Ballot], present: Sequence[str], conclusion: str) -> None:
    """Everybody present voted, nobody else did, and the majority of yes and no agrees with the conclusion."""
    problems = [
        Problem(field=f"votes.{p}", value=votes.get(p), message=Text(ja=ja, en=en))
        for people, ja, en in (
            (sorted(set(votes) - set(present)), "採決に加わりません", "does not vote on this item"),
            (sorted(set(present) - set(votes)), "票がありません", "has not voted"),
        )
        for p in people
    ]
    if problems:
        raise refuse(
            "votes-incomplete",
            "票が出席者と合いません",
            "the votes do not fit those present",
            remedy_ja="出席している構成員全員の票を入れてください(回避者を除く)",
            remedy_en="give the vote of every member present who is not recused",
            problems=tuple(problems),
        )
    yes, no = (sum(b == ballot for b in votes.values()) for ballot in ("yes", "no"))
    if (yes > no) != (conclusion in _AGREEING) and conclusion not in ("held", "noted", "review"):
        raise refuse(
            "votes-say-otherwise",
            f"賛成 {yes}、反対 {no} では {conclusion} になりません",
            f"{yes} for and {no} against do not make it {conclusion}",
            remedy_ja="結論か票を確かめてください(同数は否決です)",
            remedy_en="check the conclusion or the votes; a tie does not carry",
        )


def _instruct(state: Session, command: m.GiveInstruction, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    _secretariat(state, actor, facts, now)
    post = facts.directory.post(command.post)
    other = facts.others.get(command.lifecycle)
    if post is None or other is None or other.kind != "lifecycle":
        field, value = ("post", command.post) if post is None else ("lifecycle", command.lifecycle)
        raise refuse(
            "matter-unknown",
            f"{field}: {value} はありません",
            f"{field}: there is no {value!r}",
            remedy_ja="ID を確かめてください",
            remedy_en="check the id",
        )
    due = end_of_business(command.due)
    if due <= now:
        raise refuse(
            "due-past",
            f"due: {wareki(command.due)}は過ぎています",
            f"due: {command.due} has passed",
            remedy_ja="将来の日付にしてください",
            remedy_en="name a later day",
        )
    return [
        m.InstructionIssued(
            instruction=str(uuid5(NAMESPACE_URL, f"instruction:{state.stream}/{command.command_id}")),
            about=command.about,
            lifecycle=command.lifecycle,
            post=post.id,
            post_title=post.title,
            due_at=due,
            text=command.text,
        )
    ]


def _answer(state: Session, command: m.AnswerInstruction, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    person, day = known_person(actor, facts), local_day(now)
    found = state.instructions.get(command.instruction)
    if found is None or found.answered_at is not None:
        raise refuse(
            "instruction-not-open",
            "この指示は回答済みか、ありません",
            "there is no such instruction, or it has been answered",
            remedy_ja="`starter.py council instructions` で確かめてください",
            remedy_en="see `starter.py council instructions`",
        )
    unit = post.unit if (post := facts.directory.post(found.post)) else ""
    if person not in facts.directory.holders(found.post, day) and unit not in facts.directory.units_of(person, day):
        raise refuse(
            "not-your-post",
            f"この指示は {found.post_title.ja} 宛てです",
            f"this instruction is addressed to {found.post_title.en}",
            remedy_ja="その職か、その課の職員が答えてください",
            remedy_en="let a holder of that post or someone of its unit answer",
        )
    return [m.InstructionAnswered(instruction=found.id, text=command.text)]


def _remind(
    state: Session, command: m.RemindOfInstructions, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    found = state.instructions.get(command.instruction)
    if found is None or found.answered_at is not None or found.reminded:
        return []
    if now < found.due_at:
        raise refuse(
            "not-due-yet",
            "期限はまだ来ていません",
            "the due date has not come yet",
            remedy_ja="待ってください",
            remedy_en="wait for it",
            retry_at=found.due_at,
        )
    return [m.InstructionReminded(instruction=found.id)]


def _close(state: Session, command: m.CloseSession, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    _secretariat(state, actor, facts, now)
    if waiting := [i.key for i in state.items.values() if i.conclusion is None]:
        raise refuse(
            "items-unconcluded",
            f"結論のない議題があります: {', '.join(waiting)}",
            f"not concluded: {', '.join(waiting)}",
            remedy_ja="結論を入れるか、継続審議(held)にしてください",
            remedy_en="conclude them, or hold them for the next session",
        )
    return [m.SessionClosed(carried=tuple(i.key for i in state.items.values() if carries(i)))]


def carries(item: Item) -> bool:
    """Whether something follows elsewhere: what is held or merely noted goes nowhere, unless the matter has a lifecycle."""
    if item.conclusion in (None, "held"):
        return False
    return bool(item.lifecycle) or (item.conclusion == "selected" and bool(item.selection))


def _cancel(state: Session, command: m.CancelSession, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    _secretariat(state, actor, facts, now)
    return [m.SessionCancelled(reason=command.reason)]


def _note(state: Session, command: m.NoteCarryRefusal, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    if command.item not in state.items:
        return []
    return [m.CarryingRefused(item=command.item, rule=command.rule, message=command.message, remedy=command.remedy)]


def _settle(state: Session, command: m.SettleException, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    _secretariat(state, actor, facts, now)
    item = state.items.get(command.item)
    if item is None or item.exception is None or item.exception.settled:
        raise refuse(
            "no-exception",
            f"item: {command.item} に未処理の例外はありません",
            f"item: {command.item!r} has no open exception",
            remedy_ja="`starter.py council show` で確かめてください",
            remedy_en="see `starter.py council show`",
        )
    attempt = item.attempt + command.again
    return [m.ExceptionSettled(item=item.key, again=command.again, attempt=attempt, text=command.text)]


def _write(state: Session, command: m.WriteMinutes, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    _secretariat(state, actor, facts, now)
    return [
        m.MinutesDrafted(
            version=state.minutes + 1,
            form=command.form,
            correction=state.phase == "final",
            text=command.text,
            closed_part=command.closed_part,
        )
    ]


def _confirm(state: Session, command: m.ConfirmMinutes, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    person = known_person(actor, facts)
    if person not in state.present:
        raise refuse(
            "was-not-present",
            f"{person} は出席していません",
            f"{person} was not present",
            remedy_ja="出席した構成員が確認してください",
            remedy_en="let a member who was present confirm them",
        )
    if command.version != state.minutes:
        raise refuse(
            "minutes-moved-on",
            f"version: 最新は第{state.minutes}版です",
            f"version: the newest is version {state.minutes}",
            remedy_ja="最新版を読んで確認してください",
            remedy_en="read that one and confirm it",
        )
    if person in state.confirmed:
        return []
    return [m.MinutesConfirmed(version=command.version)]


def _finalise(state: Session, command: m.FinaliseMinutes, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    _secretariat(state, actor, facts, now)
    if state.minutes == 0 or state.presiding not in state.confirmed or len(state.confirmed) * 2 <= len(state.present):
        raise refuse(
            "minutes-unconfirmed",
            f"主宰者と出席者の過半の確認が要ります(確認 {len(state.confirmed)}、出席 {len(state.present)})",
            f"confirmed by {len(state.confirmed)} of {len(state.present)}; the one who presided and more than half are needed",
            remedy_ja="出席者に `starter.py council confirm` を頼んでください",
            remedy_en="ask those who were present for `starter.py council confirm`",
        )
    return [m.MinutesFinalised(version=state.minutes)]


_HANDLERS: Mapping[type[Command], Callable[[Session, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    m.PutItem: _put,
    m.TakeItemOff: _take_off,
    m.PutPaper: _paper,
    m.RecordBriefing: _brief,
    m.ObtainOpinion: _opinion,
    m.TakeAttendance: _attend,
    m.RecuseFromItem: _recuse,
    m.CastVote: _vote,
    m.ConcludeItem: _conclude,
    m.GiveInstruction: _instruct,
    m.AnswerInstruction: _answer,
    m.RemindOfInstructions: _remind,
    m.CloseSession: _close,
    m.CancelSession: _cancel,
    m.NoteCarryRefusal: _note,
    m.SettleException: _settle,
    m.WriteMinutes: _write,
    m.ConfirmMinutes: _confirm,
    m.FinaliseMinutes: _finalise,
}
