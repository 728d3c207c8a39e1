"""The route of the document in circulation as a person reads it: who has agreed, who is asked, who is still to come."""

from __future__ import annotations

from typing import Literal

from domain.facts import Facts
from domain.lifecycle.routes import ADDED, AGREED, asked_by, has_agreed, resolve
from domain.lifecycle.state import Given, Lifecycle
from domain.messages import Frozen, Refused, Text
from domain.process import Stage, Step

Standing = Literal["agreed", "asked", "coming", "objected", "merged", "delegated"]
STANDINGS: dict[str, Text] = {
    "agreed": Text(ja="済", en="done"),
    "asked": Text(ja="回議中", en="asked now"),
    "coming": Text(ja="これから", en="to come"),
    "objected": Text(ja="協議中", en="in consultation"),
    "merged": Text(ja="併合", en="merged"),
    "delegated": Text(ja="専決により不要", en="not needed: standing delegation"),
}


_IN_PLACE_OF = ("deputy", "vacancy", "recusal", "handed")


class Stop(Frozen):
    """One step of the route: whom it asks, and where it stands. `people` are those who answered, by person id."""

    step: str
    title: Text
    posts: tuple[Text, ...]
    standing: Standing
    people: tuple[str, ...] = ()
    deputies: tuple[str, ...] = ()
    """Those of `people` who answered in another's place (代)."""


def route(state: Lifecycle, facts: Facts) -> tuple[Stop, ...]:
    """The steps of the gate in their order, with what was added beside them; empty when nothing is in circulation."""
    if facts.definition is None or state.submission is None or state.closed:
        return ()
    try:
        stage = facts.definition.stage(state.work)
    except KeyError:
        return ()
    found: list[Stop] = []
    ended = False
    for index, step in enumerate(stage.gate):
        found.append(_stop(state, stage, step, facts, ended=ended))
        found += _beside(state, index)
        ended = ended or state.submission.ends_at == step.key
    return tuple(found)


def _stop(state: Lifecycle, stage: Stage, step: Step, facts: Facts, *, ended: bool) -> Stop:
    given = [g for g in state.given if g.step == step.key]
    return Stop(
        step=step.key,
        title=step.title,
        posts=_posts(state, step, facts),
        standing=_standing(state, step, given, len(asked_by(step, state, facts)), ended=ended),
        people=tuple(dict.fromkeys(g.person for g in given)),
        deputies=tuple(dict.fromkeys(g.person for g in given if g.stands in _IN_PLACE_OF)),
    )


def _standing(state: Lifecycle, step: Step, given: list[Given], asked: int, *, ended: bool) -> Standing:
    if any(r.step == step.key for r in state.requests):
        return "asked"
    if any(g.decision not in AGREED for g in given) and any(
        c.request in {g.request for g in given} for c in state.consultations
    ):
        return "objected"
    if given and all(g.decision == "merged" for g in given):
        return "merged"
    if has_agreed(state, step, asked):
        return "agreed"
    return "delegated" if ended else "coming"


def _posts(state: Lifecycle, step: Step, facts: Facts) -> tuple[Text, ...]:
    """The titles of those whom the step asks; what cannot be resolved today is left out."""
    found: dict[str, Text] = {}
    for ref in step.posts:
        try:
            found |= {p.id: p.title for p in resolve(ref, state, facts)}
        except Refused:
            continue
    return tuple(found.values())


def _beside(state: Lifecycle, index: int) -> list[Stop]:
    """Concurrence added, asked for or objected to, and the common superior."""
    asked = [
        Stop(step=r.step, title=r.title, posts=(r.post_title,), standing="asked")
        for r in state.requests
        if r.extra and r.step_index == index
    ]
    objected = {g.request: g for g in state.given if g.step == "added" and g.decision not in AGREED}
    return asked + [
        Stop(step="added", title=ADDED, posts=(c.post_title,), standing="objected", people=(found.person,))
        for c in state.consultations
        if c.step_index == index and (found := objected.get(c.request)) is not None
    ]


def answered(stop: Stop) -> list[str]:
    """Who answered at a step, by person id; 「(代)」 with those who did so in another's place."""
    return [f"{p}(代)" if p in stop.deputies else p for p in stop.people]


def table(state: Lifecycle, facts: Facts) -> str:
    """The route as a Markdown table, for the current details in the Temporal UI; empty when there is none."""
    stops = route(state, facts)
    if not stops:
        return ""
    rows = [
        f"| {s.title.ja} / {s.title.en} | {'、'.join(p.ja for p in s.posts) or '-'} | "
        f"{STANDINGS[s.standing].ja} / {STANDINGS[s.standing].en} | {', '.join(answered(s)) or '-'} |"
        for s in stops
    ]
    head = "| 経路 / route | 職 / posts | 状態 / state | 答えた者 / answered by |\n|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n\n"
