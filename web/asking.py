"""Of an open request: whom it asks, and what may be chosen in its answer; for pages and the API."""

from __future__ import annotations

from typing import Any

from domain.calendar import local_day
from domain.lifecycle.absence import stands_in
from domain.lifecycle.deputising import handed_on, may_hand_on
from domain.lifecycle.state import Lifecycle, Request
from domain.messages import Text
from store.store import Store


def is_asked(store: Store, person: str, state: Lifecycle, asked: Request | None) -> bool:
    """Whether a request waits for this person today: at their post, or since they stand in."""
    if asked is None:
        return False
    facts, day = store.facts(state.definition), local_day(store.clock.now())
    if (handed := handed_on(state, asked, facts, day)) is not None:
        return handed.to == person
    held = {*facts.directory.posts_of(person, day), *facts.directory.stands_in_for(person, day)}
    return asked.post in held or stands_in(state, asked.id, person, facts, day)


def choices(store: Store, state: Lifecycle, asked: Request | None) -> dict[str, Any]:
    """What may be chosen besides yes and no, as pairs of key and title: where to send back to, and the outcome at the end of a review."""
    process = store.facts(state.definition).definition
    if process is None or asked is None or asked.kind != "decide":
        return {"back_to": [], "outcomes": [], "marked": False}
    stage = process.stage(state.work)
    titles = {s.key: s.title for s in process.all_stages}
    earlier = [(s.key, s.title) for s in stage.gate[: max(asked.step_index, 0)]]
    last = asked.step_index == len(stage.gate) - 1
    return {
        "back_to": [(key, titles[key]) for key in stage.send_back_to if key in titles] + earlier,
        "outcomes": [(o.key, o.title) for o in process.outcomes] if stage.decides_outcome and last else [],
        "own": stage.title,
        "marked": bool(state.marks) or stage.important,
    }


def hand_on_to(store: Store, person: str, state: Lifecycle, asked: Request | None) -> list[tuple[str, Text]]:
    """To whom this person may hand a request on today: person id and the title of the post in which each would decide."""
    if asked is None:
        return []
    facts, day = store.facts(state.definition), local_day(store.clock.now())
    found = may_hand_on(state, asked, person, facts, day)
    titles = {post: facts.directory.post(post) for post in found.values()}
    return [(p, t.title if (t := titles[post]) is not None else Text(ja=post, en=post)) for p, post in found.items()]
