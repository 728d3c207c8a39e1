"""How the house is set up and how it runs, as the API lets read and try it: feeds and notices that are in trouble, definitions that are
checked and compared, changes of the directory with what they would do. Nothing here records anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from domain.directory_changes import COMMANDS, ReorganiseUnit, decide, folded, require_authority
from domain.directory_diff import differences
from domain.directory_stream import STREAM
from domain.messages import Command, Frozen, Text
from domain.process import ProcessDefinition
from domain.process_diff import compare
from domain.process_posts import missing_posts
from domain.process_stream import unknown_names
from store import outbox, queries
from store.feeds import all_feeds
from store.reorganising import effects
from store.store import Store
from web.api.access import Caller, Reader
from web.api.acting import body_of, given
from web.api.bodies import first_of, paged
from web.api.models import Page
from web.api.outlook_models import FeedSeen
from web.api.problems import documented, not_found
from web.api.reading import Cursor, Limit
from web.governing import require_oversight
from web.snapshots import Reading

router = APIRouter(route_class=Reading)


class ChannelCount(Frozen):
    """How many notices stand in a state: pending, sending, sent, in_doubt, failed."""

    channel: str
    state: str
    count: int


class ChannelDown(Frozen):
    """A channel that could not send the last time."""

    channel: str
    since: datetime
    last_at: datetime
    failures: int
    problem: str


class Unsettled(Frozen):
    """A notice that failed, or of which nobody knows whether it arrived."""

    event_id: str
    channel: str
    recipient: str
    stream: str
    subject_ja: str
    subject_en: str
    state: Literal["in_doubt", "failed"]
    attempts: int
    problem: str | None
    created_at: datetime


class Asked(Frozen):
    definition: ProcessDefinition


class Compared(Frozen):
    """Each a definition, or the reference of a published one such as himeji@1."""

    old: Annotated[str, Field(max_length=100)] | ProcessDefinition
    new: Annotated[str, Field(max_length=100)] | ProcessDefinition


class Checked(Frozen):
    """`valid`: it could be published. `unknown`: forms and checks that there are not; `missing_posts`: what the directory lacks for
    its routes; `against`: the newest published version of its name, and what differs from that."""

    reference: str
    digest: str
    stages: tuple[str, ...]
    valid: bool
    unknown: tuple[str, ...]
    missing_posts: tuple[Text, ...]
    against: str | None
    differences: tuple[Text, ...]


class Differences(Frozen):
    """What differs, one sentence a difference."""

    old: str
    new: str
    differences: tuple[Text, ...]


class Preview(Frozen):
    """What a change would do, one sentence an effect. `version` of the directory is also the ETag, for If-Match when it is recorded."""

    version: int
    effects: tuple[Text, ...]


# --- what needs an operator ------------------------------------------------------------------------------------------


@router.get("/feeds", responses=documented(409), tags=["operations"])
def feeds(
    caller: Reader,
    failing: Annotated[bool, Query(description="Those alone that bring no value")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[FeedSeen]:
    """Values that are fetched by themselves, those in trouble first: for the secretariat and auditors."""
    require_oversight(caller.store, caller.key.person)
    now = caller.store.clock.now()
    found = [f for f in all_feeds(caller.store) if not failing or f.trouble(now) is not None]
    return paged(found, limit, cursor, lambda f: FeedSeen.of(f, now))


@router.get("/outbox", responses=documented(409), tags=["operations"])
def outbox_counted(caller: Reader) -> Page[ChannelCount]:
    """How many notices stand where, by channel: for the secretariat and auditors."""
    require_oversight(caller.store, caller.key.person)
    return Page(items=tuple(ChannelCount.model_validate(r) for r in outbox.counted(caller.store)))


@router.get("/incidents/channels", responses=documented(409), tags=["operations"])
def channels_down(caller: Reader) -> Page[ChannelDown]:
    """Channels that could not send the last time, since when and why: for the secretariat and auditors."""
    require_oversight(caller.store, caller.key.person)
    return Page(items=tuple(ChannelDown.model_validate(r) for r in outbox.health(caller.store)))


@router.get("/incidents/notices", responses=documented(409), tags=["operations"])
def notices_unsettled(caller: Reader, limit: Limit = 50, cursor: Cursor = None) -> Page[Unsettled]:
    """Notices that failed or are in doubt, oldest first: for the secretariat and auditors."""
    require_oversight(caller.store, caller.key.person)
    found = outbox.unsettled(caller.store, limit=first_of(cursor) + limit + 1)
    names = Unsettled.model_fields
    return paged(found, limit, cursor, lambda r: Unsettled.model_validate({n: r[n] for n in names}))


# --- process definitions ---------------------------------------------------------------------------------------------


@router.get("/definitions/schema", responses=documented(), tags=["definitions"])
def definition_schema(caller: Reader) -> dict[str, Any]:
    """The JSON schema of process definitions."""
    return ProcessDefinition.model_json_schema()


@router.post("/definitions/validate", responses=documented(413), tags=["definitions"])
def validate(caller: Reader, body: Asked) -> Checked:
    """Check a definition and compare it with the newest version of its name. What is no definition at all is told by 422."""
    store, document = caller.store, body.definition
    unknown = tuple(unknown_names(document))
    against = queries.latest_definition(store, document.name)
    newest = store.facts(against).definition if against is not None else None
    return Checked(
        reference=document.reference,
        digest=document.digest,
        stages=tuple(s.key for s in document.stages),
        valid=not unknown,
        unknown=unknown,
        missing_posts=tuple(missing_posts(document, store.facts().directory)),
        against=against,
        differences=tuple(compare(newest, document)) if newest is not None else (),
    )


@router.post("/definitions/diff", responses=documented(404, 413), tags=["definitions"])
def diff(caller: Reader, body: Compared) -> Differences:
    """What differs between two definitions, in words."""
    old, new = _document(caller.store, body.old), _document(caller.store, body.new)
    return Differences(old=old.reference, new=new.reference, differences=tuple(compare(old, new)))


def _document(store: Store, named: str | ProcessDefinition) -> ProcessDefinition:
    """Raises `Failure` 404."""
    if isinstance(named, ProcessDefinition):
        return named
    found = store.facts(named).definition
    if found is None:
        raise not_found(named)
    return found


# --- the directory ---------------------------------------------------------------------------------------------------


def _preview(command: type[Command], body: type[BaseModel]) -> Callable[..., Preview]:
    def do(caller: Caller, body: Any, response: Response) -> Preview:
        store, asked = caller.store, given(command, body, STREAM, None)
        facts, version = store.facts(), store.load(STREAM)[1]
        require_authority(caller.actor, asked, facts, store.clock.now())
        if isinstance(asked, ReorganiseUnit):
            found = effects(store, asked)
        else:
            (event,) = decide(facts.directory, asked)
            found = differences(facts.directory, folded(facts.directory, event))
        response.headers["ETag"] = f'"{version}"'
        return Preview(version=version, effects=tuple(found))

    do.__annotations__ = {"caller": Reader, "body": body, "response": Response, "return": Preview}
    do.__doc__ = "What this would do to the directory and to what waits, under the rules under which it is recorded."
    return do


for _type, _command in sorted(COMMANDS.items()):
    _name = re.sub(r"(?<!^)(?=[A-Z])", "-", _type).lower()
    router.add_api_route(
        f"/directory/previews/{_name}",
        _preview(_command, body_of(_command)),
        methods=["POST"],
        responses=documented(409, 413),
        tags=["directory commands"],
        name=f"preview_{_name}",
        operation_id=f"preview-{_name}",
        summary=f"{_type}, tried",
    )
