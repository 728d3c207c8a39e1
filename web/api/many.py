"""Several lifecycles by one request: each by its own recorded command, each told what became of it; one refused stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Path
from pydantic import Field

from domain.lifecycle.handover import HandOver
from domain.lifecycle.migrating import MigrateDefinition
from domain.messages import Command, Frozen, Refused, Text
from store.succession import open_work, waiting_for
from web.api import models as m
from web.api.access import Caller, Reader, Writer
from web.api.acting import IdempotencyKey, body_of, given, told
from web.api.definitions import Reference
from web.api.problems import Failure, documented, not_found
from web.api.reading import stream_of
from web.governing import require_concerned
from web.saying import called_in_api
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
MOST = 200
"""Lifecycles of one request."""
Person = Annotated[str, Path(max_length=100, description="Id of the person whose work it is")]
Given = Annotated[str, Field(max_length=100, description="Stream id, its unique beginning, or the starter's own id")]
Reason = Annotated[str, Field(min_length=1, max_length=4000)]


class Moving(Frozen):
    """A lifecycle as the dry run showed it. `version`: of its stream then, as If-Match; `stage`: where it goes on when its own is gone."""

    lifecycle: Given
    version: int | None = Field(default=None, ge=1, lt=1 << 31)
    stage: str | None = Field(default=None, max_length=100)


class Moves(Frozen):
    """Which lifecycles move to the version, and why."""

    lifecycles: Annotated[tuple[Moving, ...], Field(min_length=1, max_length=MOST)]
    reason: Reason


class HandingOver(Frozen):
    """Lifecycles in which the successor takes over what the person has in their own name."""

    successor: str = Field(max_length=100)
    lifecycles: Annotated[tuple[Given, ...], Field(min_length=1, max_length=MOST)]
    reason: Reason = "人事異動 / personnel move"


class Became(Frozen):
    """What became of one: `recorded` says what it led to; where it was refused, the rule, why and the remedy."""

    lifecycle: str
    status: Literal["recorded", "refused"]
    recorded: m.Recorded | None = None
    rule: str | None = None
    message: Text | None = None
    remedy: Text | None = None


class BecameOfAll(Frozen):
    """In the order asked for, each once."""

    results: tuple[Became, ...]


class OwnWork(Frozen):
    """Something that a person has in their own name; `duties`: drafter, member, kpi:KEY."""

    id: str
    ref: str
    title: str
    stage: str
    due: datetime | None
    duties: tuple[str, ...]


class WaitingAtPost(Frozen):
    """What waits for a post, which passes to whoever holds it next by itself."""

    request: str
    stream: str
    post: str
    subject_ja: str
    subject_en: str
    due_at: datetime | None


class Work(Frozen):
    """What passes on when somebody leaves."""

    lifecycles: tuple[OwnWork, ...]
    posts: tuple[WaitingAtPost, ...]


@router.post("/definitions/{reference}/moves", responses=documented(404, 413), tags=["commands"])
def move_to_definition(caller: Writer, reference: Reference, body: Moves, key: IdempotencyKey = None) -> BecameOfAll:
    """Move lifecycles to a published version of their process, as `migrate-definition` moves one."""
    if caller.store.facts(reference).definition is None:
        raise not_found(reference)

    def command(asked: Moving, stream: str) -> tuple[Command, int | None]:
        id_ = _command_id(key, f"move {reference}", stream)
        fields = _Migrate(definition=reference, stage=asked.stage, reason=body.reason)
        return given(MigrateDefinition, fields, stream, id_), asked.version

    return _each(caller, body.lifecycles, lambda asked: asked.lifecycle, command)


@router.get("/directory/people/{person}/work", responses=documented(404, 409), tags=["directory"])
def work_of_person(caller: Reader, person: Person) -> Work:
    """What a person would hand over: for themselves and the personnel office."""
    _known(caller, person)
    own = tuple(OwnWork.model_validate(r) for r in open_work(caller.store, person))
    return Work(lifecycles=own, posts=tuple(WaitingAtPost.model_validate(r) for r in waiting_for(caller.store, person)))


@router.post("/directory/people/{person}/work/hand-over", responses=documented(404, 409, 413), tags=["commands"])
def hand_over_work(caller: Writer, person: Person, body: HandingOver, key: IdempotencyKey = None) -> BecameOfAll:
    """Hand over a person's work in several lifecycles, as `hand-over` does in one: by themselves or the personnel office."""
    _known(caller, person)

    def command(asked: str, stream: str) -> tuple[Command, int | None]:
        id_ = _command_id(key, f"hand over {person}", stream)
        fields = _HandOver(previous=person, successor=body.successor, reason=body.reason)
        return given(HandOver, fields, stream, id_), None

    return _each(caller, body.lifecycles, lambda asked: asked, command)


def _known(caller: Caller, person: str) -> None:
    """Raises `Failure` 404 for nobody, `Refused` where it is not theirs to see."""
    require_concerned(caller.store, caller.key.person, person)
    if caller.store.facts().directory.person(person) is None:
        raise not_found(person)


# --- each by itself --------------------------------------------------------------------------------------------------

A = TypeVar("A")
Making = Callable[[A, str], tuple[Command, int | None]]
"""From what was asked and the stream: the command, and the version that the stream must have."""
_Migrate, _HandOver = body_of(MigrateDefinition), body_of(HandOver)


def _command_id(key: str | None, what: str, stream: str) -> str | None:
    """The same Idempotency-Key gives each lifecycle the same id again."""
    return f"each:{sha256(f'{key} {what} {stream}'.encode()).hexdigest()}" if key is not None else None


def _each(caller: Caller, asked: Iterable[A], named: Callable[[A], str], command: Making[A]) -> BecameOfAll:
    once = {named(one): one for one in asked}
    return BecameOfAll(results=tuple(_one(caller, name, one, command) for name, one in once.items()))


def _one(caller: Caller, name: str, asked: A, command: Making[A]) -> Became:
    try:
        made, version = command(asked, stream_of(caller.store, name))
        done = told(caller.site.record(made, caller.actor, version))
        return Became(lifecycle=name, status="recorded", recorded=done)
    except Failure as failure:
        why = failure.rule, failure.message, failure.remedy
    except Refused as refused:
        r = refused.refusal
        why = r.rule, called_in_api(r.message), called_in_api(r.remedy)
    return Became(lifecycle=name, status="refused", rule=why[0], message=why[1], remedy=why[2])
