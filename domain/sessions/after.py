"""What follows a session: its closing and what it carries, exceptions, decisions drafted, instructions, minutes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5

from domain.bodies import posts_of
from domain.calendar import end_of_business, local_day, wareki
from domain.facts import Facts
from domain.lifecycle.authority import known_person
from domain.messages import Actor, Event, refuse
from domain.sessions import messages as m
from domain.sessions.session import Item, Session
from domain.sessions.standing import secretariat
from domain.sessions.table import AGREEING, counted, fits
from domain.sessions.words import CATEGORIES, CONCLUSIONS


def close(state: Session, command: m.CloseSession, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    secretariat(state, actor, facts, now)
    if not state.deliberating or (state.circulation and not state.items):
        raise refuse(
            "not-sitting",
            "開会していないので閉会できません",
            "the session is not sitting; there is nothing to close",
            remedy_ja="出席をとるか、取りやめてください",
            remedy_en="take attendance, or cancel it",
        )
    if waiting := [i.key for i in state.items.values() if i.conclusion is None]:
        raise refuse(
            "items-unconcluded",
            f"結論のない議題があります: {', '.join(waiting)}",
            f"not concluded: {', '.join(waiting)}",
            remedy_ja="結論を入れるか、継続審議(held)にしてください",
            remedy_en="conclude them, or hold them for the next session",
        )
    carried = tuple(i.key for i in state.items.values() if carries(i))
    return [*_decisions(state, facts, now), m.SessionClosed(carried=carried)]


def _decisions(state: Session, facts: Facts, now: datetime) -> Iterator[m.DecisionDrafted]:
    """The 決裁 that the rules ask for after what was agreed on: drafted with what the body concluded, for a post to see through."""
    asked = {f.category: f for f in state.of.formal}
    for item in state.items.values():
        if item.category not in asked or item.conclusion not in AGREEING:
            continue
        formal = asked[item.category]
        post = next(iter(posts_of(formal.by, facts.directory)), None) or facts.directory.post(state.chair_post())
        if post is None:
            continue
        text = _draft(state, item)
        yield m.DecisionDrafted(
            item=item.key,
            document=str(uuid5(NAMESPACE_URL, f"decision:{state.stream}/{item.key}")),
            post=post.id,
            post_title=post.title,
            due_at=facts.calendar.after(now, formal.within),
            text=text,
            content_hash=sha256(text.encode()).hexdigest(),
        )


def _draft(state: Session, item: Item) -> str:
    """Markdown. Only what is no personal text: reasons and dissent stay with the session's record."""
    said = CONCLUSIONS[item.conclusion or ""].ja
    held = wareki(state.held_on) if state.held_on else ""
    lines = [
        f"# {item.title if item.public else '非公開の議題'}について(伺い)",
        f"{held}に開催された{state.title.ja}において、下記のとおり「{said}」の結論を得たので、これにより決定してよいか伺います。",
        f"- 議題: {item.key} {CATEGORIES[item.category].ja}",
        *([f"- 審議した文書・案の sha256: {item.seen}"] if item.seen else []),
        *(f"- 条件: {c.text}" for c in item.conditions),
        f"- 会議の記録: {state.stream}/{item.key}",
    ]
    return "\n".join(lines) + "\n"


def enter(state: Session, command: m.EnterDecision, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    person, day = known_person(actor, facts), local_day(now)
    found = state.decisions.get(command.item)
    if found is None or found.number:
        raise refuse(
            "no-decision-drafted",
            f"item: {command.item} に決裁待ちの起案はありません",
            f"item: no decision drafted for {command.item!r} is waiting",
            remedy_ja="`./taskforce council decisions` で確かめてください",
            remedy_en="see `./taskforce council decisions`",
        )
    if person not in facts.directory.holders(found.post, day):
        secretariat(state, actor, facts, now)
    post = facts.directory.post(command.post)
    if post is None:
        raise refuse(
            "matter-unknown",
            f"post: {command.post} はありません",
            f"post: there is no {command.post!r}",
            remedy_ja="ID を確かめてください",
            remedy_en="check the id",
        )
    if not (state.held_on or day) <= command.decided_on <= day:
        raise refuse(
            "decided-on-unfit",
            f"decided_on: {wareki(command.decided_on)}は会議の日から今日までの日ではありません",
            f"decided_on: {command.decided_on} does not lie between the session and today",
            remedy_ja="決裁の日を確かめてください",
            remedy_en="check the day of the decision",
        )
    fields = {"number": command.number, "decided_on": command.decided_on, "post": post.id, "post_title": post.title}
    return [m.DecisionEntered(item=command.item, document=found.document, **fields)]


def carries(item: Item) -> bool:
    """Whether something follows elsewhere: what is held or merely noted goes nowhere, unless the matter has a lifecycle."""
    if item.conclusion in (None, "held"):
        return False
    return bool(item.lifecycle) or (item.conclusion == "selected" and bool(item.selection))


def cancel(state: Session, command: m.CancelSession, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    secretariat(state, actor, facts, now)
    if concluded := [i.key for i in state.items.values() if i.conclusion not in (None, "held")]:
        raise refuse(
            "items-concluded",
            f"結論の出た議題があります: {', '.join(concluded)}",
            f"concluded already: {', '.join(concluded)}",
            remedy_ja="残りを継続審議(held)にして閉会してください",
            remedy_en="hold the others and close the session",
        )
    return [m.SessionCancelled(reason=command.reason)]


def note(state: Session, command: m.NoteCarryRefusal, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    if command.item not in state.items:
        return []
    return [m.CarryingRefused(item=command.item, rule=command.rule, message=command.message, remedy=command.remedy)]


def settle(state: Session, command: m.SettleException, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    secretariat(state, actor, facts, now)
    item = state.items.get(command.item)
    if item is None or item.exception is None or item.exception.settled:
        raise refuse(
            "no-exception",
            f"item: {command.item} に未処理の例外はありません",
            f"item: {command.item!r} has no open exception",
            remedy_ja="`./taskforce council show` で確かめてください",
            remedy_en="see `./taskforce council show`",
        )
    if (right := command.corrected) is not None:
        if not command.again:
            raise refuse(
                "corrected-for-nothing",
                "corrected: 訂正した結論は、もう一度反映するときだけ入れます",
                "corrected: a corrected conclusion is carried again, or not entered at all",
                remedy_ja="--again を付けてください",
                remedy_en="add --again",
            )
        fits(item, right.conclusion, right.conditions, right.back_to, command.text, facts)
        if item.way == "vote":
            counted(item.votes, item.present, right.conclusion)
    attempt = item.attempt + command.again
    return [
        m.ExceptionSettled(
            item=item.key, again=command.again, attempt=attempt, text=command.text, corrected=command.corrected
        )
    ]


def instruct(state: Session, command: m.GiveInstruction, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    secretariat(state, actor, facts, now)
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


def answer(state: Session, command: m.AnswerInstruction, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    person, day = known_person(actor, facts), local_day(now)
    found = state.instructions.get(command.instruction)
    if found is None or found.answered_at is not None:
        raise refuse(
            "instruction-not-open",
            "この指示は回答済みか、ありません",
            "there is no such instruction, or it has been answered",
            remedy_ja="`./taskforce council instructions` で確かめてください",
            remedy_en="see `./taskforce council instructions`",
        )
    unit = post.unit if (post := facts.directory.post(found.post)) else ""
    if person not in facts.directory.holders(found.post, day) and unit not in facts.directory.own_units_of(person, day):
        raise refuse(
            "not-your-post",
            f"この指示は {found.post_title.ja} 宛てです",
            f"this instruction is addressed to {found.post_title.en}",
            remedy_ja="その職か、その課の職員が答えてください",
            remedy_en="let a holder of that post or someone of its unit answer",
        )
    return [m.InstructionAnswered(instruction=found.id, text=command.text)]


def remind(
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


def write(state: Session, command: m.WriteMinutes, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    secretariat(state, actor, facts, now)
    return [
        m.MinutesDrafted(
            version=state.minutes + 1,
            form=command.form,
            correction=state.phase == "final",
            text=command.text,
            closed_part=command.closed_part,
        )
    ]


def confirm(state: Session, command: m.ConfirmMinutes, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
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


def finalise(state: Session, command: m.FinaliseMinutes, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    secretariat(state, actor, facts, now)
    if state.minutes == 0 or state.presiding not in state.confirmed or len(state.confirmed) * 2 <= len(state.present):
        raise refuse(
            "minutes-unconfirmed",
            f"主宰者と出席者の過半の確認が要ります(確認 {len(state.confirmed)}、出席 {len(state.present)})",
            f"confirmed by {len(state.confirmed)} of {len(state.present)}; the one who presided and more than half are needed",
            remedy_ja="出席者に `./taskforce council confirm` を頼んでください",
            remedy_en="ask those who were present for `./taskforce council confirm`",
        )
    return [m.MinutesFinalised(version=state.minutes)]
