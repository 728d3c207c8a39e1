"""Signing in with a certified OpenID provider that runs beside, in a real browser; and what a forger would try."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from playwright.sync_api import Browser, Page

from runtime.devserver import free_port
from settings import Settings
from tests.browser import shoot
from tests.integration.pages import Pages
from tests.oidc import provider
from web.identity import Attempt, IdentityRefused, Provider

SECRET = "only-for-tests-0123456789abcdef"


@pytest.fixture
def linked(prepared: Path, tmp_path: Path) -> Iterator[Pages]:
    """Pages with an OpenID provider beside them."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    town = Pages(f"sqlite:///{tmp_path / 'store.db'}", tmp_path)
    with provider(free_port(), f"{town.base}/sign-in/returned", SECRET) as issuer:
        town.setting("TASKFORCE_OIDC_ISSUER", issuer)
        town.setting("TASKFORCE_OIDC_CLIENT_SECRET", SECRET)
        town.serve()
        yield town
        town.close()


def at_provider(page: Page, name: str) -> None:
    """The provider's own pages: login, then consent."""
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", "any")
    page.click("button[type=submit]")
    page.click("button[type=submit]")


def test_an_invitation_links_the_citys_account_which_then_signs_in(linked: Pages, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP")
    page = context.new_page()
    page.goto(linked.json("account", "invite", "p32")["url"])
    page.click("a[href^='/sign-in/provider']")
    at_provider(page, "s-1932")
    page.wait_for_url(f"{linked.base}/")
    assert "増位" in page.inner_text(".who")
    page.click("text=サインアウト")
    shoot(page, "sign-in-provider")
    page.goto(f"{linked.base}/lifecycles")
    page.click("a[href^='/sign-in/provider']")  # the provider still knows them
    page.wait_for_url(f"{linked.base}/lifecycles")
    context.close()
    # Somebody whom the provider knows and nobody here does.
    other = browser.new_context(locale="ja-JP")
    page = other.new_page()
    page.goto(f"{linked.base}/sign-in/provider")
    at_provider(page, "p33")  # an id of the directory means nothing
    page.wait_for_selector(".notice.error")
    assert "庁内アカウント" in page.inner_text("h1")
    (attempt,) = linked.json("attempts")["attempts"]
    assert (attempt["rule"], attempt["actor"]["person"], attempt["actor"]["via"]) == (
        "person-unknown",
        "oidc:p33",
        "web",
    )
    linked("account", "link", "p33", "--subject", "p33")
    page.goto(f"{linked.base}/sign-in/provider")
    page.wait_for_url(f"{linked.base}/")
    assert "水上" in page.inner_text(".who")
    other.close()


def test_what_comes_back_must_belong_to_what_went_out(linked: Pages) -> None:
    with httpx.Client(base_url=linked.base) as browsing:
        out = browsing.get("/sign-in/provider?next=//evil.example")
        asked = parse_qs(urlsplit(out.headers["location"]).query)
        assert asked["code_challenge_method"] == ["S256"] and asked["scope"] == ["openid"] and asked["nonce"]
        cookie = re.match(r"__Host-sign-in=([^;]+);", out.headers["set-cookie"])
        assert cookie and "HttpOnly" in out.headers["set-cookie"] and "Secure" in out.headers["set-cookie"]
        kept = json.loads(unquote(cookie[1]))
        assert kept["next"] == "/"
        there = "/sign-in/returned"
        pending = {"Cookie": f"__Host-sign-in={cookie[1]}"}
        assert browsing.get(f"{there}?code=x&state={kept['state']}").status_code == 401
        assert browsing.get(f"{there}?code=x&state=other", headers=pending).status_code == 401
        assert browsing.get(f"{there}?code=x&state={kept['state']}", headers=pending).status_code == 401
        foreign = f"{there}?code=x&state={kept['state']}&iss={quote('https://evil.example')}"
        assert browsing.get(foreign, headers=pending).status_code == 401
        forged = {"Cookie": f"__Host-sign-in={quote('{}')}"}
        assert browsing.get(f"{there}?code=x&state=x", headers=forged).status_code == 401


def test_a_token_that_does_not_hold_signs_nobody_in() -> None:
    key, foreign = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
    known = Provider(Settings(oidc_issuer="https://id.example"), "http://localhost:1/sign-in/returned")
    known._keys = KeySet([key])
    known._key_set = lambda fresh: KeySet([key])  # type: ignore[method-assign]
    now = int(time.time())
    good = {"iss": "https://id.example", "aud": "taskforce", "sub": "s-1", "nonce": "n", "iat": now, "exp": now + 60}

    def made(signed_by: RSAKey | OctKey = key, algorithm: str = "RS256", **claims: object) -> str:
        stated = {k: v for k, v in {**good, **claims}.items() if v is not None}
        return jwt.encode({"alg": algorithm}, stated, signed_by, algorithms=[algorithm])

    assert known._subject(made(), "n") == "s-1"
    shared = OctKey.import_key(SECRET)
    wrong = [
        made(foreign),
        made(shared, "HS256"),
        made(iss="https://evil.example"),
        made(aud="other"),
        made(aud=["taskforce", "other"]),
        made(exp=now - 3600),
        made(nonce="m"),
        made(nonce=None),
        made(sub=None),
        made() + "x",
        "e30.e30.",
    ]
    for token in wrong:
        with pytest.raises(IdentityRefused):
            known._subject(token, "n")
    attempt = Attempt(state="s", nonce="n", verifier="v" * 43, next="/")
    with pytest.raises(IdentityRefused):
        known.finish(attempt, "other", "code", None)
