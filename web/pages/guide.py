"""What the API offers, as a page: its own document, in groups, for readers rather than for generators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from web.api.groups import GROUPS
from web.app import visit_of
from web.snapshots import Reading

router = APIRouter(route_class=Reading)


@router.get("/api")
def guide(request: Request) -> Response:
    """Every operation with what it takes, by group; and what is sent to other systems."""
    visit = visit_of(request)
    document: dict[str, Any] = request.app.state.api.openapi()
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append(_told(method, path, operation))
    hooks = [_told(method, name, o) for name, methods in document["webhooks"].items() for method, o in methods.items()]
    return visit.page("api.html", groups=groups, about=GROUPS, hooks=hooks)


def _told(method: str, path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """One operation in short: how it is called, what it is, what it takes and answers."""
    return {
        "method": method.upper(),
        "path": path,
        "id": operation["operationId"],
        "what": operation.get("description") or operation["summary"],
        "scopes": [
            scope for security in operation.get("security", ()) for scopes in security.values() for scope in scopes
        ],
        "takes": [(p["name"], p.get("description", ""), p["required"]) for p in operation.get("parameters", ())],
        "body": list(_body(operation.get("requestBody", {}))),
        "answers": sorted(operation["responses"]),
    }


def _body(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(media type, name of the schema)"""
    for media, content in body.get("content", {}).items():
        yield media, content["schema"].get("$ref", "").rpartition("/")[2]
