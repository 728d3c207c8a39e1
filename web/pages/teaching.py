"""What the record teaches, on one page: reckoned beside and kept a while, since it is read from the whole log; and the log itself for
process-mining tools."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from charts.models import StageDays, StageName, TimesChart
from domain.messages import Text
from learning import logfile
from learning.asking import PAST
from learning.exporting import Detail
from learning.hypotheses import SCRIPTED, in_words, lessons
from learning.overview import OVERVIEW, Overview, Taught
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
NOTHING = Text(ja="", en="")


@router.get("/board/learning")
def learning(request: Request, section: str = "") -> Response:
    visit = visit_of(request)
    store, directory = visit.store, visit.directory
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
def log(request: Request, form: logfile.Form, detail: Detail = "stages") -> Response:
    """The events as XES or OCEL 2.0, for whoever may read lifecycles: it holds no name and no text. One is written at a time."""
    pieces = logfile.written(visit_of(request).store, form, detail)
    return StreamingResponse(pieces, media_type=logfile.MEDIA[form], headers=logfile.headers(form, detail))
