"""The API as an application of its own: mounted under the pages, with its own errors and its own document."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.types import Scope

from domain.messages import Text
from web.api import (
    acting,
    bodies,
    body_acting,
    definitions,
    desk,
    hooks,
    importing,
    learnt,
    many,
    outlook,
    people,
    problems,
    reading,
    setup,
    supposing,
)
from web.api.access import Pace
from web.api.groups import GROUPS
from web.bounding import LARGEST, UNSTORABLE, Bounded, has_nul, unstorable_text

if TYPE_CHECKING:
    from web.app import Site

log = structlog.get_logger()
ABOUT = """Everything that pages and shell do with lifecycles, sessions, selection rounds, the directory and definitions. Errors
are problem details (RFC 9457) that name the rule, the fields and the remedy in Japanese and English. Send an `Idempotency-Key`
with every POST: a retry is then harmless. Send `If-Match` with the ETag you read, or that the command before answered with:
nothing is done on something that has moved on."""


def _titled_apart(schemas: dict[str, Any]) -> None:
    """Schemas that share a title are called by their names: generators of clients make one class a title."""
    titles = Counter(schema.get("title") for schema in schemas.values())
    for name, schema in schemas.items():
        if titles[schema.get("title")] > 1:
            schema["title"] = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))


def _most(site: Site, scope: Scope) -> int:
    carries_file = scope["path"].endswith(("/files", "/papers"))
    return LARGEST + (site.settings.attachment_mb << 20 if carries_file else 0)


def create_api(site: Site) -> FastAPI:
    """The application for `/api/v1` on a site's store."""
    api = FastAPI(
        title="Taskforce lifecycles",
        version="1",
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        openapi_tags=[{"name": name, "description": about.en} for name, about in GROUPS.items()],
        servers=[{"url": "/api/v1"}],
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name.replace("_", "-"),
    )
    api.state.site, api.state.pace = site, Pace(site.settings.api_per_minute)
    problems.install(api)
    api.include_router(reading.router)
    for further in (outlook, learnt, definitions, people, many, desk, supposing, setup):
        api.include_router(further.router)
    api.include_router(acting.router)
    api.include_router(bodies.router)
    api.include_router(body_acting.router)
    api.include_router(importing.router)
    api.add_middleware(Bounded, most=lambda scope: _most(site, scope))
    api.webhooks.include_router(hooks.router)
    made = api.openapi

    def described() -> dict[str, Any]:
        document = made()
        schema = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = document["components"]["schemas"]
        schemas |= {name: part for name, part in schema.pop("$defs").items() if name not in schemas}
        schemas["Problem"] = schema
        _titled_apart(schemas)
        return document

    api.openapi = described  # type: ignore[method-assign]

    @api.middleware("http")
    async def guarded(request: Request, forward: Callable[[Request], Awaitable[Response]]) -> Response:
        if has_nul(request.scope):
            return problems.answer(400, "unstorable", *UNSTORABLE)
        try:
            return await forward(request)
        except RecursionError:
            return problems.answer(
                400,
                "too-deep",
                Text(ja="入れ子が深すぎます", en="nested too deeply"),
                Text(ja="入れ子を浅くしてください", en="nest less deeply"),
            )
        except Exception as error:
            if unstorable_text(error):
                return problems.answer(422, "unstorable", *UNSTORABLE)
            log.exception("unexpected error in the API", path=request.url.path, exc_info=error)
            return problems.answer(
                500,
                "bug",
                Text(ja="思わぬ誤りです", en="an unexpected error; it is in the log"),
                Text(ja="担当者に時刻を伝えてください", en="tell the operator the time"),
            )

    return api
