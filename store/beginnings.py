"""What a new draft begins with: the evaluation reports from the record, a wind-down from its tasks, a department's own setup from
the one it was carried from, everything else from the version handed in last. Shell, pages and API begin with the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.calendar import local_day
from domain.evaluation.reports import Evaluation, Happening, Material, evaluate, monitoring_draft, review_draft
from domain.kinds import Row
from domain.lifecycle import events as e
from domain.lifecycle.adopting import DeliverableImported
from domain.lifecycle.amendments import AnswerRetracted, MeasurementCorrected
from domain.lifecycle.state import Lifecycle
from domain.lifecycle.story import line
from domain.lifecycle.valuing import value
from domain.lifecycle.winding import WindDownTaskFinished
from domain.messages import Frozen, Recorded
from domain.money.appraisal import Appraisal
from domain.process import ProcessDefinition
from store import queries
from store.store import Store

_DRAFTS = {"monitoring": monitoring_draft, "review": review_draft}
_TOLD = {
    "BudgetRecorded",
    "MeasurementCorrected",
    "LifecycleHeld",
    "LifecycleResumed",
    "RequestEscalated",
    "PromiseMade",
    "PromiseFulfilled",
    "ReviewOpened",
    "ConclusionCarried",
    "FileAttached",
    "SpreadDecided",
    "SpreadRefused",
}
"""What is worth a line in an evaluation; stages and measurements have their place in it already."""
_CARRIED = ("purpose", "problem", "beneficiaries", "viewpoint", "weight")
"""What a department may take over from where its lifecycle came from; people and departments are its own."""


def beginning(store: Store, stream: str, stage: str) -> Row | None:
    """The content with which the form of `stage` begins, or None when nothing is known."""
    state: Lifecycle = store.load(stream)[0]
    process = store.facts(state.definition).definition
    key = _form(process, stage)
    if process is not None and key in _DRAFTS and state.started_at is not None:
        recorded = store.events(stream)
        came_back = _unfinished(recorded, stage, state.round)
        if came_back is not None:
            return came_back
        return _DRAFTS[key](state, process, material(store, state, process, recorded))
    known = queries.known_content(store, stream, stage)
    if known is None and key == "wind_down":
        return _wind_down(store.events(stream), state)
    if known is None and key == "setup" and state.origin is not None:
        found = queries.latest_deliverable(store, state.origin.lifecycle, stage)
        return {name: found["content"].get(name) for name in _CARRIED} if found else None
    return known


def _form(process: ProcessDefinition | None, stage: str) -> str:
    try:
        return process.stage(stage).deliverable if process is not None else stage
    except KeyError:
        return stage


def _unfinished(recorded: Sequence[Recorded], stage: str, round_: int) -> Row | None:
    """The version of this round that came back (or is in circulation): people go on with their own text."""
    content: Row | None = None
    for r in recorded:
        event = r.event
        if isinstance(event, e.DeliverableSubmitted) and (event.stage, event.round) == (stage, round_):
            content = dict(event.content)
        elif isinstance(event, e.GatePassed) and (event.stage, event.round) == (stage, round_):
            content = None
    return content


class Evaluated(Frozen):
    """The evaluation as the record stands, and the report that a review begins with, line by line."""

    evaluation: Evaluation
    appraisal: Appraisal | None
    lines: tuple[str, ...]


def evaluated(store: Store, state: Lifecycle) -> Evaluated | None:
    """None before KPIs are set."""
    process = store.facts(state.definition).definition
    if process is None or not state.kpis:
        return None
    found = material(store, state, process, store.events(state.stream))
    report = str(review_draft(state, process, found)["report"])
    return Evaluated(
        evaluation=evaluate(state, process, found), appraisal=found.appraisal, lines=tuple(report.splitlines())
    )


def material(store: Store, state: Lifecycle, process: ProcessDefinition, recorded: Sequence[Recorded]) -> Material:
    """What evaluation reports of `state` are drafted from. What an answer taken back had led to is left out."""
    kind = store.kinds["lifecycle"]
    seen: Lifecycle = kind.initial(state.stream)
    last: dict[str, Row] = {}
    passed: list[tuple[int, str, int, Row]] = []
    told: list[tuple[int, Happening]] = []
    sources: dict[str, Row] = {}
    for r in recorded:
        seen, event = kind.evolve(seen, r), r.event
        if isinstance(event, e.DeliverableSubmitted | DeliverableImported):
            last[event.stage] = dict(event.content)
            if isinstance(event, DeliverableImported):
                passed.append((r.version, event.stage, event.round, last[event.stage]))
        elif isinstance(event, e.GatePassed) and event.stage in last:
            passed.append((r.version, event.stage, event.round, last[event.stage]))
        elif isinstance(event, AnswerRetracted):
            passed = [p for p in passed if p[0] < event.answered_at]
            told = [t for t in told if t[0] < event.answered_at]
        elif (
            isinstance(event, e.MeasurementRecorded | MeasurementCorrected)
            and event.source
            and event.round == state.round
        ):
            sources[event.kpi] = event.source.model_dump(mode="json")
        if event.type in _TOLD and getattr(event, "imported", None) is None:
            told.append((r.version, Happening(on=local_day(r.occurred_at), told=line(seen, event))))
    repeats = {s.key for s in process.stages if s.repeats}
    reports = [(v, content) for v, stage, round_, content in passed if stage in repeats and round_ == state.round]
    since = reports[-1][0] if reports else 0
    return Material(
        today=local_day(store.clock.now()),
        forms={_form(process, stage): content for _, stage, _, content in passed},
        happened=tuple(h for version, h in told if version > since),
        reports=tuple(content for _, content in reports),
        sources=tuple(sources.values()),
        appraisal=value(state, store.facts(state.definition), local_day(store.clock.now())).appraisal,
    )


def _wind_down(recorded: Sequence[Recorded], state: Lifecycle) -> Row | None:
    """The paper of a wind-down, from what was noted with each task; None while nothing is done."""
    notes: dict[str, Any] = {}
    keys = {t.id: t.key for t in state.tasks if t.done_at is not None}
    for r in recorded:
        if isinstance(r.event, WindDownTaskFinished) and r.event.task in keys:
            notes[keys[r.event.task]] = r.event.note
    if not notes:
        return None
    rest = [notes[k] for k in notes if k not in ("notice", "data", "lessons")]
    return {
        "notices": [notes["notice"]] if "notice" in notes else [],
        "data": notes.get("data", ""),
        "assets": "\n".join(rest),
        "lessons": [notes["lessons"]] if "lessons" in notes else [],
    }
