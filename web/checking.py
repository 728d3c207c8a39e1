"""The form of the document asked for now, for pages and the API: whether somebody may fill it in, and all that handing in would find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.deliverables.registry import broken_rules, parse
from domain.lifecycle.authority import may_draft
from domain.lifecycle.decide import context
from domain.lifecycle.state import Lifecycle
from domain.messages import Actor, Problem, Refused
from store.store import Store


def drafted(store: Store, actor: Actor, stream: str) -> Lifecycle | None:
    """The lifecycle, when it asks for a document now. Raises `Refused` where the actor may not draft it: a draft is for its taskforce."""
    state: Lifecycle = store.load(stream)[0]
    may_draft(actor, state, store.facts(state.definition), store.clock.now())
    return None if state.closed or state.in_circulation or not state.work else state


def form_asked(store: Store, state: Lifecycle) -> str:
    """The key of the form that is asked for."""
    process = store.facts(state.definition).definition
    assert process is not None  # a lifecycle always has one
    return process.stage(state.work).deliverable


def problems_in(store: Store, state: Lifecycle, content: Mapping[str, Any]) -> list[Problem]:
    """All that handing in would find, without handing in."""
    facts, key = store.facts(state.definition), form_asked(store, state)
    assert facts.definition is not None
    try:
        form = parse(key, dict(content))
    except Refused as refused:
        return list(refused.refusal.problems)
    about = context(state, facts.definition, facts, store.clock.now())
    return [problem for _, broken in broken_rules(key, form, about) for problem in broken]
