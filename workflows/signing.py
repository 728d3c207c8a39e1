"""Signatures of answers that come through Temporal: HMAC-SHA256 with a key that belongs to the directory, not to a client."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from workflows.contract import AnswerInput

VALID_FOR = timedelta(days=7)


def load_or_create_key(path: Path) -> bytes:
    """The key in a file (0600), made on first use. Two processes that make it at once agree on one."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(32).hex().encode())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_bytes()


def sign(key: bytes, answer: AnswerInput) -> AnswerInput:
    """The answer with its signature over every field; `command_id` and `issued_at` must be set."""
    return answer.model_copy(update={"signature": _signature(key, answer)})


def problem(key: bytes, answer: AnswerInput, now: datetime) -> str | None:
    """`signature-missing`, `signature-wrong`, `signature-expired`, or None when the signature stands."""
    if not answer.signature:
        return "signature-missing"
    if not hmac.compare_digest(_signature(key, answer), answer.signature):
        return "signature-wrong"
    issued = answer.issued_at.astimezone(UTC) if answer.issued_at else None
    if issued is None or not -timedelta(minutes=5) <= now - issued <= VALID_FOR:
        return "signature-expired"
    return None


def _signature(key: bytes, answer: AnswerInput) -> str:
    content = answer.model_dump(mode="json", exclude={"signature"})
    # Fields that came later are signed when they say something: what was printed before them stays valid.
    for part, later in ((content, "in_absence"), *((c, "before") for c in content["conditions"])):
        if part[later] is None:
            del part[later]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
