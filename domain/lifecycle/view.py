"""The rows that a lifecycle owns in the read models, and the notices that its events cause."""

from __future__ import annotations

from collections.abc import Sequence

from domain.kinds import Row, View
from domain.lifecycle import dialogue, handing, registering, sunset, winding, windows
from domain.lifecycle import events as e
from domain.lifecycle.adopting import DeliverableImported
from domain.lifecycle.amendments import AnswerRetracted, LifecycleMerged, MeasurementCorrected
from domain.lifecycle.attaching import FileAttached
from domain.lifecycle.budgets import AmountReduced
from domain.lifecycle.consultations import ConsultationOpened, ConsultationSettled
from domain.lifecycle.descent import SpreadRefused
from domain.lifecycle.migrating import DefinitionMigrated
from domain.lifecycle.registering import OutsideDecisionEntered
from domain.lifecycle.reopening import LifecycleReopened, ReopeningRefused
from domain.lifecycle.state import Lifecycle, Request
from domain.lifecycle.story import line
from domain.lifecycle.timers import first_due
from domain.messages import Event, Notice, Recorded, Text


def view(state: Lifecycle) -> View:
    """Current rows: one in `lifecycles`, one a live request, one a promise."""
    if state.started_at is None:
        return View(rows={"lifecycles": [], "requests": [], "promises": [], "publications": [], "budget_windows": []})
    lifecycle: Row = {
        "stream": state.stream,
        "ref": state.ref,
        "title": state.title,
        "stage": state.stage,
        "work": state.work,
        "phase": phase(state),
        "round": state.round,
        "bureau": state.bureau,
        "section": state.section,
        "viewpoint": state.viewpoint,
        "outcome": state.outcome,
        "closed": state.closed,
        "closed_as": state.closed_as,
        "held": state.hold is not None,
        "health": state.health,
        "definition": state.definition,
        "started_at": state.started_at,
        "entered_at": state.entered_at,
        "next_due": first_due(state),
        "overdue": state.overdue,
        "tags": list(state.tags),
        "source": state.source.model_dump(mode="json") if state.source else None,
        "adopted": state.adopted is not None,
        "merged_into": state.merged_into,
    }
    requests: list[Row] = [
        {
            "request": r.id,
            "stream": state.stream,
            "kind": r.kind,
            "stage": r.stage,
            "round": r.round,
            "step": r.step,
            "post": r.post,
            "opened_at": r.opened_at,
            "due_at": r.due_at,
            "overdue": r.overdue,
            "subject_ja": f"{state.title}: {state.stage_title.ja} {r.title.ja}"
            if r.kind == "decide"
            else f"{state.title}: {r.title.ja}",
            "subject_en": f"{state.title}: {state.stage_title.en}, {r.title.en}"
            if r.kind == "decide"
            else f"{state.title}: {r.title.en}",
            "content_hash": state.submission.content_hash if r.kind == "decide" and state.submission else None,
            "escalate_to": r.escalate_to if r.kind == "decide" else None,
            "barred": _barred(state, r) if r.kind == "decide" else "",
        }
        for r in state.requests
    ]
    promises: list[Row] = [
        {
            "stream": state.stream,
            "promise": p.id,
            "stage": p.stage,
            "round": p.round,
            "text": p.text,
            "by_unit": p.by,
            "due": p.due,
            "fulfilled_at": p.fulfilled_at,
        }
        for p in state.promises
    ]
    published: list[Row] = (
        [
            {
                "stream": state.stream,
                "since": state.publication.since,
                "summary": state.publication.summary.model_dump(),
                "parts": list(state.publication.parts),
            }
        ]
        if state.publication is not None and state.merged_into is None
        else []
    )
    return View(
        rows={
            "lifecycles": [lifecycle],
            "requests": [*requests, *_to_be_said(state)],
            "promises": promises,
            "publications": published,
            "budget_windows": _aimed(state),
        }
    )


def _barred(state: Lifecycle, request: Request) -> str:
    """Persons who may not decide a request now: recused, it is their draft, or they have handed it on."""
    handed = (request.handed.by,) if request.handed is not None else ()
    return "".join(f" {p} " for p in sorted({*state.recused, *state.authors, *handed}))


def _aimed(state: Lifecycle) -> list[Row]:
    """The window of the budget that an open lifecycle aims at."""
    if state.aim is None or state.closed:
        return []
    at = state.aim.at
    asked_in = (state.budget_year, state.budget_window) if state.aim.handed_in else (at.fiscal_year, at.window)
    year, window = (asked_in[0] or at.fiscal_year), asked_in[1]
    budget = state.budgets.get(year)
    line = budget.lines.get(window) if budget else None
    return [
        {
            "stream": state.stream,
            "fiscal_year": year,
            "window": at.window if window == "supplementary" else window,  # the request does not say which
            "closes_at": at.closes_at,
            "warned": state.aim.warned,
            "handed_in": state.aim.handed_in,
            "chosen": state.aim.chosen,
            **{name: line.amount(name) if line else None for name in ("asked", "indicated", "voted")},
        }
    ]


def _to_be_said(state: Lifecycle) -> list[Row]:
    """Questions, readings and tasks of a wind-down wait in the same inbox, and decide nothing."""
    common: Row = {"stream": state.stream, "round": state.round, "overdue": False, "escalate_to": None, "barred": ""}
    questions: list[Row] = [
        {
            **common,
            "request": q.id,
            "kind": "question",
            "stage": state.work,
            "step": "question",
            "post": q.post,
            "opened_at": q.at,
            "due_at": q.due_at,
            "subject_ja": f"{state.title}: {state.stage_title.ja}への質問",
            "subject_en": f"{state.title}: a question on {state.stage_title.en}",
            "content_hash": state.submission.content_hash if state.submission else None,
        }
        for q in state.questions
    ]
    readings: list[Row] = [
        {
            **common,
            "request": r.id,
            "kind": "read",
            "stage": r.stage,
            "round": r.round,
            "step": "read",
            "post": r.post,
            "opened_at": r.at,
            "due_at": None,
            "subject_ja": f"{state.title}: {r.title.ja}({'後閲' if r.later_viewing else '供覧'})",
            "subject_en": f"{state.title}: {r.title.en}, for {'later viewing' if r.later_viewing else 'information'}",
            "content_hash": r.content_hash,
        }
        for r in state.readings
    ]
    tasks: list[Row] = [
        {
            **common,
            "request": t.id,
            "kind": "task",
            "stage": state.work,
            "step": t.key,
            "post": t.post,
            "opened_at": t.opened_at,
            "due_at": t.due_at,
            "overdue": t.overdue,
            "subject_ja": f"{state.title}: 廃止の整理「{t.title.ja}」",
            "subject_en": f"{state.title}: wind-down, {t.title.en}",
            "content_hash": None,
        }
        for t in state.open_tasks
    ]
    return [*questions, *readings, *tasks]


def phase(state: Lifecycle) -> str:
    """drafting, deciding, held or closed."""
    if state.closed:
        return "closed"
    if state.hold is not None:
        return "held"
    return "deciding" if state.in_circulation else "drafting"


def entries(state: Lifecycle, recorded: Recorded) -> View:
    """Rows that one event adds for good."""
    found = _entries(state, recorded)
    line_ = registering.entry(recorded)
    return found if line_ is None else View(rows={**found.rows, "register_entries": [line_]})


def _entries(state: Lifecycle, recorded: Recorded) -> View:
    event, row = recorded.event, {"stream": recorded.stream}
    versioned = {**row, "version": recorded.version}
    if isinstance(event, e.DeliverableSubmitted | DeliverableImported):
        added: Row = {
            **row,
            "stage": event.stage,
            "round": event.round,
            "version": event.version,
            "content": event.content,
            "content_hash": event.content_hash,
            "person": recorded.actor.person,
            "at": recorded.occurred_at,
            "imported": event.source.model_dump(mode="json") if isinstance(event, DeliverableImported) else None,
            "attachments": None
            if isinstance(event, DeliverableImported)
            else [a.model_dump(mode="json") for a in event.attachments] or None,
        }
        return View(rows={"deliverables": [added]})
    if isinstance(event, FileAttached):
        added = {
            **versioned,
            "stage": event.stage,
            "round": event.round,
            **event.file.model_dump(),
            "person": recorded.actor.person,
            "at": recorded.occurred_at,
        }
        return View(rows={"attachments": [added]})
    if isinstance(event, e.RequestAnswered):
        added = {
            **versioned,
            "request": event.request,
            "stage": event.stage,
            "round": event.round,
            "step": event.step,
            "post": event.post,
            "person": event.presided or recorded.actor.person,
            "decision": event.decision,
            "conditions": [c.model_dump(mode="json") for c in event.conditions],
            "content_hash": event.content_hash,
            "via": recorded.actor.via.value,
            "at": recorded.occurred_at,
        }
        return View(rows={"answers": [added]})
    if isinstance(event, AnswerRetracted):
        added = {
            **versioned,
            "answered_at": event.answered_at,
            "request": event.request,
            "person": recorded.actor.person,
            "corrected": event.corrected,
            "at": recorded.occurred_at,
        }
        return View(rows={"retractions": [added]})
    if isinstance(event, e.MeasurementRecorded | MeasurementCorrected):
        imported = None if isinstance(event, MeasurementCorrected) else event.imported
        added = {
            **versioned,
            "kpi": event.kpi,
            "period": event.period,
            "value": str(event.value),
            "person": recorded.actor.person,
            "source": event.source.model_dump(mode="json") if event.source else None,
            "at": recorded.occurred_at,
            "was": str(event.was) if isinstance(event, MeasurementCorrected) else None,
            "imported": imported.model_dump(mode="json") if imported else None,
        }
        return View(rows={"measurements": [added]})
    if isinstance(event, e.OutcomeDecided):
        added = {
            **versioned,
            "round": event.round,
            "outcome": event.outcome,
            "stage": event.stage,
            "at": recorded.occurred_at,
            "person": recorded.actor.person,
        }
        return View(rows={"outcomes": [added]})
    if isinstance(event, e.StageEntered):
        added = {
            **versioned,
            "stage": event.stage,
            "round": event.round,
            "entered_at": recorded.occurred_at,
            "left_at": None,
        }
        return View(rows={"stage_visits": [added]})
    return View(rows={})


def notices(state: Lifecycle, recorded: Recorded) -> Sequence[Notice]:
    """Who must hear of an event: the post asked, the drafter when the work comes back or is decided, the superior told."""
    event = recorded.event
    if isinstance(event, windows.WindowWarned | windows.WindowMissed):
        return windows.notices(state, event, _subject(state, event))
    if isinstance(event, e.RequestOpened):
        return [Notice(post=event.post, subject=_subject(state, event))]
    if isinstance(event, e.ReminderSent | e.RequestOverdue):
        request = state.request(event.request)
        if request is None:
            return []
        subject = _subject(state, event)
        return [Notice(post=request.post, subject=subject), *_handed_to(request, subject)]
    if isinstance(event, handing.RequestHandedOn):
        return [Notice(person=event.to, subject=_subject(state, event))]
    if isinstance(event, handing.RequestTakenBack):
        subject = _subject(state, event)
        return [
            Notice(post=event.post, subject=subject) if event.given_back else Notice(person=event.to, subject=subject)
        ]
    if isinstance(event, handing.RequestFellBack):
        subject = _subject(state, event)
        return [Notice(post=event.post, subject=subject), Notice(person=event.to, subject=subject)]
    if isinstance(event, e.RequestEscalated | e.CoordinatorInformed):
        subject, late = _subject(state, event), state.request(event.request)
        return [Notice(post=event.to, subject=subject), *(_handed_to(late, subject) if late is not None else [])]
    if isinstance(event, e.LifecycleDropped):
        # 廃案 is told to those who concurred, and to those who are still asked.
        posts = (*(g.post for g in state.given), *(r.post for r in state.requests if r.kind == "decide"))
        return [Notice(post=post, subject=_subject(state, event)) for post in dict.fromkeys(posts)]
    if isinstance(event, e.AgreementsVoided):
        subject = _subject(state, event)
        return [Notice(person=p, subject=subject) for p in dict.fromkeys(v.person for v in event.agreements)]
    if isinstance(event, ConsultationOpened | ConsultationSettled):
        return _of_consultation(state, event)
    if isinstance(event, e.StepReturned) and state.submission is not None:
        return [Notice(person=state.submission.person, subject=_subject(state, event))]
    if isinstance(event, dialogue.QuestionAsked):
        return [Notice(person=event.drafter, subject=_subject(state, event))]
    if isinstance(event, dialogue.QuestionAnswered | dialogue.QuestionLapsed):
        return [Notice(person=event.asked_by, subject=_subject(state, event))]
    if isinstance(event, dialogue.InformationShared):
        return [Notice(post=event.post, subject=_subject(state, event))]
    if isinstance(event, winding.WindDownTaskAssigned | winding.WindDownTaskReassigned):
        return [Notice(post=event.post, subject=_subject(state, event))]
    if isinstance(event, winding.WindDownTaskReminded | winding.WindDownTaskOverdue):
        owners = [t.post for t in state.tasks if t.id == event.task]
        return [Notice(post=post, subject=_subject(state, event)) for post in owners]
    if isinstance(event, e.RequestClosed):
        subject = _subject(state, event)
        asked = [Notice(post=event.post, subject=subject)] if event.post else []
        return [*asked, *([Notice(person=event.handed_to, subject=subject)] if event.handed_to else [])]
    if isinstance(event, AnswerRetracted | DefinitionMigrated | sunset.CriterionRevised):
        # Those whose requests are gone hear it by the request closed; here, those who are asked now.
        return _to_those_asked(state, event)
    if isinstance(event, e.GateReturned):
        people = dict.fromkeys(p for p in (state.drafter, *state.authors[-1:]) if p)
        return [Notice(person=p, subject=_subject(state, event)) for p in people]
    if isinstance(event, _FOR_DRAFTER) and state.drafter is not None:
        return [Notice(person=state.drafter, subject=_subject(state, event))]
    if isinstance(event, e.LifecycleHeld | e.LifecycleResumed):
        return _to_those_asked(state, event)
    return []


def _of_consultation(state: Lifecycle, event: ConsultationOpened | ConsultationSettled) -> list[Notice]:
    """Both sides hear of it."""
    subject = _subject(state, event)
    drafter = [Notice(person=state.submission.person, subject=subject)] if state.submission is not None else []
    return [*drafter, Notice(post=event.post, subject=subject)]


_FOR_DRAFTER = (
    e.GatePassed
    | e.OutcomeDecided
    | e.LifecycleClosed
    | e.HoldExpired
    | LifecycleReopened
    | ReopeningRefused
    | LifecycleMerged
    | OutsideDecisionEntered
    | AmountReduced
    | SpreadRefused
)


def _to_those_asked(state: Lifecycle, event: Event) -> list[Notice]:
    subject = _subject(state, event)
    posts = [Notice(post=post, subject=subject) for post in dict.fromkeys(r.post for r in state.requests)]
    return [*posts, *(n for r in state.requests for n in _handed_to(r, subject))]


def _handed_to(request: Request, subject: Text) -> list[Notice]:
    """The deputy whom a request is handed on to hears what its post hears."""
    handed = request.handed
    return [Notice(person=handed.to, subject=subject)] if handed is not None and handed.fell is None else []


def _subject(state: Lifecycle, event: Event) -> Text:
    """What a notice says, with the matter it is about."""
    told = line(state, event)
    return Text(ja=f"{state.title}: {told.ja}", en=f"{state.title}: {told.en}")
