"""The fold: state and event give state. Never refuses, never looks outward; one function an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from domain.calendar import local_day
from domain.deliverables.base import Promise
from domain.kpis.aim import aim_fields
from domain.lifecycle import (
    absence,
    adopting,
    amendments,
    attaching,
    budgets,
    committing,
    concluding,
    consulting,
    dates,
    descent,
    dialogue,
    feeding,
    handing,
    handover,
    migrating,
    procuring,
    publishing,
    registering,
    sunset,
    valuing,
    winding,
    windows,
)
from domain.lifecycle import events as e
from domain.lifecycle.amounts import window_of, with_amount
from domain.lifecycle.measuring import set_anew, together
from domain.lifecycle.routes import AGREED
from domain.lifecycle.state import (
    Aiming,
    Before,
    Budget,
    BudgetLine,
    Consultation,
    Former,
    Given,
    Hold,
    Kpi,
    Lesson,
    Lifecycle,
    Pending,
    PromiseState,
    Proposed,
    Request,
    Submission,
    WindDownTask,
)
from domain.messages import Event, Recorded

Changes = dict[str, Any]


def evolve(state: Lifecycle, recorded: Recorded) -> Lifecycle:
    """The state after one event."""
    changes = _FOLDS[type(recorded.event)](state, recorded.event, recorded)
    before = state.before
    if before is not None and "before" not in changes and recorded.command_id != before.command_id:
        if _acted_on(before, recorded.event):
            changes["before"] = None
        elif isinstance(recorded.event, _STANDS):
            changes["before"] = _carried(state, before, recorded)
    return state.model_copy(update=changes)


_STANDS = (
    e.ReminderSent,
    e.RequestOverdue,
    e.CoordinatorInformed,
    e.RequestEscalated,
    e.MeasurementRecorded,
    e.BudgetRecorded,
    dialogue.QuestionAsked,
    dialogue.QuestionAnswered,
    dates.DueChanged,
    handing.RequestHandedOn,
    handing.RequestTakenBack,
    handing.RequestFellBack,
    amendments.MeasurementCorrected,
    registering.DecisionEnforced,
    sunset.CriterionReached,
    sunset.CriterionLifted,
    sunset.CriterionRevised,
)
"""What happens behind an answer and does not follow from it: it stands though the answer is taken back."""
_HARMLESS = (
    *_STANDS,
    e.RequestOpened,
    e.RequestClosed,
    e.LifecycleHeld,
    e.LifecycleResumed,
    e.HoldExpired,
    e.PromiseFulfilled,
    budgets.AmountReduced,
    dialogue.CommentAdded,
    dialogue.InformationShared,
    dialogue.ReadingAcknowledged,
    absence.PersonRecused,
    handover.DutiesHandedOver,
    absence.MatterMarked,
    amendments.MergeNoted,
    concluding.ConclusionCarried,
    publishing.LifecyclePublished,
    publishing.LifecycleUnpublished,
    feeding.PullArranged,
    feeding.PullCancelled,
    valuing.BenefitRecorded,
    valuing.BenefitWithdrawn,
    windows.WindowWarned,
    windows.WindowMissed,
    winding.WindDownTaskReminded,
    winding.WindDownTaskOverdue,
)
"""What may happen behind an answer without anybody having acted on it."""


def _acted_on(before: Before, event: Event) -> bool:
    """Whether somebody has acted on the answer. Promises and decisions that came with it are acted on by meeting them."""
    if isinstance(event, e.PromiseFulfilled):
        return event.promise not in before.promises
    if isinstance(event, registering.DecisionEnforced):
        return f"{event.stage}/{event.round}" not in before.decided
    return not isinstance(event, _HARMLESS)


def _carried(state: Lifecycle, before: Before, recorded: Recorded) -> Before:
    """`before` as it would be had this happened then. A value of a later round does not take an earlier one's place."""
    event = recorded.event
    if isinstance(event, e.MeasurementRecorded) and event.period in before.values.get(event.kpi, {}):
        return before
    as_it_was = state.model_copy(update=amendments.restored_by(state, before))
    changes = _FOLDS[type(event)](as_it_was, event, recorded)
    return before.model_copy(update={name: value for name, value in changes.items() if name in amendments.RESTORED})


def _started(state: Lifecycle, event: e.LifecycleStarted, recorded: Recorded) -> Changes:
    return {
        "ref": event.ref,
        "title": event.title,
        "section": event.section,
        "section_name": event.section_name,
        "bureau": event.bureau,
        "bureau_name": event.bureau_name,
        "viewpoint": event.viewpoint,
        "weight": event.weight,
        "definition": event.definition,
        "tags": event.tags,
        "source": event.source,
        "drafter": event.drafter,
        "origin": event.origin,
        "started_at": recorded.occurred_at,
    }


def _entered(state: Lifecycle, event: e.StageEntered, recorded: Recorded) -> Changes:
    changes: Changes = {
        "stage": event.stage,
        "stage_title": event.title,
        "work": event.stage,
        "repeats": event.repeats,
        "round": event.round,
        "entered_at": recorded.occurred_at,
        "given": (),
        "submission": None,
        "consultations": (),
        "former": None,
        "authors": (),
    }
    if event.round != state.round and event.because != "adopted":
        changes |= {"measured": (), "values": {}, "earlier": together(state.earlier, state.values)}
    changes["questions"] = ()
    changes["tasks"] = ()
    return changes | sunset.entered(state, event)


def _opened(state: Lifecycle, event: e.RequestOpened, recorded: Recorded) -> Changes:
    request = Request(
        id=event.request,
        kind=event.kind,
        stage=event.stage,
        round=event.round,
        step=event.step,
        step_index=event.step_index,
        title=event.title,
        post=event.post,
        post_title=event.post_title,
        opened_at=recorded.occurred_at,
        due_at=event.due_at,
        remind_at=event.remind_at,
        escalate_at=event.escalate_at,
        escalate_to=event.escalate_to,
        coordinator_at=event.coordinator_at,
        coordinator=event.coordinator,
        extra=event.extra,
        about=event.about,
    )
    # The requests of one step are opened together and share a serial, their posts keep their ids apart.
    aim = {"aim": Aiming(at=event.aim)} if event.aim is not None else {}
    together = any(
        r.step == event.step and r.kind == "decide" and r.opened_at == recorded.occurred_at for r in state.requests
    )
    return {"requests": (*state.requests, request), "serial": state.serial + (not together), **aim}


def _submitted(state: Lifecycle, event: e.DeliverableSubmitted, recorded: Recorded) -> Changes:
    submission = Submission(
        stage=event.stage,
        round=event.round,
        version=event.version,
        content_hash=event.content_hash,
        person=recorded.actor.person or "",
        at=recorded.occurred_at,
        deliverable=event.deliverable,
        parts=event.parts or {},
        ends_at=event.ends_at,
    )
    place = f"{event.stage}/{event.round}"
    kept = state.former.given if state.former is not None else ()
    changes: Changes = {
        "submission": submission,
        "given": tuple(g for g in kept if g.step in event.kept),
        "former": None,
        "consultations": (),
        "authors": tuple(dict.fromkeys((*state.authors, submission.person))),
        "versions": {**state.versions, place: event.version},
    }
    if event.number is not None:
        changes["numbers"] = {**state.numbers, place: event.number}
    if place in state.imported:  # what was brought along has become a document of ours
        changes["imported"] = {k: v for k, v in state.imported.items() if k != place}
    extract = _EXTRACTS.get(event.deliverable)
    if extract is not None:
        changes |= extract(state, event.content)
    elif event.deliverable == "budgeting":
        changes |= _from_budgeting(state, event.content, local_day(recorded.occurred_at))
    return changes


def _answered(state: Lifecycle, event: e.RequestAnswered, recorded: Recorded) -> Changes:
    given = Given(
        request=event.request,
        step=event.step,
        post=event.post,
        person=event.presided or recorded.actor.person or "",
        decision=event.decision,
        at=recorded.occurred_at,
        stands=event.stands,
    )
    return {
        "given": (*state.given, given),
        "requests": _without(state, event.request),
        "before": None if event.presided else amendments.before_answer(state, event, recorded),
    }


def _merged(state: Lifecycle, event: e.StepMerged, recorded: Recorded) -> Changes:
    given = tuple(
        Given(
            request=f"merged:{event.step}:{post}",
            step=event.step,
            post=post,
            person=event.person,
            decision="merged",
            at=recorded.occurred_at,
        )
        for post in event.posts
    )
    return {"given": (*state.given, *given)}


def _step_returned(state: Lifecycle, event: e.StepReturned, _: Recorded) -> Changes:
    return {"given": tuple(g for g in state.given if g.step not in event.void), "consultations": ()}


def _closed_request(state: Lifecycle, event: e.RequestClosed, _: Recorded) -> Changes:
    return {"requests": _without(state, event.request)}


def _passed(state: Lifecycle, event: e.GatePassed, recorded: Recorded) -> Changes:
    ended: Changes = {
        "pledged": (),
        "questions": (),
        "consultations": (),
        "former": None,
        "authors": (),
        **registering.passed(state, event, recorded),
    }
    if state.claimed is None or state.budget_year is None:
        return ended
    year, window = state.budgets.get(state.budget_year, Budget()), window_of(state, state.budget_year)
    line = year.lines.get(window, BudgetLine())
    claims = {k: v for k in _CLAIMED if (v := getattr(state.claimed, k)) is not None and line.amount(k) is None}
    if line.amount("voted") not in (None, state.claimed.voted):
        claims.pop("allotted", None)  # claimed against another vote than the one recorded meanwhile
    for name, amount in claims.items():
        year = with_amount(year, window, name, amount, local_day(recorded.occurred_at))
    return {**ended, "claimed": None, "budgets": {**state.budgets, state.budget_year: year}}


def _nothing(state: Lifecycle, event: Event, _: Recorded) -> Changes:
    return {}


def _withdrawn(state: Lifecycle, event: e.DraftWithdrawn, _: Recorded) -> Changes:
    return _taken_back(state)


def _taken_back(state: Lifecycle) -> Changes:
    """Nothing is in circulation any more. What was agreed to is remembered for the next version."""
    parts = state.submission.parts if state.submission is not None else {}
    given = tuple(g for g in state.given if g.decision in AGREED)
    waiting = [Pending(step=g.step, post=g.post) for g in state.given if g.decision not in AGREED]
    waiting += [Pending(step=r.step, post=r.post) for r in state.requests if r.kind == "decide"]
    former = Former(given=given, parts=parts, pending=tuple(waiting), added=state.added)
    return {
        "given": (),
        "submission": None,
        "claimed": None,
        "pledged": (),
        "questions": (),
        "consultations": (),
        "former": former if given or former.added else None,
    }


def _returned(state: Lifecycle, event: e.GateReturned, _: Recorded) -> Changes:
    review = {"review_date": event.next_review} if event.next_review else {}
    return {**_taken_back(state), **review, "cut": None}


def _held(state: Lifecycle, event: e.LifecycleHeld, recorded: Recorded) -> Changes:
    return {"hold": Hold(since=recorded.occurred_at, until=event.until)}


def _resumed(state: Lifecycle, event: e.LifecycleResumed, _: Recorded) -> Changes:
    review = {"review_date": event.next_review} if event.next_review else {}
    before = state.before
    if before is not None:
        before = before.model_copy(
            update={
                "requests": dialogue.moved_requests(before.requests, event.shifts),
                "consultations": _moved_consultations(before.consultations, event),
            }
        )
    return {
        "hold": None,
        "requests": dialogue.moved_requests(state.requests, event.shifts),
        "tasks": _moved_tasks(state, event),
        "consultations": _moved_consultations(state.consultations, event),
        "before": before,
        **review,
    }


def _moved_consultations(
    consultations: tuple[Consultation, ...], event: e.LifecycleResumed
) -> tuple[Consultation, ...]:
    moved = {s.request: s.due_at for s in event.shifts}
    return tuple(x.model_copy(update={"due_at": moved.get(x.id, x.due_at)}) for x in consultations)


def _moved_tasks(state: Lifecycle, event: e.LifecycleResumed) -> tuple[WindDownTask, ...]:
    moved = {s.request: s for s in event.shifts}
    return tuple(
        t.model_copy(update={"due_at": moved[t.id].due_at, "remind_at": moved[t.id].remind_at}) if t.id in moved else t
        for t in state.tasks
    )


def _hold_expired(state: Lifecycle, event: e.HoldExpired, _: Recorded) -> Changes:
    return {"hold": state.hold.model_copy(update={"reminded": True}) if state.hold else None}


def _measured(state: Lifecycle, event: e.MeasurementRecorded, _: Recorded) -> Changes:
    periods = {**state.values.get(event.kpi, {}), event.period: str(event.value)}
    changes: Changes = {"values": {**state.values, event.kpi: periods}}
    return changes if event.kpi in state.measured else changes | {"measured": (*state.measured, event.kpi)}


def _promised(state: Lifecycle, event: e.PromiseMade, _: Recorded) -> Changes:
    promise = PromiseState(
        id=event.promise,
        stage=event.stage,
        round=event.round,
        text=event.text,
        by=event.by,
        due=event.due,
        before=event.before,
    )
    return {"promises": (*state.promises, promise)}


def _fulfilled(state: Lifecycle, event: e.PromiseFulfilled, recorded: Recorded) -> Changes:
    return {
        "promises": tuple(
            p.model_copy(update={"fulfilled_at": recorded.occurred_at}) if p.id == event.promise else p
            for p in state.promises
        )
    }


def _marked(flag: str) -> Callable[[Lifecycle, Any, Recorded], Changes]:
    def fold(state: Lifecycle, event: Any, _: Recorded) -> Changes:
        return {
            "requests": tuple(r.model_copy(update={flag: True}) if r.id == event.request else r for r in state.requests)
        }

    return fold


def _outcome(state: Lifecycle, event: e.OutcomeDecided, _: Recorded) -> Changes:
    lesson = Lesson(
        round=event.round, outcome=event.outcome, learnt=event.learnt, scope=event.scope, targets=event.targets
    )
    said = bool(event.learnt or event.scope or event.targets)
    changes: Changes = {
        "outcome": event.outcome,
        "recommendation": None,
        "recommended_stage": None,
        "proposed": Proposed(),
        "lessons": (*state.lessons, lesson) if said else state.lessons,
    }
    if event.next_review is not None:
        changes["review_date"] = event.next_review
    return changes


def _winding_down(state: Lifecycle, event: e.WindDownStarted, _: Recorded) -> Changes:
    return {
        "work": event.work,
        "tasks": (),
        "given": (),
        "submission": None,
        "repeats": False,
        "former": None,
        "authors": (),
    }


def _closed(state: Lifecycle, event: e.LifecycleClosed, recorded: Recorded) -> Changes:
    by_answer = state.before is not None and state.before.command_id == recorded.command_id
    return {
        "closed": True,
        "closed_as": event.as_,
        "requests": (),
        "questions": (),
        "consultations": (),
        "former": None,
        "authors": (),
        "hold": None,
        "before": state.before if by_answer else None,  # the answer that closed it can be taken back like any other
    }


def _without(state: Lifecycle, request: str) -> tuple[Request, ...]:
    return tuple(r for r in state.requests if r.id != request)


def _from_setup(state: Lifecycle, content: dict[str, Any]) -> Changes:
    people = [content["chair"], content["adviser"], *(m["person"] for m in content["members"])]
    return {
        "people": tuple(dict.fromkeys((*state.people, *(p for p in people if p)))),
        "departments": tuple(content["departments"]),
        "viewpoint": content["viewpoint"] or state.viewpoint,
        "weight": content["weight"] or state.weight,
    }


def _from_coordination(state: Lifecycle, content: dict[str, Any]) -> Changes:
    return {"pledged": tuple(Promise.model_validate(p) for p in content["promises"])}


def _from_proposal(state: Lifecycle, content: dict[str, Any]) -> Changes:
    chosen: dict[str, Any] = next((o for o in content["options"] if o["key"] == content["chosen"]), {})
    costs = {"initial": chosen.get("initial_cost"), "running": chosen.get("running_cost")}
    return {
        "floor": content["small_start"].get("minimum"),
        "estimated": {k: v for k, v in costs.items() if v is not None},
    }


_CLAIMED = ("indicated", "voted", "allotted")


def _from_budgeting(state: Lifecycle, content: dict[str, Any], on: date) -> Changes:
    amounts = content["amounts"]
    year, window = content["fiscal_year"], content.get("session") or content["window"] or "initial"
    # A new round asks anew: what was indicated or voted for the last one says nothing about this.
    known = state.budgets.get(year, Budget()) if state.budget_round == state.round else Budget()
    asked = known if amounts["asked"] is None else with_amount(known, window, "asked", amounts["asked"], on)
    claims = {k: amounts[k] for k in _CLAIMED}
    return {
        "budget_year": year,
        "budget_window": window,
        "aim": state.aim.model_copy(update={"handed_in": True}) if state.aim else None,
        "budget_round": state.round,
        "budgets": {**state.budgets, year: asked},
        "claimed": Budget(**claims) if any(v is not None for v in claims.values()) else None,
    }


def _from_team(state: Lifecycle, content: dict[str, Any]) -> Changes:
    people = [content["leader"], *(m["person"] for m in content["members"])]
    return {"people": tuple(dict.fromkeys((*state.people, *(p for p in people if p))))}


def _from_hypotheses(state: Lifecycle, content: dict[str, Any]) -> Changes:
    return {"hypotheses": tuple(h["result"] or "" for h in content["hypotheses"])}


def _from_kpis(state: Lifecycle, content: dict[str, Any]) -> Changes:
    kpis = tuple(Kpi(owner=k["owner"], kind=k.get("kind"), **aim_fields(k)) for k in content["kpis"])
    review = date.fromisoformat(content["review_date"])
    return {"kpis": kpis, "review_date": review, **sunset.from_form(content), **set_anew(state, kpis)}


def _from_review(state: Lifecycle, content: dict[str, Any]) -> Changes:
    said = {name: content.get(name) or default for name, default in Proposed().model_dump().items()}
    return {
        "recommendation": content["recommendation"],
        "recommended_stage": content["back_to"] or None,
        "proposed": Proposed.model_validate(said),
    }


def _from_reopening(state: Lifecycle, content: dict[str, Any]) -> Changes:
    if state.reopening is None or not content["stage"]:
        return {}
    return {"reopening": state.reopening.model_copy(update={"stage": content["stage"]})}


_EXTRACTS: Mapping[str, Callable[[Lifecycle, dict[str, Any]], Changes]] = {
    "setup": _from_setup,
    "hypothesis": _from_hypotheses,
    "coordination": _from_coordination,
    "proposal": _from_proposal,
    "team": _from_team,
    "kpis": _from_kpis,
    "review": _from_review,
    "reopening": _from_reopening,
}

_FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    e.LifecycleStarted: _started,
    e.StageEntered: _entered,
    e.RequestOpened: _opened,
    e.DeliverableSubmitted: _submitted,
    e.AgreementsVoided: _nothing,
    e.RequestAnswered: _answered,
    e.StepMerged: _merged,
    e.StepReturned: _step_returned,
    e.RequestClosed: _closed_request,
    e.GatePassed: _passed,
    e.GateReturned: _returned,
    e.DraftWithdrawn: _withdrawn,
    e.LifecycleHeld: _held,
    e.LifecycleResumed: _resumed,
    e.HoldExpired: _hold_expired,
    e.MeasurementRecorded: _measured,
    e.PromiseMade: _promised,
    e.PromiseFulfilled: _fulfilled,
    e.ReminderSent: _marked("reminded"),
    e.RequestOverdue: _marked("overdue"),
    e.CoordinatorInformed: _marked("coordinator_told"),
    e.RequestEscalated: _marked("escalated"),
    e.ReviewOpened: sunset.review_opened,
    e.OutcomeDecided: _outcome,
    e.WindDownStarted: _winding_down,
    e.LifecycleDropped: _nothing,
    e.LifecycleClosed: _closed,
    **absence.FOLDS,
    **adopting.FOLDS,
    **amendments.FOLDS,
    **attaching.FOLDS,
    **budgets.FOLDS,
    **committing.FOLDS,
    **concluding.FOLDS,
    **consulting.FOLDS,
    **dates.FOLDS,
    **descent.FOLDS,
    **dialogue.FOLDS,
    **feeding.FOLDS,
    **handing.FOLDS,
    **handover.FOLDS,
    **migrating.FOLDS,
    **procuring.FOLDS,
    **publishing.FOLDS,
    **registering.FOLDS,
    **sunset.FOLDS,
    **valuing.FOLDS,
    **windows.FOLDS,
    **winding.FOLDS,
}
