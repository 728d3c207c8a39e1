"""What a request may bring: so many bytes, counted as they come, and only characters that can be kept."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.messages import Text

LARGEST = 2 << 20
"""Bytes of a request that carries no file."""
UNSTORABLE = (
    Text(ja="NUL 文字や、対になっていないサロゲートは使えません", en="a NUL or half a surrogate pair cannot be used"),
    Text(ja="取り除いてください", en="remove it"),
)
_REFUSED_TEXT = ("22021", "22P05")
"""PostgreSQL: a character not in the repertoire, an untranslatable character."""


class TooLarge(HTTPException):
    """More bytes than the `most` that are taken."""

    def __init__(self, most: int) -> None:
        super().__init__(413, "too large")
        self.most = most


class Bounded:
    """A body is read up to its bound (None: all of it), whether or not its length was said before. Raises `TooLarge` where it is read.

    To be the innermost middleware: what is raised in others' `receive` reaches no handler as itself."""

    def __init__(self, app: ASGIApp, most: Callable[[Scope], int | None]) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        most, taken = self._most(scope) if scope["type"] == "http" else None, 0
        if most is None:
            await self._app(scope, receive, send)
            return

        async def counted() -> Message:
            nonlocal taken
            if _said_length(scope) > most:
                raise TooLarge(most)
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise TooLarge(most)
            return message

        await self._app(scope, counted, send)


def header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _said_length(scope: Scope) -> int:
    said = header(scope, b"content-length")
    return int(said) if said.isdecimal() else 0


def has_nul(scope: Scope) -> bool:
    """In the address: no page and no operation has one, and PostgreSQL refuses it."""
    return "\x00" in scope["path"] or b"%00" in scope["query_string"]


def unstorable_text(error: Exception) -> bool:
    """Whether a database refused what a text contains: PostgreSQL a NUL, both of them half a surrogate pair."""
    if isinstance(error, UnicodeEncodeError):
        return True
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else None
    return getattr(cause, "sqlstate", None) in _REFUSED_TEXT or "NUL (0x00)" in str(cause)
