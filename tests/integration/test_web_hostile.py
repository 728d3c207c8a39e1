"""What no form and no client of ours sends: it is refused in words, on both databases, and nothing is read without end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from settings import load
from store.store import Store
from web.api.problems import Failure
from web.api.reading import PLACE, cursor_of, place_of
from web.app import create_app

MIB = 1 << 20


@pytest.fixture
def client(database_url: str) -> Iterator[TestClient]:
    store = Store.create(database_url)
    headers = {"Origin": "http://testserver", "Accept-Language": "en"}
    yield TestClient(create_app(load(), store), headers=headers, raise_server_exceptions=False, follow_redirects=False)
    store.close()


def chunks(mib: int) -> Iterator[bytes]:
    for _ in range(mib):
        yield b"x" * MIB


def test_what_cannot_be_kept_is_refused_in_words(client: TestClient) -> None:
    for path in ("/sign-in?next=%00", "/lifecycles/%00", "/welcome/a%00b", "/search?q=%00"):
        answer = client.get(path)
        assert answer.status_code == 404 and "There is no such page" in answer.text, path
    answer = client.post("/sign-in", data={"who": "a\x00@b", "password": "x"})
    assert answer.status_code in (401, 422) and "wrong here" not in answer.text
    assert client.get("/api/v1/lifecycles?cursor=%00").json()["rule"] == "unstorable"


def test_what_does_not_fit_and_what_is_no_page_is_said_in_words(client: TestClient) -> None:
    answer = client.get("/?page=abc&view=nothing")
    assert answer.status_code == 422 and "page: " in answer.text and "<main" in answer.text
    for path, above in (("/requests/1/answer", "/requests/1"), ("/me/keys/1/revoke", "/me"), ("/sign-out", "/")):
        assert client.get(path).headers["location"] == above, path
    assert client.get("//evil.example/answers/x/do").status_code == 404
    assert "no such page" in client.delete("/me").text


def test_addresses_and_origins_that_are_none(client: TestClient) -> None:
    for odd in ("//[", "//a\u2100b"):
        assert client.get("/sign-in", params={"next": odd}).status_code == 200
        assert client.post("/language", data={"language": "en", "next": odd}).headers["location"] == "/"
    assert client.post("/language", headers={"Origin": "http://["}).status_code == 403


def test_a_body_is_read_up_to_its_bound_however_it_comes(client: TestClient) -> None:
    for path, kind in (
        ("/api/v1/whatif", "application/json"),
        ("/sign-in", "application/x-www-form-urlencoded"),
        ("/sign-in/kept", "application/x-www-form-urlencoded"),
    ):
        asked = client.build_request("POST", path, content=chunks(11), headers={"Content-Type": kind})
        assert "content-length" not in asked.headers
        answer = client.send(asked)
        assert answer.status_code == 413 and "send at most" in answer.text, path
    answer = client.post("/sign-in", data={"who": "x" * 2 * MIB, "password": "x"})
    assert answer.status_code == 400 and "each field within 1 MB" in answer.text
    answer = client.post("/api/v1/whatif", content=b"x" * 3 * MIB, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413 and answer.json()["rule"] == "too-large"


def test_a_form_from_elsewhere_is_not_kept_for_after_the_sign_in(client: TestClient) -> None:
    form = {"comment": "written elsewhere", "decision": "reject"}
    answer = client.post("/requests/1/answer", data=form, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403 and "written elsewhere" not in answer.text
    assert "written elsewhere" in client.post("/requests/1/answer", data=form).text


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01"])
def test_moments_beyond_the_calendar_are_no_cursor(moment: str) -> None:
    for place in ((moment, "a", "x"), ("2026-01-01T00:00:00+00:00", "\ud800", "x")):
        with pytest.raises(Failure, match="cursor-unknown"):
            place_of(cursor_of(*place), *PLACE)
