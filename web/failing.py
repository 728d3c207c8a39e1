"""What a page answers when it cannot do what was asked: each error is a page in words, with the way on."""

from __future__ import annotations

from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import DBAPIError
from starlette.routing import Match

from domain.messages import Refusal, Refused, Text
from domain.misfits import said_of
from store.errors import StoreError
from web.api import problems
from web.app import Forbidden, SignInNeeded, Site
from web.bounding import LARGEST, UNSTORABLE, TooLarge, unstorable_text

log = structlog.get_logger()
FIELDS = 5
"""Told of at once of those that do not fit."""


def install(app: FastAPI, site: Site) -> None:
    """Every error leaves as a page."""

    @app.exception_handler(SignInNeeded)
    async def sign_in_first(request: Request, _: SignInNeeded) -> Response:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?{urlencode({'next': here})}", 303)

    @app.exception_handler(Forbidden)
    def forbidden(request: Request, _: Forbidden) -> Response:
        return site.renderer.message(request, "forbidden", 403)

    @app.exception_handler(TooLarge)
    def too_large(request: Request, error: TooLarge) -> Response:
        mb = error.most - LARGEST >> 20
        refusal = Refusal(
            rule="too-large",
            message=Text(ja="送られたものが大きすぎます", en="what was sent is too large"),
            remedy=Text(ja=f"{mb} MB までにしてください", en=f"send at most {mb} MB"),
        )
        return site.renderer.message(request, "refused", 413, refusal=refusal)

    @app.exception_handler(400)
    def unread(request: Request, _: Exception) -> Response:
        refusal = Refusal(
            rule="unreadable",
            message=Text(ja="送られたものを読めません", en="what was sent cannot be read"),
            remedy=Text(
                ja="1 つの欄は 1 MB までにして、ページを開き直してから送ってください",
                en="open the page again, and keep each field within 1 MB",
            ),
        )
        return site.renderer.message(request, "refused", 400, refusal=refusal)

    @app.exception_handler(RequestValidationError)
    def unfit(request: Request, error: RequestValidationError) -> Response:
        found = [(str(e["loc"][-1]), said_of(e)) for e in error.errors()[:FIELDS]]
        refusal = Refusal(
            rule="request-shape",
            message=Text(
                ja="、".join(f"{field}: {said.ja}" for field, said in found),
                en="; ".join(f"{field}: {said.en}" for field, said in found),
            ),
            remedy=Text(
                ja="前のページに戻るとそのまま残っています。直して送り直してください",
                en="go back, where it still stands as it was typed, and correct it",
            ),
        )
        return site.renderer.message(request, "refused", 422, refusal=refusal)

    @app.exception_handler(405)
    def no_page(request: Request, _: Exception) -> Response:
        """A form was sent there, and no page stands there by itself (a reload, or coming back from signing in): the one above it does."""
        if request.method in ("GET", "HEAD"):
            return RedirectResponse(_above(app, request.url.path), 303)
        return site.renderer.message(request, "not_found", 405)

    @app.exception_handler(UnicodeEncodeError)
    @app.exception_handler(DBAPIError)
    def unstorable(request: Request, error: Exception) -> Response:
        if not unstorable_text(error):
            raise error
        message, remedy = UNSTORABLE
        refusal = Refusal(rule="unstorable", message=message, remedy=remedy)
        return site.renderer.message(request, "refused", 422, refusal=refusal)

    @app.exception_handler(404)
    def not_found(request: Request, _: Exception) -> Response:
        if request.scope["path"].startswith("/api/"):  # a line break in a path leads past the mount
            return problems.answer(404, "not-found", *problems.NOTHING)
        return site.renderer.message(request, "not_found", 404)

    @app.exception_handler(Refused)
    def refused(request: Request, error: Refused) -> Response:
        return site.renderer.message(request, "refused", 409, refusal=error.refusal)

    @app.exception_handler(StoreError)
    def out_of_reach(request: Request, error: StoreError) -> Response:
        log.error("the store cannot be used", error=str(error))
        return site.renderer.message(request, "store", 503)

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> Response:
        log.exception("unexpected error", path=request.url.path, exc_info=error)
        return site.renderer.message(request, "bug", 500)


def _above(app: FastAPI, path: str) -> str:
    """The nearest page above an address, on this site."""
    while (path := path.rpartition("/")[0]) and not path.startswith("//"):
        scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": [], "query_string": b""}
        if any(route.matches(scope)[0] is Match.FULL for route in app.router.routes):
            return path
    return "/"
