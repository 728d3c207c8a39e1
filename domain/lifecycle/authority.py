"""Who may do what. One policy for every way in: shell, web, Temporal UI, import."""

from __future__ import annotations

from datetime import datetime

from domain.calendar import local_day
from domain.facts import Facts
from domain.lifecycle.state import Lifecycle, Request
from domain.messages import Actor, refuse
from domain.process import ProcessDefinition


def definition(facts: Facts) -> ProcessDefinition:
    if facts.definition is None:
        raise refuse(
            "definition-unknown",
            "プロセス定義が登録されていません",
            "the process definition is not published in this store",
            remedy_ja="`./taskforce definition publish` で登録してください",
            remedy_en="publish it with `./taskforce definition publish`",
        )
    return facts.definition


def known_person(actor: Actor, facts: Facts) -> str:
    """The actor's person id, once it is in the directory and may act at all."""
    person = facts.directory.person(actor.person) if actor.person else None
    if person is None:
        raise refuse(
            "person-unknown",
            f"名簿にない職員です: {actor.person}",
            f"person {actor.person!r} is not in the directory",
            remedy_ja="people.yaml にある職員IDを使ってください",
            remedy_en="use a person id of the directory (`./taskforce people`)",
        )
    if person.service or person.auditor:
        raise refuse(
            "service-cannot-decide" if person.service else "auditor-cannot-decide",
            f"{person.id} は決定できない身分です",
            f"{person.id} is {'a service identity' if person.service else 'an auditor'} and can neither decide nor draft",
            remedy_ja="権限のある職員として行ってください",
            remedy_en="act as a person who has the authority",
        )
    return person.id


def require_running(state: Lifecycle) -> None:
    """Raises `Refused` while the lifecycle is on hold."""
    if state.hold is not None:
        raise refuse(
            "on-hold",
            "保留中です",
            "the lifecycle is on hold",
            remedy_ja="再開してから行ってください(`./taskforce resume`)",
            remedy_en="do it once it is resumed (`./taskforce resume`)",
        )


def post_held(actor: Actor, request: Request, facts: Facts, now: datetime) -> str:
    """The person, once it is sure that they hold the post that the request is addressed to, today."""
    person = known_person(actor, facts)
    holders = facts.directory.holders(request.post, local_day(now))
    if person not in holders:
        who = ", ".join(holders) or "空席 / vacant"
        raise refuse(
            "not-your-post",
            f"この依頼は {request.post_title.ja} 宛てです({person} はその職にありません)",
            f"this request is addressed to {request.post_title.en}; {person} does not hold that post today",
            remedy_ja=f"その職にある者が答えてください: {who}",
            remedy_en=f"let a holder of the post answer: {who}",
        )
    return person


def may_draft(actor: Actor, state: Lifecycle, facts: Facts, now: datetime) -> str:
    """The drafter's duty: the named drafter, a holder of the post asked, anyone of the section, or a member."""
    person = known_person(actor, facts)
    if _drafts(person, state, facts, now):
        return person
    raise refuse(
        "not-your-draft",
        f"{person} はこの課題の起案者・構成員・担当課の職員ではありません",
        f"{person} is neither drafter nor member of this taskforce nor of the section in charge",
        remedy_ja=f"{state.section_name.ja} の職員か構成員が提出してください",
        remedy_en=f"let someone of {state.section_name.en} or a member submit it",
    )


def _drafts(person: str, state: Lifecycle, facts: Facts, now: datetime) -> bool:
    day = local_day(now)
    asked = {r.post for r in state.requests if r.kind == "draft"}
    return (
        person in state.people
        or person == state.drafter
        or bool(asked & set(facts.directory.posts_of(person, day)))
        or state.section in facts.directory.units_of(person, day)
    )


def may_withdraw(actor: Actor, state: Lifecycle, facts: Facts, now: datetime) -> str:
    """Taking back what is in circulation is for whoever handed it in, and the named drafter. While neither is there (away, without a
    post, an auditor or service identity by now, or no longer concerned), for anybody who may draft."""
    person, day = known_person(actor, facts), local_day(now)
    here, submission = facts.directory, state.submission
    drafters = {p for p in (submission.person if submission else None, state.drafter) if p}
    if person in drafters:
        return person
    may_draft(actor, state, facts, now)
    there = sorted(
        p
        for p in drafters
        if here.may_decide(p) and here.posts_of(p, day) and not here.is_absent(p, day) and _drafts(p, state, facts, now)
    )
    if there:
        raise refuse(
            "not-the-drafter",
            f"引き戻せるのは起案者です: {', '.join(there)}",
            f"what is in circulation is taken back by its drafter: {', '.join(there)}",
            remedy_ja="起案者に頼むか、決裁者なら差し戻してください。起案者が不在の間は、起案できる方が引き戻せます",
            remedy_en="ask the drafter, or send it back if you decide on it; while the drafter is away, whoever may draft can",
        )
    return person


def may_steer(actor: Actor, state: Lifecycle, facts: Facts, now: datetime) -> str:
    """Hold, resume, drop, open the review: the section and those above it, members, the headquarters, the city's top."""
    person, day = known_person(actor, facts), local_day(now)
    names = definition(facts).units
    mine = {p.unit for held in facts.directory.posts_of(person, day) if (p := facts.directory.post(held))}
    allowed = {*facts.directory.lineage(state.section), *(names[k] for k in ("headquarters", "city") if k in names)}
    if person in state.people or person == state.drafter or mine & allowed:
        return person
    raise refuse(
        "not-concerned",
        f"{person} はこの課題の関係者ではありません",
        f"{person} is not concerned with this lifecycle",
        remedy_ja="担当課・担当局・事務局・構成員のいずれかが行ってください",
        remedy_en="let the section, its bureau, the secretariat or a member do it",
    )


def may_measure(actor: Actor, state: Lifecycle, kpi_owner: str, facts: Facts, now: datetime) -> str:
    if actor.person and actor.person == kpi_owner:
        return known_person(actor, facts)
    return may_steer(actor, state, facts, now)


def may_budget(actor: Actor, facts: Facts, now: datetime) -> str:
    """Amounts are recorded by the finance section (財政課)."""
    person = known_person(actor, facts)
    finance = definition(facts).units.get("finance")
    if finance is None or finance not in facts.directory.units_of(person, local_day(now)):
        raise refuse(
            "not-finance",
            f"{person} は財政担当ではありません",
            f"{person} is not of the finance section",
            remedy_ja="財政課の職員が記録してください",
            remedy_en="let someone of the finance section record it",
        )
    return person
