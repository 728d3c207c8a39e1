"""From the definition's roles to the directory's posts, and from steps to open requests with their dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn
from uuid import NAMESPACE_URL, uuid5

from domain.attachments import PART, Attachment, listed
from domain.calendar import local_day
from domain.deliverables.base import digest
from domain.directory import Post
from domain.facts import Facts
from domain.lifecycle.aiming import newly_aimed
from domain.lifecycle.authority import definition
from domain.lifecycle.events import Extra, RequestOpened, StageEntered, StepMerged, Voided
from domain.lifecycle.state import Former, Lifecycle
from domain.messages import Event, Refused, Text, refuse
from domain.process import PostRef, Stage, Step

COORDINATOR = "general_affairs"
"""Role of the coordinator (庶務担当) of a section or bureau."""
AGREED = ("approve", "conditions", "merged", "overruled")
"""What counts as agreement: given, given with conditions, merged with another step, an objection overruled."""

ADDED = Text(ja="追加の合議", en="added concurrence")


def resolve(ref: PostRef, state: Lifecycle, facts: Facts) -> list[Post]:
    """The posts that a role means for this lifecycle; `departments` may give several or none. Refuses an unknown post."""
    if ref.unit == "departments":
        found = [_department_post(ref.role, unit, facts) for unit in state.departments if unit != state.section]
        return list({p.id: p for p in found if p.unit != state.section}.values())
    unit = state.section if ref.unit == "owner" else definition(facts).units.get(ref.unit, "")
    return [(facts.directory.post_for(ref.role, unit) if unit else None) or _no_such_post(ref.role, unit or ref.unit)]


def _department_post(role: str, unit: str, facts: Facts) -> Post:
    """A department named by its bureau alone is asked through its director. None is left out silently."""
    here = facts.directory
    return here.post_for(role, unit) or here.post_for("bureau_director", unit) or _no_such_post(role, unit)


def _no_such_post(role: str, unit: str) -> NoReturn:
    raise refuse(
        "no-such-post",
        f"組織 {unit} に役割 {role} の職がありません",
        f"unit {unit!r} has no post with the role {role!r}",
        remedy_ja="名簿(people.yaml)に職を加えて取り込んでください",
        remedy_en="add the post to the directory (people.yaml) and import it",
    )


def open_draft(state: Lifecycle, stage: Stage, round_: int, serial: int, facts: Facts, now: datetime) -> RequestOpened:
    """Ask the drafter for a stage's deliverable."""
    post = resolve(stage.drafter, state, facts)[0]
    due = facts.calendar.after(now, stage.due)
    return RequestOpened(
        request=request_id(state.stream, serial, "draft", post.id),
        kind="draft",
        stage=stage.key,
        round=round_,
        step="draft",
        step_index=-1,
        title=stage.title,
        post=post.id,
        post_title=post.title,
        due_at=due,
        remind_at=facts.calendar.before(due, stage.remind_before) if stage.remind_before else None,
        escalate_at=None,
        escalate_to=None,
        aim=newly_aimed(state, stage.key, round_, facts, now),
    )


def open_step(
    state: Lifecycle, stage: Stage, index: int, serial: int, facts: Facts, now: datetime
) -> list[RequestOpened]:
    """Ask all posts of one step. Empty when the step asks departments and there is none but the owner."""
    posts = {p.id: p for ref in stage.gate[index].posts for p in resolve(ref, state, facts)}
    return [request_for(state, stage, index, post, serial, facts, now) for post in posts.values()]


def request_for(
    state: Lifecycle,
    stage: Stage,
    index: int,
    post: Post,
    serial: int,
    facts: Facts,
    now: datetime,
    *,
    extra: Extra = "",
    title: Text | None = None,
    about: str | None = None,
) -> RequestOpened:
    """One request of a step to one post, with its dates; `extra` ones stand beside the step that is asked now."""
    step = stage.gate[index]
    due = facts.calendar.after(now, step.due)
    above = _superior(step, state, facts)
    coordinator = _coordinator(post, facts) if step.coordinator_after else None
    return RequestOpened(
        request=request_id(state.stream, serial, extra or step.key, post.id),
        kind="decide",
        stage=stage.key,
        round=state.round,
        step=extra or step.key,
        step_index=index,
        title=title or step.title,
        post=post.id,
        post_title=post.title,
        due_at=due,
        remind_at=facts.calendar.before(due, step.remind_before) if step.remind_before else None,
        escalate_at=facts.calendar.after(due, step.escalate_after) if step.escalate_after and above else None,
        escalate_to=above,
        coordinator_at=facts.calendar.after(due, step.coordinator_after)
        if step.coordinator_after and coordinator
        else None,
        coordinator=coordinator,
        extra=extra,
        about=about,
    )


def next_step(
    state: Lifecycle, stage: Stage, after: int, serial: int, facts: Facts, now: datetime
) -> list[RequestOpened | StepMerged]:
    """The requests of the first step behind index `after` that asks anybody, behind the steps merged on the way.

    No request in it: the route is at its end. A step that has agreed to this very document already is not asked again, nor
    one that meets with an earlier answer in the same person, nor one behind the end that a standing delegation sets.
    """
    merged: list[RequestOpened | StepMerged] = []
    for index in range(after + 1, len(stage.gate)):
        step = stage.gate[index]
        if not has_agreed(state, step, len(asked_by(step, state, facts))):
            opened = open_step(state, stage, index, serial, facts, now)
            meets = _meets(state, step, opened, facts, now)
            if meets is None and opened:
                return [*merged, *opened]
            if meets is not None:
                merged.append(meets)
        if ends_here(state, step):
            break
    return merged


def ends_here(state: Lifecycle, step: Step) -> bool:
    """専決: whether the route ends with this step by a standing delegation."""
    return state.submission is not None and state.submission.ends_at == step.key


def _meets(
    state: Lifecycle, step: Step, opened: Sequence[RequestOpened], facts: Facts, now: datetime
) -> StepMerged | None:
    """The merge of a step with an earlier answer, when all that it asks are posts of one person who has agreed."""
    if not opened or state.submission is None or not definition(facts).merge_steps:
        return None
    day = local_day(now)
    people = {person for request in opened for person in facts.directory.holders(request.post, day)}
    agreed = {g.person: g for g in state.given if g.decision in ("approve", "conditions")}
    if len(people) != 1 or not people <= set(agreed):
        return None
    (person,) = people
    return StepMerged(
        stage=opened[0].stage,
        round=opened[0].round,
        step=step.key,
        step_title=step.title,
        posts=tuple(request.post for request in opened),
        person=person,
        by=agreed[person].request,
        content_hash=state.submission.content_hash,
    )


def parts_of(stage: Stage, content: dict[str, Any], attachments: Sequence[Attachment]) -> dict[str, str]:
    """The hash of every field, and of the attachments, that a step of the route covers."""
    whole = {**content, PART: listed(attachments)}
    covered = {field for step in stage.gate for field in step.covers}
    return {field: digest({field: whole.get(field)}) for field in sorted(covered)}


def still_agreed(
    state: Lifecycle, stage: Stage, parts: dict[str, str], facts: Facts, now: datetime, drafter: str | None
) -> tuple[str, ...]:
    """The steps whose agreement to the version before stands: the step was complete, nothing changed in the part that it
    covers, and those whom it asks today (`state` has the departments of the new version) are those who agreed. Nobody's earlier
    agreement stands on what they hand in themselves (`drafter`), unless the step gives that authority."""
    former = state.former
    if former is None:
        return ()
    return tuple(
        step.key
        for step in stage.gate
        if step.covers
        and all(former.parts.get(field) == parts.get(field) for field in step.covers)
        and _was_complete(former, step)
        and (step.drafter_may_decide or drafter not in {g.person for g in former.given if g.step == step.key})
        and _covers_today(former, step, state, facts, now)
    )


def _was_complete(former: Former, step: Step) -> bool:
    agreed = sum(g.step == step.key for g in former.given)
    waiting = sum(p.step == step.key for p in former.pending)
    return agreed > 0 and agreed >= needed(step, agreed + waiting)


def _covers_today(former: Former, step: Step, state: Lifecycle, facts: Facts, now: datetime) -> bool:
    posts = asked_by(step, state, facts)
    if not posts:  # nobody, or a post that is gone: the route says so when the step's turn comes
        return False
    here, day = facts.directory, local_day(now)
    agreed = {here.post_on(g.post, day) for g in former.given if g.step == step.key}
    return sum(here.post_on(post, day) in agreed for post in posts) >= needed(step, len(posts))


def asked_by(step: Step, state: Lifecycle, facts: Facts) -> tuple[str, ...]:
    """The posts that a step asks today; none when one of its roles cannot be resolved."""
    try:
        return tuple(dict.fromkeys(p.id for ref in step.posts for p in resolve(ref, state, facts)))
    except Refused:
        return ()


def needed(step: Step, asked: int) -> int:
    """How many must agree of so many asked: all, or the stated number, which is never more than there are."""
    return asked if step.need == "all" else min(step.need, asked)


def added_again(
    state: Lifecycle, stage: Stage, posts: Sequence[str], found: Sequence[Event], facts: Facts, now: datetime
) -> list[RequestOpened]:
    """Concurrence that was added to the document, asked for again beside the step that `found` opens.

    Where `found` opens none, beside the last step of the route: all else stands, and only they are waited for. Without the
    posts that the step asks itself, and those that are gone.
    """
    opened = [event for event in found if isinstance(event, RequestOpened)]
    index = opened[0].step_index if opened else last_step(state, stage)
    here, day = facts.directory, local_day(now)
    known = dict.fromkeys(here.post_on(post, day) for post in posts)
    asked = {event.post for event in opened}
    again = [post for name in known if (post := here.post(name)) is not None and post.id not in asked]
    serial = state.serial + 1
    return [request_for(state, stage, index, p, serial, facts, now, extra="added", title=ADDED) for p in again]


def last_step(state: Lifecycle, stage: Stage) -> int:
    """The index of the step that decides last: the route's end, or where a standing delegation (専決) ends it."""
    return next((i for i, step in enumerate(stage.gate) if ends_here(state, step)), len(stage.gate) - 1)


def voided(state: Lifecycle, kept: tuple[str, ...]) -> tuple[Voided, ...]:
    """The agreements of people to the version before that do not stand any more."""
    given = state.former.given if state.former is not None else ()
    return tuple(
        Voided(request=g.request, step=g.step, post=g.post, person=g.person)
        for g in given
        if g.step not in kept and g.decision in ("approve", "conditions")
    )


def delegated(stage: Stage, content: dict[str, Any]) -> str | None:
    """専決: the step that ends the route, by the first standing delegation that the document meets."""
    for delegation in stage.delegations:
        value: Any = content
        for name in delegation.field.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if delegation.at_most is not None:
            met = isinstance(value, int) and not isinstance(value, bool) and value <= delegation.at_most
        else:
            met = isinstance(value, str) and value in delegation.one_of
        if met:
            return delegation.ends_at
    return None


def has_agreed(state: Lifecycle, step: Step, asked: int) -> bool:
    """Whether the document in circulation has what a step asks for, by answers given and nobody still asked.

    `asked`: how many posts the step asks (`asked_by`); 0 where that cannot be told, and the stated number holds as it is.
    """
    given = [g for g in state.given if g.step == step.key]
    agreed = sum(g.decision in AGREED for g in given)
    if not agreed or any(r.step == step.key and r.kind == "decide" for r in state.requests):
        return False
    if step.need == "all":
        return agreed == len(given)
    return agreed >= (min(step.need, asked) if asked else step.need)


def request_id(stream: str, serial: int, step: str, post: str) -> str:
    """Deterministic, so that the same events give the same ids."""
    return str(uuid5(NAMESPACE_URL, f"request:{stream}/{serial}/{step}/{post}"))


def _superior(step: Step, state: Lifecycle, facts: Facts) -> str | None:
    return resolve(step.escalate_to, state, facts)[0].id if step.escalate_to else None


def _coordinator(post: Post, facts: Facts) -> str | None:
    """The coordinator (庶務担当) of the section of a post, or of the nearest unit above."""
    found = facts.directory.post_for(COORDINATOR, post.unit)
    return found.id if found else None


def enter(stage: Stage, round_: int, because: str) -> StageEntered:
    return StageEntered(stage=stage.key, title=stage.title, round=round_, because=because, repeats=stage.repeats)
