"""Templates, languages and dates: one place that turns what is known into HTML."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from definitions.loader import load_bodies
from domain.calendar import JST, local_day, wareki, wareki_fiscal_year
from domain.messages import Text
from papers.words import CLOSED
from store.hits import session_title
from store.store import Store
from web.forms import faults
from web.places import FIELDS
from web.saying import concluded, half, on_page

if TYPE_CHECKING:
    from web.app import Site

HERE = Path(__file__).parent
LANGUAGES = ("ja", "en")
COOKIE = "language"
NAMES_FOR = 20.0
"""Seconds that names are kept in memory."""


@lru_cache
def translations(language: str) -> NullTranslations:
    """The catalogue of a language; English is what the templates are written in."""
    source = HERE / "locale" / language / "messages.po"
    if not source.exists():
        return NullTranslations()
    made = io.BytesIO()
    with source.open("rb") as stream:
        write_mo(made, read_po(stream, locale=language))
    made.seek(0)
    return GNUTranslations(made)


def language_of(request: Request, store: Store | None = None, person: str | None = None) -> str:
    """Chosen on a page; else the person's in the directory; else what the browser asks for; else Japanese."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    if store is not None and person is not None and (known := store.facts().directory.person(person)) is not None:
        return known.language if known.language in LANGUAGES else "ja"
    wanted = request.headers.get("accept-language", "").lower()
    places = {found: wanted.find(found) for found in LANGUAGES if found in wanted}
    return min(places, key=lambda name: places[name], default="ja")


class Renderer:
    """Pages as HTML responses. Everything is escaped by the template engine."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known: object = None
        self._names: dict[str, tuple[str, str]] = {}
        self._read_at = 0.0
        self._overseers: dict[str, bool] = {}
        self._overseen: object = None
        self._overseen_at = 0.0
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(self, request: Request, template: str, language: str, status: int = 200, **more: Any) -> HTMLResponse:
        words = translations(language)
        name_of = self._naming(language)
        context: Mapping[str, Any] = {
            "_": words.gettext,
            "n_": words.ngettext,
            "lang": language,
            "other_language": "en" if language == "ja" else "ja",
            "say": say_in(language),
            "concluded": lambda text: concluded(text, language),
            "half": lambda text: half(text, language),
            "told": lambda text: on_page(say_in(language)(text), language, name_of),
            "field_named": lambda field: FIELDS[field][language == "en"] if field in FIELDS else field,
            "faults_of": lambda boxes: faults(boxes, language),
            "day": _day(language),
            "minute": minute_in(language),
            "address_of": address_of,
            "passed": lambda moment: moment is not None and moment < self._site.store.clock.now(),
            "session_name": session_name(language, self._site.store),
            "ending": lambda key: say_in(language)(CLOSED[key]) if key in CLOSED else str(key or ""),
            "fiscal_year": _fiscal_year(language),
            "path": request.url.path,
            "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "visit": None,
            "live": None,
            "provider": self._site.provider is not None,
            "virtual": self._site.store.clock.virtual,
            "name_of": name_of,
            "oversees": self._oversees(more.get("visit")),
            **more,
        }
        return HTMLResponse(self._environment.get_template(template).render(context), status_code=status)

    def message(self, request: Request, key: str, status: int, **more: Any) -> HTMLResponse:
        """A page that says what is the matter, and the way on."""
        store = None if key in ("store", "bug") else self._site.store  # it may be what is the matter
        found = self._site.session(request) if store is not None else None
        language = language_of(request, store, found.person if found else None)
        return self.page(request, "message.html", language, status, key=key, **({"refusal": None} | more))

    def name_of(self, person: str | None, language: str = "ja") -> str:
        """The person's name, in English where that is the language and it is known; the id where none is known."""
        return self._naming(language)(person)

    def _oversees(self, visit: Any) -> bool:
        """Whether what operators look at is for the visitor, remembered as long as names are."""
        if visit is None:
            return False
        directory = self._site.store.facts().directory
        if self._overseen is not directory or monotonic() - self._overseen_at > NAMES_FOR:
            self._overseers, self._overseen, self._overseen_at = {}, directory, monotonic()
        if visit.person not in self._overseers:
            from store.overseeing import oversees

            self._overseers[visit.person] = oversees(self._site.store, visit.person)
        return self._overseers[visit.person]

    def _naming(self, language: str) -> Callable[[str | None], str]:
        """`name_of` for a whole page, which looks once whether the directory is still the same."""
        names, english = cache(self._names_now), language == "en"

        def name_of(person: str | None) -> str:
            ja, en = names().get(person or "", ("", ""))
            return (en if english else "") or ja or person or ""

        return name_of

    def _names_now(self) -> dict[str, tuple[str, str]]:
        """Read again with a new directory, and soon after an erasure."""
        directory = self._site.store.facts().directory
        if self._known is not directory or monotonic() - self._read_at > NAMES_FOR:
            from store import queries

            self._names = {
                p: (str(row["name"]), str(row["name_en"] or ""))
                for p, row in queries.all_people(self._site.store).items()
            }
            self._known, self._read_at = directory, monotonic()
        return self._names


def saved(content: bytes, name: str, media: str = "application/pdf") -> Response:
    """A file that is saved, never shown within the page."""
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, media_type=media, headers=headers)


def say_in(language: str) -> Any:
    def say(text: Text | dict[str, str] | None) -> str:
        if text is None:
            return ""
        return str(text[language] if isinstance(text, dict) else getattr(text, language))

    return say


def _day(language: str) -> Any:
    """令和8年4月1日 for readers of Japanese, 2026-04-01 for others."""

    def day(value: date | datetime | None) -> str:
        if value is None:
            return ""
        found = local_day(value) if isinstance(value, datetime) else value
        return wareki(found) if language == "ja" else found.isoformat()

    return day


def minute_in(language: str) -> Any:
    """A moment in Japan: its day as everywhere on the pages, with hour and minute."""
    day = _day(language)

    def minute(value: datetime | None) -> str:
        return f"{day(value)} {value.astimezone(JST):%H:%M}" if value is not None else ""

    return minute


def address_of(stream: str) -> str:
    """The page of a stream: a lifecycle, a session (or an item of it), a selection round."""
    session = _SESSION.fullmatch(stream)
    if session:
        return f"/sessions/{stream.partition('/')[0]}"
    if stream in _PLACES:
        return _PLACES[stream]
    return f"/selection/{stream}" if stream.startswith("selection:") else f"/lifecycles/{stream}"


_PLACES = {"directory": "/organisation", "bodies": "/rules"}


_SESSION = re.compile(r"(?P<body>[a-z]+):(?P<year>\d{4})-(?P<number>\d+)(?:/.*)?")


def session_name(language: str, store: Store) -> Any:
    """`council:2026-1`, or an item of it, in words."""
    bodies = cache(lambda: (store.rules() or load_bodies()).bodies)

    def name(stream: str) -> str:
        found = _SESSION.fullmatch(stream)
        title = next((b.title for b in bodies() if found and b.key == found["body"]), None)
        if found is None or title is None:
            return stream
        called = session_title(title, {"fiscal_year": int(found["year"]), "number": found["number"]})
        return str(say_in(language)(called))

    return name


def _fiscal_year(language: str) -> Any:
    def shown(year: int) -> str:
        return wareki_fiscal_year(year) if language == "ja" else f"FY{year}"

    return shown
