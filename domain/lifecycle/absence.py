"""Who stands for a post when its holder does not decide: deputies in their order (代決), recusal, marks that keep deputies out.

Absence never freezes a gate, and never hands a matter to somebody out of turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field

from domain.calendar import local_day
from domain.facts import Facts
from domain.lifecycle.authority import known_person, may_steer
from domain.lifecycle.commands import AnswerRequest, LifecycleCommand
from domain.lifecycle.deputising import barred, handed_on, objectors
from domain.lifecycle.dialogue import InformationShared
from domain.lifecycle.events import Stands
from domain.lifecycle.handing import fell_back, not_the_one_asked
from domain.lifecycle.state import Fell, Lifecycle, Request, Submission
from domain.messages import Actor, Command, Event, Frozen, Personal, Recorded, Text, lacking, refuse
from domain.process import Stage, Step

Changes = dict[str, Any]
Mark = Literal["important", "unusual", "doubtful"]
"""重要・異例・疑義: matters that a deputy does not decide unless instructed or urgent."""
_MARKS = {
    "important": Text(ja="重要", en="important"),
    "unusual": Text(ja="異例", en="unusual"),
    "doubtful": Text(ja="疑義", en="doubtful"),
}


class Recuse(LifecycleCommand):
    """Somebody does not decide in this matter, because of a conflict of interest; `lifted`: the reason has gone."""

    type = "Recuse"
    person: str
    reason: str = Field(min_length=1, max_length=4000)
    lifted: bool = False


class MarkMatter(LifecycleCommand):
    """Mark the matter as important, unusual or doubtful; the marks named replace those before."""

    type = "MarkMatter"
    marks: tuple[Mark, ...]
    reason: str = Field(min_length=1, max_length=4000)


class PersonRecused(Event):
    type = "PersonRecused"
    person: str
    lifted: bool
    reason: Personal


class MatterMarked(Event):
    type = "MatterMarked"
    marks: tuple[str, ...]
    reason: Personal


class Standing(Frozen):
    """As whom a person answers; `acting_as` is the post of a deputy."""

    person: str
    stands: Stands = "holder"
    acting_as: str | None = None
    session: str = ""
    """The session in which a body decided."""


def standing(
    state: Lifecycle,
    command: AnswerRequest,
    actor: Actor,
    request: Request,
    step: Step,
    stage: Stage,
    facts: Facts,
    now: datetime,
) -> Standing:
    """As whom the actor answers a request today. Refuses who neither holds the post nor is the next in order for it, and everybody but
    the deputy whom it was handed on to."""
    person, day = known_person(actor, facts), local_day(now)
    if person in state.recused:
        raise refuse(
            "recused",
            f"{person} はこの案件について回避しています",
            f"{person} is recused in this matter",
            remedy_ja="同じ職の別の者か、次の順位の者が答えてください",
            remedy_en="let another holder of the post answer, or the next in order",
        )
    if (handed := handed_on(state, request, facts, day)) is not None:
        if person != handed.to:
            raise not_the_one_asked(person, handed)
        _a_deputy_may(state, command, stage)
        return Standing(person=person, stands="handed", acting_as=handed.to_post)
    holders = facts.directory.holders(request.post, day)
    if person in holders:
        return Standing(person=person)
    stands, deputies = next_in_order(state, request, step, stage, facts, day)
    mine = next((post for post in deputies if person in facts.directory.holders(post, day)), None)
    if mine is None:
        raise _not_yours(person, request, holders, deputies, facts, day)
    if stands == "deputy":
        _a_deputy_may(state, command, stage)
    return Standing(person=person, stands=stands, acting_as=mine)


def next_in_order(
    state: Lifecycle, request: Request, step: Step, stage: Stage, facts: Facts, day: date
) -> tuple[Stands, list[str]]:
    """Why a deputy may answer, and the posts of the first in order who is there; none while a holder can decide.

    Who is recused, or drafted what is to be decided, can not, and does not freeze the gate either. Where no deputy is there,
    the post that the step escalates to stands in: at once for a post that nobody can decide in, and for holders who are
    merely away once they have been waited for so long that it was told.
    """
    here = facts.directory
    holders = [p for p in here.holders(request.post, day) if here.may_decide(p)]
    kept_out = barred(state, step)
    able = [p for p in holders if p not in kept_out]
    if any(not here.is_absent(p, day) for p in able):
        return "holder", []
    stands: Stands = "vacancy" if not holders else "deputy" if able else "recusal"
    if stands == "deputy" and step.absence == "wait":
        return stands, []
    waited = stands != "deputy" or request.escalated or request.escalate_at is None
    beyond = [request.escalate_to] if request.escalate_to is not None and waited else []
    kept_out |= objectors(state, request, facts, day)
    for post in [*here.deputies_of(request.post, day, stage.key), *beyond]:
        there = (p for p in here.holders(post, day) if p not in kept_out and not here.is_absent(p, day))
        if any(here.may_decide(p) for p in there):
            return stands, [post]
    return stands, []


def stands_in(state: Lifecycle, request_id: str, person: str, facts: Facts, day: date) -> bool:
    """Whether a person may decide an open request for a post that they do not hold: it was handed on to them, or it is their turn and
    nothing bars them."""
    request = next((r for r in state.requests if r.id == request_id and r.kind == "decide"), None)
    if request is None or facts.definition is None or person in state.recused or not facts.directory.may_decide(person):
        return False
    if (handed := handed_on(state, request, facts, day)) is not None:
        return person == handed.to
    stage = facts.definition.stage(state.work)
    step = stage.gate[request.step_index]
    if person in facts.directory.holders(request.post, day) or (
        person in state.authors and not step.drafter_may_decide
    ):
        return False
    _, posts = next_in_order(state, request, step, stage, facts, day)
    return any(person in facts.directory.holders(post, day) for post in posts)


def _not_yours(
    person: str, request: Request, holders: list[str], deputies: list[str], facts: Facts, day: date
) -> Exception:
    who = ", ".join(holders) or "空席 / vacant"
    if deputies:
        who = ", ".join(p for post in deputies for p in facts.directory.holders(post, day)) + " (代 / in absence)"
    return refuse(
        "not-your-post",
        f"この依頼は {request.post_title.ja} 宛てです({person} はその職にありません)",
        f"this request is addressed to {request.post_title.en}; {person} does not hold that post today",
        remedy_ja=f"その職にある者が答えてください: {who}",
        remedy_en=f"let a holder of the post answer: {who}",
    )


def _a_deputy_may(state: Lifecycle, command: AnswerRequest, stage: Stage) -> None:
    marks = [*(("important",) if stage.important else ()), *state.marks]
    if not marks:
        return
    ja, en = "・".join(_MARKS[m].ja for m in dict.fromkeys(marks)), ", ".join(dict.fromkeys(marks))
    if command.in_absence is None:
        raise refuse(
            "not-in-absence",
            f"{ja}な案件は代決できません",
            f"a matter that is {en} is not decided in absence",
            remedy_ja="指示を受けているか急施を要するなら --in-absence instructed|urgent と理由(--comment)を添えてください",
            remedy_en="if instructed or urgent, say so with --in-absence instructed|urgent and a reason (--comment)",
            problems=lacking("in_absence", "comment"),
        )
    if not command.comment.strip():
        raise refuse(
            "reason-missing",
            "代決の事情(誰の指示か、なぜ急ぐか)を書いてください",
            "deciding in absence here needs a reason: whose instruction, or why it is urgent",
            remedy_ja="--comment で理由を書いてください",
            remedy_en="give it with --comment",
            problems=lacking("comment"),
        )


def later_viewing(state: Lifecycle, request: Request, stands: Standing, submission: Submission) -> list[Event]:
    """後閲: what was decided for an absent holder waits for them to be seen, and reopens nothing."""
    if stands.stands not in ("deputy", "handed"):
        return []
    return [
        InformationShared(
            reading=str(uuid5(NAMESPACE_URL, f"viewing:{request.id}")),
            post=request.post,
            post_title=request.post_title,
            stage=request.stage,
            stage_title=request.title,
            round=request.round,
            version=submission.version,
            content_hash=submission.content_hash,
            by_definition=True,
            note="",
            later_viewing=True,
        )
    ]


def _recuse(state: Lifecycle, command: Recuse, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    person = known_person(actor, facts)
    if facts.directory.person(command.person) is None:
        raise refuse(
            "person-unknown",
            f"person: 名簿にない職員です: {command.person}",
            f"person: {command.person!r} is not in the directory",
            remedy_ja="職員IDを確かめてください(`./taskforce people`)",
            remedy_en="check the id (`./taskforce people`)",
        )
    if command.lifted or person != command.person:
        may_steer(actor, state, facts, now)
    if command.lifted and person == command.person:
        raise refuse(
            "recusal-own",
            "自分の回避は自分では解けません",
            "nobody lifts their own recusal",
            remedy_ja="事務局か上司が解いてください",
            remedy_en="let the secretariat or a superior lift it",
        )
    if (command.person in state.recused) != command.lifted:
        raise refuse(
            "recusal-unchanged",
            f"{command.person} は{'回避していません' if command.lifted else '既に回避しています'}",
            f"{command.person} {'is not recused' if command.lifted else 'is recused already'}",
            remedy_ja="何もする必要はありません",
            remedy_en="nothing needs to be done",
        )
    recused = PersonRecused(person=command.person, lifted=command.lifted, reason=command.reason)
    return [recused, *(() if command.lifted else _fallen_back(state, command.person, facts, local_day(now)))]


def _fallen_back(state: Lifecycle, person: str, facts: Facts, day: date) -> list[Event]:
    """What was handed on by or to somebody who is recused now is the post's own again."""
    concerned = [(r, handed_on(state, r, facts, day)) for r in state.requests]
    fell = Fell(why="recused", on=day)
    return [fell_back(r, fell, facts) for r, h in concerned if h is not None and person in (h.by, h.to)]


def _mark(state: Lifecycle, command: MarkMatter, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    may_steer(actor, state, facts, now)
    marks = tuple(sorted(set(command.marks)))
    if marks == state.marks:
        raise refuse(
            "marks-unchanged",
            "すでにその扱いです",
            "it is marked like that already",
            remedy_ja="何もする必要はありません",
            remedy_en="nothing needs to be done",
        )
    return [MatterMarked(marks=marks, reason=command.reason)]


def _recused(state: Lifecycle, event: PersonRecused, _: Recorded) -> Changes:
    others = tuple(p for p in state.recused if p != event.person)
    return {"recused": others if event.lifted else (*others, event.person)}


def _marked(state: Lifecycle, event: MatterMarked, _: Recorded) -> Changes:
    return {"marks": event.marks}


def _recusal_told(_: Lifecycle, event: PersonRecused) -> Text:
    if event.lifted:
        return Text(ja="回避を解除", en="a recusal was lifted")
    return Text(ja="利害関係により回避", en="somebody is recused for a conflict of interest")


def _marks_told(_: Lifecycle, event: MatterMarked) -> Text:
    if not event.marks:
        return Text(ja="重要・異例・疑義の扱いを解除", en="marks taken off")
    ja, en = "・".join(_MARKS[m].ja for m in event.marks), ", ".join(event.marks)
    return Text(ja=f"{ja}な案件として扱う", en=f"marked as {en}")


COMMANDS: dict[str, type[Command]] = {k.type: k for k in (Recuse, MarkMatter)}
EVENTS: dict[str, type[Event]] = {k.type: k for k in (PersonRecused, MatterMarked)}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    Recuse: _recuse,
    MarkMatter: _mark,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    PersonRecused: _recused,
    MatterMarked: _marked,
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    PersonRecused: _recusal_told,
    MatterMarked: _marks_told,
}
