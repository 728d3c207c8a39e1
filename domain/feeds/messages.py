"""What a feed is told, and what happened to it. Only the engine speaks to a feed: people arrange one at its lifecycle."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field

from domain.deliverables.base import Sha256
from domain.feeds.reading import POINTER
from domain.kpis.periods import Cadence
from domain.messages import Command, Event, Frozen, Text


def stream_of(lifecycle: str, kpi: str) -> str:
    """One feed a KPI of a lifecycle."""
    return f"feed:{uuid5(NAMESPACE_URL, f'feed:{lifecycle}/{kpi}')}"


class Terms(Frozen):
    """What is fetched, and when: `lag_days` after each period of the cadence is over, or (for trials) every so many seconds."""

    url: str = Field(
        min_length=1,
        max_length=1000,
        pattern=r"^https?://[^/@\s]+(/\S*)?$",
        description="取得先の URL / address that is fetched, http or https, without a password",
    )
    value: str = Field(pattern=POINTER, max_length=300, description="値の JSON Pointer / JSON pointer to the value")
    period: str | None = Field(
        default=None,
        pattern=POINTER,
        max_length=300,
        description="期間の JSON Pointer(省けば、終わった直近の期間) / JSON pointer to the period; else the last one over",
    )
    cadence: Cadence | None = Field(
        default=None, description="取得の周期(省けば KPI の測定周期) / cadence; else the KPI's"
    )
    lag_days: int = Field(default=10, ge=1, le=180, description="期間の終わりから取得まで何日か / days from its end")
    every: float | None = Field(
        default=None, ge=1, le=31_536_000, description="試行用: 何秒ごとか / for trials: seconds"
    )


def host_of(url: str) -> str | None:
    """Host of an address, with its port where one is named (data.example.jp, 10.0.0.5:8080); None where it cannot be read."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if not host:
        return None
    return host if port is None else f"{host}:{port}"


class FeedCommand(Command):
    kind: ClassVar[str] = "feed"
    system_only = True


class ConfigurePull(FeedCommand):
    """Fetch by these terms from now on; `at_once`: the first time now."""

    type = "ConfigurePull"
    lifecycle: str
    lifecycle_title: str
    kpi: str
    kpi_title: str
    terms: Terms
    arranged_by: str | None = None
    at_once: bool = False


class EndPull(FeedCommand):
    type = "EndPull"
    words: Text


class StartPull(FeedCommand):
    """Given by time."""

    type = "StartPull"
    due_at: datetime


class SettlePull(FeedCommand):
    """A value was fetched and recorded, or is on record already."""

    type = "SettlePull"
    due_at: datetime
    period: str
    value: Decimal
    sha256: Sha256
    outcome: Literal["recorded", "unchanged"]


class FailPull(FeedCommand):
    """No value could be taken. `ends`: there is nothing left to fetch for."""

    type = "FailPull"
    due_at: datetime
    code: str
    words: Text
    attempts: int
    sha256: Sha256 | None = None
    ends: bool = False


class PullConfigured(Event):
    type = "PullConfigured"
    lifecycle: str
    lifecycle_title: str
    kpi: str
    kpi_title: str
    terms: Terms
    arranged_by: str | None
    next_due: datetime


class PullEnded(Event):
    type = "PullEnded"
    words: Text


class PullStarted(Event):
    """`next_due` goes on whatever becomes of this one."""

    type = "PullStarted"
    due_at: datetime
    next_due: datetime


class PullSettled(Event):
    type = "PullSettled"
    due_at: datetime
    period: str
    value: Decimal
    sha256: str
    outcome: Literal["recorded", "unchanged"]


class PullFailed(Event):
    """An incident: somebody should look. Nothing was recorded."""

    type = "PullFailed"
    due_at: datetime
    code: str
    words: Text
    attempts: int
    sha256: str | None
