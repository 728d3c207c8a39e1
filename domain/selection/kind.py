"""The selection round as a stream kind: its rules joined for the store and the workflows, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.bodies import posts_of
from domain.calendar import local_day, wareki
from domain.facts import Facts
from domain.kinds import Quiet, Row, View
from domain.lifecycle.commands import Source, StartLifecycle
from domain.lifecycle.commands import stream_of as lifecycle_of
from domain.messages import Actor, Command, Display, Effect, Event, Notice, Plan, Recorded, Refusal, Text
from domain.selection import messages as m
from domain.selection.deciding import decide
from domain.selection.ranking import Place, Standing
from domain.selection.round import Proposal, SelectionRound, evolve

_START, _AGAIN = "start/", "start-again/"


def stream_of(name: str) -> str:
    """Stream id of a round by its name, such as 2026."""
    return name if name.startswith("selection:") else f"selection:{name}"


class SelectionKind(Quiet[SelectionRound]):
    name = "selection"
    fold_version = 2
    workflow: str | None = "SelectionRound"
    commands: Mapping[str, type[Command]] = m.COMMANDS
    events: Mapping[str, type[Event]] = m.EVENTS
    state_type = SelectionRound

    def initial(self, stream: str) -> SelectionRound:
        return SelectionRound(stream=stream)

    def needs(self, state: SelectionRound, command: Command) -> str | None:
        return command.definition if isinstance(command, m.CallForProposals) else state.definition or None

    def refers(self, command: Command) -> tuple[str, ...]:
        """The lifecycle that would bear the reference: it must not exist yet."""
        if isinstance(command, m.ProposeTask):
            return (lifecycle_of(command.ref),)
        if isinstance(command, m.SettleStart):
            return tuple(lifecycle_of(ref) for ref in {command.ref, command.start_as} if ref)
        return ()

    def governed(self, command: Command) -> str | None:
        return command.rules if isinstance(command, m.CallForProposals) else None

    def weighs(self, command: Command) -> bool:
        return isinstance(command, m.ConcludeSelection)

    def decide(
        self, state: SelectionRound, command: Command, actor: Actor, facts: Facts, now: datetime
    ) -> Sequence[Event]:
        return decide(state, command, actor, facts, now)

    def evolve(self, state: SelectionRound, recorded: Recorded) -> SelectionRound:
        return evolve(state, recorded)

    def next_due(self, state: SelectionRound) -> datetime | None:
        return state.closes_at if state.phase == "calling" else None

    def due_commands(self, state: SelectionRound, now: datetime) -> Sequence[Command]:
        if state.phase != "calling" or state.closes_at is None or now < state.closes_at:
            return []
        return [m.CloseCall(command_id=f"close:{state.stream}", stream=state.stream)]

    def closed(self, state: SelectionRound) -> bool:
        return state.phase == "concluded"

    def definition_of(self, state: SelectionRound) -> str | None:
        return state.definition or None

    def view(self, state: SelectionRound) -> View:
        if state.rules is None:
            return View(rows={"selections": [], "proposals": []})
        one: Row = {
            "stream": state.stream,
            "title": state.title,
            "fiscal_year": state.fiscal_year,
            "phase": state.phase,
            "closes_at": state.closes_at,
            "session": state.session,
        }
        places: Mapping[str, Place | Standing] = {p.ref: p for p in state.places} or state.standings()
        proposals: list[Row] = [
            {
                "stream": state.stream,
                "ref": p.ref,
                "title": p.title,
                "section": p.section,
                "status": p.status,
                "merged_into": p.merged_into,
                "rank": places[p.ref].rank if p.ref in places else None,
                "closeness": str(places[p.ref].closeness) if p.ref in places else None,
                "lifecycle": _lifecycle(p),
            }
            for p in state.proposals.values()
        ]
        return View(rows={"selections": [one], "proposals": proposals})

    def notices(self, state: SelectionRound, recorded: Recorded) -> Sequence[Notice]:
        event = recorded.event
        if isinstance(event, m.SelectionConcluded):
            told = dict.fromkeys((*event.selected, *event.deferred, *event.other), event)
            return [
                Notice(
                    person=p.by,
                    subject=Text(ja=f"{p.title}: {_RESULTS[p.status].ja}", en=f"{p.title}: {_RESULTS[p.status].en}"),
                )
                for ref in told
                if (p := state.proposals[ref]).by is not None
            ]
        if isinstance(event, m.StartWasRefused):
            said, by = line(state, event), state.proposals[event.ref].by
            subject = Text(ja=f"{state.title}: {said.ja}", en=f"{state.title}: {said.en}")
            return [Notice(person=p, subject=subject) for p in dict.fromkeys((state.called_by, by)) if p]
        return []

    def turned_down(self, stream: str, key: str, refusal: Refusal) -> Command | None:
        if not key.startswith((_START, _AGAIN)):
            return None
        ref = key.removeprefix(_START) if key.startswith(_START) else key.removeprefix(_AGAIN).partition("/")[2]
        return m.NoteStartRefusal(
            command_id=f"refused:{stream}/{key}",
            stream=stream,
            ref=ref,
            rule=refusal.rule,
            message=refusal.message,
        )

    def react(self, state: SelectionRound, fresh: Sequence[Recorded], facts: Facts) -> Plan:
        to = fresh[-1].version if fresh else 0
        effects: list[Effect] = []
        told = [line(state, r.event) for r in fresh]
        if told:
            summary = Text(ja="。".join(t.ja for t in told), en="; ".join(t.en for t in told))
            effects.append(Effect(key=f"announce-{to}", summary=summary))
        for r in fresh:
            if isinstance(r.event, m.SelectionConcluded):
                effects += [_start(state, ref, 0) for ref in r.event.selected]
            elif isinstance(r.event, m.StartSettled) and r.event.again:
                effects.append(_start(state, r.event.ref, r.event.attempt))
        due = self.next_due(state)
        return Plan(
            to=to,
            effects=tuple(effects),
            next_due=due,
            next_due_summary=f"募集の締切 {wareki(local_day(due))} / the call closes {local_day(due)}" if due else "",
            closed=self.closed(state),
            display=Display(
                summary=state.title, details=_details(state, facts), attributes={"stage": state.phase, "due": due}
            ),
        )


_RESULTS: Mapping[str, Text] = {
    "selected": Text(ja="取組課題に選定", en="selected as a task"),
    "deferred": Text(ja="次回に持ち越し", en="kept for the next round"),
    "other": Text(ja="その他の事業とする", en="goes on as an other project"),
}


def _lifecycle(p: Proposal) -> str | None:
    """Its lifecycle, once selected and as far as nothing stood against it."""
    return lifecycle_of(p.lifecycle_ref) if p.starts else None


def _start(state: SelectionRound, ref: str, attempt: int) -> Effect:
    """A selected task starts its lifecycle: the same ref starts once, whoever asks."""
    p = state.proposals[ref]
    assert p.choice is not None and p.choice.taskforce is not None
    t = p.choice.taskforce
    command = StartLifecycle(
        command_id=f"select:{state.stream}/{ref}" + (f"/{attempt}" if attempt else ""),
        stream=lifecycle_of(p.lifecycle_ref),
        ref=p.lifecycle_ref,
        title=p.title,
        section=p.section,
        viewpoint=p.viewpoint,
        weight=t.weight,
        definition=state.definition,
        tags=p.tags,
        source=p.source or Source(name=f"{state.title} ({state.stream})"),
        setup={
            "purpose": p.title,
            "problem": p.problem,
            "beneficiaries": "",
            "chair": t.chair,
            "adviser": t.adviser or "",
            "members": [
                {"person": x, "department": p.choice.departments_of.get(x, p.section), "role": ""} for x in t.members
            ],
            "departments": list(t.departments),
            "viewpoint": p.viewpoint,
            "weight": t.weight,
        },
    )
    return Effect(
        key=f"{_AGAIN}{attempt}/{ref}" if attempt else f"{_START}{ref}",
        kind="instruct",
        summary=Text(ja=f"取組課題を開始: {p.title}", en=f"task started: {p.title}"),
        command={"kind": command.kind, "type": command.type, **command.model_dump(mode="json")},
    )


def _details(state: SelectionRound, facts: Facts) -> str:
    """Markdown for the workflow's current details."""
    rows = "\n".join(
        f"| {p.ref} | {p.title} | {p.status} | {len(p.scores)} |" for p in list(state.proposals.values())[:50]
    )
    head = f"# {state.title}\n\n**{state.phase}** · {len(state.proposals)} 件 / proposals\n\n"
    body = state.rules.body(state.rules.selects).title if state.rules else Text(ja="", en="")
    posts = (
        ", ".join(p.title.ja for p in posts_of(state.rules.body(state.rules.selects).chair, facts.directory))
        if state.rules
        else ""
    )
    table = f"| ref | title | 状態 / status | 採点 / scores |\n|---|---|---|---|\n{rows}\n\n" if rows else ""
    return (
        f"{head}{table}選定 / selects: {body.ja} / {body.en} ({posts})\n\n    ./taskforce intake show {state.stream}\n"
    )


def line(state: SelectionRound, event: Event) -> Text:
    """One event in one line."""
    return _LINES[type(event)](state, event)


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


def _title(state: SelectionRound, ref: str) -> str:
    return state.proposals[ref].title if ref in state.proposals else ref


_LINES: Mapping[type[Event], Callable[[SelectionRound, Any], Text]] = {
    m.CallOpened: lambda s, v: _t(
        f"募集開始: {v.title}(締切 {wareki(local_day(v.closes_at))})",
        f"call opened: {v.title}, closes {local_day(v.closes_at)}",
    ),
    m.TaskProposed: lambda s, v: _t(
        f"提案: {v.title}({v.section_name.ja})", f"proposed: {v.title} ({v.section_name.en})"
    ),
    m.ProposalCorrected: lambda s, v: _t(
        f"提案の訂正: {v.title}({v.section_name.ja})", f"proposal corrected: {v.title} ({v.section_name.en})"
    ),
    m.InterviewRecorded: lambda s, v: _t(f"ヒアリング: {_title(s, v.ref)}", f"interview: {_title(s, v.ref)}"),
    m.ProposalsMerged: lambda s, v: _t(f"{v.ref} を {v.into} に統合", f"{v.ref} merged into {v.into}"),
    m.ProposalWithdrawn: lambda s, v: _t(f"提案取下げ: {v.ref}", f"proposal withdrawn: {v.ref}"),
    m.CallClosed: lambda s, v: _t(f"募集締切: {len(v.open)}件を採点", f"call closed: {len(v.open)} to be scored"),
    m.ProposalScored: lambda s, v: _t(f"採点: {_title(s, v.ref)}", f"scored: {_title(s, v.ref)}"),
    m.ChoiceProposed: lambda s, v: _t(
        f"案: {_title(s, v.ref)} → {_RESULTS[v.result].ja}",
        f"laid before the body: {_title(s, v.ref)}, {_RESULTS[v.result].en}",
    ),
    m.SelectionConcluded: lambda s, v: _t(
        f"選定 {len(v.selected)}件、持ち越し {len(v.deferred)}件、その他の事業 {len(v.other)}件",
        f"{len(v.selected)} selected, {len(v.deferred)} kept for the next round, {len(v.other)} other projects",
    ),
    m.StartSettled: lambda s, v: _t(
        f"開始できなかった課題を処理: {v.ref}" + (f"({v.start_as} として再開始)" if v.again else "(開始しない)"),
        f"settled: {v.ref}" + (f", started again as {v.start_as}" if v.again else ", not started"),
    ),
    m.StartWasRefused: lambda s, v: _t(
        f"開始できません: {v.ref}({v.message.ja})", f"could not start: {v.ref} ({v.message.en})"
    ),
}
