"""The rules of a selection round: command on state gives events, or is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from domain.bodies import BodyRules, TaskforceClass, members_of, require_secretariat
from domain.bodies_stream import required
from domain.calendar import end_of_business, local_day, wareki
from domain.directory import Directory, Unit
from domain.facts import Facts
from domain.lifecycle.authority import known_person
from domain.lifecycle.commands import stream_of as lifecycle_of
from domain.messages import Actor, Command, Event, Frozen, Problem, Text, refuse
from domain.selection import messages as m
from domain.selection.ranking import Place
from domain.selection.round import Proposal, SelectionRound


def decide(state: SelectionRound, command: Command, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    """Events that follow from `command`, in order. Raises `Refused`."""
    if isinstance(command, m.CallForProposals):
        return _call(state, command, actor, facts, now)
    if state.rules is None:
        raise refuse(
            "round-unknown",
            f"選定ラウンド {state.stream} はありません",
            f"there is no selection round {state.stream!r}",
            remedy_ja="`./taskforce intake list` で確かめてください",
            remedy_en="see `./taskforce intake list`",
        )
    if state.phase == "concluded" and not isinstance(command, m.NoteStartRefusal | m.SettleStart):
        raise refuse(
            "round-concluded",
            "この選定ラウンドは終わっています",
            "this selection round has been concluded",
            remedy_ja="次のラウンドで提案してください",
            remedy_en="propose it in the next round",
        )
    return _HANDLERS[type(command)](state, command, actor, facts, now)


def _rules(state: SelectionRound) -> BodyRules:
    assert state.rules is not None
    return state.rules


def _call(
    state: SelectionRound, command: m.CallForProposals, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    rules = required(facts, command.rules)
    require_secretariat(known_person(actor, facts), rules, facts.directory, local_day(now))
    if state.rules is not None:
        raise refuse(
            "round-exists",
            f"{state.stream} は既に始まっています",
            f"{state.stream} has been opened already",
            remedy_ja="別の名前にしてください",
            remedy_en="give it another name",
        )
    closes = end_of_business(command.closes_on)
    if closes <= now:
        raise refuse(
            "closing-date-past",
            f"closes_on: {wareki(command.closes_on)}は過ぎています",
            f"closes_on: {command.closes_on} has passed",
            remedy_ja="将来の日付にしてください",
            remedy_en="name a later day",
        )
    if facts.definition is None:
        raise refuse(
            "definition-unknown",
            f"definition: {command.definition} は公開されていません",
            f"definition: {command.definition!r} is not published",
            remedy_ja="`./taskforce definition list` で確かめてください",
            remedy_en="see `./taskforce definition list`",
        )
    return [
        m.CallOpened(
            fiscal_year=command.fiscal_year,
            title=command.title,
            closes_at=closes,
            rules=rules,
            definition=command.definition,
            priority_fields=command.priority_fields or rules.priority_fields,
            policy=command.policy,
            policy_from=command.policy_from,
            carried=command.carried,
        )
    ]


def _propose(
    state: SelectionRound, command: m.ProposeTask, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    person, day = known_person(actor, facts), local_day(now)
    _calling(state)
    if command.ref in state.proposals:
        raise refuse(
            "proposed-already",
            f"ref: {command.ref} は既に提案されています",
            f"ref: {command.ref!r} has been proposed already",
            remedy_ja="別の番号にするか、事務局に統合を頼んでください",
            remedy_en="give it another ref, or ask the secretariat to merge",
        )
    _free(command.ref, facts)
    unit = _named(state, command, person, facts, day)
    return [m.TaskProposed(ref=command.ref, **_written(command, unit), tags=command.tags, source=command.source)]


def _correct(
    state: SelectionRound, command: m.CorrectProposal, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    person, day = known_person(actor, facts), local_day(now)
    _calling(state)
    found = _proposal(state, command.ref)
    _owns(found, person, state, facts, day)
    unit = _named(state, command, person, facts, day)
    written = _written(command, unit)
    written["departments"] = tuple(dict.fromkeys((*written["departments"], *_joined(state, found))))
    if all(getattr(found, name) == value for name, value in written.items() if name != "section_name"):
        raise refuse(
            "nothing-corrected",
            "提案は前と同じです",
            "the proposal is as it was",
            remedy_ja="直すところを書き直してください",
            remedy_en="change what is to be corrected",
        )
    return [m.ProposalCorrected(ref=command.ref, **written)]


def _written(command: m.ProposeTask | m.CorrectProposal, unit: Unit) -> dict[str, Any]:
    """What a proposal says, for the events that say it."""
    return {
        "title": command.title,
        "section": command.section,
        "section_name": unit.name,
        "problem": command.problem,
        "viewpoint": command.viewpoint,
        "departments": tuple(dict.fromkeys(command.departments)),
    }


def _joined(state: SelectionRound, found: Proposal) -> list[str]:
    """The departments that a proposal has through those merged into it: their own, and the sections that made them."""
    parts = [state.proposals[ref] for ref in found.parts]
    return [d for part in parts for d in (*part.departments, part.section)]


def _calling(state: SelectionRound) -> None:
    """Proposals are made and corrected until the call closes. Raises `Refused`."""
    if state.phase != "calling":
        raise refuse(
            "call-closed",
            "募集は締め切られています",
            "the call is closed",
            remedy_ja="次のラウンドで提案するか、事務局に相談してください",
            remedy_en="propose it in the next round, or ask the secretariat",
        )


def _owns(found: Proposal, person: str, state: SelectionRound, facts: Facts, day: date) -> None:
    """A proposal is its section's and of those above it, whoever wrote it, and the secretariat's. Raises `Refused` for others."""
    if not of_its_section(found, person, facts.directory, day):
        require_secretariat(person, _rules(state), facts.directory, day)


def of_its_section(found: Proposal, person: str, directory: Directory, day: date) -> bool:
    """Whether somebody is of the section of a proposal or of a unit above it that day."""
    return not directory.own_units_of(person, day).isdisjoint(directory.lineage(found.section))


def written_by(state: SelectionRound, found: Proposal) -> set[str]:
    """Who wrote a proposal, or one that was merged into it: they do not score it."""
    written = [found, *(state.proposals[part] for part in found.parts)]
    return {w.by for w in written if w.by} | {c for w in written for c in w.correctors}


def _named(
    state: SelectionRound, command: m.ProposeTask | m.CorrectProposal, person: str, facts: Facts, day: date
) -> Unit:
    """The section for which somebody proposes, once every unit is known and it is theirs. Raises `Refused`."""
    here = facts.directory
    units = [("section", command.section), *(("departments", d) for d in command.departments)]
    problems = tuple(
        Problem(field=field, value=unit, message=Text(ja="名簿にない組織です", en="no such unit"))
        for field, unit in units
        if here.unit(unit) is None
    )
    if problems:
        raise refuse(
            "unit-unknown",
            "名簿にない組織があります",
            "some units are not in the directory",
            remedy_ja="組織IDを確かめてください",
            remedy_en="check the ids of the units",
            problems=problems,
        )
    mine = {p.unit for held in here.posts_of(person, day) if (p := here.post(held))}
    if not mine & {*here.lineage(command.section), _rules(state).secretariat}:
        raise refuse(
            "not-your-section",
            f"{person} は {command.section} の職員でも上司でもありません",
            f"{person} belongs neither to {command.section} nor to a unit above it",
            remedy_ja="その課か局の職員が提案してください",
            remedy_en="let someone of the section or its bureau propose it",
        )
    unit = here.unit(command.section)
    assert unit is not None
    return unit


def _free(ref: str, facts: Facts) -> None:
    """The reference becomes the lifecycle's: one that is taken would let the task never start. Raises `Refused`."""
    if lifecycle_of(ref) in facts.others:
        raise refuse(
            "ref-taken",
            f"ref: {ref} は既にある課題の番号です",
            f"ref: {ref!r} is the reference of a lifecycle that exists already",
            remedy_ja="別の番号にしてください",
            remedy_en="give it another reference",
        )


def _proposal(state: SelectionRound, ref: str, field: str = "ref") -> Proposal:
    found = state.proposals.get(ref)
    if found is None or found.status != "open":
        raise refuse(
            "proposal-not-open",
            f"{field}: {ref} は審査中の提案ではありません",
            f"{field}: {ref!r} is no open proposal of this round",
            remedy_ja="`./taskforce intake show` で確かめてください",
            remedy_en="see `./taskforce intake show`",
        )
    return found


def _interview(
    state: SelectionRound, command: m.RecordInterview, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    require_secretariat(known_person(actor, facts), _rules(state), facts.directory, local_day(now))
    return [m.InterviewRecorded(ref=_proposal(state, command.ref).ref, on=command.on, text=command.text)]


def _merge(
    state: SelectionRound, command: m.MergeProposals, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    require_secretariat(known_person(actor, facts), _rules(state), facts.directory, local_day(now))
    _proposal(state, command.ref)
    if _proposal(state, command.into, "into").ref == command.ref:
        raise refuse(
            "merge-into-itself",
            "into: 同じ提案には統合できません",
            "into: a proposal is not merged into itself",
            remedy_ja="統合先を別の提案にしてください",
            remedy_en="name another proposal",
        )
    return [m.ProposalsMerged(ref=command.ref, into=command.into, reason=command.reason)]


def _withdraw(
    state: SelectionRound, command: m.WithdrawProposal, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    person, day = known_person(actor, facts), local_day(now)
    _owns(_proposal(state, command.ref), person, state, facts, day)
    return [m.ProposalWithdrawn(ref=command.ref, reason=command.reason)]


def _close(state: SelectionRound, command: m.CloseCall, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    if not actor.is_system:
        require_secretariat(known_person(actor, facts), _rules(state), facts.directory, local_day(now))
    elif state.closes_at is not None and now < state.closes_at:
        raise refuse(
            "not-due-yet",
            "締切日はまだ来ていません",
            "the closing date has not come yet",
            remedy_ja="待ってください",
            remedy_en="wait for it",
            retry_at=state.closes_at,
        )
    if state.phase != "calling":
        return []
    return [m.CallClosed(open=tuple(p.ref for p in state.open))]


def _score(
    state: SelectionRound, command: m.ScoreProposal, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    person, day, rules = known_person(actor, facts), local_day(now), _rules(state)
    if state.phase != "scoring":
        raise refuse(
            "still-calling",
            "募集中は採点できません",
            "proposals are scored once the call is closed",
            remedy_ja="締切を待つか、`./taskforce intake close` で締め切ってください",
            remedy_en="wait for the closing date, or close it with `./taskforce intake close`",
        )
    found = _proposal(state, command.ref)
    seated = {s.person for b in rules.bodies for s in members_of(b, facts.directory, day)}
    if person not in seated:
        require_secretariat(person, rules, facts.directory, day)
    if person in written_by(state, found):
        raise refuse(
            "own-proposal",
            "自分の提案(統合されたものを含む)は採点できません",
            "nobody scores their own proposal, nor one into which it was merged",
            remedy_ja="別の者が採点してください",
            remedy_en="let somebody else score it",
        )
    known = {c.key for c in rules.criteria}
    problems = [
        Problem(
            field=f"scores.{key}",
            value=command.scores.get(key),
            message=Text(ja="1から5の整数を付けてください", en="give a whole number from 1 to 5")
            if key in known
            else Text(ja="そのような観点はありません", en=f"no such criterion; they are {', '.join(sorted(known))}"),
        )
        for key in sorted(known | set(command.scores))
        if key not in known or command.scores.get(key) not in (1, 2, 3, 4, 5)
    ]
    if problems:
        raise refuse(
            "scores-incomplete",
            "採点が揃っていません",
            "the scores are not complete",
            remedy_ja="すべての観点に1から5を付けてください",
            remedy_en="give every criterion a score from 1 to 5",
            problems=tuple(problems),
        )
    if found.scores.get(person) == command.scores:
        return []
    return [m.ProposalScored(ref=command.ref, assessor=person, scores=command.scores, comment=command.comment)]


def _choose(
    state: SelectionRound, command: m.ProposeChoice, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    rules, day = _rules(state), local_day(now)
    require_secretariat(known_person(actor, facts), rules, facts.directory, day)
    if state.phase != "scoring":
        raise refuse(
            "still-calling",
            "募集中は選べません",
            "nothing is chosen while the call is open",
            remedy_ja="締切を待ってください",
            remedy_en="wait for the closing date",
        )
    found = _proposal(state, command.ref)
    if command.result == "selected" and not found.scores:
        raise refuse(
            "not-scored",
            f"ref: {command.ref} はだれも採点していません",
            f"ref: nobody has scored {command.ref!r}",
            remedy_ja="採点してから選定の案にしてください",
            remedy_en="let it be scored before it is laid before the body as selected",
        )
    if (command.result == "selected") != (command.taskforce is not None):
        raise refuse(
            "taskforce-missing" if command.result == "selected" else "taskforce-without-task",
            "taskforce: 選定には座長・関係部署などの構成が要り、ほかの結果には要りません",
            "taskforce: a selected task needs its taskforce, any other result has none",
            remedy_ja="result と taskforce を合わせてください",
            remedy_en="make result and taskforce agree",
        )
    if command.result == "other" and not command.measure.strip():
        raise refuse(
            "measure-missing",
            "measure: その他の事業には取組内容が要ります",
            "measure: an other project needs its measure",
            remedy_ja="何を行うか書いてください",
            remedy_en="say what is done",
        )
    if command.taskforce is not None:
        _composed(command.taskforce, rules, facts, now)
    place = state.standings().get(command.ref)
    return [
        m.ChoiceProposed(
            ref=command.ref,
            result=command.result,
            rank=place.rank if place is not None else None,
            reason=command.reason,
            taskforce=command.taskforce,
            measure=command.measure,
            departments_of=_units(command.taskforce, facts, day),
        )
    ]


def _units(given: m.Taskforce | None, facts: Facts, day: date) -> dict[str, str]:
    """Member -> the unit of the first post that they hold that day."""
    here = facts.directory
    held = {p: next(iter(here.posts_of(p, day)), "") for p in (given.members if given else ())}
    return {p: post.unit for p, key in held.items() if (post := here.post(key)) is not None}


def _composed(given: m.Taskforce, rules: BodyRules, facts: Facts, now: datetime) -> None:
    """A taskforce as its weight asks for it. Raises `Refused` that names each field."""
    asked = rules.taskforce(given.weight)
    if asked is None:
        raise refuse(
            "weight-unknown",
            f"taskforce.weight: {given.weight} の構成が定められていません",
            f"taskforce.weight: the rules have no class {given.weight!r}",
            remedy_ja="規程の classes を確かめてください",
            remedy_en="see `classes` of the rules",
        )
    problems = tuple(_unfit(given, asked, facts, now))
    if problems:
        raise refuse(
            "taskforce-unfit",
            f"{asked.title.ja}の課題に合わない構成です",
            f"the taskforce does not fit a {asked.weight} task",
            remedy_ja="各欄を直してください",
            remedy_en="correct each field",
            problems=problems,
        )


def _unfit(given: m.Taskforce, asked: TaskforceClass, facts: Facts, now: datetime) -> list[Problem]:
    here, day = facts.directory, local_day(now)

    def problem(field: str, value: Any, ja: str, en: str) -> Problem:
        return Problem(field=f"taskforce.{field}", value=value, message=Text(ja=ja, en=en))

    found = [
        problem("people", p, "名簿にない職員です", "not in the directory")
        for p in (given.chair, *((given.adviser,) if given.adviser else ()), *given.members)
        if here.person(p) is None
    ]
    found += [
        problem("departments", d, "名簿にない組織です", "no such unit") for d in given.departments if not here.unit(d)
    ]
    roles = {p.role for held in here.posts_of(given.chair, day) if (p := here.post(held))}
    if not roles & set(asked.chairs):
        found.append(
            problem(
                "chair", given.chair, f"座長は {'・'.join(asked.chairs)} から", f"chaired by {', '.join(asked.chairs)}"
            )
        )
    if asked.adviser and given.adviser is None:
        found.append(problem("adviser", None, "アドバイザーが要ります", "an adviser is needed"))
    if len(set(given.departments)) < asked.departments:
        n = asked.departments
        found.append(problem("departments", given.departments, f"関係部署は{n}以上", f"at least {n} departments"))
    if len(set(given.members)) < asked.members:
        n = asked.members
        found.append(problem("members", given.members, f"構成員は{n}名以上", f"at least {n} members"))
    return found


class Excess(Frozen):
    """Somebody would carry more than the rules allow for: what is said of it, and the proposals of this round that add to it."""

    told: Text
    refs: tuple[str, ...]
    over: int
    """By how many taskforces."""


def excesses(state: SelectionRound, burdens: Mapping[str, Mapping[str, int]]) -> list[Excess]:
    """`burdens`: seat -> person -> open taskforces that they have already."""
    most = _rules(state).capacity
    chosen = [
        (p.ref, p.choice.taskforce) for p in state.open if p.choice is not None and p.choice.taskforce is not None
    ]
    seats: tuple[tuple[str, str, str, int, Callable[[m.Taskforce], Sequence[str]]], ...] = (
        ("chair", "座長", "chairs", most.chair, lambda t: (t.chair,)),
        ("adviser", "アドバイザー", "advises", most.adviser, lambda t: (t.adviser,) if t.adviser else ()),
        ("member", "構成員", "belongs to", most.member, lambda t: tuple(dict.fromkeys(t.members))),
    )
    found = []
    for seat, ja, en, limit, people in seats:
        for person in sorted({x for _, t in chosen for x in people(t)}):
            refs = tuple(ref for ref, t in chosen if person in people(t))
            now = burdens.get(seat, {}).get(person, 0)
            if (number := now + len(refs)) > limit:
                told = Text(
                    ja=f"{person} は{ja}が{number}件(うち進行中 {now}件、上限 {limit})",
                    en=f"{person} {en} {number} taskforces ({now} of them running), more than {limit}",
                )
                found.append(Excess(told=told, refs=refs, over=number - limit))
    return found


def conflicts(state: SelectionRound, burdens: Mapping[str, Mapping[str, int]] | None = None) -> list[Text]:
    """Who would carry more taskforces than the rules allow for."""
    return [e.told for e in excesses(state, burdens or {})]


def _unreasoned(state: SelectionRound, burdens: Mapping[str, Mapping[str, int]]) -> list[Text]:
    """Excesses for which the choices themselves give no reason: as many of them must as are too many."""
    found = []
    for e in excesses(state, burdens):
        choices = [state.proposals[ref].choice for ref in e.refs]
        if sum(c is not None and c.reasoned for c in choices) < min(e.over, len(choices)):
            found.append(e.told)
    return found


def departures(state: SelectionRound) -> list[str]:
    """Proposals whose choice departs from the rank without a reason: passed over by one of lower rank, or chosen before one."""
    rank = {ref: s.rank for ref, s in state.standings().items()}
    unranked = len(rank) + 1
    chosen = [p for p in state.open if p.choice is not None]
    selected = [rank.get(p.ref, unranked) for p in chosen if p.choice and p.choice.result == "selected"]
    lowest = max(selected, default=0)
    passed = [p for p in chosen if p.choice and p.choice.result != "selected" and rank.get(p.ref, unranked) < lowest]
    highest_passed = min((rank.get(p.ref, unranked) for p in passed), default=unranked + 1)
    ahead = [
        p for p in chosen if p.choice and p.choice.result == "selected" and rank.get(p.ref, unranked) > highest_passed
    ]
    return [p.ref for p in (*passed, *ahead) if p.choice and not p.choice.reasoned]


def _conclude(
    state: SelectionRound, command: m.ConcludeSelection, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    rules, day = _rules(state), local_day(now)
    body = rules.body(rules.selects)
    presided = command.presided
    if not actor.is_system:
        presided = known_person(actor, facts)
        if presided not in [s.person for s in members_of(body, facts.directory, day) if s.seat == "chair"]:
            raise refuse(
                "not-the-chair",
                f"選定は {body.title.ja} が行います({presided} は議長ではありません)",
                f"the {body.title.en} selects; {presided} is not its chair",
                remedy_ja="会議に付議するか(`./taskforce council agenda`)、議長が行ってください",
                remedy_en="put it on its agenda (`./taskforce council agenda`), or let the chair do it",
            )
    if command.session and command.seen != state.laid_before():
        raise refuse(
            "choices-changed",
            "会議に付した後で、案か順位が変わっています",
            "choices or ranks have changed since they were laid before the body",
            remedy_ja="次の会議に付し直してください(この結論は反映されません)",
            remedy_en="lay it before the next session; this conclusion is not carried",
        )
    if undecided := [p.ref for p in state.open if p.choice is None]:
        raise refuse(
            "choices-missing",
            f"案のない提案があります: {', '.join(undecided)}",
            f"no choice has been laid before the body for: {', '.join(undecided)}",
            remedy_ja="`./taskforce intake choose` で全件の案を作ってください",
            remedy_en="prepare one for each with `./taskforce intake choose`",
        )
    if unreasoned := departures(state):
        raise refuse(
            "rank-departed",
            f"順位と異なるのに理由がありません: {', '.join(unreasoned)}",
            f"departs from the rank without a reason: {', '.join(unreasoned)}",
            remedy_ja="`./taskforce intake choose --reason` で理由を書いてください",
            remedy_en="give the reason with `./taskforce intake choose --reason`",
        )
    # What a session carries always has words; whether people gave a reason is said apart.
    reasoned = command.reasoned if command.session else bool(command.reason.strip())
    if not reasoned and (over := _unreasoned(state, facts.burdens)):
        raise refuse(
            "capacity-exceeded",
            "人の上限を超えています: " + "、".join(t.ja for t in over),
            "more than people can carry: " + "; ".join(t.en for t in over),
            remedy_ja="構成を直すか、案か結論に --reason で理由を書いてください",
            remedy_en="compose it otherwise, or give a reason with --reason, of the choice or of the conclusion",
        )
    by: dict[str, list[str]] = {"selected": [], "deferred": [], "other": []}
    places: tuple[Place, ...] = state.ranking().places
    order = {p.ref: p.rank for p in places}
    for p in sorted(state.open, key=lambda p: (order.get(p.ref, len(order) + 1), p.ref)):
        assert p.choice is not None
        by[p.choice.result].append(p.ref)
    return [
        m.SelectionConcluded(
            session=command.session,
            presided=presided,
            places=places,
            selected=tuple(by["selected"]),
            deferred=tuple(by["deferred"]),
            other=tuple(by["other"]),
            reason=command.reason,
            document=command.document,
        )
    ]


def _start_refused(
    state: SelectionRound, command: m.NoteStartRefusal, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    if command.ref not in state.proposals:
        return []
    return [m.StartWasRefused(ref=command.ref, rule=command.rule, message=command.message)]


def _settle_start(
    state: SelectionRound, command: m.SettleStart, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    require_secretariat(known_person(actor, facts), _rules(state), facts.directory, local_day(now))
    found = state.proposals.get(command.ref)
    if found is None or found.refused is None:
        raise refuse(
            "start-not-refused",
            f"ref: {command.ref} に、開始できなかった記録はありません",
            f"ref: nothing says that {command.ref!r} could not start",
            remedy_ja="`./taskforce intake show` で確かめてください",
            remedy_en="see `./taskforce intake show`",
        )
    ref = command.start_as or found.lifecycle_ref
    if command.again:
        _free(ref, facts)
    attempt = found.attempt + command.again
    return [m.StartSettled(ref=found.ref, again=command.again, start_as=ref, attempt=attempt, text=command.text)]


_HANDLERS: Mapping[type[Command], Callable[[SelectionRound, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    m.ProposeTask: _propose,
    m.CorrectProposal: _correct,
    m.RecordInterview: _interview,
    m.MergeProposals: _merge,
    m.WithdrawProposal: _withdraw,
    m.CloseCall: _close,
    m.ScoreProposal: _score,
    m.ProposeChoice: _choose,
    m.ConcludeSelection: _conclude,
    m.NoteStartRefusal: _start_refused,
    m.SettleStart: _settle_start,
}
