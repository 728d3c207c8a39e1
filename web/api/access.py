"""Who calls: the key, its scopes, how often it may ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from domain.messages import Actor, Text, Via
from store.api_keys import ApiKeys, Key, Scope
from store.store import Store
from web.api.problems import Failure
from web.app import Site

bearer = HTTPBearer(
    auto_error=False, scheme_name="key", description="A key, as people make their own on the page about themselves"
)


@dataclass(frozen=True)
class Caller:
    """One request of a key that holds."""

    site: Site
    key: Key

    @property
    def store(self) -> Store:
        return self.site.store

    @property
    def actor(self) -> Actor:
        return Actor(person=self.key.person, via=Via.API, authenticated_by=f"key:{self.key.id}")


class Pace:
    """So many requests a minute for each key, evenly; a pause saves up to a minute's worth. In this process's memory."""

    def __init__(self, per_minute: int) -> None:
        self._rate, self._most = per_minute / 60, float(per_minute)
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def wait(self, who: str) -> float:
        """Seconds until the next request may come; 0 when this one may go on."""
        now = time.monotonic()
        with self._lock:
            left, at = self._left.get(who, (self._most, now))
            left = min(left + (now - at) * self._rate, self._most)
            if left < 1:
                self._left[who] = (left, now)
                return (1 - left) / self._rate
            self._left[who] = (left - 1, now)
            return 0.0


def may(scope: Scope) -> Callable[..., Caller]:
    """The caller, when the key has the scope. Raises `Failure` 401, 403 or 429."""

    def caller(
        request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)] = None
    ) -> Caller:
        site: Site = request.app.state.site
        key = ApiKeys(site.store).find(given.credentials) if given is not None else None
        if key is None:
            raise Failure(
                401,
                "key-unknown",
                Text(ja="鍵がないか、無効です", en="no key, or one that does not hold"),
                Text(
                    ja="Authorization: Bearer に鍵を付けてください(鍵は「自分の設定」のページで作れます)",
                    en="send a key as `Authorization: Bearer …`; one is made on the page “My settings”",
                ),
                {"WWW-Authenticate": "Bearer"},
            )
        pause = request.app.state.pace.wait(key.id)
        if pause:
            raise Failure(
                429,
                "too-many-requests",
                Text(ja="要求が多すぎます", en="too many requests"),
                Text(ja="Retry-After の秒数を待ってください", en="wait for the seconds of Retry-After"),
                {"Retry-After": str(int(pause) + 1)},
            )
        require(key, scope)
        return Caller(site, key)

    return caller


def require(key: Key, scope: Scope) -> None:
    """Raises `Failure` 403."""
    if scope not in key.scopes:
        raise Failure(
            403,
            "scope-missing",
            Text(ja=f"この鍵には範囲 {scope} がありません", en=f"this key lacks the scope {scope!r}"),
            Text(
                ja=f"範囲 {scope} を持つ鍵を使ってください(鍵は「自分の設定」のページで作れます)",
                en=f"use a key with the scope {scope!r}; one is made on the page “My settings”",
            ),
        )


Reader = Annotated[Caller, Security(may("read"), scopes=["read"])]
Writer = Annotated[Caller, Security(may("write"), scopes=["write"])]
Decider = Annotated[Caller, Security(may("decide"), scopes=["decide"])]
