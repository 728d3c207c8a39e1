"""Every channel, one line each."""

from __future__ import annotations

from collections.abc import Mapping

from notifications.contract import Channel
from notifications.inbox import Inbox
from notifications.log import Log

CHANNELS: Mapping[str, Channel] = {c.name: c for c in (Inbox(), Log())}
