"""The activity of a channel's workflow: send what waits, mark what was sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from temporalio import activity

from domain.kinds import Row
from notifications.contract import Channel, ChannelDown, Owed
from notifications.registry import CHANNELS
from store import outbox
from store.store import Store
from workflows.contract import ChannelInput, ChannelResult

log = structlog.get_logger()
BATCH = 100


class ChannelActivities:
    def __init__(self, store: Store, channels: Mapping[str, Channel] = CHANNELS) -> None:
        self._store = store
        self._channels = channels

    def all(self) -> list[Callable[..., Any]]:
        return [self.send_pending]

    @activity.defn
    def send_pending(self, given: ChannelInput) -> ChannelResult:
        """Send up to a batch. What a dead process had begun is sent again, or marked in doubt where twice would harm."""
        channel = self._channels[given.channel]
        self._settle(channel)
        rows = outbox.take(self._store, channel.name, BATCH)
        if not rows:
            return ChannelResult(sent=0, left=0)
        try:
            channel.send([_owed(r) for r in rows])
        except ChannelDown as down:
            log.warning("channel is down", channel=channel.name, error=str(down), waiting=len(rows))
            outbox.mark(self._store, rows, "pending")
            return ChannelResult(sent=0, left=len(rows), failed=True)
        outbox.mark(self._store, rows, "sent", self._store.clock.now())
        return ChannelResult(sent=len(rows), left=outbox.waiting(self._store).get(channel.name, 0))

    def _settle(self, channel: Channel) -> None:
        """A channel's workflow runs one of these at a time: what still stands as being sent was begun by one that died."""
        rows = outbox.left_behind(self._store, channel.name)
        if rows:
            log.warning("notices were being sent when a worker died", channel=channel.name, count=len(rows))
            outbox.mark(self._store, rows, "pending" if channel.repeatable else "in_doubt")


def _owed(row: Row) -> Owed:
    return Owed(
        message_id=f"{row['event_id']}.{row['recipient']}",
        recipient=row["recipient"],
        stream=row["stream"],
        subject_ja=row["subject_ja"],
        subject_en=row["subject_en"],
        created_at=row["created_at"],
    )
