"""The outcome of a review: which one was named, whether it may be, and where the lifecycle goes on."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from domain.calendar import local_day
from domain.facts import Facts
from domain.lifecycle import descent, winding
from domain.lifecycle import events as e
from domain.lifecycle.routes import enter, open_draft
from domain.lifecycle.state import Lifecycle
from domain.messages import Event, Refused, lacking, refuse
from domain.process import Outcome, ProcessDefinition

COUNCIL = "council:"
"""How the streams of the council's sessions begin, see `domain/sessions/kind.py`."""


class Decides(Protocol):
    """What of an answer (or of a decision made elsewhere) says how the review ends."""

    @property
    def comment(self) -> str: ...

    @property
    def outcome(self) -> str | None: ...

    @property
    def back_to(self) -> str | None: ...


def no_outcome_yet(command: Decides) -> None:
    if command.outcome is not None:
        raise refuse(
            "outcome-not-here",
            "結果を決めるのは再検討の最後の段階だけです",
            "only the last step of the review decides the outcome",
            remedy_ja="outcome を省いて答えてください",
            remedy_en="answer without an outcome",
        )


def outcome_named(state: Lifecycle, command: Decides, process: ProcessDefinition) -> tuple[Outcome, str | None]:
    """The outcome named, else the one recommended; departing from the recommendation needs a reason."""
    key = command.outcome or state.recommendation or ""
    outcome = process.outcome(key)
    if outcome is None:
        raise refuse(
            "outcome-unknown",
            f"結果 {key} はこのプロセス定義にありません",
            f"this process has no outcome {key!r}",
            remedy_ja="次のいずれか: " + "、".join(o.key for o in process.outcomes),
            remedy_en="name one of: " + ", ".join(o.key for o in process.outcomes),
        )
    if key != state.recommendation and not command.comment.strip():
        raise refuse(
            "departure-needs-reason",
            f"提言({state.recommendation})と異なる決定には理由が要ります",
            f"departing from the recommendation ({state.recommendation}) needs a reason",
            remedy_ja="--comment で理由を書いてください",
            remedy_en="give it with --comment",
            problems=lacking("comment"),
        )
    if not outcome.stages:
        return outcome, outcome.stage
    recommended = state.recommended_stage if key == state.recommendation else None
    back_to = command.back_to or recommended or outcome.stage
    if back_to not in outcome.stages:
        raise _bad_stage(back_to, outcome)
    return outcome, back_to


def _bad_stage(back_to: str | None, outcome: Outcome) -> Refused:
    return refuse(
        "outcome-stage",
        f"{outcome.title.ja}の戻り先 {back_to} は定義にありません",
        f"{outcome.key} cannot go back to {back_to!r}",
        remedy_ja="次のいずれか: " + "、".join(outcome.stages),
        remedy_en="name one of: " + ", ".join(outcome.stages),
    )


def require_round_left(state: Lifecycle, outcome: str | None, process: ProcessDefinition, session: str = "") -> None:
    """Improvement goes round so many times as the definition says; another round is for the council in session to decide."""
    limit = process.max_rounds
    if outcome != "improvement" or limit is None or state.round < limit or session.startswith(COUNCIL):
        return
    raise refuse(
        "rounds-exhausted",
        f"改善は第{limit}期までです(いま第{state.round}期)。これを超える改善はデジタル戦略会議が決めます",
        f"improvement ends with round {limit} (this is round {state.round}); "
        "whether it goes round again is for the council to decide",
        remedy_ja="会議の議題に載せて会議で決めるか(`./taskforce council put`)、拡充・廃止・継続・終了のいずれかを選んでください",
        remedy_en="put it on the agenda of a council session and let it conclude there (`./taskforce council put`), "
        "or name another outcome",
    )


def after_outcome(
    state: Lifecycle, outcome: Outcome, stage_key: str | None, process: ProcessDefinition, facts: Facts, now: datetime
) -> list[Event]:
    wider = outcome.key == "expansion"
    spread = descent.spread_decided(state, facts) if wider else []
    if spread and descent.only_spreads(state) and (same := _same_round(process)) is not None:
        # Carried to others as it is: nothing of its own is to be proposed anew, and its monitoring goes on.
        outcome, stage_key = outcome.model_copy(update={"then": "same_round"}), same
    goes_on = outcome.then in ("new_round", "same_round")
    decided = e.OutcomeDecided(
        outcome=outcome.key,
        title=outcome.title,
        round=state.round,
        recommended=state.recommendation,
        then=outcome.then,
        stage=stage_key if goes_on else None,
        # A new round may go back behind the KPI setting, and a date that has come would open the next review at once.
        next_review=next_review(state.review_date, local_day(now)) if goes_on else None,
        learnt=state.proposed.learnt if goes_on else (),
        scope=state.proposed.scope if wider else "",
        targets=state.proposed.targets if wider else (),
    )
    if outcome.then == "close":
        return [decided, e.LifecycleClosed(as_=outcome.key)]
    if outcome.then == "wind_down":
        assert process.wind_down is not None
        started = e.WindDownStarted(work=process.wind_down.key, round=state.round)
        tasks = winding.assigned(state, process, facts, now)
        draft = open_draft(state, process.wind_down, state.round, state.serial + 1, facts, now)
        return [decided, started, *tasks, draft]
    target = process.stage(stage_key or "")
    round_ = state.round + (outcome.then == "new_round")
    return [
        decided,
        *spread,
        enter(target, round_, "outcome"),
        open_draft(state, target, round_, state.serial + 1, facts, now),
    ]


def _same_round(process: ProcessDefinition) -> str | None:
    """Where a lifecycle stays when it simply goes on."""
    return next((o.stage for o in process.outcomes if o.then == "same_round"), None)


def next_review(last: date | None, today: date) -> date:
    """A year after the last review date, and later than today; 29 February becomes 28 February."""
    day = last or today
    while day <= today:
        try:
            day = day.replace(year=day.year + 1)
        except ValueError:
            day = day.replace(year=day.year + 1, day=28)
    return day
