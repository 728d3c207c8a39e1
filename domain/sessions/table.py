"""At the table or in circulation: who is there, who is recused, how members vote, what is concluded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.bodies import Member, members_of, quorum_met
from domain.calendar import end_of_business, local_day, wareki
from domain.facts import Facts
from domain.lifecycle.authority import known_person
from domain.lifecycle.commands import Condition
from domain.messages import Actor, Event, Frozen, Problem, Text, refuse
from domain.sessions import messages as m
from domain.sessions.session import Item, Session
from domain.sessions.standing import known_item, open_item, secretariat

AGREEING = {"endorsed", "conditions", *m.OUTCOMES, "selected"}


def attend(state: Session, command: m.TakeAttendance, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    secretariat(state, actor, facts, now)
    if state.circulation:
        raise refuse(
            "circulation-without-attendance",
            "持ち回りでは出席をとりません",
            "nobody attends a circulation",
            remedy_ja="構成員の投票を待って結論を入れてください",
            remedy_en="wait for the members' votes, then enter the conclusions",
        )
    if state.held_on is not None and local_day(now) < state.held_on:
        raise refuse(
            "not-yet-the-day",
            f"開催日({wareki(state.held_on)})はまだ来ていません",
            f"the session is held on {state.held_on}, which has not come yet",
            remedy_ja="当日に出席をとるか、取りやめて招集し直してください",
            remedy_en="take attendance that day, or cancel it and convene another",
        )
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


def recuse(state: Session, command: m.RecuseFromItem, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    person = known_person(actor, facts)
    if person != command.person:
        secretariat(state, actor, facts, now)
    item = open_item(state, command.item)
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


def vote(state: Session, command: m.CastVote, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    person, item = known_person(actor, facts), open_item(state, command.item)
    if not state.circulation:
        raise refuse(
            "not-a-circulation",
            "持ち回りではないので、会議で採決します",
            "this is no circulation: votes are taken at the table",
            remedy_ja="会議に出席してください",
            remedy_en="attend the session",
        )
    if state.held_on is not None and now > (last := end_of_business(state.held_on)):
        raise refuse(
            "voting-over",
            f"投票は {wareki(local_day(last))} で締め切られました",
            f"votes were taken until {local_day(last)}",
            remedy_ja="事務局に伝えてください",
            remedy_en="tell the secretariat",
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


class _Part(Frozen):
    """Who takes part in concluding an item: members who are not recused, those of them who are there, their votes, who presides."""

    members: tuple[str, ...]
    present: tuple[str, ...]
    votes: dict[str, m.Ballot]
    presiding: str


def conclude(state: Session, command: m.ConcludeItem, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    secretariat(state, actor, facts, now)
    item = known_item(state, command.item)
    if not state.deliberating:
        raise refuse(
            "not-sitting",
            "開会していないので結論は入れられません",
            "the session is not sitting; nothing is concluded yet",
            remedy_ja="先に出席をとってください",
            remedy_en="take attendance first",
        )
    fits(item, command.conclusion, command.conditions, command.back_to, command.reason, facts)
    held = command.conclusion == "held"
    part = _circulating(state, item, command, facts, now) if state.circulation else _at_the_table(state, item, command)
    if not held:
        _able(state, item, part)
    votes: dict[str, m.Ballot] = {} if held and state.circulation else part.votes
    way = ("consensus" if held else "vote") if state.circulation else command.way
    if way == "vote":
        counted(votes, part.present, command.conclusion)
    elif votes or any(d.person not in part.present for d in command.dissent):
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
            way="vote" if way == "vote" else "consensus",
            present=part.present,
            votes=votes,
            conditions=command.conditions,
            back_to=command.back_to,
            presiding=part.presiding,
            reason=command.reason,
            dissent="\n".join(f"{d.person}: {d.text}" for d in command.dissent),
        )
    ]


def _at_the_table(state: Session, item: Item, command: m.ConcludeItem) -> _Part:
    members = tuple(s.person for s in state.members if s.person not in item.recused)
    present = tuple(p for p in state.present if p in members)
    return _Part(members=members, present=present, votes=command.votes, presiding=state.presiding)


def _circulating(state: Session, item: Item, command: m.ConcludeItem, facts: Facts, now: datetime) -> _Part:
    """In a circulation members vote themselves, until its last day; whoever sits in the body when it is concluded counts."""
    if command.votes:
        raise refuse(
            "votes-are-their-own",
            "votes: 持ち回りの票は構成員が自ら投じます",
            "votes: in a circulation every member votes in person",
            remedy_ja="票を外してください(構成員は `./taskforce council vote` で投票します)",
            remedy_en="leave them out; members vote with `./taskforce council vote`",
        )
    seats = [s for s in members_of(state.of, facts.directory, local_day(now)) if s.person not in item.recused]
    votes = {s.person: item.votes[s.person] for s in seats if s.person in item.votes}
    last = end_of_business(state.held_on) if state.held_on is not None else now
    if len(votes) < len(seats) and now < last and command.conclusion != "held":
        raise refuse(
            "still-voting",
            f"投票は {wareki(local_day(last))} までです(投票済み {len(votes)}/{len(seats)})",
            f"votes are taken until {local_day(last)}; {len(votes)} of {len(seats)} have voted",
            remedy_ja="全員の投票か期限を待ってください",
            remedy_en="wait for everybody's vote, or for that day",
            retry_at=last,
        )
    heads: list[Member] = [s for s in seats if s.seat == "chair"] or [s for s in seats if s.seat == "vice_chair"]
    return _Part(
        members=tuple(s.person for s in seats),
        present=tuple(votes),
        votes=votes,
        presiding=heads[0].person if heads else "",
    )


def _able(state: Session, item: Item, part: _Part) -> None:
    """A quorum, and somebody who may preside. Raises `Refused`."""
    if not quorum_met(state.of, len(part.present), len(part.members)):
        raise refuse(
            "no-quorum",
            f"定足数に足りません(構成員 {len(part.members)}、出席 {len(part.present)})",
            f"no quorum: {len(part.present)} of {len(part.members)} members",
            remedy_ja="出席を改めるか、継続審議(held)として次回に回してください",
            remedy_en="take attendance again, or hold the item (held) for the next session",
        )
    if not part.presiding or part.presiding in item.recused:
        raise refuse(
            "presiding-recused",
            f"議事を主宰する {part.presiding or '議長'} は回避しています",
            f"{part.presiding or 'whoever'} presides is recused on this item",
            remedy_ja="ほかの副議長が主宰する出席を記録してください",
            remedy_en="record attendance with another vice-chair presiding",
        )


def fits(
    item: Item,
    conclusion: str,
    conditions: Sequence[Condition],
    back_to: str | None,
    reason: str,
    facts: Facts,
) -> None:
    """The conclusion is one that the item can have, with what it needs. Raises `Refused`."""
    wrong: tuple[str, str] | None = None
    if (conclusion == "selected") != (item.category == "selection") and conclusion not in (
        "held",
        "sent_back",
        "noted",
    ):
        wrong = ("選定の議題の結論は selected、held、noted のいずれか", "only a selection is concluded as selected")
    elif conclusion in m.OUTCOMES and item.category not in ("evaluation", "objection"):
        wrong = ("取組方針(拡充・改善など)は評価の議題だけの結論です", "only an evaluation ends with an outcome")
    elif conclusion == "review" and (item.request or not item.lifecycle):
        wrong = (
            "再検討を開くのは、決裁を待っていない課題についてだけです",
            "a review is opened where nothing waits to be decided",
        )
    elif conclusion == "conditions" and not conditions:
        wrong = ("条件付き了承には条件が要ります", "an endorsement with conditions names them")
    elif conclusion in ("sent_back", "not_endorsed") and not reason.strip():
        wrong = ("差戻し・不承認には理由が要ります", "sending back or not endorsing needs a reason")
    elif (unknown := _unknown_stage(conditions, back_to, facts)) is not None:
        wrong = (f"{unknown} という段階・手順は定義にありません", f"the definition has no stage or step {unknown!r}")
    if wrong is not None:
        raise refuse(
            "conclusion-unfit",
            f"conclusion: {conclusion}: {wrong[0]}",
            f"conclusion: {conclusion}: {wrong[1]}",
            remedy_ja="結論か、その内容を改めてください",
            remedy_en="choose another conclusion, or add what it needs",
        )


def _unknown_stage(conditions: Sequence[Condition], back_to: str | None, facts: Facts) -> str | None:
    """A stage that is named and that the matter's process does not have; a way back may name a step as well."""
    if facts.definition is None:
        return None
    stages = {s.key for s in facts.definition.all_stages}
    steps = {step.key for s in facts.definition.all_stages for step in s.gate}
    if back_to and back_to not in stages | steps:
        return back_to
    return next((c.before for c in conditions if c.before and c.before not in stages), None)


def counted(votes: Mapping[str, m.Ballot], present: Sequence[str], conclusion: str) -> None:
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
    if (yes > no) != (conclusion in AGREEING) and conclusion not in ("held", "noted", "review"):
        raise refuse(
            "votes-say-otherwise",
            f"賛成 {yes}、反対 {no} では {conclusion} になりません",
            f"{yes} for and {no} against do not make it {conclusion}",
            remedy_ja="結論か票を確かめてください(同数は否決です)",
            remedy_en="check the conclusion or the votes; a tie does not carry",
        )
