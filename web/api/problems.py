"""Errors as problem details (RFC 9457), the same shape for all of them, and how they stand in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from domain.messages import Frozen, Refused, Text
from domain.misfits import said_of
from store.errors import StoreError
from web.bounding import TooLarge
from web.governing import UNKNOWN
from web.saying import called_in_api

MEDIA = "application/problem+json"


class FieldProblem(Frozen):
    """One field that cannot be used. `place`: where in a file, as `line 3`."""

    field: str
    value: Any = None
    message: Text
    place: str | None = None


class Problem(Frozen):
    """RFC 9457; `rule`, `remedy` and `problems` are ours."""

    type: str
    title: str
    status: int
    detail: str
    rule: str
    message: Text
    remedy: Text
    problems: tuple[FieldProblem, ...] = ()


class Failure(Exception):
    """An answer other than the one hoped for."""

    def __init__(
        self,
        status: int,
        rule: str,
        message: Text,
        remedy: Text,
        headers: dict[str, str] | None = None,
        problems: Sequence[FieldProblem] = (),
    ) -> None:
        super().__init__(rule)
        self.status, self.rule, self.message, self.remedy, self.headers = status, rule, message, remedy, headers
        self.problems = problems


NOTHING = (
    Text(ja="ありません", en="there is no such thing"),
    Text(ja="ID を確かめてください", en="check the id"),
)


def not_found(what: str) -> Failure:
    return Failure(404, "not-found", Text(ja=f"ありません: {what}", en=f"there is no {what}"), NOTHING[1])


TAGGED: dict[str, Any] = {
    "ETag": {
        "description": "Version of what was read, or has been changed, for If-Match",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
    }
}


def documented(*statuses: int, tagged: bool = False) -> dict[int | str, dict[str, Any]]:
    """Answers of an operation besides the good one; those that any operation may give are always among them. `tagged`: the good one
    has an ETag."""
    described = {
        400: "The request cannot be read (in plain text where it is no HTTP, or longer than the server takes)",
        401: "No key, or one that does not hold",
        403: "The key's scope does not allow it",
        404: "There is no such thing",
        405: "Another method is meant",
        409: "Refused by a rule; nothing was recorded",
        412: "It has moved on since the version in If-Match",
        413: "Too large",
        422: "A field cannot be used",
        429: "Too many requests; see Retry-After",
        503: "The store is out of reach (nothing was recorded), or it is still being reckoned; see Retry-After",
    }
    content = {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    plain = {"text/plain": {"schema": {"type": "string"}}}
    good: dict[int | str, dict[str, Any]] = {200: {"headers": TAGGED}} if tagged else {}
    return good | {
        status: {"description": described[status], "content": content | plain if status == 400 else content}
        for status in sorted({400, 401, 403, 422, 429, 503, *statuses})
    }


def answer(
    status: int, rule: str, message: Text, remedy: Text, problems: Any = (), headers: Any = None
) -> JSONResponse:
    found = Problem(
        type=f"urn:taskforce:{rule}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=f"{message.en}; {remedy.en}",
        rule=rule,
        message=message,
        remedy=remedy,
        problems=tuple(problems),
    )
    return JSONResponse(found.model_dump(mode="json"), status, headers=headers, media_type=MEDIA)


def install(api: FastAPI) -> None:
    """Every error leaves as a problem."""

    @api.exception_handler(Failure)
    async def failed(_: Request, error: Failure) -> JSONResponse:
        return answer(error.status, error.rule, error.message, error.remedy, error.problems, error.headers)

    @api.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        r = error.refusal
        status = {"stream-moved-on": 412, "form-shape": 422, UNKNOWN: 422}.get(r.rule, 409)
        fields = [FieldProblem(field=p.field, value=p.value, message=called_in_api(p.message)) for p in r.problems]
        return answer(status, r.rule, called_in_api(r.message), called_in_api(r.remedy), fields)

    @api.exception_handler(RequestValidationError)
    async def unfit(_: Request, error: RequestValidationError) -> JSONResponse:
        fields = [
            FieldProblem(
                field=".".join(str(p) for p in e["loc"]),
                value=_shown(e.get("input")),
                message=said_of(e),
            )
            for e in error.errors()
        ]
        return answer(
            422,
            "request-shape",
            Text(ja="使えない項目があります", en="some fields cannot be used"),
            Text(ja="problems の各項目を直してください", en="correct each of `problems`"),
            fields,
        )

    @api.exception_handler(StoreError)
    async def out_of_reach(_: Request, error: StoreError) -> JSONResponse:
        return answer(
            503,
            "store-unreachable",
            Text(ja="記録の保管場所に届きません", en="the store is out of reach; nothing was recorded"),
            Text(
                ja="しばらくして同じ Idempotency-Key で送り直してください",
                en="send it again later with the same Idempotency-Key",
            ),
            headers={"Retry-After": "5"},
        )

    @api.exception_handler(TooLarge)
    async def too_large(_: Request, error: TooLarge) -> JSONResponse:
        most = f"{error.most:,}"
        return answer(
            413,
            "too-large",
            Text(ja="大きすぎます", en="too large"),
            Text(ja=f"{most} バイトまでにしてください", en=f"send at most {most} bytes"),
        )

    @api.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> JSONResponse:
        phrase = str(error.detail)
        return answer(
            error.status_code,
            phrase.lower().replace(" ", "-"),
            Text(ja=_PHRASES.get(error.status_code, phrase), en=phrase),
            Text(ja="/api/v1/openapi.json を見てください", en="see /api/v1/openapi.json"),
            headers=error.headers,
        )


_PHRASES = {
    400: "要求を読めません",
    404: "ありません",
    405: "この操作にはほかのメソッドを使います",
    413: "大きすぎます",
    415: "この形式は受け取れません",
}
"""What the server itself answers, in Japanese."""


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "…"
