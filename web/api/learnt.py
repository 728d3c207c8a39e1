"""What the record teaches, as the API lets read it: from what is kept of it, made anew every hour at most."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from domain.messages import Frozen, Text
from learning import logfile
from learning.asking import PAST
from learning.backtest import Backtest
from learning.exporting import Detail
from learning.hypotheses import Past, Summary, in_words, lessons
from learning.overview import OVERVIEW, Overview
from learning.paths import Loop, Step, Variant
from learning.times import Split, StageTime, Waited
from store.queries import stage_titles
from web.api.access import Caller, Reader
from web.api.bodies import paged
from web.api.models import Page
from web.api.problems import Failure, documented, not_found
from web.api.reading import Cursor, Limit
from web.snapshots import Reading

router = APIRouter(route_class=Reading, prefix="/learning", tags=["learning"])
Section = Annotated[str | None, Query(max_length=100, description="Lifecycles of this section only")]
T = TypeVar("T")


class CycleSeen(Frozen):
    """Time in each stage, in working and in calendar days, in the order of the processes. `titles`: what the stages are called."""

    as_of: datetime
    titles: dict[str, Text]
    stages: tuple[StageTime, ...]


class WaitingSeen(Frozen):
    """Working days waited for people, the longest in all first; `split`: where the time of finished stages went."""

    as_of: datetime
    by_stage: tuple[Waited, ...]
    by_post: tuple[Waited, ...]
    by_section: tuple[Waited, ...]
    split: tuple[Split, ...]


class StepTaken(Step):
    """How often a stage directly followed another, and why."""


class PathsSeen(Frozen):
    """Stages entered again, and how often which stage followed which; the ways themselves are `/learning/paths/variants`."""

    as_of: datetime
    lifecycles: int
    variants: int
    loops: tuple[Loop, ...]
    steps: tuple[StepTaken, ...]
    sent_back: tuple[StepTaken, ...]


class LessonsSeen(Summary):
    """What past hypotheses expected beside what was measured, summed up; one by one they are `/learning/hypotheses/past`."""

    words: Text


def _there(found: T | None) -> T:
    """Raises `Failure` 503 while the first of it is being made."""
    if found is None:
        raise Failure(
            503,
            "being-reckoned",
            Text(ja="計算しています", en="it is being reckoned"),
            Text(ja="Retry-After の秒数の後に読み直してください", en="read it again after the seconds of Retry-After"),
            {"Retry-After": "10"},
        )
    return found


def _work(caller: Caller, section: str | None) -> Overview:
    _known(caller, section)
    return _there(OVERVIEW.of(caller.store))


def _known(caller: Caller, section: str | None) -> None:
    """Raises `Failure` 404 for a unit that is not there."""
    if section is not None and caller.store.facts().directory.unit(section) is None:
        raise not_found(section)


@router.get("/cycle", responses=documented(404))
def learning_cycle(caller: Reader, section: Section = None) -> CycleSeen:
    """Cycle time of the stages, and bottlenecks: those that together took half of all time."""
    found = _work(caller, section)
    titles = stage_titles(caller.store)
    return CycleSeen(as_of=found.at, titles=titles, stages=found.of(section).cycle)


@router.get("/waiting", responses=documented(404))
def learning_waiting(caller: Reader, section: Section = None) -> WaitingSeen:
    """Time waited for people against time worked, by stage, post and section."""
    found = _work(caller, section)
    return WaitingSeen(as_of=found.at, **dict(found.of(section).waiting))


@router.get("/paths", responses=documented(404))
def learning_paths(caller: Reader, section: Section = None) -> PathsSeen:
    """Loops, send-backs and steps."""
    found = _work(caller, section)
    ways = found.of(section).paths
    return PathsSeen(
        as_of=found.at,
        lifecycles=ways.lifecycles,
        variants=len(ways.variants),
        loops=ways.loops,
        steps=tuple(StepTaken(**dict(s)) for s in ways.steps),
        sent_back=tuple(StepTaken(**dict(s)) for s in ways.sent_back),
    )


@router.get("/paths/variants", responses=documented(404))
def learning_variants(
    caller: Reader, section: Section = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[Variant]:
    """The ways that lifecycles took, the commonest first."""
    return paged(_work(caller, section).of(section).paths.variants, limit, cursor, lambda v: v)


@router.get("/hypotheses", responses=documented(404))
def learning_hypotheses(caller: Reader, section: Section = None) -> LessonsSeen:
    """What became of what was hoped for: of the section where enough has been measured there, else of the city."""
    _known(caller, section)
    found = lessons(_there(PAST.of(caller.store)), section)
    return LessonsSeen(**{n: v for n, v in found if n != "past"}, words=in_words(found))


@router.get("/hypotheses/past", responses=documented(404))
def learning_past(caller: Reader, section: Section = None, limit: Limit = 50, cursor: Cursor = None) -> Page[Past]:
    """Past hypotheses of lifecycles that have measured, one by one."""
    _known(caller, section)
    return paged(lessons(_there(PAST.of(caller.store)), section).past, limit, cursor, lambda p: p)


@router.get("/backtest", responses=documented())
def learning_backtest(caller: Reader) -> Backtest:
    """How good the forecast would have been over the last fiscal year; of many lifecycles, by an even choice."""
    return _there(OVERVIEW.of(caller.store)).tried


@router.get(
    "/log.xes",
    responses={**documented(409), 200: {"content": {"application/xml": {"schema": {"type": "string"}}}}},
    response_class=Response,
)
def learning_log_xes(caller: Reader, detail: Detail = "stages") -> StreamingResponse:
    """The log as XES (IEEE 1849), without names and texts; activities are stages or requests. 409 while another is being written."""
    return _log(caller, "xes", detail)


@router.get(
    "/log.json",
    responses={**documented(409), 200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
    response_class=Response,
)
def learning_log_ocel(caller: Reader) -> StreamingResponse:
    """The log as OCEL 2.0, without names and texts. 409 while another is being written."""
    return _log(caller, "json", "stages")


def _log(caller: Caller, form: logfile.Form, detail: Detail) -> StreamingResponse:
    pieces = logfile.written(caller.store, form, detail)
    return StreamingResponse(pieces, media_type=logfile.MEDIA[form], headers=logfile.headers(form, detail))
