"""The web application: what every page shares. Pages are in `web/pages`, one module a subject."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import structlog
from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from domain.directory import Directory
from domain.messages import Actor, Command, Refused, Via
from store.accounts import Accounts, SignedIn, same
from store.answering import forget_drafts
from store.queries import head_position
from store.store import Store
from store.transaction import Outcome
from web.bounding import LARGEST, Bounded, has_nul, header
from web.governing import directory_seen, require_real
from web.identity import Provider
from web.live import Live
from web.rendering import Renderer, language_of
from web.whatifs import Reckoning

if TYPE_CHECKING:
    from temporalio.client import Client

    from settings import Settings

log = structlog.get_logger()
HERE = Path(__file__).parent
COOKIE = "__Host-session"
THREADS = 16
"""Pages made at once: fewer than the database has connections, and few enough that they do not only hinder each other."""
_LONGEST_FORM = 8 << 20
"""Bytes of what is typed: Japanese takes nine a character in a form."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; font-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SignInNeeded(Exception):
    """Nobody is signed in; the page asks for it and comes back."""


class Forbidden(Exception):
    """A form that did not come from our own page."""


@dataclass
class Visit:
    """One request of somebody who is signed in."""

    request: Request
    person: str
    csrf: str
    language: str

    @property
    def site(self) -> Site:
        site: Site = self.request.app.state.site
        return site

    @property
    def store(self) -> Store:
        return self.site.store

    @property
    def directory(self) -> Directory:
        """The directory as the visitor may see it."""
        return directory_seen(self.store, self.person)

    @property
    def token(self) -> str | None:
        """The token of the session, as the browser sends it."""
        return self.request.cookies.get(COOKIE)

    def page(self, template: str, status: int = 200, *, live: str | None = None, **more: Any) -> Response:
        """`live`: the stream whose changes the open page shows, `ANY` for all, an address with news of its own, None for a page that
        stays as it is."""
        if live is not None and live.startswith("/"):
            more["live"] = live
        elif live is not None:
            since = head_position(self.store)  # as everything else on the page: a GET is one snapshot
            more["live"] = f"/live?{urlencode({'of': live, 'since': since})}"
        return self.site.renderer.page(self.request, template, self.language, status, visit=self, **more)

    def name_of(self, person: str) -> str:
        """The person's name in the visitor's language; the id where none is known."""
        return self.site.renderer.name_of(person, self.language)

    def actor(self, capacity: str | None = None) -> Actor:
        return Actor(person=self.person, capacity=capacity, via=Via.WEB, authenticated_by="session")


class Site:
    """What the pages work with: the store, accounts, and waking after a commit."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings, self.store, self.accounts = settings, store, Accounts(store)
        self.renderer = Renderer(self)
        self.provider = Provider(settings, f"{self.base}/sign-in/returned") if settings.oidc_issuer else None
        self.live = Live(store)
        self.reckoning = Reckoning(settings, store)
        self._client: Client | None = None
        self._waking: set[asyncio.Task[None]] = set()

    @property
    def base(self) -> str:
        """Our own address, as browsers know it."""
        return (self.settings.page_url or f"http://localhost:{self.settings.web_port}").rstrip("/")

    def visit(self, request: Request) -> Visit:
        """Raises `SignInNeeded`."""
        found = self.session(request)
        if found is None:
            raise SignInNeeded
        return Visit(request, found.person, found.csrf, language_of(request, self.store, found.person))

    def session(self, request: Request) -> SignedIn | None:
        return self.accounts.session(request.cookies.get(COOKIE))

    def record(self, command: Command, actor: Actor, expected: int | None = None) -> Outcome:
        """Record; what follows is woken beside the answer to the browser. Raises `Refused`."""
        require_real(self.store)
        outcome = self.store.record(command, actor, expected)
        if not outcome.duplicate:
            forget_drafts(self.store, command, actor.person or "")
        self._woken(outcome)
        return outcome

    def record_many(self, batch: Sequence[tuple[Command, Actor]]) -> list[Outcome | Refused]:
        """Several in one transaction, each refused alone; each is woken. Raises `Refused` on a store that only reads."""
        require_real(self.store)
        results = self.store.record_many(batch)
        for outcome in {r.stream: r for r in results if not isinstance(r, Refused) and not r.duplicate}.values():
            self._woken(outcome)
        return results

    def _woken(self, outcome: Outcome) -> None:
        if self.store.kinds[outcome.kind].workflow and self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake_soon, outcome)

    # --- waking ------------------------------------------------------------------------------------------------------

    _loop: asyncio.AbstractEventLoop | None = None

    def _wake_soon(self, outcome: Outcome) -> None:
        task = asyncio.create_task(self._wake(outcome))
        self._waking.add(task)
        task.add_done_callback(self._waking.discard)

    async def _wake(self, outcome: Outcome) -> None:
        """What was recorded is safe without it: the relay follows."""
        from runtime.devserver import ServerProblem, connect
        from workflows.wake import wake

        s = self.settings
        try:
            if self._client is None:
                self._client = await connect(s.temporal_address, s.temporal_namespace, patience=0)
        except (ServerProblem, TimeoutError):
            log.warning("Temporal is out of reach; the relay will follow", stream=outcome.stream)
            return
        await wake(
            self._client,
            outcome.kind,
            outcome.stream,
            title=outcome.title,
            task_queue=s.task_queue,
            within=s.wake_timeout,
            continue_after=s.continue_as_new_after,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield
        self.live.close()
        await asyncio.to_thread(self.reckoning.end)
        if self._waking:
            await asyncio.wait(self._waking, timeout=5)


def visit_of(request: Request) -> Visit:
    """Raises `SignInNeeded`."""
    site: Site = request.app.state.site
    return site.visit(request)


def require_own_form(request: Request, token: str, given: str) -> None:
    """A form of ours: its token is that of the session, and the browser says that it comes from here."""
    require_origin(request)
    if not same(token, given):
        raise Forbidden


def require_origin(request: Request) -> None:
    said = request.headers.get("origin") or request.headers.get("referer") or ""
    here = {request.headers.get("host", "")}
    page_url = request.app.state.site.settings.page_url
    if page_url:
        here.add(urlsplit(page_url).netloc)
    try:
        from_here = urlsplit(said).netloc in here
    except ValueError:
        from_here = False
    if not from_here:
        raise Forbidden


def _most(settings: Settings, scope: Scope) -> int | None:
    """Bytes of a form that is sent; the API has bounds of its own."""
    if scope["path"].startswith("/api/"):
        return None
    if header(scope, b"content-type").lower().startswith("multipart/form-data"):
        return LARGEST + (settings.attachment_mb << 20)
    return LARGEST + _LONGEST_FORM


def create_app(settings: Settings, store: Store) -> FastAPI:
    """The application on an open store."""
    from web import failing
    from web.api.app import create_api
    from web.pages import (
        administering,
        beginning,
        boards,
        bodies,
        body_acting,
        charting,
        deciding,
        drafting,
        gauging,
        guide,
        importing,
        inbox,
        keys,
        lifecycles,
        live,
        managing,
        moving,
        passwords,
        portfolio,
        printing,
        processes,
        public,
        registers,
        reorganising,
        ruling,
        signing,
        steering,
        succeeding,
        supposing,
        teaching,
        windows,
    )

    site = Site(settings, store)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with site.running():
            yield

    app = FastAPI(title="taskforce", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.site = site
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    for module in (
        signing,
        inbox,
        deciding,
        drafting,
        steering,
        boards,
        charting,
        windows,
        gauging,
        teaching,
        supposing,
        live,
        managing,
        succeeding,
        reorganising,
        administering,
        keys,
        passwords,
        guide,
        moving,
        processes,
        ruling,
        importing,
        beginning,  # before the pages: `convene` and `call` are no streams
        body_acting,
        registers,  # before the sessions, as above
        bodies,
        public,
        printing,
        portfolio,
        lifecycles,
    ):
        app.include_router(module.router)

    app.add_middleware(Bounded, most=lambda scope: _most(settings, scope))
    app.state.api = create_api(site)
    app.mount("/api/v1", app.state.api)

    @app.get("/healthz")
    def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok")

    @app.middleware("http")
    async def guarded(request: Request, forward: Callable[[Request], Awaitable[Response]]) -> Response:
        if has_nul(request.scope) and not request.scope["path"].startswith("/api/"):
            response: Response = await run_in_threadpool(site.renderer.message, request, "not_found", 404)
        else:
            response = await forward(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if not request.url.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    failing.install(app, site)
    return app
