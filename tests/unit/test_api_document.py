"""The API's document as makers of clients need it: an ETag to go on with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from settings import load
from store.store import Store
from web.api.app import create_api
from web.app import Site


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("document")
    store = Store.create(f"sqlite:///{folder / 'store.db'}")
    yield create_api(Site(load(), store)).openapi()
    store.close()


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def test_what_takes_if_match_answers_with_the_etag_to_go_on_with(document: dict[str, Any]) -> None:
    tagged = {
        o["operationId"] for o in operations(document) if "ETag" in o["responses"].get("200", {}).get("headers", {})
    }
    guarded = {
        o["operationId"] for o in operations(document) if "If-Match" in (p["name"] for p in o.get("parameters", ()))
    }
    assert guarded and guarded <= tagged
    assert {"lifecycle", "session", "selection-round", "saved-draft", "StartLifecycle", "convene-session"} <= tagged
