"""The process manager of one stream: follow its events, run what follows from them, sleep until woken or due.

It imports no rules: they run in activities, whose results history keeps. So a rule change never breaks a replay, and this
file needs versioning only when its own few lines change. A run holds nothing that matters and may be lost at any moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from workflows.contract import (
        EDITION,
        SEARCH_ATTRIBUTES,
        WOKEN,
        AdvanceInput,
        AnnounceInput,
        DueResult,
        EffectView,
        InstructAllInput,
        InstructInput,
        PlanView,
        StreamInput,
        cut,
    )

_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=30))
_LOCAL: dict[str, Any] = {"start_to_close_timeout": timedelta(seconds=30), "retry_policy": _RETRY}
_AT_ONCE = 40
"""Commands for other streams that one activity records."""
_HEARTBEAT = timedelta(seconds=10)
_KEYS: dict[str, Any] = {
    name: {
        "Keyword": SearchAttributeKey.for_keyword,
        "KeywordList": SearchAttributeKey.for_keyword_list,
        "Datetime": SearchAttributeKey.for_datetime,
        "Int": SearchAttributeKey.for_int,
    }[kind](name)
    for name, kind in SEARCH_ATTRIBUTES.items()
}


class Following:
    """One run follows one stream; `woken` says that something was recorded."""

    def __init__(self, start: StreamInput) -> None:
        self.stream = start.stream
        self._edition = start.edition
        self.is_woken = True
        self._shown: dict[str, Any] = {}
        self._details = ""

    async def follow_on(self, start: StreamInput) -> None:
        """The whole run: follow, effects, advance, sleep."""
        while True:
            self.is_woken = False
            plan = await self._follow()
            await self._run(plan)
            if self._edition == 1:
                self._show(plan)
            if self.is_woken:
                continue
            self._show(plan)  # at rest only: in a burst of answers nobody could read what is written between
            if plan.closed:
                await workflow.wait_condition(workflow.all_handlers_finished)
                if not self.is_woken:
                    return
                continue
            if self._is_long(start):
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(start.model_copy(update={"edition": EDITION}))
            await self._sleep(plan)

    @workflow.signal(name=WOKEN)
    def woken(self) -> None:
        self.is_woken = True

    async def _follow(self) -> PlanView:
        plan: PlanView = await self.local("follow", self.stream, PlanView)
        return plan

    async def _run(self, plan: PlanView) -> None:
        """The effects in their order, then `followed` moves up: with the last effect where that is an announcement.

        Who records on a stream that is behind need not wake it (`Outcome.behind`); so what came meanwhile counts as a wake.

        Announcements are local activities: one workflow task follows, tells and advances. Their summary stands in the history
        all the same, as that of the marker.
        """
        advanced, more = not plan.effects, False
        for together in _together(plan.effects):
            effect = together[0]
            if effect.instructs:
                keys = tuple(e.key for e in together)
                await self._remote("instruct_all", InstructAllInput(stream=self.stream, keys=keys), *together)
                continue
            if effect.command is not None:
                await self._remote("instruct", self._instruction(effect), effect)
                continue
            if self._edition == 1:
                await self._remote("announce", self._announcement(effect), effect)
                continue
            to = plan.to if effect is plan.effects[-1] else None
            more = await self.local(
                "announce", self._announcement(effect, to), bool, summary=_both(effect.ja, effect.en)
            )
            advanced = to is not None
        if not advanced:
            more = await self.local("advance", AdvanceInput(stream=self.stream, to=plan.to), bool)
        self.is_woken = self.is_woken or (more and self._edition > 1)  # of old, `advance` said whether it moved

    def _announcement(self, effect: EffectView, to: int | None = None) -> AnnounceInput:
        return AnnounceInput(stream=self.stream, key=effect.key, ja=effect.ja, en=effect.en, to=to)

    def _instruction(self, effect: EffectView) -> InstructInput:
        return InstructInput(stream=self.stream, key=effect.key, command=effect.command or {})

    async def _remote(self, name: str, argument: Any, *effects: EffectView) -> None:
        first, others = effects[0], len(effects) - 1
        ja, en = (f" 他{others}件", f" and {others} more") if others else ("", "")
        await workflow.execute_activity(
            name,
            argument,
            start_to_close_timeout=timedelta(seconds=30 if not others else 300),
            heartbeat_timeout=_HEARTBEAT
            if others
            else None,  # a worker that dies in the middle is noticed by its silence
            retry_policy=_RETRY,
            summary=_both(first.ja + ja, first.en + en),
        )

    async def _sleep(self, plan: PlanView) -> None:
        """Until woken or due; then the moment is recorded like anyone else's command."""
        wait_until: datetime | None = plan.next_due
        while wait_until is not None:
            pause = max(wait_until - workflow.now(), timedelta())
            if pause:
                try:
                    await workflow.wait_condition(
                        lambda: self.is_woken, timeout=pause, timeout_summary=cut(plan.next_due_summary)
                    )
                    return
                except TimeoutError:
                    pass
            due = await self.local("record_due", self.stream, DueResult)
            if due.recorded or due.retry_at is None or self.is_woken:
                return
            wait_until = max(due.retry_at, workflow.now() + timedelta(seconds=1))
        await workflow.wait_condition(lambda: self.is_woken)

    def _show(self, plan: PlanView) -> None:
        """What an operator sees; written only when it changed, since every write is an event of the history."""
        changed = {k: v for k, v in plan.attributes.items() if self._shown.get(k) != v}
        if changed:
            workflow.upsert_search_attributes(
                [
                    _KEYS[k].value_unset() if v in (None, []) else _KEYS[k].value_set(_typed(k, v))
                    for k, v in changed.items()
                ]
            )
            self._shown |= changed
        if plan.details != self._details:
            self._details = plan.details
            workflow.set_current_details(plan.details)

    def _is_long(self, start: StreamInput) -> bool:
        info = workflow.info()
        if start.continue_after is not None and info.get_current_history_length() >= start.continue_after:
            return True
        return info.is_continue_as_new_suggested()

    async def local(
        self, name: str, argument: Any, result: type[Any], *, retry: bool = True, summary: str | None = None
    ) -> Any:
        options = _LOCAL if retry else {**_LOCAL, "retry_policy": RetryPolicy(maximum_attempts=3)}
        try:
            return await workflow.execute_local_activity(name, argument, result_type=result, summary=summary, **options)
        except ActivityError as error:
            raise ApplicationError(
                f"記録できませんでした。もう一度送ってください / not recorded, send it again: {error.cause or error}",
                type="not-recorded",
                non_retryable=True,
            ) from error


def _together(effects: Sequence[EffectView]) -> Iterator[list[EffectView]]:
    """One by one, but commands for other streams by the dozen: one activity records them."""
    batch: list[EffectView] = []
    for effect in effects:
        if batch and not (effect.instructs and len(batch) < _AT_ONCE):
            yield batch
            batch = []
        if effect.instructs:
            batch.append(effect)
        else:
            yield [effect]
    if batch:
        yield batch


def _typed(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if SEARCH_ATTRIBUTES[name] == "Datetime" and isinstance(value, str) else value


def _both(ja: str, en: str) -> str:
    """Both languages in one summary of at most 200 bytes; where room is short each gets its share."""
    whole = f"{ja} / {en}"
    if len(whole.encode()) <= 200:
        return whole
    return cut(ja, max(120, 197 - len(en.encode()))) + " / " + cut(en, max(74, 197 - len(ja.encode())))
