"""To whom one request may be handed on, to whom it is handed on that day, and why it fell back: pure policy of `handing.py`."""

from __future__ import annotations

from datetime import date, timedelta

from domain.calendar import local_day, wareki
from domain.facts import Facts
from domain.lifecycle.state import Fell, Handed, Lifecycle, Request
from domain.messages import Text
from domain.process import Step


def takers(state: Lifecycle, request: Request, facts: Facts, day: date) -> dict[str, str]:
    """Those to whom an open request may be handed on that day: person -> the post in which they stand for the one asked.

    Registered deputies, in their order, who are there and whom nothing bars: nobody answers one step twice (those whom it asks in a post of
    their own neither), or decides on what they objected to. Nobody where the step waits for the holder.
    """
    step = _step(state, request, facts)
    if step is None or step.absence == "wait":
        return {}
    here, found = facts.directory, dict[str, str]()
    holders = set(here.holders(request.post, day))
    answered = {g.person for g in state.given if g.step == request.step}
    answering = {
        p for r in state.requests if r.step == request.step and r.id != request.id for p in here.holders(r.post, day)
    }
    kept_out = barred(state, step) | answered | answering | objectors(state, request, facts, day)
    for post in here.deputies_of(request.post, day, state.work):
        for person in here.holders(post, day):
            if person not in holders | kept_out and not here.is_absent(person, day) and here.may_decide(person):
                found.setdefault(person, post)
    return found


def handed_on(state: Lifecycle, request: Request, facts: Facts, day: date) -> Handed | None:
    """To whom an open request is handed on that day; None once it fell back (`fallen`)."""
    handed = request.handed
    if handed is None or fallen(state, request, facts, day) is not None:
        return None
    post = takers(state, request, facts, day).get(handed.to)
    return handed.model_copy(update={"to_post": post}) if post is not None else None


def fallen(state: Lifecycle, request: Request, facts: Facts, day: date) -> Fell | None:
    """Since when and why a request that was handed on is the post's own again: as recorded, else the first day since on which it held no
    more. Once it fell back it stays so, whoever comes back, until somebody hands it on anew."""
    handed, step = request.handed, _step(state, request, facts)
    if handed is None or step is None:
        return None
    if handed.fell is not None:
        return handed.fell
    first = min(local_day(handed.at), day)
    for n in range((day - first).days + 1):
        if (fell := _fell_on(state, request, handed, step, facts, first + timedelta(days=n))) is not None:
            return fell
    return None


def _fell_on(state: Lifecycle, request: Request, handed: Handed, step: Step, facts: Facts, day: date) -> Fell | None:
    here = facts.directory
    if {handed.by, handed.to} & barred(state, step) or not here.may_decide(handed.by):
        return Fell(why="recused", on=day)
    if handed.by not in here.holders(request.post, day):
        return Fell(why="left", on=day)
    if here.is_absent(handed.to, day):
        return Fell(why="away", on=day)
    return None if handed.to in takers(state, request, facts, day) else Fell(why="unable", on=day)


def why_fallen(fell: Fell, to: Text) -> Text:
    """Since when and why a request is the post's own again; `to`: the post in which it would have been decided. No person is named, and not
    for how long somebody is away, which is told nowhere."""
    ja, en = {
        "away": (f"{to.ja}が不在のため", f"{to.en} was away"),
        "left": ("依頼した者がその職を離れたため", "whoever handed it on has left the post"),
        "recused": (
            "依頼した者か頼まれた者がこの案件を決定できなくなったため",
            "one of the two may not decide in this matter",
        ),
        "unable": (f"{to.ja}が代決できなくなったため", f"{to.en} may not decide in their place any more"),
        "session": ("会議が決定したため", "the body has decided in session"),
    }[fell.why]
    return Text(
        ja=f"{ja}、代決の依頼は{wareki(fell.on)}に元の職に戻りました",
        en=f"handed on no more since {fell.on}, the post decides itself: {en}",
    )


def may_hand_on(state: Lifecycle, request: Request, person: str, facts: Facts, day: date) -> dict[str, str]:
    """To whom this person may hand a request on today: nobody, unless they hold its post and could decide it themselves."""
    step = _step(state, request, facts)
    if step is None or (request.handed is not None and handed_on(state, request, facts, day) is not None):
        return {}
    if person not in facts.directory.holders(request.post, day) or person in barred(state, step):
        return {}
    return takers(state, request, facts, day) if facts.directory.may_decide(person) else {}


def _step(state: Lifecycle, request: Request, facts: Facts) -> Step | None:
    if request.kind != "decide" or facts.definition is None:
        return None
    return facts.definition.stage(state.work).gate[request.step_index]


def objectors(state: Lifecycle, request: Request, facts: Facts, day: date) -> set[str]:
    """Those who hold the post whose objection a request is about."""
    return {p for c in state.consultations if c.id == request.about for p in facts.directory.holders(c.post, day)}


def barred(state: Lifecycle, step: Step) -> set[str]:
    """Who may not decide in the matter at this step: recused, or an author of what is to be decided."""
    return {*state.recused, *(() if step.drafter_may_decide else state.authors)}
