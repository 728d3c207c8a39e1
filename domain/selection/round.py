"""The state of a selection round and its fold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from domain.bodies import BodyRules
from domain.deliverables.taskforce import Viewpoint
from domain.lifecycle.commands import Source
from domain.messages import Event, Frozen, Recorded, Text
from domain.selection import messages as m
from domain.selection.ranking import Place, Ranking, Standing, ranked, standings

Status = Literal["open", "merged", "withdrawn", "selected", "deferred", "other"]
Changes = dict[str, Any]


class Choice(Frozen):
    result: m.Result
    taskforce: m.Taskforce | None
    measure: str
    reasoned: bool
    """A reason stands with it (its text is sealed)."""
    departments_of: dict[str, str] = {}


class Proposal(Frozen):
    """`scores`: assessor -> criterion -> 1 to 5."""

    ref: str
    title: str
    section: str
    section_name: Text
    problem: str
    viewpoint: Viewpoint | None
    departments: tuple[str, ...]
    by: str | None
    at: datetime
    correctors: tuple[str, ...] = ()
    """Who has written it anew since."""
    tags: tuple[str, ...] = ()
    source: Source | None = None
    status: Status = "open"
    merged_into: str | None = None
    parts: tuple[str, ...] = ()
    """Proposals that were merged into this one."""
    interviews: int = 0
    scores: dict[str, dict[str, int]] = {}
    choice: Choice | None = None
    carried_from: str | None = None
    refused: Text | None = None
    """Why its lifecycle could not start, while that is not settled."""
    start_as: str = ""
    """Reference of its lifecycle, where it is another than its own."""
    attempt: int = 0
    dropped: bool = False
    """It was selected and is not started after all."""

    @property
    def starts(self) -> bool:
        """It was selected, and nothing stands against its start."""
        return self.status == "selected" and self.refused is None and not self.dropped

    @property
    def lifecycle_ref(self) -> str:
        return self.start_as or self.ref


class SelectionRound(Frozen):
    """One stream of kind `selection`; `rules` is None before its first event."""

    stream: str
    title: str = ""
    fiscal_year: int = 0
    rules: BodyRules | None = None
    definition: str = ""
    called_by: str = ""
    closes_at: datetime | None = None
    priority_fields: tuple[str, ...] = ()
    policy: str = ""
    policy_from: str = ""
    phase: Literal["new", "calling", "scoring", "concluded"] = "new"
    proposals: dict[str, Proposal] = {}
    places: tuple[Place, ...] = ()
    """The ranking that the body had before it."""
    session: str = ""

    @property
    def open(self) -> list[Proposal]:
        return [p for p in self.proposals.values() if p.status == "open"]

    def laid_before(self) -> str:
        """sha256 of what lies before the body: each open proposal's choice, taskforce and place. A session concludes on exactly it."""
        near = self.standings()
        rows = [
            {
                "ref": p.ref,
                "choice": p.choice.model_dump(mode="json") if p.choice is not None else None,
                "place": near[p.ref].model_dump(mode="json") if p.ref in near else None,
            }
            for p in sorted(self.open, key=lambda p: p.ref)
        ]
        text = json.dumps(rows, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()

    def standings(self) -> dict[str, Standing]:
        """The proposals that are open, best first by the scores given so far."""
        assert self.rules is not None
        return standings({p.ref: list(p.scores.values()) for p in self.open}, self.rules.criteria)

    def ranking(self) -> Ranking:
        """The same with how stable it is when weights move: some hundred times the work."""
        assert self.rules is not None
        return ranked({p.ref: list(p.scores.values()) for p in self.open}, self.rules.criteria)


def evolve(state: SelectionRound, recorded: Recorded) -> SelectionRound:
    return state.model_copy(update=_FOLDS[type(recorded.event)](state, recorded.event, recorded))


def _with(state: SelectionRound, ref: str, **changes: Any) -> Changes:
    return {"proposals": {**state.proposals, ref: state.proposals[ref].model_copy(update=changes)}}


def _opened(state: SelectionRound, event: m.CallOpened, recorded: Recorded) -> Changes:
    carried = {
        c.ref: Proposal(
            ref=c.ref,
            title=c.title,
            section=c.section,
            section_name=Text(ja=c.section, en=c.section),
            problem=c.problem,
            viewpoint=c.viewpoint,
            departments=c.departments,
            by=None,
            at=recorded.occurred_at,
            tags=c.tags,
            source=c.source,
            carried_from=c.round,
        )
        for c in event.carried
    }
    return {
        "title": event.title,
        "fiscal_year": event.fiscal_year,
        "rules": event.rules,
        "definition": event.definition,
        "called_by": recorded.actor.person or "",
        "closes_at": event.closes_at,
        "priority_fields": event.priority_fields,
        "policy": event.policy,
        "policy_from": event.policy_from,
        "phase": "calling",
        "proposals": carried,
    }


def _proposed(state: SelectionRound, event: m.TaskProposed, recorded: Recorded) -> Changes:
    fields = {name: getattr(event, name) for name in type(event).model_fields}
    made = Proposal(**fields, by=recorded.actor.person, at=recorded.occurred_at)
    return {"proposals": {**state.proposals, event.ref: made}}


def _corrected(state: SelectionRound, event: m.ProposalCorrected, recorded: Recorded) -> Changes:
    said = {k: getattr(event, k) for k in type(event).model_fields if k != "ref"}
    by = (recorded.actor.person,) if recorded.actor.person else ()
    correctors = tuple(dict.fromkeys((*state.proposals[event.ref].correctors, *by)))
    return _with(state, event.ref, **said, correctors=correctors)


def _merged(state: SelectionRound, event: m.ProposalsMerged, _: Recorded) -> Changes:
    gone = state.proposals[event.ref].model_copy(update={"status": "merged", "merged_into": event.into})
    into = state.proposals[event.into]
    departments = tuple(dict.fromkeys((*into.departments, *gone.departments, gone.section)))
    kept = into.model_copy(update={"parts": (*into.parts, event.ref, *gone.parts), "departments": departments})
    return {"proposals": {**state.proposals, event.ref: gone, event.into: kept}}


def _scored(state: SelectionRound, event: m.ProposalScored, _: Recorded) -> Changes:
    scores = {**state.proposals[event.ref].scores, event.assessor: event.scores}
    return _with(state, event.ref, scores=scores)


def _chosen(state: SelectionRound, event: m.ChoiceProposed, _: Recorded) -> Changes:
    choice = Choice(
        result=event.result,
        taskforce=event.taskforce,
        measure=event.measure,
        reasoned=bool(event.reason.strip()),
        departments_of=event.departments_of,
    )
    return _with(state, event.ref, choice=choice)


def _concluded(state: SelectionRound, event: m.SelectionConcluded, _: Recorded) -> Changes:
    results = {
        **dict.fromkeys(event.selected, "selected"),
        **dict.fromkeys(event.deferred, "deferred"),
        **dict.fromkeys(event.other, "other"),
    }
    proposals = {
        ref: p.model_copy(update={"status": results[ref]}) if ref in results else p
        for ref, p in state.proposals.items()
    }
    return {"phase": "concluded", "proposals": proposals, "places": event.places, "session": event.session}


_FOLDS: Mapping[type[Event], Callable[[SelectionRound, Any, Recorded], Changes]] = {
    m.CallOpened: _opened,
    m.TaskProposed: _proposed,
    m.ProposalCorrected: _corrected,
    m.InterviewRecorded: lambda s, v, _: _with(s, v.ref, interviews=s.proposals[v.ref].interviews + 1),
    m.ProposalsMerged: _merged,
    m.ProposalWithdrawn: lambda s, v, _: _with(s, v.ref, status="withdrawn"),
    m.CallClosed: lambda s, v, _: {"phase": "scoring"},
    m.ProposalScored: _scored,
    m.ChoiceProposed: _chosen,
    m.SelectionConcluded: _concluded,
    m.StartWasRefused: lambda s, v, _: _with(s, v.ref, refused=v.message),
    m.StartSettled: lambda s, v, _: _with(
        s, v.ref, refused=None, start_as=v.start_as, attempt=v.attempt, dropped=not v.again
    ),
}
