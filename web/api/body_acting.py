"""What the API lets do besides lifecycles: sessions, rounds, the rhythm, the directory and process definitions.

Every operation is a command of its kind, recorded under the same rules as by every other way in. Where a command carries rules of the
bodies, those that hold are taken, never the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, File, Form, Path, Response, UploadFile
from pydantic import BaseModel, ValidationError

from blobs.inspection import Unfit
from domain.bodies_stream import STREAM as RULES
from domain.bodies_stream import PublishRules
from domain.directory_stream import STREAM as DIRECTORY
from domain.messages import Command, Text
from domain.misfits import said_of
from domain.process_stream import PublishDefinition
from domain.process_stream import stream_of as definition_stream
from domain.registry import KINDS
from domain.selection import messages as rm
from domain.sessions import messages as sm
from store.store import Store
from web.api.access import Caller, Decider, Writer
from web.api.acting import IdempotencyKey, body_of, given, told
from web.api.bodies import RoundId, SessionId, round_of, session_of
from web.api.models import Recorded
from web.api.problems import Failure, documented
from web.api.tags import IfMatch, expected
from web.attaching import file_refusal, keep
from web.governing import CallForm, ConveningForm, RhythmForm, arranging, calling, convening
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
DECIDES: tuple[type[Command], ...] = (
    sm.CastVote,
    sm.ConcludeItem,
    sm.CloseSession,
    sm.SettleException,
    sm.ConfirmMinutes,
    sm.FinaliseMinutes,
    sm.EnterDecision,
    rm.ConcludeSelection,
)
"""Commands that want the scope `decide`."""
BEGIN: tuple[type[Command], ...] = (sm.ConveneSession, rm.CallForProposals, sm.PutPaper)
"""Commands with an operation of their own."""


def offered(kind: str) -> dict[str, type[Command]]:
    """Commands of a kind that a person may give, by the name in the address."""
    found = {t: c for t, c in KINDS[kind].commands.items() if not c.system_only and c not in BEGIN}
    return {re.sub(r"(?<!^)(?=[A-Z])", "-", t).lower(): c for t, c in sorted(found.items())}


def _of_session(store: Store, stream: str) -> str:
    session_of(store, stream)
    return stream


def _of_round(store: Store, stream: str) -> str:
    round_of(store, stream)
    return stream


def _operation(
    command: type[Command], body: type[BaseModel], place: tuple[str, Any, Callable[[Store, str], str]] | None
) -> Callable[..., Recorded]:
    """`place`: name and type of the part of the address, and how it becomes a stream; None for the directory's one stream."""

    def recorded(
        caller: Caller, stream: str, body: BaseModel, response: Response, key: str | None, match: str | None
    ) -> Recorded:
        return told(caller.site.record(given(command, body, stream, key), caller.actor, expected(match)), response)

    def of_directory(
        caller: Caller, body: Any, response: Response, key: str | None = None, match: str | None = None
    ) -> Recorded:
        return recorded(caller, DIRECTORY, body, response, key, match)

    def of_session(
        caller: Caller, session: str, body: Any, response: Response, key: str | None = None, match: str | None = None
    ) -> Recorded:
        return recorded(caller, _of_session(caller.store, session), body, response, key, match)

    def of_round(
        caller: Caller, selection: str, body: Any, response: Response, key: str | None = None, match: str | None = None
    ) -> Recorded:
        return recorded(caller, _of_round(caller.store, selection), body, response, key, match)

    by_name: Mapping[str, Callable[..., Recorded]] = {"session": of_session, "selection": of_round}
    do = by_name[place[0]] if place else of_directory
    parts = {place[0]: place[1]} if place else {}
    do.__annotations__ = {
        "caller": Decider if command in DECIDES else Writer,
        **parts,
        "body": body,
        "response": Response,
        "key": IdempotencyKey,
        "match": IfMatch,
        "return": Recorded,
    }
    do.__doc__ = command.__doc__ if command.__doc__ != Command.__doc__ else None
    return do


_PLACES: Mapping[str, tuple[str, str, tuple[str, Any, Callable[[Store, str], str]] | None]] = {
    "session": ("/sessions/{session}/commands", "session commands", ("session", SessionId, _of_session)),
    "selection": ("/rounds/{selection}/commands", "round commands", ("selection", RoundId, _of_round)),
    "directory": ("/directory/commands", "directory commands", None),
}
for _kind, (_path, _tag, _place) in _PLACES.items():
    for _name, _command in offered(_kind).items():
        router.add_api_route(
            f"{_path}/{_name}",
            _operation(_command, body_of(_command), _place),
            methods=["POST"],
            responses=documented(404, 409, 412, 413, tagged=True),
            tags=[_tag],
            name=_name,
            operation_id=_name,
            summary=_command.type,
        )


def _made(make: Callable[[], Command]) -> Command:
    """The command, or `Failure` 422 for what it cannot take."""
    try:
        return make()
    except ValidationError as error:
        e = error.errors(include_url=False)[0]
        field, said = ".".join(str(p) for p in e["loc"]), said_of(e)
        raise Failure(
            422,
            "request-shape",
            Text(ja=f"{field}: 使えない値です({said.ja})", en=f"{field}: {said.en}"),
            Text(ja="直して送り直してください", en="correct it and send it again"),
        ) from None


@router.post(
    "/sessions", responses=documented(409, 413, tagged=True), tags=["session commands"], operation_id="convene-session"
)
def convene(caller: Writer, body: ConveningForm, response: Response, key: IdempotencyKey = None) -> Recorded:
    """Convene a session: it gets the next number of its body in the fiscal year. A retry needs the same Idempotency-Key and
    content, and comes before anybody else's session of that body."""
    command = _made(lambda: convening(caller.store, body, key or str(uuid4())))
    return told(caller.site.record(command, caller.actor), response)


@router.post(
    "/rounds", responses=documented(409, 413, tagged=True), tags=["round commands"], operation_id="call-for-proposals"
)
def call(caller: Writer, body: CallForm, response: Response, key: IdempotencyKey = None) -> Recorded:
    """Call the bureaus for proposals. What the round before kept comes back with its place."""
    command = _made(lambda: calling(caller.store, body, key or str(uuid4())))
    return told(caller.site.record(command, caller.actor), response)


@router.post("/rhythms", responses=documented(409, 413), tags=["session commands"], operation_id="set-rhythm")
def arrange(caller: Writer, body: RhythmForm, key: IdempotencyKey = None) -> Recorded:
    """From now on a body is convened by itself on the days of its rules."""
    return told(caller.site.record(_made(lambda: arranging(caller.store, body, key or str(uuid4()))), caller.actor))


@router.post(
    "/sessions/{session}/items/{item}/papers",
    responses=documented(404, 409, 412, 413, tagged=True),
    tags=["session commands"],
    operation_id="put-paper",
)
def put_paper(
    caller: Writer,
    session: SessionId,
    item: Annotated[str, Path(max_length=100)],
    file: Annotated[UploadFile, File(description="PDF, pictures, office files without macros, CSV")],
    response: Response,
    kind: Annotated[Literal["paper", "replacement", "handout"], Form()] = "paper",
    key: IdempotencyKey = None,
    match: IfMatch = None,
) -> Recorded:
    """A paper for an item: sent before, a replacement (under the name of what it replaces), or handed out at the table."""
    session_of(caller.store, session)
    try:
        found = keep(caller.site, file, file.filename or "")
    except Unfit as unfit:
        refusal = file_refusal(unfit)
        raise Failure(422, "file-unfit", refusal.message, refusal.remedy) from None
    fields = {"item": item, "name": found.name, "sha256": found.sha256, "size": found.size, "as_": kind}
    command = _made(
        lambda: sm.PutPaper.model_validate({**fields, "stream": session, "command_id": key or str(uuid4())})
    )
    return told(caller.site.record(command, caller.actor, expected(match)), response)


Publishing = body_of(PublishDefinition)


def publish_definition(caller: Caller, body: Any, key: str | None = None) -> Recorded:
    """Publish a version of a process definition. Running lifecycles stay on theirs."""
    document = body.definition
    command_id = key or f"publish:{document.reference}:{document.digest[:16]}"
    command = given(PublishDefinition, body, definition_stream(document.name), command_id)
    return told(caller.site.record(command, caller.actor))


publish_definition.__annotations__ = {"caller": Writer, "body": Publishing, "key": IdempotencyKey, "return": Recorded}
router.add_api_route(
    "/definitions",
    publish_definition,
    methods=["POST"],
    responses=documented(409, 413),
    tags=["definitions"],
    operation_id="publish-definition",
)


Rules = body_of(PublishRules)


def publish_rules(caller: Caller, body: Any, key: str | None = None) -> Recorded:
    """Lay down a version of the rules of the bodies. What has begun keeps the rules it began with."""
    return told(caller.site.record(given(PublishRules, body, RULES, key), caller.actor))


publish_rules.__annotations__ = {"caller": Writer, "body": Rules, "key": IdempotencyKey, "return": Recorded}
router.add_api_route(
    "/rules",
    publish_rules,
    methods=["POST"],
    responses=documented(409, 413),
    tags=["session commands"],
    operation_id="publish-rules",
)
