"""From the definition's roles to the directory's posts, and from steps to open requests with their dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn
from uuid import NAMESPACE_URL, uuid5

from domain.directory import Post
from domain.facts import Facts
from domain.lifecycle.authority import definition
from domain.lifecycle.events import RequestOpened, StageEntered
from domain.lifecycle.state import Lifecycle
from domain.messages import refuse
from domain.process import PostRef, Stage, Step


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
    )


def open_step(
    state: Lifecycle, stage: Stage, index: int, serial: int, facts: Facts, now: datetime
) -> list[RequestOpened]:
    """Ask all posts of one step. Empty when the step asks departments and there is none but the owner."""
    step = stage.gate[index]
    posts = list({p.id: p for ref in step.posts for p in resolve(ref, state, facts)}.values())
    due = facts.calendar.after(now, step.due)
    above = _superior(step, state, facts)
    return [
        RequestOpened(
            request=request_id(state.stream, serial, step.key, post.id),
            kind="decide",
            stage=stage.key,
            round=state.round,
            step=step.key,
            step_index=index,
            title=step.title,
            post=post.id,
            post_title=post.title,
            due_at=due,
            remind_at=facts.calendar.before(due, step.remind_before) if step.remind_before else None,
            escalate_at=facts.calendar.after(due, step.escalate_after) if step.escalate_after and above else None,
            escalate_to=above,
        )
        for post in posts
    ]


def next_step(
    state: Lifecycle, stage: Stage, after: int, serial: int, facts: Facts, now: datetime
) -> Sequence[RequestOpened]:
    """The requests of the first step behind index `after` that asks anybody; empty when the route is at its end.

    A step that has agreed to this very document already (the process was changed meanwhile) is not asked again.
    """
    for index in range(after + 1, len(stage.gate)):
        if has_agreed(state, stage.gate[index]):
            continue
        opened = open_step(state, stage, index, serial, facts, now)
        if opened:
            return opened
    return ()


def has_agreed(state: Lifecycle, step: Step) -> bool:
    """Whether the document in circulation has what a step asks for, by answers given and nobody still asked."""
    given = [g for g in state.given if g.step == step.key]
    agreed = sum(g.decision in ("approve", "conditions") for g in given)
    if not agreed or any(r.step == step.key and r.kind == "decide" for r in state.requests):
        return False
    return agreed == len(given) if step.need == "all" else agreed >= step.need


def request_id(stream: str, serial: int, step: str, post: str) -> str:
    """Deterministic, so that the same events give the same ids."""
    return str(uuid5(NAMESPACE_URL, f"request:{stream}/{serial}/{step}/{post}"))


def _superior(step: Step, state: Lifecycle, facts: Facts) -> str | None:
    return resolve(step.escalate_to, state, facts)[0].id if step.escalate_to else None


def enter(stage: Stage, round_: int, because: str) -> StageEntered:
    return StageEntered(stage=stage.key, title=stage.title, round=round_, because=because, repeats=stage.repeats)
