"""What moving a running lifecycle to another version of its process would change: what stays, what must be asked again.

A gate is never passed by moving: agreements stand where they meet what the new version asks for, all else is asked again, and
another stage is named only in place of one that is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from domain.facts import Facts
from domain.lifecycle.authority import definition
from domain.lifecycle.events import RequestOpened, StepMerged
from domain.lifecycle.routes import asked_by, has_agreed, next_step, open_draft, resolve
from domain.lifecycle.state import Lifecycle
from domain.messages import Frozen, Refused, Text, refuse
from domain.process import REOPENING, ProcessDefinition, Stage, Step


class Kept(Frozen):
    """An open request that stays as it is, with its step's place and title in the new version."""

    request: str
    step_index: int
    title: Text


class Migration(Frozen):
    """What moving would do to one lifecycle. `effect`: same (it is under it already), kept, asked_again, or impossible."""

    effect: Literal["same", "kept", "asked_again", "impossible"]
    words: tuple[Text, ...] = ()
    stage: str = ""
    work: str = ""
    kept: tuple[Kept, ...] = ()
    closed: tuple[str, ...] = ()
    merged: tuple[StepMerged, ...] = ()
    opened: tuple[RequestOpened, ...] = ()
    again: tuple[str, ...] = ()
    """Steps whose answers do not meet the new version: they count no more, and are asked for when the step's turn comes."""
    drafted_again: bool = False


def migration(state: Lifecycle, facts: Facts, now: datetime, stage: str | None = None) -> Migration:
    """What the definition of `facts` would change for a lifecycle; the same for the dry run and for the command itself."""
    new = definition(facts)
    if state.definition == new.reference:
        return Migration(effect="same")
    try:
        work, entered = _goes_on_at(state, new, stage)
        base = Migration(effect="kept", stage=entered, work=work.key)
        if work.key != state.work:
            return _from_draft(base, state, work, facts, now, _moved(work))
        if not state.in_circulation:
            return _draft(base, state, work, facts, now)
        return _circulating(base, state, work, facts, now)
    except Refused as refused:
        return Migration(effect="impossible", words=(refused.refusal.message,))


def _cannot(ja: str, en: str) -> Refused:
    return refuse(
        "migration-impossible",
        ja,
        en,
        remedy_ja="`./taskforce definition dry-run` で確かめてください",
        remedy_en="look at `./taskforce definition dry-run`",
    )


def _goes_on_at(state: Lifecycle, new: ProcessDefinition, stage: str | None) -> tuple[Stage, str]:
    """The piece of work under the new version, and the stage that it belongs to."""
    keys = {s.key: s for s in new.stages}
    if state.closed:
        raise _cannot("終結しています", "it is closed")
    if state.reopening is not None:
        _reopening_stays(state, new, stage)
        return new.stage(REOPENING), state.stage
    if state.work != state.stage:  # the wind-down: its abolition has been decided, and moving does not undo it
        if new.wind_down is None or stage not in (None, new.wind_down.key):
            raise _cannot(
                "廃止の整理中です。新しい版の廃止の整理にしか移せません",
                "it is being wound down; it can only go on with a wind-down of the new version",
            )
        review = next(s.key for s in new.stages if s.decides_outcome)
        return new.wind_down, state.stage if state.stage in keys else review
    if state.work in keys:
        if stage not in (None, state.work):
            raise _cannot(
                f"段階 {state.work} は新しい版にもあるので、{stage} へは移せません(関門は飛ばせません)",
                f"stage {state.work!r} is in the new version, so it cannot go on at {stage!r}: moving passes no gate",
            )
        return keys[state.work], state.work
    if stage not in keys:
        named = stage or state.work
        raise _cannot(
            f"段階 {named} が新しい版にありません。--stage {state.work}=段階 で移る段階を指定してください(段階: {', '.join(keys)})",
            f"stage {named!r} is not in the new version; "
            f"name where it goes on with --stage {state.work}=STAGE ({', '.join(keys)})",
        )
    return keys[stage], stage


def _reopening_stays(state: Lifecycle, new: ProcessDefinition, stage: str | None) -> None:
    """Whether it goes on at all is for those to say who were asked."""
    assert state.reopening is not None
    known = {s.key for s in new.all_stages}
    if stage is not None or not {state.stage, state.reopening.stage, state.reopening.work} <= known:
        raise _cannot(
            "再開の可否の決定を待っています。決定の後に移してください",
            "its reopening is being decided; move it once that has been decided",
        )


def _moved(work: Stage) -> Text:
    return Text(ja=f"段階 {work.title.ja} から作成し直します", en=f"goes on with the draft of {work.title.en}")


def _from_draft(base: Migration, state: Lifecycle, work: Stage, facts: Facts, now: datetime, why: Text) -> Migration:
    if state.reopening is not None:
        raise _cannot(
            "再開の可否の決定を待っています。決定の後に移してください",
            "its reopening is being decided; move it once that has been decided",
        )
    opened = open_draft(state, work, state.round, state.serial + 1, facts, now)
    lost = Text(
        ja=f"これまでの回答 {len(state.given)} 件は数えられなくなります",
        en=f"{len(state.given)} answer(s) given so far count no more",
    )
    return base.model_copy(
        update={
            "effect": "asked_again",
            "words": (why, lost) if state.given else (why,),
            "closed": tuple(r.id for r in state.requests),
            "opened": (opened,),
            "drafted_again": True,
        }
    )


def _draft(base: Migration, state: Lifecycle, work: Stage, facts: Facts, now: datetime) -> Migration:
    """Something is being drafted: it is asked of another post only when the new version says so."""
    post = resolve(work.drafter, state, facts)[0]
    drafts = [r for r in state.requests if r.kind == "draft"]
    if drafts and all(r.post == post.id for r in drafts):
        return base.model_copy(
            update={"kept": tuple(Kept(request=r.id, step_index=-1, title=work.title) for r in drafts)}
        )
    why = Text(ja=f"作成依頼の宛先が {post.title.ja} に変わります", en=f"the draft is asked of {post.title.en} instead")
    return _from_draft(base, state, work, facts, now, why)


def _circulating(base: Migration, state: Lifecycle, work: Stage, facts: Facts, now: datetime) -> Migration:
    """Something is on its route: what has been agreed to enough stands, steps that are new or lack somebody are asked."""
    assert state.submission is not None
    if state.consultations or any(r.extra for r in state.requests):
        raise _cannot(
            "協議か追加の合議が終わっていません。終わってから移してください",
            "a consultation or an added concurrence is open; move it once that is over",
        )
    if state.submission.deliverable not in ("", work.deliverable):
        why = Text(
            ja=f"様式が {work.deliverable} に変わるため、作成し直します",
            en=f"the form becomes {work.deliverable!r}: drafted again",
        )
        return _from_draft(base, state, work, facts, now, why)
    current = next(r.step for r in state.requests if r.kind == "decide")
    again = _insufficient(state, work, current, facts)
    merged, opened = _asked_next(_without(state, again), work, -1, facts, now)
    base = base.model_copy(update={"merged": merged})
    if opened and opened[0].step == current:
        return _same_step(base, state, work, opened, tuple(k for k in again if k != current), facts, now)
    return _other_step(base, state, work, opened, again)


def _asked_next(
    state: Lifecycle, work: Stage, after: int, facts: Facts, now: datetime
) -> tuple[tuple[StepMerged, ...], tuple[RequestOpened, ...]]:
    """What the route asks next, and the steps that merge on the way."""
    found = next_step(state, work, after, state.serial + 1, facts, now)
    merged = tuple(event for event in found if isinstance(event, StepMerged))
    return merged, tuple(event for event in found if isinstance(event, RequestOpened))


def _insufficient(state: Lifecycle, work: Stage, current: str, facts: Facts) -> tuple[str, ...]:
    """Steps that have answers, but not those that the new version asks for. The step asked now is never complete by
    itself: that those who answered agree says nothing of those who have not, unless a number is enough."""
    free, gate = state.model_copy(update={"requests": ()}), {s.key: s for s in work.gate}
    found = []
    for key in dict.fromkeys(g.step for g in state.given):
        step = gate.get(key)
        asked = len(asked_by(step, state, facts)) if step else 0
        if key == current:
            enough = step is not None and step.need != "all" and has_agreed(free, step, asked)
        else:
            enough = step is None or has_agreed(free, step, asked)
        if not enough:
            found.append(key)
    return tuple(found)


def _without(state: Lifecycle, again: Iterable[str]) -> Lifecycle:
    """As if nobody were asked, and the answers of some steps had not been given."""
    given = tuple(g for g in state.given if g.step not in again)
    return state.model_copy(update={"requests": (), "given": given})


def _other_step(
    base: Migration, state: Lifecycle, work: Stage, opened: tuple[RequestOpened, ...], again: tuple[str, ...]
) -> Migration:
    """The requests that are open give way to those of another step."""
    if not opened:
        raise _cannot(
            "新しい版では、この文書に求める決裁がもうありません。引き戻してから移してください",
            "the new version asks nobody any more; withdraw the draft first",
        )
    asked = Text(
        ja=f"{'、'.join(o.post_title.ja for o in opened)} に改めて求めます",
        en=f"asked again: {', '.join(o.post_title.en for o in opened)}",
    )
    return base.model_copy(
        update={
            "effect": "asked_again",
            "words": (asked, *_recounted(state, work, again)),
            "closed": tuple(r.id for r in state.requests),
            "opened": opened,
            "again": again,
        }
    )


def _same_step(
    base: Migration,
    state: Lifecycle,
    work: Stage,
    wanted: tuple[RequestOpened, ...],
    again: tuple[str, ...],
    facts: Facts,
    now: datetime,
) -> Migration:
    """The step that is asked now is asked under the new version too: only differences in whom it asks matter."""
    index = wanted[0].step_index
    step = work.gate[index]
    answered = {g.post for g in state.given if g.step == step.key}
    missing = [o for o in wanted if o.post not in answered]
    if _unmeetable(state, step, len(missing)):
        return _other_step(base, state, work, wanted, (*again, step.key))
    if not missing:
        merged, onward = _asked_next(_without(state, again), work, index, facts, now)
        base = base.model_copy(update={"merged": (*base.merged, *merged)})
        return _other_step(base, state, work, onward, again)
    asked = {o.post for o in missing}
    kept = [r for r in state.requests if r.kind == "decide" and r.post in asked]
    closed = [r for r in state.requests if r not in kept]
    opened = [o for o in missing if o.post not in {k.post for k in kept}]
    words = [
        *(Text(ja=f"{r.post_title.ja} への依頼を終えます", en=f"{r.post_title.en} is asked no more") for r in closed),
        *(Text(ja=f"{o.post_title.ja} に新たに求めます", en=f"{o.post_title.en} is asked as well") for o in opened),
        *_recounted(state, work, again),
    ]
    return base.model_copy(
        update={
            "effect": "asked_again" if opened or closed or again else "kept",
            "words": tuple(words),
            "kept": tuple(Kept(request=r.id, step_index=index, title=step.title) for r in kept),
            "closed": tuple(r.id for r in closed),
            "opened": tuple(opened),
            "again": again,
        }
    )


def _unmeetable(state: Lifecycle, step: Step, missing: int) -> bool:
    """Whether a refusal that the old version could bear leaves the new one without enough who may still agree."""
    given = [g for g in state.given if g.step == step.key]
    agreed = sum(g.decision in ("approve", "conditions") for g in given)
    if agreed == len(given):
        return False
    return step.need == "all" or agreed + missing < step.need


def _recounted(state: Lifecycle, work: Stage, again: Iterable[str]) -> list[Text]:
    titles = {s.key: s.title for s in work.gate}
    return [
        Text(
            ja=f"「{titles[key].ja}」の回答は数えられなくなり、改めて求めます",
            en=f"answers given at {titles[key].en!r} count no more and are asked for again",
        )
        for key in again
        if key in titles
    ]
