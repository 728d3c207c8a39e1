"""What a channel is. A new one is a file beside this and a line in `registry.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Address:
    """Where a person is reached, and in which language they read."""

    email: str
    name: str
    language: str


@dataclass(frozen=True)
class Owed:
    """One notice to one recipient (`post:ID` or `person:ID`). `message_id` is stable across retries."""

    message_id: str
    recipient: str
    stream: str
    subject_ja: str
    subject_en: str
    created_at: datetime
    address: Address | None = None


SIGNATURE = "Taskforce-Signature"
"""Header of a webhook: `t=SECONDS,v1=HEX`: HMAC-SHA256 with the shared secret over `SECONDS.BODY`. A receiver refuses what is old."""


class ChannelDown(Exception):
    """The channel cannot send now; what is owed stays owed."""


class Undeliverable(Exception):
    """This message cannot be sent, now or later, while others can; it waits for an operator."""


class Channel(Protocol):
    name: str
    repeatable: bool
    """Sending twice does no harm (in-app inbox): a crash between send and mark is simply sent again, not in doubt."""
    one_by_one: bool
    """One message at a time, marked before the next: at most one is in doubt after a crash."""

    def send(self, owed: Sequence[Owed]) -> None:
        """Send all. Raises `ChannelDown` or `Undeliverable`."""
        ...
