"""Activities of a stream's workflow: follow, advance, due moments, announcements, answers through Temporal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from pydantic import ValidationError
from temporalio import activity

from domain.calendar import local_day
from domain.lifecycle.commands import AnswerRequest, Condition
from domain.messages import SYSTEM, Actor, Plan, Refusal, Refused, Text, Via, refuse
from domain.misfits import said_of
from store.store import Store
from workflows.contract import (
    ATTRIBUTE_OF,
    AdvanceInput,
    AnnounceInput,
    AnswerInput,
    AnswerResult,
    DueResult,
    EffectView,
    InstructAllInput,
    InstructInput,
    PlanView,
)
from workflows.signing import problem

_SOME = Refusal(rule="-", message=Text(ja="-", en="-"), remedy=Text(ja="-", en="-"))
"""Stands for any refusal: the id of the command that keeps one does not depend on it."""
_REFUSED_AGAIN = timedelta(hours=1)
"""After so long a deadline that a rule refused without a time is tried again."""
_UNSIGNED = {
    "signature-missing": ("署名がありません", "the answer is not signed"),
    "signature-wrong": ("署名が違います", "the signature is wrong"),
    "signature-expired": ("署名の期限が過ぎています", "the signature has expired"),
}


class StreamActivities:
    """Synchronous: they run in the worker's threads. `poke` says that notices may be waiting."""

    def __init__(
        self, store: Store, *, key: bytes = b"", allow_unsigned: bool = False, poke: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._key = key
        self._allow_unsigned = allow_unsigned
        self._poke = poke

    def all(self) -> list[Callable[..., Any]]:
        return [
            self.follow,
            self.advance,
            self.record_due,
            self.record_answer,
            self.announce,
            self.instruct,
            self.instruct_all,
        ]

    @activity.defn
    def follow(self, stream: str) -> PlanView:
        return plan_view(self._store.follow(stream))

    @activity.defn
    def advance(self, given: AdvanceInput) -> bool:
        """True when more was recorded meanwhile."""
        return self._store.catch_up(given.stream, given.to)

    @activity.defn
    def record_due(self, stream: str) -> DueResult:
        results = self._store.record_due(stream)
        refused = [r.refusal for r in results if isinstance(r, Refused)]
        later = self._store.clock.now() + _REFUSED_AGAIN
        for refusal in refused:
            if refusal.retry_at is None:
                activity.logger.warning("a deadline was refused: %s", refusal.message.en)
        retry_at = min((r.retry_at or later for r in refused), default=None)
        return DueResult(recorded=len(results) - len(refused), retry_at=retry_at)

    @activity.defn
    def announce(self, given: AnnounceInput) -> bool:
        """The story is told by the activity's summary; the notices themselves are rows that the channels send.

        As the last effect of a plan it also moves `followed` up, and says whether more was recorded meanwhile.
        """
        self._poke()
        return given.to is not None and self.advance(AdvanceInput(stream=given.stream, to=given.to))

    @activity.defn
    def instruct(self, given: InstructInput) -> str:
        """Record a command on another stream; the relay wakes it. Returns the rule when it is refused, else nothing.

        Where its kind asks for that, whoever instructed keeps the refusal as an event of its own; what was refused once is not
        tried again by itself, though it might be taken now.
        """
        fields = dict(given.command)
        kind = self._store.kinds[fields.pop("kind")]
        command = kind.commands[fields.pop("type")].model_validate(fields)
        giver = self._store.kind_of(given.stream)
        before = giver.turned_down(given.stream, given.key, _SOME)
        if before is not None and self._store.knows(given.stream, before.command_id):
            return "refused-before"
        try:
            self._store.record(command, SYSTEM)
        except Refused as refused:
            note = giver.turned_down(given.stream, given.key, refused.refusal)
            if note is not None:
                self._store.record(note, SYSTEM)
            else:  # kept nowhere else
                activity.logger.warning("instruction refused: %s", refused)
            return refused.refusal.rule
        return ""

    @activity.defn
    def instruct_all(self, given: InstructAllInput) -> None:
        """Many commands on other streams, one after the other. What is not in the plan any more has been recorded already."""
        commands = {e.key: e.command for e in self._store.follow(given.stream).effects if e.command is not None}
        for key in given.keys:
            activity.heartbeat()
            if key in commands:
                self.instruct(InstructInput(stream=given.stream, key=key, command=commands[key]))

    @activity.defn
    def record_answer(self, given: AnswerInput) -> AnswerResult:
        """Record an answer that came through Temporal. Refusals are results: they must not be retried."""
        now = self._store.clock.now()
        wrong = problem(self._key, given, now)
        authenticated = "signature"
        if wrong is not None:
            if not (self._allow_unsigned and wrong == "signature-missing"):
                ja, en = _UNSIGNED[wrong]
                remedy = "`./taskforce answer … --print-update` の出力を送ってください / send what that command prints"
                self._note(given, wrong, ja, en)
                return AnswerResult(accepted=False, rule=wrong, message=f"{ja} / {en}", remedy=remedy)
            authenticated = "insecure-development"
        try:
            command = _command(given)
        except ValueError as error:
            said = _shape(error) if isinstance(error, ValidationError) else str(error)
            remedy = "欄を直してください / correct the field"
            return AnswerResult(accepted=False, rule="answer-shape", message=said, remedy=remedy)
        facts = self._store.facts()
        capacity = self._capacity(given, set(facts.directory.posts_of(given.person, local_day(now))))
        actor = Actor(person=given.person, capacity=capacity, via=Via.TEMPORAL, authenticated_by=authenticated)
        try:
            outcome = self._store.record(command, actor)
        except Refused as refused:
            r = refused.refusal
            return AnswerResult(accepted=False, rule=r.rule, message=str(r.message), remedy=str(r.remedy))
        return AnswerResult(accepted=True, version=outcome.version, events=outcome.events, duplicate=outcome.duplicate)

    def _note(self, given: AnswerInput, rule: str, ja: str, en: str) -> None:
        """An attempt in somebody's name that nothing vouches for is kept like any other that was refused."""
        with suppress(ValueError):
            actor = Actor(person=given.person, via=Via.TEMPORAL, authenticated_by="nothing")
            remedy = "send what `./taskforce answer … --print-update` prints"
            self._store.note_refused(_command(given), actor, refuse(rule, ja, en, remedy_ja=remedy, remedy_en=remedy))

    def _capacity(self, given: AnswerInput, posts: set[str]) -> str | None:
        state, _ = self._store.load(given.stream)
        request = state.request(given.request)
        return request.post if request is not None and request.post in posts else None


def _command(given: AnswerInput) -> AnswerRequest:
    return AnswerRequest.model_validate(
        {
            "command_id": given.command_id,
            "stream": given.stream,
            "request": given.request,
            "decision": given.decision,
            "comment": given.comment,
            "conditions": [
                Condition(text=c.text, by=c.by, due=date.fromisoformat(c.due) if c.due else None, before=c.before)
                for c in given.conditions
            ],
            "back_to": given.back_to,
            "outcome": given.outcome,
            "seen": given.seen,
            "in_absence": given.in_absence,
        }
    )


def _shape(error: ValidationError) -> str:
    """Each field that does not fit, in both languages."""
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {said_of(e)}" for e in error.errors(include_url=False))


def plan_view(plan: Plan) -> PlanView:
    """A plan as plain data for the workflow. Of many commands for other streams it holds the keys only."""
    many = sum(e.command is not None for e in plan.effects) > 1
    return PlanView(
        to=plan.to,
        effects=tuple(
            EffectView(
                key=e.key,
                ja=e.summary.ja,
                en=e.summary.en,
                command=None if many else e.command,
                instructs=many and e.command is not None,
            )
            for e in plan.effects
        ),
        next_due=plan.next_due,
        next_due_summary=plan.next_due_summary,
        closed=plan.closed,
        summary=plan.display.summary,
        details=plan.display.details,
        attributes={ATTRIBUTE_OF[k]: v for k, v in plan.display.attributes.items()},
    )
