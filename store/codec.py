"""Events to bytes and back: canonical JSON, sealed personal text, the hash chain, upcasting of old shapes.

Fields marked `Personal` are sealed with AES-SIV under the key of the person they belong to. AES-SIV needs no nonce, so the
same seed gives the same bytes in a rehearsal; stream, version and field are bound in as associated data.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from pydantic import TypeAdapter

from domain.messages import Actor, Command, Event, PersonalMark, Recorded
from store.tables import moment_text, parse_moment

ERASED = "〔消去済み / erased〕"
SEALED = "〔封 / sealed〕"
UNREADABLE = "〔開けません / cannot be opened〕"
NO_HASH = "0" * 64

UPCASTERS: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""(event type, stored schema version) -> body of the next version. Applied on read; stored events are never rewritten."""

_ACTOR = TypeAdapter(Actor)
_SEALED_KEYS = {"sealed", "of"}


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@cache
def personal_fields(event: type[Event]) -> tuple[str, ...]:
    return tuple(
        n
        for n, f in event.model_fields.items()
        if any(m is PersonalMark or isinstance(m, PersonalMark) for m in f.metadata)
    )


def event_id(stream: str, version: int) -> str:
    return str(uuid5(NAMESPACE_URL, f"event:{stream}/{version}"))


def subject_of(event: Event, actor: Actor) -> str:
    """Whose key seals the event's personal text."""
    return str(getattr(event, "subject", None) or actor.person or "system")


def has_personal_text(event: Event) -> bool:
    return any(getattr(event, f) for f in personal_fields(type(event)))


def without_personal_text(event: Event, instead: str = SEALED) -> Event:
    """The event as a fold sees it, live or replayed: its personal texts closed, so that no state can hold them."""
    filled = {f: instead for f in personal_fields(type(event)) if getattr(event, f)}
    return event.model_copy(update=filled) if filled else event


def encode(event: Event, key: bytes | None, stream: str, version: int, subject: str) -> str:
    """The stored body. Empty texts stay empty; others become {"sealed": base64, "of": person}."""
    body = event.model_dump(mode="json")
    for field in personal_fields(type(event)):
        if body[field] and not key:
            body[field] = ERASED
        elif body[field] and key:
            sealed = AESSIV(key).encrypt(body[field].encode(), [f"{stream}/{version}/{field}".encode()])
            body[field] = {"sealed": base64.b64encode(sealed).decode(), "of": subject}
    return canonical(body)


def upcast(type_: str, schema_version: int, body: dict[str, Any]) -> dict[str, Any]:
    while (step := UPCASTERS.get((type_, schema_version))) is not None:
        body, schema_version = step(body), schema_version + 1
    return body


def decode(row: Mapping[Any, Any], types: Mapping[str, type[Event]], keys: Mapping[str, bytes] | None) -> Recorded:
    """A stored row as an event. Without `keys` sealed texts stay closed (folds never need them).

    Raises `KeyError` for an unknown type of event, `ValueError` for a body that cannot be read.
    """
    body = json.loads(row["body"])
    for field, value in body.items():
        if isinstance(value, dict) and value.keys() == _SEALED_KEYS:
            value["field"] = field  # it was sealed under this name, whatever later versions call it
    body = upcast(row["type"], row["schema_version"], body)
    event = types[row["type"]]
    for field in personal_fields(event):
        value = body.get(field)
        if isinstance(value, dict):
            body[field] = SEALED if keys is None else _open(value, keys, f"{row['stream']}/{row['version']}")
    at = row["occurred_at"]
    return Recorded(
        stream=row["stream"],
        version=row["version"],
        position=row["position"],
        event=event.model_validate(body),
        actor=_ACTOR.validate_json(row["actor"]),
        occurred_at=parse_moment(at) if isinstance(at, str) else at,
        command_id=row["command_id"],
    )


def _open(value: Mapping[str, str], keys: Mapping[str, bytes], place: str) -> str:
    key = keys.get(value["of"])
    if key is None:
        return ERASED
    try:
        sealed = base64.b64decode(value["sealed"])
        return AESSIV(key).decrypt(sealed, [f"{place}/{value['field']}".encode()]).decode()
    except (InvalidTag, ValueError):
        return UNREADABLE


HASHED = (
    "position",
    "event_id",
    "stream",
    "version",
    "command_id",
    "type",
    "schema_version",
    "body",
    "actor",
    "facts",
    "occurred_at",
    "recorded_at",
    "previous_hash",
)


def row_hash(row: Mapping[Any, Any]) -> str:
    """sha256 over every column but the hash itself, as stored (moments may be given as stored text or as datetimes)."""
    values = [moment_text(v) if isinstance(v := row[c], datetime) else v for c in HASHED]
    return hashlib.sha256(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def command_hash(command: Command, actor: Actor) -> str:
    """What makes two commands with the same id the same: type, content and person. Not the time, nor the way in, nor the
    post: that follows from the request, and a retry may come when the request is answered and its post not in view."""
    text = canonical([command.type, command.model_dump(mode="json"), actor.person])
    return hashlib.sha256(text.encode()).hexdigest()
