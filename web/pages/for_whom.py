"""To whom an act on a lifecycle is offered: the policy that its rule asks, which refuses others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from domain.facts import Facts
from domain.lifecycle import budgets, consulting, dialogue, publishing, winding
from domain.lifecycle.authority import may_budget, may_draft, may_measure, may_steer, may_withdraw
from domain.lifecycle.state import Lifecycle
from domain.messages import Actor, Refused

Policy = Callable[[Actor, Lifecycle, Facts, datetime], object]
"""Raises `Refused` for those to whom it is not offered."""


def may(policy: Callable[..., object], *given: Any) -> bool:
    """Whether a policy lets somebody."""
    try:
        policy(*given)
    except Refused:
        return False
    return True


def _drafts_or_steers(actor: Actor, state: Lifecycle, facts: Facts, now: datetime) -> object:
    return may(may_draft, actor, state, facts, now) or may_steer(actor, state, facts, now)


def _settles(actor: Actor, state: Lifecycle, facts: Facts, now: datetime) -> object:
    return any(consulting.objects(actor, state, c.post, facts, now) for c in state.consultations) or may_draft(
        actor, state, facts, now
    )


def _measures(actor: Actor, state: Lifecycle, facts: Facts, now: datetime) -> object:
    own = next((k.owner for k in state.kpis if k.owner == actor.person), "")
    return may_measure(actor, state, own, facts, now)


def _works(actor: Actor, state: Lifecycle, facts: Facts, now: datetime) -> object:
    """Some task of the wind-down."""
    own = any(may(winding.may_work, actor, state, task, facts, now) for task in state.tasks)
    return own or may_steer(actor, state, facts, now)


def _records(actor: Actor, state: Lifecycle, facts: Facts, now: datetime) -> None:
    """Some state of an amount."""
    budgets.may_record(actor, state, budgets.SECTION_TOO[0], facts, now)


def _finance(actor: Actor, _: Lifecycle, facts: Facts, now: datetime) -> object:
    return may_budget(actor, facts, now)


def _publishes(actor: Actor, _: Lifecycle, facts: Facts, now: datetime) -> object:
    return publishing.may_publish(actor, facts, now)


FOR_WHOM: Mapping[str, Policy] = {
    **dict.fromkeys(
        (
            *("mark", "outside", "enforce", "fulfil", "review", "due", "hold", "resume", "merge", "drop", "reopen"),
            *("aim", "assign-task", "settle-spread"),
        ),
        may_steer,
    ),
    **dict.fromkeys(("procure", "procurement", "cancel-procurement"), may_draft),
    "withdraw": may_withdraw,
    **dict.fromkeys(("measure", "correct-measurement", "feed", "end-feed"), _measures),
    **dict.fromkeys(("benefit", "withdraw-benefit"), _drafts_or_steers),
    **dict.fromkeys(("finish-task", "waive-task", "reopen-task"), _works),
    **dict.fromkeys(("commit", "carry"), _finance),
    **dict.fromkeys(("publish", "unpublish"), _publishes),
    "budget": _records,
    "comment": dialogue.may_comment,
    "concurrence": consulting.may_add,
    "settle": _settles,
    "share": dialogue.may_share,
}
"""Act of `steering.ACTS` -> its policy: every one has one."""


def is_for(key: str, actor: Actor, state: Lifecycle, facts: Facts, now: datetime) -> bool:
    """Whether an act is offered to somebody. Reads nothing but what it is given."""
    return may(FOR_WHOM[key], actor, state, facts, now)
