"""Signing in and out, setting a password by an invitation, choosing a language."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, unquote, urlsplit

import structlog
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from store import queries
from store.accounts import AT_MOST, LONGEST, SHORTEST, PasswordUnfit, SignInRefused
from store.store import Store
from web.app import COOKIE, Site, Visit, require_origin, require_own_form
from web.identity import COOKIE as PENDING
from web.identity import LASTS, Attempt, IdentityRefused
from web.keeping import again
from web.rendering import COOKIE as LANGUAGE
from web.rendering import LANGUAGES, language_of
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
log = structlog.get_logger()
LONGEST_KEPT = 200_000
"""Characters of one field that outlive a session: minutes in full are the longest."""


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def own_path(given: str) -> str:
    """A path of ours, whatever was asked for: nobody is sent elsewhere."""
    try:
        parts = urlsplit(given)
    except ValueError:
        return "/"
    safe = not parts.scheme and not parts.netloc and given.startswith("/") and not given.startswith(("//", "/\\"))
    return given if safe else "/"


@router.get("/sign-in", name="sign_in_page")
def sign_in_page(request: Request, next: str = "/") -> Response:
    if _site(request).session(request) is not None:
        return RedirectResponse(own_path(next), 303)
    return _page(request, own_path(next))


def _page(request: Request, next_: str, status: int = 200, **more: object) -> Response:
    known = {"next": next_, "who": "", "wrong": False, "retry_at": None, "kept": {}} | more
    return _site(request).renderer.page(request, "sign_in.html", language_of(request), status, **known)


Who = Annotated[str, Form(max_length=200)]
Password = Annotated[str, Form(max_length=1000)]
Next = Annotated[str, Form(max_length=2000)]


@router.post("/sign-in")
def sign_in(request: Request, who: Who = "", password: Password = "", next: Next = "/") -> Response:
    require_origin(request)
    token = _signed_in(request, who, password, own_path(next), {})
    return token if isinstance(token, Response) else with_session(RedirectResponse(own_path(next), 303), token)


@router.post("/sign-in/kept")
async def sign_in_again(request: Request) -> Response:
    """The session ended while an answer was being written: the page comes back with what was written, nothing recorded."""
    require_origin(request)
    form = await request.form(max_fields=5000, max_files=0)
    given = {name: str(value)[:LONGEST_KEPT] for name, value in form.items()}
    kept = {name: value for name, value in given.items() if name not in ("next", "who", "password")}
    return await run_in_threadpool(_again, request, given, kept)


def _again(request: Request, given: dict[str, str], kept: dict[str, str]) -> Response:
    next_ = own_path(given.get("next", "/"))
    token = _signed_in(request, given.get("who", ""), given.get("password", ""), next_, kept)
    if isinstance(token, Response):
        return token
    site = _site(request)
    found = site.accounts.session(token)
    if found is not None:
        visit = Visit(request, found.person, found.csrf, language_of(request, site.store, found.person))
        page = again(visit, urlsplit(next_).path, kept)
        if page is not None:
            return with_session(page, token)
    return with_session(RedirectResponse(next_, 303), token)


def _signed_in(request: Request, who: str, password: str, next_: str, kept: dict[str, str]) -> str | Response:
    """The token of the new session, or the page that asks again."""
    site, who = _site(request), who.strip()
    try:
        return site.accounts.sign_in(_person(site.store, who) or who, password, place_of(request))
    except SignInRefused as refused:
        status = 429 if refused.retry_at else 401
        return _page(request, next_, status, who=who, wrong=True, retry_at=refused.retry_at, kept=kept)


def place_of(request: Request) -> str:
    """The address that wrong tries count for."""
    return request.client.host if request.client else "-"


def with_session(response: Response, token: str) -> Response:
    """The response with the cookie of a session."""
    age = int(AT_MOST.total_seconds())
    response.set_cookie(COOKIE, token, max_age=age, path="/", secure=True, httponly=True, samesite="lax")
    return response


# --- with an OpenID provider -----------------------------------------------------------------------------------------


@router.get("/sign-in/provider")
def to_provider(request: Request, next: str = "/", invitation: str = "") -> Response:
    """Off to the provider; `invitation` links who comes back with whom it is for."""
    site = _site(request)
    if site.provider is None:
        return RedirectResponse("/sign-in", 303)
    try:
        url, attempt = site.provider.begin(own_path(next), invitation or None)
    except IdentityRefused as refused:
        return _not_identified(request, refused)
    response = RedirectResponse(url, 303)
    kept = attempt.model_dump_json()
    response.set_cookie(
        PENDING, quote(kept, safe=""), max_age=LASTS, path="/", secure=True, httponly=True, samesite="lax"
    )
    return response


@router.get("/sign-in/returned")
def from_provider(request: Request, code: str = "", state: str = "", iss: str | None = None) -> Response:
    site = _site(request)
    try:
        if site.provider is None:
            raise IdentityRefused("no provider")
        attempt = Attempt.model_validate_json(unquote(request.cookies.get(PENDING, "")))
        subject = site.provider.finish(attempt, state, code, iss)
        token = site.accounts.enter(site.provider.issuer, subject, attempt.invitation)
        if token is None:
            raise IdentityRefused(f"{subject!r} is linked with nobody")
    except (IdentityRefused, ValidationError) as refused:
        return _not_identified(request, refused)
    response = with_session(RedirectResponse(own_path(attempt.next), 303), token)
    response.delete_cookie(PENDING, path="/", secure=True, httponly=True, samesite="lax")
    return response


def _not_identified(request: Request, refused: Exception) -> Response:
    log.warning("sign-in with the provider failed", problem=str(refused)[:300])
    response = _site(request).renderer.message(request, "identity", 401)
    response.delete_cookie(PENDING, path="/", secure=True, httponly=True, samesite="lax")
    return response


def _person(store: Store, who: str) -> str | None:
    """By id, or by the address in the directory."""
    if store.facts().directory.person(who) is not None:
        return who
    found = [p for p, row in queries.all_people(store).items() if row["email"] and row["email"].lower() == who.lower()]
    return found[0] if len(found) == 1 else None


@router.post("/sign-out")
def sign_out(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
    site = _site(request)
    found = site.session(request)
    if found is not None:
        require_own_form(request, found.csrf, csrf)
        site.accounts.sign_out(request.cookies[COOKIE])
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


@router.get("/welcome/{token}")
def welcome(request: Request, token: str) -> Response:
    return _welcome(request, token)


def _welcome(request: Request, token: str, status: int = 200, problem: str = "") -> Response:
    site = _site(request)
    person = site.accounts.invited(token)
    more = {"person": person, "token": token, "problem": problem, "shortest": SHORTEST, "longest": LONGEST}
    return site.renderer.page(request, "welcome.html", language_of(request), 404 if person is None else status, **more)


@router.post("/welcome/{token}")
def accept(
    request: Request,
    token: str,
    password: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    require_origin(request)
    if password != again:
        return _welcome(request, token, 422, "differ")
    try:
        person = _site(request).accounts.accept(token, password)
    except PasswordUnfit:
        return _welcome(request, token, 422, "length")
    if person is None:
        return _welcome(request, token)
    session = _signed_in(request, person, password, "/", {})
    return session if isinstance(session, Response) else with_session(RedirectResponse("/", 303), session)


@router.post("/language")
def choose_language(
    request: Request, language: Annotated[str, Form()] = "", next: Annotated[str, Form(max_length=2000)] = "/"
) -> Response:
    require_origin(request)
    response = RedirectResponse(own_path(next), 303)
    if language in LANGUAGES:
        response.set_cookie(
            LANGUAGE, language, max_age=365 * 86_400, path="/", secure=True, httponly=True, samesite="lax"
        )
    return response
