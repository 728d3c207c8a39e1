"""ETags: the version of a stream. Readings send it, commands answer with the new one, and If-Match takes either."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Response

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        pattern=r'^(\*|"[0-9]{1,9}")$',
        description="ETag as it was read, or as the command before answered",
    ),
]


def expected(tag: str | None) -> int | None:
    return int(tag.strip('"')) if tag is not None and tag != "*" else None


def tag(response: Response, version: int) -> None:
    response.headers["ETag"] = f'"{version}"'
