"""Sending back (差戻し): to the drafter, to an earlier stage, or to an earlier step of the same route, always with a reason."""

from __future__ import annotations

from datetime import datetime

from domain.calendar import end_of_business, local_day
from domain.facts import Facts
from domain.lifecycle import events as e
from domain.lifecycle.passing import others_closed
from domain.lifecycle.routes import added_again, enter, next_step, open_draft
from domain.lifecycle.state import Lifecycle, Request
from domain.messages import Event, refuse
from domain.process import ProcessDefinition, Stage


def send_back(
    state: Lifecycle,
    back_to: str | None,
    rejected: bool,
    request: Request,
    stage: Stage,
    process: ProcessDefinition,
    facts: Facts,
    now: datetime,
) -> list[Event]:
    """The gate is lost, or goes back to an earlier step: whose answers, and those behind it, count no more."""
    to = back_to or stage.key
    if to not in (stage.key, *stage.send_back_to):  # an earlier step, see `require_target`
        return _to_step(state, to, request, stage, facts, now)
    target = process.stage(to)
    come = state.review_date is not None and end_of_business(state.review_date) <= now
    events: list[Event] = [
        e.GateReturned(
            stage=stage.key,
            round=state.round,
            to=to,
            to_title=target.title,
            rejected=rejected,
            # Otherwise the date that has come would open the review again at once.
            next_review=local_day(facts.calendar.after(now, target.due)) if target.repeats and come else None,
        ),
        *others_closed(state, request.id, "returned"),
    ]
    if to != stage.key:
        events.append(enter(target, state.round, "sent_back"))
    return [*events, open_draft(state, target, state.round, state.serial + 1, facts, now)]


def require_target(to: str, stage: Stage, request: Request) -> None:
    """Refuses a target that is neither this or an allowed stage nor an earlier step of the route."""
    targets = (stage.key, *stage.send_back_to, *(s.key for s in stage.gate[: request.step_index]))
    if to in targets:
        return
    raise refuse(
        "send-back-target",
        f"{stage.key} から {to} へは差し戻せません",
        f"{stage.key!r} cannot be sent back to {to!r}",
        remedy_ja="差戻し先: " + "、".join(targets),
        remedy_en="send it back to one of: " + ", ".join(targets),
    )


def _to_step(state: Lifecycle, to: str, request: Request, stage: Stage, facts: Facts, now: datetime) -> list[Event]:
    """The document stays in circulation; the route goes on from the earlier step as if it had not been asked yet."""
    index = next(i for i, s in enumerate(stage.gate) if s.key == to)
    void = tuple(s.key for s in stage.gate[index:])
    before = state.model_copy(
        update={"requests": (), "given": tuple(g for g in state.given if g.step not in void), "consultations": ()}
    )
    returned = e.StepReturned(
        stage=stage.key, round=state.round, to=to, to_title=stage.gate[index].title, void=(*void, "added", "superior")
    )
    opened = next_step(before, stage, index - 1, state.serial + 1, facts, now)
    again = added_again(before, stage, state.added, opened, facts, now)
    return [returned, *others_closed(state, request.id, "returned"), *opened, *again]
