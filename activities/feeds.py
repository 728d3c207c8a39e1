"""Fetching what a feed is due: one GET within limits, the value recorded as a measurement, everything else an incident."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from time import monotonic as _clock
from typing import Any

import httpx2
from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.calendar import local_day
from domain.deliverables.base import Evidence
from domain.feeds import messages as m
from domain.feeds.kind import Feed
from domain.feeds.reading import BadAnswer, document_of, period_of, value_of
from domain.lifecycle.measuring import TakeMeasurement, stored_name
from domain.messages import SYSTEM, Refused, Text
from store.store import Store
from workflows.contract import PULL_ATTEMPTS, PullInput

LARGEST = 1_000_000
"""Bytes of an answer that are read; more is an incident."""
SECONDS = 20.0
"""For the whole answer."""
_PASSING = {408, 425, 429}
"""Client errors that pass by themselves; so do all of the server's."""


class Unreachable(Exception):
    """It may work a little later."""

    def __init__(self, words: Text) -> None:
        super().__init__(words.en)
        self.words = words


class FeedActivities:
    """Synchronous. `hosts`: who may be called, as host or host:port; nobody by default."""

    def __init__(self, store: Store, hosts: Sequence[str] = ()) -> None:
        self._store, self._hosts = store, frozenset(h.lower() for h in hosts)

    def all(self) -> list[Callable[..., Any]]:
        return [self.pull, self.give_up]

    @activity.defn
    def pull(self, given: PullInput) -> str:
        """Fetch and record; returns what became of it. Raises to be tried again, until the last attempt records an incident."""
        feed, attempt = self._feed(given), activity.info().attempt
        if feed is None:
            return "settled"
        assert feed.terms is not None
        sha: str | None = None
        try:
            self._require_host(feed.terms.url)
            body = fetch(feed.terms.url)
            sha = hashlib.sha256(body).hexdigest()
            document = document_of(body)
            value = value_of(document, feed.terms.value)
            today = local_day(self._store.clock.now())
            period = period_of(document, feed.terms.period, feed.terms.cadence, today)
            return self._record(feed, given, period.name, value, sha)
        except Unreachable as unreachable:
            if attempt < PULL_ATTEMPTS:
                raise ApplicationError(str(unreachable), type="unreachable") from None
            return self._incident(given, "unreachable", unreachable.words, attempt, sha)
        except BadAnswer as bad:
            return self._incident(given, bad.code, bad.words, attempt, sha)

    @activity.defn
    def give_up(self, given: PullInput) -> str:
        """The fetching itself broke off every time (a worker died with it): an incident too."""
        if self._feed(given) is None:
            return "settled"
        words = Text(ja="取得の途中で繰り返し中断した", en="fetching broke off every time")
        return self._incident(given, "broken-off", words, PULL_ATTEMPTS, None)

    def _feed(self, given: PullInput) -> Feed | None:
        """The feed while this moment waits to be settled: a second run finds nothing to do."""
        state: Feed = self._store.load(given.stream)[0]
        return state if state.pending == datetime.fromisoformat(given.due_at) else None

    def _require_host(self, url: str) -> None:
        named = m.host_of(url)
        if named not in self._hosts:
            raise BadAnswer(
                "host-not-allowed",
                f"{named}: 呼び出してよい相手(TASKFORCE_PULL_HOSTS)にありません",
                f"{named} is not among the hosts that may be called (TASKFORCE_PULL_HOSTS)",
            )

    def _record(self, feed: Feed, given: PullInput, period: str, value: Decimal, sha: str) -> str:
        assert feed.terms is not None
        day = local_day(self._store.clock.now())
        take = TakeMeasurement(
            command_id=f"{feed.stream}/{period}/{given.due_at}",
            stream=feed.lifecycle,
            kpi=feed.kpi,
            period=period,
            value=value,
            source=Evidence(source=feed.terms.url, date=day, sha256=sha),
        )
        try:
            self._store.record(take, SYSTEM)
            outcome = "recorded"
        except Refused as refused:
            known = self._known(feed, period)
            if known is None or refused.refusal.rule not in ("measured-already", "command-id-reused"):
                ends = refused.refusal.rule == "closed"
                return self._incident(
                    given, refused.refusal.rule, refused.refusal.message, activity.info().attempt, sha, ends=ends
                )
            if known != value:
                words = Text(
                    ja=f"{period} は {known} と記録済みだが、取得先では {value}。正しければ訂正してください",
                    en=f"{period} is on record as {known}, the source now says {value}; correct it if that is right",
                )
                return self._incident(given, "differs", words, activity.info().attempt, sha)
            outcome = "unchanged"
        settled = {"due_at": given.due_at, "period": period, "value": value, "sha256": sha, "outcome": outcome}
        self._tell(m.SettlePull, given, settled)
        return outcome

    def _known(self, feed: Feed, period: str) -> Decimal | None:
        state = self._store.load(feed.lifecycle)[0]
        name = stored_name(state, feed.kpi, period)
        return None if name is None else Decimal(state.values[feed.kpi][name])

    def _incident(
        self, given: PullInput, code: str, words: Text, attempts: int, sha: str | None, *, ends: bool = False
    ) -> str:
        fields = {"due_at": given.due_at, "code": code, "words": words, "attempts": attempts, "sha256": sha}
        self._tell(m.FailPull, given, {**fields, "ends": ends})
        activity.logger.warning("feed %s: %s: %s", given.stream, code, words.en)
        return code

    def _tell(self, kind: type[m.FeedCommand], given: PullInput, fields: dict[str, Any]) -> None:
        command_id = f"{kind.type}:{given.due_at}"
        command = kind.model_validate({"command_id": command_id, "stream": given.stream, **fields})
        try:
            self._store.record(command, SYSTEM)
        except Refused as refused:
            if refused.refusal.rule != "command-id-reused":
                raise  # else another run has settled it


def fetch(url: str, *, seconds: float = SECONDS, largest: int = LARGEST) -> bytes:
    """The bytes of an answer of status 200. No redirect is followed: what was allowed is this address.

    Raises `Unreachable` for what passes, `BadAnswer` for what does not."""
    ends, read, parts = _clock() + seconds, 0, []
    headers = {"Accept": "application/json", "User-Agent": "taskforce-lifecycle"}
    try:
        with (
            httpx2.Client(timeout=min(10.0, seconds), follow_redirects=False, headers=headers) as client,
            client.stream("GET", url) as answer,
        ):
            _require_ok(answer.status_code)
            for part in answer.iter_bytes():
                read += len(part)
                if read > largest:
                    raise BadAnswer(
                        "too-large", f"答えが {largest:,} バイトを超えます", f"the answer exceeds {largest:,} bytes"
                    )
                if _clock() > ends:
                    raise Unreachable(
                        Text(ja=f"{seconds:.0f} 秒以内に終わらない", en=f"not done within {seconds:.0f} s")
                    )
                parts.append(part)
    except httpx2.TransportError as error:
        name = type(error).__name__
        raise Unreachable(Text(ja=f"取得先に届かない({name})", en=f"out of reach ({name})")) from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        name = type(error).__name__
        raise BadAnswer("no-answer", f"答えを読めません({name})", f"the answer cannot be read ({name})") from None
    return b"".join(parts)


def _require_ok(status: int) -> None:
    if status == 200:
        return
    if 300 <= status < 400:
        raise BadAnswer("redirected", f"別の場所を指す答え({status})", f"the answer points elsewhere ({status})")
    if status in _PASSING or status >= 500:
        raise Unreachable(Text(ja=f"取得先の答えは {status}", en=f"the answer is {status}"))
    raise BadAnswer("no-answer", f"取得先の答えは {status}", f"the answer is {status}")
