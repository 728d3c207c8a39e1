"""The portfolio: lifecycles as they were chosen in the address, with who is waited for; on a page, and as a table for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from domain.calendar import local_day
from domain.kinds import Row
from domain.messages import Text
from papers.words import CLOSED
from store import queries
from store.queries import stage_titles
from store.search import words_of
from web.app import Visit, visit_of
from web.pages.finding import holders_today
from web.rendering import saved, say_in
from web.sheets import MEDIA, sheet
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
PAGE = 50
AT_ONCE = 5_000
"""Rows of a table read from the store at once."""
STANDING: dict[str, queries.Chosen] = {
    "green": {"health": "green"},
    "past": {"overdue": True, "held": False},
    "late": {"health": "amber", "held": False},
    "held": {"health": "amber", "held": True},
    "red": {"health": "red"},
    "amber": {"health": "amber"},
    "promise": {"broken": True},
}
"""What may be chosen as health on the page."""


class Wanted(BaseModel):
    """What is chosen in the address; "" chooses all. `post`, `tag` and `overdue` come from numbers on the board. Who asks how
    something ended (`closed_as`) means what is closed."""

    stage: str = ""
    bureau: str = ""
    health: str = ""
    state: str = "open"
    closed_as: str = ""
    words: str = ""
    post: str = ""
    tag: str = ""
    overdue: str = ""
    page: int = 1

    def chosen(self) -> queries.Chosen:
        state = "closed" if self.closed_as else self.state
        return {
            "stage": self.stage or None,
            "bureau": self.bureau or None,
            "overdue": True if self.overdue else None,
            **STANDING.get(self.health, {}),
            "closed": {"open": False, "closed": True}.get(state),
            "closed_as": self.closed_as or None,
            "words": " ".join(words_of(self.words)) or None,
            "awaiting": self.post or None,
            "tag": self.tag or None,
        }

    def given(self) -> dict[str, str]:
        found: dict[str, str] = self.model_dump(exclude={"page"})
        return found | ({"state": "closed"} if self.closed_as else {})


@router.get("/lifecycles")
def portfolio(request: Request, wanted: Annotated[Wanted, Query()]) -> Response:
    visit = visit_of(request)
    store, chosen, given = visit.store, wanted.chosen(), wanted.given()
    page = min(max(wanted.page, 1), 1_000_000)
    found = queries.find_lifecycles(store, **chosen, limit=PAGE, offset=(page - 1) * PAGE)
    total = queries.count_lifecycles(store, **chosen)
    directory = visit.directory
    return visit.page(
        "lifecycles.html",
        found=found,
        asked=_asked(visit, [r["stream"] for r in found]),
        holders=holders_today(visit),
        broken=queries.late_promises(store, [r["stream"] for r in found]),
        total=total,
        page=page,
        last=max((total + PAGE - 1) // PAGE, 1),
        chosen=given,
        query=urlencode({k: v for k, v in given.items() if v}),
        endings=CLOSED,
        post=directory.post(wanted.post) if wanted.post else None,
        stages=stage_titles(visit.store),
        bureaus=[u for u in directory.units if u.kind == "bureau"],
        unit=directory.unit,
    )


HEADS = (
    Text(ja="番号", en="id"),
    Text(ja="課題", en="task"),
    Text(ja="段階", en="stage"),
    Text(ja="期", en="round"),
    Text(ja="局", en="bureau"),
    Text(ja="課", en="section"),
    Text(ja="開始日", en="started"),
    Text(ja="段階の開始日", en="in this stage since"),
    Text(ja="待ち先", en="waits for"),
    Text(ja="次の期日", en="next date"),
    Text(ja="期限超過の件数", en="overdue"),
    Text(ja="保留", en="on hold"),
    Text(ja="終わり方", en="ended as"),
    Text(ja="タグ", en="tags"),
)


@router.get("/lifecycles.csv")
def as_table(request: Request, wanted: Annotated[Wanted, Query()]) -> Response:
    """All that was chosen, not only one page of it; days as YYYY-MM-DD, which spreadsheets know."""
    visit = visit_of(request)
    say = say_in(visit.language)
    return saved(sheet([say(h) for h in HEADS], _lines(visit, wanted.chosen())), "lifecycles.csv", MEDIA)


def _lines(visit: Visit, chosen: queries.Chosen) -> Iterator[list[object]]:
    directory, stages, say = visit.directory, stage_titles(visit.store), say_in(visit.language)
    holders = holders_today(visit)

    def named(unit: str) -> str:
        found = directory.unit(unit)
        return say(found.name) if found is not None else unit

    for rows in _read(visit, chosen):
        asked = _asked(visit, [r["stream"] for r in rows])
        for r in rows:
            posts = [
                f"{say(p.title)}({'、'.join(visit.name_of(h) for h in holders(p.id))})"
                for p in asked.get(r["stream"], ())
            ]
            ended = (say(CLOSED.get(r["closed_as"])) or r["closed_as"]) if r["closed"] else None
            yield [
                r["ref"],
                r["title"],
                say(stages.get(r["stage"])) or r["stage"],
                r["round"],
                named(r["bureau"]),
                named(r["section"]),
                *(local_day(r[at]) if r[at] is not None else None for at in ("started_at", "entered_at")),
                "\n".join(posts),
                local_day(r["next_due"]) if r["next_due"] is not None else None,
                r["overdue"],
                "○" if r["held"] else None,
                ended,
                " ".join(r["tags"]),
            ]


def _read(visit: Visit, chosen: queries.Chosen) -> Iterator[list[Row]]:
    after = None
    while rows := queries.find_lifecycles(visit.store, **chosen, limit=AT_ONCE, after=after):
        yield rows
        after = (rows[-1]["started_at"], rows[-1]["ref"], rows[-1]["stream"])


def _asked(visit: Visit, streams: list[str]) -> dict[str, list[Any]]:
    """Lifecycle -> the posts that are asked now, each once, due first."""
    directory, found = visit.store.facts().directory, dict[str, dict[str, Any]]()
    for r in queries.live_requests(visit.store, streams):
        if (post := directory.post(r["post"])) is not None:
            found.setdefault(r["stream"], {})[post.id] = post
    return {stream: list(posts.values()) for stream, posts in found.items()}
