"""The API's document as makers of clients need it: a class for each title, a function for each operation, an ETag to go on with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from keyword import iskeyword
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


def doubled(names: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def plain(name: str) -> str:
    """As a class is called in whatever language: letters and digits, whatever their case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def snake(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())


def test_every_schema_makes_a_class_of_its_own(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert any(name.endswith("-Input") for name in schemas), "which share their title until they are told apart"
    assert doubled(plain(schema["title"]) for schema in schemas.values()) == []


def test_every_operation_makes_a_function_of_its_own(document: dict[str, Any]) -> None:
    names = [snake(operation["operationId"]) for operation in operations(document)]
    assert [name for name in names if not name.isascii() or not name.isidentifier() or iskeyword(name)] == []
    assert doubled(names) == []


def test_what_takes_if_match_answers_with_the_etag_to_go_on_with(document: dict[str, Any]) -> None:
    tagged = {
        o["operationId"] for o in operations(document) if "ETag" in o["responses"].get("200", {}).get("headers", {})
    }
    guarded = {
        o["operationId"] for o in operations(document) if "If-Match" in (p["name"] for p in o.get("parameters", ()))
    }
    assert guarded and guarded <= tagged
    assert {"lifecycle", "session", "selection-round", "saved-draft", "StartLifecycle", "convene-session"} <= tagged
