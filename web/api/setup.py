"""How the house is set up and how it runs, as the API lets read and try it: feeds and notices that are in trouble,
changes of the directory with what they would do. Nothing here is recorded."""

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
from store import outbox
from store.feeds import all_feeds
from store.reorganising import effects
from web.api.access import Caller, Reader, Writer
from web.api.acting import body_of, given
from web.api.bodies import first_of, paged
from web.api.models import Page
from web.api.outlook_models import FeedSeen
from web.api.problems import documented
from web.api.reading import Cursor, Limit
from web.api.tags import tag
from web.governing import require_headquarters, require_oversight
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


class SettleNotices(Frozen):
    """Which: by their event ids (None: all of them), on one channel or on all. `arrived`: they had; else they are sent again."""

    notices: Annotated[tuple[str, ...], Field(max_length=200)] | None = None
    channel: str | None = Field(default=None, max_length=100)
    arrived: bool = False


class Settled(Frozen):
    """How many notices that was."""

    count: int


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


@router.post("/incidents/notices/settle", responses=documented(404, 409, 413), tags=["operations"])
def settle_notices(caller: Writer, body: SettleNotices) -> Settled:
    """Send unsettled notices again, or settle those that had arrived: for the headquarters. One that is settled already is left alone."""
    require_headquarters(caller.store, caller.key.person)
    found = [
        r for r in outbox.unsettled(caller.store, body.channel) if body.notices is None or r["event_id"] in body.notices
    ]
    outbox.decide_on(caller.store, found, arrived=body.arrived)
    return Settled(count=len(found))


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
        tag(response, version)
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
        responses=documented(409, 413, tagged=True),
        tags=["directory commands"],
        name=f"preview_{_name}",
        operation_id=f"preview-{_name}",
        summary=f"{_type}, tried",
    )
