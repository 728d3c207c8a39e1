"""Moving a running lifecycle to another version of its process: what it keeps, and what must be asked again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from domain.facts import Facts
from domain.lifecycle.authority import definition, may_steer
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.events import RequestClosed, RequestOpened
from domain.lifecycle.routes import next_step, open_draft, open_step, resolve
from domain.lifecycle.state import Lifecycle, Request
from domain.messages import Actor, Command, Event, Frozen, Personal, Recorded, Refused, Text, refuse
from domain.process import ProcessDefinition, Stage

Changes = dict[str, Any]


class MigrateDefinition(LifecycleCommand):
    """Go on under another published version. `stage` says where, when the present stage is not in it."""

    type = "MigrateDefinition"
    definition: str
    stage: str | None = None
    reason: str = Field(min_length=1, max_length=4000)


class Kept(Frozen):
    """An open request that stays as it is, with its step's place and title in the new version."""

    request: str
    step_index: int
    title: Text


class DefinitionMigrated(Event):
    """From here on the new version holds; `work` is what is asked for under it."""

    type = "DefinitionMigrated"
    definition: str
    digest: str
    before: str
    stage: str
    stage_title: Text
    work: str
    repeats: bool
    kept: tuple[Kept, ...]
    drafted_again: bool
    reason: Personal


class Migration(Frozen):
    """What moving would do to one lifecycle. `effect`: same (it is under it already), kept, asked_again, or impossible."""

    effect: Literal["same", "kept", "asked_again", "impossible"]
    words: tuple[Text, ...] = ()
    stage: str = ""
    work: str = ""
    kept: tuple[Kept, ...] = ()
    closed: tuple[str, ...] = ()
    opened: tuple[RequestOpened, ...] = ()
    drafted_again: bool = False


def migration(state: Lifecycle, facts: Facts, now: datetime, stage: str | None = None) -> Migration:
    """What the definition of `facts` would change for a lifecycle; the same for the dry run and for the command itself."""
    new = definition(facts)
    if state.definition == new.reference:
        return Migration(effect="same")
    if state.closed:
        return _impossible("終結しています", "it is closed")
    work_key = stage or state.work
    try:
        work = new.stage(work_key)
    except KeyError:
        known = ", ".join(s.key for s in new.stages)
        return _impossible(
            f"段階 {work_key} が新しい版にありません。--stage で移る段階を指定してください(段階: {known})",
            f"stage {work_key!r} is not in the new version; name where it goes on with --stage ({known})",
        )
    entered = stage or state.stage
    if not _has(new, entered):
        return _impossible(
            f"段階 {entered} が新しい版にありません", f"stage {entered!r} is not in the new version; use --stage"
        )
    base = Migration(effect="kept", stage=entered, work=work.key)
    try:
        if stage is not None and stage != state.work:
            return _from_draft(base, state, work, facts, now, _moved(work))
        if not state.in_circulation:
            return _draft(base, state, work, facts, now)
        return _circulating(base, state, work, facts, now)
    except Refused as refused:
        return _impossible(refused.refusal.message.ja, refused.refusal.message.en)


def _impossible(ja: str, en: str) -> Migration:
    return Migration(effect="impossible", words=(Text(ja=ja, en=en),))


def _has(process: ProcessDefinition, key: str) -> bool:
    try:
        process.stage(key)
    except KeyError:
        return False
    return True


def _moved(work: Stage) -> Text:
    return Text(ja=f"段階 {work.title.ja} から作成し直します", en=f"goes on with the draft of {work.title.en}")


def _from_draft(base: Migration, state: Lifecycle, work: Stage, facts: Facts, now: datetime, why: Text) -> Migration:
    opened = open_draft(state, work, state.round, state.serial + 1, facts, now)
    return base.model_copy(
        update={
            "effect": "asked_again",
            "words": (why,),
            "closed": tuple(r.id for r in state.requests),
            "opened": (opened,),
            "drafted_again": True,
        }
    )


def _draft(base: Migration, state: Lifecycle, work: Stage, facts: Facts, now: datetime) -> Migration:
    """Something is being drafted: it is asked of another post only when the new version says so."""
    post = resolve(work.drafter, state, facts)[0]
    drafts = [r for r in state.requests if r.kind == "draft"]
    if all(r.post == post.id for r in drafts):
        return base.model_copy(
            update={"kept": tuple(Kept(request=r.id, step_index=-1, title=work.title) for r in drafts)}
        )
    return _from_draft(
        base,
        state,
        work,
        facts,
        now,
        Text(ja=f"作成依頼の宛先が {post.title.ja} に変わります", en=f"the draft is asked of {post.title.en} instead"),
    )


def _circulating(base: Migration, state: Lifecycle, work: Stage, facts: Facts, now: datetime) -> Migration:
    """Something is on its route: agreements stand, steps that are new or ask others are asked."""
    assert state.submission is not None
    if state.submission.deliverable not in ("", work.deliverable):
        why = Text(
            ja=f"様式が {work.deliverable} に変わるため、作成し直します",
            en=f"the form becomes {work.deliverable!r}: drafted again",
        )
        return _from_draft(base, state, work, facts, now, why)
    step_key = next(r.step for r in state.requests if r.kind == "decide")
    index = next((i for i, s in enumerate(work.gate) if s.key == step_key), None)
    free = state.model_copy(update={"requests": ()})
    earlier = next_step(
        free, work.model_copy(update={"gate": work.gate[: index or 0]}), -1, state.serial + 1, facts, now
    )
    if index is None or earlier:
        opened = tuple(next_step(free, work, -1, state.serial + 1, facts, now))
        if not opened:
            return _impossible(
                "新しい版では、この文書に求める決裁がもうありません。引き戻してから移してください",
                "the new version asks nobody any more; withdraw the draft first",
            )
        who = "、".join(o.post_title.ja for o in opened), ", ".join(o.post_title.en for o in opened)
        return base.model_copy(
            update={
                "effect": "asked_again",
                "words": (Text(ja=f"{who[0]} に改めて求めます", en=f"asked again: {who[1]}"),),
                "closed": tuple(r.id for r in state.requests),
                "opened": opened,
            }
        )
    return _same_step(base, state, work, index, facts, now)


def _same_step(base: Migration, state: Lifecycle, work: Stage, index: int, facts: Facts, now: datetime) -> Migration:
    step = work.gate[index]
    answered = {g.post for g in state.given if g.step == step.key}
    wanted = {o.post: o for o in open_step(state, work, index, state.serial + 1, facts, now)}
    kept: list[Request] = [r for r in state.requests if r.kind == "decide" and r.post in wanted]
    closed = [r for r in state.requests if r.id not in {k.id for k in kept}]
    opened = [o for post, o in wanted.items() if post not in answered and post not in {k.post for k in kept}]
    if not kept and not opened:
        return _impossible(
            "新しい版では、この文書に求める決裁がもうありません。引き戻してから移してください",
            "the new version asks nobody any more; withdraw the draft first",
        )
    words = [
        *(Text(ja=f"{r.post_title.ja} への依頼を終えます", en=f"{r.post_title.en} is asked no more") for r in closed),
        *(Text(ja=f"{o.post_title.ja} に新たに求めます", en=f"{o.post_title.en} is asked as well") for o in opened),
    ]
    return base.model_copy(
        update={
            "effect": "asked_again" if opened or closed else "kept",
            "words": tuple(words),
            "kept": tuple(Kept(request=r.id, step_index=index, title=step.title) for r in kept),
            "closed": tuple(r.id for r in closed),
            "opened": tuple(opened),
        }
    )


def _migrate(
    state: Lifecycle, command: MigrateDefinition, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    may_steer(actor, state, facts, now)
    new = definition(facts)
    found = migration(state, facts, now, command.stage)
    if found.effect in ("same", "impossible"):
        ja = found.words[0].ja if found.words else f"既に {new.reference} で進んでいます"
        en = found.words[0].en if found.words else f"it follows {new.reference} already"
        raise refuse(
            "migration-impossible" if found.words else "migrated-already",
            f"definition: {ja}",
            f"definition: {en}",
            remedy_ja="`starter.py definition dry-run` で確かめてください",
            remedy_en="look at `starter.py definition dry-run`",
        )
    return [
        DefinitionMigrated(
            definition=new.reference,
            digest=new.digest,
            before=state.definition,
            stage=found.stage,
            stage_title=new.stage(found.stage).title,
            work=found.work,
            repeats=new.stage(found.work).repeats,
            kept=found.kept,
            drafted_again=found.drafted_again,
            reason=command.reason,
        ),
        *(RequestClosed(request=r.id, because="migrated", post=r.post) for r in state.requests if r.id in found.closed),
        *found.opened,
    ]


def _migrated(state: Lifecycle, event: DefinitionMigrated, _: Recorded) -> Changes:
    kept = {k.request: k for k in event.kept}
    requests = tuple(
        r.model_copy(update={"step_index": k.step_index, "title": k.title, "stage": event.work})
        if (k := kept.get(r.id))
        else r
        for r in state.requests
    )
    changes: Changes = {
        "definition": event.definition,
        "stage": event.stage,
        "stage_title": event.stage_title,
        "work": event.work,
        "repeats": event.repeats,
        "requests": requests,
    }
    if event.drafted_again:
        changes |= {"given": (), "submission": None, "claimed": None, "pledged": (), "questions": ()}
    return changes


COMMANDS: dict[str, type[Command]] = {MigrateDefinition.type: MigrateDefinition}
EVENTS: dict[str, type[Event]] = {DefinitionMigrated.type: DefinitionMigrated}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    MigrateDefinition: _migrate,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {DefinitionMigrated: _migrated}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    DefinitionMigrated: lambda s, v: Text(
        ja=f"プロセス定義を {v.before} から {v.definition} へ", en=f"process moved from {v.before} to {v.definition}"
    ),
}
