"""What the API lets do: every command that a person may give, with the rules of every other way in.

An Idempotency-Key makes a retry harmless: the same key with the same content is recorded once. If-Match with the ETag that
was read, or that the command before answered with, makes sure that nothing is done on something that has moved on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, File, Header, Response, UploadFile
from pydantic import BaseModel, ValidationError, create_model

from blobs.inspection import Unfit
from domain import reader_stream
from domain.lifecycle.adopting import AdoptLifecycle
from domain.lifecycle.amendments import CorrectAnswer, RetractAnswer
from domain.lifecycle.attaching import AttachFile
from domain.lifecycle.commands import AnswerRequest, StartLifecycle
from domain.lifecycle.commands import stream_of as stream_of_ref
from domain.lifecycle.consulting import SettleConsultation
from domain.lifecycle.handing import HandOnRequest, TakeRequestBack
from domain.lifecycle.registering import EnterOutsideDecision
from domain.messages import Command, Frozen, Text
from domain.misfits import said_of
from domain.registry import KINDS
from store.transaction import Outcome
from web.api.access import Caller, Decider, Writer
from web.api.models import Recorded
from web.api.problems import Failure, documented
from web.api.reading import Id, stream_of
from web.api.tags import IfMatch, expected, tag
from web.attaching import attach, file_refusal
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
DECIDES: tuple[type[Command], ...] = (
    AnswerRequest,
    CorrectAnswer,
    RetractAnswer,
    SettleConsultation,
    EnterOutsideDecision,
    HandOnRequest,
    TakeRequestBack,
)
"""Commands that want the scope `decide`."""
ELSEWHERE: tuple[type[Command], ...] = (StartLifecycle, AdoptLifecycle, AttachFile)
"""Commands with an operation of their own."""
IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", pattern=r"^[!-~]{1,200}$", description="The same key and content is recorded once"),
]


def offered() -> dict[str, type[Command]]:
    """Commands that a person may give to a lifecycle, by the name in the address."""
    found = {t: c for t, c in KINDS["lifecycle"].commands.items() if not c.system_only and c not in ELSEWHERE}
    return {re.sub(r"(?<!^)(?=[A-Z])", "-", t).lower(): c for t, c in sorted(found.items())}


def body_of(command: type[Command]) -> type[BaseModel]:
    """The command without what the address and the headers say, and what only the engine fills in."""
    fields: dict[str, Any] = {
        name: (info.annotation, info)
        for name, info in command.model_fields.items()
        if name not in ("command_id", "stream", *command.engine_only)
    }
    return create_model(f"{command.type}Body", __base__=Frozen, __doc__=command.__doc__, **fields)


def given(command: type[Command], body: BaseModel, stream: str, key: str | None) -> Command:
    """Raises `Failure` 422 for what no store can hold."""
    fields = {name: getattr(body, name) for name in type(body).model_fields}
    try:
        return command.model_validate({**fields, "stream": stream, "command_id": key or str(uuid4())})
    except ValidationError as error:
        said = said_of(error.errors(include_url=False)[0])
        raise Failure(
            422,
            "request-shape",
            Text(ja=f"使えない値です({said.ja})", en=said.en),
            Text(ja="直して送り直してください", en="correct it and send it again"),
        ) from None


def told(outcome: Outcome, response: Response | None = None) -> Recorded:
    """`response` gets the new version as its ETag, where something can be read that has the same."""
    if response is not None:
        tag(response, outcome.version)
    return Recorded.model_validate({name: getattr(outcome, name) for name in Recorded.model_fields})


def _operation(command: type[Command], body: type[BaseModel]) -> Callable[..., Recorded]:
    def do(
        caller: Caller, id: str, body: Any, response: Response, key: str | None = None, match: str | None = None
    ) -> Recorded:
        stream = stream_of(caller.store, id)
        return told(caller.site.record(given(command, body, stream, key), caller.actor, expected(match)), response)

    who = Decider if command in DECIDES else Writer
    do.__annotations__ = {
        "caller": who,
        "id": Id,
        "body": body,
        "response": Response,
        "key": IdempotencyKey,
        "match": IfMatch,
        "return": Recorded,
    }
    do.__doc__ = command.__doc__
    return do


for _name, _command in offered().items():
    router.add_api_route(
        f"/lifecycles/{{id}}/commands/{_name}",
        _operation(_command, body_of(_command)),
        methods=["POST"],
        responses=documented(404, 409, 412, 413, tagged=True),
        tags=["commands"],
        name=_name,
        operation_id=_name,
        summary=_command.type,
    )


def _beginning(command: type[StartLifecycle | AdoptLifecycle], body: type[BaseModel]) -> Callable[..., Recorded]:
    def begin(caller: Caller, body: Any, response: Response, key: str | None = None) -> Recorded:
        stream = stream_of_ref(body.ref)
        made = given(command, body, stream, key or f"start:{stream}")
        return told(caller.site.record(made, caller.actor), response)

    begin.__annotations__ = {
        "caller": Writer,
        "body": body,
        "response": Response,
        "key": IdempotencyKey,
        "return": Recorded,
    }
    begin.__doc__ = f"{command.__doc__} The same `ref` begins once."
    return begin


for _path, _first in (("/lifecycles", StartLifecycle), ("/adoptions", AdoptLifecycle)):
    router.add_api_route(
        _path,
        _beginning(_first, body_of(_first)),
        methods=["POST"],
        responses=documented(409, 413, tagged=True),
        tags=["commands"],
        operation_id=_first.type,
    )


@router.post("/lifecycles/{id}/files", responses=documented(404, 409, 412, 413, tagged=True), tags=["commands"])
def put_file(
    caller: Writer,
    id: Id,
    file: Annotated[UploadFile, File(description="PDF, pictures, office files without macros, CSV")],
    response: Response,
    key: IdempotencyKey = None,
    match: IfMatch = None,
) -> Recorded:
    """Attach an evidence file to the document that is being drafted."""
    stream = stream_of(caller.store, id)
    try:
        outcome = attach(caller.site, caller.actor, stream, file, key or str(uuid4()), expected(match))
    except Unfit as unfit:
        refusal = file_refusal(unfit)
        raise Failure(422, "file-unfit", refusal.message, refusal.remedy) from None
    return told(outcome, response)


Choice = body_of(reader_stream.ChooseNotices)


def choose_notices(caller: Caller, body: Any, key: str | None = None) -> Recorded:
    """How the person hears: by which channel, at once or gathered."""
    command = given(reader_stream.ChooseNotices, body, reader_stream.stream_of(caller.key.person), key)
    return told(caller.site.record(command, caller.actor))


choose_notices.__annotations__ = {"caller": Writer, "body": Choice, "key": IdempotencyKey, "return": Recorded}
router.add_api_route(
    "/me/notices",
    choose_notices,
    methods=["POST"],
    responses=documented(409, 413),
    tags=["me"],
    operation_id="choose-notices",
)
