"""The activity of a channel's workflow: send what waits, mark what was sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from temporalio import activity

from domain.kinds import Row
from notifications.contract import Address, Channel, ChannelDown, Owed, Undeliverable
from notifications.registry import ALWAYS
from store import outbox, queries
from store.store import Store
from workflows.contract import ChannelInput, ChannelResult

log = structlog.get_logger()
BATCH = 100
INCIDENT_AFTER = 5
"""Failures in a row after which a channel is an incident that somebody should look at."""


class ChannelActivities:
    """`channels` are those that lead out of the house too; a store with a virtual clock never uses them."""

    def __init__(self, store: Store, channels: Mapping[str, Channel] = ALWAYS) -> None:
        self._store = store
        self._channels = ALWAYS if store.clock.virtual else channels
        self._onward = [name for name in self._channels if name not in ALWAYS]

    def all(self) -> list[Callable[..., Any]]:
        return [self.send_pending]

    @activity.defn
    def send_pending(self, given: ChannelInput) -> ChannelResult:
        """Send up to a batch. What a dead process had begun is sent again, or marked in doubt where twice would harm."""
        channel = self._channels.get(given.channel)
        if channel is None:
            return self._failed(given.channel, "設定されていません / not configured in this worker")
        self._settle(channel)
        sent = 0
        for _ in range(BATCH if channel.one_by_one else 1):
            rows = self._take(channel)
            if not rows:
                break
            try:
                channel.send([self._owed(r) for r in rows])
            except ChannelDown as down:
                outbox.mark(self._store, rows, "pending", problem=str(down))
                return self._failed(channel.name, str(down), sent)
            except Undeliverable as refused:
                log.warning("notice cannot be delivered", channel=channel.name, count=len(rows), problem=str(refused))
                outbox.mark(self._store, rows, "failed", problem=str(refused))
                continue
            self._sent(channel, rows)
            sent += len(rows)
        if sent and channel.one_by_one:
            outbox.working(self._store, channel.name)
        return ChannelResult(sent=sent, left=outbox.waiting(self._store).get(channel.name, 0))

    def _take(self, channel: Channel) -> list[Row]:
        if channel.one_by_one:
            return outbox.take_message(self._store, channel.name)
        return outbox.take(self._store, channel.name, BATCH)

    def _sent(self, channel: Channel, rows: Sequence[Row]) -> None:
        if channel.name == "inbox":
            outbox.delivered(self._store, rows, self._onward)
        else:
            outbox.mark(self._store, rows, "sent", self._store.clock.now())

    def _failed(self, channel: str, problem: str, sent: int = 0) -> ChannelResult:
        left = outbox.waiting(self._store).get(channel, 0)
        failures = outbox.failing(self._store, channel, problem)
        log.warning("channel is down", channel=channel, error=problem, waiting=left, failures=failures)
        return ChannelResult(sent=sent, left=left, failed=True, problem=problem, incident=failures >= INCIDENT_AFTER)

    def _settle(self, channel: Channel) -> None:
        """A channel's workflow runs one of these at a time: what still stands as being sent was begun by one that died."""
        rows = outbox.left_behind(self._store, channel.name)
        if rows:
            log.warning("notices were being sent when a worker died", channel=channel.name, count=len(rows))
            outbox.mark(self._store, rows, "pending" if channel.repeatable else "in_doubt")

    def _owed(self, row: Row) -> Owed:
        return Owed(
            message_id=f"{row['event_id']}.{row['recipient']}",
            recipient=row["recipient"],
            stream=row["stream"],
            subject_ja=row["subject_ja"],
            subject_en=row["subject_en"],
            created_at=row["created_at"],
            address=self._address(row["recipient"]),
        )

    def _address(self, recipient: str) -> Address | None:
        kind, _, person = recipient.partition(":")
        found = queries.person(self._store, person) if kind == "person" else None
        return Address(email=found["email"], name=found["name"], language=found["language"]) if found else None
