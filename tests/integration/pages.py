"""The pages on a store of their own: a server process, people with passwords, a browser or a plain client that is signed in."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import httpx
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from runtime.devserver import free_port
from tests.browser import shoot
from tests.forking import Forked
from tests.integration.test_shell import Shell

PASSWORD = "城の松は 千年の緑を たもつ"


class Pages(Shell):
    """A shell, and the pages on the same store."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__(url, folder)
        self.port = free_port()
        self.base = f"http://localhost:{self.port}"
        self.folder = folder
        self._environment |= {"TASKFORCE_WEB_PORT": str(self.port), "TASKFORCE_API_PER_MINUTE": "1000000"}
        self._process: Forked | None = None

    def setting(self, name: str, value: str) -> None:
        """For the server, before `serve`."""
        self._environment[name] = value

    def password(self, *people: str) -> None:
        for person in people:
            done = self.run("account", "password", person, "--stdin", given=f"{PASSWORD}\n")
            assert done.returncode == 0, done.stderr

    def serve(self) -> None:
        self._process = Forked("web", (), self._environment, (0, 1, 2))
        for _ in range(300):
            assert self._process.poll() is None
            try:
                httpx.get(f"{self.base}/healthz")
                return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError("the pages did not come up")

    def close(self) -> None:
        """At once: pages that listen for news would hold it for some seconds, and what is recorded is safe."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(90)

    def answered(self) -> list[tuple[str, str]]:
        """Person and decision of every answer on record."""
        found = self.json("show", "R8")["timeline"]
        return [(e["person"], e["ja"]) for e in found if e["type"] == "RequestAnswered"]


def signed_in(town: Pages, context: BrowserContext, person: str = "p32") -> Page:
    page = context.new_page()
    page.goto(f"{town.base}/")
    page.fill("#who", person)
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url(f"{town.base}/")
    return page


def look(page: Page, url: str, name: str) -> None:
    response = page.goto(url)
    assert response is not None and (response.ok or name.startswith("missing")), f"{name}: {response}"
    looked_at(page, name)


def looked_at(page: Page, name: str) -> None:
    """The page as it stands now: a picture of it, and nothing that axe finds."""
    shoot(page, name)
    found = Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"


LOOKS: tuple[tuple[str, int, Literal["light", "dark"]], ...] = (("ja-JP", 390, "dark"), ("en-US", 1280, "light"))
"""A phone in the dark in Japanese, a desk in the light in English: both of each are looked at."""


def looks(town: Pages, browser: Browser, person: str | None = "p32") -> Iterator[tuple[Page, str]]:
    """A page of each kind with its name, signed in unless for nobody."""
    for locale, width, scheme in LOOKS:
        context = browser.new_context(locale=locale, viewport={"width": width, "height": 844}, color_scheme=scheme)
        page = signed_in(town, context, person) if person else context.new_page()
        other = page.query_selector(f".tools button[value={locale[:2]}]") if person else None
        if other is not None:
            other.click()
        yield page, f"{locale}-{width}-{scheme}"
        context.close()


def fits(page: Page) -> bool:
    """Nothing has to be scrolled to the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@contextmanager
def client(town: Pages, person: str | None = "p32") -> Iterator[httpx.Client]:
    """A client that keeps its cookies, as a browser on localhost does."""
    with httpx.Client(base_url=town.base, headers={"Origin": town.base, "Accept-Language": "en"}, timeout=60) as made:
        if person is not None:
            sign_in(made, person)
        yield made


def sign_in(made: httpx.Client, person: str) -> None:
    response = made.post("/sign-in", data={"who": person, "password": PASSWORD})
    assert response.status_code == 303, response.text
    cookie = re.match(r"__Host-session=([^;]+);", response.headers["set-cookie"])
    assert cookie and all(w in response.headers["set-cookie"] for w in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
    made.headers["Cookie"] = f"__Host-session={cookie[1]}; language=en"
