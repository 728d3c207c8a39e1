"""What the record teaches, on one page: reckoned beside and kept a while, since it is read from the whole log; and the log itself for
process-mining tools."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Lock
from typing import IO, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from domain.messages import refuse
from learning.asking import PAST
from learning.exporting import EXPORTED, write_ocel, write_xes
from learning.hypotheses import SCRIPTED, in_words, lessons
from learning.log import happenings
from learning.overview import OVERVIEW, Taught, titles
from learning.traces import TYPES, traces
from store.store import Store
from web.app import visit_of
from web.snapshots import Reading

router = APIRouter(route_class=Reading)
SHOWN = 10
"""Posts and past hypotheses on the page."""
_PIECE = 1 << 16
_MEDIA = {"xes": "application/xml", "json": "application/json"}
_EXPORTING = Lock()


@router.get("/board/learning")
def learning(request: Request, section: str = "") -> Response:
    visit = visit_of(request)
    store, directory = visit.store, visit.store.facts().directory
    sections = [u for u in directory.units if u.kind == "section"]
    section = section if any(u.id == section for u in sections) else ""
    found, past = OVERVIEW.of(store), PAST.of(store)
    taught = None
    if found is not None:
        taught = found.sections.get(section) if section else found.city
    hoped = lessons(past, section or None) if past is not None else None
    return visit.page(
        "learning.html",
        section=section,
        sections=sections,
        unit=directory.unit,
        found=found,
        taught=taught,
        cases=_cases(taught) if taught is not None else {},
        hoped=hoped,
        hoped_words=in_words(hoped) if hoped is not None else None,
        compared=[p for p in reversed(hoped.past) if p.attained is not None][:SHOWN] if hoped is not None else [],
        titles=titles(store),
        post=directory.post,
        shown=SHOWN,
        mark=SCRIPTED,
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
