"""Calling a body together and preparing its session: agenda, papers, briefing, opinions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from domain.bodies import Body, BodyRules, members_of, require_secretariat
from domain.bodies_stream import required
from domain.calendar import local_day, wareki
from domain.facts import Facts
from domain.lifecycle.authority import known_person
from domain.messages import Actor, Event, refuse
from domain.sessions import messages as m
from domain.sessions.session import Session
from domain.sessions.standing import concluded_already, open_item, secretariat


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


def convene(state: Session, command: m.ConveneSession, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    today, rules = local_day(now), required(facts, command.rules)
    body = _body(rules, command.body)
    if not actor.is_system:
        require_secretariat(known_person(actor, facts), rules, facts.directory, today)
    if state.rules is not None:
        raise refuse(
            "session-exists",
            "この会議は既に招集されています",
            "this session has been convened already",
            remedy_ja="回数を確かめてください",
            remedy_en="check its number",
        )
    _in_time(command, body, facts, now)
    members = members_of(body, facts.directory, today)
    if not any(s.seat == "chair" for s in members):
        raise refuse(
            "chair-vacant",
            f"{body.title.ja}の議長の職が空席です",
            f"nobody holds the post that chairs the {body.title.en}",
            remedy_ja="職員名簿を確かめてください",
            remedy_en="check the directory",
        )
    names = ("body", "fiscal_year", "number", "held_on", "place", "circulation", "urgent")
    return [m.SessionConvened(**{n: getattr(command, n) for n in names}, rules=rules, members=members)]


def earliest_day(body: Body, facts: Facts, now: datetime) -> date:
    """The first day for which a notice that goes out now is in time."""
    return local_day(facts.calendar.after(now, body.notice))


def _in_time(command: m.ConveneSession, body: Body, facts: Facts, now: datetime) -> None:
    """A day to come, a working day, and far enough away; the last two give way to a reason. Raises `Refused`."""
    if command.held_on < local_day(now):
        raise refuse(
            "session-day-past",
            f"held_on: {wareki(command.held_on)}は過ぎています",
            f"held_on: {command.held_on} has passed",
            remedy_ja="今日以降の日付にしてください",
            remedy_en="name today or a later day",
        )
    if command.urgent.strip():
        return
    if not facts.calendar.is_working(command.held_on):
        raise refuse(
            "not-a-working-day",
            f"held_on: {wareki(command.held_on)}は閉庁日です",
            f"held_on: {command.held_on} is no working day",
            remedy_ja="開庁日にするか、--urgent で理由を書いてください",
            remedy_en="name a working day, or give the reason with --urgent",
        )
    if command.held_on < (earliest := earliest_day(body, facts, now)):
        raise refuse(
            "notice-too-short",
            f"held_on: 招集の通知から {wareki(earliest)} までの日数が要ります",
            f"held_on: with today's notice the earliest day is {earliest}",
            remedy_ja="日を改めるか、--urgent で急ぐ理由を書いてください",
            remedy_en="name a later day, or say with --urgent why it is urgent",
        )


def put(state: Session, command: m.PutItem, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    secretariat(state, actor, facts, now)
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
    _same_matter(state, command)
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
    if command.selection and not command.seen:
        raise refuse(
            "seen-missing",
            "seen: 選定の議題には、会議に付す案のハッシュが要ります",
            "seen: an item of a selection names the hash of what is laid before the body",
            remedy_ja="`./taskforce council agenda --build` か `./taskforce council put --selection` で載せてください",
            remedy_en="put it on with `./taskforce council agenda --build` or `./taskforce council put --selection`",
        )
    pinned = facts.others[command.lifecycle].definition if command.lifecycle else ""
    fields = {n: getattr(command, n) for n in m.ItemPlaced.model_fields if n != "definition"}
    return [m.ItemPlaced(**fields, definition=pinned)]


def _same_matter(state: Session, command: m.PutItem) -> None:
    """What members have voted on stays what it was, and papers stay with their matter. Raises `Refused`."""
    if command.item in state.removed:
        raise refuse(
            "item-key-used",
            f"item: {command.item} は取り下げた議題の記号です",
            f"item: {command.item!r} was the key of an item that was taken off",
            remedy_ja="別の記号にしてください",
            remedy_en="give it another key",
        )
    known = state.items.get(command.item)
    if known is None:
        return
    if known.conclusion is not None:
        raise concluded_already(known)
    if known.votes:
        raise refuse(
            "votes-cast",
            f"議題 {known.key} には票が入っているので改められません",
            f"item {known.key!r} has been voted on and stays as it is",
            remedy_ja="取り下げて、別の記号で載せ直してください",
            remedy_en="take it off and put it on again under another key",
        )
    names = ("lifecycle", "request", "selection", "follows")
    other = any(getattr(known, n) != getattr(command, n) for n in names)
    if other and (known.papers or known.opinions or known.recused):
        raise refuse(
            "matter-swapped",
            f"議題 {known.key} には資料・意見・回避があり、別の案件にはできません",
            f"item {known.key!r} has papers, opinions or recusals and cannot become another matter",
            remedy_ja="取り下げて、別の記号で載せてください",
            remedy_en="take it off and put the other matter on under another key",
        )


def take_off(state: Session, command: m.TakeItemOff, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    secretariat(state, actor, facts, now)
    return [m.ItemRemoved(item=open_item(state, command.item).key, reason=command.reason)]


def paper(state: Session, command: m.PutPaper, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    secretariat(state, actor, facts, now)
    item = open_item(state, command.item)
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


def brief(state: Session, command: m.RecordBriefing, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    secretariat(state, actor, facts, now)
    return [m.ChairBriefed(on=command.on, text=command.text)]


def opinion(state: Session, command: m.ObtainOpinion, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    secretariat(state, actor, facts, now)
    if command.treatment in ("partly", "not_adopted") and not command.because.strip():
        raise refuse(
            "treatment-unreasoned",
            "because: 採らない(一部のみ採る)意見には理由が要ります",
            "because: an opinion that is not (wholly) adopted needs a reason",
            remedy_ja="理由を書いてください",
            remedy_en="give the reason",
        )
    fields = {n: getattr(command, n) for n in m.OpinionObtained.model_fields}
    open_item(state, command.item)
    return [m.OpinionObtained(**fields)]
