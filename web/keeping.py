"""Forms over which the session may end: what was typed goes along through signing in and stands in the form again.

A module of pages says with `shown_again` how the page at an address shows a form that was filled in before; nothing is
recorded by signing in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from fastapi import Request
from fastapi.responses import Response

from web.app import Site, Visit, require_origin, require_own_form
from web.rendering import language_of

Shower = Callable[[Visit, dict[str, str], Mapping[str, str]], Response]
"""The visit, the parts of the address, and what had been typed: the page with it."""
_SHOWERS: list[tuple[re.Pattern[str], Shower]] = []
_NEVER = ("csrf", "act", "next", "who", "password")


def shown_again(pattern: str) -> Callable[[Shower], Shower]:
    """`/lifecycles/{given}/do/{name}`: the decorated function shows the form of that address with what was typed."""
    parts = re.compile("".join(f"(?P<{p[1:-1]}>[^/]+)" if p.startswith("{") else re.escape(p) for p in _split(pattern)))

    def keep(shower: Shower) -> Shower:
        _SHOWERS.append((parts, shower))
        return shower

    return keep


def _split(pattern: str) -> list[str]:
    return [part for part in re.split(r"(\{[a-z_]+\})", pattern) if part]


def again(visit: Visit, path: str, kept: Mapping[str, str]) -> Response | None:
    """The page of a form with what had been typed, or None where no form is known at that address."""
    for parts, shower in _SHOWERS:
        if found := parts.fullmatch(path):
            return shower(visit, found.groupdict(), kept)
    return None


def writing(request: Request, text: Mapping[str, str]) -> Visit | Response:
    """Who sent a form of ours; or, when the session has ended, the page that asks to sign in and keeps what was typed.

    Raises `Forbidden` for a form that is none of ours.
    """
    site: Site = request.app.state.site
    require_origin(request)
    found = site.session(request)
    if found is None:
        kept = {name: value for name, value in text.items() if name not in _NEVER}
        asked = {"next": request.url.path, "who": "", "wrong": False, "retry_at": None, "kept": kept}
        return site.renderer.page(request, "sign_in.html", language_of(request), 401, **asked)
    require_own_form(request, found.csrf, text.get("csrf", ""))
    return site.visit(request)
