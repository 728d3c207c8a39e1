"""What the record teaches, on one page: reckoned beside and kept a while, since it is read from the whole log; and the log itself for
process-mining tools."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Lock
from typing import IO, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from charts.models import StageDays, StageName, TimesChart
from domain.messages import Text, refuse
from learning.asking import PAST
from learning.exporting import EXPORTED, write_ocel, write_xes
from learning.hypotheses import SCRIPTED, in_words, lessons
from learning.log import happenings
from learning.overview import OVERVIEW, Overview, Taught
from learning.traces import TYPES, traces
from store.queries import stage_titles
from store.store import Store
from web.app import visit_of
from web.pages.charting import language, picture
from web.pages.charting import shown as shown_chart
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
SHOWN = 10
"""Posts and past hypotheses on the page."""
COMMONEST = 12
"""Ways, loops and send-backs on the page."""
_PIECE = 1 << 16
_MEDIA = {"xes": "application/xml", "json": "application/json"}
_EXPORTING = Lock()
NOTHING = Text(ja="", en="")


@router.get("/board/learning")
def learning(request: Request, section: str = "") -> Response:
    visit = visit_of(request)
    store, directory = visit.store, visit.store.facts().directory
    sections = [u for u in directory.units if u.kind == "section"]
    section = section if any(u.id == section for u in sections) else ""
    found, past = OVERVIEW.of(store), PAST.of(store)
    taught = _of(found, section) if found is not None else None
    address = f"/board/learning/times.svg?{urlencode({'section': section})}"
    hoped = lessons(past, section or None) if past is not None else None
    return visit.page(
        "learning.html",
        section=section,
        sections=sections,
        unit=directory.unit,
        found=found,
        taught=taught,
        longest=sorted(taught.cycle, key=lambda s: -s.share) if taught is not None else (),
        cases=_cases(taught) if taught is not None else {},
        chart=shown_chart(_chart(store, taught), address, language(visit)) if taught is not None else None,
        hoped=hoped,
        hoped_words=in_words(hoped) if hoped is not None else None,
        compared=[p for p in reversed(hoped.past) if p.attained is not None][:SHOWN] if hoped is not None else [],
        titles=stage_titles(store),
        post=directory.post,
        shown=SHOWN,
        commonest=COMMONEST,
        mark=SCRIPTED,
    )


@router.get("/board/learning/times.svg")
def times_picture(request: Request, section: str = "", lang: str = "") -> Response:
    visit = visit_of(request)
    found = OVERVIEW.of(visit.store)
    taught = _of(found, section) if found is not None else None
    return picture(visit, _chart(visit.store, taught) if taught is not None else None, lang)


def _of(found: Overview, section: str) -> Taught | None:
    return found.sections.get(section) if section else found.city


def _chart(store: Store, taught: Taught) -> TimesChart:
    """Stages in the order of the process."""
    names, cases = stage_titles(store), _cases(taught)
    return TimesChart(
        stages=tuple(
            StageDays(
                stage=StageName(key=s.key, title=names.get(s.key, Text(ja=s.key, en=s.key))),
                cases=cases.get(s.key, 0),
                **s.model_dump(include={"waited", "worked", "held", "other"}),
            )
            for s in taught.waiting.split
            if s.key != "all"
        ),
        about=Text(ja=f"{SCRIPTED}日数は架空。", en=f"{SCRIPTED}The days are made up. ")
        if taught.scripted
        else NOTHING,
    )


def _cases(taught: Taught) -> dict[str, int]:
    """Finished visits by stage, and `all`."""
    found = {s.stage: s.working.n for s in taught.cycle if s.working is not None}
    return found | {"all": sum(found.values())}


@router.get("/board/learning/log.{form}")
def log(request: Request, form: Literal["xes", "json"], detail: Literal["stages", "requests"] = "stages") -> Response:
    """The events as XES or OCEL 2.0, for whoever may read lifecycles: it holds no name and no text. One is written at a time."""
    visit = visit_of(request)
    if not _EXPORTING.acquire(blocking=False):
        raise refuse(
            "busy",
            "ほかの書き出しが進んでいます",
            "another log is being written",
            remedy_ja="しばらくしてもう一度開いてください",
            remedy_en="open it again in a moment",
        )
    try:
        written = _written(visit.store, form, detail)
    finally:
        _EXPORTING.release()
    headers = {
        "Content-Disposition": f'attachment; filename="taskforce-{detail}.{form}"'
        if form == "xes"
        else 'attachment; filename="taskforce-ocel.json"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return StreamingResponse(_pieces(written), media_type=_MEDIA[form], headers=headers)


def _written(store: Store, form: str, detail: Literal["stages", "requests"]) -> IO[str]:
    """A file that goes when it is closed."""
    with ExitStack() as until_it_is_whole:
        file = until_it_is_whole.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
        if form == "xes":
            write_xes(traces(happenings(store, TYPES)), file, detail)
        else:
            write_ocel(happenings(store, EXPORTED), file)
        file.seek(0)
        until_it_is_whole.pop_all()
    return file


def _pieces(file: IO[str]) -> Iterator[str]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
