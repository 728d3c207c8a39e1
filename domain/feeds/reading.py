"""What an answer says: the value and its period out of a JSON document. Nothing is guessed; what cannot be read has its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from domain.kpis.periods import Period, last_over, parse
from domain.kpis.types import unusable
from domain.messages import Text

POINTER = r"^(/([^~/]|~[01])*)*$"
"""A JSON pointer (RFC 6901): "" is the whole document, /data/0/value a part of it."""


class BadAnswer(Exception):
    """An answer from which no value can be taken; `code` names why, `words` tell it."""

    def __init__(self, code: str, ja: str, en: str) -> None:
        super().__init__(en)
        self.code, self.words = code, Text(ja=ja, en=en)


def document_of(body: bytes) -> Any:
    """The JSON of an answer, its numbers exact. Raises `BadAnswer`."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        told = str(error).splitlines()[0][:200]
        raise BadAnswer("not-json", f"JSON として読めません({told})", f"not JSON: {told}") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def pointed(document: Any, pointer: str) -> Any:
    """The part of a document that a JSON pointer names (RFC 6901, section 4). Raises `BadAnswer`."""
    found = document
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping) and key in found:
            found = found[key]
        elif isinstance(found, list) and re.fullmatch("0|[1-9][0-9]{0,8}", key) and int(key) < len(found):
            found = found[int(key)]
        else:
            raise BadAnswer("missing", f"{pointer}: 答えにありません", f"{pointer}: not in the answer")
    return found


def value_of(document: Any, pointer: str) -> Decimal:
    """A number, or text that is one (1,234 too). Raises `BadAnswer`: null, true or an empty text is no value."""
    found = pointed(document, pointer)
    shown = str(found)[:60]
    if isinstance(found, bool) or not isinstance(found, int | Decimal | str):
        raise BadAnswer("no-value", f"{pointer}: {shown}: 数値ではありません", f"{pointer}: {shown!a} is no number")
    text = str(found).strip()
    if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if unusable(value) is not None:
        raise BadAnswer("no-value", f"{pointer}: {shown}: 数値ではありません", f"{pointer}: {shown!a} is no number")
    return value


def period_of(document: Any, pointer: str | None, cadence: str | None, today: date) -> Period:
    """The period that a value is of: as the answer says, else the last of the cadence that is over. Raises `BadAnswer` where it
    cannot be read, is not over yet, or is older than the one that is due."""
    due = last_over(cadence, today) if cadence is not None else None
    if pointer is None:
        assert due is not None
        return due
    found = pointed(document, pointer)
    period = parse(str(found)) if isinstance(found, str | int) and not isinstance(found, bool) else None
    if period is None:
        shown = str(found)[:60]
        raise BadAnswer(
            "no-period",
            f"{pointer}: {shown}: 期間として読めません",
            f"{pointer}: {shown!a} cannot be read as a period",
        )
    if period.end >= today:
        raise BadAnswer("period-not-over", f"{period.name} はまだ終わっていません", f"{period.name} is not over yet")
    if due is not None and period.end < due.end:
        raise BadAnswer(
            "stale",
            f"{due.name} の値がまだありません(答えは {period.name})",
            f"no value for {due.name} yet; the answer is of {period.name}",
        )
    return period
