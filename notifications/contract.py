"""What a channel is. A new one is a file beside this and a line in `registry.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Owed:
    """One notice to one recipient (`post:ID` or `person:ID`). `message_id` is stable across retries."""

    message_id: str
    recipient: str
    stream: str
    subject_ja: str
    subject_en: str
    created_at: datetime


class ChannelDown(Exception):
    """The channel cannot send now; what is owed stays owed."""


class Channel(Protocol):
    name: str
    repeatable: bool
    """Sending twice does no harm (in-app inbox): a crash between send and mark is simply sent again, not in doubt."""

    def send(self, owed: Sequence[Owed]) -> None:
        """Send all. Raises `ChannelDown`."""
        ...
